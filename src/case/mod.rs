//! The steps in a row: sources in, answers out.
//!
//! [`ledger`] keeps account of the sources, [`crate::query`] finds rows; a [`Case`] is what the command line and the
//! page's case worker talk to.

pub mod ledger;

use crate::correlate::{Correlated, correlate};
use crate::event::merge::Merged;
use crate::event::{LogonId, Records};
use crate::export::activity::ActivityRow;
use crate::export::bursts::BurstRecord;
use crate::export::lent::{Lent, Text};
use crate::export::record::Exporter;
use crate::export::words;
use crate::machine::record::{CoverageRecord, HostRecord};
use crate::parse::Opening;
use crate::parse::block::Block;
use crate::query::who::{MachineAt, WhoRecord};
use crate::query::{Query, Rows, View};
use crate::session::SessionIdx;
use crate::session::record::Record;
use crate::time::Timestamp;
use ledger::{Source, SourceRow, Stop};
use serde::{Deserialize, Serialize};

/// A session that starts more than this many is a program's: its list would help nobody.
const MOST_CHILDREN: usize = 100;

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

/// One session with where its evidence is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionDetail {
    pub record: Record,
    /// One plain sentence about the session.
    pub sentence: String,
    /// Sessions that were started from this one (`parent` of theirs), at most a hundred.
    pub children: Vec<String>,
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

/// A piece of what ran in a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivityRows {
    /// Acts in the session.
    pub n_total: u32,
    /// Index of the first of `rows` among them.
    pub first: u32,
    pub rows: Vec<ActivityRow>,
}

/// A file format for sessions.
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

    pub fn records(&self) -> &Records {
        &self.merged.records
    }

    pub fn correlated(&self) -> &Correlated {
        &self.correlated
    }

    fn paths(&self) -> Vec<&str> {
        self.sources.iter().map(|source| source.path.as_str()).collect()
    }

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

    /// The session with this id.
    pub fn session(&self, id: &str) -> Option<SessionDetail> {
        let idx = self.find(id)?;
        let paths = self.paths();
        let record = self.exporter(&paths).record(idx);
        let session = &self.correlated.sessions.all[idx as usize];
        let evidence = self.correlated.sessions.evidence(session);
        let records = &self.merged.records;
        let place = |row| {
            let span = records.span(row);
            let offset = self.sources[span.source as usize].chunk_offset(span.chunk);
            Place { source: span.source, chunk_offset: offset, record: records.id[row as usize] }
        };
        let meaning = |row| match records.event(row) {
            Some(event) => words::what(records.events.layout(event).spec).to_owned(),
            None => String::new(),
        };
        Some(SessionDetail {
            sentence: words::sentence(&record),
            children: self.children(idx),
            places: evidence.iter().map(|evidence| place(evidence.row)).collect(),
            meanings: evidence.iter().map(|evidence| meaning(evidence.row)).collect(),
            record,
        })
    }

    /// What ran in the session with this id: the acts `first .. first + n`, in the order of their records.
    pub fn activity(&self, id: &str, first: u32, n: u32) -> Option<ActivityRows> {
        let session = &self.correlated.sessions.all[self.find(id)? as usize];
        let paths = self.paths();
        let (rows, n_total) = self.exporter(&paths).activity_rows(session, first, n);
        Some(ActivityRows { n_total, first, rows })
    }

    fn children(&self, parent: SessionIdx) -> Vec<String> {
        let paths = self.paths();
        let exporter = self.exporter(&paths);
        let sessions = &self.correlated.sessions;
        let id = |&(_, child): &(SessionIdx, SessionIdx)| exporter.id(&sessions.all[child as usize]);
        sessions.children_of(parent).iter().take(MOST_CHILDREN).map(id).collect()
    }

    /// Sessions are sorted by machine and boot: only one boot's are looked at, and of those only the ones with the
    /// id's LogonId are spelled out.
    fn find(&self, id: &str) -> Option<SessionIdx> {
        let (machine, rest) = id.rsplit_once('#')?;
        let (boot, name) = rest.split_once('/')?;
        let boot: u32 = boot.parse().ok()?;
        let hex = name.strip_prefix("0x").and_then(|hex| hex.split('.').next());
        let luid = hex.and_then(LogonId::from_hex);
        let machine = self.correlated.machines.iter().position(|other| other.name == machine)? as u32;
        let all = &self.correlated.sessions.all;
        let first = all.partition_point(|session| (session.machine, session.boot) < (machine, boot));
        let paths = self.paths();
        let exporter = self.exporter(&paths);
        let own =
            all[first..].iter().take_while(|session| (session.machine, session.boot) == (machine, boot));
        own.enumerate()
            .find(|(_, session)| session.luid == luid && exporter.id(session) == id)
            .map(|(n, _)| (first + n) as SessionIdx)
    }

    /// The id that a session has now of which another id and its start are known from when less was read: boots are
    /// numbered anew when earlier ones come. Of one machine, a LogonId (or number) and a start tell which it is.
    pub fn id_now(&self, id: &str, start: Option<&str>) -> String {
        let moved = || {
            let start = Timestamp::parse(start?)?;
            let (machine, rest) = id.rsplit_once('#')?;
            let (_, name) = rest.split_once('/')?;
            let machine = self.correlated.machines.iter().position(|other| other.name == machine)? as u32;
            let all = self.correlated.sessions.all.iter();
            let same = all.filter(|session| session.machine == machine && session.start.at == Some(start));
            let paths = self.paths();
            let exporter = self.exporter(&paths);
            let ids: Vec<String> = same.map(|session| exporter.id(session)).collect();
            let is_it = |other: &&String| other.rsplit_once('/').is_some_and(|(_, other)| other == name);
            ids.iter().find(|other| *other == id).or_else(|| ids.iter().find(is_it)).cloned()
        };
        moved().unwrap_or_else(|| id.to_owned())
    }

    fn exporter<'a>(&'a self, paths: &'a [&'a str]) -> Exporter<'a> {
        Exporter { records: &self.merged.records, correlated: &self.correlated, paths }
    }

    /// The session that a record belongs to: as one of its logons, its logoffs or its evidence, else as what ran in it.
    pub fn session_of(&self, row: crate::event::RowIdx) -> Option<Record> {
        let sessions = &self.correlated.sessions;
        let has = |session: &crate::session::Session| {
            sessions.evidence(session).iter().any(|evidence| evidence.row == row)
                || sessions
                    .logons(session)
                    .iter()
                    .any(|l| [l.row, l.logoff_4634, l.logoff_4647].contains(&Some(row)))
        };
        let idx = sessions.all.iter().position(has).or_else(|| self.session_of_act(row))?;
        let paths = self.paths();
        Some(self.exporter(&paths).record(idx as SessionIdx))
    }

    fn session_of_act(&self, row: crate::event::RowIdx) -> Option<usize> {
        let mut machines = self.correlated.machines.iter().enumerate();
        let (machine, pos) = machines.find_map(|(n, machine)| {
            let rows = &machine.lineages[machine.security?].rows;
            Some((n as u32, rows.iter().position(|&other| other == row)? as u32))
        })?;
        let sessions = &self.correlated.sessions;
        let has = |session: &crate::session::Session| {
            session.machine == machine && session.activity.of(&sessions.activity).binary_search(&pos).is_ok()
        };
        sessions.all.iter().position(has)
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
