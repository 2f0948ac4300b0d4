//! What is to be known of a session beside when it was: its flags, and what shows them (domain.md rules 6, 20, 28 and
//! 41; C.7, note iv).

use super::draft::Draft;
use crate::machine::{BootEnd, LogoffAudit, Pos};
use crate::session::{End, EndHow, EvidenceRole, Flags, StartHow};
use crate::time::{MINUTE, Timestamp};
use std::ops::Range;

/// A LogonId is destroyed seconds after its user logged off; what shuts down does not run on for so long.
const DESTROYED_WITHIN: i64 = 5 * MINUTE;

/// Sets the flags of a session.
#[inline(never)]
pub fn flags(draft: &mut Draft<'_>) {
    let first_pos = draft.session.first_pos;
    let (around, group, clock) = (draft.around, draft.group, draft.clock);
    let privileges = draft.own().filter_map(|track| track.privileges);
    show(draft, Flags::PRIVILEGED, privileges, (EvidenceRole::Privileges, 28));
    let manipulations = clock.manipulations(first_pos, draft.end_pos).map(|step| step.at);
    show(draft, Flags::CLOCK_MANIPULATED, manipulations, (EvidenceRole::Clock, 20));
    let taken_over = group.own().flat_map(|track| around.taken_over(track));
    show(draft, Flags::TAKEN_OVER, taken_over, (EvidenceRole::Reconnect, 41));
    let (is_alive, may_have_missed) = (is_alive(draft), may_have_missed(draft));
    let flags = &mut draft.session.flags;
    flags.set(Flags::CLOCK_CORRECTED, draft.clock.shift(first_pos) != 0);
    flags.set(Flags::MAY_HAVE_MISSED_EVENTS, may_have_missed);
    flags.set(Flags::ALIVE_AFTER_LOGOFF, is_alive);
}

/// Sets a flag if there are records that show it.
fn show(
    draft: &mut Draft<'_>,
    flag: Flags,
    places: impl Iterator<Item = Pos>,
    (role, rule): (EvidenceRole, u8),
) {
    for pos in places {
        draft.session.flags.set(flag, true);
        draft.evidence(pos, role, rule);
    }
}

/// Whether records of it may be missing (rule 6): where it began, or since.
fn may_have_missed(draft: &Draft<'_>) -> bool {
    let is_cut = match draft.session.start.how {
        StartHow::BeforeLogStart | StartHow::Gap => true,
        StartHow::OtherLog => draft.linker.tracks.has_logons || !draft.boot.has_start,
        StartHow::Logon | StartHow::LogonNotAudited => false,
    };
    let until = if draft.session.end.how.is_recorded() { draft.end_pos } else { draft.boot.security.end };
    is_cut || draft.security.loss(draft.session.first_pos, until).is_some()
}

/// C.7, note iv: its user logged off, and it went on.
fn is_alive(draft: &Draft<'_>) -> bool {
    let end = draft.session.end;
    end.how == EndHow::UserLogoff && (draft.last_pos > draft.end_pos || is_leaked(draft, end))
}

/// Whether the machine ran on and did not destroy a session whose user logged off: something holds its token. That it
/// would have been seen is proven by a later 4634; or, where logoffs were audited, by a later desktop.
fn is_leaked(draft: &Draft<'_>, end: End) -> bool {
    let Some(at) = end.at.filter(|_| draft.own().all(|track| track.logoff.is_none())) else {
        return false;
    };
    let is_late = |pos: Pos| draft.time(pos).since(at) > DESTROYED_WITHIN;
    let by_logoff = draft.linker.tracks.last_logoff.filter(|&pos| is_late(pos));
    let proof = by_logoff.or_else(|| late_beside_desktop(draft, is_late));
    proof.is_some_and(|proof| draft.security.loss(draft.end_pos, proof).is_none())
}

/// The first record that is late, where a later desktop shows that the machine ran on, and not merely shut down.
fn late_beside_desktop(draft: &Draft<'_>, is_late: impl Fn(Pos) -> bool) -> Option<Pos> {
    let is_proof = |&pos: &Pos| pos > draft.end_pos && are_logoffs_audited(draft, pos);
    draft.around.last_desktop.filter(is_proof)?;
    let shut_down: Option<Timestamp> = match &draft.boot.end {
        BootEnd::Clean { at, .. } => Some(*at),
        _ => None,
    };
    let late = (draft.end_pos..draft.boot.security.end).find(|&pos| is_late(pos))?;
    shut_down.is_none_or(|shut_down| draft.time(late) < shut_down).then_some(late)
}

/// Whether logoffs were audited from a session's end to a place.
fn are_logoffs_audited(draft: &Draft<'_>, to: Pos) -> bool {
    let is_off = |period: &Range<Pos>| period.start <= to && draft.end_pos < period.end;
    draft.boot.logoff_audit == LogoffAudit::On && !draft.boot.logoff_off.iter().any(is_off)
}
