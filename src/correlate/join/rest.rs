//! Which numbered session that no desktop was joined with is a LogonId of which Security tells little (domain.md rule
//! 33)?

use super::{Joined, first_of_logon};
use crate::correlate::accounts::ByAccount;
use crate::correlate::link::{Group, Groups, Linker};
use crate::correlate::moments::SAME_MOMENT;
use crate::correlate::open::Track;
use crate::correlate::stops::has_own_start;
use crate::correlate::terminal::TsSession;
use crate::event::{Kind, RowIdx, StrId};
use crate::machine::{Boot, Pos};
use crate::session::{Class, TsHow};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// Records of one moment that are gone through: of more it is not asked whether any is missing.
const MAX_BESIDE: usize = 1024;

/// So many records without a logon show that logons are not audited, where the start is missing.
const ENOUGH_RECORDS: Pos = 64;

/// A LogonId of which no more is known than that a full token did something is the desktop that its account had then, if
/// that had one and no more, and Security has no other LogonId that may be it. Whoever clears the log leaves such a one;
/// and where logons are not audited and no record is missing, whatever somebody did.
#[inline(never)]
pub fn join_rest(
    linker: &Linker<'_>,
    boot: &Boot,
    groups: &mut Groups,
    sessions: &[TsSession],
    joined: &mut Joined,
) {
    // What another log has as a desktop is one.
    let is_interactive = |group: &Group| matches!(linker.account(group).logon_type, Some(2 | 10..=12));
    for (group, _) in groups.all.iter_mut().zip(joined.iter()).filter(|(_, joined)| joined.is_some()) {
        if group.class == Class::Unknown && is_interactive(group) {
            group.class = Class::Desktop;
        }
    }
    join_by_logon(linker, groups, sessions, joined);
    let free = Free::of(linker, sessions, joined);
    let (start, end) = (boot.security.start, boot.security.end);
    let is_begun = has_own_start(linker.records, linker.security, boot) || end - start >= ENOUGH_RECORDS;
    let is_all_there = !linker.tracks.has_logons && !linker.security.has_gap(start, end) && is_begun;
    let mut of_account: FxHashMap<StrId, Vec<usize>> = FxHashMap::default();
    for (n, group) in groups.all.iter().enumerate().filter(|_| !free.is_empty()) {
        let sid = linker.account(group).sid;
        if !sid.is_none() && matches!(group.class, Class::Desktop | Class::Unknown) {
            of_account.entry(sid).or_default().push(n);
        }
    }
    for own in of_account.values() {
        let mut acting = own.iter().copied().filter(|&n| groups.all[n].class == Class::Unknown);
        let (Some(n), None) = (acting.next(), acting.next()) else { continue };
        let group = &groups.all[n];
        let is_other = |&other: &usize| other != n && linker.overlaps(&groups.all[other], group);
        let acts = |track: &Track| {
            track.has_full_token || track.is_used && is_all_there && !comes_for_shares(linker, track)
        };
        let is_acting = group.own().any(|idx| acts(linker.track(idx)));
        if !is_acting || linker.logon_of(group).is_some() || own.iter().any(is_other) {
            continue;
        }
        if let Some(found) = free.only(linker, sessions, group) {
            joined[n] = Some((found, TsHow::UserAndTime));
            groups.all[n].class = Class::Desktop;
        }
    }
}

/// Whether a LogonId is known by a share that it opened first: who has a desktop comes to shares by another.
fn comes_for_shares(linker: &Linker<'_>, track: &Track) -> bool {
    let kind = linker.event(track.first).map(|event| linker.records.events.kind(event));
    matches!(kind, Some(Kind::ShareOpened | Kind::ShareFileUsed))
}

/// A LogonId of which little more is known than what Windows writes beside a 4624 is the desktop that its account opened
/// at that moment. Of several it is the last, so that none may be missing: those before it let the client in (B, class 8).
fn join_by_logon(linker: &Linker<'_>, groups: &mut Groups, sessions: &[TsSession], joined: &mut Joined) {
    let free = Free::of(linker, sessions, joined);
    if free.is_empty() {
        return;
    }
    let mut near: Vec<(usize, i64, usize)> = Vec::new();
    for (n, group) in groups.all.iter().enumerate() {
        let is_untyped = group.own().all(|idx| linker.track(idx).identity.logon_type.is_none());
        if joined[n].is_none() && group.class == Class::Unknown && is_untyped {
            let beside = first_of_logon(linker, group).filter(|&pos| is_whole_after(linker, pos));
            let opened = beside.and_then(|pos| free.opened_at(linker, sessions, group, linker.time(pos)));
            near.extend(opened.map(|(session, apart)| (session, apart, n)));
        }
    }
    near.sort_unstable();
    near.dedup_by_key(|&mut (session, ..)| session);
    for (session, _, n) in near {
        joined[n] = Some((session, TsHow::UserAndTime));
        groups.all[n].class = Class::Desktop;
    }
}

/// Whether no record is missing right after a place.
fn is_whole_after(linker: &Linker<'_>, pos: Pos) -> bool {
    let at = linker.time(pos);
    let is_later = |&next: &Pos| linker.time(next).since(at) > SAME_MOMENT;
    let end = linker.security.rows.len() as Pos;
    let next = (pos..end).take(MAX_BESIDE).find(is_later);
    next.is_some_and(|next| linker.security.loss(pos, next).is_none())
}

/// The numbered sessions that no desktop of Security's was joined with.
#[derive(Default)]
struct Free(ByAccount<usize>);

impl Free {
    fn of(linker: &Linker<'_>, sessions: &[TsSession], joined: &Joined) -> Self {
        let mut is_taken = vec![false; sessions.len()];
        joined.iter().flatten().for_each(|&(n, _)| is_taken[n] = true);
        let mut free = Free::default();
        for (n, session) in sessions.iter().enumerate().filter(|&(n, _)| !is_taken[n]) {
            free.0.add(linker.records, session.sid, session.account, n);
        }
        free
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sessions of a group's account.
    fn own<'s>(&'s self, linker: &Linker<'s>, group: &Group) -> impl Iterator<Item = usize> {
        self.0.of(linker, linker.account(group)).flatten().copied()
    }

    /// The session of a group's account that was opened next to a moment, and how far from it.
    fn opened_at(
        &self,
        linker: &Linker<'_>,
        sessions: &[TsSession],
        group: &Group,
        at: Timestamp,
    ) -> Option<(usize, i64)> {
        let opened = |n: usize| {
            let &row = sessions[n].opened.first()?;
            let apart = linker.records.time[row as usize].since(at).saturating_abs();
            (apart <= SAME_MOMENT).then_some((n, apart))
        };
        self.own(linker, group).filter_map(opened).min_by_key(|&(n, apart)| (apart, n))
    }

    /// The one session of a group's account that was on whenever the group was cited, if there is but one.
    fn only(&self, linker: &Linker<'_>, sessions: &[TsSession], group: &Group) -> Option<usize> {
        let (first, last) = linker.cited_between(group)?;
        let time = |row: &RowIdx| linker.records.time[*row as usize];
        let covers = |&n: &usize| {
            let session = &sessions[n];
            let until = session.closed.first().or(session.superseded_by.as_ref()).map(time);
            session.opened.first().map(time).is_some_and(|opened| opened <= first.plus(SAME_MOMENT))
                && until.is_none_or(|until| last <= until.plus(SAME_MOMENT))
        };
        let mut own = self.own(linker, group).filter(covers);
        let found = own.next()?;
        own.next().is_none().then_some(found)
    }
}
