//! The vocabulary of sessions in words.
//!
//! A value the library does not name is shown as it came: a responder sees what the page has no word for.

use super::number::{count, counted};
use sessionscope::export::words::record_name;
use sessionscope::session::record::EventRef;

/// How sure it is that a session was on.
pub fn certainty(certainty: &str) -> &str {
    match certainty {
        "surely" => "● surely",
        "possibly" => "○ possibly",
        other => other,
    }
}

/// What tells of a hop, in words.
pub fn hop_how(how: &str) -> &str {
    match how {
        "explicit_credentials" => "with credentials that were given (4648)",
        "ntlm" => "by NTLM (8001)",
        "smb" => "by SMB, refused there (31001)",
        "rdp_client" => "with the Remote Desktop client",
        "winrm_client" => "with a remote shell",
        "ssh_client" => "with an SSH client (4688)",
        "logon" => "by the logon at the destination alone",
        other => other,
    }
}

/// What speaks for both ends of a hop being one.
pub fn hop_reason(reason: &str) -> &str {
    match reason {
        "host" => "the source names the destination",
        "user" => "both name the account",
        "address" => "the logon came from an address of the source",
        "name" => "the logon names the source as its workstation",
        "guid" => "both carry one LogonGuid",
        "port" => "the source opened the connection the logon came through",
        "ticket" => "a domain controller gave the source a ticket for it",
        "ntlm" => "a domain controller checked it for the source",
        "only_session" => "the account had no other session open at the source",
        "client" => "the source started an SSH client right before",
        other => other,
    }
}

/// How the number of a terminal session is known.
pub fn ts_session_how(how: &str) -> &str {
    match how {
        "lock_event" => "named by a lock event",
        "user_and_time" => "joined by user and time",
        "moment" => "joined by time alone",
        "sid_and_time" => "joined by SID and time",
        "window_manager" => "of the window manager made with it",
        "own_number" => "its own: no LogonId is known",
        other => other,
    }
}

/// A kind of activity in words, after its number.
pub fn activity(kind: &str, n: u32) -> &str {
    let (one, many) = match kind {
        "processes" => ("process started", "processes started"),
        "process_exits" => ("process ended", "processes ended"),
        "services" => ("service installed", "services installed"),
        "tasks" => ("change of scheduled tasks", "changes of scheduled tasks"),
        "accounts" => ("change of accounts", "changes of accounts"),
        "groups" => ("change of groups", "changes of groups"),
        "shares" => ("share opened", "shares opened"),
        "files" => ("file on a share", "files on shares"),
        "explicit_credentials" => ("use of other credentials", "uses of other credentials"),
        "credential_reads" => ("read of stored credentials", "reads of stored credentials"),
        "log_clears" => ("log cleared", "logs cleared"),
        "audit_changes" => ("change of what is audited", "changes of what is audited"),
        "enumerations" => ("listing of accounts or groups", "listings of accounts or groups"),
        "failures" => ("failed logon from inside", "failed logons from inside"),
        "objects" => ("object opened", "objects opened"),
        "other" => ("other event", "other events"),
        kind => (kind, kind),
    };
    if n == 1 { one } else { many }
}

/// How sure an end is.
pub fn confidence(confidence: &str) -> String {
    match confidence {
        "none" => "no confidence".to_owned(),
        known => format!("{known} confidence"),
    }
}

