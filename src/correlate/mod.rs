//! Events to machines, boots and sessions. One file per question, each rule with its number in domain.md:
//!
//! 1. [`machines`]: which machine wrote which record, in which order, and which records are there twice?
//! 2. [`starts`], [`system_starts`], [`numbered`], [`boots`], [`place`] and [`stops`]: when did it start, and how did each
//!    run end?
//! 3. [`clock`] and [`timeline`]: when was its clock moved, and by which was each record stamped? [`moments`]: what do two
//!    logs both tell of?
//! 4. [`coverage`]: what was audited, and would a logoff have been written? [`role`]: what kind of computer is it?
//! 5. [`open`]: which LogonIds are there, and what is recorded of each?
//! 6. [`link`], [`pairs`], [`classify`], [`attach`] and [`nla`]: which of them are one session, and what is it for?
//! 7. [`outside`], [`terminal`], [`remote`], [`cited`], [`join`], [`alone`], [`told`], [`unseen`] and [`strays`]: what do
//!    other logs know of it, and which sessions do only they know?
//! 8. [`begin`]: how did it begin? [`close`]: how did it end? [`cause`]: what made it? [`durations`]: how long was it?
//! 9. [`intervals`], [`sleep`], [`origins`], [`gateway`] and [`tickets`]: when was it locked or away, and where was it used
//!    from?
//! 10. [`activity`]: what ran in it?
//! 11. [`bursts`]: which network sessions are one burst, and which service sessions one series?
//! 12. [`hops`]: which session led to which on another machine?
//!
//! [`draft`] takes a session through steps 8 and 9, and to [`flags`]: what else is to be known of it. [`around`] is what its
//! boot tells beside its own records, and [`accounts`] keeps by account what other logs tell.
//!
//! A step that is gone through once a case, machine, boot or session is a function of its own also when compiled
//! (`inline(never)`): a browser optimises a function as a whole while it runs, and one that holds all steps takes it a
//! second of a core, for loops that have long ended.

mod accounts;
mod activity;
mod alone;
mod around;
mod attach;
mod begin;
mod boots;
mod bursts;
mod cause;
mod cited;
mod classify;
mod clock;
mod close;
mod coverage;
mod draft;
mod durations;
mod flags;
mod gateway;
mod hops;
mod intervals;
mod join;
mod link;
mod machines;
mod moments;
mod nla;
mod numbered;
mod open;
mod origins;
mod outside;
mod pairs;
mod place;
mod remote;
mod role;
mod sleep;
mod starts;
mod stops;
mod strays;
mod system_starts;
mod terminal;
mod tickets;
mod timeline;
mod told;
mod unseen;

use crate::event::{LogonId, Records};
use crate::machine::{Boot, Lineage, Machine};
use crate::session::{Session, SessionIdx, Sessions};
use around::{Around, Windows};
use cited::CitedLuids;
use draft::{Draft, Lists};
use hops::edges::Outbound;
use link::{Groups, Linker};
use open::Mark;
use outside::Outside;
use remote::Remote;
use rustc_hash::FxHashMap;
use sleep::Sleeps;
use told::Teller;
use unseen::Unseen;

/// What the events of a case say.
#[derive(Clone, Debug, Default)]
pub struct Correlated {
    pub machines: Vec<Machine>,
    /// By machine, boot, first record.
    pub sessions: Sessions,
    /// For each source, how many of its records another source has as well.
    pub duplicates: Vec<u64>,
}

/// Works out machines, boots and sessions. `paths` are those of the sources, by number. The result does not depend
/// on the order in which the records came.
pub fn correlate(records: &Records, paths: &[&str]) -> Correlated {
    let (mut machines, duplicates) = machines::machines(records, paths);
    let n_all =
        machines.iter().filter_map(|machine| Some(machine.lineages[machine.security?].rows.len())).sum();
    let mut found = Found { n_all, ..Found::default() };
    let kinds = activity::Kinds::of(records);
    let meanings = coverage::Meanings::of(records);
    let of_controllers = role::of_controllers(records);
    for (n, machine) in machines.iter_mut().enumerate() {
        machine.boots = boots::boots(records, machine);
        machine.clock = clock::clock(records, machine);
        clock::correct_starts(&machine.clock, &mut machine.boots);
        clock::correct_system(records, machine);
        clock::doubt_starts(records, machine);
        stops::stops(records, machine);
        let outside = Outside::of(records, machine);
        if let Some(security) = machine.security.map(|n| &machine.lineages[n]) {
            coverage::coverage(records, &meanings, security, &outside, &mut machine.boots);
            machine.own_policies = coverage::own_policies(records, security);
        }
        machine.profile = role::profile(records, machine, &of_controllers);
        let of_machine = OfMachine { records, machine, n: n as u32, outside: &outside, kinds: &kinds };
        found.add_machine(&of_machine);
    }
    let Found { part: Part { mut sessions, outbound }, .. } = found;
    sessions.children = children(&sessions.all);
    gateway::origins(records, &machines, &mut sessions);
    tickets::origins(records, &machines, &mut sessions);
    bursts::bursts(&mut sessions);
    hops::hops(records, &machines, &outbound, &mut sessions);
    Correlated { machines, sessions, duplicates }
}

