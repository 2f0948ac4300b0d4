//! Which events change a session's state, in their order?

use super::{Moment, meaning};
use crate::correlate::attach::UNLOCK;
use crate::correlate::draft::Draft;
use crate::correlate::moments::SAME_MOMENT;
use crate::correlate::open::Mark;
use crate::event::{Kind, RowIdx};
use crate::session::{LogonRole, State};
use crate::time::Timestamp;

/// An event that changes a session's state.
pub struct Change {
    pub moment: Moment,
    pub row: RowIdx,
    pub kind: Kind,
    /// When the session was last heard of before.
    pub before: Option<Timestamp>,
}

/// What Security has, and what other logs have beside it: each of the two may have missed some.
pub fn changes(draft: &Draft<'_>, marks: &[Mark]) -> Vec<Change> {
    let change = |mark: &Mark| Change {
        moment: Moment::recorded(draft.time(mark.pos), mark.pos),
        row: draft.row(mark.pos),
        kind: mark.kind,
        before: mark.before.map(|pos| draft.time(pos)),
    };
    let own: Vec<Change> = marks.iter().map(change).collect();
    let Some((ts, _)) = draft.ts.filter(|(ts, _)| !ts.changes.is_empty()) else { return own };
    let known = Known::of(&own);
    let others = ts.changes.iter().map(|&(row, kind)| {
        let at = draft.records.time[row as usize];
        Change { moment: Moment::told(at), row, kind, before: None }
    });
    let mut others = others.filter(|other| !known.has(other)).peekable();
    let mut all = Vec::with_capacity(own.len());
    for change in own {
        while let Some(other) = others.next_if(|other| other.moment.at < change.moment.at) {
            all.push(other);
        }
        all.push(change);
    }
    all.extend(others);
    all
}

/// Adds the logons by which it was unlocked where nothing tells that beside them: the 4801 is missing.
pub fn with_unlocks(draft: &Draft<'_>, told: Vec<Change>) -> Vec<Change> {
    if !told.iter().any(|change| change.kind == Kind::Locked) {
        return told;
    }
    let known = Known::of(&told);
    let logons = draft.lists.logons.iter().copied().filter(|&(_, role)| role == LogonRole::Unlock);
    let unlock = |(pos, _)| Change {
        moment: Moment::recorded(draft.time(pos), pos),
        row: draft.row(pos),
        kind: Kind::Logon,
        before: None,
    };
    let mut unlocks: Vec<Change> =
        logons.map(unlock).filter(|change| !known.has_unlock(change.moment.at)).collect();
    unlocks.sort_unstable_by_key(|change| change.moment.pos);
    let mut unlocks = unlocks.into_iter().peekable();
    let is_before = |a: &Moment, b: &Moment| match a.pos.zip(b.pos) {
        Some((a, b)) => a < b,
        None => a.at < b.at,
    };
    let mut all = Vec::with_capacity(told.len() + unlocks.len());
    for change in told {
        while let Some(unlock) = unlocks.next_if(|unlock| is_before(&unlock.moment, &change.moment)) {
            all.push(unlock);
        }
        all.push(change);
    }
    all.extend(unlocks);
    all
}

/// When Security tells of each change of state.
#[derive(Default)]
struct Known([[Vec<Timestamp>; 2]; 3]);

impl Known {
    fn of(changes: &[Change]) -> Self {
        let mut known = Known::default();
        for change in changes {
            let (what, opens, _) = meaning(change.kind);
            known.0[what as usize][usize::from(opens)].push(change.moment.at);
        }
        known.0.iter_mut().flatten().for_each(|times| times.sort_unstable());
        known
    }

    /// Whether a change of another log is one that Security tells, too.
    fn has(&self, change: &Change) -> bool {
        let (what, opens, _) = meaning(change.kind);
        is_near(&self.0[what as usize][usize::from(opens)], change.moment.at, SAME_MOMENT)
    }

    /// Whether an unlock is told beside a moment.
    fn has_unlock(&self, at: Timestamp) -> bool {
        is_near(&self.0[State::Locked as usize][usize::from(false)], at, UNLOCK)
    }
}

/// Whether one of some times, ascending, is as close to a moment.
fn is_near(times: &[Timestamp], at: Timestamp, within: i64) -> bool {
    let first = times.partition_point(|&time| time < at.plus(-within));
    times.get(first).is_some_and(|&time| time <= at.plus(within))
}
