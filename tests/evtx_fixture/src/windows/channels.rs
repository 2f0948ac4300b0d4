//! The channels beside Security and System: terminal services, profiles, winlogon, LSA, policy, remote shells.

use super::{Definition, FieldDef, Kind, Source, field, guid, hex32, hex64, sid, text, u16, u32};
use crate::event::Layout;
use crate::value::Sid;

const NETWORK_SERVICE: Sid = Sid::new(5, &[20]);
const OPERATIONAL: u64 = 0x1000_0000_0000_0000;
const EVENT_XML: &str = "Event_NS";

pub(super) const SOURCES: &[Source] = &[
    source(
        "LSM",
        "Microsoft-Windows-TerminalServices-LocalSessionManager",
        "{5d896912-022d-40aa-a3a8-4fa5515c76d7}",
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        Sid::SYSTEM,
        SESSION_MANAGER,
    ),
    source(
        "RCM",
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
        "{c76baa63-ae81-421c-b425-340b4b24157f}",
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
        NETWORK_SERVICE,
        CONNECTION_MANAGER,
    ),
    source(
        "RdpCoreTS",
        "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS",
        "{1139c61b-b549-4251-8ed3-27250a1edec8}",
        "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational",
        NETWORK_SERVICE,
        RDP_CORE,
    ),
    source(
        "Gateway",
        "Microsoft-Windows-TerminalServices-Gateway",
        "{4d5ae6a1-c7c8-4e6d-b840-4d8080b42e1b}",
        "Microsoft-Windows-TerminalServices-Gateway/Operational",
        NETWORK_SERVICE,
        GATEWAY,
    ),
    source(
        "RDPClient",
        "Microsoft-Windows-TerminalServices-ClientActiveXCore",
        "{28aa95bb-d444-4719-a36f-40462168127e}",
        "Microsoft-Windows-TerminalServices-RDPClient/Operational",
        Sid::SYSTEM,
        RDP_CLIENT,
    ),
    source(
        "UserProfile",
        "Microsoft-Windows-User Profiles Service",
        "{89b1e9f0-5aff-44a6-9b44-0a07a7ce5845}",
        "Microsoft-Windows-User Profile Service/Operational",
        Sid::SYSTEM,
        USER_PROFILE,
    ),
    source(
        "Winlogon",
        "Microsoft-Windows-Winlogon",
        "{dbe9b383-7cf3-4331-91cc-a3cb16a3b538}",
        "Microsoft-Windows-Winlogon/Operational",
        Sid::SYSTEM,
        WINLOGON,
    ),
    source(
        "LSA",
        "LsaSrv",
        "{199fe037-2b82-40a9-82ac-e1d46c792b99}",
        "Microsoft-Windows-LSA/Operational",
        Sid::SYSTEM,
        LSA,
    ),
    source(
        "LSADiagnostic",
        "LsaSrv",
        "{199fe037-2b82-40a9-82ac-e1d46c792b99}",
        "Microsoft-Windows-LSA/Diagnostic",
        Sid::SYSTEM,
        LSA_DIAGNOSTIC,
    ),
    source(
        "GroupPolicy",
        "Microsoft-Windows-GroupPolicy",
        "{aea1b4fa-97d1-45f2-a64c-4d69fffd92c9}",
        "Microsoft-Windows-GroupPolicy/Operational",
        Sid::SYSTEM,
        GROUP_POLICY,
    ),
    source(
        "OpenSSH",
        "OpenSSH",
        "{c4b57d35-0636-4bc3-a262-370f249f9802}",
        "OpenSSH/Operational",
        Sid::SYSTEM,
        OPENSSH,
    ),
    source(
        "WinRM",
        "Microsoft-Windows-WinRM",
        "{a7975c8f-ac13-49f1-87da-5a984a4ab417}",
        "Microsoft-Windows-WinRM/Operational",
        NETWORK_SERVICE,
        WINRM,
    ),
    source(
        "NTLM",
        "Microsoft-Windows-NTLM",
        "{ac43300d-5fcc-4800-8e99-1bd3f85f0320}",
        "Microsoft-Windows-NTLM/Operational",
        Sid::SYSTEM,
        NTLM,
    ),
    source(
        "SmbClient",
        "Microsoft-Windows-SMBClient",
        "{988c59c5-0a1c-45b6-a555-0c62276e327d}",
        "Microsoft-Windows-SmbClient/Security",
        Sid::SYSTEM,
        SMB_CLIENT,
    ),
    source(
        "SmbClient",
        "Microsoft-Windows-SMBClient",
        "{988c59c5-0a1c-45b6-a555-0c62276e327d}",
        "Microsoft-Windows-SmbClient/Connectivity",
        Sid::SYSTEM,
        SMB_CLIENT_CONNECTIVITY,
    ),
    source(
        "SMBServer",
        "Microsoft-Windows-SMBServer",
        "{d48ce617-33a2-4bc3-a5c7-11aa4f29619e}",
        "Microsoft-Windows-SMBServer/Security",
        Sid::SYSTEM,
        SMB_SERVER,
    ),
    source(
        "TaskScheduler",
        "Microsoft-Windows-TaskScheduler",
        "{de7b24ea-73c8-4a09-985d-5bdadcfa9017}",
        "Microsoft-Windows-TaskScheduler/Operational",
        Sid::SYSTEM,
        TASK_SCHEDULER,
    ),
    source(
        "ShellCore",
        "Microsoft-Windows-Shell-Core",
        "{30336ed4-e327-447c-9de0-51b652c86108}",
        "Microsoft-Windows-Shell-Core/Operational",
        Sid::SYSTEM,
        SHELL_CORE,
    ),
];

