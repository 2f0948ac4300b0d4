//! Programs, and what a run of one costs.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::run::{cargo, target_dir};
use crate::tools;

/// The best native dumper, against which reading is measured.
const DUMP_VERSION: &str = "0.15.1";

/// What one run of a program cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    pub secs: f64,
    /// Processor time of all its threads.
    pub cpu_secs: f64,
    /// VmHWM.
    pub peak_bytes: u64,
}

/// Builds the command line and the steps' bench, optimised.
pub fn build() -> Result<()> {
    let status = cargo(["build", "--release", "--package", "sessionscope", "--bins"]).status()?;
    ensure!(status.success(), "the command line cannot be built");
    Ok(())
}

/// The sessions of a log as `format`: `table`, which is what the page shows, or `jsonl`, all that is known of each.
pub fn sessionscope(format: &str, path: &Path) -> Command {
    let mut command = Command::new(target_dir().join("release/sessionscope"));
    command.args(["sessions", "--format", format]).arg(path);
    command
}

pub fn evtx_dump(path: &Path) -> Result<Command> {
    let mut command = Command::new(tools::installed("evtx", "evtx_dump", DUMP_VERSION)?);
    command.args(["-t", "2", "-o", "jsonl"]).arg(path);
    Ok(command)
}

/// Runs a program to its end; what it prints is thrown away.
pub fn run(mut command: Command) -> Result<Run> {
    let cpu_before = cpu_secs_of_children();
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    // VmHWM only grows, so that looking now and then misses nothing but the last moment's growth.
    let watch = thread::spawn(move || {
        let mut peak_bytes = 0;
        while let Some(bytes) = peak(&status) {
            peak_bytes = bytes;
            thread::sleep(Duration::from_millis(5));
        }
        peak_bytes
    });
    let ended = child.wait()?;
    let secs = start.elapsed().as_secs_f64();
    ensure!(ended.success(), "{command:?} failed");
    let peak_bytes = watch.join().ok().context("the watcher failed")?;
    Ok(Run { secs, cpu_secs: cpu_secs_of_children() - cpu_before, peak_bytes })
}

fn peak(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kib.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

/// Of those that have ended; Linux counts in hundredths of a second.
fn cpu_secs_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything: cutime and cstime are the fields 16 and 17 of proc(5).
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        / 100.0
}

/// Brings a file, or all files of a folder, into the system's cache, so that the disk is not what is measured.
pub fn warm_up(path: &Path) -> Result<u64> {
    if path.is_dir() {
        return fs::read_dir(path)?.map(|entry| warm_up(&entry?.path())).sum();
    }
    let (mut file, mut buffer, mut n_bytes) = (File::open(path)?, vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(n_bytes),
            n => n_bytes += n as u64,
        }
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Names and numbers, in the order they were printed.
pub struct Measures(Vec<(String, f64)>);

impl Measures {
    /// What a program prints: one line `name<TAB>number` for each measure.
    pub fn of(mut command: Command) -> Result<Measures> {
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{command:?} failed");
        let text = String::from_utf8(output.stdout)?;
        let line = |line: &str| {
            let (name, number) = line.split_once('\t').with_context(|| format!("no measure: {line}"))?;
            Ok((name.to_owned(), number.parse()?))
        };
        text.lines().map(line).collect::<Result<_>>().map(Measures)
    }

    /// Measure by measure.
    pub fn median(runs: Vec<Measures>) -> Result<Measures> {
        Self::each(runs, median)
    }

    /// The same, with the mean.
    pub fn mean(runs: Vec<Measures>) -> Result<Measures> {
        Self::each(runs, |values| values.iter().sum::<f64>() / values.len() as f64)
    }

    fn each(runs: Vec<Measures>, one: impl Fn(Vec<f64>) -> f64) -> Result<Measures> {
        let first = runs.first().context("nothing was run")?;
        let of = |(n, (name, _)): (usize, &(String, f64))| {
            (name.clone(), one(runs.iter().map(|run| run.0[n].1).collect()))
        };
        Ok(Measures(first.0.iter().enumerate().map(of).collect()))
    }

    pub fn get(&self, name: &str) -> f64 {
        self.0.iter().find(|(other, _)| other == name).map_or(f64::NAN, |(_, number)| *number)
    }

    pub fn starting_with<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        let own = self.0.iter().filter(move |(name, _)| name.starts_with(start));
        own.map(|(name, number)| (name.as_str(), *number))
    }
}
