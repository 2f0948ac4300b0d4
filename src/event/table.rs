//! The table of events: provider, channel and id of each, what it means, and which of its fields are kept.
//!
//! The place for a new event id. Names, ids and fields are those of domain.md A; fields are found by name in every
//! version of an event. A field called `#3` is the fourth unnamed `Data` of a classic source, `@UserID` and
//! `@ActivityID` come from the System element.

use super::Field;

/// What an event means to the correlator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 4624: a LogonId is created.
    Logon,
    /// 4625.
    LogonFailed,
    /// 4634: a LogonId is destroyed.
    Logoff,
    /// 4647: the user asked to be logged off.
    UserLogoff,
    /// 4648.
    ExplicitCredentials,
    /// 4672.
    SpecialPrivileges,
    /// 4778.
    Reconnected,
    /// 4779.
    Disconnected,
    /// 4800.
    Locked,
    /// 4801.
    Unlocked,
    /// 4802.
    ScreensaverOn,
    /// 4803.
    ScreensaverOff,
    /// 4616, or Kernel-General 1.
    ClockSet,
    /// 4608.
    AuditStarted,
    /// 4826.
    BootConfiguration,
    /// 4902.
    PolicyTableCreated,
    /// 4688.
    ProcessCreated,
    /// 4689.
    ProcessExited,
    /// 4696.
    TokenAssigned,
    /// 4719.
    AuditPolicyChanged,
    /// Any other event that cites a LogonId.
    Activity,
    /// 1100.
    EventLogStopped,
    /// 1101.
    AuditEventsDropped,
    /// 1102, or System 104.
    LogCleared,
    /// 1104, 1105.
    LogFull,
    /// 1108.
    EventLost,
    /// Kernel-General 12.
    KernelStarted,
    /// Kernel-General 13.
    KernelStopped,
    /// EventLog 6005.
    EventLogStarted,
    /// EventLog 6006.
    EventLogStoppedClean,
    /// EventLog 6008.
    UnexpectedShutdown,
    /// EventLog 6009.
    SystemVersion,
    /// EventLog 6011.
    ComputerRenamed,
    /// EventLog 6013.
    Uptime,
    /// Kernel-Power 41.
    PowerLost,
    /// Kernel-Power 42.
    Sleep,
    /// Kernel-Power 107.
    Wake,
    /// Power-Troubleshooter 1.
    SleptAndWoke,
    /// Kernel-Power 109.
    ShutdownAction,
    /// Kernel-Power 506.
    StandbyEntered,
    /// Kernel-Power 507.
    StandbyLeft,
    /// Kernel-Boot 20.
    LastShutdownGood,
    /// Kernel-Boot 27.
    BootType,
    /// WER or BugCheck 1001.
    BugCheck,
    /// User32 1074.
    ShutdownRequested,
    /// Winlogon 7001.
    WinlogonLogon,
    /// Winlogon 7002.
    WinlogonLogoff,
    /// LSM 21.
    TsLogon,
    /// LSM 22.
    TsShell,
    /// LSM 23.
    TsLogoff,
    /// LSM 24.
    TsDisconnected,
    /// LSM 25.
    TsReconnected,
    /// LSM 39.
    TsDisconnectedBy,
    /// LSM 40.
    TsDisconnectReason,
    /// LSM 54.
    TsShutdown,
    /// User Profile Service 1.
    ProfileLogon,
    /// User Profile Service 3.
    ProfileLogoff,
    /// LSA 300: groups were assigned to a new LogonId.
    LsaLogon,
    /// LSA 302: a LogonId's logoff.
    LsaLogoff,
}

/// Where an event comes from: a provider that writes to a channel.
pub struct Origin {
    /// Lower-case names of the provider (System/Provider@Name), older names included.
    pub providers: &'static [&'static str],
    /// Lower-case channel; provider and channel both count (domain.md 0.1, 2).
    pub channel: &'static str,
    /// In the order of their ids.
    pub events: &'static [Spec],
    /// What any other event of this origin is, if it cites a LogonId.
    pub other: Option<Spec>,
}

/// One event: its id, what it means and which fields are kept, by name and meaning.
pub struct Spec {
    pub id: u16,
    pub kind: Kind,
    pub fields: &'static [(&'static str, Field)],
}

macro_rules! specs {
    ($($id:literal $kind:ident [$($group:expr),*] { $($name:literal $field:ident),* $(,)? })*) => {
        &[$(Spec { id: $id, kind: Kind::$kind, fields: {
            const PARTS: &[&[(&str, Field)]] = &[$($group,)* &[$(($name, Field::$field)),*]];
            const FIELDS: [(&str, Field); len(PARTS)] = concat(PARTS);
            &FIELDS
        } }),*]
    };
}

