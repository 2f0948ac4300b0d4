//! Which session led to which on another machine (domain.md C.9, rules 43 to 46).
//!
//! 1. [`edges`]: which records of a session name another machine? [`index`]: which of them are near a moment?
//! 2. [`places`]: which machine is that, and which addresses does a machine have?
//! 3. [`landing`]: which logons may have come from elsewhere? [`sources`]: from which sessions?
//! 4. [`skew`]: how far apart are two machines' clocks?
//! 5. [`join`]: which logon is the other end of an edge, and how sure is that?
//! 6. [`ssh`]: what did a logon by SSH come of?
//! 7. [`support`]: what do domain controllers and the firewall add?
//!
//! Every logon looks for the one edge it came by, so that one edge may lead to many logons: a LogonGuid is a ticket's,
//! not a session's (rule 45). Each looks at a bounded number of edges.

pub mod edges;
mod index;
mod join;
mod landing;
pub mod places;
mod skew;
mod sources;
pub mod ssh;
mod support;

use crate::event::{Records, RowIdx, StrId};
use crate::machine::Machine;
use crate::session::hop::{HOP_RECORDS, Hop, HopHow, Reasons};
use crate::session::{Run, SessionIdx, Sessions};
use crate::time::Timestamp;
use edges::{Edge, Outbound};
use index::Index;
use join::Joiner;
use places::Places;
use rustc_hash::FxHashMap;
use skew::Clocks;
use sources::Sources;
use ssh::Starts;

/// What is known when hops are looked for.
pub struct Found<'a> {
    pub records: &'a Records,
    pub machines: &'a [Machine],
    pub sessions: &'a Sessions,
}

/// Finds the hops of a case.
#[inline(never)]
pub fn hops(records: &Records, machines: &[Machine], outbound: &[Outbound], sessions: &mut Sessions) {
    let found = Found { records, machines, sessions };
    let edges = edges::edges(&found, outbound);
    let is_one_machine = machines.len() < 2;
    if is_one_machine && edges.is_empty() {
        return;
    }
    let mut hops = Hops::new(records);
    let mut is_told = vec![false; edges.len()];
    let mut targets = vec![None; edges.len()];
    if !is_one_machine {
        let mut places = Places::of(records, machines, sessions);
        places.learn_reached(&edges);
        targets = edges.iter().map(|edge| target(&mut places, edge)).collect();
        let mut accounts = Keys::of(records, account);
        let index = Index::of(&edges, &targets, &mut accounts);
        let sources = Sources::of(&found, &mut accounts);
        let starts = Starts::of(&found, outbound, &places, &mut accounts);
        let mut joiner = Joiner {
            found: &found,
            edges: &edges,
            index: &index,
            clocks: &Clocks::default(),
            places: &mut places,
            accounts: &mut accounts,
            sources: &sources,
            starts: &starts,
            is_told: &mut is_told,
        };
        let clocks = joiner.learn();
        let index = index.corrected(&edges, &clocks);
        (joiner.index, joiner.clocks) = (&index, &clocks);
        let mut joined = joiner.join();
        support::support(&found, &clocks, &mut places, &mut accounts, &mut joined);
        joined.iter().for_each(|own| hops.add(own.hop(&found, &edges), None));
    }
    let mut hosts = Keys::of(records, |text| places::host(text).to_lowercase());
    for (n, edge) in edges.iter().enumerate().filter(|&(n, _)| !is_told[n]) {
        hops.add(alone(edge, targets[n]), Some(hosts.key(edge.host)));
    }
    hops.finish(sessions);
}

/// The machine an edge leads to; not where it came from.
fn target(places: &mut Places<'_>, edge: &Edge) -> Option<u32> {
    let by_name = places.machine(edge.host).or_else(|| places.machine(edge.address));
    by_name.filter(|&machine| machine != edge.machine)
}

/// An edge whose other end is not in the case.
fn alone(edge: &Edge, to_machine: Option<u32>) -> Hop {
    Hop {
        how: edge.how,
        from_machine: edge.machine,
        from: edge.session,
        to_machine,
        to: None,
        host: edge.host,
        user: edge.user,
        domain: edge.domain,
        at: edge.at,
        last: edge.at,
        n: 1,
        reasons: Reasons::default(),
        rows: rows(std::iter::once(edge.row).chain(edge.more)),
    }
}

impl Found<'_> {
    pub fn begun(&self, idx: SessionIdx) -> Option<Timestamp> {
        let start = &self.sessions.all[idx as usize].start;
        start.at.or(start.earliest).or(start.latest)
    }

    /// Whether a session may have been on at a moment, give or take.
    pub fn may_be_on(&self, idx: SessionIdx, at: Timestamp, slack: i64) -> bool {
        let session = &self.sessions.all[idx as usize];
        let end = &session.end;
        let until = if end.how.is_recorded() { end.at } else { end.latest };
        self.begun(idx).is_none_or(|begun| begun <= at.plus(slack))
            && until.is_none_or(|until| at <= until.plus(slack))
    }

    pub fn account(&self, idx: SessionIdx) -> (StrId, StrId) {
        let session = &self.sessions.all[idx as usize];
        (session.user, session.domain)
    }

    /// When a record of a session's machine was written, by a clock that was right since boot (rule 18).
    pub fn time(&self, idx: SessionIdx, row: RowIdx) -> Timestamp {
        let session = &self.sessions.all[idx as usize];
        let machine = &self.machines[session.machine as usize];
        let raw = self.records.time[row as usize];
        // A clock is put right soon after boot: what comes later than a time that stands is right as well.
        match (machine.clock.shift(session.first_pos), machine.security) {
            (0, _) | (_, None) => raw,
            (_, Some(security)) => {
                let rows = &machine.lineages[security].rows;
                let id = self.records.id[row as usize];
                let at = rows.partition_point(|&other| self.records.id[other as usize] < id);
                raw.plus(machine.clock.shift(at as u32))
            }
        }
    }
}

