//! Which names in one log are of one machine that was renamed (domain.md C.1, rule 2a)?

use super::join::Union;
use super::{Group, Node, begins_with_start};
use crate::event::{Records, RowIdx};
use crate::time::SECOND;
use rustc_hash::FxHashMap;

/// A renamed computer goes on with the next record id; a few records may be missing where exports were filtered.
const MAX_RENAME_GAP: u64 = 64;

/// A computer that goes back to an old name does so a few times; in a collector's log names change with each record.
const MAX_NAME_CHANGES: usize = 32;

/// Records of one machine may stand so much out of order.
const SWAPPED: i64 = 5 * SECOND;

/// A run of records of one name within one log of a source.
struct Run<'a> {
    group: usize,
    rows: &'a [RowIdx],
}

/// Rule 2a: within one log, another name that goes on with the record ids is the same machine, renamed.
pub fn join(records: &Records, nodes: &[Node], groups: &[Group], union: &mut Union) {
    let mut by_log: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
    for (n, group) in groups.iter().enumerate() {
        by_log.entry((nodes[group.node].source, group.channel)).or_default().push(n);
    }
    let id = |row: Option<&RowIdx>| row.map_or(0, |&row| records.id[row as usize]);
    for log in by_log.values().filter(|log| log.len() > 1) {
        let runs = runs(records, groups, log);
        let n_runs = |group: usize| runs.iter().filter(|run| run.group == group).count();
        let is_chain = |pair: &[Run<'_>]| {
            let (last, next) = (id(pair[0].rows.last()), id(pair[1].rows.first()));
            // A name that comes back changes with a start as well; in a collector's log it need not.
            let comes_back = || n_runs(pair[0].group) > 1 || n_runs(pair[1].group) > 1;
            next.checked_sub(last).is_some_and(|gap| match gap {
                1 => !comes_back() && follows(records, pair) || begins_with_start(records, pair[1].rows),
                2..=MAX_RENAME_GAP => begins_with_start(records, pair[1].rows),
                _ => false,
            })
        };
        for pair in runs.windows(2).filter(|pair| is_chain(pair)) {
            union.join(groups[pair[0].group].node, groups[pair[1].group].node);
        }
    }
}

/// Whether a name's first record was written after the last of the one before. In a collector's log the ids of two
/// machines may well go on from one to the other; their times do not.
fn follows(records: &Records, pair: &[Run<'_>]) -> bool {
    let at = |row: Option<&RowIdx>| row.map(|&row| records.time[row as usize]);
    let (last, next) = (at(pair[0].rows.last()), at(pair[1].rows.first()));
    last.zip(next).is_some_and(|(last, next)| last <= next.plus(SWAPPED))
}

/// The runs of one name in a log of several, by record id; none where names change too often to be one machine's.
fn runs<'a>(records: &Records, groups: &'a [Group], log: &[usize]) -> Vec<Run<'a>> {
    let id = |row: &RowIdx| records.id[*row as usize];
    let mut left: Vec<(usize, &[RowIdx])> = log.iter().map(|&n| (n, &groups[n].rows[..])).collect();
    let mut runs: Vec<Run<'a>> = Vec::new();
    left.sort_by_key(|(n, rows)| (rows.first().map(id), *n));
    // Names that do not come back are runs of their own, however many there are.
    let is_apart = |pair: &[(usize, &[RowIdx])]| pair[0].1.last().map(id) < pair[1].1.first().map(id);
    if left.windows(2).all(is_apart) {
        return left.into_iter().map(|(group, rows)| Run { group, rows }).collect();
    }
    while let Some(next) = (0..left.len()).min_by_key(|&n| (left[n].1.first().map(id), left[n].0)) {
        let (group, rows) = left[next];
        let others = left.iter().filter(|(other, _)| *other != group);
        let until = others.filter_map(|(_, rows)| rows.first().map(id)).min();
        let n = until.map_or(rows.len(), |until| rows.partition_point(|row| id(row) < until).max(1));
        runs.push(Run { group, rows: &rows[..n] });
        left[next].1 = &rows[n..];
        left.retain(|(_, rows)| !rows.is_empty());
        if runs.len() > MAX_NAME_CHANGES {
            return Vec::new();
        }
    }
    runs
}
