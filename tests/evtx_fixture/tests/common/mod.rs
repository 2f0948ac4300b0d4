//! Reading logs back with the two parsers we hold ourselves to.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::PathBuf;
use std::process::Command;

use evtx::{EvtxParser, ParserSettings};
use serde_json::Value;

pub struct ReadRecord {
    pub id: u64,
    pub time: String,
    pub json: Value,
}

/// Every record as the `evtx` crate reads it.
#[track_caller]
pub fn read_with_evtx(log: &[u8]) -> Vec<ReadRecord> {
    let settings = ParserSettings::default().validate_checksums(true).num_threads(1);
    let mut parser = EvtxParser::from_buffer(log.to_vec()).expect("a log").with_configuration(settings);
    let records = parser.records_json_value().map(|record| {
        let record = record.expect("a record");
        let time = record.timestamp.to_string();
        ReadRecord { id: record.event_record_id, time, json: record.data["Event"].clone() }
    });
    records.collect()
}

/// The records as libevtx counts them, or none where it is not installed. Fails if it complains.
#[track_caller]
pub fn count_with_evtxexport(log: &[u8], name: &str) -> Option<usize> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.evtx"));
    std::fs::write(&path, log).expect("a temporary file");
    let Ok(output) = Command::new("evtxexport").args(["-f", "xml"]).arg(&path).output() else {
        println!("skipped: evtxexport is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {complaints}");
    let bad = |line: &&str| {
        let line = line.to_lowercase();
        ["unable", "corrupt", "error", "recovered"].iter().any(|word| line.starts_with(word))
    };
    assert_eq!(text.lines().chain(complaints.lines()).find(bad), None, "{name}");
    Some(text.matches("<Event xmlns=").count())
}

/// A value in JSON as text, whether a number or a string.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Object(map) => map.get("#text").map_or(String::new(), text_of),
        other => other.to_string(),
    }
}
