//! Several machines, and people who go from one to the next: the records that each of them writes, and the truth about
//! which session led to which.

use super::life::OWN;
use super::loss::written;
use super::machine::{Machine, Shape, Style, set_subject};
use super::read::{self, File};
use super::{Dice, End, MINUTE, Role, SECOND, SessionIdx, Stop};
use evtx_fixture::windows::Identity;
use evtx_fixture::{FileTime, Guid, Value};
use sessionscope::session::record::Record;
use std::collections::{BTreeMap, BTreeSet};

const HOSTS: [&str; 6] = ["WS1", "WS2", "WS3", "SRV1", "SRV2", "DC1"];
const N_WORKSTATIONS: usize = 3;
const PEOPLE: [&str; 4] = [r"CORP\alice", r"CORP\bob", r"CORP\erin", r"CORP\frank"];
const ADMINS: [&str; 3] = [r"CORP\admin1", r"CORP\admin2", r"CORP\svc_deploy"];

/// What need not be told: where the source writes nothing, not every address is known, nor is the account on but once.
pub const UNTOLD: &str = "missed hop without 4648";

/// What must never be.
pub const INVENTED: &str = "invented hop";

/// A session on a machine.
pub type Place = (usize, SessionIdx);

pub struct Network {
    pub hosts: Vec<Machine>,
    dice: Dice,
    now: i64,
    desktops: Vec<Place>,
    netonly: Vec<(Place, &'static str)>,
    ends: Vec<(i64, Place)>,
    /// What led to what, and whether the records tell it for sure.
    pub hops: Vec<(Place, Place, bool)>,
}

struct Client<'a> {
    from: Option<usize>,
    address: &'a str,
    is_ntlm: bool,
    guid: Option<Guid>,
}

fn address(host: usize) -> String {
    format!("10.0.0.{}", 10 + host)
}

fn guid(dice: &mut Dice) -> Guid {
    let text = format!("{{{:08x}-0000-4000-8000-{:012x}}}", dice.roll() as u32, dice.roll() >> 16);
    Guid::parse(&text).unwrap_or_default()
}

/// Simulates a day of a small network.
pub fn simulate(seed: u64, n_acts: usize, has_skew: bool) -> Network {
    let mut dice = Dice(seed);
    let now = FileTime::from_date(2024, 3, 4).plus_secs(6 * 3600).0 as i64;
    let mut hosts = Vec::new();
    for name in HOSTS {
        let mut machine = Machine::new(dice.roll());
        machine.computer = format!("{name}.corp.local");
        machine.has_other_logs = false;
        machine.now = now + dice.between(0, 10 * MINUTE);
        machine.clock = if has_skew { dice.between(-90, 90) * SECOND } else { dice.between(-SECOND, SECOND) };
        machine.start(None);
        hosts.push(machine);
    }
    let mut network = Network {
        hosts,
        dice,
        now: now + 15 * MINUTE,
        desktops: Vec::new(),
        netonly: Vec::new(),
        ends: Vec::new(),
        hops: Vec::new(),
    };
    // Each computer asks the domain controller for its policy.
    for (host, name) in HOSTS[..HOSTS.len() - 1].iter().enumerate() {
        let user = format!(r"CORP\{name}$");
        network.wait(SECOND, MINUTE);
        let client = Client { from: None, address: &address(host), is_ntlm: false, guid: None };
        network.land(HOSTS.len() - 1, "machine", &user, &client, &[2 * SECOND]);
    }
    for _ in 0..n_acts {
        // What comes within a minute may well be part of the same.
        network.wait(MINUTE + SECOND, 12 * MINUTE);
        network.act();
    }
    for machine in &mut network.hosts {
        machine.stop(Stop::Running);
    }
    network
}

impl Network {
    fn wait(&mut self, low: i64, high: i64) {
        self.now += self.dice.between(low, high);
        let (over, left) = std::mem::take(&mut self.ends).into_iter().partition(|&(at, _)| at <= self.now);
        self.ends = left;
        let over: Vec<(i64, Place)> = over;
        for (_, (host, session)) in over {
            let machine = self.at(host);
            let row = machine.destroy(session);
            machine.ended(session, End::Logoff { row });
        }
    }

