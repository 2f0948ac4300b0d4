//! What was audited (domain.md E): so far, whether a missing logoff means anything.

use crate::event::{EventIdx, Field, Kind, Records};
use crate::machine::{Boot, BootEnd, Lineage, LogoffAudit, Pos};
use crate::time::{MINUTE, SECOND};

/// Audit subcategories, as the Task of Security events (E.1).
const TASK_LOGOFF: u32 = 12545;
const TASK_OTHER_LOGON: u32 = 12551;

/// Subcategory Logoff in a 4719: {0CCE9216-69AE-11D9-BED3-505054503030}.
const GUID_LOGOFF: &str = "{0CCE9216-";

/// So many network logons, each this old, would have shown a logoff (E.2).
const OLD_NETWORK_LOGONS: u32 = 20;
const OLD: i64 = 30 * MINUTE;

/// More than this share of missing record ids makes a log a filtered export: within one, most ids are missing.
const SPARSE: f64 = 0.5;

/// Whether a 1108 tells that a 4634 or 4647 could not be written.
pub fn is_lost_logoff(records: &Records, event: EventIdx) -> bool {
    let events = &records.events;
    let provider = records.text(events.text(event, Field::LostProvider));
    events.kind(event) == Kind::EventLost
        && matches!(events.number(event, Field::LostEventId), Some(4634 | 4647))
        && (provider.is_empty() || provider.eq_ignore_ascii_case("Microsoft-Windows-Security-Auditing"))
}

/// Says for every boot whether logoffs were audited.
pub fn logoff_audit(records: &Records, security: &Lineage, boots: &mut [Boot]) {
    let facts: Vec<Facts> = boots.iter().map(|boot| Facts::of(records, security, boot)).collect();
    let open_desktops = facts.iter().zip(boots.iter()).filter(|(f, boot)| f.has_open_desktop(boot)).count();
    for (boot, facts) in boots.iter_mut().zip(&facts) {
        boot.logoff_audit = facts.verdict(boot, open_desktops);
        boot.audits_locks = facts.n_other_logon > 0;
    }
    take_neighbours(boots, &facts);
    add_off_periods(records, security, boots);
}

/// Between a 4719 that turns logoffs off and one that turns them on again nothing was audited, unless a logoff says
/// otherwise.
fn add_off_periods(records: &Records, security: &Lineage, boots: &mut [Boot]) {
    let is_logoff = |pos: Pos| records.signature(security.rows[pos as usize]).task == TASK_LOGOFF;
    let mut is_off = false;
    for boot in boots {
        let mut from = is_off.then_some(boot.security.start);
        let end = boot.security.end;
        let mut periods = Vec::new();
        for pos in boot.security.clone() {
            match change_of_logoff(records, security, pos) {
                Some(false) => from = from.or(Some(pos)),
                Some(true) => periods.extend(from.take().map(|from| from..pos)),
                None => {}
            }
        }
        is_off = from.is_some();
        periods.extend(from.map(|from| from..end));
        boot.logoff_off = periods.into_iter().filter(|period| !period.clone().any(is_logoff)).collect();
    }
}

/// Whether a record is a 4719 that turns the audit of successful logoffs on or off.
fn change_of_logoff(records: &Records, security: &Lineage, pos: Pos) -> Option<bool> {
    let event = records.event(security.rows[pos as usize])?;
    let events = &records.events;
    if events.kind(event) != Kind::AuditPolicyChanged {
        return None;
    }
    let subcategory = records.text(events.text(event, Field::Subcategory));
    let changes = records.text(events.text(event, Field::AuditChanges));
    let is_logoff = subcategory.to_ascii_uppercase().starts_with(GUID_LOGOFF);
    match (is_logoff, changes.contains("%%8448"), changes.contains("%%8449")) {
        (true, true, _) => Some(false),
        (true, false, true) => Some(true),
        _ => None,
    }
}

/// What a boot's records tell of its audit policy.
#[derive(Default)]
struct Facts {
    n_records: u32,
    n_logons: u32,
    n_logoffs: u32,
    n_other_logon: u32,
    /// 4624 of type 7 or 13: each is followed by a 4634 at once.
    n_unlocks: u32,
    n_network: u32,
    n_desktops: u32,
    is_sparse: bool,
    /// The last 4719 about Logoff: where, and whether it left Success on.
    changed: Option<(Pos, bool)>,
    last_logoff: Option<Pos>,
}

impl Facts {
    fn of(records: &Records, security: &Lineage, boot: &Boot) -> Self {
        let range = boot.security.clone();
        let mut facts = Facts { n_records: range.end - range.start, ..Facts::default() };
        let row = |pos: Pos| security.rows[pos as usize] as usize;
        let Some(last) = range.end.checked_sub(1).filter(|last| range.contains(last)) else { return facts };
        let ids = records.id[row(last)].saturating_sub(records.id[row(range.start)]).saturating_add(1);
        facts.is_sparse = f64::from(facts.n_records) < ids as f64 * (1.0 - SPARSE);
        for pos in range {
            facts.add(records, security, pos, last);
        }
        facts
    }

