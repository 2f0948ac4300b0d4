//! Which numbered session of which nothing tells whose it was is which desktop (domain.md rule 33)? The User Profile
//! Service may name no account, and Security may have a SID alone.

use super::Joined;
use crate::correlate::link::{Group, Groups, Linker};
use crate::correlate::moments::SAME_MOMENT;
use crate::correlate::terminal::TsSession;
use crate::session::TsHow;
use crate::time::Timestamp;

/// Whether nothing tells whose a numbered session was.
pub fn is_nameless(session: &TsSession) -> bool {
    session.sid.is_none() && session.account.is_none()
}

/// Joins what began at one moment, where no other desktop and no other such session did; and what ended at one, of
/// sessions whose beginning no log has.
pub fn join_nameless(
    linker: &Linker<'_>,
    groups: &Groups,
    sessions: &[TsSession],
    is_taken: &[bool],
    joined: &mut Joined,
) {
    let is_free = |n: &usize| !is_taken[*n] && is_nameless(&sessions[*n]);
    join_near(linker, groups, sessions, (opened, begun), (is_free, |_| true), joined);
    join_near(linker, groups, sessions, (only_closed, ended), (is_free, |_| true), joined);
    // Nor may Security name an account by more than its SID, which Terminal Services' log does not have.
    let is_unnamed = |group: &Group| {
        let account = linker.account(group);
        group.is_desktop() && account.user.is_none() && linker.names(account).next().is_none()
    };
    if groups.all.iter().zip(joined.iter()).any(|(group, joined)| joined.is_none() && is_unnamed(group)) {
        let mut is_taken = is_taken.to_vec();
        joined.iter().flatten().for_each(|&(n, _)| is_taken[n] = true);
        let is_free = |n: &usize| !is_taken[*n] && sessions[*n].sid.is_none();
        join_near(linker, groups, sessions, (opened, begun), (is_free, is_unnamed), joined);
    }
}

/// When a numbered session was opened.
fn opened(linker: &Linker<'_>, session: &TsSession) -> Option<Timestamp> {
    session.opened.first().map(|&row| linker.records.time[row as usize])
}

/// When a numbered session was closed of which no more is left.
pub fn only_closed(linker: &Linker<'_>, session: &TsSession) -> Option<Timestamp> {
    let row = session.closed.first().filter(|_| session.opened.is_empty() && session.changes.is_empty())?;
    Some(linker.records.time[*row as usize])
}

fn begun(linker: &Linker<'_>, group: &Group) -> Option<Timestamp> {
    linker.logon_of(group).map(|pos| linker.time(pos))
}

fn ended(linker: &Linker<'_>, group: &Group) -> Option<Timestamp> {
    let own = group.own().map(|idx| linker.track(idx));
    own.flat_map(|track| [track.user_logoff, track.logoff]).flatten().min().map(|pos| linker.time(pos))
}

/// Joins sessions that are free with the desktops to which something happened at the same moment, if those fit.
fn join_near(
    linker: &Linker<'_>,
    groups: &Groups,
    sessions: &[TsSession],
    (of_session, of_group): (
        impl Fn(&Linker<'_>, &TsSession) -> Option<Timestamp>,
        impl Fn(&Linker<'_>, &Group) -> Option<Timestamp>,
    ),
    (is_free, fits): (impl Fn(&usize) -> bool, impl Fn(&Group) -> bool),
    joined: &mut Joined,
) {
    let free = (0..sessions.len()).filter(is_free);
    let free = by_time(free.filter_map(|n| Some((of_session(linker, &sessions[n])?, n))));
    if free.is_empty() {
        return;
    }
    let moment = |(n, group): (usize, &Group)| {
        let is_wanted = group.is_desktop() && joined[n].is_none();
        Some((of_group(linker, group).filter(|_| is_wanted)?, n))
    };
    let desktops = by_time(groups.all.iter().enumerate().filter_map(moment));
    for &(at, n) in &free {
        let home =
            only_near(&desktops, at).filter(|&(home_at, _)| only_near(&free, home_at) == Some((at, n)));
        if let Some((_, home)) = home.filter(|&(_, home)| fits(&groups.all[home])) {
            joined[home] = Some((n, TsHow::Moment));
        }
    }
}

fn by_time(moments: impl Iterator<Item = (Timestamp, usize)>) -> Vec<(Timestamp, usize)> {
    let mut moments: Vec<_> = moments.collect();
    moments.sort_unstable();
    moments
}

/// The one that is next to a moment, if there is but one.
fn only_near(moments: &[(Timestamp, usize)], at: Timestamp) -> Option<(Timestamp, usize)> {
    let first = moments.partition_point(|&(moment, _)| moment < at.plus(-SAME_MOMENT));
    let mut near = moments[first..].iter().take_while(|&&(moment, _)| moment <= at.plus(SAME_MOMENT));
    let &found = near.next()?;
    near.next().is_none().then_some(found)
}
