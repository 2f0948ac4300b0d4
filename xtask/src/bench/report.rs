//! What was measured: printed as it comes, and kept with its date in `benches/runs`.

use std::fmt::Write;
use std::fs;

use anyhow::Result;

use super::Options;
use crate::run::{output, root};

/// A Markdown text that grows.
pub struct Report {
    name: String,
    text: String,
    n_missed: u32,
}

impl Report {
    pub fn new(options: &Options) -> Result<Report> {
        let (date, time) = (output("date", &["-u", "+%F"])?, output("date", &["-u", "+%H%M"])?);
        let mut report =
            Report { name: format!("{date}-{time}{}.md", options.label), text: String::new(), n_missed: 0 };
        let commit = output("git", &["describe", "--always", "--dirty", "--exclude", "*"])?;
        report.line(&format!("# Benches of {date}, commit {commit}\n"));
        report.line(&machine());
        Ok(report)
    }

    pub fn section(&mut self, title: &str) {
        self.line(&format!("\n## {title}\n\n| measure | value | bound |\n|---|---|---|"));
    }

    pub fn fact(&mut self, name: &str, value: &str) {
        self.line(&format!("| {name} | {value} | |"));
    }

    pub fn bound(&mut self, name: &str, value: f64, most: f64) {
        let verdict = self.verdict(value <= most);
        self.line(&format!("| {name} | {value:.3} | {verdict} at most {most:.3} |"));
    }

    pub fn bytes(&mut self, name: &str, value: f64, most: f64) {
        let verdict = self.verdict(value <= most);
        self.line(&format!("| {name} | {} | {verdict} at most {} |", mib(value), mib(most)));
    }

    fn verdict(&mut self, holds: bool) -> &'static str {
        self.n_missed += u32::from(!holds);
        if holds { "holds:" } else { "**missed:**" }
    }

    fn line(&mut self, line: &str) {
        println!("{line}");
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    pub fn save(self) -> Result<()> {
        let folder = root().join("benches/runs");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(&self.name), &self.text)?;
        println!("\n{} bounds missed; kept as benches/runs/{}", self.n_missed, self.name);
        Ok(())
    }
}

/// What the numbers depend on; nothing that tells whose computer it is.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = output("uname", &["-sr"]).unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!(
        "{n_cores} cores, {}, {kernel}, load {load} before the run.",
        model.unwrap_or("unknown processor")
    )
}

pub fn mb_per_s(n_bytes: u64, secs: f64) -> String {
    format!("{:.2} s, {:.0} MB/s", secs, n_bytes as f64 / 1e6 / secs)
}

pub fn mib(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / f64::from(1 << 20))
}
