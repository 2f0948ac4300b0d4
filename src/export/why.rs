//! Why a session is said to have ended as it is: one sentence that names the records.

use super::record::Exporter;
use crate::event::StrId;
use crate::machine::{BootEnd, ShutdownRequest};
use crate::session::{Class, Doubt, End, EndCause, EndHow, EvidenceRole, Session};

/// Texts of a 1074 are shown up to so many characters: a program may write any.
const MAX_TEXT: usize = 120;

impl Exporter<'_> {
    /// The sentence that names the records an end rests on, what made it end, and why it is no surer than it is.
    pub(super) fn end_why(&self, session: &Session) -> String {
        let mut why = self.ended_by(session);
        for clause in [self.against(session), self.cause(session), self.doubt(session)].into_iter().flatten()
        {
            why.push_str("; ");
            why.push_str(&clause);
        }
        why
    }

    fn ended_by(&self, session: &Session) -> String {
        let of_role = |role: EvidenceRole| {
            let evidence = self.correlated.sessions.evidence(session).iter();
            let names: Vec<String> =
                evidence.filter(|e| e.role == role).map(|e| self.event_name(e.row)).collect();
            names.join(", ")
        };
        let by = session.end.row.map(|row| self.event_name(row)).unwrap_or_default();
        let last = || match session.last_seen {
            Some(at) => format!("last seen {at}"),
            None => "never seen after it began".to_owned(),
        };
        match session.end.how {
            EndHow::UserLogoff => match session.end.destroyed_at {
                Some(_) => {
                    format!("{by}; the logon session was destroyed by {}", of_role(EvidenceRole::Destroyed))
                }
                None => format!("{by}; no 4634 followed"),
            },
            EndHow::Logoff => by,
            EndHow::LuidReused => format!(
                "its LogonId was given out again by {by}: a start of Windows between them is missing; {}",
                last()
            ),
            EndHow::CleanShutdown => format!(
                "no logoff was written; the computer was shut down: {}",
                of_role(EvidenceRole::Shutdown)
            ),
            EndHow::UncleanStop => format!(
                "no logoff and no shutdown was written before the next start: {}; {}",
                of_role(EvidenceRole::Boot),
                last()
            ),
            EndHow::LostInGap => match of_role(EvidenceRole::Gap) {
                gap if gap.is_empty() => format!("{}; {}", no_gap(session.end), last()),
                gap if !gap.contains(", ") => format!("records were lost, by {gap}; {}", last()),
                gap => format!("records are missing between {}; {}", gap.replacen(", ", " and ", 1), last()),
            },
            EndHow::NotAudited => match of_role(EvidenceRole::Policy) {
                policy if policy.is_empty() => format!("logoffs were probably not audited; {}", last()),
                policy => format!("auditing of logoffs was turned off by {policy}; {}", last()),
            },
            EndHow::OpenAtLogEnd => format!("nothing ends it before the log does; {}", last()),
            EndHow::LogoffFromOtherLog
            | EndHow::LogoffEventLost
            | EndHow::WindowManagerGone
            | EndHow::Superseded => format!("{by}; {}", last()),
        }
    }

    /// What speaks against a stop without a shutdown.
    fn against(&self, session: &Session) -> Option<String> {
        let boots = &self.correlated.machines.get(session.machine as usize)?.boots;
        match boots.get(session.boot as usize)?.end {
            BootEnd::Unclean { against: Some(row), .. } if session.end.how == EndHow::UncleanStop => {
                Some(format!("but {} says that there was a good shutdown", self.event_name(row)))
            }
            _ => None,
        }
    }

    /// Why an end is no surer than it is.
    fn doubt(&self, session: &Session) -> Option<String> {
        let clause = doubt(session.end)?;
        let home = session.parent.and_then(|parent| self.correlated.sessions.all.get(parent as usize));
        let by = home.and_then(|home| home.end.row).filter(|_| session.end.doubt == Some(Doubt::DesktopGone));
        Some(match by {
            Some(row) => format!("{clause}: {}", self.event_name(row)),
            None => clause,
        })
    }

    /// What made it end, with the record that tells it.
    fn cause(&self, session: &Session) -> Option<String> {
        let End { how, cause, cause_row, .. } = session.end;
        let by = cause_row.map(|row| self.event_name(row));
        match cause? {
            EndCause::Timeout => Some(format!("a time limit ended it: {}", by?)),
            EndCause::Admin => Some(format!("somebody else ended it: {}", by?)),
            EndCause::User => by.map(|by| format!("the user signed out: {by}")),
            EndCause::Shutdown => {
                let boot = self.correlated.machines.get(session.machine as usize)?;
                let request = boot.boots.get(session.boot as usize)?.request.as_ref();
                match (request, how) {
                    (Some(request), _) => Some(self.request(request)),
                    (None, EndHow::CleanShutdown) => None,
                    (None, _) => Some(format!("the computer was shutting down: {}", by?)),
                }
            }
            EndCause::System if session.class == Class::Desktop => {
                Some("no record says that the user signed out".to_owned())
            }
            EndCause::Network | EndCause::Unlock | EndCause::System => None,
        }
    }

    /// Rule 13: who asked for the shutdown, with what, and why. The words are the computer's own language.
    fn request(&self, request: &ShutdownRequest) -> String {
        let text = |id: StrId| (!id.is_none()).then(|| shortened(self.records.text(id)));
        let who = text(request.user).unwrap_or_else(|| "somebody".to_owned());
        let with = text(request.process).map(|process| format!(" with {process}")).unwrap_or_default();
        let said: Vec<String> = [request.kind, request.reason].into_iter().filter_map(text).collect();
        let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join("; ")) };
        format!("{who} asked for the shutdown{with}{said}: {}", self.event_name(request.row))
    }
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", super::visible(&text[..end])),
        None => super::visible(text).into_owned(),
    }
}

