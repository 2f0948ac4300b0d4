//! What a machine and its audit policy are outside the program: JSON Lines and the page.
//!
//! As with the session record, fields may be added, never renamed. Times are UTC text with seven digits; null is "not
//! known"; lists are always present.

use crate::session::record::EventRef;
use serde::{Deserialize, Serialize};

/// One machine, as `sessionscope hosts` prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    pub machine: String,
    /// Computer names, the newest last.
    pub names: Vec<String>,
    /// The same names, and when each was written first and last.
    pub name_history: Vec<NameRecord>,
    /// `domain_controller`, `member_server`, `workstation`, `unknown` (domain.md E.4).
    pub kind: String,
    /// The sentence that says how that is known.
    pub kind_why: String,
    /// `Windows Server 2012 R2 Standard`, as the machine itself wrote it last.
    pub product: Option<String>,
    pub build: Option<String>,
    /// The domain or workgroup of the machine's own account.
    pub domain: Option<String>,
    /// Whether that is a domain.
    pub is_domain_joined: Option<bool>,
    /// Minutes that local time is behind UTC and the zone's name, `480 Pacific Standard Time`: the newest.
    pub time_zone: Option<String>,
    /// Channels with records of it.
    pub channels: Vec<String>,
    /// What there is of each channel.
    pub logs: Vec<LogRecord>,
    pub n_sessions: u32,
    pub boots: Vec<BootRecord>,
}

/// A name a machine had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NameRecord {
    pub name: String,
    pub first: String,
    pub last: String,
}

/// What there is of one log of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    pub channel: String,
    pub n_records: u64,
    pub first_record: u64,
    pub last_record: u64,
    /// Times of those two records: a clock that was set may make the second the earlier.
    pub first_time: String,
    pub last_time: String,
    /// Places where record ids are missing, and how many ids.
    pub n_gaps: u64,
    pub n_missing: u64,
    /// `dense`, or `sparse` where more than half of the ids are missing: a filtered export.
    pub density: String,
    /// When it was cleared, by which record.
    pub clears: Vec<ClearRecord>,
}

/// The clearing of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClearRecord {
    pub at: String,
    pub user: Option<String>,
    pub by: EventRef,
}

/// One run of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootRecord {
    pub boot: u32,
    /// Null if the log does not show it.
    pub start: Option<String>,
    /// The sentence that says how the start is known.
    pub start_why: String,
    /// `clean`, `unclean`, `open`.
    pub end_how: String,
    /// Of a clean shutdown.
    pub end: Option<String>,
    /// Null as well where the clock was set back before the next start.
    pub end_latest: Option<String>,
    pub last_record: Option<String>,
    /// From its start to its end, or to its last record; null where it has no start.
    pub uptime_s: Option<f64>,
    /// Who asked for its end.
    pub shutdown: Option<ShutdownRecord>,
    /// Whether logoffs were audited: `on`, `off (changed)`, `probably off`, `filtered export`, `unknown`.
    pub logoff_audit: String,
    /// What shows its start and its end.
    pub started_by: Vec<EventRef>,
    pub ended_by: Vec<EventRef>,
    /// The Kernel-Boot 20 of the next start that tells of a good shutdown, where nothing else does and it ended `unclean`.
    pub against: Option<EventRef>,
}

/// The last 1074 of a boot (domain.md rule 13).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShutdownRecord {
    pub at: String,
    pub user: Option<String>,
    pub process: Option<String>,
    /// `restart`, `power off`, in the machine's language.
    pub action: Option<String>,
    pub reason: Option<String>,
    pub comment: Option<String>,
    pub by: EventRef,
}

/// What a machine audited, as `sessionscope coverage` prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoverageRecord {
    pub machine: String,
    /// `domain_controller`, `member_server`, `workstation`, `unknown`.
    pub kind: String,
    pub boots: Vec<BootCoverageRecord>,
    /// Microsoft's baselines beside what the newest boot that tells of it had.
    pub baseline: Vec<BaselineRecord>,
}

/// What was audited in one boot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootCoverageRecord {
    pub boot: u32,
    /// First and last record of it in the Security log.
    pub first: Option<String>,
    pub last: Option<String>,
    /// Whether 4688 has command lines: `on`, `off`, `unknown`.
    pub command_lines: String,
    pub audits: Vec<AuditRecord>,
}

/// One subcategory of the audit policy in one boot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    pub category: String,
    pub subcategory: String,
    /// The Task of its events, and its GUID in 4719.
    pub task: u32,
    pub guid: String,
    pub success: OutcomeRecord,
    /// Null where the subcategory has no failure events.
    pub failure: Option<OutcomeRecord>,
    /// What the analysis lacks without it; null while it is on.
    pub cost: Option<String>,
}

/// Whether events of one outcome were written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// `on`, `off (changed)`, `probably off`, `filtered export`, `unknown`.
    pub state: String,
    /// From when on that is known to hold: the first event, or the change.
    pub since: Option<String>,
    /// The sentence that says how it is known.
    pub why: String,
    pub by: Option<EventRef>,
    pub n_events: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    /// Changes by 4719 in this boot.
    pub changes: Vec<ChangeRecord>,
    /// Spans of this boot in which changes had turned it off.
    #[serde(default)]
    pub off: Vec<OffRecord>,
}

/// A span in which nothing was audited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OffRecord {
    /// The boot's first record, where it was off before.
    pub from: Option<String>,
    /// Null: until the boot ended, or its records do.
    pub to: Option<String>,
    /// What turned it off, and on again; null where that is not in this boot.
    pub off_by: Option<EventRef>,
    pub on_by: Option<EventRef>,
}

/// A change of the audit policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    pub at: String,
    /// `on` or `off`.
    pub to: String,
    pub by: EventRef,
}

/// One subcategory of Microsoft's baselines (domain.md E.3): `success/failure` for each kind of computer, `Yes`, `No` or
/// `IF` (only if it is needed).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineRecord {
    pub subcategory: String,
    /// What was observed last: states as in [`OutcomeRecord`]; of failures `none` where there are none.
    pub success: String,
    pub failure: String,
    pub general: BaselineByKind,
    pub stronger: BaselineByKind,
    /// Against the baseline of this kind of computer: `met`, `missed`, `unknown`. Of `unknown` computers only what is the
    /// same for all three.
    pub general_verdict: String,
    pub stronger_verdict: String,
    pub note: Option<String>,
}

/// A baseline's demand for each kind of computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineByKind {
    pub domain_controller: String,
    pub member_server: String,
    pub workstation: String,
}
