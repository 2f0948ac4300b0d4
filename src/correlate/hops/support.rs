//! What domain controllers and the firewall add to a hop (domain.md rules 44 and 46).

use super::join::Joined;
use super::places::{OUTBOUND, Places};
use super::skew::Clocks;
use super::{Found, Keys};
use crate::event::{EventIdx, Field, Kind, RowIdx, StrId};
use crate::session::hop::Reasons;
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// A validation and its logon are written this close together.
const VALIDATED: i64 = 5 * SECOND;

/// A connection is opened this long before the logon that comes through it.
const CONNECTED: i64 = MINUTE;

/// Hops that one record may support: a ticket is used many times, but a record is looked at once.
const MAX_SUPPORTED: usize = 64;

/// Hops by what a supporting record would say of them, in the order of time.
#[derive(Default)]
struct Wanted {
    by_guid: FxHashMap<StrId, Vec<u32>>,
    by_account: FxHashMap<(u32, u32), Vec<u32>>,
    by_port: FxHashMap<(u32, u32), Vec<u32>>,
    /// When the logon of each was, by the clock of most.
    at: Vec<Timestamp>,
}

/// Adds what other records say of hops.
pub fn support(
    found: &Found<'_>,
    clocks: &Clocks,
    places: &mut Places<'_>,
    accounts: &mut Keys<'_>,
    joined: &mut [Joined],
) {
    let is_there = |signature: &crate::event::Signature| matches!(signature.event_id, 4769 | 4776 | 5156);
    if joined.is_empty() || !found.records.signatures.iter().any(is_there) {
        return;
    }
    let wanted = Wanted::of(joined, clocks);
    for (n, machine) in found.machines.iter().enumerate() {
        let rows = machine.security.map_or(&[][..], |security| &machine.lineages[security].rows);
        for &row in rows {
            let Some(event) = found.records.event(row) else { continue };
            let at = clocks.right(n as u32, found.records.time[row as usize]);
            match found.records.events.kind(event) {
                Kind::ServiceTicketGranted => ticket(found, places, &wanted, joined, row, event),
                Kind::NtlmValidated => ntlm(found, places, accounts, &wanted, joined, (row, event, at)),
                Kind::ConnectionAllowed => port(found, places, &wanted, joined, n as u32, (row, event, at)),
                _ => {}
            }
        }
    }
}

impl Wanted {
    fn of(joined: &[Joined], clocks: &Clocks) -> Self {
        let at = joined.iter().map(|own| clocks.right(own.landing.machine, own.landing.at)).collect();
        let mut wanted = Wanted { at, ..Wanted::default() };
        for (own, n) in joined.iter().zip(0..) {
            if !own.guid.is_none() {
                wanted.by_guid.entry(own.guid).or_default().push(n);
            }
            wanted.by_account.entry((own.from_machine, own.landing.account)).or_default().push(n);
            if let Some(port) = own.landing.port {
                wanted.by_port.entry((own.from_machine, port)).or_default().push(n);
            }
        }
        let lists = wanted.by_guid.values_mut().chain(wanted.by_account.values_mut());
        for own in lists.chain(wanted.by_port.values_mut()) {
            own.sort_by_key(|&n| (wanted.at[n as usize], n));
        }
        wanted
    }

    /// Those of a list whose logons are so close to a moment.
    fn near<'a>(&self, own: Option<&'a Vec<u32>>, at: Timestamp, within: i64) -> &'a [u32] {
        let own = own.map_or(&[][..], Vec::as_slice);
        let (from, to) = (at.minus(within), at.plus(within));
        let first = own.partition_point(|&n| self.at[n as usize] < from);
        let end = own.partition_point(|&n| self.at[n as usize] <= to).max(first);
        &own[first..end.min(first + MAX_SUPPORTED)]
    }
}

fn add(own: &mut Joined, reason: Reasons, row: RowIdx) {
    if own.reasons.has(reason) {
        return;
    }
    own.reasons = own.reasons.with(reason);
    if let Some(place) = own.support.iter_mut().find(|place| place.is_none()) {
        *place = Some(row);
    }
}

/// 4769: the ticket of the logon was given to the source.
fn ticket(
    found: &Found<'_>,
    places: &Places<'_>,
    wanted: &Wanted,
    joined: &mut [Joined],
    row: RowIdx,
    event: EventIdx,
) {
    let text = |field| found.records.events.text(event, field);
    let guid = text(Field::LogonGuid);
    let address = text(Field::Address);
    let Some(own) = wanted.by_guid.get(&guid).filter(|_| !address.is_none()) else { return };
    let client = places.machine_at(address);
    for &n in own.iter().take(MAX_SUPPORTED) {
        let own = &mut joined[n as usize];
        if client == Some(own.from_machine) || address == own.landing.address {
            add(own, Reasons::TICKET, row);
        }
    }
}

/// 4776: the account was validated for the source.
fn ntlm(
    found: &Found<'_>,
    places: &mut Places<'_>,
    accounts: &mut Keys<'_>,
    wanted: &Wanted,
    joined: &mut [Joined],
    (row, event, at): (RowIdx, EventIdx, Timestamp),
) {
    let text = |field| found.records.events.text(event, field);
    let workstation = text(Field::Workstation);
    let is_valid = matches!(found.records.text(text(Field::Status)), "0x0" | "0x00000000" | "0");
    if workstation.is_none() || !is_valid {
        return;
    }
    let Some(machine) = places.machine(workstation) else { return };
    let own = wanted.by_account.get(&(machine, accounts.key(text(Field::TargetUser))));
    for &n in wanted.near(own, at, VALIDATED) {
        add(&mut joined[n as usize], Reasons::NTLM, row);
    }
}

/// 5156: the source opened a connection from the port that the logon came from.
fn port(
    found: &Found<'_>,
    places: &Places<'_>,
    wanted: &Wanted,
    joined: &mut [Joined],
    machine: u32,
    (row, event, at): (RowIdx, EventIdx, Timestamp),
) {
    let events = &found.records.events;
    let text = |field| events.text(event, field);
    let Some(port) = events.number(event, Field::Port) else { return };
    let own = wanted.by_port.get(&(machine, port));
    if own.is_none() || found.records.text(text(Field::Direction)) != OUTBOUND {
        return;
    }
    let to = places.machine_at(text(Field::DestAddress));
    for &n in wanted.near(own, at, CONNECTED) {
        let own = &mut joined[n as usize];
        if to.is_none_or(|to| to == own.landing.machine) {
            add(own, Reasons::PORT, row);
        }
    }
}
