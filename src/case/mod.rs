//! The steps in a row: sources in, answers out.

use crate::parse::Opening;
use crate::query::{Query, Rows};
use crate::session::record::Record;
use serde::{Deserialize, Serialize};

/// Everything loaded now.
#[derive(Default)]
pub struct Case {}

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
    pub n_records: u64,
    pub n_records_failed: u64,
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

/// What is loaded, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub n_sources: u32,
    pub n_machines: u32,
    pub n_records: u64,
    pub n_events: u64,
    pub n_sessions: u32,
    pub n_problems: u64,
    pub first_time: Option<String>,
    pub last_time: Option<String>,
    /// Grows whenever the sessions were worked out anew: ask again for what is shown.
    pub version: u32,
    /// Every source was read to its end; before that, sessions are provisional.
    pub is_complete: bool,
}

/// One session with where its evidence is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionDetail {
    pub record: Record,
    /// One plain sentence about the session.
    pub sentence: String,
    /// For each `record.evidence`, in the same order.
    pub places: Vec<Place>,
    /// For each `record.evidence`, what the event says, in words.
    pub meanings: Vec<String>,
}

/// Where a record's bytes are: enough to render its XML on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub source: u32,
    /// Byte offset of the 64 KiB chunk in the source.
    pub chunk_offset: u64,
    /// EventRecordID of the System element.
    pub record: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    JsonLines,
    Csv,
}

impl Case {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source; `path` as dropped or given. The number names it from now on.
    pub fn add_source(&mut self, _path: &str, _bytes: u64, _opening: Opening) -> u32 {
        0
    }

    /// Merges what a parse worker made of a batch (`parse::parse_batch`).
    pub fn add_block(&mut self, _block: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// A source is done: read to its end, or stopped early for a reason (one sentence).
    pub fn end_source(&mut self, _source: u32, _stopped: Option<Stop>) {}

    /// A part of a source could not be parsed (its parse worker died), and why: one sentence for the ledger.
    pub fn add_problem(&mut self, _source: u32, _chunk: Option<u32>, _text: &str) {}

    /// Works out the sessions of what is loaded; cheap when nothing was added.
    pub fn update(&mut self) {}

    pub fn summary(&self) -> Summary {
        Summary::default()
    }

    /// The rows `first .. first + n` of what the query shows.
    pub fn rows(&mut self, _query: &Query, _first: u32, _n: u32) -> Rows {
        Rows::default()
    }

    pub fn session(&self, _id: &str) -> Option<SessionDetail> {
        None
    }

    pub fn ledger(&self) -> Vec<SourceRow> {
        Vec::new()
    }

    /// A piece of an export: the sessions `first .. first + n` of what the query shows (`None`: of everything,
    /// noise included), and how many there are in all. The CSV header comes with the piece that starts at 0.
    pub fn export(&mut self, _format: Format, _query: Option<&Query>, _first: u32, _n: u32) -> (Vec<u8>, u32) {
        (Vec::new(), 0)
    }
}

/// Why reading a source stopped early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    Cancelled,
    /// With the reason, one sentence: it disappeared, it could not be read.
    Failed(String),
}
