//! Starts of which no anchor is left: what is beside the missing records tells them.

use super::Cluster;
use super::anchors::{
    LOOK_BACK, LOOK_BACK_RECORDS, anchor, ends_a_start, is_cut, is_font_driver, is_of_start,
    is_once_per_start,
};
use crate::event::{Kind, Records};
use crate::machine::{Lineage, Pos};
use crate::time::{MINUTE, SECOND};
use std::ops::Range;

/// Records after a shutdown's 1100 that still belong to it: 228 in 9 s were seen (domain.md A.2); a stopped event log
/// service that is started again writes on for longer.
pub const TAIL_RECORDS: u32 = 1000;
pub const TAIL: i64 = 10 * MINUTE;

/// The last records of a shutdown were written 9 s after its 1100 (domain.md A.2).
const SHUTDOWN_TAIL: i64 = 12 * SECOND;

/// A start whose anchors are missing: what is left beside the gap tells it, from a place to a place.
#[derive(Clone, Copy)]
pub struct Told {
    pub first: Pos,
    pub last: Pos,
    /// The records are of the start itself; otherwise the log was stopped before the gap.
    pub is_part: bool,
}

/// A start whose anchors are among the records missing before a place: the log had been stopped, or what is left
/// beside the gap is what every start has. Without this a session would go on over it. The places are those from
/// which on, and up to which, the records tell it. What is left on either side of a long gap is of a start each.
pub fn told_by_gap(
    records: &Records,
    security: &Lineage,
    stopped: Option<Pos>,
    gap: Pos,
    floor: Pos,
) -> [Option<Told>; 2] {
    let row = |pos: Pos| security.rows[pos as usize];
    let time = |pos: Pos| records.time[row(pos) as usize];
    // What a shutdown still writes comes within seconds; no computer starts again that fast.
    let was_stopped = stopped.is_some_and(|stopped| {
        gap - stopped <= TAIL_RECORDS
            && time(gap - 1).since(time(stopped)).abs() <= TAIL
            && time(gap).since(time(stopped)).abs() > SHUTDOWN_TAIL
    });
    if was_stopped {
        return [Some(Told { first: gap, last: gap, is_part: false }), None];
    }
    // A 4672 tells only of the logon beside it.
    let is_privileges = |event| records.events.kind(event) == Kind::SpecialPrivileges;
    let is_part = |pos: &Pos, start: Pos| {
        let row = row(*pos);
        let is_font_driver = records.event(row).is_some_and(|event| is_font_driver(records, event));
        is_font_driver
            || !records.event(row).is_some_and(is_privileges) && is_of_start(records, row, time(start))
    };
    let most = LOOK_BACK_RECORDS as usize;
    let is_cut = is_cut(records, security, gap);
    let start = if is_cut { gap - 1 } else { gap };
    let before = (floor.min(gap)..gap).rev().take(most);
    let before = before.take_while(|pos| is_part(pos, start)).last().unwrap_or(gap);
    let after = (gap..security.rows.len() as Pos).take(most);
    let after = after.take_while(|pos| is_part(pos, gap)).last().map_or(gap, |last| last + 1);
    let told = |part: Range<Pos>| {
        let is_told = part.clone().any(|pos| is_once_per_start(records, row(pos)));
        let is_anchor = |pos: Pos| {
            records.event(row(pos)).is_some_and(|event| anchor(records, records.events.said(event)).is_some())
        };
        let last = part.end.max(part.start + 1) - 1;
        (is_told && !part.clone().any(is_anchor)).then_some(Told { first: part.start, last, is_part: true })
    };
    match is_cut {
        true => [told(before..gap), told(gap..after)],
        false => [told(before..after), None],
    }
}

/// Adds starts that are told only by what is beside a gap, unless that belongs to a start with anchors of its own.
pub fn merge_told(records: &Records, security: &Lineage, clusters: &mut Vec<Cluster>, told: Vec<Told>) {
    if told.is_empty() {
        return;
    }
    let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let mut own: Vec<Cluster> = Vec::new();
    let mut next = 0;
    // What tells of a start comes before the font driver of its session 0, or is that.
    let is_free = |from: Pos, to: Pos| {
        let mut between = (from..to).filter_map(|pos| records.event(security.rows[pos as usize]));
        !between
            .any(|event| ends_a_start(records, records.events.said(event)) || is_font_driver(records, event))
    };
    let is_near = |from: Pos, to: Pos| {
        let apart = time(from).since(time(to)).abs();
        to - from <= LOOK_BACK_RECORDS && apart <= LOOK_BACK && is_free(from, to)
    };
    for Told { first, last, is_part } in told {
        while clusters.get(next).is_some_and(|cluster| cluster.first < first) {
            next += 1;
        }
        if next.checked_sub(1).is_some_and(|n| is_near(clusters[n].last.min(first), first)) {
            continue;
        }
        match clusters.get_mut(next).filter(|cluster| is_near(last.min(cluster.first), cluster.first)) {
            // What a stopped log has before the start that follows is the old boot's (rule 10).
            Some(cluster) if is_part => cluster.reaches_back_to = cluster.reaches_back_to.min(first),
            Some(_) => {}
            None => own.push(Cluster { last, ..Cluster::told(first, time(last), Vec::new()) }),
        }
    }
    clusters.extend(own);
    clusters.sort_by_key(|cluster| cluster.first);
}
