//! The page's side of the workers: starts and replaces them, reads the dropped files for them, and carries questions
//! and answers. What it decides by is in `schedule` and `questions`; this file only does it.

use super::message::{post, receive};
use super::protocol::*;
use super::questions::Slot;
use super::schedule::{Batch, MOST_BATCH_BYTES, Schedule, Step, WorkerNo};
use crate::browser::files::{self, Dropped, Stream};
use crate::browser::{download, window};
use crate::state::progress::{Progress, Reading, SourceLine};
use crate::state::{Action, Export, Notice};
use crate::text::moment;
use gloo::timers::callback::Interval;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use sessionscope::case::ledger::Stop;
use sessionscope::case::{Format, Place, Summary};
use sessionscope::parse::{self, CHUNK_BYTES, Opening};
use sessionscope::query::Query;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{ErrorEvent, File, MessageChannel, MessageEvent, Worker};
use yew::Callback;

/// Files whose beginnings are looked at at a time.
const OPENED_AT_ONCE: usize = 4;
/// Progress is shown this often.
const PROGRESS_EVERY_MS: u32 = 200;
/// Sessions in a piece of an export: a megabyte or so.
const SESSIONS_PER_PIECE: u32 = 1000;
/// An export of a case that keeps changing is begun anew this often.
const MOST_EXPORT_STARTS: u32 = 5;
/// A case that dies again would die once more.
const MOST_RESTARTS: u32 = 1;

#[wasm_bindgen]
extern "C" {
    /// Starts a worker; `js/boot.js` says what it does.
    #[wasm_bindgen(js_namespace = sessionscope, catch)]
    fn spawn(role: &str) -> Result<Worker, JsValue>;
}

/// A worker and who listens to it; dropping it ends the worker.
struct Link {
    worker: Worker,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// A file whose beginning is being looked at.
#[derive(Default)]
struct BeingOpened {
    opening: Opening,
    n_bytes: u64,
    is_cancelled: bool,
}

/// A download that is being put together.
struct Exporting {
    format: Format,
    query: Option<Query>,
    first: u32,
    n_bytes: u64,
    pieces: Array,
    version: Option<u32>,
    n_starts: u32,
    question: QuestionNo,
}

/// Keeps the workers at work for one page.
pub struct Engine {
    inner: RefCell<Inner>,
    tell: Callback<Action>,
}

struct Inner {
    /// Every dropped file: a case that is lost is read again from them.
    files: Vec<Dropped>,
    to_open: VecDeque<FileNo>,
    being_opened: HashMap<FileNo, BeingOpened>,
    schedule: Schedule,
    /// What was read and is not parsed yet.
    buffers: HashMap<BatchNo, ArrayBuffer>,
    /// Buffers that were parsed and can be used again.
    spare: Vec<ArrayBuffer>,
    /// Where files are being read.
    streams: HashMap<FileNo, Stream>,
    case: Option<Link>,
    /// Counts cases: what was begun for an earlier one is dropped.
    case_no: u32,
    n_restarts: u32,
    parsers: HashMap<WorkerNo, Link>,
    /// Renders single records, so that they do not wait behind batches.
    viewer: Option<Link>,
    views: HashMap<QuestionNo, (String, u32)>,
    file_of_source: HashMap<u32, FileNo>,
    n_records_of_file: HashMap<FileNo, u64>,
    summary: Summary,
    rows: Slot<RowsAsk>,
    session: Slot<SessionAsk>,
    activity: Slot<ActivityAsk>,
    who: Slot<WhoAsk>,
    hosts: Slot<HostsAsk>,
    host: Slot<HostAsk>,
    ledger: Slot<LedgerAsk>,
    export: Option<Exporting>,
    last_question: QuestionNo,
    reading: Reading,
    began_ms: f64,
    n_bytes_before: u64,
    ticker: Option<Interval>,
}

impl Engine {
    pub fn new(tell: Callback<Action>) -> Rc<Self> {
        let inner = Inner {
            files: Vec::new(),
            to_open: VecDeque::new(),
            being_opened: HashMap::new(),
            schedule: Schedule::new(window::n_processors()),
            buffers: HashMap::new(),
            spare: Vec::new(),
            streams: HashMap::new(),
            case: None,
            case_no: 0,
            n_restarts: 0,
            parsers: HashMap::new(),
            viewer: None,
            views: HashMap::new(),
            file_of_source: HashMap::new(),
            n_records_of_file: HashMap::new(),
            summary: Summary::default(),
            rows: Slot::default(),
            session: Slot::default(),
            activity: Slot::default(),
            who: Slot::default(),
            hosts: Slot::default(),
            host: Slot::default(),
            ledger: Slot::default(),
            export: None,
            last_question: 0,
            reading: Reading::Idle,
            began_ms: 0.0,
            n_bytes_before: 0,
            ticker: None,
        };
        Rc::new(Self { inner: RefCell::new(inner), tell })
    }

