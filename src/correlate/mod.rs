//! Events to machines, boots and sessions. One file per question, each rule with its number in domain.md:
//!
//! 1. [`machines`]: which machine wrote which record, in which order, and which records are there twice?
//! 2. [`boots`]: when did it start, and how did each run end?
//! 3. [`clock`]: when was its clock moved?
//! 4. [`coverage`]: would a logoff have been written?
//! 5. [`open`]: which LogonIds are there, and what is recorded of each?
//! 6. [`link`] and [`classify`]: which of them are one session, and what is it for?
//! 7. [`terminal`] and [`alone`]: what do other logs know of it, and which sessions do only they know?
//! 8. [`close`]: how did it end?
//! 9. [`intervals`] and [`origins`]: when was it locked or away, and where was it used from?
//! 10. [`bursts`]: which network sessions are one burst?

mod alone;
mod boots;
mod bursts;
mod classify;
mod clock;
mod close;
mod coverage;
mod intervals;
mod link;
mod machines;
mod open;
mod origins;
mod sleep;
mod terminal;

use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx, StrId};
use crate::machine::{Boot, Clock, Lineage, Machine, Pos};
use crate::session::{
    Class, Confidence, EndHow, Evidence, EvidenceRole, Flags, Interval, Logon, LogonRole, Origin, Run,
    Session, SessionIdx, Sessions, Start, StartHow,
};
use crate::time::{SECOND, Timestamp};
use link::{Group, Identity, Linker};
use open::{Mark, Track, TrackIdx};
use rustc_hash::FxHashMap;
use terminal::{Joined, Outside, TsSession};

/// What the events of a case say.
#[derive(Clone, Debug, Default)]
pub struct Correlated {
    pub machines: Vec<Machine>,
    /// By machine, boot, first record.
    pub sessions: Sessions,
    /// For each source, how many of its records another source has as well.
    pub duplicates: Vec<u64>,
}

/// Works out machines, boots and sessions. `paths` are those of the sources, by number. The result does not depend
/// on the order in which the records came.
pub fn correlate(records: &Records, paths: &[&str]) -> Correlated {
    let (mut machines, duplicates) = machines::machines(records, paths);
    let mut sessions = Sessions::default();
    for (n, machine) in machines.iter_mut().enumerate() {
        machine.boots = boots::boots(records, machine);
        let outside = Outside::of(records, machine);
        if let Some(security) = machine.security.map(|n| &machine.lineages[n]) {
            machine.clock = clock::clock(records, security, &machine.boots);
            clock::correct_next_starts(&machine.clock, &mut machine.boots);
            coverage::logoff_audit(records, security, &mut machine.boots);
        }
        add_sessions(records, n as u32, machine, &outside, &mut sessions);
    }
    bursts::bursts(&mut sessions);
    Correlated { machines, sessions, duplicates }
}

fn add_sessions(
    records: &Records,
    machine: u32,
    facts: &Machine,
    outside: &Outside,
    sessions: &mut Sessions,
) {
    let empty = Lineage::default();
    let lineage = |n: Option<usize>| n.map_or(&empty, |n| &facts.lineages[n]);
    let (security, system) = (lineage(facts.security), lineage(facts.system));
    for (n, boot) in facts.boots.iter().enumerate() {
        let tracks = open::tracks(records, security, boot);
        let linker = Linker { records, security, tracks: &tracks };
        let groups = linker.groups();
        let marks = Marks::of(&groups, &tracks);
        let numbered = outside.sessions(records, n);
        let joined = terminal::join(&linker, &groups, &marks, &numbered);
        let around = Around::of(&linker, boot, &groups, sleep::sleeps(records, system, boot));
        let first = sessions.all.len() as SessionIdx;
        for (idx, group) in groups.iter().enumerate() {
            let mut draft = Draft::new(&linker, facts, boot, &around, group);
            draft.ts = joined[idx].map(|(ts, how)| (&numbered[ts], how));
            draft.session.machine = machine;
            draft.session.boot = n as u32;
            draft.fill(marks.of_group(idx));
            draft.finish(sessions);
        }
        link_parents(&groups, first, sessions);
        for (idx, ts) in numbered.iter().enumerate() {
            let is_joined = joined.iter().flatten().any(|&(other, _)| other == idx);
            if !is_joined && !alone::may_be_known(&linker, &groups, ts) {
                alone::add(records, boot, machine, n as u32, ts, sessions);
            }
        }
        number_namesakes(&mut sessions.all[first as usize..]);
    }
}

