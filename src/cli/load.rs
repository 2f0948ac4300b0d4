//! Files to a case: threads read and parse batches, this one merges them.
//!
//! Files are read, never mapped, and only as many batches are in memory as there are threads, and a few finished
//! blocks: a log of any size takes the same memory, its sessions apart.

use super::{Failure, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use sessionscope::case::Case;
use sessionscope::case::ledger::Stop;
use sessionscope::export::visible;
use sessionscope::parse::block::Block;
use sessionscope::parse::{CHUNK_BYTES, HEADER_BYTES, Opening, Templates, open, parse_batch};
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

/// Chunks that are read at once: enough to make reading cheap, few enough to keep memory flat.
const BATCH_CHUNKS: u32 = 32;

/// A part of a file that a thread reads and parses.
struct Batch<'a> {
    source: u32,
    path: &'a Path,
    first_chunk_offset: u64,
    first_chunk: u32,
    n_chunks: u32,
}

/// What became of a batch.
enum Done {
    Read {
        block: Box<Block>,
        n_bytes: u64,
    },
    Failed {
        source: u32,
        text: String,
    },
    /// The parser gave up on these chunks; the rest of the file is not affected.
    Lost {
        source: u32,
        first_chunk: u32,
        n_chunks: u32,
    },
}

/// Loads files and folders, and works out the sessions.
pub fn load(paths: &[PathBuf]) -> Result<Case, Failure> {
    let mut case = Case::new();
    let mut files = Vec::new();
    for path in paths {
        list(path, &mut files).map_err(Failure::Nothing)?;
    }
    files.sort();
    files.dedup();
    let mut batches = Vec::new();
    for path in &files {
        let (source, opening) = add_source(&mut case, path);
        let starts = (0..opening.n_chunks).step_by(BATCH_CHUNKS as usize);
        batches.extend(starts.map(|first_chunk| Batch {
            source,
            path,
            first_chunk_offset: opening.first_chunk_offset,
            first_chunk,
            n_chunks: BATCH_CHUNKS.min(opening.n_chunks - first_chunk),
        }));
    }
    read_all(&mut case, &batches);
    for source in 0..files.len() as u32 {
        case.end_source(source, None);
    }
    case.update();
    Ok(case)
}

/// Lists what was named, a folder with all that is below it.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let error = |error| format!("cannot open {}: {error}", path.display());
    if path.metadata().map_err(error)?.is_dir() {
        return list_below(path, files).map_err(error);
    }
    files.push(path.to_owned());
    Ok(())
}

/// Lists the files below a folder; nothing that a link may lead to, for that is anywhere, and back, and no pipe, which
/// may never be written to. A folder in it that cannot be listed costs itself: it is told of as a file is.
fn list_below(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_file() || kind.is_dir() && list_below(&path, files).is_err() {
            files.push(path);
        }
    }
    Ok(())
}

fn add_source(case: &mut Case, path: &Path) -> (u32, Opening) {
    let name = path.to_string_lossy().replace('\\', "/");
    match header(path) {
        Ok((header, bytes)) => {
            let opening = open(&header, bytes);
            (case.add_source(&name, bytes, opening.clone()), opening)
        }
        Err(error) => {
            let opening = Opening { problem: Some(format!("cannot be read: {error}")), ..Opening::default() };
            (case.add_source(&name, 0, opening.clone()), opening)
        }
    }
}

fn header(path: &Path) -> std::io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut header = Vec::new();
    file.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok((header, bytes))
}

