//! Edges by where they lead and as whom, or by the ticket they carry: each logon looks at those near it.

use super::Keys;
use super::edges::Edge;
use super::skew::Clocks;
use crate::event::StrId;
use crate::time::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

/// Of the edges that fit, so many of the nearest are looked at on either side of a moment.
const MAX_LOOKED_AT: usize = 64;

/// All edges, each list in the order of time by the clock of most.
#[derive(Clone)]
pub struct Index {
    by_target: FxHashMap<(u32, u32), Vec<u32>>,
    by_guid: FxHashMap<StrId, Vec<u32>>,
    /// When each edge was, and the machine that it leads to.
    at: Vec<Timestamp>,
    targets: Vec<Option<u32>>,
    machines: FxHashSet<u32>,
}

impl Index {
    pub fn of(edges: &[Edge], targets: &[Option<u32>], accounts: &mut Keys<'_>) -> Self {
        let (by_target, by_guid) = (FxHashMap::default(), FxHashMap::default());
        let machines = targets.iter().flatten().copied().collect();
        let at = edges.iter().map(|edge| edge.at).collect();
        let mut index = Index { by_target, by_guid, at, targets: targets.to_vec(), machines };
        for (n, edge) in edges.iter().enumerate() {
            if let Some(target) = targets[n] {
                let account = accounts.key(edge.user);
                index.by_target.entry((target, account)).or_default().push(n as u32);
            }
            if !edge.guid.is_none() {
                index.by_guid.entry(edge.guid).or_default().push(n as u32);
            }
        }
        index.sort();
        index
    }

    fn sort(&mut self) {
        for own in self.by_target.values_mut().chain(self.by_guid.values_mut()) {
            own.sort_by_key(|&n| (self.at[n as usize], n));
        }
    }

    /// The same, with the times of all edges put right.
    pub fn corrected(&self, edges: &[Edge], clocks: &Clocks) -> Self {
        let at = edges.iter().map(|edge| clocks.right(edge.machine, edge.at)).collect();
        let mut index = Index { at, ..self.clone() };
        index.sort();
        index
    }

    pub fn is_empty(&self) -> bool {
        self.by_target.is_empty() && self.by_guid.is_empty()
    }

    /// Whether any edge may lead to a machine.
    pub fn may_lead_to(&self, machine: u32) -> bool {
        !self.by_guid.is_empty() || self.machines.contains(&machine)
    }

    pub fn target(&self, edge: u32) -> Option<u32> {
        self.targets[edge as usize]
    }

    /// When an edge was, by the clock of most.
    pub fn at(&self, edge: u32) -> Timestamp {
        self.at[edge as usize]
    }

    /// Edges to a machine as an account, in a span: of very many those next to its middle.
    pub fn to(&self, target: (u32, u32), span: Span) -> impl Iterator<Item = u32> {
        self.within(self.by_target.get(&target), span)
    }

    pub fn with_guid(&self, guid: StrId, span: Span) -> impl Iterator<Item = u32> {
        self.within(self.by_guid.get(&guid).filter(|_| !guid.is_none()), span)
    }

    fn within<'a>(&'a self, own: Option<&'a Vec<u32>>, span: Span) -> impl Iterator<Item = u32> + 'a {
        let own = own.map_or(&[][..], Vec::as_slice);
        let (before, after) = own.split_at(own.partition_point(|&n| self.at(n) <= span.middle));
        let before = before.iter().rev().take(MAX_LOOKED_AT).copied();
        let after = after.iter().take(MAX_LOOKED_AT).copied();
        let before = before.take_while(move |&n| self.at(n) >= span.from);
        before.chain(after.take_while(move |&n| self.at(n) <= span.to))
    }
}

/// From the first moment to the last, as near the middle one as may be.
#[derive(Clone, Copy)]
pub struct Span {
    pub from: Timestamp,
    pub middle: Timestamp,
    pub to: Timestamp,
}

impl Span {
    pub fn around(middle: Timestamp, before: i64, after: i64) -> Self {
        Span { from: middle.minus(before), middle, to: middle.plus(after) }
    }
}
