//! What can be asked of a case, and the answers: plain data that crosses to the page.

pub mod bursts;
mod radix;
mod search;
pub mod view;
pub mod who;

pub use view::View;

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
    /// Network sessions that are one burst are one row (domain.md rule 40).
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

/// A column of the sessions table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Start,
    End,
    EndHow,
    Confidence,
    Duration,
    Active,
    User,
    Machine,
    Class,
    LogonType,
    From,
    Flags,
    Session,
}

/// The answer to a query: counts, and the rows of the asked range.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
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
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoiseCount {
    pub class: String,
    pub n_sessions: u32,
    pub is_shown: bool,
}

/// One line of the sessions table. Times are UTC, `2020-09-19T03:21:48.8915630Z`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub session: String,
    pub machine: String,
    pub computer: String,
    pub class: String,
    pub logon_type: Option<u32>,
    pub logon_type_name: Option<String>,
    pub user: Option<String>,
    pub domain: Option<String>,
    #[serde(default)]
    pub sid: Option<String>,
    pub start: Option<String>,
    pub start_how: String,
    pub start_earliest: Option<String>,
    pub start_latest: Option<String>,
    pub end: Option<String>,
    pub end_how: String,
    pub end_confidence: String,
    pub end_earliest: Option<String>,
    pub end_latest: Option<String>,
    pub duration_s: Option<f64>,
    pub duration_min_s: Option<f64>,
    pub duration_max_s: Option<f64>,
    pub active_s: Option<f64>,
    pub active_how: String,
    pub origin_address: Option<String>,
    /// Of a burst, that of its first session.
    #[serde(default)]
    pub origin_port: Option<u16>,
    pub origin_host: Option<String>,
    pub flags: Vec<String>,
    /// The burst it is one of.
    #[serde(default)]
    pub burst: Option<String>,
    /// Of a row that is a burst: `session` is its id, `start` and `end` are its first and last moment, the rest is
    /// what its sessions have in common or null.
    #[serde(default)]
    pub group: Option<BurstRow>,
}

/// What a row that is a burst has of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BurstRow {
    pub n_sessions: u32,
    /// Those that match and are shown.
    pub n_shown: u32,
    /// Whether they follow this row.
    pub is_open: bool,
    /// Seconds in which at least one of its sessions was on; the least it can have been unless `is_union_exact`.
    pub union_s: f64,
    pub is_union_exact: bool,
}
