//! What made a session end, where that is known, and why an end is no surer than it is (domain.md C.7, row 2).

use super::close::{is_clock_lost, is_left_behind, is_unproven, may_be_gone, may_be_half};
use super::draft::Draft;
use super::stops::SHUTDOWN_SLACK;
use crate::event::{Field, Kind, Records, RowIdx};
use crate::machine::{Boot, BootEnd, Clock, LogoffAudit, ShutdownRequest};
use crate::session::{Class, Confidence, Doubt, End, EndCause, EndHow, Evidence, EvidenceRole};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// Terminal Services say why this long before a session's end, or this soon after it.
const TOLD_BEFORE: i64 = MINUTE;
const TOLD_AFTER: i64 = 5 * SECOND;

/// A shutdown that is asked for begins with logging everybody off.
const ASKED_BEFORE: i64 = MINUTE;

/// What Terminal Services say ended sessions, by their numbers, in the order of time.
#[derive(Debug, Default)]
pub struct Causes(FxHashMap<u32, Vec<(Timestamp, EndCause, RowIdx)>>);

/// Whether events of a kind tell what ended a session.
pub fn reads(kind: Kind) -> bool {
    matches!(kind, Kind::TsLimitLogoff | Kind::TsDisconnectReason | Kind::TsDisconnectedBy)
}

/// Of the rows of a boot's other logs, by time.
#[inline(never)]
pub fn causes(records: &Records, clock: &Clock, rows: &[RowIdx]) -> Causes {
    let mut causes = Causes::default();
    for &row in rows {
        if let Some((number, cause)) = told(records, row) {
            let at = clock.time_of(row, records.time[row as usize]);
            causes.0.entry(number).or_default().push((at, cause, row));
        }
    }
    causes
}

/// RCM 20519, and what LSM 39 and 40 give as reasons (A.4).
fn told(records: &Records, row: RowIdx) -> Option<(u32, EndCause)> {
    let event = records.event(row)?;
    let events = &records.events;
    let cause = match events.kind(event) {
        Kind::TsLimitLogoff => EndCause::Timeout,
        Kind::TsDisconnectReason => match records.text(events.text(event, Field::Reason)) {
            "2" => EndCause::Admin,
            "3" | "4" => EndCause::Timeout,
            "12" => EndCause::User,
            _ => return None,
        },
        Kind::TsDisconnectedBy => {
            let by = events.number(event, Field::SourceSession)?;
            (Some(by) != events.number(event, Field::TsSession)).then_some(EndCause::Admin)?
        }
        _ => return None,
    };
    Some((events.number(event, Field::TsSession)?, cause))
}

impl Causes {
    /// What is told of a number around a moment: the last of it.
    fn around(&self, number: Option<u32>, at: Timestamp) -> Option<(EndCause, RowIdx)> {
        let told = self.0.get(&number?)?;
        let next = told.partition_point(|&(time, ..)| time <= at.plus(TOLD_AFTER));
        let &(time, cause, row) = told[..next].last()?;
        (at.since(time) <= TOLD_BEFORE).then_some((cause, row))
    }
}

/// Says what made a session end.
#[inline(never)]
pub fn cause(draft: &mut Draft<'_>) {
    let mut end = draft.session.end;
    let session = &draft.session;
    let is_desktop = session.class == Class::Desktop;
    let told = match (end.how, session.class) {
        // Thrown away at once, whatever else goes on.
        (EndHow::Logoff, Class::Reauth) => {
            end.cause = Some(EndCause::Unlock);
            None
        }
        _ => of_numbered(&mut end, session.ts_session, is_desktop, draft.boot, &draft.around.causes),
    };
    end.cause = end.cause.or(match (end.how, session.class, session.logon_type) {
        (EndHow::UserLogoff, ..) => Some(EndCause::User),
        (EndHow::Logoff, _, Some(3 | 8)) => Some(EndCause::Network),
        // Of a LogonId that is only cited, too little is known.
        (EndHow::Logoff, _, Some(_)) => Some(EndCause::System),
        _ => None,
    });
    end.doubt = doubt(draft);
    draft.session.end = end;
    draft.lists.evidence.extend(told);
}

