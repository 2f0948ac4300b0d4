//! Which LogonIds a boot has, and what is recorded of each (domain.md C.5, rules 22 to 24).

mod track;

pub use track::{Doer, Identity, Mark, Track, TrackIdx};

use super::activity::{Kinds, doer_of};
use super::hops::ssh::Programs;
use crate::event::columns::Said;
use crate::event::{Field, Kind, LogonId, Records, StrId};
use crate::machine::{Boot, Lineage, Pos};
use crate::room::make_room;
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;
use track::ToldBy;

/// The records of one logon stand this close together (C.2).
const CLUSTER_RECORDS: u64 = 16;
pub const CLUSTER: i64 = 5 * SECOND;

/// Both halves of a token pair are written this close together (rules 26 and 27).
const BESIDE_RECORDS: u64 = 2;
const BESIDE: i64 = 2 * SECOND / 1000;

/// Names of one account that are kept: as it logs on, and as this computer calls it.
const MAX_ALIASES: usize = 4;

/// TokenElevationType of a 4688: the full token of one who has a limited one as well.
const FULL_TOKEN: &str = "%%1937";

/// Everything a boot's records say of its LogonIds, in the order of first mention.
#[derive(Debug, Default)]
pub struct Tracks {
    pub all: Vec<Track>,
    pub marks: Vec<Mark>,
    /// The newest track of each LogonId.
    pub by_luid: FxHashMap<LogonId, TrackIdx>,
    /// LogonIds of the boot's 4624, ascending, with their places. Fixed ones tell nothing of when others came.
    pub known: Vec<(LogonId, Pos)>,
    /// Places of the boot's 4719.
    pub policies: Vec<Pos>,
    /// The boot's last 4634.
    pub last_logoff: Option<Pos>,
    /// The boot's first and last 4672 of LogonIds that are not fixed.
    pub privileges: Option<(Pos, Pos)>,
    /// Whether the boot has any 4624.
    pub has_logons: bool,
    /// Other names of accounts, by SID: that of a Microsoft account is not the one that it has on this computer.
    pub aliases: FxHashMap<StrId, Vec<StrId>>,
    /// Of each of the boot's records, whose act it is.
    pub doers: Vec<Doer>,
    /// The boot's 4648 and its starts of SSH clients: they lead to other machines.
    pub outbound: Vec<Pos>,
    programs: Programs,
    last_logon: Option<(TrackIdx, Pos)>,
    /// What was asked for last: one LogonId's records come in runs.
    last: Option<(LogonId, TrackIdx)>,
}

/// Follows the LogonIds of a boot.
#[inline(never)]
pub fn tracks(records: &Records, security: &Lineage, boot: &Boot, kinds: &Kinds) -> Tracks {
    let log = Log { records, security };
    let mut tracks = Tracks::default();
    tracks.doers.reserve_exact(boot.security.len());
    for pos in boot.security.clone() {
        let row = security.rows[pos as usize];
        let doer = records.event(row).and_then(|event| {
            let said = records.events.said(event);
            let (subject, target) = (said.luid(Field::SubjectLogonId), said.luid(Field::TargetLogonId));
            tracks.add(log, pos, said, (subject, target));
            tracks.doer(doer_of(kinds.of_record(records, row)?, subject, target)?)
        });
        tracks.doers.push(doer.unwrap_or(Doer::NOBODY));
    }
    let logons = tracks.all.iter().filter_map(|track| Some((track.luid, track.logon?)));
    tracks.known = logons.filter(|(luid, _)| !luid.is_fixed()).collect();
    tracks.known.sort_unstable();
    tracks
}

/// The log that is read.
#[derive(Clone, Copy)]
struct Log<'a> {
    records: &'a Records,
    security: &'a Lineage,
}

impl Log<'_> {
    fn row(self, pos: Pos) -> usize {
        self.security.rows[pos as usize] as usize
    }

    fn time(self, pos: Pos) -> Timestamp {
        self.records.time[self.row(pos)]
    }

    fn id(self, pos: Pos) -> u64 {
        self.records.id[self.row(pos)]
    }
}

/// The account that an event gives for the LogonId of its Subject.
fn subject(said: Said<'_>) -> Identity {
    Identity {
        sid: said.text(Field::SubjectSid),
        user: said.text(Field::SubjectUser),
        domain: said.text(Field::SubjectDomain),
        logon_type: None,
    }
}

