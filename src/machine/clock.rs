//! A machine's clock: how it was moved, and what the times of records mean because of it.

use super::{Lineage, Pos};
use crate::event::RowIdx;
use crate::time::Timestamp;
use rustc_hash::FxHashMap;
use std::ops::{Range, RangeInclusive};

/// What became of a clock step (domain.md C.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Rule 18: soon after boot; everything before it in the boot is moved by it.
    Rebase,
    /// Rule 19: the machine was frozen or asleep; the time did pass.
    Frozen { from: Timestamp, to: Timestamp },
    /// Rule 20: times stay as written, elapsed durations leave it out. By a user's own hand, or not.
    Kept { by_user: bool },
    /// The clock was turned back among records that are missing, nobody knows by how much: what is on either side of
    /// it is not comparable.
    Lost,
}

/// One step of a machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The first record after it in the Security lineage.
    pub at: Pos,
    /// The record that tells of it, in Security or System; of one that none tells of, the first after it.
    pub row: RowIdx,
    /// Its boot, and the first record of that.
    pub boot: u32,
    pub boot_at: Pos,
    /// What the clock showed before it and after it.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Ticks by which the clock was moved.
    pub amount: i64,
    pub kind: StepKind,
}

impl Step {
    pub fn is_rebase(&self) -> bool {
        self.kind == StepKind::Rebase
    }
}

/// System shows that the clock was turned back in a boot, and Security not where: what it showed before and after, and
/// the places in Security at which that may have been. One at the end of the boot's records is after all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    pub boot: u32,
    pub within: RangeInclusive<Pos>,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// So many steps are gone through for one session: nobody sets a clock so often.
const MAX_STEPS: usize = 256;

/// A moment of a boot, and what tells before which steps of the clock it was.
#[derive(Clone, Debug)]
pub enum Moment {
    /// Its own record in Security.
    At(Pos),
    /// Another log's time: it is after every step before these places, and before every one after them.
    Told(Timestamp, Range<Pos>),
}

impl Moment {
    /// Whether a step came before it, if that is known: a clock that was set back showed some moments twice.
    fn is_after(&self, step: &Step) -> Option<bool> {
        match self {
            Moment::At(pos) => Some(step.at <= *pos),
            Moment::Told(_, within) if step.at < within.start => Some(true),
            Moment::Told(_, within) if step.at >= within.end => Some(false),
            Moment::Told(at, _) => match (step.from < *at, step.to <= *at) {
                (true, true) => Some(true),
                (false, false) => Some(false),
                _ => None,
            },
        }
    }
}

/// A machine's clock: its steps in order, and what times mean because of them.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    steps: Vec<Step>,
    rebases: Vec<Step>,
    /// The kept steps, and the sum of their amounts up to each.
    kept: Vec<(Step, i64)>,
    /// Those that did come to pass, each with the sum of the kept ones before it.
    frozen: Vec<(Step, i64)>,
    lost: Vec<Step>,
    /// By boot.
    unplaced: Vec<Unplaced>,
    /// Records of other lineages whose times were put right, and by how much.
    moved: FxHashMap<RowIdx, i64>,
}

impl Clock {
    /// From steps in the order of the Security lineage, and those that have no place in it, by boot.
    pub fn new(steps: Vec<Step>, unplaced: Vec<Unplaced>) -> Self {
        let mut clock = Clock { unplaced, ..Clock::default() };
        let mut sum = 0i64;
        for &step in &steps {
            match step.kind {
                StepKind::Rebase => clock.rebases.push(step),
                StepKind::Frozen { .. } => clock.frozen.push((step, sum)),
                StepKind::Lost => clock.lost.push(step),
                StepKind::Kept { .. } => {
                    sum = sum.saturating_add(step.amount);
                    clock.kept.push((step, sum));
                }
            }
        }
        Clock { steps, ..clock }
    }

    /// Ticks to add to the raw time of a record. Rebases stand in the first minutes of a boot: few are looked at.
    pub fn shift(&self, at: Pos) -> i64 {
        let next = self.rebases.partition_point(|step| step.at <= at);
        let own = self.rebases[next..].iter().take_while(|step| step.boot_at <= at);
        own.fold(0, |sum, step| sum.saturating_add(step.amount))
    }

    /// Ticks by which the clock was put right after a boot began.
    pub fn shift_of_boot(&self, boot: u32) -> i64 {
        let first = self.rebases.partition_point(|step| step.boot < boot);
        let own = self.rebases[first..].iter().take_while(|step| step.boot == boot);
        own.fold(0, |sum, step| sum.saturating_add(step.amount))
    }

    /// Notes that the time of a record outside Security is to be put right.
    pub fn move_row(&mut self, row: RowIdx, amount: i64) {
        if amount != 0 {
            let moved = self.moved.entry(row).or_insert(0);
            *moved = moved.saturating_add(amount);
        }
    }

    /// When a record outside Security was written, by a clock that was right since boot.
    pub fn time_of(&self, row: RowIdx, raw: Timestamp) -> Timestamp {
        if self.moved.is_empty() { raw } else { raw.plus(self.moved.get(&row).copied().unwrap_or(0)) }
    }

    /// All steps, in the order of boots and records. Several that System alone tells of may have one place in Security.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What the clock showed around the steps that are kept as written, between two records: the earliest moment after
    /// one, and the latest before one.
    pub fn showed_between(&self, from: Pos, to: Pos) -> Option<(Timestamp, Timestamp)> {
        let steps = || self.kept_steps(from, to);
        steps().map(|step| step.to).min().zip(steps().map(|step| step.from).max())
    }