/// What a boot's records tell beside its sessions' own.
struct Around {
    /// A 1108 that names a logoff, in the boot's tail (C.7, row 4).
    lost_logoff: Option<Pos>,
    /// Desktop sessions without a logoff.
    n_open_desktops: usize,
    /// 4624 and 4634 of DWM-n and UMFD-n, by place: the number of the Terminal Services session they belong to.
    windows_opened: Vec<(Pos, u32)>,
    windows_closed: Vec<(Pos, u32)>,
    sleeps: Vec<sleep::Sleep>,
    /// 4778 by which a session was resumed from another's client, by LogonId.
    taken_over: Vec<(TrackIdx, Pos)>,
}

impl Around {
    fn of(linker: &Linker<'_>, boot: &Boot, groups: &[Group], sleeps: Vec<sleep::Sleep>) -> Self {
        let is_open = |group: &&Group| {
            let own = || group.own().map(|idx| linker.track(idx));
            group.class == Class::Desktop
                && own().all(|track| track.user_logoff.is_none())
                && own().any(|track| track.logoff.is_none())
        };
        let windows = || groups.iter().filter(|group| group.class == Class::WindowManager);
        let number = |group: &Group| {
            let user = linker.records.text(linker.identity(group.primary).user);
            user.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok())
        };
        let place = |group: &Group, pos: Option<Pos>| Some((pos?, number(group)?));
        let mut windows_opened: Vec<_> =
            windows().filter_map(|group| place(group, linker.track(group.primary).logon)).collect();
        let mut windows_closed: Vec<_> =
            windows().filter_map(|group| place(group, linker.track(group.primary).logoff)).collect();
        windows_opened.sort_unstable();
        windows_closed.sort_unstable();
        Around {
            lost_logoff: close::lost_logoff(linker, boot),
            n_open_desktops: groups.iter().filter(is_open).count(),
            windows_opened,
            windows_closed,
            sleeps,
            taken_over: takeovers(linker),
        }
    }
}

/// Somebody's client is handed to another's session within this time (trap 50).
const TAKEOVER: i64 = 10 * SECOND;

/// 4779 of one account, then 4778 of another with the same session name and address: the second's session goes on at
/// the first's client.
fn takeovers(linker: &Linker<'_>) -> Vec<(TrackIdx, Pos)> {
    let marks = &linker.tracks.marks;
    let text =
        |mark: &Mark, field| linker.event(mark.pos).map(|event| linker.records.events.text(event, field));
    let client = |mark: &Mark| (text(mark, Field::SessionName), text(mark, Field::Address));
    let account = |mark: &Mark| (text(mark, Field::TargetUser), text(mark, Field::TargetDomain));
    let is_taken = |n: usize| {
        let (mark, at) = (&marks[n], linker.time(marks[n].pos));
        let recent =
            marks[..n].iter().rev().take_while(|other| at.since(linker.time(other.pos)).abs() <= TAKEOVER);
        mark.kind == Kind::Reconnected
            && text(mark, Field::SessionName).is_some_and(|name| !name.is_none())
            && recent
                .filter(|other| other.kind == Kind::Disconnected && client(other) == client(mark))
                .any(|other| account(other) != account(mark))
    };
    (0..marks.len()).filter(|&n| is_taken(n)).map(|n| (marks[n].track, marks[n].pos)).collect()
}

