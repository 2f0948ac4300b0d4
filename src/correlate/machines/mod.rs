//! Which machine wrote which records, and in which order (domain.md C.1, rules 2 to 6)? [`copies`] tells copies whose
//! record ids are others, [`join`] which sources are of one machine, [`lineage`] puts the records of one log in order.

mod copies;
mod join;
mod lineage;
mod names;
mod renamed;
mod sids;
mod sorting;
mod units;

use crate::event::records::{Signature, Span};
use crate::event::{Kind, Records, RowIdx, StrId};
use crate::machine::Machine;
use join::Joined;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// The records of one channel of one computer in one source, by record id.
struct Group {
    node: usize,
    channel: u32,
    rows: Vec<RowIdx>,
    /// Whether several of them may have one id.
    may_repeat: bool,
}

/// A computer name in a source: what is joined to machines.
struct Node {
    source: u32,
    computer: u32,
}

/// Sorts all records into machines and their logs. Also counts, for each source, the records that another source
/// has as well.
#[inline(never)]
pub fn machines(records: &Records, paths: &[&str]) -> (Vec<Machine>, Vec<u64>) {
    let mut grouping = Grouping::new(records);
    grouping.run();
    let Grouping { nodes, mut groups, keys, .. } = grouping;
    let rank = ranks(paths);
    for group in &mut groups {
        let id = |&row: &RowIdx| (records.id[row as usize], records.time[row as usize]);
        // Two records of one id and moment stay in the order of the file, whenever its chunks came.
        let chunk = |&row: &RowIdx| records.span(row).chunk;
        let order = |a: &RowIdx, b: &RowIdx| id(a).cmp(&id(b)).then_with(|| chunk(a).cmp(&chunk(b)));
        // As a rule they stand in the log by ids of which each is there once.
        let is_less = |&a: &RowIdx, &b: &RowIdx| records.id[a as usize] < records.id[b as usize];
        group.may_repeat = !group.rows.is_sorted_by(is_less);
        if group.may_repeat && !group.rows.is_sorted_by(|a, b| order(a, b).is_le()) {
            group.rows.sort_by(order);
        }
    }
    let originals = copies::originals(records, &nodes, &groups, &rank);
    let sources = join::Sources { rank: &rank, paths, keys: &keys };
    let joined = join::join(records, &nodes, &groups, &originals, &sources);
    let mut duplicates = vec![0; paths.len()];
    let mut machines = build(records, &nodes, groups, &joined, &rank, &keys, &mut duplicates);
    names::name_all(records, &mut machines);
    (machines, duplicates)
}

/// Sources by the byte order of their paths: what the result may depend on, unlike the order of arrival.
fn ranks(paths: &[&str]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..paths.len() as u32).collect();
    order.sort_by_key(|&source| (paths[source as usize], source));
    let mut rank = vec![0; paths.len()];
    for (place, &source) in order.iter().enumerate() {
        rank[source as usize] = place as u32;
    }
    rank
}

struct Grouping<'a> {
    records: &'a Records,
    /// Lower-case names by number.
    keys: Vec<String>,
    key_ids: FxHashMap<String, u32>,
    nodes: Vec<Node>,
    node_ids: FxHashMap<(u32, u32), usize>,
    groups: Vec<Group>,
    group_ids: FxHashMap<(usize, u32), usize>,
}

impl<'a> Grouping<'a> {
    fn new(records: &'a Records) -> Self {
        Self {
            records,
            keys: Vec::new(),
            key_ids: FxHashMap::default(),
            nodes: Vec::new(),
            node_ids: FxHashMap::default(),
            groups: Vec::new(),
            group_ids: FxHashMap::default(),
        }
    }

    /// Names are compared without regard to case (domain.md 0.1, 3).
    fn key(&mut self, text: StrId) -> u32 {
        let text = self.records.text(text).to_lowercase();
        if let Some(&id) = self.key_ids.get(&text) {
            return id;
        }
        self.keys.push(text.clone());
        self.key_ids.insert(text, self.keys.len() as u32 - 1);
        self.keys.len() as u32 - 1
    }

    #[inline(never)]
    fn run(&mut self) {
        let records = self.records;
        let name = |s: &Signature| (s.is_torn == 0).then(|| (self.key(s.computer), self.key(s.channel)));
        let names: Vec<Option<(u32, u32)>> = records.signatures.iter().map(name).collect();
        // One number for each: a log has millions of records to compare by it.
        let mut numbers: FxHashMap<Option<(u32, u32)>, u32> = FxHashMap::default();
        let mut number = |name| {
            let next = numbers.len() as u32;
            *numbers.entry(name).or_insert(next)
        };
        let by_signature: Vec<u32> = names.iter().map(|&name| number(name)).collect();
        for (span, rows) in in_file_order(records) {
            // Neighbouring records nearly always have the same channel and computer.
            let mut first = rows.start;
            while first < rows.end {
                let signatures = &records.signature[first as usize..rows.end as usize];
                let own = by_signature[signatures[0] as usize];
                let is_other = |&signature: &u32| by_signature[signature as usize] != own;
                let n = signatures.iter().position(is_other).unwrap_or(signatures.len());
                let end = first + n as RowIdx;
                if let Some(own) = names[signatures[0] as usize] {
                    let group = self.group(span.source, own);
                    self.groups[group].rows.extend(first..end);
                }
                first = end;
            }
        }
    }

