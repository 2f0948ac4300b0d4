//! Does a missing logoff mean anything? The verdict for the subcategory Logoff (domain.md E.2).

use super::meanings::Meanings;
use super::{IN_FLIGHT, change_of, is_sparse, is_undisturbed, nearest, own_policy_of};
use crate::audit::tasks;
use crate::correlate::classify::class_of_logon;
use crate::correlate::outside::Outside;
use crate::event::{EventIdx, Field, Kind, Records, RowIdx, StrId};
use crate::machine::{Boot, BootEnd, Lineage, LogoffAudit, Pos};
use crate::session::Class;
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// So many network logons, each this old, would have shown a logoff (E.2).
const OLD_NETWORK_LOGONS: u32 = 20;
const OLD: i64 = 30 * MINUTE;

/// A 4634 followed each unlock within this time, in 23 of 23 (E.2).
const AFTER_UNLOCK: i64 = SECOND;

/// What other logs call a logoff has its 4647 or 4634 in the same seconds.
const AFTER_LOGOFF: i64 = MINUTE;

/// Whether a 1108 tells that a 4634 or 4647 could not be written.
pub fn is_lost_logoff(records: &Records, event: EventIdx) -> bool {
    let events = &records.events;
    if events.kind(event) != Kind::EventLost {
        return false;
    }
    let provider = records.text(events.text(event, Field::LostProvider));
    matches!(events.number(event, Field::LostEventId), Some(4634 | 4647))
        && (provider.is_empty() || provider.eq_ignore_ascii_case("Microsoft-Windows-Security-Auditing"))
}

/// Says for every boot whether logoffs were audited.
#[inline(never)]
pub fn logoff_audit(
    records: &Records,
    meanings: &Meanings,
    security: &Lineage,
    outside: &Outside,
    boots: &mut [Boot],
) {
    let facts = |n: usize| Facts::of(records, meanings, security, outside.rows(n), &boots[n]);
    let facts: Vec<Facts> = crate::parallel::map(boots.len(), facts);
    let open_desktops = facts.iter().zip(boots.iter()).filter(|(f, boot)| f.has_open_desktop(boot)).count();
    for (boot, facts) in boots.iter_mut().zip(&facts) {
        boot.logoff_audit = facts.verdict(boot, open_desktops);
    }
    take_neighbours(security, boots, &facts);
    add_off_periods(records, meanings, security, boots);
}

/// The first 4912 that gives an account a policy of its own for logoffs; it outlives a boot. Nearly no log has one.
pub fn own_policies(records: &Records, security: &Lineage) -> FxHashMap<StrId, Pos> {
    let mut own = FxHashMap::default();
    if !records.signatures.iter().any(|signature| signature.event_id == 4912) {
        return own;
    }
    for (pos, &row) in (0..).zip(&security.rows) {
        let sid = records.event(row).and_then(|event| own_policy_of(records, event, tasks::LOGOFF));
        if let Some(sid) = sid {
            own.entry(sid).or_insert(pos);
        }
    }
    own
}

/// Between a 4719 that turns logoffs off and one that turns them on again, or the first logoff that is there after all,
/// nothing was audited. Where only the one that turns them on is there, they were off in that boot since the last logoff
/// before it.
fn add_off_periods(records: &Records, meanings: &Meanings, security: &Lineage, boots: &mut [Boot]) {
    // Nearly no log has one.
    if !records.signatures.iter().any(|signature| signature.event_id == 4719) {
        return;
    }
    let mut off_since: Option<Pos> = None;
    for boot in boots {
        let range = boot.security.clone();
        let mut periods = Vec::new();
        let mut on_until = range.start;
        for pos in range.clone() {
            let change = change_of_logoff(records, security, pos);
            let is_logoff = meanings.of_record(records, security.rows[pos as usize]).is_logoff;
            match (off_since, change) {
                (None, Some(false)) => off_since = Some(pos),
                (None, Some(true)) => periods.push(on_until..pos),
                (Some(since), Some(true)) => periods.push(since.max(range.start)..pos),
                (Some(since), None) if is_logoff && is_late(records, security, since, pos) => {
                    off_since = None;
                    periods.push(since.max(range.start)..pos);
                }
                _ => {}
            }
            if change == Some(true) {
                off_since = None;
            }
            if off_since.is_none() && (change.is_some() || is_logoff) {
                on_until = pos + 1;
            }
        }
        periods.extend(off_since.map(|since| since.max(range.start)..range.end));
        periods.retain(|period| !period.is_empty());
        boot.logoff_off = periods;
    }
}