    fn add(&mut self, records: &Records, security: &Lineage, pos: Pos, last: Pos) {
        let row = security.rows[pos as usize];
        match records.signature(row).task {
            TASK_LOGOFF => {
                self.n_logoffs += 1;
                self.last_logoff = Some(pos);
            }
            TASK_OTHER_LOGON => self.n_other_logon += 1,
            _ => {}
        }
        let Some(event) = records.event(row) else { return };
        let events = &records.events;
        match events.kind(event) {
            Kind::EventLost if is_lost_logoff(records, event) => {
                self.n_logoffs += 1;
                self.last_logoff = Some(pos);
            }
            Kind::Logoff | Kind::UserLogoff if records.signature(row).task != TASK_LOGOFF => {
                self.n_logoffs += 1;
                self.last_logoff = Some(pos);
            }
            Kind::Logon => {
                self.n_logons += 1;
                let age =
                    records.time[security.rows[last as usize] as usize].since(records.time[row as usize]);
                match events.number(event, Field::LogonType) {
                    Some(7 | 13) if age > SECOND => self.n_unlocks += 1,
                    Some(3)
                        if age > OLD
                            && super::classify::class_of_logon(records, event)
                                == crate::session::Class::Network =>
                    {
                        self.n_network += 1
                    }
                    Some(2 | 10 | 11 | 12)
                        if super::classify::class_of_logon(records, event)
                            == crate::session::Class::Desktop =>
                    {
                        self.n_desktops += 1
                    }
                    _ => {}
                }
            }
            Kind::AuditPolicyChanged => {
                self.changed = change_of_logoff(records, security, pos).map(|on| (pos, on)).or(self.changed);
            }
            _ => {}
        }
    }

    fn has_open_desktop(&self, boot: &Boot) -> bool {
        self.n_logoffs == 0 && self.n_desktops > 0 && matches!(boot.end, BootEnd::Clean { .. })
    }

    /// E.2, in its order.
    fn verdict(&self, boot: &Boot, n_open_desktops: usize) -> LogoffAudit {
        if let Some((pos, false)) = self.changed
            && self.last_logoff.is_none_or(|last| last < pos)
        {
            return LogoffAudit::OffSince(pos);
        }
        if self.n_logoffs > 0 {
            return LogoffAudit::On;
        }
        if self.is_sparse {
            return if self.n_logons > 0 { LogoffAudit::FilteredExport } else { LogoffAudit::Unknown };
        }
        let is_telling = self.n_unlocks > 0
            || self.n_network >= OLD_NETWORK_LOGONS
            || n_open_desktops >= 2 && self.has_open_desktop(boot);
        if is_telling { LogoffAudit::ProbablyOff } else { LogoffAudit::Unknown }
    }
}

/// A boot with too little data takes its neighbours' verdict, if no 4719 lies between (C.7).
fn take_neighbours(boots: &mut [Boot], facts: &[Facts]) {
    let told: Vec<LogoffAudit> = boots.iter().map(|boot| boot.logoff_audit).collect();
    for n in 0..boots.len() {
        if told[n] != LogoffAudit::Unknown || facts[n].changed.is_some() {
            continue;
        }
        let before = (0..n).rev().find(|&m| told[m] != LogoffAudit::Unknown);
        let after = (n + 1..boots.len()).find(|&m| told[m] != LogoffAudit::Unknown);
        let is_free = |from: usize, to: usize| facts[from..to].iter().all(|facts| facts.changed.is_none());
        let before = before.filter(|&m| is_free(m + 1, n)).map(|m| carried(told[m], facts[m].changed));
        let after = after.filter(|&m| is_free(n + 1, m + 1)).map(|m| told[m]);
        boots[n].logoff_audit = match (before, after) {
            (Some(a), Some(b)) if std::mem::discriminant(&a) != std::mem::discriminant(&b) => {
                LogoffAudit::Unknown
            }
            (a, b) => a.or(b).unwrap_or_default(),
        };
        if let LogoffAudit::OffSince(_) = boots[n].logoff_audit {
            boots[n].logoff_audit = LogoffAudit::OffSince(boots[n].security.start);
        }
    }
}

/// What a verdict means for the boots after it.
fn carried(verdict: LogoffAudit, changed: Option<(Pos, bool)>) -> LogoffAudit {
    match (verdict, changed) {
        (LogoffAudit::On, Some((pos, false))) => LogoffAudit::OffSince(pos),
        (verdict, _) => verdict,
    }
}
