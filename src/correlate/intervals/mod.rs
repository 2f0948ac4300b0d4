//! Locked, disconnected and asleep: the parts of a session, and what is left of it (domain.md C.8, rules 35 to 38).

mod changes;
mod lasting;

use super::draft::Draft;
use super::moments::SAME_MOMENT;
use super::open::Mark;
use super::sleep;
use crate::event::{Kind, RowIdx};
use crate::machine::{Pos, StepKind};
use crate::session::{ActiveHow, Class, EndHow, EvidenceRole, Interval, State};
use crate::time::Timestamp;
use changes::{Change, changes, with_unlocks};
pub use lasting::OtherLogs;
use lasting::{end_of_security, until_loss};

/// Finds the intervals of a desktop session, and its connected and active time.
#[inline(never)]
pub fn intervals(draft: &mut Draft<'_>, marks: &[Mark]) {
    if draft.session.class != Class::Desktop {
        return;
    }
    let (Some(begin), Some(end)) = (begin(draft), end(draft)) else { return };
    let first_pos = draft.session.first_pos;
    let start = draft.session.start;
    let limits = Limits {
        earliest: start.at.or(start.earliest).map(|at| Moment::recorded(at, first_pos)),
        begin: Moment::recorded(begin, first_pos),
        end: ended(draft, end),
    };
    let changes = with_unlocks(draft, changes(draft, marks));
    // What Terminal Services tell and Security does not, though it audits that: then it may have missed a lock as well.
    let is_complete = changes.iter().all(|change| change.moment.pos.is_some())
        && are_sleeps_told(draft, &limits)
        && !may_have_slept(draft, begin, end)
        && end_of_security(draft, limits.end).is_none();
    let mut spans = states(draft, changes, &limits);
    spans.extend(asleep(draft, &limits));
    spans.extend(paused(draft, &limits));
    let spans = united(draft, spans);
    measure(draft, &spans, is_complete);
    // What was on when it was last heard of lasted for some time that nobody knows (rule 37).
    let is_last = |span: &Span| span.closed_by.is_none() && span.from.at == span.to.at;
    let lasts = |span: &&Span| span.from.at < span.to.at || is_last(span);
    draft.lists.intervals.extend(spans.iter().filter(lasts).map(Span::interval));
}

/// A moment, and where its record stands in the Security lineage, if that is where it is.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Timestamp,
    pos: Option<Pos>,
    /// Ticks by which the steps that are kept as written had moved the clock, where that does not follow from its place.
    moved: Option<i64>,
}

impl Moment {
    /// A record of Security's.
    fn recorded(at: Timestamp, pos: Pos) -> Self {
        Moment { pos: Some(pos), ..Moment::told(at) }
    }

    /// What another log tells.
    fn told(at: Timestamp) -> Self {
        Moment { at, pos: None, moved: None }
    }

    /// Where it is among the session's own records; what another log tells, as far as Security's own times go.
    fn place(self, draft: &Draft<'_>) -> Pos {
        let first = draft.session.first_pos;
        self.pos.unwrap_or_else(|| {
            let rows = draft.security.rows.get(first as usize..=draft.end_pos as usize).unwrap_or_default();
            let before = rows.partition_point(|&row| draft.records.time[row as usize] <= self.at);
            first + (before as Pos).saturating_sub(1)
        })
    }

    /// Whether it is before another: by their places where both have one, since a clock may have been set back between.
    fn is_before(self, other: Moment) -> bool {
        match self.pos.zip(other.pos) {
            Some((own, other_pos)) if own != other_pos => own < other_pos,
            _ => self.at < other.at,
        }
    }
}

#[derive(Clone, Copy)]
struct Limits {
    /// When it began at the earliest, and at the latest.
    earliest: Option<Moment>,
    begin: Moment,
    end: Moment,
}

/// An interval while it is worked out.
#[derive(Clone, Copy, Debug)]
struct Span {
    what: State,
    from: Moment,
    to: Moment,
    opened_by: Option<RowIdx>,
    closed_by: Option<RowIdx>,
    /// Whether the state is known to have lasted all that time.
    is_sure: bool,
}

impl Span {
    fn interval(&self) -> Interval {
        Interval {
            what: self.what,
            from: self.from.at,
            to: self.to.at,
            opened_by: self.opened_by,
            closed_by: self.closed_by,
        }
    }

