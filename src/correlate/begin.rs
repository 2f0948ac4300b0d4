//! When a session began, or what bounds its beginning (domain.md rules 23 to 25).

use super::draft::{Draft, Lists};
use super::moments::SAME_MOMENT;
use super::open::{CLUSTER, Tracks};
use crate::event::{Kind, LogonId, RowIdx};
use crate::machine::{Lineage, Pos};
use crate::session::{Evidence, EvidenceRole, LogonRole, Start, StartHow};
use crate::time::Timestamp;

/// Fills in how a session began.
#[inline(never)]
pub fn begin(draft: &mut Draft<'_>) {
    add_logons(draft);
    let logon = draft.own().filter_map(|track| track.logon).min();
    draft.session.start = match logon {
        Some(pos) => Start { how: StartHow::Logon, at: Some(draft.time(pos)), ..Start::default() },
        None => inferred(draft),
    };
}

/// Every 4624 of a session is evidence of it.
fn add_logons(draft: &mut Draft<'_>) {
    let (security, Lists { logons, evidence, .. }) = (draft.security, &mut draft.lists);
    evidence.extend(logons.iter().filter_map(|&(pos, role)| {
        let (role, rule) = match role {
            LogonRole::Primary | LogonRole::Repeat => (EvidenceRole::Start, 23),
            LogonRole::Elevated => (EvidenceRole::Start, 26),
            LogonRole::Unlock => (EvidenceRole::Unlock, 31),
            LogonRole::Reconnect => (EvidenceRole::Reconnect, 31),
            LogonRole::Nla => (EvidenceRole::Origin, 32),
            LogonRole::Refresh => return None,
        };
        Some(Evidence { row: security.rows[pos as usize], role, rule })
    }));
}

/// Rule 24: a session without a 4624 began between what is known before its first record, and that.
fn inferred(draft: &mut Draft<'_>) -> Start {
    let first = draft.session.first_pos;
    draft.evidence(first, EvidenceRole::Start, 24);
    let Neighbours { before, after } = neighbours(draft, first);
    let first_cited = draft.time(first);
    // What is well after its first record was stamped by another clock.
    let is_by_same_clock = |earliest: &Timestamp| earliest.since(first_cited) <= CLUSTER;
    let boot_start = boot_start(draft, first);
    let earliest = before.filter(is_by_same_clock).max(boot_start.filter(is_by_same_clock));
    let earliest = earliest.map(|earliest| earliest.min(first_cited));
    let latest = after.map_or(first_cited, |after| after.min(first_cited));
    let by_lsa = draft.cited().find_map(|cited| cited.opened);
    if let Some(row) = by_lsa.or_else(|| opened_elsewhere(draft, earliest, first_cited)) {
        return told_elsewhere(draft, row, latest);
    }
    let how = how(draft, before.is_some());
    Start { how, at: None, earliest, latest: Some(latest.max(earliest.unwrap_or(latest))) }
}

/// Why no 4624 is there.
fn how(draft: &Draft<'_>, has_logon_before: bool) -> StartHow {
    let has_start = draft.boot.has_start;
    if !draft.linker.tracks.has_logons && has_start {
        StartHow::LogonNotAudited
    } else if !has_start && !has_logon_before && draft.boot.security.start == 0 {
        StartHow::BeforeLogStart
    } else {
        StartHow::Gap
    }
}

/// When the logons of the LogonIds next to a session's were at the earliest and at the latest: LogonIds grow.
struct Neighbours {
    before: Option<Timestamp>,
    after: Option<Timestamp>,
}