    fn at(&mut self, host: usize) -> &mut Machine {
        let machine = &mut self.hosts[host];
        machine.now = machine.now.max(self.now);
        machine
    }

    fn act(&mut self) {
        match self.dice.below(100) {
            0..20 => self.log_on(),
            20..40 => self.explicit(),
            40..52 => self.remote_desktop(),
            52..66 => self.single_sign_on(),
            66..72 => self.netonly(),
            72..86 => self.strangers(),
            86..92 => self.elsewhere(),
            _ => self.log_off(),
        }
    }

    fn log_on(&mut self) {
        let host = self.dice.below(N_WORKSTATIONS);
        let user = self.dice.pick(&PEOPLE).unwrap_or("");
        let is_on = |&(other, session): &Place| {
            other == host && self.hosts[other].world.sessions[session].user == user
        };
        if self.desktops.iter().any(is_on) {
            return;
        }
        let session = self.at(host).open("desktop", user, 2);
        let shape = Shape {
            user,
            logon_type: 2,
            subject: 0x3e7,
            logon_process: "User32 ",
            process: Some("svchost.exe"),
            address: "127.0.0.1",
        };
        self.hosts[host].log_on(session, &shape, OWN);
        self.desktops.push((host, session));
    }

    fn log_off(&mut self) {
        let Some(place) = self.dice.pick(&self.desktops.clone()) else { return };
        self.desktops.retain(|&other| other != place);
        let machine = self.at(place.0);
        let row = machine.user_logs_off(place.1);
        machine.ended(place.1, End::UserLogoff { row, destroyed: None });
    }

    /// A network logon at a host.
    fn land(
        &mut self,
        host: usize,
        class: &'static str,
        user: &str,
        client: &Client<'_>,
        lasts: &[i64],
    ) -> Place {
        let session = self.at(host).open(class, user, 3);
        self.logon_from(host, session, user, 3, client, OWN);
        let lasts = self.dice.pick(lasts).unwrap_or(0);
        self.ends.push((self.now + lasts, (host, session)));
        (host, session)
    }

    fn logon_from(
        &mut self,
        host: usize,
        session: SessionIdx,
        user: &str,
        logon_type: u32,
        client: &Client<'_>,
        roles: [Role; 2],
    ) -> Vec<u64> {
        let is_network = logon_type == 3;
        let shape = Shape {
            user,
            logon_type,
            subject: if is_network { 0 } else { 0x3e7 },
            logon_process: match (is_network, client.is_ntlm) {
                (false, _) => "User32 ",
                (true, true) => "NtLmSsp ",
                (true, false) => "Kerberos",
            },
            process: (!is_network).then_some("svchost.exe"),
            address: client.address,
        };
        let first = self.hosts[host].world.rows.len();
        let luids = self.hosts[host].log_on(session, &shape, roles);
        for row in &mut self.hosts[host].world.rows[first..] {
            if row.event.id == 4624 && is_network {
                let name = client.from.filter(|_| client.is_ntlm).map_or("-", |from| HOSTS[from]);
                row.event.set("WorkstationName", name);
                row.event.set("LogonGuid", Value::Guid(client.guid.unwrap_or_default()));
                row.event.set("IpPort", "49871");
            }
        }
        luids
    }

    /// Somebody who is on at a machine, and another machine.
    fn traveller(&mut self) -> Option<(Place, usize)> {
        let from = self.dice.pick(&self.desktops.clone())?;
        let to = self.dice.below(HOSTS.len());
        (to != from.0).then_some((from, to))
    }

