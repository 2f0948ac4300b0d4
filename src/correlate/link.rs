//! Which LogonIds are one session (domain.md C.6, rules 26 to 32).

use super::accounts::name;
use super::classify::{class_of_account, class_of_logon, is_window_manager};
use super::coverage::change_of;
use super::open::{Identity, Track, TrackIdx, Tracks};
use crate::audit::tasks;
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx};
use crate::machine::{Lineage, Pos};
use crate::session::{Class, LogonRole};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// Both halves of a token pair before Windows 10 are written this close together, and their LogonIds are this near
/// (rule 27).
const PAIR_RECORDS: u64 = 2;
const PAIR: i64 = 2 * SECOND / 1000;
const PAIR_LUIDS: u64 = 0x10000;

/// LogonIds without a 4624 that are looked at for one's other half.
const MAX_LOST: usize = 64;

/// The 4672 of a token pair comes this soon after its 4624 (C.2).
const PRIVILEGES_RECORDS: Pos = 8;
const PRIVILEGES: i64 = 5 * SECOND;

/// Both halves of a desktop's token pair are destroyed within seconds of each other, as a rule on one tick.
const DESTROYED: i64 = 5 * SECOND;

/// The 4648 of credentials that were given for a logon comes this soon before it (C.2).
const CREDENTIALS_RECORDS: Pos = 16;
const CREDENTIALS: i64 = 5 * SECOND;

/// Changes of the audit policy that are looked at on either side of a logon: one policy has some sixty subcategories.
const MAX_POLICIES: usize = 256;

/// One LogonId is given out again once for each start that is missing: no more are looked at.
const MAX_OWNERS: usize = 16;

/// LogonIds that are one session.
#[derive(Clone, Debug)]
pub struct Group {
    pub primary: TrackIdx,
    pub elevated: Option<TrackIdx>,
    /// Logons that belong to it without being its own.
    pub attached: Vec<(TrackIdx, LogonRole)>,
    pub class: Class,
    /// The LogonId its logon was made from: runas and its like (rule 30).
    pub parent: Option<TrackIdx>,
    /// Whether its logons belong to another group.
    pub is_attached: bool,
}

impl Group {
    pub fn own(&self) -> impl Iterator<Item = TrackIdx> {
        std::iter::once(self.primary).chain(self.elevated)
    }

    pub fn is_desktop(&self) -> bool {
        self.class == Class::Desktop && !self.is_attached
    }
}

/// The groups of a boot, in the order of their first records, and the group of each track.
pub struct Groups {
    pub all: Vec<Group>,
    pub of_track: Vec<u32>,
}

impl Groups {
    pub fn of(&self, track: TrackIdx) -> usize {
        self.of_track[track as usize] as usize
    }

    /// Makes one group's logons part of another's session.
    pub fn attach(&mut self, n: usize, home: usize, role: LogonRole) {
        let group = &mut self.all[n];
        group.is_attached = true;
        let attached = std::mem::take(&mut group.attached);
        let logons: Vec<(TrackIdx, LogonRole)> = group.own().map(|idx| (idx, role)).chain(attached).collect();
        for &(track, _) in &logons {
            self.of_track[track as usize] = home as u32;
        }
        self.all[home].attached.extend(logons);
    }

    /// Takes away groups that are part of others, and what was known of them.
    #[inline(never)]
    pub fn settle<T>(&mut self, facts: Vec<T>) -> Vec<T> {
        if self.all.iter().all(|group| !group.is_attached) {
            return facts;
        }
        let is_kept: Vec<bool> = self.all.iter().map(|group| !group.is_attached).collect();
        let mut numbers: Vec<u32> = Vec::with_capacity(is_kept.len());
        let mut n = 0;
        for &is_kept in &is_kept {
            numbers.push(n);
            n += u32::from(is_kept);
        }
        self.all.retain(|group| !group.is_attached);
        self.of_track.iter_mut().for_each(|group| *group = numbers[*group as usize]);
        facts.into_iter().zip(is_kept).filter(|(_, is_kept)| *is_kept).map(|(fact, _)| fact).collect()
    }
}

