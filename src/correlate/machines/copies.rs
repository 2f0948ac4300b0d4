//! Which sources are copies whose records were numbered anew? Tools that write a log again count from 1: such records
//! are known by their moments and what they say (domain.md rule 3).

use super::{Group, Node, has_same_content};
use crate::event::{Records, RowIdx};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// So many records of each source are looked for in the others.
const SAMPLES: usize = 32;

/// So many of them at least, and this share, are found: two machines start their services alike, but not to 100 ns.
const MIN_FOUND: u32 = 3;
const MIN_SHARE: f64 = 0.9;

/// Samples of one moment and event that are told apart: more show nothing.
const MAX_ALIKE: usize = 8;

/// For each group the one that it is a renumbered copy of.
pub fn originals(records: &Records, nodes: &[Node], groups: &[Group], rank: &[u32]) -> Vec<Option<usize>> {
    let mut originals = vec![None; groups.len()];
    let mut by_log: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
    for (n, group) in groups.iter().enumerate() {
        by_log.entry((nodes[group.node].computer, group.channel)).or_default().push(n);
    }
    for mut log in by_log.into_values().filter(|log| log.len() > 1) {
        // What has most is taken to be the log itself.
        log.sort_by_key(|&n| {
            (std::cmp::Reverse(groups[n].rows.len()), rank[nodes[groups[n].node].source as usize])
        });
        let found = search(records, groups, &log);
        for (m, &n) in log.iter().enumerate() {
            let is_copy = |&&other: &&usize| {
                originals[other].is_none() && found.get(&(n, other)).is_some_and(|found| found.is_copy())
            };
            originals[n] = log[..m].iter().find(is_copy).copied();
        }
    }
    originals
}

/// How many samples of one source were found in another, and how.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Of the time that the other covers.
    n_looked_for: u32,
    n_same_id: u32,
    n_other_id: u32,
}

impl Found {
    fn is_copy(self) -> bool {
        self.n_same_id == 0
            && self.n_other_id >= MIN_FOUND
            && f64::from(self.n_other_id) >= MIN_SHARE * f64::from(self.n_looked_for)
    }
}

/// A record that is looked for in other sources.
struct Sample {
    group: usize,
    row: RowIdx,
}

/// Looks for a few records of each source of a log in its other sources: one pass over all of them.
fn search(records: &Records, groups: &[Group], log: &[usize]) -> FxHashMap<(usize, usize), Found> {
    let time = |row: RowIdx| records.time[row as usize];
    let key = |row: RowIdx| (time(row), records.signature(row).event_id);
    let mut samples: Vec<Sample> = Vec::new();
    let mut by_key: FxHashMap<(Timestamp, u32), Vec<usize>> = FxHashMap::default();
    let mut spans = Vec::new();
    for &group in log {
        let rows = &groups[group].rows;
        let times = || rows.iter().map(|&row| time(row));
        spans.push((times().min(), times().max()));
        for &row in rows.iter().step_by(rows.len().div_ceil(SAMPLES).max(1)) {
            let alike = by_key.entry(key(row)).or_default();
            if alike.len() < MAX_ALIKE {
                alike.push(samples.len());
                samples.push(Sample { group, row });
            }
        }
    }
    let mut found: FxHashMap<(usize, usize), Found> = FxHashMap::default();
    // By sample: in which group it was found last, and whether with its own id.
    let mut seen: Vec<Option<(usize, bool)>> = vec![None; samples.len()];
    for (&other, &(first, last)) in log.iter().zip(&spans) {
        for Sample { group, row } in samples.iter().filter(|sample| sample.group != other) {
            let at = Some(time(*row));
            found.entry((*group, other)).or_default().n_looked_for += u32::from(first <= at && at <= last);
        }
        for &row in &groups[other].rows {
            let Some(alike) = by_key.get(&key(row)) else { continue };
            for &n in alike.iter().filter(|&&n| samples[n].group != other) {
                if has_same_content(records, row, samples[n].row) {
                    let is_same_id = records.id[row as usize] == records.id[samples[n].row as usize];
                    let before = seen[n].is_some_and(|(group, is_same_id)| group == other && is_same_id);
                    seen[n] = Some((other, before || is_same_id));
                }
            }
        }
        for (Sample { group, .. }, seen) in samples.iter().zip(&seen) {
            if let Some((_, is_same_id)) = seen.filter(|(group, _)| *group == other) {
                let found = found.entry((*group, other)).or_default();
                *(if is_same_id { &mut found.n_same_id } else { &mut found.n_other_id }) += 1;
            }
        }
    }
    found
}
