//! Which subcategories were on in each boot, and how that is known (domain.md E.1 and E.2).
//!
//! What is there was on; what a 4719 changed is what it says; what should have gone with other records and is not there
//! was probably off. Windows' defaults are never taken for facts.

use super::meanings::{Meanings, N_OUTCOMES};
use super::{change, is_lost_logoff, is_sparse, is_undisturbed, nearest};
use crate::audit::{BASELINE, SUBCATEGORIES, tasks};
use crate::correlate::classify::class_of_logon;
use crate::correlate::outside::Outside;
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx};
use crate::machine::{Audit, AuditState, AuditWhy, Boot, Lineage, LogoffAudit, Outcome, Pos};
use crate::session::Class;
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// The records of one logon stand within these seconds (C.2).
const CLUSTER: i64 = 5 * SECOND;

/// A desktop starts its programs within this time.
const PROGRAMS: i64 = MINUTE;

/// Fewer logons without the event that goes with each may be chance.
const SOME_LOGONS: u32 = 3;

/// Fewer processes that never ended may just run on.
const SOME_PROCESSES: u32 = 20;

/// Says of every boot which subcategories were on.
#[inline(never)]
pub fn audits(
    records: &Records,
    meanings: &Meanings,
    security: &Lineage,
    outside: &Outside,
    boots: &mut [Boot],
) {
    let mut carried: FxHashMap<(u32, bool), (bool, RowIdx)> = FxHashMap::default();
    let tally = |n: usize| Tally::of(records, security, &boots[n], meanings, outside.rows(n));
    let tallies = crate::parallel::map(boots.len(), tally);
    for (boot, tally) in boots.iter_mut().zip(tallies) {
        boot.command_lines = (tally.n_created > 0).then_some(tally.has_command_lines);
        boot.audits = tally.audits(boot, &mut carried, &|pos| security.rows[pos as usize]);
        boot.audits.retain(|audit| crate::audit::baseline(audit.task).is_some() || is_told(audit));
        let locks = boot.audits.iter().find(|audit| audit.task == tasks::OTHER_LOGON);
        let locks = locks.map(|audit| &audit.success).filter(|locks| locks.changes.is_empty());
        boot.locks_audited = locks.and_then(|locks| locks.last);
    }
    take_neighbours(security, boots);
}

fn is_told(audit: &Audit) -> bool {
    let is_told = |outcome: &Outcome| {
        outcome.n > 0 || !outcome.changes.is_empty() || outcome.state != AuditState::Unknown
    };
    is_told(&audit.success) || is_told(&audit.failure)
}

/// The first records of a boot: Windows 10 writes the creation of its own first processes before it knows its audit
/// policy, whatever that is (seen in rathbun_w10).
struct Early {
    last_id: u64,
    until: Timestamp,
}

/// So long after the first record of a start, its own first processes are made.
const FIRST_PROCESSES: i64 = 10 * SECOND;

impl Early {
    fn of(records: &Records, security: &Lineage, boot: &Boot) -> Option<Self> {
        let first = *security.rows.get(boot.security.start as usize).filter(|_| boot.has_start)?;
        let own = boot.anchors.iter().filter(|&&row| records.signature(row).channel == security.channel);
        Some(Early {
            last_id: own.map(|&row| records.id[row as usize]).max().unwrap_or(0),
            until: records.time[first as usize].plus(FIRST_PROCESSES),
        })
    }

    fn contains(&self, records: &Records, row: RowIdx) -> bool {
        records.id[row as usize] <= self.last_id || records.time[row as usize] <= self.until
    }
}

/// What a boot's records have of each subcategory, and what else tells of one.
#[derive(Default)]
struct Tally {
    counts: Vec<[Outcome; 2]>,
    /// Records that something should have gone with.
    cited: Option<Pos>,
    elevated: Option<Pos>,
    unlocked: Option<Pos>,
    /// The first 1108 that names a logoff.
    lost_logoff: Option<Pos>,
    reconnected: Option<RowIdx>,
    desktop: Option<Pos>,
    logon: Option<Pos>,
    grouped: Option<Pos>,
    /// Of people, and at most [`SOME_LOGONS`] others.
    n_grouped: u32,
    created: Option<Pos>,
    n_created: u32,
    has_command_lines: bool,
    is_filtered: bool,
    /// Security itself has the boot's start, and nothing is missing there.
    start: Option<RowIdx>,
    /// The same, if the boot then went on long enough to start its services.
    settled: Option<RowIdx>,
}

/// How many records there are of a kind, and the first and the last of them: they are counted in what takes little room,
/// for a log has millions.
#[derive(Clone, Copy, Default)]
struct Count {
    n: u32,
    first: Pos,
    last: Pos,
}

