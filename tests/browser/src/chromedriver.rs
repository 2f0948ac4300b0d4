//! The driver's process: started on a free port, and gone with the test.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel};

/// Chromium is to talk to nobody but us. As root, as in continuous integration, it has no sandbox.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
    "--window-size=1280,800",
    // With a pipe Chromium ends when the driver does, even if that is killed.
    "--remote-debugging-pipe",
];

pub struct Chromedriver {
    child: Child,
    port: u16,
    /// Held open: the driver would fail to write to a closed one.
    _stdout: BufReader<ChildStdout>,
}

impl Chromedriver {
    /// What it and Chromium write beside the profile lies in `folder`, too.
    pub fn start(folder: &Path) -> Result<Chromedriver> {
        let program = program("CHROMEDRIVER", "chromedriver");
        let mut child = Command::new(&program)
            .args(["--port=0", "--log-level=SEVERE"])
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("no output")?);
        let port = read_port(&mut stdout);
        let driver = Chromedriver { child, port: *port.as_ref().unwrap_or(&0), _stdout: stdout };
        port.map(|_| driver)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The driver says "ChromeDriver was started successfully on port 12345."
fn read_port(stdout: &mut impl BufRead) -> Result<u16> {
    let mut lines = stdout.lines().map_while(Result::ok);
    let line =
        lines.find(|line| line.contains("successfully on port")).context("chromedriver did not start")?;
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse().with_context(|| format!("no port in {line:?}"))
}

pub fn capabilities(profile: &Path) -> Result<ChromeCapabilities> {
    let mut chrome = ChromeCapabilities::new();
    for flag in FLAGS {
        chrome.add_arg(flag)?;
    }
    chrome.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    chrome.set_binary(&program("CHROMIUM", "/usr/bin/chromium").to_string_lossy())?;
    chrome.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(chrome)
}

fn program(variable: &str, default: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| default.into())
}
