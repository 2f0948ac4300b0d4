//! That the clock was turned back, where no record tells of it.

use super::told::{SAME_STEP, set};
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
    /// Whether a record tells that the clock showed no later time before it.
    is_told: bool,
}

impl Fall {
    pub fn of(records: &Records, system: &Lineage, boot: &Boot, steps: &[Step]) -> Option<Fall> {
        let mut last = boot.start?;
        let mut n_told = 0;
        let flushed = flushed(records, system, boot);
        for pos in boot.system.clone() {
            let row = system.rows[pos as usize];
            let at = records.time[row as usize];
            let is_flushed = flushed.is_some_and(|(until, stopped)| pos < until && is_flushed(at, stopped));
            if is_late(records, row) || is_flushed {
                continue;
            }
            // However small it is where the record itself tells of it.
            let told = set(records, row).filter(|(from, to)| from.since(*to) > SWAPPED).map(|(from, _)| from);
            if last.since(at) <= MIN_UNTOLD && told.is_none() {
                last = last.max(at);
                continue;
            }
            if !is_before_step(records, steps, row) {
                if !is_explained(steps, last, at) {
                    return Some(Fall { from: told.unwrap_or(last), to: at, is_told: told.is_some() });
                }
                last = at;
            }
            n_told += 1;
            if n_told == MAX_FALLS {
                break;
            }
        }
        None
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
        let is_told = from.since(to) > MIN_UNTOLD && !is_explained(steps, from, to.plus(MIN_UNTOLD));
        is_told.then_some(Fall { from, to, is_told: false })
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
        (from.since(to) > MIN_UNTOLD && !is_told).then_some(Fall { from, to, is_told: false })
    }

    /// The places in Security at which the clock may have been turned back: where records are missing, before the
    /// first that shows it and after the last.
    pub fn places(&self, records: &Records, security: &Lineage, boot: &Boot) -> RangeInclusive<Pos> {
        let Range { start, end } = boot.security;
        let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
        let is_after = |&pos: &Pos| {
            boot.start.is_some_and(|start| start.since(time(pos)) > SWAPPED)
                || self.is_told && time(pos).since(self.from) > SECOND
        };
        let last = (start..end).find(is_after).unwrap_or(end);
        let has_own_start = has_own_start(records, security, boot);
        let next = security.gaps.partition_point(|&gap| gap <= start);
        let gap = security.gaps.get(next).copied().filter(|&gap| gap < last);
        let first = if has_own_start { gap.unwrap_or(last) } else { start };
        first..=last
    }
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
fn is_explained(steps: &[Step], last: Timestamp, at: Timestamp) -> bool {
    let first = steps.iter().position(|step| last <= step.from.plus(SAME_STEP));
    first.is_some_and(|n| steps[n..].iter().any(|step| step.to <= at.plus(SAME_STEP)))
        || steps.iter().any(|step| step.kind == StepKind::Lost)
}
