//! Which steps of the clock records tell of, and where in Security they are (domain.md C.4, rule 17).

use super::turned_back::SWAPPED;
use crate::correlate::stops::{has_own_start, is_late};
use crate::event::{EventIdx, Field, Kind, Records, RowIdx};
use crate::machine::{Boot, Lineage, Pos};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Steps below this are what time synchronisation does all day (rule 17).
pub const MIN_STEP: i64 = 2 * SECOND;

/// Vista's 4616 has no usable times: only a step this large stands out from the time between two records.
const MIN_DERIVED_STEP: i64 = 5 * MINUTE;

/// System and Security tell of one step within this time.
pub const SAME_STEP: i64 = MINUTE;

/// So many steps of one boot that System alone tells of are looked for in Security.
pub const MAX_OF_SYSTEM: usize = 64;

/// A record that tells of a step.
#[derive(Clone, Copy)]
pub struct Set {
    pub at: Pos,
    pub event: EventIdx,
}

/// A step as it is told.
pub struct Told {
    pub at: Pos,
    pub event: EventIdx,
    pub from: Timestamp,
    pub to: Timestamp,
    pub amount: i64,
}

pub fn told(records: &Records, lineage: &Lineage, range: Range<Pos>) -> Vec<Set> {
    let first = lineage.clock_sets.partition_point(|&at| at < range.start);
    let own = lineage.clock_sets[first..].iter().take_while(|&&at| at < range.end);
    own.filter_map(|&at| Some(Set { at, event: records.event(lineage.rows[at as usize])? })).collect()
}

impl Set {
    pub fn times(&self, records: &Records) -> Option<(Timestamp, Timestamp)> {
        set(records, self.event.0)
    }

    pub fn amount(self, records: &Records, security: &Lineage, boot: &Boot) -> Option<Told> {
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

/// What the clock showed before it was set and after, if a record tells of that.
pub fn set(records: &Records, row: RowIdx) -> Option<(Timestamp, Timestamp)> {
    let event = records.event(row).filter(|&event| records.events.kind(event) == Kind::ClockSet)?;
    let time = |field| records.events.time(event, field);
    time(Field::PreviousTime).zip(time(Field::NewTime))
}

/// Adds the steps of a boot that System alone tells of, where Security's records come after them.
pub fn add_of_system(
    records: &Records,
    security: &Lineage,
    system: &Lineage,
    boot: &Boot,
    all: &mut Vec<Told>,
) {
    let n_known = all.len();
    let known: FxHashMap<(i64, i64), Pos> =
        all.iter().map(|told| (about(told.from, told.amount), told.at)).collect();
    let times = |set: Set| set.times(records).map(|(from, to)| (set, from, to));
    let sets: Vec<_> = told(records, system, boot.system.clone()).into_iter().filter_map(times).collect();
    let lowest = lowest_after(&sets);
    let is_step = |from: Timestamp, to: Timestamp| to.since(from).saturating_abs() >= MIN_STEP;
    let sets = sets.into_iter().zip(lowest).filter(|&((_, from, to), _)| is_step(from, to));
    let mut places =
        Places { records, security, boot, at: boot.security.start, fell_at: None, lowest: boot.start };
    let mut n_alone = 0;
    for ((set, from, to), lowest) in sets {
        if let Some(known) = place_of(&known, from, to) {
            places.pass(known, to);
            continue;
        }
        n_alone += 1;
        if n_alone > MAX_OF_SYSTEM {
            break;
        }
        let Some(at) = places.next(from, to) else { continue };
        // Only what Security's own times bear out.
        let is_after = |pos: Pos| records.time[security.rows[pos as usize] as usize] >= lowest.plus(-SECOND);
        if (at..boot.security.end).all(is_after) {
            all.push(Told { at, event: set.event, from, to, amount: to.since(from) });
        }
    }
    if all.len() > n_known {
        // At one place it came before the record of Security: what comes after that has a later place.
        all.rotate_left(n_known);
        all.sort_by_key(|told| told.at);
    }
}

/// The place of a step that Security tells as well.
fn place_of(known: &FxHashMap<(i64, i64), Pos>, from: Timestamp, to: Timestamp) -> Option<Pos> {
    let (minute, size) = about(from, to.since(from));
    let mut near = (-1..=1).flat_map(|m| (-1..=1).map(move |s| (minute + m, size + s)));
    near.find_map(|near| known.get(&near).copied())
}

/// Finds the places in Security of a boot's steps, one after the other.
struct Places<'a> {
    records: &'a Records,
    security: &'a Lineage,
    boot: &'a Boot,
    /// That of the last.
    at: Pos,
    /// The same, if the clock was put forward there and the times fall.
    fell_at: Option<Pos>,
    /// What the clock showed at the lowest so far.
    lowest: Option<Timestamp>,
}

impl Places<'_> {
    /// Goes on behind a step whose place is known.
    fn pass(&mut self, known: Pos, to: Timestamp) {
        self.at = self.at.max(known);
        self.fell_at = None;
        self.lowest = self.lowest.map(|lowest| lowest.min(to));
    }

