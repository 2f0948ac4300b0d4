//! What the keys of a row mean: the table at the head of [`super`], one entry after the other.

use super::defaults;
use super::row::{Placement, Row, parse_time};
use crate::event::{Event, Payload};
use crate::value::{FileTime, Guid, Sid, Text, Value};
use crate::windows::{AUDIT_FAILURE, Definition, Identity, Kind, Shape};

const LOGON_ID: &[&str] = &["TargetLogonId", "LogonID", "LogonId", "ClientLUID", "SubjectLogonId"];
const SESSION: &[&str] =
    &["SessionId", "SessionID", "Session", "TSId", "TargetSession", "LogonSession", "SessionName"];
const ADDRESS: &[&str] = &["IpAddress", "ClientAddress", "ClientIP", "Address", "IPString", "Value"];
const HOST: &[&str] = &[
    "WorkstationName",
    "ClientName",
    "Workstation",
    "TargetServerName",
    "ServerName",
    "Resource",
    "param2",
    "Value",
];
const PROCESS: &[&str] = &["NewProcessName", "ProcessName", "param1"];

/// Keys that say where a record goes or which event it is, not what it holds.
const PLACEMENT: &[&str] = &["v", "record", "header", "file", "raw"];

pub(super) fn event_of(row: &Row) -> Result<(Event, Placement), String> {
    let mut placement = Placement::default();
    let mut event = row.entry.event();
    event.time = row.time;
    event.computer = row.computer.clone().into();
    defaults::apply(&mut event, row);
    for (key, text) in &row.keys {
        let applied = if PLACEMENT.contains(&key.as_str()) {
            place(&mut placement, key, text)
        } else {
            apply(&mut event, row, key, text)
        };
        applied.ok_or_else(|| complaint(row, key, text))?;
    }
    Ok((event, placement))
}

fn complaint(row: &Row, key: &str, text: &str) -> String {
    let definition = row.entry.definition;
    let fields: Vec<_> = definition.field_defs().map(|def| def.name).collect();
    format!("{key}={text} does not fit event {}; its fields are {}", definition.id, fields.join(", "))
}

fn place(placement: &mut Placement, key: &str, text: &str) -> Option<()> {
    match key {
        "record" => placement.record_id = Some(text.parse().ok()?),
        "header" => placement.header_id = Some(text.parse().ok()?),
        "file" => placement.file = Some(text.into()),
        "raw" => placement.is_strings = (text == "strings").then_some(true)?,
        _ => {}
    }
    Some(())
}

/// Applies one key; none if the event has no place for it or the value does not parse.
fn apply(event: &mut Event, row: &Row, key: &str, text: &str) -> Option<()> {
    let definition = row.entry.definition;
    match key {
        "user" => set_user(event, row, &identity(row, text)),
        "subjectuser" => set_identity(event, "Subject", &identity(row, text)),
        "target" => set_identity(event, "Target", &identity(row, text)),
        "elevated" => set(event, row, "ElevatedToken", if yes(text)? { "%%1842" } else { "%%1843" }),
        "uid" => {
            event.user_sid = Some(Sid::parse(text).unwrap_or_else(|| identity(row, text).sid));
            Some(())
        }
        "activity" => {
            event.activity_id = Some(Guid::parse(text)?);
            Some(())
        }
        "failed" => {
            event.keywords = if yes(text)? { AUDIT_FAILURE } else { event.keywords };
            Some(())
        }
        "product" if definition.id == 6013 => defaults::set_product(event, text),
        "last" | "bias" if definition.id == 6008 => defaults::set_unclean_stop(event, row),
        // Part of the address, see `with_port`.
        "port" if definition.id == 131 => text.parse::<u16>().ok().map(|_| ()),
        _ if openssh_word(row, key) => defaults::set_openssh_payload(event, row),
        _ => set(event, row, alias(definition, key), text),
    }
}

fn yes(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// `ip` and `port` of an OpenSSH event are words in its text.
fn openssh_word(row: &Row, key: &str) -> bool {
    row.entry.source.key == "OpenSSH" && matches!(key, "ip" | "port")
}

/// The field that a short key stands for in this event.
fn alias<'a>(definition: &Definition, key: &'a str) -> &'a str {
    let first = |names: &[&'static str]| {
        names.iter().copied().find(|name| definition.field_def(name).is_some()).unwrap_or(key)
    };
    match key {
        "logon" => logon_field(definition).unwrap_or(key),
        "session" => first(SESSION),
        "ip" if definition.id == 1149 => "Param3",
        "ip" => first(ADDRESS),
        "host" => first(HOST),
        "process" => first(PROCESS),
        "subject" => "SubjectLogonId",
        "linked" => "TargetLinkedLogonId",
        "type" => "LogonType",
        "port" => "IpPort",
        "parent" => "ParentProcessName",
        "cmd" => "CommandLine",
        "logonprocess" => "LogonProcessName",
        "package" => "AuthenticationPackageName",
        "guid" => "LogonGuid",
        _ => key,
    }
}

/// The field with the LogonId that the event is about. 4688 names a Target too, but most often an empty one.
fn logon_field(definition: &Definition) -> Option<&'static str> {
    if definition.id == 4688 {
        return Some("SubjectLogonId");
    }
    LOGON_ID.iter().copied().find(|name| definition.field_def(name).is_some())
}

/// The account, with names such as `PC1$` in the domain and with the SID that Windows gives them.
fn identity(row: &Row, text: &str) -> Identity {
    match text.strip_suffix('$') {
        Some(host) if host.eq_ignore_ascii_case(&row.computer) => Identity::machine(&row.computer),
        _ => Identity::of(text),
    }
}