    /// Cut to the session.
    fn within(self, limits: &Limits) -> Self {
        let is_early = |earliest: &Moment| self.from.at < earliest.at && self.from.is_before(*earliest);
        let from = limits.earliest.filter(is_early).unwrap_or(self.from);
        let is_late = self.to.at > limits.end.at && !self.to.is_before(limits.end);
        let to = if is_late { limits.end } else { self.to };
        Span { from, to, ..self }
    }
}

fn states(draft: &mut Draft<'_>, changes: Vec<Change>, limits: &Limits) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut open: [Option<Change>; 3] = [None, None, None];
    let mut last = limits.begin;
    for change in changes {
        let Change { moment, row, kind, before } = change;
        if kind == Kind::Logon {
            // Whose lock is not told was unlocked for all that: no more is known than the moment (rule 37).
            spans.extend(open[State::Locked as usize].take().map(|opener| {
                let (from, what) = (opener.moment, State::Locked);
                let is_sure = !is_cut(draft, from, moment);
                let (opened_by, closed_by) = (Some(opener.row), Some(row));
                Span { what, from, to: moment, opened_by, closed_by, is_sure }.within(limits)
            }));
            last = if last.is_before(moment) { moment } else { last };
            continue;
        }
        let (what, opens, role) = meaning(kind);
        draft.evidence_row(row, role, 35);
        let slot = &mut open[what as usize];
        if opens {
            // Over missing records it may have been ended and begun anew: known is that it lasted until there.
            let lost = slot.as_ref().and_then(|opener| Some((opener, until_loss(draft, opener, moment)?)));
            if let Some((opener, to)) = lost {
                let (from, opened_by) = (opener.moment, Some(opener.row));
                let span = Span { what, from, to, opened_by, closed_by: None, is_sure: false };
                spans.push(span.within(limits));
                *slot = Some(change);
            } else {
                slot.get_or_insert(change);
            }
        } else {
            // The opener was not seen (rule 37): at the latest then, at the earliest after the last sign of work.
            let since = before.map_or(last, |at| if at > last.at { Moment::told(at) } else { last });
            let (from, opened_by) =
                slot.take().map_or((since, None), |opener| (opener.moment, Some(opener.row)));
            let is_sure = opened_by.is_some() && !is_cut(draft, from, moment);
            let span = Span { what, from, to: moment, opened_by, closed_by: Some(row), is_sure };
            spans.push(span.within(limits));
        }
        if last.is_before(moment) {
            last = moment;
        }
    }
    for (what, opener) in STATES.into_iter().zip(open) {
        let Some(opener) = opener else { continue };
        let (from, opened_by) = (opener.moment, Some(opener.row));
        // It ends with the session, or among missing records (rule 37).
        let to = until_loss(draft, &opener, limits.end);
        let is_sure = to.is_none() && !is_cut(draft, from, limits.end);
        let to = to.unwrap_or(limits.end);
        let span = Span { what, from, to, opened_by, closed_by: None, is_sure };
        spans.push(span.within(limits));
    }
    spans
}

/// Whether records are missing between two moments, or their audit was off for a while: an unlock may be among them.
fn is_cut(draft: &Draft<'_>, from: Moment, to: Moment) -> bool {
    from.pos.zip(to.pos).is_some_and(|(from, to)| {
        draft.security.has_gap(from, to) || !draft.around.is_lock_audit_steady(from, to)
    })
}

pub const STATES: [State; 3] = [State::Locked, State::Screensaver, State::Disconnected];

/// What an event does to a session's state: begins it, or ends it.
pub fn meaning(kind: Kind) -> (State, bool, EvidenceRole) {
    match kind {
        Kind::Locked => (State::Locked, true, EvidenceRole::Lock),
        Kind::Unlocked => (State::Locked, false, EvidenceRole::Unlock),
        Kind::ScreensaverOn => (State::Screensaver, true, EvidenceRole::ScreensaverOn),
        Kind::ScreensaverOff => (State::Screensaver, false, EvidenceRole::ScreensaverOff),
        Kind::Reconnected | Kind::TsReconnected => (State::Disconnected, false, EvidenceRole::Reconnect),
        _ => (State::Disconnected, true, EvidenceRole::Disconnect),
    }
}