    /// Starts the workers before there is anything for them to do: they would take longest to start all at once, while
    /// somebody waits for the first sessions.
    pub fn warm_up(self: &Rc<Self>) {
        let me = self.clone();
        spawn_local(async move {
            window::next_task().await;
            if !me.start_case() {
                return;
            }
            let workers = me.inner.borrow().schedule.first_workers();
            for worker in workers {
                window::next_task().await;
                // One that cannot be started now is tried again when there is a batch for it.
                let _ = me.start_parser(worker);
            }
        });
    }

    // Files in.

    /// Files were dropped or picked: they are added to the case.
    pub fn add_files(self: &Rc<Self>, mut files: Vec<Dropped>) {
        if files.is_empty() {
            return;
        }
        // Sessions are in the Security logs: those first, and there is something to see soon.
        files.sort_by_key(|file| !file.path.to_ascii_lowercase().contains("security"));
        if !self.start_case() {
            return;
        }
        let mut inner = self.inner.borrow_mut();
        let first = inner.files.len() as FileNo;
        inner.to_open.extend(first..first + files.len() as FileNo);
        inner.files.extend(files);
        drop(inner);
        self.begin_reading();
        self.open_more();
    }

    /// Stops reading. What is in the case stays.
    pub fn cancel(self: &Rc<Self>) {
        let mut inner = self.inner.borrow_mut();
        inner.buffers.clear();
        inner.streams.clear();
        inner.reading = Reading::Cancelled;
        inner.being_opened.values_mut().for_each(|file| file.is_cancelled = true);
        let not_opened: Vec<FileNo> = inner.to_open.drain(..).collect();
        let steps = inner.schedule.cancel();
        for file in not_opened {
            // Whether it is a log was not looked at: nothing speaks against it.
            let opening = Opening { is_log: true, ..Opening::default() };
            inner.list_source(file, opening, Some(Stop::Cancelled));
        }
        drop(inner);
        self.take(steps);
        self.pump();
        self.tell_progress();
    }

    fn begin_reading(self: &Rc<Self>) {
        let mut inner = self.inner.borrow_mut();
        if inner.reading != Reading::UnderWay {
            inner.reading = Reading::UnderWay;
            inner.began_ms = window::now_ms();
            inner.n_bytes_before = inner.schedule.n_bytes_done();
        }
        let me = Rc::downgrade(self);
        inner.ticker = Some(Interval::new(PROGRESS_EVERY_MS, move || {
            if let Some(me) = me.upgrade() {
                me.tick();
            }
        }));
        drop(inner);
        self.tell_progress();
    }

    fn tick(self: &Rc<Self>) {
        let stuck = self.inner.borrow().schedule.stuck(window::now_ms());
        for worker in stuck {
            self.parser_died(worker, "it did not answer");
        }
        self.tell_progress();
    }

    fn open_more(self: &Rc<Self>) {
        loop {
            let mut inner = self.inner.borrow_mut();
            if inner.being_opened.len() >= OPENED_AT_ONCE {
                return;
            }
            let Some(file) = inner.to_open.pop_front() else { return };
            inner.being_opened.insert(file, BeingOpened::default());
            let (dropped, case_no) = (inner.files[file as usize].file.clone(), inner.case_no);
            drop(inner);
            let me = self.clone();
            spawn_local(async move {
                let opened = open(dropped).await;
                me.opened(file, case_no, opened);
            });
        }
    }

