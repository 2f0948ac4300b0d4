//! The packed page in Chromium, opened from the disk, against the best native dumper.

use std::path::Path;

use anyhow::Result;

use super::Options;
use super::logs::{self, Log, N_FILES};
use super::measure::{Measures, evtx_dump, median, run, warm_up};
use super::native::{N_PAIRS, SAME};
use super::report::{Report, mb_per_s, mib};
use super::steps;
use crate::dist::dist;
use crate::run::cargo;

/// Issue "A gigabyte in the browser", 1 to 4: a ratio, bytes and seconds.
const TIME_BOUND: f64 = 1.5;
const MEMORY_BOUND: f64 = 500e6;
const BIG_MEMORY_BOUND: f64 = 1e9;
const FIRST_BOUND: f64 = 1.0;
const TASK_BOUND: f64 = 0.05;
const CANCEL_BOUND: f64 = 0.2;
const SORT_BOUND: f64 = 0.3;
const FILTER_BOUND: f64 = 0.15;
const OPEN_BOUND: f64 = 0.1;
const BLANK_BOUND: f64 = 0.1;

/// What is dropped while another log is read.
const SMALL: u64 = 1 << 20;

/// Sessions of the big case.
const N_SESSIONS: u32 = 1_000_000;

/// A page that is measured.
pub struct Browser {
    page: std::path::PathBuf,
}

impl Browser {
    pub fn build() -> Result<Browser> {
        Ok(Browser { page: dist()? })
    }

    /// Built and run as cargo does it: the page's driver brings much that nothing else here needs.
    fn measure(&self, what: &str, paths: &[&Path]) -> Result<Measures> {
        let mut command =
            cargo(["run", "--quiet", "--package", "browser_tests", "--example", "measure", "--"]);
        command.arg(what).args(paths).env("SESSIONSCOPE_PAGE", &self.page);
        Measures::of(command)
    }

    /// A log from the drop to all of its sessions, and what one notices meanwhile.
    pub fn reading(&self, size: u64, report: &mut Report) -> Result<()> {
        let log = Log::MemberServer.file(size)?;
        let n_bytes = warm_up(&log)?;
        evtx_dump(&log)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..N_PAIRS {
            theirs.push(run(evtx_dump(&log)?)?.secs);
            ours.push(self.measure("time", &[&log])?);
        }
        let of = |name: &str| ours.iter().map(|run| run.get(name)).collect::<Vec<_>>();
        let all = of("all sessions");
        report.section(&format!("Chromium, member server of {}", mib(n_bytes as f64)));
        report.fact("evtx_dump -t 2 -o jsonl", &mb_per_s(n_bytes, median(theirs.clone())));
        report.fact("from drop to all sessions, sorted", &mb_per_s(n_bytes, median(all.clone())));
        let ratios = all.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        report.bound("time, ratio (median of five pairs)", median(ratios), TIME_BOUND);
        for part in ["reading", "parsing", "working out all sessions"] {
            report.fact(part, &format!("{:.3} s", median(of(part))));
        }
        report.bound("first sessions, s", median(of("first sessions")), FIRST_BOUND);
        report.bound("longest task of the page, s", median(of("longest task")), TASK_BOUND);
        report.bound("cancel, s", self.measure("cancel", &[&log])?.get("cancel"), CANCEL_BOUND);
        let small = Log::Workstation.file(SMALL)?;
        let added = self.measure("add", &[&log, &small])?.get("another log is in the case");
        report.fact("another log, dropped meanwhile, is in the case", &format!("{added:.3} s"));
        Ok(())
    }

    /// Memory, and with a log of 4 GiB the time of a byte as well.
    pub fn memory(&self, options: &Options, report: &mut Report) -> Result<()> {
        report.section("Memory of Chromium, member server");
        let mut secs_per_byte = Vec::new();
        let big = options.is_big.then_some((4 << 30, BIG_MEMORY_BOUND));
        for (size, bound) in [(options.size, MEMORY_BOUND)].into_iter().chain(big) {
            let log = Log::MemberServer.file(size)?;
            let n_bytes = warm_up(&log)? as f64;
            let memory = self.measure("memory", &[&log])?;
            let (empty, secs) = (memory.get("empty page"), memory.get("all sessions"));
            report.fact(&format!("empty page, before {}", mib(n_bytes)), &mib(empty));
            report.bytes(&format!("{}, at most above it", mib(n_bytes)), memory.get("peak") - empty, bound);
            report.fact("a second after the end above it", &mib(memory.get("at rest") - empty));
            report.fact("from drop to all sessions", &mb_per_s(n_bytes as u64, secs));
            secs_per_byte.push(secs / n_bytes);
        }
        if let [one, four] = secs_per_byte[..] {
            report.bound("time of a byte, 4 GiB against the other", four / one, SAME);
        }
        Ok(())
    }

    /// Many logs, a third of them empty, against one with as many bytes.
    pub fn folder(&self, size: u64, report: &mut Report) -> Result<()> {
        let (one, many) = (Log::MemberServer.file(size)?, logs::many_files(size)?);
        let (n_bytes, n_bytes_of_many) = (warm_up(&one)? as f64, warm_up(&many)? as f64);
        let (mut of_one, mut of_many) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            of_one.push(self.measure("time", &[&one])?.get("all sessions") / n_bytes);
            of_many.push(self.measure("time", &[&many])?.get("all sessions") / n_bytes_of_many);
        }
        report.section(&format!("Chromium, a folder of {N_FILES} logs, a third of them empty"));
        report.fact("one log", &format!("{:.0} MB/s", 1e-6 / median(of_one.clone())));
        report.fact("the folder", &format!("{:.0} MB/s", 1e-6 / median(of_many.clone())));
        let ratios = of_many.iter().zip(&of_one).map(|(many, one)| many / one).collect();
        report.bound("time of a byte, folder against log (median of three pairs)", median(ratios), SAME);
        Ok(())
    }

    /// A million sessions, fed to the case worker as blocks.
    pub fn million(&self, report: &mut Report) -> Result<()> {
        let (small, blocks) = (Log::Workstation.file(SMALL)?, steps::blocks(N_SESSIONS)?);
        let measures = self.measure("million", &[&small, &blocks])?;
        report.section(&format!("Chromium, {} sessions fed as blocks", measures.get("sessions")));
        let secs = measures.get("working out all sessions");
        report.fact("working out all sessions, at the end", &format!("{secs:.3} s"));
        for (start, bound) in [
            ("sort ", SORT_BOUND),
            ("filter ", FILTER_BOUND),
            ("open ", OPEN_BOUND),
            ("blank, ", BLANK_BOUND),
        ] {
            for (name, secs) in measures.starting_with(start) {
                report.bound(&format!("{name}, s"), secs, bound);
            }
        }
        report.fact("peak memory above the page with a small log", &mib(measures.get("peak bytes")));
        Ok(())
    }
}
