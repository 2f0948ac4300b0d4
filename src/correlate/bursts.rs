//! Which network sessions are one burst (domain.md C.8, rule 40), and which service sessions one series (rule 34)?
//!
//! Sessions stay sessions; a burst or a series only says which of them a reader may look at as one.

use crate::event::StrId;
use crate::session::burst::{Burst, BurstIdx, BurstKind};
use crate::session::{Class, Confidence, Run, Session, SessionIdx, Sessions, StartHow};
use crate::time::{MINUTE, Timestamp};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// A client that is back this soon goes on with what it did (rule 40).
const GAP: i64 = 5 * MINUTE;

/// What sessions of one burst have in common, within a boot.
type Key = (BurstKind, Class, [StrId; 2], [StrId; 2]);

/// The newest session of a key, and the burst it is in.
struct Newest {
    session: SessionIdx,
    burst: Option<BurstIdx>,
    span: Span,
}

/// From when until when a session is known to have been on.
type Span = (Timestamp, Timestamp);

/// Finds the bursts. Sessions are in the order machine, boot, first record.
#[inline(never)]
pub fn bursts(sessions: &mut Sessions) {
    let mut found = Bursts::default();
    let mut newest: FxHashMap<Key, Newest> = FxHashMap::default();
    let mut boot = None;
    for idx in 0..sessions.all.len() as SessionIdx {
        let session = &sessions.all[idx as usize];
        let Some(kind) = kind(session) else { continue };
        if boot.replace((session.machine, session.boot)) != Some((session.machine, session.boot)) {
            newest = FxHashMap::default();
        }
        let Some((key, span)) = key(sessions, session, kind).zip(span(session)) else { continue };
        let (from, until) = span;
        let before = match newest.entry(key) {
            Entry::Occupied(before) => before.into_mut(),
            Entry::Vacant(place) => {
                place.insert(Newest { session: idx, burst: None, span });
                continue;
            }
        };
        // A service is started again whenever its computer needs it.
        if kind == BurstKind::Network && from.since(before.span.1) > GAP {
            *before = Newest { session: idx, burst: None, span };
            continue;
        }
        let burst = before.burst.unwrap_or_else(|| found.begin(sessions, kind, before.session, before.span));
        found.add(sessions, burst, idx, span);
        *before = Newest { session: idx, burst: Some(burst), span: (from, until.max(before.span.1)) };
    }
    found.finish(sessions);
}

/// Fixed LogonIds are one session in each boot anyhow.
fn kind(session: &Session) -> Option<BurstKind> {
    match session.logon_type {
        Some(3) => Some(BurstKind::Network),
        Some(5) if session.class != Class::System => Some(BurstKind::Service),
        _ => None,
    }
}

/// Account and source; `None` if nothing tells the account.
fn key(sessions: &Sessions, session: &Session, kind: BurstKind) -> Option<Key> {
    let account = match session.sid.is_none() {
        false => [session.sid, StrId::NONE],
        true => [session.user, session.domain],
    };
    let source =
        sessions.origins(session).first().map_or([StrId::NONE; 2], |origin| match origin.address.is_none() {
            false => [origin.address, StrId::NONE],
            true => [StrId::NONE, origin.host],
        });
    (account != [StrId::NONE; 2]).then_some((kind, session.class, account, source))
}

fn span(session: &Session) -> Option<Span> {
    let from = session.start.at.or(session.start.latest)?;
    let until = session.end.at.filter(|_| session.end.confidence == Confidence::High);
    Some((from, until.or(session.last_seen).unwrap_or(from).max(from)))
}

/// Bursts while they grow.
#[derive(Default)]
struct Bursts {
    all: Vec<Burst>,
    /// When the newest session of each began.
    last_from: Vec<Timestamp>,
    /// In the order of sessions.
    members: Vec<(BurstIdx, SessionIdx)>,
    /// Bursts whose sessions do not begin in the order of their records: a clock was set back.
    unsorted: Vec<BurstIdx>,
}

impl Bursts {
    fn begin(&mut self, sessions: &mut Sessions, kind: BurstKind, first: SessionIdx, span: Span) -> BurstIdx {
        let burst = self.all.len() as BurstIdx;
        let (from, _) = span;
        let members = Run::default();
        self.last_from.push(from);
        self.all.push(Burst { kind, first, members, from, to: from, union: 0, is_union_exact: true });
        self.add(sessions, burst, first, span);
        burst
    }

