//! A session while it is worked out.

use super::around::Around;
use super::cited::Cited;
use super::link::{Group, Linker};
use super::open::{Identity, Mark, Track, TrackIdx};
use super::terminal::TsSession;
use super::{begin, cause, close, durations, flags, intervals, join, origins, told};
use crate::event::{EventIdx, Field, LogonId, Records, RowIdx, StrId};
use crate::machine::{Boot, Clock, Lineage, Machine, Pos};
use crate::session::{
    Class, Evidence, EvidenceRole, Interval, Logon, LogonRole, Origin, Run, Session, Sessions, TsHow,
};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// The window manager of a new session logs on this long before its user (rule 33d).
const WINDOWS_BEFORE: i64 = 10 * SECOND;

/// A session while it is worked out.
pub struct Draft<'a> {
    pub records: &'a Records,
    pub linker: &'a Linker<'a>,
    pub security: &'a Lineage,
    /// All logs of the machine.
    pub logs: &'a [Lineage],
    /// Its System log.
    pub system: Option<&'a Lineage>,
    pub clock: &'a Clock,
    pub own_policies: &'a FxHashMap<StrId, Pos>,
    pub boot: &'a Boot,
    pub around: &'a Around,
    pub group: &'a Group,
    pub ts: Option<(&'a TsSession, TsHow)>,
    /// The session its logon was made from (rule 30), and what Terminal Services tell of that.
    pub home: Option<(&'a Group, Option<&'a TsSession>)>,
    pub session: Session,
    /// The last record that cites it, 4634 apart; and the record it ends by, or its boot's last.
    pub last_pos: Pos,
    pub end_pos: Pos,
    pub lists: Lists,
}

/// What a session has a number of. The next one is worked out in the room of the one before.
#[derive(Default)]
pub struct Lists {
    /// Its 4624, with their roles.
    pub logons: Vec<(Pos, LogonRole)>,
    pub evidence: Vec<Evidence>,
    pub intervals: Vec<Interval>,
    pub origins: Vec<Origin>,
}

impl<'a> Draft<'a> {
    /// A group's session with nothing known of it yet.
    #[inline(never)]
    pub fn new(
        linker: &'a Linker<'a>,
        machine: &'a Machine,
        boot: &'a Boot,
        around: &'a Around,
        group: &'a Group,
        mut lists: Lists,
    ) -> Self {
        lists.logons.clear();
        for (idx, role) in tracks(group) {
            let track = linker.track(idx);
            lists.logons.extend(track.logon.map(|pos| (pos, role)));
            lists.logons.extend(track.repeats.iter().map(|&pos| (pos, LogonRole::Repeat)));
        }
        Draft {
            records: linker.records,
            linker,
            security: linker.security,
            logs: &machine.lineages,
            system: machine.system.map(|n| &machine.lineages[n]),
            clock: &machine.clock,
            own_policies: &machine.own_policies,
            boot,
            around,
            group,
            ts: None,
            home: None,
            session: Session::default(),
            last_pos: 0,
            end_pos: close::last_pos(boot),
            lists,
        }
    }

    /// The record at a place of the Security lineage.
    pub fn row(&self, pos: Pos) -> RowIdx {
        self.security.rows[pos as usize]
    }

    /// The event at a place, if its meaning is known.
    pub fn event(&self, pos: Pos) -> Option<EventIdx> {
        self.records.event(self.row(pos))
    }

    /// When a record was written, by a clock that was right since boot.
    pub fn time(&self, pos: Pos) -> Timestamp {
        self.linker.time(pos).plus(self.clock.shift(pos))
    }

    /// The tracks of the session's own LogonIds.
    pub fn own(&self) -> impl Iterator<Item = &'a Track> + Clone + use<'a> {
        let (linker, group) = (self.linker, self.group);
        group.own().map(move |idx| linker.track(idx))
    }

    /// Notes a record of Security as evidence, by a rule of domain.md.
    pub fn evidence(&mut self, pos: Pos, role: EvidenceRole, rule: u8) {
        self.evidence_row(self.row(pos), role, rule);
    }

    /// Notes any record as evidence, by a rule of domain.md.
    pub fn evidence_row(&mut self, row: RowIdx, role: EvidenceRole, rule: u8) {
        self.lists.evidence.push(Evidence { row, role, rule });
    }

    #[inline(never)]
    pub fn fill(&mut self, marks: &[Mark]) {
        self.fill_identity();
        begin::begin(self);
        self.fill_last_seen();
        (self.session.ts_session, self.session.ts_how) = self.ts_session(marks).unzip();
        close::close(self);
        cause::cause(self);
        durations::durations(self);
        intervals::intervals(self, marks);
        origins::origins(self, marks);
        flags::flags(self);
    }

