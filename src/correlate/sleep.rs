//! When a machine was asleep (domain.md rule 35).

use super::clock::Stretches;
use crate::event::{Field, Kind, Records, RowIdx};
use crate::machine::{Boot, Clock, Lineage, Pos, StepKind};
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
    /// Ticks by which the steps that are kept as written had moved the clock before it (rule 20).
    pub moved: i64,
}

impl Sleep {
    /// When it began, and ended, by a clock that nobody moved.
    pub fn ran(&self) -> (Timestamp, Timestamp) {
        (self.from.minus(self.moved), self.to.minus(self.moved))
    }
}

/// A sleep, and where in System the record is that it begins with, or that tells of it.
type Placed = (Pos, Sleep);

/// The sleeps of a boot.
pub struct Sleeps {
    /// In their order, apart.
    pub all: Vec<Sleep>,
    /// Those whose moment the clock showed more than once, and of which nobody knows which time it was: by what it showed.
    pub doubtful: Vec<Sleep>,
}

impl Sleeps {
    /// The Power-Troubleshooter's own times are the best.
    #[inline(never)]
    pub fn of(records: &Records, system: &Lineage, clock: &Clock, (n, boot): (u32, &Boot)) -> Self {
        let stretches = Stretches::of(records, system, clock, (n, boot));
        let mut doubtful = Vec::new();
        let mut place = |(pos, sleep): Placed| {
            // One that goes on has its beginning only.
            let to = if sleep.to == Timestamp::MAX { sleep.from } else { sleep.to };
            let moved = stretches.moved(pos, sleep.from, to);
            doubtful.extend(moved.is_none().then_some(sleep));
            moved.map(|moved| Sleep { moved, ..sleep })
        };
        let (told, seen) = told_and_seen(records, system, boot, |pos| stretches.has_step(pos));
        let told = apart(told.into_iter().filter_map(&mut place).collect());
        let is_untold = |sleep: &Sleep| {
            let (from, to) = sleep.ran();
            let next = told.partition_point(|other| other.ran().1 <= from);
            told.get(next).is_none_or(|other| to <= other.ran().0)
        };
        let mut all: Vec<Sleep> = seen.into_iter().filter_map(&mut place).filter(is_untold).collect();
        all.extend(still_on(records, system, boot).and_then(&mut place));
        all.extend(told);
        Sleeps { all: apart(all), doubtful: apart(doubtful) }
    }

    /// The sleeps and the spans in which the machine stood still (rule 19), by what the clock showed, apart.
    pub fn with_pauses(&self, clock: &Clock, boot: &Boot) -> Vec<Sleep> {
        let pauses = clock.frozen(boot.security.start, boot.security.end).filter_map(|(step, _)| {
            let StepKind::Frozen { from, to } = step.kind else { return None };
            Some(Sleep { from, to, opened_by: None, closed_by: Some(step.row), moved: 0 })
        });
        let shown = self.all.iter().chain(&self.doubtful).map(|sleep| Sleep { moved: 0, ..*sleep });
        apart(shown.chain(pauses).collect())
    }
}

/// The sleeps, of all of a boot, that fall into a session between two moments, by a clock that nobody moved. One from which
/// the machine is not known to have woken may have begun as the session was last heard of, where nothing bounds its end.
pub fn within(
    sleeps: &[Sleep],
    (begin, end): (Timestamp, Timestamp),
    is_open: bool,
) -> impl Iterator<Item = &Sleep> {
    let first = sleeps.partition_point(|sleep| sleep.ran().1 <= begin);
    let is_still_on = move |sleep: &Sleep| sleep.closed_by.is_none() && (is_open || sleep.ran().0 == end);
    sleeps[first..].iter().take_while(move |sleep| sleep.ran().0 < end || is_still_on(sleep))
}

