//! Where Windows started, as the Security log shows it (domain.md C.3, rules 7 to 10).

use super::classify::is_window_manager;
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx};
use crate::machine::{Lineage, Pos};
use crate::time::{MINUTE, SECOND, Timestamp};

/// Anchors of different kinds closer than this are one start (rule 8).
const ONE_START: i64 = 5 * MINUTE;

/// Records of one start may be swapped within this time.
const SWAPPED: i64 = 10 * SECOND;

/// How far a start may reach back before its first anchor (rule 7).
pub const LOOK_BACK_RECORDS: u32 = 300;
const LOOK_BACK: i64 = 10 * MINUTE;

/// Object-access records of lsass are told from others only by where they stand: right before the anchor.
const HANDLE_LOOK_BACK: i64 = MINUTE;

/// A LogonId may be written this much later than a greater one without a restart between them (rule 9).
const LUID_SWAP_RECORDS: u64 = 16;
pub const LUID_SWAP: i64 = 5 * SECOND;

/// Records after a shutdown's 1100 that still belong to it: 228 in 9 s were seen (domain.md A.2); a stopped event log
/// service that is started again writes on for longer.
pub const TAIL_RECORDS: u32 = 1000;
pub const TAIL: i64 = 10 * MINUTE;

/// The last records of a shutdown were written 9 s after its 1100 (domain.md A.2).
const SHUTDOWN_TAIL: i64 = 12 * SECOND;

/// UMFD-0.
const FONT_DRIVER: &str = "S-1-5-96-0-0";

/// A start, where its records begin in a lineage.
#[derive(Clone, Debug)]
pub struct Start {
    pub pos: Pos,
    pub at: Timestamp,
    /// Where none of its own records is left: the start was after this moment, and not after `at`.
    pub since: Option<Timestamp>,
    pub anchors: Vec<RowIdx>,
    /// Ticks by which the clock was put right within its first minutes (rule 18).
    pub moved: i64,
}

/// Which rule 8 kind of anchor a record is, in the order in which a start writes them; all but the first start a boot
/// each time they are seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    FirstProcess = 0,
    BootConfiguration,
    AuditStarted,
    SystemLogon,
    PolicyTable,
}

impl Anchor {
    fn is_once_per_boot(self) -> bool {
        self != Anchor::FirstProcess
    }
}

/// A start that anchors are being added to.
struct Cluster {
    first: Pos,
    last: Pos,
    last_at: Timestamp,
    kinds: u8,
    /// None: the start is told by what is beside its missing records.
    anchors: Vec<RowIdx>,
    /// A shutdown or somebody's logon came after its last anchor.
    is_over: bool,
    /// Records of it that stand apart from its first anchor.
    reaches_back_to: Pos,
}

/// The starts that Security shows, in the order of its records. `system` are the moments of those that System shows.
#[inline(never)]
pub fn security_starts(records: &Records, security: &Lineage, system: &[Start]) -> Vec<Start> {
    let mut search = Search::new(records, security, system);
    for pos in 0..security.rows.len() as Pos {
        search.step(pos);
    }
    let mut clusters = search.clusters;
    let told = search.told;
    merge_told(records, security, &mut clusters, told);
    let mut floor = 0;
    let mut start = |cluster: Cluster| {
        let is_gap = cluster.kinds == 0 && security.gaps.binary_search(&cluster.first).is_ok();
        let pos = if is_gap { cluster.first } else { look_back(records, security, cluster.first, floor) };
        let pos = pos.min(cluster.reaches_back_to).max(floor);
        floor = cluster.first + 1;
        let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
        let since = (cluster.kinds == 0).then(|| pos.checked_sub(1).map(time)).flatten();
        let at = time(cluster.first);
        let moved = moved(records, security, pos, at);
        Start { pos, at, since, anchors: cluster.anchors, moved }
    };
    clusters.into_iter().map(&mut start).collect()
}

/// A start whose anchors are missing: what is left beside the gap tells it, from a place to a place.
#[derive(Clone, Copy)]
struct Told {
    first: Pos,
    last: Pos,
    /// The records are of the start itself; otherwise the log was stopped before the gap.
    is_part: bool,
}