/// Sets name, domain and SID wherever this event keeps those of the user it is about.
fn set_user(event: &mut Event, row: &Row, who: &Identity) -> Option<()> {
    let definition = row.entry.definition;
    let has = |name: &str| definition.field_def(name).is_some();
    if row.entry.source.user_sid.is_some() && user_writes_event(row) {
        event.user_sid = Some(who.sid);
    }
    if row.entry.source.key == "OpenSSH" {
        return defaults::set_openssh_payload(event, row);
    }
    match definition.id {
        1149 => set_texts(event, &[("Param1", who.name.clone()), ("Param2", who.domain.clone())]),
        // The failed account's SID is not known to Windows either: it stays empty.
        4625 => set_texts(
            event,
            &[("TargetUserName", who.name.clone()), ("TargetDomainName", who.domain.clone())],
        ),
        // A lockout names the computer as its Subject.
        4740 => set_identity(event, "Target", who),
        4728 | 4729 | 4732 | 4733 | 4756 | 4757 => set_identity(event, "Subject", who),
        // The LUID is that of the client; `UserName` holds other credentials, if it used any.
        _ if has("ClientLUID") => set_texts(
            event,
            &[("ClientUserName", who.name.clone()), ("ClientDomainName", who.domain.clone())],
        ),
        _ if logon_field(definition) == Some("SubjectLogonId") => set_identity(event, "Subject", who),
        _ if has("TargetUserName") => set_identity(event, "Target", who),
        _ if has("SubjectUserName") => set_identity(event, "Subject", who),
        _ => set_other_names(event, who),
    }
}

/// Whether `Security/@UserID` is the user the event is about: such providers write on the user's behalf.
fn user_writes_event(row: &Row) -> bool {
    matches!(row.entry.source.key, "User32" | "USER32" | "UserProfile" | "WinRM" | "RDPClient" | "ShellCore")
        || (row.entry.source.key == "Winlogon" && matches!(row.entry.definition.id, 811 | 812))
        || row.entry.definition.id == 104
}

/// Sets `<prefix>UserName`, `<prefix>DomainName` and `<prefix>UserSid` or `<prefix>Sid`, as far as there are such.
fn set_identity(event: &mut Event, prefix: &str, who: &Identity) -> Option<()> {
    let named = event.set(&format!("{prefix}UserName"), who.name.clone());
    event.set(&format!("{prefix}DomainName"), who.domain.clone());
    event.set(&format!("{prefix}UserSid"), who.sid);
    event.set(&format!("{prefix}Sid"), who.sid);
    named.then_some(())
}

/// Fields for names that only one or two events have.
fn set_other_names(event: &mut Event, who: &Identity) -> Option<()> {
    let sids = ["UserSid"].map(|name| event.set(name, who.sid));
    let names = ["AccountName", "username", "UserName"].map(|name| event.set(name, who.name.clone()));
    let domains =
        ["AccountDomain", "AuthorityName", "DomainName"].map(|name| event.set(name, who.domain.clone()));
    let full = ["User", "Username", "PrincipalSamName", "UserContext", "param7"]
        .map(|name| event.set(name, who.full_name()));
    let set_any = [&sids[..], &names, &domains, &full].concat().contains(&true);
    let set_classic =
        set_classic(event, 6, &who.full_name(), 1074) || set_classic(event, 5, &who.full_name(), 1076);
    (set_any || set_classic || event.user_sid == Some(who.sid)).then_some(())
}

fn set_classic(event: &mut Event, at: usize, text: &str, id: u16) -> bool {
    match &mut event.payload {
        Payload::Classic { strings, .. } if event.id == id && at < strings.len() => {
            strings[at] = Text::Owned(text.to_owned());
            true
        }
        _ => false,
    }
}

fn set_texts(event: &mut Event, values: &[(&str, String)]) -> Option<()> {
    values.iter().all(|(name, value)| event.set(name, value.clone())).then_some(())
}

/// Sets a field from text.
pub(super) fn set(event: &mut Event, row: &Row, name: &str, text: &str) -> Option<()> {
    let definition = row.entry.definition;
    let def = definition.field_def(name)?;
    if definition.shape == Shape::Classic {
        let at = definition.field_defs().position(|def| def.name == name)?;
        return set_classic(event, at, text, definition.id).then_some(());
    }
    let value = match def.kind {
        Kind::Time => Value::FileTime(field_time(text, row.day)?),
        Kind::SystemTime => Value::SystemTime(field_time(text, row.day)?),
        Kind::Sid => Value::Sid(Sid::parse(text).unwrap_or_else(|| identity(row, text).sid)),
        kind => kind.parse(text)?,
    };
    event.set(name, with_port(row, name, value)).then_some(())
}

/// RdpCoreTS 131 has address and port in one text.
fn with_port(row: &Row, name: &str, value: Value) -> Value {
    let port = row.keys.iter().find(|(key, _)| key == "port").map_or("50122", |(_, port)| port);
    match value {
        Value::Str(ip)
            if name == "ClientIP" && ip.contains(':') && !ip.contains('.') && !ip.contains('[') =>
        {
            Value::from(format!("[{ip}]:{port}"))
        }
        Value::Str(ip) if name == "ClientIP" && !ip.contains(':') => Value::from(format!("{ip}:{port}")),
        value => value,
    }
}

pub(super) fn field_time(text: &str, day: FileTime) -> Option<FileTime> {
    parse_time(text, day).map(|(time, _)| time).or_else(|| text.parse().ok().map(FileTime))
}
