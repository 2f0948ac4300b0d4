//! Single records, shown whole: their chunks are read again. A worker of its own renders them, so that they do not
//! wait behind batches.

use super::Engine;
use super::link::{Link, text_of};
use crate::browser::bytes;
use crate::state::Action;
use crate::worker::message::{post, receive};
use crate::worker::protocol::{FromParse, QuestionNo, ToParse};
use sessionscope::case::Place;
use sessionscope::parse::CHUNK_BYTES;
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;

#[derive(Default)]
pub struct Viewer {
    link: Option<Link>,
    /// What was asked for: the evidence of this index in this session.
    asked: HashMap<QuestionNo, (String, u32)>,
}

impl Engine {
    /// A record is to be shown whole.
    pub fn show_record(self: &Rc<Self>, session: String, index: u32, place: Place) {
        let me = self.clone();
        spawn_local(async move {
            if let Err(why) = me.ask_view(session.clone(), index, place).await {
                me.tell.emit(Action::RecordArrived { session, index, view: Err(why) });
            }
        });
    }

    async fn ask_view(self: &Rc<Self>, session: String, index: u32, place: Place) -> Result<(), String> {
        let file = self.inner.borrow().reader.file_of_source(place.source)?;
        let to = (place.chunk_offset + CHUNK_BYTES as u64).min(file.size() as u64);
        if to <= place.chunk_offset {
            return Err("the file is shorter than it was".into());
        }
        let chunk = bytes::read(&file, place.chunk_offset, to).await?;
        self.start_viewer().map_err(|error| text_of(&error))?;
        let mut inner = self.inner.borrow_mut();
        let number = inner.questions.number();
        inner.viewer.asked.insert(number, (session, index));
        let message = ToParse::View { number, record: place.record };
        let link = inner.viewer.link.as_ref().ok_or("its reader is gone")?;
        post(&link.worker, &message, Some(chunk.into())).map_err(|error| text_of(&error))
    }

    fn start_viewer(self: &Rc<Self>) -> Result<(), JsValue> {
        if self.inner.borrow().viewer.link.is_some() {
            return Ok(());
        }
        let link = Link::start(
            self,
            "parse",
            |engine, event| engine.hear_viewer(event),
            |engine, why| engine.viewer_died(why),
        )?;
        self.inner.borrow_mut().viewer.link = Some(link);
        Ok(())
    }

    fn hear_viewer(self: &Rc<Self>, event: &MessageEvent) -> Result<(), String> {
        if let (FromParse::Viewed { number, view }, _) = receive(event)? {
            let asked = self.inner.borrow_mut().viewer.asked.remove(&number);
            if let Some((session, index)) = asked {
                self.tell.emit(Action::RecordArrived { session, index, view: view.map(Rc::new) });
            }
        }
        Ok(())
    }

    fn viewer_died(self: &Rc<Self>, why: &str) {
        let dead = std::mem::take(&mut self.inner.borrow_mut().viewer);
        for (session, index) in dead.asked.into_values() {
            let view = Err(format!("the record's chunk stopped its reader ({why})"));
            self.tell.emit(Action::RecordArrived { session, index, view });
        }
    }
}
