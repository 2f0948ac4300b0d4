//! A session while it is worked out.

use super::around::Around;
use super::cited::Cited;
use super::link::{Group, Linker};
use super::moments::SAME_MOMENT;
use super::open::{self, Identity, Mark, Track, TrackIdx};
use super::terminal::TsSession;
use super::{cause, close, intervals, join, origins};
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx, StrId};
use crate::machine::{Boot, BootEnd, Clock, Lineage, LogoffAudit, Machine, Pos};
use crate::session::{
    Class, Confidence, End, EndHow, Evidence, EvidenceRole, Flags, Interval, Logon, LogonRole, Origin, Run,
    Session, Sessions, Start, StartHow, TsHow,
};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// The window manager of a new session logs on this long before its user (rule 33d).
const WINDOWS_BEFORE: i64 = 10 * SECOND;

/// A LogonId is destroyed seconds after its user logged off; what shuts down does not run on for so long.
const DESTROYED_WITHIN: i64 = 5 * MINUTE;

/// A session while it is worked out.
pub struct Draft<'a> {
    pub records: &'a Records,
    pub linker: &'a Linker<'a>,
    pub security: &'a Lineage,
    pub clock: &'a Clock,
    pub own_policies: &'a FxHashMap<StrId, Pos>,
    pub boot: &'a Boot,
    pub around: &'a Around,
    pub group: &'a Group,
    pub ts: Option<(&'a TsSession, TsHow)>,
    pub session: Session,
    /// The last record that cites it, 4634 apart; and the record it ends by, or its boot's last.
    pub last_pos: Pos,
    pub end_pos: Pos,
    pub evidence: Vec<Evidence>,
    pub intervals: Vec<Interval>,
    pub origins: Vec<Origin>,
}

impl<'a> Draft<'a> {
    #[inline(never)]
    pub fn new(
        linker: &'a Linker<'a>,
        machine: &'a Machine,
        boot: &'a Boot,
        around: &'a Around,
        group: &'a Group,
    ) -> Self {
        Draft {
            records: linker.records,
            linker,
            security: linker.security,
            clock: &machine.clock,
            own_policies: &machine.own_policies,
            boot,
            around,
            group,
            ts: None,
            session: Session::default(),
            last_pos: 0,
            end_pos: close::last_pos(boot),
            evidence: Vec::new(),
            intervals: Vec::new(),
            origins: Vec::new(),
        }
    }

    pub fn row(&self, pos: Pos) -> RowIdx {
        self.security.rows[pos as usize]
    }

    pub fn event(&self, pos: Pos) -> Option<EventIdx> {
        self.records.event(self.row(pos))
    }

    /// When a record was written, by a clock that was right since boot.
    pub fn time(&self, pos: Pos) -> Timestamp {
        self.linker.time(pos).plus(self.clock.shift(pos))
    }

