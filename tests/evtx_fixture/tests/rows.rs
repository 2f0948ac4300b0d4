//! Rows of text become the events they describe.

mod common;

use common::{count_with_evtxexport, read_with_evtx};
use evtx_fixture::scenario::Scenario;
use evtx_fixture::{Event, FileTime, Guid, Layout, Payload, Value};

const FILE: &str = r#"# Logons

Prose, and a heading without rows.

## A desktop over remote desktop

The user comes in, works and signs out.

    date: 2024-03-05
    08:00          PC1  4624 logon=0x3e9a type=10 user=alice ip=192.0.2.7 linked=0x3e7f elevated=no
    08:00:00.5     PC1  LSM/21 user=alice session=2 ip=192.0.2.7
    08:30          PC1  4800 logon=0x3e9a user=alice session=2
    2024-03-06T09:00  PC1  4647 logon=0x3e9a user=alice record=40
    PC1#0/0x3e9a  alice  desktop  08:00 -> 09:00

```
    08:00 not a row
```

## Two computers in one forwarded log

    08:00  PC1  4624 logon=0x1 type=3 user=bob ip=10.0.0.1 file=all.evtx raw=strings
    08:01  "PC<b>\u{202e}"  4634 logon=0x1 user=bob file=all.evtx
"#;

fn one(row: &str) -> Event {
    let scenarios = Scenario::parse_all(&format!("# One\n\n    {row}\n")).unwrap();
    scenarios[0].events[0].event.clone()
}

#[track_caller]
fn assert_fields(row: &str, expected: &[(&str, &str)]) {
    let event = one(row);
    for (name, text) in expected {
        let value = event.field(name).map(ToString::to_string);
        assert_eq!(value.as_deref(), Some(*text), "{name} in {row}");
    }
}

#[test]
fn a_file_of_scenarios() {
    let scenarios = Scenario::parse_all(FILE).unwrap();
    assert_eq!(scenarios.len(), 2);
    let first = &scenarios[0];
    assert_eq!((first.title.as_str(), first.line), ("A desktop over remote desktop", 5));
    assert_eq!(first.expectations, [(14, "PC1#0/0x3e9a  alice  desktop  08:00 -> 09:00".to_owned())]);
    let files: Vec<_> = first.events.iter().map(|row| row.file.as_str()).collect();
    let lsm = "PC1_Microsoft-Windows-TerminalServices-LocalSessionManager%4Operational.evtx";
    assert_eq!(files, ["PC1_Security.evtx", lsm, "PC1_Security.evtx", "PC1_Security.evtx"]);
    let ids: Vec<_> = first.events.iter().map(|row| row.event.record_id).collect();
    assert_eq!(ids, [1, 1, 2, 40]);
    assert_eq!(first.events[1].event.time.to_string(), "2024-03-05T08:00:00.5000000Z");
    assert_eq!(first.events[3].event.time.to_string(), "2024-03-06T09:00:00.0000000Z");
}

