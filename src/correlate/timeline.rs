//! Which boot wrote the records of other logs than Security, and by which clock (domain.md C.1, 5; rules 18 and
//! 21).
//!
//! A machine's time is a row of segments in which its clock ran on: from a start or a step to the next. The records of
//! a log are in order, so each is in the same segment as the one before it, or in a later one.

use super::clock::set;
use super::moments::Moments;
use super::numbered::SESSIONS;
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::{BootEnd, Lineage, Machine, Pos, StepKind, Unplaced};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Records that are this much out of order are no sign of another segment.
const SWAPPED: i64 = 5 * SECOND;

/// A log is written on for this long after the shutdown's own records.
const AFTER_SHUTDOWN: i64 = MINUTE;

/// So many segments are looked at for a record that does not fit where its neighbours do.
const LOOK_AHEAD: usize = 64;

/// A span in which the clock ran on, as it showed it.
struct Segment {
    boot: usize,
    from: Timestamp,
    to: Timestamp,
    /// The records of Security that are surely in it.
    security: Range<Pos>,
    /// What its times are to be moved by, and what then leaves out the steps that are kept as written.
    shift: i64,
    kept: i64,
}

/// Where a record stands in a machine's time.
#[derive(Clone, Copy)]
pub struct Place {
    pub row: RowIdx,
    pub boot: usize,
    pub segment: usize,
    /// What its time is to be moved by.
    pub shift: i64,
    /// A time that no step turns back, for records of one boot.
    pub elapsed: Timestamp,
}

/// Places among a log's rows, ascending, each with a segment or a later place.
type Known = [(usize, usize)];

/// A machine's segments, in order.
pub struct Timeline {
    segments: Vec<Segment>,
}

impl Timeline {
    /// From boots whose starts were put right and whose ends are known.
    pub fn of(records: &Records, machine: &Machine) -> Self {
        let mut segments: Vec<Segment> = Vec::new();
        let n_unborn = usize::from(begins_with_first_start(records, machine));
        let steps = machine.clock.steps();
        let mut steps = steps.iter().peekable();
        for (n, boot) in machine.boots.iter().enumerate().skip(n_unborn) {
            let mut shift = machine.clock.shift_of_boot(n as u32);
            let mut from = boot.start.map_or(Timestamp::MIN, |start| start.minus(shift));
            let mut kept = 0i64;
            let mut unplaced = machine.clock.unplaced(n as u32).iter().peekable();
            let mut at = boot.sure.start;
            // Records up to a place, and those from another on are in the next.
            let mut until = |end: Pos, next: Pos| {
                let security = at..end.clamp(at, boot.sure.end.max(at));
                at = next.max(at);
                security
            };
            while let Some(step) = steps.next_if(|step| step.boot == n as u32) {
                let is_before = |lost: &&Unplaced| *lost.within.end() <= step.at || step.from < lost.from;
                while let Some(lost) = unplaced.next_if(is_before) {
                    let security = until(*lost.within.start(), *lost.within.end());
                    segments.push(Segment { boot: n, from, to: lost.from, security, shift, kept });
                    from = Timestamp::MIN;
                }
                let security = until(step.at, step.at);
                segments.push(Segment { boot: n, from, to: step.from, security, shift, kept });
                from = step.to;
                match step.kind {
                    StepKind::Lost => from = Timestamp::MIN,
                    StepKind::Rebase => shift = shift.saturating_sub(step.amount),
                    StepKind::Kept { .. } => kept = kept.saturating_sub(step.amount),
                    StepKind::Frozen { .. } => {}
                }
            }
            for lost in unplaced {
                let security = until(*lost.within.start(), *lost.within.end());
                segments.push(Segment { boot: n, from, to: lost.from, security, shift, kept });
                from = Timestamp::MIN;
            }
            let security = until(boot.sure.end, boot.sure.end);
            segments.push(Segment { boot: n, from, to: end(machine, n, from), security, shift, kept });
        }
        Timeline { segments }
    }

