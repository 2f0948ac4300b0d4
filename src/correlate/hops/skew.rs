//! How far apart two machines' clocks are (domain.md rule 44).

use crate::time::{MINUTE, SECOND};
use rustc_hash::{FxHashMap, FxHashSet};

/// Clocks further apart than this are not one domain's: Kerberos refuses more than five minutes by default.
pub const MAX_SKEW: i64 = 15 * MINUTE;

/// So many joins have to agree before a clock is said to be wrong.
const MIN_SAMPLES: usize = 3;

/// So many do not make a skew; where each comes before what led to it, they are no chance either.
const FEW_SAMPLES: usize = 4;

/// So far a sample may be from the middle one and still agree with it.
const SPREAD: i64 = 2 * SECOND;

/// Later than this after the edge, and earlier than this before it, is no delay of a network.
const DELAY: std::ops::RangeInclusive<i64> = -SECOND..=10 * SECOND;

/// Samples of one pair that are kept: more make the middle no better.
const MAX_SAMPLES: usize = 1000;

/// Ticks by which the clock of the second machine is ahead of the first's.
#[derive(Default)]
pub struct Skews {
    /// Pairs of which some joins, too few to say how far, show that the clocks are apart.
    apart: FxHashSet<(u32, u32)>,
    samples: FxHashMap<(u32, u32), Vec<i64>>,
    ticks: FxHashMap<(u32, u32), i64>,
    /// Those towards each machine, each once.
    towards: FxHashMap<u32, Vec<i64>>,
}

impl Skews {
    /// A logon came this long after the edge that surely led to it.
    pub fn sample(&mut self, from: u32, to: u32, ticks: i64) {
        let samples = self.samples.entry((from, to)).or_default();
        if samples.len() < MAX_SAMPLES {
            samples.push(ticks);
        }
    }

    pub fn estimate(&mut self) {
        for (pair, samples) in std::mem::take(&mut self.samples) {
            // A logon may come late; before what led to it only by another clock.
            if samples.len() <= FEW_SAMPLES && samples.iter().all(|sample| sample < DELAY.start()) {
                self.apart.insert(pair);
            }
            self.ticks.insert(pair, skew(samples));
        }
        for (&(_, to), &ticks) in &self.ticks {
            self.towards.entry(to).or_default().push(ticks);
        }
        for ticks in self.towards.values_mut() {
            ticks.push(0);
            ticks.sort_unstable();
            ticks.dedup();
        }
    }

    /// Every skew towards a machine, that of most, none, included.
    pub fn towards(&self, to: u32) -> impl Iterator<Item = i64> {
        self.towards.get(&to).map_or(&[0][..], Vec::as_slice).iter().copied()
    }

    /// Whether any two machines' clocks are apart by an amount that nothing tells.
    pub fn has_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// Whether two machines' clocks are apart by an amount that nothing tells.
    pub fn are_apart(&self, from: u32, to: u32) -> bool {
        self.apart.contains(&(from, to)) && self.between(from, to) == 0
    }

    pub fn between(&self, from: u32, to: u32) -> i64 {
        self.ticks.get(&(from, to)).copied().unwrap_or(0)
    }
}

fn skew(mut samples: Vec<i64>) -> i64 {
    samples.sort_unstable();
    let Some(&middle) = samples.get(samples.len() / 2) else { return 0 };
    let agree =
        samples.iter().filter(|&&sample| sample.saturating_sub(middle).saturating_abs() <= SPREAD).count();
    let is_one = samples.len() >= MIN_SAMPLES && agree * 2 > samples.len();
    if is_one && !DELAY.contains(&middle) { middle } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_samples_that_agree_make_a_skew() {
        assert_eq!(skew(vec![-90 * SECOND, -90 * SECOND, -91 * SECOND]), -90 * SECOND);
        assert_eq!(skew(vec![-90 * SECOND, -90 * SECOND]), 0, "too few");
        assert_eq!(skew(vec![-90 * SECOND, 40 * SECOND, 70 * SECOND, 200 * SECOND]), 0, "they differ");
        assert_eq!(skew(vec![SECOND; 5]), 0, "a delay is no skew");
        assert_eq!(skew(Vec::new()), 0);
    }
}
