//! Which sources are of one machine (domain.md C.1, rule 2)?
//!
//! What one source has of a computer under all its names is taken together first. Those of one name are then one machine
//! unless their records contradict each other, or local accounts show that their Windows are two. A log that was deleted
//! and made anew contradicts the one before it too: there the accounts show that it is the same Windows (rule 3).

use super::lineage::Segment;
use super::{Group, Node, begins_with_start};
use crate::event::{Field, Records, RowIdx, StrId};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// A renamed computer goes on with the next record id; a few records may be missing where exports were filtered.
const MAX_RENAME_GAP: u64 = 64;

/// A computer that goes back to an old name does so a few times; in a collector's log names change with each record.
const MAX_NAME_CHANGES: usize = 32;

/// What sources are called: their places in the byte order of paths, their paths, and the texts of names.
pub struct Sources<'a> {
    pub rank: &'a [u32],
    pub paths: &'a [&'a str],
    pub keys: &'a [String],
}

/// What belongs together.
pub struct Joined {
    /// For each node, the node that stands for its machine.
    pub roots: Vec<usize>,
    /// For each group, where its records stand in their log.
    pub segments: Vec<Segment>,
}

/// Joins nodes to machines. `originals` are the groups that others are renumbered copies of.
#[inline(never)]
pub fn join(
    records: &Records,
    nodes: &[Node],
    groups: &[Group],
    originals: &[Option<usize>],
    sources: &Sources<'_>,
) -> Joined {
    let mut union = Union((0..nodes.len()).collect());
    join_renamed(records, nodes, groups, &mut union);
    for (n, original) in originals.iter().enumerate() {
        if let Some(original) = original {
            union.join(groups[n].node, groups[*original].node);
        }
    }
    let mut segments = vec![Segment::default(); groups.len()];
    let units = units(nodes, groups, originals, sources, &mut union);
    for mut units in of_one_name(units) {
        for part in units.iter_mut().flat_map(|unit| &mut unit.parts) {
            part.span = Span::of(records, groups, &part.groups);
        }
        let sids = sids(records, groups, &units);
        let mut sorting = Sorting { records, groups, zones: Zones::of(&units), machines: Vec::new() };
        for (unit, sid) in units.iter().zip(sids) {
            let (first, logs) = sorting.place(unit, sid);
            for &node in &unit.nodes {
                union.join(first, node);
            }
            for (part, number) in unit.parts.iter().zip(logs) {
                part.groups.iter().for_each(|&n| segments[n].number = number);
            }
        }
    }
    for (n, original) in originals.iter().enumerate() {
        if let Some(original) = original {
            segments[n] = Segment { is_renumbered: true, ..segments[*original] };
        }
    }
    Joined { roots: (0..nodes.len()).map(|node| union.root(node)).collect(), segments }
}

/// Joined sets of nodes.
struct Union(Vec<usize>);

impl Union {
    fn root(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// A run of records of one name within one log of a source.
struct Run<'a> {
    group: usize,
    rows: &'a [RowIdx],
}

/// Rule 2a: within one log, another name that goes on with the record ids is the same machine, renamed.
fn join_renamed(records: &Records, nodes: &[Node], groups: &[Group], union: &mut Union) {
    let mut by_log: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
    for (n, group) in groups.iter().enumerate() {
        by_log.entry((nodes[group.node].source, group.channel)).or_default().push(n);
    }
    let id = |row: Option<&RowIdx>| row.map_or(0, |&row| records.id[row as usize]);
    for log in by_log.values().filter(|log| log.len() > 1) {
        let runs = runs(records, groups, log);
        let n_runs = |group: usize| runs.iter().filter(|run| run.group == group).count();
        let is_chain = |pair: &[Run<'_>]| {
            let (last, next) = (id(pair[0].rows.last()), id(pair[1].rows.first()));
            // A name that comes back changes with a start as well; in a collector's log it need not.
            let comes_back = || n_runs(pair[0].group) > 1 || n_runs(pair[1].group) > 1;
            next.checked_sub(last).is_some_and(|gap| match gap {
                1 => !comes_back() || begins_with_start(records, pair[1].rows),
                2..=MAX_RENAME_GAP => begins_with_start(records, pair[1].rows),
                _ => false,
            })
        };
        for pair in runs.windows(2).filter(|pair| is_chain(pair)) {
            union.join(groups[pair[0].group].node, groups[pair[1].group].node);
        }
    }
}

/// The runs of one name in a log of several, by record id; none where names change too often to be one machine's.
fn runs<'a>(records: &Records, groups: &'a [Group], log: &[usize]) -> Vec<Run<'a>> {
    let id = |row: &RowIdx| records.id[*row as usize];
    let mut left: Vec<(usize, &[RowIdx])> = log.iter().map(|&n| (n, &groups[n].rows[..])).collect();
    let mut runs: Vec<Run<'a>> = Vec::new();
    left.sort_by_key(|(n, rows)| (rows.first().map(id), *n));
    // Names that do not come back are runs of their own, however many there are.
    let is_apart = |pair: &[(usize, &[RowIdx])]| pair[0].1.last().map(id) < pair[1].1.first().map(id);
    if left.windows(2).all(is_apart) {
        return left.into_iter().map(|(group, rows)| Run { group, rows }).collect();
    }
    while let Some(next) = (0..left.len()).min_by_key(|&n| (left[n].1.first().map(id), left[n].0)) {
        let (group, rows) = left[next];
        let others = left.iter().filter(|(other, _)| *other != group);
        let until = others.filter_map(|(_, rows)| rows.first().map(id)).min();
        let n = until.map_or(rows.len(), |until| rows.partition_point(|row| id(row) < until).max(1));
        runs.push(Run { group, rows: &rows[..n] });
        left[next].1 = &rows[n..];
        left.retain(|(_, rows)| !rows.is_empty());
        if runs.len() > MAX_NAME_CHANGES {
            return Vec::new();
        }
    }
    runs
}

