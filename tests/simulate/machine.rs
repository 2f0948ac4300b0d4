//! What Windows writes when something happens (domain.md A to C).

use super::{
    Boot, Dice, End, Interval, Log, Logon, MINUTE, Role, Row, RowIdx, SECOND, Session, SessionIdx, Stop,
    World,
};
use evtx_fixture::windows::{Identity, event, event_version};
use evtx_fixture::{Event, FileTime, Payload, Value};

/// Which Windows it is: tokens are linked, group membership and boot configuration are logged since 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Seven,
    Ten,
}

pub struct Machine {
    pub dice: Dice,
    pub style: Style,
    pub computer: String,
    /// Elapsed time, and what the clock shows beside it.
    pub now: i64,
    pub clock: i64,
    pub next_luid: u64,
    /// LogonIds of the boot before, to be given out again.
    pub before: Vec<u64>,
    pub ids: [u64; 4],
    pub world: World,
    pub next_ts: u32,
    /// Whether Terminal Services and Winlogon write theirs.
    pub has_other_logs: bool,
    /// Whether window managers log on, and the number of the session at the console that they are of.
    pub has_windows: bool,
    pub console_ts: u32,
    pub windows: Vec<(u32, [SessionIdx; 2])>,
    /// Subcategories whose audit is off.
    pub off: Vec<u16>,
    pub n_connections: u32,
    /// Whether System tells of clock steps as Security does.
    pub tells_clock_twice: bool,
}

const SYSTEM32: &str = r"C:\Windows\System32\";

/// Who logs on how.
pub struct Shape<'a> {
    pub user: &'a str,
    pub logon_type: u32,
    pub subject: u64,
    pub logon_process: &'static str,
    pub process: Option<&'static str>,
    pub address: &'a str,
}

impl<'a> Shape<'a> {
    /// From the network: nothing on this computer asked for it.
    pub fn remote(user: &'a str, logon_process: &'static str, address: &'a str) -> Self {
        Shape { user, logon_type: 3, subject: 0, logon_process, process: None, address }
    }

    /// By a program of the system, on this computer.
    pub fn local(user: &'a str, logon_type: u32, logon_process: &'static str, process: &'static str) -> Self {
        Shape { user, logon_type, subject: 0x3e7, logon_process, process: Some(process), address: "-" }
    }
}

impl Machine {
    pub fn new(seed: u64) -> Machine {
        let mut dice = Dice(seed);
        let style = if dice.percent(50) { Style::Seven } else { Style::Ten };
        let ids = [1 + dice.below(3) as u64 * 1000, 1, 1 + dice.below(50) as u64, 1];
        Machine {
            dice,
            style,
            computer: "PC1".into(),
            now: FileTime::from_date(2024, 3, 4).plus_secs(6 * 3600 + 7).0 as i64,
            clock: 0,
            next_luid: 0,
            before: Vec::new(),
            ids,
            world: World::default(),
            next_ts: 1,
            has_other_logs: true,
            has_windows: false,
            console_ts: 1,
            windows: Vec::new(),
            off: Vec::new(),
            n_connections: 0,
            tells_clock_twice: !seed.is_multiple_of(4),
        }
    }

    pub fn boot_idx(&self) -> usize {
        self.world.boots.len() - 1
    }

    pub fn wait(&mut self, low: i64, high: i64) {
        self.now += self.dice.between(low, high);
    }

    pub fn wall(&self) -> i64 {
        self.now + self.clock
    }

    pub fn event(&self, id: u16) -> Event {
        let version = match (self.style, id) {
            (Style::Seven, 4624 | 4688) => Some(0),
            (Style::Ten, 4624) => Some(2),
            _ => None,
        };
        version.map_or_else(|| event("Security", id), |version| event_version("Security", id, version))
    }

    /// Writes a record at the present moment.
    pub fn write(&mut self, log: Log, event: Event, cites: &[(u64, SessionIdx)]) -> RowIdx {
        let wall = self.wall();
        self.write_at(log, event, cites, wall)
    }