const fn source(
    key: &'static str,
    provider: &'static str,
    guid: &'static str,
    channel: &'static str,
    user_sid: Sid,
    definitions: &'static [Definition],
) -> Source {
    Source {
        key,
        provider,
        guid,
        source_name: "",
        channel,
        layout: Layout::Manifest,
        process_id: 904,
        user_sid: Some(user_sid),
        definitions,
    }
}

const fn event_xml(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).keywords(OPERATIONAL).user_data("EventXML", EVENT_XML)
}

const TERMINAL_USER: &[FieldDef] = &[text("User", "-"), u32("SessionID", "1")];
const ADDRESS: &[FieldDef] = &[text("Address", "LOCAL")];

const SESSION_MANAGER: &[Definition] = &[
    event_xml(21, &[TERMINAL_USER, ADDRESS]),
    event_xml(22, &[TERMINAL_USER, ADDRESS]),
    event_xml(23, &[TERMINAL_USER]),
    event_xml(24, &[TERMINAL_USER, ADDRESS]),
    event_xml(25, &[TERMINAL_USER, ADDRESS]),
    event_xml(32, &[&[text("messageName", "RpcServer")]]),
    event_xml(39, &[&[u32("TargetSession", "1"), u32("Source", "1")]]),
    event_xml(40, &[&[u32("Session", "1"), u32("Reason", "0")]]),
    event_xml(41, &[TERMINAL_USER]),
    event_xml(42, &[TERMINAL_USER]),
    Definition::new(54, &[]).keywords(OPERATIONAL),
];

const SHADOW: &[FieldDef] =
    &[text("Param1", "-"), text("Param2", "-"), text("Param3", "-"), text("Param4", "1")];

const CONNECTION_MANAGER: &[Definition] = &[
    event_xml(258, &[&[text("listenerName", "RDP-Tcp")]]),
    event_xml(261, &[&[text("listenerName", "RDP-Tcp")]]),
    event_xml(1149, &[&[text("Param1", "-"), text("Param2", ""), text("Param3", "-")]]),
    event_xml(1158, &[&[text("Param1", "-")]]),
    event_xml(20503, &[SHADOW]),
    event_xml(20504, &[SHADOW]),
    event_xml(20506, &[SHADOW]),
    event_xml(20507, &[SHADOW]),
    event_xml(20519, &[&[u32("Session", "1")]]),
    event_xml(20523, &[&[text("listenerName", "RDP-Tcp")]]),
];

const RDP_KEYWORDS: u64 = 0x4000_0000_0000_0000;

