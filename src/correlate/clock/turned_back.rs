//! That the clock was turned back, where no record tells of it.

use super::told::{MAX_OF_SYSTEM, MIN_STEP, SAME_STEP, set};
use crate::correlate::stops::{flushed, has_own_start, is_flushed, is_late, told_end};
use crate::event::{Records, RowIdx};
use crate::machine::{Boot, Lineage, Pos, Step, StepKind};
use crate::time::{MINUTE, SECOND, Timestamp};
use std::ops::{Range, RangeInclusive};

/// What a start writes late is stamped by the kernel: only times of System that fall by more show a step by themselves.
pub const MIN_UNTOLD: i64 = 5 * MINUTE;

/// So many times is looked whether System shows that the clock was turned back.
const MAX_FALLS: usize = 16;

/// Records may be out of order by as much without any step.
pub const SWAPPED: i64 = 10 * SECOND;

/// Steps of a boot that no record tells of, and that times which turn back over missing records show.
pub fn lost(records: &Records, security: &Lineage, n: usize, boot: &Boot, known: &[Pos]) -> Vec<Step> {
    let is_told = |at: Pos| known.binary_search(&at).is_ok();
    let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let Range { start, end } = boot.security;
    let next = security.gaps.partition_point(|&gap| gap <= start);
    let gaps = security.gaps[next..].iter().copied().take_while(|&gap| gap < end);
    let turned_back = gaps.filter(|&at| raw(at - 1).since(raw(at)) > SWAPPED && !is_told(at));
    let step = |at: Pos| {
        let (from, to) = (raw(at - 1), raw(at));
        let (boot, kind) = (n as u32, StepKind::Lost);
        let row = security.rows[at as usize];
        Step { at, row, boot, boot_at: start, from, to, amount: to.since(from), kind }
    };
    turned_back.map(step).collect()
}

/// Times of System that turn back in a boot, where no step explains it.
pub struct Fall {
    pub from: Timestamp,
    pub to: Timestamp,
    /// What the clock showed at the lowest before it, and after it, up to the next step that has its place.
    lowest: Timestamp,
    lowest_after: Timestamp,
    /// What it showed at the highest before it, if records tell of that.
    highest: Option<Timestamp>,
    /// The places in Security between the steps around it.
    between: Range<Pos>,
}

impl Fall {
    /// One of which nothing but its times is known.
    fn alone(boot: &Boot, from: Timestamp, to: Timestamp) -> Self {
        let between = boot.security.clone();
        Fall { from, to, lowest: from, lowest_after: Timestamp::MIN, highest: None, between }
    }

    /// Where what the next start tells of a boot's end was before the boot itself began.
    pub fn told(
        records: &Records,
        system: &Lineage,
        boot: &Boot,
        next: &Boot,
        steps: &[Step],
    ) -> Option<Fall> {
        let from = boot.start?;
        let to = told_end(records, system, next)?;
        let has_lost = steps.iter().any(|step| step.kind == StepKind::Lost);
        let is_told = from.since(to) > MIN_UNTOLD && !has_lost && !explain(steps, from, to.plus(MIN_UNTOLD));
        is_told.then_some(Fall::alone(boot, from, to))
    }

    /// Where Security, which has not the start of a boot, begins with a record from before it.
    pub fn before_security(
        records: &Records,
        security: &Lineage,
        boot: &Boot,
        steps: &[Step],
    ) -> Option<Fall> {
        let first = boot.security.clone().next().filter(|_| !has_own_start(records, security, boot))?;
        let (from, to) = (boot.start?, records.time[security.rows[first as usize] as usize]);
        let is_told = steps.iter().any(|step| step.at <= first);
        (from.since(to) > MIN_UNTOLD && !is_told).then_some(Fall::alone(boot, from, to))
    }

