//! Sessions that Security does not know: which of those that Terminal Services, Winlogon, the User Profile Service or
//! LSA tell of are they (domain.md rule 25)?

use super::accounts::{ByAccount, name};
use super::cited::{Cited, CitedLuids};
use super::join::{Joined, is_nameless, only_closed};
use super::link::{Group, Linker};
use super::moments::SAME_MOMENT;
use super::open::Identity;
use super::terminal::TsSession;
use crate::event::{LogonId, Records, RowIdx, StrId};
use crate::session::TsHow;
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
    let is_told =
        |n: usize| linker.tracks.by_luid.contains_key(&cited.all[n].luid) || is_other_half(linker, cited, n);
    let untold: Vec<usize> = (0..cited.all.len()).filter(|&n| !is_told(n)).collect();
    let homes = homes(linker.records, &alone, cited, &untold);
    for n in untold {
        let own = &cited.all[n];
        let closed = closed(linker.records, cited, n);
        let other = elevated(linker.records, cited, n).map(|elevated| elevated.luid);
        match homes.get(&n) {
            Some(&home) => take(linker.records, &mut alone[home], (own, other), closed),
            None => alone.push(TsSession {
                luid: Some(own.luid),
                other,
                sid: own.sid,
                name: (own.domain, own.user),
                opened: own.opened.into_iter().collect(),
                closed: closed.into_iter().collect(),
                first: own.first,
                seen: own.last,
                ..TsSession::default()
            }),
        }
    }
    alone
}

/// Gives a numbered session its LogonId, or the other half of the pair that it has one of.
fn take(
    records: &Records,
    session: &mut TsSession,
    (own, other): (&Cited, Option<LogonId>),
    closed: Option<RowIdx>,
) {
    let time = |row: &RowIdx| records.time[*row as usize];
    session.other = session.luid.map(|_| own.luid).or(other);
    session.luid = session.luid.or(Some(own.luid));
    session.sid = if own.sid.is_none() { session.sid } else { own.sid };
    if session.account.is_none() {
        session.name = (own.domain, own.user);
    }
    session.opened.extend(own.opened);
    session.closed.extend(closed);
    session.opened.sort_by_key(time);
    session.closed.sort_by_key(time);
    session.seen = session.seen.into_iter().chain(own.last).max_by_key(time);
}

/// For LogonIds, the numbered session that each is of: one of the same account that began at that moment. Of several it
/// is the last, for those before it let its client in (B, class 8). What LSA does not tell of is of the only one that
/// is on while it is cited, as either half of a pair may be.
fn homes(
    records: &Records,
    numbered: &[TsSession],
    cited: &CitedLuids,
    untold: &[usize],
) -> FxHashMap<usize, usize> {
    let time = |row: RowIdx| records.time[row as usize];
    let by_account = by_account(records, numbered);
    let mut homes: FxHashMap<usize, usize> = FxHashMap::default();
    let mut is_told = vec![false; numbered.len()];
    let mut halves: Vec<Vec<LogonId>> = vec![Vec::new(); numbered.len()];
    let is_told_of = |n: &&usize| cited.all[**n].opened.is_some();
    // A desktop has a lower LogonId than what ran in it.
    let mentioned = untold.iter().filter(|n| !is_told_of(n));
    for &n in untold.iter().rev().filter(is_told_of).chain(mentioned) {
        let own = &cited.all[n];
        let mut of_account = by_account.named(own.sid, records.text(own.user));
        let home = of_account.find_map(|spans| match own.opened.map(time) {
            Some(at) => {
                begun_at(spans, at).filter(|&home| !is_told[home] && outlasts(records, own, &numbered[home]))
            }
            None => only_on(records, spans, own),
        });
        let is_half = |&home: &usize| match halves[home].as_slice() {
            [] => true,
            [other] => other.apart(own.luid) < PAIR_LUIDS,
            _ => false,
        };
        if let Some(home) = home.filter(is_half) {
            is_told[home] |= own.opened.is_some();
            halves[home].push(own.luid);
            homes.insert(n, home);
        }
    }
    homes
}

/// When a numbered session was on, and until when those of its account that began before it.
struct Span {
    n: usize,
    begun: Timestamp,
    ended: Timestamp,
    others_ended: Timestamp,
}

/// Numbered sessions by the name of their account, or by its SID where no name is told, in the order of their beginning.
fn by_account(records: &Records, numbered: &[TsSession]) -> ByAccount<Span> {
    let time = |&row: &RowIdx| records.time[row as usize];
    let mut by_account = ByAccount::default();
    for (n, session) in numbered.iter().enumerate() {
        let is_named = !session.account.is_none() || !session.sid.is_none();
        let Some(begun) = session.opened.first().filter(|_| is_named).map(time) else { continue };
        let ended = session.closed.first().or(session.superseded_by.as_ref()).map_or(Timestamp::MAX, time);
        let span = Span { n, begun, ended, others_ended: Timestamp::MIN };
        let sid = if session.account.is_none() { session.sid } else { StrId::NONE };
        by_account.add(records, sid, session.account, span);
    }
    for spans in by_account.values_mut() {
        spans.sort_by_key(|span| (span.begun, span.n));
        let mut latest = Timestamp::MIN;
        for span in spans {
            span.others_ended = latest;
            latest = latest.max(span.ended);
        }
    }
    by_account
}