/// Whether a logoff cannot have been on its way when the audit was turned off.
fn is_late(records: &Records, security: &Lineage, off: Pos, pos: Pos) -> bool {
    let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    time(pos).since(time(off)).abs() > IN_FLIGHT
}

/// Whether a record is a 4719 that turns the audit of successful logoffs on or off.
fn change_of_logoff(records: &Records, security: &Lineage, pos: Pos) -> Option<bool> {
    let event = records.event(security.rows[pos as usize])?;
    change_of(records, event, tasks::LOGOFF)
}

/// What a boot's records tell of its audit policy.
#[derive(Default)]
struct Facts {
    /// Up to the first logoff, as what else is counted of logons.
    n_logons: u32,
    /// Of them, those beside a gap.
    n_beside_gap: u32,
    has_logoff: bool,
    /// 4624 of type 7 or 13: each is followed by a 4634 at once.
    n_unlocks: u32,
    /// At most [`OLD_NETWORK_LOGONS`].
    n_network: u32,
    n_desktops: u32,
    /// A logoff that another log has, while this one was written without a gap.
    n_elsewhere: u32,
    is_filtered: bool,
    /// The last 4719 about Logoff: where, and whether it left Success on.
    changed: Option<(Pos, bool)>,
    last_logoff: Option<Pos>,
}

impl Facts {
    #[inline(never)]
    fn of(
        records: &Records,
        meanings: &Meanings,
        security: &Lineage,
        outside: &[RowIdx],
        boot: &Boot,
    ) -> Self {
        let range = boot.security.clone();
        let mut facts = Facts::default();
        if range.is_empty() {
            return facts;
        }
        let is_logoff = |pos: Pos| meanings.of_record(records, security.rows[pos as usize]).is_logoff;
        for pos in range.clone() {
            let row = security.rows[pos as usize];
            let meaning = meanings.of_record(records, row);
            if meaning.is_logoff {
                facts.logoff(records, security, pos);
                if !meanings.have_changes {
                    // Nothing else is asked of what follows.
                    facts.last_logoff = range.clone().rev().find(|&pos| is_logoff(pos));
                    break;
                }
            }
            if let Some(event) = records.event(row).filter(|_| meaning.is_telling) {
                facts.add(records, security, boot, pos, event);
            }
        }
        facts.is_filtered = is_sparse(records, security, &range) && 2 * facts.n_beside_gap > facts.n_logons;
        if !facts.has_logoff && facts.n_logons > 0 {
            facts.n_elsewhere = logoffs_elsewhere(records, security, boot, outside);
        }
        facts
    }

    fn add(&mut self, records: &Records, security: &Lineage, boot: &Boot, pos: Pos, event: EventIdx) {
        match records.events.kind(event) {
            Kind::Logon => self.logon(records, security, boot, pos, event),
            Kind::EventLost if is_lost_logoff(records, event) => self.logoff(records, security, pos),
            Kind::AuditPolicyChanged => {
                self.changed = change_of_logoff(records, security, pos).map(|on| (pos, on)).or(self.changed);
            }
            _ => {}
        }
    }

    fn logoff(&mut self, records: &Records, security: &Lineage, pos: Pos) {
        self.has_logoff = true;
        let is_on_its_way =
            self.changed.is_some_and(|(at, is_on)| !is_on && !is_late(records, security, at, pos));
        if !is_on_its_way {
            self.last_logoff = Some(pos);
        }
    }

