//! What people and services do to the machine, as the dice fall.

use super::machine::{Machine, Shape, Style};
use super::{End, HOUR, MINUTE, Plan, Role, SECOND, SessionIdx, Sleep, Stop, World};

const USERS: [&str; 4] = [r"CORP\alice", r"CORP\bob", r"CORP\carol", r"PC1\dave"];

pub const OWN: [Role; 2] = [Role::Primary, Role::Elevated];
pub const UNLOCK: [Role; 2] = [Role::Unlock, Role::Unlock];
const REFRESH: [Role; 2] = [Role::Refresh, Role::Refresh];

/// Where people come from.
pub const ADDRESSES: [&str; 3] = ["192.0.2.5", "192.0.2.77", "2001:db8::17"];

pub struct Life {
    pub machine: Machine,
    pub plan: Plan,
    /// Desktops that are on, and who sits at the console.
    pub desktops: Vec<SessionIdx>,
    pub console: Option<SessionIdx>,
    /// Network, batch and secondary sessions, and when they end.
    pub short: Vec<(i64, SessionIdx)>,
    pub until_boot_ends: Vec<SessionIdx>,
    pub pending_nla: Vec<(SessionIdx, u64)>,
    pub booted: i64,
}

/// Simulates a machine.
pub fn simulate(plan: Plan) -> World {
    let mut machine = Machine::new(plan.seed);
    machine.has_other_logs = !(plan.with_clock && machine.dice.percent(50));
    machine.has_windows = plan.with_more && machine.style == Style::Ten;
    let mut life = Life {
        machine,
        plan,
        desktops: Vec::new(),
        console: None,
        short: Vec::new(),
        until_boot_ends: Vec::new(),
        pending_nla: Vec::new(),
        booted: 0,
    };
    for n in 0..plan.n_boots {
        life.boot(n);
    }
    let World { rows, sessions, .. } = &mut life.machine.world;
    for session in sessions {
        // A session begins with the first of its own 4624.
        if let Some(row) = session.own().map(|logon| logon.row).min() {
            session.began = (rows[row].at, rows[row].raw());
        }
    }
    life.machine.world
}

impl Life {
    pub fn percent(&mut self, n: usize) -> bool {
        self.machine.dice.percent(n)
    }

    fn boot(&mut self, n: usize) {
        let renamed_from = (self.plan.with_renames && n > 0 && self.percent(30)).then(|| {
            let new = format!("PC{}", n + 1);
            std::mem::replace(&mut self.machine.computer, new)
        });
        if !self.plan.with_trouble {
            self.machine.before.clear();
        }
        let rebase = self.plan.with_clock && self.percent(30);
        let amount = self.machine.dice.between(-10, 10) * HOUR + 17 * SECOND;
        if rebase {
            self.machine.clock -= amount;
        }
        self.booted = self.machine.now;
        self.machine.start(renamed_from.as_deref());
        self.services();
        if rebase {
            self.machine.wait(SECOND, 2 * MINUTE);
            self.machine.set_clock(amount, r"C:\Windows\System32\svchost.exe", None, true);
        }
        self.network(Some(0));
        let n_acts = self.machine.dice.below(self.plan.n_acts + 1);
        for _ in 0..n_acts {
            self.machine.wait(2 * SECOND, 40 * MINUTE);
            self.end_short();
            self.act();
        }
        self.machine.wait(20 * SECOND, 20 * MINUTE);
        self.end_short();
        let is_last = n + 1 == self.plan.n_boots;
        match self.machine.dice.below(if is_last { 3 } else { 2 }) {
            0 => self.shut_down(),
            1 => self.machine.stop(Stop::PowerLoss),
            _ => self.machine.stop(Stop::Running),
        }
        self.desktops.clear();
        self.short.clear();
        self.until_boot_ends.clear();
        self.console = None;
        let downtime = self.machine.dice.pick(&[30 * SECOND, 20 * MINUTE, 9 * HOUR, 70 * HOUR]).unwrap_or(0);
        self.machine.wait(downtime / 2, downtime);
        if self.plan.with_clock {
            self.machine.clock = 0;
        }
    }

