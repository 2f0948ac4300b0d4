//! Real logs against an independent pairing of their logons and logoffs, and against two other parsers' counts.
//!
//! The pairing is deliberately minimal; `expected/README.md`, beside the logs, says what must agree. What is exempt
//! here, and counted, are the ends of sessions over which the clock was set: at most eight in one log.

mod activity;
#[path = "../common/mod.rs"]
mod common;
#[path = "../corpus/mod.rs"]
mod corpus;
#[path = "../invariants/mod.rs"]
mod invariants;
mod oracle;
mod traps;

use common::{Log, Random, json_lines, load, load_shuffled};
use oracle::Expected;
use sessionscope::case::Case;
use sessionscope::parse::{CHUNK_BYTES, HEADER_BYTES};
use sessionscope::session::record::{LogonRecord, Record};
use std::collections::{BTreeMap, HashMap};

/// The most sessions of one expectation whose end is not compared.
const MAX_EXEMPT: usize = 8;

#[test]
fn logons_and_logoffs_agree_with_an_independent_pairing() {
    let Some(folder) = corpus::folder() else { return };
    for expected in oracle::all(&folder) {
        let mut comparison = Comparison::new(&folder, &expected);
        comparison.logons();
        comparison.counts();
        comparison.starts();
        comparison.finish();
    }
}

#[test]
fn every_file_alone_is_read_whole() {
    let Some(folder) = corpus::folder() else { return };
    for entry in corpus::manifest(&folder) {
        let file = corpus::name(&entry);
        let mut case = load(&[as_others_read(corpus::read(&folder, file))]);
        invariants::check(&mut case);
        let count = |parser: &str| entry["records"][parser].as_u64();
        let others = [count("evtx_dump_0_15_1"), count("libevtx_20260705"), count("own_structural_walk")];
        let most = others.into_iter().flatten().max().expect("it was counted");
        assert_eq!(case.summary().n_records, most, "records of {file}");
    }
}

/// Half a chunk is left out by others. Ours reads what is there of it: 90 records of corrupt/System2.evtx.
fn as_others_read((path, mut log): Log) -> Log {
    log.truncate(log.len() - (log.len() - HEADER_BYTES) % CHUNK_BYTES);
    (path, log)
}

#[test]
fn a_chunk_that_is_cut_off_is_read_as_far_as_it_goes() {
    let Some(folder) = corpus::folder() else { return };
    let log = corpus::read(&folder, "corrupt/System2.evtx");
    let whole = load(&[as_others_read(log.clone())]).summary().n_records;
    let mut case = load(&[log]);
    invariants::check(&mut case);
    // Its header counts 96 chunks, the third is cut, and what is there of that is fewer records than it says.
    assert_eq!((whole, case.summary().n_records, case.summary().n_problems), (194, 284, 3));
}

/// System begins years before the first start there, and Winlogon's log with a clock that was three hours ahead.
#[test]
fn other_logs_tell_of_no_session_that_security_has() {
    let Some(folder) = corpus::folder() else { return };
    let with_others = oracle::all(&folder).into_iter().filter(|expected| expected.files.len() > 4);
    let mut n_joined = 0;
    for expected in with_others {
        let logs: Vec<Log> = expected.files.iter().map(|file| corpus::read(&folder, file)).collect();
        let sessions = invariants::check(&mut load(&logs));
        let twice: Vec<&Record> =
            sessions.iter().filter(|session| session.start_how == "other_log").collect();
        assert!(twice.is_empty(), "{}: {:?}", expected.name, twice[0].session);
        n_joined += sessions.iter().filter(|session| session.ts_session_how.is_some()).count();
    }
    assert_eq!(n_joined, 19, "desktops whose session number is known");
}

#[test]
fn the_order_of_reading_makes_no_difference() {
    let Some(folder) = corpus::folder() else { return };
    for expected in oracle::all(&folder) {
        let logs: Vec<Log> = expected.files.iter().map(|file| corpus::read(&folder, file)).collect();
        let (one, other) = (load(&logs), load_shuffled(&logs, &mut Random(7)));
        let [one, other] = [one, other].map(|mut case| json_lines(&mut case));
        assert!(one == other, "{}: its chunks were shuffled, and its sessions changed", expected.name);
    }
}