    fn opened(self: &Rc<Self>, file: FileNo, case_no: u32, opened: Result<(Opening, u64), String>) {
        let mut inner = self.inner.borrow_mut();
        if inner.case_no != case_no {
            return;
        }
        let is_cancelled = inner.being_opened.get(&file).is_none_or(|being| being.is_cancelled);
        match opened {
            Ok((opening, n_bytes)) if opening.is_log && !is_cancelled => {
                let path = inner.files[file as usize].path.clone();
                let add = ToCase::AddSource { file, path, bytes: n_bytes, opening: opening.clone() };
                inner.being_opened.insert(file, BeingOpened { opening, n_bytes, is_cancelled });
                inner.post_to_case(&add, None);
            }
            Ok((opening, _)) => {
                let stop = is_cancelled.then_some(Stop::Cancelled);
                inner.list_source(file, opening, stop);
            }
            Err(why) => {
                let opening = Opening { problem: Some(why), ..Opening::default() };
                inner.list_source(file, opening, None);
            }
        }
        drop(inner);
        self.open_more();
        self.pump();
    }

    fn source_added(self: &Rc<Self>, file: FileNo, source: u32) {
        let mut inner = self.inner.borrow_mut();
        let Some(being) = inner.being_opened.remove(&file) else { return };
        inner.file_of_source.insert(source, file);
        if being.is_cancelled {
            inner.post_to_case(&ToCase::EndSource { source, stop: Some(Stop::Cancelled) }, None);
        } else {
            inner.schedule.add(file, source, being.n_bytes, being.opening);
        }
        drop(inner);
        self.open_more();
        self.pump();
    }

    /// Takes the steps that can be taken now.
    fn pump(self: &Rc<Self>) {
        let mut inner = self.inner.borrow_mut();
        let more_to_come = !inner.to_open.is_empty() || !inner.being_opened.is_empty();
        let steps = inner.schedule.steps(window::now_ms(), more_to_come);
        drop(inner);
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
        let mut inner = self.inner.borrow_mut();
        inner.ticker = None;
        inner.spare.clear();
        if inner.reading == Reading::UnderWay {
            inner.reading = Reading::Done;
        }
        drop(inner);
        self.tell_progress();
    }

    fn read(self: &Rc<Self>, batch: Batch) {
        let mut inner = self.inner.borrow_mut();
        let (file, case_no) = (inner.files[batch.file as usize].file.clone(), inner.case_no);
        let stream = inner.streams.remove(&batch.file).filter(|stream| stream.at() == batch.from);
        let buffer = inner.spare.pop();
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
            Ok((bytes, stream)) => {
                if inner.schedule.wants(batch.number) {
                    inner.buffers.insert(batch.number, bytes);
                    inner.streams.extend(stream.map(|stream| (batch.file, stream)));
                }
                inner.schedule.read(batch.number);
                Vec::new()
            }
            Err(why) => inner.schedule.not_read(batch.number, why),
        };
        drop(inner);
        self.take(steps);
        self.pump();
    }

    fn give(self: &Rc<Self>, worker: WorkerNo, batch: &Batch) {
        let given = self.start_parser(worker).and_then(|()| {
            let mut inner = self.inner.borrow_mut();
            let Batch { number, source, first_chunk, first_chunk_offset, .. } = *batch;
            let bytes = inner.buffers.remove(&number).map(JsValue::from);
            let n_bytes = batch.n_bytes() as u32;
            let message = ToParse::Batch { batch: number, source, first_chunk, first_chunk_offset, n_bytes };
            inner.parsers.get(&worker).map_or(Ok(()), |link| post(&link.worker, &message, bytes))
        });
        if let Err(error) = given {
            self.parser_died(worker, &format!("it could not be started: {}", text_of(&error)));
        }
    }

    // Workers.

    fn start_parser(self: &Rc<Self>, worker: WorkerNo) -> Result<(), JsValue> {
        if self.inner.borrow().parsers.contains_key(&worker) {
            return Ok(());
        }
        let link = self.link(
            "parse",
            move |engine, event| engine.hear_parser(worker, event),
            move |engine, why| engine.parser_died(worker, why),
        )?;
        let channel = MessageChannel::new()?;
        post(&link.worker, &ToParse::Connect, Some(channel.port1().into()))?;
        let mut inner = self.inner.borrow_mut();
        inner.post_to_case(&ToCase::Connect, Some(channel.port2().into()));
        inner.parsers.insert(worker, link);
        Ok(())
    }

