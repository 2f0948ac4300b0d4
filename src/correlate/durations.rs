//! How long a session was, or what bounds that: elapsed time, from which the steps of a clock are taken out (domain.md
//! rules 20 and 38).

use super::draft::Draft;
use crate::session::{Confidence, EndHow, Session, StartHow};
use crate::time::Timestamp;

/// Fills in how long a session was.
#[inline(never)]
pub fn durations(draft: &mut Draft<'_>) {
    let Session { start, end, first_pos, .. } = draft.session;
    let last = if end.how.is_recorded() { draft.end_pos } else { draft.boot.security.end };
    if draft.is_clock_lost(first_pos + 1, last) {
        return;
    }
    let kept = draft.clock.kept_between(first_pos, draft.end_pos);
    let span = |from: Option<Timestamp>, to: Option<Timestamp>| {
        from.zip(to).map(|(from, to)| to.since(from).saturating_sub(kept).max(0))
    };
    // Of a clock that was set since it was last seen, the moments before the step are no measure after it.
    let is_known = end.how.is_recorded() || end.confidence == Confidence::High;
    let is_set = !is_known && draft.clock.showed_between(draft.last_pos, draft.end_pos).is_some();
    let kept_after = if is_set { draft.clock.kept_between(draft.last_pos, draft.end_pos) } else { 0 };
    let shortest = if is_set { draft.session.last_seen } else { end.earliest.or(end.at) };
    let least = span(start.at.or(start.latest), shortest.map(|at| at.plus(kept_after)));
    let most = span(start.at.or(start.earliest), end.latest.or(end.at.filter(|_| end.how.is_recorded())));
    // What ends it in another log has no place among the steps.
    let most = most.filter(|_| !(is_set && end.how == EndHow::Superseded));
    let session = &mut draft.session;
    if start.how == StartHow::Logon && end.confidence == Confidence::High {
        session.duration = span(start.at, end.at).into();
    }
    session.duration_min = if is_set && most.is_some() { least.min(most) } else { least }.into();
    session.duration_max = most.into();
}
