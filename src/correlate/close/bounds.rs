//! Between which moments a session can have ended.

use super::last_pos;
use crate::correlate::draft::Draft;
use crate::event::RowIdx;
use crate::machine::BootEnd;
use crate::session::{Confidence, End, EndHow};
use crate::time::Timestamp;

/// An end of which only bounds are known.
pub(super) fn unknown(
    draft: &Draft<'_>,
    how: EndHow,
    confidence: Confidence,
    latest: Option<Timestamp>,
    row: Option<RowIdx>,
) -> End {
    let earliest = not_before(draft);
    // Where nobody knows when the clock was turned back, what was last seen after that bound may be of the next boot.
    let seen = earliest.or(draft.session.last_seen);
    let latest = latest.filter(|&latest| seen.is_none_or(|seen| seen <= latest));
    End { how, confidence, earliest, latest, row, ..End::default() }
}

/// An end that is known by something that goes with it.
pub(super) fn until_boot_ends(draft: &Draft<'_>, how: EndHow, at: Timestamp, row: RowIdx) -> End {
    let earliest = not_before(draft);
    let at = earliest.map_or(at, |earliest| at.max(earliest));
    let latest = end_of_boot(draft).map(|latest| latest.max(at));
    End {
        how,
        at: Some(at),
        confidence: Confidence::Medium,
        earliest,
        latest,
        row: Some(row),
        ..End::default()
    }
}

/// When a session can have ended at the latest: with its boot, by whichever clock.
pub(super) fn end_of_boot(draft: &Draft<'_>) -> Option<Timestamp> {
    let latest = match &draft.boot.end {
        BootEnd::Clean { latest, .. } => Some(*latest),
        BootEnd::Unclean { .. } => next_start(draft),
        BootEnd::Open => None,
    };
    let showed = showed_since_last_seen(draft).map(|(_, latest)| latest);
    latest.map(|latest| showed.map_or(latest, |showed| latest.max(showed)))
}

/// When the next boot began. Where only a span is known in which it did, what was last seen in that span may be a session
/// of the next boot: that start bounds nothing.
pub(super) fn next_start(draft: &Draft<'_>) -> Option<Timestamp> {
    let is_after = |since: Timestamp| draft.session.last_seen.is_some_and(|last| since < last);
    let next = draft.boot.next_start_by_its_clock();
    next.filter(|_| !draft.boot.next_since.is_some_and(is_after))
}

/// What the clock showed around its steps since a session was last seen: the earliest after one, and the latest before.
pub(super) fn showed_since_last_seen(draft: &Draft<'_>) -> Option<(Timestamp, Timestamp)> {
    draft.clock.showed_between(draft.last_pos, last_pos(draft.boot))
}

/// Whether the clock was turned back since a session was last seen, nobody knows by how much.
pub fn is_clock_lost(draft: &Draft<'_>) -> bool {
    draft.is_clock_lost(draft.last_pos + 1, draft.boot.security.end)
}

/// When a session can have ended at the earliest: when it was last seen, or what a clock showed that was set back since.
pub(super) fn not_before(draft: &Draft<'_>) -> Option<Timestamp> {
    if is_clock_lost(draft) {
        return None;
    }
    let showed = showed_since_last_seen(draft).map(|(earliest, _)| earliest);
    draft.session.last_seen.map(|last| showed.map_or(last, |showed| last.min(showed)))
}
