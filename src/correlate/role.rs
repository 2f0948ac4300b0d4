//! What kind of computer a machine is (domain.md E.4).

use crate::audit::tasks;
use crate::event::records::Signature;
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::{Lineage, Machine, MachineKind, Profile};

/// Tasks of events that only a domain controller writes: Kerberos tickets, and access to the directory.
const OF_DOMAIN_CONTROLLERS: [u32; 6] =
    [tasks::KERBEROS_TICKETS, tasks::KERBEROS_AUTHENTICATION, 14080, 14081, 14082, 14083];

/// Channels that only a domain controller has.
const ITS_CHANNELS: [&str; 3] = ["directory service", "dns server", "dfs replication"];

/// Builds that only servers have, and only clients; others are shared.
const SERVER_BUILDS: [u32; 2] = [20348, 25398];
const CLIENT_BUILDS: [u32; 13] =
    [15063, 16299, 17134, 18362, 18363, 19041, 19042, 19043, 19044, 19045, 22000, 22621, 22631];

/// Finds out what kind of computer a machine is, and what it says of itself.
#[inline(never)]
pub fn profile(records: &Records, machine: &Machine, of_controllers: &[bool]) -> Profile {
    let system = machine.system.map(|n| &machine.lineages[n]);
    let newest = |kind: Kind| {
        let is_one = |row: &&RowIdx| records.event(**row).is_some_and(|e| records.events.kind(e) == kind);
        system?.rows.iter().rev().find(is_one).copied()
    };
    let uptime = newest(Kind::Uptime);
    let version = newest(Kind::SystemVersion).or_else(|| newest(Kind::KernelStarted));
    let text = |row: Option<RowIdx>, field| {
        let event = row.and_then(|row| records.event(row));
        event.map_or(StrId::NONE, |event| records.events.text(event, field))
    };
    let mut profile = Profile {
        product: uptime.and_then(|row| product(records, row)),
        build: version.and_then(|row| build(records, row)),
        time_zone: text(uptime, Field::TimeZone),
        domain: text(own_account(records, machine), Field::SubjectDomain),
        ..Profile::default()
    };
    (profile.kind, profile.kind_by) = kind(records, machine, &profile, of_controllers, uptime, version);
    profile
}

fn kind(
    records: &Records,
    machine: &Machine,
    profile: &Profile,
    of_controllers: &[bool],
    uptime: Option<RowIdx>,
    version: Option<RowIdx>,
) -> (MachineKind, Option<RowIdx>) {
    let security = machine.security.map(|n| &machine.lineages[n]);
    if let Some(row) = security.and_then(|security| first_of_controllers(records, security, of_controllers)) {
        return (MachineKind::DomainController, Some(row));
    }
    let is_its_channel = |lineage: &&Lineage| {
        ITS_CHANNELS.iter().any(|name| records.text(lineage.channel).eq_ignore_ascii_case(name))
    };
    if let Some(lineage) = machine.lineages.iter().find(is_its_channel) {
        return (MachineKind::DomainController, lineage.rows.first().copied());
    }
    if let Some(product) = &profile.product {
        let is_server = product.to_lowercase().contains("server");
        return (if is_server { MachineKind::MemberServer } else { MachineKind::Workstation }, uptime);
    }
    match profile.build.as_ref().and_then(|build| build.parse().ok()) {
        Some(build) if SERVER_BUILDS.contains(&build) => (MachineKind::MemberServer, version),
        Some(build) if CLIENT_BUILDS.contains(&build) => (MachineKind::Workstation, version),
        _ => (MachineKind::Unknown, None),
    }
}

/// For each signature, whether only a domain controller writes such records; empty where there are none at all.
#[inline(never)]
pub fn of_controllers(records: &Records) -> Vec<bool> {
    let is_its = |signature: &Signature| OF_DOMAIN_CONTROLLERS.contains(&signature.task);
    let all: Vec<bool> = records.signatures.iter().map(is_its).collect();
    if all.contains(&true) { all } else { Vec::new() }
}

fn first_of_controllers(records: &Records, security: &Lineage, is_its: &[bool]) -> Option<RowIdx> {
    if is_its.is_empty() {
        return None;
    }
    let is_one = |&&row: &&RowIdx| is_its[records.signature[row as usize] as usize];
    security.rows.iter().find(is_one).copied()
}

/// The newest record that the machine's own account is the subject of: its domain is the machine's. It is known by
/// the system's SID, or by the machine's name.
fn own_account(records: &Records, machine: &Machine) -> Option<RowIdx> {
    let security = &machine.lineages[machine.security?];
    let events = &records.events;
    let short = |name: StrId| records.text(name).split('.').next().unwrap_or_default();
    let is_name = |user: &str| machine.names.iter().any(|&name| short(name).eq_ignore_ascii_case(user));
    let is_own = |row: &&RowIdx| {
        records.event(**row).is_some_and(|event| {
            let text = |field| records.text(events.text(event, field));
            let user = text(Field::SubjectUser).strip_suffix('$');
            !text(Field::SubjectDomain).is_empty()
                && user.is_some_and(|user| text(Field::SubjectSid) == "S-1-5-18" || is_name(user))
        })
    };
    security.rows.iter().rev().find(is_own).copied()
}

/// The third text in the Binary of a 6013: `Windows 10 Pro` (A.3).
fn product(records: &Records, row: RowIdx) -> Option<String> {
    let event = records.event(row)?;
    let hex = records.text(records.events.text(event, Field::Binary));
    let unit = |digits: &[u8]| {
        let text = std::str::from_utf8(digits).ok()?;
        u16::from_str_radix(text, 16).ok().map(u16::swap_bytes)
    };
    let units: Vec<u16> = hex.as_bytes().chunks_exact(4).map_while(unit).collect();
    let text = String::from_utf16_lossy(units.split(|&unit| unit == 0).nth(2)?);
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The build of a 6009 or Kernel-General 12.
fn build(records: &Records, row: RowIdx) -> Option<String> {
    records.field_text(records.event(row)?, Field::Build).filter(|build| !build.is_empty())
}
