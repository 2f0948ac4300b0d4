//! The parse workers: started when there is a batch for one, heard, and replaced when they die.

use super::Engine;
use super::link::{Link, text_of};
use crate::browser::window;
use crate::worker::message::{post, receive};
use crate::worker::protocol::{FromParse, ToCase, ToParse};
use crate::worker::schedule::{Batch, WorkerNo};
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessageEvent};

/// Those that are running.
pub type Parsers = HashMap<WorkerNo, Link>;

impl Engine {
    /// Starts the parse workers that will be wanted first.
    pub(super) async fn warm_up_parsers(self: &Rc<Self>) {
        let workers = self.inner.borrow().reader.first_workers();
        for worker in workers {
            window::next_task().await;
            // One that cannot be started now is tried again when there is a batch for it.
            let _ = self.start_parser(worker);
        }
    }

    /// Gives a worker what was read.
    pub(super) fn give(self: &Rc<Self>, worker: WorkerNo, batch: &Batch) {
        let given = self.start_parser(worker).and_then(|()| {
            let mut inner = self.inner.borrow_mut();
            let Batch { number, source, first_chunk, first_chunk_offset, .. } = *batch;
            let (bytes, skip) = inner.reader.take_bytes(number).unzip();
            let (skip, n_bytes) = (skip.unwrap_or_default(), batch.n_bytes() as u32);
            let message =
                ToParse::Batch { batch: number, source, first_chunk, first_chunk_offset, skip, n_bytes };
            let bytes = bytes.map(JsValue::from);
            inner.parsers.get(&worker).map_or(Ok(()), |link| post(&link.worker, &message, bytes))
        });
        if let Err(error) = given {
            self.parser_died(worker, &format!("it could not be started: {}", text_of(&error)));
        }
    }

    fn start_parser(self: &Rc<Self>, worker: WorkerNo) -> Result<(), JsValue> {
        if self.inner.borrow().parsers.contains_key(&worker) {
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
        inner.parsers.insert(worker, link);
        Ok(())
    }

    fn hear_parser(self: &Rc<Self>, worker: WorkerNo, event: &MessageEvent) -> Result<(), String> {
        if let (FromParse::Parsed { batch }, buffer) = receive(event)? {
            self.inner.borrow_mut().reader.parsed(worker, batch, buffer);
            self.pump();
        }
        Ok(())
    }

    pub(super) fn parser_died(self: &Rc<Self>, worker: WorkerNo, why: &str) {
        let mut inner = self.inner.borrow_mut();
        let link = inner.parsers.remove(&worker);
        let steps = inner.reader.parser_died(worker, why);
        drop(inner);
        drop(link);
        self.take(steps);
        self.pump();
    }
}
