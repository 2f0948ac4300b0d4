//! Whether a clock may have been put right soon after a start (domain.md C.4, rule 18), and the record of that is lost.

use super::kind::REBASE_WITHIN;
use crate::correlate::coverage::is_sparse;
use crate::event::Records;
use crate::machine::{Boot, Clock, Lineage, Machine, Pos};

/// Notes in each boot from which record on its clock may be another than the one that it began with.
#[inline(never)]
pub fn doubt_starts(records: &Records, machine: &mut Machine) {
    let Some(security) = machine.security.map(|n| &machine.lineages[n]) else { return };
    // What was filtered misses records everywhere: they tell nothing.
    if security.gaps.is_empty() || is_sparse(records, security, &(0..security.rows.len() as Pos)) {
        return;
    }
    for (n, boot) in machine.boots.iter_mut().enumerate() {
        boot.clock_unsure_from = unseen(records, security, &machine.clock, n, boot);
    }
}

/// The first gap of a boot, if that is in its first minutes. Where System tells of the start it would tell of the step.
fn unseen(records: &Records, security: &Lineage, clock: &Clock, n: usize, boot: &Boot) -> Option<Pos> {
    let is_own = |&row| records.signature(row).channel == security.channel;
    let first = boot.security.start;
    let next = security.gaps.partition_point(|&gap| gap <= first);
    let gap = security.gaps.get(next).copied().filter(|&gap| gap <= boot.security.end)?;
    let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let is_soon = raw(gap - 1).since(raw(first)).abs() <= REBASE_WITHIN;
    let is_alone = !boot.anchors.is_empty() && boot.anchors.iter().all(is_own);
    (is_soon && is_alone && clock.shift_of_boot(n as u32) == 0).then_some(gap)
}
