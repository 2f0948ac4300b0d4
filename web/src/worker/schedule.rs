//! Decides what is read next, by whom it is parsed, and what becomes of a batch whose worker dies.
//!
//! Events go in, steps come out; nothing here touches a file or a worker. What is in memory is bounded: batches that
//! were read and are not yet parsed, and blocks that are not yet in the case.

use super::protocol::{BatchNo, FileNo};
use sessionscope::case::ledger::Stop;
use sessionscope::parse::{CHUNK_BYTES, Opening};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::{Range, RangeInclusive};

/// Chunks in a batch: 4 MiB are parsed in a few thousandths of a second, and half a dozen of them are in memory at a
/// time. Chromium makes a new pipe of up to 2 MiB for each part of a file that is read: with parts as small as that,
/// reading costs twice the processor time.
const CHUNKS_PER_BATCH: u32 = 64;
/// The first batch of a case is small, so that its first sessions show quickly; each next is twice as large.
const CHUNKS_IN_FIRST_BATCH: u32 = 4;
/// The most bytes of a batch.
pub const MOST_BATCH_BYTES: u32 = CHUNKS_PER_BATCH * CHUNK_BYTES as u32;
/// A worker that has parsed a batch finds the next one waiting.
const BATCHES_PER_WORKER: usize = 2;
/// What is read at a time: one more than is needed to keep a disk busy.
const READS_AT_ONCE: usize = 2;
/// A log of more chunks than this is read from its beginning and from its middle at a time: with a single stream the
/// browser's threads wait for each other, and a gigabyte took twice the time and twice the processor time (Chromium 156).
const CHUNKS_IN_ONE_PART: u32 = 4 * CHUNKS_PER_BATCH;
/// Blocks that wait for the case: an eighth of their batches' size. So many are parsed while it works out what there is.
const MOST_BLOCKS: usize = 32;
/// The fewest and the most parse workers.
const WORKERS: RangeInclusive<usize> = 1..=8;
/// A batch takes well under a second; after this a worker is taken for dead.
const PARSING_IS_STUCK_MS: f64 = 30_000.0;

pub type WorkerNo = u32;

/// Chunks of one source that are read, parsed and merged together.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub number: BatchNo,
    pub file: FileNo,
    pub source: u32,
    pub first_chunk: u32,
    pub first_chunk_offset: u64,
    /// Byte offsets in the file.
    pub from: u64,
    pub to: u64,
    /// A worker died over these chunks before.
    is_second_try: bool,
}

impl Batch {
    pub fn n_bytes(&self) -> u64 {
        self.to - self.from
    }

    /// The chunk after its last.
    fn end_chunk(&self) -> u32 {
        self.first_chunk.saturating_add(self.n_bytes().div_ceil(CHUNK_BYTES as u64) as u32)
    }
}

/// What the page has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Read the batch's bytes, then say `read` or `not_read`.
    Read(Batch),
    /// Give the batch's bytes to this worker; a number not seen before is a new worker.
    Parse { worker: WorkerNo, batch: Batch },
    /// Ask the case whether the batch of a dead worker came through, then say `abandoned`.
    Abandon(BatchNo),
    /// Tell the case that a part of a source is lost.
    Problem { source: u32, chunk: u32, text: String },
    /// Tell the case that a source is done.
    End { source: u32, stop: Option<Stop> },
    /// Everything that was dropped is done.
    Settle,
}

/// A source on its way into the case.
#[derive(Clone, Debug)]
struct Reading {
    file: FileNo,
    source: u32,
    opening: Opening,
    n_bytes: u64,
    /// All of it is one batch.
    is_whole: bool,
    /// What is still to be read: of each part a batch is read after the other, as a stream gives them.
    parts: Vec<Range<u32>>,
    /// Batches that are not in the case yet, read or not.
    n_open: usize,
    n_bytes_done: u64,
}

impl Reading {
    fn has_begun(&self) -> bool {
        self.parts.first().is_some_and(|part| part.start > 0)
    }

    /// Bytes of its chunks: what is read of it.
    fn n_chunk_bytes(&self) -> u64 {
        let all = u64::from(self.opening.n_chunks) * CHUNK_BYTES as u64;
        all.min(self.n_bytes.saturating_sub(self.opening.first_chunk_offset))
    }
}

/// How far one source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceProgress {
    pub file: FileNo,
    pub n_bytes_done: u64,
    pub n_bytes: u64,
}

