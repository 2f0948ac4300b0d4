//! Properties of the whole program, on simulated machines whose truth is known: from events to EVTX bytes to sessions.
//!
//! A failure names the seed and shows the rows; [`explore`] looks for more.

mod simulate;

use evtx_fixture::damage;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sessionscope::case::Case;
use sessionscope::parse::HEADER_BYTES;
use simulate::loss::{Loss, written};
use simulate::{Dice, LOGS, Plan, Row, World, check, exact, life, network, read};
use std::collections::{BTreeMap, HashSet};

/// The same cases on every run: a new seed may find a new bug, but not in somebody else's change.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x5e55),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    }
}

/// Small plans are the simple ones: what fails is shrunk to few boots and acts.
fn plans() -> impl Strategy<Value = Plan> {
    (any::<u64>(), 1..5usize, 2..32usize, any::<[bool; 6]>()).prop_map(|(seed, n_boots, n_acts, with)| Plan {
        seed,
        n_boots,
        n_acts,
        with_remote: with[0],
        with_clock: with[1] && with[2],
        with_trouble: with[2],
        with_renames: with[3],
        with_more: with[4],
        with_audit: with[5] && with[4],
    })
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn all_events_give_the_truth(plan in plans()) {
        let world = life::simulate(Plan { with_audit: false, ..plan });
        let left = written(&world);
        let wrong = exact::differences(&world, &read::records(&read::files(&world, &left)));
        let lines: Vec<String> = wrong.into_iter().map(|(_, text)| text).collect();
        prop_assert!(lines.is_empty(), "{}\n{}", lines.join("\n"), show(&world, &left));
    }

    #[test]
    fn lost_events_never_give_a_lie(plan in plans(), losses in any::<u64>()) {
        let world = life::simulate(plan);
        let mut dice = Dice(losses);
        for _ in 0..4 {
            let loss = Loss::random(&mut dice);
            let left = loss.left(&world, &mut dice);
            let wrong = check::check(&world, &left, &read::records(&read::files(&world, &left)));
            let lines: Vec<String> =
                wrong.iter().map(|wrong| format!("{}: {}", wrong.what, wrong.text)).collect();
            prop_assert!(lines.is_empty(), "{loss}\n{}\n{}", lines.join("\n"), show(&world, &left));
        }
    }

    #[test]
    fn hops_are_told_as_they_were(seed in any::<u64>(), n_acts in 4..40usize) {
        let network = network::simulate(seed, n_acts, false);
        let wrong = network.differences(&read::records(&network.files()));
        let lines: Vec<String> = wrong.into_iter().filter(|(what, _)| *what != network::UNTOLD).map(|(_, text)| text).collect();
        prop_assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    #[test]
    fn clocks_that_are_apart_make_no_hop(seed in any::<u64>(), n_acts in 4..40usize) {
        let network = network::simulate(seed, n_acts, true);
        let wrong = network.differences(&read::records(&network.files()));
        let lines: Vec<String> = wrong.into_iter().filter(|(what, _)| *what == network::INVENTED).map(|(_, text)| text).collect();
        prop_assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    #[test]
    fn damage_is_a_gap(plan in plans(), seed in any::<u64>()) {
        let world = life::simulate(plan);
        let mut dice = Dice(seed);
        let damaged = damaged(&world, &written(&world), &mut dice);
        let (mut case, _) = read::load(&damaged);
        let left = read_of(&world, &case);
        let without = without_sources(&read::json_lines(&read::files(&world, &left)));
        let damaged = without_sources(&read::lines(&mut case));
        let differs = damaged.iter().zip(&without).find(|(a, b)| a != b);
        prop_assert!(damaged == without, "damage is no gap:\n{:#?}\n{}", differs, show(&world, &left));
    }

    #[test]
    fn copies_change_nothing(plan in plans(), seed in any::<u64>()) {
        let world = life::simulate(Plan { with_renames: false, ..plan });
        let mut dice = Dice(seed);
        let left = match dice.percent(50) {
            true => written(&world),
            false => Loss::random(&mut dice).left(&world, &mut dice),
        };
        let mut files = read::files(&world, &left);
        let alone = without_sources(&read::json_lines(&files));
        files.extend(copies(&world, &left, &mut dice));
        shuffle(&mut files, &mut dice);
        let beside = without_sources(&read::json_lines(&files));
        let differs = alone.iter().zip(&beside).find(|(a, b)| a != b);
        prop_assert!(alone == beside, "copies matter:\n{:#?}\n{}", differs, show(&world, &left));
    }

    #[test]
    fn order_and_cut_of_the_files_do_not_matter(plan in plans(), cuts in any::<u64>()) {
        // Where a file ends with a computer's old name, nothing joins it to the new one.
        let world = life::simulate(Plan { with_renames: false, ..plan });
        let mut dice = Dice(cuts);
        let left = match dice.percent(50) {
            true => written(&world),
            false => Loss::random(&mut dice).left(&world, &mut dice),
        };
        let whole = read::files(&world, &left);
        let mut parts = cut(&world, &left, &mut dice);
        let once = read::json_lines(&parts);
        shuffle(&mut parts, &mut dice);
        prop_assert_eq!(&once, &read::json_lines(&parts), "the order of arrival matters");
        let (whole, parts) = (without_sources(&read::json_lines(&whole)), without_sources(&once));
        prop_assert_eq!(whole, parts, "the cut into files matters: {}", show(&world, &left));
    }
}

/// The logs of a world, each of them damaged.
fn damaged(world: &World, left: &[bool], dice: &mut Dice) -> Vec<read::File> {
    let mut files = Vec::new();
    for log in LOGS {
        let rows: Vec<usize> =
            (0..world.rows.len()).filter(|&row| left[row] && world.rows[row].log == log).collect();
        if rows.is_empty() {
            continue;
        }
        let mut bytes = read::chunked(world, &rows, 1 + dice.below(12));
        (0..1 + dice.below(3)).for_each(|_| break_somewhere(&mut bytes, rows.len(), dice));
        files.push((format!("logs/{log:?}.evtx"), bytes));
    }
    files
}

/// Breaks a log that has so many records. What was broken before may be broken again.
fn break_somewhere(bytes: &mut Vec<u8>, n_records: usize, dice: &mut Dice) {
    let (n_chunks, n_left) = (damage::n_chunks(bytes), damage::all_record_offsets(bytes).len());
    let (chunk, record) = (dice.below(n_chunks), dice.below(n_left));
    match dice.below(8) {
        0 if n_chunks > 0 => damage::flip_chunk_magic(bytes, chunk),
        1 if n_chunks > 0 => damage::zero_chunk(bytes, chunk),
        2 if n_chunks > 0 => damage::break_header_checksum(bytes, chunk),
        3 if n_chunks > 0 => damage::break_records_checksum(bytes, chunk),
        4 if n_left > 0 => damage::truncate_record(bytes, record),
        5 if n_left > 0 => damage::zero_record(bytes, record),
        6 if n_left == n_records => {
            damage::truncate_file(bytes, HEADER_BYTES + dice.below(bytes.len() - HEADER_BYTES))
        }
        _ => damage::stale_chunk_count(bytes, dice.below(n_chunks + 2) as u16),
    }
}

/// Which rows of a world a case has.
fn read_of(world: &World, case: &Case) -> Vec<bool> {
    let records = case.records();
    let name = |row: u32| {
        let signature = records.signature(row);
        (signature.is_torn == 0).then(|| (records.text(signature.channel), records.id[row as usize]))
    };
    let read: HashSet<(&str, u64)> = (0..records.len() as u32).filter_map(name).collect();
    world.rows.iter().map(|row| row.is_written && read.contains(&(&*row.event.channel, row.id()))).collect()
}

/// Copies of parts of logs under other names: what a volume's shadow held, filtered exports, exports numbered anew.
fn copies(world: &World, left: &[bool], dice: &mut Dice) -> Vec<read::File> {
    let mut files = Vec::new();
    for (n, log) in LOGS.into_iter().enumerate() {
        let rows = (0..world.rows.len()).filter(|&row| left[row] && world.rows[row].log == log);
        let rows: Vec<usize> = rows.collect();
        let (from, to) = (dice.below(rows.len()), 1 + dice.below(rows.len()));
        if rows.is_empty() || from >= to {
            continue;
        }
        let part = &rows[from..to];
        let is_wanted =
            |row: &&usize| matches!(world.rows[**row].event.id, 4624 | 4634 | 4647 | 21 | 23 | 12);
        let chosen: Vec<usize> = part.iter().filter(is_wanted).copied().collect();
        let folder = ["copies", "more"][dice.below(2)];
        let path = |what: &str| format!("{folder}/{what}-{log:?}-{n}.evtx");
        files.push((path("vss"), read::file(world, part)));
        if !chosen.is_empty() {
            files.push((path("filtered"), read::file(world, &chosen)));
        }
        files.push((path("Archive"), read::renumbered(world, part)));
    }
    files
}

/// Each log in up to four files that overlap.
fn cut(world: &World, left: &[bool], dice: &mut Dice) -> Vec<read::File> {
    let mut files = Vec::new();
    for log in LOGS {
        let rows: Vec<usize> =
            (0..world.rows.len()).filter(|&row| left[row] && world.rows[row].log == log).collect();
        let n = 1 + dice.below(4);
        for part in (0..n).filter(|_| !rows.is_empty()) {
            let overlap = dice.below(10);
            let from = (rows.len() * part / n).saturating_sub(overlap);
            let to = (rows.len() * (part + 1) / n).max(from + 1).min(rows.len());
            files.push((format!("logs/{log:?} {part}.evtx"), read::file(world, &rows[from..to])));
        }
    }
    files
}

fn shuffle<T>(items: &mut [T], dice: &mut Dice) {
    (1..items.len()).for_each(|n| items.swap(n, dice.below(n + 1)));
}

/// Lines without the paths of files, which a cut changes.
fn without_sources(lines: &str) -> Vec<String> {
    let without = |line: &str| {
        let mut record: serde_json::Value = serde_json::from_str(line).expect("a record");
        for evidence in record["evidence"].as_array_mut().into_iter().flatten() {
            evidence["source"] = serde_json::Value::Null;
        }
        record.to_string()
    };
    lines.lines().map(without).collect()
}

/// The rows of a world; `x` marks those that are gone. `ROWS` names the LogonIds whose rows alone are shown, and those of
/// starts and ends.
fn show(world: &World, left: &[bool]) -> String {
    let wanted = std::env::var("ROWS").unwrap_or_default();
    let luids: Vec<u64> = wanted.split(',').filter_map(|luid| u64::from_str_radix(luid, 16).ok()).collect();
    let is_wanted = |row: &Row| {
        luids.is_empty()
            || row.cites.iter().any(|(luid, _)| luids.contains(luid))
            || row.is_anchor
            || row.log != simulate::Log::Security
            || matches!(row.event.id, 1100..=1102 | 4719 | 4616)
    };
    let line = |(row, left): (&Row, &bool)| {
        format!(
            "{} {:?} {} {} boot {} {} cites {:x?}",
            if *left { ' ' } else { 'x' },
            row.log,
            row.id(),
            row.event.time,
            row.boot,
            row.event.id,
            row.cites
        )
    };
    world.rows.iter().zip(left).filter(|(row, _)| is_wanted(row)).map(line).collect::<Vec<_>>().join("\n")
}

/// As [`explore`], of hops between machines.
#[test]
#[ignore = "a tool to look for bugs with"]
fn explore_networks() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (n, first) = (number("SEEDS").unwrap_or(100), number("FIRST").unwrap_or(0));
    let mut kinds: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut n_hops = 0;
    for seed in (0..n).map(|n| first.wrapping_add(n)) {
        let network =
            network::simulate(seed, number("ACTS").unwrap_or(4 + seed % 60) as usize, seed % 3 == 0);
        n_hops += network.hops.len();
        let files = network.files();
        for (what, text) in network.differences(&read::records(&files)) {
            let with = if seed % 3 == 0 { ", clocks apart" } else { "" };
            let entry = kinds.entry(format!("{what}{with}")).or_insert((0, format!("seed {seed}: {text}")));
            entry.0 += 1;
            if let (1, Ok(folder)) = (n, std::env::var("DUMP")) {
                dump(&folder, &files);
                println!("{what}: {text}");
            }
        }
    }
    println!("{n_hops} hops");
    for (what, (count, text)) in kinds {
        println!("--- {what}: {count}, first:\n{text}");
    }
}

fn dump(folder: &str, files: &[read::File]) {
    for (path, bytes) in files {
        let path = std::path::Path::new(folder).join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&path)).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
}

