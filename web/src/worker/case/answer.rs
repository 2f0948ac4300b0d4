//! What the case says to a question: no more than the page shows.

use super::Desk;
use crate::worker::protocol::*;
use sessionscope::machine::record::{CoverageRecord, HostRecord};
use sessionscope::query::who::{MachineAt, WhoRecord};
use sessionscope::time::Timestamp;

/// The intervals, origins, logons and hops of one session that an answer lists at most: a drawer shows no more.
const MOST_LISTED: usize = 200;

/// Who was on, and what was asked: the case's version, the moment, and whether noise was to be listed.
pub(super) struct WhoFound {
    asked: (u32, String, bool),
    sessions: Vec<WhoRecord>,
    machines: Vec<MachineAt>,
}

impl Desk {
    pub(super) fn answer(&mut self, ask: Ask) -> (Answer, Option<Vec<u8>>) {
        match ask {
            Ask::Rows(ask) => (Answer::Rows(self.case.rows(&ask.query, ask.first, ask.n)), None),
            Ask::Session(ask) => (Answer::Session(self.session(&ask).map(Box::new)), None),
            Ask::Activity(ask) => {
                (Answer::Activity(self.case.activity(&ask.session, ask.first, ask.n)), None)
            }
            Ask::Who(ask) => (Answer::Who(self.who(&ask)), None),
            Ask::Hosts(ask) => (Answer::Hosts(hosts_part(self.hosts(), &ask)), None),
            Ask::Host(ask) => (Answer::Host(self.host(&ask).map(Box::new)), None),
            Ask::Ledger(ask) => (Answer::Ledger(self.ledger(&ask)), None),
            Ask::Export(ask) => {
                let (bytes, n_total) = self.case.export(ask.format, ask.query.as_ref(), ask.first, ask.n);
                let version = self.case.summary().version;
                (Answer::Export(ExportPart { n_total, version }), Some(bytes))
            }
        }
    }

    fn session(&self, ask: &SessionAsk) -> Option<SessionPart> {
        let mut detail = self.case.session(&self.case.id_now(&ask.id, ask.first_row))?;
        let record = &mut detail.record;
        let (n_evidence, n_intervals) = (record.evidence.len() as u32, record.intervals.len() as u32);
        let (n_origins, n_logons) = (record.origins.len() as u32, record.logons.len() as u32);
        let n_logon_ids = record.logon_ids.len() as u32;
        record.intervals.truncate(MOST_LISTED);
        record.origins.truncate(MOST_LISTED);
        record.logons.truncate(MOST_LISTED);
        record.logon_ids.truncate(MOST_LISTED);
        record.hops.truncate(MOST_LISTED);
        let (first, n) = (ask.first_evidence as usize, ask.n_evidence as usize);
        keep(&mut record.evidence, first, n);
        keep(&mut detail.places, first, n);
        keep(&mut detail.meanings, first, n);
        let first_evidence = ask.first_evidence;
        Some(SessionPart {
            detail,
            first_evidence,
            n_evidence,
            n_intervals,
            n_origins,
            n_logons,
            n_logon_ids,
        })
    }

    fn who(&mut self, ask: &WhoAsk) -> WhoPart {
        let Some(at) = Timestamp::parse(&ask.at) else { return WhoPart::default() };
        let asked = (self.case.summary().version, ask.at.clone(), ask.with_noise);
        if self.who.as_ref().is_none_or(|found| found.asked != asked) {
            let (sessions, machines) = self.case.who(at, ask.with_noise);
            self.who = Some(WhoFound { asked, sessions, machines });
        }
        self.who.as_ref().map(|found| who_part(found, ask)).unwrap_or_default()
    }

    fn hosts(&mut self) -> &[HostRecord] {
        let version = self.case.summary().version;
        if self.hosts.as_ref().is_none_or(|(of, ..)| *of != version) {
            self.hosts = Some((version, self.case.hosts(), self.case.coverage()));
        }
        self.hosts.as_ref().map_or(&[], |(_, hosts, _)| hosts)
    }

    fn host(&mut self, ask: &HostAsk) -> Option<HostPart> {
        self.hosts();
        let (_, hosts, coverage) = self.hosts.as_ref()?;
        let host = hosts.iter().find(|host| host.machine == ask.machine)?;
        let coverage = coverage.iter().find(|coverage| coverage.machine == ask.machine);
        Some(host_part(host, coverage, ask))
    }