/// One pass over the records of Security.
struct Search<'a> {
    records: &'a Records,
    security: &'a Lineage,
    clusters: Vec<Cluster>,
    /// Starts told only by what is left beside a gap.
    told: Vec<Told>,
    luids: LuidRestarts,
    next_gap: usize,
    system: std::iter::Peekable<std::vec::IntoIter<Timestamp>>,
    /// The last 1100 of this boot.
    stopped: Option<Pos>,
}

impl<'a> Search<'a> {
    fn new(records: &'a Records, security: &'a Lineage, system: &[Start]) -> Self {
        let system: Vec<Timestamp> = system.iter().map(|start| start.at).collect();
        Search {
            records,
            security,
            clusters: Vec::new(),
            told: Vec::new(),
            luids: LuidRestarts::default(),
            next_gap: 0,
            system: system.into_iter().peekable(),
            stopped: None,
        }
    }

    fn step(&mut self, pos: Pos) {
        let (records, row) = (self.records, self.security.rows[pos as usize]);
        let at = records.time[row as usize];
        if self.security.gaps.get(self.next_gap) == Some(&pos) {
            self.next_gap += 1;
            self.gap(pos);
        }
        // A start that System shows: LogonIds begin anew, whether Security has more of it or not.
        while self.system.next_if(|&start| start <= at).is_some() {
            self.luids = LuidRestarts::default();
        }
        let Some(event) = records.event(row).filter(|&event| may_tell(records.events.kind(event))) else {
            return;
        };
        if records.events.kind(event) == Kind::EventLogStopped {
            self.stopped = Some(pos);
        }
        if let Some(anchor) = anchor(records, event) {
            self.anchor(pos, anchor, row, at);
        } else if let Some(last) = self.clusters.last_mut()
            && ends_a_start(records, event)
        {
            last.is_over = true;
        }
        self.luid(pos, event, row, at);
    }

    fn gap(&mut self, pos: Pos) {
        let floor = self.clusters.last().map_or(0, |cluster| cluster.last + 1);
        let floor = self.told.last().map_or(floor, |told| floor.max(told.last + 1));
        // A log is made anew while the event log is stopped, as a rule by a start (rule 3).
        if self.security.seams.binary_search(&pos).is_ok() {
            self.told.push(Told { first: pos, last: pos, is_part: false });
            self.stopped = None;
            self.luids = LuidRestarts::default();
        } else if let Some(told) = told_by_gap(self.records, self.security, self.stopped, pos, floor) {
            self.told.push(told);
            self.stopped = None;
        }
    }

    fn anchor(&mut self, pos: Pos, anchor: Anchor, row: RowIdx, at: Timestamp) {
        if let Some(cluster) = self.clusters.last_mut().filter(|cluster| cluster.takes(anchor, at)) {
            return cluster.add(pos, anchor, row, at);
        }
        let (kinds, anchors) = (1 << anchor as u8, vec![row]);
        let told = Cluster::told(pos, at, anchors);
        self.clusters.push(Cluster { kinds, is_over: false, ..told });
        self.luids = LuidRestarts::default();
        self.stopped = None;
    }

    fn luid(&mut self, pos: Pos, event: EventIdx, row: RowIdx, at: Timestamp) {
        let Some(since) = self.luids.restart(self.records, event, row, pos, at) else { return };
        self.luids = LuidRestarts::default();
        self.luids.restart(self.records, event, row, pos, at);
        if let Some(told) = self.told.pop_if(|told| since.0 < told.first && told.first <= since.1) {
            let Told { first, last, .. } = told;
            let cluster = Cluster { last, ..Cluster::told(first, at, vec![row]) };
            return self.clusters.push(cluster);
        }
        // The start itself is missing: it was where records are, and before the first LogonId that is lower.
        let gap = self.security.gaps[..self.next_gap].iter().rev();
        let floor = self.clusters.last().map_or(0, |cluster| cluster.last);
        let mut gaps = gap.take_while(|&&gap| gap > since.0 && gap > floor);
        let first = gaps.find(|&&gap| gap <= since.1).copied().unwrap_or(pos);
        self.clusters.push(Cluster { last: pos, ..Cluster::told(first, at, vec![row]) });
    }
}

