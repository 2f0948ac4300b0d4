//! The command line: what it prints where, and what it ends with.

use evtx_fixture::empty_log;
use evtx_fixture::scenario::Scenario;
use sessionscope::export::csv::HEADER;
use sessionscope::machine::record::{CoverageRecord, HostRecord};
use sessionscope::session::record::Record;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A desktop session, a network session from elsewhere, a service, and a name made to mislead.
const ROWS: &str = "
    08:00  PC1  4608
    08:01  PC1  4624 logon=0x3e9a type=10 user=CORP\\alice ip=10.0.0.7
    08:02  PC1  4624 logon=0x4000 type=3 user=\"CORP\\\\=cmd\\u{202e}\\u{1b}[31m\" ip=10.0.0.8 host=PC8
    08:03  PC1  4624 logon=0x5000 type=5 user=CORP\\svc_sql
    08:04  PC1  4634 logon=0x4000 type=3 user=\"CORP\\\\=cmd\\u{202e}\\u{1b}[31m\"
    09:01  PC1  4647 logon=0x3e9a user=CORP\\alice
";

/// A folder of its own for a test, with the logs of the rows.
fn folder(test: &str, rows: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for scenario in Scenario::parse_all(rows).unwrap() {
        for (name, bytes) in scenario.files() {
            write(&folder, &name, &bytes);
        }
    }
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sessionscope"))
}

fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    command().args(args).output().unwrap()
}