impl Count {
    #[inline]
    fn add(&mut self, pos: Pos) {
        self.first = if self.n == 0 { pos } else { self.first };
        self.last = pos;
        self.n += 1;
    }
}

/// Records of a start within which none may be missing if what is not there is to mean anything.
const START_RECORDS: Pos = 64;

impl Tally {
    #[inline(never)]
    fn of(
        records: &Records,
        security: &Lineage,
        boot: &Boot,
        meanings: &Meanings,
        outside: &[RowIdx],
    ) -> Self {
        let range = boot.security.clone();
        let mut tally = Tally {
            counts: vec![Default::default(); SUBCATEGORIES.len()],
            is_filtered: is_sparse(records, security, &range),
            start: start_in_security(records, security, boot),
            ..Tally::default()
        };
        let has_services = is_undisturbed(records, security, &range, range.start, PROGRAMS);
        tally.settled = tally.start.filter(|_| has_services);
        let early = Early::of(records, security, boot);
        let mut counts = [Count::default(); N_OUTCOMES];
        for pos in range {
            let row = security.rows[pos as usize];
            let meaning = meanings.of_record(records, row);
            if meaning.is_telling {
                let is_process = meaning.kind == Some(Kind::ProcessCreated);
                if is_process && early.as_ref().is_some_and(|early| early.contains(records, row)) {
                    continue;
                }
                if let Some(event) = records.event(row) {
                    tally.add(records, security, boot, pos, event);
                }
            }
            counts[usize::from(meaning.outcome)].add(pos);
        }
        tally.take(&counts);
        let is_change = |row: &&RowIdx| {
            let kind = records.event(**row).map(|event| records.events.kind(event));
            matches!(kind, Some(Kind::TsDisconnected | Kind::TsReconnected))
        };
        tally.reconnected = outside.iter().find(is_change).copied();
        tally
    }

    fn take(&mut self, counts: &[Count; N_OUTCOMES]) {
        for (outcome, count) in self.counts.iter_mut().flatten().zip(counts).filter(|(_, count)| count.n > 0)
        {
            outcome.n = count.n.into();
            (outcome.first, outcome.last) = (Some(count.first), Some(count.last));
        }
    }

    fn add(&mut self, records: &Records, security: &Lineage, boot: &Boot, pos: Pos, event: EventIdx) {
        let said = || records.events.said(event);
        let cites = |field| said().luid(field).is_some_and(|luid: LogonId| !luid.is_fixed());
        match records.events.kind(event) {
            Kind::AuditPolicyChanged => self.change(records, pos, event),
            Kind::SpecialPrivileges if self.cited.is_none() && cites(Field::SubjectLogonId) => {
                self.cited = Some(pos);
            }
            Kind::Logoff if self.cited.is_none() && cites(Field::TargetLogonId) => self.cited = Some(pos),
            Kind::ProcessCreated => {
                if self.cited.is_none() && cites(Field::SubjectLogonId) {
                    self.cited = Some(pos);
                }
                self.created.get_or_insert(pos);
                self.n_created += 1;
                self.has_command_lines = self.has_command_lines || !said().text(Field::CommandLine).is_none();
            }
            Kind::Logon => self.logon(records, security, boot, pos, event),
            Kind::EventLost if self.lost_logoff.is_none() && is_lost_logoff(records, event) => {
                self.lost_logoff = Some(pos);
            }
            _ => {}
        }
    }

    fn logon(&mut self, records: &Records, security: &Lineage, boot: &Boot, pos: Pos, event: EventIdx) {
        let said = records.events.said(event);
        let logon_type = said.number(Field::LogonType);
        // Most of millions are of networks and services, which tell nothing that a few do not.
        let is_person = matches!(logon_type, Some(2 | 7 | 10..=13));
        if !is_person && self.n_grouped >= SOME_LOGONS {
            return;
        }
        let is_told = |span| is_undisturbed(records, security, &boot.security, pos, span);
        let is_fixed = said.luid(Field::TargetLogonId).is_none_or(LogonId::is_fixed);
        if is_fixed || !is_told(CLUSTER) {
            return;
        }
        self.logon.get_or_insert(pos);
        // Group Membership came with Windows 10, as did this field of 4624.
        let elevated = said.text(Field::Elevated);
        if !elevated.is_none() {
            self.n_grouped += 1;
            self.grouped.get_or_insert(pos);
        }
        // What comes before the 4624 must not be missing either.
        let is_whole = is_person && !security.has_gap(pos.saturating_sub(2), pos);
        if is_whole && matches!(logon_type, Some(2 | 10 | 11)) && records.text(elevated) == "%%1842" {
            self.elevated.get_or_insert(pos);
        }
        if is_whole && matches!(logon_type, Some(7 | 13)) {
            self.unlocked.get_or_insert(pos);
        }
        let may_be_desktop = is_person && self.desktop.is_none() && is_told(PROGRAMS);
        if may_be_desktop && class_of_logon(records, event) == Class::Desktop {
            self.desktop = Some(pos);
        }
    }