impl Cluster {
    /// A start without anchors of its own.
    fn told(first: Pos, last_at: Timestamp, anchors: Vec<RowIdx>) -> Self {
        Cluster { first, last: first, last_at, kinds: 0, anchors, is_over: true, reaches_back_to: first }
    }

    /// Rule 8.
    fn takes(&self, anchor: Anchor, at: Timestamp) -> bool {
        let apart = at.since(self.last_at).abs();
        let is_again = anchor.is_once_per_boot() && self.kinds >> anchor as u8 & 1 == 1;
        // What comes first in a start, and comes after what ends one, is of the next.
        let is_first_again = self.kinds >> anchor as u8 > 1 && apart > SWAPPED;
        !is_again && !is_first_again && !self.is_over && apart < ONE_START
    }

    fn add(&mut self, pos: Pos, anchor: Anchor, row: RowIdx, at: Timestamp) {
        self.kinds |= 1 << anchor as u8;
        self.anchors.push(row);
        (self.last, self.last_at) = (pos, at);
    }
}

/// Adds starts that are told only by what is beside a gap, unless that belongs to a start with anchors of its own.
fn merge_told(records: &Records, security: &Lineage, clusters: &mut Vec<Cluster>, told: Vec<Told>) {
    if told.is_empty() {
        return;
    }
    let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    let mut own: Vec<Cluster> = Vec::new();
    let mut next = 0;
    // What tells of a start comes before the font driver of its session 0, or is that.
    let is_free = |from: Pos, to: Pos| {
        let mut between = (from..to).filter_map(|pos| records.event(security.rows[pos as usize]));
        !between.any(|event| ends_a_start(records, event) || is_font_driver(records, event))
    };
    let is_near = |from: Pos, to: Pos| {
        let apart = time(from).since(time(to)).abs();
        to - from <= LOOK_BACK_RECORDS && apart <= LOOK_BACK && is_free(from, to)
    };
    for Told { first, last, is_part } in told {
        while clusters.get(next).is_some_and(|cluster| cluster.first < first) {
            next += 1;
        }
        if next.checked_sub(1).is_some_and(|n| is_near(clusters[n].last.min(first), first)) {
            continue;
        }
        match clusters.get_mut(next).filter(|cluster| is_near(last.min(cluster.first), cluster.first)) {
            // What a stopped log has before the start that follows is the old boot's (rule 10).
            Some(cluster) if is_part => cluster.reaches_back_to = cluster.reaches_back_to.min(first),
            Some(_) => {}
            None => own.push(Cluster { last, ..Cluster::told(first, time(last), Vec::new()) }),
        }
    }
    clusters.extend(own);
    clusters.sort_by_key(|cluster| cluster.first);
}

/// A start whose anchors are among the records missing before a place: the log had been stopped, or what is left
/// beside the gap is what every start has. Without this a session would go on over it. The places are those from
/// which on, and up to which, the records tell it.
fn told_by_gap(
    records: &Records,
    security: &Lineage,
    stopped: Option<Pos>,
    gap: Pos,
    floor: Pos,
) -> Option<Told> {
    let row = |pos: Pos| security.rows[pos as usize];
    let time = |pos: Pos| records.time[row(pos) as usize];
    // What a shutdown still writes comes within seconds; no computer starts again that fast.
    let was_stopped = stopped.is_some_and(|stopped| {
        gap - stopped <= TAIL_RECORDS
            && time(gap - 1).since(time(stopped)).abs() <= TAIL
            && time(gap).since(time(stopped)).abs() > SHUTDOWN_TAIL
    });
    if was_stopped {
        return Some(Told { first: gap, last: gap, is_part: false });
    }
    // A 4672 tells only of the logon beside it.
    let is_privileges = |event| records.events.kind(event) == Kind::SpecialPrivileges;
    let is_part = |pos: &Pos| {
        let row = row(*pos);
        let is_font_driver = records.event(row).is_some_and(|event| is_font_driver(records, event));
        is_font_driver
            || !records.event(row).is_some_and(is_privileges) && is_of_start(records, row, time(gap))
    };
    let most = LOOK_BACK_RECORDS as usize;
    let before = (floor.min(gap)..gap).rev().take(most).take_while(is_part).last().unwrap_or(gap);
    let after = gap..security.rows.len() as Pos;
    let after = after.take(most).take_while(is_part).last().map_or(gap, |last| last + 1);
    let is_told = (before..after).any(|pos| is_once_per_start(records, row(pos)));
    let is_anchored =
        (before..after).any(|pos| records.event(row(pos)).is_some_and(|e| anchor(records, e).is_some()));
    let last = after.max(gap + 1) - 1;
    (is_told && !is_anchored).then_some(Told { first: before, last, is_part: true })
}