const RDP_CORE: &[Definition] = &[
    rdp_core(65, 13, &[&[text("ConnectionName", "RDP-Tcp#0")]]),
    rdp_core(66, 13, &[&[text("ConnectionName", "RDP-Tcp#0"), u32("SessionID", "2")]]),
    rdp_core(98, 15, &[]),
    rdp_core(100, 15, &[]),
    rdp_core(101, 16, &[&[text("ReasonString", "Client not supported")]]).level(3),
    rdp_core(102, 17, &[]),
    rdp_core(103, 17, &[&[u32("ReasonCode", "0")]]),
    rdp_core(131, 15, &[&[text("ConnType", "TCP"), text("ClientIP", "-")]]),
    rdp_core(104, 15, &[&[u32("TimezoneBiasHour", "0")]]),
    rdp_core(139, 14, &[&[hex32("ResultCode", "0x80090304"), text("IPString", "-")]]).level(3),
    rdp_core(141, 11, &[&[hex32("InstanceID", "0x0")]]),
    rdp_core(148, 17, &[&[text("ChannelName", "rdpdr")]]),
    rdp_core(140, 14, &[&[text("IPString", "-")]]).level(3),
];

const fn rdp_core(id: u16, opcode: u8, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(4).opcode(opcode).keywords(RDP_KEYWORDS)
}

const GATEWAY_CONNECTION: &[FieldDef] = &[
    text("Username", "-"),
    text("IpAddress", "-"),
    text("AuthType", "NTLM"),
    text("Resource", "-"),
    text("ConnectionProtocol", "HTTP"),
    u32("ErrorCode", "0"),
];

const GATEWAY: &[Definition] = &[
    gateway(200, &[GATEWAY_CONNECTION]),
    gateway(300, &[GATEWAY_CONNECTION]),
    gateway(302, &[GATEWAY_CONNECTION]),
    gateway(
        303,
        &[
            GATEWAY_CONNECTION,
            &[text("BytesReceived", "0"), text("BytesTransfered", "0"), text("SessionDuration", "0")],
        ],
    ),
    gateway(312, &[GATEWAY_CONNECTION]),
];

const fn gateway(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(3).keywords(RDP_KEYWORDS).user_data("EventInfo", "aag")
}

const TRACE: &[FieldDef] = &[text("Name", "Server Name"), text("Value", "-"), text("CustomLevel", "Info")];

const RDP_CLIENT: &[Definition] = &[
    Definition::new(1024, &[TRACE]).task(101).opcode(10).keywords(RDP_KEYWORDS),
    Definition::new(1102, &[TRACE]).task(104).opcode(10).keywords(RDP_KEYWORDS),
    Definition::new(1025, &[]).task(101).opcode(10).keywords(RDP_KEYWORDS),
    Definition::new(
        1026,
        &[&[text("Name", "Disconnect Reason"), u32("Value", "263"), text("CustomLevel", "Info")]],
    )
    .task(101)
    .opcode(11)
    .keywords(RDP_KEYWORDS),
    Definition::new(1027, &[&[text("DomainName", "-"), u32("SessionId", "2")]])
        .task(101)
        .opcode(10)
        .keywords(RDP_KEYWORDS),
    Definition::new(1029, &[&[text("TraceMessage", "-")]]).task(102).opcode(10).keywords(RDP_KEYWORDS),
];

const PROFILE_SESSION: &[FieldDef] = &[u32("Session", "1")];

const USER_PROFILE: &[Definition] = &[
    Definition::new(1, &[PROFILE_SESSION]).keywords(RDP_KEYWORDS),
    Definition::new(2, &[PROFILE_SESSION]).keywords(RDP_KEYWORDS),
    Definition::new(3, &[PROFILE_SESSION]).keywords(RDP_KEYWORDS),
    Definition::new(4, &[PROFILE_SESSION]).keywords(RDP_KEYWORDS),
    Definition::new(5, &[&[text("File", "-"), text("Key", "-")]]).keywords(RDP_KEYWORDS),
    Definition::new(
        67,
        &[&[text("LogonType", "Regular"), text("LocalPath", "-"), text("ProfileType", "Regular")]],
    )
    .keywords(RDP_KEYWORDS),
];