fn begin(draft: &Draft<'_>) -> Option<Timestamp> {
    draft.session.start.at.or(draft.session.start.latest)
}

/// The end, or as long as the session is known to have lasted.
fn end(draft: &Draft<'_>) -> Option<Timestamp> {
    draft.session.end.at.or(draft.session.end.earliest)
}

/// The end and its place: what another log tells comes after the last record that cites the session.
fn ended(draft: &Draft<'_>, at: Timestamp) -> Moment {
    match end_pos(draft) {
        Some(pos) => Moment::recorded(at, pos),
        None => {
            let moved = draft.clock.kept_before(draft.session.boot, at, draft.last_pos);
            Moment { moved: Some(moved), ..Moment::told(at) }
        }
    }
}

/// Where Security tells of the end, or of the boot's, or of the session for the last time. What another log tells has its
/// time only.
fn end_pos(draft: &Draft<'_>) -> Option<Pos> {
    let end = &draft.session.end;
    match end.how {
        EndHow::UserLogoff | EndHow::Logoff | EndHow::CleanShutdown | EndHow::UncleanStop => {
            Some(draft.end_pos)
        }
        _ => end.at.is_none().then_some(draft.last_pos),
    }
}

/// Whether every sleep in the session would be told (rule 35): System has all it wrote in the boot, from before its begin
/// until its end.
fn are_sleeps_told(draft: &Draft<'_>, limits: &Limits) -> bool {
    let own = &draft.boot.system;
    let Some(system) = draft.system.filter(|_| !own.is_empty()) else { return false };
    let time = |pos: Pos| draft.time_of(system.rows[pos as usize]);
    let is_until_end = || limits.end.at.since(time(own.end - 1)) <= SAME_MOMENT;
    time(own.start) <= limits.begin.at
        && ((own.end as usize) < system.rows.len() || is_until_end())
        && system.loss(own.start, own.end).is_none()
}

/// Whether the machine may have slept in the session, at a moment that the clock showed more than once.
fn may_have_slept(draft: &Draft<'_>, begin: Timestamp, end: Timestamp) -> bool {
    let doubtful = &draft.around.sleeps.doubtful;
    let (lowest, highest) = match draft.clock.showed_between(draft.session.first_pos, draft.end_pos) {
        Some((lowest, highest)) if !doubtful.is_empty() => (begin.min(lowest), end.max(highest)),
        _ => (begin, end),
    };
    sleep::within(doubtful, (lowest, highest), false).next().is_some()
}

/// Spans in which the machine slept (rule 35), by a clock that nobody moved.
fn asleep(draft: &mut Draft<'_>, limits: &Limits) -> Vec<Span> {
    if draft.around.sleeps.all.is_empty() {
        return Vec::new();
    }
    let (begin, end) = (elapsed(draft, limits.begin), elapsed(draft, limits.end));
    let earliest = limits.earliest.map(|earliest| (elapsed(draft, earliest), earliest));
    let is_open = draft.session.end.at.is_none() && draft.session.end.latest.is_none();
    let mut spans = Vec::new();
    for sleep in sleep::within(&draft.around.sleeps.all, (begin, end), is_open) {
        for (row, role) in [(sleep.opened_by, EvidenceRole::Sleep), (sleep.closed_by, EvidenceRole::Wake)] {
            if let Some(row) = row {
                draft.evidence_row(row, role, 35);
            }
        }
        let (began, ended) = sleep.ran();
        let shown = |at| Moment { moved: Some(sleep.moved), ..Moment::told(at) };
        let from = match earliest {
            Some((earliest, moment)) if began < earliest => moment,
            _ => shown(sleep.from),
        };
        let to = match (began < end, sleep.closed_by.is_none() || end < ended) {
            (true, true) => limits.end,
            (true, false) => shown(sleep.to),
            // What goes on when it was last heard of is known to be so, and not until when (rule 37).
            (false, _) => from,
        };
        spans.push(suspended(from, to, sleep.opened_by, sleep.closed_by));
    }
    spans
}

fn suspended(from: Moment, to: Moment, opened_by: Option<RowIdx>, closed_by: Option<RowIdx>) -> Span {
    Span { what: State::Suspended, from, to, opened_by, closed_by, is_sure: true }
}

