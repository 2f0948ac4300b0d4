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
];

/// Who asked: SYSTEM unless told.
const SUBJECT: &[FieldDef] = &[
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
const PROCESS: &[FieldDef] =
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

const SERVICE: &[FieldDef] = &[
    text("ServiceName", "ExampleService"),
    text("ServiceFileName", "C:\\Windows\\example.exe"),
    hex32("ServiceType", "0x10"),
    u32("ServiceStartType", "3"),
    text("ServiceAccount", "LocalSystem"),
];
const CALLING_PROCESS: &[FieldDef] = &[
    field_u64("ClientProcessStartKey", "2251799813685300"),
    u32("ClientProcessId", "2408"),
    u32("ParentProcessId", "640"),
];
const TASK_CLIENT: &[FieldDef] = &[u32("RpcCallClientLocality", "0"), text("FQDN", "PC1")];

const USER_ATTRIBUTES: &[FieldDef] = &[
    text("PrivilegeList", "-"),
    text("SamAccountName", "-"),
    text("DisplayName", "%%1793"),
    text("UserPrincipalName", "-"),
    text("HomeDirectory", "%%1793"),
    text("HomePath", "%%1793"),
    text("ScriptPath", "%%1793"),
    text("ProfilePath", "%%1793"),
    text("UserWorkstations", "%%1793"),
    text("PasswordLastSet", "%%1794"),
    text("AccountExpires", "%%1794"),
    text("PrimaryGroupId", "513"),
    text("AllowedToDelegateTo", "-"),
    text("OldUacValue", "0x0"),
    text("NewUacValue", "0x15"),
    text("UserAccountControl", "\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084"),
    text("UserParameters", "%%1793"),
    text("SidHistory", "-"),
    text("LogonHours", "%%1797"),
];

const AUDIT_CHANGE: &[FieldDef] = &[
    text("CategoryId", "%%8273"),
    text("SubcategoryId", "%%12545"),
    super::field("SubcategoryGuid", super::Kind::Guid, "{0cce9216-69ae-11d9-bed3-505054503030}"),
    text("AuditPolicyChanges", "%%8448"),
];
const CLIENT_START_KEY: &[FieldDef] =
    &[u32("ClientProcessId", "2408"), field_u64("ClientProcessStartKey", "2251799813685300")];

const TICKET_REQUEST: &[FieldDef] = &[
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    sid("TargetSid", "S-1-0-0"),
    text("ServiceName", "krbtgt"),
    sid("ServiceSid", "CORP\\krbtgt"),
    hex32("TicketOptions", "0x40810010"),
    hex32("Status", "0x0"),
    hex32("TicketEncryptionType", "0x12"),
    text("PreAuthType", "2"),
    text("IpAddress", "-"),
    text("IpPort", "0"),
    text("CertIssuerName", ""),
    text("CertSerialNumber", ""),
    text("CertThumbprint", ""),
];

const SERVICE_TICKET: &[FieldDef] = &[
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    text("ServiceName", "-"),
    sid("ServiceSid", "S-1-0-0"),
    hex32("TicketOptions", "0x40810000"),
    hex32("TicketEncryptionType", "0x12"),
    text("IpAddress", "-"),
    text("IpPort", "0"),
    hex32("Status", "0x0"),
    guid("LogonGuid"),
    text("TransmittedServices", "-"),
];

const WINDOW_STATION: &[FieldDef] = &[
    text("AccountName", "-"),
    text("AccountDomain", "-"),
    hex64("LogonID", "0x0"),
    text("SessionName", "RDP-Tcp#0"),
    text("ClientName", "-"),
    text("ClientAddress", "-"),
];
const SESSION_ID: &[FieldDef] = &[u32("SessionId", "1")];

const SHARE_CLIENT: &[FieldDef] =
    &[text("IpAddress", "-"), text("IpPort", "0"), text("ShareName", "\\\\*\\IPC$")];
const OBJECT_TYPE: &[FieldDef] = &[text("ObjectType", "File")];
const SHARE_PATH: &[FieldDef] = &[text("ShareLocalPath", "")];
const ACCESS: &[FieldDef] = &[hex32("AccessMask", "0x1"), text("AccessList", "%%4416\r\n\t\t\t\t")];

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
    success(4621, 12288, &[&[u32("CrashOnAuditFailValue", "1")]]),
    success(4622, 12289, &[&[text("SecurityPackageName", "C:\\Windows\\system32\\wdigest.DLL : WDigest")]]),
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
                text("UserClaims", "-"),
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
                text("RequestType", "KRB_AP_REQ"),
                text("LogonProcessName", "Kerberos"),
                text("AuthenticationPackage", "Kerberos"),
                text("WorkstationName", "-"),
                text("TransmittedServices", "-"),
            ],
            PROCESS,
        ],
    ),
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
            u32("TdoDirection", "1"),
            u32("TdoAttributes", "4"),
            u32("TdoType", "2"),
            sid("TdoSid", "S-1-0-0"),
            text("SidList", "-"),
        ]],
    ),
    success(4688, 13312, &[SUBJECT, NEW_PROCESS]),
    success(4688, 13312, &[SUBJECT, NEW_PROCESS, COMMAND_LINE]).version(1),
    success(4688, 13312, &[SUBJECT, NEW_PROCESS, COMMAND_LINE, TARGET, NEW_PROCESS_V2]).version(2),
    success(4689, 13313, &[SUBJECT, &[hex32("Status", "0x0")], PROCESS]),
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
    success(4697, 12289, &[SUBJECT, SERVICE]),
    success(4697, 12289, &[SUBJECT, SERVICE, CALLING_PROCESS]).version(1),
    success(4698, 12804, &[SUBJECT, TASK]),
    success(4698, 12804, &[SUBJECT, TASK, CALLING_PROCESS, TASK_CLIENT]).version(1),
    success(4699, 12804, &[SUBJECT, TASK]),
    success(4700, 12804, &[SUBJECT, TASK]),
    success(4701, 12804, &[SUBJECT, TASK]),
    success(4702, 12804, &[SUBJECT, &[text("TaskName", "\\Example"), text("TaskContentNew", "<Task />")]]),
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
    success(4720, 13824, &[TARGET_ACCOUNT, SUBJECT, USER_ATTRIBUTES]),
    success(4722, 13824, &[TARGET_ACCOUNT, SUBJECT]),
    success(4723, 13824, &[TARGET_ACCOUNT, SUBJECT, NO_PRIVILEGES]),
    success(4724, 13824, &[TARGET_ACCOUNT, SUBJECT]),
    success(4725, 13824, &[TARGET_ACCOUNT, SUBJECT]),
    success(4726, 13824, &[TARGET_ACCOUNT, SUBJECT, NO_PRIVILEGES]),
    success(4728, 13826, &[MEMBER, GROUP, SUBJECT, NO_PRIVILEGES]),
    success(4729, 13826, &[MEMBER, GROUP, SUBJECT, NO_PRIVILEGES]),
    success(4732, 13826, &[MEMBER, GROUP, SUBJECT, NO_PRIVILEGES]),
    success(4733, 13826, &[MEMBER, GROUP, SUBJECT, NO_PRIVILEGES]),
    success(4738, 13824, &[&[text("Dummy", "-")], TARGET_ACCOUNT, SUBJECT, USER_ATTRIBUTES]),
    success(4740, 13824, &[TARGET_ACCOUNT, SUBJECT]),
    success(4756, 13826, &[MEMBER, GROUP, SUBJECT, NO_PRIVILEGES]),
    success(4757, 13826, &[MEMBER, GROUP, SUBJECT, NO_PRIVILEGES]),
    success(4767, 13824, &[TARGET_ACCOUNT, SUBJECT]),
    success(4768, 14339, &[TICKET_REQUEST]),
    success(4769, 14337, &[SERVICE_TICKET]),
    success(
        4770,
        14337,
        &[&[
            text("TargetUserName", "-"),
            text("TargetDomainName", "-"),
            text("ServiceName", "krbtgt"),
            sid("ServiceSid", "S-1-0-0"),
            hex32("TicketOptions", "0x10002"),
            hex32("TicketEncryptionType", "0x12"),
            text("IpAddress", "-"),
            text("IpPort", "0"),
        ]],
    ),
    failure(
        4771,
        14339,
        &[&[
            text("TargetUserName", "-"),
            sid("TargetSid", "S-1-0-0"),
            text("ServiceName", "krbtgt/CORP"),
            hex32("TicketOptions", "0x40810010"),
            hex32("Status", "0x18"),
            text("PreAuthType", "2"),
            text("IpAddress", "-"),
            text("IpPort", "0"),
            text("CertIssuerName", ""),
            text("CertSerialNumber", ""),
            text("CertThumbprint", ""),
        ]],
    ),
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
    success(
        4781,
        13824,
        &[
            &[
                text("OldTargetUserName", "-"),
                text("NewTargetUserName", "-"),
                text("TargetDomainName", "-"),
                sid("TargetSid", "S-1-0-0"),
            ],
            SUBJECT,
            NO_PRIVILEGES,
        ],
    ),
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
    success(4912, 13568, &[SUBJECT, &[sid("TargetUserSid", "S-1-0-0")], AUDIT_CHANGE]),
    success(
        4964,
        12548,
        &[SUBJECT, &[guid("LogonGuid")], TARGET, &[guid("TargetLogonGuid"), text("SidList", "-")]],
    ),
    success(5140, 12808, &[SUBJECT, SHARE_CLIENT]),
    success(5140, 12808, &[SUBJECT, OBJECT_TYPE, SHARE_CLIENT, SHARE_PATH, ACCESS]).version(1),
    success(
        5145,
        12811,
        &[
            SUBJECT,
            OBJECT_TYPE,
            SHARE_CLIENT,
            SHARE_PATH,
            &[text("RelativeTargetName", "srvsvc")],
            ACCESS,
            &[text("AccessReason", "-")],
        ],
    ),
    success(5156, 12810, &[CONNECTION]).version(1),
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
    success(
        5379,
        13824,
        &[
            SUBJECT,
            &[
                text("TargetName", "WindowsLive:(token):name=02example;serviceuri=*"),
                u32("Type", "0"),
                u32("CountOfCredentialsReturned", "0"),
                text("ReadOperation", "%%8100"),
                u32("ReturnCode", "3221226021"),
                time("ProcessCreationTime"),
                u32("ClientProcessId", "1388"),
            ],
        ],
    ),
];