/// What is known to be of one machine: one source's records of a computer under all its names, and their copies.
struct Unit {
    nodes: Vec<usize>,
    parts: Vec<Part>,
    names: BTreeSet<u32>,
    folders: BTreeSet<String>,
    order: (u32, String),
}

/// What it has of one channel, renumbered copies apart.
struct Part {
    channel: u32,
    groups: Vec<usize>,
    /// Filled where there is another unit of its name.
    span: Span,
}

/// The least and the greatest id, and the first and the last moment.
#[derive(Clone, Copy)]
struct Span {
    ids: (u64, u64),
    times: (Timestamp, Timestamp),
}

impl Span {
    /// Of no record.
    const NONE: Span = Span { ids: (u64::MAX, 0), times: (Timestamp::MAX, Timestamp::MIN) };

    fn of(records: &Records, groups: &[Group], own: &[usize]) -> Self {
        let of_row = |&row: &RowIdx| {
            let (id, at) = (records.id[row as usize], records.time[row as usize]);
            Span { ids: (id, id), times: (at, at) }
        };
        let rows = own.iter().flat_map(|&n| &groups[n].rows);
        rows.map(of_row).fold(Span::NONE, Span::with)
    }

    fn with(self, other: Span) -> Span {
        Span {
            ids: (self.ids.0.min(other.ids.0), self.ids.1.max(other.ids.1)),
            times: (self.times.0.min(other.times.0), self.times.1.max(other.times.1)),
        }
    }

    /// Whether one was written wholly before the other.
    fn is_apart(self, other: Span) -> bool {
        self.times.1 < other.times.0 || other.times.1 < self.times.0
    }

    /// Whether one of the two begins with id 1 after all of the other, whose ids are greater: it was made anew.
    fn is_inverted(self, other: Span) -> bool {
        let is_after = |a: Span, b: Span| a.ids.0 == 1 && a.ids.1 < b.ids.0 && b.times.1 < a.times.0;
        is_after(self, other) || is_after(other, self)
    }
}

/// In the order of their sources' paths.
fn units(
    nodes: &[Node],
    groups: &[Group],
    originals: &[Option<usize>],
    sources: &Sources<'_>,
    union: &mut Union,
) -> Vec<Unit> {
    let mut by_root: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for node in 0..nodes.len() {
        by_root.entry(union.root(node)).or_default().push(node);
    }
    let mut of_root: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for (n, group) in groups.iter().enumerate().filter(|(n, _)| originals[*n].is_none()) {
        of_root.entry(union.root(group.node)).or_default().push(n);
    }
    let key = |name: u32| sources.keys[name as usize].as_str();
    let unit = |(root, own): (usize, Vec<usize>)| {
        let names: BTreeSet<u32> = own.iter().map(|&node| nodes[node].computer).collect();
        let rank = own.iter().map(|&node| sources.rank[nodes[node].source as usize]).min().unwrap_or(0);
        let first = names.iter().map(|&name| key(name)).min().unwrap_or_default().to_owned();
        let folder = |&node: &usize| folder(sources.paths[nodes[node].source as usize]).to_owned();
        let mut by_channel: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &n in of_root.get(&root).into_iter().flatten() {
            by_channel.entry(key(groups[n].channel)).or_default().push(n);
        }
        let part = |own: Vec<usize>| {
            let channel = groups[*own.first()?].channel;
            Some(Part { channel, groups: own, span: Span::NONE })
        };
        let parts = by_channel.into_values().filter_map(part).collect();
        Unit { folders: own.iter().map(folder).collect(), nodes: own, parts, order: (rank, first), names }
    };
    let mut units: Vec<Unit> = by_root.into_iter().map(unit).collect();
    units.sort_by(|a, b| a.order.cmp(&b.order));
    units
}

fn folder(path: &str) -> &str {
    path.rfind(['/', '\\']).map_or("", |end| &path[..end])
}

