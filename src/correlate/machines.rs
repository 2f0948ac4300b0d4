//! Which machine wrote which records, and in which order (domain.md C.1, rules 2 to 6).

use crate::event::records::Signature;
use crate::event::{Kind, Records, RowIdx, StrId};
use crate::machine::{Lineage, Machine, Pos};
use crate::time::SECOND;
use rustc_hash::{FxHashMap, FxHashSet};

/// A renamed computer goes on with the next record id; a few records may be missing where exports were filtered.
const MAX_RENAME_GAP: u64 = 64;

/// No computer stops and starts faster.
const MIN_RESTART: i64 = 10 * SECOND;

/// Records of one id and moment that a record is compared with: more are no copies, and a made-up log could have millions.
const MAX_VERSIONS: usize = 16;

/// 1104: the log is full (rule 6).
const LOG_FULL: u32 = 1104;

/// The records of one channel of one computer in one source, by record id.
struct Group {
    node: usize,
    channel: u32,
    rows: Vec<RowIdx>,
}

/// A computer name in a source: what is joined to machines.
struct Node {
    source: u32,
    computer: u32,
}

/// Sorts all records into machines and their logs. Also counts, for each source, the records that another source
/// has as well.
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
        if !group.rows.is_sorted_by(|a, b| order(a, b).is_le()) {
            group.rows.sort_by(order);
        }
    }
    let roots = join(records, &nodes, &groups, &rank, paths);
    let mut duplicates = vec![0; paths.len()];
    let mut machines = build(records, &nodes, groups, &roots, &rank, &keys, &mut duplicates);
    name_all(records, &mut machines);
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

    fn run(&mut self) {
        let records = self.records;
        let names: Vec<(u32, u32)> = records
            .signatures
            .iter()
            .map(|s: &Signature| (self.key(s.computer), self.key(s.channel)))
            .collect();
        let ends = records.spans.iter().skip(1).map(|span| span.first_row).chain([records.len() as RowIdx]);
        // Neighbouring records nearly always have the same channel and computer.
        let mut last: Option<(u32, (u32, u32), usize)> = None;
        for (span, end) in records.spans.iter().zip(ends) {
            for row in span.first_row..end {
                let name = names[records.signature[row as usize] as usize];
                let group = match last {
                    Some((source, known, group)) if source == span.source && known == name => group,
                    _ => self.group(span.source, name),
                };
                last = Some((span.source, name, group));
                self.groups[group].rows.push(row);
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
            groups.push(Group { node, channel, rows: Vec::new() });
            groups.len() - 1
        })
    }
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

/// For each node, the node that stands for its machine.
fn join(records: &Records, nodes: &[Node], groups: &[Group], rank: &[u32], paths: &[&str]) -> Vec<usize> {
    let mut union = Union((0..nodes.len()).collect());
    join_same_name(records, nodes, groups, rank, paths, &mut union);
    join_renamed(records, nodes, groups, &mut union);
    (0..nodes.len()).map(|node| union.root(node)).collect()
}

/// Rule 2b: sources with the same computer name are one machine unless their records contradict each other.
fn join_same_name(
    records: &Records,
    nodes: &[Node],
    groups: &[Group],
    rank: &[u32],
    paths: &[&str],
    union: &mut Union,
) {
    let conflicts = conflicts(records, nodes, groups);
    let folder = |node: usize| {
        paths[nodes[node].source as usize]
            .rfind(['/', '\\'])
            .map(|end| &paths[nodes[node].source as usize][..end])
    };
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&node| (nodes[node].computer, rank[nodes[node].source as usize]));
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    let mut computer = None;
    for node in order {
        if computer != Some(nodes[node].computer) {
            computer = Some(nodes[node].computer);
            clusters.clear();
        }
        let agrees = |cluster: &Vec<usize>| {
            cluster.iter().all(|&other| !conflicts.contains(&(node.min(other), node.max(other))))
        };
        // Two machines of one name are told apart by their folders where nothing else does.
        let near = |cluster: &Vec<usize>| {
            agrees(cluster) && cluster.iter().any(|&other| folder(other) == folder(node))
        };
        let home = clusters.iter().position(near).or_else(|| clusters.iter().position(agrees));
        match home {
            Some(home) => {
                union.join(clusters[home][0], node);
                clusters[home].push(node);
            }
            None => clusters.push(vec![node]),
        }
    }
}

