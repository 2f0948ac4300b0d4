//! Which units of one name are one machine: those whose records do not contradict each other (domain.md C.1, rules 2 and
//! 3).

use super::Group;
use super::units::{Part, Span, Unit};
use crate::event::{Records, RowIdx};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// The ranges of record ids that several units have of a channel: only there can they contradict each other.
struct Zones(FxHashMap<u32, Vec<(u64, u64)>>);

impl Zones {
    fn of(units: &[Unit]) -> Self {
        let mut ranges: FxHashMap<u32, Vec<(u64, u64)>> = FxHashMap::default();
        for part in units.iter().flat_map(|unit| &unit.parts) {
            ranges.entry(part.channel).or_default().push(part.span.ids);
        }
        let mut zones = FxHashMap::default();
        for (channel, mut ranges) in ranges {
            ranges.sort_unstable();
            let mut own: Vec<(u64, u64)> = Vec::new();
            let mut reached: Option<u64> = None;
            for (first, last) in ranges {
                if let Some(until) = reached.filter(|&until| first <= until) {
                    let zone = (first, until.min(last));
                    match own.last_mut().filter(|before| zone.0 <= before.1) {
                        Some(before) => before.1 = before.1.max(zone.1),
                        None => own.push(zone),
                    }
                }
                reached = reached.max(Some(last));
            }
            zones.insert(channel, own);
        }
        Zones(zones)
    }

    /// A group's first record of each id within them.
    fn rows<'a>(
        &'a self,
        records: &'a Records,
        group: &'a Group,
    ) -> impl Iterator<Item = (u64, Timestamp)> + 'a {
        let id = |row: &RowIdx| records.id[*row as usize];
        let zones = self.0.get(&group.channel).map_or(&[][..], |zones| zones);
        let (least, greatest) = (group.rows.first().map_or(0, id), group.rows.last().map_or(0, id));
        let next = zones.partition_point(|zone| zone.1 < least);
        let zones = zones[next..].iter().take_while(move |zone| zone.0 <= greatest);
        let rows = zones.flat_map(move |&(first, last)| {
            let from = group.rows.partition_point(|row| id(row) < first);
            let to = group.rows.partition_point(|row| id(row) <= last);
            &group.rows[from..to.max(from)]
        });
        let mut before = None;
        let first_of_id = move |row: &RowIdx| {
            let id = id(row);
            (before.replace(id) != Some(id)).then_some((id, records.time[*row as usize]))
        };
        rows.filter_map(first_of_id)
    }
}

/// A machine while units are joined to it.
struct Cluster {
    node: usize,
    names: BTreeSet<u32>,
    folders: BTreeSet<String>,
    sid: Option<String>,
    /// By channel: its log, and those that were made anew after it.
    logs: FxHashMap<u32, Vec<Log>>,
}

/// One log, as far as it is known.
struct Log {
    span: Span,
    /// Records within the zones.
    seen: FxHashMap<u64, Timestamp>,
}

/// How well a unit fits a machine; more is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    has_same_records: bool,
    is_without_new_log: bool,
    is_in_folder: bool,
}

/// The sources of one name, while they are sorted into machines.
pub struct Sorting<'a> {
    records: &'a Records,
    groups: &'a [Group],
    zones: Zones,
    machines: Vec<Cluster>,
}

impl<'a> Sorting<'a> {
    pub fn new(records: &'a Records, groups: &'a [Group], units: &[Unit]) -> Self {
        Sorting { records, groups, zones: Zones::of(units), machines: Vec::new() }
    }

