//! When accounts were on in sessions that Security has nothing of, as other logs tell (domain.md rule 25).

use super::accounts::ByAccount;
use super::join::Joined;
use super::link::Linker;
use super::moments::SAME_MOMENT;
use super::open::Identity;
use super::terminal::TsSession;
use crate::event::RowIdx;
use crate::time::Timestamp;

/// When a session begins, and the latest end up to it.
type Span = (Timestamp, Timestamp);

/// By account, in order.
#[derive(Default)]
pub struct Unseen(ByAccount<Span>);

impl Unseen {
    #[inline(never)]
    pub fn of(linker: &Linker<'_>, sessions: &[TsSession], joined: &Joined) -> Self {
        let time = |&row: &RowIdx| linker.records.time[row as usize];
        let mut is_joined = vec![false; sessions.len()];
        joined.iter().flatten().for_each(|&(n, _)| is_joined[n] = true);
        let mut spans = ByAccount::default();
        for (session, _) in sessions.iter().zip(is_joined).filter(|(_, is_joined)| !is_joined) {
            let Some(begun) = session.first_row() else { continue };
            let ended = session.closed.first().or(session.superseded_by.as_ref());
            let span = (time(&begun), ended.map_or(Timestamp::MAX, time));
            spans.add(linker.records, session.sid, session.account, span);
        }
        spans.values_mut().for_each(|spans| settle(spans));
        Unseen(spans)
    }

    /// Whether an account was on at a moment, in a session that did not begin with it.
    pub fn is_on(&self, linker: &Linker<'_>, account: Identity, at: Timestamp) -> bool {
        let is_on = |spans: &[Span]| {
            let begun = spans.partition_point(|&(begun, _)| begun.plus(SAME_MOMENT) < at);
            begun.checked_sub(1).is_some_and(|last| at <= spans[last].1)
        };
        self.0.of(linker, account).any(is_on)
    }
}

fn settle(spans: &mut [Span]) {
    spans.sort_unstable();
    let mut latest = Timestamp::MIN;
    for (_, ended) in spans {
        latest = latest.max(*ended);
        *ended = latest;
    }
}
