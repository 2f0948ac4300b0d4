//! What is read, and how far that is. In what order batches are read, parsed and given up, `schedule` decides.

use super::opening::{BatchRead, Opened, ToOpen, is_small};
use super::queue::{By, Queue, RowNo};
use crate::browser::bytes::{Convoy, Stream};
use crate::browser::files::Dropped;
use crate::browser::window;
use crate::state::progress::{Progress, Reading, SourceLine};
use crate::worker::protocol::{BatchNo, FileNo, ToCase};
use crate::worker::schedule::{Batch, MOST_BATCH_BYTES, Schedule, SourceProgress, Step, WorkerNo};
use gloo::timers::callback::Interval;
use js_sys::ArrayBuffer;
use sessionscope::case::ledger::Stop;
use sessionscope::parse::Opening;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

/// Files whose beginnings are looked at at a time.
const OPENED_AT_ONCE: usize = 4;
/// Files that were read whole and are not given to a parse worker yet.
const MOST_WHOLE: usize = 4;

/// A file whose beginning is being looked at.
#[derive(Default)]
struct BeingOpened {
    opened: Opened,
    is_cancelled: bool,
}

/// What is read, and how far that is.
pub struct Reader {
    /// Every dropped file, by its number: a case that is lost is read again from them.
    files: Vec<Dropped>,
    to_open: Queue<Convoy>,
    being_opened: HashMap<FileNo, BeingOpened>,
    schedule: Schedule,
    /// Small files that wait for a parse worker.
    whole: HashMap<FileNo, ArrayBuffer>,
    /// What was read and is not parsed yet, and how many bytes of a buffer come before the batch's.
    buffers: HashMap<BatchNo, (ArrayBuffer, u32)>,
    /// Buffers that were parsed and can be used again.
    spare: Vec<ArrayBuffer>,
    /// Where files are being read: by file and place.
    streams: HashMap<(FileNo, u64), Stream>,
    file_of_source: HashMap<u32, FileNo>,
    n_records_of_file: HashMap<FileNo, u64>,
    state: Reading,
    began_ms: f64,
    n_bytes_before: u64,
    ticker: Option<Interval>,
}

impl Reader {
    /// For this many processors.
    pub fn new(n_processors: usize) -> Self {
        Reader {
            files: Vec::new(),
            to_open: Queue::new(),
            being_opened: HashMap::new(),
            schedule: Schedule::new(n_processors),
            whole: HashMap::new(),
            buffers: HashMap::new(),
            spare: Vec::new(),
            streams: HashMap::new(),
            file_of_source: HashMap::new(),
            n_records_of_file: HashMap::new(),
            state: Reading::Idle,
            began_ms: 0.0,
            n_bytes_before: 0,
            ticker: None,
        }
    }

    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The file of a source, or why there is none.
    pub fn file_of_source(&self, source: u32) -> Result<File, String> {
        let file = self.file_of_source.get(&source).ok_or("its file is not known any more")?;
        self.files[*file as usize].file.clone()
    }

    /// As it was before any file was read: all of them are read again.
    pub fn start_anew(&mut self) {
        let files = std::mem::take(&mut self.files);
        *self = Reader::new(window::n_processors());
        self.add(files);
    }

    pub fn add(&mut self, files: Vec<Dropped>) {
        let first = self.files.len() as FileNo;
        self.files.extend(files);
        let mut to_open: Vec<FileNo> = (first..self.files.len() as FileNo).collect();
        // Sessions are in the Security logs: those first, and there is something to see soon.
        let is_security = |path: &str| path.to_ascii_lowercase().contains("security");
        to_open.sort_by_key(|&file| !is_security(&self.files[file as usize].path));
        let is_small = |file: FileNo| self.files[file as usize].file.as_ref().is_ok_and(is_small);
        self.to_open.add(&to_open, is_small, OPENED_AT_ONCE);
    }

    pub fn begin(&mut self, ticker: Interval) {
        self.ticker = Some(ticker);
        if self.state != Reading::UnderWay {
            self.state = Reading::UnderWay;
            self.began_ms = window::now_ms();
            self.n_bytes_before = self.schedule.n_bytes_done();
        }
    }

