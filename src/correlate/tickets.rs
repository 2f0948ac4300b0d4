//! Where did a Kerberos logon come from whose 4624 does not say? The domain controller wrote the address that it gave
//! the ticket to (domain.md rules 45 and 46).

use super::draft::append;
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::Machine;
use crate::session::{Class, Evidence, EvidenceRole, Origin, SessionIdx, Sessions};
use rustc_hash::FxHashMap;

/// Adds the client that a 4769 names to network logons of the same LogonGuid that name none.
#[inline(never)]
pub fn origins(records: &Records, machines: &[Machine], sessions: &mut Sessions) {
    if !records.signatures.iter().any(|signature| signature.event_id == 4769) {
        return;
    }
    let mut wanted = wanted(records, sessions);
    if wanted.is_empty() {
        return;
    }
    let security = machines.iter().filter_map(|machine| Some(&machine.lineages[machine.security?]));
    for &row in security.flat_map(|lineage| &lineage.rows) {
        let Some(event) = records.event(row) else { continue };
        if records.events.kind(event) != Kind::ServiceTicketGranted {
            continue;
        }
        let text = |field| records.events.text(event, field);
        let address = text(Field::Address);
        if address.is_none() {
            continue;
        }
        for idx in wanted.remove(&text(Field::LogonGuid)).unwrap_or_default() {
            add(records, sessions, idx, address, row);
        }
    }
}

/// Sessions without a place they were used from, by the LogonGuid of their logon.
fn wanted(records: &Records, sessions: &Sessions) -> FxHashMap<StrId, Vec<SessionIdx>> {
    let mut wanted: FxHashMap<StrId, Vec<SessionIdx>> = FxHashMap::default();
    for (session, idx) in sessions.all.iter().zip(0..) {
        let is_unknown = sessions.origins(session).iter().all(|origin| origin.address.is_none());
        if !matches!(session.class, Class::Network | Class::Machine) || !is_unknown {
            continue;
        }
        let logon = sessions.logons(session).first().and_then(|logon| records.event(logon.row?));
        let guid = logon.map_or(StrId::NONE, |event| records.events.text(event, Field::LogonGuid));
        if session.logon_type == Some(3) && !guid.is_none() {
            wanted.entry(guid).or_default().push(idx);
        }
    }
    wanted
}

fn add(records: &Records, sessions: &mut Sessions, idx: SessionIdx, address: StrId, row: RowIdx) {
    let session = &sessions.all[idx as usize];
    // A ticket is used for hours: it was used from there when the logon came.
    let Some(at) = session.start.at else { return };
    let mut origins = sessions.origins(session).to_vec();
    let mut evidence = sessions.evidence(session).to_vec();
    origins.push(Origin { at, address, port: None, host: StrId::NONE, row });
    evidence.push(Evidence { row, role: EvidenceRole::Origin, rule: 46 });
    origins.sort_by_key(|origin| (origin.at, records.id[origin.row as usize]));
    let (origins, evidence) =
        (append(&mut sessions.origins, origins), append(&mut sessions.evidence, evidence));
    let session = &mut sessions.all[idx as usize];
    (session.origins, session.evidence) = (origins, evidence);
}
