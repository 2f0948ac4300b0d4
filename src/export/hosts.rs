//! Machines for reading: their names, and how each of their boots began and ended.

use super::record::Exporter;
use crate::event::RowIdx;
use crate::machine::{Boot, BootEnd, LogoffAudit, Machine};
use crate::session::record::EventRef;
use serde::{Deserialize, Serialize};

/// One machine, as `sessionscope hosts` prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    pub machine: String,
    /// Computer names, the newest last.
    pub names: Vec<String>,
    /// Channels with records of it.
    pub channels: Vec<String>,
    pub n_sessions: u32,
    pub boots: Vec<BootRecord>,
}

/// One run of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootRecord {
    pub boot: u32,
    /// Null if the log does not show it.
    pub start: Option<String>,
    /// `clean`, `unclean`, `open`.
    pub end_how: String,
    /// Of a clean shutdown.
    pub end: Option<String>,
    pub end_latest: Option<String>,
    pub last_record: Option<String>,
    /// Whether logoffs were audited: `on`, `off (changed)`, `probably off`, `filtered export`, `unknown`.
    pub logoff_audit: String,
    /// What shows its start and its end.
    pub started_by: Vec<EventRef>,
    pub ended_by: Vec<EventRef>,
}

impl Exporter<'_> {
    /// Every machine of the case.
    pub fn hosts(&self) -> Vec<HostRecord> {
        self.correlated.machines.iter().enumerate().map(|(n, machine)| self.host(n as u32, machine)).collect()
    }

    fn host(&self, n: u32, machine: &Machine) -> HostRecord {
        let text = |id| self.records.text(id).to_owned();
        let sessions = self.correlated.sessions.all.iter().filter(|session| session.machine == n);
        // The part before the first start is a boot only if it has records.
        let has_records =
            |boot: &Boot| boot.has_start || !boot.security.is_empty() || !boot.system.is_empty();
        let boots = machine.boots.iter().enumerate().filter(|(_, boot)| has_records(boot));
        HostRecord {
            machine: machine.name.clone(),
            names: machine.names.iter().map(|&name| text(name)).collect(),
            channels: machine.lineages.iter().map(|lineage| text(lineage.channel)).collect(),
            n_sessions: sessions.count() as u32,
            boots: boots.map(|(n, boot)| self.boot(n as u32, boot)).collect(),
        }
    }

    fn boot(&self, n: u32, boot: &Boot) -> BootRecord {
        let (end_how, end, end_latest, by): (_, _, _, &[RowIdx]) = match &boot.end {
            BootEnd::Open => ("open", None, None, &[]),
            BootEnd::Clean { at, latest, by } => ("clean", Some(*at), Some(*latest), by),
            BootEnd::Unclean { by, .. } => ("unclean", None, boot.next_start, by),
        };
        let refs = |rows: &[RowIdx]| rows.iter().map(|&row| self.event_ref(row)).collect();
        BootRecord {
            boot: n,
            start: boot.start.filter(|_| boot.has_start).map(|at| at.to_string()),
            end_how: end_how.to_owned(),
            end: end.map(|at| at.to_string()),
            end_latest: end_latest.map(|at| at.to_string()),
            last_record: boot.last_record.map(|at| at.to_string()),
            logoff_audit: audit_word(boot.logoff_audit).to_owned(),
            started_by: refs(&boot.anchors),
            ended_by: refs(by),
        }
    }
}

fn audit_word(audit: LogoffAudit) -> &'static str {
    match audit {
        LogoffAudit::On => "on",
        LogoffAudit::OffSince(_) => "off (changed)",
        LogoffAudit::ProbablyOff => "probably off",
        LogoffAudit::FilteredExport => "filtered export",
        LogoffAudit::Unknown => "unknown",
    }
}
