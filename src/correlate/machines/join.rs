//! Which sources are of one machine (domain.md C.1, rule 2)?
//!
//! What one source has of a computer under all its names ([`renamed`]) is taken together first ([`units`]). Those of one
//! name are then one machine unless their records contradict each other ([`super::sorting`]), or local accounts show that
//! their Windows are two ([`sids`]). A log that was deleted and made anew contradicts the one before it too: there the
//! accounts show that it is the same Windows (rule 3).

use super::lineage::Segment;
use super::sorting::Sorting;
use super::{Group, Node, renamed, sids, units};
use crate::event::Records;

/// What sources are called: their places in the byte order of paths, their paths, and the texts of names.
pub struct Sources<'a> {
    pub rank: &'a [u32],
    pub paths: &'a [&'a str],
    pub keys: &'a [String],
}

/// What belongs together.
pub struct Joined {
    /// For each node, the node that stands for its machine.
    pub roots: Vec<usize>,
    /// For each group, where its records stand in their log.
    pub segments: Vec<Segment>,
}

/// Joins nodes to machines. `originals` are the groups that others are renumbered copies of.
#[inline(never)]
pub fn join(
    records: &Records,
    nodes: &[Node],
    groups: &[Group],
    originals: &[Option<usize>],
    sources: &Sources<'_>,
) -> Joined {
    let mut union = Union((0..nodes.len()).collect());
    renamed::join(records, nodes, groups, &mut union);
    for (n, original) in originals.iter().enumerate() {
        if let Some(original) = original {
            union.join(groups[n].node, groups[*original].node);
        }
    }
    let mut segments = vec![Segment::default(); groups.len()];
    let units = units::units(nodes, groups, originals, sources, &mut union);
    for mut units in units::of_one_name(units) {
        for part in units.iter_mut().flat_map(|unit| &mut unit.parts) {
            part.span = units::Span::of(records, groups, &part.groups);
        }
        let sids = sids::sids(records, groups, &units);
        let mut sorting = Sorting::new(records, groups, &units);
        for (unit, sid) in units.iter().zip(sids) {
            let (first, logs) = sorting.place(unit, sid);
            for &node in &unit.nodes {
                union.join(first, node);
            }
            for (part, number) in unit.parts.iter().zip(logs) {
                part.groups.iter().for_each(|&n| segments[n].number = number);
            }
        }
    }
    for (n, original) in originals.iter().enumerate() {
        if let Some(original) = original {
            segments[n] = Segment { is_renumbered: true, ..segments[*original] };
        }
    }
    Joined { roots: (0..nodes.len()).map(|node| union.root(node)).collect(), segments }
}

/// Joined sets of nodes.
pub struct Union(Vec<usize>);

impl Union {
    /// The one that stands for all that a node was joined with.
    pub fn root(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }

    /// Makes two nodes, and all that they were joined with, one.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
