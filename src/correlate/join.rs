//! Which desktop session of the Security log is which numbered session of other logs (domain.md rule 33)?

use super::link::{Group, Groups, Linker};
use super::open::{Identity, Mark};
use super::remote::name;
use super::terminal::{SAME_MOMENT, TsSession};
use crate::event::{Field, Kind, RowIdx, StrId};
use crate::machine::Pos;
use crate::session::TsHow;
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// Moments of one account that are looked at: so many within seconds are no person's.
const MAX_MOMENTS: usize = 64;

/// For each group the numbered session it is, and how that is known. None is given to two.
pub type Joined = Vec<Option<(usize, TsHow)>>;

/// Joins a boot's desktops with its numbered sessions, by the better methods first.
pub fn join(linker: &Linker<'_>, groups: &Groups, sessions: &[TsSession]) -> Joined {
    let mut joined: Joined = vec![None; groups.all.len()];
    if sessions.is_empty() {
        return joined;
    }
    let joiner = Joiner::new(linker, sessions);
    let marks = joiner.first_marks(groups);
    let mut is_taken = vec![false; sessions.len()];
    for is_by_number in [true, false] {
        for (n, group) in groups.all.iter().enumerate().filter(|(_, group)| group.is_desktop()) {
            if joined[n].is_some() {
                continue;
            }
            let found = match is_by_number {
                true => marks.get(&n).and_then(|mark| joiner.by_number(group, mark)),
                false => joiner.by_moment(group, &is_taken),
            };
            if let Some((found, how)) = found.filter(|&(found, _)| !is_taken[found]) {
                is_taken[found] = true;
                joined[n] = Some((found, how));
            }
        }
    }
    joined
}