#[derive(Debug)]
pub struct Schedule {
    n_workers: usize,
    /// In the order they are read.
    readings: VecDeque<Reading>,
    /// Batches that were read or will be, by number, until they are in the case.
    batches: BTreeMap<BatchNo, Batch>,
    to_read: VecDeque<BatchNo>,
    being_read: Vec<BatchNo>,
    to_parse: VecDeque<BatchNo>,
    /// Batches that are blocks on their way to the case.
    parsed: BTreeSet<BatchNo>,
    /// What each worker was given, the oldest first, and when it began that one.
    workers: BTreeMap<WorkerNo, (VecDeque<BatchNo>, f64)>,
    /// Batches of dead workers, with why the worker died if it was at that one.
    abandoned: BTreeMap<BatchNo, Option<String>>,
    next_worker: WorkerNo,
    next_batch: BatchNo,
    next_batch_chunks: u32,
    is_settled: bool,
    n_bytes_done: u64,
}

impl Schedule {
    /// For this many processors.
    pub fn new(n_processors: usize) -> Self {
        Self {
            n_workers: n_processors.clamp(*WORKERS.start(), *WORKERS.end()),
            readings: VecDeque::new(),
            batches: BTreeMap::new(),
            to_read: VecDeque::new(),
            being_read: Vec::new(),
            to_parse: VecDeque::new(),
            parsed: BTreeSet::new(),
            workers: BTreeMap::new(),
            abandoned: BTreeMap::new(),
            next_worker: 0,
            next_batch: 0,
            next_batch_chunks: CHUNKS_IN_FIRST_BATCH,
            is_settled: true,
            n_bytes_done: 0,
        }
    }

    /// The workers it will want first.
    pub fn first_workers(&self) -> RangeInclusive<WorkerNo> {
        1..=self.n_workers as WorkerNo
    }

    /// A log is to be read; `is_whole`: as one batch, for all its bytes are there already.
    pub fn add(&mut self, file: FileNo, source: u32, n_bytes: u64, opening: Opening, is_whole: bool) {
        self.is_settled = false;
        let n_chunks = opening.n_chunks;
        let middle = if is_whole || n_chunks <= CHUNKS_IN_ONE_PART { n_chunks } else { n_chunks.div_ceil(2) };
        let parts = [0..middle, middle..n_chunks].into_iter().filter(|part| !part.is_empty()).collect();
        self.readings.push_back(Reading {
            file,
            source,
            opening,
            n_bytes,
            is_whole,
            parts,
            n_open: 0,
            n_bytes_done: 0,
        });
    }

    /// Something was dropped that is not read: the case is worked out once all is done.
    pub fn listed(&mut self) {
        self.is_settled = false;
    }

    /// What can be done now. `more_to_come`: files that were dropped are not added yet.
    pub fn steps(&mut self, now_ms: f64, more_to_come: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some(batch) = self.next_parse(now_ms) {
            steps.push(batch);
        }
        while let Some(batch) = self.next_read() {
            steps.push(Step::Read(batch));
        }
        steps.extend(self.ended_sources());
        if !self.is_settled && !more_to_come && self.readings.is_empty() {
            self.is_settled = true;
            steps.push(Step::Settle);
        }
        steps
    }

    pub fn read(&mut self, batch: BatchNo) {
        self.being_read.retain(|&other| other != batch);
        if self.batches.contains_key(&batch) {
            self.to_parse.push_back(batch);
        }
    }

    /// The file could not be read: its source ends here.
    pub fn not_read(&mut self, batch: BatchNo, why: String) -> Vec<Step> {
        self.being_read.retain(|&other| other != batch);
        let Some(source) = self.batches.get(&batch).map(|batch| batch.source) else { return Vec::new() };
        self.drop_source(source);
        vec![Step::End { source, stop: Some(Stop::Failed(why)) }]
    }

    /// A worker is done with a batch.
    pub fn parsed(&mut self, worker: WorkerNo, batch: BatchNo, now_ms: f64) {
        if let Some((given, since)) = self.workers.get_mut(&worker) {
            given.retain(|&other| other != batch);
            *since = now_ms;
        }
        if self.batches.contains_key(&batch) {
            self.parsed.insert(batch);
        }
    }

    /// A batch is in the case.
    pub fn merged(&mut self, batch: BatchNo) {
        self.parsed.remove(&batch);
        if let Some(batch) = self.batches.remove(&batch) {
            self.done(&batch);
        }
    }

    /// A worker died. Its batches may have come through all the same: the case knows.
    pub fn died(&mut self, worker: WorkerNo, why: &str) -> Vec<Step> {
        let Some((given, _)) = self.workers.remove(&worker) else { return Vec::new() };
        for (i, &number) in given.iter().enumerate() {
            self.abandoned.insert(number, (i == 0).then(|| why.to_owned()));
        }
        given.into_iter().map(Step::Abandon).collect()
    }

