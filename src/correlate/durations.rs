//! How long a session was, or what bounds that: elapsed time, from which the steps of a clock are taken out (domain.md
//! rules 20 and 38).

use super::draft::Draft;
use crate::machine::{Moment, Pos};
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
    let Some((least_kept, most_kept)) = kept(draft, last) else { return };
    let span = |from: Option<Timestamp>, to: Option<Timestamp>, kept: i64| {
        from.zip(to).map(|(from, to)| to.since(from).saturating_sub(kept).max(0))
    };
    // Of a clock that was set since it was last seen, the moments before the step are no measure after it.
    let is_known = end.how.is_recorded() || end.confidence == Confidence::High;
    let is_set = !is_known && draft.clock.showed_between(draft.last_pos, last).is_some();
    let kept_after = if is_set { draft.clock.kept_between(draft.last_pos, last) } else { 0 };
    let shortest = if is_set { draft.session.last_seen } else { end.earliest.or(end.at) };
    let least = span(start.at.or(start.latest), shortest.map(|at| at.plus(kept_after)), most_kept);
    let latest = end.latest.or(end.at.filter(|_| end.how.is_recorded()));
    let most = span(start.at.or(start.earliest), latest, least_kept);
    // What ends it in another log has no place among the steps.
    let most = most.filter(|_| !(is_set && end.how == EndHow::Superseded));
    let session = &mut draft.session;
    let is_exact = start.how == StartHow::Logon && end.confidence == Confidence::High;
    if is_exact && least_kept == most_kept {
        session.duration = span(start.at, end.at, most_kept).into();
    }
    session.duration_min = if is_set && most.is_some() { least.min(most) } else { least }.into();
    session.duration_max = most.into();
}

/// Ticks by which clock steps falsify how long it was, at the least and at the most. What another log tells has its place
/// among the steps by its time, and is before what cites the session, or after it.
fn kept(draft: &Draft<'_>, last: Pos) -> Option<(i64, i64)> {
    let Session { start, end, first_pos, boot, .. } = draft.session;
    let from = match start.latest.filter(|_| start.how == StartHow::OtherLog) {
        Some(at) => Moment::Told(at, 0..first_pos + 1),
        None => Moment::At(first_pos),
    };
    let to = match end.at.filter(|_| end.how == EndHow::LogoffFromOtherLog) {
        Some(at) => Moment::Told(at, draft.last_pos + 1..Pos::MAX),
        None => Moment::At(last),
    };
    let (mut least, mut most) = draft.clock.kept_from(boot, &from, &to)?;
    if draft.boot.may_hide_step {
        let (fewest, all) = draft.clock.kept_range(first_pos, last, draft.security)?;
        (least, most) = (least.min(fewest), most.max(all));
    }
    let (less, more) = draft.clock.slipped_between(boot, first_pos, last);
    Some((least.saturating_add(less), most.saturating_add(more)))
}
