//! Reading: what was dropped is opened, read batch by batch, given to parse workers, and followed until it is in the
//! case. What it decides by is in `schedule`; this only does it.

use super::Engine;
use super::link::{Link, text_of};
use crate::browser::files::{self, Dropped, Stream};
use crate::browser::window;
use crate::state::Action;
use crate::state::progress::{Progress, Reading, SourceLine};
use crate::worker::message::{post, receive};
use crate::worker::protocol::{BatchNo, FileNo, FromParse, ToCase, ToParse};
use crate::worker::schedule::{Batch, MOST_BATCH_BYTES, Schedule, SourceProgress, Step, WorkerNo};
use gloo::timers::callback::Interval;
use js_sys::{ArrayBuffer, Uint8Array};
use sessionscope::case::ledger::Stop;
use sessionscope::parse::{self, Opening};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, MessageChannel, MessageEvent};

/// Files whose beginnings are looked at at a time.
const OPENED_AT_ONCE: usize = 4;
/// A file of no more bytes is read whole when it is opened: to ask the browser for a part takes milliseconds, whatever
/// its size, and Windows has hundreds of logs of a megabyte.
const MOST_WHOLE_BYTES: u64 = 2 << 20;
/// Files that were read whole and are not given to a parse worker yet.
const MOST_WHOLE: usize = 8;
/// Progress is shown this often.
const PROGRESS_EVERY_MS: u32 = 200;

/// A file whose beginning is being looked at.
#[derive(Default)]
struct BeingOpened {
    opened: Opened,
    is_cancelled: bool,
}

/// What the first bytes of a file say, its size, and all its bytes if it is small.
#[derive(Default)]
struct Opened {
    opening: Opening,
    n_bytes: u64,
    whole: Option<ArrayBuffer>,
}

/// What is read, and how far that is.
pub struct Reader {
    /// Every dropped file: a case that is lost is read again from them.
    files: Vec<Dropped>,
    to_open: VecDeque<FileNo>,
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
    parsers: HashMap<WorkerNo, Link>,
    file_of_source: HashMap<u32, FileNo>,
    n_records_of_file: HashMap<FileNo, u64>,
    state: Reading,
    began_ms: f64,
    n_bytes_before: u64,
    ticker: Option<Interval>,
}

impl Engine {
    /// Files were dropped or picked: they are added to the case.
    pub fn add_files(self: &Rc<Self>, files: Vec<Dropped>) {
        if !files.is_empty() && self.start_case() {
            self.inner.borrow_mut().reader.add(files);
            self.begin_reading();
        }
    }

    /// Stops reading. What is in the case stays.
    pub fn cancel(self: &Rc<Self>) {
        let (steps, not_opened) = self.inner.borrow_mut().reader.cancel();
        for file in not_opened {
            // Whether it is a log was not looked at: nothing speaks against it.
            let opening = Opening { is_log: true, ..Opening::default() };
            self.list_source(file, opening, Some(Stop::Cancelled));
        }
        self.take(steps);
        self.pump();
        self.tell_progress();
    }

    /// Starts the parse workers that will be wanted first.
    pub(super) async fn warm_up_parsers(self: &Rc<Self>) {
        let workers = self.inner.borrow().reader.schedule.first_workers();
        for worker in workers {
            window::next_task().await;
            // One that cannot be started now is tried again when there is a batch for it.
            let _ = self.start_parser(worker);
        }
    }

    /// Reads what is not read yet.
    pub(super) fn begin_reading(self: &Rc<Self>) {
        let me = Rc::downgrade(self);
        let ticker = Interval::new(PROGRESS_EVERY_MS, move || {
            if let Some(me) = me.upgrade() {
                me.tick();
            }
        });
        self.inner.borrow_mut().reader.begin(ticker);
        self.tell_progress();
        self.open_more();
    }

    fn tick(self: &Rc<Self>) {
        let stuck = self.inner.borrow().reader.schedule.stuck(window::now_ms());
        for worker in stuck {
            self.parser_died(worker, "it did not answer");
        }
        self.tell_progress();
    }

    fn open_more(self: &Rc<Self>) {
        loop {
            let mut inner = self.inner.borrow_mut();
            let Some((number, file)) = inner.reader.next_to_open() else { return };
            let case_no = inner.case_no;
            drop(inner);
            let me = self.clone();
            spawn_local(async move {
                let opened = open(file).await;
                me.opened(number, case_no, opened);
            });
        }
    }