/// The session of the account that began at a moment.
fn begun_at(of_account: &[Span], at: Timestamp) -> Option<usize> {
    let next = of_account.partition_point(|span| span.begun < at.plus(-SAME_MOMENT));
    of_account.get(next).filter(|span| span.begun <= at.plus(SAME_MOMENT)).map(|span| span.n)
}

/// The session of the account that is on while a LogonId is cited, if it is the only one and LSA tells nothing else.
fn only_on(records: &Records, of_account: &[Span], own: &Cited) -> Option<usize> {
    let (first, last) = own.first.zip(own.last).filter(|_| own.closed.is_none())?;
    let (first, last) = (records.time[first as usize], records.time[last as usize]);
    let next = of_account.partition_point(|span| span.begun <= first);
    let newest = of_account[..next].last()?;
    (newest.others_ended < first && last <= newest.ended).then_some(newest.n)
}

/// Whether a LogonId was there for as long as anything is told of a numbered session.
fn outlasts(records: &Records, own: &Cited, session: &TsSession) -> bool {
    let time = |row: RowIdx| records.time[row as usize];
    let changes = session.changes.iter().map(|&(row, _)| row);
    let last = session.opened.iter().copied().chain(session.closed.first().copied()).chain(changes);
    let last = last.map(time).max();
    own.closed.zip(last).is_none_or(|(closed, last)| last <= time(closed).plus(SAME_MOMENT))
}

/// Both halves of a token pair are told of this close together, and their LogonIds are this near (rule 27).
const PAIR: i64 = 2 * SECOND / 1000;
const PAIR_LUIDS: u64 = 0x10000;

/// Whether a LogonId is the other half of one that is told of already: of the limited half that comes after it, or of
/// one that Security has.
fn is_other_half(linker: &Linker<'_>, cited: &CitedLuids, n: usize) -> bool {
    let is_known = |other: usize| linker.tracks.by_luid.contains_key(&cited.all[other].luid);
    let (before, after) = halves(linker.records, cited, n);
    let is_limited = |other: usize| cited.all[other].luid > cited.all[n].luid;
    after.is_some_and(|other| is_limited(other) || is_known(other)) || before.is_some_and(is_known)
}

/// The LogonIds next to one that may be its other half.
fn halves(records: &Records, cited: &CitedLuids, n: usize) -> (Option<usize>, Option<usize>) {
    let own = &cited.all[n];
    let at = |cited: &Cited| cited.opened.map(|row| records.time[row as usize]);
    let is_pair = |&other: &usize| {
        let Some(other) = cited.all.get(other) else { return false };
        let is_near = at(own).zip(at(other)).is_some_and(|(a, b)| a.since(b).saturating_abs() <= PAIR);
        is_near && !own.sid.is_none() && own.sid == other.sid && own.luid.apart(other.luid) < PAIR_LUIDS
    };
    (n.checked_sub(1).filter(is_pair), Some(n + 1).filter(is_pair))
}

/// The elevated half of a limited one.
fn elevated<'a>(records: &Records, cited: &'a CitedLuids, n: usize) -> Option<&'a Cited> {
    halves(records, cited, n).0.map(|other| &cited.all[other]).filter(|other| other.luid < cited.all[n].luid)
}

/// When LSA ended a LogonId: with the last of both halves (rule 29).
fn closed(records: &Records, cited: &CitedLuids, n: usize) -> Option<RowIdx> {
    let own = &cited.all[n];
    let Some(elevated) = elevated(records, cited, n) else { return own.closed };
    own.closed
        .zip(elevated.closed)
        .map(|(a, b)| if records.time[a as usize] < records.time[b as usize] { b } else { a })
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
        !is_joined && !known.may_be(linker, session)
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
    /// When any of them ended, ascending.
    ends: Vec<Timestamp>,
}

impl Known {
    fn of<'a>(linker: &Linker<'_>, desktops: impl Iterator<Item = &'a Group>) -> Self {
        let mut known = Known::default();
        for group in desktops {
            let own = || group.own().map(|idx| linker.track(idx));
            let first = own().map(|track| track.first).min().unwrap_or(0);
            let ended = || own().flat_map(|track| [track.user_logoff, track.logoff]).flatten();
            known.ends.extend(ended().map(|pos| linker.time(pos)));
            let end = ended().max().map_or(Timestamp::MAX, |pos| linker.time(pos));
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
        known.ends.sort_unstable();
        known
    }

    /// Whether it may be a session of the same account that Security has at that time. A logoff alone, of nobody's, may be
    /// that of the desktop that ended then.
    fn may_be(&self, linker: &Linker<'_>, session: &TsSession) -> bool {
        if is_nameless(session) {
            return only_closed(linker, session).is_some_and(|at| self.has_ended(at));
        }
        let records = linker.records;
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

    /// Whether a desktop ended next to a moment.
    fn has_ended(&self, at: Timestamp) -> bool {
        let first = self.ends.partition_point(|&end| end < at.plus(-SAME_MOMENT));
        self.ends.get(first).is_some_and(|&end| end <= at.plus(SAME_MOMENT))
    }
}
