//! Where a session was used from (domain.md C.9, rules 41, 42 and 49).

use super::classify::is_ssh_server;
use super::draft::Draft;
use super::open::Mark;
use crate::event::{EventIdx, Field, Kind, Records, RowIdx, StrId};
use crate::machine::Pos;
use crate::session::{Class, Evidence, EvidenceRole, LogonRole, Origin};
use crate::time::{MINUTE, SECOND, Timestamp};

/// A client's other records stand this long before a logon or a reconnect, and this long after.
const CLIENT: i64 = MINUTE;
const CLIENT_AFTER: i64 = 5 * SECOND;

/// Network-level authentication stands seconds before the logon it is for (rule 32).
const PREAMBLE: i64 = 10 * SECOND;

/// OpenSSH tells of a client this close to its logon.
const SSH: i64 = 10 * SECOND;

/// So does the task scheduler of a task, in the second of its logon as a rule.
const TASK: i64 = 5 * SECOND;

/// So does WinRM, of the logons that a remote shell makes.
const WINRM: i64 = 5 * SECOND;

/// Finds the places a session was opened and resumed from, in the order of their records.
#[inline(never)]
pub fn origins(draft: &mut Draft<'_>, marks: &[Mark]) {
    for n in 0..draft.lists.logons.len() {
        let (pos, role) = draft.lists.logons[n];
        let is_reconnect = matches!(role, LogonRole::Unlock | LogonRole::Reconnect);
        if !matches!(role, LogonRole::Elevated | LogonRole::Repeat | LogonRole::Refresh) {
            add(draft, pos, is_reconnect);
        }
    }
    for mark in marks.iter().filter(|mark| mark.kind == Kind::Reconnected) {
        add(draft, mark.pos, true);
    }
    if draft.session.class == Class::Desktop {
        by_other_logs(draft);
    } else if draft.lists.origins.is_empty() {
        by_ssh(draft);
    }
    let shown = draft.lists.origins.iter().map(|origin| origin.row);
    draft.lists.evidence.extend(shown.map(|row| Evidence { row, role: EvidenceRole::Origin, rule: 41 }));
    match draft.session.class {
        Class::Network => by_winrm(draft),
        Class::Batch => by_task(draft),
        _ => {}
    }
    settle(draft.records, &mut draft.lists.origins);
}

/// Puts places in order, each client's once for each time it came.
pub fn settle(records: &Records, origins: &mut Vec<Origin>) {
    if origins.len() < 2 {
        return;
    }
    // By record, not by row: rows are numbered in the order in which they came.
    origins.sort_by_key(|origin| (origin.at, records.id[origin.row as usize]));
    let is_reconnect = |origin: &Origin| {
        let event = records.event(origin.row);
        event.is_some_and(|event| records.events.kind(event) == Kind::Reconnected)
    };
    origins.dedup_by(|after, before| {
        let are_two = is_reconnect(before) && is_reconnect(after);
        !are_two && is_one_client(before, after) && merge(before, *after)
    });
}

/// Whether a place is what the preamble of the logon right after it says of the same client (rules 32 and 41): there the
/// client's name, here its address.
fn is_one_client(before: &Origin, after: &Origin) -> bool {
    let is_one = |one: StrId, other: StrId| one.is_none() || other.is_none() || one == other;
    after.at.since(before.at) <= PREAMBLE
        && is_one(before.address, after.address)
        && is_one(before.host, after.host)
}

/// Two places of one client as one: that of the record which rule 41 prefers, with what the other has beside.
fn merge(before: &mut Origin, after: Origin) -> bool {
    let host = if after.host.is_none() { before.host } else { after.host };
    let preferred = if after.address.is_none() { *before } else { after };
    let port = preferred.port.or(before.port);
    *before = Origin { host, port, ..preferred };
    true
}

/// Adds the place that a 4624 or 4778 names, if it names one.
fn add(draft: &mut Draft<'_>, pos: Pos, is_resume: bool) {
    let Some(event) = draft.event(pos) else { return };
    let said = draft.records.events.said(event);
    let (address, host) = (said.text(Field::Address), said.text(Field::Workstation));
    if address.is_none() && host.is_none() || has_no_client(draft.records, event) {
        return;
    }
    // The workstation of an interactive logon is this computer itself (rule 42); so is that of one by OpenSSH (trap 51).
    let is_own_name = || {
        matches!(said.number(Field::LogonType), Some(2 | 7 | 10..=13))
            || is_ssh_server(draft.records.text(said.text(Field::ProcessName)))
    };
    let host = if host.is_none() || is_own_name() { StrId::NONE } else { host };
    // An unlock at the keyboard is no other place.
    let is_here = || is_local(draft.records.text(address));
    if host.is_none() && (address.is_none() || is_resume && is_here()) {
        return;
    }
    let port = port(said.number(Field::Port));
    draft.lists.origins.push(Origin { at: draft.time(pos), address, port, host, row: draft.row(pos) });
}

/// Whether a 4778 is of the console, to which somebody switched: Windows calls the client there "Unknown".
fn has_no_client(records: &Records, event: EventIdx) -> bool {
    let address = || records.text(records.events.text(event, Field::Address));
    records.events.kind(event) == Kind::Reconnected && address().eq_ignore_ascii_case("Unknown")
}

pub fn is_local(address: &str) -> bool {
    matches!(address, "" | "127.0.0.1" | "::1") || address.eq_ignore_ascii_case("LOCAL")
}

