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

/// Joins what began at one moment, where no other desktop and no other such session did.
pub fn join_nameless(
    linker: &Linker<'_>,
    groups: &Groups,
    sessions: &[TsSession],
    is_taken: &[bool],
    joined: &mut Joined,
) {
    let is_free = |n: usize| !is_taken[n] && is_nameless(&sessions[n]);
    join_near(linker, groups, sessions, (is_free, |_| true), joined);
    // Nor may Security name an account by more than its SID, which Terminal Services' log does not have.
    let is_unnamed = |group: &Group| {
        let account = linker.account(group);
        group.is_desktop() && account.user.is_none() && linker.names(account).next().is_none()
    };
    if groups.all.iter().zip(joined.iter()).any(|(group, joined)| joined.is_none() && is_unnamed(group)) {
        let mut is_taken = is_taken.to_vec();
        joined.iter().flatten().for_each(|&(n, _)| is_taken[n] = true);
        let is_free = |n: usize| !is_taken[n] && sessions[n].sid.is_none();
        join_near(linker, groups, sessions, (is_free, is_unnamed), joined);
    }
}

/// Joins sessions that are free with the desktops that began when they were opened, if those fit.
fn join_near(
    linker: &Linker<'_>,
    groups: &Groups,
    sessions: &[TsSession],
    (is_free, fits): (impl Fn(usize) -> bool, impl Fn(&Group) -> bool),
    joined: &mut Joined,
) {
    let opened = |n: usize| {
        let &row = sessions[n].opened.first().filter(|_| is_free(n))?;
        Some((linker.records.time[row as usize], n))
    };
    let free = by_time((0..sessions.len()).filter_map(opened));
    if free.is_empty() {
        return;
    }
    let begun = |(n, group): (usize, &Group)| {
        let logon = linker.logon_of(group).filter(|_| group.is_desktop() && joined[n].is_none())?;
        Some((linker.time(logon), n))
    };
    let desktops = by_time(groups.all.iter().enumerate().filter_map(begun));
    for &(at, n) in &free {
        let home = only_near(&desktops, at).filter(|&(begun, _)| only_near(&free, begun) == Some((at, n)));
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