    pub fn write_at(&mut self, log: Log, mut event: Event, cites: &[(u64, SessionIdx)], wall: i64) -> RowIdx {
        let is_written = log != Log::Security || !self.off.contains(&event.task);
        event.time = FileTime(wall as u64);
        event.record_id = if is_written { self.ids[log as usize] } else { 0 };
        self.ids[log as usize] += u64::from(is_written);
        event.computer = self.computer.clone().into();
        let (boot, at) = (self.boot_idx(), self.now);
        self.world.rows.push(Row {
            log,
            event,
            boot,
            cites: cites.to_vec(),
            at,
            is_anchor: false,
            rebase: 0,
            is_clock: false,
            is_written,
        });
        self.now += 1;
        self.world.rows.len() - 1
    }

    pub fn security(&mut self, event: Event, cites: &[(u64, SessionIdx)]) -> RowIdx {
        self.write(Log::Security, event, cites)
    }

    fn anchor(&mut self, log: Log, event: Event) {
        let row = self.write(log, event, &[]);
        self.world.rows[row].is_anchor = true;
    }

    pub fn new_luid(&mut self) -> u64 {
        let again = self.before.iter().copied().find(|&luid| luid >= self.next_luid);
        let luid = again.filter(|_| self.dice.percent(50)).unwrap_or(self.next_luid);
        self.next_luid = luid + 0x13 + self.dice.below(0x900) as u64;
        luid
    }

    // Boots.

    pub fn start(&mut self, renamed_from: Option<&str>) {
        let unclean =
            self.world.boots.last().filter(|boot| boot.stop == Stop::PowerLoss).map(|boot| boot.stopped.1);
        let clean =
            self.world.boots.last().filter(|boot| boot.stop != Stop::PowerLoss).map(|boot| boot.stopped.1);
        let computer = self.computer.clone();
        self.world.boots.push(Boot { stop: Stop::Running, stopped: (0, 0), computer });
        self.next_luid = 0x1a000 + self.dice.below(0x4000) as u64;
        self.next_ts = 1;
        self.console_ts = 1;
        self.windows.clear();
        let mut kernel = event("Kernel-General", 12);
        kernel.set("StartTime", FileTime(self.wall() as u64));
        self.anchor(Log::System, kernel);
        if unclean.is_some() {
            self.write(Log::System, event("Kernel-Power", 41), &[]);
        }
        if self.style == Style::Ten {
            self.process("Registry", 0x3e7, 4, true, &[]);
            self.anchor(Log::Security, event("Security", 4826));
            self.process(r"C:\Windows\System32\smss.exe", 0x3e7, 4, true, &[]);
            let mut token = event("Security", 4696);
            token.set("TargetProcessName", "Registry");
            self.anchor(Log::Security, token);
            self.process(r"C:\Windows\System32\csrss.exe", 0x3e7, 0x1a4, false, &[]);
            self.process(r"C:\Windows\System32\wininit.exe", 0x3e7, 0x1a4, false, &[]);
            self.wait(SECOND, 10 * SECOND);
        }
        if unclean.is_some() && self.dice.percent(70) {
            self.security(event("EventLog", 1101), &[]);
        }
        self.anchor(Log::Security, self.event(4608));
        let system = self.fixed_logon("SYSTEM", 0x3e7, 0);
        self.world.rows[system].is_anchor = true;
        self.anchor(Log::Security, self.event(4902));
        if self.has_windows {
            self.font_drivers(0);
            self.windows_begin();
        }
        self.wait(SECOND / 2, 5 * SECOND);
        if let Some(last) = unclean {
            let heartbeat = FileTime((last - self.dice.between(0, 4 * MINUTE)) as u64);
            let mut report = event("EventLog", 6008);
            if let Payload::Classic { binary, .. } = &mut report.payload {
                let tail = vec![0x3c, 0, 0, 0, 0x3c, 0, 0, 0];
                *binary = Some([heartbeat.to_systemtime(), heartbeat.to_systemtime(), tail].concat());
            }
            self.write(Log::System, report, &[]);
        }
        self.anchor(Log::System, event("EventLog", 6009));
        self.anchor(Log::System, event("EventLog", 6005));
        if let Some(stopped) = clean {
            let mut stop = event("Kernel-General", 13);
            stop.set("StopTime", FileTime(stopped as u64));
            self.write_at(Log::System, stop, &[], stopped);
        }
        if let Some(old) = renamed_from {
            let mut renamed = event("EventLog", 6011);
            if let Payload::Classic { strings, .. } = &mut renamed.payload {
                (strings[0], strings[1]) = (old.to_owned().into(), self.computer.clone().into());
            }
            self.write(Log::System, renamed, &[]);
        }
        for (user, luid) in [("SYSTEM", 0x3e7), ("NETWORK SERVICE", 0x3e4), ("LOCAL SERVICE", 0x3e5)] {
            self.fixed_logon(user, luid, 5);
            self.wait(SECOND / 100, SECOND);
        }
    }