/// Events of a start that cannot be seen at another time, anchors apart.
fn is_once_per_start(records: &Records, row: RowIdx) -> bool {
    let Some(event) = records.event(row) else { return false };
    let events = &records.events;
    match events.kind(event) {
        Kind::AuditEventsDropped => true,
        Kind::ProcessCreated => {
            let path = records.text(events.text(event, Field::NewProcess)).to_ascii_lowercase();
            let by_system = events.luid(event, Field::SubjectLogonId) == LogonId::SYSTEM;
            let names = ["wininit.exe", "services.exe", "lsass.exe", "autochk.exe"];
            by_system && path.contains(r"\windows\system32\") && names.contains(&file_name(&path))
        }
        _ => is_font_driver(records, event),
    }
}

/// The logon of UMFD-0: session 0 is made once, by the start (B, 2).
fn is_font_driver(records: &Records, event: EventIdx) -> bool {
    let events = &records.events;
    events.kind(event) == Kind::Logon && records.text(events.text(event, Field::TargetSid)) == FONT_DRIVER
}

/// Whether an event of this kind may be an anchor, end a start, or show that LogonIds began anew: most are none of it.
fn may_tell(kind: Kind) -> bool {
    use Kind::{
        AuditStarted, BootConfiguration, EventLogStopped, Logon, PolicyTableCreated, ProcessCreated,
        TokenAssigned,
    };
    matches!(
        kind,
        AuditStarted
            | BootConfiguration
            | EventLogStopped
            | Logon
            | PolicyTableCreated
            | ProcessCreated
            | TokenAssigned
    )
}

fn anchor(records: &Records, event: EventIdx) -> Option<Anchor> {
    let events = &records.events;
    match events.kind(event) {
        Kind::AuditStarted => Some(Anchor::AuditStarted),
        Kind::Logon => {
            let is_system = events.number(event, Field::LogonType) == Some(0)
                && events.luid(event, Field::TargetLogonId) == LogonId::SYSTEM;
            is_system.then_some(Anchor::SystemLogon)
        }
        Kind::BootConfiguration => Some(Anchor::BootConfiguration),
        Kind::PolicyTableCreated => Some(Anchor::PolicyTable),
        Kind::ProcessCreated => {
            let name = file_name(records.text(events.text(event, Field::NewProcess)));
            let by_kernel = events.luid(event, Field::ProcessId).is_none_or(|creator| creator.get() == 4);
            let is_first = name == "Registry" || by_kernel && name.eq_ignore_ascii_case("smss.exe");
            is_first.then_some(Anchor::FirstProcess)
        }
        Kind::TokenAssigned => {
            let name = file_name(records.text(events.text(event, Field::NewProcess)));
            (name == "Registry").then_some(Anchor::FirstProcess)
        }
        _ => None,
    }
}

/// A shutdown, or the logon of a person: what follows it is another start (rule 8).
pub fn ends_a_start(records: &Records, event: EventIdx) -> bool {
    let events = &records.events;
    match events.kind(event) {
        Kind::EventLogStopped => true,
        Kind::Logon => {
            // The window manager's own logons are part of every start.
            let text = |field| records.text(events.text(event, field));
            matches!(events.number(event, Field::LogonType), Some(2 | 10 | 11))
                && !is_window_manager(text(Field::TargetSid), text(Field::TargetDomain))
        }
        _ => false,
    }
}

fn file_name(path: &str) -> &str {
    memchr::memrchr(b'\\', path.as_bytes()).map_or(path, |slash| &path[slash + 1..])
}

/// Rule 9: within a boot LogonIds grow.
#[derive(Default)]
struct LuidRestarts {
    greatest: Option<Logon>,
    /// The first logon after that with a lower LogonId, not written together with it.
    lower: Option<Pos>,
}

#[derive(Clone, Copy)]
struct Logon {
    luid: LogonId,
    pos: Pos,
    id: u64,
    at: Timestamp,
}

impl LuidRestarts {
    /// If a logon shows that LogonIds began anew: the place of the last one before that, and of the first after it.
    fn restart(
        &mut self,
        records: &Records,
        event: EventIdx,
        row: RowIdx,
        pos: Pos,
        at: Timestamp,
    ) -> Option<(Pos, Pos)> {
        if records.events.kind(event) != Kind::Logon {
            return None;
        }
        let luid = records.events.luid(event, Field::TargetLogonId).filter(|luid| !luid.is_fixed())?;
        let logon = Logon { luid, pos, id: records.id[row as usize], at };
        let Some(greatest) = self.greatest.filter(|greatest| luid < greatest.luid) else {
            *self = LuidRestarts { greatest: Some(logon), lower: None };
            return None;
        };
        // Of records that are missing between them the ids tell; in a log made anew they begin again.
        let apart = logon.id.abs_diff(greatest.id).max(u64::from(pos - greatest.pos));
        let is_soon = at.since(greatest.at).abs() <= LUID_SWAP;
        if !is_soon {
            self.lower.get_or_insert(pos);
        }
        (apart > LUID_SWAP_RECORDS && !is_soon).then(|| (greatest.pos, self.lower.unwrap_or(pos)))
    }
}

/// Rule 7: records of a start that come before its first anchor.
fn look_back(records: &Records, security: &Lineage, first: Pos, floor: Pos) -> Pos {
    let row = |pos: Pos| security.rows[pos as usize];
    let at = records.time[row(first) as usize];
    let mut start = first;
    while start > floor && first - start < LOOK_BACK_RECORDS && is_of_start(records, row(start - 1), at) {
        start -= 1;
    }
    start
}

fn is_of_start(records: &Records, row: RowIdx, start: Timestamp) -> bool {
    let away = records.time[row as usize].since(start).abs();
    let Some(event) = records.event(row) else {
        let is_handle = matches!(records.signature(row).event_id, 4656 | 4658 | 4690);
        return is_handle && away <= HANDLE_LOOK_BACK;
    };
    let events = &records.events;
    let is_system_process = |field| {
        let name = file_name(records.text(events.text(event, field))).to_ascii_lowercase();
        const NAMES: [&str; 9] = [
            "registry",
            "smss.exe",
            "csrss.exe",
            "wininit.exe",
            "winlogon.exe",
            "services.exe",
            "lsass.exe",
            "autochk.exe",
            "lsaiso.exe",
        ];
        NAMES.contains(&name.as_str())
    };
    match events.kind(event) {
        // Written by the new boot about the old one, at a time that may be weeks after it (rule 10).
        Kind::AuditEventsDropped => true,
        Kind::BootConfiguration | Kind::TokenAssigned => away <= LOOK_BACK,
        Kind::ProcessCreated => is_system_process(Field::NewProcess) && away <= LOOK_BACK,
        Kind::ProcessExited => is_system_process(Field::ProcessName) && away <= LOOK_BACK,
        // The first 4624 after a restart of LogonIds has its 4672 before it (C.2).
        Kind::SpecialPrivileges => away <= SECOND,
        _ => false,
    }
}

/// By how much the clock was moved within the first minutes after a start: the other log may carry either time.
pub fn moved(records: &Records, lineage: &Lineage, pos: Pos, at: Timestamp) -> i64 {
    let rows = &lineage.rows[pos as usize..];
    let mut sum = 0i64;
    for &row in rows.iter().take(LOOK_BACK_RECORDS as usize) {
        let Some(event) = records.event(row).filter(|&e| records.events.kind(e) == Kind::ClockSet) else {
            continue;
        };
        let time = |field| records.events.time(event, field);
        let Some((from, to)) = time(Field::PreviousTime).zip(time(Field::NewTime)) else { continue };
        let is_soon = from.since(at).saturating_sub(sum).saturating_abs() <= LOOK_BACK;
        sum = sum.saturating_add(if is_soon { to.since(from) } else { 0 });
    }
    sum
}
