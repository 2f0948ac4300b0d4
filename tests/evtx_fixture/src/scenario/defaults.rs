//! What a row need not say: the fields of a logon that follow from its type, times that follow from the row's.

use std::fmt::Write;

use super::keys::{field_time, set};
use super::row::Row;
use crate::event::{Event, Payload};
use crate::value::{FileTime, TICKS_PER_SEC, Text};
use crate::windows::Identity;

/// How far Windows' local time is behind UTC where a row does not say.
const DEFAULT_BIAS: &str = "0";

pub(super) fn apply(event: &mut Event, row: &Row) {
    match (row.entry.source.key, event.id) {
        ("Security", 4624 | 4625) => logon(event, row),
        ("Security", 4611 | 4648 | 4688 | 4697..=4702 | 4720..=4757 | 4767 | 4781 | 4797..=4799) => {
            machine_subject(event, row)
        }
        ("EventLog", 6005) => set_binary(event, start_stamp(row.time)),
        ("EventLog", 6006) => set_binary(event, vec![1, 0, 0, 0, 0xd0, 0xd5, 0xff, 0xff]),
        ("EventLog", 6008) => {
            set_unclean_stop(event, row);
        }
        ("EventLog", 6013) => set_binary(event, product_strings("Windows 10 Pro")),
        ("User32" | "USER32", 1074) => {
            set(event, row, "param2", &row.computer);
        }
        ("Kernel-General", 12) => {
            event.set("StartTime", row.time);
        }
        ("Kernel-General", 13) => {
            event.set("StopTime", row.time);
        }
        _ => {}
    }
}

/// What Windows writes in a 4624 or 4625 of each type.
struct LogonShape {
    subject: Subject,
    logon_process: &'static str,
    package: &'static str,
    process_id: &'static str,
    process: &'static str,
}

enum Subject {
    Nobody,
    Machine,
    SameUser,
}

const WINLOGON: &str = "C:\\Windows\\System32\\winlogon.exe";
const SVCHOST: &str = "C:\\Windows\\System32\\svchost.exe";
const SERVICES: &str = "C:\\Windows\\System32\\services.exe";

fn logon_shape(logon_type: &str) -> LogonShape {
    let shape = |subject, logon_process, package, process_id, process| LogonShape {
        subject,
        logon_process,
        package,
        process_id,
        process,
    };
    match logon_type {
        "0" => shape(Subject::Nobody, "-", "-", "0x4", ""),
        "2" | "11" => shape(Subject::Machine, "User32 ", "Negotiate", "0x2a8", WINLOGON),
        "4" => shape(Subject::Machine, "Advapi  ", "Negotiate", "0x4e8", SVCHOST),
        "5" => shape(Subject::Machine, "Advapi  ", "Negotiate", "0x280", SERVICES),
        "7" | "13" => shape(Subject::Machine, "User32 ", "Negotiate", "0x2a8", WINLOGON),
        "8" => shape(
            Subject::Machine,
            "Advapi  ",
            "Negotiate",
            "0x1d40",
            "C:\\Windows\\System32\\inetsrv\\w3wp.exe",
        ),
        "9" => shape(Subject::SameUser, "seclogo", "Negotiate", "0x7d8", SVCHOST),
        "10" | "12" => shape(Subject::Machine, "User32 ", "Negotiate", "0x4e8", SVCHOST),
        _ => shape(Subject::Nobody, "NtLmSsp ", "NTLM", "0x0", "-"),
    }
}

fn logon(event: &mut Event, row: &Row) {
    let logon_type = key(row, "type").or(key(row, "LogonType")).unwrap_or("2");
    let shape = logon_shape(logon_type);
    match shape.subject {
        Subject::Nobody => nobody_subject(event, row),
        Subject::Machine => machine_subject(event, row),
        Subject::SameUser => same_subject(event, row),
    }
    let values = [
        ("LogonType", logon_type),
        ("LogonProcessName", shape.logon_process),
        ("AuthenticationPackageName", shape.package),
        ("ProcessId", shape.process_id),
        ("ProcessName", shape.process),
    ];
    set_all(event, row, &values);
    match logon_type {
        "0" => system_itself(event, row),
        "3" => network(event, row),
        "2" | "7" | "10" | "11" | "12" | "13" => at_the_screen(event, row),
        "5" => {
            set(event, row, "ElevatedToken", "%%1842");
        }
        _ => {}
    }
}

/// Type 0: the start of the system; its user is SYSTEM.
fn system_itself(event: &mut Event, row: &Row) {
    let system = Identity::of("SYSTEM");
    event.set("TargetUserSid", system.sid);
    event.set("TargetUserName", system.name);
    event.set("TargetDomainName", system.domain);
    let values = [("TargetLogonId", "0x3e7"), ("ImpersonationLevel", "-"), ("ElevatedToken", "%%1842")];
    set_all(event, row, &values);
}