    pub(super) fn ledger(&self, ask: &LedgerAsk) -> LedgerPart {
        let mut sources = self.case.ledger();
        let n_sources = sources.len() as u32;
        sources.sort_by_key(|source| self.files[source.source as usize]);
        keep(&mut sources, ask.first as usize, ask.n as usize);
        LedgerPart { n_sources, first: ask.first, sources }
    }
}

/// The sure ones first, whichever machine they are on: that is what is asked.
fn who_part(found: &WhoFound, ask: &WhoAsk) -> WhoPart {
    let is_sure = |session: &&WhoRecord| session.certainty == "surely";
    let sure = found.sessions.iter().filter(is_sure);
    let row = |record: &WhoRecord| WhoRow { record: record.clone(), first_row: record.first_row };
    let ordered = sure.chain(found.sessions.iter().filter(|session| !is_sure(session)));
    let not_covered = || found.machines.iter().filter(|machine| !machine.is_covered);
    WhoPart {
        at: ask.at.clone(),
        n_rows: found.sessions.len() as u32,
        n_surely: found.sessions.iter().filter(is_sure).count() as u32,
        first: ask.first,
        rows: ordered.skip(ask.first as usize).take(ask.n as usize).map(row).collect(),
        not_covered: not_covered().take(MOST_LISTED).map(|machine| machine.machine.clone()).collect(),
        n_not_covered: not_covered().count() as u32,
    }
}

fn hosts_part(hosts: &[HostRecord], ask: &HostsAsk) -> HostsPart {
    let asked = hosts.iter().skip(ask.first as usize).take(ask.n as usize);
    HostsPart { n_hosts: hosts.len() as u32, first: ask.first, hosts: asked.map(host_row).collect() }
}

fn host_row(host: &HostRecord) -> HostRow {
    let mut logoff_audits: Vec<String> = Vec::new();
    for boot in &host.boots {
        if !logoff_audits.contains(&boot.logoff_audit) {
            logoff_audits.push(boot.logoff_audit.clone());
        }
    }
    HostRow {
        machine: host.machine.clone(),
        name: host.names.last().cloned().unwrap_or_default(),
        n_older_names: host.names.len().saturating_sub(1) as u32,
        kind: host.kind.clone(),
        product: host.product.clone(),
        n_sessions: host.n_sessions,
        n_boots: host.boots.len() as u32,
        n_unclean: host.boots.iter().filter(|boot| boot.end_how == "unclean").count() as u32,
        first_start: host.boots.iter().find_map(|boot| boot.start.clone()),
        last_record: host.boots.iter().rev().find_map(|boot| boot.last_record.clone()),
        logoff_audits,
    }
}

fn host_part(host: &HostRecord, coverage: Option<&CoverageRecord>, ask: &HostAsk) -> HostPart {
    let mut host = host.clone();
    let n_boots = host.boots.len() as u32;
    keep(&mut host.boots, ask.first_boot as usize, ask.n_boots as usize);
    for boot in &mut host.boots {
        boot.started_by.truncate(MOST_LISTED);
        boot.ended_by.truncate(MOST_LISTED);
    }
    host.logs.truncate(MOST_LISTED);
    host.name_history.truncate(MOST_LISTED);
    host.logs.iter_mut().for_each(|log| log.clears.truncate(MOST_LISTED));
    let boots = coverage.map_or(&[][..], |coverage| &coverage.boots);
    let newest = boots.last();
    let asked = boots.iter().find(|boot| Some(boot.boot) == ask.coverage_boot).or(newest);
    let costs = newest.into_iter().flat_map(|boot| &boot.audits);
    HostPart {
        host,
        first_boot: ask.first_boot,
        n_boots,
        coverage: coverage.map(|coverage| CoverageRecord {
            machine: coverage.machine.clone(),
            kind: coverage.kind.clone(),
            boots: asked.cloned().into_iter().collect(),
            baseline: coverage.baseline.clone(),
        }),
        coverage_boots: boots.iter().rev().take(MOST_LISTED).map(|boot| boot.boot).collect(),
        costs: costs.filter_map(|audit| Some((audit.subcategory.clone(), audit.cost.clone()?))).collect(),
    }
}

/// Keeps the part `first .. first + n`.
fn keep<T>(list: &mut Vec<T>, first: usize, n: usize) {
    list.drain(..first.min(list.len()));
    list.truncate(n);
}

#[cfg(test)]
mod tests {
    use super::keep;

    #[test]
    fn a_part_of_a_list_is_kept() {
        let mut list = vec![0, 1, 2, 3, 4];
        keep(&mut list, 1, 3);
        assert_eq!(list, [1, 2, 3]);
        keep(&mut list, 9, 3);
        assert!(list.is_empty());
    }
}