/// The cause of an end that Terminal Services tell, or the shutdown; and the record that tells it.
pub fn of_numbered(
    end: &mut End,
    number: Option<u32>,
    is_desktop: bool,
    boot: &Boot,
    causes: &Causes,
) -> Option<Evidence> {
    use EndHow::{CleanShutdown, Logoff, LogoffEventLost, LogoffFromOtherLog, UserLogoff, WindowManagerGone};
    let at = end.at?;
    let is_logoff =
        matches!(end.how, UserLogoff | Logoff | LogoffFromOtherLog | LogoffEventLost | WindowManagerGone);
    let told = causes.around(number, at).filter(|_| is_logoff);
    let shutdown =
        || in_shutdown(end.how, is_desktop, boot, at).filter(|_| is_logoff || end.how == CleanShutdown);
    // That the user signed out says no more than a 4647 does: a shutdown signs out as well.
    let (cause, row) = match told {
        Some((EndCause::User, row)) => {
            shutdown().map_or((EndCause::User, row), |row| (EndCause::Shutdown, row))
        }
        Some(told) => told,
        None => (EndCause::Shutdown, shutdown()?),
    };
    (end.cause, end.cause_row) = (Some(cause), Some(row));
    if end.row == Some(row) {
        return None;
    }
    let (role, rule) = match cause {
        EndCause::Shutdown => (EvidenceRole::Shutdown, 13),
        _ => (EvidenceRole::End, 33),
    };
    Some(Evidence { row, role, rule })
}

/// The record of the shutdown that a moment is part of: the request, else what stopped.
fn in_shutdown(how: EndHow, is_desktop: bool, boot: &Boot, at: Timestamp) -> Option<RowIdx> {
    let BootEnd::Clean { at: stopped, by, .. } = &boot.end else { return None };
    let request = boot.request.as_ref();
    let is_stopping = stopped.since(at) <= SHUTDOWN_SLACK;
    let is_just_asked = |request: &ShutdownRequest| (0..=ASKED_BEFORE).contains(&at.since(request.at));
    let is_asked = is_desktop && request.is_some_and(is_just_asked);
    let is_part = how == EndHow::CleanShutdown || is_stopping || is_asked;
    request.map(|request| request.row).or(by.first().copied()).filter(|_| is_part)
}

/// Why an end is no surer than it is.
fn doubt(draft: &Draft<'_>) -> Option<Doubt> {
    let (boot, end) = (draft.boot, draft.session.end);
    let left_behind = || is_left_behind(draft).then_some(Doubt::DesktopGone);
    let unproven = || {
        let is_half = may_be_half(draft);
        let is_unknown = is_unproven(draft) || may_be_gone(draft);
        is_unknown.then_some(if is_half { Doubt::MayBeHalf } else { Doubt::AuditUnknown })
    };
    let by_clock = || boot.is_clock_doubtful.then_some(Doubt::ClockSet);
    match (end.how, end.confidence) {
        (EndHow::Logoff, Confidence::Medium) => Some(Doubt::MayBeHalf),
        (EndHow::LogoffFromOtherLog, Confidence::Medium) => by_clock().or(Some(Doubt::Coincidence)),
        (EndHow::LogoffEventLost | EndHow::WindowManagerGone, _) => Some(Doubt::ByWhatGoesWithIt),
        (EndHow::CleanShutdown, Confidence::Low) => {
            left_behind().or_else(unproven).or_else(by_clock).or(Some(Doubt::StartMayBeMissing))
        }
        (EndHow::UncleanStop, Confidence::Medium) => Some(Doubt::LastSign),
        (EndHow::UncleanStop, _) => left_behind().or_else(unproven).or(Some(Doubt::NotReported)),
        (EndHow::LostInGap, _) if boot.logoff_audit == LogoffAudit::FilteredExport => Some(Doubt::Filtered),
        (EndHow::LostInGap, _) if boot.outlives_security => Some(Doubt::LogEndsFirst),
        (EndHow::LostInGap, _) => is_clock_lost(draft).then_some(Doubt::ClockLost),
        (EndHow::OpenAtLogEnd, _) => left_behind().or_else(|| may_be_half(draft).then_some(Doubt::MayBeHalf)),
        _ => None,
    }
}