    fn change(&mut self, records: &Records, pos: Pos, event: EventIdx) {
        let Some(change) = change(records, event) else { return };
        let own = SUBCATEGORIES.binary_search_by_key(&change.task, |subcategory| subcategory.task);
        let Some(counts) = own.ok().and_then(|n| self.counts.get_mut(n)) else { return };
        counts[0].changes.extend(change.success.map(|is_on| (pos, is_on)));
        counts[1].changes.extend(change.failure.map(|is_on| (pos, is_on)));
    }

    /// The verdicts, in the order of E.2.
    fn audits(
        mut self,
        boot: &Boot,
        carried: &mut FxHashMap<(u32, bool), (bool, RowIdx)>,
        row: &dyn Fn(Pos) -> RowIdx,
    ) -> Vec<Audit> {
        let counts = std::mem::take(&mut self.counts);
        let mut audits = Vec::new();
        for (subcategory, [success, failure]) in SUBCATEGORIES.iter().zip(counts) {
            let task = subcategory.task;
            let mut judge = |mut outcome: Outcome, failed: bool| {
                let before = carried.get(&(task, failed)).copied();
                let missing = if failed { None } else { self.missing(task, row) };
                let verdict = self.verdict(&outcome, before, missing, row);
                (outcome.state, outcome.why, outcome.by) = verdict;
                if let Some(&(pos, is_on)) = outcome.changes.last() {
                    carried.insert((task, failed), (is_on, row(pos)));
                } else if outcome.state == AuditState::On {
                    // Turned on again by a change that is not there, if it was off.
                    carried.remove(&(task, failed));
                }
                outcome
            };
            let (mut success, failure) = (judge(success, false), judge(failure, true));
            if task == tasks::LOGOFF {
                self.tell_logoff(boot, &mut success, row);
            }
            audits.push(Audit { task, success, failure });
        }
        audits
    }

    /// The verdict for Logoff is worked out with more than its own events ([`super::logoff`]).
    fn tell_logoff(&self, boot: &Boot, own: &mut Outcome, row: &dyn Fn(Pos) -> RowIdx) {
        let telling = self.unlocked.or(self.logon);
        let state = boot.logoff_audit.state();
        if state == own.state {
            return;
        }
        own.state = state;
        (own.why, own.by) = match (state, boot.logoff_audit, telling) {
            (AuditState::OffChanged, LogoffAudit::OffSince(pos), _) if pos > boot.security.start => {
                (AuditWhy::Changed, Some(row(pos)))
            }
            (AuditState::OffChanged, ..) => (AuditWhy::ChangedBefore, None),
            (AuditState::ProbablyOff, _, Some(pos)) => (AuditWhy::Missing, Some(row(pos))),
            (AuditState::FilteredExport, ..) => (AuditWhy::Sparse, None),
            (AuditState::Unknown, ..) => (AuditWhy::TooLittle, None),
            // What could not be written was to be written.
            (AuditState::On, ..) if self.lost_logoff.is_some() => (AuditWhy::Lost, self.lost_logoff.map(row)),
            (AuditState::On | AuditState::ProbablyOff, ..) => (AuditWhy::Neighbour, None),
        };
    }

    fn verdict(
        &self,
        outcome: &Outcome,
        before: Option<(bool, RowIdx)>,
        missing: Option<RowIdx>,
        row: &dyn Fn(Pos) -> RowIdx,
    ) -> (AuditState, AuditWhy, Option<RowIdx>) {
        let state = |is_on| if is_on { AuditState::On } else { AuditState::OffChanged };
        match (outcome.changes.last(), outcome.first, outcome.last) {
            (Some(&(pos, is_on)), _, last) if is_on || last.is_none_or(|last| last < pos) => {
                (state(is_on), AuditWhy::Changed, Some(row(pos)))
            }
            (_, Some(first), _) => (AuditState::On, AuditWhy::Seen, Some(row(first))),
            _ => match (before, missing) {
                (Some((is_on, by)), None) => (state(is_on), AuditWhy::ChangedBefore, Some(by)),
                (Some((false, by)), Some(_)) => (AuditState::OffChanged, AuditWhy::ChangedBefore, Some(by)),
                _ if self.is_filtered => (AuditState::FilteredExport, AuditWhy::Sparse, None),
                (_, Some(by)) => (AuditState::ProbablyOff, AuditWhy::Missing, Some(by)),
                (None, None) => (AuditState::Unknown, AuditWhy::TooLittle, None),
            },
        }
    }

