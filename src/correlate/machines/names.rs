//! What a machine is called: its names in the order in which they came into use.

use crate::event::{Records, StrId};
use crate::machine::{Lineage, Machine};
use rustc_hash::FxHashMap;

/// Names machines by their newest short name.
#[inline(never)]
pub fn name_all(records: &Records, machines: &mut [Machine]) {
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
    // As a rule one computer wrote all there is.
    let computers = || records.signatures.iter().map(|signature| signature.computer);
    if let Some(only) =
        computers().next().filter(|&first| !first.is_none() && computers().all(|other| other == first))
    {
        return vec![only];
    }
    let mut names: Vec<StrId> = Vec::new();
    let first = machine.security.or(machine.system);
    let others = (0..machine.lineages.len()).filter(|&n| Some(n) != first);
    for lineage in others.chain(first).map(|n| &machine.lineages[n]) {
        used(records, lineage).into_iter().for_each(|name| put_last(&mut names, name));
    }
    since_security(records, machine).into_iter().for_each(|name| put_last(&mut names, name));
    names
}

/// The name used last goes last.
fn put_last(names: &mut Vec<StrId>, name: StrId) {
    names.retain(|&known| known != name);
    names.push(name);
}

/// The names in a log, each once.
fn used(records: &Records, lineage: &Lineage) -> Vec<StrId> {
    let mut names: Vec<StrId> = Vec::new();
    let mut last = StrId::NONE;
    for &row in &lineage.rows {
        let name = records.signature(row).computer;
        if name != last {
            last = name;
            put_last(&mut names, name);
        }
    }
    names
}

/// Names that System shows to have come after the last that Security has, and Security never had: its log ended before
/// the machine was renamed (rule 2a).
fn since_security(records: &Records, machine: &Machine) -> Vec<StrId> {
    let log = |n: Option<usize>| n.map(|n| used(records, &machine.lineages[n])).unwrap_or_default();
    let mut system = log(machine.system);
    if system.len() < 2 {
        return Vec::new();
    }
    let security = log(machine.security);
    let last = security.last().and_then(|last| system.iter().position(|name| name == last));
    let mut later = last.map(|last| system.split_off(last + 1)).unwrap_or_default();
    later.retain(|name| !security.contains(name));
    later
}
