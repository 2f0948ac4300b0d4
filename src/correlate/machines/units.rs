//! What is surely of one machine: what one source has of a computer, and the copies of it.

use super::join::{Sources, Union};
use super::{Group, Node};
use crate::event::{Records, RowIdx};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What is known to be of one machine: one source's records of a computer under all its names, and their copies.
pub struct Unit {
    pub nodes: Vec<usize>,
    pub parts: Vec<Part>,
    pub names: BTreeSet<u32>,
    pub folders: BTreeSet<String>,
    /// Whether it has records of Security: two machines' are most likely to contradict each other.
    has_security: bool,
    order: (u32, String),
}

/// What it has of one channel, renumbered copies apart.
pub struct Part {
    pub channel: u32,
    pub groups: Vec<usize>,
    /// Filled where there is another unit of its name.
    pub span: Span,
}

/// The least and the greatest id, and the first and the last moment.
#[derive(Clone, Copy)]
pub struct Span {
    pub ids: (u64, u64),
    times: (Timestamp, Timestamp),
}

impl Span {
    /// Of no record.
    const NONE: Span = Span { ids: (u64::MAX, 0), times: (Timestamp::MAX, Timestamp::MIN) };

    pub fn of(records: &Records, groups: &[Group], own: &[usize]) -> Self {
        let of_row = |&row: &RowIdx| {
            let (id, at) = (records.id[row as usize], records.time[row as usize]);
            Span { ids: (id, id), times: (at, at) }
        };
        let rows = own.iter().flat_map(|&n| &groups[n].rows);
        rows.map(of_row).fold(Span::NONE, Span::with)
    }

    pub fn with(self, other: Span) -> Span {
        Span {
            ids: (self.ids.0.min(other.ids.0), self.ids.1.max(other.ids.1)),
            times: (self.times.0.min(other.times.0), self.times.1.max(other.times.1)),
        }
    }

    /// Whether one was written wholly before the other.
    pub fn is_apart(self, other: Span) -> bool {
        self.times.1 < other.times.0 || other.times.1 < self.times.0
    }

    /// Whether one of the two begins with id 1 after all of the other, whose ids are greater: it was made anew.
    pub fn is_inverted(self, other: Span) -> bool {
        let is_after = |a: Span, b: Span| a.ids.0 == 1 && a.ids.1 < b.ids.0 && b.times.1 < a.times.0;
        is_after(self, other) || is_after(other, self)
    }
}

/// In the order of their sources' paths.
pub fn units(
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
        let has_security = by_channel.contains_key("security");
        let parts = by_channel.into_values().filter_map(part).collect();
        let folders = own.iter().map(folder).collect();
        Unit { folders, nodes: own, parts, has_security, order: (rank, first), names }
    };
    let mut units: Vec<Unit> = by_root.into_iter().map(unit).collect();
    units.sort_by(|a, b| a.order.cmp(&b.order));
    collected_together(units, union)
}

/// What lies in one folder under one name, each log once, was collected together, and is one machine's.
fn collected_together(units: Vec<Unit>, union: &mut Union) -> Vec<Unit> {
    let place = |unit: &Unit| {
        let folder = unit.folders.first().filter(|_| unit.folders.len() == 1)?;
        let name = unit.names.first().filter(|_| unit.names.len() == 1)?;
        Some((folder.clone(), *name))
    };
    let mut channels: FxHashMap<(String, u32), Vec<u32>> = FxHashMap::default();
    for unit in &units {
        let own = place(unit).map(|place| channels.entry(place).or_default());
        own.into_iter().for_each(|own| own.extend(unit.parts.iter().map(|part| part.channel)));
    }
    channels.values_mut().for_each(|own| own.sort_unstable());
    channels.retain(|_, own| own.windows(2).all(|two| two[0] != two[1]));
    let mut together: Vec<Unit> = Vec::with_capacity(units.len());
    let mut first: FxHashMap<(String, u32), usize> = FxHashMap::default();
    for unit in units {
        let place = place(&unit).filter(|place| channels.contains_key(place));
        let before = place.and_then(|place| match first.entry(place) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(first) => {
                first.insert(together.len());
                None
            }
        });
        match before.map(|n| &mut together[n]) {
            Some(before) => before.add(unit, union),
            None => together.push(unit),
        }
    }
    together
}

impl Unit {
    fn add(&mut self, other: Unit, union: &mut Union) {
        for (&own, &node) in self.nodes.iter().take(1).cycle().zip(&other.nodes) {
            union.join(own, node);
        }
        self.nodes.extend(other.nodes);
        self.parts.extend(other.parts);
        self.has_security |= other.has_security;
    }
}

fn folder(path: &str) -> &str {
    path.rfind(['/', '\\']).map_or("", |end| &path[..end])
}

/// Units that share names, directly or through others. Those of several names come first, each after one that it shares
/// a name with: they tell which names belong together. Then those by which machines of one name are told apart: what
/// contradicts none of them is then put with the logs that it lay beside.
pub fn of_one_name(units: Vec<Unit>) -> Vec<Vec<Unit>> {
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
        one.sort_unstable_by_key(|&n| (!units[n].has_security, n));
        several.extend(one);
        together.push(several);
    }
    let mut units: Vec<Option<Unit>> = units.into_iter().map(Some).collect();
    let mut take =
        |own: Vec<usize>| -> Vec<Unit> { own.into_iter().filter_map(|n| units[n].take()).collect() };
    together.into_iter().filter(|own| own.len() > 1).map(&mut take).collect()
}
