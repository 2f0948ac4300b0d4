//! The steps in a row: sources in, answers out.
//!
//! [`ledger`] keeps account of the sources, `session` finds a session and all that is told of it, [`crate::query`] finds
//! rows; a [`Case`] is what the command line and the page's case worker talk to.

pub mod ledger;
mod session;

pub use session::{ActivityRows, Place, SessionDetail};

use crate::correlate::{Correlated, correlate};
use crate::event::Records;
use crate::event::merge::Merged;
use crate::export::bursts::BurstRecord;
use crate::export::lent::{Lent, Text};
use crate::export::record::Exporter;
use crate::machine::record::{CoverageRecord, HostRecord};
use crate::parse::Opening;
use crate::parse::block::Block;
use crate::query::who::{MachineAt, WhoRecord};
use crate::query::{Query, Rows, View};
use crate::session::record::Record;
use crate::time::Timestamp;
use ledger::{Source, SourceRow, Stop};
use serde::{Deserialize, Serialize};

/// Everything loaded now.
#[derive(Default)]
pub struct Case {
    sources: Vec<Source>,
    merged: Merged,
    correlated: Correlated,
    view: View,
    version: u32,
    /// Something was added since the sessions were worked out.
    is_stale: bool,
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
    /// Every source is done, and the sessions are those of all that was read; before that, they are provisional.
    pub is_complete: bool,
}

/// A file format for sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    JsonLines,
    Csv,
}

impl Case {
    /// A case of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source; `path` as dropped or given. The number names it from now on.
    pub fn add_source(&mut self, path: &str, bytes: u64, opening: Opening) -> u32 {
        self.sources.push(Source::new(path, bytes, opening));
        self.is_stale = true;
        self.sources.len() as u32 - 1
    }

    /// Merges what a parse worker made of a batch ([`Block::encode`]).
    pub fn add_encoded(&mut self, block: &[u8]) -> Result<(), String> {
        let block = Block::decode(block).ok_or("the block of a parse worker is damaged")?;
        self.add_block(&block)
    }

    /// Merges what was read of a batch.
    pub fn add_block(&mut self, block: &Block) -> Result<(), String> {
        let source = self.sources.get_mut(block.source as usize);
        source.ok_or_else(|| format!("there is no source {}", block.source))?.add(block);
        self.merged.append(&block.records, self.n_times_as_much());
        self.is_stale = true;
        Ok(())
    }

    /// How many times as much as was read there will be, by the chunks of the logs that are known.
    pub fn n_times_as_much(&self) -> f64 {
        let logs = || self.sources.iter().filter(|source| source.is_log());
        let n_chunks: u64 = logs().map(|source| u64::from(source.n_chunks())).sum();
        let n_done: u64 = logs().map(|source| u64::from(source.n_chunks_done())).sum();
        n_chunks as f64 / n_done.max(1) as f64
    }

    /// A chunk, or several, could not be read for a reason outside the log.
    pub fn add_problem(&mut self, source: u32, chunk: u32, n_chunks: u32, text: &str) {
        if let Some(source) = self.sources.get_mut(source as usize) {
            source.add_unread(chunk, n_chunks, text);
        }
    }

    /// A source is done: read to its end, or stopped early.
    pub fn end_source(&mut self, source: u32, stopped: Option<Stop>) {
        if let Some(source) = self.sources.get_mut(source as usize) {
            source.end(stopped);
        }
    }

    /// Works out the sessions of what is loaded; free when nothing was added.
    pub fn update(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        // First of all: the old sessions and the new ones need not be in memory at a time.
        (self.correlated, self.view) = (Correlated::default(), View::default());
        let paths: Vec<&str> = self.sources.iter().map(|source| source.path.as_str()).collect();
        self.correlated = correlate(&self.merged.records, &paths);
        self.version += 1;
    }

    /// What was read until now.
    pub fn records(&self) -> &Records {
        &self.merged.records
    }

    /// What was worked out by the last [`Case::update`].
    pub fn correlated(&self) -> &Correlated {
        &self.correlated
    }

    fn paths(&self) -> Vec<&str> {
        self.sources.iter().map(|source| source.path.as_str()).collect()
    }

    /// What is loaded, in numbers.
    pub fn summary(&self) -> Summary {
        let records = &self.merged.records;
        let times = || self.sources.iter().filter_map(|source| source.times);
        Summary {
            n_sources: self.sources.len() as u32,
            n_machines: self.correlated.machines.len() as u32,
            n_records: records.len() as u64,
            n_events: self.merged.n_events,
            n_sessions: self.correlated.sessions.all.len() as u32,
            n_problems: self.sources.iter().map(|source| source.n_problems).sum(),
            first_time: times().map(|(first, _)| first).min().map(|at| at.to_string()),
            last_time: times().map(|(_, last)| last).max().map(|at| at.to_string()),
            version: self.version,
            is_complete: !self.is_stale && self.sources.iter().all(Source::is_done),
        }
    }

