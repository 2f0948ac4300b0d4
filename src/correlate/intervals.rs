//! Locked, disconnected and asleep: the parts of a session, and what is left of it (domain.md C.8, rules 35 to 38).

use super::draft::Draft;
use super::open::Mark;
use crate::event::{Kind, RowIdx};
use crate::machine::StepKind;
use crate::session::{ActiveHow, Class, EvidenceRole, Interval, State};
use crate::time::Timestamp;

/// Finds the intervals of a desktop session, and its connected and active time.
pub fn intervals(draft: &mut Draft<'_>, marks: &[Mark]) {
    if draft.session.class != Class::Desktop {
        return;
    }
    let (Some(begin), Some(end)) = (begin(draft), end(draft)) else { return };
    let mut open: [Option<(Timestamp, RowIdx)>; 4] = [None; 4];
    let mut last = begin;
    for Change { at, row, kind, before } in changes(draft, marks) {
        let (what, opens, role) = meaning(kind);
        draft.evidence_row(row, role, 35);
        let slot = &mut open[what as usize];
        if opens {
            slot.get_or_insert((at, row));
        } else {
            // The opener was not seen (rule 37): at the latest then, at the earliest after the last sign of work.
            let since = before.map_or(last, |before| last.max(before));
            let (from, opened_by) = slot.take().map_or((since, None), |(from, row)| (from, Some(row)));
            draft.push_interval(begin, end, Interval { what, from, to: at, opened_by, closed_by: Some(row) });
        }
        last = last.max(at);
    }
    for (what, open) in STATES.into_iter().zip(open) {
        if let Some((from, row)) = open {
            // It ends with the session (rule 37).
            draft.push_interval(
                begin,
                end,
                Interval { what, from, to: end, opened_by: Some(row), closed_by: None },
            );
        }
    }
    asleep(draft, begin, end);
    measure(draft);
}

/// An event that changes a session's state.
struct Change {
    at: Timestamp,
    row: RowIdx,
    kind: Kind,
    /// When the session was last heard of before.
    before: Option<Timestamp>,
}

/// What Security has; where it does not audit these, what Terminal Services have.
fn changes(draft: &Draft<'_>, marks: &[Mark]) -> Vec<Change> {
    if let (false, Some((ts, _))) = (draft.boot.audits_locks, draft.ts) {
        let at = |row: RowIdx| draft.records.time[row as usize];
        return ts
            .changes
            .iter()
            .map(|&(row, kind)| Change { at: at(row), row, kind, before: None })
            .collect();
    }
    let change = |mark: &Mark| Change {
        at: draft.time(mark.pos),
        row: draft.row(mark.pos),
        kind: mark.kind,
        before: mark.before.map(|pos| draft.time(pos)),
    };
    marks.iter().map(change).collect()
}

const STATES: [State; 4] = [State::Locked, State::Screensaver, State::Disconnected, State::Suspended];

fn meaning(kind: Kind) -> (State, bool, EvidenceRole) {
    match kind {
        Kind::Locked => (State::Locked, true, EvidenceRole::Lock),
        Kind::Unlocked => (State::Locked, false, EvidenceRole::Unlock),
        Kind::ScreensaverOn => (State::Screensaver, true, EvidenceRole::ScreensaverOn),
        Kind::ScreensaverOff => (State::Screensaver, false, EvidenceRole::ScreensaverOff),
        Kind::Disconnected | Kind::TsDisconnected => (State::Disconnected, true, EvidenceRole::Disconnect),
        _ => (State::Disconnected, false, EvidenceRole::Reconnect),
    }
}

fn begin(draft: &Draft<'_>) -> Option<Timestamp> {
    draft.session.start.at.or(draft.session.start.latest)
}

/// The end, or as long as the session is known to have lasted.
fn end(draft: &Draft<'_>) -> Option<Timestamp> {
    draft.session.end.at.or(draft.session.end.earliest)
}

/// Spans in which the machine slept (rule 35) or stood still (rule 19).
fn asleep(draft: &mut Draft<'_>, begin: Timestamp, end: Timestamp) {
    let sleeps = draft.around.sleeps.iter().filter(|sleep| sleep.from < end && begin < sleep.to);
    for sleep in sleeps {
        let (from, to) = (sleep.from, sleep.to);
        if let Some(row) = sleep.opened_by {
            draft.evidence_row(row, EvidenceRole::Sleep, 35);
        }
        draft.evidence_row(sleep.closed_by, EvidenceRole::Wake, 35);
        let (opened_by, closed_by) = (sleep.opened_by, Some(sleep.closed_by));
        draft.push_interval(begin, end, Interval { what: State::Suspended, from, to, opened_by, closed_by });
    }
    let frozen: Vec<_> = draft.clock.frozen(draft.session.first_pos, draft.end_pos).copied().collect();
    for step in frozen {
        let StepKind::Frozen { from, to } = step.kind else { continue };
        let row = draft.row(step.at);
        draft.evidence(step.at, EvidenceRole::Wake, 19);
        draft.push_interval(
            begin,
            end,
            Interval { what: State::Suspended, from, to, opened_by: None, closed_by: Some(row) },
        );
    }
}

/// Rule 38.
fn measure(draft: &mut Draft<'_>) {
    let Some(wall) = draft.session.duration else { return };
    let without = |states: &[State]| (wall - covered(&draft.intervals, states)).max(0);
    let session = &mut draft.session;
    if draft.boot.audits_locks {
        session.active_how = ActiveHow::Exact;
        session.connected = Some(without(&[State::Disconnected, State::Suspended]));
        session.active = Some(without(&[State::Locked, State::Disconnected, State::Suspended]));
    } else {
        session.active_how = ActiveHow::UpperBound;
        session.connected = Some(without(&[State::Suspended]));
        session.active = session.connected;
    }
}

/// Ticks that intervals of these states cover together: they overlap, so a union, never a sum (rule 36).
fn covered(intervals: &[Interval], states: &[State]) -> i64 {
    let mut spans: Vec<(Timestamp, Timestamp)> =
        intervals.iter().filter(|i| states.contains(&i.what)).map(|i| (i.from, i.to)).collect();
    union(&mut spans)
}

/// Ticks in which at least one of the spans is.
pub fn union(spans: &mut [(Timestamp, Timestamp)]) -> i64 {
    if !spans.is_sorted() {
        spans.sort_unstable();
    }
    let mut sum: i64 = 0;
    let mut until = Timestamp(i64::MIN);
    for &mut (from, to) in spans {
        let from = from.max(until);
        if to > from {
            sum = sum.saturating_add(to.since(from));
            until = to;
        }
    }
    sum
}