fn port(number: Option<u32>) -> Option<u16> {
    number.and_then(|port| u16::try_from(port).ok()).filter(|&port| port != 0)
}

/// Rule 41, where Security does not say it: Terminal Services' own record of the logon and of each reconnect, else the
/// client that Remote Desktop authenticated or took the connection of.
fn by_other_logs(draft: &mut Draft<'_>) {
    let ts = draft.ts.map(|(ts, _)| ts);
    let with_address = draft.lists.origins.iter().filter(|origin| !origin.address.is_none());
    let mut known: Vec<Timestamp> = with_address.map(|origin| origin.at).collect();
    known.sort_unstable();
    let mut is_told = false;
    for event in ts.into_iter().flat_map(|ts| arrivals(draft, ts)).collect::<Vec<_>>() {
        let row = event.0;
        let at = draft.records.time[row as usize];
        is_told |= draft.records.events.kind(event) == Kind::TsLogon;
        if !is_known(&known, at) {
            let origin = of_terminal(draft, event, row).or_else(|| by_connection(draft, event, at));
            draft.lists.origins.extend(origin);
        }
    }
    let is_remote = matches!(draft.session.logon_type, Some(10 | 12));
    if let Some(at) = draft.session.start.at.filter(|&at| is_remote && !is_told && !is_known(&known, at)) {
        let client = draft.around.remote.client(draft.linker, draft.session.user, at, CLIENT);
        draft.lists.origins.extend(client.map(|client| Origin {
            at: client.at,
            address: client.address,
            port: None,
            host: StrId::NONE,
            row: client.row,
        }));
    }
}

/// LSM 21 and 25 of a session.
fn arrivals(draft: &Draft<'_>, ts: &super::terminal::TsSession) -> Vec<EventIdx> {
    let events = &draft.records.events;
    let changed = ts.changes.iter().map(|(row, _)| row);
    let rows = ts.opened.iter().chain(changed).filter_map(|&row| draft.records.event(row));
    rows.filter(|&event| matches!(events.kind(event), Kind::TsLogon | Kind::TsReconnected)).collect()
}

/// Whether one of the moments at which an address is known lies around another.
fn is_known(known: &[Timestamp], at: Timestamp) -> bool {
    let next = known.partition_point(|&known| known < at.plus(-CLIENT));
    known.get(next).is_some_and(|&known| known <= at.plus(CLIENT_AFTER))
}

/// The address of an LSM 21 or 25; `LOCAL` is the console.
fn of_terminal(draft: &Draft<'_>, event: EventIdx, row: RowIdx) -> Option<Origin> {
    let address = draft.records.events.text(event, Field::Address);
    let is_remote = !is_local(draft.records.text(address));
    let at = draft.records.time[row as usize];
    is_remote.then_some(Origin { at, address, port: None, host: StrId::NONE, row })
}

/// The RCM 1149 before it, else the RdpCoreTS 131 of the same connection.
fn by_connection(draft: &Draft<'_>, event: EventIdx, at: Timestamp) -> Option<Origin> {
    let events = &draft.records.events;
    // At the console there is no connection.
    if !events.text(event, Field::Address).is_none() {
        return None;
    }
    let remote = &draft.around.remote;
    if let Some(client) = remote.client(draft.linker, draft.session.user, at, CLIENT) {
        let host = StrId::NONE;
        return Some(Origin { at: client.at, address: client.address, port: None, host, row: client.row });
    }
    let activity = events.text(event, Field::ActivityId);
    let row = remote.connection(activity).filter(|_| !activity.is_none())?;
    let connection = draft.records.event(row)?;
    let address = events.text(connection, Field::Address);
    let port = port(events.number(connection, Field::Port));
    let at = draft.records.time[row as usize];
    (!address.is_none()).then_some(Origin { at, address, port, host: StrId::NONE, row })
}

/// Rule 49: the SSH server's logons have no address, its own log has (trap 51).
fn by_ssh(draft: &mut Draft<'_>) {
    let Some(event) = draft.linker.logon(draft.group.primary) else { return };
    let Some(at) = draft.session.start.at else { return };
    if !is_ssh_server(draft.linker.text(event, Field::ProcessName)) {
        return;
    }
    let client = draft.around.remote.ssh_client(draft.linker, draft.session.user, at, SSH);
    let origin = client.map(|client| {
        let event = draft.records.event(client.row);
        let port = event.and_then(|event| port(draft.records.events.number(event, Field::SshPort)));
        Origin { at: client.at, address: client.address, port, host: StrId::NONE, row: client.row }
    });
    draft.lists.origins.extend(origin);
}

/// A batch logon at the moment at which one task was started as its account is that task's (A.5).
fn by_task(draft: &mut Draft<'_>) {
    let Some(at) = draft.session.start.at else { return };
    let (around, linker) = (draft.around, draft.linker);
    for client in around.remote.task(linker, draft.session.user, at, TASK) {
        draft.evidence_row(client.row, EvidenceRole::Origin, 49);
    }
}

/// Rule 49: a network logon at the moment at which WinRM authenticated its account, or made its shell, is a remote
/// shell's. Its 4624 says where from; WinRM does not.
fn by_winrm(draft: &mut Draft<'_>) {
    let Some(at) = draft.session.start.at else { return };
    let (around, linker) = (draft.around, draft.linker);
    let account = (draft.session.user, draft.session.sid);
    for client in around.remote.winrm(linker, account, at, WINRM) {
        draft.evidence_row(client.row, EvidenceRole::Origin, 49);
    }
}
