//! Big mixed logs for benches: a computer lives through boots, logons and much noise, the same for the same seed.

use std::collections::HashMap;
use std::io::{Seek, Write};

use crate::event::{Event, Payload};
use crate::value::{FileTime, Sid, TICKS_PER_SEC, Text, Value};
use crate::windows::{self, Identity};
use crate::writer::{LogOptions, LogStream, WriteError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    MemberServer,
    DomainController,
    Workstation,
}

/// Writes a Security log of at least `target_bytes`. About a third of its events are about sessions.
pub fn generate<W: Write + Seek>(
    profile: Profile,
    seed: u64,
    target_bytes: u64,
    out: W,
) -> Result<W, WriteError> {
    let mut computer = Computer::new(profile, seed, LogStream::new(out, LogOptions::default())?);
    computer.boot()?;
    while computer.log.n_bytes() < target_bytes {
        computer.live()?;
    }
    computer.log.finish()
}

/// The events the generator writes; it fills in the same fields of the same prototype each time.
const EVENTS: &[(&str, u16)] = &[
    ("Security", 4608),
    ("Security", 4624),
    ("Security", 4625),
    ("Security", 4634),
    ("Security", 4647),
    ("Security", 4648),
    ("Security", 4658),
    ("Security", 4663),
    ("Security", 4672),
    ("Security", 4688),
    ("Security", 4689),
    ("Security", 4703),
    ("Security", 4768),
    ("Security", 4769),
    ("Security", 4776),
    ("Security", 4778),
    ("Security", 4779),
    ("Security", 4800),
    ("Security", 4801),
    ("Security", 4826),
    ("Security", 4902),
    ("Security", 5140),
    ("Security", 5145),
    ("Security", 5156),
    ("Security", 5379),
    ("EventLog", 1100),
];

#[derive(Clone, Copy)]
enum Action {
    NetworkLogon,
    NetworkLogoff,
    ServiceLogon,
    FailedLogon,
    DesktopLogon,
    DesktopUse,
    DesktopLogoff,
    Process,
    FileAccess,
    Share,
    Connection,
    Token,
    Credentials,
    Tickets,
    Ntlm,
    Reboot,
}

use Action::{
    Connection, Credentials, DesktopLogoff, DesktopLogon, DesktopUse, FailedLogon, FileAccess, NetworkLogoff,
    NetworkLogon, Ntlm, Process, Reboot, ServiceLogon, Share, Tickets, Token,
};

/// How often each thing happens. Network logons and logoffs are alike, so that sessions do not pile up.
fn weights(profile: Profile) -> &'static [(Action, u64)] {
    match profile {
        Profile::MemberServer => &[
            (NetworkLogon, 900),
            (NetworkLogoff, 950),
            (ServiceLogon, 150),
            (FailedLogon, 120),
            (DesktopLogon, 30),
            (DesktopUse, 90),
            (DesktopLogoff, 31),
            (Process, 900),
            (FileAccess, 900),
            (Share, 500),
            (Connection, 1500),
            (Token, 250),
            (Credentials, 100),
            (Ntlm, 100),
            (Reboot, 1),
        ],
        Profile::DomainController => &[
            (NetworkLogon, 1500),
            (NetworkLogoff, 1550),
            (ServiceLogon, 100),
            (FailedLogon, 150),
            (DesktopLogon, 6),
            (DesktopUse, 15),
            (DesktopLogoff, 7),
            (Process, 300),
            (FileAccess, 300),
            (Share, 800),
            (Connection, 1500),
            (Token, 100),
            (Tickets, 2500),
            (Ntlm, 700),
            (Reboot, 1),
        ],
        Profile::Workstation => &[
            (NetworkLogon, 150),
            (NetworkLogoff, 160),
            (ServiceLogon, 500),
            (FailedLogon, 30),
            (DesktopLogon, 100),
            (DesktopUse, 500),
            (DesktopLogoff, 101),
            (Process, 1000),
            (FileAccess, 100),
            (Connection, 900),
            (Token, 500),
            (Credentials, 700),
            (Reboot, 3),
        ],
    }
}

