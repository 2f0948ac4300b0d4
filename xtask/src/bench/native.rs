//! The command line against the best native dumper, over sizes, and over many files.

use std::path::Path;

use anyhow::Result;

use super::Options;
use super::logs::{self, Log};
use super::measure::{Run, evtx_dump, median, run, sessionscope, warm_up};
use super::report::{Report, mb_per_s, mib};

/// Pairs of runs, one after the other: the median of their ratios is what counts.
pub const N_PAIRS: usize = 5;

/// Issue "A gigabyte in the browser", 1 and 2.
const TIME_BOUND: f64 = 0.6;
const MEMORY_BOUND: f64 = 250e6;

/// How much slower a byte may be where there are more of them, or in more files: what chance makes of two runs.
pub const SAME: f64 = 1.25;

pub fn against_dump(log: Log, size: u64, report: &mut Report) -> Result<()> {
    let path = log.file(size)?;
    let n_bytes = warm_up(&path)?;
    let (mut tables, mut lines, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    evtx_dump(&path)?;
    for _ in 0..N_PAIRS {
        theirs.push(run(evtx_dump(&path)?)?);
        tables.push(run(sessionscope("table", &path))?);
        lines.push(run(sessionscope("jsonl", &path))?);
    }
    let ratio = |ours: &[Run], part: fn(&Run) -> f64| {
        median(ours.iter().zip(&theirs).map(|(ours, theirs)| part(ours) / part(theirs)).collect())
    };
    let secs = |runs: &[Run]| median(runs.iter().map(|run| run.secs).collect());
    report.section(&format!("{} of {}, against evtx_dump", log.name(), mib(n_bytes as f64)));
    report.fact("evtx_dump -t 2 -o jsonl", &mb_per_s(n_bytes, secs(&theirs)));
    for (format, ours) in [("table", &tables), ("jsonl", &lines)] {
        report.fact(&format!("sessionscope sessions --format {format}"), &mb_per_s(n_bytes, secs(ours)));
        let name = format!("{format}: time, ratio (median of five pairs)");
        report.bound(&name, ratio(ours, |run| run.secs), TIME_BOUND);
        let cpu = ratio(ours, |run| run.cpu_secs);
        report.fact(&format!("{format}: processor time, ratio"), &format!("{cpu:.3}"));
    }
    memory(&[tables, lines].concat(), report);
    Ok(())
}

fn memory(runs: &[Run], report: &mut Report) {
    let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0) as f64;
    report.bytes("peak memory of sessionscope", peak, MEMORY_BOUND);
}

/// The time of a byte in a small log, the usual one and a big one.
pub fn linear(options: &Options, report: &mut Report) -> Result<()> {
    let mut sizes = vec![options.size / 4, options.size];
    if options.is_big {
        sizes.push(4 << 30);
    }
    report.section("Sizes, member server");
    let mut secs_per_byte = Vec::new();
    for size in sizes {
        let path = Log::MemberServer.file(size)?;
        let (n_bytes, runs) = several(&path)?;
        let secs = median(runs.iter().map(|run| run.secs).collect());
        let peak = runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0) as f64;
        report.fact(&mib(n_bytes as f64), &format!("{}, {} at most", mb_per_s(n_bytes, secs), mib(peak)));
        secs_per_byte.push(secs / n_bytes as f64);
    }
    if let [first, .., last] = secs_per_byte[..] {
        report.bound("time of a byte, largest against smallest", last / first, SAME);
    }
    Ok(())
}

pub fn many_files(size: u64, report: &mut Report) -> Result<()> {
    let (one, many) = (Log::MemberServer.file(size)?, logs::many_files(size)?);
    let ((n_bytes, of_one), (n_bytes_of_many, of_many)) = (several(&one)?, several(&many)?);
    let secs = |runs: &[Run]| median(runs.iter().map(|run| run.secs).collect());
    report.section(&format!("A folder of {} logs, a third of them empty", logs::N_FILES));
    report.fact("one log", &mb_per_s(n_bytes, secs(&of_one)));
    report.fact("the folder", &mb_per_s(n_bytes_of_many, secs(&of_many)));
    let (one, many) = (secs(&of_one) / n_bytes as f64, secs(&of_many) / n_bytes_of_many as f64);
    report.bound("time of a byte, folder against log", many / one, SAME);
    memory(&of_many, report);
    Ok(())
}

fn several(path: &Path) -> Result<(u64, Vec<Run>)> {
    let n_bytes = warm_up(path)?;
    let runs = (0..N_PAIRS).map(|_| run(sessionscope("jsonl", path))).collect::<Result<_>>()?;
    Ok((n_bytes, runs))
}