const TARGET_ACCOUNT: &[FieldDef] =
    &[text("TargetUserName", "-"), text("TargetDomainName", "-"), sid("TargetSid", "S-1-0-0")];
const MEMBER: &[FieldDef] = &[text("MemberName", "-"), sid("MemberSid", "S-1-0-0")];
const GROUP: &[FieldDef] = &[
    text("TargetUserName", "Administrators"),
    text("TargetDomainName", "Builtin"),
    sid("TargetSid", "S-1-5-32-544"),
];
const NO_PRIVILEGES: &[FieldDef] = &[text("PrivilegeList", "-")];
const TASK: &[FieldDef] = &[
    text("TaskName", "\\Example"),
    text("TaskContent", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task />"),
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
    sid("RemoteUserID", "S-1-0-0"),
    sid("RemoteMachineID", "S-1-0-0"),
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

const EVENTLOG: &[Definition] = &[
    service(1100, 4, 103, "ServiceShutdown", &[]),
    service(1101, 2, 101, "AuditEventsDropped", &[&[super::field("Reason", super::Kind::U8, "0")]]),
    service(1102, 4, 104, "LogFileCleared", &[LOG_CLEARED]),
    service(1102, 4, 104, "LogFileCleared", &[LOG_CLEARED, CLIENT_START_KEY]).version(1),
    service(1103, 4, 101, "PercentFull", &[&[text("PercentFull", "90")]]),
    service(1104, 2, 101, "FileIsFull", &[]),
    service(1105, 4, 105, "AutoBackup", &[BACKUP]),
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
    Definition::new(
        104,
        &[&[
            text("SubjectUserName", "SYSTEM"),
            text("SubjectDomainName", "NT AUTHORITY"),
            text("Channel", "System"),
            text("BackupPath", ""),
        ]],
    )
    .task(104)
    .user_data("LogFileCleared", EVENTLOG_NAMESPACE),
    Definition::new(105, &[BACKUP]).task(105).user_data("AutoBackup", EVENTLOG_NAMESPACE),
];

const fn success(id: u16, task: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(task).level(0).keywords(AUDIT_SUCCESS)
}

const fn failure(id: u16, task: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
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

const fn field_u64(name: &'static str, default: &'static str) -> FieldDef {
    super::field(name, super::Kind::U64, default)
}