    fn credentials(&mut self, from: Place, to: usize, user: &str, service: &str, guid: Option<Guid>) {
        let (machine, session) = (self.at(from.0), from.1);
        let luids: Vec<u64> = machine.world.sessions[session].own().map(|logon| logon.luid).collect();
        let luid = machine.dice.pick(&luids).unwrap_or(0);
        let own = machine.world.sessions[session].user.clone();
        let who = Identity::of(user);
        let mut event = machine.event(4648);
        set_subject(&mut event, &Identity::of(&own), luid);
        event.set("TargetUserName", who.name);
        event.set("TargetDomainName", who.domain);
        let name = match machine.dice.below(3) {
            0 => HOSTS[to].to_owned(),
            1 => HOSTS[to].to_lowercase(),
            _ => format!("{}.corp.local", HOSTS[to]),
        };
        event.set("TargetInfo", format!("{service}/{name}"));
        event.set("TargetServerName", name);
        event.set("TargetLogonGuid", Value::Guid(guid.unwrap_or_default()));
        machine.security(event, &[(luid, session)]);
    }

    fn explicit(&mut self) {
        let Some((from, to)) = self.traveller() else { return };
        let user = self.dice.pick(&ADMINS).unwrap_or("");
        let is_ntlm = self.dice.percent(50);
        let guid = (!is_ntlm && self.dice.percent(60)).then(|| guid(&mut self.dice));
        self.credentials(from, to, user, "cifs", guid);
        self.wait(SECOND / 100, 3 * SECOND);
        let own = address(from.0);
        let client = Client { from: Some(from.0), address: &own, is_ntlm, guid };
        let landed = self.land(to, "network", user, &client, &[0, 11 * SECOND, 20 * MINUTE]);
        self.hops.push((from, landed, true));
    }

    fn remote_desktop(&mut self) {
        let Some((from, to)) = self.traveller().filter(|&(_, to)| to >= N_WORKSTATIONS) else { return };
        let user = self.dice.pick(&ADMINS).unwrap_or("");
        let is_on =
            |&(host, session): &Place| host == to && self.hosts[host].world.sessions[session].user == user;
        if self.desktops.iter().any(is_on) {
            return;
        }
        self.credentials(from, to, user, "TERMSRV", None);
        self.wait(SECOND / 10, 3 * SECOND);
        let own = address(from.0);
        let client = Client { from: Some(from.0), address: &own, is_ntlm: true, guid: None };
        let session = self.at(to).open("desktop", user, 10);
        let nla = self.logon_from(to, session, user, 3, &client, [Role::Nla, Role::Nla]);
        self.wait(SECOND / 10, 4 * SECOND);
        self.at(to);
        self.logon_from(to, session, user, 10, &client, OWN);
        self.wait(SECOND, 20 * SECOND);
        for luid in nla {
            self.at(to).log_off(session, luid, 3);
        }
        self.desktops.push((to, session));
        self.hops.push((from, (to, session), true));
    }

    /// The source tells nothing: only that the account is on there, once.
    fn single_sign_on(&mut self) {
        let Some((from, to)) = self.traveller() else { return };
        let user = self.hosts[from.0].world.sessions[from.1].user.clone();
        let own = address(from.0);
        let is_ntlm = self.dice.percent(30);
        let client = Client { from: Some(from.0), address: &own, is_ntlm, guid: None };
        let landed = self.land(to, "network", &user, &client, &[0, 11 * SECOND, 20 * MINUTE]);
        self.hops.push((from, landed, false));
    }

