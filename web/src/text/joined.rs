//! Why an event is among a session's evidence, in words: the rule that joined it, and what it is evidence of.

/// What an event of this role shows, joined by this rule of the domain reference.
pub fn joined(rule: u8, role: &str) -> &'static str {
    match (rule, role) {
        (_, "gap") => "records are missing here: its logoff may be among them",
        (_, "policy") => "from here on logoffs were not audited",
        (_, "boot") => "Windows started anew, so it cannot have gone on",
        (13, "shutdown") => "tells of the shutdown that ended it",
        (_, "shutdown") => "Windows was shut down, and it with that",
        (12, "end") => "a logoff that could not be written, when it alone was left to log off",
        (_, "clock") => "a user set the clock meanwhile",
        (19, "wake") => "the clock leapt: the computer stood still until here",
        (_, "sleep" | "wake") => "the computer was asleep meanwhile",
        (23, "end") => "its logon id was given to another logon, so it was over by then",
        (23, _) => "the logon that opened it",
        (24, _) => "the first record of it; no logon of it was seen",
        (25, "start") => "another log tells of its logon",
        (25, _) => "another log tells of its end",
        (26 | 27, _) => "the elevated logon of the same moment: both are this one session",
        (28, _) => "its logon was given the privileges of an administrator",
        (29, "destroyed") => "Windows removed a logon of this session",
        (29, _) => "the logoff of this session",
        (31, "unlock") => "the same account signed in again to unlock it",
        (31, _) => "the same account signed in again to reconnect to it",
        (32, _) => "the network logon that goes before a Remote Desktop session",
        (33, "destroyed") => "another log tells when Windows removed it",
        (33, _) => "another log, or its window manager, tells of its end",
        (35..=37, _) => "tells when it was locked, away or in use again",
        (41, "reconnect") => "another client took it over",
        (41 | 42, _) => "names where it was used from",
        (46, _) => "a domain controller names where it was used from",
        (49, _) => "a gateway or another service names where it was used from",
        _ => "belongs to this session",
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn one_rule_says_what_each_of_its_records_shows() {
        assert_ne!(joined(23, "start"), joined(23, "end"));
        assert_ne!(joined(12, "shutdown"), joined(13, "shutdown"));
        assert_eq!(joined(12, "boot"), joined(11, "boot"), "the role alone tells it");
        assert_eq!(joined(99, "start"), "belongs to this session");
    }
}