    /// The record that an event of this subcategory should have gone with, where none is there (E.2, "same idea").
    fn missing(&self, task: u32, row: &dyn Fn(Pos) -> RowIdx) -> Option<RowIdx> {
        match task {
            tasks::LOGON => self.cited.map(row),
            tasks::SPECIAL_LOGON => self.elevated.map(row),
            tasks::GROUP_MEMBERSHIP => self.grouped.filter(|_| self.n_grouped >= SOME_LOGONS).map(row),
            tasks::OTHER_LOGON => {
                self.unlocked.map(row).or(self.reconnected.filter(|_| self.logon.is_some()))
            }
            tasks::PROCESS_CREATION => self.desktop.map(row).or(self.settled),
            tasks::PROCESS_TERMINATION => self.created.filter(|_| self.n_created >= SOME_PROCESSES).map(row),
            // 4608, and 4902 of the audit policy's own table, are written at every start.
            tasks::STATE_CHANGE | tasks::AUDIT_POLICY => self.start,
            _ => None,
        }
    }
}

/// A record by which Security itself shows the boot's start, if what is around it is whole.
fn start_in_security(records: &Records, security: &Lineage, boot: &Boot) -> Option<RowIdx> {
    let start = boot.security.start;
    let end = (start + START_RECORDS).min(boot.security.end);
    let is_whole = boot.has_start && start > 0 && start < end && !security.has_gap(start - 1, end);
    let is_own = |row: &&RowIdx| records.signature(**row).channel == security.channel;
    boot.anchors.iter().find(is_own).copied().filter(|_| is_whole)
}

/// A boot with too little data takes its neighbour's verdict, if nothing between them was changed or is missing (C.7).
fn take_neighbours(security: &Lineage, boots: &mut [Boot]) {
    for line in BASELINE {
        for failed in [false, true] {
            // That verdict has its neighbours' already.
            if line.task == tasks::LOGOFF && !failed {
                continue;
            }
            let told: Vec<Option<Telling>> =
                boots.iter().map(|boot| Telling::of(boot, line.task, failed)).collect();
            let telling = |n: usize| told[n].map(|told| (n, told));
            let before = nearest((0..told.len()).map(telling));
            let mut after = nearest((0..told.len()).rev().map(telling));
            after.reverse();
            for n in 0..boots.len() {
                if told[n].is_some() {
                    continue;
                }
                let neighbour = neighbour(security, boots, n, before[n], after[n]);
                let audit = boots[n].audits.iter_mut().find(|audit| audit.task == line.task);
                if let (Some((state, by)), Some(audit)) = (neighbour, audit) {
                    let own = if failed { &mut audit.failure } else { &mut audit.success };
                    (own.state, own.why, own.by) = (state, AuditWhy::Neighbour, by);
                }
            }
        }
    }
}

/// What a boot itself tells of a subcategory.
#[derive(Clone, Copy)]
struct Telling {
    state: AuditState,
    by: Option<RowIdx>,
    is_changed: bool,
}

impl Telling {
    fn of(boot: &Boot, task: u32, failed: bool) -> Option<Self> {
        let audit = boot.audits.iter().find(|audit| audit.task == task)?;
        let own = if failed { &audit.failure } else { &audit.success };
        let telling = Telling { state: own.state, by: own.by, is_changed: !own.changes.is_empty() };
        (own.state != AuditState::Unknown).then_some(telling)
    }
}

/// The verdict of the next boots on either side that have one.
fn neighbour(
    security: &Lineage,
    boots: &[Boot],
    n: usize,
    before: Option<(usize, Telling)>,
    after: Option<(usize, Telling)>,
) -> Option<(AuditState, Option<RowIdx>)> {
    let is_whole = |a: usize, b: usize| {
        let (from, to) = (boots[a].security.end.saturating_sub(1), boots[b].security.start);
        from >= to || !security.has_gap(from, to)
    };
    let before = before.filter(|&(m, _)| is_whole(m, n)).map(|(_, told)| told);
    // What a later boot's change turned on or off was otherwise before.
    let after = after.filter(|&(m, told)| is_whole(n, m) && !told.is_changed).map(|(_, told)| told);
    let told = match (before, after) {
        (Some(a), Some(b)) if a.state != b.state => None,
        (a, b) => a.or(b),
    };
    told.map(|told| (told.state, told.by))
}
