//! What a machine's clock did (domain.md C.4, rules 17 to 21).

use crate::event::{EventIdx, Field, Kind, LogonId, Records};
use crate::machine::{Boot, Clock, Lineage, Pos, Step, StepKind};
use crate::time::{MINUTE, SECOND};

/// Steps below this are what time synchronisation does all day (rule 17).
const MIN_STEP: i64 = 2 * SECOND;

/// A step this soon after the start puts a wrong hardware clock right (rule 18).
const REBASE_WITHIN: i64 = 10 * MINUTE;

/// Vista's 4616 has no usable times: only a step this large stands out from the time between two records.
const MIN_DERIVED_STEP: i64 = 5 * MINUTE;

/// Reads the clock steps of a machine off its Security log.
pub fn clock(records: &Records, security: &Lineage, boots: &[Boot]) -> Clock {
    let mut steps = Vec::new();
    for boot in boots {
        // What the clock was moved by since the start: no time has passed for it.
        let mut moved = 0i64;
        for pos in boot.security.clone() {
            let row = security.rows[pos as usize];
            let is_step = |event: &_| records.events.kind(*event) == Kind::ClockSet;
            if let Some(event) = records.event(row).filter(is_step)
                && let Some(step) = step(records, security, boot, pos, event, moved)
            {
                moved = moved.saturating_add(step.amount);
                steps.push(step);
            }
        }
    }
    Clock::new(steps)
}

/// Puts the moment right at which each boot was followed by the next, where the next one's clock was put right after
/// its start (rule 18), unless that contradicts the boot's own clock.
pub fn correct_next_starts(clock: &Clock, boots: &mut [Boot]) {
    for n in 1..boots.len() {
        let moved = clock.shift(boots[n].security.start);
        let corrected = boots[n].start.map(|start| start.plus(moved));
        if moved != 0 && boots[n - 1].last_record <= corrected {
            boots[n - 1].next_start = corrected;
        }
    }
}

fn step(
    records: &Records,
    security: &Lineage,
    boot: &Boot,
    pos: Pos,
    event: EventIdx,
    moved: i64,
) -> Option<Step> {
    let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let events = &records.events;
    let known = events.time(event, Field::PreviousTime).zip(events.time(event, Field::NewTime));
    let previous = pos.checked_sub(1).filter(|previous| boot.security.contains(previous)).map(raw);
    // A 1101 is written by the new boot, at a time that tells nothing of its start (rule 10).
    let is_dropped = |pos: &Pos| {
        let event = records.event(security.rows[*pos as usize]);
        event.is_some_and(|event| events.kind(event) == Kind::AuditEventsDropped)
    };
    let begun = boot.security.clone().find(|pos| !is_dropped(pos)).unwrap_or(pos);
    let since_boot = |step: i64| raw(pos).since(raw(begun)).saturating_sub(step).saturating_sub(moved);
    let amount = match known {
        Some((from, to)) => to.since(from),
        None => derived(raw(pos).since(previous?))?,
    };
    if amount.saturating_abs() < MIN_STEP {
        return None;
    }
    let (from, to) = known.or(previous.map(|previous| (previous, raw(pos))))?;
    let kind = if since_boot(amount).saturating_abs() <= REBASE_WITHIN && boot.has_start {
        StepKind::Rebase
    } else if amount > 0 && is_machine_tool(records.text(events.text(event, Field::ProcessName))) {
        StepKind::Frozen { from, to }
    } else {
        let subject = events.luid(event, Field::SubjectLogonId);
        let by_system = subject.is_none_or(LogonId::is_fixed);
        StepKind::Kept {
            by_user: !by_system && !is_time_service(records.text(events.text(event, Field::ProcessName))),
        }
    };
    Some(Step { at: pos, boot_at: boot.security.start, amount, kind })
}

/// A step told from the times of two neighbouring records.
fn derived(difference: i64) -> Option<i64> {
    (!(-MIN_STEP..=MIN_DERIVED_STEP).contains(&difference)).then_some(difference)
}

fn file_name(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

/// Programs that set the clock of a virtual machine that was frozen (rule 19).
fn is_machine_tool(process: &str) -> bool {
    let name = file_name(process).to_ascii_lowercase();
    ["vboxservice.exe", "vmtoolsd.exe", "vmwareservice.exe", "vmicsvc.exe", "vmicvss.exe"]
        .contains(&name.as_str())
}

/// The Windows time service runs in a service host.
fn is_time_service(process: &str) -> bool {
    file_name(process).eq_ignore_ascii_case("svchost.exe") || is_machine_tool(process)
}