/// Each session that was started from another: that one and it, in their order.
fn children(sessions: &[Session]) -> Vec<(SessionIdx, SessionIdx)> {
    let child = |(session, n): (&Session, SessionIdx)| Some((session.parent?, n));
    let mut children: Vec<_> = sessions.iter().zip(0..).filter_map(child).collect();
    children.sort_unstable();
    children
}

/// Sessions of one boot that a core works out in a row, and rows that are worked out side by side.
const DRAFTS_IN_ROW: usize = 512;
const ROWS_AT_ONCE: usize = 16;

/// Sessions, and where other credentials were used in them.
#[derive(Default)]
struct Part {
    sessions: Sessions,
    outbound: Vec<Outbound>,
}

/// What was worked out so far.
#[derive(Default)]
struct Found {
    part: Part,
    /// Security records that were gone through, and those there are.
    n_done: usize,
    n_all: usize,
}

impl Found {
    #[inline(never)]
    fn add_machine(&mut self, of_machine: &OfMachine<'_>) {
        let all = &of_machine.machine.boots;
        if !crate::parallel::is_on() {
            for (n, boot) in all.iter().enumerate() {
                let share = Share { n_before: self.n_done, n_own: boot.security.len(), n_all: self.n_all };
                of_machine.add_boot(n, share, &mut self.part);
                self.n_done += boot.security.len();
            }
            return;
        }
        let first_row = boots_at_once(all, 0);
        let rows = std::iter::successors(Some(first_row), |row| Some(boots_at_once(all, row.end)));
        let of_boot = |n: usize| {
            let (n_own, mut part) = (all[n].security.len(), Part::default());
            of_machine.add_boot(n, Share { n_before: 0, n_own, n_all: n_own }, &mut part);
            (n_own, part)
        };
        let rows = rows.take_while(|row| !row.is_empty());
        crate::parallel::each(rows, of_boot, |(n_records, part)| self.add(n_records, part));
    }

    /// Adds a boot of so many Security records: what is to come is taken to have as many sessions for each.
    fn add(&mut self, n_records: usize, Part { sessions, outbound }: Part) {
        self.n_done += n_records;
        let first = self.part.sessions.all.len() as SessionIdx;
        let after = |edge: Outbound| Outbound { session: edge.session.map(|n| n + first), ..edge };
        self.part.outbound.extend(outbound.into_iter().map(after));
        self.part.sessions.append(sessions, self.n_all as f64 / self.n_done.max(1) as f64);
    }
}

/// The boots from this one on that are worked out side by side: at least it.
fn boots_at_once(boots: &[Boot], first: usize) -> std::ops::Range<usize> {
    let mut n_records = 0;
    let is_in = |boot: &&Boot| {
        let is_in = n_records == 0 || n_records < crate::parallel::MAX_RECORDS;
        n_records += boot.security.len();
        is_in
    };
    first..first + boots[first..].iter().take_while(is_in).count()
}

/// A boot's Security records among those that are worked out in a row: those before it, its own, and all.
#[derive(Clone, Copy)]
struct Share {
    n_before: usize,
    n_own: usize,
    n_all: usize,
}

impl Share {
    /// How many times as much as there is there will be, once this part of the boot is done.
    fn n_times_as_much(self, part: f64) -> f64 {
        self.n_all as f64 / (self.n_before as f64 + self.n_own as f64 * part).max(1.0)
    }
}

/// A machine whose sessions are worked out.
struct OfMachine<'a> {
    records: &'a Records,
    machine: &'a Machine,
    n: u32,
    outside: &'a Outside,
    kinds: &'a activity::Kinds,
}