/// Spans in which the machine stood still (rule 19).
fn paused(draft: &mut Draft<'_>, limits: &Limits) -> Vec<Span> {
    let is_open = draft.session.end.at.is_none() && draft.session.end.latest.is_none();
    let mut spans = Vec::new();
    for (step, moved) in draft.clock.frozen(draft.session.first_pos, draft.end_pos) {
        let StepKind::Frozen { from, to } = step.kind else { continue };
        draft.evidence_row(step.row, EvidenceRole::Wake, 19);
        // What comes before its last record is within it, whatever a clock showed that was set back since.
        let is_within = is_open && step.at <= draft.last_pos;
        let shown = |at| Moment { moved: Some(*moved), ..Moment::recorded(at, step.at) };
        let (from, to) = (shown(from), shown(to));
        let end = if is_within { to } else { limits.end };
        spans.push(suspended(from, to, None, Some(step.row)).within(&Limits { end, ..*limits }));
    }
    spans
}

/// By state and time, as a clock would show it that nobody moved. Spans of one state that overlap are one: an opener that
/// was seen twice, or two logs that tell of the same sleep.
fn united(draft: &Draft<'_>, mut spans: Vec<Span>) -> Vec<Span> {
    let at = |moment| elapsed(draft, moment);
    spans.sort_by_cached_key(|span| (span.what, at(span.from), at(span.to)));
    let mut united: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match united.last_mut() {
            Some(last) if last.what == span.what && at(span.from) < at(last.to) => {
                if at(last.to) < at(span.to) {
                    (last.to, last.closed_by) = (span.to, span.closed_by);
                }
                last.is_sure &= span.is_sure;
            }
            _ => united.push(span),
        }
    }
    united
}

/// Rule 38. What is only an upper bound leaves out nothing that somebody may have worked in.
fn measure(draft: &mut Draft<'_>, spans: &[Span], is_complete: bool) {
    let Some(wall) = draft.session.duration.get() else { return };
    let is_exact = is_complete && are_locks_audited(draft) && spans.iter().all(|span| span.is_sure);
    let without = |states: &[State]| {
        let counted = spans.iter().filter(|span| span.is_sure && states.contains(&span.what));
        (wall - covered(draft, counted)).max(0)
    };
    let connected = without(&[State::Disconnected, State::Suspended]);
    let active = without(&[State::Locked, State::Disconnected, State::Suspended]);
    let session = &mut draft.session;
    session.active_how = if is_exact { ActiveHow::Exact } else { ActiveHow::UpperBound };
    (session.connected, session.active) = (Some(connected).into(), Some(active).into());
}

/// Whether every lock and disconnect of the session would have been written: their audit was on from its first record
/// to its end, and none of the records between is missing.
fn are_locks_audited(draft: &Draft<'_>) -> bool {
    let (first, end) = (draft.session.first_pos, draft.end_pos);
    // Where records are missing between it and what shows that they were audited, that may have been changed.
    let is_shown = |at: Pos| {
        let has_own = draft.own().any(|track| track.has_marks);
        has_own || !draft.security.has_gap(first.min(at), end.max(at))
    };
    draft.boot.locks_audited.is_some_and(is_shown)
        && draft.around.is_lock_audit_steady(first, end)
        && !draft.security.has_gap(first, end)
}

/// Ticks that spans cover together: they overlap, so a union, never a sum (rule 36).
fn covered<'a>(draft: &Draft<'_>, spans: impl Iterator<Item = &'a Span>) -> i64 {
    let mut spans: Vec<(Timestamp, Timestamp)> =
        spans.map(|span| (elapsed(draft, span.from), elapsed(draft, span.to))).collect();
    union(&mut spans)
}

/// Ticks in which at least one of the spans is.
pub fn union(spans: &mut [(Timestamp, Timestamp)]) -> i64 {
    if !spans.is_sorted() {
        spans.sort_unstable();
    }
    let mut sum: i64 = 0;
    let mut until = Timestamp::MIN;
    for &mut (from, to) in spans {
        let from = from.max(until);
        if to > from {
            sum = sum.saturating_add(to.since(from));
            until = to;
        }
    }
    sum
}

/// A moment by a clock that nobody moved (rule 20).
fn elapsed(draft: &Draft<'_>, moment: Moment) -> Timestamp {
    let moved = moment.moved.unwrap_or_else(|| draft.clock.kept_until(moment.place(draft)));
    moment.at.minus(moved)
}
