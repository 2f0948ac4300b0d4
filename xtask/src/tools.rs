//! What the checks need beside cargo, and how it is installed where it may be.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::run::{WASM_TARGET, output};

/// Programs and the Debian packages they are in.
const PACKAGES: [(&str, &str); 3] =
    [("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("evtxexport", "libevtx-utils")];

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

/// The Debian packages of the programs that are not there.
pub fn ensure_packages() -> Result<()> {
    let missing: Vec<_> =
        PACKAGES.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if find("apt-get").is_none() || output("id", &["-u"])? != "0" {
        bail!("only root on Debian can install {0}: apt-get install {0}", missing.join(" "));
    }
    install("apt-get", &["-o", "Acquire::Retries=3", "update"])?;
    install("apt-get", &[&["install", "-y", "--no-install-recommends"], &missing[..]].concat())
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
