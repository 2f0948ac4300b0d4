//! The page's program: the `web` crate as WebAssembly, and the JavaScript that binds it to the browser.
//!
//! The same commit gives the same bytes wherever it is built, so the paths of the building machine are kept out.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::run::{WASM_TARGET, cargo, output, root, target_dir};

pub struct Program {
    /// Defines the global `wasm_bindgen`.
    pub glue: String,
    pub module: Vec<u8>,
}

/// The version and commit as the page and the command line show it.
pub struct Version {
    pub commit: String,
}

impl Version {
    pub fn of_the_tree() -> Result<Version> {
        if !root().join(".git").exists() {
            return Ok(Version { commit: "unknown".to_owned() });
        }
        let commit = output("git", &["rev-parse", "--short=12", "HEAD"])?;
        let is_dirty = !output("git", &["status", "--porcelain"])?.is_empty();
        Ok(Version { commit: if is_dirty { commit + "+dirty" } else { commit } })
    }

    pub fn text(&self) -> String {
        format!("{} ({})", env!("CARGO_PKG_VERSION"), self.commit)
    }
}

pub fn build(version: &Version) -> Result<Program> {
    let status = cargo(["build", "--package", "sessionscope-web", "--lib", "--profile", "wasm"])
        .args(["--target", WASM_TARGET, "--config", &remap_flags()?])
        .env("SESSIONSCOPE_COMMIT", &version.commit)
        // They would replace the flags of the configuration, and the bytes would depend on who builds.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()?;
    if !status.success() {
        bail!("the page's program does not build");
    }
    let program = bind(&target_dir().join(WASM_TARGET).join("wasm/sessionscope_web.wasm"))?;
    ensure_no_paths(&program.module)?;
    Ok(program)
}

/// Cargo joins these flags with those of `.cargo/config.toml`.
fn remap_flags() -> Result<String> {
    let flags =
        remaps()?.into_iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let quoted: Vec<_> = flags.map(|flag| format!("{flag:?}")).collect();
    Ok(format!("target.{WASM_TARGET}.rustflags=[{}]", quoted.join(",")))
}

/// Which folders of this machine are to be called what. Of several that match, rustc takes the last.
fn remaps() -> Result<Vec<(PathBuf, String)>> {
    let sysroot = PathBuf::from(output("rustc", &["--print", "sysroot"])?);
    let mut remaps = vec![
        (root(), "/sessionscope".to_owned()),
        (target_dir(), "/target".to_owned()),
        // Where the standard library's source is installed, rustc names it by where it lies.
        (sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{}", rustc_commit()?)),
    ];
    remaps.extend(registries()?.into_iter().map(|folder| (folder, "/crates".to_owned())));
    Ok(remaps)
}

fn rustc_commit() -> Result<String> {
    let version = output("rustc", &["--version", "--verbose"])?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    Ok(commit.context("rustc does not tell its commit")?.to_owned())
}

/// The folders of unpacked crates; their names depend on the registry or its mirror.
fn registries() -> Result<Vec<PathBuf>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("no home folder")?;
    let Ok(entries) = fs::read_dir(home.join("registry/src")) else { return Ok(Vec::new()) };
    let mut folders: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    folders.sort();
    Ok(folders)
}

/// A new way for paths to get in shall be seen when it comes, not when somebody cannot build the same bytes.
fn ensure_no_paths(module: &[u8]) -> Result<()> {
    for (folder, _) in remaps()? {
        let path = folder.to_string_lossy();
        let is_in = module.windows(path.len()).any(|window| window == path.as_bytes());
        ensure!(!is_in, "the program contains a path of this machine: {path}");
    }
    Ok(())
}

fn bind(wasm: &Path) -> Result<Program> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).no_modules(true)?.typescript(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    let mut output = bindgen.generate_output().context("wasm-bindgen cannot read what was built")?;
    let with_inline = output.snippets().iter().filter(|(_, inline)| !inline.is_empty());
    let of_crates: Vec<_> = with_inline.map(|(name, _)| name).chain(output.local_modules().keys()).collect();
    if !of_crates.is_empty() {
        bail!("JavaScript that crates bring along, which a page without modules cannot hold: {of_crates:?}");
    }
    Ok(Program { glue: output.js().to_owned(), module: output.wasm_mut().emit_wasm() })
}
