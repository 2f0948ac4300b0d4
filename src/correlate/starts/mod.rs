//! Where Windows started, as the Security log shows it (domain.md C.3, rules 7 to 10).

mod anchors;
mod gaps;
mod luids;
mod signs;

pub use anchors::{LOOK_BACK_RECORDS, ends_a_start};
pub use gaps::{TAIL, TAIL_RECORDS};
pub use luids::LUID_SWAP;

use super::clock::set;
use super::place::{Missing, Place};
use crate::event::{Records, RowIdx};
use crate::machine::{Lineage, Pos};
use crate::time::{MINUTE, SECOND, Timestamp};
use anchors::{Anchor, LOOK_BACK, look_back};
use gaps::{Told, merge_told, told_by_gap};
use luids::{Logon, LuidRestarts};
use signs::{Sign, signs};
use std::ops::Range;

/// Anchors of different kinds closer than this are one start (rule 8).
const ONE_START: i64 = 5 * MINUTE;

/// Records of one start may be swapped within this time.
const SWAPPED: i64 = 10 * SECOND;

/// A start, where its records begin in a lineage.
#[derive(Clone, Debug)]
pub struct Start {
    pub pos: Pos,
    /// The places between which that is certain to be.
    pub within: Range<Pos>,
    pub at: Timestamp,
    /// Where none of its own records is left: the start was after this moment, and not after `at`.
    pub since: Option<Timestamp>,
    pub anchors: Vec<RowIdx>,
    /// Ticks by which the clock was put right within its first minutes (rule 18).
    pub moved: i64,
}

/// A start that anchors are being added to.
struct Cluster {
    first: Pos,
    last: Pos,
    last_at: Timestamp,
    kinds: u8,
    /// None: the start is told by what is beside its missing records.
    anchors: Vec<RowIdx>,
    /// A shutdown or somebody's logon came after its last anchor.
    is_over: bool,
    /// Records of it that stand apart from its first anchor.
    reaches_back_to: Pos,
    /// Where its own records may be missing, if LogonIds alone tell of it.
    within: Option<Range<Pos>>,
}

/// The starts that Security shows, in the order of its records. `system` are the moments of those that System shows.
#[inline(never)]
pub fn security_starts(records: &Records, security: &Lineage, system: &[Start]) -> Vec<Start> {
    let mut search = Search::new(records, security, system);
    signs(records, security, |sign| search.step(sign));
    search.gaps(Pos::MAX);
    let mut clusters = search.clusters;
    if clusters.iter().any(Cluster::is_by_luids) && luids::are_drawn(records, security, &clusters) {
        clusters.retain(|cluster| !cluster.is_by_luids());
    }
    let told = search.told;
    merge_told(records, security, &mut clusters, told);
    let mut floor = 0;
    let mut start = |cluster: Cluster| {
        let is_gap = cluster.kinds == 0 && security.gaps.binary_search(&cluster.first).is_ok();
        let pos = if is_gap { cluster.first } else { look_back(records, security, cluster.first, floor) };
        let pos = pos.min(cluster.reaches_back_to).max(floor);
        floor = cluster.first + 1;
        let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
        let since = (cluster.kinds == 0).then(|| pos.checked_sub(1).map(time)).flatten();
        let last = cluster.within.as_ref().map_or(cluster.first, |within| within.end);
        let at = time(cluster.first).max(time(last));
        let moved = moved(records, security, pos, at);
        let within = cluster.within.unwrap_or(pos..pos);
        Start { pos, within, at, since, anchors: cluster.anchors, moved }
    };
    clusters.into_iter().map(&mut start).collect()
}

/// One pass over what Security's records tell.
struct Search<'a> {
    records: &'a Records,
    security: &'a Lineage,
    clusters: Vec<Cluster>,
    /// Starts told only by what is left beside a gap.
    told: Vec<Told>,
    luids: LuidRestarts,
    next_gap: usize,
    system: std::iter::Peekable<std::vec::IntoIter<Timestamp>>,
    /// The last 1100 of this boot.
    stopped: Option<Pos>,
}

impl<'a> Search<'a> {
    fn new(records: &'a Records, security: &'a Lineage, system: &[Start]) -> Self {
        let system: Vec<Timestamp> = system.iter().map(|start| start.at).collect();
        Search {
            records,
            security,
            clusters: Vec::new(),
            told: Vec::new(),
            luids: LuidRestarts::default(),
            next_gap: 0,
            system: system.into_iter().peekable(),
            stopped: None,
        }
    }

    fn step(&mut self, sign: Sign) {
        let Sign { pos, at, anchor, ends_a_start, is_stop, logon } = sign;
        self.gaps(pos);
        // A start that System shows: LogonIds begin anew, and the log is no longer stopped, whether Security has more of it
        // or not.
        while self.system.next_if(|&start| start <= at).is_some() {
            (self.luids, self.stopped) = (LuidRestarts::default(), None);
        }
        if is_stop {
            self.stopped = Some(pos);
        }
        if let Some(anchor) = anchor {
            self.anchor(pos, anchor, at);
        } else if let Some(last) = self.clusters.last_mut().filter(|_| ends_a_start) {
            last.is_over = true;
        }
        if let Some(logon) = logon {
            self.luid(logon);
        }
    }

