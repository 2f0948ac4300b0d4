//! What sessions set out for: the records on a machine that name another one (domain.md rule 43).

use super::Found;
use super::places::host;
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx, StrId};
use crate::machine::{Lineage, Machine, Pos};
use crate::session::hop::HopHow;
use crate::session::{Class, SessionIdx, Sessions};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

/// A 4648, or a 4688 that starts an SSH client, and the session that wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Outbound {
    pub machine: u32,
    pub session: Option<SessionIdx>,
    pub pos: Pos,
}

/// A session, or its machine alone, sets out for another machine.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub how: HopHow,
    pub machine: u32,
    pub session: Option<SessionIdx>,
    pub at: Timestamp,
    pub row: RowIdx,
    /// A second record of it.
    pub more: Option<RowIdx>,
    /// As written: a server, a service there, or an address.
    pub host: StrId,
    /// The address, where the record has both.
    pub address: StrId,
    /// Nobody, where the record does not say.
    pub user: StrId,
    pub domain: StrId,
    pub guid: StrId,
}

/// The kernel's process: it opens file shares for all.
const KERNEL: Option<LogonId> = LogonId::new(4);

/// All edges of a case, in the order of machines and records.
pub fn edges(found: &Found<'_>, outbound: &[Outbound]) -> Vec<Edge> {
    let mut names = Names::of(found);
    let credentials = outbound.iter().filter_map(|one| explicit_credentials(found, &mut names, one));
    let mut edges: Vec<Edge> = credentials.collect();
    for (n, machine) in found.machines.iter().enumerate() {
        other_logs(found, &mut names, n as u32, machine, &mut edges);
    }
    drop_shells_with_credentials(found, &mut edges);
    edges
}

/// A remote shell's credentials are given right before it is opened.
const BEFORE_SHELL: i64 = 5 * SECOND;

/// Of a remote shell for which other credentials were given the 4648 tells all there is.
fn drop_shells_with_credentials(found: &Found<'_>, edges: &mut Vec<Edge>) {
    if !edges.iter().any(|edge| edge.how == HopHow::WinrmClient) {
        return;
    }
    let key = |edge: &Edge| (edge.session, short(host(found.records.text(edge.host))).to_lowercase());
    let mut given: FxHashMap<(Option<SessionIdx>, String), Vec<Timestamp>> = FxHashMap::default();
    for edge in edges.iter().filter(|edge| edge.how == HopHow::ExplicitCredentials) {
        given.entry(key(edge)).or_default().push(edge.at);
    }
    given.values_mut().for_each(|times| times.sort_unstable());
    edges.retain(|edge| {
        let before = |times: &Vec<Timestamp>| {
            let next = times.partition_point(|&at| at < edge.at.plus(-BEFORE_SHELL));
            times.get(next).is_some_and(|&at| at <= edge.at.plus(BEFORE_SHELL))
        };
        edge.how != HopHow::WinrmClient || !given.get(&key(edge)).is_some_and(before)
    });
}

fn explicit_credentials(found: &Found<'_>, names: &mut Names<'_>, one: &Outbound) -> Option<Edge> {
    let machine = &found.machines[one.machine as usize];
    let row = *machine.lineages[machine.security?].rows.get(one.pos as usize)?;
    let event = found.records.event(row)?;
    if found.records.events.kind(event) != Kind::ExplicitCredentials {
        return None;
    }
    let text = |field| found.records.events.text(event, field);
    let mut is_elsewhere = |&name: &StrId| names.is_elsewhere(one.machine, name);
    let named = [text(Field::TargetServer), text(Field::TargetInfo)].into_iter().find(&mut is_elsewhere);
    // The address of a 4648 is the client's, but for what the kernel does: that names the server (trap 40).
    let is_kernel = found.records.events.luid(event, Field::ProcessId) == KERNEL;
    let address = if is_kernel { text(Field::Address) } else { StrId::NONE };
    let host = named.or(Some(address).filter(is_elsewhere))?;
    Some(Edge {
        how: HopHow::ExplicitCredentials,
        machine: one.machine,
        session: one.session,
        at: found.records.time[row as usize].plus(machine.clock.shift(one.pos)),
        row,
        more: None,
        host,
        address,
        user: text(Field::TargetUser),
        domain: text(Field::TargetDomain),
        guid: text(Field::TargetLogonGuid),
    })
}

/// Whether texts name another machine than the one they were written on. Each is read once.
struct Names<'a> {
    records: &'a Records,
    machines: &'a [Machine],
    /// Of the machine that was asked for last: its own short names.
    own: Option<(u32, FxHashSet<String>)>,
    known: FxHashMap<(u32, StrId), bool>,
}