    /// What came of a dead worker's batch. The batch it was at is read again, chunk by chunk, so that one chunk costs
    /// one chunk; a chunk that kills again is reported. What was waiting for it goes to another worker.
    pub fn abandoned(&mut self, number: BatchNo, was_merged: bool) -> Vec<Step> {
        let why = self.abandoned.remove(&number).flatten();
        let Some(batch) = self.batches.remove(&number) else { return Vec::new() };
        match why {
            _ if was_merged => self.done(&batch),
            // The case would drop its block under the old number.
            None => {
                let number = self.number(batch);
                self.to_read.push_front(number);
            }
            Some(why) if batch.is_second_try => {
                self.done(&batch);
                return vec![lost_chunk(&batch, &why)];
            }
            Some(_) => self.split(&batch),
        }
        Vec::new()
    }

    /// Workers that have been at one batch for too long.
    pub fn stuck(&self, now_ms: f64) -> Vec<WorkerNo> {
        let is_stuck = |(given, since): &(VecDeque<BatchNo>, f64)| {
            !given.is_empty() && now_ms - since > PARSING_IS_STUCK_MS
        };
        self.workers.iter().filter(|(_, at)| is_stuck(at)).map(|(&worker, _)| worker).collect()
    }

    /// Stops reading: every source that is not done ends as cancelled. Workers finish what they have; nobody waits.
    pub fn cancel(&mut self) -> Vec<Step> {
        self.batches.clear();
        self.to_read.clear();
        self.to_parse.clear();
        self.parsed.clear();
        let ended = self
            .readings
            .drain(..)
            .map(|reading| Step::End { source: reading.source, stop: Some(Stop::Cancelled) });
        ended.collect()
    }

    /// Whether the batch is still wanted.
    pub fn wants(&self, batch: BatchNo) -> bool {
        self.batches.contains_key(&batch)
    }

    /// The file a batch is from, until the batch is in the case.
    pub fn file_of(&self, batch: BatchNo) -> Option<FileNo> {
        self.batches.get(&batch).map(|batch| batch.file)
    }

    /// Sources that have begun and are not done.
    pub fn progress(&self) -> Vec<SourceProgress> {
        let begun = self.readings.iter().filter(|reading| reading.has_begun());
        let progress = begun.map(|reading| SourceProgress {
            file: reading.file,
            n_bytes_done: reading.n_bytes_done,
            n_bytes: reading.n_chunk_bytes(),
        });
        progress.collect()
    }

    /// Bytes that are in the case, of all sources.
    pub fn n_bytes_done(&self) -> u64 {
        self.n_bytes_done
    }

    /// Bytes that are in the case or on their way.
    pub fn n_bytes(&self) -> u64 {
        let left =
            self.readings.iter().map(|reading| reading.n_chunk_bytes().saturating_sub(reading.n_bytes_done));
        self.n_bytes_done + left.sum::<u64>()
    }

    /// Sources that are not done.
    pub fn n_sources(&self) -> usize {
        self.readings.len()
    }

    // A browser optimises a function in the middle of reading once so much of it has run. All in one, steps took it 60 ms.
    #[inline(never)]
    fn next_parse(&mut self, now_ms: f64) -> Option<Step> {
        let number = *self.to_parse.front()?;
        let Some(batch) = self.batches.get(&number).cloned() else {
            self.to_parse.pop_front();
            return self.next_parse(now_ms);
        };
        let worker = self.free_worker()?;
        self.to_parse.pop_front();
        let (given, since) = self.workers.entry(worker).or_default();
        if given.is_empty() {
            *since = now_ms;
        }
        given.push_back(number);
        Some(Step::Parse { worker, batch })
    }

    /// An idle worker, else a new one, else the least busy one that may have one more.
    fn free_worker(&mut self) -> Option<WorkerNo> {
        let least = self.workers.iter().map(|(&worker, (given, _))| (given.len(), worker)).min();
        match least {
            Some((0, worker)) => Some(worker),
            _ if self.workers.len() < self.n_workers => {
                self.next_worker += 1;
                Some(self.next_worker)
            }
            Some((n, worker)) if n < BATCHES_PER_WORKER => Some(worker),
            _ => None,
        }
    }