    /// The places in Security at which the clock may have been turned back: where records are missing, after the last that
    /// was surely before it and before the first that shows it.
    pub fn places(&self, records: &Records, security: &Lineage, boot: &Boot) -> RangeInclusive<Pos> {
        let Range { start, end } = self.between;
        let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
        let is_after = |&pos: &Pos| {
            let at = time(pos);
            self.lowest.since(at) > SWAPPED || self.highest.is_some_and(|highest| at.since(highest) > SECOND)
        };
        let last = (start..end).find(is_after).unwrap_or(end);
        let before = (start..last).rev().find(|&pos| self.lowest_after.since(time(pos)) > SECOND);
        let next = security.gaps.partition_point(|&gap| gap <= before.unwrap_or(start));
        let gap = security.gaps.get(next).copied().filter(|&gap| gap < last);
        let is_begun =
            before.is_some() || start != boot.security.start || has_own_start(records, security, boot);
        let first = if is_begun { gap.unwrap_or(last) } else { start };
        first..=last
    }
}

/// The falls of a boot's clock, in the order of System's records.
pub fn falls(records: &Records, system: &Lineage, boot: &Boot, steps: &[Step]) -> Vec<Fall> {
    let Some(start) = boot.start else { return Vec::new() };
    let mut falls = Falls::new(boot, start, steps);
    let (mut last, mut n_looked_at) = (start, 0);
    let flushed = flushed(records, system, boot);
    for pos in boot.system.clone() {
        let row = system.rows[pos as usize];
        let at = records.time[row as usize];
        let is_flushed = flushed.is_some_and(|(until, stopped)| pos < until && is_flushed(at, stopped));
        if is_late(records, row) || is_flushed {
            continue;
        }
        let told = set(records, row);
        if told.is_some_and(|told| falls.has_passed(row, told)) {
            last = at;
            continue;
        }
        // However small it is where the record itself tells of it.
        let told = told.filter(|(from, to)| from.since(*to) > SWAPPED);
        if last.since(at) <= MIN_UNTOLD && told.is_none() {
            last = last.max(at);
            continue;
        }
        // Each is looked for among all steps.
        n_looked_at += 1;
        if !is_before_step(records, steps, row) {
            falls.add(told, last, at);
            last = at;
        }
        if falls.n_seen > MAX_FALLS || n_looked_at == MAX_OF_SYSTEM {
            break;
        }
    }
    falls.finish()
}

/// Falls as they are found, and what is known of the clock since the last step that has its place.
struct Falls<'a> {
    steps: &'a [Step],
    is_in_system: Vec<bool>,
    found: Vec<Fall>,
    n_seen: usize,
    /// Steps whose place was looked for.
    n_looked_for: usize,
    /// Of the stretch since that step: its first fall, its places, and what the clock showed.
    first: usize,
    between: Range<Pos>,
    lowest: Timestamp,
    highest: Option<Timestamp>,
}

impl<'a> Falls<'a> {
    fn new(boot: &Boot, start: Timestamp, steps: &'a [Step]) -> Self {
        Falls {
            steps,
            is_in_system: vec![false; steps.len()],
            found: Vec::new(),
            n_seen: 0,
            n_looked_for: 0,
            first: 0,
            between: boot.security.clone(),
            lowest: start,
            highest: Some(start),
        }
    }

    /// Adds what a record of System shows, or tells: from what the clock was turned back, and to what.
    fn add(&mut self, told: Option<(Timestamp, Timestamp)>, last: Timestamp, at: Timestamp) {
        self.n_seen += 1;
        if self.n_seen > MAX_FALLS {
            // It stands for all that may follow.
            let (lowest, lowest_after) = (Timestamp::MIN, Timestamp::MIN);
            let between = self.between.clone();
            self.found.push(Fall { from: last, to: at, lowest, lowest_after, highest: None, between });
            return;
        }
        if told.is_none() && explain(self.steps, last, at) {
            return;
        }
        let (from, to) = told.unwrap_or((last, at));
        self.highest = self.highest.filter(|_| told.is_some()).map(|highest| highest.max(from));
        let Falls { lowest, highest, ref between, .. } = *self;
        let between = between.clone();
        self.found.push(Fall { from, to, lowest, lowest_after: to, highest, between });
        self.lowest = lowest.min(to);
    }