    fn fixed_logon(&mut self, user: &str, luid: u64, logon_type: u32) -> RowIdx {
        let who = Identity::of(user);
        let mut logon = self.event(4624);
        set_target(&mut logon, &who, luid);
        logon.set("LogonType", Value::U32(logon_type));
        logon.set("LogonProcessName", "Advapi  ");
        if logon_type == 0 {
            set_subject(&mut logon, &Identity::nobody(), 0);
        } else {
            logon.set("ProcessName", format!("{SYSTEM32}services.exe"));
        }
        self.security(logon, &[])
    }

    /// The system stops in an orderly way; `tail` writes what comes after the log's 1100.
    pub fn shut_down(&mut self, tail: impl FnOnce(&mut Machine)) {
        self.write(Log::System, event("User32", 1074), &[]);
        self.wait(SECOND, 10 * SECOND);
        self.write(Log::System, event("EventLog", 6006), &[]);
        let stopped = self.security(event("EventLog", 1100), &[]);
        tail(self);
        self.wait(SECOND / 10, 3 * SECOND);
        self.stop(Stop::Clean { stopped });
    }

    pub fn stop(&mut self, stop: Stop) {
        let (now, wall) = (self.now, self.wall());
        let boot = self.boot_idx();
        for session in self.world.sessions.iter_mut().filter(|session| session.boot == boot) {
            if session.end == End::WithBoot {
                session.ended = (now, wall);
            }
        }
        let luids = self.world.sessions.iter().filter(|session| session.boot == boot);
        self.before = luids.flat_map(|session| session.logons.iter().map(|logon| logon.luid)).collect();
        self.before.sort_unstable();
        let last = self.world.boots.last_mut();
        if let Some(last) = last {
            (last.stop, last.stopped) = (stop, (now, wall));
        }
    }

    // Logons.

    fn process(
        &mut self,
        path: &'static str,
        luid: u64,
        creator: u64,
        is_anchor: bool,
        cites: &[(u64, SessionIdx)],
    ) {
        let mut process = self.event(4688);
        process.set("NewProcessName", path);
        process.set("ProcessId", Value::SizeT(creator));
        process.set("SubjectLogonId", Value::Hex64(luid));
        let row = self.security(process, cites);
        self.world.rows[row].is_anchor = is_anchor;
    }

    /// A user at the keyboard, or at the client of a Remote Desktop.
    pub fn desktop<'a>(&self, user: &'a str, logon_type: u32, address: &'a str) -> Shape<'a> {
        let process = if self.style == Style::Ten { "svchost.exe" } else { "winlogon.exe" };
        Shape { address, ..Shape::local(user, logon_type, "User32 ", process) }
    }

    fn logon_event(&self, shape: &Shape<'_>, luid: u64, linked: u64, is_elevated: bool) -> Event {
        let who = Identity::of(shape.user);
        let mut logon = self.event(4624);
        match shape.subject {
            0 => set_subject(&mut logon, &Identity::nobody(), 0),
            0x3e7 => set_subject(&mut logon, &Identity::machine(&self.computer), 0x3e7),
            luid => {
                let parent =
                    self.parent_of(luid).map_or(shape.user, |parent| &self.world.sessions[parent].user);
                set_subject(&mut logon, &Identity::of(parent), luid);
            }
        }
        set_target(&mut logon, &who, luid);
        logon.set("LogonType", Value::U32(shape.logon_type));
        logon.set("LogonProcessName", shape.logon_process);
        logon.set("IpAddress", shape.address.to_owned());
        if let Some(process) = shape.process {
            logon.set("ProcessId", Value::SizeT(0x2a8));
            logon.set("ProcessName", format!("{SYSTEM32}{process}"));
        }
        if matches!(shape.logon_type, 2 | 7 | 10..=13) {
            logon.set("WorkstationName", self.computer.clone());
            logon.set("IpPort", "0");
        }
        logon.set("TargetLinkedLogonId", Value::Hex64(linked));
        logon.set("ElevatedToken", if is_elevated { "%%1842" } else { "%%1843" });
        logon
    }