    fn fill_identity(&mut self) {
        let group = self.group;
        let Identity { sid, mut user, mut domain, logon_type } = self.linker.account(group);
        if let Some((ts, _)) = self.ts.filter(|_| user.is_none()) {
            (domain, user) = told::account(self.records, ts);
        }
        let logon =
            self.linker.logon(group.primary).or(group.elevated.and_then(|idx| self.linker.logon(idx)));
        let said = logon.map(|event| self.records.events.said(event));
        let text = |field| said.map_or(StrId::NONE, |said| said.text(field));
        let (outbound_user, outbound_domain) = (text(Field::OutboundUser), text(Field::OutboundDomain));
        let elevated = match self.records.text(text(Field::Elevated)) {
            "%%1842" => Some(true),
            "%%1843" => Some(group.elevated.is_some()),
            _ => group.elevated.map(|_| true),
        };
        let first = self.own().map(|track| track.first).min().unwrap_or(0);
        let (name, n_logons) = (self.name(), self.n_logons());
        let session = &mut self.session;
        (session.sid, session.user, session.domain, session.logon_type) = (sid, user, domain, logon_type);
        (session.outbound_user, session.outbound_domain) = (outbound_user, outbound_domain);
        session.elevated = elevated;
        session.class = group.class;
        session.first_pos = first;
        session.first_row = self.security.rows[first as usize];
        session.computer = self.records.signature(session.first_row).computer;
        session.n_logons = n_logons;
        session.luid = Some(name);
    }

    fn n_logons(&self) -> u32 {
        tracks(self.group).map(|(idx, _)| self.linker.track(idx).n_logons).sum()
    }

    /// The primary LogonId; without a 4624 the lowest that is cited.
    pub fn name(&self) -> LogonId {
        let primary = self.linker.track(self.group.primary);
        match primary.logon {
            Some(_) => primary.luid,
            None => self.own().map(|track| track.luid).min().unwrap_or(primary.luid),
        }
    }

    /// Whether the clock was turned back from one place on up to another, nobody knows by how much.
    pub fn is_clock_lost(&self, from: Pos, to: Pos) -> bool {
        self.clock.is_lost(self.session.boot, from..=to)
    }

    /// When a record of another log was written, by a clock that was right since boot.
    pub fn time_of(&self, row: RowIdx) -> Timestamp {
        self.clock.time_of(row, self.records.time[row as usize])
    }

    fn fill_last_seen(&mut self) {
        let cited = self.own().filter_map(|track| track.last_seen).max();
        let last = cited.max(self.last_resumed(cited));
        self.last_pos = last.unwrap_or(self.session.first_pos);
        let cited = last.map(|pos| self.time(pos));
        self.session.last_seen = cited.max(self.last_seen_elsewhere());
    }

    /// The last logon through which it was unlocked or resumed, before it was logged off: who came back to it found it
    /// there. Where records are missing since it was last cited, what they came back to may be another.
    fn last_resumed(&self, cited: Option<Pos>) -> Option<Pos> {
        let cited = cited.unwrap_or(self.session.first_pos);
        let ended = self.own().flat_map(|track| [track.user_logoff, track.logoff]).flatten().min();
        let is_back = |role| matches!(role, LogonRole::Unlock | LogonRole::Reconnect);
        let attached = self.group.attached.iter().filter(|&&(_, role)| is_back(role));
        let logons = attached.filter_map(|&(track, _)| self.linker.track(track).logon);
        let last = logons.filter(|&pos| ended.is_none_or(|ended| pos < ended)).max()?;
        self.security.loss(cited, last).is_none().then_some(last)
    }

    /// The last that other logs saw of it, unless it had been logged off by then.
    #[inline(never)]
    fn last_seen_elsewhere(&self) -> Option<Timestamp> {
        let ts = self.ts.map(|(ts, _)| ts);
        if ts.is_none() && self.around.cited.all.is_empty() {
            return None;
        }
        let cited = self.cited().filter_map(|cited| cited.last);
        let rows = ts.into_iter().flat_map(|ts| {
            ts.opened.iter().chain(ts.changes.iter().map(|(row, _)| row)).chain(&ts.seen).copied()
        });
        let ended = self.own().flat_map(|track| [track.user_logoff, track.logoff]).flatten().min();
        let ended = ended.map(|pos| self.time(pos));
        let times = rows.chain(cited).map(|row| self.time_of(row));
        // What the clock had shown before it was set was seen before Security's own last record.
        let showed =
            self.clock.showed_between(self.session.first_pos, self.last_pos).map(|(_, latest)| latest);
        let is_later = |at: &Timestamp| showed.is_none_or(|showed| showed < *at);
        times.filter(|&at| ended.is_none_or(|ended| at <= ended)).filter(is_later).max()
    }

