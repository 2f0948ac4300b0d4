//! Words for people: what codes mean, and sentences about sessions.

use crate::event::Kind;
use crate::session::record::Record;

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

/// What an event says.
pub fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Logon => "logged on",
        Kind::LogonFailed => "a logon failed",
        Kind::Logoff => "the logon session was destroyed",
        Kind::UserLogoff => "the user asked to be logged off",
        Kind::ExplicitCredentials => "other credentials were used",
        Kind::SpecialPrivileges => "special privileges were assigned",
        Kind::Reconnected => "the session was reconnected",
        Kind::Disconnected => "the session was disconnected",
        Kind::Locked => "the computer was locked",
        Kind::Unlocked => "the computer was unlocked",
        Kind::ScreensaverOn => "the screen saver came on",
        Kind::ScreensaverOff => "the screen saver went off",
        Kind::ClockSet => "the clock was set",
        Kind::AuditStarted => "Windows started (auditing began)",
        Kind::BootConfiguration => "Windows started (boot configuration)",
        Kind::PolicyTableCreated => "Windows started (audit policy table)",
        Kind::ProcessCreated => "a process was started",
        Kind::ProcessExited => "a process ended",
        Kind::TokenAssigned => "a token was assigned to a process",
        Kind::AuditPolicyChanged => "the audit policy was changed",
        Kind::Activity => "the session was active",
        Kind::EventLogStopped => "the event log stopped (shutdown)",
        Kind::AuditEventsDropped => "audit events were lost before this start",
        Kind::LogCleared => "the log was cleared",
        Kind::LogFull => "the log was full",
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
        Kind::LastShutdownGood => "how the last shutdown went",
        Kind::BootType => "how Windows started",
        Kind::BugCheck => "Windows restarted after a bug check",
        Kind::ShutdownRequested => "a shutdown or restart was requested",
        Kind::WinlogonLogon => "Winlogon reported a logon",
        Kind::WinlogonLogoff => "Winlogon reported a logoff",
        Kind::TsLogon => "Terminal Services reported a logon",
        Kind::TsShell => "Terminal Services started the shell",
        Kind::TsLogoff => "Terminal Services reported a logoff",
        Kind::TsDisconnected => "Terminal Services reported a disconnect",
        Kind::TsReconnected => "Terminal Services reported a reconnect",
        Kind::TsDisconnectedBy => "a session was disconnected by another",
        Kind::TsDisconnectReason => "a session was disconnected",
        Kind::ProfileLogon => "a user profile was loaded for a logon",
        Kind::ProfileLogoff => "a user profile was unloaded for a logoff",
        Kind::LsaLogon => "the security authority assigned groups to a logon",
        Kind::LsaLogoff => "the security authority reported a logoff",
        Kind::TsShutdown => "Terminal Services received the system's shutdown",
    }
}

/// A span as people say it: `1 h 48 min`, `12 min 3 s`, `0.4 s`.
pub fn span(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match whole {
        0 => format!("{:.1} s", (seconds.max(0.0) * 10.0).floor() / 10.0),
        1..60 => format!("{rest} s"),
        60..3600 => format!("{minutes} min {rest} s"),
        3600..86_400 => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h {minutes} min"),
    }
}

/// One sentence about a session.
pub fn sentence(record: &Record) -> String {
    let who = match (&record.user, &record.sid) {
        (Some(user), _) => super::visible(user).into_owned(),
        (None, Some(sid)) => super::visible(sid).into_owned(),
        (None, None) => "somebody".to_owned(),
    };
    let from = record.origins.first().map(origin).unwrap_or_default();
    let machine = super::visible(&record.machine);
    format!("{who} was on {machine}{}{from}{}; {}.", how(record), length(record), ended(record))
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

fn origin(origin: &crate::session::record::OriginRecord) -> String {
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
        (Some(exact), _, _) => format!(" for {}", span(exact)),
        (None, Some(min), Some(max)) if span(min) == span(max) => format!(" for about {}", span(min)),
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
        "luid_reused" => "its end is lost: its LogonId was used again",
        "superseded" => "its end is lost: somebody else took its place",
        "lost_in_gap" => "its end is lost: records are missing after its last sign",
        "not_audited" => "its end is unknown: logoffs were not audited",
        _ => "it was still open when the log ends",
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_read_like_speech() {
        let spoken = [0.04, 3.9, 63.0, 6493.2, 90_000.0].map(span);
        assert_eq!(spoken, ["0.0 s", "3 s", "1 min 3 s", "1 h 48 min", "1 d 1 h 0 min"]);
    }
}