    fn opened(self: &Rc<Self>, file: FileNo, case_no: u32, opened: Result<Opened, String>) {
        let mut inner = self.inner.borrow_mut();
        if inner.case_no != case_no {
            return;
        }
        let is_cancelled = inner.reader.is_cancelled(file);
        match opened {
            Ok(opened) if opened.opening.is_log && !is_cancelled => {
                let add = inner.reader.opened(file, opened);
                inner.post_to_case(&add, None);
                drop(inner);
            }
            Ok(opened) => {
                drop(inner);
                self.list_source(file, opened.opening, is_cancelled.then_some(Stop::Cancelled));
            }
            Err(why) => {
                drop(inner);
                let opening = Opening { problem: Some(why), ..Opening::default() };
                self.list_source(file, opening, None);
            }
        }
        self.open_more();
        self.pump();
    }

    /// A file that is not read goes straight to the ledger.
    fn list_source(&self, file: FileNo, opening: Opening, stop: Option<Stop>) {
        let mut inner = self.inner.borrow_mut();
        let list = inner.reader.not_read(file, opening, stop);
        inner.post_to_case(&list, None);
    }

    /// The case has a number for a file.
    pub(super) fn source_added(self: &Rc<Self>, file: FileNo, source: u32) {
        let mut inner = self.inner.borrow_mut();
        if !inner.reader.added(file, source) {
            inner.post_to_case(&ToCase::EndSource { source, stop: Some(Stop::Cancelled) }, None);
        }
        drop(inner);
        self.open_more();
        self.pump();
    }

    /// A batch is in the case.
    pub(super) fn merged(self: &Rc<Self>, batch: BatchNo, n_records: u64) {
        self.inner.borrow_mut().reader.merged(batch, n_records);
        self.pump();
    }

    /// A dead worker's batch will not come any more.
    pub(super) fn abandoned(self: &Rc<Self>, batch: BatchNo, was_merged: bool) {
        let steps = self.inner.borrow_mut().reader.schedule.abandoned(batch, was_merged);
        self.take(steps);
        self.pump();
    }

    /// Takes the steps that can be taken now.
    fn pump(self: &Rc<Self>) {
        let steps = self.inner.borrow_mut().reader.steps();
        self.take(steps);
    }

    fn take(self: &Rc<Self>, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Read(batch) => self.read(batch),
                Step::Parse { worker, batch } => self.give(worker, &batch),
                Step::Abandon(batch) => self.post_to_case(&ToCase::Abandon { batch }),
                Step::Problem { source, chunk, text } => {
                    self.post_to_case(&ToCase::Problem { source, chunk, text })
                }
                Step::End { source, stop } => self.post_to_case(&ToCase::EndSource { source, stop }),
                Step::Settle => self.settle(),
            }
        }
    }

    fn settle(&self) {
        self.post_to_case(&ToCase::Settle);
        self.inner.borrow_mut().reader.settle();
        self.tell_progress();
    }

    fn read(self: &Rc<Self>, batch: Batch) {
        let mut inner = self.inner.borrow_mut();
        if inner.reader.read_whole(&batch) {
            drop(inner);
            return self.pump();
        }
        let case_no = inner.case_no;
        let (file, stream, buffer) = inner.reader.begin_batch(&batch);
        drop(inner);
        let me = self.clone();
        spawn_local(async move {
            let bytes = match file {
                Ok(file) => read_batch(&file, stream, buffer, &batch).await,
                Err(why) => Err(why),
            };
            me.was_read(&batch, case_no, bytes);
        });
    }

    fn was_read(self: &Rc<Self>, batch: &Batch, case_no: u32, bytes: Result<BatchRead, String>) {
        let mut inner = self.inner.borrow_mut();
        if inner.case_no != case_no {
            return;
        }
        let steps = match bytes {
            Ok(read) => {
                inner.reader.was_read(batch, read);
                Vec::new()
            }
            Err(why) => inner.reader.schedule.not_read(batch.number, why),
        };
        drop(inner);
        self.take(steps);
        self.pump();
    }

    fn give(self: &Rc<Self>, worker: WorkerNo, batch: &Batch) {
        let given = self.start_parser(worker).and_then(|()| {
            let mut inner = self.inner.borrow_mut();
            let Batch { number, source, first_chunk, first_chunk_offset, .. } = *batch;
            let (bytes, skip) = inner.reader.buffers.remove(&number).unzip();
            let (bytes, skip) = (bytes.map(JsValue::from), skip.unwrap_or_default());
            let n_bytes = batch.n_bytes() as u32;
            let message =
                ToParse::Batch { batch: number, source, first_chunk, first_chunk_offset, skip, n_bytes };
            inner.reader.parsers.get(&worker).map_or(Ok(()), |link| post(&link.worker, &message, bytes))
        });
        if let Err(error) = given {
            self.parser_died(worker, &format!("it could not be started: {}", text_of(&error)));
        }
    }

    fn start_parser(self: &Rc<Self>, worker: WorkerNo) -> Result<(), JsValue> {
        if self.inner.borrow().reader.parsers.contains_key(&worker) {
            return Ok(());
        }
        let link = Link::start(
            self,
            "parse",
            move |engine, event| engine.hear_parser(worker, event),
            move |engine, why| engine.parser_died(worker, why),
        )?;
        let channel = MessageChannel::new()?;
        post(&link.worker, &ToParse::Connect, Some(channel.port1().into()))?;
        let mut inner = self.inner.borrow_mut();
        inner.post_to_case(&ToCase::Connect, Some(channel.port2().into()));
        inner.reader.parsers.insert(worker, link);
        Ok(())
    }

    fn hear_parser(self: &Rc<Self>, worker: WorkerNo, event: &MessageEvent) -> Result<(), String> {
        if let (FromParse::Parsed { batch }, buffer) = receive(event)? {
            self.inner.borrow_mut().reader.parsed(worker, batch, buffer);
            self.pump();
        }
        Ok(())
    }

    fn parser_died(self: &Rc<Self>, worker: WorkerNo, why: &str) {
        let mut inner = self.inner.borrow_mut();
        let link = inner.reader.parsers.remove(&worker);
        let steps = inner.reader.schedule.died(worker, why);
        drop(inner);
        drop(link);
        self.take(steps);
        self.pump();
    }

    pub(super) fn tell_progress(&self) {
        let progress = self.inner.borrow().reader.progress();
        self.tell.emit(Action::ProgressMade(Rc::new(progress)));
    }
}