    /// Puts a unit into the machine that it fits best, or makes one. Gives the machine's first node, and for each of the
    /// unit's parts the number of its log.
    pub fn place(&mut self, unit: &Unit, sid: Option<String>) -> (usize, Vec<u32>) {
        let fits = self.machines.iter().enumerate().filter_map(|(n, machine)| {
            let (fit, logs) = self.fit(machine, unit, sid.as_deref())?;
            Some((fit, std::cmp::Reverse(n), logs))
        });
        // Of those that fit alike, the first.
        let best = fits.max_by_key(|(fit, n, _)| (*fit, *n));
        let (n, logs) = match best {
            Some((_, n, logs)) => (n.0, logs),
            None => {
                self.machines.push(Cluster {
                    node: unit.nodes.first().copied().unwrap_or(0),
                    names: BTreeSet::new(),
                    folders: BTreeSet::new(),
                    sid: None,
                    logs: FxHashMap::default(),
                });
                (self.machines.len() - 1, vec![0; unit.parts.len()])
            }
        };
        let machine = &mut self.machines[n];
        machine.names.extend(&unit.names);
        machine.folders.extend(unit.folders.iter().cloned());
        machine.sid = machine.sid.take().or(sid);
        for (part, &number) in unit.parts.iter().zip(&logs) {
            machine.add(self.records, self.groups, part, number, &self.zones);
        }
        (machine.node, logs)
    }

    /// How well a unit fits a machine, and which of its logs each of the unit's parts is of; none if it is another
    /// machine's.
    fn fit(&self, machine: &Cluster, unit: &Unit, sid: Option<&str>) -> Option<(Fit, Vec<u32>)> {
        let both = machine.sid.as_deref().zip(sid);
        if machine.names.is_disjoint(&unit.names) || both.is_some_and(|(a, b)| a != b) {
            return None;
        }
        let mut fit = Fit {
            has_same_records: false,
            is_without_new_log: true,
            is_in_folder: !machine.folders.is_disjoint(&unit.folders),
        };
        let logs_of = |part: &Part| machine.logs.get(&part.channel).map_or(&[][..], |logs| logs);
        let has_same = |part: &Part| logs_of(part).iter().map(|log| self.has_same(log, part)).collect();
        let same: Vec<Vec<Option<bool>>> = unit.parts.iter().map(has_same).collect();
        let is_same_windows = both.is_some() || same.iter().flatten().any(|&is_same| is_same == Some(true));
        let mut numbers = Vec::with_capacity(unit.parts.len());
        for (part, same) in unit.parts.iter().zip(&same) {
            let logs = logs_of(part);
            let found = logs.iter().zip(same).enumerate().find_map(|(number, (log, &is_same))| {
                let is_same = is_same?;
                let is_anew = both.is_some() && !is_same && log.span.is_inverted(part.span);
                (!is_anew).then_some((is_same, number))
            });
            numbers.push(match found {
                Some((is_same, number)) => {
                    fit.has_same_records |= is_same;
                    number as u32
                }
                None if logs.is_empty() => 0,
                // Rule 3: made anew. Of two stories of one time, one is another machine's, such as a clone's.
                None if is_same_windows && logs.iter().all(|log| log.span.is_apart(part.span)) => {
                    fit.is_without_new_log = false;
                    logs.len() as u32
                }
                None => return None,
            });
        }
        Some((fit, numbers))
    }

    /// Whether a part has records of a log; none if one id is another moment's.
    fn has_same(&self, log: &Log, part: &Part) -> Option<bool> {
        let mut is_same = false;
        for &n in part.groups.iter().filter(|_| !log.seen.is_empty()) {
            for (id, at) in self.zones.rows(self.records, &self.groups[n]) {
                match log.seen.get(&id) {
                    Some(&seen) if seen != at => return None,
                    Some(_) => is_same = true,
                    None => {}
                }
            }
        }
        Some(is_same)
    }
}

impl Cluster {
    fn add(&mut self, records: &Records, groups: &[Group], part: &Part, number: u32, zones: &Zones) {
        let logs = self.logs.entry(part.channel).or_default();
        if logs.len() <= number as usize {
            logs.push(Log { span: part.span, seen: FxHashMap::default() });
        }
        let Some(log) = logs.get_mut(number as usize) else { return };
        log.span = log.span.with(part.span);
        for &n in &part.groups {
            for (id, at) in zones.rows(records, &groups[n]) {
                log.seen.entry(id).or_insert(at);
            }
        }
    }
}