/// The account that an event gives for the LogonId of its Target. 4688 names the target by its LogonId alone where
/// subject and target are one account.
fn target(said: Said<'_>) -> Identity {
    Identity {
        sid: said.text(Field::TargetSid),
        user: said.text(Field::TargetUser),
        domain: said.text(Field::TargetDomain),
        logon_type: said.number(Field::LogonType),
    }
}

impl Tracks {
    fn add(
        &mut self,
        log: Log<'_>,
        pos: Pos,
        said: Said<'_>,
        (subject, target): (Option<LogonId>, Option<LogonId>),
    ) {
        let kind = said.kind();
        match kind {
            Kind::AuditPolicyChanged => self.policies.push(pos),
            Kind::ExplicitCredentials => self.outbound.push(pos),
            Kind::ProcessCreated if self.programs.is_client(log.records, said) => self.outbound.push(pos),
            _ => {}
        }
        // A 4624 that was made from itself tells nothing of who asked for it.
        let subject = subject.filter(|_| kind != Kind::Logon || subject != target);
        let by = subject.and_then(|luid| self.subject(log, pos, said, luid, target.is_some()));
        let Some(luid) = target else { return };
        match kind {
            Kind::Logon => self.logon(log, pos, said, luid, by),
            Kind::Logoff | Kind::UserLogoff if !luid.is_fixed() => self.logoff(pos, said, luid),
            Kind::Logoff | Kind::UserLogoff => {}
            _ => self.target(log, pos, said, luid),
        }
    }

    /// A record is an act of this LogonId: the track that has it now.
    fn doer(&mut self, luid: LogonId) -> Option<Doer> {
        Doer::fixed(luid).or_else(|| self.track_of(luid).map(Doer::of))
    }

    /// What a LogonId did.
    fn subject(
        &mut self,
        log: Log<'_>,
        pos: Pos,
        said: Said<'_>,
        luid: LogonId,
        has_target: bool,
    ) -> Option<TrackIdx> {
        let kind = said.kind();
        let account = (|| said.text(Field::SubjectSid), || subject(said));
        let track = self.cite(log, luid, pos, kind != Kind::SpecialPrivileges, account);
        if kind == Kind::SpecialPrivileges {
            self.take_privileges(luid, pos);
        }
        let own = &mut self.all[track? as usize];
        match kind {
            Kind::ProcessCreated if !has_target => own.take_process(log, said),
            Kind::ExplicitCredentials => own.gave_credentials = true,
            Kind::LogCleared | Kind::AuditPolicyChanged => own.has_full_token = true,
            _ => {}
        }
        track
    }

    fn take_privileges(&mut self, luid: LogonId, pos: Pos) {
        let Some(track) = self.track_of(luid) else { return };
        self.all[track as usize].privileges.get_or_insert(pos);
        if !luid.is_fixed() {
            self.privileges.get_or_insert((pos, pos)).1 = pos;
        }
    }

    /// What was done to a LogonId, its logon and logoff apart.
    fn target(&mut self, log: Log<'_>, pos: Pos, said: Said<'_>, luid: LogonId) {
        let kind = said.kind();
        let before = self.track_of(luid).and_then(|track| self.last_seen(track));
        let is_used = !is_of_logon(log, pos, kind);
        let account = (|| said.text(Field::TargetSid), || target(said));
        let Some(track) = self.cite(log, luid, pos, is_used, account) else { return };
        if kind == Kind::ProcessCreated {
            self.all[track as usize].take_process(log, said);
        }
        if is_mark(kind) {
            self.name(track, said.text(Field::TargetUser));
            self.all[track as usize].has_marks = true;
            self.marks.push(Mark { track, pos, kind, before });
        }
    }

    fn track_of(&mut self, luid: LogonId) -> Option<TrackIdx> {
        if let Some((last, idx)) = self.last.filter(|&(last, _)| last == luid) {
            debug_assert_eq!(self.by_luid.get(&last), Some(&idx));
            return Some(idx);
        }
        let idx = *self.by_luid.get(&luid)?;
        self.last = Some((luid, idx));
        Some(idx)
    }