/// What is wrong with a log.
struct Wrong {
    what: &'static str,
    loss: String,
    is_whole: bool,
    text: String,
}

/// Looks at the logs of a seed, whole and with losses; in so many percent of the seeds the clock is set.
fn look_at(seed: u64, percent_clock: usize, mut take: impl FnMut(&World, &[bool], Wrong)) {
    let mut dice = Dice(seed ^ 0x5eed);
    let plan = Plan {
        seed,
        n_boots: 1 + dice.below(4),
        n_acts: 2 + dice.below(30),
        with_remote: dice.percent(60),
        with_clock: dice.percent(percent_clock),
        with_trouble: dice.percent(40),
        with_renames: dice.percent(40),
        with_more: dice.percent(60),
        with_audit: dice.percent(20),
    };
    let world = life::simulate(plan);
    for n in 0..7 {
        let loss = if n == 0 { Loss::Nothing } else { Loss::random(&mut dice) };
        let left = loss.left(&world, &mut dice);
        let records = read::records(&read::files(&world, &left));
        let checked = check::check(&world, &left, &records).into_iter();
        let mut wrong: Vec<_> = checked.map(|wrong| (wrong.what, wrong.text)).collect();
        if n == 0 && !plan.with_audit {
            wrong.extend(exact::differences(&world, &records));
        }
        for (what, text) in wrong {
            take(&world, &left, Wrong { what, loss: loss.to_string(), is_whole: n == 0, text });
        }
    }
}

