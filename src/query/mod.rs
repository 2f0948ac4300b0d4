//! What can be asked of a case, and the answers: plain data that crosses to the page.

pub mod bursts;
mod radix;
mod search;
pub mod view;
pub mod who;

pub use view::View;

use crate::vocabulary::vocabulary;
use serde::{Deserialize, Serialize};

/// What the sessions table shows, and in what order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Words that must all occur, in any field of the row, whatever their case.
    pub text: String,
    /// Noise classes that are shown; those that are not are hidden and counted.
    pub shown_noise: Vec<String>,
    /// The columns to sort by, the first first. Without one the order is machine, boot, first record.
    pub sort: Vec<Sort>,
    /// Network sessions that are one burst, and service sessions that are one series, are one row (domain.md rules 40 and 34).
    #[serde(default)]
    pub is_grouped: bool,
    /// Ids of the bursts whose sessions follow their row.
    #[serde(default)]
    pub open_bursts: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    pub by: Column,
    pub descending: bool,
}

vocabulary! {
    /// A column of the sessions table.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Column {
        Start = "start",
        End = "end",
        EndHow = "end_how",
        Confidence = "confidence",
        Duration = "duration",
        Active = "active",
        User = "user",
        Machine = "machine",
        Class = "class",
        LogonType = "logon_type",
        From = "from",
        Flags = "flags",
        Session = "session",
    }
}

/// The answer to a query: counts, and the rows of the asked range.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows<T = String> {
    /// Sessions in the case.
    pub n_total: u32,
    /// Rows of sessions that match and are shown.
    pub n_rows: u32,
    /// Those sessions: more than the rows where bursts are grouped.
    #[serde(default)]
    pub n_sessions: u32,
    /// What each noise class hides or shows: class, sessions that match the text, whether they are shown.
    pub noise: Vec<NoiseCount>,
    /// Index of the first of `rows` among the `n_rows`.
    pub first: u32,
    pub rows: Vec<Row<T>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoiseCount {
    pub class: String,
    pub n_sessions: u32,
    pub is_shown: bool,
}

/// One line of the sessions table. Times are UTC, `2020-09-19T03:21:48.8915630Z`. Its texts are held as those of a session
/// record are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row<T = String> {
    pub session: T,
    /// The case's number of the session's first record, which stays the same while more is read: with it the session is
    /// found again ([`crate::case::Case::id_now`]). Not of a burst.
    #[serde(default)]
    pub first_row: u32,
    pub machine: T,
    pub computer: T,
    pub class: T,
    pub logon_type: Option<u32>,
    pub logon_type_name: Option<T>,
    pub user: Option<T>,
    pub domain: Option<T>,
    pub sid: Option<T>,
    pub start: Option<T>,
    pub start_how: T,
    pub start_earliest: Option<T>,
    pub start_latest: Option<T>,
    pub end: Option<T>,
    pub end_how: T,
    pub end_confidence: T,
    pub end_earliest: Option<T>,
    pub end_latest: Option<T>,
    pub duration_s: Option<f64>,
    pub duration_min_s: Option<f64>,
    pub duration_max_s: Option<f64>,
    pub active_s: Option<f64>,
    pub active_how: T,
    pub origin_address: Option<T>,
    /// Of a burst, that of its first session.
    pub origin_port: Option<u16>,
    pub origin_host: Option<T>,
    pub flags: Vec<T>,
    /// The burst or series it is one of.
    pub burst: Option<T>,
    /// Of a row that is a burst: `session` is its id, `start` and `end` are its first and last moment, the rest is
    /// what its sessions have in common or null.
    pub group: Option<BurstRow>,
}

/// What a row that is a burst has of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BurstRow {
    /// A series of service sessions, not a burst of network sessions.
    pub is_series: bool,
    pub n_sessions: u32,
    /// Those that match and are shown.
    pub n_shown: u32,
    /// Whether they follow this row.
    pub is_open: bool,
    /// Seconds in which at least one of its sessions was on; the least it can have been unless `is_union_exact`.
    pub union_s: f64,
    pub is_union_exact: bool,
}