/// When another log ended each group, where Security has nothing of it after that.
pub fn closed(
    linker: &Linker<'_>,
    groups: &Groups,
    sessions: &[TsSession],
    joined: &Joined,
) -> Vec<Option<Timestamp>> {
    if sessions.is_empty() {
        return Vec::new();
    }
    let closed = |(group, ts): (&Group, &Option<(usize, TsHow)>)| {
        let &row = sessions[ts.as_ref()?.0].closed.first()?;
        let at = linker.records.time[row as usize];
        let last = group.own().filter_map(|idx| linker.track(idx).last_seen).max();
        Some(at).filter(|&at| last.is_none_or(|last| linker.time(last) <= at))
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
    by_number: FxHashMap<u32, Vec<usize>>,
    /// By the name of the account, and by its SID.
    by_name: FxHashMap<String, Vec<Told>>,
    by_sid: FxHashMap<StrId, Vec<Told>>,
}

impl<'a> Joiner<'a> {
    fn new(linker: &'a Linker<'a>, sessions: &'a [TsSession]) -> Self {
        let mut joiner = Joiner {
            linker,
            sessions,
            by_number: FxHashMap::default(),
            by_name: FxHashMap::default(),
            by_sid: FxHashMap::default(),
        };
        for (n, session) in sessions.iter().enumerate() {
            joiner.by_number.entry(session.number).or_default().push(n);
            let account = linker.records.text(session.account);
            for told in joiner.moments(n, session) {
                if !session.sid.is_none() {
                    joiner.by_sid.entry(session.sid).or_default().push(told);
                }
                if !account.is_empty() {
                    joiner.by_name.entry(name(account)).or_default().push(told);
                }
            }
        }
        for moments in joiner.by_sid.values_mut().chain(joiner.by_name.values_mut()) {
            moments.sort_unstable_by_key(|&(at, moment, n, _)| (at, moment, n));
        }
        joiner
    }

    fn moments(&self, n: usize, session: &TsSession) -> Vec<Told> {
        let told = |row: RowIdx, moment: Moment| {
            let kind = self.linker.records.event(row).map(|event| self.linker.records.events.kind(event));
            let how = match kind {
                Some(Kind::WinlogonLogon | Kind::WinlogonLogoff) => TsHow::SidAndTime,
                _ => TsHow::UserAndTime,
            };
            (self.linker.records.time[row as usize], moment, n, how)
        };
        let opened = session.opened.iter().map(|&row| told(row, Moment::Opened));
        let closed = session.closed.iter().map(|&row| told(row, Moment::Closed));
        let changed = session.changes.iter().map(|&(row, kind)| match kind {
            Kind::TsReconnected => told(row, Moment::Resumed),
            _ => told(row, Moment::Left),
        });
        opened.chain(closed).chain(changed).collect()
    }

    /// The first mark of each group that names a number.
    fn first_marks(&self, groups: &Groups) -> FxHashMap<usize, &'a Mark> {
        let mut first = FxHashMap::default();
        let number = |mark: &Mark| {
            let event = self.linker.event(mark.pos)?;
            self.linker.records.events.number(event, Field::TsSession)
        };
        for mark in self.linker.tracks.marks.iter().filter(|mark| number(mark).is_some()) {
            first.entry(groups.of(mark.track)).or_insert(mark);
        }
        first
    }

    /// Rule 33a: 4800 to 4803 name both.
    fn by_number(&self, group: &Group, mark: &Mark) -> Option<(usize, TsHow)> {
        let number = self.linker.records.events.number(self.linker.event(mark.pos)?, Field::TsSession)?;
        let at = self.linker.time(mark.pos);
        let time = |row: RowIdx| self.linker.records.time[row as usize];
        let own = self.by_number.get(&number)?;
        // Sessions of one number follow each other.
        let begun =
            |&n: &usize| self.sessions[n].first_row().is_none_or(|row| time(row) <= at.plus(SAME_MOMENT));
        let covers = |&&n: &&usize| {
            let session = &self.sessions[n];
            session.closed.first().is_none_or(|&row| at <= time(row).plus(SAME_MOMENT))
                && is_account(self.linker, group, session)
        };
        let found = own[..own.partition_point(begun)].iter().rev().take(2).find(covers)?;
        Some((*found, TsHow::LockEvent))
    }

    /// Rule 33, b and c: the moment of the logon, else that of the logoff, of a disconnect or a reconnect, is that of the
    /// other log's.
    fn by_moment(&self, group: &Group, is_taken: &[bool]) -> Option<(usize, TsHow)> {
        let own = || group.own().map(|idx| self.linker.track(idx));
        let begun = self.linker.logon_of(group);
        let ended = own().flat_map(|track| [track.user_logoff, track.logoff]).flatten().min();
        if begun.is_some() {
            return self.at_moment(group, Moment::Opened, begun?, is_taken);
        }
        ended.and_then(|ended| self.at_moment(group, Moment::Closed, ended, is_taken))
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
        let Identity { sid, user, .. } = self.linker.identity(group.primary);
        let by_sid = self.by_sid.get(&sid).filter(|_| !sid.is_none());
        let by_name = self.by_name.get(&name(self.linker.records.text(user))).filter(|_| !user.is_none());
        let near = [by_sid, by_name].into_iter().flatten().flat_map(|moments| {
            let first = moments.partition_point(|told| told.0 < at.plus(-SAME_MOMENT));
            moments[first..].iter().take(MAX_MOMENTS).take_while(|told| told.0 <= at.plus(SAME_MOMENT))
        });
        let fits = |&&(_, other, n, _): &&Told| {
            other == moment && !is_taken[n] && is_account(self.linker, group, &self.sessions[n])
        };
        let best = near.filter(fits).min_by_key(|told| (told.0.since(at).abs(), told.2, told.3))?;
        Some((best.2, best.3))
    }
}

/// Whether a group and a numbered session are of one account.
fn is_account(linker: &Linker<'_>, group: &Group, session: &TsSession) -> bool {
    let identity = linker.identity(group.primary);
    if !identity.sid.is_none() && !session.sid.is_none() {
        return identity.sid == session.sid;
    }
    let text = |id| linker.records.text(id);
    let user = text(session.account).rsplit('\\').next().unwrap_or("");
    !user.is_empty() && user.eq_ignore_ascii_case(text(identity.user))
}