/// A sentence with its moments (UTC text with seven digits) shown in another way.
pub fn with_moments(sentence: &str, show: impl Fn(&str) -> String) -> String {
    let is_moment =
        |word: &str| word.len() == 28 && word.ends_with('Z') && word.as_bytes().get(10) == Some(&b'T');
    let word = |word: &str| {
        let (bare, rest) = word.split_at(word.trim_end_matches([',', ';', '.']).len());
        if is_moment(bare) { format!("{}{rest}", show(bare)) } else { word.to_owned() }
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// How many sessions a burst or a series has, and how many of them are shown.
pub fn burst_size(is_series: bool, n_shown: u32, n_sessions: u32) -> String {
    let all = match is_series {
        true => counted(n_sessions, "service logon", "service logons"),
        false => counted(n_sessions, "network session", "network sessions"),
    };
    if n_shown < n_sessions { format!("{} of {all}", count(n_shown)) } else { all }
}

/// `CORP\alice`.
pub fn user(domain: Option<&str>, user: Option<&str>) -> String {
    match (domain.filter(|name| !name.is_empty()), user) {
        (Some(domain), Some(user)) => format!("{domain}\\{user}"),
        (None, Some(user)) => user.into(),
        (Some(domain), None) => format!("{domain}\\?"),
        (None, None) => "?".into(),
    }
}

/// `10 RemoteInteractive`.
pub fn logon_type(number: Option<u32>, name: Option<&str>) -> String {
    match (number, name) {
        (Some(number), Some(name)) => format!("{number} {name}"),
        (Some(number), None) => number.to_string(),
        (None, name) => name.unwrap_or_default().into(),
    }
}

/// `10.1.2.3 (PC7)`; `local` at the computer itself.
pub fn from(address: Option<&str>, port: Option<u16>, host: Option<&str>, logon_type: Option<u32>) -> String {
    let is_local = sessionscope::export::words::is_local(address, port, logon_type);
    match (address.map(|address| if is_local { "local" } else { address }), host) {
        (Some(address), Some(host)) => format!("{address} ({host})"),
        (Some(only), None) | (None, Some(only)) => only.into(),
        (None, None) => String::new(),
    }
}

/// `end_how` in words.
pub fn end_how(how: &str) -> &str {
    match how {
        "user_logoff" => "user signed out",
        "logoff" => "logon session ended",
        "logoff_from_other_log" => "ended, says another log",
        "logoff_event_lost" => "ended (its event is lost)",
        "window_manager_gone" => "its window manager ended",
        "clean_shutdown" => "computer shut down",
        "unclean_stop" => "lost power or crashed",
        "luid_reused" => "not seen: logon id reused",
        "superseded" => "not seen: replaced",
        "lost_in_gap" => "not seen: records missing",
        "not_audited" => "not seen: not audited",
        "open_at_log_end" => "still open at log end",
        other => other,
    }
}

/// `end_cause` in words.
pub fn end_cause(cause: Option<&str>) -> &str {
    match cause {
        Some("user") => "the user signed out",
        Some("network") => "it was idle, or its client was gone",
        Some("unlock") => "an unlock's logon ends at once",
        Some("timeout") => "a time limit",
        Some("admin") => "somebody else's doing",
        Some("shutdown") => "the shutdown",
        Some("system") => "the system let go of it",
        Some(other) => other,
        None => "",
    }
}

/// `start_how` in words.
pub fn start_how(how: &str) -> &str {
    match how {
        "logon" => "a logon was recorded",
        "before_log_start" => "it began before the log does",
        "logon_not_audited" => "its logon was not seen: logons were not audited",
        "gap" => "its logon was not seen: records are missing",
        "other_log" => "known from another log",
        other => other,
    }
}

/// A confidence as marks of different shape; the word goes with it for those who do not see them.
pub fn confidence_marks(confidence: &str) -> &'static str {
    match confidence {
        "high" => "●●●",
        "medium" => "●●○",
        "low" => "●○○",
        "none" => "○○○",
        _ => "",
    }
}

/// A class in words.
pub fn class(class: &str) -> &str {
    match class {
        "system" => "System",
        "window_manager" => "Window manager",
        "anonymous" => "Anonymous",
        "machine" => "Machine accounts",
        "service" => "Services",
        "local_network" => "Local network",
        "desktop" => "Desktop",
        "reauth" => "Unlock or reconnect",
        "secondary" => "Run as",
        "network" => "Network",
        "batch" => "Batch",
        "unknown" => "Unknown",
        other => other,
    }
}

/// Whether the class is what a logon of this type is anyway: to say so adds nothing.
pub fn is_class_of_type(class: &str, logon_type: Option<u32>) -> bool {
    matches!(
        (class, logon_type),
        ("system", Some(0))
            | ("desktop", Some(2 | 10..=12))
            | ("network", Some(3 | 8))
            | ("batch", Some(4))
            | ("service", Some(5))
            | ("reauth", Some(7 | 13))
    )
}

/// What a noise class is, for those who wonder whether to show it.
pub fn class_help(class: &str) -> &'static str {
    match class {
        "system" => "SYSTEM itself: one session for each start of the computer",
        "window_manager" => "DWM and font driver accounts that Windows makes for each desktop",
        "anonymous" => "ANONYMOUS LOGON: null sessions",
        "machine" => "Accounts of computers (names that end in $)",
        "service" => "Accounts that services run as",
        "local_network" => "Network logons of a computer to itself",
        _ => "",
    }
}

/// A channel without what nearly all begin with: the rest tells them apart.
pub fn channel(channel: &str) -> &str {
    channel.strip_prefix("Microsoft-Windows-").unwrap_or(channel)
}

/// A kind of computer in words.
pub fn kind(kind: &str) -> &str {
    match kind {
        "domain_controller" => "domain controller",
        "member_server" => "member server",
        other => other,
    }
}

