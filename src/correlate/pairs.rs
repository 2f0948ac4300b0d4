//! Which two LogonIds are the halves of one token pair (domain.md rules 26 and 27)?

use super::accounts::name;
use super::classify::{class_of_logon, is_window_manager};
use super::coverage::change_of;
use super::link::Linker;
use super::open::{Track, TrackIdx};
use crate::audit::tasks;
use crate::event::{EventIdx, Field, Kind, LogonId};
use crate::machine::Pos;
use crate::session::Class;
use crate::time::SECOND;

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

/// Changes of the audit policy that are looked at on either side of a logon: one policy has some sixty subcategories.
const MAX_POLICIES: usize = 256;

impl Linker<'_> {
    /// The other half of a pair, if a LogonId is one. `lost` are those [`Linker::without_logon`].
    pub fn other_half(&self, idx: TrackIdx, lost: &[(LogonId, TrackIdx)]) -> Option<TrackIdx> {
        self.linked(idx).or_else(|| self.neighbour(idx)).or_else(|| self.lost_half(idx, lost))
    }

    /// Rule 26: the 4624 names its other half, and that one names it, or its 4624 is lost.
    fn linked(&self, idx: TrackIdx) -> Option<TrackIdx> {
        let own = self.track(idx);
        let linked = own.linked.filter(|linked| !linked.is_fixed() && !own.luid.is_fixed())?;
        let is_mutual = |back: &Track| back.linked == Some(own.luid) || back.logon.is_none();
        // A LogonId that was in use long before is another's, whose end or start is missing.
        let is_soon =
            |pos: Pos, back: &Track| self.time(pos).since(self.time(back.first)).abs() <= PRIVILEGES;
        let is_new = |back: &Track| own.logon.is_some_and(|pos| back.first >= pos || is_soon(pos, back));
        let is_half = |&other: &TrackIdx| {
            let back = self.track(other);
            other != idx && is_mutual(back) && is_new(back) && self.is_same_account(idx, other)
        };
        self.owners(linked).find(is_half)
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

    /// Rule 27: where the 4624 does not name the other half, as before Windows 10, nothing but their likeness joins both.
    fn neighbour(&self, idx: TrackIdx) -> Option<TrackIdx> {
        let first = self.track(idx);
        if !matches!(first.identity.logon_type, Some(2 | 7 | 10..=13)) {
            return None;
        }
        let (pos, event) = (first.logon?, self.logon(idx)?);
        // The 4672 that names the elevated half comes right after both; it may be among records that are missing, or
        // not be audited.
        let is_elevated = !self.text(event, Field::Elevated).is_empty()
            || first.privileges.is_some()
            || self.is_privilege_unaudited(pos)
            || self.may_be_unaudited(pos)
            || self.security.has_gap(pos, pos + PRIVILEGES_RECORDS)
            || self.is_privilege_lost(pos)
            || (pos + PRIVILEGES_RECORDS) as usize >= self.security.rows.len();
        if !is_elevated || first.linked.is_some() {
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
            && self.track(track).linked.is_none()
            && self.is_other_token(event, other)
            && luid.apart(first.luid) < PAIR_LUIDS
            && events.number(event, Field::LogonType) == events.number(other, Field::LogonType)
            && same_text(Field::TargetSid)
            && same_text(Field::LogonProcess)
            && same_luid(Field::SubjectLogonId)
            && same_luid(Field::ProcessId);
        is_half.then_some(track)
    }

    /// Whether two 4624 tell of a full token and a limited one, or neither does: those before Windows 10.
    fn is_other_token(&self, a: EventIdx, b: EventIdx) -> bool {
        let (a, b) = (self.text(a, Field::Elevated), self.text(b, Field::Elevated));
        a.is_empty() == b.is_empty() && (a.is_empty() || a != b)
    }

    /// LogonIds whose 4624 is missing, ascending.
    pub fn without_logon(&self) -> Vec<(LogonId, TrackIdx)> {
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
                || self.is_prompt_pair(idx, other)
                || self.is_of_remote_desktop(idx) && self.is_destroyed_pair(other, idx);
            return is_pair.then_some(other);
        };
        let is_interactive =
            matches!(self.records.events.number(event, Field::LogonType), Some(2 | 7 | 10..=13));
        if !is_interactive || !self.text(event, Field::Elevated).is_empty() {
            return None;
        }
        // Both halves of a window manager have a 4672.
        let may_be_limited = own.privileges.is_none() || self.is_window_manager(idx);
        let is_elevated =
            |&other: &TrackIdx| self.is_named_after(other, pos) || self.is_destroyed_pair(idx, other);
        if may_be_limited && let Some(other) = below.find(is_elevated).filter(|_| self.is_cut_before(pos)) {
            return Some(other);
        }
        let is_cut = self.security.loss(pos, pos + PAIR_RECORDS as Pos).is_some();
        let above = lost[middle..].iter().take(MAX_LOST).take_while(|&&(luid, _)| is_near(luid));
        let next = above.map(|&(_, other)| other).find(fits).filter(|_| is_cut)?;
        let first = self.track(next).first;
        let is_soon = first > pos && self.time(first).since(self.time(pos)).abs() <= PRIVILEGES;
        let is_desktop = || first > pos && self.is_of_desktop(next) && !self.is_known_between(idx, next);
        let is_elevated =
            own.privileges.is_some() && (is_soon || is_desktop() && self.are_on_together(idx, next));
        // Nobody logs on to two desktops within seconds, so that one has a 4624 alone and the other all else.
        let is_logon_of = || {
            class_of_logon(self.records, event) == Class::Desktop && !self.is_of_desktop(idx) && is_desktop()
        };
        let is_pair = is_elevated
            || is_soon && is_logon_of()
            || self.is_named_after(next, pos)
            || self.is_destroyed_pair(next, idx);
        is_pair.then_some(next)
    }

    /// Whether the first half of a pair may be missing before a place: a log that does not begin with its first record may
    /// begin between both.
    fn is_cut_before(&self, pos: Pos) -> bool {
        let is_head = pos < PAIR_RECORDS as Pos && self.records.id[self.row(0) as usize] > 1;
        is_head || self.security.loss(pos.saturating_sub(PAIR_RECORDS as Pos), pos).is_some()
    }

    /// Whether the 4672 of an elevated half stands right after a 4624 of the limited one.
    fn is_named_after(&self, other: TrackIdx, pos: Pos) -> bool {
        let track = self.track(other);
        let is_beside =
            |at: Pos| at <= pos + PRIVILEGES_RECORDS && self.time(at).since(self.time(pos)).abs() <= SECOND;
        track.first > pos && track.privileges.is_some_and(is_beside)
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
            && self.are_on_together(limited, elevated)
            && is_in_time
            && is_interactive
    }

    /// Whether two LogonIds without a 4624 were on at one time: both are cited in turn, or no record is missing between
    /// them, among which one could have logged off and the other on. One account signs in again and again.
    fn are_on_together(&self, a: TrackIdx, b: TrackIdx) -> bool {
        let (a, b) = (self.track(a), self.track(b));
        let (earlier, later) = if a.first <= b.first { (a, b) } else { (b, a) };
        let last = earlier.last_seen.max(earlier.logoff).unwrap_or(earlier.first);
        later.first <= last || self.security.loss(last, later.first).is_none()
    }

    /// Whether two LogonIds of which hardly more than their ends are left were destroyed together, as the halves of a pair
    /// are: of who signs out (4647) the 4634 may be missing, and with it the type. Programs that run as the desktop's own
    /// account end with it, too, but have a higher LogonId than it.
    fn is_destroyed_pair(&self, limited: TrackIdx, elevated: TrackIdx) -> bool {
        let (own, other) = (self.track(limited), self.track(elevated));
        let is_desktop = self.is_of_desktop(limited) || self.is_of_remote_desktop(limited);
        let within = if is_desktop { DESTROYED } else { PAIR };
        let gone = own.logoff.or(own.user_logoff);
        let apart = gone.zip(other.logoff).map(|(a, b)| self.time(a).since(self.time(b)).abs());
        let of_type =
            own.identity.logon_type.or(other.identity.logon_type.filter(|_| own.user_logoff.is_some()));
        matches!(of_type, Some(2 | 10..=12))
            && of_type == other.identity.logon_type
            && apart.is_some_and(|apart| apart <= within)
            && !self.is_of_desktop(elevated)
            && own.reused_at.or(other.reused_at).is_none()
            && !self.is_known_between(elevated, limited)
    }

    /// Whether a LogonId is of a type that no program logs on with: in a Remote Desktop session there is no other logon of
    /// it but the two halves, whichever has the lower LogonId (rule 26).
    fn is_of_remote_desktop(&self, idx: TrackIdx) -> bool {
        matches!(self.identity(idx).logon_type, Some(10 | 12))
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
        is_window_manager(self.records.text(self.identity(idx).sid), || "")
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
}