/// Logs in which the clock was set and records were lost: each was told wrong once.
#[test]
fn logs_that_were_told_wrong_once() {
    for seed in [
        7_306_450, 11_301_276, 11_302_156, 13_500_550, 13_502_640, 13_502_884, 13_503_765, 14_000_235,
        14_004_752, 14_008_852, 14_009_672, 16_001_346, 17_001_395, 18_101_076,
    ] {
        look_at(seed, 100, |_, _, wrong| {
            panic!("{}: seed {seed}, {}: {}", wrong.what, wrong.loss, wrong.text)
        });
    }
}

/// Counts what goes wrong by kind, and prints the smallest log of each:
/// `SEEDS=1000 cargo test --test properties explore -- --ignored --nocapture`. `FIRST` is the first seed; in `CLOCK`
/// percent of them the clock is set; `WHAT` the kind of which every case is listed (`all`: of any), and the rows of the
/// smallest are printed, and its logs written to the folder `DUMP`.
#[test]
#[ignore = "a tool to look for bugs with"]
fn explore() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (n, first) = (number("SEEDS").unwrap_or(300), number("FIRST").unwrap_or(0));
    let percent_clock = number("CLOCK").unwrap_or(0) as usize;
    let wanted = std::env::var("WHAT").unwrap_or_default();
    let mut kinds: BTreeMap<String, (usize, usize, String)> = BTreeMap::new();
    for seed in first..first + n {
        look_at(seed, percent_clock, |world, left, Wrong { what, loss, is_whole, text }| {
            let size = left.iter().filter(|left| **left).count();
            let kind = format!("{what}{}", if is_whole { ", nothing lost" } else { "" });
            let entry = kinds.entry(kind).or_insert((0, usize::MAX, String::new()));
            entry.0 += 1;
            if what == wanted || wanted == "all" {
                let text = text.lines().take(2).collect::<String>();
                println!("{what}: seed {seed}, {loss}, {size} rows: {text}");
            }
            if size < entry.1 {
                let rows = if what == wanted { show(world, left) } else { String::new() };
                if let Ok(folder) = std::env::var("DUMP")
                    && what == wanted
                {
                    dump(&folder, &read::files(world, left));
                }
                (entry.1, entry.2) = (size, format!("seed {seed}, {loss}: {text}\n{rows}"));
            }
        });
    }
    for (what, (count, size, text)) in kinds {
        println!("--- {what}: {count}, smallest with {size} rows:\n{text}");
    }
}
