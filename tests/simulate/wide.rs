//! What else happens: logons of the rarer types, window managers, users who switch, takeovers, sleep, changes of policy.

use super::life::{ADDRESSES, Life, OWN};
use super::machine::{Machine, Shape, Style, set_subject};
use super::{End, HOUR, Log, MINUTE, Role, SECOND, SessionIdx, Sleep};
use evtx_fixture::windows::{Identity, event};
use evtx_fixture::{FileTime, Guid, Value};

const WAY_BACK: [Role; 2] = [Role::Reconnect, Role::Reconnect];

/// Subcategories of Logon/Logoff that are turned off and on: Logoff, Logon, Other Logon/Logoff, Special Logon.
const AUDITS: [(u16, &str); 4] = [
    (12545, "{0cce9216-69ae-11d9-bed3-505054503030}"),
    (12544, "{0cce9215-69ae-11d9-bed3-505054503030}"),
    (12551, "{0cce921c-69ae-11d9-bed3-505054503030}"),
    (12548, "{0cce921b-69ae-11d9-bed3-505054503030}"),
];

impl Machine {
    fn system_logon(&mut self, class: &'static str, user: &str) -> SessionIdx {
        let session = self.open(class, user, 2);
        self.log_on(session, &Shape::local(user, 2, "Advapi  ", "winlogon.exe"), OWN);
        session
    }

    pub fn font_drivers(&mut self, ts: u32) -> SessionIdx {
        self.system_logon("window_manager", &format!("UMFD-{ts}"))
    }

    /// The logon screen at the console: a new session of Terminal Services.
    pub fn windows_begin(&mut self) {
        if self.has_windows {
            self.console_ts = self.next_ts;
            self.next_ts += 1;
            self.windows_of(self.console_ts);
        }
    }

    pub fn windows_of(&mut self, ts: u32) {
        if self.has_windows {
            let fonts = self.font_drivers(ts);
            let windows = self.system_logon("window_manager", &format!("DWM-{ts}"));
            self.windows.push((ts, [windows, fonts]));
        }
    }

    pub fn windows_end(&mut self, ts: u32) {
        let Some(n) = self.windows.iter().position(|&(other, _)| other == ts) else { return };
        let (_, sessions) = self.windows.remove(n);
        self.wait(SECOND / 100, SECOND);
        for session in sessions {
            let row = self.destroy(session);
            self.ended(session, End::Logoff { row });
        }
    }
}

impl Life {
    pub fn more(&mut self) {
        match self.machine.dice.below(100) {
            0..12 => self.sleep(),
            12..20 => self.take_over(),
            20..26 => self.hijack(),
            26..38 => self.switch_users(),
            38..46 => self.prompt(),
            46..52 => self.check_password(),
            52..60 => self.local_network(),
            60..68 => self.cleartext(),
            68..74 => self.service(),
            74..80 => self.anonymous(),
            80..84 => self.burst(),
            84..88 => self.fast_startup(),
            _ => self.shares(),
        }
    }

    fn short_session(&mut self, class: &'static str, shape: &Shape<'_>, lasts: &[i64]) -> SessionIdx {
        let session = self.machine.open(class, shape.user, shape.logon_type);
        self.machine.log_on(session, shape, OWN);
        let lasts = self.machine.dice.pick(lasts).unwrap_or(0);
        self.short.push((self.machine.now + lasts, session));
        session
    }

    /// Rule 19, 35: the machine sleeps.
    fn sleep(&mut self) {
        if self.percent(50)
            && let Some(session) = self.console.filter(|&session| !self.machine.is_in(session, "locked"))
        {
            let row = self.machine.mark(4800, session);
            self.machine.begin_interval(session, "locked", row);
            self.machine.wait(SECOND / 10, 20 * SECOND);
        }
        let from = (self.machine.now, self.machine.wall());
        let asleep = event("Kernel-Power", 42);
        self.machine.write(Log::System, asleep, &[]);
        let lasts = self.machine.dice.between(3 * MINUTE, 70 * HOUR);
        self.machine.now += lasts;
        self.wake(from);
    }

    fn wake(&mut self, from: (i64, i64)) {
        let stale = from.1 + SECOND;
        self.machine.write_at(Log::System, event("Kernel-Power", 107), &[], stale);
        let to = (self.machine.now, self.machine.wall());
        self.machine.system_clock(FileTime((stale + SECOND) as u64), FileTime(to.1 as u64));
        // Soon after a start it would be the clock that is put right (rule 18).
        if self.percent(30) && from.0 - self.booted > 15 * MINUTE {
            let mut set = self.machine.event(4616);
            set_subject(&mut set, &Identity::of("LOCAL SERVICE"), 0x3e5);
            set.set("PreviousTime", FileTime((stale + SECOND) as u64));
            set.set("NewTime", FileTime(to.1 as u64));
            set.set("ProcessName", r"C:\Windows\System32\svchost.exe");
            self.machine.security(set, &[]);
        }
        if self.percent(60) {
            let mut woken = event("Power-Troubleshooter", 1);
            woken.set("SleepTime", FileTime(from.1 as u64));
            woken.set("WakeTime", FileTime(to.1 as u64));
            self.machine.wait(SECOND, 3 * SECOND);
            self.machine.write(Log::System, woken, &[]);
        }
        self.slept(Sleep { from, to });
    }

