//! The bytes of files: as streams into buffers that can be used again where the browser fills those, else part by part.
//!
//! A browser makes a pipe for each part of a file that is read, and new memory for its bytes. One stream for all of a
//! file and few buffers took 40 % less processor time (Chromium 156), and leaves nothing for the collector.

use super::files::reason;
use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, File};

/// A file that is read from some place on.
pub struct Stream {
    bytes: Bytes,
    at: u64,
}

impl Stream {
    /// `None` in browsers that do not fill buffers they are given.
    pub fn open(file: &File, from: u64) -> Option<Stream> {
        let rest = can_fill().then(|| file.slice_with_f64(from as f64))?;
        Some(Stream { bytes: Bytes::of(&rest.ok()?)?, at: from })
    }

    /// Where in the file the next byte is from.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next bytes, at the beginning of the buffer, which must have room for them. `None` if they cannot be read or
    /// the file is shorter now: then the stream is of no more use.
    pub async fn read(&mut self, buffer: ArrayBuffer, n_bytes: u32) -> Option<ArrayBuffer> {
        let buffer = self.bytes.fill(buffer, n_bytes).await?;
        self.at += u64::from(n_bytes);
        Some(buffer)
    }
}

/// Small files, one after the other, as one stream: to begin one takes milliseconds, however short it is. 400 logs of
/// 4 MiB were read in half the time and half the processor time (Chromium 156).
pub struct Convoy {
    bytes: Bytes,
    mark: [u8; MARK_BYTES as usize],
}

/// After each file of a convoy stands its mark.
pub const MARK_BYTES: u32 = 16;

impl Convoy {
    /// `None` in browsers that do not fill buffers they are given.
    pub fn open(files: &[File]) -> Option<Convoy> {
        if !can_fill() {
            return None;
        }
        // No file has it: where it is not found, a browser gave more or less than was in a file when it was dropped.
        let mark = std::array::from_fn(|_| (js_sys::Math::random() * 256.0) as u8);
        let marked = files.iter().flat_map(|file| [JsValue::from(file), Uint8Array::from(&mark[..]).into()]);
        let all = Blob::new_with_u8_array_sequence(&marked.collect::<Array>()).ok()?;
        Some(Convoy { bytes: Bytes::of(&all)?, mark })
    }

    /// All bytes of the next file, at the beginning of the buffer, which must have room for them and a mark. `None` if it
    /// cannot be read or has another size now: then the convoy is of no more use.
    pub async fn read(&mut self, buffer: ArrayBuffer, n_bytes: u32) -> Option<ArrayBuffer> {
        let buffer = self.bytes.fill(buffer, n_bytes + MARK_BYTES).await?;
        let mark = Uint8Array::new_with_byte_offset_and_length(&buffer, n_bytes, MARK_BYTES);
        (mark.to_vec() == self.mark).then_some(buffer)
    }
}

/// The bytes of a blob, in their order.
struct Bytes(ByobReader);

#[wasm_bindgen]
extern "C" {
    type ByobReader;

    #[wasm_bindgen(method)]
    fn read(this: &ByobReader, view: &Uint8Array, options: &Object) -> Promise;

    #[wasm_bindgen(method)]
    fn cancel(this: &ByobReader) -> Promise;
}

thread_local! {
    /// Asked of an empty blob: WebKit does not fill buffers, but reads all of a file as soon as it is asked for its stream.
    static FILLS_BUFFERS: bool = Blob::new().is_ok_and(|empty| Bytes::of(&empty).is_some());
}

fn can_fill() -> bool {
    FILLS_BUFFERS.with(|&fills| fills)
}

impl Bytes {
    fn of(blob: &Blob) -> Option<Self> {
        let stream = call(blob, "stream", &[]).ok()?;
        let reader = call(&stream, "getReader", &[object("mode", &"byob".into()).into()]).ok()?;
        Some(Bytes(reader.unchecked_into()))
    }

    /// The next bytes, at the beginning of the buffer; `None` if there are not so many.
    async fn fill(&mut self, mut buffer: ArrayBuffer, n_bytes: u32) -> Option<ArrayBuffer> {
        let mut n_read = 0;
        while n_read < n_bytes {
            let n_missing = n_bytes - n_read;
            let view = Uint8Array::new_with_byte_offset_and_length(&buffer, n_read, n_missing);
            // Browsers that do not know `min` fill it bit by bit.
            let read = self.0.read(&view, &object("min", &n_missing.into()));
            let read = JsFuture::from(read).await.ok()?;
            let filled: Uint8Array = Reflect::get(&read, &"value".into()).ok()?.dyn_into().ok()?;
            if filled.byte_length() == 0 {
                return None;
            }
            n_read += filled.byte_length();
            // The buffer is another one now, with the same memory.
            buffer = filled.buffer();
        }
        Some(buffer)
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        let cancelled = self.0.cancel();
        // Of a stream that failed this fails as well, and nobody needs to know.
        spawn_local(async move { drop(JsFuture::from(cancelled).await) });
    }
}

fn call(on: &JsValue, name: &str, args: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(on, &name.into())?.dyn_into()?;
    function.apply(on, &args.iter().collect::<Array>())
}

fn object(name: &str, value: &JsValue) -> Object {
    let object = Object::new();
    // Fails only for objects that are frozen.
    let _ = Reflect::set(&object, &name.into(), value);
    object
}

/// Part of a file's bytes.
pub async fn read(file: &File, from: u64, to: u64) -> Result<ArrayBuffer, String> {
    let read = async {
        let part = file.slice_with_f64_and_f64(from as f64, to as f64)?;
        JsFuture::from(part.array_buffer()).await
    };
    let buffer: ArrayBuffer =
        read.await.map_err(|error| format!("it cannot be read: {}", reason(&error)))?.unchecked_into();
    if u64::from(buffer.byte_length()) != to - from {
        return Err("it changed while it was read: it is shorter than it was".into());
    }
    Ok(buffer)
}
