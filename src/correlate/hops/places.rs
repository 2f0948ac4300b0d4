//! Which machine a name or an address is (domain.md rule 44: a machine's addresses are learned from the logs).

use super::edges::Edge;
use crate::event::{Field, Kind, Records, StrId};
use crate::machine::Machine;
use crate::session::{Class, Origin, Sessions};
use rustc_hash::{FxHashMap, FxHashSet};

/// A text that stands for several machines stands for none.
const AMBIGUOUS: u32 = u32::MAX;
const UNREAD: u32 = u32::MAX - 1;

/// What a machine wrote of itself, and what its own account says, counts for so many claims of a client.
const PROOF: u32 = 4;

/// An address is a machine's if at least three quarters of what is known of it say so: leases change, and a relay comes
/// from one machine in the name of another.
const MAJORITY: (u64, u64) = (3, 4);

/// So many logons that came from an address in the seconds after a machine had set out for them show whose it is: one may
/// be chance.
const MIN_MET: u32 = 2;

/// How much speaks for an address being a machine's.
pub type Claims = FxHashMap<(StrId, u32), u32>;

/// Names and addresses of the machines of a case.
pub struct Places<'a> {
    records: &'a Records,
    names: FxHashMap<String, u32>,
    addresses: FxHashMap<StrId, u32>,
    /// By the number of a text: the machine it was found to name, [`AMBIGUOUS`] if none, [`UNREAD`] if it was not asked
    /// for yet. Looking at its letters once is enough.
    known: Vec<u32>,
}

impl<'a> Places<'a> {
    pub fn of(records: &'a Records, machines: &[Machine], sessions: &Sessions) -> Self {
        let mut names = FxHashMap::default();
        for (n, machine) in machines.iter().enumerate() {
            for name in machine.names.iter().map(|&name| records.text(name).to_lowercase()) {
                let short = name.split('.').next().unwrap_or_default().to_owned();
                learn(&mut names, short, n as u32);
                learn(&mut names, name, n as u32);
            }
        }
        let (addresses, known) = (FxHashMap::default(), vec![UNREAD; records.strings.len() + 1]);
        let mut places = Places { records, names, addresses, known };
        places.learn_addresses(machines, sessions);
        places
    }

    /// The machine that a host name, the name of a service there or an address stands for.
    pub fn machine(&mut self, text: StrId) -> Option<u32> {
        let at = text.0 as usize;
        if self.known[at] == UNREAD {
            self.known[at] = self.find(text).unwrap_or(AMBIGUOUS);
        }
        Some(self.known[at]).filter(|&machine| machine != AMBIGUOUS)
    }

    fn find(&self, text: StrId) -> Option<u32> {
        let by_address = self.addresses.get(&text).copied();
        let found = by_address.or_else(|| self.by_name(self.records.text(text)));
        found.filter(|&machine| machine != AMBIGUOUS)
    }

    fn by_name(&self, text: &str) -> Option<u32> {
        let host = host(text).to_lowercase();
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        let short = host.split('.').next().filter(|_| !is_address).unwrap_or_default();
        let found = self.names.get(&host).or(self.names.get(short)).copied();
        found.filter(|&machine| machine != AMBIGUOUS)
    }

    /// The machine whose address this is known to be.
    pub fn machine_at(&self, address: StrId) -> Option<u32> {
        self.addresses.get(&address).copied().filter(|&machine| machine != AMBIGUOUS)
    }

    /// The machine that a part of a text names or is the address of.
    pub fn machine_named(&self, text: &str) -> Option<u32> {
        let known = self.records.strings.find(text).and_then(|text| self.machine_at(text));
        known.or_else(|| self.by_name(text))
    }

    /// The machines of which an address is known.
    pub fn located(&self) -> FxHashSet<u32> {
        self.addresses.values().copied().collect()
    }

    /// Whether an address is that of whatever machine wrote it.
    pub fn is_local(&self, address: StrId) -> bool {
        let address = self.records.text(address).parse::<std::net::IpAddr>();
        address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
    }