const SUBSCRIBER: &[FieldDef] = &[u32("Event", "2"), text("SubscriberName", "SessionEnv")];

const WINLOGON: &[Definition] = &[
    Definition::new(811, &[SUBSCRIBER]).task(811).opcode(1).keywords(0x4000_0000_0001_0000),
    Definition::new(812, &[SUBSCRIBER]).task(811).opcode(2).keywords(0x4000_0000_0001_0000),
];

const LSA: &[Definition] = &[
    Definition::new(
        200,
        &[&[
            text("UserName", "-"),
            text("DomainName", "-"),
            hex64("LogonId", "0x0"),
            field("LogoffTime", Kind::SystemTime, "0"),
            u32("PID", "4"),
            text("Program", "-"),
            text("PrincipalName", "-"),
            text("ServerName", "-"),
            text("PackageName", "Kerberos"),
            text("CallType", "-"),
            hex32("ErrorCode", "0x0"),
        ]],
    )
    .level(3)
    .keywords(RDP_KEYWORDS),
    Definition::new(
        300,
        &[&[
            sid("TargetUserSid", "S-1-0-0"),
            text("TargetUserName", "-"),
            text("TargetDomainName", "-"),
            hex64("TargetLogonId", "0x0"),
            guid("TargetLogonGuid"),
            u32("EventOrginal", "1"),
            u32("EventCountTotal", "1"),
            text("SidList", "-"),
        ]],
    )
    .keywords(RDP_KEYWORDS),
    Definition::new(
        301,
        &[&[
            sid("TargetUserSid", "S-1-0-0"),
            text("TargetUserName", "-"),
            text("TargetDomainName", "-"),
            hex64("TargetLogonId", "0x0"),
            guid("TargetLogonGuid"),
            u32("LogonType", "2"),
            u32("EventIdx", "1"),
            u32("EventCountTotal", "1"),
            text("UserClaims", "-"),
            text("DeviceClaims", "-"),
        ]],
    )
    .keywords(RDP_KEYWORDS),
    Definition::new(
        302,
        &[&[
            sid("UserSid", "S-1-0-0"),
            hex64("LogonId", "0x0"),
            text("AuthorityName", "-"),
            text("AccountName", "-"),
            u32("Elapse", "0"),
        ]],
    )
    .keywords(RDP_KEYWORDS),
];

const LSA_DIAGNOSTIC: &[Definition] = &[Definition::new(
    6182,
    &[&[hex64("TargetLogonId", "0x0"), text("AccountName", "-"), text("DomainName", "-")]],
)
.level(3)
.keywords(RDP_KEYWORDS)];

const POLICY_START: &[FieldDef] = &[guid("PolicyActivityId"), text("PrincipalSamName", "-")];
const POLICY_OF: &[FieldDef] = &[u32("IsMachine", "0")];
const POLICY_OF_V0: &[FieldDef] = &[field("IsMachine", Kind::Bool, "false")];
const POLICY_HOW: &[FieldDef] = &[
    field("IsDomainJoined", Kind::Bool, "true"),
    field("IsBackgroundProcessing", Kind::Bool, "false"),
    field("IsAsyncProcessing", Kind::Bool, "false"),
    field("IsServiceRestart", Kind::Bool, "false"),
    u32("ReasonForSyncProcessing", "0"),
];
const POLICY_DONE: &[FieldDef] = &[
    u32("PolicyElaspedTimeInSeconds", "1"),
    u32("ErrorCode", "0"),
    text("PrincipalSamName", "-"),
    u32("IsConnectivityFailure", "0"),
];

const fn policy_starts(id: u16) -> Definition {
    Definition::new(id, &[POLICY_START, POLICY_OF, POLICY_HOW]).version(1).opcode(1).keywords(RDP_KEYWORDS)
}

const fn policy_starts_v0(id: u16) -> Definition {
    Definition::new(id, &[POLICY_START, POLICY_OF_V0, POLICY_HOW]).opcode(1).keywords(RDP_KEYWORDS)
}

