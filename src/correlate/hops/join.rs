//! Which logon is the other end of an edge, and how sure that is (domain.md rules 44 and 45).

use super::edges::Edge;
use super::index::{Index, Span};
use super::landing::{Landing, landing};
use super::places::{Claims, Places};
use super::skew::{Clocks, MAX_SKEW, Samples};
use super::sources::{OfAccounts, Sources};
use super::ssh::Starts;
use super::{Found, Keys, NOBODY, rows};
use crate::event::{RowIdx, StrId};
use crate::session::hop::{Hop, HopHow, Reasons};
use crate::session::{Class, LogonRole, Origin, SessionIdx};
use crate::time::{HOUR, MINUTE, SECOND, Timestamp};

/// The logon comes this soon after the edge, and no sooner before it than clocks differ (rule 44).
const BEFORE: i64 = 2 * SECOND;
const AFTER: i64 = MINUTE;

/// A skew is told by logons that took a moment themselves: it is known no better than this.
const SKEW_SLACK: i64 = 3 * SECOND;

/// Where nothing but host, account and time join them, there must be less time for chance.
pub const UNPROVEN: i64 = 5 * SECOND;

/// Kerberos refuses clocks that are further apart by default.
const OF_ONE_DOMAIN: i64 = 5 * MINUTE;

/// A ticket, and its LogonGuid, is used again for as long as this (rule 45).
const TICKET_LIFE: i64 = 10 * HOUR;

/// Of one account's sessions on a machine, so many of the newest are looked at.
const MAX_SOURCES: usize = 64;

/// A landing, and what led to it.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    pub landing: Landing,
    pub guid: StrId,
    pub edge: Option<u32>,
    /// The start of the SSH client that led to it, and when that was.
    pub client: Option<(RowIdx, Timestamp)>,
    pub from_machine: u32,
    pub from: Option<SessionIdx>,
    pub reasons: Reasons,
    /// Records of others that support it.
    pub support: [Option<RowIdx>; 2],
}

/// What logons are joined with.
pub struct Joiner<'a, 'p> {
    pub found: &'a Found<'a>,
    pub edges: &'a [Edge],
    pub index: &'a Index,
    pub clocks: &'a Clocks,
    pub places: &'a mut Places<'p>,
    pub accounts: &'a mut Keys<'p>,
    pub sources: &'a Sources,
    pub starts: &'a Starts,
    /// Edges that are known to have led to a logon.
    pub is_told: &'a mut [bool],
}

