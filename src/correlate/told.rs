//! What is told of a session that Security does not know, by the logs that do (domain.md rule 25).

use super::cause::{self, Causes};
use super::classify::class_of_account;
use super::intervals::{self, OtherLogs};
use super::moments::SAME_MOMENT;
use super::sleep::{self, Sleep};
use super::stops::SHUTDOWN_SLACK;
use super::terminal::TsSession;
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::{Boot, BootEnd, Clock, Lineage, Moment, Pos};
use crate::session::{
    Class, Confidence, Doubt, End, EndHow, Evidence, EvidenceRole, Flags, Interval, Length, Logon, LogonRole,
    Origin, Run, Session, SessionIdx, Sessions, Start, StartHow, State, TsHow,
};
use crate::time::Timestamp;

/// The boot whose sessions are told of.
pub struct Teller<'a> {
    pub records: &'a Records,
    pub clock: &'a Clock,
    /// All logs of the machine.
    pub logs: &'a [Lineage],
    pub boot: &'a Boot,
    /// The numbers of its machine and of itself there.
    pub machine: u32,
    pub boot_idx: u32,
    pub causes: &'a Causes,
    /// When the machine slept or stood still ([`sleep::Sleeps::with_pauses`]).
    pub sleeps: Vec<Sleep>,
}

