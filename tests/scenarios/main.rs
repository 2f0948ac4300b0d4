//! Scenarios: rows of events in, sessions out, through real EVTX bytes and the whole path.
//!
//! `evtx_fixture::scenario` explains the rows of events. Every other indented line is an expectation:
//!
//! ```text
//! PC1#0/0x3e9a  alice  desktop  08:00 -> user_logoff at 09:00 (high)  duration=1:00:00 flags=privileged
//! PC1#0/0x3e9b  bob    desktop  gap between 08:00 and 08:10 -> unclean_stop between 08:20 and 09:00 (low)
//! no session 0x3e9c
//! n_sessions=3
//! bursts PC1#0/burst-0x3e9a n=2 08:00-09:00 union=0:40:00
//! who 08:30  PC1#0/0x3e9a surely+locked, PC1#0/0x3e9b possibly
//! machines PC1 PC2
//! boots PC1  1-5 unclean, 6-9 open
//! source PC1_Security.evtx  records=9 duplicates=0
//! audit PC1#1 "Logoff"  "probably off"/none by 4624 record 3
//! baseline PC1 "Logoff"  general met, stronger missed
//! off PC1#1 "Logoff"  09:00-10:00, 11:00-
//! kind PC1 workstation
//! asked PC1#1  CORP\carol by record 3
//! ...
//! ```
//!
//! A session line names the session, its user, its class, when and how it began, when and how it ended, and how sure
//! that is; `at` is left out where the end is put at its earliest. What may follow is listed in [`render`]. `boots`
//! lists the Security records of each boot that has any. The sessions listed are all there are, noise apart; `...` says
//! that there are more. Times are of the day of the first row, or full.
//!
//! `UPDATE_EXPECT=1` rewrites the expectations to what was found: read the difference before you believe it.
//! `known_wrong.md` holds what domain.md demands and the engine does not do yet: those scenarios must fail, and the day
//! one is right, its test says so.

mod any;
#[path = "../common/mod.rs"]
mod common;
#[path = "../invariants/mod.rs"]
mod invariants;
mod render;

use common::{Random, json_lines, load, load_shuffled};
use evtx_fixture::scenario::Scenario;
use render::Day;
use sessionscope::case::Case;
use sessionscope::session::record::Record;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

/// So few records in a chunk that the sessions of a scenario are spread over many.
const RECORDS_PER_CHUNK: usize = 2;

macro_rules! scenarios {
    ($($name:ident)*) => {
        const FILES: &[&str] = &[$(concat!(stringify!($name), ".md")),*];

        $(#[test]
        fn $name() {
            check_file(concat!(stringify!($name), ".md"));
        })*
    };
}

scenarios! {
    activity
    boots
    bursts
    causes
    clock
    coverage
    duplicates
    ends
    ends_elsewhere
    gaps_and_audit
    hops
    hostile
    lateral
    logs_anew
    noise
    other_logs
    rdp
    rename
    traps_boots
    traps_logons
    traps_rdp
    traps_records
    uac_pairs
    unlocks
    values
    who
}

#[test]
fn every_file_is_run() {
    let found: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && name != "known_wrong.md")
        .collect();
    assert_eq!(found, FILES.iter().map(|&name| name.to_owned()).collect());
}

/// The traps of domain.md D, and the rows of its table C.7.
const N_TRAPS: usize = 55;
const N_ROWS: usize = 12;

