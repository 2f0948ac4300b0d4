//! How a session ended (domain.md C.7): the first row that applies, in its order.

mod bounds;
mod proof;

pub use bounds::is_clock_lost;
pub use proof::{is_left_behind, is_unproven, may_be_gone, may_be_half};

use super::classify::INTERACTIVE;
use super::coverage::is_lost_logoff;
use super::draft::Draft;
use super::link::Linker;
use super::open::Track;
use super::stops::SHUTDOWN_SLACK;
use crate::event::{Kind, RowIdx};
use crate::machine::{Boot, BootEnd, LogoffAudit, Pos};
use crate::session::{Class, Confidence, End, EndHow, EvidenceRole};
use crate::time::Timestamp;
use bounds::{end_of_boot, next_start, not_before, showed_since_last_seen, unknown, until_boot_ends};
use proof::is_exempt;

/// Records at a boot's end among which a 1108 tells of its shutdown.
const LOST_TAIL: u32 = 1000;

/// Closes a session.
#[inline(never)]
pub fn close(draft: &mut Draft<'_>) {
    let end = user_logoff(draft)
        .or_else(|| logoff(draft))
        .or_else(|| logoff_from_other_log(draft))
        .or_else(|| logoff_event_lost(draft))
        .or_else(|| window_manager_gone(draft))
        .or_else(|| luid_reused(draft))
        .or_else(|| superseded(draft))
        .or_else(|| of_either_boot(draft))
        .or_else(|| not_audited(draft))
        .or_else(|| lost_in_gap(draft))
        .or_else(|| clean_shutdown(draft))
        .or_else(|| unclean_stop(draft))
        .unwrap_or_else(|| open_at_log_end(draft));
    draft.session.end = end;
}

/// Row 1.
fn user_logoff(draft: &mut Draft<'_>) -> Option<End> {
    let pos = draft.own().filter_map(|track| track.user_logoff).min()?;
    let destroyed = draft.own().filter_map(|track| track.logoff).filter(|&at| at > pos).max();
    draft.evidence(pos, EvidenceRole::End, 29);
    if let Some(at) = destroyed {
        draft.evidence(at, EvidenceRole::Destroyed, 29);
    }
    draft.end_pos = pos;
    Some(End {
        how: EndHow::UserLogoff,
        at: Some(draft.time(pos)),
        confidence: Confidence::High,
        destroyed_at: destroyed.map(|at| draft.time(at)),
        row: Some(draft.row(pos)),
        ..End::default()
    })
}

/// Row 2: every half is destroyed; one half's 4634 ends nothing (rule 29).
fn logoff(draft: &mut Draft<'_>) -> Option<End> {
    let is_seen = |luid| draft.own().any(|other| other.luid == luid);
    let is_over = |track: &Track| track.logoff.is_some() && track.linked.is_none_or(is_seen);
    let logoffs = draft.own().filter_map(|track| track.logoff);
    let pos = logoffs.clone().max().filter(|_| draft.own().all(is_over))?;
    for at in logoffs {
        draft.evidence(at, if at == pos { EvidenceRole::End } else { EvidenceRole::Destroyed }, 29);
    }
    draft.end_pos = pos;
    let (at, row) = (draft.time(pos), draft.row(pos));
    if may_be_passing(draft) {
        let end = until_boot_ends(draft, EndHow::Logoff, at, row);
        return Some(End { earliest: Some(at), ..end });
    }
    Some(End {
        how: EndHow::Logoff,
        at: Some(at),
        confidence: Confidence::High,
        row: Some(row),
        ..End::default()
    })
}

/// Whether no more is known of a LogonId than that it was destroyed, and it may be the limited half of a prompt's pair,
/// which goes at once while what it elevated runs on (rule 29).
fn may_be_passing(draft: &Draft<'_>) -> bool {
    let is_interactive = |track: &Track| track.identity.logon_type == Some(INTERACTIVE);
    draft.session.last_seen.is_none() && may_be_half(draft) && draft.own().all(is_interactive)
}

