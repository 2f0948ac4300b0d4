//! What a machine's clock did (domain.md C.4, rules 17 to 21).

mod kind;
mod stretches;
mod told;
mod turned_back;
mod unseen;

pub use stretches::Stretches;
pub use told::{SAME_STEP, set};
pub use turned_back::{MIN_UNTOLD, SWAPPED};
pub use unseen::doubt_starts;

use super::sleep::begun;
use super::stops::is_late;
use crate::event::{Records, RowIdx};
use crate::machine::{Boot, Clock, Lineage, Machine, Pos, Slip, Step, StepKind, Unplaced};
use crate::parallel;
use kind::{audits_clock, kind};
use told::{Told, add_of_system, place_after, told};
use turned_back::{Fall, falls, lost};

/// So many times is a clock put right after a start.
const MAX_REBASES: usize = 16;

/// Reads the clock steps of a machine off its Security log, and off System what Security has not.
#[inline(never)]
pub fn clock(records: &Records, machine: &Machine) -> Clock {
    let empty = Lineage::default();
    let lineage = |n: Option<usize>| n.map_or(&empty, |n| &machine.lineages[n]);
    let (security, system) = (lineage(machine.security), lineage(machine.system));
    let audits_clock = audits_clock(records, security, &machine.boots);
    let logs = Logs { records, security, system, audits_clock };
    let of_boot = |n: usize| {
        let (steps, slips) = logs.steps(n, &machine.boots[n]);
        let unplaced = logs.unplaced(n, &machine.boots, &steps);
        (steps, (unplaced, slips))
    };
    let (steps, (unplaced, slips)): (Vec<_>, (Vec<_>, Vec<_>)) =
        parallel::map(machine.boots.len(), of_boot).into_iter().unzip();
    Clock::new(steps.concat(), unplaced.concat(), slips.concat())
}

/// What tells of a machine's clock.
struct Logs<'a> {
    records: &'a Records,
    security: &'a Lineage,
    system: &'a Lineage,
    audits_clock: bool,
}

impl Logs<'_> {
    /// The steps of a boot, in the order of Security's records, and those that System tells and have no place there.
    fn steps(&self, n: usize, boot: &Boot) -> (Vec<Step>, Vec<Slip>) {
        let Logs { records, security, system, audits_clock } = *self;
        let told = told(records, security, boot.security.clone()).into_iter();
        let mut told: Vec<Told> = told.filter_map(|set| set.amount(records, security, boot)).collect();
        let slips = add_of_system(records, security, system, boot, &mut told);
        let slip = |(within, amount)| Slip { boot: n as u32, within, amount };
        let slips = slips.into_iter().map(slip).collect();
        let asleep = if told.is_empty() { Vec::new() } else { begun(records, system, boot) };
        let mut known: Vec<Pos> = told.iter().map(|told| told.at).collect();
        known.sort_unstable();
        let lost = lost(records, security, n, boot, &known);
        // Where the clock was turned back before it, what is missing there may be another start.
        let may_be_of_other = |told: &Told| lost.first().is_some_and(|lost| lost.at < told.at);
        // What the clock was moved by since the start: no time has passed for it, unless the machine was frozen meanwhile.
        let mut moved = 0i64;
        let mut n_rebases = 0;
        let mut step = |told: Told| {
            let kind = match kind(records, security, boot, &asleep, audits_clock, &told, moved) {
                StepKind::Rebase if n_rebases == MAX_REBASES || may_be_of_other(&told) => {
                    StepKind::Kept { by_user: false }
                }
                kind => kind,
            };
            n_rebases += usize::from(kind == StepKind::Rebase);
            let Told { at, from, to, amount, event } = told;
            moved = moved.saturating_add(if matches!(kind, StepKind::Frozen { .. }) { 0 } else { amount });
            Step { at, row: event.0, boot: n as u32, boot_at: boot.security.start, from, to, amount, kind }
        };
        let mut steps: Vec<Step> = told.into_iter().map(&mut step).collect();
        steps.extend(lost);
        steps.sort_by_key(|step| step.at);
        (steps, slips)
    }

    /// What turned the clock of a boot back, and has no place among Security's records.
    fn unplaced(&self, n: usize, boots: &[Boot], steps: &[Step]) -> Vec<Unplaced> {
        let (records, boot) = (self.records, &boots[n]);
        let told = || Fall::told(records, self.system, boot, boots.get(n + 1)?, steps);
        let mut found = falls(records, self.system, boot, steps);
        if found.is_empty() {
            found.extend(told().or_else(|| Fall::before_security(records, self.security, boot, steps)));
        }
        let place = |fall: Fall| {
            let within = fall.places(records, self.security, boot);
            Unplaced { boot: n as u32, within, from: fall.from, to: fall.to }
        };
        found.into_iter().map(place).collect()
    }
}

/// Puts the moments right at which boots began, where the clock was put right after it (rule 18).
#[inline(never)]
pub fn correct_starts(clock: &Clock, boots: &mut [Boot]) {
    for (n, boot) in boots.iter_mut().enumerate() {
        let moved = clock.shift_of_boot(n as u32);
        boot.start = boot.start.map(|start| start.plus(moved));
    }
}

/// Puts the times of System's records right that were written before such a step.
#[inline(never)]
pub fn correct_system(records: &Records, machine: &mut Machine) {
    let Some(system) = machine.system.map(|n| &machine.lineages[n]) else { return };
    let mut moved: Vec<(RowIdx, i64)> = Vec::new();
    for step in machine.clock.steps().iter().filter(|step| step.is_rebase()) {
        let boot = &machine.boots[step.boot as usize];
        let start = boot.start.map(|start| start.minus(machine.clock.shift_of_boot(step.boot)));
        let range = boot.system.clone();
        let place = place_after(records, &system.rows, range.clone(), start, step.from, step.to);
        moved.extend((range.start..place).map(|pos| (system.rows[pos as usize], step.amount)));
    }
    for (row, amount) in moved {
        if !is_late(records, row) {
            machine.clock.move_row(row, amount);
        }
    }
}
