//! Logons that may have come from another machine (domain.md rules 41, 42 and 46).

use super::{Found, Keys};
use crate::correlate::classify::is_ssh_server;
use crate::event::{Field, RowIdx, StrId};
use crate::session::{LogonRole, Origin, SessionIdx};
use crate::time::Timestamp;

/// A logon that may have come from another machine.
#[derive(Clone, Copy, Debug)]
pub struct Landing {
    pub session: SessionIdx,
    pub machine: u32,
    pub row: RowIdx,
    pub at: Timestamp,
    pub account: u32,
    pub address: StrId,
    /// The client's name; the own name of an interactive logon is left out (rule 42).
    pub workstation: StrId,
    pub port: Option<u32>,
    pub guid: StrId,
    /// Whether Remote Desktop may have led to it.
    pub is_remote_desktop: bool,
    /// Whether it only made way for another logon of its session (rule 32): both are one hop.
    pub is_nla: bool,
    pub is_ntlm: bool,
    /// Whether the SSH server made it: its own log alone tells of the client (trap 51).
    pub is_ssh: bool,
}

/// The landing that a session's 4624 is, if it may be one.
pub fn landing(
    found: &Found<'_>,
    accounts: &mut Keys<'_>,
    session: SessionIdx,
    row: RowIdx,
    role: LogonRole,
) -> Option<Landing> {
    let events = &found.records.events;
    let event = found.records.event(row)?;
    let logon_type = events.number(event, Field::LogonType);
    if !matches!(logon_type, Some(3 | 7 | 8 | 10 | 12 | 13)) {
        return None;
    }
    let is_network = matches!(logon_type, Some(3 | 8));
    let text = |field| events.text(event, field);
    let own = &found.sessions.all[session as usize];
    // Of a logon that does not say it, a domain controller may have told it (rule 46).
    let told = |place: fn(&Origin) -> StrId| {
        let mut places = found.sessions.origins(own).iter().map(place).filter(|place| !place.is_none());
        places.next().filter(|_| is_network).unwrap_or_default()
    };
    let address = match text(Field::Address) {
        StrId::NONE => told(|origin| origin.address),
        address => address,
    };
    let is_ssh = is_ssh_server(found.records.text(text(Field::ProcessName)));
    let workstation = match text(Field::Workstation) {
        _ if !is_network || is_ssh => StrId::NONE,
        StrId::NONE => told(|origin| origin.host),
        workstation => workstation,
    };
    // An unlock at the keyboard came from nowhere.
    if !is_network && address.is_none() {
        return None;
    }
    let port = match is_ssh {
        true => found.sessions.origins(own).iter().find_map(|origin| origin.port).map(u32::from),
        false => events.number(event, Field::Port),
    };
    Some(Landing {
        session,
        machine: own.machine,
        row,
        at: found.time(session, row),
        account: accounts.key(text(Field::TargetUser)),
        address,
        workstation,
        port: port.filter(|&port| port != 0),
        guid: text(Field::LogonGuid),
        is_remote_desktop: !is_network || role == LogonRole::Nla,
        is_nla: role == LogonRole::Nla,
        is_ntlm: found.records.text(text(Field::AuthPackage)).eq_ignore_ascii_case("NTLM"),
        is_ssh,
    })
}