    /// Rule 14: everybody is logged off, and the kernel sleeps until the next day.
    fn fast_startup(&mut self) {
        if self.machine.style != Style::Ten {
            return;
        }
        self.machine.write(Log::System, event("User32", 1074), &[]);
        for session in std::mem::take(&mut self.desktops) {
            self.log_off(session, false);
        }
        self.machine.wait(SECOND, 10 * SECOND);
        let from = (self.machine.now, self.machine.wall());
        let mut asleep = event("Kernel-Power", 42);
        asleep.set("TargetState", Value::U32(5));
        self.machine.write(Log::System, asleep, &[]);
        self.machine.now += self.machine.dice.between(HOUR, 60 * HOUR);
        let mut boot = event("Kernel-Boot", 27);
        boot.set("BootType", Value::U32(1));
        self.machine.write(Log::System, boot, &[]);
        self.wake(from);
    }

    /// A session that is in use is opened from elsewhere: the new client takes it over.
    fn take_over(&mut self) {
        let Some(session) = self.attended().filter(|&session| !self.is_of_console(session)) else { return };
        let user = self.machine.world.sessions[session].user.clone();
        let (old, new) = (ADDRESSES[0], self.machine.dice.pick(&ADDRESSES[1..]).unwrap_or(""));
        self.authenticate(session, &user, new);
        self.disconnect(session, old, Some(new));
        self.machine.n_connections += 1;
        let connection = self.connection(session);
        let row = self.machine.station(4778, session, new, &connection);
        self.machine.end_interval(session, "disconnected", row);
        self.machine.terminal(25, session, new);
        self.unlock_logon(session, new, false);
        if self.machine.is_in(session, "locked") {
            let row = self.machine.mark(4801, session);
            self.machine.end_interval(session, "locked", row);
        }
        self.end_nla();
    }

    /// Trap 50: tscon gives one's client the session of another.
    fn hijack(&mut self) {
        let of_remote = |life: &Self, session: &SessionIdx| !life.is_of_console(*session);
        let own = self.attended().filter(|session| of_remote(self, session));
        let other = self.desktops.iter().copied().filter(|session| of_remote(self, session));
        let other = other.filter(|&other| self.machine.is_in(other, "disconnected"));
        let other: Vec<SessionIdx> = other.collect();
        let (Some(own), Some(other)) = (own, self.machine.dice.pick(&other)) else { return };
        let (address, connection) = (ADDRESSES[0], self.connection(own));
        self.machine.terminal(39, own, address);
        let row = self.machine.station(4779, own, address, &connection);
        self.machine.begin_interval(own, "disconnected", row);
        self.machine.terminal(24, own, address);
        self.machine.wait(SECOND / 100, 2 * SECOND);
        let row = self.machine.station(4778, other, address, &connection);
        self.machine.end_interval(other, "disconnected", row);
        self.machine.terminal(25, other, address);
        if self.machine.is_in(other, "locked") {
            let row = self.machine.mark(4801, other);
            self.machine.end_interval(other, "locked", row);
        }
        self.machine.world.sessions[other].is_taken_over = true;
    }

    /// The user at the console makes room for another, who may be on already.
    fn switch_users(&mut self) {
        let away = self.desktops.iter().copied().filter(|&session| self.is_of_console(session));
        let away: Vec<SessionIdx> = away.filter(|&other| self.machine.is_in(other, "disconnected")).collect();
        match (self.console, self.machine.dice.pick(&away)) {
            (_, Some(other)) => self.reconnect(other),
            (Some(session), None) if !self.machine.is_in(session, "disconnected") => {
                self.disconnect(session, "LOCAL", None);
                self.machine.wait(5 * SECOND, MINUTE);
                if self.percent(70) {
                    self.console_logon();
                }
            }
            _ => self.console_logon(),
        }
    }