    /// What has to be done of that, and the files whose beginnings will not be looked at.
    pub fn cancel(&mut self) -> (Vec<Step>, Vec<FileNo>) {
        self.whole.clear();
        self.buffers.clear();
        self.streams.clear();
        self.state = Reading::Cancelled;
        self.being_opened.values_mut().for_each(|file| file.is_cancelled = true);
        (self.schedule.cancel(), self.to_open.drain())
    }

    pub fn settle(&mut self) {
        self.ticker = None;
        self.spare.clear();
        self.streams.clear();
        if self.state == Reading::UnderWay {
            self.state = Reading::Done;
        }
    }

    pub fn next_to_open(&mut self) -> Option<(RowNo, FileNo, ToOpen)> {
        if self.being_opened.len() >= OPENED_AT_ONCE || self.whole.len() >= MOST_WHOLE {
            return None;
        }
        let turn = self.to_open.next()?;
        self.being_opened.insert(turn.file, BeingOpened::default());
        let file = |number: FileNo| self.files[number as usize].file.clone();
        let convoy = match turn.by {
            By::Itself => None,
            By::NewStream(files) => Convoy::open(&files.into_iter().flat_map(file).collect::<Vec<_>>()),
            By::Stream(convoy) => Some(convoy),
        };
        let buffer = convoy.as_ref().and_then(|_| self.spare.pop());
        Some((turn.row, turn.file, ToOpen { file: file(turn.file), convoy, buffer }))
    }

    /// A file of this row was opened; the convoy goes on with the next.
    pub fn go_on(&mut self, row: RowNo, convoy: Option<Convoy>) {
        self.to_open.go_on(row, convoy);
    }

    pub fn is_cancelled(&self, file: FileNo) -> bool {
        self.being_opened.get(&file).is_none_or(|being| being.is_cancelled)
    }

    /// A log was opened: what the case is told.
    pub fn opened(&mut self, file: FileNo, opened: Opened) -> ToCase {
        let path = self.files[file as usize].path.clone();
        let add = ToCase::AddSource { file, path, bytes: opened.n_bytes, opening: opened.opening.clone() };
        self.being_opened.insert(file, BeingOpened { opened, is_cancelled: false });
        add
    }

    /// The case knows a log; whether it is to be read.
    pub fn added(&mut self, file: FileNo, source: u32) -> bool {
        let Some(being) = self.being_opened.remove(&file) else { return true };
        self.file_of_source.insert(source, file);
        if being.is_cancelled {
            return false;
        }
        let Opened { opening, n_bytes, whole } = being.opened;
        let has_chunks = opening.n_chunks > 0;
        self.schedule.add(file, source, n_bytes, opening, whole.is_some());
        match whole {
            Some(bytes) if has_chunks => drop(self.whole.insert(file, bytes)),
            other => self.use_again(other),
        }
        true
    }

    /// A buffer is used again, unless it was made for something small, or nothing is read any more.
    pub fn use_again(&mut self, buffer: Option<ArrayBuffer>) {
        let is_wanted = |buffer: &ArrayBuffer| buffer.byte_length() == MOST_BATCH_BYTES;
        self.spare.extend(buffer.filter(|buffer| self.state == Reading::UnderWay && is_wanted(buffer)));
    }

    /// A file will not be read: what the case is told.
    pub fn not_read(&mut self, file: FileNo, opening: Opening, stop: Option<Stop>) -> ToCase {
        self.being_opened.remove(&file);
        self.schedule.listed();
        let dropped = &self.files[file as usize];
        let bytes = dropped.file.as_ref().map_or(0, |file| file.size() as u64);
        ToCase::ListSource { file, path: dropped.path.clone(), bytes, opening, stop }
    }

    /// What can be done now.
    pub fn steps(&mut self) -> Vec<Step> {
        let more_to_come = self.to_open.files().next().is_some() || !self.being_opened.is_empty();
        self.schedule.steps(window::now_ms(), more_to_come)
    }