    fn learn_addresses(&mut self, machines: &[Machine], sessions: &Sessions) {
        let mut claims = Claims::default();
        let is_named = |origin: &&Origin| !origin.address.is_none() && !origin.host.is_none();
        for origin in sessions.origins.iter().filter(is_named) {
            if let Some(machine) = self.machine(origin.host) {
                claim(&mut claims, origin.address, machine, 1);
            }
        }
        // A computer's own account logs on from that computer.
        let mut computers: FxHashMap<StrId, Option<u32>> = FxHashMap::default();
        for session in sessions.all.iter().filter(|session| session.class == Class::Machine) {
            let computer = *computers.entry(session.user).or_insert_with(|| self.computer(session.user));
            for origin in sessions.origins(session).iter().filter(|origin| !origin.address.is_none()) {
                if let Some(machine) = computer {
                    claim(&mut claims, origin.address, machine, PROOF);
                }
            }
        }
        if tells_addresses(self.records) {
            for (n, machine) in machines.iter().enumerate() {
                self.learn_from_events(n as u32, machine, &mut computers, &mut claims);
            }
        }
        self.settle(&claims);
        // What was looked up before the addresses were known.
        self.known.fill(UNREAD);
    }

    /// What a machine wrote of its own addresses, and of others' (rule 46: the address of a 4768 is the client's).
    fn learn_from_events(
        &self,
        n: u32,
        machine: &Machine,
        computers: &mut FxHashMap<StrId, Option<u32>>,
        claims: &mut Claims,
    ) {
        let records = self.records;
        for &row in machine.lineages.iter().flat_map(|lineage| &lineage.rows) {
            let Some(event) = records.event(row) else { continue };
            let text = |field| records.events.text(event, field);
            match records.events.kind(event) {
                Kind::ConnectionAllowed if records.text(text(Field::Direction)) == OUTBOUND => {
                    claim(claims, text(Field::Address), n, PROOF);
                }
                Kind::TicketGranted | Kind::ServiceTicketGranted => {
                    let user = text(Field::TargetUser);
                    let of = *computers.entry(user).or_insert_with(|| self.computer(user));
                    if let Some(of) = of {
                        claim(claims, text(Field::Address), of, PROOF);
                    }
                }
                _ => {}
            }
        }
    }

    /// Learns addresses that nothing tells, from logons that edges of a machine met.
    pub fn learn_met(&mut self, met: &Claims) {
        self.learn_new(met, MIN_MET);
    }

    /// Learns addresses that nothing else tells, from clients that asked for a machine by its name and wrote down which
    /// address they reached (rule 43: a 4648 of the kernel; RDPClient 1024 and 1102).
    pub fn learn_reached(&mut self, edges: &[Edge]) {
        let mut reached = Claims::default();
        for edge in edges.iter().filter(|edge| !edge.address.is_none() && edge.address != edge.host) {
            if let Some(machine) = self.machine(edge.host).filter(|&machine| machine != edge.machine) {
                claim(&mut reached, edge.address, machine, 1);
            }
        }
        if !reached.is_empty() {
            self.learn_new(&reached, 1);
        }
    }

    fn learn_new(&mut self, claims: &Claims, at_least: u32) {
        let mut totals: FxHashMap<StrId, u64> = FxHashMap::default();
        for (&(address, _), &n) in claims {
            *totals.entry(address).or_default() += u64::from(n);
        }
        let is_new = |address: StrId| !self.addresses.contains_key(&address) && self.is_routed(address);
        let is_sure = |&(&(address, _), &n): &(&(StrId, u32), &u32)| {
            n >= at_least && u64::from(n) * MAJORITY.1 >= totals[&address] * MAJORITY.0 && is_new(address)
        };
        let new: Vec<(StrId, u32)> = claims.iter().filter(is_sure).map(|(&key, _)| key).collect();
        for (address, machine) in new {
            learn(&mut self.addresses, address, machine);
        }
        self.known.fill(UNREAD);
    }

