//! The ledger: what became of every source, so that nothing is lost without being counted.

use crate::parse::block::{Block, Chunks};
use crate::parse::{CHUNK_BYTES, Opening};
use crate::problem::{Cost, Problem};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Problems of one source that are kept with their words; all are counted.
const MAX_PROBLEMS: usize = 200;

/// A line of the ledger: what became of one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceRow {
    pub source: u32,
    pub path: String,
    pub bytes: u64,
    /// "reading", "read", "cancelled", "failed" (not a log, or it could not be read to its end).
    pub state: String,
    pub channels: Vec<String>,
    pub computers: Vec<String>,
    pub n_chunks: u32,
    pub n_chunks_read: u32,
    pub n_chunks_failed: u32,
    /// Chunks that were never written.
    pub n_chunks_unused: u32,
    /// Of those read, chunks whose checksums do not hold.
    pub n_chunks_bad_checksum: u32,
    pub n_records: u64,
    pub n_records_failed: u64,
    /// Records that another source has as well; they count once.
    pub n_duplicates: u64,
    pub first_record: Option<u64>,
    pub last_record: Option<u64>,
    pub first_time: Option<String>,
    pub last_time: Option<String>,
    pub is_dirty: bool,
    pub problems: Vec<ProblemRow>,
    /// All problems; `problems` lists the first of them.
    pub n_problems: u64,
}

/// A problem as the ledger shows it: one sentence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProblemRow {
    pub chunk: Option<u32>,
    pub offset: Option<u64>,
    pub record: Option<u64>,
    pub text: String,
}

/// Why reading a source stopped early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    Cancelled,
    /// With the reason, one sentence: it disappeared, it could not be read.
    Failed(String),
}

/// One source.
#[derive(Debug, Default)]
pub struct Source {
    pub path: String,
    bytes: u64,
    opening: Opening,
    state: State,
    chunks: Chunks,
    channels: BTreeSet<String>,
    computers: BTreeSet<String>,
    n_records: u64,
    n_records_failed: u64,
    ids: Option<(u64, u64)>,
    /// First and last time among its records.
    pub times: Option<(Timestamp, Timestamp)>,
    problems: Vec<Problem>,
    pub n_problems: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Reading,
    Read,
    Cancelled,
    Failed,
}

impl Source {
    /// A file of so many bytes, as its beginning has it. One that is no log is done with that.
    pub fn new(path: &str, bytes: u64, opening: Opening) -> Self {
        let mut source = Source { path: path.to_owned(), bytes, opening, ..Source::default() };
        if !source.opening.is_log {
            source.state = State::Failed;
        }
        if let Some(text) = source.opening.problem.clone() {
            let cost = if source.opening.is_log { Cost::Nothing } else { Cost::Source };
            source.push(Problem { chunk: None, offset: None, record: None, cost, text });
        }
        source
    }

    /// Whether nothing more will come of it.
    pub fn is_done(&self) -> bool {
        self.state != State::Reading
    }

    /// Chunks that fit in the file, whatever its header says.
    pub fn n_chunks(&self) -> u32 {
        self.opening.n_chunks
    }

    /// Chunks that were looked at, or will not be.
    pub fn n_chunks_done(&self) -> u32 {
        if self.is_done() {
            return self.n_chunks();
        }
        let Chunks { n_read, n_failed, n_unused, .. } = self.chunks;
        n_read.saturating_add(n_failed).saturating_add(n_unused)
    }

    /// Whether it could be opened as a log.
    pub fn is_log(&self) -> bool {
        self.opening.is_log
    }

    /// Where in the file a chunk begins, in bytes.
    pub fn chunk_offset(&self, chunk: u32) -> u64 {
        self.opening.first_chunk_offset + u64::from(chunk) * CHUNK_BYTES as u64
    }

