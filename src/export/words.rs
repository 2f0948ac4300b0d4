//! Words for people: what codes mean, and sentences about sessions.

use crate::event::{Kind, Spec};
use crate::session::record::{OriginRecord, Record};
use std::fmt::Write;

/// The name of a logon type (ntsecapi.h, SECURITY_LOGON_TYPE).
pub fn logon_type_name(logon_type: u32) -> Option<&'static str> {
    Some(match logon_type {
        0 => "System",
        2 => "Interactive",
        3 => "Network",
        4 => "Batch",
        5 => "Service",
        6 => "Proxy",
        7 => "Unlock",
        8 => "NetworkCleartext",
        9 => "NewCredentials",
        10 => "RemoteInteractive",
        11 => "CachedInteractive",
        12 => "CachedRemoteInteractive",
        13 => "CachedUnlock",
        _ => return None,
    })
}

/// What an event says, where its id says more than its kind.
pub fn what(spec: &Spec) -> &'static str {
    match spec.id {
        4699 => "a scheduled task was deleted",
        4700 => "a scheduled task was enabled",
        4701 => "a scheduled task was disabled",
        4722 => "an account was enabled",
        4723 => "an account's password was changed",
        4724 => "an account's password was reset",
        4725 => "an account was disabled",
        4726 | 4743 => "an account was deleted",
        4741 => "a computer account was created",
        4742 => "a computer account was changed",
        4767 => "an account was unlocked",
        4781 => "an account was renamed",
        4728 | 4732 | 4756 => "a member was added to a group",
        4729 | 4733 | 4757 => "a member was removed from a group",
        _ => meaning(spec.kind),
    }
}