impl OfMachine<'_> {
    /// Adds the sessions of a boot.
    #[inline(never)]
    fn add_boot(&self, n: usize, share: Share, part: &mut Part) {
        let &OfMachine { records, machine: facts, n: machine, .. } = self;
        let empty = Lineage::default();
        let lineage = |n: Option<usize>| n.map_or(&empty, |n| &facts.lineages[n]);
        let (security, system) = (lineage(facts.security), lineage(facts.system));
        let boot = &facts.boots[n];
        let tracks = open::tracks(records, security, boot, self.kinds);
        let linker = Linker { records, security, tracks: &tracks };
        let mut groups = linker.groups();
        let rows = self.outside.rows(n);
        let numbered = terminal::sessions(records, rows);
        let remote = Remote::of(records, rows);
        let joined = join::join(&linker, &groups, &numbered, &remote);
        let windows = Windows::of(&linker, &groups.all);
        let closed = join::closed(&linker, &groups, &numbered, &joined, &windows);
        let unseen = Unseen::of(&linker, &numbered, &joined);
        attach::attach(&linker, &mut groups, &closed, &joined, &unseen, &remote);
        nla::attach(&linker, &mut groups, &remote);
        let mut joined = groups.settle(joined);
        join::join_rest(&linker, boot, &mut groups, &numbered, &mut joined);
        let marks = Marks::of(&groups, &tracks);
        let causes = cause::causes(records, &facts.clock, rows);
        let outside = (windows, remote, CitedLuids::of(records, rows), causes);
        let sleeps = Sleeps::of(records, system, &facts.clock, (n as u32, boot));
        let around = Around::of(&linker, boot, &groups.all, sleeps, outside);
        let draft = |idx: usize, lists: Lists, sessions: &mut Sessions| {
            let mut draft = Draft::new(&linker, facts, boot, &around, &groups.all[idx], lists);
            draft.ts = joined[idx].map(|(ts, how)| (&numbered[ts], how));
            let home = groups.home(idx);
            draft.home = home.map(|home| (&groups.all[home], joined[home].map(|(ts, _)| &numbered[ts])));
            draft.session.machine = machine;
            draft.session.boot = n as u32;
            draft.fill(marks.of_group(idx));
            draft.finish(sessions)
        };
        let Part { sessions, outbound } = part;
        let (first, first_edge) = (sessions.all.len(), outbound.len());
        drafted(groups.all.len(), share, draft, sessions);
        link_parents(&groups, first, sessions);
        activity::activity(&tracks, (machine, boot), &groups, sessions, outbound);
        let mut alone = alone::unknown(&linker, &groups.all, &numbered, &joined, &around.cited);
        let strays = strays::strays(&linker, sessions, first, &mut alone);
        let (clock, causes) = (&facts.clock, &around.causes);
        let sleeps = around.sleeps.with_pauses(clock, boot);
        let logs = &facts.lineages;
        let teller = Teller { records, clock, logs, boot, machine, boot_idx: n as u32, causes, sleeps };
        let homes: Vec<Option<SessionIdx>> = alone.iter().map(|ts| teller.add(ts, sessions)).collect();
        strays::bring_home(&linker, &strays, &homes, (sessions, first), &mut outbound[first_edge..]);
        number_namesakes(&mut sessions.all[first..]);
    }
}

/// Adds the sessions of so many groups, in their order; several are drafted side by side.
fn drafted(
    n_groups: usize,
    share: Share,
    draft: impl Fn(usize, Lists, &mut Sessions) -> Lists + Sync,
    sessions: &mut Sessions,
) {
    let row = |n: usize, part: &mut Sessions| {
        let from = n * DRAFTS_IN_ROW;
        let all = from..(from + DRAFTS_IN_ROW).min(n_groups);
        all.fold(Lists::default(), |lists, idx| draft(idx, lists, part));
    };
    let (first, n_rows) = (sessions.all.len(), n_groups.div_ceil(DRAFTS_IN_ROW));
    let times = |n_done: usize| share.n_times_as_much(n_done as f64 / n_groups as f64);
    if !crate::parallel::is_on() {
        for n in 0..n_rows {
            row(n, sessions);
            sessions.make_room(DRAFTS_IN_ROW, times(sessions.all.len() - first));
        }
        return;
    }
    let at_once = (0..n_rows).step_by(ROWS_AT_ONCE).map(|first| first..(first + ROWS_AT_ONCE).min(n_rows));
    let part = |n: usize| {
        let mut part = Sessions::default();
        row(n, &mut part);
        part
    };
    crate::parallel::each(at_once, part, |part| {
        let n_done = sessions.all.len() - first + part.all.len();
        sessions.append(part, times(n_done));
    });
}

/// Rule 30: the session that a secondary logon was made from. The sessions of a boot, from the `first` on, are in the
/// order of its groups.
#[inline(never)]
fn link_parents(groups: &Groups, first: usize, sessions: &mut Sessions) {
    for (n, session) in sessions.all[first..].iter_mut().enumerate().take(groups.all.len()) {
        session.parent = groups.home(n).map(|home| (first + home) as SessionIdx);
    }
}

/// Tells sessions of one LogonId in one boot apart.
#[inline(never)]
fn number_namesakes(sessions: &mut [Session]) {
    let mut seen: FxHashMap<(Option<LogonId>, Option<u32>), u32> = FxHashMap::default();
    seen.reserve(sessions.len());
    for session in sessions {
        let number = session.ts_session.filter(|_| session.luid.is_none());
        let n = seen.entry((session.luid, number)).or_insert(0);
        *n += 1;
        session.ordinal = *n;
    }
}

/// A boot's marks, by the group whose own LogonId they cite.
struct Marks {
    runs: Vec<Vec<Mark>>,
}

impl Marks {
    fn of(groups: &Groups, tracks: &open::Tracks) -> Self {
        if tracks.marks.is_empty() {
            return Marks { runs: Vec::new() };
        }
        let mut runs = vec![Vec::new(); groups.all.len()];
        for mark in &tracks.marks {
            let n = groups.of(mark.track);
            if groups.all[n].own().any(|own| own == mark.track) {
                runs[n].push(*mark);
            }
        }
        Marks { runs }
    }

    fn of_group(&self, idx: usize) -> &[Mark] {
        self.runs.get(idx).map_or(&[], |run| run)
    }
}
