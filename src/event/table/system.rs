//! The System channel (domain.md A.3).

use super::{BY, Named, Origin, specs};
use crate::event::Field;

/// User32 1074: unnamed until Windows 7, named since Windows 8, in the same order. Which type it is, is told by the
/// code and the place: the words are in the language of the machine (rule 13).
const SHUTDOWN: &[Named] = &[
    ("#0", Field::ProcessName),
    ("param1", Field::ProcessName),
    ("#1", Field::Workstation),
    ("param2", Field::Workstation),
    ("#2", Field::Reason),
    ("param3", Field::Reason),
    ("#3", Field::ReasonCode),
    ("param4", Field::ReasonCode),
    ("#4", Field::ShutdownType),
    ("param5", Field::ShutdownType),
    ("#5", Field::Comment),
    ("param6", Field::Comment),
    ("#6", Field::Account),
    ("param7", Field::Account),
];

/// User32 1076, likewise.
const EXPLANATION: &[Named] = &[
    ("#0", Field::Reason),
    ("param1", Field::Reason),
    ("#1", Field::ReasonCode),
    ("param2", Field::ReasonCode),
    ("#4", Field::Comment),
    ("param5", Field::Comment),
    ("#5", Field::Account),
    ("param6", Field::Account),
];

/// What the machine goes to, and what woke or sent it.
const POWER: &[Named] = &[("TargetState", Field::PowerState), ("Reason", Field::ReasonCode)];

pub const EVENT_LOG: Origin = Origin {
    providers: &["eventlog", "microsoft-windows-eventlog"],
    channel: "system",
    events: specs! {
        104 LogCleared [BY] {
            "SubjectUserName" SubjectUser, "SubjectDomainName" SubjectDomain, "Channel" ClearedChannel,
            "BackupPath" BackupPath,
        }
        105 LogArchived [] { "Channel" ClearedChannel, "BackupPath" BackupPath }
        106 LogTrouble [] { "Channel" ClearedChannel }
        6005 EventLogStarted [] {}
        6006 EventLogStoppedClean [] {}
        6008 UnexpectedShutdown [] { "#4" Uptime, "Binary" Binary }
        6009 SystemVersion [] { "#0" Version, "#1" Build }
        6011 ComputerRenamed [] { "#0" OldName, "#1" NewName }
        6013 Uptime [] { "#4" Uptime, "#6" TimeZone, "Binary" Binary }
    },
    other: None,
};

pub const KERNEL_GENERAL: Origin = Origin {
    providers: &["microsoft-windows-kernel-general"],
    channel: "system",
    events: specs! {
        1 ClockSet [BY] {
            "OldTime" PreviousTime, "NewTime" NewTime, "Reason" ReasonCode, "ProcessName" ProcessName,
        }
        12 KernelStarted [] {
            "StartTime" StartTime, "MajorVersion" Version, "MinorVersion" MinorVersion, "BuildVersion" Build,
        }
        13 KernelStopped [] { "StopTime" NewTime }
    },
    other: None,
};

pub const KERNEL_POWER: Origin = Origin {
    providers: &["microsoft-windows-kernel-power"],
    channel: "system",
    events: specs! {
        41 PowerLost [] {
            "PowerButtonTimestamp" NewTime, "BugcheckCode" Reason, "SleepInProgress" PowerState,
        }
        42 Sleep [POWER] {}
        107 Wake [POWER] {}
        109 ShutdownAction [] { "ShutdownActionType" ShutdownType, "ShutdownReason" ReasonCode }
        172 PowerChanged [] { "Reason" ReasonCode }
        187 PowerChanged [] {}
        506 StandbyEntered [] { "Reason" ReasonCode }
        507 StandbyLeft [] { "Reason" ReasonCode }
        508 PowerChanged [] {}
        566 PowerChanged [] { "Reason" ReasonCode }
    },
    other: None,
};

pub const POWER_TROUBLESHOOTER: Origin = Origin {
    providers: &["microsoft-windows-power-troubleshooter"],
    channel: "system",
    events: specs! {
        1 SleptAndWoke [] { "SleepTime" PreviousTime, "WakeTime" NewTime }
    },
    other: None,
};

pub const KERNEL_BOOT: Origin = Origin {
    providers: &["microsoft-windows-kernel-boot"],
    channel: "system",
    events: specs! {
        20 LastShutdownGood [] { "LastShutdownGood" Status, "LastBootId" Reason }
        27 BootType [] { "BootType" Reason }
    },
    other: None,
};

pub const BUG_CHECK: Origin = Origin {
    providers: &["microsoft-windows-wer-systemerrorreporting", "bugcheck"],
    channel: "system",
    events: specs! {
        1001 BugCheck [] { "#0" Reason, "param1" Reason }
    },
    other: None,
};

pub const USER32: Origin = Origin {
    providers: &["user32"],
    channel: "system",
    events: specs! {
        1074 ShutdownRequested [SHUTDOWN, BY] {}
        1075 ShutdownCancelled [BY] {
            "#0" Workstation, "param1" Workstation, "#1" Account, "param2" Account,
        }
        1076 ShutdownExplained [EXPLANATION, BY] {}
    },
    other: None,
};

pub const LSA: Origin = Origin {
    providers: &["lsasrv"],
    channel: "system",
    events: specs! {
        6038 NtlmFirstUsed [] {}
        6156 DomainJoin [] {
            "ADDomainJoin" DomainJoined, "AADDomainJoin" CloudJoined, "DomainController" DomainController,
        }
    },
    other: None,
};

pub const SERVICES: Origin = Origin {
    providers: &["service control manager"],
    channel: "system",
    events: specs! {
        7045 ServiceInstalled [BY] {
            "ServiceName" ServiceName, "ImagePath" ServiceFile, "AccountName" ServiceAccount,
        }
    },
    other: None,
};

pub const WINLOGON: Origin = Origin {
    providers: &["microsoft-windows-winlogon"],
    channel: "system",
    events: specs! {
        4002 WinlogonTrouble [] {}
        4003 WinlogonTrouble [] {}
        4004 WinlogonTrouble [] {}
        4005 WinlogonTrouble [] {}
        4007 WinlogonTrouble [] {}
        7001 WinlogonLogon [] { "TSId" TsSession, "UserSid" TargetSid }
        7002 WinlogonLogoff [] { "TSId" TsSession, "UserSid" TargetSid }
    },
    other: None,
};

/// The same provider writes to Application, too.
pub const WINLOGON_APPLICATION: Origin = Origin {
    providers: &["microsoft-windows-winlogon"],
    channel: "application",
    events: specs! {
        4002 WinlogonTrouble [] {}
        4003 WinlogonTrouble [] {}
        4004 WinlogonTrouble [] {}
        4005 WinlogonTrouble [] {}
        4007 WinlogonTrouble [] {}
    },
    other: None,
};
