//! When accounts were on in sessions that Security has nothing of, as other logs tell (domain.md rule 25).

use super::join::Joined;
use super::link::Linker;
use super::moments::SAME_MOMENT;
use super::open::Identity;
use super::remote::name;
use super::terminal::TsSession;
use crate::event::{RowIdx, StrId};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// For each session, in order, when it begins, and the latest end up to it.
type Spans = Vec<(Timestamp, Timestamp)>;

/// By SID, else by the name of the account.
#[derive(Default)]
pub struct Unseen {
    by_sid: FxHashMap<StrId, Spans>,
    by_name: FxHashMap<String, Spans>,
}

impl Unseen {
    #[inline(never)]
    pub fn of(linker: &Linker<'_>, sessions: &[TsSession], joined: &Joined) -> Self {
        let time = |&row: &RowIdx| linker.records.time[row as usize];
        let mut is_joined = vec![false; sessions.len()];
        joined.iter().flatten().for_each(|&(n, _)| is_joined[n] = true);
        let mut unseen = Unseen::default();
        for (session, _) in sessions.iter().zip(is_joined).filter(|(_, is_joined)| !is_joined) {
            let Some(begun) = session.first_row() else { continue };
            let ended = session.closed.first().or(session.superseded_by.as_ref());
            let span = (time(&begun), ended.map_or(Timestamp::MAX, time));
            match session.sid.is_none() {
                true => {
                    unseen.by_name.entry(name(linker.records.text(session.account))).or_default().push(span);
                }
                false => unseen.by_sid.entry(session.sid).or_default().push(span),
            }
        }
        unseen.by_sid.values_mut().chain(unseen.by_name.values_mut()).for_each(settle);
        unseen
    }

    /// Whether an account was on at a moment, in a session that did not begin with it.
    pub fn is_on(&self, linker: &Linker<'_>, account: Identity, at: Timestamp) -> bool {
        let is_on = |spans: &Spans| {
            let begun = spans.partition_point(|&(begun, _)| begun.plus(SAME_MOMENT) < at);
            begun.checked_sub(1).is_some_and(|last| at <= spans[last].1)
        };
        self.by_sid.get(&account.sid).is_some_and(is_on)
            || !self.by_name.is_empty()
                && linker.names(account).any(|name| self.by_name.get(&name).is_some_and(is_on))
    }
}

fn settle(spans: &mut Spans) {
    spans.sort_unstable();
    let mut latest = Timestamp::MIN;
    for (_, ended) in spans {
        latest = latest.max(*ended);
        *ended = latest;
    }
}
