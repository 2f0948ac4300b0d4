//! What was audited (domain.md E.1 and E.2): [`logoff`] says whether a missing logoff means anything, [`audits`] says
//! the same of every subcategory.

mod audits;
mod logoff;
mod meanings;

pub use logoff::{is_lost_logoff, own_policies};
pub use meanings::Meanings;

use super::outside::Outside;
use crate::audit::of_change;
use crate::event::{EventIdx, Field, Kind, Records, StrId};
use crate::machine::{Boot, Lineage, Pos};
use crate::time::SECOND;
use std::ops::Range;

/// More than this share of missing record ids makes a log a filtered export: within one, most ids are missing.
const SPARSE: f64 = 0.5;

/// An event this soon after its audit was turned off was on its way.
const IN_FLIGHT: i64 = 5 * SECOND;

/// Says for every boot what its records tell of the audit policy.
#[inline(never)]
pub fn coverage(
    records: &Records,
    meanings: &Meanings,
    security: &Lineage,
    outside: &Outside,
    boots: &mut [Boot],
) {
    logoff::logoff_audit(records, meanings, security, outside, boots);
    audits::audits(records, meanings, security, outside, boots);
}

/// A change of the audit policy: of which subcategory, and what became of its successes and failures.
struct Change {
    task: u32,
    success: Option<bool>,
    failure: Option<bool>,
}

/// What a 4719 changed (E.1, 3). An account's own policy (4912) changes nothing for the others.
fn change(records: &Records, event: EventIdx) -> Option<Change> {
    let events = &records.events;
    if events.kind(event) != Kind::AuditPolicyChanged {
        return None;
    }
    let text = |field| records.text(events.text(event, field));
    let subcategory = of_change(text(Field::Subcategory), text(Field::SubcategoryId))?;
    let changes = text(Field::AuditChanges);
    let to = |off: &str, on: &str| match (changes.contains(off), changes.contains(on)) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    };
    Some(Change { task: subcategory.task, success: to("%%8448", "%%8449"), failure: to("%%8450", "%%8451") })
}

/// What a 4719 made of the audit of a subcategory's successes.
pub fn change_of(records: &Records, event: EventIdx, task: u32) -> Option<bool> {
    change(records, event).filter(|change| change.task == task)?.success
}

/// The account whose own audit policy a 4912 changed for a subcategory. What it makes of it is told in codes of its own.
fn own_policy_of(records: &Records, event: EventIdx, task: u32) -> Option<StrId> {
    let events = &records.events;
    if events.kind(event) != Kind::UserAuditPolicyChanged {
        return None;
    }
    let text = |field| records.text(events.text(event, field));
    let subcategory = of_change(text(Field::Subcategory), text(Field::SubcategoryId))?;
    let sid = events.text(event, Field::TargetSid);
    (subcategory.task == task && !sid.is_none()).then_some(sid)
}

/// For each of a row, the last before it that tells something.
fn nearest<T: Copy>(telling: impl Iterator<Item = Option<T>>) -> Vec<Option<T>> {
    let mut last = None;
    let step = |own: Option<T>| {
        let before = last;
        last = own.or(last);
        before
    };
    telling.map(step).collect()
}

/// Whether no record is missing after a place, in its boot, for this long: what did not come in that time was not
/// written.
fn is_undisturbed(records: &Records, security: &Lineage, range: &Range<Pos>, pos: Pos, span: i64) -> bool {
    let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let next = security.gaps.partition_point(|&gap| gap <= pos);
    let end = security.gaps.get(next).copied().unwrap_or(range.end).min(range.end);
    end > pos && time(end - 1).since(time(pos)) > span
}

/// Whether most record ids of a range are missing.
pub fn is_sparse(records: &Records, security: &Lineage, range: &Range<Pos>) -> bool {
    let Some(last) = range.end.checked_sub(1).filter(|last| range.contains(last)) else { return false };
    let id = |pos: Pos| records.id[security.rows[pos as usize] as usize];
    let n_ids = id(last).saturating_sub(id(range.start)).saturating_add(1);
    f64::from(range.end - range.start) < n_ids as f64 * (1.0 - SPARSE)
}