    fn shut_down(&mut self) {
        if self.percent(50) {
            for session in std::mem::take(&mut self.desktops) {
                self.log_off(session, false);
            }
        }
        let (desktops, others) =
            (std::mem::take(&mut self.desktops), std::mem::take(&mut self.until_boot_ends));
        let logs_off = self.percent(40);
        self.machine.shut_down(|machine| {
            machine.wait(SECOND / 100, SECOND);
            if logs_off {
                for session in desktops {
                    let row = machine.user_logs_off(session);
                    machine.ended(session, End::UserLogoff { row, destroyed: None });
                }
                for session in others {
                    let row = machine.destroy(session);
                    machine.ended(session, End::Logoff { row });
                }
            }
        });
    }

    /// What every start has: anonymous and service logons.
    fn services(&mut self) {
        let machine = &mut self.machine;
        let anonymous = machine.open("anonymous", "ANONYMOUS LOGON", 3);
        machine.log_on(anonymous, &Shape::remote("ANONYMOUS LOGON", "NtLmSsp ", "-"), OWN);
        self.until_boot_ends.push(anonymous);
        if self.percent(30) {
            let user = r"CORP\svc_sql";
            let service = self.machine.open("service", user, 5);
            self.machine.log_on(service, &Shape::local(user, 5, "Advapi  ", "services.exe"), OWN);
            self.until_boot_ends.push(service);
        }
    }

    fn act(&mut self) {
        if self.plan.with_more && self.percent(35) {
            return self.more();
        }
        if self.plan.with_audit && self.percent(6) {
            return self.audit();
        }
        match self.machine.dice.below(100) {
            0..18 => self.console_logon(),
            18..28 if self.plan.with_remote => self.remote_logon(),
            28..38 => self.lock_or_unlock(),
            38..42 => self.screen_saver(),
            42..50 if self.plan.with_remote => self.disconnect_or_reconnect(),
            50..62 => self.network(None),
            62..67 => self.child(),
            67..80 => self.log_off_somebody(),
            80..83 if self.plan.with_clock && self.machine.now - self.booted > 15 * MINUTE => self.clock(),
            83..85 if self.plan.with_trouble => self.clear(),
            _ => self.activity(),
        }
    }

    pub fn is_on(&self, user: &str) -> bool {
        self.desktops.iter().any(|&session| self.machine.world.sessions[session].user == user)
    }