impl Teller<'_> {
    /// Adds a session from what other logs have of it. Tells its number.
    #[inline(never)]
    pub fn add(&self, ts: &TsSession, sessions: &mut Sessions) -> Option<SessionIdx> {
        let &Teller { records, boot, machine, boot_idx, causes, .. } = self;
        let first_row = ts.first_row()?;
        let (domain, user) = account(records, ts);
        let mut flags = Flags::default();
        flags.set(Flags::CLOCK_CORRECTED, self.at(first_row) != records.time[first_row as usize]);
        let last_seen = self.last_seen(ts);
        let start = self.start(ts, first_row);
        let mut end = self.end(ts, last_seen);
        let mut evidence = evidence(ts, boot, end.how);
        evidence.extend(cause::of_numbered(&mut end, ts.number, true, boot, causes));
        let until = end.at.or(end.earliest);
        let intervals = start.latest.zip(until).map_or_else(Vec::new, |(from, to)| {
            let mut intervals = self.states(ts, from, to);
            intervals.extend(self.asleep(&end, (from, to), &mut evidence));
            intervals.sort_by_key(|interval| (interval.from, interval.what));
            intervals
        });
        evidence.sort_by_key(|evidence| (self.at(evidence.row), evidence.role));
        evidence.dedup();
        let (duration_min, duration_max) = self.durations(&start, &end);
        sessions.all.push(Session {
            machine,
            boot: boot_idx,
            luid: ts.luid,
            class: class(records, ts),
            computer: records.signature(first_row).computer,
            user,
            domain,
            sid: ts.sid,
            ts_session: ts.number,
            ts_how: ts.number.map(|_| TsHow::OwnNumber),
            flags,
            first_row,
            start,
            end,
            last_seen,
            duration_min,
            duration_max,
            evidence: Run::append(&mut sessions.evidence, evidence),
            intervals: Run::append(&mut sessions.intervals, intervals),
            origins: Run::append(&mut sessions.origins, self.origins(ts)),
            logons: Run::append(&mut sessions.logons, halves(ts)),
            ..Session::default()
        });
        Some(sessions.all.len() as SessionIdx - 1)
    }

    /// When a record was written, by a clock that was right since boot (rule 18).
    fn at(&self, row: RowIdx) -> Timestamp {
        self.clock.time_of(row, self.records.time[row as usize])
    }

    fn last_seen(&self, ts: &TsSession) -> Option<Timestamp> {
        let changed = ts.changes.iter().map(|(row, _)| row);
        ts.opened.iter().chain(changed).chain(&ts.seen).map(|&row| self.at(row)).max()
    }

    /// The logon itself came within moments of what was seen of it; a session that was only resumed, or cited, began before
    /// that.
    fn start(&self, ts: &TsSession, first: RowIdx) -> Start {
        let earliest = match ts.opened.first() {
            Some(&row) if row == first => Some(self.at(row).plus(-SAME_MOMENT)),
            _ => self.boot.start.filter(|&start| start <= self.at(first)),
        };
        let is_told = ts.number.is_some() || !ts.opened.is_empty() || ts.luid.is_none();
        let how = match (is_told, self.boot.has_start) {
            (true, _) => StartHow::OtherLog,
            (false, true) => StartHow::Gap,
            (false, false) => StartHow::BeforeLogStart,
        };
        Start { how, at: None, earliest, latest: Some(self.at(first)) }
    }

    fn end(&self, ts: &TsSession, last_seen: Option<Timestamp>) -> End {
        if let Some(&row) = ts.closed.first() {
            return End {
                how: EndHow::LogoffFromOtherLog,
                at: Some(self.at(row)),
                // By a clock of which records are missing it may be another boot's.
                confidence: match self.boot.is_clock_doubtful {
                    true => Confidence::Medium,
                    false => ts.confidence_of_end(self.records),
                },
                row: Some(row),
                ..End::default()
            };
        }
        let doubt = Some(Doubt::OtherLogsOnly);
        let bounds = End { earliest: last_seen, confidence: Confidence::Low, doubt, ..End::default() };
        let not_before = |moment: &Timestamp| last_seen.is_none_or(|last| last <= *moment);
        if let Some(row) = ts.superseded_by {
            return End {
                how: EndHow::Superseded,
                latest: Some(self.at(row)).filter(not_before),
                row: Some(row),
                ..bounds
            };
        }
        with_boot(self.boot, last_seen, bounds)
    }

    fn states(&self, ts: &TsSession, begin: Timestamp, end: Timestamp) -> Vec<Interval> {
        let mut intervals = Vec::new();
        let mut open: [Option<RowIdx>; 3] = [None; 3];
        let mut last = begin;
        let mut push = |what, from: Timestamp, to: Timestamp, opened_by, closed_by| {
            intervals.push(Interval { what, from: from.max(begin), to: to.min(end), opened_by, closed_by });
        };
        let logs = OtherLogs { records: self.records, clock: self.clock, logs: self.logs };
        // Over missing records it may have been ended, and begun anew (rule 37).
        let until_loss = |from: RowIdx, until: Timestamp| logs.until_loss(from, (self.at(from), until));
        for &(row, kind) in &ts.changes {
            let (what, opens, _) = intervals::meaning(kind);
            let slot = &mut open[what as usize];
            match (opens, slot.take()) {
                (true, Some(from)) => match until_loss(from, self.at(row)) {
                    Some(to) => {
                        push(what, self.at(from), to, Some(from), None);
                        *slot = Some(row);
                    }
                    None => *slot = Some(from),
                },
                (true, None) => *slot = Some(row),
                (false, Some(from)) => push(what, self.at(from), self.at(row), Some(from), Some(row)),
                // The opener was not seen (rule 37).
                (false, None) => push(what, last, self.at(row), None, Some(row)),
            }
            last = last.max(self.at(row));
        }
        for (what, from) in intervals::STATES.into_iter().zip(open) {
            if let Some(from) = from {
                push(what, self.at(from), until_loss(from, end).unwrap_or(end), Some(from), None);
            }
        }
        // What it was in when it was last heard of lasted for some time that nobody knows (rule 37).
        let is_last = |interval: &Interval| interval.closed_by.is_none() && interval.from == interval.to;
        intervals.retain(|interval| interval.from < interval.to || is_last(interval));
        intervals
    }

    /// Spans in which the machine slept or stood still (rules 35 and 19), with the records that say so.
    fn asleep(
        &self,
        end: &End,
        (begin, until): (Timestamp, Timestamp),
        evidence: &mut Vec<Evidence>,
    ) -> Vec<Interval> {
        let is_open = end.at.is_none() && end.latest.is_none();
        let interval = |&Sleep { from, to, opened_by, closed_by, .. }: &Sleep| {
            let roles = [(opened_by, EvidenceRole::Sleep), (closed_by, EvidenceRole::Wake)];
            let told = roles.into_iter().filter_map(|(row, role)| Some((row?, role)));
            evidence.extend(told.map(|(row, role)| Evidence { row, role, rule: 35 }));
            let from = from.max(begin);
            // What goes on when it was last heard of is known to be so, and not until when (rule 37).
            let to = to.min(until).max(from);
            Interval { what: State::Suspended, from, to, opened_by, closed_by }
        };
        sleep::within(&self.sleeps, (begin, until), is_open).map(interval).collect()
    }

    /// How long a session was at least and at most: what clock steps add to the difference of its times is taken out.
    fn durations(&self, start: &Start, end: &End) -> (Length, Length) {
        let told = |at: Timestamp| Moment::Told(at, 0..Pos::MAX);
        let kept = |to: Moment| self.clock.kept_from(self.boot_idx, &told(start.latest?), &to);
        let span = |from: Option<Timestamp>, to: Option<Timestamp>, kept: Option<i64>| {
            let elapsed = to?.since(from?).saturating_sub(kept?);
            Some(elapsed.max(0))
        };
        let logoff = end.at.filter(|_| end.how == EndHow::LogoffFromOtherLog);
        let shortest = end.earliest.or(end.at);
        let most_kept = shortest.and_then(|at| kept(told(at))).map(|(_, most)| most);
        let least_kept = kept(logoff.map_or(Moment::At(Pos::MAX), told)).map(|(least, _)| least);
        let longest = span(start.earliest, end.latest.or(logoff), least_kept);
        (span(start.latest, shortest, most_kept).into(), longest.into())
    }

    /// Addresses that Terminal Services name; `LOCAL` is the console.
    fn origins(&self, ts: &TsSession) -> Vec<Origin> {
        let events = &self.records.events;
        let reconnected =
            ts.changes.iter().filter(|(_, kind)| *kind == Kind::TsReconnected).map(|(row, _)| row);
        let named = ts.opened.iter().chain(reconnected).filter_map(|&row| {
            let event = self.records.event(row)?;
            let is_first = events.kind(event) != Kind::TsShell;
            let address = events.text(event, Field::Address);
            let is_remote =
                is_first && !address.is_none() && !self.records.text(address).eq_ignore_ascii_case("LOCAL");
            is_remote.then_some(Origin { at: self.at(row), address, port: None, host: StrId::NONE, row })
        });
        named.collect()
    }
}

