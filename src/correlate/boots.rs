//! When a machine started, and how each run of it ended (domain.md C.3, rules 7 to 16).

use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx};
use crate::machine::{Boot, BootEnd, Lineage, Machine, Pos};
use crate::parse::system_time;
use crate::time::{MINUTE, SECOND, Timestamp};
use std::ops::Range;

/// Anchors of different kinds closer than this are one start (rule 8).
const ONE_START: i64 = 5 * MINUTE;

/// How far a start may reach back before its first anchor (rule 7).
const LOOK_BACK_RECORDS: u32 = 300;
const LOOK_BACK: i64 = 10 * MINUTE;

/// Object-access records of lsass are told from others only by where they stand: right before the anchor.
const HANDLE_LOOK_BACK: i64 = MINUTE;

/// A LogonId may be written this much later than a greater one without a restart between them (rule 9).
const LUID_SWAP_RECORDS: u32 = 16;
const LUID_SWAP: i64 = 5 * SECOND;

/// Records after a shutdown's 1100 that still belong to it: 228 in 9 s were seen (domain.md A.2); a stopped event log
/// service that is started again writes on for longer.
const TAIL_RECORDS: u32 = 1000;
const TAIL: i64 = 10 * MINUTE;

/// System and Security starts closer than this are the same start (rule 11).
const SAME_START: i64 = 10 * MINUTE;

/// How exactly the moment of a clean shutdown is known (C.7, row 6).
pub const SHUTDOWN_SLACK: i64 = 30 * SECOND;

/// A start, where its records begin in a lineage.
#[derive(Clone, Debug)]
struct Start {
    pos: Pos,
    at: Timestamp,
    anchors: Vec<RowIdx>,
}

/// Cuts a machine's logs into boots.
pub fn boots(records: &Records, machine: &Machine) -> Vec<Boot> {
    let empty = Lineage::default();
    let lineage = |n: Option<usize>| n.map_or(&empty, |n| &machine.lineages[n]);
    let (security, system) = (lineage(machine.security), lineage(machine.system));
    let system_starts = system_starts(records, system);
    let starts = security_starts(records, security, &system_starts);
    let cuts = pair(records, security, system, starts, system_starts);
    let mut boots = assemble(cuts, security, system);
    for n in 0..boots.len() {
        boots[n].next_start = boots.get(n + 1).and_then(|next| next.start);
        boots[n].last_record = last_record(records, &boots[n], security, system);
        boots[n].end = end(records, &boots, n, security, system);
        // Nothing more of this boot, nor of a later one, and no sign that the log was stopped with the computer.
        let is_stopped = tail(records, security, &boots[n].security, Kind::EventLogStopped).is_some();
        let is_last = boots[n].security.end as usize == security.rows.len();
        let has_ended = n + 1 < boots.len() || boots[n].end != BootEnd::Open;
        boots[n].outlives_security = !is_stopped && is_last && has_ended;
    }
    boots
}

/// Which rule 8 kind of anchor a record is; the first four start a boot each time they are seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    AuditStarted = 0,
    SystemLogon,
    BootConfiguration,
    PolicyTable,
    FirstProcess,
}

impl Anchor {
    fn is_once_per_boot(self) -> bool {
        self != Anchor::FirstProcess
    }
}

/// A start that anchors are being added to.
struct Cluster {
    first: Pos,
    last_at: Timestamp,
    kinds: u8,
    anchors: Vec<RowIdx>,
    /// A shutdown or somebody's logon came after its last anchor.
    is_over: bool,
}