/// What an event of a kind says.
pub fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Logon => "logged on",
        Kind::LogonFailed => "a logon failed",
        Kind::ClaimsListed => "the claims of a logon were listed",
        Kind::GroupsListed => "the groups of a logon were listed",
        Kind::Logoff => "the logon session was destroyed",
        Kind::UserLogoff => "the user asked to be logged off",
        Kind::ExplicitCredentials => "other credentials were used",
        Kind::ReplayDetected => "a replayed logon was refused",
        Kind::SpecialPrivileges => "special privileges were assigned",
        Kind::SidsFiltered => "SIDs were filtered from a logon",
        Kind::Reconnected => "the session was reconnected",
        Kind::Disconnected => "the session was disconnected",
        Kind::Locked => "the computer was locked",
        Kind::Unlocked => "the computer was unlocked",
        Kind::ScreensaverOn => "the screen saver came on",
        Kind::ScreensaverOff => "the screen saver went off",
        Kind::RemoteLogonDenied => "Remote Desktop was denied to the account",
        Kind::SpecialGroups => "a member of a watched group logged on",
        Kind::DelegationDenied => "the delegation of credentials was refused",
        Kind::NetworkAccess => "the computer asked for access to a network",
        Kind::ClockSet => "the clock was set",
        Kind::AuditStarted => "Windows started (auditing began)",
        Kind::AuditStopped => "Windows stopped (auditing ended)",
        Kind::PackageLoaded => "a security package was loaded",
        Kind::LogonProcessRegistered => "a logon process was registered",
        Kind::AuditRecovered => "auditing went on after it had failed",
        Kind::BootConfiguration => "Windows started (boot configuration)",
        Kind::PolicyTableCreated => "Windows started (audit policy table)",
        Kind::AuditPolicyChanged => "the audit policy was changed",
        Kind::UserAuditPolicyChanged => "the audit policy of an account was changed",
        Kind::ProcessCreated => "a process was started",
        Kind::ProcessExited => "a process ended",
        Kind::TokenAssigned => "a token was assigned to a process",
        Kind::ServiceInstalled => "a service was installed",
        Kind::TaskCreated => "a scheduled task was created",
        Kind::TaskChanged => "a scheduled task was changed",
        Kind::AccountCreated => "an account was created",
        Kind::AccountChanged => "an account was changed",
        Kind::GroupChanged => "a group was changed",
        Kind::AccountLockedOut => "an account was locked out",
        Kind::ShareOpened => "a share was opened",
        Kind::ShareFileUsed => "a file on a share was used",
        Kind::CredentialsRead => "stored credentials were read",
        Kind::ConnectionAllowed => "a network connection was allowed",
        Kind::Activity => "the session was active",
        Kind::TicketGranted => "a Kerberos ticket was granted",
        Kind::ServiceTicketGranted => "a Kerberos service ticket was granted",
        Kind::TicketRenewed => "a Kerberos ticket was renewed",
        Kind::PreauthFailed => "Kerberos pre-authentication failed",
        Kind::NtlmValidated => "credentials were validated by NTLM",
        Kind::EventLogStopped => "the event log stopped (shutdown)",
        Kind::AuditEventsDropped => "audit events were lost before this start",
        Kind::LogCleared => "the log was cleared",
        Kind::LogNearlyFull => "the log was nearly full",
        Kind::LogFull => "the log was full",
        Kind::LogArchived => "the log was saved to a file and begun anew",
        Kind::LogTrouble => "the event log had trouble",
        Kind::EventLost => "an event could not be written",
        Kind::KernelStarted => "Windows started (kernel)",
        Kind::KernelStopped => "Windows stopped (kernel)",
        Kind::EventLogStarted => "the event log started",
        Kind::EventLogStoppedClean => "the event log stopped (clean shutdown)",
        Kind::UnexpectedShutdown => "the shutdown before this was unexpected",
        Kind::SystemVersion => "Windows started (version)",
        Kind::ComputerRenamed => "the computer was renamed",
        Kind::Uptime => "uptime was recorded",
        Kind::PowerLost => "Windows restarted without a clean shutdown",
        Kind::Sleep => "the computer went to sleep",
        Kind::Wake => "the computer woke up",
        Kind::SleptAndWoke => "the computer woke from sleep",
        Kind::ShutdownAction => "the kernel began to shut down",
        Kind::StandbyEntered => "the computer entered standby",
        Kind::StandbyLeft => "the computer left standby",
        Kind::PowerChanged => "the state of power changed",
        Kind::LastShutdownGood => "how the last shutdown went",
        Kind::BootType => "how Windows started",
        Kind::BugCheck => "Windows restarted after a bug check",
        Kind::ShutdownRequested => "a shutdown or restart was requested",
        Kind::ShutdownCancelled => "a shutdown was cancelled",
        Kind::ShutdownExplained => "a reason was given for a shutdown",
        Kind::NtlmFirstUsed => "NTLM was used for the first time since the start",
        Kind::DomainJoin => "how the computer is joined to a domain",
        Kind::WinlogonLogon => "Winlogon reported a logon",
        Kind::WinlogonLogoff => "Winlogon reported a logoff",
        Kind::WinlogonTrouble => "Winlogon had trouble",
        Kind::TsLogon => "Terminal Services reported a logon",
        Kind::TsShell => "Terminal Services started the shell",
        Kind::TsLogoff => "Terminal Services reported a logoff",
        Kind::TsDisconnected => "Terminal Services reported a disconnect",
        Kind::TsReconnected => "Terminal Services reported a reconnect",
        Kind::TsStarted => "Terminal Services loaded a plug-in",
        Kind::TsDisconnectedBy => "a session was disconnected by another",
        Kind::TsDisconnectReason => "a session was disconnected",
        Kind::TsArbitrationBegun => "Terminal Services began to make a session",
        Kind::TsArbitrationEnded => "Terminal Services finished making a session",
        Kind::TsShutdown => "Terminal Services received the system's shutdown",
        Kind::RdpListening => "Remote Desktop began to listen",
        Kind::RdpConnection => "a connection reached Remote Desktop",
        Kind::RdpAuthenticated => "a Remote Desktop connection was authenticated",
        Kind::RdpAccepted => "Remote Desktop accepted a connection",
        Kind::ShadowBegun => "shadowing of a session began",
        Kind::ShadowEnded => "shadowing of a session ended",
        Kind::ShadowRefused => "shadowing of a session failed",
        Kind::TsLimitLogoff => "a session was logged off by the limit on disconnected sessions",
        Kind::RdpCreated => "a Remote Desktop connection was made",
        Kind::RdpNumbered => "a Remote Desktop connection was given its session",
        Kind::RdpEstablished => "a Remote Desktop connection was established",
        Kind::RdpEndedByServer => "the server ended a Remote Desktop connection",
        Kind::RdpEnded => "a Remote Desktop connection ended",
        Kind::RdpClientZone => "a Remote Desktop client told its time zone",
        Kind::RdpFrom => "a Remote Desktop client connected",
        Kind::RdpRefused => "a Remote Desktop connection was refused",
        Kind::RdpDetail => "a Remote Desktop connection went on",
        Kind::GatewayAllowed => "the gateway allowed a connection",
        Kind::GatewayRefused => "the gateway refused a connection",
        Kind::GatewayConnected => "the gateway connected a client",
        Kind::GatewayDisconnected => "the gateway disconnected a client",
        Kind::GatewayOpened => "a client reached the gateway",
        Kind::RdpClientConnecting => "Remote Desktop was started to another computer",
        Kind::RdpClientConnected => "Remote Desktop connected to another computer",
        Kind::RdpClientDisconnected => "Remote Desktop to another computer ended",
        Kind::RdpClientSession => "Remote Desktop opened a session on another computer",
        Kind::RdpClientUser => "Remote Desktop used an account on another computer",
        Kind::RdpClientAddress => "Remote Desktop found the address of another computer",
        Kind::ProfileLogon => "a user profile was loaded for a logon",
        Kind::ProfileLogonDone => "a user profile was ready",
        Kind::ProfileLogoff => "a user profile was unloaded for a logoff",
        Kind::ProfileLogoffDone => "a user profile was gone",
        Kind::ProfileHive => "the registry of a user was loaded",
        Kind::ProfileType => "what kind of profile was loaded",
        Kind::AuthenticationBegun => "Winlogon began to authenticate somebody",
        Kind::AuthenticationEnded => "Winlogon finished authenticating somebody",
        Kind::WinlogonNotifies => "Winlogon told a subscriber of a change",
        Kind::WinlogonNotified => "a subscriber of Winlogon was done",
        Kind::LsaLateLogon => "an account was used after its logoff",
        Kind::LsaLogon => "the security authority assigned groups to a logon",
        Kind::LsaClaims => "the security authority assigned claims to a logon",
        Kind::LsaLogoff => "the security authority reported a logoff",
        Kind::LsaLeak => "a logon session outlived its user's logoff",
        Kind::PolicyAtStart => "group policy was applied at the start",
        Kind::PolicyAtLogon => "group policy was applied at a logon",
        Kind::PolicyRefreshed => "group policy was refreshed for a user",
        Kind::PolicyRefreshedMachine => "group policy was refreshed for the computer",
        Kind::PolicyNotified => "group policy was told of a session",
        Kind::ShellStarting => "the shell was about to start",
        Kind::SshMessage => "what the SSH server said",
        Kind::WinrmClient => "a remote shell was opened on another computer",
        Kind::WinrmShell => "a remote shell was opened",
        Kind::WinrmFailed => "a remote shell was refused",
        Kind::WinrmAuthenticated => "a remote shell's user was authenticated",
        Kind::WinrmAccount => "a remote shell got an account",
        Kind::NtlmOutgoing => "NTLM was used to another computer",
        Kind::NtlmIncoming => "NTLM was used from another computer",
        Kind::NtlmDomain => "NTLM was used in the domain",
        Kind::SmbServerRefused => "a file client was refused",
        Kind::SmbClientRefused => "a file server refused the credentials",
        Kind::SmbClientTrouble => "the connection to a file server had trouble",
        Kind::TaskStarted => "a scheduled task was started",
        Kind::TaskEnded => "a scheduled task ended",
        Kind::TaskAtLogon => "a scheduled task was started by a logon",
        Kind::TaskRegistered => "a scheduled task was registered, changed or deleted",
        Kind::TaskAction => "a scheduled task ran a program",
        Kind::RunKeys => "the programs of a logon were started",
    }
}

