//! Which Windows is a source of, by its local accounts (domain.md C.1, rule 2b)?

use super::Group;
use super::units::Unit;
use crate::event::{Field, Records, RowIdx, StrId};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// The Windows of each unit: the SID that its local accounts have in common, S-1-5-21-X-Y-Z (rule 2b). A source
/// without any is taken to be of the Windows that its folder has, if that is one.
pub fn sids(records: &Records, groups: &[Group], units: &[Unit]) -> Vec<Option<String>> {
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