    fn groups(&mut self, shape: &Shape<'_>, luid: u64, session: SessionIdx, wall: i64) {
        if self.style == Style::Ten {
            let mut groups = self.event(4627);
            set_target(&mut groups, &Identity::of(shape.user), luid);
            groups.set("LogonType", Value::U32(shape.logon_type));
            self.write_at(Log::Security, groups, &[(luid, session)], wall);
        }
    }

    fn privileges(&mut self, user: &str, luid: u64, session: SessionIdx) {
        let mut privileges = self.event(4672);
        set_subject(&mut privileges, &Identity::of(user), luid);
        self.security(privileges, &[(luid, session)]);
    }

    /// Opens a session; its logon's records follow.
    pub fn open(&mut self, class: &'static str, user: &str, logon_type: u32) -> SessionIdx {
        let began = (self.now, self.wall());
        let boot = self.boot_idx();
        self.world.sessions.push(Session {
            boot,
            class,
            logon_type,
            user: user.to_owned(),
            logons: Vec::new(),
            end: End::WithBoot,
            began,
            ended: (0, 0),
            ts: None,
            intervals: Vec::new(),
            parent: None,
            sleeps: Vec::new(),
            gone: Vec::new(),
            is_taken_over: false,
        });
        self.world.sessions.len() - 1
    }

    /// The 4624 of a logon, both where the user is an administrator who gets two tokens. Returns its LogonIds, the
    /// limited one first.
    pub fn log_on(&mut self, session: SessionIdx, shape: &Shape<'_>, roles: [Role; 2]) -> Vec<u64> {
        let parent = Some((shape.subject, self.parent_of(shape.subject)));
        let parent = parent.and_then(|(luid, parent)| Some((luid, parent?)));
        let cites = |luid| parent.into_iter().chain([(luid, session)]).collect::<Vec<_>>();
        let has_pair =
            matches!(shape.logon_type, 2 | 7 | 10..=13) && shape.subject == 0x3e7 && is_admin(shape.user);
        if !has_pair {
            let luid = self.new_luid();
            let is_admin = is_admin(shape.user);
            if is_admin && shape.logon_type == 3 {
                self.privileges(shape.user, luid, session);
            }
            let logon = self.logon_event(shape, luid, 0, is_admin);
            let row = self.security(logon, &cites(luid));
            self.world.sessions[session].logons.push(Logon { row, luid, role: roles[0] });
            self.groups(shape, luid, session, self.wall());
            if is_admin && shape.logon_type != 3 {
                self.privileges(shape.user, luid, session);
            }
            return vec![luid];
        }
        let (elevated, limited) = (self.new_luid(), self.new_luid());
        let wall = self.wall();
        for (luid, linked, role) in [(elevated, limited, roles[1]), (limited, elevated, roles[0])] {
            let logon = self.logon_event(shape, luid, linked, luid == elevated);
            let row = self.write_at(Log::Security, logon, &cites(luid), wall);
            self.world.sessions[session].logons.push(Logon { row, luid, role });
            self.groups(shape, luid, session, wall);
        }
        self.privileges(shape.user, elevated, session);
        vec![limited, elevated]
    }

    fn parent_of(&self, luid: u64) -> Option<SessionIdx> {
        self.world.owner(self.boot_idx(), luid).map(|(session, _)| session)
    }

    // Within a session.

    pub fn log_off(&mut self, session: SessionIdx, luid: u64, logon_type: u32) -> RowIdx {
        let user = self.world.sessions[session].user.clone();
        let mut logoff = self.event(4634);
        set_target(&mut logoff, &Identity::of(&user), luid);
        logoff.set("LogonType", Value::U32(logon_type));
        self.security(logoff, &[(luid, session)])
    }

