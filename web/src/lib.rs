//! The page of Sessionscope and its workers, all from one module: `js/boot.js` calls `page` in the window, and
//! `js/worker.js` calls one of the others in each worker.

pub mod browser;
pub mod components;
pub mod state;
pub mod text;
pub mod worker;

use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

#[wasm_bindgen]
extern "C" {
    /// Says why the page cannot go on; `js/boot.js` says how.
    #[wasm_bindgen(js_namespace = sessionscope)]
    fn fail(sentence: &str);
}

/// The window's entry point.
#[wasm_bindgen]
pub fn page() -> Result<(), JsValue> {
    yew::set_custom_panic_hook(Box::new(|panic| {
        fail(&format!("Sessionscope stopped: {panic}. Reload the page to start again."));
    }));
    let root = browser::window::element("app").ok_or("the page has no #app")?;
    yew::Renderer::<components::App>::with_root(root).render();
    Ok(())
}

/// A parse worker's entry point.
#[wasm_bindgen]
pub fn parse_worker() {
    throw_panics();
    worker::parse::serve(scope());
}

/// The case worker's entry point.
#[wasm_bindgen]
pub fn case_worker() {
    throw_panics();
    worker::case::serve(scope());
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// A panic would be an `unreachable` without words; thrown, it tells the page why the worker died.
fn throw_panics() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}
