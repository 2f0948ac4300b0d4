//! When a machine was asleep (domain.md rule 35).

use crate::event::{Field, Kind, Records, RowIdx};
use crate::machine::{Boot, Clock, Lineage, StepKind};
use crate::time::{MINUTE, Timestamp};

/// The clock is put right this soon after a machine woke (rule 19).
pub const AFTER_WAKE: i64 = 10 * MINUTE;

/// What is written while a machine goes to sleep comes this soon after the record of it: it has not woken since.
const FALLS_ASLEEP: i64 = MINUTE;

/// A span in which the machine was asleep, and the records that say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sleep {
    pub from: Timestamp,
    pub to: Timestamp,
    pub opened_by: Option<RowIdx>,
    /// Nothing, if it is not known to have woken.
    pub closed_by: Option<RowIdx>,
}

/// The sleeps of a boot, by time, apart. The Power-Troubleshooter's own times are the best.
pub fn sleeps(records: &Records, system: &Lineage, boot: &Boot) -> Vec<Sleep> {
    let (told, mut seen) = told_and_seen(records, system, boot);
    let told = apart(told);
    seen.retain(|sleep| {
        let next = told.partition_point(|other| other.to <= sleep.from);
        told.get(next).is_none_or(|other| sleep.to <= other.from)
    });
    apart(told.into_iter().chain(seen).chain(still_on(records, system, boot)).collect())
}

/// A boot's sleeps and the spans in which the machine stood still (rule 19), by time, apart.
pub fn with_pauses(sleeps: &[Sleep], clock: &Clock, boot: &Boot) -> Vec<Sleep> {
    let pauses = clock.frozen(boot.security.start, boot.security.end).filter_map(|step| match step.kind {
        StepKind::Frozen { from, to } => Some(Sleep { from, to, opened_by: None, closed_by: Some(step.row) }),
        _ => None,
    });
    apart(sleeps.iter().copied().chain(pauses).collect())
}

/// The sleeps, of all of a boot, that fall into a session between two moments. One from which the machine is not known
/// to have woken may have begun as the session was last heard of, where nothing bounds its end.
pub fn within(
    sleeps: &[Sleep],
    (begin, end): (Timestamp, Timestamp),
    is_open: bool,
) -> impl Iterator<Item = &Sleep> {
    let first = sleeps.partition_point(|sleep| sleep.to <= begin);
    let is_still_on = move |sleep: &Sleep| sleep.closed_by.is_none() && (is_open || sleep.from == end);
    sleeps[first..].iter().take_while(move |sleep| sleep.from < end || is_still_on(sleep))
}

/// The sleep in which a boot's records end.
fn still_on(records: &Records, system: &Lineage, boot: &Boot) -> Option<Sleep> {
    let kind = |row: RowIdx| records.event(row).map(|event| records.events.kind(event));
    let rows = boot.system.clone().rev().map(|pos| system.rows[pos as usize]);
    let last = boot.last_record?;
    let mut near = rows.take_while(|&row| last.since(records.time[row as usize]) <= FALLS_ASLEEP);
    let row = near.find(|&row| matches!(kind(row), Some(Kind::Sleep | Kind::StandbyEntered)))?;
    let from = records.time[row as usize];
    Some(Sleep { from, to: Timestamp::MAX, opened_by: Some(row), closed_by: None })
}

/// What the clock showed when a boot's sleeps began, ascending: where it was set back between two, they overlap.
pub fn begun(records: &Records, system: &Lineage, boot: &Boot) -> Vec<Timestamp> {
    let (told, seen) = told_and_seen(records, system, boot);
    let mut begun: Vec<Timestamp> = told.iter().chain(&seen).map(|sleep| sleep.from).collect();
    begun.sort_unstable();
    begun
}

/// Sleeps that the Power-Troubleshooter tells, and those that the records of sleep and wake show: a wake's is stamped
/// before the clock is right, which the next Kernel-General 1 tells.
#[inline(never)]
fn told_and_seen(records: &Records, system: &Lineage, boot: &Boot) -> (Vec<Sleep>, Vec<Sleep>) {
    let mut told: Vec<Sleep> = Vec::new();
    let mut seen: Vec<Sleep> = Vec::new();
    let (mut asleep, mut standby) = (None, None);
    let mut woke: Option<Timestamp> = None;
    for pos in boot.system.clone() {
        let row = system.rows[pos as usize];
        let Some(event) = records.event(row) else { continue };
        let at = |row: RowIdx| records.time[row as usize];
        let woken =
            |from: RowIdx| Sleep { from: at(from), to: at(row), opened_by: Some(from), closed_by: Some(row) };
        let times = || {
            let time = |field| records.events.time(event, field);
            time(Field::PreviousTime).zip(time(Field::NewTime))
        };
        match records.events.kind(event) {
            Kind::Sleep => asleep = Some(row),
            Kind::StandbyEntered => standby = Some(row),
            Kind::Wake => {
                woke = Some(at(row));
                // Where the 42 is missing, the wake's own record is the last that was stamped by the clock that stood still.
                let unseen = Sleep { from: at(row), to: at(row), opened_by: None, closed_by: Some(row) };
                seen.push(asleep.take().map_or(unseen, woken));
            }
            Kind::StandbyLeft => seen.extend(standby.take().map(woken)),
            Kind::ClockSet => {
                let woke = woke.take();
                let is_soon = |old: Timestamp| woke.is_some_and(|woke| old.since(woke) <= AFTER_WAKE);
                let new = times().and_then(|(old, new)| is_soon(old).then_some(new));
                if let (Some(last), Some(new)) = (seen.last_mut(), new) {
                    last.to = last.to.max(new);
                }
            }
            Kind::SleptAndWoke => {
                told.extend(times().map(|(from, to)| Sleep {
                    from,
                    to,
                    opened_by: None,
                    closed_by: Some(row),
                }));
            }
            _ => {}
        }
    }
    (told, seen)
}

/// By time; those that overlap are one.
fn apart(mut sleeps: Vec<Sleep>) -> Vec<Sleep> {
    sleeps.retain(|sleep| sleep.from < sleep.to);
    sleeps.sort_by_key(|sleep| (sleep.from, sleep.to));
    let mut apart: Vec<Sleep> = Vec::with_capacity(sleeps.len());
    for sleep in sleeps {
        match apart.last_mut() {
            Some(last) if sleep.from < last.to => {
                if last.to < sleep.to {
                    (last.to, last.closed_by) = (sleep.to, sleep.closed_by);
                }
            }
            _ => apart.push(sleep),
        }
    }
    apart
}
