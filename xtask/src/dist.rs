//! `cargo xtask dist`: the page as one file, ready to be published or carried away.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::pack::{Parts, gzip, pack, sha256_hex};
use crate::program::{self, Version};
use crate::run::root;
use crate::tools;

const NAME: &str = "sessionscope.html";

/// It is carried on sticks and mailed around; and whoever opens it waits for all of it.
const MAX_BYTES: usize = 2_000_000;

/// Builds, packs and writes the page; its path is absolute.
pub fn dist() -> Result<PathBuf> {
    tools::ensure_wasm_target()?;
    let version = Version::of_the_tree()?;
    let program = program::build(&version)?;
    let module = gzip(&program.module)?;
    let page = pack(&Parts {
        skeleton: &read("index.html")?,
        style: &read("web/style.css")?,
        glue: &program.glue,
        boot: &read("web/js/boot.js")?,
        worker: &read("web/js/worker.js")?,
        version: &version.text(),
        module: &module,
    })?;
    let path = write(&page)?;
    println!("sessionscope {}", version.text());
    println!("  program     {:>9} bytes", program.module.len());
    println!("  compressed  {:>9} bytes", module.len());
    println!("  page        {:>9} bytes of at most {MAX_BYTES}", page.len());
    println!("  SHA-256     {}", sha256_hex(page.as_bytes()));
    println!("  file        {}", path.display());
    ensure!(page.len() < MAX_BYTES, "the page is {} bytes too large", page.len() - MAX_BYTES + 1);
    Ok(path)
}

/// A working copy may have Windows' line ends, a browser reads and hashes them as Unix' ones.
fn read(name: &str) -> Result<String> {
    let text = fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"))?;
    Ok(text.replace("\r\n", "\n"))
}

fn write(page: &str) -> Result<PathBuf> {
    let folder = root().join("dist");
    fs::create_dir_all(&folder)?;
    let path = folder.join(NAME);
    fs::write(&path, page)?;
    let sum = format!("{}  {NAME}\n", sha256_hex(page.as_bytes()));
    fs::write(folder.join(format!("{NAME}.sha256")), sum)?;
    Ok(path)
}
