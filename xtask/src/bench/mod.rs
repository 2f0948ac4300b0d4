//! `cargo xtask bench`: how fast, in how much memory, and where the time goes. The logs are generated, the same each
//! time; ratios are taken within one run, for no two computers are alike, and no two hours on a shared one.

mod browser;
mod logs;
mod measure;
mod native;
mod report;
mod steps;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::run::target_dir;
use browser::Browser;
use logs::Log;
use report::Report;

/// What is to be measured.
pub struct Options {
    /// Bytes of each generated log.
    pub size: u64,
    /// A log of 4 GiB as well.
    pub is_big: bool,
    /// The parts that are run; all of them if none is named.
    pub parts: Vec<String>,
    /// Ends the name of the report.
    pub label: String,
}

const NATIVE_PARTS: [&str; 6] = ["native", "linear", "folder", "profile", "correlate", "million"];
const BROWSER_PARTS: [&str; 4] = ["browser", "browser-memory", "browser-folder", "browser-million"];

/// Reads `256M`, `1G` or a number of bytes.
pub fn bytes(text: &str) -> Result<u64> {
    let (digits, unit) = match text.strip_suffix(['M', 'G']) {
        Some(digits) if text.ends_with('M') => (digits, 1 << 20),
        Some(digits) => (digits, 1 << 30),
        None => (text, 1),
    };
    let number: u64 = digits.parse().with_context(|| format!("{text:?} is no size: 256M, 1G"))?;
    number.checked_mul(unit).with_context(|| format!("{text:?} is too much"))
}

/// Where logs and tools are kept between runs.
fn folder() -> PathBuf {
    target_dir().join("bench")
}

pub fn bench(options: &Options) -> Result<()> {
    let parts = [&NATIVE_PARTS[..], &BROWSER_PARTS].concat();
    if let Some(part) = options.parts.iter().find(|part| !parts.contains(&part.as_str())) {
        bail!("there is no part {part:?}; there are {}", parts.join(", "));
    }
    let is_wanted = |part: &str| options.parts.is_empty() || options.parts.iter().any(|other| other == part);
    let mut report = Report::new(options)?;
    if ["native", "linear", "folder"].iter().any(|part| is_wanted(part)) {
        measure::build()?;
    }
    if is_wanted("native") {
        for log in Log::ALL {
            native::against_dump(log, options.size, &mut report)?;
        }
    }
    if is_wanted("linear") {
        native::linear(options, &mut report)?;
    }
    if is_wanted("folder") {
        native::many_files(options.size, &mut report)?;
    }
    if is_wanted("profile") {
        for log in Log::ALL {
            steps::profile(log, options.size, &mut report)?;
        }
    }
    if is_wanted("correlate") {
        steps::correlate(&mut report)?;
    }
    if is_wanted("million") {
        steps::million(&mut report)?;
    }
    if BROWSER_PARTS.iter().any(|part| is_wanted(part)) {
        let browser = Browser::build()?;
        if is_wanted("browser") {
            browser.reading(options.size, &mut report)?;
        }
        if is_wanted("browser-memory") {
            browser.memory(options, &mut report)?;
        }
        if is_wanted("browser-folder") {
            browser.folder(options.size, &mut report)?;
        }
        if is_wanted("browser-million") {
            browser.million(&mut report)?;
        }
    }
    report.save()
}