/// `480 Pacific Standard Time`, minutes behind UTC, as `Pacific Standard Time (UTC-08:00)`.
pub fn time_zone(zone: &str) -> String {
    let (bias, name) = zone.split_once(' ').unwrap_or((zone, ""));
    let Ok(behind) = bias.parse::<i32>() else { return zone.to_owned() };
    let sign = if behind > 0 { '-' } else { '+' };
    let minutes = behind.unsigned_abs();
    let offset = format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    if name.is_empty() { offset } else { format!("{name} ({offset})") }
}

/// How a boot ended, in words.
pub fn boot_end(how: &str) -> &str {
    match how {
        "clean" => "shut down",
        "unclean" => "lost power or crashed",
        "open" => "still running when the log ends",
        other => other,
    }
}

/// A verdict about an audit subcategory, in words.
pub fn audit(verdict: &str) -> &str {
    match verdict {
        "on" => "yes",
        "off" => "no",
        "none" => "no such events",
        "off (changed)" => "no, switched off",
        "probably off" => "probably not",
        "filtered export" => "cannot tell: a filtered export",
        "unknown" => "unknown",
        other => other,
    }
}

/// A flag in words.
pub fn flag(flag: &str) -> &str {
    match flag {
        "privileged" => "privileged",
        "alive_after_logoff" => "alive after logoff",
        "may_have_missed_events" => "events may be missing",
        "clock_corrected" => "clock corrected",
        "clock_manipulated" => "clock manipulated",
        "taken_over" => "taken over",
        other => other,
    }
}

/// A record as sentences name it: `4608 in Security record 12`.
pub fn event(event: &EventRef) -> String {
    record_name(event.event, &event.channel, event.record)
}

/// `evidence.role` and others that are words with underscores.
pub fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// The state of a source in words.
pub fn source_state(state: &str) -> &str {
    match state {
        "reading" => "reading …",
        "read" => "read",
        "cancelled" => "cancelled",
        "failed" => "not read",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::moment::{Zone, to_the_second};

    #[test]
    fn moments_in_sentences_are_shown_in_the_zone() {
        let sentence =
            "seen at 2020-09-19T23:21:48.8915630Z; off by 2020-09-20T00:00:00.0000000Z, when it ended";
        assert_eq!(
            with_moments(sentence, |at| to_the_second(at, Zone::Utc)),
            "seen at 2020-09-19 23:21:48; off by 2020-09-20 00:00:00, when it ended"
        );
    }

    #[test]
    fn a_time_zone_is_said_as_people_say_it() {
        assert_eq!(time_zone("480 Pacific Standard Time"), "Pacific Standard Time (UTC-08:00)");
        assert_eq!(time_zone("-330 India Standard Time"), "India Standard Time (UTC+05:30)");
        assert_eq!(time_zone("0 GMT"), "GMT (UTC+00:00)");
        assert_eq!(time_zone("no zone"), "no zone");
    }

    #[test]
    fn a_burst_says_how_many_are_shown() {
        assert_eq!(burst_size(false, 14, 14), "14 network sessions");
        assert_eq!(burst_size(false, 2, 14), "2 of 14 network sessions");
        assert_eq!(burst_size(true, 14, 14), "14 service logons");
    }

    #[test]
    fn people_and_places() {
        assert_eq!(user(Some("CORP"), Some("alice")), "CORP\\alice");
        assert_eq!(user(Some(""), Some("alice")), "alice");
        assert_eq!(user(None, None), "?");
        assert_eq!(from(Some("10.1.2.3"), None, Some("PC7"), Some(3)), "10.1.2.3 (PC7)");
        assert_eq!(from(None, None, Some("PC7"), Some(3)), "PC7");
        assert_eq!(from(Some("127.0.0.1"), None, None, Some(2)), "local");
        assert_eq!(from(Some("127.0.0.1"), Some(49274), None, Some(10)), "127.0.0.1");
        assert_eq!(logon_type(Some(17), None), "17");
    }

    #[test]
    fn a_class_is_said_where_the_type_does_not() {
        assert!(is_class_of_type("network", Some(3)));
        assert!(!is_class_of_type("machine", Some(3)));
        assert!(!is_class_of_type("desktop", Some(7)));
        assert!(!is_class_of_type("network", None));
    }

    #[test]
    fn a_word_without_a_name_is_shown_as_it_is() {
        assert_eq!(end_how("struck_by_lightning"), "struck_by_lightning");
        assert_eq!(end_cause(Some("struck_by_lightning")), "struck_by_lightning");
        assert_eq!(class("new_class"), "new_class");
    }
}