/// How sentences name a record: `4608 in Security record 12`.
pub fn record_name(event: u32, channel: &str, record: u64) -> String {
    format!("{event} in {} record {record}", super::visible(channel))
}

/// A count with its noun, of which the plural ends in s: `1 session`, `2 sessions`.
pub fn counted(n: impl Into<u64>, noun: &str) -> String {
    let n = n.into();
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Seconds below which a lower bound says nothing: whatever it bounds lasted for some time.
pub const LEAST_BOUND: f64 = 1.0;

/// Seconds below which a length is not told: it would be a row of noughts.
const SHORTEST: f64 = 0.1;

/// A span, rounded down, in the two largest units that say something: `1 h 48 min`, `12 min 03 s`, `0.4 s`. Page, table and
/// sentence show a length alike.
pub fn span(seconds: f64) -> String {
    let mut text = String::new();
    push_span(&mut text, seconds);
    text
}

/// Appends a span as [`span`] says it.
pub fn push_span(out: &mut String, seconds: f64) {
    let whole = seconds.max(0.0) as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    // Writing to a `String` cannot fail.
    let _ = match whole {
        0 if seconds <= 0.0 => write!(out, "0 s"),
        0 if seconds < SHORTEST => write!(out, "< {SHORTEST} s"),
        0 => write!(out, "{:.1} s", (seconds * 10.0).floor() / 10.0),
        1..60 => write!(out, "{rest} s"),
        60..3600 => write!(out, "{minutes} min {rest:02} s"),
        3600..86_400 => write!(out, "{hours} h {minutes:02} min"),
        _ => write!(out, "{days} d {hours:02} h"),
    };
}

/// One sentence about a session.
pub fn sentence(record: &Record) -> String {
    let who = match (&record.user, &record.sid) {
        (Some(user), _) => super::visible(user).into_owned(),
        (None, Some(sid)) => super::visible(sid).into_owned(),
        (None, None) => "somebody".to_owned(),
    };
    let is_elsewhere =
        |origin: &&OriginRecord| !is_local(origin.address.as_deref(), origin.port, record.logon_type);
    let from = record.origins.iter().find(is_elsewhere).map(origin).unwrap_or_default();
    let machine = super::visible(&record.machine);
    format!("{who} was on {machine}{}{from}{}; {}.", how(record), length(record), ended(record))
}

/// Whether an address is the computer's own: at the console Windows writes `127.0.0.1`, `::1` or `LOCAL`, and no port.
/// With a port it is a tunnel's end (domain.md rule 41, trap 37); and that a Remote Desktop logon has none proves nothing.
pub fn is_local(address: Option<&str>, port: Option<u16>, logon_type: Option<u32>) -> bool {
    let is_loopback = matches!(address, Some("127.0.0.1" | "::1"));
    let is_console = is_loopback && port.is_none() && !matches!(logon_type, Some(10 | 12));
    is_console || address.is_some_and(|address| address.eq_ignore_ascii_case("LOCAL"))
}

fn how(record: &Record) -> &'static str {
    match (record.class.as_str(), record.logon_type) {
        (_, Some(10 | 12)) => " by Remote Desktop",
        (_, Some(3 | 8)) => " over the network",
        (_, Some(4)) => " as a scheduled task",
        (_, Some(5)) => " as a service",
        ("desktop", Some(2 | 11)) => " at the console",
        ("secondary", Some(9)) => " with other credentials for the network",
        ("secondary", _) => " in a secondary logon",
        _ => "",
    }
}

