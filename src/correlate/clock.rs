//! What a machine's clock did (domain.md C.4, rules 17 to 21).

use super::sleep::{AFTER_WAKE, begun};
use super::stops::{has_own_start, is_late, told_end};
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx};
use crate::machine::{Boot, Clock, Lineage, Machine, Pos, Step, StepKind, Unplaced};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashSet;
use std::ops::{Range, RangeInclusive};

/// Steps below this are what time synchronisation does all day (rule 17).
const MIN_STEP: i64 = 2 * SECOND;

/// A step this soon after the start puts a wrong hardware clock right (rule 18).
const REBASE_WITHIN: i64 = 10 * MINUTE;

/// Vista's 4616 has no usable times: only a step this large stands out from the time between two records.
const MIN_DERIVED_STEP: i64 = 5 * MINUTE;

/// What a start writes late is stamped by the kernel: only times of System that fall by more show a step by themselves.
pub const MIN_UNTOLD: i64 = 5 * MINUTE;

/// System and Security tell of one step within this time.
const SAME_STEP: i64 = MINUTE;

/// So many steps of one boot that System alone tells of are looked for in Security.
const MAX_OF_SYSTEM: usize = 64;

/// So many times is a clock put right after a start, and does System show that it was turned back.
const MAX_REBASES: usize = 16;
const MAX_FALLS: usize = 16;

/// Records may be out of order by as much without any step.
const SWAPPED: i64 = 10 * SECOND;

/// Reads the clock steps of a machine off its Security log, and off System what Security has not.
#[inline(never)]
pub fn clock(records: &Records, machine: &Machine) -> Clock {
    let empty = Lineage::default();
    let lineage = |n: Option<usize>| n.map_or(&empty, |n| &machine.lineages[n]);
    let (security, system) = (lineage(machine.security), lineage(machine.system));
    let audits_clock = audits_clock(records, security, &machine.boots);
    let (mut steps, mut unplaced) = (Vec::new(), Vec::new());
    for (n, boot) in machine.boots.iter().enumerate() {
        let told = told(records, security, boot.security.clone());
        let mut told: Vec<Told> =
            told.into_iter().filter_map(|set| set.amount(records, security, boot)).collect();
        add_of_system(records, security, system, boot, &mut told);
        let asleep = if told.is_empty() { Vec::new() } else { begun(records, system, boot) };
        let mut known: Vec<Pos> = told.iter().map(|told| told.at).collect();
        known.sort_unstable();
        let first = steps.len();
        let lost = lost(records, security, n, boot, &known);
        // What the clock was moved by since the start: no time has passed for it.
        let mut moved = 0i64;
        let mut n_rebases = 0;
        for told in told {
            let kind = match kind(records, security, boot, &asleep, audits_clock, &told, moved) {
                // Where the clock was turned back before it, what is missing there may be another start.
                StepKind::Rebase
                    if n_rebases == MAX_REBASES || lost.first().is_some_and(|lost| lost.at < told.at) =>
                {
                    StepKind::Kept { by_user: false }
                }
                kind => kind,
            };
            n_rebases += usize::from(kind == StepKind::Rebase);
            let Told { at, from, to, amount, .. } = told;
            moved = moved.saturating_add(amount);
            steps.push(Step { at, boot: n as u32, boot_at: boot.security.start, from, to, amount, kind });
        }
        steps.extend(lost);
        steps[first..].sort_by_key(|step| step.at);
        let fall = || Fall::of(records, system, boot, &steps[first..]);
        let next = machine.boots.get(n + 1);
        let told = || Fall::told(records, system, boot, next?, &steps[first..]);
        unplaced.extend(fall().or_else(told).map(|fall| {
            let within = fall.places(records, security, boot);
            Unplaced { boot: n as u32, within, from: fall.from, to: fall.to }
        }));
    }
    Clock::new(steps, unplaced)
}

/// Steps of a boot that no record tells of, and that times which turn back over missing records show.
fn lost(records: &Records, security: &Lineage, n: usize, boot: &Boot, known: &[Pos]) -> Vec<Step> {
    let is_told = |at: Pos| known.binary_search(&at).is_ok();
    let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let Range { start, end } = boot.security;
    let next = security.gaps.partition_point(|&gap| gap <= start);
    let gaps = security.gaps[next..].iter().copied().take_while(|&gap| gap < end);
    let turned_back = gaps.filter(|&at| raw(at - 1).since(raw(at)) > SWAPPED && !is_told(at));
    let step = |at: Pos| {
        let (from, to) = (raw(at - 1), raw(at));
        let (boot, kind) = (n as u32, StepKind::Lost);
        Step { at, boot, boot_at: start, from, to, amount: to.since(from), kind }
    };
    turned_back.map(step).collect()
}

