//! What a machine audited, for reading: each subcategory in each boot, and Microsoft's baselines beside it (domain.md
//! E.1 to E.3).

use super::hosts::kind_word;
use super::record::Exporter;
use crate::audit::{self, BASELINE, Baseline, Demand, Subcategory};
use crate::event::{Kind, RowIdx};
use crate::machine::record::{
    AuditRecord, BaselineByKind, BaselineRecord, BootCoverageRecord, ChangeRecord, CoverageRecord, OffRecord,
    OutcomeRecord,
};
use crate::machine::{Audit, AuditState, AuditWhy, Boot, Lineage, Machine, MachineKind, Outcome, Pos};

/// A machine's Security log.
#[derive(Clone, Copy)]
struct Log<'a> {
    machine: &'a Machine,
    lineage: &'a Lineage,
}

impl Log<'_> {
    fn row(self, pos: Pos) -> Option<RowIdx> {
        self.lineage.rows.get(pos as usize).copied()
    }
}

impl Exporter<'_> {
    /// What each machine with a Security log audited.
    pub fn coverage(&self) -> Vec<CoverageRecord> {
        let machines = self.correlated.machines.iter();
        machines.filter_map(|machine| self.machine_coverage(machine)).collect()
    }

    fn machine_coverage(&self, machine: &Machine) -> Option<CoverageRecord> {
        let security = Log { machine, lineage: &machine.lineages[machine.security?] };
        let boots = machine.boots.iter().enumerate().filter(|(_, boot)| !boot.security.is_empty());
        Some(CoverageRecord {
            machine: machine.name.clone(),
            kind: kind_word(machine.profile.kind).to_owned(),
            boots: boots.map(|(n, boot)| self.boot_coverage(n as u32, boot, security)).collect(),
            baseline: BASELINE.iter().map(|line| baseline(machine, line)).collect(),
        })
    }

    fn boot_coverage(&self, n: u32, boot: &Boot, security: Log<'_>) -> BootCoverageRecord {
        BootCoverageRecord {
            boot: n,
            first: self.first_time(boot, security),
            last: self.time_at(security, boot.security.end.saturating_sub(1)),
            command_lines: match boot.command_lines {
                Some(true) => "on",
                Some(false) => "off",
                None => "unknown",
            }
            .to_owned(),
            audits: boot.audits.iter().filter_map(|audit| self.audit(audit, boot, security)).collect(),
        }
    }

    /// When a boot's records begin. A 1101 at its start is about the boot before, and its time tells nothing (rule 10).
    fn first_time(&self, boot: &Boot, security: Log<'_>) -> Option<String> {
        let kind = |row: RowIdx| self.records.event(row).map(|event| self.records.events.kind(event));
        let is_own =
            |pos: &Pos| security.row(*pos).is_some_and(|row| kind(row) != Some(Kind::AuditEventsDropped));
        self.time_at(security, boot.security.clone().find(is_own).unwrap_or(boot.security.start))
    }

    /// By the clock put right (rule 18), as the moments of sessions are.
    fn time_at(&self, security: Log<'_>, pos: Pos) -> Option<String> {
        let raw = self.records.time[security.row(pos)? as usize];
        Some(raw.plus(security.machine.clock.shift(pos)).to_string())
    }

    fn audit(&self, audit: &Audit, boot: &Boot, security: Log<'_>) -> Option<AuditRecord> {
        let subcategory = audit::of_task(audit.task)?;
        let outcome = |own: &Outcome| self.outcome(own, subcategory, boot, security);
        let cost = audit::baseline(audit.task).map(|line| line.cost);
        let is_on = audit.success.state == AuditState::On || audit.failure.state == AuditState::On;
        Some(AuditRecord {
            category: subcategory.category.to_owned(),
            subcategory: subcategory.name.to_owned(),
            task: audit.task,
            guid: subcategory.guid(),
            success: outcome(&audit.success),
            failure: subcategory.has_failures().then(|| outcome(&audit.failure)),
            cost: cost.filter(|_| !is_on).map(str::to_owned),
        })
    }

    fn outcome(
        &self,
        outcome: &Outcome,
        subcategory: &Subcategory,
        boot: &Boot,
        security: Log<'_>,
    ) -> OutcomeRecord {
        let time = |pos: Option<Pos>| pos.and_then(|pos| self.time_at(security, pos));
        let since = match outcome.why {
            AuditWhy::Seen => time(outcome.first),
            AuditWhy::Changed => time(outcome.changes.last().map(|change| change.0)),
            AuditWhy::ChangedBefore | AuditWhy::Lost => {
                outcome.by.map(|row| self.records.time[row as usize].to_string())
            }
            _ => None,
        };
        let change = |&(pos, is_on): &(Pos, bool)| {
            Some(ChangeRecord {
                at: self.time_at(security, pos)?,
                to: if is_on { "on" } else { "off" }.to_owned(),
                by: self.event_ref(security.row(pos)?),
            })
        };
        OutcomeRecord {
            state: state_word(outcome.state).to_owned(),
            since,
            why: self.why(outcome, subcategory),
            by: outcome.by.map(|row| self.event_ref(row)),
            n_events: outcome.n,
            first: time(outcome.first),
            last: time(outcome.last),
            changes: outcome.changes.iter().filter_map(change).collect(),
            off: self.off(outcome, boot, security),
        }
    }

    /// E.1, 2: 4719 give the exact moments. What one turned on was off before, unless its events are there.
    fn off(&self, outcome: &Outcome, boot: &Boot, security: Log<'_>) -> Vec<OffRecord> {
        let time = |pos: Pos| self.time_at(security, pos);
        let by = |pos: Pos| security.row(pos).map(|row| self.event_ref(row));
        let is_off_before = match outcome.changes.first() {
            Some(&(pos, is_on)) => is_on && outcome.first.is_none_or(|first| first >= pos),
            None => outcome.state == AuditState::OffChanged,
        };
        // Each span's beginning, and the change that it begins with.
        let mut since = is_off_before.then_some((boot.security.start, None));
        let mut spans = Vec::new();
        for &(pos, is_on) in &outcome.changes {
            match (&since, is_on) {
                (None, false) => since = Some((pos, by(pos))),
                (Some(_), true) => {
                    let (from, off_by) = since.take().unwrap_or_default();
                    spans.push(OffRecord { from: time(from), to: time(pos), off_by, on_by: by(pos) });
                }
                _ => {}
            }
        }
        // An event that came all the same shows that it was turned on again (E.2).
        if let Some((from, off_by)) = since.filter(|_| outcome.state == AuditState::OffChanged) {
            spans.push(OffRecord { from: time(from), to: None, off_by, on_by: None });
        }
        spans
    }

    /// The sentence that says how a verdict is known.
    fn why(&self, outcome: &Outcome, subcategory: &Subcategory) -> String {
        let by = outcome.by.map(|row| self.event_name(row));
        let by = by.as_deref();
        match (outcome.why, by) {
            (AuditWhy::Seen, Some(by)) => format!("its events are there, from {by} on"),
            (AuditWhy::Seen, None) => "its events are there".to_owned(),
            (AuditWhy::Lost, Some(by)) => format!("{by} says that one of its events could not be written"),
            (AuditWhy::Lost, None) => "one of its events could not be written".to_owned(),
            (AuditWhy::Changed, Some(by)) => format!("{by} changed it"),
            (AuditWhy::ChangedBefore, Some(by)) => {
                format!("{by} changed it in an earlier boot, and nothing since says otherwise")
            }
            (AuditWhy::Changed | AuditWhy::ChangedBefore, None) => {
                "a 4719 of an earlier boot changed it, and nothing since says otherwise".to_owned()
            }
            (AuditWhy::Missing, Some(by)) => {
                format!("no event of {} goes with {by}, though no record is missing there", subcategory.name)
            }
            (AuditWhy::Missing, None) => "its events are not where they should be".to_owned(),
            (AuditWhy::Neighbour, _) => {
                "too little here; a neighbouring boot tells it, with no change and no gap between".to_owned()
            }
            (AuditWhy::Sparse, _) => {
                "most records around logons are missing: the log is a filtered export".to_owned()
            }
            (AuditWhy::TooLittle, _) => "the records do not tell".to_owned(),
        }
    }
}

