//! What is said of sessions in one word each.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// What a session is for (domain.md B).
    #[derive(Default)]
    Class {
        System = "system",
        WindowManager = "window_manager",
        Anonymous = "anonymous",
        Machine = "machine",
        Desktop = "desktop",
        Reauth = "reauth",
        Secondary = "secondary",
        Network = "network",
        LocalNetwork = "local_network",
        Service = "service",
        Batch = "batch",
        #[default]
        Unknown = "unknown",
    }
}

impl Class {
    /// Classes that are rarely what a responder looks for. They are hidden at first, and counted.
    pub fn is_noise(self) -> bool {
        use Class::{Anonymous, LocalNetwork, Machine, Service, System, WindowManager};
        matches!(self, System | WindowManager | Anonymous | Machine | Service | LocalNetwork)
    }
}

vocabulary! {
    /// How a session's start is known.
    #[derive(Default)]
    StartHow {
        /// By a 4624.
        #[default]
        Logon = "logon",
        /// The log does not reach back to it.
        BeforeLogStart = "before_log_start",
        /// Logons were not audited.
        LogonNotAudited = "logon_not_audited",
        /// Its 4624 is missing.
        Gap = "gap",
        /// By Terminal Services, Winlogon, User Profile or LSA events.
        OtherLog = "other_log",
    }
}

vocabulary! {
    /// How a session ended (domain.md C.7).
    #[derive(Default)]
    EndHow {
        UserLogoff = "user_logoff",
        Logoff = "logoff",
        LogoffFromOtherLog = "logoff_from_other_log",
        LogoffEventLost = "logoff_event_lost",
        WindowManagerGone = "window_manager_gone",
        CleanShutdown = "clean_shutdown",
        UncleanStop = "unclean_stop",
        LuidReused = "luid_reused",
        Superseded = "superseded",
        LostInGap = "lost_in_gap",
        NotAudited = "not_audited",
        #[default]
        OpenAtLogEnd = "open_at_log_end",
    }
}

impl EndHow {
    /// Whether a record of the session's own shows that it ended, and when.
    pub fn is_recorded(self) -> bool {
        matches!(self, EndHow::UserLogoff | EndHow::Logoff | EndHow::LogoffFromOtherLog)
    }
}

vocabulary! {
    /// What made a session end (domain.md C.7, row 2).
    EndCause {
        /// The user signed out.
        User = "user",
        /// A network logon that was idle, or whose client had gone.
        Network = "network",
        /// An unlock, whose logon is thrown away at once.
        Unlock = "unlock",
        /// A limit on idle, disconnected or active sessions.
        Timeout = "timeout",
        /// Somebody else's doing.
        Admin = "admin",
        Shutdown = "shutdown",
        /// None of these: the system let go of it, as when a program run as somebody else ends.
        System = "system",
    }
}

vocabulary! {
    /// How sure we are of an end.
    #[derive(Default)]
    Confidence {
        #[default]
        None = "none",
        Low = "low",
        Medium = "medium",
        High = "high",
    }
}

vocabulary! {
    /// What `connected` and `active` are worth.
    #[derive(Default)]
    ActiveHow {
        /// Locks, disconnects and sleeps of the session would all be told.
        Exact = "exact",
        UpperBound = "upper_bound",
        #[default]
        Unknown = "unknown",
    }
}

vocabulary! {
    /// How the number of a session's Terminal Services session is known (domain.md rule 33).
    TsHow {
        /// By 4800 to 4803, which name LogonId and number.
        LockEvent = "lock_event",
        /// By the name of its connection, which RdpCoreTS 66 gives a number.
        ConnectionName = "connection_name",
        /// By an event of another log about the same user at the same moment.
        UserAndTime = "user_and_time",
        /// The same, by SID.
        SidAndTime = "sid_and_time",
        /// By the moment alone: the other log does not say whose it was.
        Moment = "moment",
        /// By the window manager that logged on before it.
        WindowManager = "window_manager",
        /// By nothing else: it is known by its number.
        OwnNumber = "own_number",
    }
}

impl TsHow {
    /// Whether a number joins them, which is sure; else a coincidence of time.
    pub fn is_by_id(self) -> bool {
        matches!(self, TsHow::LockEvent | TsHow::OwnNumber)
    }
}

vocabulary! {
    /// What a 4624 is within its session.
    LogonRole {
        Primary = "primary",
        Elevated = "elevated",
        Unlock = "unlock",
        Reconnect = "reconnect",
        Refresh = "refresh",
        Nla = "nla",
        Repeat = "repeat",
    }
}

impl LogonRole {
    /// Whether the LogonId is the session's own.
    pub fn is_own(self) -> bool {
        matches!(self, LogonRole::Primary | LogonRole::Elevated)
    }
}

vocabulary! {
    /// Why an event is evidence.
    EvidenceRole {
        Start = "start",
        End = "end",
        Destroyed = "destroyed",
        Privileges = "privileges",
        Origin = "origin",
        Lock = "lock",
        Unlock = "unlock",
        ScreensaverOn = "screensaver_on",
        ScreensaverOff = "screensaver_off",
        Disconnect = "disconnect",
        Reconnect = "reconnect",
        Sleep = "sleep",
        Wake = "wake",
        Boot = "boot",
        Shutdown = "shutdown",
        Clock = "clock",
        Gap = "gap",
        Policy = "policy",
    }
}

vocabulary! {
    /// What was the case in an interval.
    State {
        Locked = "locked",
        Screensaver = "screensaver",
        Disconnected = "disconnected",
        Suspended = "suspended",
    }
}
