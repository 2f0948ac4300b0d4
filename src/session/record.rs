//! The session record: what a session is outside the program.
//!
//! Field names, order and vocabularies are a promise to the people who script on them. Fields may be added,
//! never renamed. Times are UTC text with seven digits; numbers of seconds are rounded to 1e-7.

use serde::{Deserialize, Serialize};

/// One session, as JSON Lines and the page's drawer have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub session: String,
    pub computer: String,
    pub machine: String,
    pub boot: u32,
    pub class: String,
    pub logon_type: Option<u32>,
    pub logon_type_name: Option<String>,
    pub user: Option<String>,
    pub domain: Option<String>,
    pub sid: Option<String>,
    pub outbound_user: Option<String>,
    pub elevated: Option<bool>,
    pub parent: Option<String>,
    /// The id of the burst it is one of: `machine#boot/burst-` and the LogonId of the burst's first session, as in that
    /// session's own id. Network sessions of one account from one source are a burst if each comes within five minutes
    /// of those before it; a burst has at least two, of one boot (domain.md rule 40).
    pub burst: Option<String>,
    pub ts_session: Option<u32>,
    pub logon_ids: Vec<String>,
    pub origins: Vec<OriginRecord>,
    pub start: Option<String>,
    pub start_how: String,
    pub start_earliest: Option<String>,
    pub start_latest: Option<String>,
    pub end: Option<String>,
    pub end_how: String,
    pub end_confidence: String,
    pub end_earliest: Option<String>,
    pub end_latest: Option<String>,
    pub destroyed_at: Option<String>,
    pub end_why: String,
    pub last_seen: Option<String>,
    pub duration_s: Option<f64>,
    pub duration_min_s: Option<f64>,
    pub duration_max_s: Option<f64>,
    pub connected_s: Option<f64>,
    pub active_s: Option<f64>,
    pub active_how: String,
    pub intervals: Vec<IntervalRecord>,
    pub flags: Vec<String>,
    pub n_logons: u32,
    pub logons: Vec<LogonRecord>,
    pub evidence: Vec<EvidenceRecord>,
}

/// A place the session was used from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OriginRecord {
    pub at: String,
    pub address: Option<String>,
    pub port: Option<u16>,
    pub host: Option<String>,
    pub channel: String,
    pub record: u64,
    pub event: u32,
}

/// A span in which the session was locked, under a screen saver, disconnected or asleep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalRecord {
    pub what: String,
    pub from: String,
    pub to: String,
    pub opened_by: Option<EventRef>,
    pub closed_by: Option<EventRef>,
}

/// An event, by where Windows wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRef {
    pub channel: String,
    pub record: u64,
    pub event: u32,
}

/// One 4624 of the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogonRecord {
    pub record: u64,
    pub logon_id: String,
    pub role: String,
    pub logoff_4634: Option<u64>,
    pub logoff_4647: Option<u64>,
    /// Where it differs from the session's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computer: Option<String>,
}

/// One event that backs a fact of the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    pub source: String,
    pub channel: String,
    pub record: u64,
    pub event: u32,
    pub time: String,
    pub role: String,
    pub rule: u8,
}
