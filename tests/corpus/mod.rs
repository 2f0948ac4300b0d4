//! Real logs, where they lie beside the checkout. They are not the project's to publish.

use crate::common::Log;
use std::io::Write;
use std::path::PathBuf;

/// The folder of real logs; where it is absent, says so on a line of its own, past the test harness, which keeps what
/// tests print to itself.
pub fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    let _ = std::io::stderr().write_all(b"\nskipped: no real logs at ../shared/corpus\n");
    None
}

/// What its manifest says of each file.
pub fn manifest(folder: &std::path::Path) -> Vec<serde_json::Value> {
    let text = std::fs::read(folder.join("MANIFEST.json")).expect("the real logs have a manifest");
    serde_json::from_slice(&text).expect("the manifest is JSON")
}

/// The name of a manifest's file.
pub fn name(entry: &serde_json::Value) -> &str {
    entry["file"].as_str().expect("each entry names its file")
}

pub fn read(folder: &std::path::Path, file: &str) -> Log {
    (file.to_owned(), std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}")))
}
