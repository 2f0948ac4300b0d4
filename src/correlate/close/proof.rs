//! Whether a session's own logoff would have been written, so that its absence proves something.

use crate::correlate::draft::Draft;
use crate::correlate::stops::SHUTDOWN_SLACK;
use crate::machine::{BootEnd, LogoffAudit};
use crate::session::{Class, StartHow};
use crate::time::Timestamp;

/// Sessions that end with their boot whatever is audited.
pub(super) fn is_exempt(draft: &Draft<'_>) -> bool {
    matches!(draft.session.class, Class::System | Class::WindowManager)
}

/// Whether a window manager may have been destroyed before its boot ended, and nothing of that written.
pub fn may_be_gone(draft: &Draft<'_>) -> bool {
    let boot = draft.boot;
    let is_off = boot.logoff_off.iter().any(|period| draft.last_pos < period.end);
    let is_lost = || draft.security.loss(draft.last_pos, boot.security.end).is_some();
    draft.session.class == Class::WindowManager
        && (is_off || boot.outlives_security || boot.logoff_audit != LogoffAudit::On || is_lost())
}

/// Whether it is unknown that a logoff would have been written. A LogonId that is only cited may be the elevated half of
/// a pair, which often gets none (trap 6).
pub fn is_unproven(draft: &Draft<'_>) -> bool {
    !is_exempt(draft) && (draft.boot.logoff_audit == LogoffAudit::Unknown || may_be_half(draft))
}

/// Whether a LogonId without a logon may be half of a token pair. What is locked or disconnected is the whole.
pub fn may_be_half(draft: &Draft<'_>) -> bool {
    matches!(draft.session.class, Class::Unknown | Class::Desktop | Class::Secondary)
        && draft.session.start.how != StartHow::Logon
        && draft.group.elevated.is_none()
        && draft.own().all(|track| !track.has_marks)
}

/// Whether a logon was made from a desktop that signed out well before the boot ended. What runs in a desktop ends with it,
/// and an elevated logon often gets no 4634 (trap 6): that none was written does not show that it was still on.
pub fn is_left_behind(draft: &Draft<'_>) -> bool {
    let is_before = |gone: Timestamp| match draft.boot.end {
        BootEnd::Clean { at, .. } => at.since(gone) > SHUTDOWN_SLACK,
        BootEnd::Unclean { .. } | BootEnd::Open => true,
    };
    draft.session.class == Class::Secondary && home_gone(draft).is_some_and(is_before)
}

/// When the desktop that a logon was made from signed out.
fn home_gone(draft: &Draft<'_>) -> Option<Timestamp> {
    let (home, ts) = draft.home.filter(|(home, _)| home.is_desktop())?;
    let own = || home.own().map(|idx| draft.linker.track(idx));
    let signed_out = own().filter_map(|track| track.user_logoff).min();
    let destroyed =
        || own().map(|track| track.logoff).max()?.filter(|_| own().all(|track| track.logoff.is_some()));
    let closed = || ts?.closed.first().map(|&row| draft.time_of(row));
    signed_out.or_else(destroyed).map(|pos| draft.time(pos)).or_else(closed)
}
