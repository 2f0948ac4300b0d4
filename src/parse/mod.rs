//! Chunk bytes to events and problems. Never fails as a whole.
//!
//! [`plain`] reads chunks as Windows writes them, fast; [`slow`] reads all others, through the `evtx` crate. What
//! comes out of both is a [`block::Block`].

pub mod block;
mod cells;
mod checksum;
mod instance;
mod plain;
mod plan;
mod same;
mod shape;
mod slow;
mod template;
mod value;

pub use plain::Templates;
pub use value::system_time;

use crate::problem::{Cost, Problem};
use block::{Block, BlockBuilder};
use serde::{Deserialize, Serialize};
use value::u16_at;

/// A chunk of a log: the unit of parallel reading.
pub const CHUNK_BYTES: usize = 65_536;

/// How many bytes of a file's beginning [`open`] wants (fewer, if the file is shorter).
pub const HEADER_BYTES: usize = 4096;

const FILE_MAGIC: &[u8; 8] = b"ElfFile\0";
const CHUNK_MAGIC: &[u8; 8] = b"ElfChnk\0";

/// What the first bytes of a file say about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// Whether it is an event log at all; `problem` says what it is instead.
    pub is_log: bool,
    /// Where its chunks begin.
    pub first_chunk_offset: u64,
    /// Chunks between there and the end of the file, the last perhaps cut short.
    pub n_chunks: u32,
    pub is_dirty: bool,
    pub problem: Option<String>,
}

/// Looks at the first bytes of a file of `bytes` bytes. Logs are recognised by their content, never by their name.
pub fn open(header: &[u8], bytes: u64) -> Opening {
    if header.is_empty() {
        return not_a_log("the file is empty".to_owned());
    }
    if !header.starts_with(FILE_MAGIC) {
        return open_without_header(header, bytes);
    }
    // 4096 in every log known; a header that says otherwise is believed only within reason.
    let block_bytes = u16_at(header, 40).filter(|&n| n >= 128).map_or(HEADER_BYTES as u64, u64::from);
    let n_chunks = bytes.saturating_sub(block_bytes).div_ceil(CHUNK_BYTES as u64);
    let n_told = u64::from(u16_at(header, 42).unwrap_or(0));
    let problem = match n_chunks {
        _ if bytes < HEADER_BYTES as u64 => {
            Some(format!("the log is cut off: a file header has {HEADER_BYTES} bytes, the file {bytes}"))
        }
        // The header of a log that was copied in use counts fewer than there are, never more.
        n if n < n_told => {
            Some(format!("the log is cut off: its header counts {n_told} chunks, the file has {n}"))
        }
        _ => None,
    };
    Opening {
        is_log: true,
        first_chunk_offset: block_bytes,
        n_chunks: u32::try_from(n_chunks).unwrap_or(u32::MAX),
        is_dirty: header.get(120).is_some_and(|flags| flags & 1 != 0),
        problem,
    }
}

/// A file whose header is damaged may still have its chunks where they belong.
fn open_without_header(header: &[u8], bytes: u64) -> Opening {
    let n_chunks = |at: u64| u32::try_from((bytes - at).div_ceil(CHUNK_BYTES as u64)).unwrap_or(u32::MAX);
    if header.starts_with(CHUNK_MAGIC) {
        let problem = Some("the file begins with a chunk: its file header is missing".to_owned());
        return Opening {
            is_log: true,
            first_chunk_offset: 0,
            n_chunks: n_chunks(0),
            is_dirty: true,
            problem,
        };
    }
    let looks_like = match header {
        [b'P', b'K', 3 | 5, ..] => "a ZIP archive",
        [0x1f, 0x8b, ..] => "gzip-compressed data",
        b"LfLe" => "an event log of Windows XP or 2003 (.evt)",
        _ if header.get(4..8) == Some(b"LfLe") => "an event log of Windows XP or 2003 (.evt)",
        _ if header.iter().take(512).all(|&byte| byte == 0) => "zeros",
        _ if header.iter().take(512).all(|&byte| byte >= b' ' || byte.is_ascii_whitespace()) => "text",
        _ => "something else",
    };
    not_a_log(format!("not an event log: it should begin with \"ElfFile\", but is {looks_like}"))
}

fn not_a_log(problem: String) -> Opening {
    Opening { problem: Some(problem), ..Opening::default() }
}

/// Parses a batch of chunks (whole chunks of 64 KiB; the last of a file may be cut short) that begins at chunk
/// `first_chunk` of the source, whose own chunks begin at `first_chunk_offset`.
pub fn parse_batch(
    source: u32,
    first_chunk: u32,
    first_chunk_offset: u64,
    bytes: &[u8],
    templates: &mut Templates,
) -> Block {
    let mut block = BlockBuilder::new(source, bytes.len());
    for (n, pair) in bytes.chunks(2 * CHUNK_BYTES).enumerate() {
        let (one, other) = pair.split_at(pair.len().min(CHUNK_BYTES));
        let hold = plain::checksums_hold([one, other]);
        for (chunk, (n, holds)) in [one, other].into_iter().zip((2 * n as u32..).zip(hold)) {
            let idx = first_chunk.saturating_add(n);
            let offset = first_chunk_offset + u64::from(idx) * CHUNK_BYTES as u64;
            read_chunk(chunk, holds, idx, offset, templates, &mut block);
        }
    }
    block.finish()
}

fn read_chunk(
    chunk: &[u8],
    checksums_hold: bool,
    idx: u32,
    offset: u64,
    templates: &mut Templates,
    block: &mut BlockBuilder,
) {
    if chunk.is_empty() {
        return;
    }
    if !chunk.starts_with(CHUNK_MAGIC) {
        return no_chunk(chunk, idx, offset, block);
    }
    block.begin_chunk(idx);
    if chunk.len() < CHUNK_BYTES {
        let text = format!("the file is cut off: its last chunk has {} of {CHUNK_BYTES} bytes", chunk.len());
        block.problems.push(Problem {
            chunk: Some(idx),
            offset: Some(offset),
            record: None,
            cost: Cost::Nothing,
            text,
        });
    } else if checksums_hold {
        let mark = block.mark();
        if plain::read_chunk(chunk, templates, block).is_some() {
            block.chunks.n_read += 1;
            return;
        }
        block.go_back(mark);
    } else {
        block.chunks.n_bad_checksum += 1;
    }
    slow::read_chunk(chunk, idx, offset, block);
}

/// What stands where a chunk should be.
fn no_chunk(chunk: &[u8], idx: u32, offset: u64, block: &mut BlockBuilder) {
    if chunk.iter().all(|&byte| byte == 0) {
        block.chunks.n_unused += 1;
        return;
    }
    block.chunks.n_failed += 1;
    let found = chunk.get(..8).unwrap_or(chunk).escape_ascii();
    block.problems.push(Problem {
        chunk: Some(idx),
        offset: Some(offset),
        record: None,
        cost: Cost::Chunk,
        text: format!("chunk {idx} should begin with \"ElfChnk\", but begins with \"{found}\""),
    });
}

/// One record, whole, for reading: rendered from its chunk's bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordView {
    pub record: u64,
    /// Indented XML text.
    pub xml: String,
    /// Names and values of the System and data fields, in order.
    pub fields: Vec<(String, String)>,
}

/// Renders the record with this EventRecordID (or, failing that, this id in its header) from its chunk's bytes.
/// The error is one sentence.
pub fn record_view(chunk: &[u8], record: u64) -> Result<RecordView, String> {
    slow::record_view(chunk, record)
}
