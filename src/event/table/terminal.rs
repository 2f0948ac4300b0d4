//! Terminal Services: sessions, connections, the gateway and the client (domain.md A.4).

use super::{ACTIVITY, BY, Named, Origin, specs};
use crate::event::Field;

/// Payload of the LocalSessionManager's events 21 to 25, 41 and 42.
const TS_USER: &[Named] = &[
    ("User", Field::Account),
    ("SessionID", Field::TsSession),
    ("Address", Field::Address),
    ("@ActivityID", Field::ActivityId),
];

/// Who looks into whose session, and from where.
const SHADOW: &[Named] = &[
    ("Param1", Field::SubjectUser),
    ("Param2", Field::Workstation),
    ("Param3", Field::TargetUser),
    ("Param4", Field::TsSession),
];

/// A client of the gateway; 312 has the address with its port.
const GATEWAY_CLIENT: &[Named] = &[
    ("Username", Field::Account),
    ("IpAddress", Field::Address),
    ("IpAddress", Field::Port),
    ("AuthType", Field::AuthPackage),
    ("Resource", Field::TargetServer),
    ("ErrorCode", Field::Status),
    ("@ActivityID", Field::ActivityId),
];

/// A client's connection; 65 and 66 name it as 4778 and 4779 do.
const CONNECTION: &[Named] = &[("ConnectionName", Field::SessionName), ("@ActivityID", Field::ActivityId)];

pub const SESSIONS: Origin = Origin {
    providers: &["microsoft-windows-terminalservices-localsessionmanager"],
    channel: "microsoft-windows-terminalservices-localsessionmanager/operational",
    events: specs! {
        21 TsLogon [TS_USER] {}
        22 TsShell [TS_USER] {}
        23 TsLogoff [TS_USER] {}
        24 TsDisconnected [TS_USER] {}
        25 TsReconnected [TS_USER] {}
        32 TsStarted [] {}
        34 TsStarted [] {}
        39 TsDisconnectedBy [ACTIVITY] { "TargetSession" TsSession, "Source" SourceSession }
        40 TsDisconnectReason [ACTIVITY] { "Session" TsSession, "Reason" Reason }
        41 TsArbitrationBegun [TS_USER] {}
        42 TsArbitrationEnded [TS_USER] {}
        54 TsShutdown [] {}
    },
    other: None,
};

pub const CONNECTIONS: Origin = Origin {
    providers: &["microsoft-windows-terminalservices-remoteconnectionmanager"],
    channel: "microsoft-windows-terminalservices-remoteconnectionmanager/operational",
    events: specs! {
        258 RdpListening [] {}
        261 RdpConnection [ACTIVITY] { "listenerName" SessionName }
        1149 RdpAuthenticated [ACTIVITY] {
            "Param1" TargetUser, "Param2" TargetDomain, "Param3" Address,
        }
        1158 RdpAccepted [ACTIVITY] { "Param1" Address }
        20503 ShadowBegun [SHADOW, ACTIVITY] {}
        20504 ShadowEnded [SHADOW, ACTIVITY] {}
        20505 ShadowRefused [SHADOW, ACTIVITY] {}
        20506 ShadowBegun [SHADOW, ACTIVITY] {}
        20507 ShadowEnded [SHADOW, ACTIVITY] {}
        20519 TsLimitLogoff [ACTIVITY] { "Session" TsSession, "Param1" TsSession }
    },
    other: None,
};

/// Newer versions write what was accepted to the Admin channel.
pub const CONNECTIONS_ADMIN: Origin = Origin {
    providers: &["microsoft-windows-terminalservices-remoteconnectionmanager"],
    channel: "microsoft-windows-terminalservices-remoteconnectionmanager/admin",
    events: specs! {
        1158 RdpAccepted [ACTIVITY] { "Param1" Address }
    },
    other: None,
};

pub const RDP_CORE: Origin = Origin {
    providers: &["microsoft-windows-remotedesktopservices-rdpcorets"],
    channel: "microsoft-windows-remotedesktopservices-rdpcorets/operational",
    events: specs! {
        65 RdpCreated [CONNECTION] {}
        66 RdpNumbered [CONNECTION] { "SessionID" TsSession }
        98 RdpEstablished [ACTIVITY] {}
        102 RdpEndedByServer [ACTIVITY] {}
        103 RdpEnded [ACTIVITY] { "ReasonCode" Reason }
        104 RdpClientZone [ACTIVITY] { "TimezoneBiasHour" TimeZone }
        131 RdpFrom [ACTIVITY] { "ClientIP" Address, "ClientIP" Port }
        139 RdpRefused [ACTIVITY] { "IPString" Address, "ResultCode" Status }
        140 RdpRefused [ACTIVITY] { "IPString" Address }
        141 RdpDetail [ACTIVITY] {}
        143 RdpDetail [ACTIVITY] {}
        145 RdpDetail [ACTIVITY] {}
        148 RdpDetail [ACTIVITY] {}
        168 RdpDetail [ACTIVITY] {}
        226 RdpDetail [ACTIVITY] {}
        227 RdpDetail [ACTIVITY] {}
    },
    other: None,
};

pub const GATEWAY: Origin = Origin {
    providers: &["microsoft-windows-terminalservices-gateway"],
    channel: "microsoft-windows-terminalservices-gateway/operational",
    events: specs! {
        200 GatewayAllowed [GATEWAY_CLIENT] {}
        201 GatewayRefused [GATEWAY_CLIENT] {}
        300 GatewayAllowed [GATEWAY_CLIENT] {}
        301 GatewayRefused [GATEWAY_CLIENT] {}
        302 GatewayConnected [GATEWAY_CLIENT] {}
        303 GatewayDisconnected [GATEWAY_CLIENT] { "SessionDuration" Seconds }
        304 GatewayRefused [GATEWAY_CLIENT] {}
        312 GatewayOpened [GATEWAY_CLIENT] {}
    },
    other: None,
};

pub const CLIENT: Origin = Origin {
    providers: &["microsoft-windows-terminalservices-clientactivexcore"],
    channel: "microsoft-windows-terminalservices-rdpclient/operational",
    events: specs! {
        1024 RdpClientConnecting [BY, ACTIVITY] { "Value" TargetServer }
        1025 RdpClientConnected [BY, ACTIVITY] {}
        1026 RdpClientDisconnected [BY, ACTIVITY] { "Value" Reason }
        1027 RdpClientSession [BY, ACTIVITY] { "DomainName" TargetDomain, "SessionId" TsSession }
        1029 RdpClientUser [BY, ACTIVITY] { "TraceMessage" UserHash }
        1102 RdpClientAddress [BY, ACTIVITY] { "Value" Address }
    },
    other: None,
};