    /// The machine whose account `PC1$` or `PC1$@CORP.LOCAL` is.
    fn computer(&self, user: StrId) -> Option<u32> {
        let name = self.records.text(user).split('@').next().and_then(|name| name.strip_suffix('$'))?;
        self.names.get(&name.to_lowercase()).copied().filter(|&machine| machine != AMBIGUOUS)
    }

    /// Decides whose each address is.
    fn settle(&mut self, claims: &Claims) {
        let mut totals: FxHashMap<StrId, u64> = FxHashMap::default();
        for (&(address, _), &n) in claims.iter().filter(|((address, _), _)| self.is_routed(*address)) {
            *totals.entry(address).or_default() += u64::from(n);
        }
        for (&(address, machine), &n) in claims {
            if totals.get(&address).is_some_and(|&total| u64::from(n) * MAJORITY.1 >= total * MAJORITY.0) {
                learn(&mut self.addresses, address, machine);
            }
        }
    }

    fn is_routed(&self, address: StrId) -> bool {
        self.records.text(address).parse::<std::net::IpAddr>().is_ok_and(|address| {
            !address.is_loopback() && !address.is_unspecified() && !is_link_local(address)
        })
    }
}

fn claim(claims: &mut Claims, address: StrId, machine: u32, weight: u32) {
    let n = claims.entry((address, machine)).or_default();
    *n = n.saturating_add(weight);
}

/// "Outbound" in every language.
pub const OUTBOUND: &str = "%%14593";

/// Whether any record may tell an address beside those of logons.
fn tells_addresses(records: &Records) -> bool {
    records.signatures.iter().any(|signature| matches!(signature.event_id, 4768 | 4769 | 5156))
}

/// Every network has these addresses.
fn is_link_local(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => v4.is_link_local(),
        std::net::IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn learn<K: std::hash::Hash + Eq>(known: &mut FxHashMap<K, u32>, key: K, machine: u32) {
    let other = known.entry(key).or_insert(machine);
    if *other != machine {
        *other = AMBIGUOUS;
    }
}

/// The host in `\\SRV1`, `SRV1$` (its account), `SRV1.corp.local`, `cifs/SRV1`, `MSSQLSvc/SRV1:1433`, `ldap/DC1/corp.local`,
/// and WinRM's `http://SRV1:5985/wsman?PSVersion=5.1` (rule 43).
pub fn host(text: &str) -> &str {
    let text = text.trim().trim_start_matches('\\');
    let text = text.split('\\').next().unwrap_or_default();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    let host = parts.next().filter(|path| !path.starts_with("wsman")).unwrap_or(first);
    // An address of version 6 has more than one colon.
    let host = match host.split_once(':') {
        Some((name, port)) if !port.contains(':') => name,
        _ => host.trim_start_matches('[').split(']').next().unwrap_or_default(),
    };
    host.strip_suffix('$').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_service_is_at_its_host() {
        for (text, expected) in [
            ("SRV1", "SRV1"),
            ("\\\\SRV1\\share", "SRV1"),
            ("cifs/SRV1.corp.local", "SRV1.corp.local"),
            ("MSSQLSvc/SRV1:1433", "SRV1"),
            ("ldap/DC1/corp.local", "DC1"),
            ("10.0.0.7", "10.0.0.7"),
            ("10.0.0.7:3389", "10.0.0.7"),
            ("fe80::1", "fe80::1"),
            ("[2001:db8::1]:3389", "2001:db8::1"),
            ("srv1$", "srv1"),
            ("SRV1/wsman?PSVersion=5.1.17763.1", "SRV1"),
            ("http://srv1.corp.local:5985/wsman?PSVersion=5.1", "srv1.corp.local"),
            ("", ""),
        ] {
            assert_eq!(host(text), expected, "{text}");
        }
    }
}
