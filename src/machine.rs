//! Machines: one Windows installation each, however often renamed, with its logs in order and its boots.

pub mod record;

use crate::event::{RowIdx, StrId};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;
use std::ops::{Range, RangeInclusive};

/// A place in a lineage: records of one log in the order in which Windows wrote them.
pub type Pos = u32;

/// One Windows installation.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The newest short name; a second machine of the same name gets `~2`.
    pub name: String,
    /// The computer names its records carry, by first appearance.
    pub names: Vec<StrId>,
    pub lineages: Vec<Lineage>,
    /// The lineage of the Security channel.
    pub security: Option<usize>,
    /// The lineage of the System channel.
    pub system: Option<usize>,
    /// From the part before the first boot boundary on; that part may be empty.
    pub boots: Vec<Boot>,
    pub clock: Clock,
    /// The 4912 that the logoffs of single accounts, by SID, were audited by from then on: they may well have been turned
    /// off.
    pub own_policies: FxHashMap<StrId, Pos>,
    pub profile: Profile,
}

/// What kind of computer a machine is (domain.md E.4).
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub kind: MachineKind,
    /// The record that tells it, or the channel that only such a computer has.
    pub kind_by: Option<RowIdx>,
    /// `Windows 10 Pro`, as the newest 6013 has it.
    pub product: Option<String>,
    pub build: Option<String>,
    pub time_zone: StrId,
    /// The domain or workgroup of its own account.
    pub domain: StrId,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineKind {
    DomainController,
    MemberServer,
    Workstation,
    #[default]
    Unknown,
}

/// One physical log of one machine (domain.md C.1, 2): its records, each once, by record id.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    pub channel: StrId,
    pub rows: Vec<RowIdx>,
    /// Places before which records are missing (rule 6), ascending. 0 is never one: a log has to begin somewhere.
    pub gaps: Vec<Pos>,
    /// Those of the gaps over which enough time passed for a computer to stop and start.
    pub long_gaps: Vec<Pos>,
    /// Records that tell of others that were lost without a trace in the ids (1101, 1106, 1108), ascending.
    pub losses: Vec<Pos>,
    /// Places at which the log was made anew, its record ids with it: gaps, before which a start may be missing.
    pub seams: Vec<Pos>,
}

impl Lineage {
    /// Whether a start may be among the records that are missing between two places, in either order.
    pub fn may_hide_start(&self, a: Pos, b: Pos) -> bool {
        let next = self.long_gaps.partition_point(|&gap| gap <= a.min(b));
        self.long_gaps.get(next).is_some_and(|&gap| gap <= a.max(b))
    }

    /// The first place after `from`, and not after `to`, before which records are missing, or whose record tells of lost
    /// ones.
    pub fn loss(&self, from: Pos, to: Pos) -> Option<Pos> {
        let next = |places: &[Pos]| places.get(places.partition_point(|&pos| pos <= from)).copied();
        [next(&self.gaps), next(&self.losses)].into_iter().flatten().min().filter(|&pos| pos <= to)
    }

    /// Whether records are missing after the one at `from` and before the one at `to`.
    pub fn has_gap(&self, from: Pos, to: Pos) -> bool {
        let next = self.gaps.partition_point(|&gap| gap <= from);
        self.gaps.get(next).is_some_and(|&gap| gap <= to)
    }
}