    fn start_case(self: &Rc<Self>) -> bool {
        if self.inner.borrow().case.is_some() {
            return true;
        }
        let case_no = self.inner.borrow().case_no;
        let link = self.link(
            "case",
            |engine, event| engine.hear_case(event),
            move |engine, why| {
                engine.case_died(case_no, why);
            },
        );
        match link {
            Ok(link) => {
                self.inner.borrow_mut().case = Some(link);
                true
            }
            Err(error) => {
                self.give_notice(format!("The case cannot be started: {}", text_of(&error)));
                false
            }
        }
    }

    fn link(
        self: &Rc<Self>,
        role: &str,
        hear: impl Fn(&Rc<Self>, &MessageEvent) -> Result<(), String> + 'static,
        died: impl Fn(&Rc<Self>, &str) + 'static,
    ) -> Result<Link, JsValue> {
        let worker = spawn(role)?;
        let died = Rc::new(died);
        let (me, dies) = (Rc::downgrade(self), died.clone());
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let Some(me) = me.upgrade() else { return };
            // A worker that is not understood is no better than a dead one.
            if let Err(why) = hear(&me, &event) {
                dies(&me, &why);
            }
        });
        let me = Rc::downgrade(self);
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            if let Some(me) = me.upgrade() {
                died(&me, &reason(&event));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Link { worker, _on_message: on_message, _on_error: on_error })
    }

    fn hear_parser(self: &Rc<Self>, worker: WorkerNo, event: &MessageEvent) -> Result<(), String> {
        if let (FromParse::Parsed { batch }, buffer) = receive(event)? {
            let mut inner = self.inner.borrow_mut();
            inner.schedule.parsed(worker, batch, window::now_ms());
            inner.take_back(buffer);
            drop(inner);
            self.pump();
        }
        Ok(())
    }

    fn hear_case(self: &Rc<Self>, event: &MessageEvent) -> Result<(), String> {
        let (message, extra) = receive(event)?;
        match message {
            FromCase::SourceAdded { file, source } => self.source_added(file, source),
            FromCase::Merged { batch, n_records } => self.merged(batch, n_records),
            FromCase::Abandoned { batch, was_merged } => {
                let steps = self.inner.borrow_mut().schedule.abandoned(batch, was_merged);
                self.take(steps);
                self.pump();
            }
            FromCase::Summary(summary) => {
                self.inner.borrow_mut().summary = summary.clone();
                self.tell.emit(Action::SummaryArrived(summary));
            }
            FromCase::Answer { number, answer } => self.answered(number, answer, &extra),
        }
        Ok(())
    }

    fn merged(self: &Rc<Self>, batch: BatchNo, n_records: u64) {
        let mut inner = self.inner.borrow_mut();
        if let Some(file) = inner.schedule.file_of(batch) {
            *inner.n_records_of_file.entry(file).or_default() += n_records;
        }
        inner.schedule.merged(batch);
        drop(inner);
        self.pump();
    }

    fn parser_died(self: &Rc<Self>, worker: WorkerNo, why: &str) {
        let mut inner = self.inner.borrow_mut();
        let link = inner.parsers.remove(&worker);
        let steps = inner.schedule.died(worker, why);
        drop(inner);
        drop(link);
        self.take(steps);
        self.pump();
    }

    /// Reads everything again, once.
    fn case_died(self: &Rc<Self>, case_no: u32, why: &str) {
        let mut inner = self.inner.borrow_mut();
        if inner.case_no != case_no {
            return;
        }
        let dead = inner.clear();
        inner.n_restarts += 1;
        let is_given_up = inner.n_restarts > MOST_RESTARTS;
        if is_given_up {
            inner.give_up();
        }
        drop(inner);
        drop(dead);
        self.tell.emit(Action::CaseRestarted);
        if is_given_up {
            self.give_notice(format!(
                "The case was lost twice ({why}). Sessionscope may need more memory for these files than this browser \
                 gives: reload the page and drop fewer at a time"
            ));
            self.tell_progress();
        } else if self.start_case() && !self.inner.borrow().files.is_empty() {
            self.begin_reading();
            self.open_more();
        }
        self.ask();
    }

    // Questions and answers.

    /// These rows are visible now.
    pub fn want_rows(&self, ask: RowsAsk) {
        self.inner.borrow_mut().rows.want(ask);
        self.ask();
    }

    pub fn want_session(&self, ask: SessionAsk) {
        self.inner.borrow_mut().session.want(ask);
        self.ask();
    }

    pub fn want_activity(&self, ask: ActivityAsk) {
        self.inner.borrow_mut().activity.want(ask);
        self.ask();
    }

    pub fn want_who(&self, ask: WhoAsk) {
        self.inner.borrow_mut().who.want(ask);
        self.ask();
    }

    pub fn want_hosts(&self, ask: HostsAsk) {
        self.inner.borrow_mut().hosts.want(ask);
        self.ask();
    }

    pub fn want_host(&self, ask: HostAsk) {
        self.inner.borrow_mut().host.want(ask);
        self.ask();
    }

    pub fn want_ledger(&self, ask: LedgerAsk) {
        self.inner.borrow_mut().ledger.want(ask);
        self.ask();
    }

    fn ask(&self) {
        let mut inner = self.inner.borrow_mut();
        if inner.case.is_none() {
            return;
        }
        let number = inner.last_question.wrapping_add(1);
        let asks = [
            inner.rows.next(number).map(Ask::Rows),
            inner.session.next(number).map(Ask::Session),
            inner.activity.next(number).map(Ask::Activity),
            inner.who.next(number).map(Ask::Who),
            inner.hosts.next(number).map(Ask::Hosts),
            inner.host.next(number).map(Ask::Host),
            inner.ledger.next(number).map(Ask::Ledger),
        ];
        inner.last_question = number;
        for ask in asks.into_iter().flatten() {
            inner.post_to_case(&ToCase::Ask { number, ask }, None);
        }
    }

    fn answered(self: &Rc<Self>, number: QuestionNo, answer: Answer, extra: &JsValue) {
        let mut inner = self.inner.borrow_mut();
        let action = match answer {
            Answer::Rows(rows) => {
                inner.rows.answered(number).map(|ask| Action::RowsArrived { ask, rows: Rc::new(rows) })
            }
            Answer::Session(part) => inner
                .session
                .answered(number)
                .map(|ask| Action::SessionArrived { ask, part: part.map(Rc::from) }),
            Answer::Activity(rows) => inner
                .activity
                .answered(number)
                .map(|ask| Action::ActivityArrived { ask, rows: rows.map(Rc::new) }),
            Answer::Who(part) => {
                inner.who.answered(number).map(|ask| Action::WhoArrived { ask, part: Rc::new(part) })
            }
            Answer::Hosts(part) => {
                inner.hosts.answered(number).map(|ask| Action::HostsArrived { ask, part: Rc::new(part) })
            }
            Answer::Host(part) => {
                inner.host.answered(number).map(|ask| Action::HostArrived { ask, part: part.map(Rc::from) })
            }
            Answer::Ledger(part) => {
                inner.ledger.answered(number).map(|ask| Action::LedgerArrived { ask, part: Rc::new(part) })
            }
            Answer::Export(part) => inner.take_piece(number, part, extra).map(Action::ExportChanged),
        };
        drop(inner);
        if let Some(action) = action {
            self.tell.emit(action);
        }
        self.ask();
    }

    /// Puts a download together: what the query shows, or everything.
    pub fn export(&self, format: Format, query: Option<Query>) {
        let mut inner = self.inner.borrow_mut();
        if inner.case.is_none() {
            return;
        }
        let (pieces, question) = (Array::new(), 0);
        inner.export = Some(Exporting {
            format,
            query,
            first: 0,
            n_bytes: 0,
            pieces,
            version: None,
            n_starts: 1,
            question,
        });
        inner.ask_piece();
        drop(inner);
        self.tell.emit(Action::ExportChanged(Export::Preparing { n_done: 0, n_total: 0 }));
    }

    /// A record is to be shown whole: its chunk is read again.
    pub fn show_record(self: &Rc<Self>, session: String, index: u32, place: Place) {
        let me = self.clone();
        spawn_local(async move {
            if let Err(why) = me.ask_view(session.clone(), index, place).await {
                me.tell.emit(Action::RecordArrived { session, index, view: Err(why) });
            }
        });
    }

    async fn ask_view(self: &Rc<Self>, session: String, index: u32, place: Place) -> Result<(), String> {
        let file = {
            let inner = self.inner.borrow();
            let file = inner.file_of_source.get(&place.source).ok_or("its file is not known any more")?;
            inner.files[*file as usize].file.clone()?
        };
        let to = (place.chunk_offset + CHUNK_BYTES as u64).min(file.size() as u64);
        if to <= place.chunk_offset {
            return Err("the file is shorter than it was".into());
        }
        let chunk = files::read(&file, place.chunk_offset, to).await?;
        self.start_viewer().map_err(|error| text_of(&error))?;
        let mut inner = self.inner.borrow_mut();
        inner.last_question = inner.last_question.wrapping_add(1);
        let number = inner.last_question;
        inner.views.insert(number, (session, index));
        let message = ToParse::View { number, record: place.record };
        let viewer = inner.viewer.as_ref().ok_or("its reader is gone")?;
        post(&viewer.worker, &message, Some(chunk.into())).map_err(|error| text_of(&error))
    }

    fn start_viewer(self: &Rc<Self>) -> Result<(), JsValue> {
        if self.inner.borrow().viewer.is_some() {
            return Ok(());
        }
        let link = self.link(
            "parse",
            |engine, event| engine.hear_viewer(event),
            |engine, why| engine.viewer_died(why),
        )?;
        self.inner.borrow_mut().viewer = Some(link);
        Ok(())
    }

    fn hear_viewer(self: &Rc<Self>, event: &MessageEvent) -> Result<(), String> {
        if let (FromParse::Viewed { number, view }, _) = receive(event)? {
            let asked = self.inner.borrow_mut().views.remove(&number);
            if let Some((session, index)) = asked {
                self.tell.emit(Action::RecordArrived { session, index, view: view.map(Rc::new) });
            }
        }
        Ok(())
    }

    fn viewer_died(self: &Rc<Self>, why: &str) {
        let mut inner = self.inner.borrow_mut();
        let dead = inner.viewer.take();
        let lost: Vec<(String, u32)> = inner.views.drain().map(|(_, asked)| asked).collect();
        drop(inner);
        drop(dead);
        for (session, index) in lost {
            let view = Err(format!("the record's chunk stopped its reader ({why})"));
            self.tell.emit(Action::RecordArrived { session, index, view });
        }
    }

    // Telling.

    fn post_to_case(&self, message: &ToCase) {
        self.inner.borrow_mut().post_to_case(message, None);
    }

    fn give_notice(&self, text: String) {
        self.tell.emit(Action::NoticeGiven(Notice { text, is_error: true }));
    }

    fn tell_progress(&self) {
        let progress = self.inner.borrow().progress();
        self.tell.emit(Action::ProgressMade(Rc::new(progress)));
    }
}