/// One expectation, and what we found.
struct Comparison<'a> {
    expected: &'a Expected,
    case: Case,
    sessions: Vec<Record>,
    /// Session and logon of each 4624, by computer in lower case and record.
    logons: HashMap<(String, u64), Vec<(usize, usize)>>,
    /// Times of Security records, by computer and record.
    times: HashMap<(String, u64), String>,
    n_exempt: usize,
    n_durations: usize,
    wrong: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn new(folder: &std::path::Path, expected: &'a Expected) -> Self {
        let logs: Vec<Log> =
            expected.files.iter().map(|file| as_others_read(corpus::read(folder, file))).collect();
        let mut case = load(&logs);
        let sessions = invariants::check(&mut case);
        let mut logons: HashMap<(String, u64), Vec<(usize, usize)>> = HashMap::new();
        for (n, session) in sessions.iter().enumerate() {
            for (m, logon) in session.logons.iter().enumerate() {
                let computer = logon.computer.as_ref().unwrap_or(&session.computer).to_lowercase();
                logons.entry((computer, logon.record)).or_default().push((n, m));
            }
        }
        let times = times(&case);
        Comparison { expected, case, sessions, logons, times, n_exempt: 0, n_durations: 0, wrong: Vec::new() }
    }

    /// Each 4624 is in one session, with its logoffs; and the sessions end where these say.
    fn logons(&mut self) {
        let mut own: BTreeMap<usize, Vec<&'a oracle::Logon>> = BTreeMap::new();
        for expected in self.expected.logons.iter().filter(|logon| !logon.is_fixed) {
            let key = (expected.computer.clone(), expected.start_record);
            let found = self.logons.get(&key).cloned().unwrap_or_default();
            let [(session, logon)] = found[..] else {
                self.wrong.push(format!("record {} is in {} sessions", expected.start_record, found.len()));
                continue;
            };
            let logon = self.sessions[session].logons[logon].clone();
            self.logoffs(expected, &logon);
            // An unlock and its like end nothing.
            if matches!(logon.role.as_str(), "primary" | "elevated") {
                own.entry(session).or_default().push(expected);
            }
        }
        for (session, own) in own {
            self.end(session, &own);
        }
    }

    fn logoffs(&mut self, expected: &oracle::Logon, logon: &LogonRecord) {
        let ours = (&logon.logon_id, logon.logoff_4634, logon.logoff_4647);
        let theirs = (&expected.logon_id, expected.end_record_4634, expected.end_record_4647);
        self.agree(expected, "LogonId, 4634 and 4647", ours, theirs);
        let raw = self.time(expected, Some(expected.start_record));
        self.agree(expected, "time of the logon", raw, Some(expected.start.clone()));
        if expected.end.is_some() && expected.end_reason != "boot" {
            let last = self.time(expected, expected.end_record_4634.or(expected.end_record_4647));
            self.agree(expected, "time of the logoff", last, expected.end.clone());
        }
    }

    /// A session ends with the first 4647 of its LogonIds, or with the last 4634 if each has one (rule 29).
    fn end(&mut self, session: usize, own: &[&oracle::Logon]) {
        if !self.is_clock_steady(session) {
            self.n_exempt += 1;
            return;
        }
        let (at, ours) = (own[0], self.sessions[session].clone());
        let time = |record: fn(&oracle::Logon) -> Option<u64>| -> Vec<String> {
            own.iter().filter_map(|half| self.time(half, record(half))).collect()
        };
        let (asked, destroyed) = (time(|half| half.end_record_4647), time(|half| half.end_record_4634));
        if let Some(asked) = asked.into_iter().min() {
            self.agree(at, "how it ended", ours.end_how.as_str(), "user_logoff");
            self.agree(at, "its end", &ours.end, &Some(asked));
            self.agree(at, "when it was destroyed", &ours.destroyed_at, &destroyed.into_iter().max());
        } else if destroyed.len() == own.len() {
            self.agree(at, "how it ended", ours.end_how.as_str(), "logoff");
            self.agree(at, "its end", &ours.end, &destroyed.into_iter().max());
        } else {
            let is_logoff = matches!(ours.end_how.as_str(), "logoff" | "user_logoff");
            self.agree(at, "whether a logoff ended it", is_logoff, false);
        }
        self.duration(own, &ours);
    }

    /// Theirs is that of one logon until it was destroyed; ours is the same where that was the end.
    fn duration(&mut self, own: &[&oracle::Logon], ours: &Record) {
        let [only] = own else { return };
        let is_end = ours.destroyed_at.is_none() && matches!(ours.end_how.as_str(), "logoff" | "user_logoff");
        if is_end {
            let ticks = |span: Option<f64>| span.map(|seconds| (seconds * 1e7).round() as i64);
            self.agree(only, "its duration", ticks(ours.duration_s), ticks(only.duration_s));
            self.n_durations += 1;
        }
    }

    fn agree<T: PartialEq + std::fmt::Debug>(&mut self, at: &oracle::Logon, what: &str, ours: T, theirs: T) {
        if ours != theirs {
            let (record, luid) = (at.start_record, &at.logon_id);
            self.wrong.push(format!("record {record} ({luid}): {what} is {ours:?}, expected {theirs:?}"));
        }
    }

    fn time(&self, at: &oracle::Logon, record: Option<u64>) -> Option<String> {
        // A rename may come between a logon and its logoff.
        let named = self.times.get(&(at.computer.clone(), record?));
        named
            .or_else(|| self.times.iter().find(|((_, id), _)| Some(*id) == record).map(|(_, at)| at))
            .cloned()
    }

    /// Whether no step moved the clock while the session was on: then its times are those written.
    fn is_clock_steady(&self, session: usize) -> bool {
        let session = &self.case.correlated().sessions.all[session];
        let machine = &self.case.correlated().machines[session.machine as usize];
        let end = machine.boots[session.boot as usize].security.end;
        machine.clock.shift(session.first_pos) == 0 && machine.clock.kept_between(session.first_pos, end) == 0
    }

    fn counts(&mut self) {
        let ledger = self.case.ledger();
        let sum =
            |count: fn(&sessionscope::case::ledger::SourceRow) -> u64| ledger.iter().map(count).sum::<u64>();
        assert_eq!(sum(|row| row.n_records), self.expected.records_read, "records of {}", self.expected.name);
        let n_duplicates = sum(|row| row.n_duplicates);
        assert_eq!(n_duplicates, self.expected.duplicates_removed, "duplicates in {}", self.expected.name);
        let is_orphan = |session: &&Record| {
            let has_logoff = session.evidence.iter().any(|e| matches!(e.event, 4634 | 4647));
            session.start_how != "logon" && has_logoff
        };
        let n_orphans = self.sessions.iter().filter(is_orphan).count();
        assert_eq!(
            n_orphans, self.expected.logoff_orphans,
            "logoffs without a logon in {}",
            self.expected.name
        );
        assert_eq!(self.case.correlated().machines.len(), 1, "machines in {}", self.expected.name);
    }

    /// Each 4608 shows the start of one boot, and no boot has two.
    fn starts(&mut self) {
        let machine = &self.case.correlated().machines[0];
        let records = self.case.records();
        let started: Vec<Vec<u64>> = machine
            .boots
            .iter()
            .map(|boot| {
                let is_4608 = |row: &&u32| records.signature(**row).event_id == 4608;
                boot.anchors.iter().filter(is_4608).map(|row| records.id[*row as usize]).collect()
            })
            .collect();
        for start in &self.expected.boot_list {
            let Some(record) = start.record_4608 else { continue };
            let n = started.iter().filter(|own| own.contains(&record)).count();
            assert_eq!(
                n, 1,
                "{}: boots of 4608 in record {record} of {}",
                self.expected.name, start.computer
            );
        }
        assert!(started.iter().all(|own| own.len() <= 1), "a boot has two starts: {started:?}");
        let n_started = machine.boots.iter().filter(|boot| boot.has_start).count();
        assert_eq!(n_started, self.expected.boots, "boots in {}", self.expected.name);
    }

    fn finish(self) {
        let (name, n) = (&self.expected.name, self.wrong.len());
        let shown: Vec<&str> = self.wrong.iter().take(20).map(String::as_str).collect();
        assert!(n == 0, "{name}: {n} disagreements, such as\n{}", shown.join("\n"));
        println!(
            "{name}: {} logons, {} durations, {} ends exempt",
            self.expected.logons.len(),
            self.n_durations,
            self.n_exempt
        );
        assert!(self.n_exempt <= MAX_EXEMPT, "{name}: {} ends were not compared", self.n_exempt);
    }
}

fn times(case: &Case) -> HashMap<(String, u64), String> {
    let records = case.records();
    let machines = case.correlated().machines.iter();
    let rows = machines.filter_map(|machine| Some(&machine.lineages[machine.security?].rows)).flatten();
    rows.map(|&row| {
        let computer = records.text(records.signature(row).computer).to_lowercase();
        ((computer, records.id[row as usize]), records.time[row as usize].to_string())
    })
    .collect()
}
