//! Whether a clock may have been set, and the record of that is lost (domain.md C.4): soon after a start (rule 18), or at
//! any time.

use super::kind::REBASE_WITHIN;
use crate::correlate::coverage::is_sparse;
use crate::correlate::stops::has_own_start;
use crate::event::Records;
use crate::machine::{Boot, Clock, Lineage, Machine, Pos};
use std::ops::Range;

/// Notes in each boot whether a step of its clock may be lost, and from which record on the clock may be another than the
/// one that it began with.
#[inline(never)]
pub fn doubt_starts(records: &Records, machine: &mut Machine) {
    let Some(security) = machine.security.map(|n| &machine.lineages[n]) else { return };
    let system = machine.system.map(|n| &machine.lineages[n]);
    for boot in &mut machine.boots {
        let is_told = system.is_some_and(|system| tells_all(records, security, system, boot));
        boot.may_hide_step = !is_told && security.loss(boot.security.start, boot.security.end).is_some();
    }
    // What was filtered misses records everywhere: they tell nothing.
    if security.gaps.is_empty() || is_sparse(records, security, &(0..security.rows.len() as Pos)) {
        return;
    }
    for (n, boot) in machine.boots.iter_mut().enumerate() {
        let is_told = system.is_some_and(|system| tells_of_start(records, system, boot));
        boot.clock_unsure_from = unseen(records, security, &machine.clock, n, boot).filter(|_| !is_told);
    }
}

/// Whether System misses nothing of a boot, and so tells of every step of its clock (Kernel-General 1).
fn tells_all(records: &Records, security: &Lineage, system: &Lineage, boot: &Boot) -> bool {
    let last = |lineage: &Lineage, places: &Range<Pos>| {
        let last = places.clone().next_back()?;
        Some(records.time[lineage.rows[last as usize] as usize])
    };
    let is_over = (boot.system.end as usize) < system.rows.len()
        || last(security, &boot.security) <= last(system, &boot.system);
    is_over
        && has_own_start(records, system, boot)
        && system.loss(boot.system.start, boot.system.end).is_none()
}

/// Whether System has a start and all that it wrote while a wrong clock is put right after it (rule 18).
fn tells_of_start(records: &Records, system: &Lineage, boot: &Boot) -> bool {
    let raw = |pos: Pos| records.time[system.rows[pos as usize] as usize];
    let Range { start, end } = boot.system;
    let is_anchor = |&pos: &Pos| boot.anchors.contains(&system.rows[pos as usize]);
    let Some(first) = (start..end).find(is_anchor) else { return false };
    let is_over = |&pos: &Pos| raw(pos).since(raw(first)) > REBASE_WITHIN;
    // The log may end, or its next start come, before that.
    let until = (first..end).find(is_over).or_else(|| ((end as usize) < system.rows.len()).then_some(end));
    until.is_some_and(|until| !system.has_gap(start, until))
}

/// The first gap of a boot, if that is in its first minutes, and its clock is not known to have been put right.
fn unseen(records: &Records, security: &Lineage, clock: &Clock, n: usize, boot: &Boot) -> Option<Pos> {
    let first = boot.security.start;
    let next = security.gaps.partition_point(|&gap| gap <= first);
    let gap = security.gaps.get(next).copied().filter(|&gap| gap <= boot.security.end)?;
    let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let is_soon = raw(gap - 1).since(raw(first)).abs() <= REBASE_WITHIN;
    let is_shown = !boot.anchors.is_empty();
    (is_soon && is_shown && clock.shift_of_boot(n as u32) == 0).then_some(gap)
}
