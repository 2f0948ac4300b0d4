//! How each run of a machine ended, and who asked for it (domain.md C.3, rules 10 to 13).

use super::numbered::SESSIONS;
use super::starts::{LOOK_BACK_RECORDS, TAIL, TAIL_RECORDS};
use crate::event::{EventIdx, Field, Kind, Records, RowIdx};
use crate::machine::{Boot, BootEnd, Clock, Lineage, Machine, Pos, ShutdownRequest};
use crate::parse::system_time;
use crate::time::{HOUR, MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashSet;
use std::ops::Range;

/// How exactly the moment of a clean shutdown is known (C.7, row 6).
pub const SHUTDOWN_SLACK: i64 = 30 * SECOND;

/// A shutdown that was asked for (1074) comes within this time: updates are installed before it.
const SHUTDOWN_TAKES: i64 = HOUR;

/// System writes what it has of the last boot within this many records of the next start: it is flushed, not looked up.
const START_RECORDS: Pos = LOOK_BACK_RECORDS;

/// A kernel's StopTime may be read from a clock that was set after the last record by this much.
const STOP_SLACK: i64 = 10 * MINUTE;

/// Says of every boot when it was last heard of and how it ended. Their starts are put right already, and the times of
/// System's records known to be moved.
#[inline(never)]
pub fn stops(records: &Records, machine: &mut Machine) {
    let empty = Lineage::default();
    let lineage = |n: Option<usize>| n.map_or(&empty, |n| &machine.lineages[n]);
    let (security, system) = (lineage(machine.security), lineage(machine.system));
    let told = told_to_stop(records, machine);
    let stepped: FxHashSet<u32> = machine.clock.steps().iter().map(|step| step.boot).collect();
    let stops = Stops { records, security, system, clock: &machine.clock, told, stepped };
    let boots = &mut machine.boots;
    for n in 0..boots.len() {
        let own = boots[n].security.clone();
        let has_step = stops.has_step(n);
        let has_gap = security.has_gap(own.start.saturating_sub(1), own.end);
        boots[n].last_record = stops.last_record(&boots[n]);
        boots[n].next_start = stops.next_start(boots, n);
        boots[n].is_next_start_unsure = boots.get(n + 1).is_some_and(|next| next.clock_unsure_from.is_some());
        let is_turned_back = stops.is_turned_back(boots, n);
        let is_last = own.end as usize == security.rows.len();
        let is_cut =
            has_gap || !has_own_start(records, security, &boots[n]) || is_last && n + 1 < boots.len();
        boots[n].is_clock_doubtful = has_step && has_gap || is_turned_back && is_cut;
        boots[n].end = stops.end(boots, n);
        boots[n].request = stops.request(&boots[n]);
        // Nothing more of this boot, nor of a later one, and no sign that the log was stopped with the computer.
        let is_stopped = stops.tail(security, &boots[n].security, Kind::EventLogStopped).is_some();
        let has_ended = n + 1 < boots.len() || boots[n].end != BootEnd::Open;
        boots[n].outlives_security = !is_stopped && is_last && has_ended;
    }
}

struct Stops<'a> {
    records: &'a Records,
    security: &'a Lineage,
    system: &'a Lineage,
    clock: &'a Clock,
    /// When Terminal Services were told of a shutdown (LSM 54), by time.
    told: Vec<ToldToStop>,
    /// Boots in which the clock was set.
    stepped: FxHashSet<u32>,
}

/// An LSM 54.
struct ToldToStop {
    at: Timestamp,
    row: RowIdx,
    /// When Terminal Services had started before it (LSM 32), as written.
    started: Option<Timestamp>,
}

