//! Whether a desktop logon only led back to the session its account had (domain.md B, class 6).

use super::{Desk, UNLOCK, is_refresh};
use crate::correlate::link::{Group, Groups};
use crate::correlate::open::Track;
use crate::event::{EventIdx, Field, Kind};
use crate::machine::Pos;
use crate::time::SECOND;
use std::ops::Range;

/// A desktop logon of someone who is on already, gone this soon, was the way back to the session (B, class 6).
const RECONNECT: i64 = 5 * SECOND;

/// Its 4634 stands this close to it (C.2).
const RECONNECT_RECORDS: Pos = 16;

/// Where a desktop logon led.
pub enum Resumed {
    /// To a session of its own.
    No,
    /// To the session of this group.
    Home(usize),
    /// To a session that is not in the log.
    Elsewhere,
    /// It lasted for seconds, and nothing tells whether it was one of its own.
    Unknown,
}

impl Resumed {
    /// To what may be a desktop nothing leads for certain.
    fn to(groups: &Groups, home: usize) -> Self {
        if groups.all[home].is_desktop() { Resumed::Home(home) } else { Resumed::Elsewhere }
    }
}

impl Desk<'_> {
    /// Where the desktop logon of a group led, whose first record is at a place.
    pub fn resumed(&mut self, groups: &Groups, n: usize, pos: Pos) -> Resumed {
        let group = &groups.all[n];
        // What is thrown away is never locked, disconnected, resumed or signed out of itself.
        let has_desktop = |track: &Track| track.has_marks || track.user_logoff.is_some();
        if group.own().any(|idx| has_desktop(self.linker.track(idx))) {
            return Resumed::No;
        }
        if self.linker.logon_of(group).is_none() {
            return self.passed(groups, n, pos);
        }
        if let Some(home) = self.marked(groups, n, pos, RECONNECT, is_reconnect) {
            return Resumed::Home(home);
        }
        let account = self.linker.identity(group.primary);
        let is_resumed = self.remote.is_resumed(self.linker, account, self.linker.time(pos), RECONNECT);
        if !is_resumed && !self.is_gone_at_once(group, pos) {
            return Resumed::No;
        }
        match self.newest(groups, n, pos) {
            Some(home) => Resumed::to(groups, home),
            None if is_resumed => Resumed::Elsewhere,
            None if self.unseen.is_on(self.linker, account, self.linker.time(pos)) => Resumed::Elsewhere,
            None => Resumed::No,
        }
    }

    /// Where a logon led whose 4624 is missing: what is left of it stands as close to the 4778.
    fn passed(&mut self, groups: &Groups, n: usize, pos: Pos) -> Resumed {
        let Some(first) = self.linker.only_passing(&groups.all[n], RECONNECT) else { return Resumed::No };
        if self.is_unlocked_beside(groups, n, first) || self.is_let_in_after(groups, n, first) {
            return Resumed::No;
        }
        if let Some(home) = self.marked(groups, n, first, RECONNECT, is_reconnect) {
            return Resumed::Home(home);
        }
        let account = self.linker.identity(groups.all[n].primary);
        let since = self.linker.time(first).plus(-RECONNECT);
        if self.remote.is_resumed(self.linker, account, since, 2 * RECONNECT) {
            let home = self.newest(groups, n, pos);
            return home.map_or(Resumed::Elsewhere, |home| Resumed::to(groups, home));
        }
        let has_come = |idx| self.linker.track(idx).last_seen.is_some();
        let has_gone = |idx| self.linker.track(idx).logoff.is_some();
        let own = || groups.all[n].own();
        // A 4634 alone may as well end what led back to the desktop that is on, to one that another log has, or to one that
        // nothing is left of.
        let is_on = |desk: &mut Self| {
            let at = desk.linker.time(first);
            desk.newest(groups, n, pos).is_some() || desk.unseen.is_on(desk.linker, account, at)
        };
        let may_lead_back = self.is_cut_before(first) || is_on(self);
        // One half goes with the other: that one's 4634 is missing.
        match own().any(has_gone) && (own().all(has_come) || may_lead_back) {
            true => Resumed::Unknown,
            false => Resumed::No,
        }
    }

    /// Whether records are missing so shortly before a place that a logon which was thrown away there is among them.
    fn is_cut_before(&self, pos: Pos) -> bool {
        let security = self.linker.security;
        let next = security.gaps.partition_point(|&gap| gap <= pos);
        let cut = next.checked_sub(1).map_or(0, |last| security.gaps[last]);
        self.linker.time(pos).since(self.linker.time(cut)) <= RECONNECT
    }

    /// Whether a desktop logon at a place was thrown away. One half of a desktop does not go before the other: that one's
    /// 4634 is missing.
    fn is_gone_at_once(&self, group: &Group, pos: Pos) -> bool {
        let linker = self.linker;
        let is_soon = |at: Pos| linker.time(at).since(linker.time(pos)).abs() <= RECONNECT;
        let is_gone = |idx| linker.track(idx).logoff.is_some_and(is_soon);
        let is_passing = |idx| {
            let track = linker.track(idx);
            track.logoff.is_none() && track.user_logoff.is_none() && track.last_seen.is_none_or(is_soon)
        };
        group.own().any(is_gone) && group.own().all(|idx| is_gone(idx) || is_passing(idx))
    }

    /// Whether the account of a group unlocked its session right beside a place: then that was the way back, and whatever
    /// else went there is of its own. That its credentials were refreshed, as they are after a reconnect, is no unlock
    /// (rule 31).
    fn is_unlocked_beside(&self, groups: &Groups, n: usize, pos: Pos) -> bool {
        let near = pos.saturating_sub(RECONNECT_RECORDS)..pos + RECONNECT_RECORDS;
        let events = &self.linker.records.events;
        let logon_of = |event: EventIdx| match events.kind(event) {
            Kind::Logon => Some(event),
            _ => {
                let luid = events.luid(event, Field::TargetLogonId)?;
                self.linker.logon(self.linker.owners(luid).next()?)
            }
        };
        self.has_other(groups, n, (pos, near), UNLOCK, |event, logon_type| {
            matches!(events.kind(event), Kind::Logon | Kind::Logoff)
                && matches!(logon_type, 7 | 13)
                && logon_of(event).is_none_or(|logon| !is_refresh(self.linker, logon))
        })
    }

    /// Whether a client of the account is authenticated (rule 32) only after what is left of a logon: that was not the
    /// client's way back.
    fn is_let_in_after(&self, groups: &Groups, n: usize, pos: Pos) -> bool {
        let after = pos + 1..pos + RECONNECT_RECORDS;
        self.has_other(groups, n, (pos, after), RECONNECT, |event, logon_type| {
            self.linker.records.events.kind(event) == Kind::Logon && logon_type == 3
        })
    }

    /// Whether another logon, or its end, of a group's account stands in a range near a place.
    fn has_other(
        &self,
        groups: &Groups,
        n: usize,
        (pos, range): (Pos, Range<Pos>),
        within: i64,
        is_wanted: impl Fn(EventIdx, u32) -> bool,
    ) -> bool {
        let (linker, at) = (self.linker, self.linker.time(pos));
        let sid = linker.identity(groups.all[n].primary).sid;
        let events = &linker.records.events;
        let fits = |event: EventIdx| {
            let logon_type = events.number(event, Field::LogonType);
            logon_type.is_some_and(|logon_type| is_wanted(event, logon_type))
                && events.text(event, Field::TargetSid) == sid
        };
        let end = range.end.min(linker.security.rows.len() as Pos);
        let mut near = range.start..end;
        near.any(|near| linker.time(near).since(at).abs() <= within && linker.event(near).is_some_and(fits))
    }
}

/// A 4801 alone tells of an unlock, which is no desktop logon.
fn is_reconnect(kind: Kind) -> bool {
    kind == Kind::Reconnected
}
