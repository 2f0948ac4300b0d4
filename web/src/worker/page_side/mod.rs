//! The page's side of the workers: reads the dropped files for them, and carries questions and answers.
//!
//! `reading` reads and has `parsers` parse, `reader` knows how far that is, and `queue` what waits; `questions` asks, `export` puts
//! downloads together and `viewer` shows single records; a `link::Link` is a worker.

mod export;
mod link;
mod opening;
mod parsers;
mod questions;
mod queue;
mod reader;
mod reading;
mod viewer;

use super::message::{post, receive};
use super::protocol::{Answer, Ask, FromCase, QuestionNo, ToCase};
use crate::browser::window;
use crate::state::{Action, Export, Notice};
use export::{Exporting, Next};
use link::{Link, text_of};
use parsers::Parsers;
use questions::Questions;
use reader::Reader;
use sessionscope::case::{Format, Summary};
use sessionscope::query::Query;
use std::cell::RefCell;
use std::rc::Rc;
use viewer::Viewer;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;
use yew::Callback;

/// A case that dies again would die once more.
const MOST_RESTARTS: u32 = 1;

/// Keeps the workers at work for one page.
pub struct Engine {
    inner: RefCell<Inner>,
    tell: Callback<Action>,
}

struct Inner {
    case: Option<Link>,
    /// Counts cases: what was begun for an earlier one is dropped.
    case_no: u32,
    n_restarts: u32,
    summary: Summary,
    reader: Reader,
    parsers: Parsers,
    questions: Questions,
    export: Option<Exporting>,
    viewer: Viewer,
}

impl Engine {
    pub fn new(tell: Callback<Action>) -> Rc<Self> {
        let inner = Inner {
            case: None,
            case_no: 0,
            n_restarts: 0,
            summary: Summary::default(),
            reader: Reader::new(window::n_processors()),
            parsers: Parsers::default(),
            questions: Questions::default(),
            export: None,
            viewer: Viewer::default(),
        };
        Rc::new(Self { inner: RefCell::new(inner), tell })
    }

    /// Starts the workers before there is anything for them to do: they would take longest to start all at once, while
    /// somebody waits for the first sessions.
    pub fn warm_up(self: &Rc<Self>) {
        let me = self.clone();
        spawn_local(async move {
            window::next_task().await;
            if me.start_case() {
                me.warm_up_parsers().await;
            }
        });
    }

    /// This is visible now, or asked for.
    pub fn want(&self, ask: Ask) {
        self.inner.borrow_mut().questions.want(ask);
        self.ask();
    }

    /// Puts a download together: what the query shows, or everything.
    pub fn export(&self, format: Format, query: Option<Query>) {
        let mut inner = self.inner.borrow_mut();
        if inner.case.is_some() {
            inner.export = Some(Exporting::new(format, query));
            inner.ask_piece();
            drop(inner);
            self.tell.emit(Action::ExportChanged(Export::Preparing { n_done: 0, n_total: 0 }));
        }
    }

    fn start_case(self: &Rc<Self>) -> bool {
        if self.inner.borrow().case.is_some() {
            return true;
        }
        let case_no = self.inner.borrow().case_no;
        let link = Link::start(
            self,
            "case",
            |engine, event| engine.hear_case(event),
            move |engine, why| engine.case_died(case_no, why),
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

    fn hear_case(self: &Rc<Self>, event: &MessageEvent) -> Result<(), String> {
        let (message, extra) = receive(event)?;
        match message {
            FromCase::SourceAdded { file, source } => self.source_added(file, source),
            FromCase::Merged { batch, n_records } => self.merged(batch, n_records),
            FromCase::Abandoned { batch, was_merged } => self.abandoned(batch, was_merged),
            FromCase::Summary(summary) => {
                self.inner.borrow_mut().summary = summary.clone();
                self.tell.emit(Action::SummaryArrived(summary));
            }
            FromCase::Answer { number, answer } => self.answered(number, answer, &extra),
        }
        Ok(())
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
            inner.reader = Reader::new(window::n_processors());
            inner.n_restarts = 0;
        }
        let has_files = inner.reader.has_files();
        drop(inner);
        drop(dead);
        self.tell.emit(Action::CaseRestarted);
        if is_given_up {
            self.give_notice(format!(
                "The case was lost twice ({why}). Sessionscope may need more memory for these files than this browser \
                 gives: reload the page and drop fewer at a time"
            ));
            self.tell_progress();
        } else if self.start_case() && has_files {
            self.begin_reading();
        }
        self.ask();
    }

    fn ask(&self) {
        let mut inner = self.inner.borrow_mut();
        if inner.case.is_none() {
            return;
        }
        while let Some((number, ask)) = inner.questions.next_ask() {
            inner.post_to_case(&ToCase::Ask { number, ask }, None);
        }
    }

    fn answered(&self, number: QuestionNo, answer: Answer, extra: &JsValue) {
        let mut inner = self.inner.borrow_mut();
        let action = match answer {
            Answer::Export(part) => {
                let next = inner.exporting(number).map(|export| export.take(part, extra));
                next.and_then(|next| inner.go_on_with_export(next)).map(Action::ExportChanged)
            }
            answer => inner.questions.answered(number).and_then(|ask| questions::action(ask, answer)),
        };
        drop(inner);
        if let Some(action) = action {
            self.tell.emit(action);
        }
        self.ask();
    }

    fn post_to_case(&self, message: &ToCase) {
        self.inner.borrow().post_to_case(message, None);
    }

    fn give_notice(&self, text: String) {
        self.tell.emit(Action::NoticeGiven(Notice { text, is_error: true }));
    }
}

impl Inner {
    fn post_to_case(&self, message: &ToCase, extra: Option<JsValue>) {
        if let Some(case) = &self.case
            && let Err(error) = post(&case.worker, message, extra)
        {
            web_sys::console::error_1(&error);
        }
    }

    /// Forgets the case and all that was on its way to it; gives back the workers, to be dropped.
    fn clear(&mut self) -> (Option<Link>, Parsers) {
        self.case_no += 1;
        self.export = None;
        self.questions.lost();
        self.reader.start_anew();
        (self.case.take(), std::mem::take(&mut self.parsers))
    }

    fn ask_piece(&mut self) {
        let number = self.questions.number();
        if let Some(ask) = self.export.as_mut().map(|export| export.ask(number)) {
            self.post_to_case(&ToCase::Ask { number, ask }, None);
        }
    }

    /// The export that waits for this answer.
    fn exporting(&mut self, number: QuestionNo) -> Option<&mut Exporting> {
        self.export.as_mut().filter(|export| export.waits_for(number))
    }

    fn go_on_with_export(&mut self, next: Next) -> Option<Export> {
        match next {
            Next::Piece { n_done, n_total } => {
                self.ask_piece();
                Some(Export::Preparing { n_done, n_total })
            }
            Next::All => self.export.take().map(|export| export.offer(&self.summary)),
            Next::GivenUp => {
                self.export = None;
                Some(Export::Failed("The case keeps changing: download when reading is done".into()))
            }
        }
    }
}