const fn policy_done(id: u16) -> Definition {
    Definition::new(id, &[POLICY_DONE]).version(1).opcode(2).keywords(RDP_KEYWORDS)
}

const GROUP_POLICY: &[Definition] = &[
    policy_starts_v0(4000),
    policy_starts(4000),
    policy_starts_v0(4001),
    policy_starts(4001),
    policy_starts_v0(4005),
    policy_starts(4005),
    policy_starts_v0(4007),
    policy_starts(4007),
    Definition::new(5324, &[&[u32("NotificationType", "0"), u32("SessionId", "1")]]).keywords(RDP_KEYWORDS),
    Definition::new(6339, &[&[u32("SessionId", "1")]]).keywords(RDP_KEYWORDS),
    policy_done(8001),
    policy_done(8005),
    policy_done(8007),
];

const SSH: &[FieldDef] = &[text("process", "sshd"), text("payload", "Server listening on 0.0.0.0 port 22.")];

const OPENSSH: &[Definition] = &[ssh(1, 1), ssh(2, 2), ssh(3, 3), ssh(4, 4), ssh(6, 5)];

const fn ssh(id: u16, level: u8) -> Definition {
    Definition::new(id, &[SSH]).level(level).keywords(RDP_KEYWORDS)
}

const WINRM: &[Definition] = &[
    Definition::new(
        91,
        &[&[text("resourceUri", "http://schemas.microsoft.com/powershell/Microsoft.PowerShell")]],
    )
    .task(10)
    .keywords(RDP_KEYWORDS | 0x4),
    Definition::new(6, &[&[text("connection", "http://SRV1/wsman?PSVersion=5.1")]])
        .task(3)
        .keywords(RDP_KEYWORDS | 0x2),
    Definition::new(161, &[&[text("authFailureMessage", "The user name or password is incorrect.")]])
        .level(2)
        .task(7)
        .keywords(RDP_KEYWORDS | 0x2),
    Definition::new(162, &[]).level(2).task(7).keywords(RDP_KEYWORDS | 0x2),
    Definition::new(193, &[&[text("username", "-"), text("virtualAccount", "WinRM VA_1_CORP_alice")]])
        .task(10)
        .keywords(RDP_KEYWORDS | 0x4),
    Definition::new(169, &[&[text("username", "-"), text("authenticationMechanism", "Kerberos")]])
        .task(7)
        .keywords(RDP_KEYWORDS | 0x2),
];

const NTLM_CALLER: &[FieldDef] = &[
    u32("CallerPID", "4"),
    text("ProcessName", ""),
    hex64("ClientLUID", "0x0"),
    text("ClientUserName", "-"),
    text("ClientDomainName", "-"),
    text("MechanismOID", "(NULL)"),
];
const NTLM_TARGET: &[FieldDef] =
    &[text("TargetName", "-"), text("UserName", "(NULL)"), text("DomainName", "(NULL)")];
const NTLM_CLIENT: &[FieldDef] = &[text("UserName", "-"), text("DomainName", "-"), text("Workstation", "-")];

const NTLM: &[Definition] = &[
    ntlm(8001, &[NTLM_TARGET, NTLM_CALLER]),
    ntlm(8002, &[NTLM_CALLER]),
    ntlm(
        8003,
        &[
            NTLM_CLIENT,
            &[
                u32("CallerPID", "744"),
                text("ProcessName", ""),
                u32("LogonType", "3"),
                field("InProc", Kind::Bool, "true"),
                text("MechanismOID", "(NULL)"),
            ],
        ],
    ),
    ntlm(
        8004,
        &[&[
            text("SChannelName", "-"),
            text("UserName", "-"),
            text("DomainName", "-"),
            text("WorkstationName", "-"),
            text("SChannelType", "2"),
        ]],
    ),
];

const fn ntlm(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(2).keywords(0x8000_0000_0000_0000)
}

