//! Which logons belong to a session that was on already, unlocks and reconnects, and which desktop a prompt for
//! credentials stood on (domain.md rules 30 and 31; B, class 6).
//!
//! Logons, marks and ends are walked once in the order of their records, with the desktops that are on kept on stacks:
//! whatever a log holds, the work grows with its length.

use super::classify::INTERACTIVE;
use super::link::{Group, Groups, Linker};
use super::open::{Identity, Mark, Track, TrackIdx};
use super::remote::Remote;
use super::unseen::Unseen;
use crate::event::{EventIdx, Field, Kind, StrId};
use crate::machine::{Boot, LogoffAudit, Pos};
use crate::session::{Class, LogonRole};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A desktop logon of someone who is on already, gone this soon, was the way back to the session (B, class 6).
const RECONNECT: i64 = 5 * SECOND;

/// Its 4634 stands this close to it (C.2).
const RECONNECT_RECORDS: Pos = 16;

/// An unlock and the 4801 or 4778 it belongs to (rule 31).
pub const UNLOCK: i64 = 3 * SECOND;

/// Marks that are looked at on either side of a logon: within these seconds nobody unlocks so many sessions.
const MAX_MARKS: usize = 64;

/// A session that another log ended may be cited a moment later.
const END_SLACK: i64 = 5 * SECOND;

/// Attaches logons to their sessions. `closed` is when another log ended a group, `unseen` are sessions that only another
/// log has.
#[inline(never)]
pub fn attach(
    linker: &Linker<'_>,
    boot: &Boot,
    groups: &mut Groups,
    closed: &[Option<Timestamp>],
    unseen: &Unseen,
    remote: &Remote,
) {
    let steps = steps(linker, groups);
    if !steps.is_empty() {
        let mut desk = Desk {
            linker,
            closed,
            unseen,
            remote,
            boot,
            is_return_hidden: is_return_hidden(boot, remote),
            live: Stack::default(),
            by_sid: FxHashMap::default(),
            by_name: FxHashMap::default(),
            supposed: FxHashMap::default(),
            console: None,
        };
        for (pos, step) in steps {
            desk.step(groups, pos, step);
        }
    }
}

/// What happens at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A desktop is on from here.
    Begins(usize),
    /// A 4778 or 4779.
    Moves(usize),
    /// A type 7 or 13, or a prompt for credentials.
    Asks(usize),
}

fn steps(linker: &Linker<'_>, groups: &Groups) -> Vec<(Pos, Step)> {
    let mut steps = Vec::new();
    for (n, group) in groups.all.iter().enumerate() {
        match group.class {
            Class::Desktop => steps.push((begins(linker, group), Step::Begins(n))),
            Class::Reauth => steps.extend(asks(linker, group).map(|pos| (pos, Step::Asks(n)))),
            Class::Secondary if group.parent.is_none() && is_prompt(linker, group) => {
                steps.extend(linker.logon_of(group).map(|pos| (pos, Step::Asks(n))));
            }
            _ => {}
        }
    }
    if steps.is_empty() {
        return steps;
    }
    let moves = |mark: &Mark| matches!(mark.kind, Kind::Reconnected | Kind::Disconnected);
    let marks = linker.tracks.marks.iter().enumerate().filter(|(_, mark)| moves(mark));
    steps.extend(marks.map(|(n, mark)| (mark.pos, Step::Moves(n))));
    steps.sort_unstable();
    steps
}

/// Where an unlock stands: at its 4624, or, where that is missing, at what is left of it, such as the 4634 in the same
/// second.
fn asks(linker: &Linker<'_>, group: &Group) -> Option<Pos> {
    linker.logon_of(group).or_else(|| linker.only_passing(group, UNLOCK))
}

