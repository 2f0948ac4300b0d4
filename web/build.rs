//! Makes up the chunk of a Security log that the case worker practises reading with (`src/worker/case/practice.rs`).

use evtx_fixture::{Event, LogWriter, windows};
use std::path::PathBuf;
use std::{env, fs, io};

const FILE_HEADER_BYTES: usize = 4096;

/// What busy Security logs are full of.
const EVENTS: [u16; 12] = [4624, 4634, 4648, 4663, 4672, 4688, 4689, 4703, 4776, 5140, 5156, 4625];

/// Each of them so often: a template is learned at its first, the others are read by it.
const N_EACH: usize = 3;

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no folder to write to"))?;
    fs::write(PathBuf::from(out).join("practice.chunk"), chunk())
}

fn chunk() -> Vec<u8> {
    let mut log = LogWriter::new();
    let ids = std::iter::repeat_n(EVENTS, N_EACH).flatten();
    for (record_id, id) in (1..).zip(ids) {
        log.write(&Event { record_id, ..windows::event("Security", id) });
    }
    log.finish().split_off(FILE_HEADER_BYTES)
}
