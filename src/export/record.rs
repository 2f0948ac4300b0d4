//! Sessions as session records (session-record.md).

use super::id::SessionId;
use super::lent::Text;
use super::words::{LEAST_BOUND, logon_type_name, push_span, record_name, span};
use crate::correlate::Correlated;
use crate::event::{LogonId, Records, RowIdx, StrId};
use crate::session::burst::BurstKind;
use crate::session::record::{EventRef, EvidenceRecord, IntervalRecord, LogonRecord, OriginRecord, Record};
use crate::session::{Session, SessionIdx};
use crate::time::seconds;

/// What session records are made from.
#[derive(Clone, Copy)]
pub struct Exporter<'a> {
    pub records: &'a Records,
    pub correlated: &'a Correlated,
    /// Of the sources, by number.
    pub paths: &'a [&'a str],
}

impl<'a> Exporter<'a> {
    /// The record of a session, its texts copied or lent ([`Text`]).
    pub fn record<T: Text<'a>>(&self, idx: SessionIdx) -> Record<T> {
        let sessions = &self.correlated.sessions;
        let session = &sessions.all[idx as usize];
        let machine = &self.correlated.machines[session.machine as usize];
        Record {
            session: self.id(session).into(),
            computer: self.records.text(session.computer).into(),
            machine: machine.name.as_str().into(),
            boot: session.boot,
            class: session.class.word().into(),
            logon_type: session.logon_type,
            logon_type_name: session.logon_type.and_then(logon_type_name).map(T::from),
            user: self.text(session.user),
            domain: self.text(session.domain),
            sid: self.text(session.sid),
            outbound_user: self.outbound_user(session),
            elevated: session.elevated,
            parent: session.parent.map(|parent| self.id(&sessions.all[parent as usize]).into()),
            burst: self.burst_of(session, BurstKind::Network).map(T::from),
            series: self.burst_of(session, BurstKind::Service).map(T::from),
            ts_session: session.ts_session,
            ts_session_how: session.ts_how.map(|how| T::from(how.word())),
            logon_ids: self.logon_ids(session),
            origins: sessions.origins(session).iter().map(|origin| self.origin(origin)).collect(),
            start: session.start.at.map(T::from),
            start_how: session.start.how.word().into(),
            start_earliest: session.start.earliest.map(T::from),
            start_latest: session.start.latest.map(T::from),
            end: session.end.at.map(T::from),
            end_how: session.end.how.word().into(),
            end_confidence: session.end.confidence.word().into(),
            end_cause: session.end.cause.map(|cause| T::from(cause.word())),
            end_earliest: session.end.earliest.map(T::from),
            end_latest: session.end.latest.map(T::from),
            destroyed_at: session.end.destroyed_at.map(T::from),
            end_why: self.end_why(session).into(),
            last_seen: session.last_seen.map(T::from),
            duration_s: session.duration.get().map(seconds),
            duration_min_s: session.duration_min.get().map(seconds),
            duration_max_s: session.duration_max.get().map(seconds),
            connected_s: session.connected.get().map(seconds),
            active_s: session.active.get().map(seconds),
            active_how: session.active_how.word().into(),
            intervals: sessions.intervals(session).iter().map(|interval| self.interval(interval)).collect(),
            flags: session.flags.words().map(|word| word.into()).collect(),
            n_logons: session.n_logons,
            logons: self.logons(session),
            evidence: sessions.evidence(session).iter().map(|evidence| self.evidence(evidence)).collect(),
            activity: self.activity(session),
            n_hops_in: session.hops_in.n,
            n_hops_out: session.hops_out.n,
            hops: self.hops(session),
        }
    }

    /// The id of a session, as text when that is asked for.
    pub fn id(&self, session: &'a Session) -> SessionId<'a> {
        SessionId { correlated: self.correlated, session }
    }

    /// A text of the case, if it is one.
    pub fn text<T: Text<'a>>(&self, id: StrId) -> Option<T> {
        (!id.is_none()).then(|| self.records.text(id).into())
    }

    fn outbound_user<T: Text<'a>>(&self, session: &Session) -> Option<T> {
        let text = |id: StrId| (!id.is_none()).then(|| self.records.text(id));
        let user = text(session.outbound_user)?;
        Some(match text(session.outbound_domain) {
            Some(domain) => format!("{domain}\\{user}").into(),
            None => user.into(),
        })
    }

    fn logon_ids<T: Text<'a>>(&self, session: &Session) -> Vec<T> {
        let logons = self.correlated.sessions.logons(session);
        let mut ids: Vec<LogonId> =
            logons.iter().flat_map(|logon| [Some(logon.luid), logon.linked]).flatten().collect();
        ids.extend(session.luid);
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(T::from).collect()
    }

    pub(super) fn event_ref<T: Text<'a>>(&self, row: RowIdx) -> EventRef<T> {
        let signature = self.records.signature(row);
        EventRef {
            channel: self.records.text(signature.channel).into(),
            record: self.records.id[row as usize],
            event: signature.event_id,
        }
    }

    /// A record as sentences name it.
    pub(super) fn event_name(&self, row: RowIdx) -> String {
        let signature = self.records.signature(row);
        record_name(signature.event_id, self.records.text(signature.channel), self.records.id[row as usize])
    }

    fn origin<T: Text<'a>>(&self, origin: &crate::session::Origin) -> OriginRecord<T> {
        let EventRef { channel, record, event } = self.event_ref(origin.row);
        OriginRecord {
            at: origin.at.into(),
            address: self.text(origin.address),
            port: origin.port,
            host: self.text(origin.host),
            channel,
            record,
            event,
        }
    }

    fn interval<T: Text<'a>>(&self, interval: &crate::session::Interval) -> IntervalRecord<T> {
        IntervalRecord {
            what: interval.what.word().into(),
            from: interval.from.into(),
            to: interval.to.into(),
            opened_by: interval.opened_by.map(|row| self.event_ref(row)),
            closed_by: interval.closed_by.map(|row| self.event_ref(row)),
        }
    }

    /// Its 4624; a half that is known only from its other is none.
    fn logons<T: Text<'a>>(&self, session: &Session) -> Vec<LogonRecord<T>> {
        let id = |row: Option<RowIdx>| row.map(|row| self.records.id[row as usize]);
        let with_logon =
            self.correlated.sessions.logons(session).iter().filter_map(|logon| Some((logon, logon.row?)));
        with_logon
            .map(|(logon, row)| {
                let computer = self.records.signature(row).computer;
                LogonRecord {
                    record: self.records.id[row as usize],
                    logon_id: logon.luid.into(),
                    role: logon.role.word().into(),
                    logoff_4634: id(logon.logoff_4634),
                    logoff_4647: id(logon.logoff_4647),
                    computer: self.text(computer).filter(|_| computer != session.computer),
                }
            })
            .collect()
    }

    fn evidence<T: Text<'a>>(&self, evidence: &crate::session::Evidence) -> EvidenceRecord<T> {
        let EventRef { channel, record, event } = self.event_ref(evidence.row);
        let source = self.records.span(evidence.row).source;
        EvidenceRecord {
            source: self.paths[source as usize].into(),
            channel,
            record,
            event,
            time: self.records.time[evidence.row as usize].into(),
            role: evidence.role.word().into(),
            rule: evidence.rule,
        }
    }
}

/// Appends how long a session lasted, for a table: `1 h 48 min`, or what its bounds (in seconds) allow.
pub fn push_duration(out: &mut String, exact: Option<f64>, min: Option<f64>, max: Option<f64>) {
    match (exact, min.filter(|&min| min >= LEAST_BOUND), max) {
        (Some(exact), _, _) => push_span(out, exact),
        (None, Some(min), Some(max)) => push_bounds(out, min, max),
        (None, Some(min), None) => {
            out.push_str(">= ");
            push_span(out, min);
        }
        (None, None, Some(max)) => {
            out.push_str("<= ");
            push_span(out, max);
        }
        (None, None, None) => out.push_str("unknown"),
    }
}

fn push_bounds(out: &mut String, min: f64, max: f64) {
    let (min, max) = (span(min), span(max));
    let parts = if min == max { ["~ ", &min, ""] } else { [&min, " .. ", &max] };
    parts.into_iter().for_each(|part| out.push_str(part));
}
