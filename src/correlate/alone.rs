//! Sessions that Security does not know: what Terminal Services, Winlogon and the User Profile Service saw of them
//! (domain.md rule 25).

use super::cause::{self, Causes};
use super::cited::{Cited, CitedLuids};
use super::classify::class_of_account;
use super::intervals;
use super::join::Joined;
use super::link::{Group, Linker};
use super::open::Identity;
use super::remote::name;
use super::stops::SHUTDOWN_SLACK;
use super::terminal::{SAME_MOMENT, TsSession};
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::{Boot, BootEnd};
use crate::session::{
    Class, Confidence, Doubt, End, EndHow, Evidence, EvidenceRole, Interval, Origin, Session, SessionIdx,
    Sessions, Start, StartHow, TsHow,
};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// A session of the same account that Security has from about then on is taken to be the same.
const SAME_SESSION: i64 = MINUTE;

/// The sessions that Security has nothing of.
#[inline(never)]
pub fn unknown(
    linker: &Linker<'_>,
    groups: &[Group],
    sessions: &[TsSession],
    joined: &Joined,
    cited: &CitedLuids,
) -> Vec<TsSession> {
    let mut alone = numbered(linker, groups, sessions, joined);
    let mut by_name: FxHashMap<String, Vec<(Timestamp, usize)>> = FxHashMap::default();
    let time = |row: RowIdx| linker.records.time[row as usize];
    for (n, session) in alone.iter().enumerate() {
        if let Some(&row) = session.opened.first() {
            let account = name(linker.records.text(session.account));
            by_name.entry(account).or_default().push((time(row), n));
        }
    }
    for n in 0..cited.all.len() {
        let own = &cited.all[n];
        if linker.tracks.by_luid.contains_key(&own.luid) || is_other_half(linker, cited, n) {
            continue;
        }
        let at = own.opened.map(time);
        let of_account = by_name.get(&name(linker.records.text(own.user)));
        let beside = of_account.zip(at).and_then(|(opened, at)| {
            let next = opened.partition_point(|&(other, _)| other < at.plus(-SAME_MOMENT));
            opened.get(next).filter(|&&(other, _)| other <= at.plus(SAME_MOMENT)).map(|&(_, n)| n)
        });
        match beside.filter(|&n| alone[n].luid.is_none()) {
            Some(n) => {
                let session = &mut alone[n];
                (session.luid, session.sid) = (Some(own.luid), own.sid);
                session.opened.extend(own.opened);
                session.closed.extend(own.closed);
                session.opened.sort_by_key(|&row| time(row));
                session.closed.sort_by_key(|&row| time(row));
            }
            None => alone.push(TsSession {
                luid: Some(own.luid),
                sid: own.sid,
                name: (own.domain, own.user),
                opened: own.opened.into_iter().collect(),
                closed: own.closed.into_iter().collect(),
                first: own.first,
                seen: own.last,
                ..TsSession::default()
            }),
        }
    }
    alone
}

/// Both halves of a token pair are told of this close together, and their LogonIds are this near (rule 27).
const PAIR: i64 = 2 * SECOND / 1000;
const PAIR_LUIDS: u64 = 0x10000;

/// Whether a LogonId is the other half of one that is told of already: of the limited half that comes after it, or of
/// one that Security has.
fn is_other_half(linker: &Linker<'_>, cited: &CitedLuids, n: usize) -> bool {
    let own = &cited.all[n];
    let at = |cited: &Cited| cited.opened.map(|row| linker.records.time[row as usize]);
    let is_pair = |other: &&Cited| {
        let is_near = at(own).zip(at(other)).is_some_and(|(a, b)| a.since(b).saturating_abs() <= PAIR);
        is_near && !own.sid.is_none() && own.sid == other.sid && own.luid.apart(other.luid) < PAIR_LUIDS
    };
    let before = n.checked_sub(1).and_then(|before| cited.all.get(before)).filter(is_pair);
    let after = cited.all.get(n + 1).filter(is_pair);
    let is_known = |other: &Cited| linker.tracks.by_luid.contains_key(&other.luid);
    after.is_some_and(|other| other.luid > own.luid || is_known(other)) || before.is_some_and(is_known)
}

