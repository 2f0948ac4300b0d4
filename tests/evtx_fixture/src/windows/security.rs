//! The Security channel: the auditing provider, and the event log service that writes there too.

use super::{
    AUDIT_FAILURE, AUDIT_SUCCESS, Definition, FieldDef, Source, guid, hex32, hex64, pointer, sid, text, time,
    u16, u32,
};
use crate::event::Layout;

const EVENTLOG_NAMESPACE: &str = "http://manifests.microsoft.com/win/2004/08/windows/eventlog";
const EVENTLOG_GUID: &str = "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}";

pub(super) const SOURCES: &[Source] = &[
    Source {
        key: "Security",
        provider: "Microsoft-Windows-Security-Auditing",
        guid: "{54849625-5478-4994-a5ba-3e3b0328c30d}",
        source_name: "",
        channel: "Security",
        layout: Layout::Manifest,
        process_id: 744,
        user_sid: None,
        definitions: AUDITING,
    },
    Source {
        key: "Security",
        provider: "Microsoft-Windows-Security-Auditing",
        guid: "{54849625-5478-4994-a5ba-3e3b0328c30d}",
        source_name: "",
        channel: "Security",
        layout: Layout::Manifest,
        process_id: 744,
        user_sid: None,
        definitions: super::accounts::AUDITING,
    },
    Source {
        key: "EventLog",
        provider: "Microsoft-Windows-Eventlog",
        guid: EVENTLOG_GUID,
        source_name: "",
        channel: "Security",
        layout: Layout::Literal,
        process_id: 1552,
        user_sid: None,
        definitions: EVENTLOG,
    },
    Source {
        key: "EventLog",
        provider: "Microsoft-Windows-Eventlog",
        guid: EVENTLOG_GUID,
        source_name: "",
        channel: "System",
        layout: Layout::Literal,
        process_id: 1552,
        user_sid: Some(crate::value::Sid::SYSTEM),
        definitions: EVENTLOG_SYSTEM,
    },
    Source {
        key: "EventLog2008",
        provider: "Microsoft-Windows-Eventlog",
        guid: EVENTLOG_GUID,
        source_name: "",
        channel: "Security",
        layout: Layout::Literal,
        process_id: 920,
        user_sid: None,
        definitions: EVENTLOG_2008,
    },
];

/// Who asked: SYSTEM unless told.
pub(super) const SUBJECT: &[FieldDef] = &[
    sid("SubjectUserSid", "S-1-5-18"),
    text("SubjectUserName", "SYSTEM"),
    text("SubjectDomainName", "NT AUTHORITY"),
    hex64("SubjectLogonId", "0x3e7"),
];

/// Whose session.
const TARGET: &[FieldDef] = &[
    sid("TargetUserSid", "S-1-0-0"),
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    hex64("TargetLogonId", "0x0"),
];

const LOGON: &[FieldDef] = &[
    u32("LogonType", "3"),
    text("LogonProcessName", "NtLmSsp "),
    text("AuthenticationPackageName", "NTLM"),
    text("WorkstationName", "-"),
    guid("LogonGuid"),
    text("TransmittedServices", "-"),
    text("LmPackageName", "-"),
    u32("KeyLength", "0"),
];
const CLIENT: &[FieldDef] =
    &[pointer("ProcessId", "0x0"), text("ProcessName", "-"), text("IpAddress", "-"), text("IpPort", "-")];
const IMPERSONATION: &[FieldDef] = &[text("ImpersonationLevel", "%%1833")];
const RESTRICTED_ADMIN: &[FieldDef] = &[text("RestrictedAdminMode", "-")];
const CREDENTIAL_GUARD: &[FieldDef] = &[text("RemoteCredentialGuard", "-")];
const LOGON_V2: &[FieldDef] = &[
    text("TargetOutboundUserName", "-"),
    text("TargetOutboundDomainName", "-"),
    text("VirtualAccount", "%%1843"),
    hex64("TargetLinkedLogonId", "0x0"),
    text("ElevatedToken", "%%1843"),
];

const FAILED_LOGON: &[FieldDef] = &[
    sid("TargetUserSid", "S-1-0-0"),
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    hex32("Status", "0xc000006d"),
    text("FailureReason", "%%2313"),
    hex32("SubStatus", "0xc000006a"),
    u32("LogonType", "3"),
    text("LogonProcessName", "NtLmSsp "),
    text("AuthenticationPackageName", "NTLM"),
    text("WorkstationName", "-"),
    text("TransmittedServices", "-"),
    text("LmPackageName", "-"),
    u32("KeyLength", "0"),
];

