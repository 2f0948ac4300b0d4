//! The packed page in Chromium, opened from the disk, against the best native dumper.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::logs::Log;
use super::measure::{Measures, evtx_dump, median, run, warm_up};
use super::native::N_PAIRS;
use super::report::{Report, mb_per_s, mib};
use crate::dist::dist;
use crate::run::cargo;

/// Issue "A gigabyte in the browser", 1 to 3: a ratio, bytes and seconds.
const TIME_BOUND: f64 = 1.5;
const MEMORY_BOUND: f64 = 500e6;
const FIRST_BOUND: f64 = 1.0;
const TASK_BOUND: f64 = 0.05;
const CANCEL_BOUND: f64 = 0.2;

pub fn browser(size: u64, report: &mut Report) -> Result<()> {
    let page = dist()?;
    let log = Log::MemberServer.file(size)?;
    let n_bytes = warm_up(&log)?;
    let measure = |what: &str| Measures::of(read_log(&page, what, &log));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..N_PAIRS {
        theirs.push(run(evtx_dump(&log)?)?.secs);
        ours.push(measure("time")?);
    }
    let of = |name: &str| ours.iter().map(|run| run.get(name)).collect::<Vec<_>>();
    let all = of("all sessions");
    report.section(&format!("Chromium, member server of {}", mib(n_bytes as f64)));
    report.fact("evtx_dump -t 2 -o jsonl", &mb_per_s(n_bytes, median(theirs.clone())));
    report.fact("from drop to all sessions, sorted", &mb_per_s(n_bytes, median(all.clone())));
    let ratios = all.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    report.bound("time, ratio (median of five pairs)", median(ratios), TIME_BOUND);
    report.bound("first sessions, s", median(of("first sessions")), FIRST_BOUND);
    report.bound("longest task of the page, s", median(of("longest task")), TASK_BOUND);
    report.bound("cancel, s", measure("cancel")?.get("cancel"), CANCEL_BOUND);
    let memory = measure("memory")?;
    let (empty, peak) = (memory.get("empty page"), memory.get("peak"));
    report.fact("memory of an empty page", &mib(empty));
    report.bytes("peak memory above it", peak - empty, MEMORY_BOUND);
    Ok(())
}

/// Built and run as cargo does it: the page's driver brings much that nothing else here needs.
fn read_log(page: &Path, what: &str, log: &Path) -> Command {
    let mut command = cargo(["run", "--quiet", "--package", "browser_tests", "--example", "read_log", "--"]);
    command.arg(what).arg(log).env("SESSIONSCOPE_PAGE", page);
    command
}