/// Row 3: what another log ends cannot have gone on in Security. LSA tells when a LogonId was destroyed, as a 4634 does:
/// its user may have logged off before.
fn logoff_from_other_log(draft: &mut Draft<'_>) -> Option<End> {
    let is_over = |closed: &Closed| draft.session.last_seen.is_none_or(|last| last <= closed.at);
    let by_lsa = closed_by_lsa(draft).filter(is_over);
    let by_number = closed_by_number(draft).filter(is_over);
    let Closed { rows, at, confidence } =
        by_number.iter().chain(&by_lsa).min_by_key(|closed| closed.at)?.clone();
    for closed in by_number.iter().chain(&by_lsa) {
        let role = if closed.at == at { EvidenceRole::End } else { EvidenceRole::Destroyed };
        add_rows(draft, &closed.rows, role, 33);
    }
    let confidence = match draft.boot.is_clock_doubtful {
        true => confidence.min(Confidence::Medium),
        false => confidence,
    };
    let row = rows.first().copied();
    Some(End { how: EndHow::LogoffFromOtherLog, at: Some(at), confidence, row, ..End::default() })
}

/// That a session is over, as another log tells it.
#[derive(Clone)]
struct Closed {
    rows: Vec<RowIdx>,
    at: Timestamp,
    confidence: Confidence,
}

/// LSA names the LogonId; a session is over with the last of its own (rule 29).
fn closed_by_lsa(draft: &Draft<'_>) -> Option<Closed> {
    let rows: Vec<RowIdx> = draft.cited().filter_map(|cited| cited.closed).collect();
    let is_over = !rows.is_empty() && rows.len() == draft.own().count();
    let at = rows.iter().map(|&row| draft.records.time[row as usize]).max().filter(|_| is_over)?;
    Some(Closed { rows, at, confidence: Confidence::High })
}

/// By the number of its Terminal Services session.
fn closed_by_number(draft: &Draft<'_>) -> Option<Closed> {
    let (ts, how) = draft.ts?;
    let row = *ts.closed.first()?;
    let at = draft.clock.time_of(row, draft.records.time[row as usize]);
    let joined = if how.is_by_id() { Confidence::High } else { Confidence::Medium };
    let confidence = joined.min(ts.confidence_of_end(draft.records));
    Some(Closed { rows: ts.closed.clone(), at, confidence })
}

/// A 1108 in a boot's tail that names a logoff (row 4).
pub fn lost_logoff(linker: &Linker<'_>, boot: &Boot) -> Option<Pos> {
    if !matches!(boot.end, BootEnd::Clean { .. }) {
        return None;
    }
    let tail = boot.security.end.saturating_sub(LOST_TAIL).max(boot.security.start)..boot.security.end;
    let is_lost = |&pos: &Pos| linker.event(pos).is_some_and(|event| is_lost_logoff(linker.records, event));
    tail.rev().find(is_lost)
}

/// Row 4: a logoff could not be written, and only one desktop was left to log off.
fn logoff_event_lost(draft: &mut Draft<'_>) -> Option<End> {
    let pos = draft.around.lost_logoff.filter(|&pos| pos >= draft.last_pos)?;
    if draft.session.class != Class::Desktop || draft.around.n_open_desktops != 1 {
        return None;
    }
    draft.evidence(pos, EvidenceRole::End, 12);
    let (at, row) = (draft.time(pos), draft.row(pos));
    Some(until_boot_ends(draft, EndHow::LogoffEventLost, at, row))
}