impl Inner {
    fn post_to_case(&mut self, message: &ToCase, extra: Option<JsValue>) {
        if let Some(case) = &self.case
            && let Err(error) = post(&case.worker, message, extra)
        {
            web_sys::console::error_1(&error);
        }
    }

    /// A batch's buffer is used again, unless it was made for a small one, or nothing is read any more.
    fn take_back(&mut self, buffer: JsValue) {
        let buffer = buffer.dyn_into::<ArrayBuffer>().ok();
        let buffer = buffer.filter(|buffer| buffer.byte_length() == MOST_BATCH_BYTES);
        if self.reading == Reading::UnderWay {
            self.spare.extend(buffer);
        }
    }

    /// A file that is not read goes straight to the ledger.
    fn list_source(&mut self, file: FileNo, opening: Opening, stop: Option<Stop>) {
        self.being_opened.remove(&file);
        let dropped = &self.files[file as usize];
        let bytes = dropped.file.as_ref().map_or(0, |file| file.size() as u64);
        let list = ToCase::ListSource { path: dropped.path.clone(), bytes, opening, stop };
        self.post_to_case(&list, None);
        self.schedule.listed();
    }

    /// Forgets the case and all that was on its way to it; gives back the workers, to be ended.
    fn clear(&mut self) -> Vec<Link> {
        self.case_no += 1;
        self.schedule = Schedule::new(window::n_processors());
        self.buffers.clear();
        self.streams.clear();
        self.being_opened.clear();
        self.file_of_source.clear();
        self.n_records_of_file.clear();
        self.to_open = (0..self.files.len() as FileNo).collect();
        self.export = None;
        self.reading = Reading::Idle;
        self.rows.lost();
        self.session.lost();
        self.activity.lost();
        self.who.lost();
        self.hosts.lost();
        self.host.lost();
        self.ledger.lost();
        self.parsers.drain().map(|(_, link)| link).chain(self.case.take()).collect()
    }