const SMB_CLIENT: &[Definition] = &[Definition::new(
    31001,
    &[&[
        u32("Reason", "0"),
        u32("Status", "3221225581"),
        u32("SecurityStatus", "2148074252"),
        field("LogonId", Kind::U64, "0"),
        u16("ServerNameLength", "0"),
        text("ServerName", "-"),
        u16("PrincipalNameLength", "0"),
        text("PrincipalName", "-"),
        u16("UserNameLength", "0"),
        text("UserName", "-"),
    ]],
)
.level(2)
.task(31001)
.keywords(0x8000_0000_0000_0080)];

const SMB_CLIENT_CONNECTIVITY: &[Definition] =
    &[smb_connection(30803), smb_connection(30804), smb_connection(30805), smb_connection(30808)];

const fn smb_connection(id: u16) -> Definition {
    const CONNECTION: &[FieldDef] = &[
        u32("Reason", "0"),
        u32("Status", "3221225996"),
        u16("ServerNameLength", "0"),
        text("ServerName", "-"),
        u32("AddressLength", "16"),
        field("RemoteAddress", Kind::Binary, "020001bdc00002070000000000000000"),
        field("LocalAddress", Kind::Binary, "02000000c000020a0000000000000000"),
        u16("InstanceNameLength", "0"),
        text("InstanceName", "\\Device\\LanmanRedirector"),
        u32("ConnectionType", "1"),
    ];
    Definition::new(id, &[CONNECTION]).level(2).keywords(0x8000_0000_0000_0008)
}

const SMB_SERVER: &[Definition] = &[Definition::new(
    551,
    &[&[
        guid("SessionGUID"),
        guid("ConnectionGUID"),
        u32("Status", "3221225581"),
        u32("TranslatedStatus", "3221225581"),
        field("ClientAddress", Kind::Binary, "0200c29ac00002070000000000000000"),
        hex64("SessionId", "0x0"),
        text("UserName", "-"),
        text("ClientName", "\\\\192.0.2.7"),
    ]],
)
.level(2)
.task(551)
.keywords(0x8000_0000_0000_0010)
.user_data("EventData", "Smb2Namespace")];

const TASK: &[FieldDef] = &[text("TaskName", "\\Example")];
const TASK_USER: &[FieldDef] = &[text("UserContext", "-"), guid("InstanceId")];
const TASK_ACTION: &[FieldDef] = &[
    text("TaskName", "\\Example"),
    guid("TaskInstanceId"),
    text("ActionName", "C:\\Windows\\example.exe"),
    u32("ResultCode", "0"),
];
const ENGINE: &[FieldDef] = &[u32("EnginePID", "1264")];

const TASK_SCHEDULER: &[Definition] = &[
    task_event(100, 100, &[TASK, TASK_USER]).opcode(1),
    task_event(102, 102, &[TASK, TASK_USER]).opcode(2),
    task_event(119, 119, &[TASK, &[text("UserName", "-"), guid("InstanceId")]]),
    task_event(
        129,
        129,
        &[
            TASK,
            &[text("Path", "C:\\Windows\\example.exe"), u32("ProcessID", "4321"), u32("Priority", "16384")],
        ],
    ),
    task_event(
        200,
        200,
        &[TASK, &[text("ActionName", "C:\\Windows\\example.exe"), guid("TaskInstanceId")], ENGINE],
    )
    .version(1)
    .opcode(1),
    task_event(201, 201, &[TASK_ACTION]).version(1).opcode(2),
    task_event(201, 201, &[TASK_ACTION, ENGINE]).version(2).opcode(2),
];

const fn task_event(id: u16, task: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(task).keywords(0x8000_0000_0000_0000)
}

const SHELL_COMMAND: &[FieldDef] = &[text("Command", "C:\\Windows\\example.exe")];

const SHELL_CORE: &[Definition] = &[
    shell(9705, &[&[text("RegistryKey", "Software\\Microsoft\\Windows\\CurrentVersion\\Run")]]),
    shell(9706, &[&[text("RegistryKey", "Software\\Microsoft\\Windows\\CurrentVersion\\Run")]]),
    shell(9707, &[SHELL_COMMAND]),
    shell(9708, &[SHELL_COMMAND, &[u32("PID", "4321")]]),
];

const fn shell(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(9705).keywords(0x2000_0000_0400_0000)
}