#[test]
fn every_trap_and_every_row_has_a_scenario_of_its_name() {
    let titles: Vec<String> =
        FILES.iter().flat_map(|name| read(name).1).map(|scenario| scenario.title).collect();
    let is_there = |name: &String| titles.iter().any(|title| title.starts_with(&format!("{name}: ")));
    let traps = (1..=N_TRAPS).map(|n| format!("Trap {n}"));
    let missing: Vec<String> =
        traps.chain((1..=N_ROWS).map(|n| format!("Row {n}"))).filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn whatever_happens() {
    for seed in 1..=1000 {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
        let scenario = any::scenario(&mut random, 5 + seed as usize % 40);
        let is_fine = std::panic::catch_unwind(|| {
            invariants::check(&mut load(&scenario.files()));
            check_order(&scenario);
        });
        assert!(is_fine.is_ok(), "seed {seed}");
    }
}

/// Shows what is wrong with each, for those who ask (`-- known_wrong --nocapture`).
#[test]
fn known_wrong() {
    let (_, scenarios) = read("known_wrong.md");
    let mut right = String::new();
    for scenario in &scenarios {
        // A broken invariant, which panics, is wrong as well.
        let found = std::panic::catch_unwind(|| Found::of(scenario).differences(scenario));
        let mut report = String::new();
        for difference in found.iter().flatten() {
            difference.write("known_wrong.md", scenario, &mut report);
        }
        println!("{report}");
        if found.is_ok_and(|differences| differences.is_empty()) {
            let _ = writeln!(right, "known_wrong.md:{}: {}", scenario.line, scenario.title);
        }
    }
    assert!(right.is_empty(), "these are right now; move them where they belong:\n{right}");
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn read(file: &str) -> (String, Vec<Scenario>) {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let scenarios = Scenario::parse_all(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    (text, scenarios)
}

fn check_file(file: &str) {
    let (text, scenarios) = read(file);
    let mut report = String::new();
    let mut lines: Vec<Option<String>> = text.lines().map(|line| Some(line.to_owned())).collect();
    for scenario in &scenarios {
        check_order(scenario);
        let found = Found::of(scenario);
        for difference in found.differences(scenario) {
            difference.write(file, scenario, &mut report);
            difference.apply(&mut lines);
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let text: Vec<String> = lines.into_iter().flatten().collect();
        std::fs::write(folder().join(file), text.join("\n") + "\n").unwrap();
    } else {
        assert!(report.is_empty(), "\n{report}UPDATE_EXPECT=1 rewrites the expectations");
    }
}

/// Sources may come in any order, and so may their chunks, however many there are.
fn check_order(scenario: &Scenario) {
    let sessions = json_lines(&mut load(&scenario.files()));
    let in_chunks = scenario.files_in_chunks(RECORDS_PER_CHUNK);
    for seed in 1..=4 {
        let shuffled = json_lines(&mut load_shuffled(&in_chunks, &mut Random(seed)));
        let mut pairs = sessions.lines().zip(shuffled.lines());
        let difference = pairs.find(|(one, other)| one != other);
        let is_same = sessions == shuffled;
        assert!(is_same, "{}: the order of reading makes a difference: {difference:#?}", scenario.title);
    }
}

/// What became of a scenario.
struct Found {
    case: Case,
    sessions: Vec<Record>,
    day: Day,
}

/// An expectation that does not hold, or a session that none is about.
struct Difference {
    /// The line of the expectation; for what nothing expects, that of the last one before it.
    line: usize,
    expected: Option<String>,
    found: Option<String>,
}

impl Difference {
    fn write(&self, file: &str, scenario: &Scenario, report: &mut String) {
        let _ = writeln!(report, "tests/scenarios/{file}:{}: {}", self.line, scenario.title);
        for (sign, text) in [('-', &self.expected), ('+', &self.found)] {
            let _ = text.as_ref().map(|text| writeln!(report, "  {sign} {text}"));
        }
        report.push('\n');
    }

    fn apply(&self, lines: &mut [Option<String>]) {
        let found = self.found.as_ref().map(|found| format!("    {found}"));
        let line = &mut lines[self.line - 1];
        *line = match (&self.expected, line.take()) {
            (None, Some(above)) => found.map(|found| format!("{above}\n{found}")),
            _ => found,
        };
    }
}

impl Found {
    fn of(scenario: &Scenario) -> Self {
        let mut case = load(&scenario.files());
        let sessions = invariants::check(&mut case);
        Found { case, sessions, day: Day::of(&scenario.events[0].event.time.to_string()) }
    }

    fn differences(&self, scenario: &Scenario) -> Vec<Difference> {
        let expectations = &scenario.expectations;
        assert!(!expectations.is_empty(), "line {}: \"{}\" expects nothing", scenario.line, scenario.title);
        let wrong = expectations.iter().filter_map(|(line, expected)| {
            let found = self.answer(expected).unwrap_or_else(|why| panic!("line {line}: {why}: {expected}"));
            let is_met = found.as_deref().is_some_and(|found| words(found) == words(expected));
            (!is_met).then(|| Difference { line: *line, expected: Some(expected.clone()), found })
        });
        wrong.chain(self.unexpected(expectations)).collect()
    }

    /// What the expectation should say; none if there is nothing of the kind.
    fn answer(&self, expected: &str) -> Result<Option<String>, String> {
        let all = words(expected);
        let texts: Vec<&str> = all.iter().map(String::as_str).collect();
        match texts[..] {
            ["..."] => Ok(Some(expected.to_owned())),
            ["who", time, ..] => Ok(render::who(&self.case, &self.day, time)),
            ["bursts", ..] => Ok(Some(render::bursts(&self.case, &self.day))),
            ["machines", ..] => Ok(Some(render::machines(&self.case))),
            ["boots", machine] | ["boots", machine, ..] => Ok(render::boots(&self.case, machine)),
            ["source", path, ref checks @ ..] => render::source(&self.case, path, checks),
            ["audit", boot, subcategory, ..] => Ok(render::audit(&self.case, boot, subcategory)),
            ["asked", boot, ..] => Ok(render::asked(&self.case, boot)),
            ["off", boot, subcategory, ..] => Ok(render::off(&self.case, boot, subcategory, &self.day)),
            ["kind", machine, ..] => Ok(render::kind(&self.case, machine)),
            ["baseline", machine, subcategory, ..] => Ok(render::baseline(&self.case, machine, subcategory)),
            ["no", "session", luid] => {
                let is_there =
                    self.sessions.iter().any(|session| session.session.ends_with(&format!("/{luid}")));
                Ok((!is_there).then(|| expected.to_owned()))
            }
            [count] if count.starts_with("n_sessions=") => {
                Ok(Some(format!("n_sessions={}", self.sessions.len())))
            }
            [id, ref rest @ ..] if id.contains('#') => {
                let Some(session) = self.sessions.iter().find(|session| session.session == id) else {
                    return Ok(None);
                };
                let is_check = |word: &&&str| word.contains('=') && !word.starts_with('"');
                let checks = rest.iter().skip_while(|word| !word.starts_with('(')).filter(is_check);
                render::session(session, &self.day, checks.copied()).map(Some)
            }
            _ => Err("this is no expectation".to_owned()),
        }
    }

    /// Sessions that no expectation is about.
    fn unexpected(&self, expectations: &[(usize, String)]) -> Vec<Difference> {
        let last = expectations.iter().map(|(line, _)| *line).max().unwrap_or_default();
        if expectations.iter().any(|(_, text)| text == "...") {
            return Vec::new();
        }
        let expected: BTreeSet<&str> =
            expectations.iter().filter_map(|(_, text)| text.split_whitespace().next()).collect();
        let is_unexpected =
            |session: &&Record| !expected.contains(session.session.as_str()) && !render::is_noise(session);
        let new = |session| render::session(session, &self.day, std::iter::empty()).ok();
        let unexpected = self.sessions.iter().filter(is_unexpected);
        unexpected.map(|session| Difference { line: last, expected: None, found: new(session) }).collect()
    }
}

/// Words, of which those in quotes may have blanks.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in text.chars() {
        match c {
            ' ' if !is_quoted => words.push(String::new()),
            c => {
                is_quoted ^= c == '"';
                words.last_mut().expect("there is a word").push(c);
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A session uses credentials on a server many thousands of times, and as many logons there may be the other end: each
/// looks at few.
#[test]
fn very_many_hops() {
    const N: usize = 5_000;
    let mut rows = String::from(
        "# Flood\n\n    08:00  PC1  4608\n    08:00  PC1  4624 logon=0x3e9a type=2 user=alice\n",
    );
    rows += "    08:00  SRV1  4608\n";
    for n in 0..N {
        let time = format!("08:{:02}:{:02}.{:03}", 1 + n / 15_000, n / 250 % 60, n % 250 * 4);
        let _ = writeln!(
            rows,
            "    {time}  PC1  4648 logon=0x3e9a user=alice target=admin host=SRV1 TargetInfo=SRV1"
        );
        let logon = 0x10000 + n;
        let _ =
            writeln!(rows, "    {time}  SRV1  4624 logon={logon:#x} type=3 user=admin ip=10.0.0.7 host=PC1");
    }
    let scenarios = Scenario::parse_all(&rows).unwrap();
    let sessions = invariants::check(&mut load(&scenarios[0].files()));
    let alice = sessions.iter().find(|session| session.session == "PC1#1/0x3e9a").unwrap();
    assert_eq!(alice.n_hops_out as usize, N);
    assert_eq!(sessions.iter().filter(|session| session.n_hops_in == 1).count(), N);
}