    fn give_up(&mut self) {
        self.files.clear();
        self.to_open.clear();
        self.ticker = None;
        self.n_restarts = 0;
    }

    fn ask_piece(&mut self) {
        let Some(export) = &mut self.export else { return };
        self.last_question = self.last_question.wrapping_add(1);
        export.question = self.last_question;
        let ask = Ask::Export(ExportAsk {
            format: export.format,
            query: export.query.clone(),
            first: export.first,
            n: SESSIONS_PER_PIECE,
        });
        let number = export.question;
        self.post_to_case(&ToCase::Ask { number, ask }, None);
    }

    fn take_piece(&mut self, number: QuestionNo, part: ExportPart, bytes: &JsValue) -> Option<Export> {
        let export = self.export.as_mut().filter(|export| export.question == number)?;
        if export.version.is_some_and(|version| version != part.version) {
            return self.begin_export_anew();
        }
        export.version = Some(part.version);
        if let Some(bytes) = bytes.dyn_ref::<ArrayBuffer>() {
            export.n_bytes += u64::from(bytes.byte_length());
            export.pieces.push(&Uint8Array::new(bytes));
        }
        export.first = export.first.saturating_add(SESSIONS_PER_PIECE);
        if export.first < part.n_total {
            let preparing = Export::Preparing { n_done: export.first, n_total: part.n_total };
            self.ask_piece();
            return Some(preparing);
        }
        let export = self.export.take()?;
        Some(offer(&export, &self.summary))
    }