impl<'a> Joiner<'a, '_> {
    /// Learns how far clocks are apart, and whose addresses are that nothing tells.
    pub fn learn(&mut self) -> Clocks {
        let (mut samples, mut met) = (Samples::default(), Claims::default());
        if !self.index.is_empty() {
            self.each_landing(|joiner, landing| {
                // What names a server of Windows does not lead to that of SSH.
                if !landing.is_ssh {
                    joiner.sample(&landing, &mut samples);
                    joiner.meet(&landing, &mut met);
                }
            });
        }
        if !met.is_empty() {
            self.places.learn_met(&met);
        }
        samples.clocks()
    }

    /// Joins logons to edges; where there is none, to the machine they name and the one session that was open there.
    pub fn join(&mut self) -> Vec<Joined> {
        let mut joined = Vec::new();
        let mut preamble: Option<(SessionIdx, Timestamp)> = None;
        self.each_landing(|joiner, landing| {
            if landing.is_ssh {
                joined.extend(joiner.by_ssh(&landing));
                return;
            }
            let by_edge = joiner.by_edge(&landing);
            // What led to the network logon before a desktop led to the desktop (rule 32).
            let is_told = preamble.is_some_and(|(session, at)| {
                session == landing.session && (0..=AFTER).contains(&landing.at.since(at))
            });
            if by_edge.is_some() && landing.is_nla {
                preamble = Some((landing.session, landing.at));
            }
            joined.extend(by_edge.or_else(|| if is_told { None } else { joiner.by_origin(&landing) }));
        });
        joined
    }

    /// Every logon over the network that an edge or its own words may lead back to another machine, in the order of
    /// sessions.
    fn each_landing(&mut self, mut act: impl FnMut(&mut Self, Landing)) {
        let found = self.found;
        for (session, idx) in found.sessions.all.iter().zip(0..) {
            if matches!(session.class, Class::System | Class::WindowManager | Class::Anonymous) {
                continue;
            }
            let mut is_named = |origin: &Origin| {
                [origin.address, origin.host].iter().any(|&place| self.places.machine(place).is_some())
            };
            if !self.index.may_lead_to(session.machine)
                && !self.starts.may_lead_to(session.machine)
                && !found.sessions.origins(session).iter().any(&mut is_named)
            {
                continue;
            }
            for logon in found.sessions.logons(session) {
                let is_elevated = logon.role == LogonRole::Elevated;
                if let Some(row) = logon.row.filter(|_| !is_elevated)
                    && let Some(landing) = landing(found, self.accounts, idx, row, logon.role)
                {
                    act(self, landing);
                }
            }
        }
    }

    /// Edges to a logon's machine as its account, or, of Remote Desktop, as nobody known.
    fn edges_to(&self, landing: &Landing, span: Span) -> impl Iterator<Item = u32> + use<'a> {
        let (index, machine) = (self.index, landing.machine);
        let rdp = landing.is_remote_desktop.then_some(NOBODY);
        let accounts = std::iter::once(landing.account).chain(rdp);
        accounts.flat_map(move |account| index.to((machine, account), span))
    }

    /// Why this edge may have led there; `None` if something says that it did not.
    fn reasons(&mut self, n: u32, landing: &Landing) -> Option<Reasons> {
        let edge = &self.edges[n as usize];
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
        let account = self.accounts.key(edge.user);
        add(Reasons::HOST, self.index.target(n) == Some(landing.machine));
        add(Reasons::USER, account != NOBODY && account == landing.account);
        let at = self.places.machine_at(landing.address);
        let named = self.places.machine(landing.workstation);
        let is_guid = add(Reasons::GUID, is_ticket(edge, landing));
        let is_address = add(Reasons::ADDRESS, at == Some(edge.machine));
        let is_name = add(Reasons::NAME, named == Some(edge.machine));
        let is_elsewhere =
            at.is_some() || !landing.workstation.is_none() || self.places.is_local(landing.address);
        (is_guid || is_address || is_name || !is_elsewhere).then_some(reasons)
    }

    /// How long after each edge that may well have led to it a logon came.
    fn sample(&mut self, landing: &Landing, samples: &mut Samples) {
        let span = Span::around(landing.at, MAX_SKEW, MAX_SKEW);
        let (index, edges) = (self.index, self.edges);
        for n in index.to((landing.machine, landing.account), span) {
            if self.reasons(n, landing).is_some_and(is_proven) {
                let edge = &edges[n as usize];
                samples.add(edge.machine, landing.machine, landing.at.since(edge.at));
            }
        }
    }

    /// The machines that set out for a logon in the seconds before it came from an address that may be theirs.
    fn meet(&mut self, landing: &Landing, met: &mut Claims) {
        let is_told = landing.address.is_none()
            || !landing.workstation.is_none()
            || self.places.machine_at(landing.address).is_some();
        if is_told {
            return;
        }
        let span = Span::around(landing.at, UNPROVEN, BEFORE);
        let near = self.index.to((landing.machine, landing.account), span);
        let mut from: Vec<u32> = near.map(|n| self.edges[n as usize].machine).collect();
        from.retain(|&machine| machine != landing.machine);
        from.sort_unstable();
        from.dedup();
        for machine in from {
            *met.entry((landing.address, machine)).or_default() += 1;
        }
    }

    fn by_edge(&mut self, landing: &Landing) -> Option<Joined> {
        let (n, reasons) = self.best(landing).or_else(|| self.only(landing))?;
        let edge = &self.edges[n as usize];
        Some(Joined::new(*landing, Some(n), edge.machine, edge.session, reasons))
    }

    /// The edge with the best reasons; of equal ones the nearest.
    fn best(&mut self, landing: &Landing) -> Option<(u32, Reasons)> {
        let (index, edges, clocks) = (self.index, self.edges, self.clocks);
        let at = clocks.right(landing.machine, landing.at);
        let near = self.edges_to(landing, Span::around(at, AFTER, BEFORE + SKEW_SLACK));
        let of_ticket = index.with_guid(landing.guid, Span::around(at, TICKET_LIFE, MAX_SKEW));
        let mut best: Option<(u8, i64, u32, Reasons)> = None;
        let mut enough = Vec::new();
        for n in near.chain(of_ticket) {
            let edge = &edges[n as usize];
            let away = at.since(index.at(n));
            let is_skewed = clocks.between(edge.machine, landing.machine) != 0;
            let before = if is_skewed { BEFORE + SKEW_SLACK } else { BEFORE };
            let is_in_time = away >= -before && !clocks.are_apart(edge.machine, landing.machine);
            if !is_in_time && !is_ticket(edge, landing) {
                continue;
            }
            let Some(reasons) = self.reasons(n, landing) else { continue };
            let is_enough = is_proven(reasons) || reasons.has(Reasons::USER) && away.abs() <= UNPROVEN;
            if !is_enough {
                continue;
            }
            enough.push(n);
            let rank = (reasons.score(), -away.abs());
            if best.is_none_or(|(score, near, ..)| (score, near) < rank) {
                best = Some((rank.0, rank.1, n, reasons));
            }
        }
        let (_, _, best, reasons) = best?;
        self.tell(best, &enough);
        Some((best, reasons))
    }

    /// One act of a session may leave several records: Remote Desktop's client has its own, and credentials are told of
    /// once for each time they are used. What else of them may have led to a logon led nowhere else.
    fn tell(&mut self, best: u32, candidates: &[u32]) {
        let from = |n: u32| (self.edges[n as usize].machine, self.edges[n as usize].session);
        for &n in candidates.iter().filter(|&&n| from(n) == from(best)) {
            self.is_told[n as usize] = true;
        }
    }

    /// Between machines whose clocks are apart nobody knows how far: the edge that is proven by what it names, if there
    /// is but one within the time that clocks of one domain may differ.
    fn only(&mut self, landing: &Landing) -> Option<(u32, Reasons)> {
        let (index, edges, clocks) = (self.index, self.edges, self.clocks);
        if !clocks.has_apart() {
            return None;
        }
        let at = clocks.right(landing.machine, landing.at);
        let span = Span::around(at, OF_ONE_DOMAIN, OF_ONE_DOMAIN);
        let near = index.to((landing.machine, landing.account), span);
        let mut proven = near.filter_map(|n| {
            let is_apart = clocks.are_apart(edges[n as usize].machine, landing.machine);
            let reasons = if is_apart { self.reasons(n, landing)? } else { return None };
            (is_proven(reasons) && reasons.has(Reasons::USER)).then_some((n, reasons))
        });
        let (only, None) = (proven.next()?, proven.next()) else { return None };
        let edge = &edges[only.0 as usize];
        // Nor may it have come from a session of the account itself.
        let is_other = |idx: SessionIdx| Some(idx) != edge.session;
        if self.open_on(&self.sources.desktops, edge.machine, landing).any(is_other) {
            return None;
        }
        self.tell(only.0, &[only.0]);
        Some(only)
    }

    /// The sessions of a logon's account that may have been open on a machine at that moment.
    fn open_on(
        &self,
        sources: &'a OfAccounts,
        machine: u32,
        landing: &Landing,
    ) -> impl Iterator<Item = SessionIdx> + use<'a> {
        let (found, clocks) = (self.found, self.clocks);
        let moment = landing.at.minus(clocks.between(machine, landing.machine));
        let may_be_apart = clocks.may_be_apart(machine, landing.machine);
        let slack = if may_be_apart { OF_ONE_DOMAIN } else { BEFORE };
        let own = sources.get(&(machine, landing.account)).into_iter().flatten();
        let newest = own.rev().take(MAX_SOURCES).copied();
        newest.filter(move |&idx| found.may_be_on(idx, moment, slack))
    }

    /// The machine that a logon itself names. An address and a name of two machines are a relay, or a lie.
    pub fn origin(&mut self, landing: &Landing) -> Option<u32> {
        let is_somebody = !matches!(self.found.sessions.all[landing.session as usize].class, Class::Machine);
        let at = self.places.machine_at(landing.address);
        let named = self.places.machine(landing.workstation);
        let is_one = at.zip(named).is_none_or(|(at, named)| at == named);
        at.or(named).filter(|&machine| machine != landing.machine && is_somebody && is_one)
    }

    /// A logon without an edge: single sign-on leaves nothing at the source. The account's session there is known if it
    /// had one open and no more; with several it is known to be one of that machine's. NTLM takes a hash as well as a
    /// session: without one it still came from that machine.
    fn by_origin(&mut self, landing: &Landing) -> Option<Joined> {
        let clocks = self.clocks;
        let machine = self.origin(landing)?;
        // An edge near it, of whatever session there, may have led to it after all.
        let near = if clocks.may_be_apart(machine, landing.machine) { OF_ONE_DOMAIN } else { AFTER };
        let span = Span::around(clocks.right(landing.machine, landing.at), near, near);
        if self.edges_to(landing, span).any(|n| self.edges[n as usize].machine == machine) {
            return None;
        }
        let from = match self.only_session(machine, landing) {
            Some((only, None)) => Some(only),
            // Which of several it was nothing tells.
            Some(_) => None,
            None if landing.is_ntlm => None,
            None => return None,
        };
        Some(self.of_origin(machine, from, landing))
    }

    /// The newest of the account's sessions on a machine, and a second if there is one. A person goes on from a desktop
    /// rather than from a program that runs as well.
    pub fn only_session(&self, machine: u32, landing: &Landing) -> Option<(SessionIdx, Option<SessionIdx>)> {
        let mut desktops = self.open_on(&self.sources.desktops, machine, landing);
        let mut programs = self.open_on(&self.sources.programs, machine, landing);
        let first = desktops.next().map(|only| (only, desktops.next()));
        first.or_else(|| programs.next().map(|only| (only, programs.next())))
    }

    /// A logon that names its machine, and maybe the one session that it can have come from.
    pub fn of_origin(&mut self, machine: u32, from: Option<SessionIdx>, landing: &Landing) -> Joined {
        let (at, named) = (self.places.machine_at(landing.address), self.places.machine(landing.workstation));
        let reasons = [
            (Reasons::ADDRESS, at.is_some()),
            (Reasons::NAME, named.is_some()),
            (Reasons::USER.with(Reasons::ONLY_SESSION), from.is_some()),
        ];
        let held = reasons.into_iter().filter(|&(_, holds)| holds);
        let reasons = held.fold(Reasons::default(), |all, (reason, _)| all.with(reason));
        Joined::new(*landing, None, machine, from, reasons)
    }
}

fn is_ticket(edge: &Edge, landing: &Landing) -> bool {
    !edge.guid.is_none() && edge.guid == landing.guid
}

fn is_proven(reasons: Reasons) -> bool {
    reasons.has(Reasons::GUID) || reasons.has(Reasons::ADDRESS) || reasons.has(Reasons::NAME)
}

impl Joined {
    pub fn new(
        landing: Landing,
        edge: Option<u32>,
        from_machine: u32,
        from: Option<SessionIdx>,
        reasons: Reasons,
    ) -> Self {
        Joined {
            landing,
            guid: landing.guid,
            edge,
            client: None,
            from_machine,
            from,
            reasons,
            support: [None; 2],
        }
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
        if let Some((row, at)) = self.client {
            let rows = rows(std::iter::once(row).chain(own));
            return Hop { how: HopHow::SshClient, at, last: at, rows, ..hop };
        }
        let Some(edge) = self.edge.map(|n| &edges[n as usize]) else { return hop };
        let rows = rows(std::iter::once(edge.row).chain(own).chain(edge.more));
        Hop { how: edge.how, host: edge.host, at: edge.at, last: edge.at, rows, ..hop }
    }
}
