//! Reading: what was dropped is opened, read batch by batch, given to parse workers, and followed until it is in the
//! case. What is to be done next the reader says; this does it.

use super::Engine;
use super::opening::{self, BatchRead, Opened};
use crate::browser::files::Dropped;
use crate::state::Action;
use crate::worker::protocol::{BatchNo, FileNo, ToCase};
use crate::worker::schedule::{Batch, Step};
use gloo::timers::callback::Interval;
use sessionscope::case::ledger::Stop;
use sessionscope::parse::Opening;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// Progress is shown this often.
const PROGRESS_EVERY_MS: u32 = 200;

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
        let stuck = self.inner.borrow().reader.stuck();
        for worker in stuck {
            self.parser_died(worker, "it did not answer");
        }
        self.tell_progress();
    }

    fn open_more(self: &Rc<Self>) {
        loop {
            let mut inner = self.inner.borrow_mut();
            let Some((row, number, next)) = inner.reader.next_to_open() else { return };
            let case_no = inner.case_no;
            drop(inner);
            let me = self.clone();
            spawn_local(async move {
                let (opened, convoy) = opening::open(next).await;
                if me.inner.borrow().case_no == case_no {
                    me.inner.borrow_mut().reader.go_on(row, convoy);
                    me.opened(number, opened);
                }
            });
        }
    }

    fn opened(self: &Rc<Self>, file: FileNo, opened: Result<Opened, String>) {
        let mut inner = self.inner.borrow_mut();
        let is_cancelled = inner.reader.is_cancelled(file);
        match opened {
            Ok(opened) if opened.opening.is_log && !is_cancelled => {
                let add = inner.reader.opened(file, opened);
                inner.post_to_case(&add, None);
                drop(inner);
            }
            Ok(opened) => {
                inner.reader.use_again(opened.whole);
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
        let steps = self.inner.borrow_mut().reader.abandoned(batch, was_merged);
        self.take(steps);
        self.pump();
    }

    /// Takes the steps that can be taken now.
    pub(super) fn pump(self: &Rc<Self>) {
        let steps = self.inner.borrow_mut().reader.steps();
        self.take(steps);
    }

    pub(super) fn take(self: &Rc<Self>, steps: Vec<Step>) {
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
            // There is room for another.
            self.open_more();
            return self.pump();
        }
        let case_no = inner.case_no;
        let (file, stream, buffer) = inner.reader.begin_batch(&batch);
        drop(inner);
        let me = self.clone();
        spawn_local(async move {
            let bytes = match file {
                Ok(file) => opening::read_batch(&file, stream, buffer, &batch).await,
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
            Err(why) => inner.reader.could_not_read(batch, why),
        };
        drop(inner);
        self.take(steps);
        self.pump();
    }

    pub(super) fn tell_progress(&self) {
        let progress = self.inner.borrow().reader.progress();
        self.tell.emit(Action::ProgressMade(Rc::new(progress)));
    }
}