    /// Places records of System, whose boot is known. It tells itself of most steps of the clock.
    pub fn walk_system(&self, records: &Records, boot: usize, rows: &[RowIdx], take: impl FnMut(Place)) {
        let first = self.segments.partition_point(|segment| segment.boot < boot);
        let end = self.segments.partition_point(|segment| segment.boot <= boot);
        let known = if end - first > 1 { self.after_steps(records, rows, first..end) } else { Vec::new() };
        self.walk(records, rows, first..end, (&known, &[]), take);
    }

    /// Where the segments of the boot after a segment's begin.
    fn next_boot(&self, at: usize) -> usize {
        let boot = self.segments[at].boot;
        at + self.segments[at..].partition_point(|segment| segment.boot <= boot)
    }

    /// Whether a clock showed one time more than once.
    pub fn is_ambiguous(&self) -> bool {
        self.segments.windows(2).any(|pair| pair[1].from < pair[0].to)
    }

    /// Security's records whose segments are known, with those.
    pub fn of_security<'a>(&'a self, rows: &'a [RowIdx]) -> impl Iterator<Item = (RowIdx, usize)> + 'a {
        let of_segment = |(n, segment): (usize, &'a Segment)| {
            let Range { start, end } = segment.security;
            rows[start as usize..end as usize].iter().map(move |&row| (row, n))
        };
        self.segments.iter().enumerate().flat_map(of_segment)
    }

    /// Places every record of another log: what logs whose records are placed tell of as well is where that is, and the
    /// rest between.
    pub fn walk_other(&self, records: &Records, log: &Lineage, told: &Moments, take: impl FnMut(Place)) {
        let is_one = self.segments.len() <= 1;
        let known = if is_one { Vec::new() } else { told.places(records, &log.rows) };
        let held = if is_one { Vec::new() } else { held(records, log) };
        self.walk(records, &log.rows, 0..self.segments.len(), (&known, &held), take);
    }

    /// Places among records that tell of steps, and the segments that begin with those.
    fn after_steps(&self, records: &Records, rows: &[RowIdx], within: Range<usize>) -> Vec<(usize, usize)> {
        let mut known = Vec::new();
        let mut first = within.start;
        for (n, &row) in rows.iter().enumerate() {
            let Some((_, to)) = set(records, row) else { continue };
            let mut ahead = self.segments[first..within.end].iter().skip(1).take(LOOK_AHEAD);
            if let Some(ahead) = ahead.position(|segment| segment.from.since(to).saturating_abs() <= SECOND) {
                first += 1 + ahead;
                known.push((n, first));
            }
        }
        known
    }

    /// `known` are places in `rows` and their segments, both ascending: what is between two of them is in no other.
    /// `held` are places, ascending, and later ones that are in the same boot.
    fn walk(
        &self,
        records: &Records,
        rows: &[RowIdx],
        within: Range<usize>,
        (known, held): (&Known, &Known),
        mut take: impl FnMut(Place),
    ) {
        let mut known = known.iter().peekable();
        let mut held = held.iter().peekable();
        let mut until = 0;
        let mut at = within.start;
        let mut last: Option<Timestamp> = None;
        let rows = if within.is_empty() { &[] } else { rows };
        for (n, &row) in rows.iter().enumerate() {
            let end = known.peek().map_or(within.end, |&&(_, segment)| segment + 1);
            let end = if n < until { end.min(self.next_boot(at)).max(at + 1) } else { end };
            let time = records.time[row as usize];
            let next = match known.next_if(|known| known.0 == n) {
                Some(&(_, segment)) => segment,
                None => next(&self.segments[..end], at, last, time),
            };
            if next != at {
                (at, last) = (next, None);
            }
            if let Some(&(_, last)) = held.next_if(|held| held.0 == n) {
                until = until.max(last + 1);
            }
            last = last.max(Some(time));
            let Segment { boot, shift, kept, .. } = self.segments[at];
            take(Place { row, boot, segment: at, shift, elapsed: time.plus(shift).plus(kept) });
        }
    }
}