/// Row 5: the window manager of its Terminal Services session is gone. One half of a window manager goes with the other.
fn window_manager_gone(draft: &mut Draft<'_>) -> Option<End> {
    if draft.session.class == Class::WindowManager {
        let pos = draft.own().filter_map(|track| track.logoff).max()?;
        draft.evidence(pos, EvidenceRole::End, 29);
        let (at, row) = (draft.time(pos), draft.row(pos));
        return Some(until_boot_ends(draft, EndHow::WindowManagerGone, at, row));
    }
    let number = draft.session.ts_session.filter(|_| draft.session.class == Class::Desktop)?;
    let pos = draft.around.windows.closed_after(draft.last_pos, number)?;
    draft.evidence(pos, EvidenceRole::End, 33);
    let (at, row) = (draft.time(pos), draft.row(pos));
    Some(until_boot_ends(draft, EndHow::WindowManagerGone, at, row))
}

/// Row 9.
fn superseded(draft: &mut Draft<'_>) -> Option<End> {
    let row = draft.ts?.0.superseded_by?;
    let latest = draft.records.time[row as usize];
    if draft.session.last_seen.is_some_and(|last| latest < last) {
        return None;
    }
    draft.evidence_row(row, EvidenceRole::End, 33);
    Some(unknown(draft, EndHow::Superseded, Confidence::Low, Some(latest), Some(row)))
}

/// Row 8.
fn luid_reused(draft: &mut Draft<'_>) -> Option<End> {
    let pos = draft.own().filter_map(|track| track.reused_at).min()?;
    draft.evidence(pos, EvidenceRole::End, 23);
    let latest = draft.time(pos);
    Some(unknown(draft, EndHow::LuidReused, Confidence::Low, Some(latest), Some(draft.row(pos))))
}

/// Row 10, where it is not certain in which boot a session was: among the records that are missing is a start.
fn of_either_boot(draft: &mut Draft<'_>) -> Option<End> {
    (!is_of_boot(draft)).then(|| unknown(draft, EndHow::LostInGap, Confidence::Low, None, None))
}

/// Whether what Security has of a session can be of no other boot.
fn is_of_boot(draft: &Draft<'_>) -> bool {
    let sure = &draft.boot.sure;
    sure.start <= draft.session.first_pos && draft.last_pos < sure.end
}

/// Row 11.
fn not_audited(draft: &mut Draft<'_>) -> Option<End> {
    if is_exempt(draft) {
        return None;
    }
    let boot = draft.boot;
    let off = boot.logoff_off.iter().find(|period| draft.last_pos < period.end).map(|period| period.start);
    let own = draft.own_policies.get(&draft.session.sid).copied().filter(|&pos| pos < boot.security.end);
    if off.or(own).is_none() && boot.logoff_audit != LogoffAudit::ProbablyOff {
        return None;
    }
    let is_change = |&pos: &Pos| {
        let kind = draft.event(pos).map(|event| draft.records.events.kind(event));
        matches!(kind, Some(Kind::AuditPolicyChanged | Kind::UserAuditPolicyChanged))
    };
    if let Some(pos) = off.or(own).filter(is_change) {
        draft.evidence(pos, EvidenceRole::Policy, 6);
    }
    let latest = end_of_boot(draft);
    Some(unknown(draft, EndHow::NotAudited, Confidence::None, latest, None))
}

/// Row 10: the logoff may have been in records that are missing.
fn lost_in_gap(draft: &mut Draft<'_>) -> Option<End> {
    let (last, end) = (draft.last_pos, draft.boot.security.end);
    let gap = draft.security.loss(last, end).filter(|&gap| !is_lost_in_shutdown(draft, gap));
    let is_lost = gap.is_some()
        || draft.boot.outlives_security
        || draft.boot.logoff_audit == LogoffAudit::FilteredExport;
    if !is_clock_lost(draft) && (is_exempt(draft) || !is_lost) {
        return None;
    }
    if let Some(gap) = gap {
        let is_told = draft.security.losses.binary_search(&gap).is_ok();
        for pos in [gap - 1, gap].into_iter().skip(usize::from(is_told)) {
            if (pos as usize) < draft.security.rows.len() {
                draft.evidence(pos, EvidenceRole::Gap, 6);
            }
        }
    }
    let latest = end_of_boot(draft);
    Some(unknown(draft, EndHow::LostInGap, Confidence::Low, latest, None))
}

