//! Which LogonIds are one session, and what is it for (domain.md C.6, rules 28 and 30)? Which of them are halves of one
//! pair, [`super::pairs`] tells.

use super::accounts::name;
use super::classify::{class_of_account, class_of_logon};
use super::open::{Identity, Track, TrackIdx, Tracks};
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx};
use crate::machine::{Lineage, Pos};
use crate::session::{Class, LogonRole};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// The 4648 of credentials that were given for a logon comes this soon before it (C.2).
const CREDENTIALS_RECORDS: Pos = 16;
const CREDENTIALS: i64 = 5 * SECOND;

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
    /// The tracks of its own LogonIds: the primary one and its elevated half.
    pub fn own(&self) -> impl Iterator<Item = TrackIdx> + Clone {
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

    /// The group that a group's logon was made from (rule 30).
    pub fn home(&self, n: usize) -> Option<usize> {
        self.all[n].parent.map(|track| self.of(track)).filter(|&home| home != n)
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

    /// When the record at a place was written, as it says itself.
    pub fn time(&self, pos: Pos) -> Timestamp {
        self.records.time[self.row(pos) as usize]
    }

    pub fn event(&self, pos: Pos) -> Option<EventIdx> {
        self.records.event(self.row(pos))
    }

    /// The 4624 of a track.
    pub fn logon(&self, idx: TrackIdx) -> Option<EventIdx> {
        self.track(idx).logon.and_then(|pos| self.event(pos))
    }

    pub fn text(&self, event: EventIdx, field: Field) -> &'a str {
        self.records.text(self.records.events.text(event, field))
    }

    /// What had a LogonId, the newest first: it may have been given out again over a start that is missing.
    pub fn owners(&self, luid: LogonId) -> impl Iterator<Item = TrackIdx> + '_ {
        let newest = self.tracks.by_luid.get(&luid).copied();
        std::iter::successors(newest, |&idx| self.track(idx).earlier).take(MAX_OWNERS)
    }

    pub fn identity(&self, idx: TrackIdx) -> Identity {
        self.track(idx).identity
    }

    /// Whose a group is. 4778 and 4779 name no SID: then its other half may tell.
    pub fn account(&self, group: &Group) -> Identity {
        let primary = self.identity(group.primary);
        let Some(elevated) = group.elevated.map(|idx| self.identity(idx)) else { return primary };
        let logon_type = primary.logon_type.or(elevated.logon_type);
        match primary.sid.is_none() {
            true if primary.user.is_none() => Identity { logon_type, ..elevated },
            true => Identity { sid: elevated.sid, logon_type, ..primary },
            false => Identity { logon_type, ..primary },
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
            let other = self.other_half(idx, &lost);
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

    /// Rule 28: the limited half is the session's name; desktop events cite it.
    fn pair(&self, a: TrackIdx, b: TrackIdx) -> Group {
        let said = |idx| self.logon(idx).map_or("", |event| self.text(event, Field::Elevated));
        let has_both = self.track(a).logon.is_some() && self.track(b).logon.is_some();
        let a_is_elevated = match (said(a), said(b)) {
            ("%%1842", _) | ("", "%%1843") => true,
            (_, "%%1842") | ("%%1843", "") => false,
            // Without a 4624 the desktop is of the limited half.
            _ if !has_both && self.is_of_desktop(a) != self.is_of_desktop(b) => self.is_of_desktop(b),
            // Older events do not say: the elevated half has the lower LogonId.
            _ => self.track(a).luid < self.track(b).luid,
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

    /// Whether desktop events cite a LogonId: of a pair they cite the limited half (rule 28).
    pub fn is_of_desktop(&self, idx: TrackIdx) -> bool {
        self.track(idx).user_logoff.is_some() || self.track(idx).has_marks
    }

    /// The class of a session whose 4624 is lost.
    fn class_of_cited(&self, idx: TrackIdx) -> Class {
        let track = self.track(idx);
        let identity = self.identity(idx);
        let text = |id| self.records.text(id);
        let account = class_of_account(Some(track.luid), text(identity.sid), text(identity.user), || {
            text(identity.domain)
        });
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