/// LSM 54 by time, but for those after which a session was resumed as if nothing had been told.
fn told_to_stop(records: &Records, machine: &Machine) -> Vec<ToldToStop> {
    let is_sessions = |lineage: &&Lineage| records.text(lineage.channel).eq_ignore_ascii_case(SESSIONS);
    let rows = machine.lineages.iter().filter(is_sessions).flat_map(|lineage| &lineage.rows);
    let mut told: Vec<ToldToStop> = Vec::new();
    let (mut is_open, mut started) = (false, None);
    for &row in rows {
        let at = records.time[row as usize];
        match records.event(row).map(|event| records.events.kind(event)) {
            Some(Kind::TsShutdown) => {
                told.push(ToldToStop { at, row, started });
                is_open = true;
            }
            Some(Kind::TsReconnected) if is_open => {
                told.pop();
                is_open = false;
            }
            Some(Kind::TsStarted) => (is_open, started) = (false, Some(at)),
            Some(Kind::TsLogon) => is_open = false,
            _ => {}
        }
    }
    told.sort_by_key(|told| (told.at, records.id[told.row as usize]));
    told
}

impl Stops<'_> {
    /// Whether the clock was set in a boot, or in the next.
    fn has_step(&self, n: usize) -> bool {
        [n, n + 1].iter().any(|&n| self.stepped.contains(&(n as u32)))
    }

    fn time(&self, row: RowIdx) -> Timestamp {
        self.records.time[row as usize]
    }

    fn kind(&self, row: RowIdx) -> Option<Kind> {
        self.records.event(row).map(|event| self.records.events.kind(event))
    }

    fn event_time(&self, row: RowIdx, field: Field) -> Option<Timestamp> {
        self.records.event(row).and_then(|event| self.records.events.time(event, field))
    }

    fn last_record(&self, boot: &Boot) -> Option<Timestamp> {
        let last = |lineage: &Lineage, range: &Range<Pos>| {
            range.clone().rev().find(|&pos| !is_late(self.records, lineage.rows[pos as usize]))
        };
        let security = last(self.security, &boot.sure)
            .map(|pos| self.time(self.security.rows[pos as usize]).plus(self.clock.shift(pos)));
        let system = last(self.system, &boot.system).map(|pos| self.system.rows[pos as usize]);
        security.max(system.map(|row| self.clock.time_of(row, self.time(row))))
    }

    /// Whether a boot began before the last record of the one before it, or the next before its own last (rule 21).
    fn is_turned_back(&self, boots: &[Boot], n: usize) -> bool {
        let is_before = |boot: &Boot, next: Option<&Boot>| {
            let start = next.and_then(|next| next.start);
            start.zip(boot.last_record).is_some_and(|(start, last)| start < last)
        };
        let before = n.checked_sub(1).map(|before| &boots[before]);
        is_before(&boots[n], boots.get(n + 1))
            || before.is_some_and(|before| is_before(before, Some(&boots[n])))
    }

    /// When the next boot began. Where the clock was as wrong in this boot as it was then, before it was put right
    /// (rule 18), only the start as it was written can be compared with this boot's records.
    fn next_start(&self, boots: &[Boot], n: usize) -> Option<Timestamp> {
        let start = boots.get(n + 1)?.start?;
        let written = start.minus(self.clock.shift_of_boot(n as u32 + 1));
        let is_by_same_clock = boots[n].last_record.is_some_and(|last| start < last && last <= written);
        Some(if is_by_same_clock { written } else { start })
    }

    /// Rule 12.
    #[inline(never)]
    fn end(&self, boots: &[Boot], n: usize) -> BootEnd {
        let (boot, next) = (&boots[n], boots.get(n + 1));
        let stopped = self.tail(self.security, &boot.sure, Kind::EventLogStopped);
        let stopped_system = self.tail(self.system, &boot.system, Kind::EventLogStoppedClean);
        // Flushed at the next start, after its first records (rule 11).
        let stop_of = |row: RowIdx| Some((row, self.event_time(row, Field::NewTime)?));
        let kernel = next.and_then(|next| self.near_start(next, Kind::KernelStopped)).and_then(stop_of);
        let is_told = next.is_some_and(|next| self.is_told_at_start(next, Kind::KernelStopped));
        let kernel = kernel.filter(|&(_, stop)| is_told || self.is_of_boot(boots, n, stop));
        // Where nothing held it back it stands in its own run, after the 6006.
        let own = self.tail(self.system, &boot.system, Kind::KernelStopped);
        let id = |row: RowIdx| self.records.id[row as usize];
        let own = own.zip(stopped_system).filter(|&(own, stopped)| id(stopped) < id(own));
        let kernel = kernel.or_else(|| own.and_then(|(own, _)| stop_of(own)));
        // Alone it is not believed where something was written after it: it is an earlier boot's.
        let is_last = |stop: Timestamp| boot.last_record.is_none_or(|last| last <= stop.plus(SECOND));
        let is_alone = stopped.or(stopped_system).is_none();
        let kernel = kernel.filter(|&(_, stop)| !is_alone || is_last(stop));
        let action = next.and_then(|next| self.near_start(next, Kind::ShutdownAction));
        let action = action.filter(|&row| self.is_shutdown(row) && self.is_of_boot(boots, n, self.time(row)));
        let stop = kernel.map(|(_, stop)| stop);
        let by: Vec<RowIdx> =
            [stopped, stopped_system, kernel.map(|(row, _)| row), action].into_iter().flatten().collect();
        let at = stopped.or(stopped_system).map(|row| self.time(row)).or(stop);
        if let Some(at) = at.or(action.map(|row| self.time(row))) {
            let stop = stop.filter(|&stop| stop >= at);
            return BootEnd::Clean { at, latest: stop.unwrap_or(at.plus(SHUTDOWN_SLACK)), by };
        }
        let unclean = next.map(|next| self.unclean(boot, next));
        let is_reported = matches!(unclean, Some(BootEnd::Unclean { is_reported: true, .. }));
        match self.told_in_tail(boots, n).filter(|_| !is_reported) {
            Some((at, row)) => BootEnd::Clean { at, latest: at.plus(SHUTDOWN_SLACK), by: vec![row] },
            None => unclean.unwrap_or(BootEnd::Open),
        }
    }

    /// The last LSM 54 of a boot, if Windows did not run on after it.
    fn told_in_tail(&self, boots: &[Boot], n: usize) -> Option<(Timestamp, RowIdx)> {
        let boot = &boots[n];
        let next =
            boot.next_start.map_or(self.told.len(), |next| self.told.partition_point(|told| told.at < next));
        let &ToldToStop { at, row, started } = self.told[..next].last()?;
        let is_own = boot.start.is_none_or(|start| start <= at)
            && started.is_none_or(|started| !self.is_nearer_to_next(boots, n, started));
        // Of a boot that only Terminal Services know, what they were told is all there is.
        let is_bare = boot.security.is_empty() && boot.system.is_empty();
        let is_tail = is_bare || boot.last_record.is_some_and(|last| last.since(at) <= TAIL);
        (is_own && is_tail).then_some((at, row))
    }

    /// Whether a start as it was written is the next boot's rather than its own: a clock that is set back after it shows
    /// the times before it once more.
    fn is_nearer_to_next(&self, boots: &[Boot], n: usize, started: Timestamp) -> bool {
        let apart = |n: usize| {
            let start = boots.get(n)?.start?;
            let written = start.minus(self.clock.shift_of_boot(n as u32));
            Some(started.since(written).saturating_abs())
        };
        apart(n).zip(apart(n + 1)).is_some_and(|(own, next)| next < own)
    }

    /// Whether a moment that the next start tells of may be of a boot: between its last record and that start.
    fn is_of_boot(&self, boots: &[Boot], n: usize, at: Timestamp) -> bool {
        let boot = &boots[n];
        let is_after = boot.start.is_none_or(|start| start <= at.plus(STOP_SLACK));
        let is_turned_back = boot.next_start < boot.last_record;
        let slack = if self.has_step(n) || is_turned_back { STOP_SLACK } else { SECOND };
        is_after && boot.next_start.is_none_or(|next| at <= next.plus(slack))
    }

    /// POWER_ACTION of a Kernel-Power 109: shutdown, reset, off; not sleep, not hibernation (A.3).
    fn is_shutdown(&self, row: RowIdx) -> bool {
        let Some(event) = self.records.event(row) else { return false };
        matches!(self.records.text(self.records.events.text(event, Field::ShutdownType)), "4" | "5" | "6")
    }

    /// The last record of a kind in a boot's tail: after it, only a few more, within minutes.
    fn tail(&self, lineage: &Lineage, range: &Range<Pos>, kind: Kind) -> Option<RowIdx> {
        let row = |pos: Pos| lineage.rows[pos as usize];
        let from = range.end.saturating_sub(TAIL_RECORDS).max(range.start);
        let pos = (from..range.end).rev().find(|&pos| self.kind(row(pos)) == Some(kind))?;
        let last = self.time(row(range.end - 1));
        (last.since(self.time(row(pos))).abs() <= TAIL).then_some(row(pos))
    }

    /// The first record of a kind among those of a start in System.
    fn near_start(&self, next: &Boot, kind: Kind) -> Option<RowIdx> {
        near_start(self.records, self.system, next, kind).map(|pos| self.system.rows[pos as usize])
    }

    /// Whether what the next start tells of a boot's end was told right after it, so that it is of no other.
    fn is_told_at_start(&self, next: &Boot, kind: Kind) -> bool {
        let pos = near_start(self.records, self.system, next, kind);
        pos.is_some_and(|pos| !self.system.has_gap(next.system.start, pos))
    }

    fn unclean(&self, boot: &Boot, next: &Boot) -> BootEnd {
        let security =
            next.security.start..next.security.end.min(next.security.start.saturating_add(LOOK_BACK_RECORDS));
        let mut security = security.map(|pos| self.security.rows[pos as usize]);
        let dropped = security.find(|&row| self.kind(row) == Some(Kind::AuditEventsDropped));
        let crashed = self.near_start(next, Kind::BugCheck);
        let told_good = self.near_start(next, Kind::LastShutdownGood);
        let unfinished = told_good.filter(|&row| self.is_not_good(row));
        let reported = [Kind::UnexpectedShutdown, Kind::PowerLost].map(|kind| self.near_start(next, kind));
        let heartbeat = reported[0].and_then(|row| heartbeat(self.records, self.records.event(row)?));
        let button = reported[1].and_then(|row| self.event_time(row, Field::NewTime));
        // By a clock that was wrong at the next start, or put right in this boot, it need not be between both starts.
        let is_between = |at: Timestamp| {
            boot.start.is_none_or(|start| start <= at) && boot.next_start.is_none_or(|next| at <= next)
        };
        let is_told = self.is_told_at_start(next, Kind::UnexpectedShutdown);
        let heartbeat = heartbeat.filter(|&at| is_told || is_between(at));
        let hints = [crashed, unfinished, dropped, next.anchors.first().copied()];
        BootEnd::Unclean {
            heartbeat: heartbeat.max(button),
            is_reported: reported.iter().any(Option::is_some),
            against: told_good.filter(|&row| self.is_good(row)),
            by: reported.into_iter().chain(hints).flatten().collect(),
        }
    }

    /// Kernel-Boot 20: the last shutdown was none. The first boot of a fresh image says so too (trap 43).
    fn is_not_good(&self, row: RowIdx) -> bool {
        let Some(event) = self.records.event(row) else { return false };
        let text = |field| self.records.text(self.records.events.text(event, field));
        text(Field::Status).eq_ignore_ascii_case("false") && !matches!(text(Field::Reason), "0" | "0x0" | "")
    }

    /// Kernel-Boot 20, where it says that the last shutdown was one, though nothing else tells of it.
    fn is_good(&self, row: RowIdx) -> bool {
        let event = self.records.event(row);
        let status = event.map(|event| self.records.text(self.records.events.text(event, Field::Status)));
        status.is_some_and(|status| status.eq_ignore_ascii_case("true"))
    }

    /// Rule 13: the last 1074 of a boot, if the shutdown came of it: nobody took it back.
    fn request(&self, boot: &Boot) -> Option<ShutdownRequest> {
        let BootEnd::Clean { at, .. } = &boot.end else { return None };
        let rows = boot.system.clone().rev().map(|pos| self.system.rows[pos as usize]);
        let mut recent = rows.take_while(|&row| at.since(self.time(row)) <= SHUTDOWN_TAKES);
        let is_last =
            |&row: &RowIdx| matches!(self.kind(row), Some(Kind::ShutdownRequested | Kind::ShutdownCancelled));
        let row = recent.find(is_last).filter(|&row| self.kind(row) == Some(Kind::ShutdownRequested))?;
        let event = self.records.event(row)?;
        let text = |field| self.records.events.text(event, field);
        Some(ShutdownRequest {
            row,
            at: self.time(row),
            process: text(Field::ProcessName),
            reason: text(Field::Reason),
            kind: text(Field::ShutdownType),
            user: text(Field::Account),
        })
    }
}

