//! A simulated Windows machine: the records it writes, and the truth about its sessions.
//!
//! [`life`] rolls the dice, [`machine`] writes what Windows would, [`loss`] takes records away, [`read`]
//! sends what is left through the whole program as EVTX bytes, [`check`] compares what comes out with the truth.

pub mod check;
pub mod exact;
pub mod life;
pub mod loss;
pub mod machine;
pub mod network;
pub mod read;
pub mod wide;

use evtx_fixture::Event;

pub const SECOND: i64 = 10_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

/// What the simulation may do. The narrower, the easier a failure is to read.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub n_boots: usize,
    pub n_acts: usize,
    pub with_remote: bool,
    pub with_clock: bool,
    /// Cleared logs, LogonIds that come again in the next boot.
    pub with_trouble: bool,
    pub with_renames: bool,
    /// Logons of every type, window managers, sleep, takeovers, users who switch.
    pub with_more: bool,
    /// The audit policy is changed while the machine runs.
    pub with_audit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Log {
    Security,
    System,
    Terminal,
    Connections,
}

pub const LOGS: [Log; 4] = [Log::Security, Log::System, Log::Terminal, Log::Connections];

pub type RowIdx = usize;
pub type SessionIdx = usize;

/// A record, and what nobody but the simulation knows about it.
#[derive(Clone, Debug)]
pub struct Row {
    pub log: Log,
    pub event: Event,
    pub boot: usize,
    /// Sessions it is about, each by the LogonId that it cites (0: by the number of Terminal Services).
    pub cites: Vec<(u64, SessionIdx)>,
    /// Elapsed time, which no clock shows.
    pub at: i64,
    /// Shows that a boot began.
    pub is_anchor: bool,
    /// A clock step soon after boot, by which everything before it in the boot is moved.
    pub rebase: i64,
    pub is_clock: bool,
    /// Whether its audit was on: without that it happened and no log has it.
    pub is_written: bool,
}

impl Row {
    pub fn id(&self) -> u64 {
        self.event.record_id
    }

    /// The time it carries.
    pub fn raw(&self) -> i64 {
        self.event.time.0 as i64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Primary,
    Elevated,
    Unlock,
    Refresh,
    Reconnect,
    Nla,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Role::Primary => "primary",
            Role::Elevated => "elevated",
            Role::Unlock => "unlock",
            Role::Refresh => "refresh",
            Role::Reconnect => "reconnect",
            Role::Nla => "nla",
        }
    }

    pub fn is_own(self) -> bool {
        matches!(self, Role::Primary | Role::Elevated)
    }
}

/// A 4624.
#[derive(Clone, Debug)]
pub struct Logon {
    pub row: RowIdx,
    pub luid: u64,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    UserLogoff {
        row: RowIdx,
        destroyed: Option<RowIdx>,
    },
    Logoff {
        row: RowIdx,
    },
    /// Its boot ended, or has not.
    WithBoot,
}

#[derive(Clone, Debug)]
pub struct Interval {
    pub what: &'static str,
    pub from: RowIdx,
    pub to: Option<RowIdx>,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub boot: usize,
    pub class: &'static str,
    pub logon_type: u32,
    pub user: String,
    pub logons: Vec<Logon>,
    pub end: End,
    /// Moments of its beginning and its end, in elapsed time and as the clock then showed.
    pub began: (i64, i64),
    pub ended: (i64, i64),
    pub ts: Option<u32>,
    pub intervals: Vec<Interval>,
    pub parent: Option<SessionIdx>,
    /// When the machine slept or stood still while it was on.
    pub sleeps: Vec<Sleep>,
    /// LogonIds that are gone already.
    pub gone: Vec<u64>,
    pub is_taken_over: bool,
}

/// Moments in elapsed time, and as the clock shows them.
#[derive(Clone, Copy, Debug)]
pub struct Sleep {
    pub from: (i64, i64),
    pub to: (i64, i64),
}

impl Session {
    pub fn own(&self) -> impl Iterator<Item = &Logon> {
        self.logons.iter().filter(|logon| logon.role.is_own())
    }

    pub fn primary(&self) -> u64 {
        self.logons.iter().find(|logon| logon.role == Role::Primary).map_or(0, |logon| logon.luid)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Clean { stopped: RowIdx },
    PowerLoss,
    Running,
}

#[derive(Clone, Debug)]
pub struct Boot {
    pub stop: Stop,
    /// When it stopped: elapsed, and as the clock then showed.
    pub stopped: (i64, i64),
    pub computer: String,
}

#[derive(Clone, Debug, Default)]
pub struct World {
    pub rows: Vec<Row>,
    pub sessions: Vec<Session>,
    pub boots: Vec<Boot>,
}

impl World {
    /// What a row's time is once the clock is known to have been wrong.
    pub fn corrected(&self, row: RowIdx) -> i64 {
        let own = &self.rows[row];
        let later = self.rows[row + 1..].iter().take_while(|other| other.boot == own.boot);
        own.raw() + later.map(|other| other.rebase).sum::<i64>()
    }

    /// The session that a LogonId belongs to in a boot, and as what.
    pub fn owner(&self, boot: usize, luid: u64) -> Option<(SessionIdx, Role)> {
        self.sessions.iter().enumerate().filter(|(_, session)| session.boot == boot).find_map(
            |(n, session)| {
                session.logons.iter().find(|logon| logon.luid == luid).map(|logon| (n, logon.role))
            },
        )
    }
}

/// Small, fast, the same on every computer (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }

    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.roll() % (high - low + 1).max(1) as u64) as i64
    }

    pub fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())])
    }
}