    /// The case changed between two pieces.
    fn begin_export_anew(&mut self) -> Option<Export> {
        let export = self.export.as_mut()?;
        if export.n_starts >= MOST_EXPORT_STARTS {
            self.export = None;
            return Some(Export::Failed("The case keeps changing: download when reading is done".into()));
        }
        export.n_starts += 1;
        export.pieces = Array::new();
        (export.first, export.n_bytes, export.version) = (0, 0, None);
        self.ask_piece();
        Some(Export::Preparing { n_done: 0, n_total: 0 })
    }

    fn progress(&self) -> Progress {
        let n_waiting = self.to_open.len() + self.being_opened.len() + self.schedule.n_sources();
        let not_opened = self.to_open.iter().chain(self.being_opened.keys());
        let size =
            |&file: &FileNo| self.files[file as usize].file.as_ref().map_or(0, |file| file.size() as u64);
        Progress {
            state: self.reading,
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
        let line = |source: super::schedule::SourceProgress| SourceLine {
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

/// What the first bytes of a file say, and its size.
async fn open(file: Result<File, String>) -> Result<(Opening, u64), String> {
    let file = file?;
    let n_bytes = file.size() as u64;
    let header = files::read(&file, 0, n_bytes.min(parse::HEADER_BYTES as u64)).await?;
    Ok((parse::open(&Uint8Array::new(&header).to_vec(), n_bytes), n_bytes))
}

fn offer(export: &Exporting, summary: &Summary) -> Export {
    let (ending, mime) = match export.format {
        Format::JsonLines => ("jsonl", "application/x-ndjson"),
        Format::Csv => ("csv", "text/csv"),
    };
    let range = [&summary.first_time, &summary.last_time];
    let range: String =
        range.into_iter().flatten().map(|time| format!("_{}", moment::compact(time))).collect();
    let name = format!("sessions{range}.{ending}");
    match download::offer(&export.pieces, &name, mime) {
        Ok(()) => Export::Ready { name, n_bytes: export.n_bytes },
        Err(error) => Export::Failed(format!("The download could not be made: {}", text_of(&error))),
    }
}

fn reason(event: &ErrorEvent) -> String {
    let message = event.message();
    // A worker that ran out of memory may say nothing at all.
    if message.is_empty() { "it gave no reason".into() } else { message }
}

fn text_of(error: &JsValue) -> String {
    error.as_string().unwrap_or_else(|| String::from(js_sys::Object::from(error.clone()).to_string()))
}