/// Units that share names, directly or through others. Those of several names come first, each after one that it shares
/// a name with: they tell which names belong together.
fn of_one_name(units: Vec<Unit>) -> Vec<Vec<Unit>> {
    let mut by_name: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
    for (n, unit) in units.iter().enumerate() {
        for &name in &unit.names {
            by_name.entry(name).or_default().push(n);
        }
    }
    let mut is_met = vec![false; units.len()];
    let mut together: Vec<Vec<usize>> = Vec::new();
    for n in 0..units.len() {
        if std::mem::replace(&mut is_met[n], true) {
            continue;
        }
        let mut own = vec![n];
        let mut next = 0;
        while let Some(&n) = own.get(next) {
            next += 1;
            // Taken out, so that each name is gone through once.
            for other in units[n].names.iter().filter_map(|name| by_name.remove(name)).flatten() {
                if !std::mem::replace(&mut is_met[other], true) {
                    own.push(other);
                }
            }
        }
        let (mut several, one): (Vec<usize>, Vec<usize>) =
            own.into_iter().partition(|&n| units[n].names.len() > 1);
        let mut one = one;
        one.sort_unstable();
        several.extend(one);
        together.push(several);
    }
    let mut units: Vec<Option<Unit>> = units.into_iter().map(Some).collect();
    let mut take =
        |own: Vec<usize>| -> Vec<Unit> { own.into_iter().filter_map(|n| units[n].take()).collect() };
    together.into_iter().filter(|own| own.len() > 1).map(&mut take).collect()
}

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

/// The Windows of each unit: the SID that its local accounts have in common, S-1-5-21-X-Y-Z (rule 2b). A source
/// without any is taken to be of the Windows that its folder has, if that is one.
fn sids(records: &Records, groups: &[Group], units: &[Unit]) -> Vec<Option<String>> {
    let own: Vec<Option<String>> = units.iter().map(|unit| local_sid(records, groups, unit)).collect();
    let mut by_folder: FxHashMap<&str, BTreeSet<&str>> = FxHashMap::default();
    for (unit, sid) in units.iter().zip(&own) {
        for folder in &unit.folders {
            by_folder.entry(folder).or_default().extend(sid.as_deref());
        }
    }
    let of_folder = |unit: &Unit| {
        let sids: BTreeSet<&str> = unit
            .folders
            .iter()
            .filter_map(|folder| by_folder.get(folder.as_str()))
            .flatten()
            .copied()
            .collect();
        (sids.len() == 1).then(|| sids.first().map(|sid| (*sid).to_owned())).flatten()
    };
    units.iter().zip(&own).map(|(unit, sid)| sid.clone().or_else(|| of_folder(unit))).collect()
}

/// The SID of the computer itself, by the first account whose domain is the computer's own name.
fn local_sid(records: &Records, groups: &[Group], unit: &Unit) -> Option<String> {
    let accounts = [(Field::TargetDomain, Field::TargetSid), (Field::SubjectDomain, Field::SubjectSid)];
    let mut is_own: FxHashMap<(StrId, StrId), bool> = FxHashMap::default();
    let mut of_row = |row: RowIdx| {
        let event = records.event(row)?;
        let computer = records.signature(row).computer;
        accounts.iter().find_map(|&(domain, sid)| {
            let domain = records.events.text(event, domain);
            let own = is_own.entry((computer, domain)).or_insert_with(|| {
                let short = records.text(computer).split('.').next().unwrap_or_default();
                !domain.is_none() && records.text(domain).eq_ignore_ascii_case(short)
            });
            own.then(|| of_account(records.text(records.events.text(event, sid)))).flatten()
        })
    };
    let own = unit.parts.iter().flat_map(|part| &part.groups);
    own.flat_map(|&n| &groups[n].rows).find_map(|&row| of_row(row))
}

/// `S-1-5-21-X-Y-Z` of `S-1-5-21-X-Y-Z-RID`.
fn of_account(sid: &str) -> Option<String> {
    let (domain, _) = sid.rsplit_once('-')?;
    (domain.starts_with("S-1-5-21-") && domain.matches('-').count() == 6).then(|| domain.to_owned())
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
struct Sorting<'a> {
    records: &'a Records,
    groups: &'a [Group],
    zones: Zones,
    machines: Vec<Cluster>,
}

impl Sorting<'_> {
    /// Puts a unit into the machine that it fits best, or makes one. Gives the machine's first node, and for each of the
    /// unit's parts the number of its log.
    fn place(&mut self, unit: &Unit, sid: Option<String>) -> (usize, Vec<u32>) {
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
        let mut numbers = Vec::with_capacity(unit.parts.len());
        for part in &unit.parts {
            let logs = machine.logs.get(&part.channel).map_or(&[][..], |logs| logs);
            let is_same_windows = both.is_some();
            let found = logs.iter().enumerate().find_map(|(number, log)| {
                let is_same = self.has_same(log, part)?;
                let is_anew = is_same_windows && !is_same && log.span.is_inverted(part.span);
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
