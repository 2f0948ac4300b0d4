//! Which records are of a start (domain.md C.3, rules 7 and 8), and which come when one is over?

use crate::correlate::classify::is_window_manager;
use crate::event::columns::Said;
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx};
use crate::machine::{Lineage, Pos};
use crate::time::{MINUTE, SECOND, Timestamp};

/// How far a start may reach back before its first anchor (rule 7).
pub const LOOK_BACK_RECORDS: u32 = 300;
pub const LOOK_BACK: i64 = 10 * MINUTE;

/// Object-access records of lsass are told from others only by where they stand: right before the anchor.
const HANDLE_LOOK_BACK: i64 = MINUTE;

/// UMFD-0.
const FONT_DRIVER: &str = "S-1-5-96-0-0";

/// Which rule 8 kind of anchor a record is, in the order in which a start writes them; all but the first start a boot
/// each time they are seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    FirstProcess = 0,
    BootConfiguration,
    AuditStarted,
    SystemLogon,
    PolicyTable,
}

impl Anchor {
    pub fn is_once_per_boot(self) -> bool {
        self != Anchor::FirstProcess
    }
}

/// Whether an event of this kind may be an anchor, end a start, or show that LogonIds began anew: most are none of it.
pub fn may_tell(kind: Kind) -> bool {
    use Kind::{
        AuditStarted, BootConfiguration, EventLogStopped, GroupsListed, Logon, PolicyTableCreated,
        ProcessCreated, TokenAssigned,
    };
    matches!(
        kind,
        AuditStarted
            | BootConfiguration
            | EventLogStopped
            | GroupsListed
            | Logon
            | PolicyTableCreated
            | ProcessCreated
            | TokenAssigned
    )
}

pub fn anchor(records: &Records, said: Said<'_>) -> Option<Anchor> {
    match said.kind() {
        Kind::AuditStarted => Some(Anchor::AuditStarted),
        Kind::Logon => {
            let is_system = said.number(Field::LogonType) == Some(0)
                && said.luid(Field::TargetLogonId) == LogonId::SYSTEM;
            is_system.then_some(Anchor::SystemLogon)
        }
        Kind::BootConfiguration => Some(Anchor::BootConfiguration),
        Kind::PolicyTableCreated => Some(Anchor::PolicyTable),
        Kind::ProcessCreated => {
            // Both are the kernel's. What most programs are called need not be looked at.
            let by_kernel = said.luid(Field::ProcessId).is_none_or(|creator| creator.get() == 4);
            let is_first = || {
                let name = file_name(records.text(said.text(Field::NewProcess)));
                name == "Registry" || name.eq_ignore_ascii_case("smss.exe")
            };
            (by_kernel && is_first()).then_some(Anchor::FirstProcess)
        }
        Kind::TokenAssigned => {
            let name = file_name(records.text(said.text(Field::NewProcess)));
            (name == "Registry").then_some(Anchor::FirstProcess)
        }
        _ => None,
    }
}

/// A shutdown, or the logon of a person: what follows it is another start (rule 8).
pub fn ends_a_start(records: &Records, said: Said<'_>) -> bool {
    match said.kind() {
        Kind::EventLogStopped => true,
        Kind::Logon => {
            // The window manager's own logons are part of every start.
            let text = |field| records.text(said.text(field));
            matches!(said.number(Field::LogonType), Some(2 | 10 | 11))
                && !is_window_manager(text(Field::TargetSid), || text(Field::TargetDomain))
        }
        _ => false,
    }
}

fn file_name(path: &str) -> &str {
    memchr::memrchr(b'\\', path.as_bytes()).map_or(path, |slash| &path[slash + 1..])
}

/// Rule 7: records of a start that come before its first anchor.
pub fn look_back(records: &Records, security: &Lineage, first: Pos, floor: Pos) -> Pos {
    let row = |pos: Pos| security.rows[pos as usize];
    let at = records.time[row(first) as usize];
    let is_of_start = |pos: Pos| is_of_start(records, row(pos), at) && !is_cut(records, security, pos + 1);
    let mut start = first;
    while start > floor && first - start < LOOK_BACK_RECORDS && is_of_start(start - 1) {
        start -= 1;
    }
    start
}

/// Whether records are missing before a place over which a start was long over: those on either side are not of one.
pub fn is_cut(records: &Records, security: &Lineage, pos: Pos) -> bool {
    let time = |pos: Pos| records.time[security.rows[pos as usize] as usize];
    security.gaps.binary_search(&pos).is_ok() && time(pos).since(time(pos - 1)).abs() > LOOK_BACK
}

pub fn is_of_start(records: &Records, row: RowIdx, start: Timestamp) -> bool {
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

/// Events of a start that cannot be seen at another time, anchors apart.
pub fn is_once_per_start(records: &Records, row: RowIdx) -> bool {
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
pub fn is_font_driver(records: &Records, event: EventIdx) -> bool {
    let events = &records.events;
    events.kind(event) == Kind::Logon && records.text(events.text(event, Field::TargetSid)) == FONT_DRIVER
}
