//! Logs to a case, through every step that the page and the command line take.

#![allow(dead_code, reason = "each crate of tests takes what it needs")]

use rayon::{ThreadPool, ThreadPoolBuilder};
use sessionscope::case::{Case, Format};
use sessionscope::parse::{CHUNK_BYTES, HEADER_BYTES, Templates, open, parse_batch};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

/// A log by the path it was given.
pub type Log = (String, Vec<u8>);

/// Loads logs in order, each as one batch, and works them out on one thread as the page does. The other ways to load
/// use all cores.
pub fn load(logs: &[Log]) -> Case {
    static ONE: LazyLock<ThreadPool> =
        LazyLock::new(|| ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started"));
    ONE.install(|| load_in(logs.iter().collect(), usize::MAX, |_| {}))
}

/// Loads more logs into a case.
pub fn add(case: &mut Case, logs: &[Log]) {
    add_in(case, logs.iter().collect(), usize::MAX, |_| {});
}

/// Loads logs last first, chunk by chunk, the chunks in a random order.
pub fn load_shuffled(logs: &[Log], random: &mut Random) -> Case {
    load_in(logs.iter().rev().collect(), 1, |batches| random.shuffle(batches))
}

struct Batch<'a> {
    source: u32,
    log: &'a [u8],
    chunks: Range<usize>,
    first_chunk_offset: u64,
}

fn load_in(logs: Vec<&Log>, n_chunks: usize, arrange: impl FnOnce(&mut Vec<Batch<'_>>)) -> Case {
    let mut case = Case::new();
    add_in(&mut case, logs, n_chunks, arrange);
    case
}

fn add_in(case: &mut Case, logs: Vec<&Log>, n_chunks: usize, arrange: impl FnOnce(&mut Vec<Batch<'_>>)) {
    let mut batches = Vec::new();
    for (path, log) in logs {
        let opening = open(&log[..log.len().min(HEADER_BYTES)], log.len() as u64);
        let (n_all, first_chunk_offset) = (opening.n_chunks as usize, opening.first_chunk_offset);
        let source = case.add_source(path, log.len() as u64, opening);
        let starts = (0..n_all).step_by(n_chunks);
        let chunks = starts.map(|first| first..n_all.min(first.saturating_add(n_chunks)));
        batches.extend(chunks.map(|chunks| Batch { source, log, chunks, first_chunk_offset }));
    }
    arrange(&mut batches);
    let mut templates = Templates::default();
    for batch in &batches {
        let encoded = batch.parse(&mut templates);
        case.add_encoded(&encoded).expect("what was encoded can be decoded");
    }
    let n_sources = case.ledger().len() as u32;
    (0..n_sources).for_each(|source| case.end_source(source, None));
    case.update();
}

impl Batch<'_> {
    fn parse(&self, templates: &mut Templates) -> Vec<u8> {
        let at = |chunk: usize| (self.first_chunk_offset as usize + chunk * CHUNK_BYTES).min(self.log.len());
        let bytes = &self.log[at(self.chunks.start)..at(self.chunks.end)];
        let first_chunk = self.chunks.start as u32;
        parse_batch(self.source, first_chunk, self.first_chunk_offset, bytes, templates).encode()
    }
}

/// Loads logs as the page and the command line do: by this many threads, in batches of random sizes, each block merged
/// when it comes.
pub fn load_by_workers(logs: &[Log], n_workers: usize, random: &mut Random) -> Case {
    let mut case = Case::new();
    let mut batches = Vec::new();
    for (path, log) in logs {
        let opening = open(&log[..log.len().min(HEADER_BYTES)], log.len() as u64);
        let (n_chunks, first_chunk_offset) = (opening.n_chunks as usize, opening.first_chunk_offset);
        let source = case.add_source(path, log.len() as u64, opening);
        let mut first = 0;
        while first < n_chunks {
            let end = n_chunks.min(first + 1 + random.below(9));
            batches.push(Batch { source, log, chunks: first..end, first_chunk_offset });
            first = end;
        }
    }
    let (next, (sender, receiver)) = (AtomicUsize::new(0), sync_channel(n_workers));
    std::thread::scope(|scope| {
        for _ in 0..n_workers {
            let (sender, batches, next) = (sender.clone(), &batches, &next);
            scope.spawn(move || {
                let mut templates = Templates::default();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    sender.send(batch.parse(&mut templates)).expect("the case takes all blocks");
                }
            });
        }
        drop(sender);
        for encoded in receiver {
            case.add_encoded(&encoded).expect("what was encoded can be decoded");
        }
    });
    (0..logs.len() as u32).for_each(|source| case.end_source(source, None));
    case.update();
    case
}

/// Every session of a case, one on each line.
pub fn json_lines(case: &mut Case) -> String {
    let (lines, _) = case.export(Format::JsonLines, None, 0, u32::MAX);
    String::from_utf8(lines).expect("JSON is UTF-8")
}

/// Numbers that look random and are the same in every run (xorshift64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.below(n + 1));
        }
    }
}
