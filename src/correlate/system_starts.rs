//! Where Windows started, as the System log shows it (domain.md C.3, rules 11 and 14).

use super::starts::{Start, moved};
use super::stops::{is_flushed, is_late, stopped_at};
use crate::event::{Field, Kind, Records, RowIdx};
use crate::machine::{Lineage, Pos};
use crate::time::{MINUTE, SECOND, Timestamp};

/// Starts closer than this, in one log or in both, are the same start (rule 11).
pub const SAME_START: i64 = 10 * MINUTE;

/// The kernel starts before anything else writes: what Security has of a start is older by no more than a clock that
/// is read in whole seconds and set once more may make it.
pub const BEFORE_KERNEL: i64 = 10 * SECOND;

/// Records flushed late (rule 11) that are passed over for one that tells of the clock.
const MAX_LATE: usize = 16;

/// Records of a start within which its own may be missing.
const START_RECORDS: Pos = 64;

/// What the event log service says of the boot before, or of a new name, right before it says that it has started.
const SERVICE_START: i64 = MINUTE;

/// Rule 11: 12, 6009 and 6005, in any order, are one start.
pub fn system_starts(records: &Records, system: &Lineage) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::new();
    let mut kinds: Vec<Kind> = Vec::new();
    for (pos, &row) in system.rows.iter().enumerate() {
        let Some(event) = records.event(row) else { continue };
        let kind = records.events.kind(event);
        if !matches!(kind, Kind::KernelStarted | Kind::EventLogStarted | Kind::SystemVersion) {
            if kind == Kind::EventLogStoppedClean {
                kinds = vec![Kind::KernelStarted, Kind::EventLogStarted, Kind::SystemVersion];
            }
            continue;
        }
        let at = records.time[row as usize];
        let started = records.events.time(event, Field::StartTime).filter(|_| kind == Kind::KernelStarted);
        // The kernel starts before the event log service does.
        let is_later = |start: &Start| started.is_some_and(|started| started.since(start.at) > BEFORE_KERNEL);
        // Nor is it one start over records that another clock stamped.
        let is_apart = |start: &Start| {
            let before = || system.rows[..pos].iter().rev().take(MAX_LATE);
            // What was told before this start is of an earlier stop, perhaps at the time that a wrong clock shows now.
            let told = before().take(pos - start.pos as usize);
            let stopped = told.copied().find(|&row| is_of_kind(records, row, Kind::KernelStopped));
            let stopped = stopped.map(|row| stopped_at(records, row));
            // What the kernel before had still to write.
            let is_flushed =
                |row: RowIdx| stopped.is_some_and(|stopped| is_flushed(records.time[row as usize], stopped));
            let before = before().find(|&&row| !is_late(records, row) && !is_flushed(row));
            before.is_some_and(|&row| at.since(records.time[row as usize]).abs() >= SAME_START)
        };
        let is_of_next = |start: &Start| {
            started.is_some_and(|at| is_of_next(records, &system.rows[pos + 1..], &kinds, at, start))
        };
        let is_same = |start: &Start| {
            !kinds.contains(&kind)
                && at.since(start.at).abs() < SAME_START
                && !is_later(start)
                && !is_apart(start)
                && !is_of_next(start)
        };
        match starts.last_mut().filter(|start| is_same(start)) {
            Some(start) => {
                start.anchors.push(row);
                start.at = started.unwrap_or(start.at);
                kinds.push(kind);
            }
            None => {
                let floor = starts.last().map_or(0, |start| start.pos + 1);
                let pos = first_of_start(records, system, pos as Pos, floor);
                let at = started.unwrap_or(at);
                starts.push(Start { pos, within: pos..pos, at, since: None, anchors: vec![row], moved: 0 });
                kinds = vec![kind];
            }
        }
    }
    starts.retain(|start| !is_resumed(records, system, start));
    if starts.iter().any(|start| has_kernel(records, start)) {
        // The event log service alone was started again, unless the kernel's own record is missing.
        starts.retain(|start| has_kernel(records, start) || is_beside_gap(system, start));
    }
    for start in &mut starts {
        start.moved = moved(records, system, start.pos, start.at);
    }
    starts
}

/// Whether what the kernel started is of the next start, by a clock that was behind: nearer to it than what the event log
/// service told of this start is what it tells soon after, once more.
fn is_of_next(records: &Records, after: &[RowIdx], told: &[Kind], at: Timestamp, start: &Start) -> bool {
    let is_again = |&row: &RowIdx| told.iter().any(|&kind| is_of_kind(records, row, kind));
    let again = after.iter().copied().take(MAX_LATE).find(is_again).map(|row| records.time[row as usize]);
    again.is_some_and(|again| again >= at && again.since(at) < start.at.since(at).abs())
}

/// Where a start begins in System: 41, 6008 and 6011 are written before 6009 and 6005. Where those are missing, what is told
/// of the kernel before (rule 11), and what was written after the new one's start, is of this start as well.
fn first_of_start(records: &Records, system: &Lineage, first: Pos, floor: Pos) -> Pos {
    let time = |pos: Pos| records.time[system.rows[pos as usize] as usize];
    let kind = |pos: Pos| records.event(system.rows[pos as usize]).map(|event| records.events.kind(event));
    let is_part = |pos: &Pos| {
        matches!(kind(*pos), Some(Kind::PowerLost | Kind::UnexpectedShutdown | Kind::ComputerRenamed))
            && time(first).since(time(*pos)).abs() <= SERVICE_START
    };
    let first = (floor..first).rev().take_while(is_part).last().unwrap_or(first);
    let is_of_start = |pos: &Pos| {
        matches!(kind(*pos), Some(Kind::KernelStopped | Kind::ShutdownAction))
            || (0..=SERVICE_START).contains(&time(*pos).since(time(first)))
    };
    let told = (floor..first).rev().take(MAX_LATE).take_while(is_of_start).last();
    told.filter(|&pos| pos == 0 || system.gaps.binary_search(&pos).is_ok()).unwrap_or(first)
}

/// Whether the kernel itself tells of a start of System.
pub fn has_kernel(records: &Records, start: &Start) -> bool {
    start.anchors.iter().any(|&row| is_of_kind(records, row, Kind::KernelStarted))
}

pub fn is_of_kind(records: &Records, row: RowIdx, kind: Kind) -> bool {
    records.event(row).is_some_and(|event| records.events.kind(event) == kind)
}

/// Rule 14: a fast startup, or a wake from hibernation, goes on with the boot that was put to sleep. The event log was
/// never stopped then.
fn is_resumed(records: &Records, system: &Lineage, start: &Start) -> bool {
    if !has_kernel(records, start) || start.anchors.len() > 1 {
        return false;
    }
    let from = start.pos.saturating_sub(START_RECORDS);
    let near = from..(start.pos + START_RECORDS).min(system.rows.len() as Pos);
    let mut resumes = near.filter_map(|pos| records.event(system.rows[pos as usize]));
    resumes.any(|event| {
        records.events.kind(event) == Kind::BootType
            && matches!(records.text(records.events.text(event, Field::Reason)), "1" | "2" | "0x1" | "0x2")
    })
}

/// Whether records of a start of System may be missing.
pub fn is_beside_gap(system: &Lineage, start: &Start) -> bool {
    start.pos < START_RECORDS || system.has_gap(start.pos - START_RECORDS, start.pos + START_RECORDS)
}