impl Reader {
    /// For this many processors.
    pub fn new(n_processors: usize) -> Self {
        Reader {
            files: Vec::new(),
            to_open: VecDeque::new(),
            being_opened: HashMap::new(),
            schedule: Schedule::new(n_processors),
            whole: HashMap::new(),
            buffers: HashMap::new(),
            spare: Vec::new(),
            streams: HashMap::new(),
            parsers: HashMap::new(),
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

    /// As it was before any file was read: all of them are read again. The old one's workers end with it.
    pub fn anew(&mut self) -> Reader {
        let files = std::mem::take(&mut self.files);
        let anew = Reader {
            to_open: (0..files.len() as FileNo).collect(),
            files,
            ..Reader::new(window::n_processors())
        };
        std::mem::replace(self, anew)
    }

    fn add(&mut self, mut files: Vec<Dropped>) {
        // Sessions are in the Security logs: those first, and there is something to see soon.
        files.sort_by_key(|file| !file.path.to_ascii_lowercase().contains("security"));
        let first = self.files.len() as FileNo;
        self.to_open.extend(first..first + files.len() as FileNo);
        self.files.extend(files);
    }

    fn begin(&mut self, ticker: Interval) {
        self.ticker = Some(ticker);
        if self.state != Reading::UnderWay {
            self.state = Reading::UnderWay;
            self.began_ms = window::now_ms();
            self.n_bytes_before = self.schedule.n_bytes_done();
        }
    }

    /// What has to be done of that, and the files whose beginnings will not be looked at.
    fn cancel(&mut self) -> (Vec<Step>, Vec<FileNo>) {
        self.whole.clear();
        self.buffers.clear();
        self.streams.clear();
        self.state = Reading::Cancelled;
        self.being_opened.values_mut().for_each(|file| file.is_cancelled = true);
        (self.schedule.cancel(), self.to_open.drain(..).collect())
    }

    fn settle(&mut self) {
        self.ticker = None;
        self.spare.clear();
        self.streams.clear();
        if self.state == Reading::UnderWay {
            self.state = Reading::Done;
        }
    }

    fn next_to_open(&mut self) -> Option<(FileNo, Result<File, String>)> {
        if self.being_opened.len() >= OPENED_AT_ONCE || self.whole.len() >= MOST_WHOLE {
            return None;
        }
        let number = self.to_open.pop_front()?;
        self.being_opened.insert(number, BeingOpened::default());
        Some((number, self.files[number as usize].file.clone()))
    }

    fn is_cancelled(&self, file: FileNo) -> bool {
        self.being_opened.get(&file).is_none_or(|being| being.is_cancelled)
    }

    /// A log was opened: what the case is told.
    fn opened(&mut self, file: FileNo, opened: Opened) -> ToCase {
        let path = self.files[file as usize].path.clone();
        let add = ToCase::AddSource { file, path, bytes: opened.n_bytes, opening: opened.opening.clone() };
        self.being_opened.insert(file, BeingOpened { opened, is_cancelled: false });
        add
    }

    /// The case knows a log; whether it is to be read.
    fn added(&mut self, file: FileNo, source: u32) -> bool {
        let Some(being) = self.being_opened.remove(&file) else { return true };
        self.file_of_source.insert(source, file);
        if being.is_cancelled {
            return false;
        }
        let Opened { opening, n_bytes, whole } = being.opened;
        let has_chunks = opening.n_chunks > 0;
        self.schedule.add(file, source, n_bytes, opening, whole.is_some());
        self.whole.extend(whole.filter(|_| has_chunks).map(|bytes| (file, bytes)));
        true
    }

    /// A file will not be read: what the case is told.
    fn not_read(&mut self, file: FileNo, opening: Opening, stop: Option<Stop>) -> ToCase {
        self.being_opened.remove(&file);
        self.schedule.listed();
        let Dropped { path, file } = &self.files[file as usize];
        let bytes = file.as_ref().map_or(0, |file| file.size() as u64);
        ToCase::ListSource { path: path.clone(), bytes, opening, stop }
    }

    fn steps(&mut self) -> Vec<Step> {
        let more_to_come = !self.to_open.is_empty() || !self.being_opened.is_empty();
        self.schedule.steps(window::now_ms(), more_to_come)
    }

    /// Whether the batch is all of a file that was read when it was opened.
    fn read_whole(&mut self, batch: &Batch) -> bool {
        let Some(bytes) = self.whole.remove(&batch.file) else { return false };
        self.keep(batch, bytes, batch.from as u32);
        true
    }

    /// What a batch is read with: its file, the stream that is at its beginning, and a buffer, if there are such.
    fn begin_batch(&mut self, batch: &Batch) -> (Result<File, String>, Option<Stream>, Option<ArrayBuffer>) {
        let file = self.files[batch.file as usize].file.clone();
        let stream = self.streams.remove(&(batch.file, batch.from));
        (file, stream, self.spare.pop())
    }

    fn was_read(&mut self, batch: &Batch, (bytes, stream): BatchRead) {
        if self.schedule.wants(batch.number) {
            self.streams.extend(stream.map(|stream| ((batch.file, stream.at()), stream)));
        }
        self.keep(batch, bytes, 0);
    }

    fn keep(&mut self, batch: &Batch, bytes: ArrayBuffer, skip: u32) {
        if self.schedule.wants(batch.number) {
            self.buffers.insert(batch.number, (bytes, skip));
        }
        self.schedule.read(batch.number);
    }

    fn parsed(&mut self, worker: WorkerNo, batch: BatchNo, buffer: JsValue) {
        self.schedule.parsed(worker, batch, window::now_ms());
        // A buffer is used again, unless it was made for a small batch, or nothing is read any more.
        let buffer = buffer.dyn_into::<ArrayBuffer>().ok();
        let buffer = buffer.filter(|buffer| buffer.byte_length() == MOST_BATCH_BYTES);
        if self.state == Reading::UnderWay {
            self.spare.extend(buffer);
        }
    }

    fn merged(&mut self, batch: BatchNo, n_records: u64) {
        if let Some(file) = self.schedule.file_of(batch) {
            *self.n_records_of_file.entry(file).or_default() += n_records;
        }
        self.schedule.merged(batch);
    }

    fn progress(&self) -> Progress {
        let n_waiting = self.to_open.len() + self.being_opened.len() + self.schedule.n_sources();
        let not_opened = self.to_open.iter().chain(self.being_opened.keys());
        let size =
            |&file: &FileNo| self.files[file as usize].file.as_ref().map_or(0, |file| file.size() as u64);
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

/// A batch's bytes, and the stream they came from: the next batch's come from there as well, if there is one.
type BatchRead = (ArrayBuffer, Option<Stream>);

async fn read_batch(
    file: &File,
    stream: Option<Stream>,
    buffer: Option<ArrayBuffer>,
    batch: &Batch,
) -> Result<BatchRead, String> {
    let Some(mut stream) = stream.or_else(|| Stream::open(file, batch.from)) else {
        return Ok((files::read(file, batch.from, batch.to).await?, None));
    };
    let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(MOST_BATCH_BYTES));
    match stream.read(buffer, batch.n_bytes() as u32).await {
        Some(bytes) => Ok((bytes, Some(stream).filter(|stream| (stream.at() as f64) < file.size()))),
        // A stream does not say why it failed, a part of the file does.
        None => Ok((files::read(file, batch.from, batch.to).await?, None)),
    }
}

async fn open(file: Result<File, String>) -> Result<Opened, String> {
    let file = file?;
    let n_bytes = file.size() as u64;
    let is_small = n_bytes <= MOST_WHOLE_BYTES;
    let to = if is_small { n_bytes } else { parse::HEADER_BYTES as u64 };
    let bytes = files::read(&file, 0, to).await?;
    let header =
        Uint8Array::new_with_byte_offset_and_length(&bytes, 0, to.min(parse::HEADER_BYTES as u64) as u32);
    let opening = parse::open(&header.to_vec(), n_bytes);
    Ok(Opened { opening, n_bytes, whole: is_small.then_some(bytes) })
}
