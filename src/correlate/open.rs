//! Which LogonIds a boot has, and what is recorded of each (domain.md C.5, rules 22 to 24).

use crate::event::{EventIdx, Field, Kind, LogonId, Records, StrId};
use crate::machine::{Boot, Lineage, Pos};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// The records of one logon stand this close together (C.2).
const CLUSTER_RECORDS: u64 = 16;
const CLUSTER: i64 = 5 * SECOND;

/// A LogonId's number among a boot's [`Tracks`].
pub type TrackIdx = u32;

/// One LogonId in one boot, with the places of its records in the Security lineage.
#[derive(Clone, Debug)]
pub struct Track {
    pub luid: LogonId,
    /// Its 4624; without one it is known only because it is cited.
    pub logon: Option<Pos>,
    pub linked: Option<LogonId>,
    /// 4624 of this LogonId, and the places of all but the first.
    pub n_logons: u32,
    pub repeats: Vec<Pos>,
    /// The first record that cites it.
    pub first: Pos,
    /// The last, 4634 apart.
    pub last_seen: Option<Pos>,
    /// The first 4634 and 4647.
    pub logoff: Option<Pos>,
    pub user_logoff: Option<Pos>,
    /// The 4672.
    pub privileges: Option<Pos>,
    /// Whether any of the boot's [`Mark`]s is its own.
    pub has_marks: bool,
    /// The 4624 that took its LogonId over (rule 23).
    pub reused_at: Option<Pos>,
    /// What had its LogonId before.
    pub earlier: Option<TrackIdx>,
}

/// An event that suspends or resumes a session.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub track: TrackIdx,
    pub pos: Pos,
    pub kind: Kind,
    /// The LogonId's last record before this one.
    pub before: Option<Pos>,
}

/// Everything a boot's records say of its LogonIds, in the order of first mention.
#[derive(Debug, Default)]
pub struct Tracks {
    pub all: Vec<Track>,
    pub marks: Vec<Mark>,
    /// The newest track of each LogonId.
    pub by_luid: FxHashMap<u64, TrackIdx>,
    /// LogonIds of the boot's 4624, ascending, with their places.
    pub known: Vec<(u64, Pos)>,
}

/// Follows the LogonIds of a boot.
pub fn tracks(records: &Records, security: &Lineage, boot: &Boot) -> Tracks {
    let mut tracks = Tracks::default();
    for pos in boot.security.clone() {
        let row = security.rows[pos as usize];
        if let Some(event) = records.event(row) {
            tracks.add(records, security, pos, event);
        }
    }
    tracks.known = tracks.all.iter().filter_map(|track| Some((track.luid.0, track.logon?))).collect();
    tracks.known.sort_unstable();
    tracks
}

impl Tracks {
    fn add(&mut self, records: &Records, security: &Lineage, pos: Pos, event: EventIdx) {
        let events = &records.events;
        let subject = events.luid(event, Field::SubjectLogonId);
        let target = events.luid(event, Field::TargetLogonId);
        let kind = events.kind(event);
        if kind != Kind::Logon || subject != target {
            subject.and_then(|luid| self.cite(luid, pos));
        }
        match kind {
            Kind::Logon => {
                if let Some(luid) = target {
                    self.logon(records, security, pos, event, luid);
                }
            }
            Kind::Logoff | Kind::UserLogoff => {
                if let Some(luid) = target.filter(|luid| !luid.is_fixed()) {
                    self.logoff(records, security, pos, event, luid);
                }
            }
            Kind::SpecialPrivileges => {
                if let Some(track) = subject.and_then(|luid| self.track_of(luid)) {
                    self.all[track as usize].privileges.get_or_insert(pos);
                }
            }
            _ => {
                let before = target.and_then(|luid| self.all[self.track_of(luid)? as usize].last_seen);
                let track = target.and_then(|luid| self.cite(luid, pos));
                if let (Some(track), true) = (track, is_mark(kind)) {
                    self.all[track as usize].has_marks = true;
                    self.marks.push(Mark { track, pos, kind, before });
                }
            }
        }
    }

    fn track_of(&self, luid: LogonId) -> Option<TrackIdx> {
        self.by_luid.get(&luid.0).copied()
    }

    /// Rule 24: a LogonId that is cited is one, whether its 4624 was seen or not.
    fn cite(&mut self, luid: LogonId, pos: Pos) -> Option<TrackIdx> {
        if luid.is_fixed() {
            return None;
        }
        let idx = self.track_of(luid).unwrap_or_else(|| self.open(luid, pos));
        self.all[idx as usize].last_seen = Some(pos);
        Some(idx)
    }

    fn open(&mut self, luid: LogonId, pos: Pos) -> TrackIdx {
        let idx = self.all.len() as TrackIdx;
        self.all.push(Track {
            luid,
            logon: None,
            linked: None,
            n_logons: 0,
            repeats: Vec::new(),
            first: pos,
            last_seen: None,
            logoff: None,
            user_logoff: None,
            privileges: None,
            has_marks: false,
            reused_at: None,
            earlier: self.track_of(luid),
        });
        self.by_luid.insert(luid.0, idx);
        idx
    }