fn read_all(case: &mut Case, batches: &[Batch<'_>]) {
    let bar = progress(batches.iter().map(|batch| u64::from(batch.n_chunks) * CHUNK_BYTES as u64).sum());
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(batches.len().max(1));
    let next = AtomicUsize::new(0);
    let (sender, receiver) = sync_channel(2 * n_threads);
    std::thread::scope(|scope| {
        for _ in 0..n_threads {
            let sender = sender.clone();
            scope.spawn(|| work(batches, &next, sender));
        }
        drop(sender);
        for done in receiver {
            match done {
                Done::Read { block, n_bytes } => {
                    bar.inc(n_bytes);
                    // The source of a batch is one of the case's own.
                    let _ = case.add_block(&block);
                }
                Done::Failed { source, text } => case.end_source(source, Some(Stop::Failed(text))),
                Done::Lost { source, first_chunk, n_chunks } => {
                    case.add_problem(source, first_chunk, n_chunks, "the parser failed on these chunks");
                }
            }
        }
    });
    bar.finish_and_clear();
}

fn progress(n_bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bytes} of {total_bytes} {wide_bar} {bytes_per_sec}, {eta} left");
    ProgressBar::new(n_bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Takes batches until there are none.
fn work(batches: &[Batch<'_>], next: &AtomicUsize, sender: SyncSender<Done>) {
    let mut templates = Templates::default();
    let mut buffer = Buffer::default();
    while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
        let done = match read(batch, &mut buffer) {
            Ok(bytes) => parse(batch, bytes, &mut templates),
            Err(error) => Done::Failed { source: batch.source, text: format!("reading stopped: {error}") },
        };
        if sender.send(done).is_err() {
            return;
        }
    }
}

/// Room for the bytes of a batch, used for one after the other.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    /// Memory of the allocator begins 16 bytes off, and there the kernel takes four times as long to copy a file's pages
    /// (measured on an AMD EPYC: 2.5 GB/s instead of 9.8).
    const ALIGNMENT: usize = 64;

    /// Room for so many bytes.
    fn room(&mut self, n: usize) -> &mut [u8] {
        let n_all = n + Self::ALIGNMENT;
        if self.bytes.len() < n_all {
            self.bytes.resize(n_all, 0);
        }
        let first = self.bytes.as_ptr().align_offset(Self::ALIGNMENT).min(Self::ALIGNMENT);
        &mut self.bytes[first..first + n]
    }
}

/// The bytes of a batch, fewer where the file ends before.
fn read<'a>(batch: &Batch<'_>, buffer: &'a mut Buffer) -> std::io::Result<&'a [u8]> {
    let mut file = File::open(batch.path)?;
    let offset = u64::from(batch.first_chunk) * CHUNK_BYTES as u64;
    file.seek(SeekFrom::Start(batch.first_chunk_offset + offset))?;
    let bytes = buffer.room(batch.n_chunks as usize * CHUNK_BYTES);
    let mut n_read = 0;
    while n_read < bytes.len() {
        match file.read(&mut bytes[n_read..]) {
            Ok(0) => break,
            Ok(n) => n_read += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(&bytes[..n_read])
}

fn parse(batch: &Batch<'_>, bytes: &[u8], templates: &mut Templates) -> Done {
    let parse = || parse_batch(batch.source, batch.first_chunk, batch.first_chunk_offset, bytes, templates);
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(block) => Done::Read { block: Box::new(block), n_bytes: bytes.len() as u64 },
        Err(_) => {
            *templates = Templates::default();
            Done::Lost { source: batch.source, first_chunk: batch.first_chunk, n_chunks: batch.n_chunks }
        }
    }
}

/// Says on standard error what could not be read.
pub fn warn(case: &Case) {
    for source in case.ledger() {
        if let Some(problem) = source.problems.first() {
            let more = match source.n_problems {
                1 => String::new(),
                n => format!(" (and {} more: sessionscope files)", n - 1),
            };
            eprintln!("sessionscope: {}: {}{more}", visible(&source.path), visible(&problem.text));
        }
    }
}

/// Fails where not one file is a log. A log without records is one.
pub fn require_a_log(case: &Case) -> Outcome {
    match case.has_log() {
        true => Ok(()),
        false => Err(Failure::Nothing("no file could be opened as an event log".to_owned())),
    }
}