const LOGON_TYPE: &[FieldDef] = &[u32("LogonType", "2")];
pub(super) const PROCESS: &[FieldDef] =
    &[pointer("ProcessId", "0x4e8"), text("ProcessName", "C:\\Windows\\System32\\svchost.exe")];

const NEW_PROCESS: &[FieldDef] = &[
    pointer("NewProcessId", "0x1a2c"),
    text("NewProcessName", "C:\\Windows\\System32\\cmd.exe"),
    text("TokenElevationType", "%%1938"),
    pointer("ProcessId", "0x11f4"),
];
const COMMAND_LINE: &[FieldDef] = &[text("CommandLine", "")];
const NEW_PROCESS_V2: &[FieldDef] =
    &[text("ParentProcessName", "C:\\Windows\\explorer.exe"), sid("MandatoryLabel", "S-1-16-8192")];

pub(super) const AUDIT_CHANGE: &[FieldDef] = &[
    text("CategoryId", "%%8273"),
    text("SubcategoryId", "%%12545"),
    super::field("SubcategoryGuid", super::Kind::Guid, "{0cce9216-69ae-11d9-bed3-505054503030}"),
    text("AuditPolicyChanges", "%%8448"),
];
const CLIENT_START_KEY: &[FieldDef] =
    &[u32("ClientProcessId", "2408"), field_u64("ClientProcessStartKey", "2251799813685300")];

const WINDOW_STATION: &[FieldDef] = &[
    text("AccountName", "-"),
    text("AccountDomain", "-"),
    hex64("LogonID", "0x0"),
    text("SessionName", "RDP-Tcp#0"),
    text("ClientName", "-"),
    text("ClientAddress", "-"),
];
const SESSION_ID: &[FieldDef] = &[u32("SessionId", "1")];

const BOOT_CONFIGURATION: &[FieldDef] = &[
    text("LoadOptions", "-"),
    text("AdvancedOptions", "%%1843"),
    text("ConfigAccessPolicy", "%%1846"),
    text("RemoteEventLogging", "%%1843"),
    text("KernelDebug", "%%1843"),
    text("VsmLaunchType", "%%1848"),
    text("TestSigning", "%%1843"),
    text("FlightSigning", "%%1843"),
    text("DisableIntegrityChecks", "%%1843"),
    text("HypervisorLoadOptions", "-"),
    text("HypervisorLaunchType", "%%1848"),
    text("HypervisorDebug", "%%1843"),
];

const PRIVILEGES: &str = "SeSecurityPrivilege\r\n\t\t\tSeTakeOwnershipPrivilege\r\n\t\t\tSeLoadDriverPrivilege\r\n\t\t\t\
    SeBackupPrivilege\r\n\t\t\tSeRestorePrivilege\r\n\t\t\tSeDebugPrivilege\r\n\t\t\t\
    SeSystemEnvironmentPrivilege\r\n\t\t\tSeImpersonatePrivilege";

