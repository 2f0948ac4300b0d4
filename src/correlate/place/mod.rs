//! Where in one of Security and System a machine's starts lie that the other alone shows (domain.md C.1, 5; C.3, rules
//! 11 and 21).
//!
//! The other's records are in order, so they tell what the clock showed in each boot, whatever it was set to in between.
//! The log's records between two starts that it shows itself are in order, too: gone through forwards each is of the
//! earliest boot whose clock showed its time, backwards of the latest. A start lies between the two places that this
//! gives; and its own records are missing there.

mod missing;
mod spans;
mod walk;

pub use missing::Missing;

use super::moments::Moments;
use super::starts::LUID_SWAP;
use crate::event::{Field, Kind, LogonId, Records};
use crate::machine::{Lineage, Pos};
use crate::time::Timestamp;
use spans::spans;
use std::ops::Range;
use walk::Walk;

/// A boot as the other log shows it: when its clock began to run, and its records.
pub struct Run {
    pub began: Timestamp,
    pub rows: Range<Pos>,
}

/// Where a log goes on after a start, and the places between which that is certain to lie.
#[derive(Clone)]
pub struct Place {
    pub at: Pos,
    pub within: Range<Pos>,
}

/// The places of all runs but the first, within a range of the log's records that is after the start of the first.
/// `has_own`: whether the log shows other starts itself.
pub fn places(
    records: &Records,
    log: &Lineage,
    other: &Lineage,
    range: Range<Pos>,
    runs: &[Run],
    has_own: bool,
) -> Vec<Place> {
    let mut spans = spans(records, other, runs);
    // Where the other log begins with its first record of all, nothing was written before it.
    let is_first = other.rows.first().is_some_and(|&row| records.id[row as usize] == 1);
    if is_first && runs[0].rows.is_empty() {
        spans.retain(|span| span.run > 0);
    }
    let is_set_back =
        spans.windows(2).any(|pair| pair[0].run == pair[1].run && pair[1].from == Timestamp::MIN);
    let walk = Walk::new(records, log, spans, runs.len(), range.clone());
    let (mut earliest, mut latest) = (walk.backwards(range.clone()), walk.forwards(range.clone()));
    let rows = &log.rows[range.start as usize..range.end as usize];
    let told = told(records, other, runs).places(records, rows);
    narrow(told.into_iter().map(|(n, run)| (range.start + n as Pos, run)), &mut earliest, &mut latest);
    let missing = Missing { records, log, is_set_back };
    if runs.len() == 2
        && let Some(luids) = luid_restart(records, log, range.clone())
    {
        // Where the start cannot be missing where clocks and LogonIds agree, the clocks were wrong.
        let agreed = earliest[1].max(luids.start)..latest[1].min(luids.end);
        if let Some(place) = missing.most(&[agreed, luids]) {
            return vec![place];
        }
    }
    let mut floor = range.start;
    let mut place = |n: usize| {
        let (earliest, latest) = (earliest[n].max(floor), latest[n].max(earliest[n]).max(floor));
        let place = missing.choose(earliest, latest, &(floor..range.end), has_own);
        floor = place.at;
        place
    };
    (1..runs.len()).map(&mut place).collect()
}

/// The places between which LogonIds begin again, if they do: a start that is known to be there need not be shown by
/// as many records between them as one that nothing else tells (rule 9).
fn luid_restart(records: &Records, log: &Lineage, range: Range<Pos>) -> Option<Range<Pos>> {
    let mut greatest: Option<(LogonId, Pos)> = None;
    for pos in range {
        let row = log.rows[pos as usize];
        let logon = records.event(row).filter(|&event| records.events.kind(event) == Kind::Logon);
        let luid = logon.and_then(|event| records.events.luid(event, Field::TargetLogonId));
        let Some(luid) = luid.filter(|luid| !luid.is_fixed()) else { continue };
        match greatest.filter(|&(greatest, _)| luid < greatest) {
            Some((_, last)) => {
                let last_at = records.time[log.rows[last as usize] as usize];
                if records.time[row as usize].since(last_at).abs() > LUID_SWAP {
                    return Some(last + 1..pos);
                }
            }
            None => greatest = Some((luid, pos)),
        }
    }
    None
}

/// What the other log tells of in each run.
fn told(records: &Records, other: &Lineage, runs: &[Run]) -> Moments {
    let rows = |n: usize| other.rows[runs[n].rows.start as usize..runs[n].rows.end as usize].iter();
    Moments::of(records, (0..runs.len()).flat_map(|n| rows(n).map(move |&row| (row, n))))
}

/// Between two records of which it is known in which run they were written begin the runs that are between.
fn narrow(told: impl Iterator<Item = (Pos, usize)>, earliest: &mut [Pos], latest: &mut [Pos]) {
    let mut last: Option<(Pos, usize)> = None;
    for (pos, run) in told {
        let next = last.map_or(0, |(_, run)| run) + 1;
        for n in next..=run {
            earliest[n] = earliest[n].max(last.map_or(0, |(pos, _)| pos + 1));
            latest[n] = latest[n].min(pos);
        }
        last = Some((pos, run));
    }
    if let Some((pos, run)) = last {
        earliest[run + 1..].iter_mut().for_each(|earliest| *earliest = (*earliest).max(pos + 1));
    }
}
