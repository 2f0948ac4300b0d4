//! How far machines' clocks are apart (domain.md rule 44).
//!
//! A logon that surely followed an edge is a sample: it came so much later, by another machine's clock. Beginning with the
//! machine that has the most, each clock is put where most of its samples with the clocks known so far agree; what one
//! machine shows of another is so known of all that either went to. Where too few agree, only that the clocks are
//! apart is known.

use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

/// Clocks further apart than this are not one domain's: Kerberos refuses more than five minutes by default.
pub const MAX_SKEW: i64 = 15 * MINUTE;

/// So many samples have to agree, and more than anywhere else, before a clock is said to be wrong: one may be chance.
const MIN_SAMPLES: usize = 2;

/// What surely led to a logon came so long before it, by clocks that are right.
const DELAY: std::ops::RangeInclusive<i64> = -SECOND..=10 * SECOND;

/// So long it may take (rule 44) and be no sign of a wrong clock.
const NO_SKEW: std::ops::RangeInclusive<i64> = -2 * SECOND..=MINUTE;

/// Samples of one pair that are kept: more make the clocks no better known.
const MAX_SAMPLES: usize = 64;

/// How long after what led to them logons came, by pairs of machines: from and to.
#[derive(Default)]
pub struct Samples(FxHashMap<(u32, u32), Vec<i64>>);

impl Samples {
    pub fn add(&mut self, from: u32, to: u32, ticks: i64) {
        let own = self.0.entry((from, to)).or_default();
        if own.len() < MAX_SAMPLES {
            own.push(ticks);
        }
    }

    pub fn clocks(self) -> Clocks {
        let mut clocks = Clocks { ahead: self.place(), ..Clocks::default() };
        let (mut together, mut in_place) = (FxHashSet::default(), FxHashSet::default());
        for (&(from, to), ticks) in &self.0 {
            let skew = clocks.between(from, to);
            let pair = (from.min(to), from.max(to));
            if ticks.iter().any(|ticks| NO_SKEW.contains(&(ticks - skew))) {
                together.insert(pair);
                in_place.extend([from, to]);
            } else {
                clocks.apart.insert(pair);
            }
        }
        clocks.apart.retain(|pair| !together.contains(pair));
        let machines = clocks.apart.iter().flat_map(|&(a, b)| [a, b]);
        clocks.adrift = machines.filter(|machine| !in_place.contains(machine)).collect();
        clocks
    }

    /// Puts one clock after the other in its place. By machine, the ticks by which it is ahead of most.
    fn place(&self) -> FxHashMap<u32, i64> {
        let mut bounds: FxHashMap<u32, Vec<(u32, Bound)>> = FxHashMap::default();
        for (&(from, to), ticks) in &self.0 {
            bounds.entry(to).or_default().extend(ticks.iter().map(|&ticks| (from, Bound::AtMost(ticks))));
            bounds.entry(from).or_default().extend(ticks.iter().map(|&ticks| (to, Bound::AtLeast(-ticks))));
        }
        let mut ahead: FxHashMap<u32, i64> = FxHashMap::default();
        let mut open: Vec<(u32, Fit)> = bounds.keys().map(|&machine| (machine, Fit::default())).collect();
        open.sort_unstable_by_key(|&(machine, _)| machine);
        while !open.is_empty() {
            let most = |&n: &usize| (open[n].1.n, bounds[&open[n].0].len(), std::cmp::Reverse(open[n].0));
            let Some(next) = (0..open.len()).max_by_key(most) else { break };
            let (machine, fit) = open.swap_remove(next);
            ahead.insert(machine, fit.ahead);
            let neighbours: FxHashSet<u32> = bounds[&machine].iter().map(|&(other, _)| other).collect();
            for (other, fit) in open.iter_mut().filter(|(other, _)| neighbours.contains(other)) {
                *fit = Fit::of(&bounds[other], &ahead);
            }
        }
        let usual = usual(&ahead);
        ahead.values_mut().for_each(|ahead| *ahead -= usual);
        ahead
    }
}

/// What a sample says of a clock: how far it is ahead of another at most, or at least, but for the time that the logon
/// took.
#[derive(Clone, Copy)]
enum Bound {
    AtMost(i64),
    AtLeast(i64),
}

