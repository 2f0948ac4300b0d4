//! A worker and who listens to it.

use super::Engine;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker};

#[wasm_bindgen]
extern "C" {
    /// Starts a worker; `js/boot.js` says what it does.
    #[wasm_bindgen(js_namespace = sessionscope, catch)]
    fn spawn(role: &str) -> Result<Worker, JsValue>;
}

/// Dropping it ends the worker.
pub struct Link {
    pub worker: Worker,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
}

impl Link {
    /// Starts a worker; `hear` gets its messages, and `died` is told once it is of no more use, and why.
    pub fn start(
        engine: &Rc<Engine>,
        role: &str,
        hear: impl Fn(&Rc<Engine>, &MessageEvent) -> Result<(), String> + 'static,
        died: impl Fn(&Rc<Engine>, &str) + 'static,
    ) -> Result<Link, JsValue> {
        let worker = spawn(role)?;
        let died = Rc::new(died);
        let (engine, dies) = (Rc::downgrade(engine), died.clone());
        let of_errors = engine.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let Some(engine) = engine.upgrade() else { return };
            // A worker that is not understood is no better than a dead one.
            if let Err(why) = hear(&engine, &event) {
                dies(&engine, &why);
            }
        });
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            if let Some(engine) = of_errors.upgrade() {
                died(&engine, &reason(&event));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Link { worker, _on_message: on_message, _on_error: on_error })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn reason(event: &ErrorEvent) -> String {
    let message = event.message();
    // A worker that ran out of memory may say nothing at all.
    if message.is_empty() { "it gave no reason".into() } else { message }
}

/// What JavaScript threw, as text.
pub fn text_of(error: &JsValue) -> String {
    error.as_string().unwrap_or_else(|| String::from(js_sys::Object::from(error.clone()).to_string()))
}