    /// The gaps up to a place.
    fn gaps(&mut self, until: Pos) {
        while let Some(&pos) = self.security.gaps.get(self.next_gap).filter(|&&pos| pos <= until) {
            self.next_gap += 1;
            self.gap(pos);
        }
    }

    fn gap(&mut self, pos: Pos) {
        let floor = self.clusters.last().map_or(0, |cluster| cluster.last + 1);
        let floor = self.told.last().map_or(floor, |told| floor.max(told.last + 1));
        // A log is made anew while the event log is stopped, as a rule by a start (rule 3).
        if self.security.seams.binary_search(&pos).is_ok() {
            self.told.push(Told { first: pos, last: pos, is_part: false });
            self.stopped = None;
            self.luids = LuidRestarts::default();
            return;
        }
        let told = told_by_gap(self.records, self.security, self.stopped, pos, floor);
        for told in told.into_iter().flatten() {
            self.told.push(told);
            self.stopped = None;
        }
    }

    fn anchor(&mut self, pos: Pos, anchor: Anchor, at: Timestamp) {
        let row = self.security.rows[pos as usize];
        if let Some(cluster) = self.clusters.last_mut().filter(|cluster| cluster.takes(anchor, at)) {
            return cluster.add(pos, anchor, row, at);
        }
        let (kinds, anchors) = (1 << anchor as u8, vec![row]);
        let told = Cluster::told(pos, at, anchors);
        self.clusters.push(Cluster { kinds, is_over: false, ..told });
        self.luids = LuidRestarts::default();
        self.stopped = None;
    }

    fn luid(&mut self, logon: Logon) {
        let Some(since) = self.luids.restart(logon) else { return };
        self.luids = LuidRestarts::default();
        self.luids.restart(logon);
        let Logon { pos, at, .. } = logon;
        let row = self.security.rows[pos as usize];
        if let Some(told) = self.told.pop_if(|told| since.0 < told.first && told.first <= since.1) {
            let Told { first, last, .. } = told;
            let cluster = Cluster { last, ..Cluster::told(first, at, vec![row]) };
            return self.clusters.push(cluster);
        }
        let lower = Place { at: since.1, within: since.1..since.1 };
        let Place { at: first, within } = self.of_restart(since).unwrap_or(lower);
        let told = Cluster::told(first, at, vec![row]);
        self.clusters.push(Cluster { last: pos, within: Some(within), ..told });
    }

    /// A start that is missing itself was where records are, and before the first LogonId that is lower.
    fn of_restart(&self, since: (Pos, Pos)) -> Option<Place> {
        let floor = self.clusters.last().map_or(0, |cluster| cluster.last);
        let first = floor.max(since.0) + 1;
        let missing = Missing { records: self.records, log: self.security, is_set_back: false };
        let last_gap = || {
            let gaps = self.security.gaps[..self.next_gap].iter().rev().copied();
            let at = gaps.take_while(|&gap| gap >= first).find(|&gap| gap <= since.1)?;
            Some(Place { at, within: at..at })
        };
        missing.most(std::slice::from_ref(&(first..since.1))).or_else(last_gap)
    }
}

impl Cluster {
    /// A start without anchors of its own.
    fn told(first: Pos, last_at: Timestamp, anchors: Vec<RowIdx>) -> Self {
        Cluster {
            first,
            last: first,
            last_at,
            kinds: 0,
            anchors,
            is_over: true,
            reaches_back_to: first,
            within: None,
        }
    }

    /// Whether nothing but LogonIds that begin anew tells of it, what is beside a gap neither.
    fn is_by_luids(&self) -> bool {
        self.within.is_some()
    }

    /// Rule 8.
    fn takes(&self, anchor: Anchor, at: Timestamp) -> bool {
        let apart = at.since(self.last_at).abs();
        let is_again = anchor.is_once_per_boot() && self.kinds >> anchor as u8 & 1 == 1;
        // What comes first in a start, and comes after what ends one, is of the next.
        let is_first_again = self.kinds >> anchor as u8 > 1 && apart > SWAPPED;
        !is_again && !is_first_again && !self.is_over && apart < ONE_START
    }

    fn add(&mut self, pos: Pos, anchor: Anchor, row: RowIdx, at: Timestamp) {
        self.kinds |= 1 << anchor as u8;
        self.anchors.push(row);
        (self.last, self.last_at) = (pos, at);
    }
}

/// By how much the clock was moved within the first minutes after a start: the other log may carry either time.
pub fn moved(records: &Records, lineage: &Lineage, pos: Pos, at: Timestamp) -> i64 {
    let rows = &lineage.rows[pos as usize..];
    let mut sum = 0i64;
    for &row in rows.iter().take(LOOK_BACK_RECORDS as usize) {
        let Some((from, to)) = set(records, row) else { continue };
        let is_soon = from.since(at).saturating_sub(sum).saturating_abs() <= LOOK_BACK;
        sum = sum.saturating_add(if is_soon { to.since(from) } else { 0 });
    }
    sum
}