impl Bound {
    /// How long the logon took, if the clock is so far ahead of the other.
    fn delay(self, ahead: i64) -> i64 {
        match self {
            Bound::AtMost(ticks) => ticks - ahead,
            Bound::AtLeast(ticks) => ahead - ticks,
        }
    }

    /// How far ahead the clock may be.
    fn range(self) -> (i64, i64) {
        match self {
            Bound::AtMost(ticks) => (ticks - DELAY.end(), ticks - DELAY.start()),
            Bound::AtLeast(ticks) => (ticks + DELAY.start(), ticks + DELAY.end()),
        }
    }

    /// The same, of the clock that everything is told by.
    fn beside(self, base: i64) -> Self {
        match self {
            Bound::AtMost(ticks) => Bound::AtMost(ticks + base),
            Bound::AtLeast(ticks) => Bound::AtLeast(ticks + base),
        }
    }
}

/// Where a clock is put, and how many samples agree with that.
#[derive(Clone, Copy, Default)]
struct Fit {
    ahead: i64,
    n: usize,
}

impl Fit {
    /// Beside the clocks that are known: as one of them, if that agrees with as many samples as any skew.
    fn of(bounds: &[(u32, Bound)], known: &FxHashMap<u32, i64>) -> Self {
        let own: Vec<(i64, Bound)> = bounds
            .iter()
            .filter_map(|&(other, bound)| known.get(&other).map(|&base| (base, bound.beside(base))))
            .collect();
        let mut bases: Vec<i64> = own.iter().map(|&(base, _)| base).collect();
        bases.sort_unstable();
        bases.dedup();
        let agree =
            |ahead: i64| own.iter().filter(|(_, bound)| NO_SKEW.contains(&bound.delay(ahead))).count();
        let none = bases.into_iter().map(|ahead| Fit { ahead, n: agree(ahead) });
        let none = none.max_by_key(|fit| (fit.n, -fit.ahead.abs())).unwrap_or_default();
        match skewed(own.iter().map(|&(_, bound)| bound).collect()) {
            Some(skewed) if skewed.n >= MIN_SAMPLES && skewed.n > none.n => skewed,
            _ => none,
        }
    }
}

/// Where the most samples agree, if no other place has as many.
fn skewed(bounds: Vec<Bound>) -> Option<Fit> {
    let (n, from, to) = most(&bounds)?;
    let agrees = |bound: &Bound| {
        let (first, last) = bound.range();
        first <= from && to <= last
    };
    let (agree, others): (Vec<Bound>, Vec<Bound>) = bounds.into_iter().partition(agrees);
    if most(&others).is_some_and(|(others, ..)| others >= n) {
        return None;
    }
    let at_most = agree.iter().filter_map(|bound| match bound {
        Bound::AtMost(ticks) => Some(*ticks),
        Bound::AtLeast(_) => None,
    });
    let at_least = agree.iter().filter_map(|bound| match bound {
        Bound::AtLeast(ticks) => Some(*ticks),
        Bound::AtMost(_) => None,
    });
    // The fastest of them took next to no time.
    let ahead = match (at_most.min(), at_least.max()) {
        (Some(at_most), Some(at_least)) => at_least + (at_most - at_least) / 2,
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return None,
    };
    Some(Fit { ahead, n })
}

/// How many ranges lie over each other at most, and where they do so first.
fn most(bounds: &[Bound]) -> Option<(usize, i64, i64)> {
    let ranges = bounds.iter().map(|bound| bound.range());
    // At one place, those that begin come before those that end.
    let mut ends: Vec<(i64, i8)> = ranges.flat_map(|(from, to)| [(from, -1), (to, 1)]).collect();
    ends.sort_unstable();
    let (mut n, mut best): (usize, Option<(usize, i64, i64)>) = (0, None);
    for (at, next) in ends.iter().zip(ends.iter().skip(1)) {
        match at.1 {
            -1 => n += 1,
            _ => n -= 1,
        }
        if best.is_none_or(|(most, ..)| n > most) {
            best = Some((n, at.0, next.0));
        }
    }
    best
}

