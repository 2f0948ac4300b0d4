//! Which desktop session of the Security log is which numbered session of other logs (domain.md rule 33)?

mod nameless;
mod rest;

pub use nameless::{is_nameless, only_closed};
pub use rest::join_rest;

use self::nameless::join_nameless;
use super::accounts::{ByAccount, name};
use super::around::Windows;
use super::link::{Group, Groups, Linker};
use super::moments::SAME_MOMENT;
use super::open::Mark;
use super::remote::Remote;
use super::terminal::TsSession;
use crate::event::{Field, Kind, RowIdx};
use crate::machine::Pos;
use crate::session::TsHow;
use crate::time::{MINUTE, Timestamp};
use rustc_hash::FxHashMap;

/// Moments of one account that are looked at: so many within seconds are no person's.
const MAX_MOMENTS: usize = 64;

/// 4778 and 4779 of one session that are tried: where the first few fit nothing, the others will not.
const MAX_STATIONS: usize = 8;

/// The LogonId of a desktop is destroyed within minutes after it was closed.
const DESTROYED_WITHIN: i64 = 5 * MINUTE;

/// A logon may take this long until the last log tells of it.
const SAME_LOGON: i64 = MINUTE;

/// For each group the numbered session it is, and how that is known. None is given to two.
pub type Joined = Vec<Option<(usize, TsHow)>>;

/// Joins a boot's desktops with its numbered sessions, by the better methods first.
#[inline(never)]
pub fn join(linker: &Linker<'_>, groups: &Groups, sessions: &[TsSession], remote: &Remote) -> Joined {
    let mut joined: Joined = vec![None; groups.all.len()];
    if sessions.is_empty() {
        return joined;
    }
    let joiner = Joiner::new(linker, sessions, remote);
    let marks = joiner.first_marks(groups);
    let stations = joiner.stations(groups);
    let mut is_taken = vec![false; sessions.len()];
    for by in [By::Number, By::Moment, By::MomentOfGone, By::LateEnd] {
        for (n, group) in groups.all.iter().enumerate().filter(|(_, group)| group.is_desktop()) {
            if joined[n].is_some() || by == By::Moment && joiner.is_only_gone(group) {
                continue;
            }
            let found = match by {
                By::Number => marks.get(&n).and_then(|mark| joiner.by_number(group, mark)),
                By::Moment | By::MomentOfGone => {
                    joiner.by_moment(group, stations.get(&n).map_or(&[], |own| own), &is_taken)
                }
                By::LateEnd => joiner.by_late_end(group, &is_taken),
            };
            if let Some((found, how)) = found.filter(|&(found, _)| !is_taken[found]) {
                is_taken[found] = true;
                joined[n] = Some((found, how));
            }
        }
    }
    join_nameless(linker, groups, sessions, &is_taken, &mut joined);
    joined
}

/// Ways to join, the better first: a session of which little but its 4634 is left comes last, for it may have been in
/// another's desktop, and that 4634 may be late.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Number,
    Moment,
    MomentOfGone,
    LateEnd,
}

/// When another log ended each group, or its window manager was gone (C.7, row 5), where Security has nothing of it after
/// that.
#[inline(never)]
pub fn closed(
    linker: &Linker<'_>,
    groups: &Groups,
    sessions: &[TsSession],
    joined: &Joined,
    windows: &Windows,
) -> Vec<Option<Timestamp>> {
    if sessions.is_empty() {
        return Vec::new();
    }
    let closed = |(group, ts): (&Group, &Option<(usize, TsHow)>)| {
        // Where Security has its end, the order of the records tells more than any time.
        let own = || group.own().map(|idx| linker.track(idx));
        if own().any(|track| track.user_logoff.is_some()) || own().all(|track| track.logoff.is_some()) {
            return None;
        }
        let session = &sessions[ts.as_ref()?.0];
        let last = own().filter_map(|track| track.last_seen).max();
        let told = session.closed.first().map(|&row| linker.records.time[row as usize]);
        let told = told.filter(|&at| last.is_none_or(|last| linker.time(last) <= at));
        let gone = || {
            let last = last.or_else(|| own().map(|track| track.first).min())?;
            windows.closed_after(last, session.number?).map(|pos| linker.time(pos))
        };
        told.or_else(gone)
    };
    groups.all.iter().zip(joined).map(closed).collect()
}

/// What happened to a session at a moment, as several logs tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Opened,
    Closed,
    Left,
    Resumed,
}

/// A moment of a numbered session, and what told it.
type Told = (Timestamp, Moment, usize, TsHow);

struct Joiner<'a> {
    linker: &'a Linker<'a>,
    sessions: &'a [TsSession],
    remote: &'a Remote,
    by_number: FxHashMap<u32, Vec<usize>>,
    by_account: ByAccount<Told>,
}