fn network(event: &mut Event, row: &Row) {
    let is_kerberos = key(row, "package").is_some_and(|package| package.eq_ignore_ascii_case("kerberos"));
    if is_kerberos {
        set(event, row, "LogonProcessName", "Kerberos");
    } else {
        set(event, row, "LmPackageName", "NTLM V2");
        set(event, row, "KeyLength", "128");
    }
    if key(row, "ip").is_some() {
        set(event, row, "IpPort", "49812");
    }
}

/// Someone at the console or in a remote desktop: the workstation is this computer.
fn at_the_screen(event: &mut Event, row: &Row) {
    let host = row.computer.split('.').next().unwrap_or(&row.computer);
    set(event, row, "WorkstationName", host);
    set(event, row, "IpAddress", "127.0.0.1");
    set(event, row, "IpPort", "0");
    // LSASS refreshes credentials by an unlock without client and under a name of eight letters.
    if key(row, "process").is_some_and(|process| process.to_lowercase().ends_with("lsass.exe")) {
        set(event, row, "LogonProcessName", "Negotiat");
        set(event, row, "IpAddress", "-");
        set(event, row, "IpPort", "-");
    }
}

/// A field that a version has not got is left out.
fn set_all(event: &mut Event, row: &Row, values: &[(&str, &str)]) {
    for (name, text) in values {
        set(event, row, name, text);
    }
}

fn nobody_subject(event: &mut Event, row: &Row) {
    subject(event, &Identity::nobody());
    set(event, row, "SubjectLogonId", "0x0");
}

fn machine_subject(event: &mut Event, row: &Row) {
    subject(event, &Identity::machine(&row.computer));
}

/// Type 9 clones the caller: Subject and Target are the same user.
fn same_subject(event: &mut Event, row: &Row) {
    if let Some(user) = key(row, "user") {
        subject(event, &Identity::of(user));
    }
}

fn subject(event: &mut Event, who: &Identity) {
    event.set("SubjectUserSid", who.sid);
    event.set("SubjectUserName", who.name.clone());
    event.set("SubjectDomainName", who.domain.clone());
}

/// 6008 tells the last heartbeat twice: as local text, and as two SYSTEMTIMEs, local and UTC.
pub(super) fn set_unclean_stop(event: &mut Event, row: &Row) -> Option<()> {
    const FIVE_MINUTES: u64 = 300 * TICKS_PER_SEC;
    let utc = match key(row, "last") {
        Some(text) => field_time(text, row.day)?,
        None => FileTime(row.time.0 - FIVE_MINUTES),
    };
    let bias_minutes: i64 = key(row, "bias").unwrap_or(DEFAULT_BIAS).parse().ok()?;
    let local = FileTime(utc.0.checked_add_signed(-bias_minutes * 60 * TICKS_PER_SEC as i64)?);
    let (date, clock) = local_texts(local);
    set(event, row, "Time", &clock)?;
    set(event, row, "Date", &date)?;
    set_binary(
        event,
        [local.to_systemtime(), utc.to_systemtime(), vec![0x3c, 0, 0, 0, 0x3c, 0, 0, 0]].concat(),
    );
    Some(())
}

/// As an American Windows writes them, with a left-to-right mark before each number of the date.
fn local_texts(local: FileTime) -> (String, String) {
    let iso = local.to_string();
    let number = |range: std::ops::Range<usize>| iso[range].parse::<u32>().unwrap_or(0);
    let (hour, half) = (number(11..13), if number(11..13) < 12 { "AM" } else { "PM" });
    let date = format!("\u{200e}{}/\u{200e}{}/\u{200e}{}", number(5..7), number(8..10), &iso[..4]);
    let clock = format!("{}:{}:{} {half}", (hour + 11) % 12 + 1, &iso[14..16], &iso[17..19]);
    (date, clock)
}

/// 6005's binary: when the system started, and eight bytes that stay zero.
fn start_stamp(time: FileTime) -> Vec<u8> {
    let mut stamp = time.to_systemtime();
    stamp.extend([0; 8]);
    stamp
}

/// 6013's binary: UTF-16 strings of version, service pack, product and build.
fn product_strings(product: &str) -> Vec<u8> {
    let strings = ["1.1", "0", product, "10.0.19041 Build 19041 ", "Multiprocessor Free"];
    let text = strings.iter().fold(String::new(), |mut text, string| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{string}\0");
        text
    });
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The edition that 6013 names.
pub(super) fn set_product(event: &mut Event, product: &str) -> Option<()> {
    set_binary(event, product_strings(product));
    Some(())
}

fn set_binary(event: &mut Event, bytes: Vec<u8>) {
    if let Payload::Classic { binary, .. } = &mut event.payload {
        *binary = Some(bytes);
    }
}

/// sshd says everything in one sentence.
pub(super) fn set_openssh_payload(event: &mut Event, row: &Row) -> Option<()> {
    let user = key(row, "user").unwrap_or("-");
    let (ip, port) = (key(row, "ip").unwrap_or("192.0.2.77"), key(row, "port").unwrap_or("50122"));
    let verb = if key(row, "failed") == Some("yes") { "Failed" } else { "Accepted" };
    event
        .set("payload", Text::Owned(format!("{verb} password for {user} from {ip} port {port} ssh2")))
        .then_some(())
}

fn key<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.keys.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str())
}