fn sessions(folder: &Path, args: &[&str]) -> Output {
    let folder = folder.to_str().unwrap();
    run(&[&["sessions"], args, &[folder]].concat())
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn records(output: &Output) -> Vec<Record> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_table_is_for_people() {
    let folder = folder("table", ROWS);
    let output = sessions(&folder, &[]);
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
    let lines: Vec<&str> = out(&output).lines().collect();
    assert_eq!(lines.len(), 4, "a head, two sessions and a sum:\n{}", out(&output));
    let alice = lines[1];
    for cell in
        ["2024-03-05 08:01:00", "2024-03-05 09:01:00", "user_logoff", "high", "1 h 00 min", "CORP\\alice"]
    {
        assert!(alice.contains(cell), "{cell} is not in {alice}");
    }
    assert!(alice.contains("10 RemoteInteractive") && alice.contains("10.0.0.7"), "{alice}");
    assert!(
        lines[3].starts_with("2 sessions on 1 machine") && lines[3].contains("1 of noise"),
        "{}",
        lines[3]
    );
}

/// A session that a power loss cut off, and the next start.
const CUT_OFF: &str = "
    08:00  PC1  4608
    08:01  PC1  4624 logon=0x3e9a type=2 user=CORP\\alice
    08:10  PC1  4688 logon=0x3e9a user=CORP\\alice
    10:00  PC1  4608
    10:01  PC1  4624 logon=0x4e9a type=2 user=CORP\\alice
    10:02  PC1  4647 logon=0x4e9a user=CORP\\alice
";

#[test]
fn an_estimated_end_does_not_look_like_a_recorded_one() {
    let output = sessions(&folder("estimate", CUT_OFF), &[]);
    let lines: Vec<&str> = out(&output).lines().collect();
    let (cut_off, recorded) = (lines[1], lines[2]);
    assert!(cut_off.contains("unclean_stop"), "{cut_off}");
    assert!(cut_off.contains("  ~ 2024-03-05 "), "{cut_off}");
    assert!(recorded.contains("2024-03-05 10:02:00") && !recorded.contains('~'), "{recorded}");
}

#[test]
fn a_table_shows_what_a_name_hides() {
    let folder = folder("hidden", ROWS);
    let output = sessions(&folder, &[]);
    assert!(out(&output).contains("=cmd\\u{202e}\\u{1b}[31m"), "{}", out(&output));
    assert!(!out(&output).contains(['\u{202e}', '\u{1b}']));
}

#[test]
fn json_lines_have_the_name_as_it_is() {
    let folder = folder("raw", ROWS);
    let output = sessions(&folder, &["--format", "jsonl"]);
    assert_eq!(records(&output)[1].user.as_deref(), Some("=cmd\u{202e}\u{1b}[31m"));
}

#[test]
fn no_csv_cell_is_a_formula() {
    let folder = folder("csv", ROWS);
    let output = sessions(&folder, &["--format", "csv"]);
    let mut reader = csv::Reader::from_reader(&output.stdout[..]);
    assert_eq!(reader.headers().unwrap(), &HEADER[..]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let user = HEADER.iter().position(|name| *name == "user").unwrap();
    assert_eq!([&rows[0][user], &rows[1][user]], ["alice", "'=cmd\u{202e}\u{1b}[31m"]);
}

#[test]
fn noise_is_shown_on_demand() {
    let folder = folder("all", ROWS);
    for (format, count) in [("jsonl", 0), ("csv", 1)] {
        let n_lines = |args: &[&str]| out(&sessions(&folder, args)).lines().count() - count;
        assert_eq!(n_lines(&["--format", format]), 2, "{format}");
        assert_eq!(n_lines(&["--format", format, "--all"]), 3, "{format}");
    }
    assert!(!out(&sessions(&folder, &["--all"])).contains("not shown"));
}

#[test]
fn folders_are_searched_to_the_bottom() {
    let top = folder("deep", "");
    let logs = Scenario::parse_all(ROWS).unwrap()[0].files();
    write(&top, "a/b/c/Security.evtx", &logs[0].1);
    write(&top, "a/notes.txt", b"not a log");
    let output = sessions(&top, &["--format", "jsonl"]);
    assert_eq!((output.status.code(), records(&output).len()), (Some(0), 2));
    assert!(records(&output)[0].evidence[0].source.ends_with("a/b/c/Security.evtx"));
    assert!(err(&output).contains("notes.txt"), "what is no log is named: {}", err(&output));
}

/// Links lead anywhere, and back; a pipe is never at its end.
#[cfg(unix)]
#[test]
fn links_and_pipes_in_a_folder_are_left_alone() {
    let folder = folder("pipes", ROWS);
    std::os::unix::fs::symlink(&folder, folder.join("back")).unwrap();
    let pipe = folder.join("pipe.evtx");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let output = sessions(&folder, &["--format", "jsonl"]);
    assert_eq!((output.status.code(), records(&output).len(), err(&output)), (Some(0), 2, ""));
}

#[test]
fn the_same_file_given_twice_counts_once() {
    let folder = folder("twice", ROWS);
    let file = folder.join("PC1_Security.evtx");
    let [file, folder] = [file.to_str().unwrap(), folder.to_str().unwrap()];
    let output = run(&["sessions", "--format", "jsonl", file, file, folder]);
    assert_eq!(records(&output).len(), 2);
}

#[test]
fn an_empty_log_is_no_failure() {
    let folder = folder("empty", "");
    write(&folder, "Security.evtx", &empty_log());
    let output = sessions(&folder, &["--format", "jsonl"]);
    assert_eq!((output.status.code(), out(&output), err(&output)), (Some(0), "", ""));
}

#[test]
fn what_is_no_log_is_a_failure() {
    let folder = folder("no_log", "");
    write(&folder, "notes.txt", b"not a log");
    for command in ["sessions", "files"] {
        let output = run(&[command, folder.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(err(&output).contains("no file could be opened as an event log"), "{}", err(&output));
        let all = [out(&output), err(&output)].concat();
        assert!(all.contains("notes.txt") && all.contains("not an event log"), "{command}: {all}");
    }
    let output = sessions(&folder, &["--format", "jsonl"]);
    assert_eq!(out(&output), "", "what goes wrong is for standard error");
}

#[test]
fn what_is_not_there_is_a_failure() {
    for args in [&["sessions", "nowhere.evtx"][..], &["files", "nowhere"], &["record", "nowhere.evtx", "1"]] {
        let output = run(args);
        assert_eq!((output.status.code(), out(&output)), (Some(1), ""), "{args:?}");
        assert!(
            err(&output).starts_with("sessionscope: ") && err(&output).contains("nowhere"),
            "{}",
            err(&output)
        );
    }
}

#[test]
fn wrong_use_is_two() {
    let wrong: [&[&str]; 5] =
        [&[], &["sessions"], &["sessions", "--format", "xml", "x"], &["record", "x"], &["record", "x", "y"]];
    for args in wrong {
        let output = run(args);
        assert_eq!((output.status.code(), out(&output)), (Some(2), ""), "{args:?}");
        assert!(err(&output).contains("--help"), "{args:?}: {}", err(&output));
    }
}

#[test]
fn the_version_has_a_commit() {
    let output = run(&["--version"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(out(&output), format!("sessionscope {}\n", sessionscope::version()));
    let commit = out(&output).split(['(', ')']).nth(1).unwrap();
    let is_hex = |text: &str| text.len() == 12 && text.chars().all(|c| c.is_ascii_hexdigit());
    assert!(commit == "unknown" || is_hex(commit.trim_end_matches("+dirty")), "{commit}");
}

#[test]
fn a_record_is_shown_at_every_stage() {
    let folder = folder("record", ROWS);
    let log = folder.join("PC1_Security.evtx");
    let log = log.to_str().unwrap();
    let output = run(&["record", log, "3"]);
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
    for part in
        ["<EventID>4624</EventID>", "TargetLogonId: 0x4000", "logged on", "\"session\": \"PC1#1/0x4000\""]
    {
        assert!(out(&output).contains(part), "{part} is not in {}", out(&output));
    }
    assert!(!out(&output).contains(['\u{202e}', '\u{1b}']), "a terminal obeys such characters");
    let missing = run(&["record", log, "99"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(err(&missing).contains("record 99 is not in"), "{}", err(&missing));
}

#[test]
fn files_tells_what_was_read() {
    let folder = folder("files", ROWS);
    let mut damaged = std::fs::read(folder.join("PC1_Security.evtx")).unwrap();
    evtx_fixture::damage::flip_chunk_magic(&mut damaged, 0);
    write(&folder, "damaged.evtx", &damaged);
    let output = run(&["files", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    for part in ["records: 6 read, 0 failed", "channels: Security", "chunks: 0 read, 1 failed", "DAMAGED"] {
        assert!(out(&output).contains(part), "{part} is not in {}", out(&output));
    }
    let lines = run(&["files", "--format", "jsonl", folder.to_str().unwrap()]);
    let rows: Vec<sessionscope::case::ledger::SourceRow> =
        out(&lines).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.iter().map(|row| (row.n_records, row.n_problems)).collect::<Vec<_>>(), [(6, 0), (0, 1)]);
}

/// Two boots of a server: the first shut down by its administrator, the second with logoffs turned off.
const MACHINE: &str = "
    08:00:00  SRV1  EventLog/6009 Build=20348
    08:00:00  SRV1  EventLog/6005
    08:00:01  SRV1  4608
    08:05:00  SRV1  4624 logon=0x3e9a type=10 user=CORP\\alice ip=10.0.0.7 SubjectUserName=SRV1$ SubjectDomainName=CORP
    09:00:00  SRV1  User32/1074 param7=CORP\\alice param5=restart
    09:00:10  SRV1  4647 logon=0x3e9a user=CORP\\alice
    09:00:20  SRV1  EventLog/1100
    09:00:21  SRV1  EventLog/6006
    09:01:00  SRV1  EventLog/6009 Build=20348
    09:01:00  SRV1  EventLog/6005
    09:01:01  SRV1  4608
    09:10:00  SRV1  4719 subjectuser=mallory AuditPolicyChanges=%%8448
    09:20:00  SRV1  4624 logon=0x5000 type=3 user=CORP\\bob ip=10.0.0.8
    09:30:00  SRV1  4672 logon=0x5000 user=CORP\\bob record=40
";

fn machine(command: &str, format: &str) -> Output {
    let folder = folder(&format!("machine_{command}_{format}"), MACHINE);
    run(&[command, "--format", format, folder.to_str().unwrap()])
}

#[test]
fn hosts_say_what_a_machine_is_and_how_its_boots_went() {
    let output = machine("hosts", "jsonl");
    let host: HostRecord = serde_json::from_str(out(&output)).unwrap();
    assert_eq!((host.machine.as_str(), host.kind.as_str()), ("SRV1", "member_server"));
    assert_eq!((host.build.as_deref(), host.domain.as_deref()), (Some("20348"), Some("CORP")));
    assert_eq!(host.is_domain_joined, Some(true));
    assert_eq!(host.name_history.len(), 1);
    let security = host.logs.iter().find(|log| log.channel == "Security").unwrap();
    assert_eq!((security.first_record, security.last_record, security.n_gaps), (1, 40, 1));
    assert_eq!(security.n_missing, 40 - security.n_records);
    let [first, second] = &host.boots[..] else { panic!("{:?}", host.boots) };
    assert_eq!((first.end_how.as_str(), first.uptime_s), ("clean", Some(3620.0)));
    let shutdown = first.shutdown.as_ref().unwrap();
    assert_eq!(
        (shutdown.user.as_deref(), shutdown.action.as_deref()),
        (Some("CORP\\alice"), Some("restart"))
    );
    assert_eq!((second.end_how.as_str(), second.logoff_audit.as_str()), ("open", "off (changed)"));
    assert_eq!(second.shutdown, None);
    let table = machine("hosts", "table");
    for cell in ["member server", "CORP\\alice", "off (changed)", "build 20348", "1 h 00 min"] {
        assert!(out(&table).contains(cell), "{cell} is not in\n{}", out(&table));
    }
}

/// Kernel-Boot 20 of the second start says that the first run was shut down, and nothing of that run does.
const NO_CRASH: &str = "
    08:00:00  PC1  Kernel-General/12
    08:00:03  PC1  4608
    08:00:05  PC1  EventLog/6005
    08:01     PC1  4624 logon=0x3e9a type=2 user=alice
    09:00:00  PC1  Kernel-General/12
    09:00:00  PC1  Kernel-Boot/20 LastShutdownGood=true LastBootGood=true LastBootId=1
    09:00:05  PC1  EventLog/6005
    09:00:03  PC1  4608
";

#[test]
fn hosts_say_what_speaks_against_an_unclean_stop() {
    let folder = folder("no_crash", NO_CRASH);
    let output = run(&["hosts", "--format", "jsonl", folder.to_str().unwrap()]);
    let host: HostRecord = serde_json::from_str(out(&output)).unwrap();
    let against: Vec<_> =
        host.boots.iter().map(|boot| boot.against.as_ref().map(|by| (by.event, by.record))).collect();
    assert_eq!(host.boots[0].end_how, "unclean");
    assert_eq!(against, [Some((20, 4)), None]);
    let table = run(&["hosts", folder.to_str().unwrap()]);
    assert!(
        out(&table).contains("unclean, but 20 in System record 4 says that it was good"),
        "{}",
        out(&table)
    );
}

#[test]
fn coverage_says_what_was_audited_and_what_it_costs() {
    let output = machine("coverage", "jsonl");
    let machine_record: CoverageRecord = serde_json::from_str(out(&output)).unwrap();
    let audit = |boot: usize, name: &str| {
        let audits = &machine_record.boots[boot].audits;
        audits.iter().find(|audit| audit.subcategory == name).unwrap()
    };
    assert_eq!(audit(0, "Logoff").success.state, "on");
    assert_eq!(audit(0, "Logoff").cost, None);
    let off = audit(1, "Logoff");
    assert_eq!((off.success.state.as_str(), off.task), ("off (changed)", 12545));
    assert_eq!(off.success.changes[0].to, "off");
    assert_eq!(off.success.since.as_deref(), Some("2024-03-05T09:10:00.0000000Z"));
    assert!(off.cost.is_some() && off.failure.is_none());
    let logoff = machine_record.baseline.iter().find(|line| line.subcategory == "Logoff").unwrap();
    assert_eq!(
        (logoff.general.workstation.as_str(), logoff.stronger.workstation.as_str()),
        ("No/No", "Yes/No")
    );
    assert_eq!((logoff.general_verdict.as_str(), logoff.stronger_verdict.as_str()), ("met", "missed"));
    assert_eq!(logoff.note.as_deref(), Some("Failure has no meaning: the subcategory has no failure events"));
    let table = machine("coverage", "table");
    for cell in
        ["off (changed)", "4719 in Security record", "missed", "without Logoff: no session has an end"]
    {
        assert!(out(&table).contains(cell), "{cell} is not in\n{}", out(&table));
    }
}

#[test]
fn what_could_not_be_read_is_said_on_standard_error() {
    let folder = folder("damaged", ROWS);
    let mut damaged = std::fs::read(folder.join("PC1_Security.evtx")).unwrap();
    evtx_fixture::damage::flip_chunk_magic(&mut damaged, 0);
    write(&folder, "damaged.evtx", &damaged);
    let output = sessions(&folder, &["--format", "jsonl"]);
    assert_eq!((output.status.code(), records(&output).len()), (Some(0), 2));
    assert!(err(&output).contains("damaged.evtx: chunk 0 should begin with"), "{}", err(&output));
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let mut rows = String::from("    08:00  PC1  4608\n");
    for n in 0..3000 {
        rows += &format!("    08:01  PC1  4624 logon={:#x} type=3 user=alice ip=10.0.0.7\n", 0x4000 + n);
    }
    let folder = folder("pipe", &rows);
    let mut child = command()
        .args(["sessions", "--format", "jsonl", folder.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Reads a little, and hangs up.
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
}

#[test]
fn the_order_of_files_makes_no_difference() {
    let rows = "
    08:00  PC1  4608
    08:01  PC1  4624 logon=0x3e9a type=2 user=alice
    08:00  PC2  4608
    08:01  PC2  4624 logon=0x3e9a type=2 user=bob
";
    let folder = folder("order", rows);
    let [one, two] = ["PC1_Security.evtx", "PC2_Security.evtx"].map(|name| folder.join(name));
    let [one, two] = [one.to_str().unwrap(), two.to_str().unwrap()];
    let sessions = |files: [&str; 2]| run(&["sessions", "--format", "jsonl", files[0], files[1]]).stdout;
    assert_eq!(sessions([one, two]), sessions([two, one]));
}

/// Three network sessions within minutes, and one an hour later.
const BURST: &str = "
    08:00  PC1  4608
    08:01  PC1  4624 logon=0x4001 type=3 user=CORP\\alice ip=10.0.0.7
    08:02  PC1  4634 logon=0x4001 type=3 user=CORP\\alice
    08:03  PC1  4624 logon=0x4002 type=3 user=CORP\\alice ip=10.0.0.7
    08:04  PC1  4634 logon=0x4002 type=3 user=CORP\\alice
    08:05  PC1  4624 logon=0x4003 type=3 user=CORP\\alice ip=10.0.0.7
    08:06  PC1  4634 logon=0x4003 type=3 user=CORP\\alice
    09:06  PC1  4624 logon=0x4004 type=3 user=CORP\\alice ip=10.0.0.7
";

#[test]
fn a_burst_is_one_line_of_the_table_and_all_of_the_others() {
    let folder = folder("burst", BURST);
    let output = sessions(&folder, &[]);
    let lines: Vec<&str> = out(&output).lines().collect();
    assert_eq!(lines.len(), 4, "a head, a burst, a session and a sum:\n{}", out(&output));
    for cell in
        ["2024-03-05 08:01:00", "2024-03-05 08:06:00", "burst of 3 sessions", "3 min 00 s", "10.0.0.7"]
    {
        assert!(lines[1].contains(cell), "{cell} is not in {}", lines[1]);
    }
    assert!(lines[3].starts_with("4 sessions") && lines[3].contains("3 of them in 1 burst"), "{}", lines[3]);
    let singly = sessions(&folder, &["--no-bursts"]);
    assert_eq!(out(&singly).lines().count(), 6, "{}", out(&singly));
    assert!(!out(&singly).contains("burst"));
    assert_eq!(records(&sessions(&folder, &["--format", "jsonl"])).len(), 4);
}

/// One who is on for an hour, one whose end is not in the log, and a service.
const PRESENCE: &str = "
    08:00  PC1  4608
    08:01  PC1  4624 logon=0x3e9a type=10 user=CORP\\alice ip=10.0.0.7
    08:02  PC1  4624 logon=0x4000 type=2 user=CORP\\bob
    08:03  PC1  4624 logon=0x5000 type=5 user=CORP\\svc_sql
    08:30  PC1  4779 logon=0x3e9a user=CORP\\alice
    09:01  PC1  4647 logon=0x3e9a user=CORP\\alice
";

fn who(folder: &Path, args: &[&str]) -> Output {
    run(&[&["who"], args, &[folder.to_str().unwrap()]].concat())
}

#[test]
fn who_was_on_is_said_with_certainty() {
    let folder = folder("who", PRESENCE);
    let output = who(&folder, &["--at", "2024-03-05T08:45:00Z"]);
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
    let lines: Vec<&str> = out(&output).lines().collect();
    assert_eq!(lines.len(), 4, "a head, two who are on and a sum:\n{}", out(&output));
    for cell in ["PC1", "CORP\\alice", "surely", "10 RemoteInteractive", "disconnected", "10.0.0.7"] {
        assert!(lines[1].contains(cell), "{cell} is not in {}", lines[1]);
    }
    assert!(lines[2].contains("CORP\\bob") && lines[2].contains("surely"), "{}", lines[2]);
    let late = who(&folder, &["--at", "2024-03-05T12:00:00", "--zone", "+01:00"]);
    assert!(out(&late).contains("possibly") && !out(&late).contains("alice"), "{}", out(&late));
    assert!(out(&late).contains("do not reach 2024-03-05T11:00:00"), "{}", out(&late));
}

#[test]
fn who_as_json_has_the_bounds_and_noise_on_demand() {
    let folder = folder("who_json", PRESENCE);
    let at = |args: &[&str]| {
        let output = who(&folder, &[&["--at", "2024-03-05T08:45:00Z", "--format", "jsonl"], args].concat());
        let lines = out(&output).lines();
        lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let rows = at(&[]);
    let alice = &rows[0];
    assert_eq!(alice["session"], "PC1#1/0x3e9a");
    assert_eq!((&alice["certainty"], &alice["states"][0]), (&"surely".into(), &"disconnected".into()));
    assert_eq!(alice["end"], "2024-03-05T09:01:00.0000000Z");
    assert_eq!(rows.len(), 2);
    assert_eq!(at(&["--all"]).len(), 3);
}

#[test]
fn a_moment_that_is_none_gets_a_sentence() {
    let folder = folder("who_bad", PRESENCE);
    for (args, words) in [
        (&["--at", "tomorrow"][..], "\"tomorrow\" is no moment"),
        (&["--at", "2024-03-05T08:45:00"], "names no zone"),
        (&["--at", "2024-03-05T08:45:00", "--zone", "Mars"], "\"Mars\" is no zone"),
    ] {
        let output = who(&folder, args);
        assert_eq!((output.status.code(), out(&output)), (Some(2), ""));
        assert!(err(&output).contains(words), "{}", err(&output));
    }
}

#[test]
fn a_record_of_what_ran_is_its_sessions() {
    let rows = "
    08:00  PC1  4608
    08:01  PC1  4624 logon=0x3e9a type=2 user=CORP\\alice
    08:02  PC1  4688 logon=0x3e9a user=CORP\\alice
    08:03  PC1  4688 logon=0x3e7 user=SYSTEM
";
    let folder = folder("act", rows);
    let file = folder.join("PC1_Security.evtx");
    let session = |record: &str| {
        let output = run(&["record", file.to_str().unwrap(), record]);
        out(&output).rsplit_once("\nSession\n").map(|(_, session)| session.to_owned()).unwrap()
    };
    assert!(session("3").contains("\"session\": \"PC1#1/0x3e9a\""), "{}", session("3"));
    assert_eq!(session("4").trim(), "none");
}