/// Why an end was not seen though no record is missing between two.
fn no_gap(end: End) -> &'static str {
    match end.doubt {
        Some(Doubt::Filtered) => "most records are missing around it, as in a filtered export",
        Some(Doubt::LogEndsFirst) => "the Security log ends before this run of Windows does",
        Some(Doubt::ClockLost) => "the clock was turned back after it, and nobody knows by how much",
        _ => "it may belong to the next run of Windows, whose start is not in the logs",
    }
}

/// Why an end is no surer than it is, where that names no record.
fn doubt(end: End) -> Option<String> {
    let (how, why) = match end.doubt? {
        Doubt::DesktopGone => ("unsure", "the desktop it was made from had signed out before"),
        Doubt::AuditUnknown => ("unsure", "too few records tell whether logoffs were audited"),
        Doubt::MayBeHalf => {
            ("unsure", "a LogonId without a logon may be half of a pair, and one half may get no logoff")
        }
        Doubt::ClockSet => ("unsure", "the clock was set while records are missing"),
        Doubt::StartMayBeMissing => ("unsure", "records are missing, and a start may be among them"),
        Doubt::NotReported => ("estimated", "nothing at the next start tells when it stopped"),
        Doubt::LastSign => ("estimated from the last sign of life", "a stop like this writes nothing"),
        Doubt::ByWhatGoesWithIt => ("estimated", "it is known only by what goes with a logoff"),
        Doubt::Coincidence => ("less sure", "account and moment alone join it to this session"),
        Doubt::OtherLogsOnly => ("unsure", "Security has nothing of it, neither its logon nor a logoff"),
        // What the end rests on says it already.
        Doubt::Filtered | Doubt::LogEndsFirst | Doubt::ClockLost => return None,
    };
    Some(format!("{how}, since {why}"))
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT, shortened};

    #[test]
    fn long_and_hidden_texts_are_shown_safely() {
        assert_eq!(shortened(" a\u{202e}b "), "a\\u{202e}b");
        assert_eq!(shortened(&"ä".repeat(MAX_TEXT + 1)), "ä".repeat(MAX_TEXT) + "…");
    }
}