    /// Every LogonId of the session goes.
    pub fn destroy(&mut self, session: SessionIdx) -> RowIdx {
        let own = &self.world.sessions[session];
        let luids = own.own().map(|logon| logon.luid).filter(|luid| !own.gone.contains(luid));
        let luids: Vec<u64> = luids.collect();
        let logon_type = self.world.sessions[session].logon_type;
        let mut last = 0;
        for luid in luids {
            last = self.log_off(session, luid, logon_type);
            self.now += self.dice.between(0, SECOND / 10);
        }
        last
    }

    pub fn user_logs_off(&mut self, session: SessionIdx) -> RowIdx {
        let (user, luid) =
            (self.world.sessions[session].user.clone(), self.world.sessions[session].primary());
        let mut logoff = self.event(4647);
        set_target(&mut logoff, &Identity::of(&user), luid);
        self.security(logoff, &[(luid, session)])
    }

    pub fn ended(&mut self, session: SessionIdx, end: End) {
        let row = match end {
            End::UserLogoff { row, .. } | End::Logoff { row } => &self.world.rows[row],
            End::WithBoot => return,
        };
        let ended = (row.at, row.raw());
        let session = &mut self.world.sessions[session];
        (session.end, session.ended) = (end, ended);
    }

    /// 4800 to 4803.
    pub fn mark(&mut self, id: u16, session: SessionIdx) -> RowIdx {
        let Session { user, ts, .. } = self.world.sessions[session].clone();
        let luid = self.world.sessions[session].primary();
        let mut mark = self.event(id);
        set_target(&mut mark, &Identity::of(&user), luid);
        mark.set("SessionId", Value::U32(ts.unwrap_or(1)));
        self.security(mark, &[(luid, session)])
    }

    /// 4778, 4779.
    pub fn station(&mut self, id: u16, session: SessionIdx, address: &str, connection: &str) -> RowIdx {
        let who = Identity::of(&self.world.sessions[session].user);
        let luid = self.world.sessions[session].primary();
        let mut mark = self.event(id);
        mark.set("AccountName", who.name);
        mark.set("AccountDomain", who.domain);
        mark.set("LogonID", Value::Hex64(luid));
        mark.set("ClientAddress", address.to_owned());
        mark.set("ClientName", if connection == "Console" { "Unknown" } else { "FARAWAY" });
        mark.set("SessionName", connection.to_owned());
        self.security(mark, &[(luid, session)])
    }

    /// An event of the LocalSessionManager.
    pub fn terminal(&mut self, id: u16, session: SessionIdx, address: &str) {
        if !self.has_other_logs {
            return;
        }
        let who = Identity::of(&self.world.sessions[session].user);
        let mut event = event("LSM", id);
        let number = Value::U32(self.world.sessions[session].ts.unwrap_or(1));
        event.set("User", who.full_name());
        event.set("Address", address.to_owned());
        for name in ["SessionID", "Session", "TargetSession", "Source"] {
            event.set(name, number.clone());
        }
        self.write(Log::Terminal, event, &[(0, session)]);
    }

    /// What Remote Desktop says of a client: that it is there, and as whom it was authenticated.
    pub fn connection_from(&mut self, client: Option<(&str, &str)>) {
        if !self.has_other_logs || !self.has_windows {
            return;
        }
        let Some((user, address)) = client else {
            self.write(Log::Connections, event("RCM", 261), &[]);
            return;
        };
        let who = Identity::of(user);
        let mut event = event("RCM", 1149);
        event.set("Param1", who.name);
        event.set("Param2", who.domain);
        event.set("Param3", address.to_owned());
        self.write(Log::Connections, event, &[]);
    }

    /// Winlogon 7001, 7002.
    pub fn winlogon(&mut self, id: u16, session: SessionIdx) {
        if !self.has_other_logs {
            return;
        }
        let who = Identity::of(&self.world.sessions[session].user);
        let mut notice = evtx_fixture::windows::find("System", id, None).map(|entry| entry.event());
        if let Ok(event) = &mut notice {
            event.set("TSId", Value::U32(self.world.sessions[session].ts.unwrap_or(1)));
            event.set("UserSid", who.sid);
            self.write(Log::System, event.clone(), &[(0, session)]);
        }
    }

    pub fn begin_interval(&mut self, session: SessionIdx, what: &'static str, from: RowIdx) {
        self.world.sessions[session].intervals.push(Interval { what, from, to: None });
    }