/// The numbered sessions that Security has nothing of.
fn numbered(
    linker: &Linker<'_>,
    groups: &[Group],
    sessions: &[TsSession],
    joined: &Joined,
) -> Vec<TsSession> {
    if sessions.is_empty() {
        return Vec::new();
    }
    let mut is_joined = vec![false; sessions.len()];
    for &(n, _) in joined.iter().flatten() {
        is_joined[n] = true;
    }
    let desktops = || groups.iter().zip(joined).filter(|(group, _)| group.is_desktop());
    let has_number = |ts: &Option<(usize, TsHow)>| ts.is_some_and(|(n, _)| sessions[n].number.is_some());
    let known = Known::of(linker, desktops().map(|(group, _)| group));
    // A desktop has one number: what has one of its own is none that has another's.
    let unnumbered = Known::of(linker, desktops().filter(|(_, ts)| !has_number(ts)).map(|(group, _)| group));
    let alone = sessions.iter().zip(is_joined).filter(|(session, is_joined)| {
        // What could not be joined, and may be known all the same, is not told twice.
        let known = if session.number.is_some() { &unnumbered } else { &known };
        !is_joined && !known.may_be(linker.records, session)
    });
    alone.map(|(session, _)| session.clone()).collect()
}

/// When Security has desktops of an account: for each, in order, when it begins, and the latest end up to it.
type Spans = Vec<(Timestamp, Timestamp)>;

/// The desktops that Security knows, by account.
#[derive(Default)]
struct Known {
    by_sid: FxHashMap<StrId, Spans>,
    by_name: FxHashMap<String, Spans>,
    /// Of those by name, the ones whose SID no record tells.
    without_sid: FxHashMap<String, Spans>,
}

impl Known {
    fn of<'a>(linker: &Linker<'_>, desktops: impl Iterator<Item = &'a Group>) -> Self {
        let mut known = Known::default();
        for group in desktops {
            let own = || group.own().map(|idx| linker.track(idx));
            let first = own().map(|track| track.first).min().unwrap_or(0);
            let ended = own().flat_map(|track| [track.user_logoff, track.logoff]).flatten().max();
            let end = ended.map_or(Timestamp::MAX, |pos| linker.time(pos));
            let Identity { sid, user, .. } = linker.identity(group.primary);
            let (span, user) = ((linker.time(first), end), name(linker.records.text(user)));
            match sid.is_none() {
                true => known.without_sid.entry(user.clone()).or_default().push(span),
                false => known.by_sid.entry(sid).or_default().push(span),
            }
            known.by_name.entry(user).or_default().push(span);
        }
        let named = known.by_name.values_mut().chain(known.without_sid.values_mut());
        for spans in known.by_sid.values_mut().chain(named) {
            spans.sort_unstable();
            let mut latest = Timestamp::MIN;
            for (_, end) in spans {
                latest = latest.max(*end);
                *end = latest;
            }
        }
        known
    }

    /// Whether it may be a session of the same account that Security has at that time.
    fn may_be(&self, records: &Records, session: &TsSession) -> bool {
        let time = |row: RowIdx| records.time[row as usize];
        let Some(first) = session.first_row().map(time) else { return true };
        let last = session.closed.first().or(session.superseded_by.as_ref());
        let last = last.map_or(Timestamp::MAX, |&row| time(row).plus(SAME_SESSION));
        let overlaps = |spans: &Spans| {
            let begun = spans.partition_point(|&(begun, _)| begun <= last);
            let until = begun.checked_sub(1).map(|n| spans[n].1);
            until.is_some_and(|until| until >= first.plus(-SAME_SESSION))
        };
        let user = name(records.text(session.account));
        let is_named =
            |by_name: &FxHashMap<String, Spans>| !user.is_empty() && by_name.get(&user).is_some_and(overlaps);
        match session.sid.is_none() {
            true => is_named(&self.by_name),
            false => self.by_sid.get(&session.sid).is_some_and(overlaps) || is_named(&self.without_sid),
        }
    }
}