    pub fn free_user(&mut self) -> Option<&'static str> {
        let free: Vec<&str> = USERS.into_iter().filter(|user| !self.is_on(user)).collect();
        self.machine.dice.pick(&free)
    }

    pub fn console_logon(&mut self) {
        let Some(user) = self.free_user().filter(|_| self.console.is_none()) else { return self.activity() };
        let logon_type = if self.percent(25) { 11 } else { 2 };
        self.machine.explicit_credentials(user, None);
        let session = self.machine.open("desktop", user, logon_type);
        self.begin_terminal(session);
        let shape = self.machine.desktop(user, logon_type, "127.0.0.1");
        self.machine.terminal(41, session, "LOCAL");
        self.machine.log_on(session, &shape, OWN);
        self.shell(session, "LOCAL");
        self.console = Some(session);
    }

    pub fn begin_terminal(&mut self, session: SessionIdx) {
        let ts = match self.machine.has_windows && self.is_of_console(session) {
            true => self.machine.console_ts,
            false => {
                self.machine.next_ts += 1;
                self.machine.next_ts - 1
            }
        };
        self.machine.world.sessions[session].ts = Some(ts);
        if !self.is_of_console(session) {
            self.machine.n_connections += 1;
            self.machine.windows_of(ts);
        }
    }

    pub fn shell(&mut self, session: SessionIdx, address: &str) {
        self.machine.terminal(21, session, address);
        self.machine.winlogon(7001, session);
        self.machine.wait(SECOND / 100, SECOND);
        self.machine.terminal(22, session, address);
        self.desktops.push(session);
        for luid in self.luids(session) {
            self.machine.activity(session, luid);
        }
    }

    pub fn luids(&self, session: SessionIdx) -> Vec<u64> {
        self.machine.world.sessions[session].own().map(|logon| logon.luid).collect()
    }

    /// Network level authentication: a network logon that goes half a minute later.
    pub fn authenticate(&mut self, session: SessionIdx, user: &str, address: &str) {
        let shape = Shape::remote(user, "NtLmSsp ", address);
        self.machine.connection_from(None);
        let luids = self.machine.log_on(session, &shape, [Role::Nla, Role::Nla]);
        self.machine.connection_from(Some((user, address)));
        self.machine.wait(SECOND / 10, 4 * SECOND);
        // Its 4634 comes once the desktop is there.
        if self.percent(80) {
            self.pending_nla = luids.first().copied().map(|luid| (session, luid)).into_iter().collect();
        }
    }

    pub fn remote_logon(&mut self) {
        let Some(user) = self.free_user() else { return self.activity() };
        let address = self.machine.dice.pick(&ADDRESSES).unwrap_or("");
        let logon_type = if self.plan.with_more && self.percent(10) { 12 } else { 10 };
        let session = self.machine.open("desktop", user, logon_type);
        self.begin_terminal(session);
        self.authenticate(session, user, address);
        self.machine.terminal(41, session, address);
        let shape = self.machine.desktop(user, logon_type, address);
        self.machine.log_on(session, &shape, OWN);
        self.shell(session, address);
        self.end_nla();
    }

    pub fn end_nla(&mut self) {
        for (session, luid) in std::mem::take(&mut self.pending_nla) {
            self.machine.wait(SECOND, 26 * SECOND);
            self.machine.log_off(session, luid, 3);
        }
    }

    /// The throw-away logon of an unlock.
    pub fn unlock_logon(&mut self, session: SessionIdx, address: &str, is_refresh: bool) {
        let user = self.machine.world.sessions[session].user.clone();
        self.machine.explicit_credentials(&user, None);
        let logon_type = if self.plan.with_more && !is_refresh && self.percent(10) { 13 } else { 7 };
        let shape = match is_refresh {
            true => Shape { address, ..Shape::local(&user, logon_type, "Negotiat", "lsass.exe") },
            false => self.machine.desktop(&user, logon_type, address),
        };
        let luids = self.machine.log_on(session, &shape, if is_refresh { REFRESH } else { UNLOCK });
        for luid in luids {
            self.machine.log_off(session, luid, logon_type);
        }
    }

    /// A desktop that somebody sits at.
    pub fn attended(&mut self) -> Option<SessionIdx> {
        let attended = self.desktops.iter().filter(|&&session| !self.machine.is_in(session, "disconnected"));
        let attended: Vec<SessionIdx> = attended.copied().collect();
        self.machine.dice.pick(&attended)
    }

    fn lock_or_unlock(&mut self) {
        let Some(session) = self.attended() else { return self.activity() };
        if !self.machine.is_in(session, "locked") {
            let row = self.machine.mark(4800, session);
            return self.machine.begin_interval(session, "locked", row);
        }
        self.unlock_logon(session, "127.0.0.1", false);
        let row = self.machine.mark(4801, session);
        self.machine.end_interval(session, "locked", row);
        if self.percent(20) {
            self.unlock_logon(session, "-", true);
        }
    }

    fn screen_saver(&mut self) {
        let Some(session) = self.attended() else { return self.activity() };
        let is_on = self.machine.is_in(session, "screensaver");
        let row = self.machine.mark(if is_on { 4803 } else { 4802 }, session);
        match is_on {
            true => self.machine.end_interval(session, "screensaver", row),
            false => self.machine.begin_interval(session, "screensaver", row),
        }
    }

    fn disconnect_or_reconnect(&mut self) {
        let Some(session) = self.machine.dice.pick(&self.desktops.clone()) else { return self.activity() };
        if !self.machine.is_in(session, "disconnected") {
            let address = self.client_of(session);
            return self.disconnect(session, address, None);
        }
        if !self.plan.with_remote && !self.is_of_console(session) {
            return;
        }
        self.reconnect(session);
    }

    /// Sessions at the keyboard come back to it.
    pub fn is_of_console(&self, session: SessionIdx) -> bool {
        matches!(self.machine.world.sessions[session].logon_type, 2 | 11)
    }

    pub fn client_of(&mut self, session: SessionIdx) -> &'static str {
        match self.is_of_console(session) {
            true => "LOCAL",
            false => self.machine.dice.pick(&ADDRESSES).unwrap_or(""),
        }
    }

    /// The client goes, or another one comes (`by`).
    pub fn disconnect(&mut self, session: SessionIdx, address: &str, by: Option<&str>) {
        let id = if by.is_none() && self.percent(30) { 39 } else { 40 };
        self.machine.terminal(id, session, address);
        let connection = self.connection(session);
        let row = self.machine.station(4779, session, address, &connection);
        self.machine.begin_interval(session, "disconnected", row);
        if self.percent(50) && !self.machine.is_in(session, "locked") {
            let row = self.machine.mark(4800, session);
            self.machine.begin_interval(session, "locked", row);
        }
        self.machine.terminal(24, session, by.unwrap_or(address));
        if self.is_of_console(session) && self.console == Some(session) && self.plan.with_more {
            self.console = None;
            self.machine.windows_begin();
        }
    }

    pub fn connection(&mut self, session: SessionIdx) -> String {
        match self.is_of_console(session) {
            true => "Console".to_owned(),
            false => format!("RDP-Tcp#{}", self.machine.n_connections),
        }
    }

    pub fn reconnect(&mut self, session: SessionIdx) {
        let is_console = self.is_of_console(session);
        let address = self.client_of(session);
        let user = self.machine.world.sessions[session].user.clone();
        if is_console
            && self.plan.with_more
            && let Some(other) = self.console.filter(|&other| other != session)
        {
            self.disconnect(other, "LOCAL", None);
            self.machine.wait(SECOND, 40 * SECOND);
        }
        if !is_console {
            self.machine.n_connections += 1;
            self.authenticate(session, &user, address);
        }
        let by_logon = (self.plan.with_more && self.percent(40)).then(|| self.way_back(session, address));
        let connection = self.connection(session);
        let row = self.machine.station(4778, session, address, &connection);
        self.machine.end_interval(session, "disconnected", row);
        self.machine.terminal(25, session, address);
        match by_logon {
            Some(luids) => {
                self.machine.wait(SECOND / 100, 2 * SECOND);
                for (luid, logon_type) in luids {
                    self.machine.log_off(session, luid, logon_type);
                }
            }
            None => self.unlock_logon(session, if is_console { "127.0.0.1" } else { address }, false),
        }
        if self.machine.is_in(session, "locked") {
            let row = self.machine.mark(4801, session);
            self.machine.end_interval(session, "locked", row);
        }
        if is_console && self.plan.with_more {
            let ts = self.machine.world.sessions[session].ts.unwrap_or(1);
            let waiting = self.machine.console_ts;
            self.machine.console_ts = ts;
            if waiting != ts {
                self.machine.windows_end(waiting);
            }
            self.console = Some(session);
        }
        self.end_nla();
    }

    /// `lasts` is rolled unless given.
    pub fn network(&mut self, lasts: Option<i64>) {
        let kind = self.machine.dice.below(4);
        let computer = self.machine.computer.clone();
        let other = format!(r"CORP\{computer}$");
        let (class, user, logon_type) = match kind {
            0 => ("machine", other.as_str(), 3),
            1 => ("batch", r"CORP\task", 4),
            _ => ("network", self.machine.dice.pick(&USERS).unwrap_or(""), 3),
        };
        let session = self.machine.open(class, user, logon_type);
        let shape = match logon_type {
            4 => Shape::local(user, 4, "Advapi  ", "svchost.exe"),
            _ => Shape::remote(user, "Kerberos", "192.0.2.200"),
        };
        let luids = self.machine.log_on(session, &shape, OWN);
        for luid in luids {
            if self.percent(40) {
                self.machine.activity(session, luid);
            }
        }
        let rolled = self.machine.dice.pick(&[0, SECOND, 11 * SECOND, 20 * MINUTE, 200 * HOUR]).unwrap_or(0);
        let lasts = lasts.unwrap_or(rolled);
        self.short.push((self.machine.now + lasts, session));
        self.end_short();
    }

    /// runas, with a password of somebody else's or for the network alone.
    fn child(&mut self) {
        let Some(parent) = self.attended() else { return self.activity() };
        let Some(subject) = self.machine.dice.pick(&self.luids(parent)) else { return };
        let is_netonly = self.percent(40);
        let own = self.machine.world.sessions[parent].user.clone();
        let user = if is_netonly { own.as_str() } else { r"CORP\helper" };
        self.machine.explicit_credentials(user, Some((parent, subject)));
        let session = self.machine.open("secondary", user, if is_netonly { 9 } else { 2 });
        self.machine.world.sessions[session].parent = Some(parent);
        let shape = Shape {
            user,
            logon_type: if is_netonly { 9 } else { 2 },
            subject,
            logon_process: "seclogo",
            process: Some("svchost.exe"),
            address: "::1",
        };
        let luids = self.machine.log_on(session, &shape, OWN);
        for luid in luids {
            self.machine.activity(session, luid);
        }
        let lasts = self.machine.dice.pick(&[5 * SECOND, 3 * MINUTE, 200 * HOUR]).unwrap_or(0);
        self.short.push((self.machine.now + lasts, session));
    }

    /// Ends what is over by now.
    pub fn end_short(&mut self) {
        let now = self.machine.now;
        let (over, left) = std::mem::take(&mut self.short).into_iter().partition(|&(until, _)| until <= now);
        self.short = left;
        let over: Vec<(i64, SessionIdx)> = over;
        for (_, session) in over {
            let row = self.machine.destroy(session);
            self.machine.ended(session, End::Logoff { row });
        }
    }

    fn log_off_somebody(&mut self) {
        let Some(session) = self.machine.dice.pick(&self.desktops.clone()) else { return self.activity() };
        self.desktops.retain(|&other| other != session);
        let is_forced = self.percent(15);
        self.log_off(session, is_forced);
    }

    pub fn log_off(&mut self, session: SessionIdx, is_forced: bool) {
        let was_console = self.console == Some(session);
        if was_console {
            self.console = None;
        }
        if is_forced {
            let row = self.machine.destroy(session);
            self.machine.terminal(23, session, "");
            self.machine.winlogon(7002, session);
            self.windows_gone(session, was_console);
            return self.machine.ended(session, End::Logoff { row });
        }
        let row = self.machine.user_logs_off(session);
        self.machine.terminal(23, session, "");
        self.machine.winlogon(7002, session);
        self.machine.wait(SECOND / 100, 4 * SECOND);
        // A token that leaked keeps the LogonIds alive.
        let is_leaked = self.percent(40);
        let destroyed = (!is_leaked).then(|| self.machine.destroy(session));
        self.windows_gone(session, was_console);
        self.machine.ended(session, End::UserLogoff { row, destroyed });
    }

    fn windows_gone(&mut self, session: SessionIdx, was_console: bool) {
        if let Some(ts) = self.machine.world.sessions[session].ts {
            self.machine.windows_end(ts);
        }
        if was_console {
            self.machine.windows_begin();
        }
    }

    fn clock(&mut self) {
        match self.attended() {
            Some(session) if self.percent(50) => {
                let amount = self.machine.dice.between(-300, 300) * MINUTE + 11 * SECOND;
                self.machine.set_clock(amount, r"C:\Windows\System32\rundll32.exe", Some(session), false);
            }
            _ => {
                let stood = self.machine.dice.between(11 * MINUTE, 90 * HOUR);
                self.machine.now += stood;
                self.machine.clock -= stood;
                let (asleep, shown) = (self.machine.now - stood, self.machine.wall());
                self.machine.set_clock(stood, r"C:\Program Files\Oracle\VBoxService.exe", None, false);
                let from = (asleep, shown);
                self.slept(Sleep { from, to: (asleep + stood, shown + stood) });
            }
        }
    }

    pub fn slept(&mut self, sleep: Sleep) {
        for session in self.desktops.clone() {
            self.machine.world.sessions[session].sleeps.push(sleep);
        }
    }

    fn clear(&mut self) {
        if let Some(session) = self.attended() {
            self.machine.clear_log(session);
        }
    }

    pub fn activity(&mut self) {
        let Some(session) = self.machine.dice.pick(&self.desktops.clone()) else { return };
        if let Some(luid) = self.machine.dice.pick(&self.luids(session)) {
            self.machine.activity(session, luid);
        }
    }
}
