//! Bursts and series for reading: network sessions of one account from one source, and service sessions of one account, as
//! one line (domain.md rules 40 and 34).

use super::record::Exporter;
use crate::session::Session;
use crate::session::burst::{BurstIdx, BurstKind};
use crate::time::seconds;
use serde::{Deserialize, Serialize};

/// One burst. Times are UTC, `2020-09-19T03:21:48.8915630Z`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BurstRecord {
    pub burst: String,
    /// A series of service sessions, not a burst of network sessions.
    pub is_series: bool,
    pub n_sessions: u32,
    /// The earliest start, and the latest moment at which one of its sessions is known to have been on.
    pub first: String,
    pub last: String,
    /// Seconds in which at least one of its sessions was on; the least it can have been unless `is_union_exact`.
    pub union_s: f64,
    pub is_union_exact: bool,
}

impl Exporter<'_> {
    /// `machine#boot/burst-0x1f4c8` or `machine#boot/series-0x1f4c8`, by its first session.
    pub fn burst_id(&self, burst: BurstIdx) -> String {
        let sessions = &self.correlated.sessions;
        let burst = &sessions.bursts[burst as usize];
        let id = self.id(&sessions.all[burst.first as usize]).to_string();
        let what = match burst.kind {
            BurstKind::Network => "burst",
            BurstKind::Service => "series",
        };
        match id.rsplit_once('/') {
            Some((boot, name)) => format!("{boot}/{what}-{name}"),
            None => id,
        }
    }

    /// The burst or series of a kind that a session is one of.
    pub fn burst_of(&self, session: &Session, kind: BurstKind) -> Option<String> {
        let is_kind = |&burst: &BurstIdx| self.correlated.sessions.bursts[burst as usize].kind == kind;
        session.burst.filter(is_kind).map(|burst| self.burst_id(burst))
    }

    /// Every burst and series of the case.
    pub fn bursts(&self) -> Vec<BurstRecord> {
        (0..self.correlated.sessions.bursts.len() as BurstIdx).map(|burst| self.burst(burst)).collect()
    }

    pub fn burst(&self, burst: BurstIdx) -> BurstRecord {
        let facts = &self.correlated.sessions.bursts[burst as usize];
        BurstRecord {
            burst: self.burst_id(burst),
            is_series: facts.kind == BurstKind::Service,
            n_sessions: facts.members.n,
            first: facts.from.to_string(),
            last: facts.to.to_string(),
            union_s: seconds(facts.union),
            is_union_exact: facts.is_union_exact,
        }
    }
}