/// Where a desktop is on from: its 4624; without one, since LogonIds grow, the 4624 of the next higher at the latest.
fn begins(linker: &Linker<'_>, group: &Group) -> Pos {
    linker.logon_of(group).unwrap_or_else(|| {
        let own = |idx: TrackIdx| {
            let track = linker.track(idx);
            let known = &linker.tracks.known;
            let next = known.partition_point(|&(luid, _)| luid <= track.luid);
            let next = known.get(next).map_or(track.first, |&(_, pos)| pos.min(track.first));
            // Over records among which a start may be missing their order tells nothing.
            if linker.security.may_hide_start(next, track.first) { track.first } else { next }
        };
        group.own().map(own).min().unwrap_or(0)
    })
}

/// Whether a desktop is one by its logon type alone: a program as somebody else has the same (B, class 7).
fn is_supposed(linker: &Linker<'_>, group: &Group) -> bool {
    let is_bare = |track: &Track| {
        track.logon.is_none()
            && track.user_logoff.is_none()
            && !track.has_marks
            && track.identity.logon_type == Some(INTERACTIVE)
    };
    group.own().all(|idx| is_bare(linker.track(idx)))
}

/// The system asks for credentials on a desktop, such as to elevate a program (rule 30).
fn is_prompt(linker: &Linker<'_>, group: &Group) -> bool {
    let Some(event) = linker.logon(group.primary) else { return false };
    let process = linker.text(event, Field::ProcessName);
    linker.text(event, Field::LogonProcess).eq_ignore_ascii_case("CredPro")
        || process.rsplit('\\').next().is_some_and(|name| name.eq_ignore_ascii_case("consent.exe"))
}

/// Desktops that are on, the newest last. What has ended is taken off when it is met: it stays so.
#[derive(Default)]
struct Stack(Vec<usize>);

impl Stack {
    /// The newest that is on.
    fn newest(&mut self, is_over: impl Fn(usize) -> bool) -> Option<usize> {
        while self.0.pop_if(|n| is_over(*n)).is_some() {}
        self.0.last().copied()
    }

    /// The one that is on, if no other is.
    fn only(&mut self, is_over: impl Fn(usize) -> bool) -> Option<usize> {
        let newest = self.newest(&is_over)?;
        while let Some(&before) = self.0.len().checked_sub(2).and_then(|n| self.0.get(n)) {
            if !is_over(before) {
                return None;
            }
            self.0.swap_remove(self.0.len() - 2);
        }
        Some(newest)
    }
}

struct Desk<'a> {
    linker: &'a Linker<'a>,
    closed: &'a [Option<Timestamp>],
    unseen: &'a Unseen,
    remote: &'a Remote,
    boot: &'a Boot,
    is_return_hidden: bool,
    live: Stack,
    /// By account; those whose SID no record tells by name.
    by_sid: FxHashMap<StrId, Stack>,
    by_name: FxHashMap<String, Stack>,
    /// Those that may have run on another desktop, by SID.
    supposed: FxHashMap<StrId, Stack>,
    /// Who sits at the computer itself.
    console: Option<usize>,
}