    /// The tracks of the session's own LogonIds.
    pub fn own(&self) -> impl Iterator<Item = &'a Track> {
        let linker = self.linker;
        self.group.own().map(move |idx| linker.track(idx))
    }

    fn tracks(&self) -> impl Iterator<Item = (TrackIdx, LogonRole)> + use<'a> {
        let group = self.group;
        let own = std::iter::once((group.primary, LogonRole::Primary));
        let elevated = group.elevated.map(|idx| (idx, LogonRole::Elevated));
        own.chain(elevated).chain(group.attached.iter().copied())
    }

    /// Its 4624, with their roles.
    pub fn logons(&self) -> impl Iterator<Item = (Pos, LogonRole)> + use<'a> {
        let linker = self.linker;
        self.tracks().flat_map(move |(idx, role)| {
            let track = linker.track(idx);
            let repeats = track.repeats.iter().map(|&pos| (pos, LogonRole::Repeat));
            track.logon.map(|pos| (pos, role)).into_iter().chain(repeats)
        })
    }

    pub fn evidence(&mut self, pos: Pos, role: EvidenceRole, rule: u8) {
        self.evidence_row(self.row(pos), role, rule);
    }

    pub fn evidence_row(&mut self, row: RowIdx, role: EvidenceRole, rule: u8) {
        self.evidence.push(Evidence { row, role, rule });
    }

    #[inline(never)]
    pub fn fill(&mut self, marks: &[Mark]) {
        self.fill_identity();
        self.fill_start();
        self.fill_last_seen();
        (self.session.ts_session, self.session.ts_how) = self.ts_session(marks).unzip();
        close::close(self);
        cause::cause(self);
        self.fill_durations();
        intervals::intervals(self, marks);
        origins::origins(self, marks);
        self.fill_flags();
    }

    fn fill_identity(&mut self) {
        let group = self.group;
        let Identity { sid, user, domain, logon_type } = self.linker.account(group);
        let logon =
            self.linker.logon(group.primary).or(group.elevated.and_then(|idx| self.linker.logon(idx)));
        let text = |field| logon.map_or(StrId::NONE, |event| self.records.events.text(event, field));
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
        self.tracks().map(|(idx, _)| self.linker.track(idx).n_logons).sum()
    }

    /// The primary LogonId; without a 4624 the lowest that is cited.
    fn name(&self) -> LogonId {
        let primary = self.linker.track(self.group.primary);
        match primary.logon {
            Some(_) => primary.luid,
            None => self.own().map(|track| track.luid).min().unwrap_or(primary.luid),
        }
    }

    fn fill_start(&mut self) {
        let logon = self.own().filter_map(|track| track.logon).min();
        for (pos, role) in self.logons() {
            let (role, rule) = match role {
                LogonRole::Primary | LogonRole::Repeat => (EvidenceRole::Start, 23),
                LogonRole::Elevated => (EvidenceRole::Start, 26),
                LogonRole::Unlock => (EvidenceRole::Unlock, 31),
                LogonRole::Reconnect => (EvidenceRole::Reconnect, 31),
                LogonRole::Nla => (EvidenceRole::Origin, 32),
                LogonRole::Refresh => continue,
            };
            self.evidence(pos, role, rule);
        }
        self.session.start = match logon {
            Some(pos) => Start { how: StartHow::Logon, at: Some(self.time(pos)), ..Start::default() },
            None => self.inferred_start(),
        };
    }

    /// Rule 24.
    fn inferred_start(&mut self) -> Start {
        let first = self.session.first_pos;
        self.evidence(first, EvidenceRole::Start, 24);
        let (before, after) = open::neighbours(self.linker.tracks, self.name(), first, self.security);
        let (clock, first_cited) = (self.clock, self.time(first));
        // By a clock that was turned back in between, they tell nothing.
        let before = before.filter(|&before| !self.is_clock_lost(before + 1, first));
        let after = after.filter(|&after| !self.is_clock_lost(first.min(after) + 1, first.max(after)));
        let before = before.map(|before| {
            // Nor is what a clock showed that was set back since a bound.
            let showed = clock.showed_between(before, first).map(|(earliest, _)| earliest);
            let before = self.time(before);
            showed.map_or(before, |showed| before.min(showed)).plus(-open::CLUSTER)
        });
        let after = after.map(|after| self.time(after).plus(open::CLUSTER));
        let is_lost = self.is_clock_lost(self.boot.security.start, first);
        let is_own = self.boot.sure.start <= first;
        let is_known = self.boot.has_start && self.has_first_of_start() && !is_lost && is_own;
        let boot_start = self.boot.start.filter(|_| is_known);
        // What is well after its first record was stamped by another clock.
        let is_by_same_clock = |earliest: &Timestamp| earliest.since(first_cited) <= open::CLUSTER;
        let earliest = before.filter(is_by_same_clock).max(boot_start.filter(is_by_same_clock));
        let earliest = earliest.map(|earliest| earliest.min(first_cited));
        let how = if !self.linker.tracks.has_logons && self.boot.has_start {
            StartHow::LogonNotAudited
        } else if !self.boot.has_start && before.is_none() && self.boot.security.start == 0 {
            StartHow::BeforeLogStart
        } else {
            StartHow::Gap
        };
        let latest = after.map_or(first_cited, |after| after.min(first_cited));
        let by_lsa = self.cited().find_map(|cited| cited.opened);
        if let Some(row) = by_lsa.or_else(|| self.opened_elsewhere(earliest, first_cited)) {
            // Another log wrote it down as it was (rule 25).
            self.evidence_row(row, EvidenceRole::Start, 25);
            let seen = self.time_of(row);
            let latest = seen.min(latest);
            let earliest = seen.plus(-SAME_MOMENT).min(latest);
            return Start {
                how: StartHow::OtherLog,
                at: None,
                earliest: Some(earliest),
                latest: Some(latest),
            };
        }
        Start { how, at: None, earliest, latest: Some(latest.max(earliest.unwrap_or(latest))) }
    }

    /// The logon of its numbered session, if that fits between what Security knows. What is only destroyed with a desktop
    /// may have run in it.
    fn opened_elsewhere(&self, earliest: Option<Timestamp>, latest: Timestamp) -> Option<RowIdx> {
        let &row = self.ts?.0.opened.first()?;
        let kind = self.records.events.kind(self.records.event(row)?);
        let is_logon = matches!(kind, Kind::TsLogon | Kind::WinlogonLogon | Kind::ProfileLogon);
        let is_desktop = self.own().any(|track| track.user_logoff.is_some() || track.has_marks);
        let at = self.time_of(row);
        let fits = earliest.is_none_or(|earliest| earliest <= at) && at <= latest;
        (is_logon && is_desktop && fits).then_some(row)
    }

    /// Whether the clock was turned back from one place on up to another, nobody knows by how much.
    pub fn is_clock_lost(&self, from: Pos, to: Pos) -> bool {
        self.clock.is_lost(self.session.boot, from..=to)
    }

    fn time_of(&self, row: RowIdx) -> Timestamp {
        self.clock.time_of(row, self.records.time[row as usize])
    }

    /// Whether more is known of the start than that the event log service was up, which comes later.
    fn has_first_of_start(&self) -> bool {
        let kind = |row: RowIdx| self.records.event(row).map(|event| self.records.events.kind(event));
        let is_of_service =
            |&row: &RowIdx| matches!(kind(row), Some(Kind::EventLogStarted | Kind::SystemVersion));
        !self.boot.anchors.iter().all(is_of_service)
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
        let cited = self.cited().filter_map(|cited| cited.last);
        let ts = self.ts.map(|(ts, _)| ts);
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

    fn fill_durations(&mut self) {
        let Session { start, end, first_pos, .. } = self.session;
        let is_known = is_exact(end.how);
        if self.is_clock_lost(first_pos + 1, if is_known { self.end_pos } else { self.boot.security.end }) {
            return;
        }
        let kept = self.clock.kept_between(first_pos, self.end_pos);
        let span = |from: Option<Timestamp>, to: Option<Timestamp>| {
            from.zip(to).map(|(from, to)| to.since(from).saturating_sub(kept).max(0))
        };
        // Of a clock that was set since it was last seen, the moments before the step are no measure after it.
        let is_known = is_exact(end.how) || end.confidence == Confidence::High;
        let is_set = !is_known && self.clock.showed_between(self.last_pos, self.end_pos).is_some();
        let kept_after = if is_set { self.clock.kept_between(self.last_pos, self.end_pos) } else { 0 };
        let shortest = if is_set { self.session.last_seen } else { end.earliest.or(end.at) };
        let shortest = shortest.map(|at| at.plus(kept_after));
        let session = &mut self.session;
        if start.how == StartHow::Logon && end.confidence == Confidence::High {
            session.duration = span(start.at, end.at).into();
        }
        let least = span(start.at.or(start.latest), shortest);
        let most = span(start.at.or(start.earliest), end.latest.or(end.at.filter(|_| is_exact(end.how))));
        // What ends it in another log has no place among the steps.
        let most = most.filter(|_| !(is_set && end.how == EndHow::Superseded));
        session.duration_min = if is_set && most.is_some() { least.min(most) } else { least }.into();
        session.duration_max = most.into();
    }

    fn fill_flags(&mut self) {
        let Session { first_pos, end, .. } = self.session;
        let privileges: Vec<Pos> = self.own().filter_map(|track| track.privileges).collect();
        for &pos in &privileges {
            self.evidence(pos, EvidenceRole::Privileges, 28);
        }
        let moved = self.clock.shift(first_pos) != 0;
        let manipulations: Vec<Pos> =
            self.clock.manipulations(first_pos, self.end_pos).map(|step| step.at).collect();
        for &pos in &manipulations {
            self.evidence(pos, EvidenceRole::Clock, 20);
        }
        let around = self.around;
        let taken_over: Vec<Pos> = self.group.own().flat_map(|track| around.taken_over(track)).collect();
        for &pos in &taken_over {
            self.evidence(pos, EvidenceRole::Reconnect, 41);
        }
        // Where it began records are missing (rule 6).
        let is_cut = match self.session.start.how {
            StartHow::BeforeLogStart | StartHow::Gap => true,
            StartHow::OtherLog => self.linker.tracks.has_logons || !self.boot.has_start,
            StartHow::Logon | StartHow::LogonNotAudited => false,
        };
        let is_alive = end.how == EndHow::UserLogoff && (self.last_pos > self.end_pos || self.is_leaked(end));
        let until = if is_exact(end.how) { self.end_pos } else { self.boot.security.end };
        let flags = &mut self.session.flags;
        flags.set(Flags::PRIVILEGED, !privileges.is_empty());
        flags.set(Flags::CLOCK_CORRECTED, moved);
        flags.set(Flags::CLOCK_MANIPULATED, !manipulations.is_empty());
        flags.set(Flags::MAY_HAVE_MISSED_EVENTS, is_cut || self.security.loss(first_pos, until).is_some());
        flags.set(Flags::TAKEN_OVER, !taken_over.is_empty());
        flags.set(Flags::ALIVE_AFTER_LOGOFF, is_alive);
    }

    /// C.7, note iv: its user logged off, and the machine ran on and did not destroy it: something holds its token. That
    /// it would have been seen is proven by a later 4634; or, where logoffs were audited, by a later desktop.
    fn is_leaked(&self, end: End) -> bool {
        let Some(at) = end.at.filter(|_| self.own().all(|track| track.logoff.is_none())) else {
            return false;
        };
        let is_late = |pos: Pos| self.time(pos).since(at) > DESTROYED_WITHIN;
        let by_logoff = self.linker.tracks.last_logoff.filter(|&pos| is_late(pos));
        let by_desktop = || {
            self.around.last_desktop.filter(|&pos| pos > self.end_pos && self.are_logoffs_audited(pos))?;
            let shut_down = match &self.boot.end {
                BootEnd::Clean { at, .. } => Some(*at),
                _ => None,
            };
            let mut later = self.end_pos..self.boot.security.end;
            let late = later.find(|&pos| is_late(pos))?;
            shut_down.is_none_or(|shut_down| self.time(late) < shut_down).then_some(late)
        };
        let proof = by_logoff.or_else(by_desktop);
        proof.is_some_and(|proof| self.security.loss(self.end_pos, proof).is_none())
    }

    /// Whether logoffs were audited from its end to a place.
    fn are_logoffs_audited(&self, to: Pos) -> bool {
        let is_off = |period: &Range<Pos>| period.start <= to && self.end_pos < period.end;
        self.boot.logoff_audit == LogoffAudit::On && !self.boot.logoff_off.iter().any(is_off)
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
        let next = self.around.windows_opened.partition_point(|&(pos, _)| pos < logon);
        let &(pos, number) = self.around.windows_opened[..next].last()?;
        let apart =
            self.time(logon).since(self.time(pos)).saturating_sub(self.clock.kept_between(pos, logon));
        (apart <= WINDOWS_BEFORE).then_some(number)
    }

    #[inline(never)]
    pub fn finish(mut self, sessions: &mut Sessions) {
        let order = |e: &Evidence| {
            (
                self.records.signature(e.row).channel != self.security.channel,
                self.records.id[e.row as usize],
                e.role,
                e.rule,
            )
        };
        // Stable: records of one id stand in the order in which they were found.
        self.evidence.sort_by_key(order);
        self.evidence.dedup();
        self.intervals.sort_by_key(|interval| (interval.from, interval.what));
        let logons = self.add_logons(&mut sessions.logons);
        let session = &mut self.session;
        session.logons = logons;
        session.evidence = append(&mut sessions.evidence, self.evidence);
        session.intervals = append(&mut sessions.intervals, self.intervals);
        session.origins = append(&mut sessions.origins, self.origins);
        sessions.all.push(self.session);
    }

    /// Adds its 4624 in the order of their records; of a fixed LogonId the first alone.
    fn add_logons(&self, logons: &mut Vec<Logon>) -> Run {
        let first = logons.len();
        for (idx, role) in self.tracks() {
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

/// Ends that a record of their own shows.
fn is_exact(how: EndHow) -> bool {
    matches!(how, EndHow::UserLogoff | EndHow::Logoff | EndHow::LogoffFromOtherLog)
}

pub fn append<T>(column: &mut Vec<T>, own: impl IntoIterator<Item = T>) -> Run {
    let first = column.len();
    column.extend(own);
    Run { first: first as u32, n: (column.len() - first) as u32 }
}
