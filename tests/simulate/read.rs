//! Rows to EVTX bytes, and through the whole program.

use super::{LOGS, Log, RowIdx, World};
use evtx_fixture::{Event, LogWriter};
use sessionscope::case::{Case, Format};
use sessionscope::parse::{CHUNK_BYTES, HEADER_BYTES, Templates, open, parse_batch};
use sessionscope::session::record::Record;

/// A log file: its path and its bytes.
pub type File = (String, Vec<u8>);

/// One file for each log that has records left.
pub fn files(world: &World, left: &[bool]) -> Vec<File> {
    let rows = |log: Log| (0..world.rows.len()).filter(move |&row| world.rows[row].log == log && left[row]);
    let logs = LOGS.into_iter().map(|log| (log, rows(log).collect::<Vec<_>>()));
    logs.filter(|(_, rows)| !rows.is_empty())
        .map(|(log, rows)| (format!("logs/{log:?}.evtx"), file(world, &rows)))
        .collect()
}

/// An export whose records are numbered anew, from 1.
pub fn renumbered(world: &World, rows: &[RowIdx]) -> Vec<u8> {
    let mut writer = LogWriter::new();
    for (n, &row) in rows.iter().enumerate() {
        writer.write(&Event { record_id: n as u64 + 1, ..world.rows[row].event.clone() });
    }
    writer.finish()
}

pub fn file(world: &World, rows: &[RowIdx]) -> Vec<u8> {
    let mut writer = LogWriter::new();
    rows.iter().for_each(|&row| writer.write(&world.rows[row].event));
    writer.finish()
}

/// As [`file`], with so many records in each chunk.
pub fn chunked(world: &World, rows: &[RowIdx], per_chunk: usize) -> Vec<u8> {
    let mut writer = LogWriter::new();
    for chunk in rows.chunks(per_chunk) {
        chunk.iter().for_each(|&row| writer.write(&world.rows[row].event));
        writer.end_chunk();
    }
    writer.finish()
}

/// What is read of files, and how many problems that made.
pub fn load(files: &[File]) -> (Case, usize) {
    let mut case = Case::new();
    let mut n_problems = 0;
    for (path, bytes) in files {
        let opening = open(&bytes[..HEADER_BYTES.min(bytes.len())], bytes.len() as u64);
        let first = opening.first_chunk_offset;
        let source = case.add_source(path, bytes.len() as u64, opening);
        let chunks = bytes.get(first as usize..).unwrap_or_default().chunks(CHUNK_BYTES).enumerate();
        for (n, chunk) in chunks {
            let block = parse_batch(source, n as u32, first, chunk, &mut Templates::default());
            n_problems += block.problems.len();
            case.add_block(&block).expect("the source was added");
        }
        case.end_source(source, None);
    }
    case.update();
    (case, n_problems)
}

/// The JSON lines of every session of undamaged files.
pub fn json_lines(files: &[File]) -> String {
    let (mut case, n_problems) = load(files);
    assert_eq!(n_problems, 0, "undamaged logs have no problems");
    lines(&mut case)
}

/// The JSON lines of every session of a case.
pub fn lines(case: &mut Case) -> String {
    let (bytes, _) = case.export(Format::JsonLines, None, 0, u32::MAX);
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

pub fn records(files: &[File]) -> Vec<Record> {
    let lines = json_lines(files);
    lines.lines().map(|line| serde_json::from_str(line).expect("a record reads back")).collect()
}

/// Ticks of a time as records have it.
pub fn ticks(text: &Option<String>) -> Option<i64> {
    let text = text.as_deref()?;
    Some(evtx_fixture::FileTime::parse(text).expect("a time of this century").0 as i64)
}