    /// Goes on behind a step that has its place, if a record of System tells of one.
    fn has_passed(&mut self, row: RowIdx, (from, to): (Timestamp, Timestamp)) -> bool {
        if to.since(from).saturating_abs() < MIN_STEP || self.n_looked_for == MAX_OF_SYSTEM {
            return false;
        }
        self.n_looked_for += 1;
        let Some(n) = placed(self.steps, row, from, to) else { return false };
        self.is_in_system[n] = true;
        let step = &self.steps[n];
        let at = step.at.clamp(self.between.start, self.between.end);
        self.close(at);
        self.between.start = at;
        (self.lowest, self.highest) = (step.to, Some(step.to));
        true
    }

    /// Ends the stretch: none of its falls came after that place.
    fn close(&mut self, end: Pos) {
        let mut lowest = Timestamp::MAX;
        for fall in self.found[self.first..].iter_mut().rev() {
            lowest = lowest.min(fall.lowest_after);
            (fall.lowest_after, fall.between.end) = (lowest, end);
        }
        self.first = self.found.len();
    }

    fn finish(mut self) -> Vec<Fall> {
        self.close(self.between.end);
        // That the clock was turned back among missing records Security shows of so many.
        let n_lost = self.steps.iter().filter(|step| step.kind == StepKind::Lost).count();
        if self.found.len() <= n_lost {
            return Vec::new();
        }
        // What Security alone tells may have come before each or after it.
        for (step, _) in self.steps.iter().zip(&self.is_in_system).filter(|(_, is_in_system)| !**is_in_system)
        {
            for fall in &mut self.found {
                fall.lowest = fall.lowest.min(step.to);
                fall.lowest_after = fall.lowest_after.min(step.to);
                fall.highest = fall.highest.map(|highest| highest.max(step.from));
            }
        }
        self.found
    }
}

/// The step that has its place in Security and is the one that a record of System tells of.
fn placed(steps: &[Step], row: RowIdx, from: Timestamp, to: Timestamp) -> Option<usize> {
    steps.iter().position(|step| step.kind != StepKind::Lost && is_same(step, row, from, to))
}

/// Whether a step is the one that a record of System tells of.
pub fn is_same(step: &Step, row: RowIdx, from: Timestamp, to: Timestamp) -> bool {
    let is_near = step.from.since(from).saturating_abs() <= SAME_STEP;
    step.row == row || is_near && step.amount.saturating_sub(to.since(from)).saturating_abs() <= SECOND
}

/// Whether a record may be stamped right before the clock was put forward, and written after that: a driver's, in a
/// machine that stood still (rathbun_w10, System 810 and 828). Where its own log tells of the step, its place there tells.
fn is_before_step(records: &Records, steps: &[Step], row: RowIdx) -> bool {
    let at = records.time[row as usize];
    let is_after = |told: RowIdx| {
        let is_of_log = records.signature(told).channel == records.signature(row).channel;
        !is_of_log || records.id[told as usize] < records.id[row as usize]
    };
    let is_right_before = |step: &Step| step.amount > 0 && (0..=SAME_STEP).contains(&step.from.since(at));
    steps.iter().any(|step| is_right_before(step) && is_after(step.row))
}

/// Whether a step that is told explains times that turn back, or several in a row do.
fn explain(steps: &[Step], last: Timestamp, at: Timestamp) -> bool {
    let is_told = |step: &&Step| step.kind != StepKind::Lost;
    let first = steps.iter().position(|step| last <= step.from.plus(SAME_STEP));
    first.is_some_and(|n| steps[n..].iter().filter(is_told).any(|step| step.to <= at.plus(SAME_STEP)))
}
