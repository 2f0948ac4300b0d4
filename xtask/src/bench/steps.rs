//! The library's steps on one thread: `benches/steps`, and what its numbers mean.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::folder;
use super::logs::Log;
use super::measure::{Measures, median, warm_up};
use super::native::N_PAIRS;
use super::report::{Report, mb_per_s, mib};
use crate::run::cargo;

/// The same thing several times: the median counts.
const N_RUNS: usize = 3;

/// Issue "A gigabyte in the browser", 7.
const CORRELATE_BOUND: f64 = 1.0 / 3.0;

/// And 4, in seconds.
const SORT_BOUND: f64 = 0.3;
const FILTER_BOUND: f64 = 0.15;
const OPEN_BOUND: f64 = 0.1;

/// Ten times the events may take twelve times as long: trees and caches cost a little more where there is more.
const LINEAR_BOUND: f64 = 12.0;

/// Several runs: each measure's median.
fn several(args: &[&str]) -> Result<Measures> {
    Measures::median((0..N_RUNS).map(|_| once(args)).collect::<Result<_>>()?)
}

fn once(args: &[&str]) -> Result<Measures> {
    let mut command = cargo(["bench", "--quiet", "--package", "sessionscope", "--bench", "steps", "--"]);
    command.args(args);
    Measures::of(command)
}

/// The file with the blocks of so many sessions: made anew, for the form of a block changes with the program.
pub fn blocks(n_sessions: u32) -> Result<PathBuf> {
    fs::create_dir_all(folder())?;
    let path = folder().join(format!("{n_sessions}-sessions.blocks"));
    once(&["blocks", &n_sessions.to_string(), &path.to_string_lossy()])?;
    Ok(path)
}

/// Where the time goes.
pub fn profile(log: Log, size: u64, report: &mut Report) -> Result<()> {
    let path = log.file(size)?;
    warm_up(&path)?;
    let measures = several(&["profile", &path.to_string_lossy()])?;
    let n_bytes = measures.get("bytes");
    report.section(&format!("Profile, {} of {}, one thread", log.name(), mib(n_bytes)));
    let [records, events, sessions] = ["records", "events", "sessions"].map(|name| measures.get(name));
    report.fact("in the log", &format!("{records} records, {events} events, {sessions} sessions"));
    let steps = ["read", "parse", "encode", "decode", "merge", "correlate", "export"];
    let total: f64 = steps.iter().map(|step| measures.get(step)).sum();
    for step in steps {
        let secs = measures.get(step);
        let share = 100.0 * secs / total;
        report.fact(step, &format!("{:.3} s, {share:.0} %, {}", secs, mb_per_s(n_bytes as u64, secs)));
    }
    let reading = measures.get("read") + measures.get("parse");
    let ratio = measures.get("correlate") / reading;
    report.bound("correlating against reading and parsing", ratio, CORRELATE_BOUND);
    let ratio = measures.get("correlate") / measures.get("parse");
    report.fact("correlating against parsing alone", &format!("{ratio:.3}"));
    report.fact("peak memory", &mib(measures.get("peak bytes")));
    Ok(())
}

/// Five million events against half a million.
pub fn correlate(report: &mut Report) -> Result<()> {
    // In turns, and a tenth ten times: the machine's own speed changes within seconds.
    let few =
        || (0..10).map(|_| once(&["correlate", "100000"])).collect::<Result<_>>().and_then(Measures::mean);
    let pair = |_| Ok((few()?, once(&["correlate", "1000000"])?));
    let pairs: Vec<(Measures, Measures)> = (0..N_PAIRS).map(pair).collect::<Result<_>>()?;
    let ratios = pairs.iter().map(|(few, many)| many.get("correlate") / few.get("correlate")).collect();
    let (few, many): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let (few, many) = (Measures::median(few)?, Measures::median(many)?);
    report.section("Correlating blocks made in memory, one thread");
    for measures in [&few, &many] {
        let secs = measures.get("correlate");
        let rate = measures.get("events") / secs / 1e6;
        let name = format!("{} events, {} sessions", measures.get("events"), measures.get("sessions"));
        report.fact(&name, &format!("{secs:.3} s, {rate:.1} million events a second"));
    }
    report.bound("ten times the events, ratio (median of five pairs)", median(ratios), LINEAR_BOUND);
    Ok(())
}

/// A million sessions: sorting, filtering, opening.
pub fn million(report: &mut Report) -> Result<()> {
    let measures = once(&["ask", "1000000"])?;
    report.section(&format!("{} sessions of {} events", measures.get("sessions"), measures.get("events")));
    report.fact("merging encoded blocks", &format!("{:.2} s", measures.get("merge")));
    report.fact("making ready for filters", &format!("{:.3} s", measures.get("make ready for filters")));
    for (name, secs) in measures.starting_with("sort ") {
        report.bound(&format!("{name}, s"), secs, SORT_BOUND);
    }
    for (name, secs) in measures.starting_with("filter ") {
        report.bound(&format!("{name}, s"), secs, FILTER_BOUND);
    }
    report.bound("open a session, s", measures.get("open a session"), OPEN_BOUND);
    for (name, secs) in measures.starting_with("scroll").chain(measures.starting_with("export ")) {
        report.fact(name, &format!("{:.4} s", secs));
    }
    report.fact("peak memory before correlating", &mib(measures.get("peak bytes before correlating")));
    report.fact("peak memory", &mib(measures.get("peak bytes")));
    Ok(())
}