fn security_starts(records: &Records, security: &Lineage, system: &[Start]) -> Vec<Start> {
    let mut clusters: Vec<Cluster> = Vec::new();
    let mut luids = LuidRestarts::default();
    let mut gaps = security.gaps.iter().copied().peekable();
    let mut last_gap = None;
    let mut system = system.iter().map(|start| start.at).peekable();
    let mut stopped: Option<Pos> = None;
    for (pos, &row) in security.rows.iter().enumerate() {
        let (pos, at) = (pos as Pos, records.time[row as usize]);
        if gaps.next_if_eq(&pos).is_some() {
            last_gap = Some(pos);
            let floor = clusters.last().map_or(0, |cluster| cluster.first + 1);
            if let Some(first) = lost_start(records, security, stopped, pos, floor) {
                clusters.push(Cluster { first, last_at: at, kinds: 0, anchors: Vec::new(), is_over: false });
                luids = LuidRestarts::default();
                stopped = None;
            }
        }
        // A start that System shows: LogonIds begin anew, whether Security has more of it or not.
        while system.next_if(|&start| start <= at).is_some() {
            luids = LuidRestarts::default();
        }
        let Some(event) = records.event(row) else { continue };
        if records.events.kind(event) == Kind::EventLogStopped {
            stopped = Some(pos);
        }
        if let Some(anchor) = anchor(records, event) {
            match clusters.last_mut().filter(|cluster| cluster.takes(anchor, at)) {
                Some(cluster) => cluster.add(anchor, row, at),
                None => {
                    clusters.push(Cluster::new(pos, anchor, row, at));
                    luids = LuidRestarts::default();
                    stopped = None;
                }
            }
        } else if let Some(last) = clusters.last_mut()
            && ends_a_start(records, event)
        {
            last.is_over = true;
        }
        if luids.is_restart(records, event, pos, at) {
            let since = luids.greatest.map_or(0, |(_, pos, _)| pos);
            luids = LuidRestarts::default();
            luids.is_restart(records, event, pos, at);
            // The start itself is missing: it was where records are.
            let first = last_gap.filter(|&gap| gap > since).unwrap_or(pos);
            let anchors = if first == pos { vec![row] } else { Vec::new() };
            clusters.push(Cluster { first, last_at: at, kinds: 0, anchors, is_over: true });
        }
    }
    let mut floor = 0;
    let mut start = |cluster: Cluster| {
        let pos = match cluster.anchors.is_empty() {
            true => cluster.first,
            false => look_back(records, security, cluster.first, floor),
        };
        floor = cluster.first + 1;
        let at = records.time[security.rows[cluster.first as usize] as usize];
        Start { pos, at, anchors: cluster.anchors }
    };
    clusters.into_iter().map(&mut start).collect()
}

/// Where a start begins whose anchors are among the records missing before a place: the log had been stopped, or what
/// is left beside the gap is what every start has. Without this a session would go on over it.
fn lost_start(
    records: &Records,
    security: &Lineage,
    stopped: Option<Pos>,
    gap: Pos,
    floor: Pos,
) -> Option<Pos> {
    let row = |pos: Pos| security.rows[pos as usize];
    let time = |pos: Pos| records.time[row(pos) as usize];
    // What a shutdown still writes comes within seconds; no computer starts again that fast.
    let was_stopped = stopped.is_some_and(|stopped| {
        gap - stopped <= TAIL_RECORDS
            && time(gap - 1).since(time(stopped)).abs() <= TAIL
            && time(gap).since(time(stopped)).abs() > SHUTDOWN_TAIL
    });
    if was_stopped {
        return Some(gap);
    }
    let is_part = |pos: &Pos| is_of_start(records, row(*pos), time(gap));
    let before = (floor..gap).rev().take_while(is_part).last().unwrap_or(gap);
    let after = (gap..security.rows.len() as Pos).take_while(is_part).last().map_or(gap, |last| last + 1);
    let is_told = (before..after).any(|pos| is_once_per_start(records, row(pos)));
    let is_anchored =
        (before..after).any(|pos| records.event(row(pos)).is_some_and(|e| anchor(records, e).is_some()));
    (is_told && !is_anchored).then_some(before)
}

/// The last records of a shutdown were written 9 s after its 1100 (domain.md A.2).
const SHUTDOWN_TAIL: i64 = 12 * SECOND;

