//! Between which steps of its clock did a machine write a record of System (domain.md C.4, rule 20)?

use super::told::told;
use super::turned_back::{SWAPPED, is_same};
use crate::event::Records;
use crate::machine::{Boot, Clock, Lineage, Pos, Step, Unplaced};
use crate::time::Timestamp;

/// So many steps are looked at for one that System tells as well, and for those between which a moment was.
const LOOK_AHEAD: usize = 64;

/// The stretches of a boot in which its clock ran on, between the steps that are kept as written.
pub struct Stretches<'a> {
    /// The steps, each with the ticks by which it and those before it had moved the clock; and those before the boot.
    kept: &'a [(Step, i64)],
    before: i64,
    /// Where it was turned back as well, and nobody knows at which place in Security.
    unplaced: &'a [Unplaced],
    /// Where System tells of one, and how many there had been by then.
    told: Vec<(Pos, usize)>,
}

impl<'a> Stretches<'a> {
    pub fn of(records: &Records, system: &Lineage, clock: &'a Clock, (n, boot): (u32, &Boot)) -> Self {
        let (kept, before) = clock.kept_of(n);
        let mut stretches = Stretches { kept, before, unplaced: clock.unplaced(n), told: Vec::new() };
        if kept.is_empty() {
            return stretches;
        }
        let mut n = 0;
        for set in told(records, system, boot.system.clone()) {
            let Some((from, to)) = set.times(records) else { continue };
            let mut next = kept[n..].iter().take(LOOK_AHEAD);
            if let Some(next) = next.position(|(step, _)| is_same(step, set.event.0, from, to)) {
                n += next + 1;
                stretches.told.push((set.at, n));
            }
        }
        stretches
    }

    /// Whether the record at a place in System tells of one of the steps.
    pub fn has_step(&self, pos: Pos) -> bool {
        self.told.binary_search_by_key(&pos, |&(at, _)| at).is_ok()
    }

    /// Ticks by which the clock had been moved at a place in System, where it showed these two times in one stretch; `None`
    /// if it did so in several, and the steps between are not known.
    pub fn moved(&self, pos: Pos, from: Timestamp, to: Timestamp) -> Option<i64> {
        if self.unplaced.iter().any(|fall| from <= fall.from && fall.to <= to) {
            return None;
        }
        let next = self.told.partition_point(|&(at, _)| at <= pos);
        let first = next.checked_sub(1).map_or(0, |last| self.told[last].1);
        let last = self.told.get(next).map_or(self.kept.len(), |&(_, n)| n - 1);
        let sum = |n: usize| n.checked_sub(1).map_or(self.before, |last| self.kept[last].1);
        if first == last {
            return Some(sum(first));
        }
        let is_after = |step: &Step| step.to.since(from) <= SWAPPED;
        let is_before = |step: &Step| to.since(step.from) <= SWAPPED;
        let may_be = |&n: &usize| {
            n.checked_sub(1).is_none_or(|last| is_after(&self.kept[last].0))
                && self.kept.get(n).is_none_or(|(next, _)| is_before(next))
        };
        let mut places = (first..=last).take(LOOK_AHEAD).filter(may_be);
        let place = places.next().filter(|_| last - first < LOOK_AHEAD)?;
        places.next().is_none().then(|| sum(place))
    }
}