/// Pairs of nodes of one name that cannot be one machine: the same record id of the same channel at another time.
fn conflicts(records: &Records, nodes: &[Node], groups: &[Group]) -> FxHashSet<(usize, usize)> {
    let mut by_log: FxHashMap<(u32, u32), Vec<&Group>> = FxHashMap::default();
    for group in groups {
        by_log.entry((nodes[group.node].computer, group.channel)).or_default().push(group);
    }
    let mut conflicts = FxHashSet::default();
    for log in by_log.values().filter(|log| log.len() > 1) {
        for (n, a) in log.iter().enumerate() {
            for b in &log[n + 1..] {
                if contradict(records, &a.rows, &b.rows) {
                    conflicts.insert((a.node.min(b.node), a.node.max(b.node)));
                }
            }
        }
    }
    conflicts
}

/// Whether two runs of records, each by record id, have an id in common whose records differ.
fn contradict(records: &Records, a: &[RowIdx], b: &[RowIdx]) -> bool {
    // The archives of a log follow each other: nothing before the other's first record is in both.
    let id = |row: Option<&RowIdx>| row.map_or(0, |&row| records.id[row as usize]);
    let from = |rows: &[RowIdx], other: Option<&RowIdx>| {
        rows.partition_point(|&row| records.id[row as usize] < id(other))
    };
    let (mut i, mut j) = (from(a, b.first()), from(b, a.first()));
    while let (Some(&x), Some(&y)) = (a.get(i), b.get(j)) {
        let (x, y) = (x as usize, y as usize);
        match records.id[x].cmp(&records.id[y]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal if records.time[x] != records.time[y] => return true,
            std::cmp::Ordering::Equal => (i, j) = (i + 1, j + 1),
        }
    }
    false
}

/// Rule 2a: within one log, another name that goes on with the record ids is the same machine, renamed.
fn join_renamed(records: &Records, nodes: &[Node], groups: &[Group], union: &mut Union) {
    let mut by_log: FxHashMap<(u32, u32), Vec<&Group>> = FxHashMap::default();
    for group in groups {
        by_log.entry((nodes[group.node].source, group.channel)).or_default().push(group);
    }
    for log in by_log.values_mut().filter(|log| log.len() > 1) {
        let id = |row: Option<&RowIdx>| row.map_or(0, |&row| records.id[row as usize]);
        log.sort_by_key(|group| id(group.rows.first()));
        // A name that comes back (a restore, a second rename) makes the ranges overlap: those are no chain.
        let is_chain = |pair: &[&Group]| {
            let (last, next) = (id(pair[0].rows.last()), id(pair[1].rows.first()));
            next.checked_sub(last).is_some_and(|gap| match gap {
                1 => true,
                2..=MAX_RENAME_GAP => begins_with_start(records, &pair[1].rows),
                _ => false,
            })
        };
        for pair in log.windows(2).filter(|pair| is_chain(pair)) {
            union.join(pair[0].node, pair[1].node);
        }
    }
}

/// Records of a start within which one that tells it is looked for.
const START_RECORDS: usize = 64;

/// Whether records begin with a start of Windows: a name changes with one.
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

