//! Starts that the numbers of Terminal Services show: they begin anew with each (domain.md C.3, rule 16).

use super::boots::{Cut, first_since};
use crate::event::{Field, Kind, Records, RowIdx};
use crate::machine::{Lineage, Machine, Pos};
use crate::time::{SECOND, Timestamp};

/// From a machine's start to the first desktop on it.
const TO_DESKTOP: i64 = 5 * SECOND;

/// The log that has the numbers, and that Terminal Services tell of a shutdown.
pub const SESSIONS: &str = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational";

/// A record by which Terminal Services number their sessions anew: a start came before it.
struct Renumbered {
    row: RowIdx,
    at: Timestamp,
    /// When the last record of the old numbers was written, and the first of the new start.
    since: Timestamp,
    first: Timestamp,
    /// The last record of the old number 1, or the last before the log says that all was stopped: other numbers may have
    /// been given in either start.
    sure: Timestamp,
}

/// What shows that Terminal Services were started anew.
pub struct Numbered<'a> {
    records: &'a Records,
    all: Vec<Renumbered>,
}

impl<'a> Numbered<'a> {
    pub fn of(records: &'a Records, machine: &Machine) -> Self {
        let is_numbered = |lineage: &&Lineage| records.text(lineage.channel).eq_ignore_ascii_case(SESSIONS);
        let log = machine.lineages.iter().find(is_numbered);
        let rows = log.map_or(&[][..], |log| &log.rows);
        let mut seen = TerminalNumbers::default();
        let mut all = Vec::new();
        let (mut since, mut sure) = (Timestamp::MIN, Timestamp::MIN);
        let mut first: Option<Timestamp> = None;
        for &row in rows {
            let at = records.time[row as usize];
            if seen.is_start(records, row) {
                all.push(Renumbered { row, at, since, first: first.unwrap_or(at), sure });
            }
            // 32, 34, 41 and 42 come before the logon that shows the new numbers.
            let kind = records.event(row).map(|event| records.events.kind(event));
            let is_of_new = matches!(
                kind,
                None | Some(Kind::TsStarted | Kind::TsArbitrationBegun | Kind::TsArbitrationEnded)
            );
            match is_of_new {
                true => first = first.or(Some(at)),
                false => (since, first) = (at, None),
            }
            let is_one = !is_of_new && TerminalNumbers::number(records, row) == 1;
            if is_one || matches!(kind, Some(Kind::TsShutdown | Kind::TsStarted)) {
                sure = since;
            }
        }
        Numbered { records, all }
    }

    /// The starts of a machine of which neither Security nor System shows any, up to the first record of Security.
    pub fn alone(&self, security: &Lineage, system: &Lineage) -> Vec<Cut> {
        let first = security.rows.first().map(|&row| self.records.time[row as usize]);
        let is_before = |number: &&Renumbered| first.is_none_or(|first| number.at <= first);
        let mut cuts: Vec<Cut> = Vec::new();
        for number in self.all.iter().take_while(is_before) {
            let (from, end) = (cuts.last().map_or(0, |cut| cut.system), system.rows.len() as Pos);
            let system = first_since(self.records, system, from..end, number.at).unwrap_or(end);
            cuts.push(number.cut(system));
        }
        cuts
    }

    /// The starts before all that a log has, by the places in it of its first record and of its first start: what came
    /// before numbers that begin anew in the records up to that, of which none is missing, came before those.
    pub fn before(&self, log: &Lineage, first_start: Pos) -> Vec<Cut> {
        let Some(&row) = log.rows.first() else { return Vec::new() };
        let first = self.records.time[row as usize];
        let whole = log.gaps.first().map_or(first_start, |&gap| gap.min(first_start));
        let last = log.rows[..(whole as usize).min(log.rows.len())].last();
        let until = last.map_or(first, |&row| self.records.time[row as usize]);
        let is_before =
            |number: &&Renumbered| number.at <= first || number.since < first && number.at <= until;
        let cut = |number: &Renumbered| {
            let cut = number.cut(0);
            Cut { at: cut.at.min(first), ..cut }
        };
        self.all.iter().take_while(is_before).map(cut).collect()
    }

    /// A start of which Security has lost everything was before the numbers that began anew in its gap, unless they are
    /// those of a start that is known.
    pub fn put(&self, security: &Lineage, cuts: &mut [Cut]) {
        let (mut first, mut known) = (0, 0);
        for number in &self.all {
            // What is known to have started since the old number 1 was last in use began with new ones.
            let put_right = |cut: &Cut| cut.at.plus(cut.moved);
            while cuts.get(known).is_some_and(|cut| put_right(cut) <= number.sure) {
                known += 1;
            }
            let mut since_sure = cuts[known..].iter().take_while(|cut| put_right(cut) <= number.at);
            if since_sure.any(|cut| cut.since.is_none()) {
                continue;
            }
            while cuts.get(first).is_some_and(|cut| cut.at <= number.since) {
                first += 1;
            }
            let is_within =
                |cut: &&mut Cut| cut.since.map_or(cut.at, |since| since.plus(TO_DESKTOP)) <= number.at;
            let near: Vec<&mut Cut> = cuts[first..].iter_mut().take_while(is_within).collect();
            if near.iter().any(|cut| cut.since.is_none()) {
                continue;
            }
            if let Some(cut) = near.into_iter().next() {
                if may_be_earlier(self.records, security, cut, number) {
                    continue;
                }
                cut.at = cut.at.min(number.at);
                cut.since = cut.since.max(Some(number.sure));
                cut.anchors.push(number.row);
            }
        }
    }
}

impl Renumbered {
    /// What comes before the logon that shows the new numbers is of the new start, not a moment too late for the old one.
    fn cut(&self, system: Pos) -> Cut {
        let at = self.first.min(self.at).plus(-TO_DESKTOP).max(self.since);
        Cut {
            at,
            since: Some(self.sure),
            moved: 0,
            anchors: vec![self.row],
            security: 0,
            within: 0..0,
            system,
        }
    }
}

/// Whether Security misses records before those of a start, too, since the old numbers were in use: the start may be
/// among those.
fn may_be_earlier(records: &Records, security: &Lineage, cut: &Cut, number: &Renumbered) -> bool {
    let before = &security.rows[..cut.security as usize];
    let first = before.partition_point(|&row| records.time[row as usize] < number.since) as Pos;
    security.has_gap(first.saturating_sub(1), cut.security.saturating_sub(1))
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
            // Who comes back to it is on, though the logon is lost.
            Kind::TsReconnected if number == 1 => (self.is_one_on, self.is_one_used) = (true, true),
            Kind::TsLogoff if number == 1 => self.is_one_on = false,
            _ => {}
        }
        is_start
    }
}
