//! When a machine was asleep (domain.md rule 35).

use crate::event::{Field, Kind, Records, RowIdx};
use crate::machine::{Boot, Lineage};
use crate::time::Timestamp;

/// A span in which the machine was asleep, and the records that say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sleep {
    pub from: Timestamp,
    pub to: Timestamp,
    pub opened_by: Option<RowIdx>,
    pub closed_by: RowIdx,
}

/// The sleeps of a boot, by time, apart. The Power-Troubleshooter's own times are the best: a wake's record is
/// stamped before the clock is right.
pub fn sleeps(records: &Records, system: &Lineage, boot: &Boot) -> Vec<Sleep> {
    let mut told: Vec<Sleep> = Vec::new();
    let mut seen: Vec<Sleep> = Vec::new();
    let mut asleep: Option<RowIdx> = None;
    for pos in boot.system.clone() {
        let row = system.rows[pos as usize];
        let Some(event) = records.event(row) else { continue };
        let events = &records.events;
        let at = |row: RowIdx| records.time[row as usize];
        match events.kind(event) {
            Kind::Sleep | Kind::StandbyEntered => asleep = Some(row),
            Kind::Wake | Kind::StandbyLeft => {
                seen.extend(asleep.take().map(|from| Sleep {
                    from: at(from),
                    to: at(row),
                    opened_by: Some(from),
                    closed_by: row,
                }));
            }
            Kind::SleptAndWoke => {
                let times = events.time(event, Field::PreviousTime).zip(events.time(event, Field::NewTime));
                told.extend(times.map(|(from, to)| Sleep { from, to, opened_by: None, closed_by: row }));
            }
            _ => {}
        }
    }
    let is_new = |sleep: &Sleep| told.iter().all(|other| sleep.to <= other.from || other.to <= sleep.from);
    seen.retain(is_new);
    told.extend(seen);
    told.retain(|sleep| sleep.from < sleep.to);
    told.sort_by_key(|sleep| sleep.from);
    told
}