/// What linking looks things up in.
pub struct Linker<'a> {
    pub records: &'a Records,
    pub security: &'a Lineage,
    pub tracks: &'a Tracks,
}

impl<'a> Linker<'a> {
    pub fn track(&self, idx: TrackIdx) -> &'a Track {
        &self.tracks.all[idx as usize]
    }

    pub fn row(&self, pos: Pos) -> RowIdx {
        self.security.rows[pos as usize]
    }

    pub fn time(&self, pos: Pos) -> Timestamp {
        self.records.time[self.row(pos) as usize]
    }

    pub fn event(&self, pos: Pos) -> Option<EventIdx> {
        self.records.event(self.row(pos))
    }

    pub fn logon(&self, idx: TrackIdx) -> Option<EventIdx> {
        self.track(idx).logon.and_then(|pos| self.event(pos))
    }

    pub fn text(&self, event: EventIdx, field: Field) -> &'a str {
        self.records.text(self.records.events.text(event, field))
    }

    /// What had a LogonId, the newest first: it may have been given out again over a start that is missing.
    fn owners(&self, luid: LogonId) -> impl Iterator<Item = TrackIdx> + '_ {
        let newest = self.tracks.by_luid.get(&luid).copied();
        std::iter::successors(newest, |&idx| self.track(idx).earlier).take(MAX_OWNERS)
    }

    pub fn identity(&self, idx: TrackIdx) -> Identity {
        self.track(idx).identity
    }

    /// Whose a group is. 4778 and 4779 name no SID: then its other half may tell.
    pub fn account(&self, group: &Group) -> Identity {
        let primary = self.identity(group.primary);
        match group.elevated.map(|idx| self.identity(idx)) {
            Some(elevated) if primary.sid.is_none() && primary.user.is_none() => elevated,
            Some(Identity { sid, .. }) if primary.sid.is_none() => Identity { sid, ..primary },
            _ => primary,
        }
    }

    /// The names of an account in this boot, without their domains.
    pub fn names(&self, account: Identity) -> impl Iterator<Item = String> + use<'a> {
        let records = self.records;
        let others = self.tracks.aliases.get(&account.sid).filter(|_| !account.sid.is_none());
        let names = std::iter::once(account.user).chain(others.into_iter().flatten().copied());
        names.filter(|user| !user.is_none()).map(|user| name(records.text(user)))
    }

    /// Where a group's first 4624 stands.
    pub fn logon_of(&self, group: &Group) -> Option<Pos> {
        group.own().filter_map(|idx| self.track(idx).logon).min()
    }

    /// When a group's own LogonIds were cited for the first time and for the last.
    pub fn cited_between(&self, group: &Group) -> Option<(Timestamp, Timestamp)> {
        let own = || group.own().map(|idx| self.track(idx));
        let first = own().map(|track| track.first).min()?;
        let last = own().filter_map(|track| track.last_seen.max(track.logoff)).max().unwrap_or(first);
        Some((self.time(first), self.time(last)))
    }

    /// Whether one group was logged on while another was cited, as far as is known.
    pub fn overlaps(&self, group: &Group, cited: &Group) -> bool {
        let own = || group.own().map(|idx| self.track(idx));
        let ended = own().map(|track| track.user_logoff.or(track.logoff)).max().flatten();
        let Some(((first, _), (from, to))) = self.cited_between(group).zip(self.cited_between(cited)) else {
            return false;
        };
        first <= to && ended.is_none_or(|ended| from <= self.time(ended))
    }

    /// Where the first record of a logon stands whose 4624 is missing, and that was not used: nothing is known of it but
    /// what its logon wrote, and that it was destroyed within a time, if that was written.
    pub fn only_passing(&self, group: &Group, within: i64) -> Option<Pos> {
        let is_passing = |track: &Track| {
            let is_soon = |end: Pos| self.time(end).since(self.time(track.first)).abs() <= within;
            track.logon.is_none()
                && !track.is_used
                && track.user_logoff.is_none()
                && [track.logoff, track.last_seen].into_iter().flatten().all(is_soon)
        };
        let own = || group.own().map(|idx| self.track(idx));
        own().map(|track| track.first).min().filter(|_| own().all(is_passing))
    }

    /// Whether both are of one account: by SID, where that of one is unknown by name.
    pub fn is_one_account(&self, a: Identity, b: Identity) -> bool {
        if !a.sid.is_none() && !b.sid.is_none() {
            return a.sid == b.sid;
        }
        let name = |identity: Identity| self.records.text(identity.user);
        !a.user.is_none() && name(a).eq_ignore_ascii_case(name(b))
    }

    /// Rules 26 to 28: token pairs, and everything else by itself. By the track of the group's first record.
    #[inline(never)]
    pub fn groups(&self) -> Groups {
        let n = self.tracks.all.len() as TrackIdx;
        let mut twin: FxHashMap<TrackIdx, TrackIdx> = FxHashMap::default();
        let lost = self.without_logon();
        for idx in 0..n {
            let other =
                self.linked(idx).or_else(|| self.neighbour(idx)).or_else(|| self.lost_half(idx, &lost));
            if let Some(other) = other.filter(|other| !twin.contains_key(other) && !twin.contains_key(&idx)) {
                twin.insert(idx, other);
                twin.insert(other, idx);
            }
        }
        let mut groups =
            Groups { all: Vec::with_capacity(n as usize), of_track: Vec::with_capacity(n as usize) };
        for idx in 0..n {
            let twin = if twin.is_empty() { None } else { twin.get(&idx).copied() };
            if let Some(other) = twin.filter(|&other| other < idx) {
                groups.of_track.push(groups.of_track[other as usize]);
                continue;
            }
            groups.of_track.push(groups.all.len() as u32);
            groups.all.push(twin.map_or_else(|| self.group(idx, None), |other| self.pair(idx, other)));
        }
        groups
    }

    /// Rule 26: the 4624 names its other half, and that one names it, or its 4624 is lost.
    fn linked(&self, idx: TrackIdx) -> Option<TrackIdx> {
        let own = self.track(idx);
        let linked = own.linked.filter(|linked| !linked.is_fixed() && !own.luid.is_fixed())?;
        let is_mutual = |track: &Track| track.linked == Some(own.luid) || track.logon.is_none();
        let other = self.owners(linked).find(|&idx| is_mutual(self.track(idx)))?;
        let back = self.track(other);
        // A LogonId that was in use long before is another's, whose end or start is missing.
        let is_soon = |pos: Pos| self.time(pos).since(self.time(back.first)).abs() <= PRIVILEGES;
        let is_new = own.logon.is_some_and(|pos| back.first >= pos || is_soon(pos));
        (other != idx && is_new && self.is_same_account(idx, other)).then_some(other)
    }

    /// Whether two LogonIds may be one account's. 4778 and 4779 name an account without its SID: then the names tell.
    fn is_same_account(&self, a: TrackIdx, b: TrackIdx) -> bool {
        let (a, b) = (self.identity(a), self.identity(b));
        if !a.sid.is_none() && !b.sid.is_none() {
            return a.sid == b.sid;
        }
        let is_unnamed = a.user.is_none() || b.user.is_none();
        is_unnamed || a.user == b.user || name(self.records.text(a.user)) == name(self.records.text(b.user))
    }

    /// Rule 27: before Windows 10 nothing but their likeness joins both halves.
    fn neighbour(&self, idx: TrackIdx) -> Option<TrackIdx> {
        let first = self.track(idx);
        let (pos, event) = (first.logon?, self.logon(idx)?);
        let is_interactive =
            matches!(self.records.events.number(event, Field::LogonType), Some(2 | 7 | 10..=13));
        // The 4672 that names the elevated half comes right after both; it may be among records that are missing, or
        // not be audited.
        let is_elevated = first.privileges.is_some()
            || self.is_privilege_unaudited(pos)
            || self.may_be_unaudited(pos)
            || self.security.has_gap(pos, pos + PRIVILEGES_RECORDS)
            || self.is_privilege_lost(pos)
            || (pos + PRIVILEGES_RECORDS) as usize >= self.security.rows.len();
        if !is_interactive || !is_elevated || !self.text(event, Field::Elevated).is_empty() {
            return None;
        }
        (pos + 1..=pos + PAIR_RECORDS as Pos).find_map(|next| self.second_half(first, pos, event, next))
    }

    /// Whether a 1108 right after a place tells of a record that could not be written.
    fn is_privilege_lost(&self, pos: Pos) -> bool {
        let near = pos + 1..(pos + PRIVILEGES_RECORDS).min(self.security.rows.len() as Pos);
        let kinds = near.filter_map(|pos| self.event(pos)).map(|event| self.records.events.kind(event));
        kinds.into_iter().any(|kind| kind == Kind::EventLost)
    }

    /// Whether the audit of Special Logon may have been off at a place: the boot has no 4672 on one side of it, and where
    /// it has one on the other, records are missing in between.
    fn may_be_unaudited(&self, pos: Pos) -> bool {
        self.tracks.privileges.is_none_or(|(first, last)| {
            last < pos && self.security.has_gap(last, pos) || pos < first && self.security.has_gap(pos, first)
        })
    }

    /// Whether the audit of Special Logon was off at a place, by the 4719 before it or after: then no 4672 is written.
    fn is_privilege_unaudited(&self, pos: Pos) -> bool {
        let (before, after) =
            self.tracks.policies.split_at(self.tracks.policies.partition_point(|&change| change < pos));
        let change = |&change: &Pos| {
            self.event(change).and_then(|event| change_of(self.records, event, tasks::SPECIAL_LOGON))
        };
        let is_on = before.iter().rev().take(MAX_POLICIES).find_map(change);
        is_on.or_else(|| after.iter().take(MAX_POLICIES).find_map(change).map(|is_on| !is_on)) == Some(false)
    }

    fn second_half(&self, first: &Track, pos: Pos, event: EventIdx, next: Pos) -> Option<TrackIdx> {
        let row = *self.security.rows.get(next as usize)?;
        let other = self.records.event(row)?;
        let events = &self.records.events;
        let id = |pos: Pos| self.records.id[self.row(pos) as usize];
        let luid = events.luid(other, Field::TargetLogonId)?;
        let track = self.owners(luid).find(|&idx| self.track(idx).logon == Some(next))?;
        let same_text = |field| events.text(event, field) == events.text(other, field);
        let same_luid = |field| events.luid(event, field) == events.luid(other, field);
        let is_half = events.kind(other) == Kind::Logon
            && self.track(track).logon == Some(next)
            && id(next).wrapping_sub(id(pos)) <= PAIR_RECORDS
            && self.time(next).since(self.time(pos)).abs() <= PAIR
            && first.luid < luid
            && luid.apart(first.luid) < PAIR_LUIDS
            && events.number(event, Field::LogonType) == events.number(other, Field::LogonType)
            && same_text(Field::TargetSid)
            && same_text(Field::LogonProcess)
            && same_luid(Field::SubjectLogonId)
            && same_luid(Field::ProcessId);
        is_half.then_some(track)
    }

    /// LogonIds whose 4624 is missing, ascending.
    fn without_logon(&self) -> Vec<(LogonId, TrackIdx)> {
        let tracks = self.tracks.all.iter().zip(0..);
        let mut lost: Vec<_> =
            tracks.filter(|(track, _)| track.logon.is_none()).map(|(t, n)| (t.luid, n)).collect();
        lost.sort_unstable();
        lost
    }

    /// Rule 27, where a 4624 is missing: the other half is a LogonId of the same account, near enough, that has none.
    /// The elevated half comes first and has the lower LogonId.
    fn lost_half(&self, idx: TrackIdx, lost: &[(LogonId, TrackIdx)]) -> Option<TrackIdx> {
        if lost.is_empty() {
            return None;
        }
        let own = self.track(idx);
        let middle = lost.partition_point(|&(luid, _)| luid < own.luid);
        let fits = |&other: &TrackIdx| {
            other != idx && self.is_same_account(idx, other) && !self.identity(other).sid.is_none()
        };
        let is_near = |luid: LogonId| luid.apart(own.luid) < PAIR_LUIDS;
        let mut below = lost[..middle]
            .iter()
            .rev()
            .take(MAX_LOST)
            .take_while(|&&(luid, _)| is_near(luid))
            .map(|&(_, other)| other)
            .filter(fits);
        let (Some(pos), Some(event)) = (own.logon, self.logon(idx)) else {
            let other = below.next()?;
            let is_pair = self.is_lost_pair(idx, other)
                || self.is_listed_pair(idx, other)
                || self.is_destroyed_pair(idx, other)
                || self.is_prompt_pair(idx, other);
            return is_pair.then_some(other);
        };
        let is_interactive =
            matches!(self.records.events.number(event, Field::LogonType), Some(2 | 7 | 10..=13));
        if !is_interactive || !self.text(event, Field::Elevated).is_empty() {
            return None;
        }
        let is_cut = || self.security.loss(pos.saturating_sub(PAIR_RECORDS as Pos), pos).is_some();
        // Both halves of a window manager have a 4672.
        let may_be_limited = own.privileges.is_none() || self.is_window_manager(idx);
        let is_elevated =
            |&other: &TrackIdx| self.is_named_after(other, pos) || self.is_destroyed_pair(idx, other);
        if may_be_limited && let Some(other) = below.find(is_elevated).filter(|_| is_cut()) {
            return Some(other);
        }
        let is_cut = self.security.loss(pos, pos + PAIR_RECORDS as Pos).is_some();
        let above = lost[middle..].iter().take(MAX_LOST).take_while(|&&(luid, _)| is_near(luid));
        let next = above.map(|&(_, other)| other).find(fits).filter(|_| is_cut)?;
        let first = self.track(next).first;
        let is_soon = first > pos && self.time(first).since(self.time(pos)).abs() <= PRIVILEGES;
        let is_desktop = || first > pos && self.is_of_desktop(next) && !self.is_known_between(idx, next);
        let is_elevated = own.privileges.is_some() && (is_soon || is_desktop());
        (is_elevated || self.is_named_after(next, pos) || self.is_destroyed_pair(next, idx)).then_some(next)
    }

    /// Whether the 4672 of an elevated half stands right after a 4624 of the limited one.
    fn is_named_after(&self, other: TrackIdx, pos: Pos) -> bool {
        let track = self.track(other);
        let is_beside =
            |at: Pos| at <= pos + PRIVILEGES_RECORDS && self.time(at).since(self.time(pos)).abs() <= SECOND;
        track.first > pos && track.privileges.is_some_and(is_beside)
    }

    /// Whether desktop events cite a LogonId: of a pair they cite the limited half (rule 28).
    fn is_of_desktop(&self, idx: TrackIdx) -> bool {
        self.track(idx).user_logoff.is_some() || self.track(idx).has_marks
    }

    /// Whether two LogonIds without a 4624 are a pair whose logon the log does not have: one has the desktop, the other
    /// a full token or privileges, and nobody is known to have logged on between them.
    fn is_lost_pair(&self, limited: TrackIdx, elevated: TrackIdx) -> bool {
        let (own, other) = (self.track(limited), self.track(elevated));
        // The limited half's token keeps the elevated one alive.
        let is_in_time = own.user_logoff.is_none_or(|end| other.first < end)
            && other.logoff.is_none_or(|gone| own.first < gone);
        let is_interactive = matches!(other.identity.logon_type, None | Some(2 | 10..=12));
        // Of a type that nothing tells it may be the network logon before a Remote Desktop session, if that one's own
        // 4672 is among records that are missing.
        let is_elevated = |pos: Pos| {
            other.identity.logon_type.is_some() || self.security.loss(pos, own.first.max(pos)).is_none()
        };
        let has_privileges = own.privileges.is_none() && other.privileges.is_some_and(is_elevated);
        // Rule 28. The type of what ended is known: then it was no network logon that went on from here.
        let gave_credentials = other.gave_credentials && other.logoff.is_none();
        self.is_of_desktop(limited)
            && !self.is_of_desktop(elevated)
            && (other.has_full_token || has_privileges || gave_credentials)
            && other.reused_at.is_none()
            && !self.is_known_between(elevated, limited)
            && is_in_time
            && is_interactive
    }

    /// Whether two LogonIds of which hardly more than their 4634 is left were destroyed together, as the halves of a pair
    /// are. Programs that run as the desktop's own account end with it, too, but have a higher LogonId than it.
    fn is_destroyed_pair(&self, limited: TrackIdx, elevated: TrackIdx) -> bool {
        let (own, other) = (self.track(limited), self.track(elevated));
        // Of Remote Desktop there is no other logon in a session.
        let is_desktop = self.is_of_desktop(limited) || matches!(own.identity.logon_type, Some(10 | 12));
        let within = if is_desktop { DESTROYED } else { PAIR };
        let apart = own.logoff.zip(other.logoff).map(|(a, b)| self.time(a).since(self.time(b)).abs());
        matches!(own.identity.logon_type, Some(2 | 10..=12))
            && own.identity.logon_type == other.identity.logon_type
            && apart.is_some_and(|apart| apart <= within)
            && !self.is_of_desktop(elevated)
            && own.reused_at.or(other.reused_at).is_none()
            && !self.is_known_between(elevated, limited)
    }

    /// Whether two LogonIds without a 4624 are what a prompt's pair leaves: the 4672 of the elevated half, and right after
    /// it the 4634 of the limited one (rule 29).
    fn is_prompt_pair(&self, limited: TrackIdx, elevated: TrackIdx) -> bool {
        let (own, other) = (self.track(limited), self.track(elevated));
        let is_right_after = |at: Pos| {
            at < own.first
                && own.first <= at + PRIVILEGES_RECORDS
                && self.time(own.first).since(self.time(at)).abs() <= SECOND
        };
        own.last_seen.is_none()
            && own.identity.logon_type == Some(2)
            && matches!(other.identity.logon_type, None | Some(2))
            && other.privileges.is_some_and(is_right_after)
            && !self.is_known_between(elevated, limited)
    }

    fn is_window_manager(&self, idx: TrackIdx) -> bool {
        is_window_manager(self.records.text(self.identity(idx).sid), "")
    }

    /// Whether the 4627 of two LogonIds stand beside each other, as those of a pair do whose 4624 nobody audits. Both
    /// halves of a window manager have a 4672, too.
    fn is_listed_pair(&self, limited: TrackIdx, elevated: TrackIdx) -> bool {
        let (own, other) = (self.track(limited), self.track(elevated));
        let id = |pos: Pos| self.records.id[self.row(pos) as usize];
        let is_interactive =
            matches!(own.identity.logon_type, Some(2 | 7 | 10..=13)) || self.is_window_manager(limited);
        is_interactive
            && own.identity.logon_type == other.identity.logon_type
            && own.last_seen.is_some()
            && other.last_seen.is_some()
            && id(own.first).abs_diff(id(other.first)) <= PAIR_RECORDS
            && self.time(own.first).since(self.time(other.first)).abs() <= PAIR
    }

    /// Whether somebody is known to have logged on between two LogonIds, the lower first.
    fn is_known_between(&self, lower: TrackIdx, upper: TrackIdx) -> bool {
        let (lower, upper) = (self.track(lower).luid, self.track(upper).luid);
        let known = &self.tracks.known;
        let next = known.partition_point(|&(luid, _)| luid <= lower);
        known.get(next).is_some_and(|&(luid, _)| luid < upper)
    }

    /// Rule 28: the limited half is the session's name; desktop events cite it.
    fn pair(&self, a: TrackIdx, b: TrackIdx) -> Group {
        let elevated = |idx| self.logon(idx).map(|event| self.text(event, Field::Elevated) == "%%1842");
        let a_is_elevated = match (elevated(a), elevated(b)) {
            // Older events do not say: the elevated half has the lower LogonId.
            (Some(false), Some(false)) | (None, None) => self.track(a).luid < self.track(b).luid,
            (Some(a), _) => a,
            (None, Some(b)) => !b,
        };
        if a_is_elevated { self.group(b, Some(a)) } else { self.group(a, Some(b)) }
    }

    fn group(&self, primary: TrackIdx, elevated: Option<TrackIdx>) -> Group {
        let logon = self.logon(primary).or(elevated.and_then(|idx| self.logon(idx)));
        let class = match logon {
            Some(event) => class_of_logon(self.records, event),
            None => self.class_of_cited(primary),
        };
        let own = || std::iter::once(primary).chain(elevated);
        let by_subject = own().find_map(|idx| self.track(idx).subject);
        let by_credentials = || match class {
            Class::Secondary => own().find_map(|idx| self.by_credentials(idx)),
            _ => None,
        };
        Group {
            primary,
            elevated,
            attached: Vec::new(),
            class,
            parent: by_subject.or_else(by_credentials),
            is_attached: false,
        }
    }

    /// Rule 30, where the system made the logon itself: somebody had given that account's credentials just before.
    fn by_credentials(&self, idx: TrackIdx) -> Option<TrackIdx> {
        let pos = self.track(idx).logon?;
        let user = self.records.text(self.identity(idx).user);
        let is_near = |&before: &Pos| self.time(pos).since(self.time(before)).abs() <= CREDENTIALS;
        let near = (pos.saturating_sub(CREDENTIALS_RECORDS)..pos).rev().take_while(is_near);
        near.filter_map(|before| Some((before, self.event(before)?)))
            .filter(|&(_, event)| self.records.events.kind(event) == Kind::ExplicitCredentials)
            .filter(|&(_, event)| self.text(event, Field::TargetUser).eq_ignore_ascii_case(user))
            .find_map(|(before, event)| {
                let luid = self.records.events.luid(event, Field::SubjectLogonId)?;
                let giver = self.owners(luid).find(|&giver| self.track(giver).first <= before);
                giver.filter(|&giver| giver != idx && !luid.is_fixed())
            })
    }

    /// The class of a session whose 4624 is lost.
    fn class_of_cited(&self, idx: TrackIdx) -> Class {
        let track = self.track(idx);
        let identity = self.identity(idx);
        let text = |id| self.records.text(id);
        let account = class_of_account(
            Some(track.luid),
            text(identity.sid),
            text(identity.user),
            text(identity.domain),
        );
        // A computer's account has no desktop.
        let has_desktop =
            self.is_of_desktop(idx) || matches!(identity.logon_type, Some(2 | 7 | 10 | 11 | 12 | 13));
        let account = account.filter(|class| *class != Class::Machine || !has_desktop);
        account.unwrap_or_else(|| match identity.logon_type {
            _ if track.user_logoff.is_some() => Class::Desktop,
            Some(2 | 10 | 11 | 12) => Class::Desktop,
            Some(3 | 8) => Class::Network,
            Some(4) => Class::Batch,
            Some(5) => Class::Service,
            Some(7 | 13) => Class::Reauth,
            Some(9) => Class::Secondary,
            _ if track.has_marks => Class::Desktop,
            _ => Class::Unknown,
        })
    }
}
