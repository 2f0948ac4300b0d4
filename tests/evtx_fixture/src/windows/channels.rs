//! The channels beside Security and System: terminal services, profiles, winlogon, LSA, policy, remote shells.

use super::{Definition, FieldDef, Kind, Source, field, guid, hex32, hex64, sid, text, u32};
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
        "Netlogon",
        "Microsoft-Windows-Security-Netlogon",
        "{e5ba83f6-07d0-46b1-8bc7-7e669a1d31dc}",
        "Microsoft-Windows-NTLM/Operational",
        Sid::SYSTEM,
        NETLOGON,
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
        "SmbConnectivity",
        "Microsoft-Windows-SMBClient",
        "{988c59c5-0a1c-45b6-a555-0c62276e327d}",
        "Microsoft-Windows-SmbClient/Connectivity",
        Sid::SYSTEM,
        SMB_CONNECTIVITY,
    ),
    source(
        "SmbServer",
        "Microsoft-Windows-SMBServer",
        "{d48ce617-33a2-4bc3-a5c7-11aa4f29619e}",
        "Microsoft-Windows-SMBServer/Security",
        Sid::SYSTEM,
        SMB_SERVER,
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
        "TaskScheduler",
        "Microsoft-Windows-TaskScheduler",
        "{de7b24ea-73c8-4a09-985d-5bdadcfa9017}",
        "Microsoft-Windows-TaskScheduler/Operational",
        Sid::SYSTEM,
        TASKS,
    ),
    source(
        "ShellCore",
        "Microsoft-Windows-Shell-Core",
        "{30336ed4-e327-447c-9de0-51b652c86108}",
        "Microsoft-Windows-Shell-Core/Operational",
        Sid::SYSTEM,
        SHELL,
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
    event_xml(32, &[&[text("PluginName", "RDSAppXPlugin"), hex32("Result", "0x0")]]),
    event_xml(34, &[&[text("Function", "IsSessionLocked"), hex32("ErrorCode", "0x1")]]),
    event_xml(39, &[&[u32("TargetSession", "1"), u32("Source", "1")]]),
    event_xml(40, &[&[u32("Session", "1"), u32("Reason", "0")]]),
    event_xml(41, &[TERMINAL_USER]),
    event_xml(42, &[TERMINAL_USER]),
    Definition::new(54, &[]).keywords(OPERATIONAL),
];

const SHADOW: &[FieldDef] =
    &[text("Param1", "-"), text("Param2", "-"), text("Param3", "-"), text("Param4", "1")];

const CONNECTION_MANAGER: &[Definition] = &[
    event_xml(261, &[&[text("listenerName", "RDP-Tcp")]]),
    event_xml(1149, &[&[text("Param1", "-"), text("Param2", ""), text("Param3", "-")]]),
    Definition::new(258, &[]).keywords(OPERATIONAL),
    event_xml(1158, &[&[text("Param1", "-")]]),
    event_xml(20503, &[SHADOW]),
    event_xml(20504, &[SHADOW]),
    event_xml(20505, &[SHADOW]),
    event_xml(20506, &[SHADOW]),
    event_xml(20507, &[SHADOW]),
    event_xml(20519, &[&[u32("Session", "1")]]),
];

const RDP_KEYWORDS: u64 = 0x4000_0000_0000_0000;

const RDP_CORE: &[Definition] = &[
    rdp_core(65, 13, &[&[text("ConnectionName", "RDP-Tcp#0")]]),
    rdp_core(66, 13, &[&[text("ConnectionName", "RDP-Tcp#0"), u32("SessionID", "2")]]),
    rdp_core(98, 15, &[]),
    rdp_core(102, 17, &[]),
    rdp_core(103, 17, &[&[u32("ReasonCode", "0")]]),
    rdp_core(104, 17, &[&[field("TimezoneBiasHour", Kind::U32, "1")]]),
    rdp_core(131, 15, &[&[text("ConnType", "TCP"), text("ClientIP", "-")]]),
    rdp_core(139, 14, &[&[hex32("ResultCode", "0x80090304"), text("IPString", "-")]]).level(3),
    rdp_core(140, 14, &[&[text("IPString", "-")]]).level(3),
    rdp_core(141, 14, &[&[text("ServerName", "PC1")]]),
    rdp_core(148, 14, &[&[text("ChannelName", "rdpdr"), u32("TunnelID", "0")]]),
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
    gateway(304, &[GATEWAY_CONNECTION]),
    gateway(312, &[GATEWAY_CONNECTION]),
];

const fn gateway(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(3).keywords(RDP_KEYWORDS).user_data("EventInfo", "aag")
}

const TRACE: &[FieldDef] = &[text("Name", "Server Name"), text("Value", "-"), text("CustomLevel", "Info")];