#[derive(Clone)]
struct Session {
    logon_id: u64,
    user_idx: usize,
    logon_type: u32,
    terminal_session: u32,
    client: String,
    is_away: bool,
}

struct Computer<W> {
    name: &'static str,
    profile: Profile,
    log: LogStream<W>,
    random: Random,
    prototypes: HashMap<u16, Event>,
    users: Vec<Identity>,
    network: Vec<Session>,
    desktops: Vec<Session>,
    time: FileTime,
    record_id: u64,
    next_logon_id: u64,
    n_terminal_sessions: u32,
}

const PROGRAMS: &[&str] = &[
    "C:\\Windows\\System32\\svchost.exe",
    "C:\\Windows\\System32\\conhost.exe",
    "C:\\Windows\\System32\\taskhostw.exe",
    "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe",
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

const FIRST_NAMES: &[&str] =
    &["alice", "bob", "carla", "dmitri", "eva", "farid", "grace", "henrik", "ines", "jun"];
const LAST_NAMES: &[&str] =
    &["adams", "berg", "costa", "diaz", "evans", "fischer", "garcia", "hansen", "ito", "jones"];

impl<W: Write + Seek> Computer<W> {
    fn new(profile: Profile, seed: u64, log: LogStream<W>) -> Self {
        let prototypes = EVENTS.iter().map(|(source, id)| (*id, windows::event(source, *id))).collect();
        let users =
            FIRST_NAMES.iter().flat_map(|first| LAST_NAMES.iter().map(move |last| format!("{first}.{last}")));
        Computer {
            name: match profile {
                Profile::MemberServer => "SRV01.corp.example",
                Profile::DomainController => "DC01.corp.example",
                Profile::Workstation => "WS042.corp.example",
            },
            profile,
            log,
            random: Random::new(seed),
            prototypes,
            users: users.map(|name| Identity::of(&name)).collect(),
            network: Vec::new(),
            desktops: Vec::new(),
            time: FileTime::from_date(2024, 1, 8),
            record_id: 0,
            next_logon_id: 0,
            n_terminal_sessions: 0,
        }
    }

    fn live(&mut self) -> Result<(), WriteError> {
        let weights = weights(self.profile);
        let total: u64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut dice = self.random.below(total);
        for (action, weight) in weights {
            if dice < *weight {
                self.wait(4 * TICKS_PER_SEC);
                return self.act(*action);
            }
            dice -= weight;
        }
        Ok(())
    }

    fn act(&mut self, action: Action) -> Result<(), WriteError> {
        match action {
            NetworkLogon => self.network_logon(),
            NetworkLogoff => self.network_logoff(),
            ServiceLogon => self.service_logon(),
            FailedLogon => self.failed_logon(),
            DesktopLogon => self.desktop_logon(),
            DesktopUse => self.desktop_use(),
            DesktopLogoff => self.desktop_logoff(),
            Process => self.process(),
            FileAccess => self.file_access(),
            Share => self.share(),
            Connection => self.connection(),
            Token => self.token(),
            Credentials => self.credentials(),
            Tickets => self.tickets(),
            Ntlm => self.ntlm(),
            Reboot => self.reboot(),
        }
    }

    fn boot(&mut self) -> Result<(), WriteError> {
        self.network.clear();
        self.desktops.clear();
        self.next_logon_id = 0x1_0000;
        self.n_terminal_sessions = 0;
        self.emit(4826, |_| {})?;
        self.emit(4608, |_| {})?;
        let system = Identity::of("SYSTEM");
        self.emit(4624, |event| {
            subject(event, &Identity::nobody(), 0);
            target(event, &system, 0x3e7);
            logon_fields(event, 0, "-", "-", "-", 4);
        })?;
        self.emit(4902, |_| {})
    }

    /// Two in three stops are clean; after the others the log just goes on with a boot.
    fn reboot(&mut self) -> Result<(), WriteError> {
        if self.random.below(3) > 0 {
            self.emit(1100, |_| {})?;
        }
        self.wait(600 * TICKS_PER_SEC);
        self.boot()
    }

    fn network_logon(&mut self) -> Result<(), WriteError> {
        let session = self.new_session(3);
        let user = self.users[session.user_idx].clone();
        let (client, port) = (session.client.clone(), self.random.port());
        if session.user_idx.is_multiple_of(4) {
            self.emit(4672, |event| subject(event, &user, session.logon_id))?;
        }
        self.emit(4624, |event| {
            subject(event, &Identity::nobody(), 0);
            target(event, &user, session.logon_id);
            logon_fields(event, 3, "Kerberos", "Kerberos", "-", 0);
            client_fields(event, &client, &port);
        })?;
        self.network.push(session);
        Ok(())
    }

    fn network_logoff(&mut self) -> Result<(), WriteError> {
        let Some(session) = self.random.take(&mut self.network) else { return Ok(()) };
        self.logoff(4634, &session)
    }

    fn service_logon(&mut self) -> Result<(), WriteError> {
        let (machine, system) = (Identity::machine(self.name), Identity::of("SYSTEM"));
        self.emit(4624, |event| {
            subject(event, &machine, 0x3e7);
            target(event, &system, 0x3e7);
            logon_fields(event, 5, "Advapi  ", "Negotiate", "C:\\Windows\\System32\\services.exe", 0x280);
            client_fields(event, "-", "-");
        })?;
        self.emit(4672, |event| subject(event, &system, 0x3e7))
    }

    fn failed_logon(&mut self) -> Result<(), WriteError> {
        let user = self.any_user();
        let (client, port) = (self.random.address(), self.random.port());
        self.emit(4625, |event| {
            event.set("TargetUserName", user.name);
            event.set("TargetDomainName", user.domain);
            client_fields(event, &client, &port);
        })
    }

    /// An administrator's desktop has two halves, the elevated one first.
    fn desktop_logon(&mut self) -> Result<(), WriteError> {
        let logon_type = if self.profile == Profile::Workstation { 2 } else { 10 };
        let mut session = self.new_session(logon_type);
        self.n_terminal_sessions += 1;
        session.terminal_session = self.n_terminal_sessions;
        let user = self.users[session.user_idx].clone();
        let machine = Identity::machine(self.name);
        let client = session.client.clone();
        self.emit(4648, |event| {
            subject(event, &machine, 0x3e7);
            event.set("TargetUserName", user.name.clone());
            event.set("TargetDomainName", user.domain.clone());
            event.set("IpAddress", client.clone());
        })?;
        let elevated_id = session.logon_id;
        let limited_id = self.new_logon_id();
        for (logon_id, linked, token) in
            [(elevated_id, limited_id, "%%1842"), (limited_id, elevated_id, "%%1843")]
        {
            self.emit(4624, |event| {
                subject(event, &machine, 0x3e7);
                target(event, &user, logon_id);
                logon_fields(
                    event,
                    logon_type,
                    "User32 ",
                    "Negotiate",
                    "C:\\Windows\\System32\\winlogon.exe",
                    0x2a8,
                );
                client_fields(event, &client, "0");
                event.set("TargetLinkedLogonId", Value::Hex64(linked));
                event.set("ElevatedToken", token);
            })?;
        }
        self.emit(4672, |event| subject(event, &user, elevated_id))?;
        session.logon_id = limited_id;
        self.desktops.push(session);
        Ok(())
    }

    /// Locks and unlocks, or leaves a remote session and comes back to it.
    fn desktop_use(&mut self) -> Result<(), WriteError> {
        let Some(idx) = self.random.index(self.desktops.len()) else { return Ok(()) };
        let session = &mut self.desktops[idx];
        session.is_away = !session.is_away;
        let session = session.clone();
        let user = self.users[session.user_idx].clone();
        if session.logon_type == 10 {
            return self.emit(if session.is_away { 4779 } else { 4778 }, |event| {
                event.set("AccountName", user.name);
                event.set("AccountDomain", user.domain);
                event.set("LogonID", Value::Hex64(session.logon_id));
                event.set("SessionName", format!("RDP-Tcp#{}", session.terminal_session));
                event.set("ClientName", "LAPTOP-7");
                event.set("ClientAddress", session.client);
            });
        }
        self.emit(if session.is_away { 4800 } else { 4801 }, |event| {
            target(event, &user, session.logon_id);
            event.set("SessionId", Value::U32(session.terminal_session));
        })
    }

    fn desktop_logoff(&mut self) -> Result<(), WriteError> {
        let Some(session) = self.random.take(&mut self.desktops) else { return Ok(()) };
        self.logoff(4647, &session)?;
        self.logoff(4634, &session)
    }

    fn logoff(&mut self, id: u16, session: &Session) -> Result<(), WriteError> {
        let user = self.users[session.user_idx].clone();
        self.emit(id, |event| {
            target(event, &user, session.logon_id);
            event.set("LogonType", Value::U32(session.logon_type));
        })
    }

    fn process(&mut self) -> Result<(), WriteError> {
        let (user, logon_id) = self.somebody();
        let program = PROGRAMS[self.random.below(PROGRAMS.len() as u64) as usize];
        let process_id = 4 * self.random.below(0x1000);
        let is_start = self.random.below(2) == 0;
        let command = format!("\"{program}\" -Embedding -p {process_id:x} -s Schedule");
        self.emit(if is_start { 4688 } else { 4689 }, |event| {
            subject(event, &user, logon_id);
            event.set("NewProcessId", Value::SizeT(process_id));
            event.set("NewProcessName", program);
            event.set("CommandLine", command);
            event.set("ProcessName", program);
        })
    }

    fn file_access(&mut self) -> Result<(), WriteError> {
        let (user, logon_id) = self.somebody();
        let handle = Value::SizeT(4 * self.random.below(0x1000));
        let path = format!("C:\\Shares\\Finance\\{}\\Report-{}.xlsx", user.name, self.random.below(10_000));
        self.emit(4663, |event| {
            subject(event, &user, logon_id);
            event.set("HandleId", handle.clone());
            event.set("ObjectName", path);
        })?;
        self.emit(4658, |event| {
            subject(event, &user, logon_id);
            event.set("HandleId", handle);
        })
    }

    fn share(&mut self) -> Result<(), WriteError> {
        let (user, logon_id) = self.somebody();
        let (client, port) = (self.random.address(), self.random.port());
        let path = format!("corp.example\\Policies\\{{31B2F340-016D-11D2-945F-{:012X}}}\\gpt.ini", logon_id);
        self.emit(5140, |event| {
            subject(event, &user, logon_id);
            client_fields(event, &client, &port);
        })?;
        self.emit(5145, |event| {
            subject(event, &user, logon_id);
            client_fields(event, &client, &port);
            event.set("RelativeTargetName", path);
        })
    }

    fn connection(&mut self) -> Result<(), WriteError> {
        let (client, port) = (self.random.address(), self.random.port());
        self.emit(5156, |event| {
            event.set("DestAddress", client);
            event.set("DestPort", port);
        })
    }

    fn token(&mut self) -> Result<(), WriteError> {
        let (user, logon_id) = self.somebody();
        let machine = Identity::machine(self.name);
        self.emit(4703, |event| {
            subject(event, &machine, 0x3e7);
            target(event, &user, logon_id);
        })
    }

    fn credentials(&mut self) -> Result<(), WriteError> {
        let (user, logon_id) = self.somebody();
        let time = self.time;
        self.emit(5379, |event| {
            subject(event, &user, logon_id);
            event.set("ProcessCreationTime", time);
        })
    }

    fn tickets(&mut self) -> Result<(), WriteError> {
        let user = self.any_user();
        let id = if self.random.below(4) == 0 { 4768 } else { 4769 };
        let (client, port) = (format!("::ffff:{}", self.random.address()), self.random.port());
        self.emit(id, |event| {
            event.set("TargetUserName", user.name);
            event.set("TargetDomainName", "CORP.EXAMPLE");
            event.set("TargetSid", user.sid);
            event.set("ServiceName", "SRV01$");
            client_fields(event, &client, &port);
        })
    }

    fn ntlm(&mut self) -> Result<(), WriteError> {
        let user = self.any_user();
        self.emit(4776, |event| {
            event.set("TargetUserName", user.name);
            event.set("Workstation", "WS017");
        })
    }

    fn new_session(&mut self, logon_type: u32) -> Session {
        Session {
            logon_id: self.new_logon_id(),
            user_idx: self.random.below(self.users.len() as u64) as usize,
            logon_type,
            terminal_session: 0,
            client: self.random.address(),
            is_away: false,
        }
    }

    /// LogonIds only grow within a boot.
    fn new_logon_id(&mut self) -> u64 {
        self.next_logon_id += 1 + self.random.below(0x800);
        self.next_logon_id
    }

    fn any_user(&mut self) -> Identity {
        let idx = self.random.below(self.users.len() as u64) as usize;
        self.users[idx].clone()
    }

    /// A user with a session, or SYSTEM.
    fn somebody(&mut self) -> (Identity, u64) {
        let sessions = if self.random.below(2) == 0 { &self.network } else { &self.desktops };
        match self.random.index(sessions.len()) {
            Some(idx) => (self.users[sessions[idx].user_idx].clone(), sessions[idx].logon_id),
            None => (Identity::machine(self.name), 0x3e7),
        }
    }

    fn wait(&mut self, at_most: u64) {
        self.time.0 += self.random.below(at_most);
    }

    fn emit(&mut self, id: u16, fill: impl FnOnce(&mut Event)) -> Result<(), WriteError> {
        let Some(event) = self.prototypes.get_mut(&id) else { return Ok(()) };
        fill(event);
        self.record_id += 1;
        self.time.0 += 10_000 + self.random.below(20_000);
        event.time = self.time;
        event.record_id = self.record_id;
        event.computer = Text::Borrowed(self.name);
        event.thread_id = 4 * self.random.below(4_000) as u32;
        self.log.write(event)
    }
}

fn subject(event: &mut Event, who: &Identity, logon_id: u64) {
    identity(
        event,
        ["SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"],
        who,
        logon_id,
    );
}

fn target(event: &mut Event, who: &Identity, logon_id: u64) {
    identity(event, ["TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId"], who, logon_id);
}

/// The four fields always stand together and in this order.
fn identity(event: &mut Event, names: [&str; 4], who: &Identity, logon_id: u64) {
    let (Payload::EventData(fields) | Payload::UserData { fields, .. }) = &mut event.payload else { return };
    let Some(at) = fields.iter().position(|field| field.name == names[0]) else { return };
    let sid: Sid = who.sid;
    let values = [sid.into(), who.name.clone().into(), who.domain.clone().into(), Value::Hex64(logon_id)];
    for (field, value) in fields[at..].iter_mut().zip(values) {
        field.value = value;
    }
}

fn logon_fields(
    event: &mut Event,
    logon_type: u32,
    logon_process: &'static str,
    package: &'static str,
    process: &'static str,
    process_id: u64,
) {
    event.set("LogonType", Value::U32(logon_type));
    event.set("LogonProcessName", logon_process);
    event.set("AuthenticationPackageName", package);
    event.set("ProcessName", process);
    event.set("ProcessId", Value::SizeT(process_id));
    event.set("TargetLinkedLogonId", Value::Hex64(0));
    event.set("ElevatedToken", "%%1842");
}

fn client_fields(event: &mut Event, address: &str, port: &str) {
    event.set("IpAddress", address.to_owned());
    event.set("IpPort", port.to_owned());
}

/// xorshift64*: enough to mix events, and the same everywhere.
struct Random(u64);

impl Random {
    /// Zero would stay zero, so the seed is mixed first.
    fn new(seed: u64) -> Random {
        Random((seed ^ 0x9e37_79b9_7f4a_7c15).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    fn index(&mut self, len: usize) -> Option<usize> {
        (len > 0).then(|| self.below(len as u64) as usize)
    }

    fn take<T>(&mut self, items: &mut Vec<T>) -> Option<T> {
        self.index(items.len()).map(|idx| items.swap_remove(idx))
    }

    fn address(&mut self) -> String {
        format!("10.20.{}.{}", self.below(16), 1 + self.below(250))
    }

    fn port(&mut self) -> String {
        (49_152 + self.below(16_384)).to_string()
    }
}