impl Desk<'_> {
    fn step(&mut self, groups: &mut Groups, pos: Pos, step: Step) {
        match step {
            Step::Begins(n) => match self.resumed(groups, n, pos) {
                Resumed::Home(home) => groups.attach(n, home, LogonRole::Reconnect),
                Resumed::Elsewhere => groups.all[n].class = Class::Reauth,
                Resumed::Unknown => groups.all[n].class = Class::Unknown,
                Resumed::No => self.begin(groups, n),
            },
            Step::Moves(mark) => self.moves(groups, &self.linker.tracks.marks[mark]),
            Step::Asks(n) if groups.all[n].class == Class::Reauth => {
                if let Some(home) = self.unlocked(groups, n, pos) {
                    groups.attach(n, home, self.role(&groups.all[n]));
                }
            }
            Step::Asks(n) => {
                let on = self.at_console(groups, pos);
                groups.all[n].parent = on.map(|on| groups.all[on].primary);
            }
        }
    }

    fn begin(&mut self, groups: &Groups, n: usize) {
        let group = &groups.all[n];
        let Identity { sid, user, logon_type, .. } = self.linker.identity(group.primary);
        self.live.0.push(n);
        match sid.is_none() {
            true => self.by_name.entry(self.name(user)).or_default().0.push(n),
            false if is_supposed(self.linker, group) => self.supposed.entry(sid).or_default().0.push(n),
            false => self.by_sid.entry(sid).or_default().0.push(n),
        }
        if matches!(logon_type, Some(2 | 11)) && self.linker.logon_of(group).is_some() {
            self.console = Some(n);
        }
    }

    fn name(&self, user: StrId) -> String {
        self.linker.records.text(user).to_lowercase()
    }

    fn moves(&mut self, groups: &Groups, mark: &Mark) {
        let n = groups.of(mark.track);
        let is_console = || {
            let text = |field| self.linker.event(mark.pos).map_or("", |event| self.linker.text(event, field));
            text(Field::SessionName).eq_ignore_ascii_case("Console")
                || text(Field::Address).eq_ignore_ascii_case("LOCAL")
        };
        match mark.kind {
            Kind::Disconnected if self.console == Some(n) => self.console = None,
            Kind::Reconnected if is_console() => self.console = Some(n),
            _ => {}
        }
    }

    /// The desktop at the console, else the only one there is.
    fn at_console(&mut self, groups: &Groups, pos: Pos) -> Option<usize> {
        let (linker, closed) = (self.linker, self.closed);
        let is_over = |n: usize| is_over(linker, closed, groups, n, pos);
        self.console = self.console.filter(|&n| !is_over(n));
        self.console.or_else(|| self.live.only(is_over))
    }

    /// The session that an unlock is of: that of the 4801 or 4778 beside it, else the newest of the account that is on.
    fn unlocked(&mut self, groups: &Groups, n: usize, pos: Pos) -> Option<usize> {
        self.marked(groups, n, pos, UNLOCK).or_else(|| self.newest(groups, n, pos))
    }

    /// The newest desktop of a group's account that is on.
    fn newest(&mut self, groups: &Groups, n: usize, pos: Pos) -> Option<usize> {
        let (linker, closed) = (self.linker, self.closed);
        let is_over = |n: usize| is_over(linker, closed, groups, n, pos);
        let Identity { sid, user, .. } = linker.identity(groups.all[n].primary);
        let by_sid = self.by_sid.get_mut(&sid).and_then(|stack| stack.newest(is_over));
        let supposed = || self.supposed.get_mut(&sid).and_then(|stack| stack.newest(is_over));
        let by_sid = by_sid.or_else(supposed);
        if self.by_name.is_empty() || user.is_none() {
            return by_sid;
        }
        let by_name = self.by_name.get_mut(&linker.records.text(user).to_lowercase());
        by_sid.max(by_name.and_then(|stack| stack.newest(is_over)))
    }

    /// The session of the same account that a 4801 or 4778 near a place cites.
    fn marked(&self, groups: &Groups, n: usize, pos: Pos, within: i64) -> Option<usize> {
        let account = self.linker.identity(groups.all[n].primary);
        let fits = |&home: &usize| {
            let group = &groups.all[home];
            // Without a 4624 it may be cited for the first time by that mark.
            let has_begun = self.linker.logon_of(group).is_none_or(|logon| logon < pos);
            home != n
                && group.is_desktop()
                && has_begun
                && !is_over(self.linker, self.closed, groups, home, pos)
                && self.linker.is_one_account(account, self.linker.identity(group.primary))
        };
        self.marks_near(pos, within).map(|mark| groups.of(mark.track)).find(fits)
    }

    /// 4801 and 4778 within a time of a place, the nearest records first on either side.
    fn marks_near(&self, pos: Pos, within: i64) -> impl Iterator<Item = &Mark> {
        let (linker, at) = (self.linker, self.linker.time(pos));
        let marks = &linker.tracks.marks;
        let (before, after) = marks.split_at(marks.partition_point(|mark| mark.pos < pos));
        let near = move |mark: &&Mark| linker.time(mark.pos).since(at).abs() <= within;
        let before = before.iter().rev().take(MAX_MARKS).take_while(near);
        let after = after.iter().take(MAX_MARKS).take_while(near);
        let resumes = |mark: &&Mark| matches!(mark.kind, Kind::Unlocked | Kind::Reconnected);
        after.chain(before).filter(resumes)
    }

    /// B, class 6: whether a desktop logon only led back to the session its account had.
    fn resumed(&mut self, groups: &Groups, n: usize, pos: Pos) -> Resumed {
        let group = &groups.all[n];
        if self.linker.logon_of(group).is_none() {
            return self.passed(groups, n, pos);
        }
        if let Some(home) = self.marked(groups, n, pos, RECONNECT) {
            return Resumed::Home(home);
        }
        let account = self.linker.identity(group.primary);
        let is_resumed = self.remote.is_resumed(self.linker, account, self.linker.time(pos), RECONNECT);
        let may_lead_back =
            self.is_return_hidden && may_lead_back(self.linker, group) && self.is_logoff_hidden(pos);
        if !is_resumed && !may_lead_back && !self.is_gone_at_once(group, pos) {
            return Resumed::No;
        }
        match self.newest(groups, n, pos) {
            Some(home) => Resumed::Home(home),
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
        if let Some(home) = self.marked(groups, n, first, RECONNECT) {
            return Resumed::Home(home);
        }
        let account = self.linker.identity(groups.all[n].primary);
        let since = self.linker.time(first).plus(-RECONNECT);
        if self.remote.is_resumed(self.linker, account, since, 2 * RECONNECT) {
            return self.newest(groups, n, pos).map_or(Resumed::Elsewhere, Resumed::Home);
        }
        let has_come = |idx| self.linker.track(idx).last_seen.is_some();
        let has_gone = |idx| self.linker.track(idx).logoff.is_some();
        let own = || groups.all[n].own();
        // A 4634 alone may as well end what led back to the desktop that is on.
        match own().all(has_gone) && (own().all(has_come) || self.newest(groups, n, pos).is_some()) {
            true => Resumed::Unknown,
            false => Resumed::No,
        }
    }

    /// Whether a desktop logon at a place was thrown away. One half of a desktop does not go before the other: that one's
    /// 4634 is missing.
    fn is_gone_at_once(&self, group: &Group, pos: Pos) -> bool {
        let linker = self.linker;
        let is_soon = |at: Pos| linker.time(at).since(linker.time(pos)) <= RECONNECT;
        let is_gone = |idx| linker.track(idx).logoff.is_some_and(is_soon);
        let is_passing = |idx| {
            let track = linker.track(idx);
            track.logoff.is_none() && track.user_logoff.is_none() && track.last_seen.is_none_or(is_soon)
        };
        group.own().any(is_gone) && group.own().all(|idx| is_gone(idx) || is_passing(idx))
    }

    /// Whether the account of a group unlocked its session right beside a place: then that was the way back, and whatever
    /// else went there is of its own.
    fn is_unlocked_beside(&self, groups: &Groups, n: usize, pos: Pos) -> bool {
        let near = pos.saturating_sub(RECONNECT_RECORDS)..pos + RECONNECT_RECORDS;
        self.has_other(groups, n, (pos, near), UNLOCK, |kind, logon_type| {
            matches!(kind, Kind::Logon | Kind::Logoff) && matches!(logon_type, 7 | 13)
        })
    }

    /// Whether a client of the account is authenticated (rule 32) only after what is left of a logon: that was not the
    /// client's way back.
    fn is_let_in_after(&self, groups: &Groups, n: usize, pos: Pos) -> bool {
        let after = pos + 1..pos + RECONNECT_RECORDS;
        self.has_other(groups, n, (pos, after), RECONNECT, |kind, logon_type| {
            kind == Kind::Logon && logon_type == 3
        })
    }

    /// Whether another logon, or its end, of a group's account stands in a range near a place.
    fn has_other(
        &self,
        groups: &Groups,
        n: usize,
        (pos, range): (Pos, Range<Pos>),
        within: i64,
        is_wanted: impl Fn(Kind, u32) -> bool,
    ) -> bool {
        let (linker, at) = (self.linker, self.linker.time(pos));
        let sid = linker.identity(groups.all[n].primary).sid;
        let events = &linker.records.events;
        let fits = |event: EventIdx| {
            let logon_type = events.number(event, Field::LogonType);
            logon_type.is_some_and(|logon_type| is_wanted(events.kind(event), logon_type))
                && events.text(event, Field::TargetSid) == sid
        };
        let end = range.end.min(linker.security.rows.len() as Pos);
        let mut near = range.start..end;
        near.any(|near| linker.time(near).since(at).abs() <= within && linker.event(near).is_some_and(fits))
    }

    /// Whether the 4634 right after a logon may be missing.
    fn is_logoff_hidden(&self, pos: Pos) -> bool {
        self.boot.logoff_audit != LogoffAudit::Unknown
            || self.linker.security.has_gap(pos, pos + RECONNECT_RECORDS)
    }

    fn role(&self, group: &Group) -> LogonRole {
        match self.linker.logon(group.primary).or(group.elevated.and_then(|idx| self.linker.logon(idx))) {
            Some(event) if is_refresh(self.linker, event) => LogonRole::Refresh,
            _ => LogonRole::Unlock,
        }
    }
}

