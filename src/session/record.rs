//! The session record: what a session is outside the program.
//!
//! Field names, order and vocabularies are a promise to the people who script on them. Fields may be added,
//! never renamed. Times are UTC text with seven digits; numbers of seconds are rounded to 1e-7.

use serde::{Deserialize, Serialize};

/// One session, as JSON Lines and the page's drawer have it. `T` is how its texts are held: as texts of its own, or
/// lent by the case for as long as it takes to write them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<T = String> {
    pub session: T,
    pub computer: T,
    pub machine: T,
    pub boot: u32,
    pub class: T,
    pub logon_type: Option<u32>,
    pub logon_type_name: Option<T>,
    pub user: Option<T>,
    pub domain: Option<T>,
    pub sid: Option<T>,
    pub outbound_user: Option<T>,
    pub elevated: Option<bool>,
    pub parent: Option<T>,
    pub burst: Option<T>,
    pub ts_session: Option<u32>,
    pub logon_ids: Vec<T>,
    pub origins: Vec<OriginRecord<T>>,
    pub start: Option<T>,
    pub start_how: T,
    pub start_earliest: Option<T>,
    pub start_latest: Option<T>,
    pub end: Option<T>,
    pub end_how: T,
    pub end_confidence: T,
    pub end_earliest: Option<T>,
    pub end_latest: Option<T>,
    pub destroyed_at: Option<T>,
    pub end_why: T,
    pub last_seen: Option<T>,
    pub duration_s: Option<f64>,
    pub duration_min_s: Option<f64>,
    pub duration_max_s: Option<f64>,
    pub connected_s: Option<f64>,
    pub active_s: Option<f64>,
    pub active_how: T,
    pub intervals: Vec<IntervalRecord<T>>,
    pub flags: Vec<T>,
    pub n_logons: u32,
    pub logons: Vec<LogonRecord<T>>,
    pub evidence: Vec<EvidenceRecord<T>>,
}

/// A place the session was used from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OriginRecord<T = String> {
    pub at: T,
    pub address: Option<T>,
    pub port: Option<u16>,
    pub host: Option<T>,
    pub channel: T,
    pub record: u64,
    pub event: u32,
}

/// A span in which the session was locked, under a screen saver, disconnected or asleep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalRecord<T = String> {
    pub what: T,
    pub from: T,
    pub to: T,
    pub opened_by: Option<EventRef<T>>,
    pub closed_by: Option<EventRef<T>>,
}

/// An event, by where Windows wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRef<T = String> {
    pub channel: T,
    pub record: u64,
    pub event: u32,
}

/// One 4624 of the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogonRecord<T = String> {
    pub record: u64,
    pub logon_id: T,
    pub role: T,
    pub logoff_4634: Option<u64>,
    pub logoff_4647: Option<u64>,
    /// Where it differs from the session's own.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub computer: Option<T>,
}

/// One event that backs a fact of the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord<T = String> {
    pub source: T,
    pub channel: T,
    pub record: u64,
    pub event: u32,
    pub time: T,
    pub role: T,
    pub rule: u8,
}
