//! Which unlocks, reconnects and network authentications belong to a session that only other logs know (domain.md rules
//! 25, 31 and 32)?
//!
//! Security may have lost a session's logon, and all that cites it, and still have the logons of those who came back to
//! it: each opens a session of its own until here.

use super::accounts::name;
use super::attach::is_refresh;
use super::hops::edges::Outbound;
use super::link::Linker;
use super::moments::SAME_MOMENT;
use super::origins::{is_local, settle};
use super::terminal::TsSession;
use crate::event::Field;
use crate::session::{
    Class, Evidence, EvidenceRole, Logon, LogonRole, Origin, Run, Session, SessionIdx, Sessions,
};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// A session without a home of its own, and the session of other logs that it is part of.
pub struct Stray {
    session: SessionIdx,
    home: usize,
}

/// Finds them among a boot's sessions, from the `first` on, and tells those of other logs that they were seen then.
#[inline(never)]
pub fn strays(linker: &Linker<'_>, sessions: &Sessions, first: usize, alone: &mut [TsSession]) -> Vec<Stray> {
    let of_boot = &sessions.all[first..];
    if alone.is_empty() || of_boot.iter().all(|session| session.class != Class::Reauth) {
        return Vec::new();
    }
    let records = linker.records;
    let mut by_name: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for (n, ts) in alone.iter().enumerate().filter(|(_, ts)| ts.number.is_some()) {
        by_name.entry(name(records.text(ts.account))).or_default().push(n);
    }
    let mut strays = Vec::new();
    for (session, idx) in of_boot.iter().zip(first as SessionIdx..) {
        let Some(at) = session.start.at.filter(|_| session.class == Class::Reauth) else { continue };
        let own = by_name.get(&name(records.text(session.user))).filter(|_| !session.user.is_none());
        // Of those that were on the newest, as where Security knows them (rule 31).
        let newest = own.into_iter().flatten().rev().copied();
        let Some(home) = newest.into_iter().find(|&n| is_on(linker, &alone[n], session, at)) else {
            continue;
        };
        let seen = |row: u32| records.time[row as usize];
        let last = sessions.logons(session).iter().filter_map(|logon| logon.row).max_by_key(|&row| seen(row));
        let ts = &mut alone[home];
        ts.seen = ts.seen.into_iter().chain(last).max_by_key(|&row| seen(row));
        strays.push(Stray { session: idx, home });
    }
    strays
}

/// Whether a numbered session may have been on at a moment, as far as other logs tell.
fn is_on(linker: &Linker<'_>, ts: &TsSession, session: &Session, at: Timestamp) -> bool {
    let time = |row: u32| linker.records.time[row as usize];
    let is_one = ts.sid.is_none() || session.sid.is_none() || ts.sid == session.sid;
    let is_begun = ts.first_row().is_some_and(|row| time(row) <= at.plus(SAME_MOMENT));
    let ended = ts.closed.first().copied().into_iter().chain(ts.superseded_by).map(time).min();
    is_one && is_begun && ended.is_none_or(|ended| at <= ended)
}

/// Makes each stray's logons part of its home, and takes the stray away. `homes` are the sessions that [`strays`] knew by
/// their number; those of the boot are from the `first` on, and so are its `outbound`.
#[inline(never)]
pub fn bring_home(
    linker: &Linker<'_>,
    strays: &[Stray],
    homes: &[Option<SessionIdx>],
    (sessions, first): (&mut Sessions, usize),
    outbound: &mut [Outbound],
) {
    let place = |idx: SessionIdx| idx as usize - first;
    let mut is_gone = vec![false; sessions.all.len() - first];
    for stray in strays {
        if let Some(home) = homes[stray.home] {
            bring(linker, sessions, stray.session, home);
            is_gone[place(stray.session)] = true;
        }
    }
    if !is_gone.contains(&true) {
        return;
    }
    let mut numbers: Vec<Option<SessionIdx>> = Vec::with_capacity(is_gone.len());
    let mut n = first as SessionIdx;
    for &is_gone in &is_gone {
        numbers.push((!is_gone).then_some(n));
        n += u32::from(!is_gone);
    }
    for stray in strays {
        numbers[place(stray.session)] = homes[stray.home].and_then(|home| numbers[place(home)]);
    }
    let new = |idx: Option<SessionIdx>| idx.and_then(|idx| numbers[place(idx)]);
    let of_boot = sessions.all.split_off(first);
    let kept = of_boot.into_iter().zip(is_gone).filter(|(_, is_gone)| !is_gone);
    sessions.all.extend(kept.map(|(session, _)| Session { parent: new(session.parent), ..session }));
    outbound.iter_mut().for_each(|edge| edge.session = new(edge.session));
}

fn bring(linker: &Linker<'_>, sessions: &mut Sessions, stray: SessionIdx, home: SessionIdx) {
    let records = linker.records;
    let (from, to) = (&sessions.all[stray as usize], &sessions.all[home as usize]);
    let roles = sessions.logons(from).iter().map(|&logon| (logon, role(linker, logon)));
    let own: Vec<(Logon, LogonRole)> = roles.collect();
    let mut logons = sessions.logons(to).to_vec();
    logons.extend(own.iter().map(|&(logon, role)| Logon { role, ..logon }));
    logons.sort_by_key(|logon| logon.row.map(|row| records.id[row as usize]));
    let mut origins = sessions.origins(to).to_vec();
    // An unlock at the keyboard is no other place.
    let is_here = |origin: &&Origin| origin.host.is_none() && is_local(records.text(origin.address));
    origins.extend(sessions.origins(from).iter().filter(|origin| !is_here(origin)));
    settle(records, &mut origins);
    let mut evidence = sessions.evidence(to).to_vec();
    for (logon, role) in own {
        let (role, rule) = match role {
            LogonRole::Nla => (EvidenceRole::Origin, 32),
            LogonRole::Reconnect => (EvidenceRole::Reconnect, 31),
            LogonRole::Unlock => (EvidenceRole::Unlock, 31),
            _ => continue,
        };
        evidence.extend(logon.row.map(|row| Evidence { row, role, rule }));
    }
    let of_origins =
        origins.iter().map(|origin| Evidence { row: origin.row, role: EvidenceRole::Origin, rule: 41 });
    evidence.extend(of_origins);
    evidence.sort_by_key(|evidence| (records.time[evidence.row as usize], evidence.role));
    evidence.dedup();
    let n_logons = from.n_logons;
    let runs = (
        Run::append(&mut sessions.logons, logons),
        Run::append(&mut sessions.evidence, evidence),
        Run::append(&mut sessions.origins, origins),
    );
    let to = &mut sessions.all[home as usize];
    (to.logons, to.evidence, to.origins) = runs;
    to.n_logons += n_logons;
}

/// What a logon was to the session that it led back to.
fn role(linker: &Linker<'_>, logon: Logon) -> LogonRole {
    let event = logon.row.and_then(|row| linker.records.event(row));
    let logon_type = event.and_then(|event| linker.records.events.number(event, Field::LogonType));
    match (logon.role, logon_type) {
        (LogonRole::Primary | LogonRole::Elevated, Some(3)) => LogonRole::Nla,
        (LogonRole::Primary | LogonRole::Elevated, Some(2 | 10..=12)) => LogonRole::Reconnect,
        (LogonRole::Primary | LogonRole::Elevated, _) => match event {
            Some(event) if is_refresh(linker, event) => LogonRole::Refresh,
            _ => LogonRole::Unlock,
        },
        (role, _) => role,
    }
}
