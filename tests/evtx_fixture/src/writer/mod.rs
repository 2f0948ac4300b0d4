//! Writes EVTX: a file header, then chunks of 64 KiB, each with its own names, templates and checksums.
//!
//! [`LogStream`] writes to anything seekable with one chunk in memory; [`LogWriter`] keeps the log in memory.

mod binxml;
mod chunk;
mod record;
mod template;

use std::fmt;
use std::io::{Cursor, Seek, SeekFrom, Write};

pub(crate) use chunk::{CHUNK_HEADER_SIZE, CHUNK_SIZE, header_checksum};

use crate::event::Event;
use chunk::Chunk;
use template::Templates;

pub(crate) const FILE_HEADER_SIZE: usize = 4096;

/// The part of the file header its checksum covers.
pub(crate) const FILE_HEADER_CHECKED: usize = 120;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Marks the log as not closed properly, as in copies of a live log.
    pub is_dirty: bool,
    /// Ends the strings of named fields with a NUL, as ETW providers do since Windows 8.
    pub nul_terminated: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        LogOptions { is_dirty: false, nul_terminated: true }
    }
}

#[derive(Debug)]
pub enum WriteError {
    /// The record alone is larger than a chunk; it was not written.
    RecordTooLarge {
        record_id: u64,
    },
    /// The file header counts chunks with 16 bits.
    TooManyChunks,
    Io(std::io::Error),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::RecordTooLarge { record_id } => {
                write!(f, "record {record_id} does not fit into a chunk")
            }
            WriteError::TooManyChunks => write!(f, "a log holds at most {} chunks", u16::MAX),
            WriteError::Io(error) => write!(f, "the log could not be written: {error}"),
        }
    }
}

impl std::error::Error for WriteError {}

impl From<std::io::Error> for WriteError {
    fn from(error: std::io::Error) -> Self {
        WriteError::Io(error)
    }
}

/// A log written chunk by chunk; the file header comes last.
pub struct LogStream<W> {
    out: W,
    options: LogOptions,
    chunk: Chunk,
    templates: Templates,
    scratch: Vec<u8>,
    n_chunks: u16,
    n_sealed_records: u64,
    next_id: u64,
}

impl<W: Write + Seek> LogStream<W> {
    pub fn new(mut out: W, options: LogOptions) -> Result<Self, WriteError> {
        out.write_all(&[0; FILE_HEADER_SIZE])?;
        Ok(LogStream {
            out,
            options,
            chunk: Chunk::new(),
            templates: Templates::default(),
            scratch: Vec::new(),
            n_chunks: 0,
            n_sealed_records: 0,
            next_id: 1,
        })
    }

    pub fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        if !self.try_write(event) {
            if self.chunk.is_empty() {
                return Err(WriteError::RecordTooLarge { record_id: event.record_id });
            }
            self.end_chunk()?;
            if !self.try_write(event) {
                return Err(WriteError::RecordTooLarge { record_id: event.record_id });
            }
        }
        self.next_id = event.header_id.unwrap_or(event.record_id).wrapping_add(1);
        Ok(())
    }

    /// Ends the current chunk, so that the next record starts one.
    pub fn end_chunk(&mut self) -> Result<(), WriteError> {
        let n_records = self.chunk.n_records();
        self.out.write_all(self.chunk.seal(self.n_sealed_records + 1))?;
        self.n_chunks = self.n_chunks.checked_add(1).ok_or(WriteError::TooManyChunks)?;
        self.n_sealed_records += n_records;
        self.chunk.clear();
        Ok(())
    }

    pub fn n_bytes(&self) -> u64 {
        FILE_HEADER_SIZE as u64 + u64::from(self.n_chunks) * CHUNK_SIZE as u64
    }

    pub fn finish(mut self) -> Result<W, WriteError> {
        if !self.chunk.is_empty() || self.n_chunks == 0 {
            self.end_chunk()?;
        }
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&self.file_header())?;
        self.out.seek(SeekFrom::End(0))?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn try_write(&mut self, event: &Event) -> bool {
        let LogStream { chunk, templates, scratch, options, .. } = self;
        let id = event.header_id.unwrap_or(event.record_id);
        chunk.try_record(id, event.time.0, |chunk| {
            record::write(event, options.nul_terminated, templates, scratch, chunk);
        })
    }

    fn file_header(&self) -> [u8; 128] {
        let mut header = [0; 128];
        let last_chunk = u64::from(self.n_chunks.saturating_sub(1));
        header[..8].copy_from_slice(b"ElfFile\0");
        header[16..24].copy_from_slice(&last_chunk.to_le_bytes());
        header[24..32].copy_from_slice(&self.next_id.to_le_bytes());
        header[32..36].copy_from_slice(&128u32.to_le_bytes());
        header[36..38].copy_from_slice(&1u16.to_le_bytes());
        header[38..40].copy_from_slice(&3u16.to_le_bytes());
        header[40..42].copy_from_slice(&(FILE_HEADER_SIZE as u16).to_le_bytes());
        header[42..44].copy_from_slice(&self.n_chunks.to_le_bytes());
        header[120..124].copy_from_slice(&u32::from(self.options.is_dirty).to_le_bytes());
        let checksum = crc32fast::hash(&header[..FILE_HEADER_CHECKED]);
        header[124..128].copy_from_slice(&checksum.to_le_bytes());
        header
    }
}

/// A log in memory.
pub struct LogWriter {
    stream: LogStream<Cursor<Vec<u8>>>,
}

impl LogWriter {
    pub fn new() -> LogWriter {
        let stream = LogStream::new(Cursor::new(Vec::new()), LogOptions::default());
        LogWriter { stream: stream.unwrap_or_else(|_| unreachable!("memory takes every byte")) }
    }

    #[must_use]
    pub fn dirty(mut self, is_dirty: bool) -> Self {
        self.stream.options.is_dirty = is_dirty;
        self
    }

    #[must_use]
    pub fn nul_terminated(mut self, nul_terminated: bool) -> Self {
        self.stream.options.nul_terminated = nul_terminated;
        self
    }

    /// Adds a record. A test that asks for an impossible one should fail, so this panics rather than returns an error.
    ///
    /// # Panics
    /// If the record is larger than a chunk, or the log has 65,536 chunks.
    #[track_caller]
    pub fn write(&mut self, event: &Event) {
        if let Err(error) = self.stream.write(event) {
            panic!("{error}");
        }
    }

    /// Ends the current chunk, so that the next record starts one.
    ///
    /// # Panics
    /// If the log has 65,536 chunks.
    #[track_caller]
    pub fn end_chunk(&mut self) {
        if let Err(error) = self.stream.end_chunk() {
            panic!("{error}");
        }
    }

    /// # Panics
    /// If the log has 65,536 chunks.
    #[track_caller]
    pub fn finish(self) -> Vec<u8> {
        match self.stream.finish() {
            Ok(out) => out.into_inner(),
            Err(error) => panic!("{error}"),
        }
    }
}

impl Default for LogWriter {
    fn default() -> Self {
        LogWriter::new()
    }
}

/// A log with no record in it, as Windows leaves one that was never written to.
pub fn empty_log() -> Vec<u8> {
    LogWriter::new().finish()
}