/// Whether Security has the start of a boot, and so what was done to the clock right after it.
pub fn has_own_start(records: &Records, security: &Lineage, boot: &Boot) -> bool {
    let is_own = |&row: &RowIdx| records.signature(row).channel == security.channel;
    !boot.security.is_empty() && boot.anchors.iter().any(is_own)
}

/// When a boot's kernel stopped, or was last known to run, as the next start tells right after it: it is of no other boot.
pub fn told_end(records: &Records, system: &Lineage, next: &Boot) -> Option<Timestamp> {
    let event = |kind| {
        let pos = near_start(records, system, next, kind)?;
        let is_own = !system.has_gap(next.system.start, pos);
        records.event(system.rows[pos as usize]).filter(|_| is_own)
    };
    let stopped = event(Kind::KernelStopped).and_then(|event| records.events.time(event, Field::NewTime));
    stopped.or_else(|| heartbeat(records, event(Kind::UnexpectedShutdown)?))
}

/// Where the first record of a kind stands among those of a start in System. What a short run wrote as it stopped is its
/// own, however near to its start.
pub fn near_start(records: &Records, system: &Lineage, next: &Boot, kind: Kind) -> Option<Pos> {
    let range = next.system.start..next.system.end.min(next.system.start.saturating_add(START_RECORDS));
    let known = range.filter_map(|pos| Some((pos, kind_at(records, system, pos)?)));
    let mut of_start = known.take_while(|known| known.1 != Kind::EventLogStoppedClean);
    of_start.find(|known| known.1 == kind).map(|known| known.0)
}

