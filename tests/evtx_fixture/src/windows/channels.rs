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
        "SmbClient",
        "Microsoft-Windows-SMBClient",
        "{988c59c5-0a1c-45b6-a555-0c62276e327d}",
        "Microsoft-Windows-SmbClient/Security",
        Sid::SYSTEM,
        SMB_CLIENT,
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
    event_xml(20503, &[SHADOW]),
    event_xml(20506, &[SHADOW]),
    event_xml(20519, &[&[u32("Session", "1")]]),
];

const RDP_KEYWORDS: u64 = 0x4000_0000_0000_0000;

const RDP_CORE: &[Definition] = &[
    rdp_core(65, 13, &[&[text("ConnectionName", "RDP-Tcp#0")]]),
    rdp_core(66, 13, &[&[text("ConnectionName", "RDP-Tcp#0"), u32("SessionID", "2")]]),
    rdp_core(98, 15, &[]),
    rdp_core(102, 17, &[]),
    rdp_core(103, 17, &[&[u32("ReasonCode", "0")]]),
    rdp_core(131, 15, &[&[text("ConnType", "TCP"), text("ClientIP", "-")]]),
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
    Definition::new(302, &[GATEWAY_CONNECTION]).task(3).keywords(RDP_KEYWORDS).user_data("EventInfo", "aag"),
    Definition::new(
        303,
        &[
            GATEWAY_CONNECTION,
            &[text("BytesReceived", "0"), text("BytesTransfered", "0"), text("SessionDuration", "0")],
        ],
    )
    .task(3)
    .keywords(RDP_KEYWORDS)
    .user_data("EventInfo", "aag"),
];

const TRACE: &[FieldDef] = &[text("Name", "Server Name"), text("Value", "-"), text("CustomLevel", "Info")];

const RDP_CLIENT: &[Definition] = &[
    Definition::new(1024, &[TRACE]).task(101).opcode(10).keywords(RDP_KEYWORDS),
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
    Definition::new(811, &[SUBSCRIBER]).task(811).opcode(1).keywords(0x4000_0000_0001_0000),
    Definition::new(812, &[SUBSCRIBER]).task(811).opcode(2).keywords(0x4000_0000_0001_0000),
];

const LSA: &[Definition] = &[
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

const GROUP_POLICY: &[Definition] = &[
    Definition::new(
        4001,
        &[&[
            guid("PolicyActivityId"),
            text("PrincipalSamName", "-"),
            u32("IsMachine", "0"),
            field("IsDomainJoined", Kind::Bool, "true"),
            field("IsBackgroundProcessing", Kind::Bool, "false"),
            field("IsAsyncProcessing", Kind::Bool, "false"),
            field("IsServiceRestart", Kind::Bool, "false"),
        ]],
    )
    .opcode(1)
    .keywords(RDP_KEYWORDS),
    Definition::new(5324, &[&[u32("NotificationType", "0"), u32("SessionId", "1")]]).keywords(RDP_KEYWORDS),
    Definition::new(
        8001,
        &[&[
            u32("PolicyElaspedTimeInSeconds", "1"),
            u32("ErrorCode", "0"),
            text("PrincipalSamName", "-"),
            u32("IsConnectivityFailure", "0"),
        ]],
    )
    .version(1)
    .opcode(2)
    .keywords(RDP_KEYWORDS),
];

const OPENSSH: &[Definition] = &[Definition::new(
    4,
    &[&[text("process", "sshd"), text("payload", "Server listening on 0.0.0.0 port 22.")]],
)
.keywords(RDP_KEYWORDS)];

const WINRM: &[Definition] = &[
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

const NTLM: &[Definition] = &[Definition::new(
    8001,
    &[&[
        text("TargetName", "-"),
        text("UserName", "(NULL)"),
        text("DomainName", "(NULL)"),
        u32("CallerPID", "4"),
        text("ProcessName", ""),
        hex64("ClientLUID", "0x0"),
        text("ClientUserName", "-"),
        text("ClientDomainName", "-"),
        text("MechanismOID", "(NULL)"),
    ]],
)
.task(2)
.keywords(0x8000_0000_0000_0000)];

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