/// Adds a session from what other logs have of it. Tells its number.
#[inline(never)]
pub fn add(
    records: &Records,
    boot: &Boot,
    machine: u32,
    boot_idx: u32,
    ts: &TsSession,
    causes: &Causes,
    sessions: &mut Sessions,
) -> Option<SessionIdx> {
    let first_row = ts.first_row()?;
    let at = |row: RowIdx| records.time[row as usize];
    let (domain, user) = account(records, ts);
    let changed = ts.changes.iter().map(|(row, _)| row);
    let last_seen = ts.opened.iter().chain(changed).chain(&ts.seen).map(|&row| at(row)).max();
    let start = start(boot, ts, at, first_row);
    let mut end = end(boot, ts, at, last_seen);
    let mut evidence = evidence(ts, boot, end.how);
    evidence.extend(cause::of_numbered(&mut end, ts.number, true, boot, causes));
    evidence.sort_by_key(|evidence| (at(evidence.row), evidence.role));
    let until = end.at.or(end.earliest);
    let intervals = start.latest.zip(until).map_or_else(Vec::new, |(from, to)| states(ts, at, from, to));
    let origins = origins(records, ts);
    let span =
        |from: Option<Timestamp>, to: Option<Timestamp>| from.zip(to).map(|(from, to)| to.since(from).max(0));
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
        first_row,
        start,
        end,
        last_seen,
        duration_min: span(start.latest, end.earliest.or(end.at)).into(),
        duration_max: span(
            start.earliest,
            end.latest.or(end.at.filter(|_| end.how == EndHow::LogoffFromOtherLog)),
        )
        .into(),
        evidence: super::draft::append(&mut sessions.evidence, evidence),
        intervals: super::draft::append(&mut sessions.intervals, intervals),
        origins: super::draft::append(&mut sessions.origins, origins),
        ..Session::default()
    });
    Some(sessions.all.len() as SessionIdx - 1)
}

/// What is told by a number, or by Winlogon, has a desktop; LSA tells of any logon.
fn class(records: &Records, ts: &TsSession) -> Class {
    let text = |id| records.text(id);
    let by_account = class_of_account(ts.luid, text(ts.sid), text(ts.name.1), text(ts.name.0));
    match ts.luid.is_some() && ts.number.is_none() {
        true => by_account.unwrap_or(Class::Unknown),
        false => Class::Desktop,
    }
}

/// `DOMAIN\user` in its parts, as texts of their own where the case has them.
fn account(records: &Records, ts: &TsSession) -> (StrId, StrId) {
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

/// The logon itself came within moments of what was seen of it; a session that was only resumed, or cited, began before
/// that.
fn start(boot: &Boot, ts: &TsSession, at: impl Fn(RowIdx) -> Timestamp, first: RowIdx) -> Start {
    let earliest = match ts.opened.first() {
        Some(&row) if row == first => Some(at(row).plus(-SAME_MOMENT)),
        _ => boot.start.filter(|&start| start <= at(first)),
    };
    let is_told = ts.number.is_some() || !ts.opened.is_empty() || ts.luid.is_none();
    let how = match (is_told, boot.has_start) {
        (true, _) => StartHow::OtherLog,
        (false, true) => StartHow::Gap,
        (false, false) => StartHow::BeforeLogStart,
    };
    Start { how, at: None, earliest, latest: Some(at(first)) }
}

fn end(boot: &Boot, ts: &TsSession, at: impl Fn(RowIdx) -> Timestamp, last_seen: Option<Timestamp>) -> End {
    if let Some(&row) = ts.closed.first() {
        let end = End {
            how: EndHow::LogoffFromOtherLog,
            // By a clock of which records are missing it may be another boot's.
            confidence: if boot.is_clock_doubtful { Confidence::Medium } else { Confidence::High },
            row: Some(row),
            ..End::default()
        };
        return End { at: Some(at(row)), ..end };
    }
    let doubt = Some(Doubt::OtherLogsOnly);
    let bounds = End { earliest: last_seen, confidence: Confidence::Low, doubt, ..End::default() };
    let not_before = |moment: &Timestamp| last_seen.is_none_or(|last| last <= *moment);
    if let Some(row) = ts.superseded_by {
        return End {
            how: EndHow::Superseded,
            latest: Some(at(row)).filter(not_before),
            row: Some(row),
            ..bounds
        };
    }
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
        BootEnd::Unclean { heartbeat, by, .. } => {
            let recorded = last_seen.max(boot.last_record);
            let next = boot.next_start.filter(|&next| recorded.is_none_or(|recorded| recorded <= next));
            let end = recorded.max(heartbeat.filter(|&heartbeat| next.is_none_or(|next| heartbeat <= next)));
            End { how: EndHow::UncleanStop, at: end, latest: next, row: by.first().copied(), ..bounds }
        }
        BootEnd::Open => {
            End { how: EndHow::OpenAtLogEnd, confidence: Confidence::None, doubt: None, ..bounds }
        }
    }
}