fn kind_at(records: &Records, system: &Lineage, pos: Pos) -> Option<Kind> {
    records.event(system.rows[pos as usize]).map(|event| records.events.kind(event))
}

/// Records of System that are written at the start after the boot they are about, and a wake's, which is stamped before
/// the clock is right.
pub fn is_late(records: &Records, row: RowIdx) -> bool {
    let kind = records.event(row).map(|event| records.events.kind(event));
    matches!(kind, Some(Kind::KernelStopped | Kind::ShutdownAction | Kind::Wake))
}

/// What was still to be written when a kernel stopped is written at the next start, before that kernel's own last record:
/// the service control manager's as well (szechuan 832 to 842). Until where it stands, and when that kernel stopped.
pub fn flushed(records: &Records, system: &Lineage, next: &Boot) -> Option<(Pos, Timestamp)> {
    let pos = near_start(records, system, next, Kind::KernelStopped)?;
    Some((pos, stopped_at(records, system.rows[pos as usize])))
}

/// The event log stops this soon before the kernel does: no more is still to be written.
const FLUSHED: i64 = MINUTE;

/// Whether a moment is one of those in which an event log had stopped already, and its kernel had not.
pub fn is_flushed(at: Timestamp, stopped: Timestamp) -> bool {
    (0..=FLUSHED).contains(&stopped.since(at))
}

/// When the kernel stopped, as a Kernel-General 13 tells it.
pub fn stopped_at(records: &Records, row: RowIdx) -> Timestamp {
    let told = records.event(row).and_then(|event| records.events.time(event, Field::NewTime));
    told.unwrap_or(records.time[row as usize])
}

/// The UTC SYSTEMTIME in 6008's Binary, at byte 16; its texts are local and localised (A.3).
pub fn heartbeat(records: &Records, event: EventIdx) -> Option<Timestamp> {
    let hex = records.text(records.events.text(event, Field::Binary));
    let digits = hex.get(32..64)?;
    let byte = |n: usize| u8::from_str_radix(digits.get(2 * n..2 * n + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..16).map_while(byte).collect();
    system_time(&bytes)
}