/// <https://learn.microsoft.com/windows/security/threat-protection/auditing/security-auditing-overview>
const AUDITING: &[Definition] = &[
    success(4608, 12288, &[]),
    success(4609, 12288, &[]),
    success(4610, 12289, &[&[text("AuthenticationPackageName", "C:\\Windows\\system32\\msv1_0.DLL : NTLM")]]),
    success(4611, 12289, &[SUBJECT, &[text("LogonProcessName", "Winlogon")]]),
    success(4614, 12289, &[&[text("NotificationPackageName", "scecli")]]),
    success(
        4616,
        12288,
        &[
            SUBJECT,
            &[
                text("PreviousDate", "\u{200e}1\u{200e}/\u{200e}1\u{200e}/\u{200e}2024"),
                text("PreviousTime", "\u{200e}12:00:00 AM"),
                text("NewDate", "\u{200e}1\u{200e}/\u{200e}1\u{200e}/\u{200e}2024"),
                text("NewTime", "\u{200e}12:00:00 AM"),
            ],
            PROCESS,
        ],
    ),
    success(4616, 12288, &[SUBJECT, &[time("PreviousTime"), time("NewTime")], PROCESS]).version(1),
    success(4621, 12288, &[&[text("CrashOnAuditFailValue", "2")]]),
    success(4622, 12289, &[&[text("SecurityPackageName", "C:\\Windows\\system32\\msv1_0.DLL : NTLM")]]),
    // Rare still, so it comes before the others: of several versions the last is the default.
    success(
        4624,
        12544,
        &[SUBJECT, TARGET, LOGON, CLIENT, IMPERSONATION, RESTRICTED_ADMIN, CREDENTIAL_GUARD, LOGON_V2],
    )
    .version(3),
    success(4624, 12544, &[SUBJECT, TARGET, LOGON, CLIENT]),
    success(4624, 12544, &[SUBJECT, TARGET, LOGON, CLIENT, IMPERSONATION]).version(1),
    success(4624, 12544, &[SUBJECT, TARGET, LOGON, CLIENT, IMPERSONATION, RESTRICTED_ADMIN, LOGON_V2])
        .version(2),
    failure(4625, 12544, &[SUBJECT, FAILED_LOGON, CLIENT]),
    success(
        4626,
        12553,
        &[
            SUBJECT,
            TARGET,
            LOGON_TYPE,
            &[
                u32("EventIdx", "1"),
                u32("EventCountTotal", "1"),
                text("UserClaims", "ad://ext/cn:88d2b96fdb2b4c49 <String> : \"alice\""),
                text("DeviceClaims", "-"),
            ],
        ],
    ),
    success(
        4627,
        12554,
        &[
            SUBJECT,
            TARGET,
            LOGON_TYPE,
            &[
                u32("EventIdx", "1"),
                u32("EventCountTotal", "1"),
                text("GroupMembership", "\r\n\t\t%{S-1-1-0}\r\n\t\t%{S-1-5-32-545}\r\n\t\t%{S-1-5-4}"),
            ],
        ],
    ),
    success(4634, 12545, &[TARGET, LOGON_TYPE]),
    success(4647, 12545, &[TARGET]),
    success(
        4648,
        12544,
        &[
            SUBJECT,
            &[
                guid("LogonGuid"),
                text("TargetUserName", "-"),
                text("TargetDomainName", "-"),
                guid("TargetLogonGuid"),
                text("TargetServerName", "localhost"),
                text("TargetInfo", "localhost"),
            ],
            CLIENT,
        ],
    ),
    failure(
        4649,
        12551,
        &[
            SUBJECT,
            &[
                text("TargetUserName", "-"),
                text("TargetDomainName", "-"),
                text("RequestType", "%%1"),
                text("LogonProcessName", "Kerberos"),
                text("AuthenticationPackage", "Kerberos"),
                text("WorkstationName", "-"),
                text("TransmittedServices", "-"),
            ],
            PROCESS,
        ],
    ),
    success(
        4656,
        12800,
        &[
            SUBJECT,
            &[
                text("ObjectServer", "Security"),
                text("ObjectType", "File"),
                text("ObjectName", "C:\\Shares\\Finance\\2024\\Budget.xlsx"),
                pointer("HandleId", "0x1b4"),
                guid("TransactionId"),
                text("AccessList", "%%4416\r\n\t\t\t\t"),
                text("AccessReason", "-"),
                hex32("AccessMask", "0x1"),
                text("PrivilegeList", "-"),
                u32("RestrictedSidCount", "0"),
            ],
            PROCESS,
            &[text("ResourceAttributes", "-")],
        ],
    )
    .version(1),
    success(4658, 12800, &[SUBJECT, HANDLE, PROCESS]),
    success(4663, 12800, &[SUBJECT, OBJECT, PROCESS, &[text("ResourceAttributes", "S:AI")]]).version(1),
    success(4672, 12548, &[SUBJECT, &[text("PrivilegeList", PRIVILEGES)]]),
    success(
        4675,
        12544,
        &[&[
            sid("TargetUserSid", "S-1-0-0"),
            text("TargetUserName", "-"),
            text("TargetDomainName", "-"),
            u32("TdoDirection", "3"),
            u32("TdoAttributes", "4"),
            u32("TdoType", "2"),
            sid("TdoSid", "S-1-5-21-1-2-3"),
            text("SidList", "-"),
        ]],
    ),
    success(4688, 13312, &[SUBJECT, NEW_PROCESS]),
    success(4688, 13312, &[SUBJECT, NEW_PROCESS, COMMAND_LINE]).version(1),
    success(4688, 13312, &[SUBJECT, NEW_PROCESS, COMMAND_LINE, TARGET, NEW_PROCESS_V2]).version(2),
    success(4689, 13313, &[SUBJECT, &[hex32("Status", "0x0")], PROCESS]),
    success(
        4690,
        12807,
        &[
            SUBJECT,
            &[
                pointer("SourceHandleId", "0x1b4"),
                pointer("SourceProcessId", "0x2a8"),
                pointer("TargetHandleId", "0x1c8"),
                pointer("TargetProcessId", "0x4"),
            ],
        ],
    ),
    success(
        4696,
        13312,
        &[
            SUBJECT,
            TARGET,
            &[
                pointer("TargetProcessId", "0x7c"),
                text("TargetProcessName", "Registry"),
                pointer("ProcessId", "0x4"),
                text("ProcessName", ""),
            ],
        ],
    ),
    success(
        4703,
        13317,
        &[
            SUBJECT,
            TARGET,
            &[
                text("ProcessName", "C:\\Windows\\System32\\svchost.exe"),
                pointer("ProcessId", "0x4e8"),
                text("EnabledPrivilegeList", "SeRestorePrivilege"),
                text("DisabledPrivilegeList", "-"),
            ],
        ],
    ),
    success(4719, 13568, &[SUBJECT, AUDIT_CHANGE]),
    success(4719, 13568, &[SUBJECT, AUDIT_CHANGE, CLIENT_START_KEY]).version(1),
    success(
        4776,
        14336,
        &[&[
            text("PackageName", "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0"),
            text("TargetUserName", "-"),
            text("Workstation", "-"),
            hex32("Status", "0x0"),
        ]],
    ),
    success(4778, 12551, &[WINDOW_STATION]),
    success(4779, 12551, &[WINDOW_STATION]),
    success(4800, 12551, &[TARGET, SESSION_ID]),
    success(4801, 12551, &[TARGET, SESSION_ID]),
    success(4802, 12551, &[TARGET, SESSION_ID]),
    success(4803, 12551, &[TARGET, SESSION_ID]),
    failure(
        4825,
        12551,
        &[&[
            text("AccountName", "-"),
            text("AccountDomain", "-"),
            hex64("LogonID", "0x0"),
            text("ClientAddress", "-"),
        ]],
    ),
    success(4826, 13573, &[SUBJECT, BOOT_CONFIGURATION]),
    success(4902, 13568, &[&[u32("PuaCount", "0"), hex64("PuaPolicyId", "0x1847d")]]),
    success(
        4964,
        12548,
        &[SUBJECT, &[guid("LogonGuid")], TARGET, &[guid("TargetLogonGuid"), text("SidList", "-")]],
    ),
    success(5156, 12810, &[CONNECTION]),
    success(5156, 12810, &[CONNECTION, REMOTE_IDS]).version(1),
    failure(
        5378,
        12551,
        &[
            SUBJECT,
            &[
                text("Package", "CREDSSP"),
                text("UserUPN", "-"),
                text("TargetServer", "-"),
                text("CredType", "%%8098"),
            ],
        ],
    ),
    success(5632, 12551, &[WIRELESS, &[hex64("SubjectLogonId", "0x3e7")], WIRELESS_REST]).version(1),
    success(5633, 12551, &[WIRED, &[hex64("SubjectLogonId", "0x3e7")], WIRED_REST]),
];