/// Times of System that turn back in a boot, where no step explains it.
struct Fall {
    from: Timestamp,
    to: Timestamp,
    /// Whether a record tells that the clock showed no later time before it.
    is_told: bool,
}

impl Fall {
    fn of(records: &Records, system: &Lineage, boot: &Boot, steps: &[Step]) -> Option<Fall> {
        let mut last = boot.start?;
        let mut n_told = 0;
        for &row in &system.rows[boot.system.start as usize..boot.system.end as usize] {
            let at = records.time[row as usize];
            if is_late(records, row) || last.since(at) <= MIN_UNTOLD {
                last = if is_late(records, row) { last } else { last.max(at) };
                continue;
            }
            if !is_explained(steps, last, at) {
                let told = set(records, row).map(|(from, _)| from);
                return Some(Fall { from: told.unwrap_or(last), to: at, is_told: told.is_some() });
            }
            (last, n_told) = (at, n_told + 1);
            if n_told == MAX_FALLS {
                break;
            }
        }
        None
    }

    /// Where what the next start tells of a boot's end was before the boot itself began.
    fn told(records: &Records, system: &Lineage, boot: &Boot, next: &Boot, steps: &[Step]) -> Option<Fall> {
        let from = boot.start?;
        let to = told_end(records, system, next)?;
        let is_told = from.since(to) > MIN_UNTOLD && !is_explained(steps, from, to.plus(MIN_UNTOLD));
        is_told.then_some(Fall { from, to, is_told: false })
    }

