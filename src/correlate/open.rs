//! Which LogonIds a boot has, and what is recorded of each (domain.md C.5, rules 22 to 24).

use crate::event::{EventIdx, Field, Kind, LogonId, Records, StrId};
use crate::machine::{Boot, Lineage, Pos};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

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

/// A LogonId's number among a boot's [`Tracks`].
pub type TrackIdx = u32;

/// Who a LogonId is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub sid: StrId,
    pub user: StrId,
    pub domain: StrId,
    pub logon_type: Option<u32>,
}

/// Which record an account was learned from: the later ones tell better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum ToldBy {
    #[default]
    Nothing,
    /// 4778 and 4779 name an account without its SID.
    Name,
    Cited,
    Logoff,
    UserLogoff,
    Logon,
}

/// One LogonId in one boot, with the places of its records in the Security lineage.
#[derive(Clone, Debug)]
pub struct Track {
    pub luid: LogonId,
    pub identity: Identity,
    told_by: ToldBy,
    /// Its 4624; without one it is known only because it is cited.
    pub logon: Option<Pos>,
    pub linked: Option<LogonId>,
    /// The LogonId its 4624 was made from, if that is a user's (rule 30).
    pub subject: Option<TrackIdx>,
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
    /// Whether it did what takes a full token, the elevated half of a pair: started a program with one, cleared a log,
    /// or changed the audit policy. Asked only of LogonIds whose 4624 is missing.
    pub has_full_token: bool,
    /// Whether it gave credentials (4648), as the elevated half of a pair does more often than the limited one.
    pub gave_credentials: bool,
    /// Whether it did anything but log on and off.
    pub is_used: bool,
    /// The track of the 4624 that stands beside its own, of the same account and type: as a rule its other half.
    beside: Option<TrackIdx>,
    /// The record that took its LogonId over (rule 23).
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
    /// The last record before this one of the LogonId, or of the one beside it.
    pub before: Option<Pos>,
}

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
    last_logon: Option<(TrackIdx, Pos)>,
}