/// The span from one start of a machine to its next.
#[derive(Clone, Debug, Default)]
pub struct Boot {
    /// Its records in the Security lineage.
    pub security: Range<Pos>,
    /// Those of them that can be of no other boot: its start, or the next, may lie at more than one place.
    pub sure: Range<Pos>,
    /// Its records in the System lineage.
    pub system: Range<Pos>,
    /// Whether the log shows its start; the first part of a log does not.
    pub has_start: bool,
    /// When it started, as well as the logs tell.
    pub start: Option<Timestamp>,
    /// The records that show its start.
    pub anchors: Vec<RowIdx>,
    pub end: BootEnd,
    /// Who asked for its shutdown, and why.
    pub request: Option<ShutdownRequest>,
    /// Latest record of the boot, in any channel.
    pub last_record: Option<Timestamp>,
    /// When the next boot started, at the latest; and where no record shows its start, a moment before it.
    pub next_start: Option<Timestamp>,
    pub next_since: Option<Timestamp>,
    /// Whether the clock was set in it or at the next start while records of it are missing: which of its neighbours'
    /// records are about it is then told by their times alone, and those are in doubt.
    pub is_clock_doubtful: bool,
    /// Whether the Security log ended before this boot did.
    pub outlives_security: bool,
    /// What the audit of logoffs was set to.
    pub logoff_audit: LogoffAudit,
    /// Spans of its Security records in which logoffs were turned off, from the 4719 on that did it.
    pub logoff_off: Vec<Range<Pos>>,
    /// Whether locks and disconnects (task 12551) were seen to be audited.
    pub audits_locks: bool,
    /// Every subcategory that its records tell of, by task.
    pub audits: Vec<Audit>,
    /// Whether created processes have their command lines.
    pub command_lines: Option<bool>,
}

impl Boot {
    /// When the next boot began, by the clock of this one. A start before this boot's own records was stamped by another
    /// clock (trap 25), and so was one before the end that it tells of, or that is wrong.
    pub fn next_start_by_its_clock(&self) -> Option<Timestamp> {
        let last = self.last_record.max(self.told_end());
        self.next_start.filter(|&next| last <= Some(next))
    }

    /// The last sign of life that the next start tells of, if that is not after it.
    pub fn believed_heartbeat(&self) -> Option<Timestamp> {
        let is_unclean = matches!(self.end, BootEnd::Unclean { .. });
        self.told_end().filter(|&at| is_unclean && self.next_start.is_none_or(|next| at <= next))
    }

    /// The latest record, unless it is after the next start and nobody knows whose clock was wrong then.
    pub fn believed_last_record(&self) -> Option<Timestamp> {
        let is_sure =
            |&last: &Timestamp| !self.is_clock_doubtful || self.next_start.is_none_or(|next| last <= next);
        self.last_record.filter(is_sure)
    }

    /// When it was shut down, or last known to run.
    pub fn told_end(&self) -> Option<Timestamp> {
        match self.end {
            BootEnd::Clean { at, .. } => Some(at),
            BootEnd::Unclean { heartbeat, .. } => heartbeat,
            BootEnd::Open => None,
        }
    }
}

/// What a boot tells of one subcategory of the audit policy (domain.md E.1 and E.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    pub task: u32,
    pub success: Outcome,
    pub failure: Outcome,
}

/// Whether events of one outcome were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub state: AuditState,
    pub why: AuditWhy,
    /// The record that tells it.
    pub by: Option<RowIdx>,
    pub n: u64,
    pub first: Option<Pos>,
    pub last: Option<Pos>,
    /// 4719 that turned it on or off.
    pub changes: Vec<(Pos, bool)>,
}

/// The verdicts of domain.md E.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditState {
    On,
    OffChanged,
    ProbablyOff,
    FilteredExport,
    #[default]
    Unknown,
}

/// How a verdict is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditWhy {
    /// Its events are there.
    Seen,
    /// A 4719 of this boot, or of one before it.
    Changed,
    ChangedBefore,
    /// What should have gone with other records is not there.
    Missing,
    /// A neighbouring boot tells it, and nothing between them was changed or lost.
    Neighbour,
    /// Most records are missing around logons.
    Sparse,
    #[default]
    TooLittle,
}

/// How a boot ended (domain.md C.3, 12).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum BootEnd {
    /// Nothing says that it did.
    #[default]
    Open,
    /// Shut down: when, at the latest when, and the records that say so.
    Clean { at: Timestamp, latest: Timestamp, by: Vec<RowIdx> },
    /// Stopped without a shutdown: the last sign of life, if one was recorded, and the records that say so.
    Unclean { heartbeat: Option<Timestamp>, is_reported: bool, by: Vec<RowIdx> },
}

/// A 1074 that led to a shutdown (domain.md C.3, 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownRequest {
    pub row: RowIdx,
    pub at: Timestamp,
    pub process: StrId,
    pub user: StrId,
    /// Restart, power off or shutdown, in the language of the computer.
    pub kind: StrId,
    pub reason: StrId,
}