/// The words of domain.md E.2.
pub(super) fn state_word(state: AuditState) -> &'static str {
    match state {
        AuditState::On => "on",
        AuditState::OffChanged => "off (changed)",
        AuditState::ProbablyOff => "probably off",
        AuditState::FilteredExport => "filtered export",
        AuditState::Unknown => "unknown",
    }
}

fn baseline(machine: &Machine, line: &Baseline) -> BaselineRecord {
    let subcategory = audit::of_task(line.task);
    let has_failures = subcategory.is_some_and(Subcategory::has_failures);
    let newest = |of: fn(&Audit) -> &Outcome| {
        let own = machine.boots.iter().rev();
        let states = own.filter_map(|boot| boot.audits.iter().find(|audit| audit.task == line.task));
        states.map(|audit| of(audit).state).find(|&state| state != AuditState::Unknown).unwrap_or_default()
    };
    let success = newest(|audit| &audit.success);
    let failure = newest(|audit| &audit.failure);
    let observed = (success, has_failures.then_some(failure));
    let note = (!has_failures).then_some("Failure has no meaning: the subcategory has no failure events");
    BaselineRecord {
        subcategory: subcategory.map(|subcategory| subcategory.name.to_owned()).unwrap_or_default(),
        success: state_word(success).to_owned(),
        failure: if has_failures { state_word(failure) } else { "none" }.to_owned(),
        general: by_kind(&line.general),
        stronger: by_kind(&line.stronger),
        general_verdict: verdict(machine.profile.kind, &line.general, observed).to_owned(),
        stronger_verdict: verdict(machine.profile.kind, &line.stronger, observed).to_owned(),
        note: note.map(str::to_owned),
    }
}