    /// Accounts for a block of it.
    pub fn add(&mut self, block: &Block) {
        let Chunks { n_read, n_failed, n_unused, n_bad_checksum } = block.chunks;
        self.chunks.n_read += n_read;
        self.chunks.n_failed += n_failed;
        self.chunks.n_unused += n_unused;
        self.chunks.n_bad_checksum += n_bad_checksum;
        let records = &block.records;
        self.n_records += records.len() as u64;
        self.ids = widest(self.ids, records.id.iter().copied());
        // A record that was cut off in its middle may have lost its time: nothing was written in 1601.
        self.times = widest(self.times, records.time.iter().copied().filter(|at| at.ticks() != 0));
        for signature in &records.signatures {
            add_name(&mut self.channels, records.text(signature.channel));
            add_name(&mut self.computers, records.text(signature.computer));
        }
        block.problems.iter().for_each(|problem| self.push(problem.clone()));
    }

    /// Accounts for chunks of which nothing will come, and why.
    pub fn add_unread(&mut self, chunk: u32, n_chunks: u32, text: &str) {
        self.chunks.n_failed += n_chunks;
        let offset = Some(self.chunk_offset(chunk));
        self.push(Problem {
            chunk: Some(chunk),
            offset,
            record: None,
            cost: Cost::Chunk,
            text: text.to_owned(),
        });
    }

    fn push(&mut self, problem: Problem) {
        self.n_problems += 1;
        if let Cost::Records(n) = problem.cost {
            self.n_records_failed += n;
        }
        // Blocks may come in any order: the ledger lists problems from the file's beginning.
        let at = self.problems.partition_point(|other| other.offset <= problem.offset);
        self.problems.insert(at, problem);
        self.problems.truncate(MAX_PROBLEMS);
    }

    /// No more will come: all is read, or why not. Only the first end counts.
    pub fn end(&mut self, stopped: Option<Stop>) {
        if self.is_done() {
            return;
        }
        self.state = match stopped {
            None => State::Read,
            Some(Stop::Cancelled) => State::Cancelled,
            Some(Stop::Failed(text)) => {
                self.push(Problem { chunk: None, offset: None, record: None, cost: Cost::Source, text });
                State::Failed
            }
        };
    }

    /// Its line of the ledger. So many of its records are in another source as well.
    pub fn row(&self, source: u32, n_duplicates: u64) -> SourceRow {
        let problem = |problem: &Problem| ProblemRow {
            chunk: problem.chunk,
            offset: problem.offset,
            record: problem.record,
            text: problem.text.clone(),
        };
        SourceRow {
            source,
            path: self.path.clone(),
            bytes: self.bytes,
            state: match self.state {
                State::Reading => "reading",
                State::Read => "read",
                State::Cancelled => "cancelled",
                State::Failed => "failed",
            }
            .to_owned(),
            channels: self.channels.iter().cloned().collect(),
            computers: self.computers.iter().cloned().collect(),
            n_chunks: self.opening.n_chunks,
            n_chunks_read: self.chunks.n_read,
            n_chunks_failed: self.chunks.n_failed,
            n_chunks_unused: self.chunks.n_unused,
            n_chunks_bad_checksum: self.chunks.n_bad_checksum,
            n_records: self.n_records,
            n_records_failed: self.n_records_failed,
            n_duplicates,
            first_record: self.ids.map(|(first, _)| first),
            last_record: self.ids.map(|(_, last)| last),
            first_time: self.times.map(|(first, _)| first.to_string()),
            last_time: self.times.map(|(_, last)| last.to_string()),
            is_dirty: self.opening.is_dirty,
            problems: self.problems.iter().map(problem).collect(),
            n_problems: self.n_problems,
        }
    }
}

/// Computer and channel names of one source that are listed; hand-made logs may have any number.
const MAX_NAMES: usize = 100;

fn add_name(names: &mut BTreeSet<String>, name: &str) {
    if !name.is_empty() && names.len() < MAX_NAMES && !names.contains(name) {
        names.insert(name.to_owned());
    }
}

fn widest<T: Ord + Copy>(known: Option<(T, T)>, values: impl Iterator<Item = T>) -> Option<(T, T)> {
    values.fold(known, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}