    /// Logons count only where no record can be missing in the time in which a logoff should have come.
    fn logon(&mut self, records: &Records, security: &Lineage, boot: &Boot, pos: Pos, event: EventIdx) {
        // A logoff tells that they were audited.
        if self.has_logoff {
            return;
        }
        self.n_logons += 1;
        self.n_beside_gap += u32::from(security.has_gap(pos.saturating_sub(1), pos + 1));
        let is_told = |span| is_undisturbed(records, security, &boot.security, pos, span);
        match records.events.number(event, Field::LogonType) {
            Some(7 | 13) if is_told(AFTER_UNLOCK) => self.n_unlocks += 1,
            // More than enough need not be counted.
            Some(3)
                if self.n_network < OLD_NETWORK_LOGONS
                    && is_told(OLD)
                    && class_of_logon(records, event) == Class::Network =>
            {
                self.n_network += 1;
            }
            Some(2 | 10 | 11 | 12)
                if class_of_logon(records, event) == Class::Desktop
                    && !security.has_gap(pos, boot.security.end) =>
            {
                self.n_desktops += 1;
            }
            _ => {}
        }
    }

    fn has_open_desktop(&self, boot: &Boot) -> bool {
        !self.has_logoff && self.n_desktops > 0 && matches!(boot.end, BootEnd::Clean { .. })
    }

    /// E.2, in its order.
    fn verdict(&self, boot: &Boot, n_open_desktops: usize) -> LogoffAudit {
        if let Some((pos, false)) = self.changed
            && self.last_logoff.is_none_or(|last| last < pos)
        {
            return LogoffAudit::OffSince(pos);
        }
        if self.has_logoff {
            return LogoffAudit::On;
        }
        if self.is_filtered {
            return LogoffAudit::FilteredExport;
        }
        let is_telling = self.n_unlocks > 0
            || self.n_elsewhere > 0
            || self.n_network >= OLD_NETWORK_LOGONS
            || n_open_desktops >= 2 && self.has_open_desktop(boot);
        if is_telling { LogoffAudit::ProbablyOff } else { LogoffAudit::Unknown }
    }
}

/// Logoffs of people that another log has at a moment around which Security has no gap.
fn logoffs_elsewhere(records: &Records, security: &Lineage, boot: &Boot, outside: &[RowIdx]) -> u32 {
    let range = boot.security.clone();
    // Times may step back a little within a boot: the record found is near that moment all the same.
    let before = |at: Timestamp| {
        let rows = &security.rows[range.start as usize..range.end as usize];
        let n = rows.partition_point(|&row| records.time[row as usize] <= at);
        n.checked_sub(1).map(|n| range.start + n as Pos)
    };
    let is_covered = |row: &&RowIdx| {
        let at = records.time[**row as usize];
        let kind = records.event(**row).map(|event| records.events.kind(event));
        let is_logoff = matches!(kind, Some(Kind::TsLogoff | Kind::WinlogonLogoff));
        is_logoff
            && before(at).is_some_and(|pos| is_undisturbed(records, security, &range, pos, AFTER_LOGOFF))
    };
    outside.iter().filter(is_covered).count() as u32
}

/// A boot with too little data takes its neighbours' verdict, if no 4719 lies between (C.7), and no gap that may have
/// held one.
fn take_neighbours(security: &Lineage, boots: &mut [Boot], facts: &[Facts]) {
    let told: Vec<LogoffAudit> = boots.iter().map(|boot| boot.logoff_audit).collect();
    let telling = |m: usize| (told[m] != LogoffAudit::Unknown).then_some(m);
    let befores = nearest((0..boots.len()).map(telling));
    let mut afters = nearest((0..boots.len()).rev().map(telling));
    afters.reverse();
    // How many boots before each have a change.
    let mut n_changes = vec![0u32];
    n_changes.extend(facts.iter().scan(0, |n, facts| {
        *n += u32::from(facts.changed.is_some());
        Some(*n)
    }));
    let is_free = |from: usize, to: usize| n_changes[from] == n_changes[to];
    for n in 0..boots.len() {
        if told[n] != LogoffAudit::Unknown || facts[n].changed.is_some() {
            continue;
        }
        let (before, after) = (befores[n], afters[n]);
        let has_gap = |from: Pos, to: Pos| from < to && security.has_gap(from, to);
        let whole = |n: usize| boots[n].security.clone();
        let before = before
            .filter(|&m| is_free(m + 1, n))
            .filter(|&m| !has_gap(facts[m].last_logoff.unwrap_or(whole(m).start), whole(n).start))
            .map(|m| carried(told[m], facts[m].changed));
        let after = after
            .filter(|&m| is_free(n + 1, m + 1))
            .filter(|&m| !has_gap(whole(n).end.saturating_sub(1), whole(m).start))
            .map(|m| told[m]);
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
