//! Which logon is the other end of an edge, and how sure that is (domain.md rules 44 and 45).

use super::edges::{Edge, Index};
use super::places::Places;
use super::skew::{MAX_SKEW, Skews};
use super::{Found, Keys, NOBODY, rows};
use crate::event::{Field, RowIdx, StrId};
use crate::session::hop::{Hop, HopHow, Reasons};
use crate::session::{Class, LogonRole, Origin, SessionIdx};
use crate::time::{HOUR, MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// The logon comes this soon after the edge, and no sooner before it than clocks differ (rule 44).
const BEFORE: i64 = 2 * SECOND;
const AFTER: i64 = MINUTE;

/// Where nothing but host, account and time join them, there must be less time for chance.
const UNPROVEN: i64 = 5 * SECOND;

/// Kerberos refuses clocks that are further apart by default.
const OF_ONE_DOMAIN: i64 = 5 * MINUTE;

/// A ticket, and its LogonGuid, is used again for as long as this (rule 45).
const TICKET_LIFE: i64 = 10 * HOUR;

/// Of one account's desktops on a machine, so many of the newest are looked at.
const MAX_DESKTOPS: usize = 64;

/// A logon that may have come from another machine.
#[derive(Clone, Copy, Debug)]
pub struct Landing {
    pub session: SessionIdx,
    pub machine: u32,
    pub row: RowIdx,
    pub at: Timestamp,
    pub account: u32,
    pub address: StrId,
    /// The client's name; the own name of an interactive logon is left out (rule 42).
    pub workstation: StrId,
    pub port: Option<u32>,
    guid: StrId,
    /// Whether Remote Desktop may have led to it.
    is_remote_desktop: bool,
    /// Whether it only made way for another logon of its session (rule 32): both are one hop.
    is_nla: bool,
}

/// A landing, and what led to it.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    pub landing: Landing,
    pub guid: StrId,
    pub edge: Option<u32>,
    pub from_machine: u32,
    pub from: Option<SessionIdx>,
    pub reasons: Reasons,
    /// Records of others that support it.
    pub support: [Option<RowIdx>; 2],
}

/// Joins logons to edges; where there is none, to the machine they name and the one session that was open there.
pub fn join(
    found: &Found<'_>,
    edges: &[Edge],
    index: &Index,
    places: &mut Places<'_>,
    accounts: &mut Keys<'_>,
) -> Vec<Joined> {
    let mut skews = Skews::default();
    if !index.is_empty() {
        each_landing(found, index, places, accounts, |places, accounts, landing| {
            sample(edges, index, places, accounts, &landing, &mut skews);
        });
        skews.estimate();
    }
    let mut desktops = None;
    let mut joined = Vec::new();
    let mut preamble: Option<(SessionIdx, Timestamp)> = None;
    each_landing(found, index, places, accounts, |places, accounts, landing| {
        let by_edge = best(edges, index, places, accounts, &landing, &skews);
        // What led to the network logon before a desktop led to the desktop (rule 32).
        let is_told = preamble.is_some_and(|(session, at)| {
            session == landing.session && (0..=AFTER).contains(&landing.at.since(at))
        });
        if by_edge.is_some() && landing.is_nla {
            preamble = Some((landing.session, landing.at));
        }
        let mut by_origin = || {
            let machine = origin(found, places, &landing)?;
            let desktops = desktops.get_or_insert_with(|| self::desktops(found, accounts));
            by_origin(found, places, desktops, machine, &landing, &skews)
        };
        joined.extend(by_edge.or_else(|| if is_told { None } else { by_origin() }));
    });
    joined
}

/// Every logon over the network that an edge or its own words may lead back to another machine, in the order of
/// sessions.
fn each_landing<'a, 'b>(
    found: &Found<'_>,
    index: &Index,
    places: &mut Places<'b>,
    accounts: &mut Keys<'a>,
    mut act: impl FnMut(&mut Places<'b>, &mut Keys<'a>, Landing),
) {
    for (session, idx) in found.sessions.all.iter().zip(0..) {
        if matches!(session.class, Class::System | Class::WindowManager | Class::Anonymous) {
            continue;
        }
        let is_named = |origin: &Origin| {
            [origin.address, origin.host].iter().any(|&place| places.machine(place).is_some())
        };
        if !index.may_lead_to(session.machine) && !found.sessions.origins(session).iter().any(is_named) {
            continue;
        }
        for logon in found.sessions.logons(session) {
            let is_elevated = logon.role == LogonRole::Elevated;
            if let Some(row) = logon.row.filter(|_| !is_elevated)
                && let Some(landing) = landing(found, accounts, idx, row, logon.role)
            {
                act(places, accounts, landing);
            }
        }
    }
}