impl<'a> Joiner<'a> {
    fn new(linker: &'a Linker<'a>, sessions: &'a [TsSession], remote: &'a Remote) -> Self {
        let mut joiner = Joiner {
            linker,
            sessions,
            remote,
            by_number: FxHashMap::default(),
            by_account: ByAccount::default(),
        };
        for (n, session) in sessions.iter().enumerate() {
            if let Some(number) = session.number {
                joiner.by_number.entry(number).or_default().push(n);
            }
            for told in joiner.moments(n, session) {
                joiner.by_account.add_to_both(linker.records, session.sid, session.account, told);
            }
        }
        for moments in joiner.by_account.values_mut() {
            moments.sort_unstable_by_key(|&(at, moment, n, _)| (at, moment, n));
        }
        joiner
    }

    fn moments(&self, n: usize, session: &TsSession) -> Vec<Told> {
        let told = |row: RowIdx, moment: Moment| {
            let kind = self.linker.records.event(row).map(|event| self.linker.records.events.kind(event));
            let how = match kind {
                Some(kind) if is_of_sid(kind) => TsHow::SidAndTime,
                _ => TsHow::UserAndTime,
            };
            (self.linker.records.time[row as usize], moment, n, how)
        };
        let opened = session.opened.iter().map(|&row| told(row, Moment::Opened));
        let closed = session.closed.iter().map(|&row| told(row, Moment::Closed));
        let changed = session.changes.iter().filter_map(|&(row, kind)| {
            Some(told(
                row,
                match kind {
                    Kind::TsReconnected => Moment::Resumed,
                    Kind::TsDisconnected => Moment::Left,
                    _ => return None,
                },
            ))
        });
        opened.chain(closed).chain(changed).collect()
    }

    /// The first marks of each group that name a number: themselves (rule 33a), or by their connection (33e).
    fn first_marks(&self, groups: &Groups) -> FxHashMap<usize, &'a Mark> {
        let mut first: FxHashMap<usize, (TsHow, &'a Mark)> = FxHashMap::default();
        for mark in &self.linker.tracks.marks {
            let Some((_, how)) = self.number(mark) else { continue };
            let known = first.entry(groups.of(mark.track)).or_insert((how, mark));
            if how < known.0 {
                *known = (how, mark);
            }
        }
        first.into_iter().map(|(n, (_, mark))| (n, mark)).collect()
    }