/// Whether nothing in a boot would tell a logon that led back to a session from one that began another: it has no logoffs,
/// and no 4778, 4801 or LSM 25.
fn is_return_hidden(boot: &Boot, remote: &Remote) -> bool {
    let has_logoffs = matches!(boot.logoff_audit, LogoffAudit::On | LogoffAudit::OffSince(_));
    !has_logoffs && !boot.audits_locks && !remote.has_resumed()
}

/// Whether a desktop logon may be one that was thrown away. Until Windows 8.1 Remote Desktop made a type 10 to resume a
/// session, since Windows 10 it is a type 7. Who has a session is led back to it, unless more than one is allowed; and in
/// one of its own something is done as a rule.
fn may_lead_back(linker: &Linker<'_>, group: &Group) -> bool {
    let is_old = |event| linker.text(event, Field::Elevated).is_empty();
    let is_remote = matches!(linker.identity(group.primary).logon_type, Some(10 | 12));
    is_remote
        && linker.logon(group.primary).is_some_and(is_old)
        && group.own().all(|idx| !linker.track(idx).is_used)
}

enum Resumed {
    No,
    Home(usize),
    /// A session that is not in the log.
    Elsewhere,
    /// It lasted for seconds, and nothing tells whether it was one of its own.
    Unknown,
}

/// The local security authority refreshes its credentials with a type 7 that nobody typed.
pub fn is_refresh(linker: &Linker<'_>, event: EventIdx) -> bool {
    let process = linker.text(event, Field::ProcessName);
    linker.text(event, Field::LogonProcess).eq_ignore_ascii_case("Negotiat")
        || process.rsplit('\\').next().is_some_and(|name| name.eq_ignore_ascii_case("lsass.exe"))
}

/// Whether a session is known to have ended before a place, by any log.
fn is_over(linker: &Linker<'_>, closed: &[Option<Timestamp>], groups: &Groups, n: usize, pos: Pos) -> bool {
    let group = &groups.all[n];
    let is_before = |at: Option<Pos>| at.is_some_and(|at| at < pos);
    let track = |idx| linker.track(idx);
    group.own().any(|idx| is_before(track(idx).user_logoff) || is_before(track(idx).reused_at))
        || group.own().all(|idx| is_before(track(idx).logoff))
        || closed.get(n).copied().flatten().is_some_and(|at| at.plus(END_SLACK) < linker.time(pos))
}