    /// Rule 33: 4800 to 4803 name both the LogonId and the Terminal Services session (a), other logs name it by
    /// account and moment (b, c), and a new one has its window manager log on right before its user (d).
    fn ts_session(&self, marks: &[Mark]) -> Option<(u32, TsHow)> {
        let of_mark = |mark: &Mark| join::number_of_mark(self.linker, &self.around.remote, mark);
        let by_lock = || marks.iter().filter_map(of_mark).find(|(_, how)| *how == TsHow::LockEvent);
        let by_other_log = || self.ts.and_then(|(ts, how)| Some((ts.number?, how)));
        let by_connection = || marks.iter().find_map(of_mark);
        let by_windows = || self.number_by_windows().map(|number| (number, TsHow::WindowManager));
        by_lock().or_else(by_other_log).or_else(by_connection).or_else(by_windows)
    }

    /// What other logs tell of its LogonIds.
    pub fn cited(&self) -> impl Iterator<Item = &'a Cited> {
        let around = self.around;
        self.own().filter_map(|track| around.cited.get(track.luid))
    }

    fn number_by_windows(&self) -> Option<u32> {
        let logon = self.own().filter_map(|track| track.logon).min()?;
        if self.session.class != Class::Desktop {
            return None;
        }
        let (pos, number) = self.around.windows.opened_before(logon)?;
        let apart =
            self.time(logon).since(self.time(pos)).saturating_sub(self.clock.kept_between(pos, logon));
        (apart <= WINDOWS_BEFORE).then_some(number)
    }

    /// Puts the session and its lists into the columns, and leaves the room that they took.
    #[inline(never)]
    pub fn finish(self, sessions: &mut Sessions) -> Lists {
        let (records, security) = (self.records, self.security.channel);
        let place = |row: RowIdx| (records.signature(row).channel != security, records.id[row as usize]);
        // Stable: records of one id stand in the order in which they were found.
        let order = |a: &Evidence, b: &Evidence| {
            let by_place = if a.row == b.row { Ordering::Equal } else { place(a.row).cmp(&place(b.row)) };
            by_place.then_with(|| (a.role, a.rule).cmp(&(b.role, b.rule)))
        };
        let logons = self.add_logons(&mut sessions.logons);
        let Draft { mut session, mut lists, .. } = self;
        lists.evidence.sort_by(order);
        lists.evidence.dedup();
        lists.intervals.sort_by_key(|interval| (interval.from, interval.what));
        session.logons = logons;
        session.evidence = Run::append(&mut sessions.evidence, lists.evidence.drain(..));
        session.intervals = Run::append(&mut sessions.intervals, lists.intervals.drain(..));
        session.origins = Run::append(&mut sessions.origins, lists.origins.drain(..));
        sessions.all.push(session);
        lists
    }

    /// Adds its 4624 in the order of their records; of a fixed LogonId the first alone.
    fn add_logons(&self, logons: &mut Vec<Logon>) -> Run {
        let first = logons.len();
        for (idx, role) in tracks(self.group) {
            let track = self.linker.track(idx);
            let at = |pos: Option<Pos>| pos.map(|pos| self.row(pos));
            if track.logon.is_none() && track.linked.is_none() && !role.is_own() {
                continue;
            }
            let logon = Logon {
                luid: track.luid,
                linked: track.linked,
                role,
                row: at(track.logon),
                logoff_4634: at(track.logoff),
                logoff_4647: at(track.user_logoff),
            };
            let repeats = track.repeats.iter().map(|&pos| Logon {
                row: at(Some(pos)),
                role: LogonRole::Repeat,
                ..logon
            });
            // A logoff is told of the last 4624 before it.
            match track.repeats.is_empty() {
                true => logons.push(logon),
                false => {
                    logons.push(Logon { logoff_4634: None, logoff_4647: None, ..logon });
                    let n = track.repeats.len() - 1;
                    logons.extend(repeats.enumerate().map(|(i, repeat)| match i == n {
                        true => repeat,
                        false => Logon { logoff_4634: None, logoff_4647: None, ..repeat },
                    }));
                }
            }
        }
        logons[first..].sort_by_key(|logon| logon.row.map(|row| self.records.id[row as usize]));
        Run { first: first as u32, n: (logons.len() - first) as u32 }
    }
}

/// The LogonIds of a session, with what each is to it.
fn tracks(group: &Group) -> impl Iterator<Item = (TrackIdx, LogonRole)> {
    let own = std::iter::once((group.primary, LogonRole::Primary));
    let elevated = group.elevated.map(|idx| (idx, LogonRole::Elevated));
    own.chain(elevated).chain(group.attached.iter().copied())
}