const HANDLE: &[FieldDef] = &[text("ObjectServer", "Security"), pointer("HandleId", "0x1b4")];
const OBJECT: &[FieldDef] = &[
    text("ObjectServer", "Security"),
    text("ObjectType", "File"),
    text("ObjectName", "C:\\Shares\\Finance\\2024\\Budget.xlsx"),
    pointer("HandleId", "0x1b4"),
    text("AccessList", "%%4416\r\n\t\t\t\t"),
    hex32("AccessMask", "0x1"),
];
const CONNECTION: &[FieldDef] = &[
    field_u64("ProcessID", "1264"),
    text("Application", "\\device\\harddiskvolume2\\windows\\system32\\svchost.exe"),
    text("Direction", "%%14592"),
    text("SourceAddress", "192.0.2.10"),
    text("SourcePort", "3389"),
    text("DestAddress", "192.0.2.77"),
    text("DestPort", "50122"),
    u32("Protocol", "6"),
    field_u64("FilterRTID", "68903"),
    text("LayerName", "%%14610"),
    field_u64("LayerRTID", "44"),
];
const REMOTE_IDS: &[FieldDef] = &[sid("RemoteUserID", "S-1-0-0"), sid("RemoteMachineID", "S-1-0-0")];

const WIRELESS: &[FieldDef] = &[
    text("SSID", "Guest"),
    text("Identity", "-"),
    text("SubjectUserName", "-"),
    text("SubjectDomainName", "-"),
];
const WIRELESS_REST: &[FieldDef] = &[
    text("PeerMac", "00:11:22:33:44:55"),
    text("LocalMac", "66:77:88:99:AA:BB"),
    guid("IntfGuid"),
    hex32("ReasonCode", "0x0"),
    text("ReasonText", "The operation was successful."),
    hex32("ErrorCode", "0x0"),
    text("EAPReasonCode", "0x0"),
    text("EapRootCauseString", ""),
    text("EAPErrorCode", "0x0"),
];
const WIRED: &[FieldDef] = &[
    text("InterfaceName", "Ethernet"),
    text("Identity", "-"),
    text("SubjectUserName", "-"),
    text("SubjectDomainName", "-"),
];
const WIRED_REST: &[FieldDef] = &[
    hex32("ReasonCode", "0x0"),
    text("ReasonText", "The operation was successful."),
    hex32("ErrorCode", "0x0"),
];

