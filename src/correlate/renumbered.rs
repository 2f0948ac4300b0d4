//! Where Terminal Services began to number their sessions anew: Windows started before (domain.md rule 16).

use crate::event::{Field, Kind, Records, RowIdx};
use crate::machine::{Lineage, Machine};
use crate::time::Timestamp;

/// A record by which Terminal Services number their sessions anew: a start came before it.
pub struct Renumbered {
    pub row: RowIdx,
    pub at: Timestamp,
    /// When the last record of the old numbers was written, and the first of the new start.
    pub since: Timestamp,
    pub first: Timestamp,
    /// The last record of the old number 1: others may have been given in either start.
    pub sure: Timestamp,
}

/// The records that show it, in the order of their log.
pub fn renumbered(records: &Records, machine: &Machine) -> Vec<Renumbered> {
    let is_numbered = |lineage: &&Lineage| {
        let channel = records.text(lineage.channel);
        channel.eq_ignore_ascii_case("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational")
    };
    let lineage = machine.lineages.iter().find(is_numbered);
    let rows = lineage.map_or(&[][..], |lineage| &lineage.rows);
    let at = |row: RowIdx| records.time[row as usize];
    let mut seen = TerminalNumbers::default();
    let mut found = Vec::new();
    let (mut since, mut sure) = (Timestamp::MIN, Timestamp::MIN);
    let mut first: Option<Timestamp> = None;
    for &row in rows {
        if seen.is_start(records, row) {
            found.push(Renumbered { row, at: at(row), since, first: first.unwrap_or(at(row)), sure });
        }
        // 32, 34, 41 and 42 come before the logon that shows the new numbers.
        let kind = records.event(row).map(|event| records.events.kind(event));
        let is_of_new = matches!(
            kind,
            None | Some(Kind::TsStarted | Kind::TsArbitrationBegun | Kind::TsArbitrationEnded)
        );
        match is_of_new {
            true => first = first.or(Some(at(row))),
            false => (since, first) = (at(row), None),
        }
        if !is_of_new && TerminalNumbers::number(records, row) == 1 {
            sure = at(row);
        }
    }
    found
}

/// What the LocalSessionManager has numbered since the last start.
#[derive(Default)]
struct TerminalNumbers {
    is_one_on: bool,
    /// Number 1 waits at the console: that somebody logs on there after others did from elsewhere is no new start.
    is_one_used: bool,
    greatest: u32,
    is_stopped: bool,
}

impl TerminalNumbers {
    /// The number that a record names; 0: none.
    fn number(records: &Records, row: RowIdx) -> u32 {
        records.event(row).and_then(|event| records.events.number(event, Field::TsSession)).unwrap_or(0)
    }

    fn is_start(&mut self, records: &Records, row: RowIdx) -> bool {
        let Some(event) = records.event(row) else { return false };
        let number = Self::number(records, row);
        let kind = records.events.kind(event);
        let is_start = kind == Kind::TsLogon
            && (self.is_stopped || number == 1 && (self.is_one_on || self.is_one_used && self.greatest > 1));
        if is_start {
            *self = TerminalNumbers::default();
        }
        match kind {
            Kind::TsShutdown | Kind::TsStarted => self.is_stopped = true,
            Kind::TsLogon => {
                self.is_one_on |= number == 1;
                self.is_one_used |= number == 1;
                // Numbers from 65536 on are the listener's own.
                self.greatest = self.greatest.max(number & 0xffff);
            }
            Kind::TsLogoff if number == 1 => self.is_one_on = false,
            _ => {}
        }
        is_start
    }
}
