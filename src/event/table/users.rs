//! The other logs that tell of logons, and of what logons did elsewhere (domain.md A.5).

use super::{ACTIVITY, BY, Named, Origin, TARGET, specs};
use crate::event::Field;

const PROFILE: &[Named] = &[("Session", Field::TsSession), ("@UserID", Field::UserId)];

const NOTIFICATION: &[Named] =
    &[("Event", Field::Notification), ("SubscriberName", Field::Subscriber), ("@UserID", Field::UserId)];

/// Whom a run of group policy is for.
const POLICY: &[Named] =
    &[("PrincipalSamName", Field::Account), ("@UserID", Field::UserId), ("@ActivityID", Field::ActivityId)];

/// NTLM to another computer: the caller's LogonId, and the account it gave.
const NTLM_CALLER: &[Named] = &[
    ("TargetName", Field::TargetServer),
    ("UserName", Field::TargetUser),
    ("DomainName", Field::TargetDomain),
    ("ProcessName", Field::ProcessName),
    ("ClientLUID", Field::SubjectLogonId),
    ("ClientUserName", Field::SubjectUser),
    ("ClientDomainName", Field::SubjectDomain),
];

/// The same since Windows 11 24H2, both ways.
const NTLM_USE: &[Named] = &[
    ("ProcessName", Field::ProcessName),
    ("Username", Field::TargetUser),
    ("DomainName", Field::TargetDomain),
    ("TargetMachine", Field::TargetServer),
    ("TargetService", Field::TargetInfo),
    ("TargetIP", Field::DestAddress),
    ("RemoteClientMachine", Field::Workstation),
    ("ClientIP", Field::Address),
    ("Status", Field::Status),
];

const NTLM_PASSED: &[Named] = &[
    ("SChannelName", Field::TargetServer),
    ("UserName", Field::TargetUser),
    ("DomainName", Field::TargetDomain),
    ("Workstation", Field::Workstation),
    ("WorkstationName", Field::Workstation),
];

/// Who was refused by the file server; its addresses are raw socket addresses.
const SMB_REFUSED: &[Named] =
    &[("UserName", Field::Account), ("ClientName", Field::Workstation), ("Status", Field::Status)];

/// What OpenSSH writes is one text.
const SSH: &[Named] = &[
    ("process", Field::ProcessName),
    ("payload", Field::Message),
    ("payload", Field::SshUser),
    ("payload", Field::SshAddress),
    ("payload", Field::SshPort),
];

const SMB_TROUBLE: &[Named] =
    &[("ServerName", Field::TargetServer), ("Status", Field::Status), ("Reason", Field::ReasonCode)];

const TASK: &[Named] = &[
    ("TaskName", Field::TaskName),
    ("UserContext", Field::Account),
    ("UserName", Field::Account),
    ("@ActivityID", Field::ActivityId),
];

pub const PROFILES: Origin = Origin {
    providers: &["microsoft-windows-user profiles service"],
    channel: "microsoft-windows-user profile service/operational",
    events: specs! {
        1 ProfileLogon [PROFILE] {}
        2 ProfileLogonDone [PROFILE] {}
        3 ProfileLogoff [PROFILE] {}
        4 ProfileLogoffDone [PROFILE] {}
        5 ProfileHive [BY] { "File" ObjectName, "Key" ProfileKey }
        67 ProfileType [BY] { "LocalPath" ObjectName, "ProfileType" ProfileType }
    },
    other: None,
};

pub const WINLOGON: Origin = Origin {
    providers: &["microsoft-windows-winlogon"],
    channel: "microsoft-windows-winlogon/operational",
    events: specs! {
        1 AuthenticationBegun [BY] {}
        2 AuthenticationEnded [BY] {}
        811 WinlogonNotifies [NOTIFICATION] {}
        812 WinlogonNotified [NOTIFICATION] {}
    },
    other: None,
};

pub const LSA: Origin = Origin {
    providers: &["lsasrv"],
    channel: "microsoft-windows-lsa/operational",
    events: specs! {
        200 LsaLateLogon [] {
            "UserName" TargetUser, "DomainName" TargetDomain, "LogonId" TargetLogonId, "LogoffTime" PreviousTime,
            "ServerName" TargetServer,
        }
        300 LsaLogon [TARGET] { "TargetLogonGuid" TargetLogonGuid }
        301 LsaClaims [TARGET] {}
        302 LsaLogoff [] {
            "UserSid" TargetSid, "AccountName" TargetUser, "AuthorityName" TargetDomain, "LogonId" TargetLogonId,
        }
    },
    other: None,
};

pub const LSA_DIAGNOSTIC: Origin = Origin {
    providers: &["lsasrv"],
    channel: "microsoft-windows-lsa/diagnostic",
    events: specs! {
        6182 LsaLeak [TARGET] { "AccountName" TargetUser, "DomainName" TargetDomain }
    },
    other: None,
};

