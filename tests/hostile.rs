//! Logs made to mislead whoever reads them. Names: markup, formulas, control and bidirectional characters, and as long
//! as a record can hold; every command tells of them, and none obeys. Numbers: times, ids and LogonIds at the ends of
//! their ranges, channels and computers without a name; nothing breaks.

mod common;

use common::{Random, json_lines, load};
use evtx_fixture::Event;
use evtx_fixture::scenario::Scenario;
use evtx_fixture::{FileTime, LogWriter, Text, Value, windows};
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
    08:16  PC1  4624 logon=0x5e9a type=2 user=USER
    09:00  PC1  4647 logon=0x3e9a user=USER
    09:01  PC1  User32/1074 user=USER param1=X param3=X param5=X
    09:02  PC1  EventLog/1100
    09:02  PC1  EventLog/6006
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
    let folder = folder("hostile", &logs);
    let folder = folder.to_str().expect("a path of ours is text");
    let security = format!("{folder}/{}", logs[0].0);
    let commands: &[&[&str]] = &[
        &["sessions", folder],
        &["sessions", "--all", folder],
        &["hosts", folder],
        &["coverage", folder],
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
    // Sentences are made by us: what they cite is shown safely.
    let is_safe = |record: &Record| !record.end_why.chars().any(|c| is_obeyed(c) || c == '\n');
    assert!(records.iter().all(is_safe), "{lines}");
    assert!(records.iter().any(|record| record.end_why.contains("asked for the shutdown")), "{lines}");
    for command in ["hosts", "coverage"] {
        let lines =
            String::from_utf8(run(&[command, "--format", "jsonl", folder]).stdout).expect("JSON is text");
        let records: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("a line is a machine")).collect();
        let machine = records[0]["machine"].as_str().expect("it has a name");
        assert!(machine.starts_with("PC1=evil\u{1b}[31m"), "{command}: {machine:?}");
    }
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
        event.set("TargetLogonId", Value::Hex64(0x5000 + n));
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

/// Numbers at which something ends.
const EDGES: [u64; 12] = [
    0,
    1,
    0x3e7,
    u32::MAX as u64,
    u32::MAX as u64 + 1,
    i64::MAX as u64 - 1,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX - 1,
    u64::MAX,
    // 1970 and 2024, so that not all is absurd.
    116_444_736_000_000_000,
    133_540_000_000_000_000,
];

/// Any event of the catalogue, with numbers at the edges; a quarter of them a little beside it.
fn absurd(random: &mut Random, entries: &[windows::Entry]) -> Event {
    let edge = |random: &mut Random| match random.below(4) {
        0 => EDGES[random.below(EDGES.len())].wrapping_add(random.below(100) as u64),
        _ => EDGES[random.below(EDGES.len())],
    };
    let mut event = entries[random.below(entries.len())].event();
    event.time = FileTime(edge(random));
    event.record_id = edge(random);
    event.header_id = None;
    event.channel = if random.below(20) == 0 { "".into() } else { event.channel };
    event.computer = ["PC1", "PC1", "PC1", "PC2", ""][random.below(5)].into();
    let fields: Vec<(Text, Value)> =
        event.fields().iter().map(|field| (field.name.clone(), field.value.clone())).collect();
    for (name, value) in fields {
        let value = match value {
            Value::Hex64(_) => Value::Hex64(edge(random)),
            Value::U64(_) => Value::U64(edge(random)),
            Value::U32(_) if random.below(2) == 0 => Value::U32(edge(random) as u32),
            Value::FileTime(_) => Value::FileTime(FileTime(edge(random))),
            value => value,
        };
        event.set(&name, value);
    }
    event
}

#[test]
fn no_number_breaks_anything() {
    let entries: Vec<windows::Entry> = windows::entries().collect();
    for seed in 1..=500 {
        let mut random = Random(0x2545_f491_4f6c_dd1d ^ seed);
        let mut logs: Vec<LogWriter> = (0..3).map(|_| LogWriter::new()).collect();
        for header_id in 1..=60 {
            let mut event = absurd(&mut random, &entries);
            event.header_id = Some(header_id);
            logs[random.below(3)].write(&event);
        }
        let files: Vec<(String, Vec<u8>)> =
            logs.into_iter().enumerate().map(|(n, log)| (format!("{n}.evtx"), log.finish())).collect();
        let is_fine = std::panic::catch_unwind(|| {
            let lines = json_lines(&mut load(&files));
            assert!(lines.lines().all(|line| serde_json::from_str::<Record>(line).is_ok()));
        });
        assert!(is_fine.is_ok(), "seed {seed}");
    }
}