    /// Whether the clock of a boot was turned back at one of these places, nobody knows by how much.
    pub fn is_lost(&self, boot: u32, places: RangeInclusive<Pos>) -> bool {
        let (first, last) = places.into_inner();
        let next = self.lost.partition_point(|step| (step.boot, step.at) < (boot, first));
        self.lost.get(next).is_some_and(|step| (step.boot, step.at) <= (boot, last))
            || self
                .unplaced(boot)
                .iter()
                .any(|step| *step.within.start() <= last && first <= *step.within.end())
    }

    /// Where the clock of a boot was turned back at places that Security does not show, in order.
    pub fn unplaced(&self, boot: u32) -> &[Unplaced] {
        let first = self.unplaced.partition_point(|step| step.boot < boot);
        let own = &self.unplaced[first..];
        &own[..own.partition_point(|step| step.boot == boot)]
    }

    /// Ticks by which clock steps falsify the difference of the times of two records.
    pub fn kept_between(&self, from: Pos, to: Pos) -> i64 {
        if from < to { self.kept_until(to).saturating_sub(self.kept_until(from)) } else { 0 }
    }

    /// Ticks by which the steps up to a record that are kept as written had moved the clock.
    pub fn kept_until(&self, at: Pos) -> i64 {
        let n = self.kept.partition_point(|(step, _)| step.at <= at);
        n.checked_sub(1).map_or(0, |last| self.kept[last].1)
    }

    /// The same up to a moment that another log tells of, after a record of a boot: by the steps since that surely came first.
    pub fn kept_before(&self, boot: u32, at: Timestamp, after: Pos) -> i64 {
        let moment = Moment::Told(at, 0..Pos::MAX);
        let since = self.kept_steps(after, Pos::MAX).take_while(|step| step.boot == boot).take(MAX_STEPS);
        let sure = since.take_while(|step| moment.is_after(step) == Some(true));
        sure.fold(self.kept_until(after), |sum, step| sum.saturating_add(step.amount))
    }

    /// The steps of a boot that are kept as written, with the ticks by which each and those before it had moved the clock;
    /// and by which it had been moved before that boot.
    pub fn kept_of(&self, boot: u32) -> (&[(Step, i64)], i64) {
        let first = self.kept.partition_point(|(step, _)| step.boot < boot);
        let own = self.kept[first..].partition_point(|(step, _)| step.boot == boot);
        let before = first.checked_sub(1).map_or(0, |last| self.kept[last].1);
        (&self.kept[first..first + own], before)
    }

    /// The same at the least and at the most, where records between the two are missing: a step may have been taken back
    /// among them, or be the way back from one that was made there. None where there are too many to say.
    pub fn kept_range(&self, from: Pos, to: Pos, security: &Lineage) -> Option<(i64, i64)> {
        let all = self.kept_between(from, to);
        let (mut least, mut most) = (all, all);
        let (mut since, mut sum) = (from, 0i64);
        let steps = self.kept_steps(from, to).map(|step| (step.at, step.amount)).chain([(to, 0)]);
        for (n, (at, amount)) in steps.enumerate() {
            if n > MAX_STEPS {
                return None;
            }
            if security.loss(since, at).is_some() {
                let rest = all.saturating_sub(sum);
                least = least.min(sum).min(rest);
                most = most.max(sum).max(rest);
            }
            since = at;
            sum = sum.saturating_add(amount);
        }
        Some((least, most))
    }

    /// Ticks by which clock steps falsify the difference of two moments of a boot, at the least and at the most. None
    /// where there are too many to say.
    pub fn kept_from(&self, boot: u32, from: &Moment, to: &Moment) -> Option<(i64, i64)> {
        let n_to = |pos: Pos| self.kept.partition_point(|(step, _)| (step.boot, step.at) <= (boot, pos));
        let sum_to = |pos: Pos| n_to(pos).checked_sub(1).map_or(0, |last| self.kept[last].1);
        if let (&Moment::At(from), &Moment::At(to)) = (from, to) {
            let kept = if from < to { sum_to(to).saturating_sub(sum_to(from)) } else { 0 };
            return Some((kept, kept));
        }
        let first = self.kept.partition_point(|(step, _)| step.boot < boot);
        let own = &self.kept[first..n_to(Pos::MAX)];
        if own.len() > MAX_STEPS {
            return None;
        }
        let add = |(least, most): (i64, i64), (step, _): &(Step, i64)| {
            let (less, more) = match (from.is_after(step), to.is_after(step)) {
                (Some(true), _) | (_, Some(false)) => (0, 0),
                (Some(false), Some(true)) => (step.amount, step.amount),
                _ => (step.amount.min(0), step.amount.max(0)),
            };
            (least.saturating_add(less), most.saturating_add(more))
        };
        Some(own.iter().fold((0, 0), add))
    }

    fn kept_steps(&self, from: Pos, to: Pos) -> impl Iterator<Item = &Step> {
        let first = self.kept.partition_point(|(step, _)| step.at <= from);
        self.kept[first..].iter().map(|(step, _)| step).take_while(move |step| step.at <= to)
    }

    /// The steps between two records that a user made.
    pub fn manipulations(&self, from: Pos, to: Pos) -> impl Iterator<Item = &Step> {
        self.kept_steps(from, to).filter(|step| step.kind == StepKind::Kept { by_user: true })
    }

    /// Spans between two records in which the machine stood still, and the ticks by which the clock had been moved by then.
    pub fn frozen(&self, from: Pos, to: Pos) -> impl Iterator<Item = &(Step, i64)> {
        let first = self.frozen.partition_point(|(step, _)| step.at <= from);
        self.frozen[first..].iter().take_while(move |(step, _)| step.at <= to)
    }
}
