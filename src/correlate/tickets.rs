//! Where did a network logon come from whose 4624 does not say? The domain controller wrote the address that it gave the
//! ticket to, or the workstation that it validated the account for (domain.md rules 45 and 46).

use super::accounts::name;
use super::gateway::short_name;
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::{Lineage, Machine};
use crate::session::{Class, Evidence, EvidenceRole, Origin, Run, SessionIdx, Sessions};
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// A validation and its logon are written this close together.
const VALIDATED: i64 = 5 * SECOND;

/// Logons of one account that one validation is looked at for: so many within seconds are no person's.
const MAX_VALIDATED: usize = 16;

/// Adds the client that a domain controller names to network logons that name none.
#[inline(never)]
pub fn origins(records: &Records, machines: &[Machine], sessions: &mut Sessions) {
    by_ticket(records, machines, sessions);
    by_validation(records, machines, sessions);
}

/// Kerberos: a 4769 of the same LogonGuid.
fn by_ticket(records: &Records, machines: &[Machine], sessions: &mut Sessions) {
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
            add(records, sessions, idx, (address, StrId::NONE), row);
        }
    }
}

/// Where domain controllers tell what they passed on: 8003 and 8004 (A.5).
const NTLM: &str = "microsoft-windows-ntlm/operational";

/// NTLM: the 4776, or the 8004, of the account in the same seconds, if all of them name one workstation.
fn by_validation(records: &Records, machines: &[Machine], sessions: &mut Sessions) {
    if !records.signatures.iter().any(|signature| matches!(signature.event_id, 4776 | 8003 | 8004)) {
        return;
    }
    let wanted = without_client(records, sessions);
    if wanted.is_empty() {
        return;
    }
    let mut told: FxHashMap<SessionIdx, Option<(StrId, RowIdx)>> = FxHashMap::default();
    let mut names: FxHashMap<StrId, String> = FxHashMap::default();
    let is_security = |machine: &Machine, n: usize| machine.security == Some(n);
    let is_ntlm = |lineage: &Lineage| records.text(lineage.channel).eq_ignore_ascii_case(NTLM);
    let told_in = machines.iter().flat_map(|machine| {
        let lineages = machine.lineages.iter().enumerate();
        lineages.filter(move |&(n, lineage)| is_security(machine, n) || is_ntlm(lineage))
    });
    for &row in told_in.flat_map(|(_, lineage)| &lineage.rows) {
        let Some((account, workstation, server)) = validation(records, row) else { continue };
        let account = names.entry(account).or_insert_with(|| name(records.text(account)));
        let Some(own) = wanted.get(account) else { continue };
        let at = records.time[row as usize];
        let first = own.partition_point(|&(logon, _)| logon < at.plus(-VALIDATED));
        let near = own[first..].iter().take(MAX_VALIDATED);
        let near = near.take_while(|&&(logon, _)| logon <= at.plus(VALIDATED));
        for idx in near.map(|&(_, idx)| idx) {
            if !is_server(records, &machines[sessions.all[idx as usize].machine as usize], server) {
                continue;
            }
            let known = told.entry(idx).or_insert(Some((workstation, row)));
            *known = known.filter(|&(other, _)| other == workstation);
        }
    }
    let mut told: Vec<_> = told.into_iter().filter_map(|(idx, told)| Some((idx, told?))).collect();
    told.sort_unstable_by_key(|&(idx, _)| idx);
    for (idx, (workstation, row)) in told {
        add(records, sessions, idx, (StrId::NONE, workstation), row);
    }
}

/// The account that a 4776 found right, or a domain controller was asked for, for which workstation,
/// and which server asked: a 4776 does not say.
fn validation(records: &Records, row: RowIdx) -> Option<(StrId, StrId, StrId)> {
    let event = records.event(row)?;
    let text = |field| records.events.text(event, field);
    let is_right = || matches!(records.text(text(Field::Status)), "0x0" | "0x00000000" | "0");
    let workstation = text(Field::Workstation);
    let is_telling = match records.events.kind(event) {
        Kind::NtlmValidated => is_right(),
        Kind::NtlmDomain => true,
        _ => false,
    };
    (is_telling && !workstation.is_none())
        .then(|| (text(Field::TargetUser), workstation, text(Field::TargetServer)))
}

/// Whether a machine may be the server that asked.
fn is_server(records: &Records, machine: &Machine, server: StrId) -> bool {
    let asked = short_name(records.text(server));
    server.is_none() || machine.names.iter().any(|&name| short_name(records.text(name)) == asked)
}

/// NTLM logons that name neither address nor workstation, by the name of their account, in the order of time.
fn without_client(records: &Records, sessions: &Sessions) -> FxHashMap<String, Vec<(Timestamp, SessionIdx)>> {
    let mut wanted: FxHashMap<String, Vec<(Timestamp, SessionIdx)>> = FxHashMap::default();
    for (session, idx) in sessions.all.iter().zip(0..) {
        let is_network =
            session.logon_type == Some(3) && matches!(session.class, Class::Network | Class::Machine);
        if !is_network || session.origins.n > 0 {
            continue;
        }
        let logon = sessions.logons(session).first().and_then(|logon| logon.row);
        let package = logon
            .and_then(|row| records.event(row))
            .map_or("", |event| records.text(records.events.text(event, Field::AuthPackage)));
        if let Some(row) = logon.filter(|_| package.eq_ignore_ascii_case("NTLM")) {
            let own = wanted.entry(name(records.text(session.user))).or_default();
            own.push((records.time[row as usize], idx));
        }
    }
    wanted.values_mut().for_each(|own| own.sort_unstable());
    wanted
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

/// Adds a client: its address, or its name.
fn add(
    records: &Records,
    sessions: &mut Sessions,
    idx: SessionIdx,
    (address, host): (StrId, StrId),
    row: RowIdx,
) {
    let session = &sessions.all[idx as usize];
    // A ticket is used for hours: it was used from there when the logon came.
    let Some(at) = session.start.at else { return };
    let mut origins = sessions.origins(session).to_vec();
    let mut evidence = sessions.evidence(session).to_vec();
    origins.push(Origin { at, address, port: None, host, row });
    evidence.push(Evidence { row, role: EvidenceRole::Origin, rule: 46 });
    origins.sort_by_key(|origin| (origin.at, records.id[origin.row as usize]));
    let (origins, evidence) =
        (Run::append(&mut sessions.origins, origins), Run::append(&mut sessions.evidence, evidence));
    let session = &mut sessions.all[idx as usize];
    (session.origins, session.evidence) = (origins, evidence);
}
