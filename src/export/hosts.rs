//! Machines for reading: their names, what they are, what there is of their logs, and how each of their boots began
//! and ended.

use super::record::Exporter;
use crate::event::{Field, Kind, RowIdx};
use crate::machine::record::{BootRecord, ClearRecord, HostRecord, LogRecord, NameRecord, ShutdownRecord};
use crate::machine::{Boot, BootEnd, Lineage, LogoffAudit, Machine, MachineKind};
use crate::time::{Timestamp, seconds};

/// More than this share of missing record ids makes a log sparse: a filtered export.
const SPARSE: f64 = 0.5;

impl Exporter<'_> {
    /// Every machine of the case.
    pub fn hosts(&self) -> Vec<HostRecord> {
        self.correlated.machines.iter().enumerate().map(|(n, machine)| self.host(n as u32, machine)).collect()
    }

    fn host(&self, n: u32, machine: &Machine) -> HostRecord {
        let sessions = self.correlated.sessions.all.iter().filter(|session| session.machine == n);
        // The part before the first start is a boot only if it has records.
        let has_records =
            |boot: &Boot| boot.has_start || !boot.security.is_empty() || !boot.system.is_empty();
        let boots = machine.boots.iter().enumerate().filter(|(_, boot)| has_records(boot));
        let domain: Option<String> = self.text(machine.profile.domain);
        HostRecord {
            machine: machine.name.clone(),
            names: machine.names.iter().map(|&name| self.records.text(name).to_owned()).collect(),
            name_history: self.name_history(machine),
            kind: kind_word(machine.profile.kind).to_owned(),
            kind_why: self.kind_why(machine),
            product: machine.profile.product.clone(),
            build: machine.profile.build.clone(),
            is_domain_joined: domain.as_ref().map(|domain| !domain.eq_ignore_ascii_case("WORKGROUP")),
            domain,
            time_zone: self.text(machine.profile.time_zone),
            channels: machine.lineages.iter().map(|log| self.records.text(log.channel).to_owned()).collect(),
            logs: machine.lineages.iter().filter_map(|log| self.log(machine, log)).collect(),
            n_sessions: sessions.count() as u32,
            boots: boots.map(|(n, boot)| self.boot(n as u32, boot)).collect(),
        }
    }

    /// When each name was written first and last, in any log, in the order of its records: the clock may have been set.
    fn name_history(&self, machine: &Machine) -> Vec<NameRecord> {
        let mut spans: Vec<Option<(Timestamp, Timestamp)>> = vec![None; machine.names.len()];
        for (n, lineage) in machine.lineages.iter().enumerate() {
            let name = |row: &RowIdx| self.records.signature(*row).computer;
            let mut next = 0;
            for run in lineage.rows.chunk_by(|a, b| name(a) == name(b)) {
                let (first, last) = (next, next + run.len() as u32 - 1);
                next = last + 1;
                let span = machine.names.iter().position(|&known| known == name(&run[0]));
                let time = |pos| machine.time(self.records, n, pos);
                let own = time(first).zip(time(last));
                if let Some((span, (first, last))) = span.and_then(|n| spans.get_mut(n)).zip(own) {
                    let known = span.unwrap_or((first, last));
                    *span = Some((known.0.min(first), known.1.max(last)));
                }
            }
        }
        let named = machine.names.iter().zip(spans);
        named
            .filter_map(|(&name, span)| {
                let (first, last) = span?;
                let name = self.records.text(name).to_owned();
                Some(NameRecord { name, first: first.to_string(), last: last.to_string() })
            })
            .collect()
    }

    fn kind_why(&self, machine: &Machine) -> String {
        let profile = &machine.profile;
        let Some(row) = profile.kind_by else {
            return "nothing in the logs tells what kind of computer it is".to_owned();
        };
        let by = self.event_name(row);
        let product = || profile.product.as_deref().unwrap_or("a product").to_owned();
        match (profile.kind, &profile.product) {
            (MachineKind::DomainController, _) => {
                format!("only domain controllers write what {by} says")
            }
            (_, Some(_)) => format!("{by} names its Windows: {}", super::visible(&product())),
            (_, None) => {
                let build = profile.build.as_deref().unwrap_or("?");
                format!(
                    "{by} gives its build, {}, which no other kind of computer has",
                    super::visible(build)
                )
            }
        }
    }

    /// What there is of one log.
    fn log(&self, machine: &Machine, lineage: &Lineage) -> Option<LogRecord> {
        let (&first, &last) = (lineage.rows.first()?, lineage.rows.last()?);
        let (id, time) = (
            |row: RowIdx| self.records.id[row as usize],
            |row: RowIdx| self.records.time[row as usize].to_string(),
        );
        let missing = |pos: u32| {
            let pos = pos as usize;
            let ids = lineage.rows.get(pos.wrapping_sub(1)).zip(lineage.rows.get(pos));
            ids.map_or(0, |(&before, &after)| id(after).saturating_sub(id(before)).saturating_sub(1))
        };
        let n_missing = lineage.gaps.iter().fold(0u64, |sum, &pos| sum.saturating_add(missing(pos)));
        let n_records = lineage.rows.len() as u64;
        let is_sparse = n_missing as f64 > SPARSE * (n_missing as f64 + n_records as f64);
        Some(LogRecord {
            channel: self.records.text(lineage.channel).to_owned(),
            n_records,
            first_record: id(first),
            last_record: id(last),
            first_time: time(first),
            last_time: time(last),
            n_gaps: lineage.gaps.len() as u64,
            n_missing,
            density: if is_sparse { "sparse" } else { "dense" }.to_owned(),
            clears: self.clears(machine, lineage),
        })
    }

    /// 1102 of the log itself, and 104 in System that names it.
    fn clears(&self, machine: &Machine, lineage: &Lineage) -> Vec<ClearRecord> {
        let events = &self.records.events;
        let channel = self.records.text(lineage.channel);
        let is_clear = |row: &RowIdx| {
            self.records.event(*row).is_some_and(|event| events.kind(event) == Kind::LogCleared)
        };
        let own = lineage
            .rows
            .iter()
            .copied()
            .filter(is_clear)
            .filter(|&row| self.records.signature(row).event_id != 104);
        let system = machine.system.map(|n| &machine.lineages[n]);
        let names_it = |row: &RowIdx| {
            let cleared = self.records.event(*row).map(|event| events.text(event, Field::ClearedChannel));
            cleared.is_some_and(|cleared| self.records.text(cleared).eq_ignore_ascii_case(channel))
        };
        let told = system.into_iter().flat_map(|log| log.rows.iter().copied());
        let told = told.filter(is_clear).filter(names_it);
        let record = |row: RowIdx| ClearRecord {
            at: self.records.time[row as usize].to_string(),
            user: self.records.event(row).and_then(|event| {
                let text = |field| self.text(events.text(event, field));
                Some(match text(Field::SubjectDomain) {
                    Some(domain) => format!("{domain}\\{}", text(Field::SubjectUser)?),
                    None => text(Field::SubjectUser)?,
                })
            }),
            by: self.event_ref(row),
        };
        own.chain(told).map(record).collect()
    }

    fn boot(&self, n: u32, boot: &Boot) -> BootRecord {
        let (end_how, end, end_latest, by): (_, _, _, &[RowIdx]) = match &boot.end {
            BootEnd::Open => ("open", None, None, &[]),
            BootEnd::Clean { at, latest, by } => ("clean", Some(*at), Some(*latest), by),
            BootEnd::Unclean { by, .. } => ("unclean", None, boot.next_start_by_its_clock(), by),
        };
        let against = match boot.end {
            BootEnd::Unclean { against, .. } => against,
            _ => None,
        };
        let refs = |rows: &[RowIdx]| rows.iter().map(|&row| self.event_ref(row)).collect();
        let start = boot.start.filter(|_| boot.has_start);
        let until = end.or(boot.last_record);
        BootRecord {
            boot: n,
            start: start.map(|at| at.to_string()),
            start_why: self.start_why(boot),
            end_how: end_how.to_owned(),
            end: end.map(|at| at.to_string()),
            end_latest: end_latest.map(|at| at.to_string()),
            last_record: boot.last_record.map(|at| at.to_string()),
            uptime_s: start
                .zip(until)
                .filter(|(from, to)| from <= to)
                .map(|(from, to)| seconds(to.since(from))),
            shutdown: self.shutdown(boot),
            logoff_audit: state_word(boot.logoff_audit).to_owned(),
            started_by: refs(&boot.anchors),
            ended_by: refs(by),
            against: against.map(|row| self.event_ref(row)),
        }
    }

    fn start_why(&self, boot: &Boot) -> String {
        match (boot.has_start, boot.anchors.first()) {
            (true, Some(&row)) if boot.anchors.len() == 1 => self.event_name(row),
            (true, Some(&row)) => format!("{} and {} more", self.event_name(row), boot.anchors.len() - 1),
            _ => "the logs begin after it, or records are missing there".to_owned(),
        }
    }

    /// Rule 13: who asked for the boot's end. A request that nothing came of, such as one that was cancelled, is none.
    fn shutdown(&self, boot: &Boot) -> Option<ShutdownRecord> {
        let row = boot.request?.row;
        let event = self.records.event(row)?;
        let text = |field| self.text(self.records.events.text(event, field));
        Some(ShutdownRecord {
            at: self.records.time[row as usize].to_string(),
            user: text(Field::Account),
            process: text(Field::ProcessName),
            action: text(Field::ShutdownType),
            reason: text(Field::Reason),
            comment: text(Field::Comment),
            by: self.event_ref(row),
        })
    }
}

pub(super) fn kind_word(kind: MachineKind) -> &'static str {
    match kind {
        MachineKind::DomainController => "domain_controller",
        MachineKind::MemberServer => "member_server",
        MachineKind::Workstation => "workstation",
        MachineKind::Unknown => "unknown",
    }
}

fn state_word(audit: LogoffAudit) -> &'static str {
    super::coverage::state_word(audit.state())
}
