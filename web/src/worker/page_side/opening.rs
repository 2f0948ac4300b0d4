//! Bytes of files: the beginnings of those that were dropped, and batches of those that are logs.

use crate::browser::bytes::{self, Stream};
use crate::worker::schedule::{Batch, MOST_BATCH_BYTES};
use js_sys::{ArrayBuffer, Uint8Array};
use sessionscope::parse::{self, Opening};
use web_sys::File;

/// A file of no more bytes is read whole when it is opened: to ask the browser for a part takes milliseconds, whatever
/// its size, and Windows has hundreds of logs of a megabyte.
const MOST_WHOLE_BYTES: u64 = 2 << 20;

/// What the first bytes of a file say, its size, and all its bytes if it is small.
#[derive(Default)]
pub struct Opened {
    pub opening: Opening,
    pub n_bytes: u64,
    pub whole: Option<ArrayBuffer>,
}

/// Looks at the beginning of a file.
pub async fn open(file: Result<File, String>) -> Result<Opened, String> {
    let file = file?;
    let n_bytes = file.size() as u64;
    let is_small = n_bytes <= MOST_WHOLE_BYTES;
    let to = if is_small { n_bytes } else { parse::HEADER_BYTES as u64 };
    let bytes = bytes::read(&file, 0, to).await?;
    let header =
        Uint8Array::new_with_byte_offset_and_length(&bytes, 0, to.min(parse::HEADER_BYTES as u64) as u32);
    let opening = parse::open(&header.to_vec(), n_bytes);
    Ok(Opened { opening, n_bytes, whole: is_small.then_some(bytes) })
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