    fn next_read(&mut self) -> Option<Batch> {
        let is_full = self.n_in_memory() >= self.most_in_memory() || self.parsed.len() >= MOST_BLOCKS;
        if self.being_read.len() >= READS_AT_ONCE || is_full {
            return None;
        }
        let number = self.to_read.pop_front().or_else(|| self.cut_batch())?;
        let Some(batch) = self.batches.get(&number).cloned() else { return self.next_read() };
        self.being_read.push(number);
        Some(batch)
    }

    /// Batches whose bytes are in memory or being read.
    fn n_in_memory(&self) -> usize {
        self.batches.len().saturating_sub(self.to_read.len() + self.parsed.len())
    }

    fn most_in_memory(&self) -> usize {
        self.n_workers * BATCHES_PER_WORKER + READS_AT_ONCE
    }

    #[inline(never)]
    fn cut_batch(&mut self) -> Option<BatchNo> {
        let being_read = self.being_read.iter().filter_map(|number| self.batches.get(number));
        let busy: Vec<(u32, u32)> = being_read.map(|batch| (batch.source, batch.end_chunk())).collect();
        let next_part = |reading: &Reading| {
            let is_free =
                |part: &Range<u32>| !part.is_empty() && !busy.contains(&(reading.source, part.start));
            reading.parts.iter().position(is_free)
        };
        let (reading, part) =
            self.readings.iter_mut().find_map(|reading| next_part(reading).map(|part| (reading, part)))?;
        let part = &mut reading.parts[part];
        let n_left = part.end - part.start;
        let n_chunks = if reading.is_whole { n_left } else { n_left.min(self.next_batch_chunks) };
        self.next_batch_chunks = (self.next_batch_chunks * 2).min(CHUNKS_PER_BATCH);
        let first_chunk = part.start;
        part.start += n_chunks;
        reading.n_open += 1;
        let (file, source) = (reading.file, reading.source);
        let first_chunk_offset = reading.opening.first_chunk_offset;
        let from = first_chunk_offset + u64::from(first_chunk) * CHUNK_BYTES as u64;
        let to = (from + u64::from(n_chunks) * CHUNK_BYTES as u64).min(reading.n_bytes).max(from);
        Some(self.number(Batch {
            number: 0,
            file,
            source,
            first_chunk,
            first_chunk_offset,
            from,
            to,
            is_second_try: false,
        }))
    }

    fn number(&mut self, batch: Batch) -> BatchNo {
        let number = self.next_batch;
        self.next_batch = number.wrapping_add(1);
        self.batches.insert(number, Batch { number, ..batch });
        number
    }

    fn split(&mut self, culprit: &Batch) {
        let chunk_bytes = CHUNK_BYTES as u64;
        let n_chunks = culprit.n_bytes().div_ceil(chunk_bytes).max(1);
        for i in 0..n_chunks {
            let from = culprit.from + i * chunk_bytes;
            let number = self.number(Batch {
                first_chunk: culprit.first_chunk + i as u32,
                from,
                to: (from + chunk_bytes).min(culprit.to),
                is_second_try: true,
                ..*culprit
            });
            self.to_read.push_back(number);
        }
        if let Some(reading) = self.readings.iter_mut().find(|reading| reading.source == culprit.source) {
            reading.n_open = reading.n_open + n_chunks as usize - 1;
        }
    }

    fn done(&mut self, batch: &Batch) {
        self.n_bytes_done += batch.n_bytes();
        if let Some(reading) = self.readings.iter_mut().find(|reading| reading.source == batch.source) {
            reading.n_open = reading.n_open.saturating_sub(1);
            reading.n_bytes_done += batch.n_bytes();
        }
    }

    fn drop_source(&mut self, source: u32) {
        self.batches.retain(|_, batch| batch.source != source);
        self.to_read.retain(|number| self.batches.contains_key(number));
        self.parsed.retain(|number| self.batches.contains_key(number));
        self.readings.retain(|reading| reading.source != source);
    }

    #[inline(never)]
    fn ended_sources(&mut self) -> Vec<Step> {
        let is_done = |reading: &Reading| reading.parts.iter().all(Range::is_empty) && reading.n_open == 0;
        let (done, open): (VecDeque<_>, _) = self.readings.drain(..).partition(is_done);
        self.readings = open;
        done.into_iter().map(|reading| Step::End { source: reading.source, stop: None }).collect()
    }
}

fn lost_chunk(batch: &Batch, why: &str) -> Step {
    Step::Problem {
        source: batch.source,
        chunk: batch.first_chunk,
        text: format!("chunk {}: reading it stopped the parser twice ({why})", batch.first_chunk),
    }
}

#[cfg(test)]
mod tests;
