//! Sessions as session records (session-record.md).

use super::words::{logon_type_name, span};
use crate::correlate::Correlated;
use crate::event::{LogonId, Records, RowIdx, StrId};
use crate::session::record::{EventRef, EvidenceRecord, IntervalRecord, LogonRecord, OriginRecord, Record};
use crate::session::{EndHow, EvidenceRole, Session, SessionIdx, StartHow};
use crate::time::{Timestamp, seconds};

/// What session records are made from.
#[derive(Clone, Copy)]
pub struct Exporter<'a> {
    pub records: &'a Records,
    pub correlated: &'a Correlated,
    /// Of the sources, by number.
    pub paths: &'a [&'a str],
}

impl Exporter<'_> {
    pub fn record(&self, idx: SessionIdx) -> Record {
        let sessions = &self.correlated.sessions;
        let session = &sessions.all[idx as usize];
        let machine = &self.correlated.machines[session.machine as usize];
        Record {
            session: self.id(session),
            computer: self.text(session.computer).unwrap_or_default(),
            machine: machine.name.clone(),
            boot: session.boot,
            class: session.class.word().to_owned(),
            logon_type: session.logon_type,
            logon_type_name: session.logon_type.and_then(logon_type_name).map(str::to_owned),
            user: self.text(session.user),
            domain: self.text(session.domain),
            sid: self.text(session.sid),
            outbound_user: self.outbound_user(session),
            elevated: session.elevated,
            parent: session.parent.map(|parent| self.id(&sessions.all[parent as usize])),
            burst: session.burst.map(|burst| self.burst_id(burst)),
            ts_session: session.ts_session,
            logon_ids: self.logon_ids(session),
            origins: sessions.origins(session).iter().map(|origin| self.origin(origin)).collect(),
            start: text(session.start.at),
            start_how: session.start.how.word().to_owned(),
            start_earliest: text(session.start.earliest),
            start_latest: text(session.start.latest),
            end: text(session.end.at),
            end_how: session.end.how.word().to_owned(),
            end_confidence: session.end.confidence.word().to_owned(),
            end_earliest: text(session.end.earliest),
            end_latest: text(session.end.latest),
            destroyed_at: text(session.end.destroyed_at),
            end_why: self.end_why(session),
            last_seen: text(session.last_seen),
            duration_s: session.duration.map(seconds),
            duration_min_s: session.duration_min.map(seconds),
            duration_max_s: session.duration_max.map(seconds),
            connected_s: session.connected.map(seconds),
            active_s: session.active.map(seconds),
            active_how: session.active_how.word().to_owned(),
            intervals: sessions.intervals(session).iter().map(|interval| self.interval(interval)).collect(),
            flags: session.flags.words().map(str::to_owned).collect(),
            n_logons: session.n_logons,
            logons: self.logons(session),
            evidence: sessions.evidence(session).iter().map(|evidence| self.evidence(evidence)).collect(),
            activity: self.activity(session),
        }
    }

    /// `machine#boot/0x1f4c8`, without a LogonId `machine#boot/ts2`; a second with the same id gets `.2`.
    pub fn id(&self, session: &Session) -> String {
        let machine = &self.correlated.machines[session.machine as usize].name;
        let name = match session.luid {
            Some(luid) => luid.to_string(),
            None => format!("ts{}", session.ts_session.unwrap_or(0)),
        };
        match session.ordinal {
            0 | 1 => format!("{machine}#{}/{name}", session.boot),
            n => format!("{machine}#{}/{name}.{n}", session.boot),
        }
    }

    fn text(&self, id: StrId) -> Option<String> {
        (!id.is_none()).then(|| self.records.text(id).to_owned())
    }

    fn outbound_user(&self, session: &Session) -> Option<String> {
        let user = self.text(session.outbound_user)?;
        Some(match self.text(session.outbound_domain) {
            Some(domain) => format!("{domain}\\{user}"),
            None => user,
        })
    }

    fn logon_ids(&self, session: &Session) -> Vec<String> {
        let logons = self.correlated.sessions.logons(session);
        let mut ids: Vec<LogonId> =
            logons.iter().flat_map(|logon| [Some(logon.luid), logon.linked]).flatten().collect();
        ids.extend(session.luid);
        ids.sort_unstable();
        ids.dedup();
        ids.iter().map(LogonId::to_string).collect()
    }

    pub(super) fn event_ref(&self, row: RowIdx) -> EventRef {
        let signature = self.records.signature(row);
        EventRef {
            channel: self.records.text(signature.channel).to_owned(),
            record: self.records.id[row as usize],
            event: signature.event_id,
        }
    }

    fn origin(&self, origin: &crate::session::Origin) -> OriginRecord {
        let EventRef { channel, record, event } = self.event_ref(origin.row);
        OriginRecord {
            at: origin.at.to_string(),
            address: self.text(origin.address),
            port: origin.port,
            host: self.text(origin.host),
            channel,
            record,
            event,
        }
    }

    fn interval(&self, interval: &crate::session::Interval) -> IntervalRecord {
        IntervalRecord {
            what: interval.what.word().to_owned(),
            from: interval.from.to_string(),
            to: interval.to.to_string(),
            opened_by: interval.opened_by.map(|row| self.event_ref(row)),
            closed_by: interval.closed_by.map(|row| self.event_ref(row)),
        }
    }

    /// Its 4624; a half that is known only from its other is none.
    fn logons(&self, session: &Session) -> Vec<LogonRecord> {
        let id = |row: Option<RowIdx>| row.map(|row| self.records.id[row as usize]);
        let with_logon =
            self.correlated.sessions.logons(session).iter().filter_map(|logon| Some((logon, logon.row?)));
        with_logon
            .map(|(logon, row)| {
                let computer = self.records.signature(row).computer;
                LogonRecord {
                    record: self.records.id[row as usize],
                    logon_id: logon.luid.to_string(),
                    role: logon.role.word().to_owned(),
                    logoff_4634: id(logon.logoff_4634),
                    logoff_4647: id(logon.logoff_4647),
                    computer: self.text(computer).filter(|_| computer != session.computer),
                }
            })
            .collect()
    }

    fn evidence(&self, evidence: &crate::session::Evidence) -> EvidenceRecord {
        let EventRef { channel, record, event } = self.event_ref(evidence.row);
        let source = self.records.span(evidence.row).source;
        EvidenceRecord {
            source: self.paths[source as usize].to_owned(),
            channel,
            record,
            event,
            time: self.records.time[evidence.row as usize].to_string(),
            role: evidence.role.word().to_owned(),
            rule: evidence.rule,
        }
    }

    /// The sentence that names the records an end rests on.
    fn end_why(&self, session: &Session) -> String {
        let name = |row: RowIdx| {
            let EventRef { channel, record, event } = self.event_ref(row);
            format!("{event} in {} record {record}", super::visible(&channel))
        };
        let of_role = |role: EvidenceRole| {
            let evidence = self.correlated.sessions.evidence(session).iter();
            let names: Vec<String> = evidence.filter(|e| e.role == role).map(|e| name(e.row)).collect();
            names.join(", ")
        };
        let by = session.end.row.map(name).unwrap_or_default();
        let last = match session.last_seen {
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
                "its LogonId was given out again by {by}: a start of Windows between them is missing; {last}"
            ),
            EndHow::CleanShutdown => format!(
                "no logoff was written; the computer was shut down: {}",
                of_role(EvidenceRole::Shutdown)
            ),
            EndHow::UncleanStop => {
                format!(
                    "no logoff and no shutdown was written before the next start: {}; {last}",
                    of_role(EvidenceRole::Boot)
                )
            }
            EndHow::LostInGap => match of_role(EvidenceRole::Gap) {
                gap if gap.is_empty() => format!("records are missing after it was {last}"),
                gap => format!("records are missing between {}; {last}", gap.replacen(", ", " and ", 1)),
            },
            EndHow::NotAudited => match of_role(EvidenceRole::Policy) {
                policy if policy.is_empty() => format!("logoffs were probably not audited; {last}"),
                policy => format!("auditing of logoffs was turned off by {policy}; {last}"),
            },
            EndHow::OpenAtLogEnd => format!("nothing ends it before the log does; {last}"),
            EndHow::LogoffFromOtherLog
            | EndHow::LogoffEventLost
            | EndHow::WindowManagerGone
            | EndHow::Superseded => {
                format!("{by}; {last}")
            }
        }
    }
}

/// How long a session lasted, for a table: `1 h 48 min`, or what its bounds allow.
pub fn duration_text(record: &Record) -> String {
    match (record.duration_s, record.duration_min_s, record.duration_max_s) {
        (Some(exact), _, _) => span(exact),
        (None, Some(min), Some(max)) if span(min) == span(max) => format!("~ {}", span(min)),
        (None, Some(min), Some(max)) => format!("{} .. {}", span(min), span(max)),
        (None, Some(min), None) => format!(">= {}", span(min)),
        (None, None, Some(max)) => format!("<= {}", span(max)),
        (None, None, None) => "unknown".to_owned(),
    }
}

/// Whether a start is known by a 4624.
pub fn has_start(session: &Session) -> bool {
    session.start.how == StartHow::Logon
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}