/// The records that the LocalSessionManager wrote of a numbered session's logon, and the last of that session where none
/// is missing in between: it numbers anew at a start, so that both are of one boot (rule 16).
fn held(records: &Records, log: &Lineage) -> Vec<(usize, usize)> {
    let mut on: FxHashMap<u32, (StrId, usize)> = FxHashMap::default();
    let mut held: Vec<(usize, usize)> = Vec::new();
    let is_numbered = records.text(log.channel).eq_ignore_ascii_case(SESSIONS);
    let rows = if is_numbered { &log.rows[..] } else { &[] };
    let mut gaps = log.gaps.iter().peekable();
    for (n, &row) in rows.iter().enumerate() {
        if gaps.next_if(|&&gap| gap as usize <= n).is_some() {
            on.clear();
        }
        let Some(event) = records.event(row) else { continue };
        let said = records.events.said(event);
        match said.kind() {
            Kind::TsStarted => on.clear(),
            Kind::TsLogon => {
                let Some(number) = said.number(Field::TsSession) else { continue };
                on.insert(number, (said.text(Field::Account), held.len()));
                held.push((n, n));
            }
            Kind::TsLogoff | Kind::TsDisconnected | Kind::TsReconnected => {
                let own = said.number(Field::TsSession).and_then(|number| on.get(&number));
                if let Some(&(_, own)) = own.filter(|(account, _)| *account == said.text(Field::Account)) {
                    held[own].1 = n;
                }
            }
            _ => {}
        }
    }
    held
}

/// Whether Security or System begin with their first record of all, and that with a start: then no log has anything of
/// a time before it, whatever a clock said that was put right later.
fn begins_with_first_start(records: &Records, machine: &Machine) -> bool {
    let first = |n: Option<usize>| {
        let row = n.and_then(|n| machine.lineages[n].rows.first());
        row.is_some_and(|&row| records.id[row as usize] == 1)
    };
    let is_bare = machine.boots.first().is_some_and(|b| b.security.is_empty() && b.system.is_empty());
    machine.boots.len() > 1 && is_bare && (first(machine.security) || first(machine.system))
}

/// The segment of a record, given that of the one before it and the latest time there.
fn next(segments: &[Segment], at: usize, last: Option<Timestamp>, time: Timestamp) -> usize {
    let fits = |segment: &Segment| segment.from <= time.plus(SECOND) && time <= segment.to.plus(SECOND);
    let runs_on = last.is_none_or(|last| last <= time.plus(SWAPPED));
    // Within that second what comes after an end and a beginning is of what began.
    let has_begun = |next: &Segment| segments[at].to < time && next.from <= time;
    if fits(&segments[at]) && runs_on {
        return at + usize::from(segments.get(at + 1).is_some_and(has_begun));
    }
    let ahead = segments[at + 1..].iter().take(LOOK_AHEAD).position(fits);
    if let Some(n) = ahead {
        return at + 1 + n;
    }
    // It fits nowhere near: it is of the last that had begun.
    let mut at = at;
    while runs_on && segments.get(at + 1).is_some_and(|next| next.from <= time) {
        at += 1;
    }
    at
}

/// Until when a boot's last segment may have records, by its own clock.
fn end(machine: &Machine, n: usize, from: Timestamp) -> Timestamp {
    let boot = &machine.boots[n];
    let stopped = match &boot.end {
        BootEnd::Clean { at, latest, .. } => Some(at.max(latest).plus(AFTER_SHUTDOWN)),
        _ => None,
    };
    let next = boot.next_start;
    // A start before what is told of this boot's end was stamped by another clock.
    let earliest = boot.last_record.max(boot.told_end()).unwrap_or(from).max(from);
    let ends = [stopped, next].into_iter().flatten();
    let fitting = ends.clone().filter(|end| *end >= earliest).min();
    // A record or two of the next start may stand before what shows it.
    let is_near = |end: &Timestamp| earliest.since(*end).abs() <= AFTER_SHUTDOWN;
    // By a clock that was turned back at the next start (rule 21), it is known only until when this boot wrote.
    let turned_back = || next.map(|_| earliest.plus(AFTER_SHUTDOWN));
    fitting.or_else(|| ends.filter(is_near).max()).or_else(turned_back).unwrap_or(Timestamp::MAX)
}
