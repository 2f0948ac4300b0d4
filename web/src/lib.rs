//! A stand-in for the page: it starts one worker of each kind and shows what they answer.

use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, Document, MessageEvent, Worker};

#[wasm_bindgen]
extern "C" {
    /// Starts a worker; `js/boot.js` says what it does.
    #[wasm_bindgen(js_namespace = sessionscope, catch)]
    fn spawn(role: &str) -> Result<Worker, JsValue>;
}

/// The window's entry point.
#[wasm_bindgen]
pub fn page() -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or("no document")?;
    let app = document.get_element_by_id("app").ok_or("no #app")?;
    app.set_text_content(Some("Sessionscope "));
    ask(&document, "parse")?;
    ask(&document, "case")
}

/// A parse worker's entry point.
#[wasm_bindgen]
pub fn parse_worker() {
    answer("parse");
}

/// The case worker's entry point.
#[wasm_bindgen]
pub fn case_worker() {
    answer("case");
}

fn ask(document: &Document, role: &str) -> Result<(), JsValue> {
    let shown = document.create_element("p")?;
    document.get_element_by_id("app").ok_or("no #app")?.append_child(&shown)?;
    let worker = spawn(role)?;
    let on_answer = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        shown.set_text_content(event.data().as_string().as_deref());
    });
    worker.set_onmessage(Some(on_answer.as_ref().unchecked_ref()));
    on_answer.forget();
    worker.post_message(&"ping".into())
}

fn answer(role: &'static str) {
    let scope: DedicatedWorkerGlobalScope = web_sys::js_sys::global().unchecked_into();
    let to = scope.clone();
    let on_question = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let question = event.data().as_string().unwrap_or_default();
        let _ = to.post_message(&format!("{role}: {question}").into());
    });
    scope.set_onmessage(Some(on_question.as_ref().unchecked_ref()));
    on_question.forget();
}