fn build(
    records: &Records,
    nodes: &[Node],
    groups: Vec<Group>,
    roots: &[usize],
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
        let machine = *machine_of.entry(roots[groups[n].node]).or_insert_with(|| {
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
            let own: Vec<Group> = own.into_iter().filter_map(|n| groups[n].take()).collect();
            let lineage = lineage(records, nodes, own, rank, duplicates);
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

/// One log of a machine from all its sources: ordered by record id (rule 4), each record once (rule 3).
fn lineage(
    records: &Records,
    nodes: &[Node],
    groups: Vec<Group>,
    rank: &[u32],
    duplicates: &mut [u64],
) -> Lineage {
    let channel = groups
        .first()
        .and_then(|group| group.rows.first())
        .map_or(StrId::NONE, |&row| records.signature(row).channel);
    let rows = match <[Group; 1]>::try_from(groups) {
        Ok([group]) => {
            dedupe(records, group.rows.into_iter().map(|row| (row, nodes[group.node].source)), duplicates)
        }
        Err(groups) => {
            let tagged = |group: Group| {
                let source = nodes[group.node].source;
                group.rows.into_iter().map(move |row| (row, source))
            };
            let mut all: Vec<(RowIdx, u32)> = groups.into_iter().flat_map(tagged).collect();
            let key = |&(row, source): &(RowIdx, u32)| {
                let at = row as usize;
                let event_id = records.signature(row).event_id;
                (records.id[at], records.time[at], event_id, rank[source as usize], records.span(row).chunk)
            };
            all.sort_by_cached_key(key);
            dedupe(records, all.into_iter(), duplicates)
        }
    };
    let id = |pos: usize| records.id[rows[pos] as usize];
    // A log that was full wrote nothing more until somebody made room, and counts on as if nothing had happened.
    let was_full = |pos: usize| {
        let event = records.event(rows[pos]).filter(|_| records.signature(rows[pos]).event_id == LOG_FULL);
        event.is_some_and(|event| records.events.kind(event) == Kind::LogFull)
    };
    let is_gap = |&pos: &usize| id(pos).saturating_sub(id(pos - 1)) > 1 || was_full(pos - 1);
    let gaps: Vec<Pos> = (1..rows.len()).filter(is_gap).map(|pos| pos as Pos).collect();
    let time = |pos: Pos| records.time[rows[pos as usize] as usize];
    let is_long = |&gap: &Pos| time(gap).since(time(gap - 1)).abs() >= MIN_RESTART;
    let long_gaps = gaps.iter().copied().filter(is_long).collect();
    Lineage { channel, rows, gaps, long_gaps }
}

fn dedupe(
    records: &Records,
    rows: impl Iterator<Item = (RowIdx, u32)>,
    duplicates: &mut [u64],
) -> Vec<RowIdx> {
    let mut kept: Vec<RowIdx> = Vec::with_capacity(rows.size_hint().0);
    for (row, source) in rows {
        let is_beside = |other: &RowIdx| {
            let (a, b) = (row as usize, *other as usize);
            records.id[a] == records.id[b] && records.time[a] == records.time[b]
        };
        let mut beside = kept.iter().rev().take_while(|other| is_beside(other)).take(MAX_VERSIONS);
        match beside.any(|&other| has_same_content(records, row, other)) {
            true => duplicates[source as usize] += 1,
            false => kept.push(row),
        }
    }
    kept
}

/// Whether two records of one id and moment say the same: the same event with the same kept fields (rule 3).
fn has_same_content(records: &Records, a: RowIdx, b: RowIdx) -> bool {
    let event_id = |row: RowIdx| records.signature(row).event_id;
    event_id(a) == event_id(b)
        && match (records.event(a), records.event(b)) {
            (Some(a), Some(b)) => records.events.content(a) == records.events.content(b),
            // A record without kept fields has nothing that could differ.
            _ => true,
        }
}

/// Names machines by their newest short name.
fn name_all(records: &Records, machines: &mut [Machine]) {
    let mut used: FxHashMap<String, u32> = FxHashMap::default();
    for machine in machines {
        machine.names = names(records, machine);
        let newest = machine.names.last().map_or("", |&name| records.text(name));
        let short = newest.split('.').next().filter(|short| !short.is_empty()).unwrap_or(newest);
        let n = used.entry(short.to_lowercase()).or_insert(0);
        *n += 1;
        machine.name = if *n == 1 { short.to_owned() } else { format!("{short}~{n}") };
    }
}

/// Computer names in the order in which they came into use: by record id, in the log that is most telling.
fn names(records: &Records, machine: &Machine) -> Vec<StrId> {
    let mut names: Vec<StrId> = Vec::new();
    let first = machine.security.or(machine.system);
    let others = (0..machine.lineages.len()).filter(|&n| Some(n) != first);
    for lineage in others.chain(first).map(|n| &machine.lineages[n]) {
        let mut last = StrId::NONE;
        for &row in &lineage.rows {
            let name = records.signature(row).computer;
            if name != last {
                last = name;
                // The name used last goes last.
                names.retain(|&known| known != name);
                names.push(name);
            }
        }
    }
    names
}
