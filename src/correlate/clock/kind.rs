//! What became of a step (domain.md C.4, rules 18 to 20): was the clock put right, the machine asleep, or neither?

use super::told::Told;
use super::turned_back::SWAPPED;
use crate::correlate::sleep::AFTER_WAKE;
use crate::correlate::stops::has_own_start;
use crate::event::{EventIdx, Field, Kind, Records, RowIdx};
use crate::machine::{Boot, Lineage, Pos, StepKind};
use crate::time::{MINUTE, SECOND, Timestamp};

/// A step this soon after the start puts a wrong hardware clock right (rule 18).
pub const REBASE_WITHIN: i64 = 10 * MINUTE;

pub fn kind(
    records: &Records,
    security: &Lineage,
    boot: &Boot,
    asleep: &[Timestamp],
    audits_clock: bool,
    told: &Told,
    moved: i64,
) -> StepKind {
    let events = &records.events;
    let Told { at, event, from, to, amount } = *told;
    let process = || records.text(events.text(event, Field::ProcessName));
    // The last that had begun by then.
    let n_begun = || asleep.partition_point(|&asleep| asleep <= from.plus(SECOND));
    // One that came before the start, by a clock that had not been set yet, came after it was set back.
    let may_be = |asleep: Timestamp| {
        from.since(asleep) <= AFTER_WAKE && (moved != 0 || !is_before(records, security, boot, asleep))
    };
    let slept = || n_begun().checked_sub(1).is_some_and(|last| may_be(asleep[last]));
    // By the record's own time: it is stamped by the clock as it was set.
    let set = records.time[event.0 as usize].minus(amount);
    // Who sets the clock by hand right after a wake sets it (rule 20): the wake itself is the kernel's.
    let subject = events.luid(event, Field::SubjectLogonId);
    let by_user = subject.is_some_and(|subject| !subject.is_fixed()) && !is_time_service(process());
    let is_wake = || slept() || audits_clock && is_by_kernel(records, security, boot, told);
    let slept = amount > 0 && !by_user && is_wake();
    // A machine that sleeps minutes after it started does not put its clock right when it wakes: it was right.
    // What was shown before the start, though the clock runs on from there, was shown after it had been turned back.
    let is_turned_back = moved == 0
        && boot.start.is_some_and(|start| from.since(start) < -SWAPPED && to.since(start) > REBASE_WITHIN);
    if !slept && !is_turned_back && boot.has_start && is_soon(records, security, boot, at, set, moved) {
        StepKind::Rebase
    } else if slept || amount > 0 && (is_machine_tool(process()) || set_by_kernel(records, event)) {
        StepKind::Frozen { from, to }
    } else {
        StepKind::Kept { by_user }
    }
}

/// Whether a moment is before a boot began, by its first record and by the start itself.
fn is_before(records: &Records, security: &Lineage, boot: &Boot, at: Timestamp) -> bool {
    let first = security.rows.get(boot.security.start as usize).filter(|_| !boot.security.is_empty());
    let first = first.map(|&row| records.time[row as usize]);
    [first, boot.start].into_iter().flatten().min().is_some_and(|began| at < began)
}

/// Whether only System tells of a step that Security, which misses nothing of the boot until then, would tell as well had
/// a program set the clock. The kernel read its clock anew, as it does when it wakes (rule 19).
fn is_by_kernel(records: &Records, security: &Lineage, boot: &Boot, told: &Told) -> bool {
    let is_of_system = records.signature(told.event.0).channel != security.channel;
    let is_known = (told.at as usize) < security.rows.len() && has_own_start(records, security, boot);
    is_of_system && is_known && !security.has_gap(boot.security.start, told.at)
}

/// Whether the kernel itself set the clock, as a 4616 says. It does so when it wakes: it did not run in between (rule 19).
fn set_by_kernel(records: &Records, event: EventIdx) -> bool {
    const SYSTEM_PROCESS: u64 = 4;
    records.events.luid(event, Field::ProcessId).is_some_and(|process| process.get() == SYSTEM_PROCESS)
}

/// Whether Security audits who sets the clock: a start of its own shows that subcategory (E.1).
pub fn audits_clock(records: &Records, security: &Lineage, boots: &[Boot]) -> bool {
    let is_shown = |&row: &RowIdx| {
        let kind = records.event(row).map(|event| records.events.kind(event));
        kind == Some(Kind::AuditStarted) && records.signature(row).channel == security.channel
    };
    boots.iter().flat_map(|boot| &boot.anchors).any(is_shown)
}

/// Whether the clock had run for minutes only since the boot began, by its first record and by the start itself.
fn is_soon(records: &Records, security: &Lineage, boot: &Boot, at: Pos, from: Timestamp, moved: i64) -> bool {
    let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    // A 1101 is written by the new boot, at a time that tells nothing of its start (rule 10).
    let is_dropped = |pos: &Pos| {
        let event = records.event(security.rows[*pos as usize]);
        event.is_some_and(|event| records.events.kind(event) == Kind::AuditEventsDropped)
    };
    let begun = (boot.security.start..at).find(|pos| !is_dropped(pos)).map(raw);
    let is_near =
        |start: Timestamp| from.since(start).saturating_sub(moved).saturating_abs() <= REBASE_WITHIN;
    // The kernel's word may be by the clock that was right.
    let is_near_start = |start: Timestamp| {
        is_near(start) || from.since(start).abs() <= REBASE_WITHIN || {
            let is_whole = has_own_start(records, security, boot);
            is_whole && !security.has_gap(boot.security.start, at) && begun.is_some()
        }
    };
    begun.or(boot.start).is_some_and(is_near) && boot.start.is_none_or(is_near_start)
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