const RDP_CLIENT: &[Definition] = &[
    Definition::new(1024, &[TRACE]).task(101).opcode(10).keywords(RDP_KEYWORDS),
    Definition::new(1025, &[]).task(101).opcode(10).keywords(RDP_KEYWORDS),
    Definition::new(1026, &[TRACE]).task(101).opcode(11).keywords(RDP_KEYWORDS),
    Definition::new(1102, &[TRACE]).task(104).opcode(10).keywords(RDP_KEYWORDS),
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
    Definition::new(1, &[]).task(1).opcode(1).keywords(0x4000_2000_0001_0000),
    Definition::new(2, &[&[u32("Result", "0")]]).task(1).opcode(2).keywords(0x4000_2000_0001_0000),
    Definition::new(811, &[SUBSCRIBER]).task(811).opcode(1).keywords(0x4000_0000_0001_0000),
    Definition::new(812, &[SUBSCRIBER]).task(811).opcode(2).keywords(0x4000_0000_0001_0000),
];

const LSA_TARGET: &[FieldDef] = &[
    sid("TargetUserSid", "S-1-0-0"),
    text("TargetUserName", "-"),
    text("TargetDomainName", "-"),
    hex64("TargetLogonId", "0x0"),
];

const LSA_DIAGNOSTIC: &[Definition] = &[Definition::new(6182, &[LSA_TARGET]).keywords(RDP_KEYWORDS)];

const LSA: &[Definition] = &[
    Definition::new(200, &[&[hex64("LogonId", "0x0"), field("LogoffTime", Kind::Time, "0")]])
        .keywords(RDP_KEYWORDS),
    Definition::new(301, &[LSA_TARGET, &[text("Claims", "-")]]).keywords(RDP_KEYWORDS),
    Definition::new(
        300,
        &[&[
            sid("TargetUserSid", "S-1-0-0"),
            text("TargetUserName", "-"),
            text("TargetDomainName", "-"),
            hex64("TargetLogonId", "0x0"),
            guid("TargetLogonGuid"),
            text("SidList", "-"),
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
            field("Elapse", Kind::U64, "0"),
        ]],
    )
    .keywords(RDP_KEYWORDS),
];

const POLICY_BEGUN: &[FieldDef] = &[
    guid("PolicyActivityId"),
    text("PrincipalSamName", "-"),
    u32("IsMachine", "0"),
    field("IsDomainJoined", Kind::Bool, "true"),
    field("IsBackgroundProcessing", Kind::Bool, "false"),
    field("IsAsyncProcessing", Kind::Bool, "false"),
    field("IsServiceRestart", Kind::Bool, "false"),
];
const POLICY_ENDED: &[FieldDef] = &[
    u32("PolicyElaspedTimeInSeconds", "1"),
    u32("ErrorCode", "0"),
    text("PrincipalSamName", "-"),
    u32("IsConnectivityFailure", "0"),
];

const GROUP_POLICY: &[Definition] = &[
    policy_begun(4000),
    policy_begun(4001),
    policy_begun(4005),
    policy_begun(4006),
    policy_begun(4007),
    Definition::new(5324, &[&[u32("NotificationType", "0"), u32("SessionId", "1")]]).keywords(RDP_KEYWORDS),
    Definition::new(6339, &[]).keywords(RDP_KEYWORDS),
    policy_ended(8000),
    policy_ended(8001),
    policy_ended(8005),
    policy_ended(8006),
    policy_ended(8007),
];

const fn policy_begun(id: u16) -> Definition {
    Definition::new(id, &[POLICY_BEGUN]).opcode(1).keywords(RDP_KEYWORDS)
}

const fn policy_ended(id: u16) -> Definition {
    Definition::new(id, &[POLICY_ENDED]).version(1).opcode(2).keywords(RDP_KEYWORDS)
}

const OPENSSH: &[Definition] = &[Definition::new(
    4,
    &[&[text("process", "sshd"), text("payload", "Server listening on 0.0.0.0 port 22.")]],
)
.keywords(RDP_KEYWORDS)];

const WINRM: &[Definition] = &[
    Definition::new(6, &[&[text("connection", "-")]]).task(3).keywords(RDP_KEYWORDS | 0x2),
    Definition::new(162, &[&[text("authFailureMessage", "Access is denied")]])
        .level(2)
        .keywords(RDP_KEYWORDS),
    Definition::new(193, &[&[text("username", "-"), text("virtualAccount", "-")]]).keywords(RDP_KEYWORDS),
    Definition::new(
        91,
        &[&[text("resourceUri", "http://schemas.microsoft.com/powershell/Microsoft.PowerShell")]],
    )
    .task(10)
    .keywords(RDP_KEYWORDS | 0x4),
    Definition::new(169, &[&[text("username", "-"), text("authenticationMechanism", "Kerberos")]])
        .task(7)
        .keywords(RDP_KEYWORDS | 0x2),
];