    /// When a LogonId, or the one beside it, was last cited.
    fn last_seen(&self, track: TrackIdx) -> Option<Pos> {
        let own = &self.all[track as usize];
        let beside = own.beside.and_then(|other| self.all[other as usize].last_seen);
        own.last_seen.max(beside)
    }

    /// Rule 24: a LogonId that is cited is one, whether its 4624 was seen or not. `sid` and `account` are whose the record
    /// says it is.
    fn cite(
        &mut self,
        log: Log<'_>,
        luid: LogonId,
        pos: Pos,
        is_used: bool,
        (sid, account): (impl FnOnce() -> StrId, impl FnOnce() -> Identity),
    ) -> Option<TrackIdx> {
        if luid.is_fixed() {
            return None;
        }
        // A log that is whole hides no start.
        let sid = if log.security.long_gaps.is_empty() { StrId::NONE } else { sid() };
        let idx = match self.track_of(luid) {
            Some(idx) if self.is_of_account(log, idx, pos, sid) => idx,
            Some(idx) => self.reopen(idx, luid, pos),
            None => self.open(luid, pos),
        };
        let track = &mut self.all[idx as usize];
        if track.told_by < ToldBy::Cited || track.identity.user.is_none() {
            track.tell(account());
        }
        track.last_seen = Some(pos);
        track.is_used |= is_used;
        Some(idx)
    }

    /// Whether a record that cites a LogonId is of what has it. Within a boot it is one account's: another's has it since a
    /// start that is among missing records.
    fn is_of_account(&self, log: Log<'_>, idx: TrackIdx, pos: Pos, sid: StrId) -> bool {
        let track = &self.all[idx as usize];
        let known = track.identity.sid;
        let is_same = sid == known || sid.is_none() || known.is_none();
        is_same || !log.security.may_hide_start(track.last_seen.max(track.logoff).unwrap_or(track.first), pos)
    }

    /// The track of a LogonId that is logged off. Within a boot a LogonId is one account's: where it is another's, that
    /// one's logon and the start before it are missing.
    fn track_of_account(&mut self, luid: LogonId, pos: Pos, sid: StrId) -> TrackIdx {
        let Some(idx) = self.track_of(luid) else { return self.open(luid, pos) };
        let known = self.all[idx as usize].identity.sid;
        let is_same = sid.is_none() || known.is_none() || sid == known;
        if is_same { idx } else { self.reopen(idx, luid, pos) }
    }

    /// A LogonId that was given out again.
    fn reopen(&mut self, idx: TrackIdx, luid: LogonId, pos: Pos) -> TrackIdx {
        self.all[idx as usize].reused_at.get_or_insert(pos);
        self.open(luid, pos)
    }

    /// How many times as much as was gone through the boot has: its records have room among the doers.
    fn n_times_as_much(&self) -> f64 {
        self.doers.capacity() as f64 / (self.doers.len() + 1) as f64
    }

    fn open(&mut self, luid: LogonId, pos: Pos) -> TrackIdx {
        let idx = self.all.len() as TrackIdx;
        let earlier = self.track_of(luid);
        let n_times_as_much = self.n_times_as_much();
        make_room(&mut self.all, 1, n_times_as_much);
        self.all.push(Track::new(luid, pos, earlier));
        if self.by_luid.len() == self.by_luid.capacity() {
            self.by_luid.reserve(self.all.capacity() - self.by_luid.len());
        }
        self.by_luid.insert(luid, idx);
        self.last = Some((luid, idx));
        idx
    }

    fn logon(&mut self, log: Log<'_>, pos: Pos, said: Said<'_>, luid: LogonId, by: Option<TrackIdx>) {
        let told = target(said);
        let idx = match self.track_of(luid) {
            None => self.open(luid, pos),
            Some(idx) if luid.is_fixed() || self.fits(log, idx, pos, told.sid) => idx,
            Some(idx) => self.reopen(idx, luid, pos),
        };
        self.has_logons = true;
        let track = &mut self.all[idx as usize];
        track.n_logons += 1;
        track.last_seen = Some(pos);
        match track.logon {
            None => {
                (track.identity, track.told_by) = (told, ToldBy::Logon);
                track.logon = Some(pos);
                track.linked = said.luid(Field::LinkedLogonId);
                track.subject = by;
                self.put_beside(log, idx, pos);
            }
            Some(_) if !luid.is_fixed() => track.repeats.push(pos),
            Some(_) => {}
        }
    }