/// Whether logoffs were audited in a boot (domain.md E.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogoffAudit {
    On,
    /// A 4719 turned it off, at this place in the Security lineage.
    OffSince(Pos),
    ProbablyOff,
    FilteredExport,
    #[default]
    Unknown,
}

impl LogoffAudit {
    pub fn state(self) -> AuditState {
        match self {
            LogoffAudit::On => AuditState::On,
            LogoffAudit::OffSince(_) => AuditState::OffChanged,
            LogoffAudit::ProbablyOff => AuditState::ProbablyOff,
            LogoffAudit::FilteredExport => AuditState::FilteredExport,
            LogoffAudit::Unknown => AuditState::Unknown,
        }
    }
}

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
    /// The first record after it in the Security lineage: as a rule the one that tells of it.
    pub at: Pos,
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

/// A machine's clock: its steps in order, and what times mean because of them.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    rebases: Vec<Step>,
    /// The kept steps, and the sum of their amounts up to each.
    kept: Vec<(Step, i64)>,
    frozen: Vec<Step>,
    lost: Vec<Step>,
    /// By boot.
    unplaced: Vec<Unplaced>,
    /// Records of other lineages whose times were put right, and by how much.
    moved: FxHashMap<RowIdx, i64>,
}

impl Clock {
    /// From steps in the order of the Security lineage, and those that have no place in it, by boot.
    pub fn new(steps: impl IntoIterator<Item = Step>, unplaced: Vec<Unplaced>) -> Self {
        let mut clock = Clock { unplaced, ..Clock::default() };
        let mut sum = 0i64;
        for step in steps {
            match step.kind {
                StepKind::Rebase => clock.rebases.push(step),
                StepKind::Frozen { .. } => clock.frozen.push(step),
                StepKind::Lost => clock.lost.push(step),
                StepKind::Kept { .. } => {
                    sum = sum.saturating_add(step.amount);
                    clock.kept.push((step, sum));
                }
            }
        }
        clock
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

    /// All steps, in the order of boots and records.
    pub fn steps(&self) -> Vec<Step> {
        let kept = self.kept.iter().map(|(step, _)| *step);
        let others = [&self.rebases, &self.frozen, &self.lost].into_iter().flatten();
        let mut all: Vec<Step> = others.copied().chain(kept).collect();
        all.sort_by_key(|step| (step.boot, step.at, step.from));
        all
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
                .is_some_and(|step| *step.within.start() <= last && first <= *step.within.end())
    }

    /// That the clock of a boot was turned back at a place that Security does not show.
    pub fn unplaced(&self, boot: u32) -> Option<&Unplaced> {
        let n = self.unplaced.binary_search_by_key(&boot, |step| step.boot).ok()?;
        self.unplaced.get(n)
    }

    /// Ticks by which clock steps falsify the difference of the times of two records.
    pub fn kept_between(&self, from: Pos, to: Pos) -> i64 {
        let sum_to = |at: Pos| {
            let n = self.kept.partition_point(|(step, _)| step.at <= at);
            n.checked_sub(1).map_or(0, |last| self.kept[last].1)
        };
        if from < to { sum_to(to).saturating_sub(sum_to(from)) } else { 0 }
    }

    fn kept_steps(&self, from: Pos, to: Pos) -> impl Iterator<Item = &Step> {
        let first = self.kept.partition_point(|(step, _)| step.at <= from);
        self.kept[first..].iter().map(|(step, _)| step).take_while(move |step| step.at <= to)
    }

    /// The steps between two records that a user made.
    pub fn manipulations(&self, from: Pos, to: Pos) -> impl Iterator<Item = &Step> {
        self.kept_steps(from, to).filter(|step| step.kind == StepKind::Kept { by_user: true })
    }

    /// Spans between two records in which the machine stood still.
    pub fn frozen(&self, from: Pos, to: Pos) -> impl Iterator<Item = &Step> {
        let first = self.frozen.partition_point(|step| step.at <= from);
        self.frozen[first..].iter().take_while(move |step| step.at <= to)
    }
}