    /// The first 4778 and 4779 of each group.
    fn stations(&self, groups: &Groups) -> FxHashMap<usize, Vec<&'a Mark>> {
        let mut stations: FxHashMap<usize, Vec<&'a Mark>> = FxHashMap::default();
        let is_station = |mark: &&Mark| matches!(mark.kind, Kind::Disconnected | Kind::Reconnected);
        for mark in self.linker.tracks.marks.iter().filter(is_station) {
            let own = stations.entry(groups.of(mark.track)).or_default();
            if own.len() < MAX_STATIONS {
                own.push(mark);
            }
        }
        stations
    }

    /// Whether a group has neither a 4624 nor a 4647 nor any lock or disconnect.
    fn is_only_gone(&self, group: &Group) -> bool {
        let own = || group.own().map(|idx| self.linker.track(idx));
        own().all(|track| track.logon.is_none() && track.user_logoff.is_none() && !track.has_marks)
    }

    /// The number that a mark names, and how.
    fn number(&self, mark: &Mark) -> Option<(u32, TsHow)> {
        number_of_mark(self.linker, self.remote, mark)
    }

    /// Rule 33a: 4800 to 4803 name both; 33e: the name of a connection stands for a number.
    fn by_number(&self, group: &Group, mark: &Mark) -> Option<(usize, TsHow)> {
        let (number, how) = self.number(mark)?;
        let at = self.linker.time(mark.pos);
        let time = |row: RowIdx| self.linker.records.time[row as usize];
        let own = self.by_number.get(&number)?;
        // Sessions of one number follow each other.
        let begun =
            |&n: &usize| self.sessions[n].first_row().is_none_or(|row| time(row) <= at.plus(SAME_MOMENT));
        let covers = |&&n: &&usize| {
            let session = &self.sessions[n];
            session.closed.first().is_none_or(|&row| at <= time(row).plus(SAME_MOMENT))
                && (is_nameless(session) || is_account(self.linker, group, session))
        };
        let found = own[..own.partition_point(begun)].iter().rev().take(2).find(covers)?;
        Some((*found, how))
    }

    /// Rule 33, b and c: the moment of the logon, else that of the logoff, of a disconnect or a reconnect, is that of the
    /// other log's.
    fn by_moment(&self, group: &Group, marks: &[&Mark], is_taken: &[bool]) -> Option<(usize, TsHow)> {
        let own = || group.own().map(|idx| self.linker.track(idx));
        let ended = own().flat_map(|track| [track.user_logoff, track.logoff]).flatten().min();
        let begun = self.linker.logon_of(group).or_else(|| first_of_logon(self.linker, group));
        let begun = begun.map(|pos| (Moment::Opened, pos));
        let ended = ended.map(|pos| (Moment::Closed, pos));
        let moved = marks.iter().filter_map(|mark| match mark.kind {
            Kind::Disconnected => Some((Moment::Left, mark.pos)),
            Kind::Reconnected => Some((Moment::Resumed, mark.pos)),
            _ => None,
        });
        let begins_else = |n: usize| {
            let opened = self.sessions[n].opened.first().map(|&row| self.linker.records.time[row as usize]);
            let begun = begun.map(|(_, pos)| self.linker.time(pos));
            opened.zip(begun).is_some_and(|(a, b)| a.since(b).saturating_abs() > SAME_LOGON)
        };
        let moments = begun.into_iter().chain(ended).chain(moved);
        let mut found = moments.filter_map(|(moment, pos)| self.at_moment(group, moment, pos, is_taken));
        found.find(|&(n, _)| !begins_else(n))
    }

    /// A Remote Desktop session of which only its 4634 is left: the LogonId is destroyed after the session was closed, of
    /// the one of its account that was closed by then.
    fn by_late_end(&self, group: &Group, is_taken: &[bool]) -> Option<(usize, TsHow)> {
        let own = || group.own().map(|idx| self.linker.track(idx));
        let is_remote = own().any(|track| matches!(track.identity.logon_type, Some(10 | 12)));
        let destroyed = own().filter_map(|track| track.logoff).min().filter(|_| is_remote)?;
        if !self.is_only_gone(group) {
            return None;
        }
        let at = self.linker.time(destroyed);
        let is_closed = |told: &&Told| told.1 == Moment::Closed && !is_taken[told.2];
        let mut closed = self.told_between(group, at.plus(-DESTROYED_WITHIN), at).filter(is_closed);
        let &(.., found, how) = closed.next()?;
        closed.all(|told| told.2 == found).then_some((found, how))
    }

    /// What is told of a group's account between two moments, in no order.
    fn told_between(&self, group: &Group, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Told> {
        let of_account = self.by_account.of(self.linker, self.linker.account(group));
        of_account.flat_map(move |moments| {
            let first = moments.partition_point(|told| told.0 < from);
            moments[first..].iter().take(MAX_MOMENTS).take_while(move |told| told.0 <= to)
        })
    }

    /// The free session of the group's account to which this happened nearest to a place.
    fn at_moment(
        &self,
        group: &Group,
        moment: Moment,
        pos: Pos,
        is_taken: &[bool],
    ) -> Option<(usize, TsHow)> {
        let at = self.linker.time(pos);
        let near = self.told_between(group, at.plus(-SAME_MOMENT), at.plus(SAME_MOMENT));
        let fits = |&&(_, other, n, _): &&Told| {
            other == moment && !is_taken[n] && is_account(self.linker, group, &self.sessions[n])
        };
        let best = near.filter(fits).min_by_key(|told| (told.0.since(at).abs(), told.2, told.3))?;
        Some((best.2, best.3))
    }
}

/// Where a logon stands whose 4624 is missing: at what was written with it (C.2).
fn first_of_logon(linker: &Linker<'_>, group: &Group) -> Option<Pos> {
    let first = group.own().map(|idx| linker.track(idx).first).min()?;
    let kind = linker.records.events.kind(linker.event(first)?);
    is_of_logon(kind).then_some(first)
}

/// Whether a group and a numbered session are of one account.
fn is_account(linker: &Linker<'_>, group: &Group, session: &TsSession) -> bool {
    let identity = linker.account(group);
    if !identity.sid.is_none() && !session.sid.is_none() {
        return identity.sid == session.sid;
    }
    let user = name(linker.records.text(session.account));
    !user.is_empty() && linker.names(identity).any(|name| name == user)
}

/// Events that Windows writes beside a 4624.
fn is_of_logon(kind: Kind) -> bool {
    matches!(kind, Kind::SpecialPrivileges | Kind::GroupsListed | Kind::ClaimsListed | Kind::SpecialGroups)
}

/// Events that name a SID, not an account's name.
fn is_of_sid(kind: Kind) -> bool {
    use Kind::{
        ProfileLogoff, ProfileLogon, WinlogonLogoff, WinlogonLogon, WinlogonNotified, WinlogonNotifies,
    };
    matches!(
        kind,
        ProfileLogoff | ProfileLogon | WinlogonLogoff | WinlogonLogon | WinlogonNotified | WinlogonNotifies
    )
}

/// The number that a mark names: itself, or by the name of its connection at that moment.
pub fn number_of_mark(linker: &Linker<'_>, remote: &Remote, mark: &Mark) -> Option<(u32, TsHow)> {
    let event = linker.event(mark.pos)?;
    if let Some(number) = linker.records.events.number(event, Field::TsSession) {
        return Some((number, TsHow::LockEvent));
    }
    let name = linker.records.events.text(event, Field::SessionName);
    let number = remote.number(name, linker.time(mark.pos).plus(SAME_MOMENT))?;
    Some((number, TsHow::ConnectionName))
}