/// The sleep in which a boot's records end.
fn still_on(records: &Records, system: &Lineage, boot: &Boot) -> Option<Placed> {
    let kind = |row: RowIdx| records.event(row).map(|event| records.events.kind(event));
    let rows = boot.system.clone().rev().map(|pos| (pos, system.rows[pos as usize]));
    let last = boot.last_record?;
    let mut near = rows.take_while(|&(_, row)| last.since(records.time[row as usize]) <= FALLS_ASLEEP);
    // It has not woken since, whatever a clock shows that was set back.
    let tells = |row: RowIdx| match kind(row)? {
        Kind::Sleep | Kind::StandbyEntered => Some(true),
        Kind::Wake | Kind::StandbyLeft | Kind::SleptAndWoke | Kind::ClockSet => Some(false),
        _ => None,
    };
    let (pos, row, _) =
        near.find_map(|(pos, row)| Some((pos, row, tells(row)?))).filter(|&(_, _, is_asleep)| is_asleep)?;
    let from = records.time[row as usize];
    Some((pos, Sleep { from, to: Timestamp::MAX, opened_by: Some(row), closed_by: None, moved: 0 }))
}

/// What the clock showed when a boot's sleeps began, ascending: where it was set back between two, they overlap.
pub fn begun(records: &Records, system: &Lineage, boot: &Boot) -> Vec<Timestamp> {
    let (told, seen) = told_and_seen(records, system, boot, |_| false);
    let mut begun: Vec<Timestamp> = told.iter().chain(&seen).map(|(_, sleep)| sleep.from).collect();
    begun.sort_unstable();
    begun
}

/// Sleeps that the Power-Troubleshooter tells, and those that the records of sleep and wake show, with the places of those
/// in System: a wake's is stamped before the clock is right, which the next Kernel-General 1 tells, unless that is of a step
/// that is kept as written.
#[inline(never)]
fn told_and_seen(
    records: &Records,
    system: &Lineage,
    boot: &Boot,
    is_kept: impl Fn(Pos) -> bool,
) -> (Vec<Placed>, Vec<Placed>) {
    let mut told: Vec<Placed> = Vec::new();
    let mut seen: Vec<Placed> = Vec::new();
    let (mut asleep, mut standby) = (None, None);
    let mut woke: Option<Timestamp> = None;
    for pos in boot.system.clone() {
        let row = system.rows[pos as usize];
        let Some(event) = records.event(row) else { continue };
        let at = |row: RowIdx| records.time[row as usize];
        let sleep = |from, opened_by| Sleep { from, to: at(row), opened_by, closed_by: Some(row), moved: 0 };
        let woken = |(pos, from): (Pos, RowIdx)| (pos, sleep(at(from), Some(from)));
        let times = || {
            let time = |field| records.events.time(event, field);
            time(Field::PreviousTime).zip(time(Field::NewTime))
        };
        match records.events.kind(event) {
            Kind::Sleep => asleep = Some((pos, row)),
            Kind::StandbyEntered => standby = Some((pos, row)),
            Kind::Wake => {
                woke = Some(at(row));
                // Where the 42 is missing, the wake's own record is the last that was stamped by the clock that stood still.
                let unseen = || (pos, sleep(at(row), None));
                seen.push(asleep.take().map_or_else(unseen, woken));
            }
            Kind::StandbyLeft => seen.extend(standby.take().map(woken)),
            Kind::ClockSet => {
                let woke = woke.take().filter(|_| !is_kept(pos));
                let is_soon = |old: Timestamp| woke.is_some_and(|woke| old.since(woke) <= AFTER_WAKE);
                let new = times().and_then(|(old, new)| is_soon(old).then_some(new));
                if let (Some((_, last)), Some(new)) = (seen.last_mut(), new) {
                    last.to = last.to.max(new);
                }
            }
            Kind::SleptAndWoke => {
                told.extend(times().map(|(from, to)| (pos, Sleep { to, ..sleep(from, None) })));
            }
            _ => {}
        }
    }
    (told, seen)
}

/// In their order; those that overlap are one.
fn apart(mut sleeps: Vec<Sleep>) -> Vec<Sleep> {
    sleeps.retain(|sleep| sleep.from < sleep.to);
    sleeps.sort_by_key(Sleep::ran);
    let mut apart: Vec<Sleep> = Vec::with_capacity(sleeps.len());
    for sleep in sleeps {
        let (from, to) = sleep.ran();
        match apart.last_mut() {
            Some(last) if from < last.ran().1 => {
                if last.ran().1 < to {
                    (last.to, last.closed_by) = (to.plus(last.moved), sleep.closed_by);
                }
            }
            _ => apart.push(sleep),
        }
    }
    apart
}
