//! The Security channel (domain.md A.1 and A.2).

use super::{Keep, Named, Origin, SUBJECT, Spec, TARGET, concat, len, specs};
use crate::event::{Field, Kind};

/// 4778 and 4779: no SID, and LogonID in this spelling.
const TS_ACCOUNT: &[Named] = &[
    ("AccountName", Field::TargetUser),
    ("AccountDomain", Field::TargetDomain),
    ("LogonID", Field::TargetLogonId),
    ("SessionName", Field::SessionName),
    ("ClientName", Field::Workstation),
    ("ClientAddress", Field::Address),
];

/// The account that something is done to.
const OBJECT: &[Named] = &[
    ("TargetUserName", Field::TargetUser),
    ("TargetDomainName", Field::TargetDomain),
    ("TargetSid", Field::TargetSid),
];

/// Who joins or leaves a group; the group itself is the [`OBJECT`].
const MEMBER: &[Named] = &[("MemberName", Field::MemberName), ("MemberSid", Field::MemberSid)];

/// Where a request came from.
const CLIENT: &[Named] = &[("IpAddress", Field::Address), ("IpPort", Field::Port)];

pub const AUDITING: Origin = Origin {
    providers: &["microsoft-windows-security-auditing"],
    channel: "security",
    events: specs! {
        4608 AuditStarted [] {}
        4609 AuditStopped [] {}
        4610 PackageLoaded [] { "AuthenticationPackageName" AuthPackage }
        4611 LogonProcessRegistered [SUBJECT] { "LogonProcessName" LogonProcess }
        4614 PackageLoaded [] { "NotificationPackageName" AuthPackage }
        4616 ClockSet [SUBJECT] {
            "PreviousTime" PreviousTime, "NewTime" NewTime, "ProcessId" ProcessId, "ProcessName" ProcessName,
        }
        4621 AuditRecovered [] {}
        4622 PackageLoaded [] { "SecurityPackageName" AuthPackage }
        4624 Logon [SUBJECT, TARGET, CLIENT] {
            "LogonType" LogonType, "LogonProcessName" LogonProcess, "AuthenticationPackageName" AuthPackage,
            "WorkstationName" Workstation, "LogonGuid" LogonGuid, "LmPackageName" LmPackage,
            "KeyLength" KeyLength, "ProcessId" ProcessId, "ProcessName" ProcessName,
            "RestrictedAdminMode" RestrictedAdmin, "TargetOutboundUserName" OutboundUser,
            "TargetOutboundDomainName" OutboundDomain, "VirtualAccount" VirtualAccount,
            "TargetLinkedLogonId" LinkedLogonId, "ElevatedToken" Elevated,
        }
        4625 LogonFailed [SUBJECT, CLIENT] {
            "TargetUserSid" TargetSid, "TargetUserName" TargetUser, "TargetDomainName" TargetDomain,
            "Status" Status, "SubStatus" SubStatus, "FailureReason" FailureReason, "LogonType" LogonType,
            "LogonProcessName" LogonProcess, "AuthenticationPackageName" AuthPackage,
            "WorkstationName" Workstation, "ProcessName" ProcessName,
        }
        4626 ClaimsListed [SUBJECT, TARGET] { "LogonType" LogonType }
        4627 GroupsListed [SUBJECT, TARGET] { "LogonType" LogonType }
        4634 Logoff [TARGET] { "LogonType" LogonType }
        4647 UserLogoff [TARGET] {}
        4648 ExplicitCredentials [SUBJECT, CLIENT] {
            "LogonGuid" LogonGuid, "TargetUserName" TargetUser, "TargetDomainName" TargetDomain,
            "TargetLogonGuid" TargetLogonGuid, "TargetServerName" TargetServer, "TargetInfo" TargetInfo,
            "ProcessId" ProcessId, "ProcessName" ProcessName,
        }
        4649 ReplayDetected [SUBJECT] {
            "TargetUserName" TargetUser, "TargetDomainName" TargetDomain, "WorkstationName" Workstation,
            "ProcessName" ProcessName,
        }
        4672 SpecialPrivileges [SUBJECT] { "PrivilegeList" Privileges }
        4675 SidsFiltered [] {
            "TargetUserSid" TargetSid, "TargetUserName" TargetUser, "TargetDomainName" TargetDomain,
        }
        4688 ProcessCreated [SUBJECT, TARGET] {
            "NewProcessId" NewProcessId, "NewProcessName" NewProcess, "ProcessId" ProcessId,
            "ParentProcessName" ParentProcess, "CommandLine" CommandLine, "TokenElevationType" TokenElevation,
            "MandatoryLabel" MandatoryLabel,
        }
        4689 ProcessExited [SUBJECT] { "ProcessId" ProcessId, "ProcessName" ProcessName }
        4696 TokenAssigned [SUBJECT, TARGET] { "TargetProcessName" NewProcess }
        4697 ServiceInstalled [SUBJECT] {
            "ServiceName" ServiceName, "ServiceFileName" ServiceFile, "ServiceAccount" ServiceAccount,
        }
        4698 TaskCreated [SUBJECT] { "TaskName" TaskName }
        4699 TaskChanged [SUBJECT] { "TaskName" TaskName }
        4700 TaskChanged [SUBJECT] { "TaskName" TaskName }
        4701 TaskChanged [SUBJECT] { "TaskName" TaskName }
        4702 TaskChanged [SUBJECT] { "TaskName" TaskName }
        4719 AuditPolicyChanged [SUBJECT] {
            "SubcategoryId" SubcategoryId, "SubcategoryGuid" Subcategory, "AuditPolicyChanges" AuditChanges,
        }
        4720 AccountCreated [SUBJECT, OBJECT] {}
        4722 AccountChanged [SUBJECT, OBJECT] {}
        4723 AccountChanged [SUBJECT, OBJECT] {}
        4724 AccountChanged [SUBJECT, OBJECT] {}
        4725 AccountChanged [SUBJECT, OBJECT] {}
        4726 AccountChanged [SUBJECT, OBJECT] {}
        4727 GroupChanged [SUBJECT, OBJECT] {}
        4728 GroupChanged [SUBJECT, OBJECT, MEMBER] {}
        4729 GroupChanged [SUBJECT, OBJECT, MEMBER] {}
        4730 GroupChanged [SUBJECT, OBJECT] {}
        4731 GroupChanged [SUBJECT, OBJECT] {}
        4732 GroupChanged [SUBJECT, OBJECT, MEMBER] {}
        4733 GroupChanged [SUBJECT, OBJECT, MEMBER] {}
        4734 GroupChanged [SUBJECT, OBJECT] {}
        4735 GroupChanged [SUBJECT, OBJECT] {}
        4737 GroupChanged [SUBJECT, OBJECT] {}
        4738 AccountChanged [SUBJECT, OBJECT] {}
        4740 AccountLockedOut [SUBJECT] {
            "TargetUserName" TargetUser, "TargetSid" TargetSid, "TargetDomainName" Workstation,
        }
        4741 AccountCreated [SUBJECT, OBJECT] {}
        4742 AccountChanged [SUBJECT, OBJECT] {}
        4743 AccountChanged [SUBJECT, OBJECT] {}
        4754 GroupChanged [SUBJECT, OBJECT] {}
        4755 GroupChanged [SUBJECT, OBJECT] {}
        4756 GroupChanged [SUBJECT, OBJECT, MEMBER] {}
        4757 GroupChanged [SUBJECT, OBJECT, MEMBER] {}
        4758 GroupChanged [SUBJECT, OBJECT] {}
        4767 AccountChanged [SUBJECT, OBJECT] {}
        4768 TicketGranted [OBJECT, CLIENT] {
            "ServiceName" ServiceName, "Status" Status, "TicketEncryptionType" TicketEncryption,
            "PreAuthType" PreAuthType,
        }
        4769 ServiceTicketGranted [CLIENT] {
            "TargetUserName" TargetUser, "TargetDomainName" TargetDomain, "ServiceName" ServiceName, "Status" Status,
            "TicketEncryptionType" TicketEncryption, "LogonGuid" LogonGuid,
        }
        4770 TicketRenewed [CLIENT] {
            "TargetUserName" TargetUser, "TargetDomainName" TargetDomain, "ServiceName" ServiceName,
        }
        4771 PreauthFailed [CLIENT] {
            "TargetUserName" TargetUser, "TargetSid" TargetSid, "ServiceName" ServiceName, "Status" Status,
            "PreAuthType" PreAuthType,
        }
        4776 NtlmValidated [] {
            "PackageName" AuthPackage, "TargetUserName" TargetUser, "Workstation" Workstation, "Status" Status,
        }
        4778 Reconnected [TS_ACCOUNT] {}
        4779 Disconnected [TS_ACCOUNT] {}
        4781 AccountChanged [SUBJECT] {
            "NewTargetUserName" TargetUser, "OldTargetUserName" OldName, "TargetDomainName" TargetDomain,
            "TargetSid" TargetSid,
        }
        4800 Locked [TARGET] { "SessionId" TsSession }
        4801 Unlocked [TARGET] { "SessionId" TsSession }
        4802 ScreensaverOn [TARGET] { "SessionId" TsSession }
        4803 ScreensaverOff [TARGET] { "SessionId" TsSession }
        4825 RemoteLogonDenied [TS_ACCOUNT] {}
        4826 BootConfiguration [] {}
        4902 PolicyTableCreated [] {}
        4912 UserAuditPolicyChanged [SUBJECT] {
            "TargetUserSid" TargetSid, "SubcategoryId" SubcategoryId, "SubcategoryGuid" Subcategory,
            "AuditPolicyChanges" AuditChanges,
        }
        4964 SpecialGroups [SUBJECT, TARGET] { "TargetLogonGuid" TargetLogonGuid, "SidList" Groups }
        5140 ShareOpened if Cited [SUBJECT, CLIENT] { "ShareName" ShareName }
        5145 ShareFileUsed if Cited [SUBJECT, CLIENT] { "ShareName" ShareName, "RelativeTargetName" ObjectName }
        5156 ConnectionAllowed if LogonPorts [] {
            "ProcessID" ProcessId, "Application" ProcessName, "Direction" Direction, "SourceAddress" Address,
            "SourcePort" Port, "DestAddress" DestAddress, "DestPort" DestPort,
        }
        5376 CredentialsRead if Cited [SUBJECT] {}
        5377 CredentialsRead if Cited [SUBJECT] {}
        5378 DelegationDenied [SUBJECT] { "UserUPN" TargetUser, "TargetServer" TargetServer }
        5379 CredentialsRead if Cited [SUBJECT] {}
        5381 CredentialsRead if Cited [SUBJECT] {}
        5382 CredentialsRead if Cited [SUBJECT] {}
        5632 NetworkAccess [SUBJECT] {}
        5633 NetworkAccess [SUBJECT] {}
    },
    other: Some(Spec {
        id: 0,
        kind: Kind::Activity,
        keep: Keep::Cited,
        fields: {
            const PARTS: &[&[Named]] = &[SUBJECT, TARGET];
            const FIELDS: [Named; len(PARTS)] = concat(PARTS);
            &FIELDS
        },
    }),
};

pub const EVENT_LOG: Origin = Origin {
    providers: &["microsoft-windows-eventlog"],
    channel: "security",
    events: specs! {
        1100 EventLogStopped [] {}
        1101 AuditEventsDropped [] {}
        1102 LogCleared [SUBJECT] {}
        1103 LogNearlyFull [] {}
        1104 LogFull [] {}
        1105 LogArchived [] { "Channel" ClearedChannel, "BackupPath" BackupPath }
        1106 LogTrouble [] {}
        1107 LogTrouble [] {}
        1108 EventLost [] { "EventID" LostEventId, "PublisherID" LostProvider }
    },
    other: None,
};
