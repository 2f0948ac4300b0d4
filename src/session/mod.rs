//! Sessions: the spans in which users were logged on, each with how we know.
//!
//! [`record`] is what a session is outside the program.

pub mod activity;
pub mod burst;
pub mod hop;
pub mod record;
mod words;

pub use words::{
    ActiveHow, Class, Confidence, EndCause, EndHow, EvidenceRole, LogonRole, StartHow, State, TsHow,
};

use crate::event::{LogonId, RowIdx, StrId};
use crate::machine::Pos;
use crate::room::make_room;
use crate::time::Timestamp;
use burst::{Burst, BurstIdx};
use hop::Hop;

/// What an end is less sure for than others of its kind, or is estimated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// Whether logoffs were audited is not known: its own may have come before.
    AuditUnknown,
    /// A LogonId without a logon may be half of a token pair, which often gets no logoff (trap 6).
    MayBeHalf,
    /// The desktop it was made from signed out before, and what was elevated from it often gets no logoff.
    DesktopGone,
    /// The clock was set while records are missing.
    ClockSet,
    /// The clock was turned back, nobody knows where or by how much.
    ClockLost,
    /// A start of Windows may be among the missing records.
    StartMayBeMissing,
    /// No record of the next start tells of the stop.
    NotReported,
    /// The next start tells of the stop, which itself wrote nothing.
    LastSign,
    /// It is known by what goes with a logoff.
    ByWhatGoesWithIt,
    /// It is known by an account and a moment, not by a number.
    Coincidence,
    /// Security is not there, which would have had its logoff.
    OtherLogsOnly,
    /// The log is a filtered export.
    Filtered,
    /// The Security log ends before the boot does.
    LogEndsFirst,
}

/// A 4624 of a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logon {
    pub luid: LogonId,
    pub linked: Option<LogonId>,
    pub role: LogonRole,
    /// `None`: the 4624 is lost.
    pub row: Option<RowIdx>,
    pub logoff_4634: Option<RowIdx>,
    pub logoff_4647: Option<RowIdx>,
}

/// A record that backs a fact, and the rule of domain.md that joined it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub row: RowIdx,
    pub role: EvidenceRole,
    pub rule: u8,
}

/// A span within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub what: State,
    pub from: Timestamp,
    pub to: Timestamp,
    pub opened_by: Option<RowIdx>,
    pub closed_by: Option<RowIdx>,
}

/// Where a session was used from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub at: Timestamp,
    pub address: StrId,
    pub port: Option<u16>,
    pub host: StrId,
    pub row: RowIdx,
}

/// Facts that are so or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    pub const PRIVILEGED: Flags = Flags(1);
    pub const ALIVE_AFTER_LOGOFF: Flags = Flags(2);
    pub const MAY_HAVE_MISSED_EVENTS: Flags = Flags(4);
    pub const CLOCK_CORRECTED: Flags = Flags(8);
    pub const CLOCK_MANIPULATED: Flags = Flags(16);
    pub const TAKEN_OVER: Flags = Flags(32);

    const WORDS: [&str; 6] = [
        "privileged",
        "alive_after_logoff",
        "may_have_missed_events",
        "clock_corrected",
        "clock_manipulated",
        "taken_over",
    ];

    pub fn set(&mut self, flag: Flags, on: bool) {
        if on {
            self.0 |= flag.0;
        }
    }

    pub fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    /// The words of those that are set, in the order of the session record.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().enumerate().filter(move |(n, _)| self.0 >> n & 1 == 1).map(|(_, word)| word)
    }
}

/// A session's number, in the order machine, boot, first record.
pub type SessionIdx = u32;

/// A run of a side column of [`Sessions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub first: u32,
    pub n: u32,
}

impl Run {
    /// Appends what is one's own to a column: where it is then.
    pub fn append<T>(column: &mut Vec<T>, own: impl IntoIterator<Item = T>) -> Run {
        let first = column.len();
        column.extend(own);
        Run { first: first as u32, n: (column.len() - first) as u32 }
    }

    pub fn of<T>(self, all: &[T]) -> &[T] {
        let first = self.first as usize;
        &all[first..first + self.n as usize]
    }

    /// The same run in a column that has so many before it.
    fn after(self, n_before: usize) -> Run {
        Run { first: self.first + n_before as u32, ..self }
    }
}

/// When a session began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Start {
    pub how: StartHow,
    pub at: Option<Timestamp>,
    pub earliest: Option<Timestamp>,
    pub latest: Option<Timestamp>,
}

/// When a session ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct End {
    pub how: EndHow,
    pub at: Option<Timestamp>,
    pub confidence: Confidence,
    pub earliest: Option<Timestamp>,
    pub latest: Option<Timestamp>,
    /// The last 4634 after a 4647.
    pub destroyed_at: Option<Timestamp>,
    /// The record that ended it.
    pub row: Option<RowIdx>,
    /// What made it end, where that is known, and the record that tells it where another does.
    pub cause: Option<EndCause>,
    pub cause_row: Option<RowIdx>,
    pub doubt: Option<Doubt>,
}

/// A length of time in ticks, if it is known: in half the room of an `Option<i64>`, for there may be a million sessions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Length(i64);

impl Length {
    /// No two moments are this far apart ([`Timestamp::since`]).
    const UNKNOWN: i64 = i64::MIN;

    /// In ticks.
    pub fn get(self) -> Option<i64> {
        (self.0 != Self::UNKNOWN).then_some(self.0)
    }
}

impl From<Option<i64>> for Length {
    fn from(ticks: Option<i64>) -> Self {
        Length(ticks.unwrap_or(Self::UNKNOWN))
    }
}

