//! What ran in sessions (domain.md C.9, rules 47 and 48): events that cite one of a session's LogonIds.
//!
//! 7045 is left out: System does not say which session installed the service.

use super::hops::edges::Explicit;
use super::link::{Groups, Linker};
use super::open::{TrackIdx, Tracks};
use crate::event::{EventIdx, Field, LogonId, Records};
use crate::machine::{Boot, Pos};
use crate::session::activity::ActivityKind;
use crate::session::{Run, Sessions};
use rustc_hash::FxHashMap;

/// The kind of activity that each signature's records may be.
pub struct Kinds {
    by_signature: Vec<Option<ActivityKind>>,
    has_any: bool,
}

impl Kinds {
    #[inline(never)]
    pub fn of(records: &Records) -> Self {
        let writes_it = |provider: &str| {
            ["Microsoft-Windows-Security-Auditing", "Microsoft-Windows-Eventlog"]
                .iter()
                .any(|name| provider.eq_ignore_ascii_case(name))
        };
        let kind = |signature: &crate::event::Signature| {
            ActivityKind::of(signature.event_id).filter(|_| writes_it(records.text(signature.provider)))
        };
        let by_signature: Vec<_> = records.signatures.iter().map(kind).collect();
        Kinds { has_any: by_signature.iter().any(Option::is_some), by_signature }
    }
}

/// No session of the boot.
const NONE: u32 = u32::MAX;

/// Sorts a boot's activity by session: a count of each, then places in order. The sessions of a boot stand as its
/// groups do. 4648 are told of as well: they lead to other machines.
#[inline(never)]
pub fn activity(
    linker: &Linker<'_>,
    (machine, boot): (u32, &Boot),
    groups: &Groups,
    kinds: &Kinds,
    sessions: &mut Sessions,
    explicit: &mut Vec<Explicit>,
) {
    let (records, rows) = (linker.records, &linker.security.rows);
    let kind = |pos: Pos| kinds.by_signature[records.signature[rows[pos as usize] as usize] as usize];
    let places: Vec<Pos> = match kinds.has_any {
        true => boot.security.clone().filter(|&pos| kind(pos).is_some()).collect(),
        false => return,
    };
    if places.is_empty() {
        return;
    }
    let mut homes = Homes::of(linker.tracks, groups);
    let home = |&pos: &Pos| {
        let event = linker.event(pos)?;
        homes.home(effective_luid(records, event, kind(pos)?)?, pos)
    };
    let home_of: Vec<u32> = places.iter().map(home).map(|home| home.unwrap_or(NONE)).collect();
    let mut runs = vec![Run::default(); groups.all.len()];
    for &home in home_of.iter().filter(|&&home| home != NONE) {
        runs[home as usize].n += 1;
    }
    let mut next = sessions.activity.len() as u32;
    for run in &mut runs {
        run.first = next;
        next += std::mem::take(&mut run.n);
    }
    sessions.activity.resize(next as usize, 0);
    for (&pos, &home) in places.iter().zip(&home_of) {
        if kind(pos) == Some(ActivityKind::ExplicitCredentials) {
            let session = (home != NONE).then_some(home);
            explicit.push(Explicit { machine, session, pos });
        }
        if home == NONE {
            continue;
        }
        let run = &mut runs[home as usize];
        sessions.activity[(run.first + run.n) as usize] = pos;
        run.n += 1;
    }
    for (session, run) in sessions.all.iter_mut().zip(runs) {
        session.activity = run;
    }
}

/// The session that an event is an act of. 4688 of a process that is started for another's session names it as its
/// target (rule 47); a token is changed in the target's.
fn effective_luid(records: &Records, event: EventIdx, kind: ActivityKind) -> Option<LogonId> {
    let subject = || records.events.luid(event, Field::SubjectLogonId);
    let target = || records.events.luid(event, Field::TargetLogonId);
    match kind {
        ActivityKind::Processes | ActivityKind::Other => target().or_else(subject),
        // The system itself refuses those who are not on yet.
        ActivityKind::Failures => subject().or_else(target).filter(|luid| !luid.is_fixed()),
        _ => subject().or_else(target),
    }
}

/// Which group a LogonId is of, at a place.
struct Homes<'a> {
    tracks: &'a Tracks,
    groups: &'a Groups,
    /// Tracks whose LogonId was given out again, in order.
    older: FxHashMap<LogonId, Vec<TrackIdx>>,
    /// What was found last: one session's events come in runs.
    last: Option<(LogonId, TrackIdx)>,
}

impl<'a> Homes<'a> {
    #[inline(never)]
    fn of(tracks: &'a Tracks, groups: &'a Groups) -> Self {
        let mut older: FxHashMap<LogonId, Vec<TrackIdx>> = FxHashMap::default();
        for (idx, track) in tracks.all.iter().enumerate().filter(|(_, track)| track.reused_at.is_some()) {
            older.entry(track.luid).or_default().push(idx as TrackIdx);
        }
        Homes { tracks, groups, older, last: None }
    }

    fn home(&mut self, luid: LogonId, pos: Pos) -> Option<u32> {
        let newest = match self.last {
            Some((last, idx)) if last == luid => idx,
            _ => *self.tracks.by_luid.get(&luid)?,
        };
        self.last = Some((luid, newest));
        let is_begun = |&idx: &TrackIdx| self.tracks.all[idx as usize].first <= pos;
        let idx = match luid.is_fixed() || is_begun(&newest) {
            true => newest,
            false => self.older.get(&luid)?.iter().rev().copied().find(is_begun)?,
        };
        Some(self.groups.of(idx) as u32)
    }
}
