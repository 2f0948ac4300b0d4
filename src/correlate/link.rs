//! Which LogonIds are one session (domain.md C.6, rules 26 to 32).

use super::classify::{class_of_account, class_of_logon};
use super::open::{Track, TrackIdx, Tracks};
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx, StrId};
use crate::machine::{Lineage, Pos};
use crate::session::{Class, LogonRole};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// Both halves of a token pair before Windows 10 are written this close together, and their LogonIds are this near
/// (rule 27).
const PAIR_RECORDS: u64 = 2;
const PAIR: i64 = 2 * SECOND / 1000;
const PAIR_LUIDS: u64 = 0x10000;

/// The 4672 of a token pair comes this soon after its 4624 (C.2).
const PRIVILEGES_RECORDS: Pos = 8;
const PRIVILEGES: i64 = 5 * SECOND;

/// A desktop logon of someone who is on already, gone this soon, was the way back to the session (B, class 6).
const RECONNECT: i64 = 5 * SECOND;

/// An unlock and the 4801 or 4778 it belongs to (rule 31).
const UNLOCK: i64 = 3 * SECOND;

/// One LogonId is given out again once for each start that is missing: no more are looked at.
const MAX_OWNERS: usize = 16;

/// Of one account's desktops in a boot, the newest are looked at: nobody has more open at once.
const MAX_DESKTOPS: usize = 256;

/// Network level authentication comes this long before the logon it is for (B, class 8).
const NLA: i64 = MINUTE;

/// LogonIds that are one session.
#[derive(Clone, Debug)]
pub struct Group {
    pub primary: TrackIdx,
    pub elevated: Option<TrackIdx>,
    /// Logons that belong to it without being its own.
    pub attached: Vec<(TrackIdx, LogonRole)>,
    pub class: Class,
    /// The LogonId its logon was made from: runas and its like.
    pub parent: Option<LogonId>,
}

impl Group {
    pub fn own(&self) -> impl Iterator<Item = TrackIdx> {
        std::iter::once(self.primary).chain(self.elevated)
    }
}

/// What linking looks things up in.
pub struct Linker<'a> {
    pub records: &'a Records,
    pub security: &'a Lineage,
    pub tracks: &'a Tracks,
}

/// Who a LogonId is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub sid: StrId,
    pub user: StrId,
    pub domain: StrId,
    pub logon_type: Option<u32>,
}