/// The place that most clocks are at, within a little.
fn usual(ahead: &FxHashMap<u32, i64>) -> i64 {
    let mut all: Vec<i64> = ahead.values().copied().collect();
    all.sort_unstable();
    let near = |at: i64| {
        all.partition_point(|&other| other <= at + SECOND) - all.partition_point(|&other| other < at - SECOND)
    };
    all.iter().copied().max_by_key(|&at| (near(at), -at.abs())).unwrap_or(0)
}

/// By how much each machine's clock is ahead.
#[derive(Default)]
pub struct Clocks {
    ahead: FxHashMap<u32, i64>,
    /// Pairs, the lower first, whose clocks are apart by an amount that nothing tells; and machines that are so from
    /// all they have been seen with.
    apart: FxHashSet<(u32, u32)>,
    adrift: FxHashSet<u32>,
}

impl Clocks {
    /// A moment by the clock of most.
    pub fn right(&self, machine: u32, at: Timestamp) -> Timestamp {
        self.ahead.get(&machine).map_or(at, |&ahead| at.minus(ahead))
    }

    /// By how much the clock of the second is ahead of the first's.
    pub fn between(&self, from: u32, to: u32) -> i64 {
        let ahead = |machine| self.ahead.get(&machine).copied().unwrap_or(0);
        ahead(to).saturating_sub(ahead(from))
    }

    /// Whether two machines' clocks are apart by an amount that nothing tells.
    pub fn are_apart(&self, a: u32, b: u32) -> bool {
        self.apart.contains(&(a.min(b), a.max(b)))
    }

    /// Whether they may be.
    pub fn may_be_apart(&self, a: u32, b: u32) -> bool {
        self.are_apart(a, b) || self.adrift.contains(&a) || self.adrift.contains(&b)
    }

    /// Whether any are.
    pub fn has_apart(&self) -> bool {
        !self.apart.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clocks that samples in seconds show: from, to, how much later.
    fn clocks(samples: &[(u32, u32, i64)]) -> Clocks {
        let mut all = Samples::default();
        samples.iter().for_each(|&(from, to, seconds)| all.add(from, to, seconds * SECOND));
        all.clocks()
    }

    #[test]
    fn samples_that_agree_make_a_skew() {
        let behind = clocks(&[(0, 1, -90), (0, 1, -88), (0, 1, -89), (0, 1, 40)]);
        assert_eq!(behind.between(0, 1), -90 * SECOND);
        assert_eq!(behind.between(1, 0), 90 * SECOND);
        assert!(!behind.are_apart(0, 1));
    }

    #[test]
    fn both_ways_are_one_pair() {
        let behind = clocks(&[(0, 1, -88), (1, 0, 92), (1, 0, 91)]);
        assert_eq!(behind.between(0, 1) / SECOND, -89);
    }

    #[test]
    fn too_few_that_agree_only_show_that_clocks_are_apart() {
        for few in [&[(0, 1, -90), (0, 1, -50)][..], &[(0, 1, -90)], &[(0, 1, 200), (1, 0, 200)]] {
            let few = clocks(few);
            assert_eq!(few.between(0, 1), 0);
            assert!(few.are_apart(1, 0) && few.may_be_apart(1, 2));
        }
    }

    #[test]
    fn a_delay_is_no_skew() {
        let right = clocks(&[(0, 1, 30), (0, 1, 31), (0, 1, 32)]);
        assert_eq!(right.between(0, 1), 0);
        assert!(!right.are_apart(0, 1) && !right.has_apart());
    }

    #[test]
    fn one_clock_tells_of_another_through_a_third() {
        let all = clocks(&[
            (0, 1, -90),
            (0, 1, -89),
            (0, 1, -88),
            (0, 2, 70),
            (0, 2, 71),
            (0, 2, 72),
            (1, 2, 162),
            (0, 3, 1),
            (3, 0, 1),
        ]);
        assert_eq!(
            [all.between(0, 1), all.between(1, 2), all.between(0, 3)].map(|n| n / SECOND),
            [-90, 160, 0]
        );
        // Most are right: it is the others that are wrong.
        assert_eq!(all.right(0, Timestamp::from_ticks(5)), Timestamp::from_ticks(5));
    }
}