pub const GROUP_POLICY: Origin = Origin {
    providers: &["microsoft-windows-grouppolicy"],
    channel: "microsoft-windows-grouppolicy/operational",
    events: specs! {
        4000 PolicyAtStart [POLICY] {}
        4001 PolicyAtLogon [POLICY] {}
        4002 PolicyRefreshedMachine [POLICY] {}
        4003 PolicyRefreshed [POLICY] {}
        4004 PolicyRefreshedMachine [POLICY] {}
        4005 PolicyRefreshed [POLICY] {}
        4006 PolicyRefreshedMachine [POLICY] {}
        4007 PolicyRefreshed [POLICY] {}
        5324 PolicyNotified [ACTIVITY] { "NotificationType" Notification, "SessionId" TsSession }
        6339 ShellStarting [BY, ACTIVITY] { "SessionId" TsSession }
        8000 PolicyAtStart [POLICY] {}
        8001 PolicyAtLogon [POLICY] {}
        8002 PolicyRefreshedMachine [POLICY] {}
        8003 PolicyRefreshed [POLICY] {}
        8004 PolicyRefreshedMachine [POLICY] {}
        8005 PolicyRefreshed [POLICY] {}
        8006 PolicyRefreshedMachine [POLICY] {}
        8007 PolicyRefreshed [POLICY] {}
    },
    other: None,
};

pub const OPENSSH: Origin = Origin {
    providers: &["openssh"],
    channel: "openssh/operational",
    events: specs! {
        1 SshMessage [SSH] {}
        2 SshMessage [SSH] {}
        3 SshMessage [SSH] {}
        4 SshMessage [SSH] {}
        6 SshMessage [SSH] {}
    },
    other: None,
};

pub const WINRM: Origin = Origin {
    providers: &["microsoft-windows-winrm"],
    channel: "microsoft-windows-winrm/operational",
    events: specs! {
        6 WinrmClient [BY, ACTIVITY] { "connection" TargetServer }
        91 WinrmShell [BY, ACTIVITY] { "resourceUri" ObjectName }
        161 WinrmFailed [BY, ACTIVITY] { "authFailureMessage" Message }
        162 WinrmFailed [BY, ACTIVITY] { "authFailureMessage" Message }
        169 WinrmAuthenticated [BY, ACTIVITY] {
            "username" Account, "authenticationMechanism" AuthPackage,
        }
        193 WinrmAccount [BY, ACTIVITY] { "username" Account, "virtualAccount" VirtualAccount }
    },
    other: None,
};

/// 8004 is Netlogon's.
pub const NTLM: Origin = Origin {
    providers: &["microsoft-windows-ntlm", "microsoft-windows-security-netlogon", "lsasrv"],
    channel: "microsoft-windows-ntlm/operational",
    events: specs! {
        4020 NtlmOutgoing [NTLM_USE] {}
        4021 NtlmOutgoing [NTLM_USE] {}
        4022 NtlmIncoming [NTLM_USE] {}
        4023 NtlmIncoming [NTLM_USE] {}
        8001 NtlmOutgoing [NTLM_CALLER] {}
        8002 NtlmIncoming [NTLM_CALLER] {}
        8003 NtlmDomain [NTLM_PASSED] {}
        8004 NtlmDomain [NTLM_PASSED] {}
    },
    other: None,
};

pub const SMB_SERVER: Origin = Origin {
    providers: &["microsoft-windows-smbserver"],
    channel: "microsoft-windows-smbserver/security",
    events: specs! {
        551 SmbServerRefused [SMB_REFUSED] {}
        1006 SmbServerRefused [SMB_REFUSED] {}
        1007 SmbServerRefused [SMB_REFUSED] {}
        1009 SmbServerRefused [SMB_REFUSED] {}
    },
    other: None,
};

pub const SMB_CLIENT: Origin = Origin {
    providers: &["microsoft-windows-smbclient"],
    channel: "microsoft-windows-smbclient/security",
    events: specs! {
        31001 SmbClientRefused [] {
            "LogonId" SubjectLogonId, "ServerName" TargetServer, "UserName" TargetUser, "Status" Status,
        }
    },
    other: None,
};

pub const SMB_CONNECTIVITY: Origin = Origin {
    providers: &["microsoft-windows-smbclient"],
    channel: "microsoft-windows-smbclient/connectivity",
    events: specs! {
        30803 SmbClientTrouble [SMB_TROUBLE] {}
        30804 SmbClientTrouble [SMB_TROUBLE] {}
        30805 SmbClientTrouble [SMB_TROUBLE] {}
        30806 SmbClientTrouble [SMB_TROUBLE] {}
        30807 SmbClientTrouble [SMB_TROUBLE] {}
        30808 SmbClientTrouble [SMB_TROUBLE] {}
    },
    other: None,
};

pub const TASKS: Origin = Origin {
    providers: &["microsoft-windows-taskscheduler"],
    channel: "microsoft-windows-taskscheduler/operational",
    events: specs! {
        100 TaskStarted [TASK] {}
        102 TaskEnded [TASK] {}
        106 TaskRegistered [TASK] {}
        119 TaskAtLogon [TASK] {}
        129 TaskAction [TASK] { "Path" NewProcess, "ProcessID" NewProcessId }
        140 TaskRegistered [TASK] {}
        141 TaskRegistered [TASK] {}
        200 TaskAction [TASK] { "ActionName" NewProcess }
        201 TaskAction [TASK] { "ActionName" NewProcess }
    },
    other: None,
};

pub const SHELL: Origin = Origin {
    providers: &["microsoft-windows-shell-core"],
    channel: "microsoft-windows-shell-core/operational",
    events: specs! {
        9705 RunKeys [BY] {}
        9706 RunKeys [BY] {}
        9707 RunKeys [BY] { "Command" CommandLine }
        9708 RunKeys [BY] { "Command" CommandLine }
    },
    other: None,
};
