//! Names that a log makes up to mislead whoever reads them: markup, formulas, control and bidirectional characters,
//! and as long as a record can hold. Every command tells of them, and none obeys.

use evtx_fixture::Event;
use evtx_fixture::scenario::Scenario;
use evtx_fixture::{LogWriter, Text, windows};
use sessionscope::session::record::Record;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A terminal's red, a bell, a line of its own, right-to-left, an isolate, nothing to see, markup and a formula.
const NAME: &str =
    "=evil\u{1b}[31m\u{7}\r\n\u{202e}\u{2066}\u{200b}\t<img src=x onerror=alert(1)>&amp;\"',\u{85}\u{9b}";

/// What no terminal may be given.
fn is_obeyed(c: char) -> bool {
    let is_bidi = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() && c != '\n' || is_bidi || matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}')
}

const ROWS: &str = "
    08:00  PC1  4608
    08:01  PC1  4624 logon=0x3e9a type=10 user=USER ip=10.0.0.7 host=X
    08:02  PC1  4624 logon=0x4e9a type=3 user=USER ip=10.0.0.8 host=PC8
    08:03  PC1  4648 logon=0x3e9a user=USER target=bob TargetServerName=X TargetInfo=X process=X
    08:04  PC1  4688 logon=0x3e9a user=USER process=X cmd=X
    08:05  PC1  4697 logon=0x3e9a user=USER ServiceName=X ServiceFileName=X
    08:06  PC1  4698 logon=0x3e9a user=USER TaskName=X
    08:07  PC1  5140 logon=0x4e9a user=USER ShareName=X ip=10.0.0.8
    08:08  PC1  4779 logon=0x3e9a user=USER session=X host=X ip=X
    08:09  PC1  4778 logon=0x3e9a user=USER session=X host=X ip=X
    08:10  PC1  LSM/21 user=USER session=2 ip=X
    08:11  PC1  EventLog/6011 OldName=X NewName=X
    08:12  PC1  User32/1074 user=USER param1=X param3=X param6=X
    08:13  PC1  4719 AuditPolicyChanges=X
    08:14  PC1  OpenSSH/4 payload=X
    08:15  PC1  EventLog/1108 EventID=4634 PublisherID=X
    09:00  PC1  4647 logon=0x3e9a user=USER
";

/// The rows with every `X` a hostile name, and the user and the computer as well.
fn events() -> Vec<(String, Event)> {
    let scenario = Scenario::parse_all(&format!("# Hostile\n{ROWS}")).expect("its rows are right").remove(0);
    let hostile = |mut event: Event| {
        event.computer = Text::Owned(format!("PC1{NAME}"));
        let names: Vec<Text> = event.fields().iter().map(|field| field.name.clone()).collect();
        for name in names {
            let value = event.field(&name).map(ToString::to_string).unwrap_or_default();
            if value == "X" || value == "USER" || value.ends_with("\\USER") {
                event.set(&name, Text::Owned(NAME.to_owned()));
            }
        }
        event
    };
    scenario.events.into_iter().map(|row| (row.file, hostile(row.event))).collect()
}

fn folder(test: &str, logs: &[(String, Vec<u8>)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    for (name, log) in logs {
        std::fs::write(folder.join(name), log).expect("a log can be written");
    }
    folder
}

/// The logs, under a hostile name of their own.
fn logs() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, LogWriter)> = Vec::new();
    for (file, event) in events() {
        let name = format!("\u{1b}[31m\u{202e}{file}");
        let at = files.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
            files.push((name, LogWriter::new()));
            files.len() - 1
        });
        files[at].1.write(&event);
    }
    files.into_iter().map(|(name, log)| (name, log.finish())).collect()
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sessionscope")).args(args).output().expect("it runs")
}

#[test]
fn no_command_gives_a_terminal_what_it_would_obey() {
    let logs = logs();
    let folder = folder("hostile_names", &logs);
    let folder = folder.to_str().expect("a path of ours is text");
    let security = format!("{folder}/{}", logs[0].0);
    let commands: &[&[&str]] = &[
        &["sessions", folder],
        &["sessions", "--all", folder],
        &["hosts", folder],
        &["files", folder],
        &["who", "--at", "2024-03-05T08:30:00Z", folder],
        &["record", &security, "2"],
        &["record", &security, "5"],
        &["record", &security, "99"],
        &["sessions", &format!("{folder}/\u{1b}[31mmissing\u{202e}")],
    ];
    for command in commands {
        let output = run(command);
        for text in [&output.stdout, &output.stderr] {
            let text = std::str::from_utf8(text).expect("it writes text");
            let found = text.chars().find(|&c| is_obeyed(c));
            assert_eq!(found, None, "{command:?} printed\n{}", text.escape_debug());
        }
        assert!(output.status.code().is_some(), "{command:?} was killed");
    }
}

#[test]
fn what_is_exported_is_what_was_written() {
    let folder = folder("hostile_exports", &logs());
    let folder = folder.to_str().expect("a path of ours is text");
    let lines = run(&["sessions", "--format", "jsonl", folder]).stdout;
    let lines = String::from_utf8(lines).expect("JSON is text");
    let records: Vec<Record> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a line is a session")).collect();
    let has_name =
        |record: &&Record| record.user.as_deref().is_some_and(|user| user.contains("=evil\u{1b}[31m"));
    assert!(records.iter().filter(has_name).count() >= 2, "{lines}");
    let table = run(&["sessions", "--format", "csv", folder]).stdout;
    let mut reader = csv::Reader::from_reader(&table[..]);
    for row in reader.records().map(|row| row.expect("a row is CSV")) {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '@', '\t', '\r'])), "{row:?}");
        assert!(row.iter().all(|cell| !cell.starts_with('-') || cell == "-"), "{row:?}");
    }
}

#[test]
fn names_as_long_as_a_record_can_hold() {
    let mut log = LogWriter::new();
    let long = "A".repeat(15_000);
    for n in 0..8u64 {
        let mut event = windows::event("Security", 4624);
        event.record_id = n + 1;
        event.set("TargetUserName", Text::Owned(format!("{long}{n}")));
        event.set("TargetLogonId", evtx_fixture::Value::Hex64(0x5000 + n));
        log.write(&event);
    }
    let folder = folder("long_names", &[("Security.evtx".to_owned(), log.finish())]);
    let folder = folder.to_str().expect("a path of ours is text");
    let table = run(&["sessions", folder]).stdout;
    let table = String::from_utf8(table).expect("a table is text");
    let widest = table.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest < 1_000, "a line of {widest} characters is no table");
    let lines = run(&["sessions", "--format", "jsonl", folder]).stdout;
    assert_eq!(String::from_utf8(lines).expect("JSON is text").matches(&format!("{long}7\"")).count(), 1);
}