/// Events of a start that cannot be seen at another time, anchors apart.
fn is_once_per_start(records: &Records, row: RowIdx) -> bool {
    let Some(event) = records.event(row) else { return false };
    let events = &records.events;
    match events.kind(event) {
        Kind::AuditEventsDropped => true,
        Kind::ProcessCreated => {
            let path = records.text(events.text(event, Field::NewProcess)).to_ascii_lowercase();
            let by_system = events.luid(event, Field::SubjectLogonId) == Some(LogonId::SYSTEM);
            let names = ["wininit.exe", "services.exe", "lsass.exe", "autochk.exe"];
            by_system && path.contains(r"\windows\system32\") && names.contains(&file_name(&path))
        }
        _ => false,
    }
}

impl Cluster {
    fn new(pos: Pos, anchor: Anchor, row: RowIdx, at: Timestamp) -> Self {
        Cluster { first: pos, last_at: at, kinds: 1 << anchor as u8, anchors: vec![row], is_over: false }
    }

    /// Rule 8.
    fn takes(&self, anchor: Anchor, at: Timestamp) -> bool {
        let is_again = anchor.is_once_per_boot() && self.kinds >> anchor as u8 & 1 == 1;
        !is_again && !self.is_over && at.since(self.last_at).abs() < ONE_START
    }

    fn add(&mut self, anchor: Anchor, row: RowIdx, at: Timestamp) {
        self.kinds |= 1 << anchor as u8;
        self.anchors.push(row);
        self.last_at = at;
    }
}

fn anchor(records: &Records, event: EventIdx) -> Option<Anchor> {
    let events = &records.events;
    match events.kind(event) {
        Kind::AuditStarted => Some(Anchor::AuditStarted),
        Kind::Logon => {
            let is_system = events.number(event, Field::LogonType) == Some(0)
                && events.luid(event, Field::TargetLogonId) == Some(LogonId::SYSTEM);
            is_system.then_some(Anchor::SystemLogon)
        }
        Kind::BootConfiguration => Some(Anchor::BootConfiguration),
        Kind::PolicyTableCreated => Some(Anchor::PolicyTable),
        Kind::ProcessCreated => {
            let name = file_name(records.text(events.text(event, Field::NewProcess)));
            let by_kernel = events.luid(event, Field::ProcessId).is_none_or(|creator| creator.0 == 4);
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
fn ends_a_start(records: &Records, event: EventIdx) -> bool {
    let events = &records.events;
    match events.kind(event) {
        Kind::EventLogStopped => true,
        Kind::Logon => {
            // The window manager's own logons are part of every start.
            matches!(events.number(event, Field::LogonType), Some(2 | 10 | 11))
                && !super::classify::is_window_manager(records.text(events.text(event, Field::TargetDomain)))
        }
        _ => false,
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}

/// Rule 9: within a boot LogonIds grow.
#[derive(Default)]
struct LuidRestarts {
    greatest: Option<(u64, Pos, Timestamp)>,
}

impl LuidRestarts {
    fn is_restart(&mut self, records: &Records, event: EventIdx, pos: Pos, at: Timestamp) -> bool {
        if records.events.kind(event) != Kind::Logon {
            return false;
        }
        let luid = records.events.luid(event, Field::TargetLogonId).filter(|luid| !luid.is_fixed());
        let Some(LogonId(luid)) = luid else { return false };
        match self.greatest {
            Some((greatest, _, _)) if luid >= greatest => {
                self.greatest = Some((luid, pos, at));
                false
            }
            Some((_, then, when)) => pos - then > LUID_SWAP_RECORDS && at.since(when).abs() > LUID_SWAP,
            None => {
                self.greatest = Some((luid, pos, at));
                false
            }
        }
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

/// Rule 11: 12, 6009 and 6005, in any order, are one start.
fn system_starts(records: &Records, system: &Lineage) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::new();
    let mut kinds: Vec<Kind> = Vec::new();
    for (pos, &row) in system.rows.iter().enumerate() {
        let Some(event) = records.event(row) else { continue };
        let kind = records.events.kind(event);
        if !matches!(kind, Kind::KernelStarted | Kind::EventLogStarted | Kind::SystemVersion) {
            if kind == Kind::EventLogStoppedClean {
                kinds = vec![Kind::KernelStarted, Kind::EventLogStarted, Kind::SystemVersion];
            }
            continue;
        }
        let at = records.time[row as usize];
        let started = records.events.time(event, Field::StartTime).filter(|_| kind == Kind::KernelStarted);
        match starts
            .last_mut()
            .filter(|start| !kinds.contains(&kind) && at.since(start.at).abs() < SAME_START)
        {
            Some(start) => {
                start.anchors.push(row);
                start.at = started.unwrap_or(start.at);
                kinds.push(kind);
            }
            None => {
                starts.push(Start { pos: pos as Pos, at: started.unwrap_or(at), anchors: vec![row] });
                kinds = vec![kind];
            }
        }
    }
    let has_kernel = |start: &Start| start.anchors.iter().any(|&row| is_kernel_start(records, row));
    if starts.iter().any(has_kernel) {
        // The event log service alone was started again, unless the kernel's own record is missing.
        starts.retain(|start| has_kernel(start) || is_beside_gap(system, start));
    }
    starts
}

fn is_kernel_start(records: &Records, row: RowIdx) -> bool {
    records.event(row).is_some_and(|event| records.events.kind(event) == Kind::KernelStarted)
}

/// Records of a start within which its own may be missing.
const START_RECORDS: Pos = 64;

fn is_beside_gap(system: &Lineage, start: &Start) -> bool {
    start.pos < START_RECORDS || system.has_gap(start.pos - START_RECORDS, start.pos + START_RECORDS)
}

/// A start of the machine, and where its records begin in both logs.
struct Cut {
    at: Timestamp,
    anchors: Vec<RowIdx>,
    security: Pos,
    system: Pos,
}

/// Joins the starts of both logs in their order (rule 11).
fn pair(
    records: &Records,
    security: &Lineage,
    system: &Lineage,
    starts: Vec<Start>,
    system_starts: Vec<Start>,
) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    let mut twins = system_starts.into_iter().peekable();
    for start in starts {
        let is_same = |other: &Start| start.at.since(other.at).abs() < SAME_START;
        while let Some(other) = twins.next_if(|other| other.at < start.at && !is_same(other)) {
            cuts.push(system_only(records, security, other, cuts.last(), start.pos));
        }
        cuts.push(match twins.next_if(is_same) {
            Some(twin) => Cut {
                // The kernel's own word is the earliest.
                at: twin.at,
                anchors: start.anchors.into_iter().chain(twin.anchors).collect(),
                security: start.pos,
                system: twin.pos,
            },
            None => {
                let end = twins.peek().map_or(system.rows.len() as Pos, |next| next.pos);
                let from = cuts.last().map_or(0, |cut| cut.system);
                let pos = first_since(records, system, from..end, start.at).unwrap_or(end);
                Cut { at: start.at, anchors: start.anchors, security: start.pos, system: pos }
            }
        });
    }
    let end = security.rows.len() as Pos;
    for other in twins {
        cuts.push(system_only(records, security, other, cuts.last(), end));
    }
    cuts
}

/// The first place in a range whose record is not older than a moment.
fn first_since(records: &Records, lineage: &Lineage, range: Range<Pos>, at: Timestamp) -> Option<Pos> {
    range.into_iter().find(|&pos| records.time[lineage.rows[pos as usize] as usize] >= at)
}

/// A start that only System has: Security begins later, has a gap there, or does not audit what would show it.
fn system_only(records: &Records, security: &Lineage, start: Start, last: Option<&Cut>, end: Pos) -> Cut {
    let from = last.map_or(0, |cut| cut.security);
    let since = first_since(records, security, from..end, start.at);
    Cut { at: start.at, anchors: start.anchors, security: since.unwrap_or(end), system: start.pos }
}

/// Boot 0 is what the logs have before the first start.
fn assemble(cuts: Vec<Cut>, security: &Lineage, system: &Lineage) -> Vec<Boot> {
    let mut boots = vec![Boot::default()];
    let ends = (security.rows.len() as Pos, system.rows.len() as Pos);
    let starts: Vec<(Pos, Pos)> = cuts.iter().map(|cut| (cut.security, cut.system)).chain([ends]).collect();
    boots[0].security = 0..starts[0].0;
    boots[0].system = 0..starts[0].1;
    for (n, cut) in cuts.into_iter().enumerate() {
        boots.push(Boot {
            security: cut.security..starts[n + 1].0,
            system: cut.system..starts[n + 1].1,
            has_start: !cut.anchors.is_empty(),
            start: Some(cut.at),
            anchors: cut.anchors,
            ..Boot::default()
        });
    }
    boots
}

fn last_record(records: &Records, boot: &Boot, security: &Lineage, system: &Lineage) -> Option<Timestamp> {
    let last = |lineage: &Lineage, range: &Range<Pos>| {
        range.clone().rev().map(|pos| lineage.rows[pos as usize]).find(|&row| !is_late(records, row))
    };
    let rows = [last(security, &boot.security), last(system, &boot.system)];
    rows.into_iter().flatten().map(|row| records.time[row as usize]).max()
}

/// Records of System that are written at the start after the boot they are about.
fn is_late(records: &Records, row: RowIdx) -> bool {
    let kind = records.event(row).map(|event| records.events.kind(event));
    matches!(kind, Some(Kind::KernelStopped | Kind::ShutdownAction))
}

/// Rule 12.
fn end(records: &Records, boots: &[Boot], n: usize, security: &Lineage, system: &Lineage) -> BootEnd {
    let next = boots.get(n + 1);
    let stopped = tail(records, security, &boots[n].security, Kind::EventLogStopped);
    let stopped_system = tail(records, system, &boots[n].system, Kind::EventLogStoppedClean);
    // Flushed at the next start, after its first records (rule 11).
    let kernel = next.and_then(|next| find(records, system, &next.system, Kind::KernelStopped));
    let kernel_time =
        |row: RowIdx| records.event(row).and_then(|event| records.events.time(event, Field::NewTime));
    let by: Vec<RowIdx> = [stopped, stopped_system, kernel].into_iter().flatten().collect();
    let time = |row: RowIdx| records.time[row as usize];
    if let Some(at) = stopped.or(stopped_system).map(time).or(kernel.and_then(kernel_time)) {
        let stop = kernel.and_then(kernel_time).filter(|&stop| stop >= at);
        return BootEnd::Clean { at, latest: stop.unwrap_or(at.plus(SHUTDOWN_SLACK)), by };
    }
    match next {
        Some(next) => unclean(records, next, security, system),
        None => BootEnd::Open,
    }
}

/// The last record of a kind in a boot's tail: after it, only a few more, within minutes.
fn tail(records: &Records, lineage: &Lineage, range: &Range<Pos>, kind: Kind) -> Option<RowIdx> {
    let row = |pos: Pos| lineage.rows[pos as usize];
    let from = range.end.saturating_sub(TAIL_RECORDS).max(range.start);
    let is_kind =
        |pos: &Pos| records.event(row(*pos)).is_some_and(|event| records.events.kind(event) == kind);
    let pos = (from..range.end).rev().find(is_kind)?;
    let last = records.time[row(range.end - 1) as usize];
    (last.since(records.time[row(pos) as usize]).abs() <= TAIL).then_some(row(pos))
}

fn find(records: &Records, lineage: &Lineage, range: &Range<Pos>, kind: Kind) -> Option<RowIdx> {
    let is_kind = |row: &RowIdx| records.event(*row).is_some_and(|event| records.events.kind(event) == kind);
    range.clone().map(|pos| lineage.rows[pos as usize]).find(is_kind)
}

fn unclean(records: &Records, next: &Boot, security: &Lineage, system: &Lineage) -> BootEnd {
    let dropped = find(
        records,
        security,
        &(next.security.start..next.security.end.min(next.security.start + LOOK_BACK_RECORDS)),
        Kind::AuditEventsDropped,
    );
    let reported =
        [Kind::UnexpectedShutdown, Kind::PowerLost].map(|kind| find(records, system, &next.system, kind));
    let event = |row: RowIdx| records.event(row);
    let heartbeat = reported[0].and_then(event).and_then(|event| heartbeat(records, event));
    let button = reported[1].and_then(event).and_then(|event| records.events.time(event, Field::NewTime));
    BootEnd::Unclean {
        heartbeat: heartbeat.max(button),
        is_reported: reported.iter().any(Option::is_some),
        by: reported.into_iter().chain([dropped]).flatten().chain(next.anchors.first().copied()).collect(),
    }
}

/// The UTC SYSTEMTIME in 6008's Binary, at byte 16; its texts are local and localised (A.3).
fn heartbeat(records: &Records, event: EventIdx) -> Option<Timestamp> {
    let hex = records.text(records.events.text(event, Field::Binary));
    let digits = hex.get(32..64)?;
    let byte = |n: usize| u8::from_str_radix(digits.get(2 * n..2 * n + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..16).map_while(byte).collect();
    system_time(&bytes)
}