/// Rule 30: the session that a secondary logon was made from.
fn link_parents(groups: &[Group], first: SessionIdx, sessions: &mut Sessions) {
    if groups.iter().all(|group| group.parent.is_none()) {
        return;
    }
    let mut by_luid: FxHashMap<LogonId, SessionIdx> = FxHashMap::default();
    for idx in first..sessions.all.len() as SessionIdx {
        for logon in sessions.logons(&sessions.all[idx as usize]).iter().filter(|logon| logon.role.is_own()) {
            by_luid.entry(logon.luid).or_insert(idx);
        }
        if let Some(luid) = sessions.all[idx as usize].luid {
            by_luid.entry(luid).or_insert(idx);
        }
    }
    for (n, group) in groups.iter().enumerate() {
        let idx = first + n as SessionIdx;
        let parent = group.parent.and_then(|luid| by_luid.get(&luid)).copied();
        sessions.all[idx as usize].parent = parent.filter(|&parent| parent != idx);
    }
}

/// Tells sessions of one LogonId in one boot apart.
fn number_namesakes(sessions: &mut [Session]) {
    let mut seen: FxHashMap<(Option<LogonId>, Option<u32>), u32> = FxHashMap::default();
    for session in sessions {
        let number = session.ts_session.filter(|_| session.luid.is_none());
        let n = seen.entry((session.luid, number)).or_insert(0);
        *n += 1;
        session.ordinal = *n;
    }
}

/// A boot's marks, by the group whose own LogonId they cite.
struct Marks {
    runs: Vec<Vec<Mark>>,
}

impl Marks {
    fn of(groups: &[Group], tracks: &open::Tracks) -> Self {
        if tracks.marks.is_empty() {
            return Marks { runs: Vec::new() };
        }
        let mut group_of: FxHashMap<TrackIdx, usize> = FxHashMap::default();
        for (n, group) in groups.iter().enumerate() {
            group_of.extend(group.own().map(|idx| (idx, n)));
        }
        let mut runs = vec![Vec::new(); groups.len()];
        for mark in &tracks.marks {
            if let Some(&n) = group_of.get(&mark.track) {
                runs[n].push(*mark);
            }
        }
        Marks { runs }
    }

    fn of_group(&self, idx: usize) -> &[Mark] {
        self.runs.get(idx).map_or(&[], |run| run)
    }
}

/// The window manager of a new session logs on this long before its user (rule 33d).
const WINDOWS_BEFORE: i64 = 10 * SECOND;

/// A session while it is worked out.
struct Draft<'a> {
    records: &'a Records,
    linker: &'a Linker<'a>,
    security: &'a Lineage,
    clock: &'a Clock,
    boot: &'a Boot,
    around: &'a Around,
    group: &'a Group,
    ts: Option<(&'a TsSession, Joined)>,
    session: Session,
    /// The last record that cites it, 4634 apart; and the record it ends by, or its boot's last.
    last_pos: Pos,
    end_pos: Pos,
    evidence: Vec<Evidence>,
    intervals: Vec<Interval>,
    origins: Vec<Origin>,
}

impl<'a> Draft<'a> {
    fn new(
        linker: &'a Linker<'a>,
        machine: &'a Machine,
        boot: &'a Boot,
        around: &'a Around,
        group: &'a Group,
    ) -> Self {
        Draft {
            records: linker.records,
            linker,
            security: linker.security,
            clock: &machine.clock,
            boot,
            around,
            group,
            ts: None,
            session: Session::default(),
            last_pos: 0,
            end_pos: close::last_pos(boot),
            evidence: Vec::new(),
            intervals: Vec::new(),
            origins: Vec::new(),
        }
    }

    fn row(&self, pos: Pos) -> RowIdx {
        self.security.rows[pos as usize]
    }

    fn event(&self, pos: Pos) -> Option<EventIdx> {
        self.records.event(self.row(pos))
    }

    /// When a record was written, by a clock that was right since boot.
    fn time(&self, pos: Pos) -> Timestamp {
        self.linker.time(pos).plus(self.clock.shift(pos))
    }