fn landing(
    found: &Found<'_>,
    accounts: &mut Keys<'_>,
    session: SessionIdx,
    row: RowIdx,
    role: LogonRole,
) -> Option<Landing> {
    let events = &found.records.events;
    let event = found.records.event(row)?;
    let logon_type = events.number(event, Field::LogonType);
    if !matches!(logon_type, Some(3 | 7 | 8 | 10 | 12 | 13)) {
        return None;
    }
    let is_network = matches!(logon_type, Some(3 | 8));
    let text = |field| events.text(event, field);
    let address = text(Field::Address);
    // An unlock at the keyboard came from nowhere.
    if !is_network && address.is_none() {
        return None;
    }
    Some(Landing {
        session,
        machine: found.sessions.all[session as usize].machine,
        row,
        at: found.time(session, row),
        account: accounts.key(text(Field::TargetUser)),
        address,
        workstation: if is_network { text(Field::Workstation) } else { StrId::NONE },
        port: events.number(event, Field::Port).filter(|&port| port != 0),
        guid: text(Field::LogonGuid),
        is_remote_desktop: !is_network || role == LogonRole::Nla,
        is_nla: role == LogonRole::Nla,
    })
}

/// Why this edge may have led there; `None` if something says that it did not.
fn reasons(
    edge: &Edge,
    is_target: bool,
    places: &mut Places<'_>,
    accounts: &mut Keys<'_>,
    landing: &Landing,
) -> Option<Reasons> {
    if edge.machine == landing.machine {
        return None;
    }
    let mut reasons = Reasons::default();
    let mut add = |reason: Reasons, holds: bool| {
        if holds {
            reasons = reasons.with(reason);
        }
        holds
    };
    let account = accounts.key(edge.user);
    add(Reasons::HOST, is_target);
    add(Reasons::USER, account != NOBODY && account == landing.account);
    let at = places.machine_at(landing.address);
    let named = places.machine(landing.workstation);
    let is_guid = add(Reasons::GUID, !edge.guid.is_none() && edge.guid == landing.guid);
    let is_address = add(Reasons::ADDRESS, at == Some(edge.machine));
    let is_name = add(Reasons::NAME, named == Some(edge.machine));
    let is_elsewhere = at.is_some() || !landing.workstation.is_none() || places.is_local(landing.address);
    (is_guid || is_address || is_name || !is_elsewhere).then_some(reasons)
}

fn is_proven(reasons: Reasons) -> bool {
    reasons.has(Reasons::GUID) || reasons.has(Reasons::ADDRESS) || reasons.has(Reasons::NAME)
}

/// How long after the nearest edge that surely led to it a logon came.
fn sample(
    edges: &[Edge],
    index: &Index,
    places: &mut Places<'_>,
    accounts: &mut Keys<'_>,
    landing: &Landing,
    skews: &mut Skews,
) {
    let span = (landing.at.plus(-MAX_SKEW), landing.at, landing.at.plus(MAX_SKEW));
    let near = index.to(edges, (landing.machine, landing.account), span);
    let after = |n: u32| landing.at.since(edges[n as usize].at);
    let mut sure =
        near.filter(|&n| reasons(&edges[n as usize], true, places, accounts, landing).is_some_and(is_proven));
    let first = sure.next();
    if let Some(nearest) = first.into_iter().chain(sure).min_by_key(|&n| (after(n).abs(), n)) {
        skews.sample(edges[nearest as usize].machine, landing.machine, after(nearest));
    }
}

/// The edge with the best reasons; of equal ones the nearest.
fn best(
    edges: &[Edge],
    index: &Index,
    places: &mut Places<'_>,
    accounts: &mut Keys<'_>,
    landing: &Landing,
    skews: &Skews,
) -> Option<Joined> {
    let mut best: Option<(u8, i64, u32, Reasons)> = None;
    let mut consider = |n: u32, away: i64, reasons: Reasons| {
        let own = (reasons.score(), -away.abs(), n, reasons);
        if best.is_none_or(|(score, near, ..)| (score, near) < (own.0, own.1)) {
            best = Some(own);
        }
    };
    let rdp = landing.is_remote_desktop.then_some(NOBODY);
    for account in [Some(landing.account), rdp].into_iter().flatten() {
        for skew in skews.towards(landing.machine) {
            let at = landing.at.minus(skew);
            let span = (at.plus(-AFTER), at, at.plus(BEFORE));
            for n in index.to(edges, (landing.machine, account), span) {
                let edge = &edges[n as usize];
                let away = at.since(edge.at);
                let reasons = reasons(edge, true, places, accounts, landing)
                    .filter(|_| skews.between(edge.machine, landing.machine) == skew)
                    .filter(|_| !skews.are_apart(edge.machine, landing.machine))
                    .filter(|&reasons| {
                        is_proven(reasons) || reasons.has(Reasons::USER) && away.abs() <= UNPROVEN
                    });
                if let Some(reasons) = reasons {
                    consider(n, away, reasons);
                }
            }
        }
    }
    let span = (landing.at.plus(-TICKET_LIFE), landing.at, landing.at.plus(MAX_SKEW));
    for n in index.with_guid(edges, landing.guid, span) {
        let edge = &edges[n as usize];
        let is_target = index.target(n) == Some(landing.machine);
        if let Some(reasons) = reasons(edge, is_target, places, accounts, landing) {
            consider(n, landing.at.since(edge.at), reasons);
        }
    }
    let (_, _, n, reasons) = best.or_else(|| {
        only(edges, index, places, accounts, landing, skews).map(|(n, reasons)| (0, 0, n, reasons))
    })?;
    let edge = &edges[n as usize];
    Some(Joined::new(*landing, Some(n), edge.machine, edge.session, reasons))
}