impl<'a> Names<'a> {
    fn of(found: &Found<'a>) -> Self {
        Names { records: found.records, machines: found.machines, own: None, known: FxHashMap::default() }
    }

    fn is_elsewhere(&mut self, machine: u32, text: StrId) -> bool {
        if text.is_none() {
            return false;
        }
        if let Some(&known) = self.known.get(&(machine, text)) {
            return known;
        }
        let is_elsewhere = self.read(machine, text);
        self.known.insert((machine, text), is_elsewhere);
        is_elsewhere
    }

    fn read(&mut self, machine: u32, text: StrId) -> bool {
        let host = host(self.records.text(text)).to_lowercase();
        if let Ok(address) = host.parse::<std::net::IpAddr>() {
            return !address.is_loopback() && !address.is_unspecified();
        }
        let short = short(&host);
        !short.is_empty() && short != "localhost" && !self.own(machine).contains(short)
    }

    fn own(&mut self, machine: u32) -> &FxHashSet<String> {
        if self.own.as_ref().is_none_or(|(known, _)| *known != machine) {
            let names = self.machines[machine as usize].names.iter().map(|&name| self.records.text(name));
            self.own = Some((machine, names.map(|name| short(name).to_lowercase()).collect()));
        }
        &self.own.get_or_insert_default().1
    }
}

fn short(host: &str) -> &str {
    host.split('.').next().unwrap_or_default()
}

/// Channels that hold little else than what sets out for another machine.
const CHANNELS: [&str; 4] = [
    "microsoft-windows-ntlm/operational",
    "microsoft-windows-smbclient/security",
    "microsoft-windows-winrm/operational",
    "microsoft-windows-terminalservices-rdpclient/operational",
];

/// What the other logs of a machine tell: NTLM, SmbClient, RDPClient and WinRM.
fn other_logs(found: &Found<'_>, names: &mut Names<'_>, n: u32, machine: &Machine, edges: &mut Vec<Edge>) {
    let is_one = |lineage: &&Lineage| {
        let channel = found.records.text(lineage.channel);
        CHANNELS.iter().any(|one| channel.eq_ignore_ascii_case(one))
    };
    let mut logs = machine.lineages.iter().filter(is_one).peekable();
    if logs.peek().is_none() {
        return;
    }
    let mut clients = Clients { found, names, machine: n, owners: Owners::of(found, n) };
    logs.for_each(|log| clients.read(log, edges));
}

/// The clients of a machine, as its logs tell of them.
struct Clients<'a, 'n> {
    found: &'a Found<'a>,
    names: &'a mut Names<'n>,
    machine: u32,
    owners: Owners,
}

/// The address of a connection is known this soon after its name (RDPClient 1024 and 1102).
const CONNECTING: i64 = MINUTE;

