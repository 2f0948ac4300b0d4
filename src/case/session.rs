//! One session: found by its id or by a record of it, with what is told of it.

use super::Case;
use crate::event::{LogonId, RowIdx};
use crate::export::activity::ActivityRow;
use crate::export::words;
use crate::session::record::Record;
use crate::session::{Session, SessionIdx};
use serde::{Deserialize, Serialize};

/// A session that starts more than this many is a program's: its list would help nobody.
const MOST_CHILDREN: usize = 100;

/// One session with where its evidence is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionDetail {
    pub record: Record,
    /// As [`crate::query::Row`] has it.
    pub first_row: RowIdx,
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

/// The parts of a session's id.
struct Named {
    machine: u32,
    boot: u32,
    luid: Option<LogonId>,
}

impl Case {
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
            first_row: session.first_row,
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
        let Named { machine, boot, luid } = self.named(id)?;
        let all = &self.correlated.sessions.all;
        let first = all.partition_point(|session| (session.machine, session.boot) < (machine, boot));
        let exporter = self.exporter(&[]);
        let own =
            all[first..].iter().take_while(|session| (session.machine, session.boot) == (machine, boot));
        own.enumerate()
            .find(|(_, session)| session.luid == luid && exporter.id(session) == id)
            .map(|(n, _)| (first + n) as SessionIdx)
    }

    /// What an id names. Without a LogonId it has a number.
    fn named(&self, id: &str) -> Option<Named> {
        let (machine, rest) = id.rsplit_once('#')?;
        let (boot, name) = rest.split_once('/')?;
        let hex = name.strip_prefix("0x").and_then(|hex| hex.split('.').next());
        Some(Named {
            machine: self.correlated.machines.iter().position(|other| other.name == machine)? as u32,
            boot: boot.parse().ok()?,
            luid: hex.and_then(LogonId::from_hex),
        })
    }

    /// The id that a session has now of which another id is known from when less was read, and a record (a
    /// [`crate::query::Row`] has its first): boots are numbered anew when earlier ones come, and a clock put right moves
    /// a start, but a record of a session stays one.
    pub fn id_now(&self, id: &str, row: Option<RowIdx>) -> String {
        let now = || {
            let row = row.filter(|&row| (row as usize) < self.merged.records.len())?;
            let Named { machine, luid, .. } = self.named(id)?;
            let sessions = &self.correlated.sessions;
            let of_that_name = |session: &&Session| session.machine == machine && session.luid == luid;
            let session = sessions.all.iter().filter(of_that_name).find(|session| self.has(session, row))?;
            Some(self.exporter(&[]).id(session))
        };
        now().unwrap_or_else(|| id.to_owned())
    }

    /// Whether a record, or a copy of it from another source, is one of the session's.
    fn has(&self, session: &Session, row: RowIdx) -> bool {
        let (records, sessions) = (&self.merged.records, &self.correlated.sessions);
        let machine = &self.correlated.machines[session.machine as usize];
        let security = machine.security.map_or(&[][..], |n| &machine.lineages[n].rows);
        let logons = sessions.logons(session).iter();
        let logons = logons.flat_map(|logon| [logon.row, logon.logoff_4634, logon.logoff_4647]).flatten();
        let evidence = sessions.evidence(session).iter().map(|evidence| evidence.row);
        let activity = session.activity.of(&sessions.activity).iter().map(|&pos| security[pos as usize]);
        let what = |row: RowIdx| (records.id[row as usize], records.time[row as usize]);
        logons.chain(evidence).chain(activity).any(|own| what(own) == what(row))
    }

    /// The session that a record belongs to: as one of its logons, its logoffs or its evidence, else as what ran in it.
    pub fn session_of(&self, row: RowIdx) -> Option<Record> {
        let sessions = &self.correlated.sessions;
        let has = |session: &Session| {
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

    fn session_of_act(&self, row: RowIdx) -> Option<usize> {
        let mut machines = self.correlated.machines.iter().enumerate();
        let (machine, pos) = machines.find_map(|(n, machine)| {
            let rows = &machine.lineages[machine.security?].rows;
            Some((n as u32, rows.iter().position(|&other| other == row)? as u32))
        })?;
        let sessions = &self.correlated.sessions;
        let has = |session: &Session| {
            session.machine == machine && session.activity.of(&sessions.activity).binary_search(&pos).is_ok()
        };
        sessions.all.iter().position(has)
    }
}
