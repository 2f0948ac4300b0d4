//! Who came through a Remote Desktop gateway? The gateway's log knows the client; the computer behind it sees only the
//! gateway (domain.md rule 49).

use super::draft::append;
use super::remote::name;
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::Machine;
use crate::session::{Class, Evidence, EvidenceRole, Origin, Session, Sessions};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

const CHANNEL: &str = "Microsoft-Windows-TerminalServices-Gateway/Operational";

/// The gateway connects this long before the logon it is for, by clocks that may differ a little.
const BEFORE: i64 = MINUTE;
const AFTER: i64 = 5 * SECOND;

/// Connections of one account that are looked at: so many within a minute are no person's.
const MAX_CONNECTIONS: usize = 64;

/// A 302: an account was connected to a computer.
struct Connection {
    at: Timestamp,
    row: RowIdx,
    address: StrId,
    /// The computer's name without its domain.
    resource: String,
}

/// Adds the client of the gateway to the places that desktops were used from.
pub fn origins(records: &Records, machines: &[Machine], sessions: &mut Sessions) {
    let connections = connections(records, machines);
    if connections.is_empty() {
        return;
    }
    for idx in 0..sessions.all.len() {
        let session = &sessions.all[idx];
        if session.class != Class::Desktop || session.user.is_none() {
            continue;
        }
        let Some(own) = connections.get(&name(records.text(session.user))) else { continue };
        let machine = &machines[session.machine as usize];
        let mut rows: Vec<&Connection> =
            arrivals(sessions, session).filter_map(|at| nearest(records, machine, own, at)).collect();
        rows.sort_by_key(|connection| (connection.at, records.id[connection.row as usize]));
        rows.dedup_by_key(|connection| connection.row);
        if !rows.is_empty() {
            add(records, sessions, idx, &rows);
        }
    }
}

/// Connections through all gateways, by the name of the account, in the order of time.
fn connections(records: &Records, machines: &[Machine]) -> FxHashMap<String, Vec<Connection>> {
    let mut connections: FxHashMap<String, Vec<Connection>> = FxHashMap::default();
    let lineages = machines.iter().flat_map(|machine| &machine.lineages);
    let of_gateways = lineages.filter(|lineage| records.text(lineage.channel).eq_ignore_ascii_case(CHANNEL));
    for &row in of_gateways.flat_map(|lineage| &lineage.rows) {
        let Some(event) = records.event(row) else { continue };
        let text = |field| records.events.text(event, field);
        let address = text(Field::Address);
        if records.events.kind(event) != Kind::GatewayConnected || address.is_none() {
            continue;
        }
        let connection = Connection {
            at: records.time[row as usize],
            row,
            address,
            resource: short_name(records.text(text(Field::TargetServer))),
        };
        connections.entry(name(records.text(text(Field::Account)))).or_default().push(connection);
    }
    for own in connections.values_mut() {
        own.sort_by_key(|connection| (connection.at, records.id[connection.row as usize]));
    }
    connections
}

fn short_name(computer: &str) -> String {
    computer.split('.').next().unwrap_or("").to_lowercase()
}

/// When somebody came to a session: at its logon, and wherever else it was used from.
fn arrivals<'a>(sessions: &'a Sessions, session: &'a Session) -> impl Iterator<Item = Timestamp> + 'a {
    let begun = session.start.at.or(session.start.latest);
    begun.into_iter().chain(sessions.origins(session).iter().map(|origin| origin.at))
}

/// The last connection to a machine that fits a moment.
fn nearest<'a>(
    records: &Records,
    machine: &Machine,
    own: &'a [Connection],
    at: Timestamp,
) -> Option<&'a Connection> {
    let is_machine = |connection: &&Connection| {
        let is_named = |&name: &StrId| short_name(records.text(name)) == connection.resource;
        !connection.resource.is_empty() && machine.names.iter().any(is_named)
    };
    let next = own.partition_point(|connection| connection.at <= at.plus(AFTER));
    let before = own[..next].iter().rev().take(MAX_CONNECTIONS);
    before.take_while(|connection| at.since(connection.at) <= BEFORE).find(is_machine)
}

fn add(records: &Records, sessions: &mut Sessions, idx: usize, connections: &[&Connection]) {
    let session = &sessions.all[idx];
    let mut origins = sessions.origins(session).to_vec();
    let mut evidence = sessions.evidence(session).to_vec();
    for &&Connection { at, row, address, .. } in connections {
        origins.push(Origin { at, address, port: None, host: StrId::NONE, row });
        evidence.push(Evidence { row, role: EvidenceRole::Origin, rule: 49 });
    }
    origins.sort_by_key(|origin| (origin.at, records.id[origin.row as usize]));
    let (origins, evidence) =
        (append(&mut sessions.origins, origins), append(&mut sessions.evidence, evidence));
    let session = &mut sessions.all[idx];
    (session.origins, session.evidence) = (origins, evidence);
}
