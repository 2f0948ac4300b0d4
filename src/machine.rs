//! Machines: one Windows installation each, however often renamed, with its logs in order and its boots.

mod audit;
mod boot;
mod clock;
pub mod record;

pub use audit::{Audit, AuditState, AuditWhy, LogoffAudit, Outcome};
pub use boot::{Boot, BootEnd, ShutdownRequest};
pub use clock::{Clock, Moment, Slip, Step, StepKind, Unplaced};

use crate::event::{Records, RowIdx, StrId};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

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

impl Machine {
    /// When the record at a place of a lineage was written, by a clock that was right since boot (domain.md rule 18).
    pub fn time(&self, records: &Records, lineage: usize, pos: Pos) -> Option<Timestamp> {
        let row = *self.lineages.get(lineage)?.rows.get(pos as usize)?;
        let raw = records.time[row as usize];
        Some(match self.security == Some(lineage) {
            true => raw.plus(self.clock.shift(pos)),
            false => self.clock.time_of(row, raw),
        })
    }
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
    /// Records that tell of a clock that was set (4616, Kernel-General 1), ascending.
    pub clock_sets: Vec<Pos>,
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
