//! What the checks need beside cargo, and how it is installed where it may be.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{WASM_TARGET, cargo, output, target_dir};

/// Programs and the Debian packages they are in.
const PACKAGES: [(&str, &str); 3] =
    [("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("evtxexport", "libevtx-utils")];

/// The same for engines other than Chromium's, without which the page is still tested in that.
const ENGINES: [(&str, &str); 3] =
    [("firefox-esr", "firefox-esr"), ("WebKitWebDriver", "webkit2gtk-driver"), ("Xvfb", "xvfb")];

/// Firefox's driver is no Debian package.
const GECKODRIVER_VERSION: &str = "0.37.1";

/// The standard library of the page's target.
pub fn ensure_wasm_target() -> Result<()> {
    let libraries = output("rustc", &["--print", "target-libdir", "--target", WASM_TARGET])?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    install("rustup", &["target", "add", WASM_TARGET])
}

/// The parts of the toolchain that a minimal installation leaves out.
pub fn ensure_components() -> Result<()> {
    if output("cargo", &["clippy", "--version"]).is_ok() && output("cargo", &["fmt", "--version"]).is_ok() {
        return Ok(());
    }
    install("rustup", &["component", "add", "clippy", "rustfmt"])
}

pub fn ensure_packages() -> Result<()> {
    install_missing(&PACKAGES)
}

/// What drives the page in the other engines.
pub fn ensure_engines() -> Result<()> {
    install_missing(&ENGINES)?;
    if find("geckodriver").is_none() {
        installed("geckodriver", "geckodriver", GECKODRIVER_VERSION)?;
    }
    Ok(())
}

/// The programs of the other engines that are here, by the variables that tell the browser tests where.
pub fn engines() -> impl Iterator<Item = (&'static str, PathBuf)> {
    let driver =
        find("geckodriver").or_else(|| Some(crate_program("geckodriver")).filter(|path| path.is_file()));
    let found = [
        ("FIREFOX", find("firefox-esr")),
        ("GECKODRIVER", driver),
        ("WEBKITWEBDRIVER", find("WebKitWebDriver")),
        ("XVFB", find("Xvfb")),
    ];
    found.into_iter().filter_map(|(variable, path)| Some((variable, path?)))
}

/// The Debian packages of the programs that are not there.
fn install_missing(packages: &[(&'static str, &'static str)]) -> Result<()> {
    let missing: Vec<_> =
        packages.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if find("apt-get").is_none() || output("id", &["-u"])? != "0" {
        bail!("only root on Debian can install {0}: apt-get install {0}", missing.join(" "));
    }
    install("apt-get", &["-o", "Acquire::Retries=3", "update"])?;
    install("apt-get", &[&["install", "-y", "--no-install-recommends"], &missing[..]].concat())
}

/// A program of a crate, built once.
pub fn installed(package: &str, program: &str, version: &str) -> Result<PathBuf> {
    let path = crate_program(program);
    if !path.is_file() {
        println!("installing {program} {version} ...");
        let tools = target_dir().join("tools");
        fs::create_dir_all(&tools)?;
        let mut install = cargo(["install", package, "--version", version, "--locked", "--root"]);
        // From elsewhere, for this repository's settings are not those of other people's programs.
        install.arg(&tools).current_dir(&tools).env("CARGO_TARGET_DIR", tools.join("build"));
        ensure!(install.status()?.success(), "{program} cannot be installed");
    }
    Ok(path)
}

fn crate_program(program: &str) -> PathBuf {
    target_dir().join("tools/bin").join(program)
}

/// Where a program lies: as the variable of its name in capitals says, or in the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    if let Some(path) = env::var_os(program.to_uppercase()) {
        return Some(path.into());
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn install(program: &str, args: &[&str]) -> Result<()> {
    println!("{program} {}", args.join(" "));
    let mut command = Command::new(program);
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    let status = command.status().with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{program} {} failed", args.join(" "));
    }
    Ok(())
}