    /// The place of the next step; `None` if it may have several.
    fn next(&mut self, from: Timestamp, to: Timestamp) -> Option<Pos> {
        let Places { records, security, boot, at: first, lowest, .. } = *self;
        let is_back = to < from;
        // It was put forward before it was turned back: nothing is left of the time between where the times fall.
        let fell = self.fell_at.take().filter(|_| is_back);
        let later = first_later(records, security, first, boot, from);
        let fallen = if is_back { None } else { first_fallen(records, security, first..later) };
        let later = fell.or(fallen).unwrap_or(later);
        let at = place_after(records, &security.rows, first..later, lowest, from, to);
        self.pass(at, to);
        self.fell_at = fallen.filter(|&fallen| fallen == at);
        // By a clock that was turned back what comes over missing records may be after it, too.
        let is_cut = || is_cut(records, security, boot, first..at);
        let may_be_later = is_back && fell.is_none() && at == later && is_cut();
        (!may_be_later).then_some(at)
    }
}

/// What the clock was set to at the lowest by each step or one after it: no record after it shows less.
fn lowest_after(sets: &[(Set, Timestamp, Timestamp)]) -> Vec<Timestamp> {
    let mut lowest: Vec<Timestamp> = sets.iter().map(|&(_, _, to)| to).collect();
    for n in (1..lowest.len()).rev() {
        lowest[n - 1] = lowest[n - 1].min(lowest[n]);
    }
    lowest
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

/// The first record in a range that is of an earlier time than the one before it.
fn first_fallen(records: &Records, security: &Lineage, range: Range<Pos>) -> Option<Pos> {
    let raw = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let is_late = |pos: Pos| is_late(records, security.rows[pos as usize]);
    let has_fallen =
        |&pos: &Pos| !is_late(pos - 1) && !is_late(pos) && raw(pos - 1).since(raw(pos)) > SWAPPED;
    range.skip(1).find(has_fallen)
}

/// The first place in a range whose record was written after a step, by its time, and by what the clock showed at the
/// lowest before that.
pub fn place_after(
    records: &Records,
    rows: &[RowIdx],
    range: Range<Pos>,
    lowest: Option<Timestamp>,
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
        let is_below = lowest.is_some_and(|lowest| lowest.since(at) > SECOND) && at >= to.plus(-SECOND);
        if amount > 0 && at >= to.plus(-SECOND) || amount < 0 && (fell || is_below) {
            return pos;
        }
        last = Some(at);
    }
    end
}
/// A step told from the times of two neighbouring records.
fn derived(difference: i64) -> Option<i64> {
    (!(-MIN_STEP..=MIN_DERIVED_STEP).contains(&difference)).then_some(difference)
}