/// The name of an account, the same whatever its case and however its domain is written: one domain is written in
/// several ways (domain.md 0.1, 7), and credentials are often given without.
fn account(text: &str) -> String {
    let name = text.rsplit('\\').next().unwrap_or(text);
    name.split('@').next().unwrap_or(name).to_lowercase()
}

/// Nobody, or not said.
const NOBODY: u32 = 0;

/// Texts that mean the same as one number.
pub struct Keys<'a> {
    records: &'a Records,
    meaning: fn(&str) -> String,
    keys: FxHashMap<String, u32>,
    /// By the number of the text; [`Self::UNREAD`] if it was not asked for yet.
    known: Vec<u32>,
}

impl<'a> Keys<'a> {
    const UNREAD: u32 = u32::MAX;

    fn of(records: &'a Records, meaning: fn(&str) -> String) -> Self {
        let keys = std::iter::once((String::new(), NOBODY)).collect();
        Keys { records, meaning, keys, known: vec![Self::UNREAD; records.strings.len() + 1] }
    }

    pub fn key(&mut self, text: StrId) -> u32 {
        let at = text.0 as usize;
        if self.known[at] == Self::UNREAD {
            self.known[at] = self.read(self.records.text(text));
        }
        self.known[at]
    }

    /// The key of a part of a text.
    pub fn read(&mut self, text: &str) -> u32 {
        let next = self.keys.len() as u32;
        *self.keys.entry((self.meaning)(text)).or_insert(next)
    }
}

/// Where hops lead from and to: what is alike is one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    how: HopHow,
    from: (u32, Option<SessionIdx>),
    to: (Option<u32>, Option<SessionIdx>),
    host: Option<u32>,
    user: StrId,
}

/// Hops while they are collected.
struct Hops<'a> {
    records: &'a Records,
    all: Vec<Hop>,
    by_ends: FxHashMap<Ends, u32>,
}

impl<'a> Hops<'a> {
    fn new(records: &'a Records) -> Self {
        Hops { records, all: Vec::new(), by_ends: FxHashMap::default() }
    }

    /// Adds a hop, or counts it with those alike. A joined one is told by its sessions alone, without a host.
    fn add(&mut self, hop: Hop, host: Option<u32>) {
        let ends = Ends {
            how: hop.how,
            from: (hop.from_machine, hop.from),
            to: (hop.to_machine, hop.to),
            user: if host.is_some() { hop.user } else { StrId::NONE },
            host,
        };
        let Some(&known) = self.by_ends.get(&ends) else {
            self.by_ends.insert(ends, self.all.len() as u32);
            self.all.push(hop);
            return;
        };
        let known = &mut self.all[known as usize];
        known.n += hop.n;
        known.last = known.last.max(hop.last);
        known.reasons = known.reasons.with(hop.reasons);
        if hop.at < known.at {
            (known.at, known.rows, known.host) = (hop.at, hop.rows, hop.host);
        }
    }

    /// Sorted by source, with where each session's lie.
    fn finish(mut self, sessions: &mut Sessions) {
        let records = self.records;
        // Of some, only what made way for them is known.
        self.all.iter_mut().for_each(|hop| hop.n = hop.n.max(1));
        let id = |hop: &Hop| hop.rows.map(|row| row.map(|row| records.id[row as usize]));
        let order =
            |hop: &Hop| (hop.from_machine, hop.from, hop.at, id(hop), hop.to_machine, hop.to, hop.how);
        self.all.sort_by_cached_key(order);
        let mut inward: Vec<u32> =
            (0..self.all.len() as u32).filter(|&n| self.all[n as usize].to.is_some()).collect();
        inward.sort_by_key(|&n| {
            let hop = &self.all[n as usize];
            (hop.to, hop.at, n)
        });
        for (n, hop) in self.all.iter().enumerate() {
            if let Some(from) = hop.from {
                count(&mut sessions.all[from as usize].hops_out, n);
            }
        }
        for (n, &hop) in inward.iter().enumerate() {
            if let Some(to) = self.all[hop as usize].to {
                count(&mut sessions.all[to as usize].hops_in, n);
            }
        }
        (sessions.hops, sessions.hops_in) = (self.all, inward);
    }
}

/// Makes a run one longer; it begins with its first.
fn count(run: &mut Run, at: usize) {
    if run.n == 0 {
        run.first = at as u32;
    }
    run.n += 1;
}

/// The records of a hop, in the order given; those that fit.
fn rows(rows: impl Iterator<Item = RowIdx>) -> [Option<RowIdx>; HOP_RECORDS] {
    let mut kept = [None; HOP_RECORDS];
    for (place, row) in kept.iter_mut().zip(rows) {
        *place = Some(row);
    }
    kept
}