    /// runas /netonly: on the network the session is somebody else's.
    fn netonly(&mut self) {
        let Some((from, to)) = self.traveller() else { return };
        let outbound = self.dice.pick(&ADMINS).unwrap_or("");
        let (user, subject) = {
            let own = &self.hosts[from.0].world.sessions[from.1];
            (own.user.clone(), own.primary())
        };
        // Before Windows 10 nothing tells who it is elsewhere.
        if user == outbound || self.hosts[from.0].style == Style::Seven {
            return;
        }
        let session = self.at(from.0).open("secondary", &user, 9);
        let shape = Shape {
            user: &user,
            logon_type: 9,
            subject,
            logon_process: "seclogo",
            process: Some("svchost.exe"),
            address: "::1",
        };
        let first = self.hosts[from.0].world.rows.len();
        self.hosts[from.0].log_on(session, &shape, OWN);
        let who = Identity::of(outbound);
        for row in self.hosts[from.0].world.rows[first..].iter_mut().filter(|row| row.event.id == 4624) {
            row.event.set("TargetOutboundUserName", who.name.clone());
            row.event.set("TargetOutboundDomainName", who.domain.clone());
        }
        self.netonly.push(((from.0, session), outbound));
        // Somebody's credentials a moment before might as well have led there.
        self.wait(MINUTE + SECOND, 3 * MINUTE);
        let own = address(from.0);
        let client = Client { from: Some(from.0), address: &own, is_ntlm: true, guid: None };
        let landed = self.land(to, "network", outbound, &client, &[0, 11 * SECOND]);
        self.hops.push(((from.0, session), landed, false));
    }

    /// Clients that are not in the case, under the names of people who are.
    fn strangers(&mut self) {
        let to = self.dice.below(HOSTS.len());
        let user = self.dice.pick(&[PEOPLE[0], ADMINS[0], ADMINS[1]]).unwrap_or("");
        let client =
            Client { from: None, address: "203.0.113.9", is_ntlm: self.dice.percent(50), guid: None };
        self.land(to, "network", user, &client, &[0, 11 * SECOND, 20 * MINUTE]);
    }

    /// Credentials for a machine that is not in the case, or that were refused.
    fn elsewhere(&mut self) {
        let Some((from, to)) = self.traveller() else { return };
        let user = self.dice.pick(&ADMINS).unwrap_or("");
        self.credentials(from, to, user, "HTTP", None);
    }

    pub fn files(&self) -> Vec<File> {
        let hosts = self.hosts.iter().zip(HOSTS);
        let files = hosts.flat_map(|(machine, name)| {
            let files = read::files(&machine.world, &written(&machine.world));
            files.into_iter().map(move |(path, bytes)| (format!("{name}/{path}"), bytes))
        });
        files.collect()
    }

    fn name(&self, (host, session): Place) -> String {
        let own = &self.hosts[host].world.sessions[session];
        format!("{}#{}/{:#x}", HOSTS[host], own.boot + 1, own.primary())
    }

    /// What is told of hops and is not so, and what is so and is not told.
    pub fn differences(&self, records: &[Record]) -> Vec<(&'static str, String)> {
        let pair = |&(from, to, _): &(Place, Place, bool)| (self.name(from), self.name(to));
        let truth: BTreeSet<(String, String)> = self.hops.iter().map(pair).collect();
        let mut told: BTreeMap<(String, String), String> = BTreeMap::new();
        for record in records {
            for hop in record.hops.iter().filter(|hop| hop.direction == "in") {
                if let Some(from) = &hop.session {
                    let text = format!("{} {:?} {:?}", hop.how, hop.score, hop.reasons);
                    told.insert((from.clone(), record.session.clone()), text);
                }
            }
        }
        let mut all = Vec::new();
        for (pair, text) in told.iter().filter(|(pair, _)| !truth.contains(pair)) {
            all.push((INVENTED, format!("{} -> {}: {text}", pair.0, pair.1)));
        }
        for hop in &self.hops {
            let pair = pair(hop);
            if !told.contains_key(&pair) {
                let what = if hop.2 { "missed hop" } else { UNTOLD };
                let other = told.iter().find(|(other, _)| other.1 == pair.1);
                all.push((what, format!("{} -> {}, told: {other:?}", pair.0, pair.1)));
            }
        }
        let names: BTreeSet<String> = records.iter().map(|record| record.session.clone()).collect();
        for (host, machine) in self.hosts.iter().enumerate() {
            for session in 0..machine.world.sessions.len() {
                let name = self.name((host, session));
                if !names.contains(&name) {
                    all.push(("missing session", name));
                }
            }
        }
        all
    }
}