fn by_kind(demands: &[Demand; 3]) -> BaselineByKind {
    let word = |demand: Option<bool>| match demand {
        Some(true) => "Yes",
        Some(false) => "No",
        None => "IF",
    };
    let words = |n: usize| format!("{}/{}", word(demands[n].0), word(demands[n].1));
    BaselineByKind { domain_controller: words(0), member_server: words(1), workstation: words(2) }
}

/// Whether what was observed is what the baseline of this kind of computer asks for. More than it asks meets it.
fn verdict(
    kind: MachineKind,
    demands: &[Demand; 3],
    (success, failure): (AuditState, Option<AuditState>),
) -> &'static str {
    let demand = match kind {
        MachineKind::DomainController => demands[0],
        MachineKind::MemberServer => demands[1],
        MachineKind::Workstation => demands[2],
        MachineKind::Unknown if demands[0] == demands[1] && demands[1] == demands[2] => demands[0],
        MachineKind::Unknown => return "unknown",
    };
    let meets = |wanted: Option<bool>, state: AuditState| match (wanted, state) {
        (Some(true), AuditState::On) | (Some(false) | None, _) => Some(true),
        (Some(true), AuditState::OffChanged | AuditState::ProbablyOff) => Some(false),
        (Some(true), AuditState::FilteredExport | AuditState::Unknown) => None,
    };
    match (meets(demand.0, success), failure.map_or(Some(true), |failure| meets(demand.1, failure))) {
        (Some(true), Some(true)) => "met",
        (Some(false), _) | (_, Some(false)) => "missed",
        _ => "unknown",
    }
}