type Named = (&'static str, Field);

const fn len(parts: &[&[Named]]) -> usize {
    let (mut n, mut i) = (0, 0);
    while i < parts.len() {
        n += parts[i].len();
        i += 1;
    }
    n
}

const fn concat<const N: usize>(parts: &[&[Named]]) -> [Named; N] {
    let mut all = [("", Field::SubjectSid); N];
    let (mut at, mut i) = (0, 0);
    while i < parts.len() {
        let mut j = 0;
        while j < parts[i].len() {
            all[at] = parts[i][j];
            at += 1;
            j += 1;
        }
        i += 1;
    }
    all
}

/// "Subj4" of domain.md A.1.
const SUBJECT: &[Named] = &[
    ("SubjectUserSid", Field::SubjectSid),
    ("SubjectUserName", Field::SubjectUser),
    ("SubjectDomainName", Field::SubjectDomain),
    ("SubjectLogonId", Field::SubjectLogonId),
];

/// "Tgt4" of domain.md A.1.
const TARGET: &[Named] = &[
    ("TargetUserSid", Field::TargetSid),
    ("TargetUserName", Field::TargetUser),
    ("TargetDomainName", Field::TargetDomain),
    ("TargetLogonId", Field::TargetLogonId),
];

/// 4778 and 4779: no SID, and LogonID in this spelling.
const TS_ACCOUNT: &[Named] = &[
    ("AccountName", Field::TargetUser),
    ("AccountDomain", Field::TargetDomain),
    ("LogonID", Field::TargetLogonId),
    ("SessionName", Field::SessionName),
    ("ClientName", Field::Workstation),
    ("ClientAddress", Field::Address),
];

/// Payload of the LocalSessionManager's events 21 to 25.
const TS_USER: &[Named] = &[
    ("User", Field::Account),
    ("SessionID", Field::TsSession),
    ("Address", Field::Address),
    ("@ActivityID", Field::ActivityId),
];

/// The unnamed `Data` of classic sources.
const CLASSIC: &[Named] = &[
    ("#0", Field::Text0),
    ("#1", Field::Text1),
    ("#2", Field::Text2),
    ("#3", Field::Text3),
    ("#4", Field::Text4),
    ("#5", Field::Text5),
    ("#6", Field::Text6),
];

/// User32 1074 since Windows 8; before, the same in unnamed order.
const SHUTDOWN: &[Named] = &[
    ("param1", Field::ProcessName),
    ("param3", Field::Reason),
    ("param5", Field::Text4),
    ("param7", Field::Account),
];

/// Every event that is typed.
pub const ORIGINS: &[Origin] = &[
    Origin {
        providers: &["microsoft-windows-security-auditing"],
        channel: "security",
        events: specs! {
            4608 AuditStarted [] {}
            4616 ClockSet [SUBJECT] { "PreviousTime" PreviousTime, "NewTime" NewTime, "ProcessName" ProcessName }
            4624 Logon [SUBJECT, TARGET] {
                "LogonType" LogonType, "LogonProcessName" LogonProcess, "AuthenticationPackageName" AuthPackage,
                "WorkstationName" Workstation, "LogonGuid" LogonGuid, "LmPackageName" LmPackage,
                "KeyLength" KeyLength, "ProcessId" ProcessId, "ProcessName" ProcessName, "IpAddress" Address,
                "IpPort" Port, "RestrictedAdminMode" RestrictedAdmin, "TargetOutboundUserName" OutboundUser,
                "TargetOutboundDomainName" OutboundDomain, "VirtualAccount" VirtualAccount,
                "TargetLinkedLogonId" LinkedLogonId, "ElevatedToken" Elevated,
            }
            4625 LogonFailed [SUBJECT] {
                "TargetUserSid" TargetSid, "TargetUserName" TargetUser, "TargetDomainName" TargetDomain,
                "Status" Status, "SubStatus" SubStatus, "FailureReason" FailureReason, "LogonType" LogonType,
                "LogonProcessName" LogonProcess, "WorkstationName" Workstation, "ProcessName" ProcessName,
                "IpAddress" Address, "IpPort" Port,
            }
            4634 Logoff [TARGET] { "LogonType" LogonType }
            4647 UserLogoff [TARGET] {}
            4648 ExplicitCredentials [SUBJECT] {
                "TargetUserName" TargetUser, "TargetDomainName" TargetDomain, "TargetLogonGuid" TargetLogonGuid,
                "TargetServerName" TargetServer, "TargetInfo" TargetInfo, "ProcessName" ProcessName,
                "IpAddress" Address, "IpPort" Port,
            }
            4672 SpecialPrivileges [SUBJECT] { "PrivilegeList" Privileges }
            4688 ProcessCreated [SUBJECT, TARGET] {
                "NewProcessName" NewProcess, "ProcessId" ProcessId, "TokenElevationType" TokenElevation,
            }
            4689 ProcessExited [SUBJECT] { "ProcessName" ProcessName }
            4696 TokenAssigned [SUBJECT, TARGET] { "TargetProcessName" NewProcess }
            4719 AuditPolicyChanged [SUBJECT] {
                "SubcategoryGuid" Subcategory, "AuditPolicyChanges" AuditChanges,
            }
            4778 Reconnected [TS_ACCOUNT] {}
            4779 Disconnected [TS_ACCOUNT] {}
            4800 Locked [TARGET] { "SessionId" TsSession }
            4801 Unlocked [TARGET] { "SessionId" TsSession }
            4802 ScreensaverOn [TARGET] { "SessionId" TsSession }
            4803 ScreensaverOff [TARGET] { "SessionId" TsSession }
            4825 Activity [] { "AccountName" TargetUser, "AccountDomain" TargetDomain, "LogonID" TargetLogonId }
            4826 BootConfiguration [] {}
            4902 PolicyTableCreated [] {}
        },
        other: Some(Spec {
            id: 0,
            kind: Kind::Activity,
            fields: {
                const PARTS: &[&[Named]] = &[SUBJECT, TARGET];
                const FIELDS: [Named; len(PARTS)] = concat(PARTS);
                &FIELDS
            },
        }),
    },
    Origin {
        providers: &["microsoft-windows-eventlog"],
        channel: "security",
        events: specs! {
            1100 EventLogStopped [] {}
            1101 AuditEventsDropped [] {}
            1102 LogCleared [SUBJECT] {}
            1104 LogFull [] {}
            1105 LogFull [] {}
            1108 EventLost [] { "EventID" LostEventId, "PublisherID" LostProvider }
        },
        other: None,
    },
    Origin {
        providers: &["eventlog", "microsoft-windows-eventlog"],
        channel: "system",
        events: specs! {
            104 LogCleared [] { "SubjectUserName" SubjectUser, "SubjectDomainName" SubjectDomain, "Channel" ClearedChannel }
            6005 EventLogStarted [] {}
            6006 EventLogStoppedClean [] {}
            6008 UnexpectedShutdown [] { "Binary" Binary }
            6009 SystemVersion [] {}
            6011 ComputerRenamed [CLASSIC] {}
            6013 Uptime [CLASSIC] { "Binary" Binary }
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-kernel-general"],
        channel: "system",
        events: specs! {
            1 ClockSet [] { "OldTime" PreviousTime, "NewTime" NewTime, "ProcessName" ProcessName }
            12 KernelStarted [] { "StartTime" StartTime }
            13 KernelStopped [] { "StopTime" NewTime }
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-kernel-power"],
        channel: "system",
        events: specs! {
            41 PowerLost [] { "PowerButtonTimestamp" NewTime, "BugcheckCode" Reason }
            42 Sleep [] {}
            107 Wake [] {}
            109 ShutdownAction [] { "ShutdownActionType" Reason }
            506 StandbyEntered [] {}
            507 StandbyLeft [] {}
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-power-troubleshooter"],
        channel: "system",
        events: specs! {
            1 SleptAndWoke [] { "SleepTime" PreviousTime, "WakeTime" NewTime }
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-kernel-boot"],
        channel: "system",
        events: specs! {
            20 LastShutdownGood [] { "LastShutdownGood" Status, "LastBootId" Reason }
            27 BootType [] { "BootType" Reason }
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-wer-systemerrorreporting", "bugcheck"],
        channel: "system",
        events: specs! {
            1001 BugCheck [] {}
        },
        other: None,
    },
    Origin {
        providers: &["user32"],
        channel: "system",
        events: specs! {
            1074 ShutdownRequested [CLASSIC, SHUTDOWN] {}
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-winlogon"],
        channel: "system",
        events: specs! {
            7001 WinlogonLogon [] { "TSId" TsSession, "UserSid" TargetSid }
            7002 WinlogonLogoff [] { "TSId" TsSession, "UserSid" TargetSid }
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-terminalservices-localsessionmanager"],
        channel: "microsoft-windows-terminalservices-localsessionmanager/operational",
        events: specs! {
            21 TsLogon [TS_USER] {}
            22 TsShell [TS_USER] {}
            23 TsLogoff [TS_USER] {}
            24 TsDisconnected [TS_USER] {}
            25 TsReconnected [TS_USER] {}
            39 TsDisconnectedBy [] { "TargetSession" TsSession, "Source" SourceSession }
            40 TsDisconnectReason [] { "Session" TsSession, "Reason" Reason }
            54 TsShutdown [] {}
        },
        other: None,
    },
    Origin {
        providers: &["microsoft-windows-user profiles service"],
        channel: "microsoft-windows-user profile service/operational",
        events: specs! {
            1 ProfileLogon [] { "Session" TsSession, "@UserID" UserId }
            3 ProfileLogoff [] { "Session" TsSession, "@UserID" UserId }
        },
        other: None,
    },
    Origin {
        providers: &["lsasrv"],
        channel: "microsoft-windows-lsa/operational",
        events: specs! {
            300 LsaLogon [TARGET] {}
            302 LsaLogoff [] { "UserSid" TargetSid, "AccountName" TargetUser, "AuthorityName" TargetDomain, "LogonId" TargetLogonId }
        },
        other: None,
    },
];
