//! Chunk bytes to events and problems; the only place that names the `evtx` crate.

use serde::{Deserialize, Serialize};

/// A chunk of a log: the unit of parallel reading.
pub const CHUNK_BYTES: usize = 65_536;

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

/// How many bytes of a file's beginning `open` wants (fewer, if the file is shorter).
pub const HEADER_BYTES: usize = 4096;

/// Looks at the first bytes of a file of `bytes` bytes.
pub fn open(_header: &[u8], _bytes: u64) -> Opening {
    Opening::default()
}

/// Parses a batch of chunks (whole 64 KiB chunks; the last of a file may be cut short) that begins at chunk
/// `first_chunk` of the source into an encoded block for `Case::add_block`.
pub fn parse_batch(_source: u32, _first_chunk: u32, _bytes: &[u8]) -> Vec<u8> {
    Vec::new()
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

/// Renders the record with this EventRecordID (or, failing that, header id) from its chunk's bytes.
/// The error is one sentence.
pub fn record_view(_chunk: &[u8], record: u64) -> Result<RecordView, String> {
    Err(format!("record {record} is not in its chunk"))
}
