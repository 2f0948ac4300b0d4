//! `cargo xtask test`: every check, one after the other, and in the end what came of them.
//!
//! A failed step does not stop the others. A test that leaves something out says so in a line that begins with
//! `skipped:`; these lines are repeated in the summary, so that nothing is left out in silence.

use std::env;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::dist::dist;
use crate::run::{WASM_TARGET, cargo, target_dir};
use crate::tools;

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

struct Done {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// Collects what the steps came to.
#[derive(Default)]
struct Report {
    done: Vec<Done>,
    /// The lines of tests that left something out.
    skipped: Arc<Mutex<Vec<String>>>,
}

pub fn test() -> ExitCode {
    let mut report = Report::default();
    report.step("toolchain", || tools::ensure_components().and_then(|()| tools::ensure_wasm_target()));
    report.installed("packages", tools::ensure_packages, missing);
    // The page is tested in Chromium first of all: another's absence is shown, and holds nothing up.
    report.installed("other browsers", tools::ensure_engines, Outcome::Skipped);
    report.cargo("format", cargo(["fmt", "--all", "--check"]));
    report.cargo("lints", cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    report.cargo("lints of the page's program", page_lints());
    report.cargo("documents", documents());
    // Apart from the browser tests: what these need of shared crates must not change how the library behaves.
    report.cargo("tests", cargo(["test", "--workspace", "--exclude", "browser_tests"]));
    let mut page = None;
    report.step("page", || dist().map(|path| page = Some(path)));
    report.browser_tests(page);
    report.print()
}

fn page_lints() -> Command {
    let mut command = cargo(["clippy", "--package", "sessionscope-web", "--lib", "--target", WASM_TARGET]);
    command.args(["--", "-D", "warnings"]);
    command
}

fn documents() -> Command {
    let mut command = cargo(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    // They are for those who change the code and show private items: links to these do work.
    command.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links");
    command
}

impl Report {
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = match work() {
            Ok(()) => Outcome::Passed,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        if let Outcome::Failed(why) = &outcome {
            eprintln!("error: {why}");
        }
        self.done.push(Done { name, outcome, took: start.elapsed() });
    }

    fn cargo(&mut self, name: &'static str, command: Command) {
        let skipped = self.skipped.clone();
        self.step(name, || watch(command, &skipped));
    }

    fn installed(
        &mut self,
        name: &'static str,
        install: impl FnOnce() -> Result<()>,
        absent: impl FnOnce(String) -> Outcome,
    ) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = match install() {
            Ok(()) => Outcome::Passed,
            Err(error) => absent(format!("{error:#}")),
        };
        self.done.push(Done { name, outcome, took: start.elapsed() });
    }

    fn browser_tests(&mut self, page: Option<PathBuf>) {
        let found = (page, tools::find("chromium"), tools::find("chromedriver"));
        let (Some(page), Some(chromium), Some(chromedriver)) = found else {
            let why = "they need the page, and chromium and chromedriver in the search path".to_owned();
            return self.done.push(Done {
                name: "browser tests",
                outcome: missing(why),
                took: Duration::ZERO,
            });
        };
        let mut command = cargo(["test", "--package", "browser_tests"]);
        command.env("SESSIONSCOPE_SCREENSHOTS", target_dir().join("screenshots"));
        command.env("SESSIONSCOPE_PAGE", page).env("CHROMIUM", chromium).env("CHROMEDRIVER", chromedriver);
        command.envs(tools::engines());
        self.cargo("browser tests", command);
    }

    fn print(&self) -> ExitCode {
        println!("\n== summary");
        self.done.iter().for_each(print_done);
        for line in self.skipped.lock().expect("no reader panics").iter() {
            println!("{line}");
        }
        let n_failed = self.count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let n_skipped = self.count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        let n_passed = self.done.len() - n_failed - n_skipped;
        println!("{n_passed} passed, {n_failed} failed, {n_skipped} skipped");
        if n_failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn count(&self, is_meant: impl Fn(&Outcome) -> bool) -> usize {
        self.done.iter().filter(|done| is_meant(&done.outcome)).count()
    }
}

/// Where nobody looks on, what cannot run has to be seen.
fn missing(why: String) -> Outcome {
    if env::var_os("CI").is_some() { Outcome::Failed(why) } else { Outcome::Skipped(why) }
}

fn print_done(done: &Done) {
    let Done { name, outcome, took } = done;
    let secs = took.as_secs_f32();
    match outcome {
        Outcome::Passed => println!("passed   {name} ({secs:.1} s)"),
        Outcome::Failed(why) => println!("FAILED   {name} ({secs:.1} s): {why}"),
        Outcome::Skipped(why) => println!("skipped  {name}: {why}"),
    }
}

/// Runs a command, shows what it prints, and keeps the lines that tell what was left out.
fn watch(mut command: Command, skipped: &Arc<Mutex<Vec<String>>>) -> Result<()> {
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let out = child.stdout.take().context("no output")?;
    let err = child.stderr.take().context("no output")?;
    let out = echo(out, skipped.clone(), |line| println!("{line}"));
    let err = echo(err, skipped.clone(), |line| eprintln!("{line}"));
    let status = child.wait()?;
    for reader in [out, err] {
        let _ = reader.join();
    }
    anyhow::ensure!(status.success(), "see above");
    Ok(())
}

fn echo(
    from: impl Read + Send + 'static,
    skipped: Arc<Mutex<Vec<String>>>,
    show: impl Fn(&str) + Send + 'static,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            show(&line);
            if line.starts_with("skipped:") {
                skipped.lock().expect("no reader panics").push(line.into_owned());
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_kept_for_the_summary() {
        let skipped = Arc::default();
        let mut command = Command::new("sh");
        command.args(["-c", "echo skipped: no logs; echo not skipped: this; echo skipped: no browser >&2"]);
        watch(command, &skipped).unwrap();
        let mut lines = skipped.lock().unwrap().clone();
        lines.sort();
        assert_eq!(lines, ["skipped: no browser", "skipped: no logs"]);
    }
}