fn origin(origin: &OriginRecord) -> String {
    match (&origin.address, &origin.host) {
        (Some(address), Some(host)) => {
            format!(" from {} ({})", super::visible(address), super::visible(host))
        }
        (Some(one), None) | (None, Some(one)) => format!(" from {}", super::visible(one)),
        (None, None) => String::new(),
    }
}

fn length(record: &Record) -> String {
    match (record.duration_s, record.duration_min_s, record.duration_max_s) {
        (Some(about), Some(min), Some(max)) if span(min) != span(max) => {
            format!(" for about {}", span(about))
        }
        (Some(exact), _, _) => format!(" for {}", span(exact)),
        (None, Some(min), Some(max)) if span(min) == span(max) => format!(" for about {}", span(min)),
        (None, Some(min), max) if min < LEAST_BOUND => {
            max.map(|max| format!(" for at most {}", span(max))).unwrap_or_default()
        }
        (None, Some(min), Some(max)) => format!(" for {} to {}", span(min), span(max)),
        (None, Some(min), None) => format!(" for at least {}", span(min)),
        (None, None, Some(max)) => format!(" for at most {}", span(max)),
        (None, None, None) => String::new(),
    }
}

/// How a session ended, as the end of a sentence.
fn ended(record: &Record) -> &'static str {
    match record.end_how.as_str() {
        "user_logoff" => "the user signed out",
        "logoff" => "the logon session was ended",
        "logoff_from_other_log" => "another log shows the logoff",
        "logoff_event_lost" => "the logoff happened, but its event was lost",
        "window_manager_gone" => "its window manager ended",
        "clean_shutdown" => "the computer was shut down",
        "unclean_stop" => "the computer lost power or crashed, some time in the span shown",
        "luid_reused" => "its end was not seen: its LogonId was used again",
        "superseded" => "its end was not seen: a later session took its place",
        "lost_in_gap" => "its end was not seen: records are missing after its last sign",
        "not_audited" => "its end was not seen: logoffs were not audited",
        _ => "it was still open when the log ends",
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, is_local, span};

    #[test]
    fn one_is_no_plural() {
        assert_eq!([0u32, 1, 2].map(|n| counted(n, "session")), ["0 sessions", "1 session", "2 sessions"]);
    }

    #[test]
    fn a_tunnel_is_not_local() {
        assert!(is_local(Some("127.0.0.1"), None, Some(2)) && is_local(Some("LOCAL"), None, Some(10)));
        assert!(!is_local(Some("127.0.0.1"), Some(49274), Some(2)) && !is_local(Some("::1"), None, Some(10)));
        assert!(!is_local(Some("10.1.2.3"), None, Some(2)) && !is_local(None, None, Some(2)));
    }

    #[test]
    fn spans_read_like_speech() {
        let spoken = [-5.0, 0.0, 0.04, 0.49, 3.9, 59.9].map(span);
        assert_eq!(spoken, ["0 s", "0 s", "< 0.1 s", "0.4 s", "3 s", "59 s"]);
        let longer = [63.0, 6493.2, 90_000.0, 277_200.0].map(span);
        assert_eq!(longer, ["1 min 03 s", "1 h 48 min", "1 d 01 h", "3 d 05 h"]);
    }
}
