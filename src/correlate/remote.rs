//! What the logs of Remote Desktop tell of clients that come and go, whatever session they come to (domain.md A.4).

use super::link::Linker;
use super::open::Identity;
use crate::event::{Field, Kind, Records, RowIdx};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// The clients of a boot.
#[derive(Debug, Default)]
pub struct Remote {
    /// When sessions were resumed (LSM 25), by the name of their account, ascending.
    resumed: FxHashMap<String, Vec<Timestamp>>,
}

impl Remote {
    /// From the rows of a boot's other logs, by time.
    pub fn of(records: &Records, rows: &[RowIdx]) -> Self {
        let mut remote = Remote::default();
        for &row in rows {
            let Some(event) = records.event(row) else { continue };
            let at = records.time[row as usize];
            if records.events.kind(event) == Kind::TsReconnected {
                let account = records.text(records.events.text(event, Field::Account));
                remote.resumed.entry(name(account)).or_default().push(at);
            }
        }
        remote
    }

    /// Whether a session of an account was resumed at a moment or this long after it.
    pub fn is_resumed(&self, linker: &Linker<'_>, account: Identity, at: Timestamp, within: i64) -> bool {
        if self.resumed.is_empty() || account.user.is_none() {
            return false;
        }
        let times = self.resumed.get(&name(linker.records.text(account.user)));
        times.is_some_and(|times| {
            let next = times.partition_point(|&time| time < at);
            times.get(next).is_some_and(|time| time.since(at) <= within)
        })
    }
}

/// A name without its domain, which differs from log to log.
pub fn name(account: &str) -> String {
    account.rsplit('\\').next().unwrap_or("").to_lowercase()
}