impl Clients<'_, '_> {
    fn read(&mut self, log: &Lineage, edges: &mut Vec<Edge>) {
        let mut last_rdp: Option<usize> = None;
        for &row in &log.rows {
            let Some(event) = self.found.records.event(row) else { continue };
            match self.found.records.events.kind(event) {
                Kind::NtlmOutgoing => edges.extend(self.by_luid(row, event, HopHow::Ntlm)),
                Kind::SmbClientRefused => edges.extend(self.by_luid(row, event, HopHow::Smb)),
                Kind::WinrmClient => edges.extend(self.winrm(row, event)),
                Kind::RdpClientConnecting | Kind::RdpClientAddress => {
                    let Some(edge) = self.rdp(row, event) else { continue };
                    match last_rdp.map(|last| &mut edges[last]) {
                        Some(open) if self.is_same_connection(open, &edge) => {
                            (open.address, open.more) = (edge.host, Some(row));
                        }
                        _ => {
                            last_rdp = Some(edges.len());
                            edges.push(edge);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn is_same_connection(&self, open: &Edge, edge: &Edge) -> bool {
        let records = self.found.records;
        let kind = |row| records.event(row).map(|event| records.events.kind(event));
        kind(open.row) == Some(Kind::RdpClientConnecting)
            && kind(edge.row) == Some(Kind::RdpClientAddress)
            && open.more.is_none()
            && open.session == edge.session
            && edge.at.since(open.at).abs() <= CONNECTING
    }

    /// When a record outside Security was written, by a clock that was right since boot (rule 18): so are the times of
    /// the machine's sessions.
    fn time(&self, row: RowIdx) -> Timestamp {
        let raw = self.found.records.time[row as usize];
        self.found.machines[self.machine as usize].clock.time_of(row, raw)
    }

    /// The first of these fields that names another machine.
    fn host(&mut self, event: EventIdx, fields: &[Field]) -> Option<StrId> {
        let events = &self.found.records.events;
        let mut hosts = fields.iter().map(|&field| events.text(event, field));
        hosts.find(|&host| self.names.is_elsewhere(self.machine, host))
    }

    /// What a client did in the session whose LogonId the record has.
    fn by_luid(&mut self, row: RowIdx, event: EventIdx, how: HopHow) -> Option<Edge> {
        let host = self.host(event, &[Field::TargetServer, Field::TargetInfo, Field::DestAddress])?;
        let events = &self.found.records.events;
        let at = self.time(row);
        let luid = events.luid(event, Field::SubjectLogonId);
        let session = luid.and_then(|luid| self.owners.by_luid(self.found, luid, at));
        // Without other credentials, the caller's own were used.
        let (user, domain) = match events.text(event, Field::TargetUser) {
            user if user.is_none() => session.map(|session| self.found.account(session)).unwrap_or_default(),
            user => (user, events.text(event, Field::TargetDomain)),
        };
        let address = events.text(event, Field::DestAddress);
        Some(Edge { address, user, domain, ..self.edge(row, how, session, host) })
    }

    /// What a client did for the account it runs as.
    fn by_user(&self, row: RowIdx, event: EventIdx, how: HopHow, host: StrId) -> Edge {
        let sid = self.found.records.events.text(event, Field::UserId);
        self.edge(row, how, self.owners.by_sid(self.found, sid, self.time(row)), host)
    }

    /// RDPClient does not say whom the user logs on as over there.
    fn rdp(&mut self, row: RowIdx, event: EventIdx) -> Option<Edge> {
        let host = self.host(event, &[Field::TargetServer, Field::Address])?;
        Some(self.by_user(row, event, HopHow::RdpClient, host))
    }

    /// WinRM's client uses the credentials of the account it runs as, unless a 4648 tells of others.
    fn winrm(&mut self, row: RowIdx, event: EventIdx) -> Option<Edge> {
        let host = self.host(event, &[Field::TargetServer])?;
        let edge = self.by_user(row, event, HopHow::WinrmClient, host);
        let (user, domain) = self.found.account(edge.session?);
        Some(Edge { user, domain, ..edge })
    }

    /// An edge of which no more is known than what a record is about.
    fn edge(&self, row: RowIdx, how: HopHow, session: Option<SessionIdx>, host: StrId) -> Edge {
        Edge {
            how,
            machine: self.machine,
            session,
            at: self.time(row),
            row,
            more: None,
            host,
            address: StrId::NONE,
            user: StrId::NONE,
            domain: StrId::NONE,
            guid: StrId::NONE,
        }
    }
}

/// A machine's sessions by what other logs call them.
struct Owners {
    luids: FxHashMap<LogonId, Vec<SessionIdx>>,
    sids: FxHashMap<StrId, Vec<SessionIdx>>,
}

/// Records of one moment in two logs are this far apart.
const SAME_MOMENT: i64 = 5 * SECOND;

/// Of the sessions that fit, so many of the newest are looked at.
const MAX_LOOKED_AT: usize = 64;

impl Owners {
    fn of(found: &Found<'_>, machine: u32) -> Self {
        let mut owners = Owners { luids: FxHashMap::default(), sids: FxHashMap::default() };
        let sessions = found.sessions;
        let first = sessions.all.partition_point(|session| session.machine < machine);
        let own = sessions.all.iter().zip(0..).skip(first);
        for (session, idx) in own.take_while(|(session, _)| session.machine == machine) {
            for luid in luids(sessions, idx) {
                owners.luids.entry(luid).or_default().push(idx);
            }
            if session.class == Class::Desktop && !session.sid.is_none() {
                owners.sids.entry(session.sid).or_default().push(idx);
            }
        }
        owners
    }

    fn by_luid(&self, found: &Found<'_>, luid: LogonId, at: Timestamp) -> Option<SessionIdx> {
        on_at(found, self.luids.get(&luid)?, at)
    }

    fn by_sid(&self, found: &Found<'_>, sid: StrId, at: Timestamp) -> Option<SessionIdx> {
        on_at(found, self.sids.get(&sid)?, at)
    }
}

fn luids(sessions: &Sessions, idx: SessionIdx) -> impl Iterator<Item = LogonId> + '_ {
    let session = &sessions.all[idx as usize];
    let logons = sessions.logons(session).iter().map(|logon| logon.luid);
    session.luid.into_iter().chain(logons.filter(|&luid| Some(luid) != session.luid))
}

/// The newest of these sessions that may have been on at a moment.
fn on_at(found: &Found<'_>, own: &[SessionIdx], at: Timestamp) -> Option<SessionIdx> {
    let newest = own.iter().rev().take(MAX_LOOKED_AT).copied();
    newest.filter(|&idx| found.may_be_on(idx, at, SAME_MOMENT)).max_by_key(|&idx| (found.begun(idx), idx))
}