/// Follows the LogonIds of a boot.
#[inline(never)]
pub fn tracks(records: &Records, security: &Lineage, boot: &Boot) -> Tracks {
    let log = Log { records, security };
    let mut tracks = Tracks::default();
    for pos in boot.security.clone() {
        if let Some(event) = records.event(security.rows[pos as usize]) {
            tracks.add(log, pos, event);
        }
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

    /// The account that an event gives for the LogonId of its Subject.
    fn subject(self, event: EventIdx) -> Identity {
        let text = |field| self.records.events.text(event, field);
        Identity {
            sid: text(Field::SubjectSid),
            user: text(Field::SubjectUser),
            domain: text(Field::SubjectDomain),
            logon_type: None,
        }
    }

    /// The account that an event gives for the LogonId of its Target. 4688 names the target by its LogonId alone where
    /// subject and target are one account.
    fn target(self, event: EventIdx) -> Identity {
        let text = |field| self.records.events.text(event, field);
        Identity {
            sid: text(Field::TargetSid),
            user: text(Field::TargetUser),
            domain: text(Field::TargetDomain),
            logon_type: self.records.events.number(event, Field::LogonType),
        }
    }
}

impl Tracks {
    fn add(&mut self, log: Log<'_>, pos: Pos, event: EventIdx) {
        let events = &log.records.events;
        let subject = events.luid(event, Field::SubjectLogonId);
        let target = events.luid(event, Field::TargetLogonId);
        let kind = events.kind(event);
        if kind == Kind::AuditPolicyChanged {
            self.policies.push(pos);
        }
        let mut by = None;
        if let Some(luid) = subject.filter(|_| kind != Kind::Logon || subject != target) {
            let is_used = !matches!(kind, Kind::SpecialPrivileges);
            let track = self.cite(luid, pos, is_used, || log.subject(event));
            if kind == Kind::SpecialPrivileges
                && let Some(track) = track.or_else(|| self.track_of(luid))
            {
                self.all[track as usize].privileges.get_or_insert(pos);
                if !luid.is_fixed() {
                    self.privileges.get_or_insert((pos, pos)).1 = pos;
                }
            }
            match (track, kind, target) {
                (Some(track), Kind::ProcessCreated, None) => self.process(log, event, track),
                (Some(track), Kind::ExplicitCredentials, _) => {
                    self.all[track as usize].gave_credentials = true;
                }
                (Some(track), Kind::LogCleared | Kind::AuditPolicyChanged, _) => {
                    self.all[track as usize].has_full_token = true;
                }
                _ => {}
            }
            by = track;
        }
        let Some(luid) = target else { return };
        match kind {
            Kind::Logon => self.logon(log, pos, event, luid, by),
            Kind::Logoff | Kind::UserLogoff if !luid.is_fixed() => self.logoff(log, pos, event, luid),
            Kind::Logoff | Kind::UserLogoff => {}
            _ => {
                let before = self.track_of(luid).and_then(|track| self.last_seen(track));
                let is_used = !is_of_logon(log, pos, kind);
                let track = self.cite(luid, pos, is_used, || log.target(event));
                if let (Some(track), Kind::ProcessCreated) = (track, kind) {
                    self.process(log, event, track);
                }
                if let (Some(track), true) = (track, is_mark(kind)) {
                    self.name(track, log.target(event).user);
                    self.all[track as usize].has_marks = true;
                    self.marks.push(Mark { track, pos, kind, before });
                }
            }
        }
    }

    fn process(&mut self, log: Log<'_>, event: EventIdx, track: TrackIdx) {
        let track = &mut self.all[track as usize];
        let elevation = || log.records.text(log.records.events.text(event, Field::TokenElevation));
        track.has_full_token |= track.logon.is_none() && !track.has_full_token && elevation() == FULL_TOKEN;
    }

    fn track_of(&self, luid: LogonId) -> Option<TrackIdx> {
        self.by_luid.get(&luid).copied()
    }

    /// When a LogonId, or the one beside it, was last cited.
    fn last_seen(&self, track: TrackIdx) -> Option<Pos> {
        let own = &self.all[track as usize];
        let beside = own.beside.and_then(|other| self.all[other as usize].last_seen);
        own.last_seen.max(beside)
    }

    /// Rule 24: a LogonId that is cited is one, whether its 4624 was seen or not. `account` is whose the record says it
    /// is.
    fn cite(
        &mut self,
        luid: LogonId,
        pos: Pos,
        is_used: bool,
        account: impl FnOnce() -> Identity,
    ) -> Option<TrackIdx> {
        if luid.is_fixed() {
            return None;
        }
        let idx = self.track_of(luid).unwrap_or_else(|| self.open(luid, pos));
        let track = &mut self.all[idx as usize];
        if track.told_by < ToldBy::Cited {
            track.tell(account());
        }
        track.last_seen = Some(pos);
        track.is_used |= is_used;
        Some(idx)
    }

    /// The track of a LogonId that is logged off. Within a boot a LogonId is one account's: where it is another's, that
    /// one's logon and the start before it are missing.
    fn track_of_account(&mut self, luid: LogonId, pos: Pos, sid: StrId) -> TrackIdx {
        let Some(idx) = self.track_of(luid) else { return self.open(luid, pos) };
        let track = &mut self.all[idx as usize];
        let known = track.identity.sid;
        if sid.is_none() || known.is_none() || sid == known {
            return idx;
        }
        track.reused_at.get_or_insert(pos);
        self.open(luid, pos)
    }

    fn open(&mut self, luid: LogonId, pos: Pos) -> TrackIdx {
        let idx = self.all.len() as TrackIdx;
        self.all.push(Track {
            luid,
            identity: Identity::default(),
            told_by: ToldBy::Nothing,
            logon: None,
            linked: None,
            subject: None,
            n_logons: 0,
            repeats: Vec::new(),
            first: pos,
            last_seen: None,
            logoff: None,
            user_logoff: None,
            privileges: None,
            has_marks: false,
            has_full_token: false,
            gave_credentials: false,
            is_used: false,
            beside: None,
            reused_at: None,
            earlier: self.track_of(luid),
        });
        self.by_luid.insert(luid, idx);
        idx
    }

    fn logon(&mut self, log: Log<'_>, pos: Pos, event: EventIdx, luid: LogonId, by: Option<TrackIdx>) {
        let told = log.target(event);
        let idx = match self.track_of(luid) {
            None => self.open(luid, pos),
            Some(idx) if luid.is_fixed() || self.fits(log, idx, pos, told.sid) => idx,
            Some(idx) => {
                self.all[idx as usize].reused_at.get_or_insert(pos);
                self.open(luid, pos)
            }
        };
        self.has_logons = true;
        let track = &mut self.all[idx as usize];
        track.n_logons += 1;
        track.last_seen = Some(pos);
        match track.logon {
            None => {
                (track.identity, track.told_by) = (told, ToldBy::Logon);
                track.logon = Some(pos);
                track.linked = log.records.events.luid(event, Field::LinkedLogonId);
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

    fn logoff(&mut self, log: Log<'_>, pos: Pos, event: EventIdx, luid: LogonId) {
        let told = log.target(event);
        let idx = self.track_of_account(luid, pos, told.sid);
        self.name(idx, told.user);
        let track = &mut self.all[idx as usize];
        let by = match log.records.events.kind(event) {
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
    fn tell(&mut self, told: Identity) {
        let by = match told {
            Identity { sid: StrId::NONE, user: StrId::NONE, .. } => return,
            Identity { sid: StrId::NONE, .. } => ToldBy::Name,
            _ => ToldBy::Cited,
        };
        self.tell_by(by, told);
    }

    fn tell_by(&mut self, by: ToldBy, told: Identity) {
        if by > self.told_by && !(told.sid.is_none() && told.user.is_none()) {
            let logon_type = told.logon_type.or(self.identity.logon_type);
            (self.identity, self.told_by) = (Identity { logon_type, ..told }, by);
        } else {
            self.identity.logon_type = self.identity.logon_type.or(told.logon_type);
        }
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

/// Between which logons a LogonId without a 4624 was created: LogonIds grow, but neighbours may be swapped (rules 9
/// and 24). Over records among which a start may be missing the order of LogonIds tells nothing.
pub fn neighbours(
    tracks: &Tracks,
    luid: LogonId,
    first: Pos,
    security: &Lineage,
) -> (Option<Pos>, Option<Pos>) {
    let next = tracks.known.partition_point(|&(other, _)| other < luid);
    let is_same_boot = |pos: Pos| !security.may_hide_start(pos, first);
    let before = next.checked_sub(1).map(|n| tracks.known[n].1);
    let before = before.filter(|&pos| pos < first || is_same_boot(pos));
    let after = tracks.known.get(next).map(|&(_, pos)| pos);
    let after = after.filter(|&pos| pos > first || is_same_boot(pos));
    (before, after)
}