    pub fn end_interval(&mut self, session: SessionIdx, what: &'static str, to: RowIdx) {
        let open = self.world.sessions[session].intervals.iter_mut().rev();
        if let Some(interval) =
            open.into_iter().find(|interval| interval.what == what && interval.to.is_none())
        {
            interval.to = Some(to);
        }
    }

    pub fn is_in(&self, session: SessionIdx, what: &str) -> bool {
        self.world.sessions[session]
            .intervals
            .iter()
            .any(|interval| interval.what == what && interval.to.is_none())
    }

    /// Something the session does.
    pub fn activity(&mut self, session: SessionIdx, luid: u64) {
        let who = Identity::of(&self.world.sessions[session].user);
        let id = self.dice.pick(&[4688, 4688, 4689, 5379]).unwrap_or(4688);
        let mut event = self.event(id);
        set_subject(&mut event, &who, luid);
        self.security(event, &[(luid, session)]);
    }

    pub fn explicit_credentials(&mut self, user: &str, subject: Option<(SessionIdx, u64)>) {
        let who = Identity::of(user);
        let mut event = self.event(4648);
        let cites: Vec<_> = subject.into_iter().map(|(session, luid)| (luid, session)).collect();
        match subject {
            None => set_subject(&mut event, &Identity::machine(&self.computer), 0x3e7),
            Some((session, luid)) => {
                set_subject(&mut event, &Identity::of(&self.world.sessions[session].user.clone()), luid);
            }
        }
        event.set("TargetUserName", who.name);
        event.set("TargetDomainName", who.domain);
        self.security(event, &cites);
    }

    // The log and the clock.

    pub fn clear_log(&mut self, session: SessionIdx) {
        let who = Identity::of(&self.world.sessions[session].user);
        let luid = self.world.sessions[session].own().last().map_or(0, |logon| logon.luid);
        let mut event = event("EventLog", 1102);
        set_subject(&mut event, &who, luid);
        self.security(event, &[(luid, session)]);
    }

    /// Kernel-General 1.
    pub fn system_clock(&mut self, old: FileTime, new: FileTime) {
        let mut set = event("Kernel-General", 1);
        set.set("OldTime", old);
        set.set("NewTime", new);
        self.write(Log::System, set, &[]);
    }

    /// Sets the clock; `session` is whose program did it.
    pub fn set_clock(
        &mut self,
        amount: i64,
        process: &'static str,
        session: Option<SessionIdx>,
        is_rebase: bool,
    ) {
        let old = FileTime(self.wall() as u64);
        self.clock += amount;
        let new = FileTime(self.wall() as u64);
        if self.tells_clock_twice {
            self.system_clock(old, new);
        }
        let mut event = self.event(4616);
        let who = session.map(|session| (session, self.world.sessions[session].primary()));
        match who {
            Some((session, luid)) => {
                set_subject(&mut event, &Identity::of(&self.world.sessions[session].user.clone()), luid);
            }
            None => set_subject(&mut event, &Identity::of("LOCAL SERVICE"), 0x3e5),
        }
        event.set("PreviousTime", old);
        event.set("NewTime", new);
        event.set("ProcessName", process);
        let cites: Vec<_> = who.into_iter().map(|(session, luid)| (luid, session)).collect();
        let row = self.security(event, &cites);
        self.world.rows[row].is_clock = true;
        self.world.rows[row].rebase = if is_rebase { amount } else { 0 };
    }
}

/// Administrators get a pair of tokens, and so do window managers.
fn is_admin(user: &str) -> bool {
    user.ends_with("alice") || user.ends_with("carol") || user.starts_with("DWM-")
}

pub fn set_subject(event: &mut Event, who: &Identity, luid: u64) {
    event.set("SubjectUserSid", who.sid);
    event.set("SubjectUserName", who.name.clone());
    event.set("SubjectDomainName", who.domain.clone());
    event.set("SubjectLogonId", Value::Hex64(luid));
}

pub fn set_target(event: &mut Event, who: &Identity, luid: u64) {
    event.set("TargetUserSid", who.sid);
    event.set("TargetUserName", who.name.clone());
    event.set("TargetDomainName", who.domain.clone());
    event.set("TargetLogonId", Value::Hex64(luid));
}
