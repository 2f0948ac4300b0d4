//! What a boot audited, and how that is known.

use super::Pos;
use crate::event::RowIdx;

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
    /// A 1108 says that one of its events could not be written.
    Lost,
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
    /// The verdict without the place of the change.
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
