//! Boots: each the span from one start of a machine to its next.

use super::{Audit, LogoffAudit, Pos};
use crate::event::{RowIdx, StrId};
use crate::time::Timestamp;
use std::ops::Range;

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
    /// From which of its Security records on its clock may be another than the one by which it started: it may have been
    /// put right in records that are missing (rule 18).
    pub clock_unsure_from: Option<Pos>,
    /// Whether that is so of the next boot: then its start is no bound of what was in this one.
    pub is_next_start_unsure: bool,
    /// Whether the clock was set in it or at the next start while records of it are missing: which of its neighbours'
    /// records are about it is then told by their times alone, and those are in doubt.
    pub is_clock_doubtful: bool,
    /// Whether its clock may have been set in records that are missing: nor does System tell of all that was done to it.
    pub may_hide_step: bool,
    /// Whether the Security log ended before this boot did.
    pub outlives_security: bool,
    /// What the audit of logoffs was set to.
    pub logoff_audit: LogoffAudit,
    /// Spans of its Security records in which logoffs were turned off, from the 4719 on that did it.
    pub logoff_off: Vec<Range<Pos>>,
    /// The last lock or disconnect (task 12551) that was audited, if nothing tells that their audit was changed.
    pub locks_audited: Option<Pos>,
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
        self.next_start.filter(|&next| last <= Some(next) && !self.is_next_start_unsure)
    }

    /// The last sign of life of a boot that was not shut down, where a session was last seen at a moment. None if nothing
    /// is left of it, or if that moment is after the next start and nobody knows whose clock was wrong then.
    pub fn last_sign_of_life(&self, last_seen: Option<Timestamp>) -> Option<Timestamp> {
        let is_before_next = |at: &Timestamp| self.next_start.is_none_or(|next| *at <= next);
        let is_believed = |at: &Timestamp| !self.is_clock_doubtful || is_before_next(at);
        if last_seen.is_some_and(|last| !is_believed(&last)) {
            return None;
        }
        let is_unclean = matches!(self.end, BootEnd::Unclean { .. });
        let heartbeat = self.told_end().filter(|at| is_unclean && is_before_next(at));
        last_seen.max(self.last_record.filter(is_believed)).max(heartbeat)
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

/// How a boot ended (domain.md C.3, 12).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum BootEnd {
    /// Nothing says that it did.
    #[default]
    Open,
    /// Shut down: when, at the latest when, and the records that say so.
    Clean { at: Timestamp, latest: Timestamp, by: Vec<RowIdx> },
    /// Stopped without a shutdown: the last sign of life, if one was recorded, the records that say so, and the one that
    /// says otherwise.
    Unclean { heartbeat: Option<Timestamp>, is_reported: bool, by: Vec<RowIdx>, against: Option<RowIdx> },
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
