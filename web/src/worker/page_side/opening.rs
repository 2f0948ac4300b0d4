//! Bytes of files: the beginnings of those that were dropped, and batches of those that are logs.

use crate::browser::bytes::{self, Convoy, MARK_BYTES, Stream};
use crate::worker::schedule::{Batch, MOST_BATCH_BYTES};
use js_sys::{ArrayBuffer, Uint8Array};
use sessionscope::parse::{self, Opening};
use web_sys::File;

/// A file of no more bytes is read whole when it is opened: to ask the browser for a part takes milliseconds, whatever
/// its size, and Windows has hundreds of logs of a megabyte.
const MOST_WHOLE_BYTES: u64 = (MOST_BATCH_BYTES - MARK_BYTES) as u64;

/// What the first bytes of a file say, its size, and all its bytes if it is small.
#[derive(Default)]
pub struct Opened {
    pub opening: Opening,
    pub n_bytes: u64,
    pub whole: Option<ArrayBuffer>,
}

/// A file whose turn it is, and what it is read by.
pub struct ToOpen {
    pub file: Result<File, String>,
    /// The convoy that it is the next file of.
    pub convoy: Option<Convoy>,
    pub buffer: Option<ArrayBuffer>,
}

/// Whether all of a file is read when it is opened.
pub fn is_small(file: &File) -> bool {
    file.size() as u64 <= MOST_WHOLE_BYTES
}

/// Looks at the beginning of a file. The convoy comes back, unless it is of no more use.
pub async fn open(next: ToOpen) -> (Result<Opened, String>, Option<Convoy>) {
    let ToOpen { file, convoy, buffer } = next;
    let file = match file {
        Ok(file) => file,
        Err(why) => return (Err(why), None),
    };
    let n_bytes = file.size() as u64;
    if let Some(mut convoy) = convoy {
        let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(MOST_BATCH_BYTES));
        if let Some(bytes) = convoy.read(buffer, n_bytes as u32).await {
            return (Ok(opened(n_bytes, bytes, true)), Some(convoy));
        }
        // A stream does not say why it failed, the file does.
    }
    let to = if is_small(&file) { n_bytes } else { parse::HEADER_BYTES as u64 };
    let bytes = bytes::read(&file, 0, to).await;
    (bytes.map(|bytes| opened(n_bytes, bytes, is_small(&file))), None)
}

fn opened(n_bytes: u64, bytes: ArrayBuffer, is_whole: bool) -> Opened {
    let n_header = n_bytes.min(parse::HEADER_BYTES as u64) as u32;
    let header = Uint8Array::new_with_byte_offset_and_length(&bytes, 0, n_header);
    let opening = parse::open(&header.to_vec(), n_bytes);
    Opened { opening, n_bytes, whole: is_whole.then_some(bytes) }
}

/// A batch's bytes, and the stream they came from: the next batch's come from there as well, if there is one.
pub type BatchRead = (ArrayBuffer, Option<Stream>);

pub async fn read_batch(
    file: &File,
    stream: Option<Stream>,
    buffer: Option<ArrayBuffer>,
    batch: &Batch,
) -> Result<BatchRead, String> {
    let Some(mut stream) = stream.or_else(|| Stream::open(file, batch.from)) else {
        return Ok((bytes::read(file, batch.from, batch.to).await?, None));
    };
    let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(MOST_BATCH_BYTES));
    match stream.read(buffer, batch.n_bytes() as u32).await {
        Some(bytes) => Ok((bytes, Some(stream).filter(|stream| (stream.at() as f64) < file.size()))),
        // A stream does not say why it failed, a part of the file does.
        None => Ok((bytes::read(file, batch.from, batch.to).await?, None)),
    }
}
