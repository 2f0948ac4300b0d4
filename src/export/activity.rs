//! What ran in sessions, for reading: counts in the session record, and rows that are asked for page by page.

use super::record::Exporter;
use super::words::what;
use crate::event::{Field, RowIdx, StrId};
use crate::machine::Pos;
use crate::session::Session;
use crate::session::activity::ActivityKind;
use crate::session::record::{ActivityRecord, ShareRecord};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Shares of one session that its record lists: few clients open more, and a hostile one makes up any number.
const MAX_SHARES: usize = 100;

/// One act in a session. `at` is UTC, `2020-09-19T03:21:48.8915630Z`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivityRow {
    pub at: String,
    /// A word of [`ActivityKind`].
    pub kind: String,
    /// In words.
    pub what: String,
    /// What it was done with or to, by name.
    pub details: Vec<Detail>,
    pub channel: String,
    pub record: u64,
    pub event: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    pub name: String,
    pub value: String,
}

impl Exporter<'_> {
    /// Counts by kind, from when to when, and the shares.
    pub fn activity(&self, session: &Session) -> ActivityRecord {
        let places = self.places(session);
        let mut counts = [0u32; ActivityKind::ALL.len()];
        let mut shares: Vec<(StrId, u32, u32)> = Vec::new();
        for &pos in places {
            let row = self.security_row(session, pos);
            let Some(kind) = ActivityKind::of(self.records.signature(row).event_id) else { continue };
            counts[kind as usize] += 1;
            if matches!(kind, ActivityKind::Shares | ActivityKind::Files) {
                self.count_share(row, kind, &mut shares);
            }
        }
        let share = |&(share, n_opened, n_files): &(StrId, u32, u32)| ShareRecord {
            share: self.records.text(share).to_owned(),
            n_opened,
            n_files,
        };
        let mut record = ActivityRecord {
            first: places.first().map(|&pos| self.act_time(session, pos).to_string()),
            last: places.last().map(|&pos| self.act_time(session, pos).to_string()),
            by_share: shares.iter().map(share).collect(),
            ..ActivityRecord::default()
        };
        for kind in ActivityKind::ALL {
            *record.count_mut(kind) = counts[kind as usize];
        }
        record
    }

    fn count_share(&self, row: RowIdx, kind: ActivityKind, shares: &mut Vec<(StrId, u32, u32)>) {
        let name = self.records.event(row).map(|event| self.records.events.text(event, Field::ShareName));
        let Some(name) = name.filter(|name| !name.is_none()) else { return };
        let at = match shares.iter().position(|&(other, ..)| other == name) {
            Some(at) => at,
            None if shares.len() == MAX_SHARES => return,
            None => {
                shares.push((name, 0, 0));
                shares.len() - 1
            }
        };
        match kind {
            ActivityKind::Shares => shares[at].1 += 1,
            _ => shares[at].2 += 1,
        }
    }

    /// The acts `first .. first + n` of a session, in the order of their records; and how many there are.
    pub fn activity_rows(&self, session: &Session, first: u32, n: u32) -> (Vec<ActivityRow>, u32) {
        let places = self.places(session);
        let asked = places.iter().skip(first as usize).take(n as usize);
        (asked.map(|&pos| self.activity_row(session, pos)).collect(), places.len() as u32)
    }

    fn places(&self, session: &Session) -> &[Pos] {
        session.activity.of(&self.correlated.sessions.activity)
    }

    fn security_row(&self, session: &Session, pos: Pos) -> RowIdx {
        let machine = &self.correlated.machines[session.machine as usize];
        machine.security.map_or(session.first_row, |n| machine.lineages[n].rows[pos as usize])
    }

    /// When, by a clock that was right since boot (domain.md rule 18).
    fn act_time(&self, session: &Session, pos: Pos) -> Timestamp {
        let shift = self.correlated.machines[session.machine as usize].clock.shift(pos);
        self.records.time[self.security_row(session, pos) as usize].plus(shift)
    }

    fn activity_row(&self, session: &Session, pos: Pos) -> ActivityRow {
        let row = self.security_row(session, pos);
        let reference = self.event_ref(row);
        let kind = ActivityKind::of(reference.event).unwrap_or(ActivityKind::Other);
        let event = self.records.event(row);
        let detail = |&(name, field): &(&str, Field)| {
            let value = self.records.field_text(event?, field)?;
            Some(Detail { name: name.to_owned(), value })
        };
        ActivityRow {
            at: self.act_time(session, pos).to_string(),
            kind: kind.word().to_owned(),
            what: event.map_or("", |event| what(self.records.events.layout(event).spec)).to_owned(),
            details: fields(kind).iter().filter_map(detail).collect(),
            channel: reference.channel,
            record: reference.record,
            event: reference.event,
        }
    }
}

/// What is shown of an act.
fn fields(kind: ActivityKind) -> &'static [(&'static str, Field)] {
    const ACCOUNT: (&str, Field) = ("account", Field::TargetUser);
    const DOMAIN: (&str, Field) = ("domain", Field::TargetDomain);
    match kind {
        ActivityKind::Processes => &[
            ("program", Field::NewProcess),
            ("command line", Field::CommandLine),
            ("parent", Field::ParentProcess),
        ],
        ActivityKind::ProcessExits => &[("program", Field::ProcessName)],
        ActivityKind::Services => &[("service", Field::ServiceName), ("program", Field::ServiceFile)],
        ActivityKind::Tasks => &[("task", Field::TaskName)],
        ActivityKind::Accounts => &[ACCOUNT, DOMAIN],
        ActivityKind::Groups => &[("group", Field::TargetUser), DOMAIN],
        ActivityKind::Shares => &[("share", Field::ShareName)],
        ActivityKind::Files => &[("share", Field::ShareName), ("path", Field::ObjectName)],
        ActivityKind::ExplicitCredentials => &[
            ACCOUNT,
            DOMAIN,
            ("server", Field::TargetServer),
            ("service", Field::TargetInfo),
            ("program", Field::ProcessName),
        ],
        ActivityKind::AuditChanges => &[("subcategory", Field::Subcategory), ("change", Field::AuditChanges)],
        ActivityKind::Failures => &[ACCOUNT, DOMAIN, ("status", Field::Status), ("reason", Field::SubStatus)],
        ActivityKind::CredentialReads
        | ActivityKind::LogClears
        | ActivityKind::Enumerations
        | ActivityKind::Objects
        | ActivityKind::Other => &[ACCOUNT, DOMAIN],
    }
}
