//! Which sources are copies whose records were numbered anew? Tools that write a log again count from 1: such records
//! are known by their moments and what they say (domain.md rule 3).

use super::{Group, Node, has_same_content};
use crate::event::{Records, RowIdx};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::ops::Range;

/// So many records of each source are looked for in the others.
const SAMPLES: usize = 32;

/// So many of them at least, or all there are, and this share are found: two machines start their services alike, but
/// not to 100 ns.
const MIN_FOUND: u32 = 3;
const MIN_SHARE: f64 = 0.9;

/// Samples of one moment and event that are told apart: more show nothing.
const MAX_ALIKE: usize = 8;

/// For each group the one that it is a renumbered copy of.
#[inline(never)]
pub fn originals(records: &Records, nodes: &[Node], groups: &[Group], rank: &[u32]) -> Vec<Option<usize>> {
    let mut originals = vec![None; groups.len()];
    let mut by_log: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
    for (n, group) in groups.iter().enumerate() {
        by_log.entry((nodes[group.node].computer, group.channel)).or_default().push(n);
    }
    for mut log in by_log.into_values().filter(|log| log.len() > 1) {
        // What has most is taken to be the log itself; of two, not the one that counts from 1.
        log.sort_by_key(|&n| {
            let rows = &groups[n].rows;
            let last = rows.last().map(|&row| records.id[row as usize]);
            (Reverse(rows.len()), Reverse(last), rank[nodes[groups[n].node].source as usize])
        });
        let found = search(records, groups, &log);
        let mut of_copy: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for (&(copy, other), _) in found.iter().filter(|(_, found)| found.is_copy()) {
            of_copy.entry(copy).or_default().push(other);
        }
        let place: FxHashMap<usize, usize> = log.iter().enumerate().map(|(m, &n)| (n, m)).collect();
        for (m, &n) in log.iter().enumerate() {
            let larger = of_copy.get(&n).into_iter().flatten().filter(|&&other| place[&other] < m);
            let is_own = |&&other: &&usize| originals[other].is_none();
            originals[n] = larger.filter(is_own).min_by_key(|&other| place[other]).copied();
        }
    }
    originals
}

/// How many samples of one source were found in another, and how.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Of the time that the other covers.
    n_looked_for: u32,
    n_samples: u32,
    n_same_id: u32,
    n_other_id: u32,
}

impl Found {
    fn is_copy(self) -> bool {
        // A log that counts from 1 and its copy agree up to the first record that is missing.
        let n_found = self.n_other_id + self.n_same_id;
        let n_others = self.n_samples.saturating_sub(self.n_same_id);
        self.n_other_id >= MIN_FOUND.min(n_others).max(1)
            && f64::from(n_found) >= MIN_SHARE * f64::from(self.n_looked_for)
    }
}

/// A record that is looked for in other sources.
struct Sample {
    group: usize,
    row: RowIdx,
}

/// What tells samples apart at first sight: their moment and event.
type Key = (Timestamp, u32);

fn key(records: &Records, row: RowIdx) -> Key {
    (records.time[row as usize], records.signature(row).event_id)
}

/// A few records of each source of a log.
#[derive(Default)]
struct Samples {
    /// Those of a group stand together.
    all: Vec<Sample>,
    runs: FxHashMap<usize, Range<usize>>,
    by_key: FxHashMap<Key, Vec<usize>>,
}

impl Samples {
    fn of(records: &Records, groups: &[Group], log: &[usize]) -> Self {
        let mut samples = Samples::default();
        for &group in log {
            let first = samples.all.len();
            let rows = &groups[group].rows;
            for &row in rows.iter().step_by(rows.len().div_ceil(SAMPLES).max(1)) {
                let alike = samples.by_key.entry(key(records, row)).or_default();
                if alike.len() < MAX_ALIKE {
                    alike.push(samples.all.len());
                    samples.all.push(Sample { group, row });
                }
            }
            samples.runs.insert(group, first..samples.all.len());
        }
        samples
    }

    fn of_group(&self, group: usize) -> &[Sample] {
        self.runs.get(&group).map_or(&[], |run| &self.all[run.clone()])
    }

    /// The samples of others that a group has as well, and whether with their own id.
    fn seen_in(&self, records: &Records, groups: &[Group], other: usize) -> FxHashMap<usize, bool> {
        let mut seen: FxHashMap<usize, bool> = FxHashMap::default();
        for &row in &groups[other].rows {
            let alike = self.by_key.get(&key(records, row)).into_iter().flatten();
            for &n in alike.filter(|&&n| self.all[n].group != other) {
                let sample = self.all[n].row;
                if has_same_content(records, row, sample) {
                    *seen.entry(n).or_default() |= records.id[row as usize] == records.id[sample as usize];
                }
            }
        }
        seen
    }
}

/// Looks for a few records of each source of a log in its other sources: one pass over all of them.
fn search(records: &Records, groups: &[Group], log: &[usize]) -> FxHashMap<(usize, usize), Found> {
    let time = |row: RowIdx| records.time[row as usize];
    let samples = Samples::of(records, groups, log);
    let mut found = FxHashMap::default();
    for &other in log {
        let mut in_other: FxHashMap<usize, Found> = FxHashMap::default();
        for (n, is_same_id) in samples.seen_in(records, groups, other) {
            let found = in_other.entry(samples.all[n].group).or_default();
            *(if is_same_id { &mut found.n_same_id } else { &mut found.n_other_id }) += 1;
        }
        if in_other.is_empty() {
            continue;
        }
        let times = || groups[other].rows.iter().map(|&row| time(row));
        let (first, last) = (times().min(), times().max());
        for (group, counted) in in_other {
            let own = samples.of_group(group);
            let is_within = |sample: &&Sample| (first..=last).contains(&Some(time(sample.row)));
            let n_looked_for = own.iter().filter(is_within).count() as u32;
            found.insert((group, other), Found { n_looked_for, n_samples: own.len() as u32, ..counted });
        }
    }
    found
}
