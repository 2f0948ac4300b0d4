//! What an independent, deliberately minimal pairing found in the same logs (expected/README.md).

use serde::Deserialize;
use std::path::Path;

/// A file, or files that belong together.
#[derive(Deserialize)]
pub struct Expected {
    #[serde(skip)]
    pub name: String,
    pub files: Vec<String>,
    pub records_read: u64,
    pub duplicates_removed: u64,
    pub logoff_orphans: usize,
    pub boots: usize,
    pub boot_list: Vec<Start>,
    #[serde(skip)]
    pub logons: Vec<Logon>,
}

#[derive(Deserialize)]
pub struct Start {
    pub computer: String,
    pub record_4608: Option<u64>,
}

/// One 4624 with what ended it.
#[derive(Debug, Deserialize)]
pub struct Logon {
    /// In lower case.
    pub computer: String,
    pub logon_id: String,
    #[serde(rename = "wellknown_luid")]
    pub is_fixed: bool,
    pub start: String,
    pub start_record: u64,
    pub end: Option<String>,
    pub end_reason: String,
    pub end_record_4634: Option<u64>,
    pub end_record_4647: Option<u64>,
    pub duration_s: Option<f64>,
}

/// Everything that is expected, by name.
pub fn all(folder: &Path) -> Vec<Expected> {
    let folder = folder.join("expected");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the real logs have expectations")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    names.into_iter().map(|name| read(&folder, name)).collect()
}

fn read(folder: &Path, name: String) -> Expected {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("it can be read");
    let summary: Expected = serde_json::from_str(&text(&name)).expect("a summary is JSON");
    let rows = text(&name.replace(".json", ".sessions.jsonl"));
    let logons = rows.lines().map(|line| serde_json::from_str(line).expect("a logon is JSON")).collect();
    Expected { name, logons, ..summary }
}
