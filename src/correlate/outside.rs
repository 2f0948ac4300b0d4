//! Which records of the logs beside Security are about sessions, and of which boot is each (domain.md A.3 to A.5)?

use super::moments::Moments;
use super::timeline::{Place, Timeline};
use super::{cause, cited, remote, terminal};
use crate::event::{Kind, Records, RowIdx};
use crate::machine::Machine;
use crate::time::Timestamp;

/// The records of these logs, by boot.
pub struct Outside {
    by_boot: Vec<Vec<RowIdx>>,
}

impl Outside {
    /// Sorts a machine's records of other channels into its boots. Also tells each boot when it was last heard of in
    /// any of them.
    #[inline(never)]
    pub fn of(records: &Records, machine: &mut Machine) -> Self {
        let mut moved: Vec<(RowIdx, i64)> = Vec::new();
        let mut latest: Vec<Option<Timestamp>> = vec![None; machine.boots.len()];
        let timeline = Timeline::of(records, machine);
        let mut by_boot = of_system(records, machine, &timeline);
        let system = by_boot.iter().flatten().map(|place| (place.row, place.segment));
        let security = machine.security.filter(|_| timeline.is_ambiguous());
        let security = security.map(|n| timeline.of_security(&machine.lineages[n].rows));
        let moments = Moments::of(records, system.chain(security.into_iter().flatten()));
        for (n, lineage) in machine.lineages.iter().enumerate() {
            if Some(n) == machine.security || Some(n) == machine.system {
                continue;
            }
            timeline.walk_other(records, lineage, &moments, |place| {
                let Place { row, boot, shift, .. } = place;
                if !is_arbitration(records, row) {
                    latest[boot] = latest[boot].max(Some(records.time[row as usize].plus(shift)));
                }
                if shift != 0 {
                    moved.push((row, shift));
                }
                if is_of_session(records, row) {
                    by_boot[boot].push(place);
                }
            });
        }
        for (row, shift) in moved {
            machine.clock.move_row(row, shift);
        }
        for (boot, latest) in machine.boots.iter_mut().zip(latest) {
            // After the next start a record is another boot's, unless the clock was turned back at that.
            let is_turned_back = boot.last_record.is_none_or(|last| boot.next_start < Some(last));
            let latest = latest.filter(|&at| is_turned_back || boot.next_start.is_none_or(|next| at <= next));
            boot.last_record = boot.last_record.max(latest);
        }
        let in_order = |mut places: Vec<Place>| {
            places.sort_by_key(|place| (place.elapsed, records.id[place.row as usize]));
            places.into_iter().map(|place| place.row).collect()
        };
        let by_boot = by_boot.into_iter().map(in_order).collect();
        Outside { by_boot }
    }

    /// A boot's records of these logs, by time.
    #[inline(never)]
    pub fn rows(&self, boot: usize) -> &[RowIdx] {
        self.by_boot.get(boot).map_or(&[], |rows| rows)
    }
}

/// The records of System that are about sessions, by boot.
fn of_system(records: &Records, machine: &Machine, timeline: &Timeline) -> Vec<Vec<Place>> {
    let mut by_boot = vec![Vec::new(); machine.boots.len()];
    let Some(system) = machine.system.map(|n| &machine.lineages[n]) else { return by_boot };
    for (boot, facts) in machine.boots.iter().enumerate() {
        let rows = &system.rows[facts.system.start as usize..facts.system.end as usize];
        let is_step = |row| records.event(row).is_some_and(|e| records.events.kind(e) == Kind::ClockSet);
        let wanted = rows.iter().copied().filter(|&row| is_of_session(records, row) || is_step(row));
        timeline.walk_system(records, boot, &wanted.collect::<Vec<_>>(), |place| {
            if !is_step(place.row) {
                by_boot[boot].push(place);
            }
        });
    }
    by_boot
}

/// Whether Terminal Services are about to make a session. The logon right after it, which other logs tell of as well, is a
/// sign of when its boot ran; this is none by itself.
fn is_arbitration(records: &Records, row: RowIdx) -> bool {
    let kind = records.event(row).map(|event| records.events.kind(event));
    matches!(kind, Some(Kind::TsArbitrationBegun | Kind::TsArbitrationEnded))
}

/// Whether any of those that tell of sessions by other logs than Security asks for a record.
fn is_of_session(records: &Records, row: RowIdx) -> bool {
    let Some(kind) = records.event(row).map(|event| records.events.kind(event)) else { return false };
    terminal::reads(kind) || remote::reads(kind) || cited::reads(kind) || cause::reads(kind)
}