    /// Notes two 4624 that stand beside each other and are of one account.
    fn put_beside(&mut self, log: Log<'_>, idx: TrackIdx, pos: Pos) {
        let Some((other, at)) = self.last_logon.replace((idx, pos)) else { return };
        let is_near = log.id(pos).abs_diff(log.id(at)) <= BESIDE_RECORDS
            && log.time(pos).since(log.time(at)).abs() <= BESIDE;
        let (own, before) = (self.all[idx as usize].identity, self.all[other as usize].identity);
        if is_near && own.sid == before.sid && own.logon_type == before.logon_type {
            self.all[idx as usize].beside = Some(other);
            self.all[other as usize].beside = Some(idx);
        }
    }

    /// Rule 23: whether a 4624 belongs to the track that has its LogonId already: it completes a pending one, or it
    /// is the same logon written twice. Otherwise the LogonId was handed out again, after a start that was missed.
    fn fits(&self, log: Log<'_>, idx: TrackIdx, pos: Pos, sid: StrId) -> bool {
        let track = &self.all[idx as usize];
        let is_beside = |other: Pos| log.id(pos).saturating_sub(log.id(other)) <= CLUSTER_RECORDS;
        let is_soon = |other: Pos| log.time(pos).since(log.time(other)).abs() <= CLUSTER;
        let is_near = match track.logon {
            Some(logon) => is_beside(logon) && is_soon(logon),
            None => is_beside(track.first) || is_soon(track.first),
        };
        let known = track.identity.sid;
        let is_same = sid == known || track.logon.is_none() && (sid.is_none() || known.is_none());
        is_near && is_same && track.logoff.or(track.user_logoff).is_none()
    }

    /// Notes another name of a LogonId's account.
    fn name(&mut self, track: TrackIdx, user: StrId) {
        let Identity { sid, user: known, .. } = self.all[track as usize].identity;
        if user == known || user.is_none() || known.is_none() || sid.is_none() {
            return;
        }
        let own = self.aliases.entry(sid).or_default();
        if own.len() < MAX_ALIASES && !own.contains(&user) {
            own.push(user);
        }
    }

    fn logoff(&mut self, pos: Pos, said: Said<'_>, luid: LogonId) {
        let told = target(said);
        let idx = self.track_of_account(luid, pos, told.sid);
        self.name(idx, told.user);
        let track = &mut self.all[idx as usize];
        let by = match said.kind() {
            Kind::UserLogoff => {
                track.user_logoff.get_or_insert(pos);
                track.last_seen = Some(pos);
                ToldBy::UserLogoff
            }
            _ => {
                track.logoff.get_or_insert(pos);
                self.last_logoff = Some(pos);
                ToldBy::Logoff
            }
        };
        track.tell_by(by, told);
    }
}

impl Track {
    fn take_process(&mut self, log: Log<'_>, said: Said<'_>) {
        let elevation = || log.records.text(said.text(Field::TokenElevation));
        self.has_full_token |= self.logon.is_none() && !self.has_full_token && elevation() == FULL_TOKEN;
    }
}

/// A token's privileges were adjusted: part of a logon, as its claims, groups and privileges are.
const TOKEN_ADJUSTED: u32 = 4703;

/// Whether an event belongs to a logon itself, and tells of nothing that was done in it.
fn is_of_logon(log: Log<'_>, pos: Pos, kind: Kind) -> bool {
    use Kind::{ClaimsListed, GroupsListed, RemoteLogonDenied, SpecialGroups};
    matches!(kind, ClaimsListed | GroupsListed | RemoteLogonDenied | SpecialGroups)
        || kind == Kind::Activity && log.records.signature(log.row(pos) as u32).event_id == TOKEN_ADJUSTED
}

fn is_mark(kind: Kind) -> bool {
    use Kind::{Disconnected, Locked, Reconnected, ScreensaverOff, ScreensaverOn, Unlocked};
    matches!(kind, Disconnected | Locked | Reconnected | ScreensaverOff | ScreensaverOn | Unlocked)
}