    /// B, class 6: a logon that only leads back to the session.
    pub fn way_back(&mut self, session: SessionIdx, address: &str) -> Vec<(u64, u32)> {
        let own = &self.machine.world.sessions[session];
        let (user, logon_type) = (own.user.clone(), own.logon_type);
        let address = if address == "LOCAL" { "127.0.0.1" } else { address };
        let shape = self.machine.desktop(&user, logon_type, address);
        self.machine.explicit_credentials(&user, None);
        let luids = self.machine.log_on(session, &shape, WAY_BACK);
        luids.into_iter().map(|luid| (luid, logon_type)).collect()
    }

    /// Trap 7: a prompt of the system; one half of its pair goes at once.
    fn prompt(&mut self) {
        let Some(on) = self.console.filter(|&on| !self.machine.is_in(on, "disconnected")) else { return };
        let user = self.machine.dice.pick(&[r"CORP\carol", r"CORP\helper"]).unwrap_or("");
        let session = self.machine.open("secondary", user, 2);
        self.machine.world.sessions[session].parent = Some(on);
        let shape = Shape { address: "::1", ..Shape::local(user, 2, "CredPro ", "consent.exe") };
        let luids = self.machine.log_on(session, &shape, OWN);
        if let [limited, _] = luids[..] {
            self.machine.log_off(session, limited, 2);
            self.machine.world.sessions[session].gone.push(limited);
        }
        let lasts = self.machine.dice.pick(&[5 * SECOND, 10 * MINUTE, 200 * HOUR]).unwrap_or(0);
        self.short.push((self.machine.now + lasts, session));
    }

    /// A program of the user's checks a password.
    fn check_password(&mut self) {
        let Some(on) = self.attended() else { return };
        let (user, subject) = {
            let own = &self.machine.world.sessions[on];
            (own.user.clone(), own.primary())
        };
        let shape = Shape { subject, ..Shape::local(&user, 2, "Advapi  ", "chrome.exe") };
        let session = self.short_session("secondary", &shape, &[0, SECOND]);
        self.machine.world.sessions[session].parent = Some(on);
    }

    /// Trap 38: S4U on this computer.
    fn local_network(&mut self) {
        let user = self.machine.dice.pick(&[r"CORP\bob", r"CORP\carol"]).unwrap_or("");
        let shape = Shape::local(user, 3, "Authz   ", "svchost.exe");
        self.short_session("local_network", &shape, &[0, SECOND, 20 * MINUTE]);
    }

    fn cleartext(&mut self) {
        let by_server = Shape::local(r"CORP\bob", 8, "Advapi  ", "w3wp.exe");
        let shape = Shape { address: "192.0.2.61", ..by_server };
        self.short_session("network", &shape, &[0, 30 * SECOND, 20 * MINUTE]);
    }

    fn service(&mut self) {
        let shape = Shape::local(r"CORP\svc_backup", 5, "Advapi  ", "services.exe");
        self.short_session("service", &shape, &[MINUTE, 3 * HOUR, 200 * HOUR]);
    }

    fn anonymous(&mut self) {
        let shape = Shape::remote("ANONYMOUS LOGON", "NtLmSsp ", "192.0.2.44");
        self.short_session("anonymous", &shape, &[0, 12 * SECOND, HOUR]);
    }

    /// What a domain controller sees in a minute.
    fn burst(&mut self) {
        for _ in 0..self.machine.dice.below(25) {
            self.machine.wait(SECOND / 100, 3 * SECOND);
            self.end_short();
            self.network(None);
        }
    }

    /// Somebody looks at shares through a network logon: 5140 and 5145 cite it.
    fn shares(&mut self) {
        let user = self.machine.dice.pick(&[r"CORP\alice", r"CORP\bob"]).unwrap_or("");
        let shape = Shape::remote(user, "Kerberos", ADDRESSES[1]);
        let session = self.short_session("network", &shape, &[2 * SECOND, 20 * SECOND, 10 * MINUTE]);
        let luid = self.machine.world.sessions[session].primary();
        for id in [5140, 5145, 5145] {
            let mut share = self.machine.event(id);
            set_subject(&mut share, &Identity::of(user), luid);
            share.set("IpAddress", ADDRESSES[1]);
            self.machine.security(share, &[(luid, session)]);
        }
    }

    /// 4719: a subcategory is turned off, or on again.
    pub fn audit(&mut self) {
        let (task, guid) = self.machine.dice.pick(&AUDITS).unwrap_or(AUDITS[0]);
        let is_off = self.machine.off.contains(&task);
        let mut change = self.machine.event(4719);
        change.set("SubcategoryId", format!("%%{task}"));
        change.set("SubcategoryGuid", Value::Guid(Guid::parse(guid).unwrap_or_default()));
        change.set("AuditPolicyChanges", if is_off { "%%8449" } else { "%%8448" });
        self.machine.security(change, &[]);
        match is_off {
            true => self.machine.off.retain(|&other| other != task),
            false => self.machine.off.push(task),
        }
    }
}