    /// The places in Security at which the clock may have been turned back: where records are missing, before the
    /// first that shows it and after the last.
    fn places(&self, records: &Records, security: &Lineage, boot: &Boot) -> RangeInclusive<Pos> {
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

/// What the clock showed before it was set and after, if a record tells of that.
fn set(records: &Records, row: RowIdx) -> Option<(Timestamp, Timestamp)> {
    let event = records.event(row).filter(|&event| records.events.kind(event) == Kind::ClockSet)?;
    let time = |field| records.events.time(event, field);
    time(Field::PreviousTime).zip(time(Field::NewTime))
}

/// Whether a step that is told explains times that turn back, or several in a row do.
fn is_explained(steps: &[Step], last: Timestamp, at: Timestamp) -> bool {
    let first = steps.iter().position(|step| last <= step.from.plus(SAME_STEP));
    first.is_some_and(|n| steps[n..].iter().any(|step| step.to <= at.plus(SAME_STEP)))
        || steps.iter().any(|step| step.kind == StepKind::Lost)
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

/// A record that tells of a step.
struct Set {
    at: Pos,
    event: EventIdx,
}

/// A step as it is told.
struct Told {
    at: Pos,
    event: EventIdx,
    from: Timestamp,
    to: Timestamp,
    amount: i64,
}

fn told(records: &Records, lineage: &Lineage, range: Range<Pos>) -> Vec<Set> {
    let set = |at: Pos| {
        let event = records.event(lineage.rows[at as usize])?;
        (records.events.kind(event) == Kind::ClockSet).then_some(Set { at, event })
    };
    range.filter_map(set).collect()
}

impl Set {
    fn times(&self, records: &Records) -> Option<(Timestamp, Timestamp)> {
        let time = |field| records.events.time(self.event, field);
        time(Field::PreviousTime).zip(time(Field::NewTime))
    }

    fn amount(self, records: &Records, security: &Lineage, boot: &Boot) -> Option<Told> {
        let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
        let Set { at, event } = self;
        let known = self.times(records);
        let previous = at.checked_sub(1).filter(|previous| boot.security.contains(previous)).map(raw);
        let amount = match known {
            Some((from, to)) => to.since(from),
            None => derived(raw(at).since(previous?))?,
        };
        let (from, to) = known.or(previous.map(|previous| (previous, raw(at))))?;
        (amount.saturating_abs() >= MIN_STEP).then_some(Told { at, event, from, to, amount })
    }
}

/// Adds the steps of a boot that System alone tells of, where Security's records come after them.
fn add_of_system(records: &Records, security: &Lineage, system: &Lineage, boot: &Boot, all: &mut Vec<Told>) {
    let mut at = boot.security.start;
    let n_known = all.len();
    let known: FxHashSet<(i64, i64)> = all.iter().map(|told| about(told.from, told.amount)).collect();
    let alone = |set: Set| {
        let (from, to) = set.times(records)?;
        let (minute, size) = about(from, to.since(from));
        let mut near = (-1..=1).flat_map(|m| (-1..=1).map(move |s| (minute + m, size + s)));
        let is_step = to.since(from).saturating_abs() >= MIN_STEP;
        (is_step && !near.any(|near| known.contains(&near))).then_some((set, from, to))
    };
    let sets = told(records, system, boot.system.clone()).into_iter().filter_map(alone);
    for (set, from, to) in sets.take(MAX_OF_SYSTEM) {
        let later = first_later(records, security, at, boot, from);
        let first = at;
        at = place_after(records, &security.rows, at..later, boot.start, from, to);
        // By a clock that was turned back what comes over missing records may be after it, too.
        if to < from && at == later && is_cut(records, security, boot, first..at) {
            continue;
        }
        // Only what Security's own times bear out.
        let is_after = |pos: Pos| records.time[security.rows[pos as usize] as usize] >= to.plus(-SECOND);
        if (at..boot.security.end).all(is_after) {
            all.push(Told { at, event: set.event, from, to, amount: to.since(from) });
        }
    }
    if all.len() > n_known {
        all.sort_by_key(|told| told.at);
    }
}

/// Whether records of a boot in a range may follow others that are missing.
fn is_cut(records: &Records, security: &Lineage, boot: &Boot, range: Range<Pos>) -> bool {
    let has_own_start = has_own_start(records, security, boot);
    let from = if has_own_start { boot.security.start } else { boot.security.start.saturating_sub(1) };
    !range.is_empty() && (range.start == 0 && !has_own_start || security.has_gap(from, range.end - 1))
}

/// Steps that are the same have this in common, give or take one.
fn about(from: Timestamp, amount: i64) -> (i64, i64) {
    (from.ticks().div_euclid(SAME_STEP), amount.div_euclid(MIN_STEP))
}

/// The first record of a boot from a place on that is later than a moment.
fn first_later(records: &Records, security: &Lineage, at: Pos, boot: &Boot, moment: Timestamp) -> Pos {
    let is_later = |&pos: &Pos| records.time[security.rows[pos as usize] as usize] > moment.plus(SECOND);
    (at..boot.security.end).find(is_later).unwrap_or(boot.security.end)
}

/// The first place in a range whose record was written after a step, by its time.
fn place_after(
    records: &Records,
    rows: &[RowIdx],
    range: Range<Pos>,
    start: Option<Timestamp>,
    from: Timestamp,
    to: Timestamp,
) -> Pos {
    let amount = to.since(from);
    let end = range.end;
    let mut last: Option<Timestamp> = None;
    for pos in range {
        let row = rows[pos as usize];
        if is_late(records, row) {
            continue;
        }
        let at = records.time[row as usize];
        let fell = last.is_some_and(|last| last.since(at) > amount.saturating_abs() / 2);
        let is_before_start = start.is_some_and(|start| start.since(at) > SECOND) && at >= to.plus(-SECOND);
        if amount > 0 && at >= to.plus(-SECOND) || amount < 0 && (fell || is_before_start) {
            return pos;
        }
        last = Some(at);
    }
    end
}

fn kind(
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
    let slept = || n_begun().checked_sub(1).is_some_and(|last| from.since(asleep[last]) <= AFTER_WAKE);
    // By the record's own time: it is stamped by the clock as it was set.
    let set = records.time[event.0 as usize].minus(amount);
    let slept = amount > 0 && (slept() || audits_clock && is_by_kernel(records, security, boot, told));
    // A machine that sleeps minutes after it started does not put its clock right when it wakes: it was right.
    if !slept && boot.has_start && is_soon(records, security, boot, at, set, moved) {
        StepKind::Rebase
    } else if slept || amount > 0 && is_machine_tool(process()) {
        StepKind::Frozen { from, to }
    } else {
        let subject = events.luid(event, Field::SubjectLogonId);
        let by_system = subject.is_none_or(LogonId::is_fixed);
        StepKind::Kept { by_user: !by_system && !is_time_service(process()) }
    }
}

/// Whether only System tells of a step that Security, which misses nothing of the boot until then, would tell as well had
/// a program set the clock. The kernel read its clock anew, as it does when it wakes (rule 19).
fn is_by_kernel(records: &Records, security: &Lineage, boot: &Boot, told: &Told) -> bool {
    let is_of_system = records.signature(told.event.0).channel != security.channel;
    let is_known = (told.at as usize) < security.rows.len();
    is_of_system && is_known && !security.has_gap(boot.security.start, told.at)
}

/// Whether Security audits who sets the clock: a start of its own shows that subcategory (E.1).
fn audits_clock(records: &Records, security: &Lineage, boots: &[Boot]) -> bool {
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
            let gap = security.has_gap(boot.security.start, at);
            !gap && begun.is_some()
        }
    };
    begun.or(boot.start).is_some_and(is_near) && boot.start.is_none_or(is_near_start)
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
