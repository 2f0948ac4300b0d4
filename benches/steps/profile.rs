//! Where the time goes between the bytes of a log and the text of its sessions.

use crate::clock::{now, peak_bytes, time};
use crate::print;
use sessionscope::case::{Case, Format};
use sessionscope::parse::{CHUNK_BYTES, HEADER_BYTES, Templates, block::Block, open, parse_batch};
use sessionscope::query::Query;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// As the command line reads: 2 MiB at once.
const BATCH_BYTES: usize = 32 * CHUNK_BYTES;

/// Seconds of each step.
#[derive(Default)]
struct Steps {
    read: f64,
    parse: f64,
    encode: f64,
    decode: f64,
    merge: f64,
}

pub fn profile(path: &str) {
    let mut case = Case::new();
    let (steps, n_bytes) = load(&mut case, path);
    let ((), correlate) = time(|| case.update());
    let (n_out, export) = time(|| export(&mut case));
    print("bytes", n_bytes as f64);
    print("records", case.summary().n_records as f64);
    print("events", case.summary().n_events as f64);
    print("sessions", f64::from(case.summary().n_sessions));
    print("exported bytes", n_out as f64);
    for (name, secs) in [
        ("read", steps.read),
        ("parse", steps.parse),
        ("encode", steps.encode),
        ("decode", steps.decode),
        ("merge", steps.merge),
        ("correlate", correlate),
        ("export", export),
    ] {
        print(name, secs);
    }
    print("peak bytes", peak_bytes());
}

fn load(case: &mut Case, path: &str) -> (Steps, u64) {
    let mut file = File::open(path).expect("the log is there");
    let n_bytes = file.metadata().expect("a file has a size").len();
    let mut bytes = vec![0; HEADER_BYTES];
    file.read_exact(&mut bytes).expect("the log has a header");
    let opening = open(&bytes, n_bytes);
    let source = case.add_source("log.evtx", n_bytes, opening.clone());
    file.seek(SeekFrom::Start(opening.first_chunk_offset)).expect("the log has chunks");
    let (mut steps, mut first_chunk, mut templates) = (Steps::default(), 0, Templates::default());
    loop {
        bytes.clear();
        let start = now();
        let n = (&mut file).take(BATCH_BYTES as u64).read_to_end(&mut bytes).expect("the log can be read");
        steps.read += now() - start;
        if n == 0 {
            break;
        }
        let (block, secs) =
            time(|| parse_batch(source, first_chunk, opening.first_chunk_offset, &bytes, &mut templates));
        steps.parse += secs;
        pass_on(case, &block, &mut steps);
        first_chunk += (n / CHUNK_BYTES) as u32;
    }
    case.end_source(source, None);
    (steps, n_bytes)
}

/// As a parse worker's block reaches the case worker.
fn pass_on(case: &mut Case, block: &Block, steps: &mut Steps) {
    let (encoded, secs) = time(|| block.encode());
    steps.encode += secs;
    let (block, secs) = time(|| Block::decode(&encoded).expect("the block is whole"));
    steps.decode += secs;
    let (added, secs) = time(|| case.add_block(&block));
    steps.merge += secs;
    added.expect("the source is the case's own");
}

/// What `sessions --format jsonl` prints, in bytes.
fn export(case: &mut Case) -> usize {
    const PIECE: u32 = 1000;
    let (mut first, mut n_out) = (0, 0);
    loop {
        let (piece, n) = case.export(Format::JsonLines, Some(&Query::default()), first, PIECE);
        n_out += piece.len();
        first += PIECE;
        if first >= n {
            return n_out;
        }
    }
}