impl Default for Length {
    fn default() -> Self {
        Length(Self::UNKNOWN)
    }
}

impl std::fmt::Debug for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    pub machine: u32,
    pub boot: u32,
    /// The LogonId it is named by.
    pub luid: Option<LogonId>,
    /// 1, or which of several with the same LogonId in the boot.
    pub ordinal: u32,
    pub class: Class,
    pub logon_type: Option<u32>,
    pub computer: StrId,
    pub user: StrId,
    pub domain: StrId,
    pub sid: StrId,
    pub outbound_user: StrId,
    pub outbound_domain: StrId,
    pub elevated: Option<bool>,
    pub parent: Option<SessionIdx>,
    pub burst: Option<BurstIdx>,
    pub ts_session: Option<u32>,
    pub ts_how: Option<TsHow>,
    /// Its first record, and where that stands in the Security lineage.
    pub first_row: RowIdx,
    pub first_pos: Pos,
    pub start: Start,
    pub end: End,
    pub last_seen: Option<Timestamp>,
    pub duration: Length,
    pub duration_min: Length,
    pub duration_max: Length,
    pub connected: Length,
    pub active: Length,
    pub active_how: ActiveHow,
    pub flags: Flags,
    pub n_logons: u32,
    pub logons: Run,
    pub evidence: Run,
    pub intervals: Run,
    pub origins: Run,
    pub activity: Run,
    /// In [`Sessions::hops`].
    pub hops_out: Run,
    /// In [`Sessions::hops_in`].
    pub hops_in: Run,
}

/// All sessions, with what each has a number of in columns beside them.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    pub all: Vec<Session>,
    pub logons: Vec<Logon>,
    pub evidence: Vec<Evidence>,
    pub intervals: Vec<Interval>,
    pub origins: Vec<Origin>,
    /// Each session that was started from another: that one and it, in their order.
    pub children: Vec<(SessionIdx, SessionIdx)>,
    /// In the order of their second sessions; and the sessions of each, in the order of all.
    pub bursts: Vec<Burst>,
    pub burst_members: Vec<SessionIdx>,
    /// Security records that cite each session's LogonIds, in their order: places in the machine's lineage.
    pub activity: Vec<Pos>,
    /// By the machine and session they were made from; and the numbers of those that led to a session, by session.
    pub hops: Vec<Hop>,
    pub hops_in: Vec<u32>,
}

impl Sessions {
    /// Appends the sessions of another boot or of the next in this one, before more than them is known. With
    /// them there will be about `n_times_as_much` as there is: so much room is made.
    pub fn append(&mut self, mut part: Sessions, n_times_as_much: f64) {
        let n_before = self.all.len() as SessionIdx;
        for session in &mut part.all {
            session.parent = session.parent.map(|parent| parent + n_before);
            session.logons = session.logons.after(self.logons.len());
            session.evidence = session.evidence.after(self.evidence.len());
            session.intervals = session.intervals.after(self.intervals.len());
            session.origins = session.origins.after(self.origins.len());
            session.activity = session.activity.after(self.activity.len());
        }
        append(&mut self.all, part.all, n_times_as_much);
        append(&mut self.logons, part.logons, n_times_as_much);
        append(&mut self.evidence, part.evidence, n_times_as_much);
        append(&mut self.intervals, part.intervals, n_times_as_much);
        append(&mut self.origins, part.origins, n_times_as_much);
        append(&mut self.activity, part.activity, n_times_as_much);
    }

    /// Makes room for so many sessions more, which may have twice as much each as those before; where there is none yet,
    /// for so many times as much as there is.
    pub fn make_room(&mut self, n_more: usize, n_times_as_much: f64) {
        let part = 2.0 * n_more as f64 / self.all.len().max(1) as f64;
        room_for_part(&mut self.all, part, n_times_as_much);
        room_for_part(&mut self.logons, part, n_times_as_much);
        room_for_part(&mut self.evidence, part, n_times_as_much);
        room_for_part(&mut self.intervals, part, n_times_as_much);
        room_for_part(&mut self.origins, part, n_times_as_much);
    }

    /// Every 4624 of a session.
    pub fn logons(&self, session: &Session) -> &[Logon] {
        session.logons.of(&self.logons)
    }

    pub fn evidence(&self, session: &Session) -> &[Evidence] {
        session.evidence.of(&self.evidence)
    }

    pub fn intervals(&self, session: &Session) -> &[Interval] {
        session.intervals.of(&self.intervals)
    }

    pub fn origins(&self, session: &Session) -> &[Origin] {
        session.origins.of(&self.origins)
    }

    /// With their parent, which is this one.
    pub fn children_of(&self, parent: SessionIdx) -> &[(SessionIdx, SessionIdx)] {
        let first = self.children.partition_point(|&(other, _)| other < parent);
        let n = self.children[first..].partition_point(|&(other, _)| other == parent);
        &self.children[first..first + n]
    }
}

fn room_for_part<T>(column: &mut Vec<T>, part: f64, n_times_as_much: f64) {
    make_room(column, (column.len() as f64 * part) as usize, n_times_as_much);
}

fn append<T>(column: &mut Vec<T>, mut part: Vec<T>, n_times_as_much: f64) {
    // All there will be is not copied.
    if column.is_empty() && n_times_as_much <= 1.0 {
        *column = part;
        return;
    }
    make_room(column, part.len(), n_times_as_much);
    column.append(&mut part);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There may be a million: eight bytes more of each are eight megabytes.
    #[test]
    fn a_session_takes_little_room() {
        assert_eq!((size_of::<Session>(), size_of::<Logon>()), (288, 48));
    }
}
