//! What an event means to the correlator.

/// One meaning; events that differ in nothing else share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    // Security: logons and logoffs.
    /// 4624: a LogonId is created.
    Logon,
    /// 4625.
    LogonFailed,
    /// 4626: the claims of a LogonId.
    ClaimsListed,
    /// 4627: the groups of a LogonId.
    GroupsListed,
    /// 4634: a LogonId is destroyed.
    Logoff,
    /// 4647: the user asked to be logged off.
    UserLogoff,
    /// 4648.
    ExplicitCredentials,
    /// 4649.
    ReplayDetected,
    /// 4672.
    SpecialPrivileges,
    /// 4675.
    SidsFiltered,
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
    /// 4825: the account may not use Remote Desktop.
    RemoteLogonDenied,
    /// 4964.
    SpecialGroups,
    /// 5378.
    DelegationDenied,
    /// 5632, 5633: 802.1x.
    NetworkAccess,
    // Security: starts, clock and policy.
    /// 4616, or Kernel-General 1.
    ClockSet,
    /// 4608.
    AuditStarted,
    /// 4609.
    AuditStopped,
    /// 4610, 4614, 4622: as at every start.
    PackageLoaded,
    /// 4611: as at every start.
    LogonProcessRegistered,
    /// 4621.
    AuditRecovered,
    /// 4826.
    BootConfiguration,
    /// 4902.
    PolicyTableCreated,
    /// 4719.
    AuditPolicyChanged,
    /// 4912: for one account.
    UserAuditPolicyChanged,
    // Security: what a session did.
    /// 4688.
    ProcessCreated,
    /// 4689.
    ProcessExited,
    /// 4696.
    TokenAssigned,
    /// 4697, or Service Control Manager 7045.
    ServiceInstalled,
    /// 4698.
    TaskCreated,
    /// 4699 to 4702.
    TaskChanged,
    /// 4720, 4741.
    AccountCreated,
    /// 4722 to 4726, 4738, 4742, 4743, 4767, 4781.
    AccountChanged,
    /// 4728 and kin.
    GroupChanged,
    /// 4740.
    AccountLockedOut,
    /// 5140.
    ShareOpened,
    /// 5145.
    ShareFileUsed,
    /// 5376, 5377, 5379, 5381, 5382.
    CredentialsRead,
    /// 5156, to or from a port that logons come through.
    ConnectionAllowed,
    /// Any other event that cites a LogonId.
    Activity,
    // Security: what a domain controller saw.
    /// 4768.
    TicketGranted,
    /// 4769.
    ServiceTicketGranted,
    /// 4770.
    TicketRenewed,
    /// 4771.
    PreauthFailed,
    /// 4776.
    NtlmValidated,
    // The event log itself.
    /// 1100.
    EventLogStopped,
    /// 1101.
    AuditEventsDropped,
    /// 1102, or System 104.
    LogCleared,
    /// 1103.
    LogNearlyFull,
    /// 1104: what comes after it is lost.
    LogFull,
    /// 1105, or System 105: the log goes on in another file.
    LogArchived,
    /// 1106, 1107, or System 106.
    LogTrouble,
    /// 1108.
    EventLost,
    // System: starts and stops.
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
    /// Kernel-Power 172, 187, 508, 566.
    PowerChanged,
    /// Kernel-Boot 20.
    LastShutdownGood,
    /// Kernel-Boot 27.
    BootType,
    /// WER or BugCheck 1001.
    BugCheck,
    /// User32 1074.
    ShutdownRequested,
    /// User32 1075.
    ShutdownCancelled,
    /// User32 1076.
    ShutdownExplained,
    /// LsaSrv 6038: once after a start.
    NtlmFirstUsed,
    /// LsaSrv 6156.
    DomainJoin,
    /// Winlogon 7001.
    WinlogonLogon,
    /// Winlogon 7002.
    WinlogonLogoff,
    /// Winlogon 4002 to 4007.
    WinlogonTrouble,
    // Terminal Services.
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
    /// LSM 32, 34: as at every start.
    TsStarted,
    /// LSM 39.
    TsDisconnectedBy,
    /// LSM 40.
    TsDisconnectReason,
    /// LSM 41.
    TsArbitrationBegun,
    /// LSM 42.
    TsArbitrationEnded,
    /// LSM 54.
    TsShutdown,
    /// RCM 258.
    RdpListening,
    /// RCM 261.
    RdpConnection,
    /// RCM 1149: no logon (trap 35).
    RdpAuthenticated,
    /// RCM 1158.
    RdpAccepted,
    /// RCM 20503, 20506.
    ShadowBegun,
    /// RCM 20504, 20507.
    ShadowEnded,
    /// RCM 20505.
    ShadowRefused,
    /// RCM 20519.
    TsLimitLogoff,
    /// RdpCoreTS 65.
    RdpCreated,
    /// RdpCoreTS 66.
    RdpNumbered,
    /// RdpCoreTS 98.
    RdpEstablished,
    /// RdpCoreTS 102.
    RdpEndedByServer,
    /// RdpCoreTS 103.
    RdpEnded,
    /// RdpCoreTS 104.
    RdpClientZone,
    /// RdpCoreTS 131: the client's address.
    RdpFrom,
    /// RdpCoreTS 139, 140.
    RdpRefused,
    /// RdpCoreTS 141, 143, 145, 148, 168, 226, 227.
    RdpDetail,
    /// Gateway 200, 300.
    GatewayAllowed,
    /// Gateway 201, 301, 304.
    GatewayRefused,
    /// Gateway 302.
    GatewayConnected,
    /// Gateway 303.
    GatewayDisconnected,
    /// Gateway 312.
    GatewayOpened,
    /// RDPClient 1024: to a name.
    RdpClientConnecting,
    /// RDPClient 1025.
    RdpClientConnected,
    /// RDPClient 1026.
    RdpClientDisconnected,
    /// RDPClient 1027: the number of the session there.
    RdpClientSession,
    /// RDPClient 1029: a hash of the name.
    RdpClientUser,
    /// RDPClient 1102.
    RdpClientAddress,
    // Other logs of logons.
    /// User Profile Service 1.
    ProfileLogon,
    /// User Profile Service 2.
    ProfileLogonDone,
    /// User Profile Service 3.
    ProfileLogoff,
    /// User Profile Service 4.
    ProfileLogoffDone,
    /// User Profile Service 5.
    ProfileHive,
    /// User Profile Service 67.
    ProfileType,
    /// Winlogon Operational 1.
    AuthenticationBegun,
    /// Winlogon Operational 2.
    AuthenticationEnded,
    /// Winlogon Operational 811.
    WinlogonNotifies,
    /// Winlogon Operational 812.
    WinlogonNotified,
    /// LSA 200: a network logon of an account that has logged off.
    LsaLateLogon,
    /// LSA 300: groups were assigned to a new LogonId.
    LsaLogon,
    /// LSA 301.
    LsaClaims,
    /// LSA 302: a LogonId's logoff.
    LsaLogoff,
    /// LSA 6182: a LogonId outlives its user's logoff.
    LsaLeak,
    /// GroupPolicy 4000, 8000.
    PolicyAtStart,
    /// GroupPolicy 4001, 8001.
    PolicyAtLogon,
    /// GroupPolicy 4003 to 4007, 8003 to 8007, of users.
    PolicyRefreshed,
    /// The same, of the machine.
    PolicyRefreshedMachine,
    /// GroupPolicy 5324.
    PolicyNotified,
    /// GroupPolicy 6339.
    ShellStarting,
    /// OpenSSH 1 to 6.
    SshMessage,
    /// WinRM 6.
    WinrmClient,
    /// WinRM 91.
    WinrmShell,
    /// WinRM 161, 162.
    WinrmFailed,
    /// WinRM 169.
    WinrmAuthenticated,
    /// WinRM 193.
    WinrmAccount,
    /// NTLM 8001, 4020, 4021.
    NtlmOutgoing,
    /// NTLM 8002, 4022, 4023.
    NtlmIncoming,
    /// NTLM 8003, 8004.
    NtlmDomain,
    /// SMBServer 551, 1006, 1007, 1009.
    SmbServerRefused,
    /// SmbClient 31001.
    SmbClientRefused,
    /// SmbClient 30803 to 30808.
    SmbClientTrouble,
    /// TaskScheduler 100.
    TaskStarted,
    /// TaskScheduler 102.
    TaskEnded,
    /// TaskScheduler 119.
    TaskAtLogon,
    /// TaskScheduler 106, 140, 141.
    TaskRegistered,
    /// TaskScheduler 129, 200, 201.
    TaskAction,
    /// Shell-Core 9705 to 9708.
    RunKeys,
}