/// Both halves of a pair: the elevated one is the lower (rule 26).
fn halves(ts: &TsSession) -> Vec<Logon> {
    let Some((a, b)) = ts.luid.zip(ts.other) else { return Vec::new() };
    let half =
        |luid, role| Logon { luid, linked: None, role, row: None, logoff_4634: None, logoff_4647: None };
    vec![half(a.min(b), LogonRole::Elevated), half(a.max(b), LogonRole::Primary)]
}

/// What is told by a number, or by Winlogon, has a desktop; LSA tells of any logon.
fn class(records: &Records, ts: &TsSession) -> Class {
    let text = |id| records.text(id);
    let by_account = class_of_account(ts.luid, text(ts.sid), text(ts.name.1), || text(ts.name.0));
    match ts.luid.is_some() && ts.number.is_none() {
        true => by_account.unwrap_or(Class::Unknown),
        false => Class::Desktop,
    }
}

/// `DOMAIN\user` in its parts, as texts of their own where the case has them.
pub fn account(records: &Records, ts: &TsSession) -> (StrId, StrId) {
    if !ts.name.1.is_none() {
        return ts.name;
    }
    let text = records.text(ts.account);
    let find = |part: &str| records.strings.find(part);
    match text.split_once('\\') {
        Some((domain, user)) => match (find(domain), find(user)) {
            (Some(domain), Some(user)) => (domain, user),
            _ => (StrId::NONE, ts.account),
        },
        None => (StrId::NONE, ts.account),
    }
}

/// The end of what was on until its boot was over, as far as is known.
fn with_boot(boot: &Boot, last_seen: Option<Timestamp>, bounds: End) -> End {
    // It may be a session of the next boot, whose start no record shows.
    if boot.next_since.is_some_and(|since| last_seen.is_some_and(|last| since < last)) {
        return End { how: EndHow::LostInGap, ..bounds };
    }
    match &boot.end {
        // Nor is it of a boot that was shut down before it.
        BootEnd::Clean { latest, .. } if last_seen.is_some_and(|last| *latest < last) => {
            End { how: EndHow::LostInGap, ..bounds }
        }
        BootEnd::Clean { at, latest, by } => {
            let at = last_seen.map_or(*at, |last| last.max(*at));
            End {
                how: EndHow::CleanShutdown,
                at: Some(at),
                // Its logoff may not have been written.
                earliest: last_seen.map(|last| last.min(at)).or(Some(at.plus(-SHUTDOWN_SLACK))),
                latest: Some(at.max(*latest)),
                row: by.first().copied(),
                ..bounds
            }
        }
        BootEnd::Unclean { by, .. } => {
            let Some(at) = boot.last_sign_of_life(last_seen) else {
                return End { how: EndHow::LostInGap, ..bounds };
            };
            let next = boot.next_start_by_its_clock().filter(|&next| at <= next);
            End { how: EndHow::UncleanStop, at: Some(at), latest: next, row: by.first().copied(), ..bounds }
        }
        BootEnd::Open => End { how: EndHow::OpenAtLogEnd, confidence: Confidence::None, ..bounds },
    }
}

fn evidence(ts: &TsSession, boot: &Boot, how: EndHow) -> Vec<Evidence> {
    let (started, shut_down): (&[RowIdx], &[RowIdx]) = match (&boot.end, how) {
        (BootEnd::Clean { by, .. }, EndHow::CleanShutdown) => (&[], by),
        (BootEnd::Unclean { by, against, .. }, EndHow::UncleanStop) => (by, against.as_slice()),
        _ => (&[], &[]),
    };
    let told = |role| move |&row: &RowIdx| Evidence { row, role, rule: 12 };
    let ended = started.iter().map(told(EvidenceRole::Boot));
    let ended = ended.chain(shut_down.iter().map(told(EvidenceRole::Shutdown)));
    let opened = ts.opened.iter().map(|&row| Evidence { row, role: EvidenceRole::Start, rule: 25 });
    let cited = ts.first.filter(|_| ts.opened.is_empty());
    let cited = cited.map(|row| Evidence { row, role: EvidenceRole::Start, rule: 24 });
    let closed = ts.closed.iter().map(|&row| Evidence { row, role: EvidenceRole::End, rule: 25 });
    let change = |&(row, kind): &(RowIdx, Kind)| Evidence { row, role: intervals::meaning(kind).2, rule: 35 };
    opened.chain(cited).chain(closed).chain(ts.changes.iter().map(change)).chain(ended).collect()
}