    /// The tracks of the session's own LogonIds.
    fn own(&self) -> impl Iterator<Item = &'a Track> {
        let linker = self.linker;
        self.group.own().map(move |idx| linker.track(idx))
    }

    fn tracks(&self) -> impl Iterator<Item = (TrackIdx, LogonRole)> {
        let group = self.group;
        let own = std::iter::once((group.primary, LogonRole::Primary));
        let elevated = group.elevated.map(|idx| (idx, LogonRole::Elevated));
        own.chain(elevated).chain(group.attached.iter().copied())
    }

    /// Its 4624, with their roles.
    fn logons(&self) -> impl Iterator<Item = (Pos, LogonRole)> {
        self.tracks().flat_map(|(idx, role)| {
            let track = self.linker.track(idx);
            let repeats = track.repeats.iter().map(|&pos| (pos, LogonRole::Repeat));
            track.logon.map(|pos| (pos, role)).into_iter().chain(repeats)
        })
    }

    fn evidence(&mut self, pos: Pos, role: EvidenceRole, rule: u8) {
        self.evidence_row(self.row(pos), role, rule);
    }

    fn evidence_row(&mut self, row: RowIdx, role: EvidenceRole, rule: u8) {
        let evidence = Evidence { row, role, rule };
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }

    /// Adds an interval, cut to the session.
    fn push_interval(&mut self, begin: Timestamp, end: Timestamp, interval: Interval) {
        let interval = Interval { from: interval.from.max(begin), to: interval.to.min(end), ..interval };
        // One state at a time: an opener that was seen twice, or a lost closer.
        let is_apart = |other: &Interval| {
            other.what != interval.what || interval.to <= other.from || other.to <= interval.from
        };
        if interval.from < interval.to && self.intervals.iter().all(is_apart) {
            self.intervals.push(interval);
        }
    }

    fn fill(&mut self, marks: &[Mark]) {
        self.fill_identity();
        self.fill_start();
        self.fill_last_seen();
        self.session.ts_session = self.ts_session(marks);
        close::close(self);
        self.fill_durations();
        intervals::intervals(self, marks);
        origins::origins(self, marks);
        self.fill_flags();
    }

    fn fill_identity(&mut self) {
        let group = self.group;
        let Identity { sid, user, domain, logon_type } = self.identity();
        let logon =
            self.linker.logon(group.primary).or(group.elevated.and_then(|idx| self.linker.logon(idx)));
        let text = |field| logon.map_or(StrId::NONE, |event| self.records.events.text(event, field));
        let (outbound_user, outbound_domain) = (text(Field::OutboundUser), text(Field::OutboundDomain));
        let elevated = match self.records.text(text(Field::Elevated)) {
            "%%1842" => Some(true),
            "%%1843" => Some(group.elevated.is_some()),
            _ => group.elevated.map(|_| true),
        };
        let first = self.own().map(|track| track.first).min().unwrap_or(0);
        let (name, n_logons) = (self.name(), self.n_logons());
        let session = &mut self.session;
        (session.sid, session.user, session.domain, session.logon_type) = (sid, user, domain, logon_type);
        (session.outbound_user, session.outbound_domain) = (outbound_user, outbound_domain);
        session.elevated = elevated;
        session.class = group.class;
        session.first_pos = first;
        session.first_row = self.security.rows[first as usize];
        session.computer = self.records.signature(session.first_row).computer;
        session.n_logons = n_logons;
        session.luid = Some(name);
    }

    fn identity(&self) -> Identity {
        let primary = self.linker.identity(self.group.primary);
        match self.group.elevated {
            Some(elevated) if primary.sid.is_none() && primary.user.is_none() => {
                self.linker.identity(elevated)
            }
            _ => primary,
        }
    }

    fn n_logons(&self) -> u32 {
        self.tracks().map(|(idx, _)| self.linker.track(idx).n_logons).sum()
    }

    /// The primary LogonId; without a 4624 the lowest that is cited.
    fn name(&self) -> LogonId {
        let primary = self.linker.track(self.group.primary);
        match primary.logon {
            Some(_) => primary.luid,
            None => self.own().map(|track| track.luid).min().unwrap_or(primary.luid),
        }
    }

    fn fill_start(&mut self) {
        let logon = self.own().filter_map(|track| track.logon).min();
        let own: Vec<(Pos, LogonRole)> = self.logons().collect();
        for (pos, role) in own {
            let (role, rule) = match role {
                LogonRole::Primary | LogonRole::Repeat => (EvidenceRole::Start, 23),
                LogonRole::Elevated => (EvidenceRole::Start, 26),
                LogonRole::Unlock => (EvidenceRole::Unlock, 31),
                LogonRole::Reconnect => (EvidenceRole::Reconnect, 31),
                LogonRole::Nla => (EvidenceRole::Origin, 32),
                LogonRole::Refresh => continue,
            };
            self.evidence(pos, role, rule);
        }
        self.session.start = match logon {
            Some(pos) => Start { how: StartHow::Logon, at: Some(self.time(pos)), ..Start::default() },
            None => self.inferred_start(),
        };
    }

    /// Rule 24.
    fn inferred_start(&mut self) -> Start {
        let first = self.session.first_pos;
        self.evidence(first, EvidenceRole::Start, 24);
        let (before, after) = open::neighbours(self.linker.tracks, self.name(), |pos| self.time(pos));
        let first_cited = self.time(first);
        let moved = self.clock.shift(self.boot.security.start);
        let boot_start = self.boot.start.filter(|_| self.boot.has_start).map(|start| start.plus(moved));
        let earliest = before.max(boot_start).map(|earliest| earliest.min(first_cited));
        let how = if self.linker.tracks.known.is_empty() && self.boot.has_start {
            StartHow::LogonNotAudited
        } else if !self.boot.has_start && before.is_none() && self.boot.security.start == 0 {
            StartHow::BeforeLogStart
        } else {
            StartHow::Gap
        };
        let latest = after.map_or(first_cited, |after| after.min(first_cited));
        Start { how, at: None, earliest, latest: Some(latest.max(earliest.unwrap_or(latest))) }
    }

    fn fill_last_seen(&mut self) {
        let last = self.own().filter_map(|track| track.last_seen).max();
        self.last_pos = last.unwrap_or(self.session.first_pos);
        let cited = last.map(|pos| self.time(pos));
        self.session.last_seen = cited.max(self.last_seen_elsewhere());
    }

    /// The last that other logs saw of it, unless it had been logged off by then.
    fn last_seen_elsewhere(&self) -> Option<Timestamp> {
        let (ts, _) = self.ts?;
        let ended = self.own().flat_map(|track| [track.user_logoff, track.logoff]).flatten().min();
        let ended = ended.map(|pos| self.time(pos));
        let rows = ts.opened.iter().chain(ts.changes.iter().map(|(row, _)| row));
        let times = rows.map(|&row| self.records.time[row as usize]);
        times.filter(|&at| ended.is_none_or(|ended| at <= ended)).max()
    }

    fn fill_durations(&mut self) {
        let Session { start, end, first_pos, .. } = self.session;
        let kept = self.clock.kept_between(first_pos, self.end_pos);
        let span = |from: Option<Timestamp>, to: Option<Timestamp>| {
            from.zip(to).map(|(from, to)| to.since(from).saturating_sub(kept).max(0))
        };
        let session = &mut self.session;
        if start.how == StartHow::Logon && end.confidence == Confidence::High {
            session.duration = span(start.at, end.at);
        }
        session.duration_min = span(start.at.or(start.latest), end.earliest.or(end.at));
        session.duration_max =
            span(start.at.or(start.earliest), end.latest.or(end.at.filter(|_| is_exact(end.how))));
    }

    fn fill_flags(&mut self) {
        let Session { first_pos, end, .. } = self.session;
        let privileges: Vec<Pos> = self.own().filter_map(|track| track.privileges).collect();
        for &pos in &privileges {
            self.evidence(pos, EvidenceRole::Privileges, 28);
        }
        let moved = self.clock.shift(first_pos) != 0;
        let manipulations: Vec<Pos> =
            self.clock.manipulations(first_pos, self.end_pos).map(|step| step.at).collect();
        for &pos in &manipulations {
            self.evidence(pos, EvidenceRole::Clock, 20);
        }
        let own: Vec<TrackIdx> = self.group.own().collect();
        let around = self.around;
        let taken_over: Vec<Pos> =
            around.taken_over.iter().filter(|(track, _)| own.contains(track)).map(|&(_, pos)| pos).collect();
        for &pos in &taken_over {
            self.evidence(pos, EvidenceRole::Reconnect, 41);
        }
        let until = if is_exact(end.how) { self.end_pos } else { self.boot.security.end };
        let flags = &mut self.session.flags;
        flags.set(Flags::PRIVILEGED, !privileges.is_empty());
        flags.set(Flags::CLOCK_CORRECTED, moved);
        flags.set(Flags::CLOCK_MANIPULATED, !manipulations.is_empty());
        flags.set(Flags::MAY_HAVE_MISSED_EVENTS, self.security.has_gap(first_pos, until));
        flags.set(Flags::TAKEN_OVER, !taken_over.is_empty());
        flags.set(Flags::ALIVE_AFTER_LOGOFF, end.how == EndHow::UserLogoff && self.last_pos > self.end_pos);
    }

    /// Rule 33: 4800 to 4803 name both the LogonId and the Terminal Services session (a), other logs name it by
    /// account and moment (b, c), and a new one has its window manager log on right before its user (d).
    fn ts_session(&self, marks: &[Mark]) -> Option<u32> {
        let number = |mark: &Mark| self.records.events.number(self.event(mark.pos)?, Field::TsSession);
        let by_marks = marks.iter().find_map(number);
        by_marks.or(self.ts.map(|(ts, _)| ts.number)).or_else(|| self.number_by_windows())
    }

    fn number_by_windows(&self) -> Option<u32> {
        let logon = self.own().filter_map(|track| track.logon).min()?;
        if self.session.class != Class::Desktop {
            return None;
        }
        let next = self.around.windows_opened.partition_point(|&(pos, _)| pos < logon);
        let &(pos, number) = self.around.windows_opened[..next].last()?;
        (self.time(logon).since(self.time(pos)) <= WINDOWS_BEFORE).then_some(number)
    }

    fn finish(mut self, sessions: &mut Sessions) {
        let logons = self.logon_rows();
        let order = |e: &Evidence| {
            (
                self.records.signature(e.row).channel != self.security.channel,
                self.records.id[e.row as usize],
                e.role,
            )
        };
        self.evidence.sort_by_key(order);
        self.intervals.sort_by_key(|interval| (interval.from, interval.what));
        let session = &mut self.session;
        session.logons = append(&mut sessions.logons, logons);
        session.evidence = append(&mut sessions.evidence, self.evidence);
        session.intervals = append(&mut sessions.intervals, self.intervals);
        session.origins = append(&mut sessions.origins, self.origins);
        sessions.all.push(self.session);
    }

    /// Its 4624 in the order of their records; of a fixed LogonId the first alone.
    fn logon_rows(&self) -> Vec<Logon> {
        let mut logons: Vec<Logon> = Vec::new();
        for (idx, role) in self.tracks() {
            let track = self.linker.track(idx);
            let at = |pos: Option<Pos>| pos.map(|pos| self.row(pos));
            if track.logon.is_none() && track.linked.is_none() && !role.is_own() {
                continue;
            }
            let logon = Logon {
                luid: track.luid,
                linked: track.linked,
                role,
                row: at(track.logon),
                logoff_4634: at(track.logoff),
                logoff_4647: at(track.user_logoff),
            };
            let repeats = track.repeats.iter().map(|&pos| Logon {
                row: at(Some(pos)),
                role: LogonRole::Repeat,
                ..logon
            });
            // A logoff is told of the last 4624 before it.
            match track.repeats.is_empty() {
                true => logons.push(logon),
                false => {
                    logons.push(Logon { logoff_4634: None, logoff_4647: None, ..logon });
                    let n = track.repeats.len() - 1;
                    logons.extend(repeats.enumerate().map(|(i, repeat)| match i == n {
                        true => repeat,
                        false => Logon { logoff_4634: None, logoff_4647: None, ..repeat },
                    }));
                }
            }
        }
        logons.sort_by_key(|logon| logon.row.map(|row| self.records.id[row as usize]));
        logons
    }
}

/// Ends that a record of their own shows.
fn is_exact(how: EndHow) -> bool {
    matches!(how, EndHow::UserLogoff | EndHow::Logoff | EndHow::LogoffFromOtherLog)
}

fn append<T>(column: &mut Vec<T>, own: Vec<T>) -> Run {
    let run = Run { first: column.len() as u32, n: own.len() as u32 };
    column.extend(own);
    run
}