/// Between machines whose clocks are apart nobody knows how far: the edge that is proven by what it names, if there is but
/// one within the time that clocks of one domain may differ.
fn only(
    edges: &[Edge],
    index: &Index,
    places: &mut Places<'_>,
    accounts: &mut Keys<'_>,
    landing: &Landing,
    skews: &Skews,
) -> Option<(u32, Reasons)> {
    if !skews.has_apart() {
        return None;
    }
    let span = (landing.at.plus(-OF_ONE_DOMAIN), landing.at, landing.at.plus(OF_ONE_DOMAIN));
    let near = index.to(edges, (landing.machine, landing.account), span);
    let mut proven = near.filter_map(|n| {
        let edge = &edges[n as usize];
        let reasons = reasons(edge, true, places, accounts, landing)?;
        let is_told = is_proven(reasons) && reasons.has(Reasons::USER);
        (is_told && skews.are_apart(edge.machine, landing.machine)).then_some((n, reasons))
    });
    let (only, None) = (proven.next()?, proven.next()) else { return None };
    Some(only)
}

impl Joined {
    fn new(
        landing: Landing,
        edge: Option<u32>,
        from_machine: u32,
        from: Option<SessionIdx>,
        reasons: Reasons,
    ) -> Self {
        Joined { landing, guid: landing.guid, edge, from_machine, from, reasons, support: [None; 2] }
    }

    /// What it is in the end.
    pub fn hop(&self, found: &Found<'_>, edges: &[Edge]) -> Hop {
        let own = std::iter::once(self.landing.row).chain(self.support.into_iter().flatten());
        let (user, domain) = found.account(self.landing.session);
        let hop = Hop {
            how: HopHow::Logon,
            from_machine: self.from_machine,
            from: self.from,
            to_machine: Some(self.landing.machine),
            to: Some(self.landing.session),
            host: StrId::NONE,
            user,
            domain,
            at: self.landing.at,
            last: self.landing.at,
            n: u32::from(!self.landing.is_nla),
            reasons: self.reasons,
            rows: rows(own.clone()),
        };
        let Some(edge) = self.edge.map(|n| &edges[n as usize]) else { return hop };
        let rows = rows(std::iter::once(edge.row).chain(own).chain(edge.more));
        Hop { how: edge.how, host: edge.host, at: edge.at, last: edge.at, rows, ..hop }
    }
}

/// Desktops of each account on each machine, and netonly sessions by the account they are elsewhere.
type Desktops = FxHashMap<(u32, u32), Vec<SessionIdx>>;

fn desktops(found: &Found<'_>, accounts: &mut Keys<'_>) -> Desktops {
    let mut desktops = Desktops::default();
    for (session, idx) in found.sessions.all.iter().zip(0..) {
        let user = match session.class {
            Class::Desktop => session.user,
            Class::Secondary if !session.outbound_user.is_none() => session.outbound_user,
            _ => continue,
        };
        desktops.entry((session.machine, accounts.key(user))).or_default().push(idx);
    }
    desktops
}

/// The machine that a logon itself names. An address and a name of two machines are a relay, or a lie.
fn origin(found: &Found<'_>, places: &mut Places<'_>, landing: &Landing) -> Option<u32> {
    let is_somebody = !matches!(found.sessions.all[landing.session as usize].class, Class::Machine);
    let (at, named) = (places.machine_at(landing.address), places.machine(landing.workstation));
    let is_one = at.zip(named).is_none_or(|(at, named)| at == named);
    at.or(named).filter(|&machine| machine != landing.machine && is_somebody && is_one)
}

/// A logon without an edge: single sign-on leaves nothing at the source. The account's session there is known if it had
/// one open and no more.
fn by_origin(
    found: &Found<'_>,
    places: &mut Places<'_>,
    desktops: &Desktops,
    machine: u32,
    landing: &Landing,
    skews: &Skews,
) -> Option<Joined> {
    let (at, named) = (places.machine_at(landing.address), places.machine(landing.workstation));
    let moment = landing.at.minus(skews.between(machine, landing.machine));
    let own = desktops.get(&(machine, landing.account))?.iter().rev().take(MAX_DESKTOPS).copied();
    let slack = if skews.are_apart(machine, landing.machine) { OF_ONE_DOMAIN } else { BEFORE };
    let mut open = own.filter(|&idx| found.may_be_on(idx, moment, slack));
    let (only, None) = (open.next()?, open.next()) else { return None };
    let reasons = [(Reasons::ADDRESS, at.is_some()), (Reasons::NAME, named.is_some())]
        .into_iter()
        .filter(|&(_, holds)| holds)
        .fold(Reasons::USER.with(Reasons::ONLY_SESSION), |all, (reason, _)| all.with(reason));
    Some(Joined::new(*landing, None, machine, Some(only), reasons))
}
