//! What each record tells of starts, by itself: looked at side by side, as it is most of the work.

use super::anchors::{Anchor, anchor, ends_a_start, may_tell};
use super::luids::Logon;
use crate::event::{Field, Kind, Records};
use crate::machine::{Lineage, Pos};
use crate::parallel;
use crate::time::Timestamp;
use std::ops::Range;

/// Records that a core goes through in a row, and rows that are gone through side by side.
const IN_ROW: usize = 1 << 14;
const ROWS_AT_ONCE: usize = 8;

/// A record that tells of a start, or of a LogonId.
pub struct Sign {
    pub pos: Pos,
    pub at: Timestamp,
    pub anchor: Option<Anchor>,
    /// A shutdown or somebody's logon: a start before it is over.
    pub ends_a_start: bool,
    /// An 1100.
    pub is_stop: bool,
    pub logon: Option<Logon>,
}

/// Hands on the signs of a log, in the order of its records.
pub fn signs(records: &Records, security: &Lineage, take: impl FnMut(Sign) + Send) {
    let mut take = take;
    let n_all = security.rows.len();
    let n_rows = n_all.div_ceil(IN_ROW);
    let rows = (0..n_rows).step_by(ROWS_AT_ONCE).map(|first| first..n_rows.min(first + ROWS_AT_ONCE));
    let of_row = |n: usize| of_range(records, security, n * IN_ROW..n_all.min((n + 1) * IN_ROW));
    parallel::each(rows, of_row, |signs: Vec<Sign>| signs.into_iter().for_each(&mut take));
}

fn of_range(records: &Records, security: &Lineage, range: Range<usize>) -> Vec<Sign> {
    range.filter_map(|pos| sign(records, security, pos as Pos)).collect()
}

fn sign(records: &Records, security: &Lineage, pos: Pos) -> Option<Sign> {
    let row = security.rows[pos as usize];
    let event = records.event(row)?;
    let kind = records.events.kind(event);
    if !may_tell(kind) {
        return None;
    }
    let said = records.events.said(event);
    let (id, at) = (records.id[row as usize], records.time[row as usize]);
    let anchor = anchor(records, said);
    // A 4627 has the LogonId of the 4624 beside it, which may be missing, or not audited.
    let is_logon = matches!(kind, Kind::Logon | Kind::GroupsListed);
    let luid = is_logon.then(|| said.luid(Field::TargetLogonId)).flatten();
    let logon = luid.filter(|luid| !luid.is_fixed()).map(|luid| Logon { luid, pos, id, at });
    let ends_a_start = anchor.is_none() && ends_a_start(records, said);
    let is_stop = kind == Kind::EventLogStopped;
    let tells = anchor.is_some() || ends_a_start || is_stop || logon.is_some();
    tells.then_some(Sign { pos, at, anchor, ends_a_start, is_stop, logon })
}