fn evidence(ts: &TsSession, boot: &Boot, how: EndHow) -> Vec<Evidence> {
    let (rows, role): (&[RowIdx], _) = match (&boot.end, how) {
        (BootEnd::Clean { by, .. }, EndHow::CleanShutdown) => (by, EvidenceRole::Shutdown),
        (BootEnd::Unclean { by, .. }, EndHow::UncleanStop) => (by, EvidenceRole::Boot),
        _ => (&[], EvidenceRole::Boot),
    };
    let ended = rows.iter().map(|&row| Evidence { row, role, rule: 12 });
    let opened = ts.opened.iter().map(|&row| Evidence { row, role: EvidenceRole::Start, rule: 25 });
    let cited = ts.first.filter(|_| ts.opened.is_empty());
    let cited = cited.map(|row| Evidence { row, role: EvidenceRole::Start, rule: 24 });
    let closed = ts.closed.iter().map(|&row| Evidence { row, role: EvidenceRole::End, rule: 25 });
    let change = |&(row, kind): &(RowIdx, Kind)| Evidence { row, role: intervals::meaning(kind).2, rule: 35 };
    opened.chain(cited).chain(closed).chain(ts.changes.iter().map(change)).chain(ended).collect()
}

fn states(
    ts: &TsSession,
    at: impl Fn(RowIdx) -> Timestamp,
    begin: Timestamp,
    end: Timestamp,
) -> Vec<Interval> {
    let mut intervals = Vec::new();
    let mut open: [Option<RowIdx>; 3] = [None; 3];
    let mut last = begin;
    let mut push = |what, from: Timestamp, to: Timestamp, opened_by, closed_by| {
        intervals.push(Interval { what, from: from.max(begin), to: to.min(end), opened_by, closed_by });
    };
    for &(row, kind) in &ts.changes {
        let (what, opens, _) = intervals::meaning(kind);
        let slot = &mut open[what as usize];
        match (opens, slot.take()) {
            (true, before) => *slot = before.or(Some(row)),
            (false, Some(from)) => push(what, at(from), at(row), Some(from), Some(row)),
            // The opener was not seen (rule 37).
            (false, None) => push(what, last, at(row), None, Some(row)),
        }
        last = last.max(at(row));
    }
    for (what, from) in intervals::STATES.into_iter().zip(open) {
        if let Some(from) = from {
            push(what, at(from), end, Some(from), None);
        }
    }
    intervals.retain(|interval| interval.from < interval.to);
    intervals.sort_by_key(|interval| (interval.from, interval.what));
    intervals
}

/// Addresses that Terminal Services name; `LOCAL` is the console.
pub fn origins(records: &Records, ts: &TsSession) -> Vec<Origin> {
    let reconnected = ts.changes.iter().filter(|(_, kind)| *kind == Kind::TsReconnected).map(|(row, _)| row);
    let named = ts.opened.iter().chain(reconnected).filter_map(|&row| {
        let event = records.event(row)?;
        let is_first = records.events.kind(event) != Kind::TsShell;
        let address = records.events.text(event, Field::Address);
        let is_remote =
            is_first && !address.is_none() && !records.text(address).eq_ignore_ascii_case("LOCAL");
        is_remote.then_some(Origin {
            at: records.time[row as usize],
            address,
            port: None,
            host: StrId::NONE,
            row,
        })
    });
    named.collect()
}
