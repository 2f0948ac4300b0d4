//! Bursts for reading: network sessions of one account from one source, as one line (domain.md rule 40).

use super::record::Exporter;
use crate::session::burst::BurstIdx;
use crate::time::seconds;
use serde::{Deserialize, Serialize};

/// One burst. Times are UTC, `2020-09-19T03:21:48.8915630Z`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BurstRecord {
    pub burst: String,
    pub n_sessions: u32,
    /// The earliest start, and the latest moment at which one of its sessions is known to have been on.
    pub first: String,
    pub last: String,
    /// Seconds in which at least one of its sessions was on; the least it can have been unless `is_union_exact`.
    pub union_s: f64,
    pub is_union_exact: bool,
}

impl Exporter<'_> {
    /// `machine#boot/burst-0x1f4c8`, by its first session.
    pub fn burst_id(&self, burst: BurstIdx) -> String {
        let sessions = &self.correlated.sessions;
        let id = self.id(&sessions.all[sessions.bursts[burst as usize].first as usize]);
        match id.rsplit_once('/') {
            Some((boot, name)) => format!("{boot}/burst-{name}"),
            None => id,
        }
    }

    /// Every burst of the case.
    pub fn bursts(&self) -> Vec<BurstRecord> {
        (0..self.correlated.sessions.bursts.len() as BurstIdx).map(|burst| self.burst(burst)).collect()
    }

    pub fn burst(&self, burst: BurstIdx) -> BurstRecord {
        let facts = &self.correlated.sessions.bursts[burst as usize];
        BurstRecord {
            burst: self.burst_id(burst),
            n_sessions: facts.members.n,
            first: facts.from.to_string(),
            last: facts.to.to_string(),
            union_s: seconds(facts.union),
            is_union_exact: facts.is_union_exact,
        }
    }
}
