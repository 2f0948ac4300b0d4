//! Tells the code which commit it is made from, as `SESSIONSCOPE_COMMIT`.
//!
//! `cargo xtask` has looked already and passes it on. Otherwise git is asked; `+dirty` then means that something
//! this package is made of was changed after that commit.

use std::process::Command;

const SOURCES: [&str; 4] = ["src", "build.rs", "Cargo.toml", "Cargo.lock"];

fn main() {
    let commit = std::env::var("SESSIONSCOPE_COMMIT").ok().or_else(commit_from_git);
    println!("cargo:rustc-env=SESSIONSCOPE_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo:rerun-if-env-changed=SESSIONSCOPE_COMMIT");
    SOURCES.iter().for_each(|path| println!("cargo:rerun-if-changed={path}"));
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={log}");
    }
}

fn commit_from_git() -> Option<String> {
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&[&["status", "--porcelain", "--"], &SOURCES[..]].concat())?;
    Some(if changes.is_empty() { commit } else { commit + "+dirty" })
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