    fn group(&mut self, source: u32, (computer, channel): (u32, u32)) -> usize {
        let nodes = &mut self.nodes;
        let node = *self.node_ids.entry((source, computer)).or_insert_with(|| {
            nodes.push(Node { source, computer });
            nodes.len() - 1
        });
        let groups = &mut self.groups;
        *self.group_ids.entry((node, channel)).or_insert_with(|| {
            groups.push(Group { node, channel, rows: Vec::new(), may_repeat: true });
            groups.len() - 1
        })
    }
}

/// The chunks of each source in the order in which they stand there, whenever they came, with their rows: so the records
/// of nearly every log are in order already.
fn in_file_order(records: &Records) -> Vec<(&Span, Range<RowIdx>)> {
    let ends = records.spans.iter().skip(1).map(|span| span.first_row).chain([records.len() as RowIdx]);
    let mut spans: Vec<_> =
        records.spans.iter().zip(ends).map(|(span, end)| (span, span.first_row..end)).collect();
    spans.sort_by_key(|(span, _)| (span.source, span.chunk));
    spans
}

#[inline(never)]
fn build(
    records: &Records,
    nodes: &[Node],
    groups: Vec<Group>,
    joined: &Joined,
    rank: &[u32],
    keys: &[String],
    duplicates: &mut [u64],
) -> Vec<Machine> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let source_rank = |group: &Group| rank[nodes[group.node].source as usize];
    // By name, not by number: numbers are given in the order in which the records came.
    let name = |key: u32| keys[key as usize].as_str();
    order.sort_by_key(|&n| {
        let group = &groups[n];
        (source_rank(group), name(nodes[group.node].computer), name(group.channel))
    });
    let mut machine_of: FxHashMap<usize, usize> = FxHashMap::default();
    let mut parts: Vec<FxHashMap<u32, Vec<usize>>> = Vec::new();
    for n in order {
        let machine = *machine_of.entry(joined.roots[groups[n].node]).or_insert_with(|| {
            parts.push(FxHashMap::default());
            parts.len() - 1
        });
        parts[machine].entry(groups[n].channel).or_default().push(n);
    }
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    let mut build_one = |channels: FxHashMap<u32, Vec<usize>>| {
        let mut machine = Machine::default();
        let mut channels: Vec<(u32, Vec<usize>)> = channels.into_iter().collect();
        channels.sort_by(|a, b| keys[a.0 as usize].cmp(&keys[b.0 as usize]));
        for (channel, own) in channels {
            let own = own.into_iter().filter_map(|n| Some((joined.segments[n], groups[n].take()?)));
            let lineage = lineage::lineage(records, own.collect(), rank, duplicates);
            match keys[channel as usize].as_str() {
                "security" => machine.security = Some(machine.lineages.len()),
                "system" => machine.system = Some(machine.lineages.len()),
                _ => {}
            }
            machine.lineages.push(lineage);
        }
        machine
    };
    parts.into_iter().map(&mut build_one).collect()
}

/// Records of a start within which one that tells it is looked for.
const START_RECORDS: usize = 64;

/// Whether records begin with a start of Windows.
fn begins_with_start(records: &Records, rows: &[RowIdx]) -> bool {
    use Kind::{AuditStarted, BootConfiguration, EventLogStarted, KernelStarted, PolicyTableCreated};
    let is_start = |&row: &RowIdx| {
        let kind = records.event(row).map(|event| records.events.kind(event));
        matches!(
            kind,
            Some(AuditStarted | BootConfiguration | EventLogStarted | KernelStarted | PolicyTableCreated)
        )
    };
    rows.iter().take(START_RECORDS).any(is_start)
}

/// Whether two records say the same: the same event with the same kept fields (rule 3).
fn has_same_content(records: &Records, a: RowIdx, b: RowIdx) -> bool {
    let event_id = |row: RowIdx| records.signature(row).event_id;
    event_id(a) == event_id(b)
        && match (records.event(a), records.event(b)) {
            (Some(a), Some(b)) => records.events.content(a) == records.events.content(b),
            // A record without kept fields has nothing that could differ.
            _ => true,
        }
}