impl<'a> Linker<'a> {
    /// The sessions of a boot, in the order of their first records.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups = self.pairs();
        self.attach_unlocks(&mut groups);
        self.attach_reconnects(&mut groups);
        self.attach_nla(&mut groups);
        groups.into_iter().flatten().collect()
    }

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

    fn text(&self, event: EventIdx, field: Field) -> &'a str {
        self.records.text(self.records.events.text(event, field))
    }

    /// What had a LogonId, the newest first: it may have been given out again over a start that is missing.
    fn owners(&self, luid: LogonId) -> impl Iterator<Item = TrackIdx> + '_ {
        let newest = self.tracks.by_luid.get(&luid.0).copied();
        std::iter::successors(newest, |&idx| self.track(idx).earlier).take(MAX_OWNERS)
    }

    /// From the 4624, else from what else tells.
    pub fn identity(&self, idx: TrackIdx) -> Identity {
        let track = self.track(idx);
        let told = [track.logon, track.user_logoff, track.logoff, Some(track.first)];
        let told: Vec<Identity> =
            told.into_iter().flatten().filter_map(|pos| self.identity_at(pos, track.luid)).collect();
        let known =
            told.iter().find(|known| !known.sid.is_none()).or(told.first()).copied().unwrap_or_default();
        Identity { logon_type: known.logon_type.or(told.iter().find_map(|known| known.logon_type)), ..known }
    }

    fn identity_at(&self, pos: Pos, luid: LogonId) -> Option<Identity> {
        let event = self.event(pos)?;
        let events = &self.records.events;
        let text = |field| events.text(event, field);
        match events.luid(event, Field::TargetLogonId) == Some(luid) {
            // 4688 names the target by its LogonId alone where subject and target are one account.
            true if !(text(Field::TargetUser).is_none() && text(Field::TargetSid).is_none()) => {
                Some(Identity {
                    sid: text(Field::TargetSid),
                    user: text(Field::TargetUser),
                    domain: text(Field::TargetDomain),
                    logon_type: events.number(event, Field::LogonType),
                })
            }
            true => None,
            false => Some(Identity {
                sid: text(Field::SubjectSid),
                user: text(Field::SubjectUser),
                domain: text(Field::SubjectDomain),
                logon_type: None,
            }),
        }
    }

    /// Rules 26 to 28: token pairs, and everything else by itself. By the track of the group's first record.
    fn pairs(&self) -> Vec<Option<Group>> {
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
        (0..n)
            .map(|idx| match twin.get(&idx) {
                Some(&other) if other < idx => None,
                Some(&other) => Some(self.pair(idx, other)),
                None => Some(self.group(idx, None)),
            })
            .collect()
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

    fn is_same_account(&self, a: TrackIdx, b: TrackIdx) -> bool {
        let (a, b) = (self.identity(a).sid, self.identity(b).sid);
        a.is_none() || b.is_none() || a == b
    }

    /// Rule 27: before Windows 10 nothing but their likeness joins both halves.
    fn neighbour(&self, idx: TrackIdx) -> Option<TrackIdx> {
        let first = self.track(idx);
        let (pos, event) = (first.logon?, self.logon(idx)?);
        let is_interactive =
            matches!(self.records.events.number(event, Field::LogonType), Some(2 | 7 | 10..=13));
        // The 4672 that names the elevated half comes right after both; it may be among records that are missing.
        let is_elevated = first.privileges.is_some() || self.security.has_gap(pos, pos + PRIVILEGES_RECORDS);
        if !is_interactive || !is_elevated || !self.text(event, Field::Elevated).is_empty() {
            return None;
        }
        (pos + 1..=pos + PAIR_RECORDS as Pos).find_map(|next| self.second_half(first, pos, event, next))
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
            && luid.0.checked_sub(first.luid.0).is_some_and(|apart| apart > 0 && apart < PAIR_LUIDS)
            && events.number(event, Field::LogonType) == events.number(other, Field::LogonType)
            && same_text(Field::TargetSid)
            && same_text(Field::LogonProcess)
            && same_luid(Field::SubjectLogonId)
            && same_luid(Field::ProcessId);
        is_half.then_some(track)
    }

    /// LogonIds whose 4624 is missing, ascending. None in a log that misses no records.
    fn without_logon(&self) -> Vec<(u64, TrackIdx)> {
        if self.security.gaps.is_empty() {
            return Vec::new();
        }
        let tracks = self.tracks.all.iter().zip(0..);
        let mut lost: Vec<_> =
            tracks.filter(|(track, _)| track.logon.is_none()).map(|(t, n)| (t.luid.0, n)).collect();
        lost.sort_unstable();
        lost
    }

    /// Rule 27, where records are missing right beside a 4624: the other half is a LogonId of the same account near
    /// enough that has none. The elevated half comes first and has the lower LogonId.
    fn lost_half(&self, idx: TrackIdx, lost: &[(u64, TrackIdx)]) -> Option<TrackIdx> {
        let own = self.track(idx);
        let (pos, event) = (own.logon.filter(|_| !lost.is_empty())?, self.logon(idx)?);
        let is_interactive =
            matches!(self.records.events.number(event, Field::LogonType), Some(2 | 7 | 10..=13));
        if !is_interactive || !self.text(event, Field::Elevated).is_empty() {
            return None;
        }
        let middle = lost.partition_point(|&(luid, _)| luid < own.luid.0);
        // What had ended before is no half of it.
        let ended = |other: &Track| other.user_logoff.or(other.logoff).is_some_and(|ended| ended < pos);
        let fits = |other: TrackIdx| {
            self.is_same_account(idx, other)
                && !self.identity(other).sid.is_none()
                && !ended(self.track(other))
        };
        let is_limited = own.privileges.is_none();
        if is_limited && self.security.gaps.binary_search(&pos).is_ok() {
            let below = lost[..middle].iter().rev().take_while(|(luid, _)| own.luid.0 - luid < PAIR_LUIDS);
            let is_beside = |other: TrackIdx| {
                let first = self.track(other).first;
                let apart = self.time(first).since(self.time(pos)).abs();
                first.abs_diff(pos) <= PRIVILEGES_RECORDS && apart <= PRIVILEGES
            };
            return below.map(|&(_, other)| other).find(|&other| is_beside(other) && fits(other));
        }
        let is_cut = self.security.has_gap(pos, pos + PAIR_RECORDS as Pos);
        let above = lost[middle..].iter().take_while(|(luid, _)| luid - own.luid.0 < PAIR_LUIDS);
        let is_desktop =
            |other: TrackIdx| self.track(other).user_logoff.is_some() || self.track(other).has_marks;
        let found = above.map(|&(_, other)| other).find(|&other| is_desktop(other) && fits(other));
        found.filter(|_| !is_limited && is_cut)
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
        let subject = logon.and_then(|event| self.records.events.luid(event, Field::SubjectLogonId));
        let class = match logon {
            Some(event) => class_of_logon(self.records, event),
            None => self.class_of_cited(primary),
        };
        Group {
            primary,
            elevated,
            attached: Vec::new(),
            class,
            parent: subject.filter(|luid| !luid.is_fixed()),
        }
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

    /// Rule 31: an unlock is no session of its own.
    fn attach_unlocks(&self, groups: &mut [Option<Group>]) {
        let desktops = self.desktops(groups);
        for n in 0..groups.len() {
            let Some(group) = groups[n].as_ref().filter(|group| group.class == Class::Reauth) else {
                continue;
            };
            let Some(pos) = group.own().filter_map(|idx| self.track(idx).logon).min() else { continue };
            let sid = self.identity(group.primary).sid;
            let Some(home) = self.unlocked(groups, &desktops, sid, pos) else { continue };
            let role = match self.logon(group.primary).or(group.elevated.and_then(|idx| self.logon(idx))) {
                Some(event) if self.is_refresh(event) => LogonRole::Refresh,
                _ => LogonRole::Unlock,
            };
            self.attach(groups, n, home, role);
        }
    }

    /// The local security authority refreshes its credentials with a type 7 that nobody typed.
    fn is_refresh(&self, event: EventIdx) -> bool {
        let process = self.text(event, Field::ProcessName).to_ascii_lowercase();
        self.text(event, Field::LogonProcess).eq_ignore_ascii_case("Negotiat")
            || process.ends_with("\\lsass.exe")
    }

    /// Desktop groups by account.
    fn desktops(&self, groups: &[Option<Group>]) -> FxHashMap<StrId, Vec<usize>> {
        let mut desktops: FxHashMap<StrId, Vec<usize>> = FxHashMap::default();
        for (n, group) in groups.iter().enumerate() {
            if let Some(group) = group.as_ref().filter(|group| group.class == Class::Desktop) {
                desktops.entry(self.identity(group.primary).sid).or_default().push(n);
            }
        }
        desktops
    }

    /// The session that an unlock at this place is of: that of the 4801 or 4778 beside it, else the newest of the
    /// account that is on.
    fn unlocked(
        &self,
        groups: &[Option<Group>],
        desktops: &FxHashMap<StrId, Vec<usize>>,
        sid: StrId,
        pos: Pos,
    ) -> Option<usize> {
        let own = desktops.get(&sid)?;
        let first = |n: usize| groups[n].as_ref().map_or(Pos::MAX, |group| self.track(group.primary).first);
        let begun = own.partition_point(|&n| first(n) < pos);
        let live = |&n: &usize| groups[n].as_ref().is_some_and(|group| self.is_live(group, pos));
        let newest = own[..begun].iter().rev().take(MAX_DESKTOPS).copied();
        let live: Vec<usize> = newest.filter(live).collect();
        let marks: Vec<TrackIdx> = self.marks_near(pos, UNLOCK).collect();
        let has_mark = |n: &&usize| {
            groups[**n].as_ref().is_some_and(|group| group.own().any(|idx| marks.contains(&idx)))
        };
        live.iter().find(has_mark).or(live.first()).copied()
    }

    /// Tracks with a 4801 or 4778 within a time of a place.
    fn marks_near(&self, pos: Pos, within: i64) -> impl Iterator<Item = TrackIdx> + '_ {
        let at = self.time(pos);
        let middle = self.tracks.marks.partition_point(|mark| mark.pos < pos);
        let near = move |mark: &&super::open::Mark| self.time(mark.pos).since(at).abs() <= within;
        let (before, after) = self.tracks.marks.split_at(middle);
        let resumes = |mark: &&super::open::Mark| matches!(mark.kind, Kind::Unlocked | Kind::Reconnected);
        before
            .iter()
            .rev()
            .take_while(near)
            .chain(after.iter().take_while(near))
            .filter(resumes)
            .map(|mark| mark.track)
    }

    /// Whether a session is on at a place: begun, and not known to have ended.
    fn is_live(&self, group: &Group, pos: Pos) -> bool {
        let is_before = |at: Option<Pos>| at.is_some_and(|at| at < pos);
        group.own().any(|idx| self.track(idx).first < pos)
            && !group.own().any(|idx| is_before(self.track(idx).user_logoff))
            && !group.own().all(|idx| is_before(self.track(idx).logoff))
    }

    /// B, class 6: a desktop logon that only led back to the session its account had.
    fn attach_reconnects(&self, groups: &mut [Option<Group>]) {
        let desktops = self.desktops(groups);
        for (sid, own) in &desktops {
            if own.len() < 2 || sid.is_none() {
                continue;
            }
            for &n in own {
                let Some(pos) = groups[n].as_ref().and_then(|group| self.track(group.primary).logon) else {
                    continue;
                };
                let Some(home) = self.resumed(groups, own, n, pos) else { continue };
                self.attach(groups, n, home, LogonRole::Reconnect);
            }
        }
    }

    fn resumed(&self, groups: &[Option<Group>], own: &[usize], n: usize, pos: Pos) -> Option<usize> {
        let group = groups[n].as_ref()?;
        let gone =
            |idx| self.track(idx).logoff.is_some_and(|at| self.time(at).since(self.time(pos)) <= RECONNECT);
        let is_short = group.own().all(gone);
        let marks: Vec<TrackIdx> = self.marks_near(pos, RECONNECT).collect();
        if !is_short && marks.is_empty() {
            return None;
        }
        let is_resumed = |other: &Group| other.own().any(|idx| marks.contains(&idx));
        let fits = |&&m: &&usize| {
            m != n
                && groups[m]
                    .as_ref()
                    .is_some_and(|other| self.is_live(other, pos) && (is_short || is_resumed(other)))
        };
        let older = own.partition_point(|&m| m < n);
        own[..older].iter().rev().take(MAX_DESKTOPS).find(fits).copied()
    }

    /// Rule 32: the network logon that came before a Remote Desktop logon tells where it came from.
    fn attach_nla(&self, groups: &mut [Option<Group>]) {
        let mut network: FxHashMap<(StrId, StrId), Vec<usize>> = FxHashMap::default();
        for (n, group) in groups.iter().enumerate() {
            if let Some(key) = group.as_ref().and_then(|group| self.nla_key(group)) {
                network.entry(key).or_default().push(n);
            }
        }
        for n in 0..groups.len() {
            let Some(group) = groups[n].as_ref().filter(|group| group.class == Class::Desktop) else {
                continue;
            };
            let logons: Vec<TrackIdx> =
                group.own().chain(group.attached.iter().map(|&(idx, _)| idx)).collect();
            for (key, pos) in logons.into_iter().filter_map(|idx| self.remote_logon(idx)) {
                for &m in network.get(&key).into_iter().flatten() {
                    let is_before = |group: &Group| {
                        let at = self.track(group.primary).logon;
                        at.is_some_and(|at| at < pos && self.time(pos).since(self.time(at)) <= NLA)
                    };
                    if groups[m].as_ref().is_some_and(is_before) {
                        self.attach(groups, m, n, LogonRole::Nla);
                    }
                }
            }
        }
    }

    /// Account and address of a network logon that no local process made.
    fn nla_key(&self, group: &Group) -> Option<(StrId, StrId)> {
        let event = self.logon(group.primary).filter(|_| group.class == Class::Network)?;
        let events = &self.records.events;
        let is_remote = events.number(event, Field::LogonType) == Some(3)
            && events.luid(event, Field::ProcessId).is_none()
            && group.elevated.is_none();
        self.account_and_address(event).filter(|_| is_remote)
    }

    fn remote_logon(&self, idx: TrackIdx) -> Option<((StrId, StrId), Pos)> {
        let event = self.logon(idx)?;
        let is_remote = matches!(self.records.events.number(event, Field::LogonType), Some(7 | 10 | 12));
        let key = self.account_and_address(event).filter(|_| is_remote)?;
        Some((key, self.track(idx).logon?))
    }

    fn account_and_address(&self, event: EventIdx) -> Option<(StrId, StrId)> {
        let events = &self.records.events;
        let key = (events.text(event, Field::TargetSid), events.text(event, Field::Address));
        (!key.0.is_none() && !key.1.is_none()).then_some(key)
    }

    /// Makes one group's logons part of another's session.
    fn attach(&self, groups: &mut [Option<Group>], n: usize, home: usize, role: LogonRole) {
        let Some(group) = groups[n].take() else { return };
        let Some(home) = groups[home].as_mut() else {
            groups[n] = Some(group);
            return;
        };
        home.attached.extend(group.own().map(|idx| (idx, role)));
        home.attached.extend(group.attached.iter().copied());
    }
}