const LOG_CLEARED: &[FieldDef] = &[
    sid("SubjectUserSid", "S-1-5-18"),
    text("SubjectUserName", "SYSTEM"),
    text("SubjectDomainName", "NT AUTHORITY"),
    hex64("SubjectLogonId", "0x3e7"),
];
const BACKUP: &[FieldDef] = &[
    text("Channel", "Security"),
    text("BackupPath", "C:\\Windows\\System32\\Winevt\\Logs\\Archive-Security-2024-01-01-00-00-00-000.evtx"),
];

const SYSTEM_LOG_CLEARED: &[FieldDef] = &[
    text("SubjectUserName", "SYSTEM"),
    text("SubjectDomainName", "NT AUTHORITY"),
    text("Channel", "System"),
    text("BackupPath", ""),
];

const EVENTLOG: &[Definition] = &[
    service(1100, 4, 103, "ServiceShutdown", &[]),
    service(1101, 2, 101, "AuditEventsDropped", &[&[super::field("Reason", super::Kind::U8, "0")]]),
    service(1102, 4, 104, "LogFileCleared", &[LOG_CLEARED]),
    service(1102, 4, 104, "LogFileCleared", &[LOG_CLEARED, CLIENT_START_KEY]).version(1),
    // How 1103, 1104 and 1106 name their element is not known: no sample has them.
    service(1103, 4, 101, "EventLogNearlyFull", &[&[u32("PercentFull", "90")]]),
    service(1104, 2, 101, "FileIsFull", &[]),
    service(1105, 4, 105, "AutoBackup", &[BACKUP]),
    service(1106, 2, 101, "EventProcessingError", &[&[hex32("Reason", "0x22")]]),
    service(
        1107,
        2,
        101,
        "EventProcessingFailure",
        &[&[
            u32("ErrorCode", "15005"),
            u16("EventID", "0"),
            text("PublisherName", "Microsoft-Windows-Security-Auditing"),
            guid("PublisherGuid"),
            u32("ProcessID", "744"),
        ]],
    ),
    service(
        1108,
        2,
        101,
        "EventProcessingFailure",
        &[&[
            u32("ErrorCode", "15005"),
            u16("EventID", "0"),
            text("PublisherID", "Microsoft-Windows-Security-Auditing"),
        ]],
    ),
];

const EVENTLOG_SYSTEM: &[Definition] = &[
    Definition::new(104, &[SYSTEM_LOG_CLEARED]).task(104).user_data("LogFileCleared", EVENTLOG_NAMESPACE),
    Definition::new(104, &[SYSTEM_LOG_CLEARED, CLIENT_START_KEY])
        .version(1)
        .task(104)
        .user_data("LogFileCleared", EVENTLOG_NAMESPACE),
    Definition::new(105, &[BACKUP]).task(105).user_data("AutoBackup", EVENTLOG_NAMESPACE),
    // The name of its element is not known either.
    Definition::new(106, &[&[text("Channel", "Security")]])
        .level(2)
        .user_data("FileCorrupt", EVENTLOG_NAMESPACE),
];

/// Server 2008 kept the error code in an attribute.
const EVENTLOG_2008: &[Definition] = &[service(
    1108,
    2,
    101,
    "EventProcessingFailure",
    &[&[
        u32("Error@Code", "15007"),
        u16("EventID", "0"),
        text("PublisherID", "Microsoft-Windows-Security-Auditing"),
    ]],
)];

pub(super) const fn success(id: u16, task: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(task).level(0).keywords(AUDIT_SUCCESS)
}

pub(super) const fn failure(id: u16, task: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    success(id, task, fields).keywords(AUDIT_FAILURE)
}

/// What the event log service itself writes into the Security channel.
const fn service(
    id: u16,
    level: u8,
    task: u16,
    element: &'static str,
    fields: &'static [&'static [FieldDef]],
) -> Definition {
    let keywords = 0x4020_0000_0000_0000;
    Definition::new(id, fields)
        .level(level)
        .task(task)
        .keywords(keywords)
        .user_data(element, EVENTLOG_NAMESPACE)
}

pub(super) const fn field_u64(name: &'static str, default: &'static str) -> FieldDef {
    super::field(name, super::Kind::U64, default)
}
