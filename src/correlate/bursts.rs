//! Which network sessions are one burst (domain.md C.8, rule 40).
//!
//! Sessions stay sessions; a burst only says which of them a reader may look at as one.

use crate::event::StrId;
use crate::session::burst::{Burst, BurstIdx};
use crate::session::{Class, Confidence, Run, Session, SessionIdx, Sessions, StartHow};
use crate::time::{MINUTE, Timestamp};
use rustc_hash::FxHashMap;

/// A client that is back this soon goes on with what it did (rule 40).
const GAP: i64 = 5 * MINUTE;

/// What sessions of one burst have in common, within a boot.
type Key = (Class, [StrId; 2], [StrId; 2]);

/// The newest session of a key.
struct Newest {
    session: SessionIdx,
    until: Timestamp,
}

/// Finds the bursts. Sessions are in the order machine, boot, first record.
pub fn bursts(sessions: &mut Sessions) {
    let mut n_members: Vec<u32> = Vec::new();
    let mut newest: FxHashMap<Key, Newest> = FxHashMap::default();
    let mut boot = None;
    for idx in 0..sessions.all.len() {
        let session = &sessions.all[idx];
        if session.logon_type != Some(3) {
            continue;
        }
        if boot.replace((session.machine, session.boot)) != Some((session.machine, session.boot)) {
            newest = FxHashMap::default();
        }
        let Some((key, (from, until))) = key(sessions, session).zip(span(session)) else { continue };
        let own = Newest { session: idx as SessionIdx, until };
        let Some(before) = newest.get_mut(&key) else {
            newest.insert(key, own);
            continue;
        };
        if from.since(before.until) > GAP {
            *before = own;
            continue;
        }
        let first = before.session as usize;
        *before = Newest { until: until.max(before.until), ..own };
        let burst = *sessions.all[first].burst.get_or_insert_with(|| {
            n_members.push(1);
            n_members.len() as BurstIdx - 1
        });
        n_members[burst as usize] += 1;
        sessions.all[idx].burst = Some(burst);
    }
    collect(sessions, &n_members);
}

/// Account and source; `None` if nothing tells the account.
fn key(sessions: &Sessions, session: &Session) -> Option<Key> {
    let account = match session.sid.is_none() {
        false => [session.sid, StrId::NONE],
        true => [session.user, session.domain],
    };
    let source =
        sessions.origins(session).first().map_or([StrId::NONE; 2], |origin| match origin.address.is_none() {
            false => [origin.address, StrId::NONE],
            true => [StrId::NONE, origin.host],
        });
    (account != [StrId::NONE; 2]).then_some((session.class, account, source))
}

/// When a session is known to have been on.
fn span(session: &Session) -> Option<(Timestamp, Timestamp)> {
    let from = session.start.at.or(session.start.latest)?;
    let until = session.end.at.filter(|_| session.end.confidence == Confidence::High);
    Some((from, until.or(session.last_seen).unwrap_or(from).max(from)))
}

/// The members of each burst, and what they are together.
fn collect(sessions: &mut Sessions, n_members: &[u32]) {
    let mut first = 0;
    let mut runs: Vec<Run> = Vec::with_capacity(n_members.len());
    for &n in n_members {
        runs.push(Run { first, n: 0 });
        first += n;
    }
    let mut members = vec![0; first as usize];
    for (idx, session) in sessions.all.iter().enumerate() {
        if let Some(burst) = session.burst {
            let run = &mut runs[burst as usize];
            members[(run.first + run.n) as usize] = idx as SessionIdx;
            run.n += 1;
        }
    }
    let mut spans = Vec::new();
    let bursts = runs.into_iter().map(|run| burst(&sessions.all, run, run.of(&members), &mut spans));
    sessions.bursts = bursts.collect();
    sessions.burst_members = members;
}

fn burst(
    all: &[Session],
    run: Run,
    members: &[SessionIdx],
    spans: &mut Vec<(Timestamp, Timestamp)>,
) -> Burst {
    let own = || members.iter().map(|&idx| &all[idx as usize]);
    spans.clear();
    spans.extend(own().filter_map(span));
    let is_exact = |session: &Session| {
        session.start.how == StartHow::Logon && session.end.confidence == Confidence::High
    };
    Burst {
        first: members[0],
        members: run,
        from: spans.iter().map(|&(from, _)| from).min().unwrap_or_default(),
        to: spans.iter().map(|&(_, to)| to).max().unwrap_or_default(),
        union: super::intervals::union(spans),
        is_union_exact: own().all(is_exact),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{End, Origin, Start};
    use crate::time::SECOND;

    /// Sessions of the given accounts and addresses, from and to these minutes.
    fn sessions(rows: &[(u32, u32, i64, Option<i64>)]) -> Sessions {
        let at = |minutes: i64| Timestamp(minutes * MINUTE);
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
        assert_eq!((burst.from, burst.to), (Timestamp(0), Timestamp(6 * MINUTE)));
        assert_eq!((burst.union, burst.is_union_exact), (3 * MINUTE, true));
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
        assert_eq!(found.bursts[0].to.0, 14 * 60 * SECOND);
    }
}