#[test]
fn the_files_of_a_scenario_are_logs() {
    let scenarios = Scenario::parse_all(FILE).unwrap();
    let counts: Vec<_> = scenarios[0].files().iter().map(|(_, log)| read_with_evtx(log).len()).collect();
    assert_eq!(counts, [3, 1]);
    for (i, (_, log)) in scenarios[0].files().iter().enumerate() {
        assert!(
            count_with_evtxexport(log, &format!("rows{i}")).is_none_or(|n_records| n_records == counts[i])
        );
    }
    let forwarded = scenarios[1].files();
    assert_eq!(forwarded.len(), 1);
    let records = read_with_evtx(&forwarded[0].1);
    assert_eq!(records.iter().map(|record| record.id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(records[0].json["System"]["EventID"], "4624");
    assert_eq!(records[1].json["System"]["Computer"], "PC<b>\u{202e}");
    assert_eq!(records[1].json["System"]["EventRecordID"], 1);
    assert_eq!(scenarios[1].events[0].event.layout, Layout::Strings);
}

#[test]
fn a_bare_logon_looks_like_its_type() {
    let screen = [("SubjectLogonId", "0x3e7"), ("SubjectUserName", "PC1$"), ("LogonProcessName", "User32 ")];
    assert_fields("08:00 PC1 4624 logon=0x3e9a type=10 user=alice", &screen);
    let desktop = [
        ("TargetLogonId", "0x3e9a"),
        ("TargetUserName", "alice"),
        ("TargetDomainName", "CORP"),
        ("LogonType", "2"),
        ("ProcessName", "C:\\Windows\\System32\\winlogon.exe"),
        ("IpAddress", "127.0.0.1"),
        ("ElevatedToken", "%%1843"),
    ];
    assert_fields("08:00 PC1 4624 logon=0x3e9a user=alice", &desktop);
    let network =
        [("SubjectLogonId", "0x0"), ("SubjectUserSid", "S-1-0-0"), ("ProcessId", "0x0"), ("IpPort", "49812")];
    assert_fields("08:00 PC1 4624 logon=0x3e9a type=3 user=alice ip=10.0.0.1", &network);
    assert_fields("08:00 PC1 4624 type=3 package=Kerberos user=alice", &[("LogonProcessName", "Kerberos")]);
    assert_fields("08:00 PC1 4624 type=5 user=SYSTEM logon=0x3e7", &[("TargetUserSid", "S-1-5-18")]);
    assert_fields("08:00 PC1 4624 type=0", &[("TargetLogonId", "0x3e7"), ("ProcessId", "0x4")]);
    assert_fields(
        "08:00 PC1 4624 type=7 process=C:\\Windows\\System32\\lsass.exe",
        &[("LogonProcessName", "Negotiat")],
    );
    assert_fields(
        "08:00 PC1 4624 type=9 user=CORP\\bob",
        &[("SubjectUserName", "bob"), ("TargetUserName", "bob")],
    );
}

#[test]
fn short_keys_find_their_fields() {
    assert_fields(
        "08:00 PC1 4672 logon=0x9 user=bob",
        &[("SubjectLogonId", "0x9"), ("SubjectUserName", "bob")],
    );
    assert_fields(
        "08:00 PC1 4688 logon=0x9 user=bob process=a.exe",
        &[("SubjectLogonId", "0x9"), ("NewProcessName", "a.exe")],
    );
    assert_fields(
        "08:00 PC1 4688 TargetLogonId=0x9",
        &[("TargetLogonId", "0x9"), ("SubjectLogonId", "0x3e7")],
    );
    assert_fields(
        "08:00 PC1 4778 logon=0x9 user=A\\bob ip=10.0.0.1 host=LAPTOP session=RDP-Tcp#3",
        &[
            ("LogonID", "0x9"),
            ("AccountName", "bob"),
            ("AccountDomain", "A"),
            ("ClientAddress", "10.0.0.1"),
            ("ClientName", "LAPTOP"),
            ("SessionName", "RDP-Tcp#3"),
        ],
    );
    assert_fields(
        "08:00 PC1 4648 logon=0x9 user=bob target=A\\eve TargetServerName=SRV1",
        &[
            ("SubjectUserName", "bob"),
            ("TargetUserName", "eve"),
            ("TargetDomainName", "A"),
            ("TargetServerName", "SRV1"),
        ],
    );
    assert_fields(
        "08:00 PC1 4625 user=bob ip=10.0.0.1",
        &[("TargetUserName", "bob"), ("TargetUserSid", "S-1-0-0")],
    );
    assert_fields(
        "08:00 PC1 1102 logon=0x9 user=bob",
        &[("SubjectLogonId", "0x9"), ("SubjectUserName", "bob")],
    );
    assert_fields(
        "08:00 PC1 RCM/1149 user=CORP\\bob ip=10.0.0.1",
        &[("Param1", "bob"), ("Param2", "CORP"), ("Param3", "10.0.0.1")],
    );
    assert_fields("08:00 PC1 RdpCoreTS/131 ip=10.0.0.1 port=5", &[("ClientIP", "10.0.0.1:5")]);
    assert_fields(
        "08:00 PC1 LSM/24 user=CORP\\bob session=3 ip=LOCAL",
        &[("User", "CORP\\bob"), ("SessionID", "3"), ("Address", "LOCAL")],
    );
    assert_fields("08:00 PC1 LSM/40 session=3 Reason=5", &[("Session", "3"), ("Reason", "5")]);
    assert_fields(
        "08:00 PC1 LSA/302 logon=0x9 user=CORP\\bob",
        &[("LogonId", "0x9"), ("AccountName", "bob"), ("AuthorityName", "CORP")],
    );
    assert_fields(
        "08:00 PC1 OpenSSH/4 user=bob ip=10.0.0.1 port=9",
        &[("payload", "Accepted password for bob from 10.0.0.1 port 9 ssh2")],
    );
    assert_fields(
        "08:00 PC1 Kernel-General/1 OldTime=07:00 NewTime=2024-03-05T09:00:00",
        &[("OldTime", "2024-03-05T07:00:00.0000000Z"), ("NewTime", "2024-03-05T09:00:00.0000000Z")],
    );
}

#[test]
fn every_event_can_be_a_row() {
    for entry in evtx_fixture::windows::entries() {
        let (name, definition) = (entry.source.key, entry.definition);
        let event = one(&format!("08:00 PC1 {name}/{} v={}", definition.id, definition.version));
        assert_eq!((event.id, event.version), (definition.id, definition.version));
        assert_eq!(event.provider.name, entry.source.provider);
    }
}

#[test]
fn the_same_user_has_the_same_sid_everywhere() {
    let sid = |row: &str, name: &str| one(row).field(name).cloned();
    let logon = sid("08:00 PC1 4624 user=alice", "TargetUserSid");
    assert_eq!(logon, sid("09:00 PC2 4634 user=CORP\\Alice", "TargetUserSid"));
    assert_eq!(logon, sid("09:00 PC2 System/7001 user=alice session=1", "UserSid"));
    assert_ne!(logon, sid("08:00 PC1 4624 user=bob", "TargetUserSid"));
    let event = one("08:00 PC1 Winlogon/811 user=alice Event=4");
    assert_eq!(event.user_sid.map(Value::Sid), logon);
}

#[test]
fn versions_and_system_fields() {
    assert_eq!(one("08:00 PC1 4624 v=0").fields().len(), 20);
    assert_eq!(one("08:00 PC1 4624").version, 2);
    let event = one(
        "08:00 PC1 LSM/21 user=bob activity={f4207320-0000-0000-0000-000000000001} uid=S-1-5-20 header=7",
    );
    assert_eq!(event.activity_id, Guid::parse("f4207320-0000-0000-0000-000000000001"));
    assert_eq!(event.user_sid.unwrap().to_string(), "S-1-5-20");
    assert_eq!(event.header_id, Some(7));
    assert_eq!(one("08:00 PC1 4776 user=bob failed=yes").keywords, 0x8010_0000_0000_0000);
    assert_eq!(one("08:00 PC1 System/104 user=bob").channel, "System");
    assert_eq!(one("08:00 PC1 USER32/1074 user=CORP\\bob").provider.name, "USER32");
}

#[test]
fn an_unclean_stop_tells_the_last_heartbeat_in_utc() {
    let event = one("08:00 PC1 System/6008 last=07:14:02 bias=240");
    let Payload::Classic { strings, binary } = event.payload else { panic!("no classic payload") };
    assert_eq!(strings[0], "3:14:02 AM");
    assert_eq!(strings[1], "\u{200e}3/\u{200e}5/\u{200e}2024");
    let utc = FileTime::parse("2024-03-05T07:14:02").unwrap().to_systemtime();
    assert_eq!(binary.unwrap()[16..32], utc);
}

#[test]
fn mistakes_say_their_line() {
    let message = |row: &str| Scenario::parse_all(&format!("# One\n\n    {row}\n")).unwrap_err().to_string();
    assert_eq!(message("08:00 PC1 4999"), "line 3: event 4999 is not in the catalogue");
    assert_eq!(message("08:00 PC1 4624 v=9"), "line 3: event 4624 has no such version in the catalogue");
    assert_eq!(
        message("08:00 PC1 4634 logno=3"),
        "line 3: logno=3 does not fit event 4634; its fields are \
        TargetUserSid, TargetUserName, TargetDomainName, TargetLogonId, LogonType"
    );
    assert!(message("08:00 PC1 4634 logon=0xZZ").starts_with("line 3: logon=0xZZ does not fit event 4634"));
    assert_eq!(message("08:00 PC1 4634 user=\"x"), "line 3: a quotation mark is not closed");
    assert_eq!(message("08:00 PC1"), "line 3: a row needs an event after its computer");
    assert!(message("08:00 PC1 System/1").contains("write Kernel-General/1 or Power-Troubleshooter/1"));
    assert_eq!(message("date: 5.3.2024"), "line 3: \"5.3.2024\" is no date such as 2024-03-05");
}
