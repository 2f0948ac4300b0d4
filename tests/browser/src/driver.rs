//! The driver's process: started on a free port, and gone with the test.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use thirtyfour::{Capabilities, ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel};

/// A browser, by what runs its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
    /// Safari's, as GTK's browser has it.
    WebKit,
}

impl Engine {
    /// What has to be there to drive it: the variables that say where, which `cargo xtask test` sets.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Engine::Chromium => &[],
            Engine::Firefox => &["FIREFOX", "GECKODRIVER"],
            Engine::WebKit => &["WEBKITWEBDRIVER", "XVFB"],
        }
    }

    /// The first of them that is not there.
    pub fn missing(self) -> Option<&'static str> {
        self.programs().iter().copied().find(|program| env::var_os(program).is_none())
    }
}

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

/// A driver that takes longer is broken, even on a slow machine.
const MAX_START: Duration = Duration::from_secs(30);

pub struct Driver {
    /// The screen, where the browser needs one, after what is shown on it.
    processes: Vec<Process>,
    port: u16,
}

impl Driver {
    /// What it and the browser write beside the profile lies in `folder`, too.
    pub fn start(engine: Engine, folder: &Path) -> Result<Driver> {
        match engine {
            Engine::Chromium => {
                let mut driver = command("CHROMEDRIVER", "chromedriver", folder);
                let mut process = Process::start(driver.args(["--port=0", "--log-level=SEVERE"]))?;
                let port = number_in(&mut process.stdout, "successfully on port")?;
                Ok(Driver { processes: vec![process], port: port.parse()? })
            }
            Engine::Firefox => {
                let mut driver = command("GECKODRIVER", "geckodriver", folder);
                let mut process = Process::start(driver.args(["--port", "0"]))?;
                let port = number_in(&mut process.stdout, "Listening on 127.0.0.1:")?;
                Ok(Driver { processes: vec![process], port: port.parse()? })
            }
            Engine::WebKit => {
                let port = free_port()?;
                let mut screen = command("XVFB", "Xvfb", folder);
                let args = ["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"];
                let mut screen = Process::start(screen.args(args))?;
                let display = number_in(&mut screen.stdout, "")?;
                let mut driver = command("WEBKITWEBDRIVER", "WebKitWebDriver", folder);
                driver.env("DISPLAY", format!(":{display}")).arg(format!("--port={port}"));
                Driver { processes: vec![Process::start(&mut driver)?, screen], port }.started()
            }
        }
    }

    /// Waits until it listens.
    fn started(self) -> Result<Driver> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            ensure!(start.elapsed() < MAX_START, "the driver did not start within {MAX_START:?}");
            sleep(Duration::from_millis(50));
        }
        Ok(self)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }
}

struct Process {
    child: Child,
    /// Held open: it would fail to write to a closed one.
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(command: &mut Command) -> Result<Process> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let stdout = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Process { child, stdout })
    }
}

/// A program that keeps what it leaves behind in this folder.
fn command(variable: &str, default: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(variable, default));
    command.env("TMPDIR", folder).env("HOME", folder).env("XDG_RUNTIME_DIR", folder);
    command
}

/// The number after a text, in the first line that has that: "ChromeDriver was started successfully on port 12345."
fn number_in(stdout: &mut impl BufRead, text: &str) -> Result<String> {
    for line in stdout.lines().map_while(Result::ok) {
        if let Some((_, rest)) = line.split_once(text) {
            return Ok(rest.chars().filter(char::is_ascii_digit).collect());
        }
    }
    bail!("it did not start")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

pub fn capabilities(engine: Engine, profile: &Path) -> Result<Capabilities> {
    let mut other = Capabilities::new();
    match engine {
        Engine::Chromium => return chromium(profile),
        Engine::Firefox => {
            let binary = program("FIREFOX", "firefox-esr").to_string_lossy().into_owned();
            other.set("browserName", "firefox")?;
            other.set("moz:firefoxOptions", json!({ "args": ["-headless"], "binary": binary }))?;
        }
        Engine::WebKit => other.set("browserName", "MiniBrowser")?,
    }
    Ok(other)
}

fn chromium(profile: &Path) -> Result<Capabilities> {
    let mut chrome = ChromeCapabilities::new();
    for flag in FLAGS {
        chrome.add_arg(flag)?;
    }
    chrome.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    chrome.set_binary(&program("CHROMIUM", "/usr/bin/chromium").to_string_lossy())?;
    chrome.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(chrome.into())
}

fn program(variable: &str, default: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| default.into())
}