    /// The rows `first .. first + n` of what the query shows.
    pub fn rows(&mut self, query: &Query, first: u32, n: u32) -> Rows {
        self.show(query);
        self.shown(first, n)
    }

    /// Finds what the query shows, for [`Case::shown`].
    pub fn show(&mut self, query: &Query) {
        let paths = self.sources.iter().map(|source| source.path.as_str()).collect::<Vec<_>>();
        let exporter =
            Exporter { records: &self.merged.records, correlated: &self.correlated, paths: &paths };
        self.view.show(&exporter, query);
    }

    /// The rows `first .. first + n` of what is shown. Threads may ask for some side by side.
    pub fn shown<'a, T: Text<'a>>(&'a self, first: u32, n: u32) -> Rows<T> {
        let exporter = Exporter { records: &self.merged.records, correlated: &self.correlated, paths: &[] };
        self.view.rows(&exporter, first, n)
    }

    /// Makes ready for filters: the first one is as quick as all others.
    pub fn prepare(&mut self) {
        let paths = self.sources.iter().map(|source| source.path.as_str()).collect::<Vec<_>>();
        let exporter =
            Exporter { records: &self.merged.records, correlated: &self.correlated, paths: &paths };
        self.view.prepare(&exporter);
    }

    fn exporter<'a>(&'a self, paths: &'a [&'a str]) -> Exporter<'a> {
        Exporter { records: &self.merged.records, correlated: &self.correlated, paths }
    }

    /// Who was on which machine at a moment, noise included or not; and every machine.
    pub fn who(&self, at: Timestamp, with_noise: bool) -> (Vec<WhoRecord>, Vec<MachineAt>) {
        crate::query::who::who(&self.exporter(&self.paths()), at, with_noise)
    }

    /// Every burst of network sessions (domain.md rule 40), and every series of service sessions (rule 34).
    pub fn bursts(&self) -> Vec<BurstRecord> {
        self.exporter(&self.paths()).bursts()
    }

    /// Every machine, with its boots.
    pub fn hosts(&self) -> Vec<HostRecord> {
        self.exporter(&self.paths()).hosts()
    }

    /// What every machine with a Security log audited, boot by boot, beside Microsoft's baselines.
    pub fn coverage(&self) -> Vec<CoverageRecord> {
        self.exporter(&self.paths()).coverage()
    }

    /// Whether any source is an event log.
    pub fn has_log(&self) -> bool {
        self.sources.iter().any(Source::is_log)
    }

    /// Where in its source the chunk of a record begins.
    pub fn chunk_offset(&self, row: crate::event::RowIdx) -> u64 {
        let span = self.merged.records.span(row);
        self.sources[span.source as usize].chunk_offset(span.chunk)
    }

    /// One line for each source, in the order they were added.
    pub fn ledger(&self) -> Vec<SourceRow> {
        let duplicates = |n: usize| self.correlated.duplicates.get(n).copied().unwrap_or(0);
        let row = |(n, source): (usize, &Source)| source.row(n as u32, duplicates(n));
        self.sources.iter().enumerate().map(row).collect()
    }

    /// A piece of an export: the sessions `first .. first + n` of what the query shows (`None`: of everything,
    /// noise included), always in the order machine, boot, first record; and how many there are in all. The CSV
    /// header comes with the piece that starts at 0.
    pub fn export(&mut self, format: Format, query: Option<&Query>, first: u32, n: u32) -> (Vec<u8>, u32) {
        let mut out = self.export_header(format).filter(|_| first == 0).unwrap_or_default();
        let n_chosen = self.choose(query);
        self.export_chosen(format, first, n, &mut out);
        (out, n_chosen)
    }

    /// What an export in this format begins with.
    pub fn export_header(&self, format: Format) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        match format {
            Format::JsonLines => return None,
            Format::Csv => crate::export::csv::write_header(&mut out),
        }
        Some(out)
    }

    /// Chooses what [`Case::export_chosen`] writes, and says how many sessions that is.
    pub fn choose(&mut self, query: Option<&Query>) -> u32 {
        let paths = self.sources.iter().map(|source| source.path.as_str()).collect::<Vec<_>>();
        let exporter =
            Exporter { records: &self.merged.records, correlated: &self.correlated, paths: &paths };
        match query {
            Some(query) => self.view.choose(&exporter, query),
            None => self.view.choose_all(&exporter),
        }
    }

    /// Appends the sessions `first .. first + n` of those chosen. Threads may write pieces side by side.
    pub fn export_chosen(&self, format: Format, first: u32, n: u32, out: &mut Vec<u8>) {
        let paths = self.paths();
        let exporter = self.exporter(&paths);
        for &idx in self.view.chosen().iter().skip(first as usize).take(n as usize) {
            let record: Record<Lent<'_>> = exporter.record(idx);
            match format {
                Format::JsonLines => {
                    // A record is plain data, and memory takes every byte.
                    let _ = serde_json::to_writer(&mut *out, &record);
                    out.push(b'\n');
                }
                Format::Csv => crate::export::csv::write_record(out, &record),
            }
        }
    }
}
