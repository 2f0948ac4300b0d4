//! Where LogonIds begin anew (domain.md C.3, rule 9): within a boot they grow.

use super::Cluster;
use crate::event::{Field, Kind, LogonId, Records, StrId};
use crate::machine::{Lineage, Pos};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// A LogonId may be written this much later than a greater one without a restart between them (rule 9).
const LUID_SWAP_RECORDS: u64 = 16;
pub const LUID_SWAP: i64 = 5 * SECOND;

/// The logons of a boot, as far as was read.
#[derive(Default)]
pub struct LuidRestarts {
    greatest: Option<Logon>,
    /// The first logon after that with a lower LogonId, not written together with it.
    lower: Option<Pos>,
}

/// A logon with a LogonId that Windows gave out, and the id of its record.
#[derive(Clone, Copy)]
pub struct Logon {
    pub luid: LogonId,
    pub pos: Pos,
    pub id: u64,
    pub at: Timestamp,
}

impl LuidRestarts {
    /// If a logon shows that LogonIds began anew: the place of the last one before that, and of the first after it.
    pub fn restart(&mut self, logon: Logon) -> Option<(Pos, Pos)> {
        let Some(greatest) = self.greatest.filter(|greatest| logon.luid < greatest.luid) else {
            *self = LuidRestarts { greatest: Some(logon), lower: None };
            return None;
        };
        // Of records that are missing between them the ids tell; in a log made anew they begin again.
        let apart = logon.id.abs_diff(greatest.id).max(u64::from(logon.pos - greatest.pos));
        let is_soon = logon.at.since(greatest.at).abs() <= LUID_SWAP;
        if !is_soon {
            self.lower.get_or_insert(logon.pos);
        }
        (apart > LUID_SWAP_RECORDS && !is_soon).then(|| (greatest.pos, self.lower.unwrap_or(logon.pos)))
    }
}

/// Whether a LogonId that was given before LogonIds began anew ends after it: then they do not grow in this log, but are
/// drawn at random, and a lower one tells of no start.
pub fn are_drawn(records: &Records, security: &Lineage, clusters: &[Cluster]) -> bool {
    let mut on: FxHashMap<LogonId, (StrId, usize)> = FxHashMap::default();
    let mut next = 0;
    for (pos, &row) in (0..).zip(&security.rows) {
        while let Some(cluster) = clusters.get(next).filter(|cluster| cluster.first <= pos) {
            if !cluster.is_by_luids() {
                on.clear();
            }
            next += 1;
        }
        let Some(event) = records.event(row) else { continue };
        let Some(luid) = records.events.luid(event, Field::TargetLogonId) else { continue };
        let sid = records.events.text(event, Field::TargetSid);
        match records.events.kind(event) {
            Kind::Logon if !luid.is_fixed() => {
                on.insert(luid, (sid, next));
            }
            Kind::Logoff | Kind::UserLogoff => {
                let given = on.remove(&luid);
                if given.is_some_and(|(account, given)| given < next && account == sid) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}