    fn logon(&mut self, records: &Records, security: &Lineage, pos: Pos, event: EventIdx, luid: LogonId) {
        let idx = match self.track_of(luid) {
            None => self.open(luid, pos),
            Some(idx) if luid.is_fixed() => idx,
            Some(idx) => match self.fits(records, security, idx, pos, event) {
                true => idx,
                false => {
                    self.all[idx as usize].reused_at = Some(pos);
                    self.open(luid, pos)
                }
            },
        };
        let track = &mut self.all[idx as usize];
        track.n_logons += 1;
        track.last_seen = Some(pos);
        match track.logon {
            None => {
                track.logon = Some(pos);
                track.linked = records.events.luid(event, Field::LinkedLogonId);
            }
            Some(_) if !luid.is_fixed() => track.repeats.push(pos),
            Some(_) => {}
        }
    }

    /// Rule 23: whether a 4624 belongs to the track that has its LogonId already: it completes a pending one, or it
    /// is the same logon written twice. Otherwise the LogonId was handed out again, after a start that was missed.
    fn fits(&self, records: &Records, security: &Lineage, idx: TrackIdx, pos: Pos, event: EventIdx) -> bool {
        let track = &self.all[idx as usize];
        let row = |pos: Pos| security.rows[pos as usize];
        let time = |pos: Pos| records.time[row(pos) as usize];
        let id = |pos: Pos| records.id[row(pos) as usize];
        let is_beside = |other: Pos| id(pos).saturating_sub(id(other)) <= CLUSTER_RECORDS;
        let is_soon = |other: Pos| time(pos).since(time(other)).abs() <= CLUSTER;
        let is_near = match track.logon {
            Some(logon) => is_beside(logon) && is_soon(logon),
            None => is_beside(track.first) || is_soon(track.first),
        };
        if track.logoff.or(track.user_logoff).is_some() || !is_near {
            return false;
        }
        let sid = |event| records.events.text(event, Field::TargetSid);
        let known = track.logon.and_then(|pos| records.event(row(pos)));
        known.is_none_or(|known| sid(known) == sid(event))
    }

    fn logoff(&mut self, records: &Records, security: &Lineage, pos: Pos, event: EventIdx, luid: LogonId) {
        let is_other = |track: &Track| {
            let sid = records.events.text(event, Field::TargetSid);
            let own = track_sid(records, security, track);
            !sid.is_none() && !own.is_none() && sid != own
        };
        let idx = match self.track_of(luid) {
            // Another account's logoff: its own logon and the start before it are missing.
            Some(idx) if is_other(&self.all[idx as usize]) => {
                self.all[idx as usize].reused_at = Some(pos);
                self.open(luid, pos)
            }
            Some(idx) => idx,
            None => self.open(luid, pos),
        };
        let track = &mut self.all[idx as usize];
        match records.events.kind(event) {
            Kind::UserLogoff => {
                track.user_logoff.get_or_insert(pos);
                track.last_seen = Some(pos);
            }
            _ => {
                track.logoff.get_or_insert(pos);
            }
        }
    }
}

/// The account of a track, from its 4624 or its 4634/4647.
fn track_sid(records: &Records, security: &Lineage, track: &Track) -> StrId {
    let event = |pos: Option<Pos>| pos.and_then(|pos| records.event(security.rows[pos as usize]));
    let known = event(track.logon).or(event(track.user_logoff)).or(event(track.logoff));
    known.map_or(StrId::NONE, |event| records.events.text(event, Field::TargetSid))
}

fn is_mark(kind: Kind) -> bool {
    use Kind::{Disconnected, Locked, Reconnected, ScreensaverOff, ScreensaverOn, Unlocked};
    matches!(kind, Disconnected | Locked | Reconnected | ScreensaverOff | ScreensaverOn | Unlocked)
}

/// Between which logons a LogonId without a 4624 was created: LogonIds grow, but neighbours may be swapped (rules 9
/// and 24). Over records among which a start may be missing the order of LogonIds tells nothing.
pub fn neighbours(
    tracks: &Tracks,
    luid: LogonId,
    first: Pos,
    security: &Lineage,
    time: impl Fn(Pos) -> Timestamp,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let next = tracks.known.partition_point(|&(other, _)| other < luid.0);
    let is_same_boot = |pos: Pos| !security.may_hide_start(pos, first);
    let before = next.checked_sub(1).map(|n| tracks.known[n].1);
    let before = before.filter(|&pos| pos < first || is_same_boot(pos));
    let after = tracks.known.get(next).map(|&(_, pos)| pos);
    let after = after.filter(|&pos| pos > first || is_same_boot(pos));
    (before.map(|pos| time(pos).plus(-CLUSTER)), after.map(|pos| time(pos).plus(CLUSTER)))
}
