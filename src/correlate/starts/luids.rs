//! Where LogonIds begin anew (domain.md C.3, rule 9): within a boot they grow.

use crate::event::LogonId;
use crate::machine::Pos;
use crate::time::{SECOND, Timestamp};

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