    /// Whether the batch is all of a file that was read when it was opened.
    pub fn read_whole(&mut self, batch: &Batch) -> bool {
        let Some(bytes) = self.whole.remove(&batch.file) else { return false };
        self.keep(batch, bytes, batch.from as u32);
        true
    }

    /// What a batch is read with: its file, the stream that is at its beginning, and a buffer, if there are such.
    pub fn begin_batch(
        &mut self,
        batch: &Batch,
    ) -> (Result<File, String>, Option<Stream>, Option<ArrayBuffer>) {
        let file = self.files[batch.file as usize].file.clone();
        let stream = self.streams.remove(&(batch.file, batch.from));
        (file, stream, self.spare.pop())
    }

    pub fn was_read(&mut self, batch: &Batch, (bytes, stream): BatchRead) {
        if self.schedule.wants(batch.number) {
            self.streams.extend(stream.map(|stream| ((batch.file, stream.at()), stream)));
        }
        self.keep(batch, bytes, 0);
    }

    /// Why a batch's bytes will not come.
    pub fn could_not_read(&mut self, batch: &Batch, why: String) -> Vec<Step> {
        self.schedule.not_read(batch.number, why)
    }

    fn keep(&mut self, batch: &Batch, bytes: ArrayBuffer, skip: u32) {
        if self.schedule.wants(batch.number) {
            self.buffers.insert(batch.number, (bytes, skip));
        }
        self.schedule.read(batch.number);
    }

    /// What was read of a batch, for the worker that parses it.
    pub fn take_bytes(&mut self, batch: BatchNo) -> Option<(ArrayBuffer, u32)> {
        self.buffers.remove(&batch)
    }

    pub fn parsed(&mut self, worker: WorkerNo, batch: BatchNo, buffer: JsValue) {
        self.schedule.parsed(worker, batch, window::now_ms());
        self.use_again(buffer.dyn_into().ok());
    }

    /// Workers that are wanted as soon as there is anything to read.
    pub fn first_workers(&self) -> RangeInclusive<WorkerNo> {
        self.schedule.first_workers()
    }

    /// Workers that have not answered for too long.
    pub fn stuck(&self) -> Vec<WorkerNo> {
        self.schedule.stuck(window::now_ms())
    }

    pub fn parser_died(&mut self, worker: WorkerNo, why: &str) -> Vec<Step> {
        self.schedule.died(worker, why)
    }

    pub fn abandoned(&mut self, batch: BatchNo, was_merged: bool) -> Vec<Step> {
        self.schedule.abandoned(batch, was_merged)
    }

    pub fn merged(&mut self, batch: BatchNo, n_records: u64) {
        if let Some(file) = self.schedule.file_of(batch) {
            *self.n_records_of_file.entry(file).or_default() += n_records;
        }
        self.schedule.merged(batch);
    }

    pub fn progress(&self) -> Progress {
        let n_waiting = self.to_open.files().count() + self.being_opened.len() + self.schedule.n_sources();
        let not_opened = self.to_open.files().chain(self.being_opened.keys().copied());
        let size =
            |file: FileNo| self.files[file as usize].file.as_ref().map_or(0, |file| file.size() as u64);
        Progress {
            state: self.state,
            n_files: self.files.len() as u32,
            n_files_done: self.files.len().saturating_sub(n_waiting) as u32,
            n_bytes: self.schedule.n_bytes() + not_opened.map(size).sum::<u64>(),
            n_bytes_done: self.schedule.n_bytes_done(),
            n_records: self.n_records_of_file.values().sum(),
            elapsed_ms: window::now_ms() - self.began_ms,
            n_bytes_before: self.n_bytes_before,
            sources: self.source_lines(),
        }
    }

    fn source_lines(&self) -> Vec<SourceLine> {
        let line = |source: SourceProgress| SourceLine {
            file: source.file,
            path: self.files[source.file as usize].path.clone(),
            n_bytes: source.n_bytes,
            n_bytes_done: source.n_bytes_done,
            n_records: self.n_records_of_file.get(&source.file).copied().unwrap_or_default(),
        };
        self.schedule.progress().into_iter().map(line).collect()
    }
}