    fn add(&mut self, sessions: &mut Sessions, burst: BurstIdx, idx: SessionIdx, (from, to): Span) {
        let session = &mut sessions.all[idx as usize];
        session.burst = Some(burst);
        self.members.push((burst, idx));
        let own = &mut self.all[burst as usize];
        if from < std::mem::replace(&mut self.last_from[burst as usize], from) {
            self.unsorted.push(burst);
        }
        own.members.n += 1;
        own.union = own.union.saturating_add(to.since(from.max(own.to)).max(0));
        (own.from, own.to) = (own.from.min(from), own.to.max(to));
        own.is_union_exact &=
            session.start.how == StartHow::Logon && session.end.confidence == Confidence::High;
    }

    /// Sorts the members by burst.
    fn finish(mut self, sessions: &mut Sessions) {
        let mut next = 0;
        for burst in &mut self.all {
            burst.members.first = next;
            next += std::mem::take(&mut burst.members.n);
        }
        sessions.burst_members = vec![0; next as usize];
        for &(burst, idx) in &self.members {
            let run = &mut self.all[burst as usize].members;
            sessions.burst_members[(run.first + run.n) as usize] = idx;
            run.n += 1;
        }
        self.unsorted.sort_unstable();
        self.unsorted.dedup();
        for burst in self.unsorted {
            let own = &mut self.all[burst as usize];
            let members = own.members.of(&sessions.burst_members).iter();
            let spans = members.filter_map(|&idx| span(&sessions.all[idx as usize]));
            own.union = super::intervals::union(&mut spans.collect::<Vec<_>>());
        }
        sessions.bursts = self.all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{End, Origin, Start};
    use crate::time::SECOND;

    /// Sessions of the given accounts and addresses, from and to these minutes.
    fn sessions(rows: &[(u32, u32, i64, Option<i64>)]) -> Sessions {
        let at = |minutes: i64| Timestamp::from_ticks(minutes * MINUTE);
        let mut sessions = Sessions::default();
        for &(sid, address, from, to) in rows {
            let origin =
                Origin { at: at(from), address: StrId(address), port: None, host: StrId::NONE, row: 0 };
            sessions.origins.push(origin);
            sessions.all.push(Session {
                logon_type: Some(3),
                sid: StrId(sid),
                start: Start { at: Some(at(from)), ..Start::default() },
                end: End {
                    at: to.map(at),
                    confidence: to.map_or(Confidence::None, |_| Confidence::High),
                    ..End::default()
                },
                last_seen: Some(at(from)),
                origins: Run { first: sessions.all.len() as u32, n: 1 },
                ..Session::default()
            });
        }
        bursts(&mut sessions);
        sessions
    }

    #[test]
    fn accounts_and_sources_have_bursts_of_their_own() {
        let found = sessions(&[
            (1, 9, 0, Some(1)),
            (2, 9, 1, Some(2)),
            (1, 9, 2, Some(3)),
            (1, 8, 2, Some(3)),
            (1, 9, 5, Some(6)),
        ]);
        let own: Vec<Option<u32>> = found.all.iter().map(|session| session.burst).collect();
        assert_eq!(own, [Some(0), None, Some(0), None, Some(0)]);
        assert_eq!(found.burst_members, [0, 2, 4]);
        let burst = found.bursts[0];
        assert_eq!((burst.from, burst.to), (Timestamp::from_ticks(0), Timestamp::from_ticks(6 * MINUTE)));
        assert_eq!((burst.union, burst.is_union_exact), (3 * MINUTE, true));
    }

    #[test]
    fn a_clock_that_was_set_back_loses_no_time() {
        let found = sessions(&[(1, 9, 60, Some(61)), (1, 9, 0, Some(2)), (1, 9, 30, Some(31))]);
        let burst = found.bursts[0];
        assert_eq!(
            (burst.from, burst.to.ticks(), burst.union),
            (Timestamp::from_ticks(0), 61 * MINUTE, 4 * MINUTE)
        );
    }

    #[test]
    fn five_minutes_of_nothing_end_a_burst() {
        let own = |second: i64| {
            let found = sessions(&[(1, 9, 0, Some(1)), (1, 9, second, Some(second + 1))]);
            found.bursts.len()
        };
        assert_eq!((own(6), own(7)), (1, 0));
    }

    #[test]
    fn what_overlaps_counts_once_and_what_is_open_makes_it_a_least() {
        let found = sessions(&[(1, 9, 0, Some(10)), (1, 9, 2, Some(3)), (1, 9, 14, None)]);
        assert_eq!((found.bursts[0].union, found.bursts[0].is_union_exact), (10 * MINUTE, false));
        assert_eq!(found.bursts[0].to.ticks(), 14 * 60 * SECOND);
    }
}