/// Whether what a record tells of was lost while the computer was shut down: it changes nothing about when.
fn is_lost_in_shutdown(draft: &Draft<'_>, pos: Pos) -> bool {
    let BootEnd::Clean { at, .. } = draft.boot.end else { return false };
    let is_told = draft.security.losses.binary_search(&pos).is_ok();
    is_told
        && !draft.security.has_gap(draft.last_pos, draft.boot.security.end)
        && at.since(draft.time(pos)) <= SHUTDOWN_SLACK
}

/// Row 6.
fn clean_shutdown(draft: &mut Draft<'_>) -> Option<End> {
    let BootEnd::Clean { at, latest, by } = draft.boot.end.clone() else { return None };
    // By a clock that was set since it was last seen, a shutdown may well come before that.
    let last = draft.session.last_seen.filter(|_| showed_since_last_seen(draft).is_none());
    // One well before it is another boot's, or by a clock of which records are missing.
    let is_too_early = last.is_some_and(|last| at.plus(SHUTDOWN_SLACK) < last);
    let at = last.map_or(at, |last| at.max(last));
    // Missing records may hide a start: then this is the shutdown of another boot.
    let own = &draft.boot.security;
    let has_gap = draft.security.has_gap(own.start.saturating_sub(1), own.end);
    if is_too_early && has_gap {
        return Some(unknown(draft, EndHow::LostInGap, Confidence::Low, None, None));
    }
    let is_gone = may_be_gone(draft) || is_left_behind(draft);
    let is_low = is_unproven(draft) || draft.boot.is_clock_doubtful || has_gap || is_too_early || is_gone;
    // Nothing proves that it was on until then: its logoff may not have been written.
    let earliest = match is_low {
        true => not_before(draft).map_or(at, |earliest| earliest.min(at)),
        false => last.map_or(at.plus(-SHUTDOWN_SLACK), |last| last.max(at.plus(-SHUTDOWN_SLACK))),
    };
    add_rows(draft, &by, EvidenceRole::Shutdown, 12);
    Some(End {
        how: EndHow::CleanShutdown,
        at: Some(at),
        confidence: if is_low { Confidence::Low } else { Confidence::High },
        earliest: Some(earliest),
        latest: Some(latest.max(at)),
        row: by.first().copied(),
        ..End::default()
    })
}

/// Row 7.
fn unclean_stop(draft: &mut Draft<'_>) -> Option<End> {
    let BootEnd::Unclean { is_reported, by, against, .. } = draft.boot.end.clone() else { return None };
    let next = next_start(draft);
    let last = draft.session.last_seen.filter(|_| showed_since_last_seen(draft).is_none());
    let Some(at) = draft.boot.last_sign_of_life(last) else {
        return Some(unknown(draft, EndHow::LostInGap, Confidence::Low, None, None));
    };
    let next = next.filter(|&next| at <= next);
    let is_sure = is_reported && !is_unproven(draft) && !is_left_behind(draft);
    let earliest = not_before(draft).map(|earliest| earliest.min(at));
    add_rows(draft, &by, EvidenceRole::Boot, 12);
    add_rows(draft, against.as_slice(), EvidenceRole::Shutdown, 12);
    Some(End {
        how: EndHow::UncleanStop,
        at: Some(at),
        confidence: if is_sure { Confidence::Medium } else { Confidence::Low },
        earliest,
        latest: next,
        row: by.first().copied(),
        ..End::default()
    })
}

/// Row 12.
fn open_at_log_end(draft: &mut Draft<'_>) -> End {
    unknown(draft, EndHow::OpenAtLogEnd, Confidence::None, None, None)
}

fn add_rows(draft: &mut Draft<'_>, rows: &[RowIdx], role: EvidenceRole, rule: u8) {
    for &row in rows {
        draft.evidence_row(row, role, rule);
    }
}

/// Where a session that its boot ended is taken to end.
pub fn last_pos(boot: &Boot) -> Pos {
    boot.security.end.saturating_sub(1)
}
