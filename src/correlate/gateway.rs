//! Who came through a Remote Desktop gateway? The gateway's log knows the client; the computer behind it sees only the
//! gateway (domain.md rule 49).

use super::accounts::name;
use super::hops::places::{Claims, Places};
use crate::event::{EventIdx, Field, Kind, Records, RowIdx, StrId};
use crate::machine::Machine;
use crate::session::{Class, Evidence, EvidenceRole, Origin, Run, Session, Sessions};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::IpAddr;

const CHANNEL: &str = "Microsoft-Windows-TerminalServices-Gateway/Operational";

/// The gateway connects this long before the logon it is for, by clocks that may differ a little.
const BEFORE: i64 = MINUTE;
const AFTER: i64 = 5 * SECOND;

/// Connections of one account that are looked at: so many within a minute are no person's.
const MAX_CONNECTIONS: usize = 64;

/// A 303 tells whole seconds: its connection began no earlier than by one more. So a 302 comes after, and is preferred.
const DURATION_UNIT: i64 = SECOND;

/// An account was connected to a computer: a 302, or what is left where that is lost, its 300 before it and its 303.
struct Connection {
    at: Timestamp,
    row: RowIdx,
    address: StrId,
    /// The computer's name without its domain; of an address, the machine that it is known to be.
    resource: String,
    machine: Option<u32>,
}

/// Adds the client of the gateway to the places that desktops were used from.
#[inline(never)]
pub fn origins(records: &Records, machines: &[Machine], sessions: &mut Sessions) {
    let mut connections = connections(records, machines);
    if connections.is_empty() {
        return;
    }
    place(records, machines, sessions, &mut connections);
    for idx in 0..sessions.all.len() {
        let session = &sessions.all[idx];
        if session.class != Class::Desktop || session.user.is_none() {
            continue;
        }
        let Some(own) = connections.get(&name(records.text(session.user))) else { continue };
        let machine = &machines[session.machine as usize];
        let mut rows: Vec<&Connection> = arrivals(sessions, session)
            .filter_map(|at| nearest(records, (session.machine, machine), own, at))
            .collect();
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
        let Some(at) = begun(records, row, event).filter(|_| !address.is_none()) else { continue };
        let connection = Connection {
            at,
            row,
            address,
            resource: resource(records.text(text(Field::TargetServer))),
            machine: None,
        };
        connections.entry(name(records.text(text(Field::Account)))).or_default().push(connection);
    }
    for own in connections.values_mut() {
        own.sort_by_key(|connection| (connection.at, records.id[connection.row as usize]));
    }
    connections
}

/// When the connection began that a record tells of.
fn begun(records: &Records, row: RowIdx, event: EventIdx) -> Option<Timestamp> {
    let at = records.time[row as usize];
    match records.events.kind(event) {
        Kind::GatewayConnected | Kind::GatewayAllowed => Some(at),
        Kind::GatewayDisconnected => {
            let seconds = records.events.number(event, Field::Seconds)?;
            Some(at.minus(i64::from(seconds) * SECOND).minus(DURATION_UNIT))
        }
        _ => None,
    }
}

/// A computer is asked for by name or by address; a name is told without its domain.
fn resource(text: &str) -> String {
    match text.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => short_name(text),
    }
}

/// Finds the machines of those that were asked for by their addresses. What nothing tells the address of shows it where
/// its accounts come in right after they were connected there.
fn place(
    records: &Records,
    machines: &[Machine],
    sessions: &Sessions,
    connections: &mut FxHashMap<String, Vec<Connection>>,
) {
    if !connections.values().flatten().any(Connection::is_by_address) {
        return;
    }
    let address = |connection: &Connection| records.strings.find(&connection.resource);
    let mut met = FxHashSet::default();
    for session in sessions.all.iter().filter(|session| session.class == Class::Desktop) {
        let Some(own) = connections.get(&name(records.text(session.user))) else { continue };
        for at in arrivals(sessions, session) {
            let by_address = near(own, at).filter(|connection| connection.is_by_address());
            met.extend(by_address.filter_map(|one| Some((address(one)?, session.machine, one.row))));
        }
    }
    let mut claims = Claims::default();
    met.iter().for_each(|&(address, machine, _)| *claims.entry((address, machine)).or_default() += 1);
    let mut places = Places::of(records, machines, sessions);
    places.learn_met(&claims);
    for connection in connections.values_mut().flatten().filter(|connection| connection.is_by_address()) {
        connection.machine = address(connection).and_then(|address| places.machine_at(address));
    }
}

impl Connection {
    fn is_by_address(&self) -> bool {
        self.resource.parse::<IpAddr>().is_ok()
    }
}

pub fn short_name(computer: &str) -> String {
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
    (number, machine): (u32, &Machine),
    own: &'a [Connection],
    at: Timestamp,
) -> Option<&'a Connection> {
    let is_machine = |connection: &&Connection| {
        let is_named = |&name: &StrId| short_name(records.text(name)) == connection.resource;
        let is_asked = !connection.resource.is_empty() && machine.names.iter().any(is_named);
        is_asked || connection.machine == Some(number)
    };
    near(own, at).find(is_machine)
}

/// Connections that may be for somebody who came at a moment, the last first.
fn near(own: &[Connection], at: Timestamp) -> impl Iterator<Item = &Connection> {
    let next = own.partition_point(|connection| connection.at <= at.plus(AFTER));
    let before = own[..next].iter().rev().take(MAX_CONNECTIONS);
    before.take_while(move |connection| at.since(connection.at) <= BEFORE)
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
        (Run::append(&mut sessions.origins, origins), Run::append(&mut sessions.evidence, evidence));
    let session = &mut sessions.all[idx];
    (session.origins, session.evidence) = (origins, evidence);
}