const NTLM_CLIENT: &[FieldDef] = &[
    u32("CallerPID", "4"),
    text("ProcessName", ""),
    hex64("ClientLUID", "0x0"),
    text("ClientUserName", "-"),
    text("ClientDomainName", "-"),
    text("MechanismOID", "(NULL)"),
];
const NTLM_ACCOUNT: &[FieldDef] = &[text("UserName", "(NULL)"), text("DomainName", "(NULL)")];
const NTLM_PROCESS: &[FieldDef] = &[
    text("ProcessName", "System"),
    hex32("ProcessPID", "0x4"),
    text("Username", "-"),
    text("DomainName", "-"),
];

const NTLM: &[Definition] = &[
    ntlm(
        4020,
        &[
            NTLM_PROCESS,
            &[
                text("TargetMachine", "-"),
                text("TargetDomain", ""),
                text("TargetService", "-"),
                text("TargetIP", "-"),
            ],
        ],
    ),
    ntlm(
        4022,
        &[NTLM_PROCESS, &[text("RemoteClientMachine", "-"), text("ClientIP", "-"), hex32("Status", "0x0")]],
    ),
    ntlm(8001, &[&[text("TargetName", "-")], NTLM_ACCOUNT, NTLM_CLIENT]),
    ntlm(8002, &[NTLM_CLIENT]),
    ntlm(8003, &[NTLM_ACCOUNT, &[text("Workstation", "-"), u32("PID", "4"), text("Process", "")]]),
];

const NETLOGON: &[Definition] = &[ntlm(
    8004,
    &[&[text("SChannelName", "-")], NTLM_ACCOUNT, &[text("WorkstationName", "-"), u32("SChannelType", "2")]],
)];

const fn ntlm(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(id, fields).task(2).keywords(0x8000_0000_0000_0000)
}

const SMB_CONNECTIVITY: &[Definition] = &[Definition::new(
    30803,
    &[&[
        hex32("Reason", "0x0"),
        hex32("Status", "0xc00000b5"),
        u32("ServerNameLength", "0"),
        text("ServerName", "-"),
    ]],
)
.level(2)];

const SMB_SERVER: &[Definition] = &[Definition::new(
    551,
    &[&[
        field("SessionGUID", Kind::Guid, "0"),
        hex32("Status", "0xc000006d"),
        text("UserName", "-"),
        text("ClientName", "-"),
    ]],
)
.level(2)];

const TASK: &[FieldDef] = &[text("TaskName", "\\Example"), text("UserContext", "-")];

const TASKS: &[Definition] = &[
    Definition::new(100, &[TASK, &[guid("InstanceId")]]).task(100).opcode(1),
    Definition::new(102, &[TASK, &[guid("InstanceId")]]).task(102).opcode(2),
    Definition::new(106, &[TASK]).task(106),
    Definition::new(119, &[&[text("TaskName", "\\Example"), text("UserName", "-"), guid("InstanceId")]])
        .task(119),
    Definition::new(
        129,
        &[&[
            text("TaskName", "\\Example"),
            text("Path", "C:\\Windows\\example.exe"),
            u32("ProcessID", "1388"),
            u32("Priority", "16384"),
        ]],
    )
    .task(129),
    Definition::new(
        200,
        &[&[
            text("TaskName", "\\Example"),
            text("ActionName", "C:\\Windows\\example.exe"),
            guid("InstanceId"),
        ]],
    )
    .task(200)
    .opcode(1),
];

const SHELL: &[Definition] = &[
    Definition::new(9705, &[&[text("KeyName", "Software\\Microsoft\\Windows\\CurrentVersion\\Run")]])
        .keywords(RDP_KEYWORDS),
    Definition::new(9707, &[&[text("Command", "\"C:\\Windows\\example.exe\"")]]).keywords(RDP_KEYWORDS),
];

const SMB_CLIENT: &[Definition] = &[Definition::new(
    31001,
    &[&[
        hex32("Reason", "0x0"),
        hex32("Status", "0xc000006d"),
        hex32("SecurityStatus", "0x8009030c"),
        hex64("LogonId", "0x0"),
        u32("ServerNameLength", "0"),
        text("ServerName", "-"),
        u32("UserNameLength", "0"),
        text("UserName", "-"),
        u32("PrincipalNameLength", "0"),
        text("PrincipalName", "-"),
    ]],
)
.level(2)
.task(31001)
.keywords(0x8000_0000_0000_0080)];
