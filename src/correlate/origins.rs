//! Where a session was used from (domain.md C.9, rules 41 and 42).

use super::draft::Draft;
use super::open::Mark;
use crate::event::{Field, Kind, StrId};
use crate::machine::Pos;
use crate::session::{EvidenceRole, LogonRole, Origin};

/// Finds the places a session was opened and resumed from, in the order of their records.
pub fn origins(draft: &mut Draft<'_>, marks: &[Mark]) {
    let logons: Vec<(Pos, LogonRole)> = draft.logons().collect();
    let mut places: Vec<Pos> = Vec::new();
    for (pos, role) in logons {
        let is_reconnect = matches!(role, LogonRole::Unlock | LogonRole::Reconnect);
        if !matches!(role, LogonRole::Elevated | LogonRole::Repeat | LogonRole::Refresh)
            && add(draft, pos, is_reconnect)
        {
            places.push(pos);
        }
    }
    for mark in marks.iter().filter(|mark| mark.kind == Kind::Reconnected) {
        if add(draft, mark.pos, true) {
            places.push(mark.pos);
        }
    }
    if let (true, Some((ts, _))) = (draft.origins.is_empty(), draft.ts) {
        draft.origins = super::alone::origins(draft.records, ts);
        for row in draft.origins.iter().map(|origin| origin.row).collect::<Vec<_>>() {
            draft.evidence_row(row, EvidenceRole::Origin, 41);
        }
    }
    for pos in places {
        draft.evidence(pos, EvidenceRole::Origin, 41);
    }
    // By record, not by row: rows are numbered in the order in which they came.
    let records = draft.records;
    draft.origins.sort_by_key(|origin| (origin.at, records.id[origin.row as usize]));
}

/// Adds the place that a 4624 or 4778 names, if it names one.
fn add(draft: &mut Draft<'_>, pos: Pos, is_resume: bool) -> bool {
    let Some(event) = draft.event(pos) else { return false };
    let events = &draft.records.events;
    let address = events.text(event, Field::Address);
    // The workstation of an interactive logon is this computer itself (rule 42).
    let is_own_name = matches!(events.number(event, Field::LogonType), Some(2 | 7 | 10..=13));
    let host = if is_own_name { StrId::NONE } else { events.text(event, Field::Workstation) };
    // An unlock at the keyboard is no other place.
    let is_local = matches!(draft.records.text(address), "" | "127.0.0.1" | "::1");
    if address.is_none() && host.is_none() || is_resume && is_local && host.is_none() {
        return false;
    }
    let port =
        events.number(event, Field::Port).and_then(|port| u16::try_from(port).ok()).filter(|&port| port != 0);
    draft.origins.push(Origin { at: draft.time(pos), address, port, host, row: draft.row(pos) });
    true
}