fn neighbours(draft: &Draft<'_>, first: Pos) -> Neighbours {
    let (before, after) = logons_beside(draft.linker.tracks, draft.name(), first, draft.security);
    // By a clock that was turned back in between, they tell nothing.
    let unsure = draft.boot.clock_unsure_from.filter(|&from| from <= first);
    let is_comparable = |&before: &Pos| unsure.is_none_or(|from| from <= before);
    let before = before.filter(|&before| !draft.is_clock_lost(before + 1, first)).filter(is_comparable);
    let after = after.filter(|&after| !draft.is_clock_lost(first.min(after) + 1, first.max(after)));
    // Nor does a later logon, by a clock that was set since.
    let showed = |after: Pos| draft.clock.showed_between(first.min(after), first.max(after));
    let after = after.filter(|&after| showed(after).is_none());
    let before = before.map(|before| {
        // What it showed that was set back since is no bound, either.
        let showed = draft.clock.showed_between(before, first).map(|(earliest, _)| earliest);
        let before = draft.time(before);
        showed.map_or(before, |showed| before.min(showed)).plus(-CLUSTER)
    });
    Neighbours { before, after: after.map(|after| draft.time(after).plus(CLUSTER)) }
}

/// Between which logons a LogonId without a 4624 was created: LogonIds grow, but neighbours may be swapped (rules
/// 9 and 24). Over records among which a start may be missing the order of LogonIds tells nothing.
fn logons_beside(
    tracks: &Tracks,
    luid: LogonId,
    first: Pos,
    security: &Lineage,
) -> (Option<Pos>, Option<Pos>) {
    let next = tracks.known.partition_point(|&(other, _)| other < luid);
    let is_same_boot = |pos: Pos| !security.may_hide_start(pos, first);
    let before = next.checked_sub(1).map(|n| tracks.known[n].1);
    let before = before.filter(|&pos| pos < first || is_same_boot(pos));
    let after = tracks.known.get(next).map(|&(_, pos)| pos);
    let after = after.filter(|&pos| pos > first || is_same_boot(pos));
    (before, after)
}

/// The start of the boot, where it bounds a session whose first record is at a place.
fn boot_start(draft: &Draft<'_>, first: Pos) -> Option<Timestamp> {
    let boot = draft.boot;
    let is_known = boot.has_start
        && has_first_of_start(draft)
        && !draft.is_clock_lost(boot.security.start, first)
        && boot.sure.start <= first
        && boot.clock_unsure_from.is_none_or(|from| first < from);
    boot.start.filter(|_| is_known)
}

/// Whether more is known of the start than that the event log service was up, which comes later.
fn has_first_of_start(draft: &Draft<'_>) -> bool {
    let kind = |row: RowIdx| draft.records.event(row).map(|event| draft.records.events.kind(event));
    let is_of_service =
        |&row: &RowIdx| matches!(kind(row), Some(Kind::EventLogStarted | Kind::SystemVersion));
    !draft.boot.anchors.iter().all(is_of_service)
}

/// The logon of its numbered session, if that fits between what Security knows. What is only destroyed with a desktop
/// may have run in it.
fn opened_elsewhere(draft: &Draft<'_>, earliest: Option<Timestamp>, latest: Timestamp) -> Option<RowIdx> {
    let &row = draft.ts?.0.opened.first()?;
    let kind = draft.records.events.kind(draft.records.event(row)?);
    let is_logon = matches!(kind, Kind::TsLogon | Kind::WinlogonLogon | Kind::ProfileLogon);
    let is_desktop = draft.own().any(|track| track.user_logoff.is_some() || track.has_marks);
    let at = draft.time_of(row);
    let fits = earliest.is_none_or(|earliest| earliest <= at) && at <= latest;
    (is_logon && is_desktop && fits).then_some(row)
}

/// Rule 25: another log wrote its logon down as it was.
fn told_elsewhere(draft: &mut Draft<'_>, row: RowIdx, latest: Timestamp) -> Start {
    draft.evidence_row(row, EvidenceRole::Start, 25);
    let seen = draft.time_of(row);
    let latest = seen.min(latest);
    let earliest = seen.plus(-SAME_MOMENT).min(latest);
    Start { how: StartHow::OtherLog, at: None, earliest: Some(earliest), latest: Some(latest) }
}
