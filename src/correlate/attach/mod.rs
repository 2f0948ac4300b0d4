//! Which logons belong to a session that was on already, unlocks and reconnects, and which desktop a prompt for
//! credentials stood on (domain.md rules 30 and 31; B, class 6).
//!
//! Logons, marks and ends are walked once in the order of their records, with the desktops that are on kept on stacks:
//! whatever a log holds, the work grows with its length.

mod resumed;

use super::classify::{INTERACTIVE, is_program};
use super::join::Joined;
use super::link::{Group, Groups, Linker};
use super::open::{Identity, Mark, Track, TrackIdx};
use super::remote::Remote;
use super::unseen::Unseen;
use crate::event::{EventIdx, Field, Kind, StrId};
use crate::machine::Pos;
use crate::session::{Class, LogonRole};
use crate::time::{SECOND, Timestamp};
use resumed::Resumed;
use rustc_hash::FxHashMap;

/// An unlock and the 4801 or 4778 it belongs to (rule 31).
pub const UNLOCK: i64 = 3 * SECOND;

/// Marks that are looked at on either side of a logon: within these seconds nobody unlocks so many sessions.
const MAX_MARKS: usize = 64;

/// A session that another log ended may be cited a moment later.
const END_SLACK: i64 = 5 * SECOND;

/// Attaches logons to their sessions. `closed` is when another log ended a group, `joined` which of its sessions each is,
/// `unseen` are sessions that only another log has.
#[inline(never)]
pub fn attach(
    linker: &Linker<'_>,
    groups: &mut Groups,
    closed: &[Option<Timestamp>],
    joined: &Joined,
    unseen: &Unseen,
    remote: &Remote,
) {
    let steps = steps(linker, groups);
    if !steps.is_empty() {
        let mut desk = Desk {
            linker,
            closed,
            joined,
            unseen,
            remote,
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
    /// Something without a 4624 that may be a desktop is cited for the first time.
    Appears(usize),
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
            Class::Unknown => steps.extend(appears(linker, group).map(|pos| (pos, Step::Appears(n)))),
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

/// Where something is cited first of which nothing tells what it is.
fn appears(linker: &Linker<'_>, group: &Group) -> Option<Pos> {
    let is_bare = linker.logon_of(group).is_none() && linker.only_passing(group, UNLOCK).is_none();
    group.own().map(|idx| linker.track(idx).first).min().filter(|_| is_bare)
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
    linker.text(event, Field::LogonProcess).eq_ignore_ascii_case("CredPro")
        || is_program(linker.text(event, Field::ProcessName), "consent.exe")
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
    joined: &'a Joined,
    unseen: &'a Unseen,
    remote: &'a Remote,
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
            Step::Appears(n) if self.may_follow(groups, n, pos) => {
                let sid = self.linker.identity(groups.all[n].primary).sid;
                self.by_sid.entry(sid).or_default().0.push(n);
            }
            Step::Appears(_) => {}
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

    /// Whether what is cited for the first time at a place may be the desktop that its account has since then: the one
    /// that it had is not cited again, and its end and another logon may be among missing records.
    fn may_follow(&mut self, groups: &Groups, n: usize, pos: Pos) -> bool {
        let Some(home) = self.newest(groups, n, pos) else { return false };
        let linker = self.linker;
        let cited = |idx| linker.track(idx).last_seen.unwrap_or(linker.track(idx).first);
        let last = groups.all[home].own().map(cited).max().unwrap_or(pos);
        let is_later = || linker.time(pos).since(linker.time(begins(linker, &groups.all[home]))) > UNLOCK;
        last < pos && linker.security.loss(last, pos).is_some() && is_later()
    }

    fn begin(&mut self, groups: &Groups, n: usize) {
        let group = &groups.all[n];
        let Identity { sid, user, logon_type, .. } = self.linker.identity(group.primary);
        self.live.0.push(n);
        match sid.is_none() {
            true => self.by_name.entry(self.name(user)).or_default().0.push(n),
            // What another log has as a desktop is one.
            false if self.joined[n].is_none() && is_supposed(self.linker, group) => {
                self.supposed.entry(sid).or_default().0.push(n)
            }
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
        let is_unlocked = |kind| matches!(kind, Kind::Unlocked | Kind::Reconnected);
        let newest =
            |desk: &mut Self| desk.newest(groups, n, pos).filter(|&home| groups.all[home].is_desktop());
        self.marked(groups, n, pos, UNLOCK, is_unlocked).or_else(|| newest(self))
    }

    /// The newest desktop of a group's account that is on, or what may be it.
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

    /// The session of the same account that a mark of a wanted kind near a place cites.
    fn marked(
        &self,
        groups: &Groups,
        n: usize,
        pos: Pos,
        within: i64,
        is_wanted: impl Fn(Kind) -> bool,
    ) -> Option<usize> {
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
        let marks = self.marks_near(pos, within).filter(|mark| is_wanted(mark.kind));
        marks.map(|mark| groups.of(mark.track)).find(fits)
    }

    /// Marks within a time of a place, the nearest records first on either side.
    fn marks_near(&self, pos: Pos, within: i64) -> impl Iterator<Item = &Mark> {
        let (linker, at) = (self.linker, self.linker.time(pos));
        let marks = &linker.tracks.marks;
        let (before, after) = marks.split_at(marks.partition_point(|mark| mark.pos < pos));
        let near = move |mark: &&Mark| linker.time(mark.pos).since(at).abs() <= within;
        let before = before.iter().rev().take(MAX_MARKS).take_while(near);
        let after = after.iter().take(MAX_MARKS).take_while(near);
        after.chain(before)
    }

    fn role(&self, group: &Group) -> LogonRole {
        match self.linker.logon(group.primary).or(group.elevated.and_then(|idx| self.linker.logon(idx))) {
            Some(event) if is_refresh(self.linker, event) => LogonRole::Refresh,
            _ => LogonRole::Unlock,
        }
    }
}

/// The local security authority refreshes its credentials with a type 7 that nobody typed.
pub fn is_refresh(linker: &Linker<'_>, event: EventIdx) -> bool {
    linker.text(event, Field::LogonProcess).eq_ignore_ascii_case("Negotiat")
        || is_program(linker.text(event, Field::ProcessName), "lsass.exe")
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
