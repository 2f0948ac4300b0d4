//! The window: its address's fragment, the theme on its root, its clock and its processors.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

/// Milliseconds since the page was opened.
pub fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

pub fn n_processors() -> usize {
    web_sys::window().map_or(1, |window| window.navigator().hardware_concurrency().max(1.0) as usize)
}

/// A task of the window's ends here and another one goes on: what is shown and pressed comes between.
pub async fn next_task() {
    let task = Promise::new(&mut |resolve, _| {
        let set = web_sys::window().map(|window| window.set_timeout_with_callback(&resolve));
        if !matches!(set, Some(Ok(_))) {
            // Without a timer it goes on at once.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    // It is never refused.
    let _ = JsFuture::from(task).await;
}

/// The fragment without its `#`.
pub fn fragment() -> String {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.trim_start_matches('#').to_owned()
}

/// Goes to the fragment; Back returns from it.
pub fn go_to(fragment: &str) {
    if let Some(window) = web_sys::window() {
        // Refused only for a page that is being left.
        let _ = window.location().set_hash(fragment);
    }
}

/// Sets an attribute of the root element, where the style sheet looks for the theme.
pub fn set_on_root(name: &str, value: &str) {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute(name, value);
    }
}

pub fn element(id: &str) -> Option<Element> {
    web_sys::window()?.document()?.get_element_by_id(id)
}

/// Moves the focus to the element with this id.
pub fn focus(id: &str) {
    if let Some(element) = element(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Moves the focus to the first of these that is there.
pub fn focus_first(ids: &[&str]) {
    if let Some(id) = ids.iter().find(|id| element(id).is_some()) {
        focus(id);
    }
}

/// Whether text on the page is marked.
pub fn has_marked_text() -> bool {
    let selection = web_sys::window().and_then(|window| window.get_selection().ok().flatten());
    selection.is_some_and(|selection| !selection.is_collapsed())
}

/// Whether there is no room for things beside each other; the style sheet's narrowest width is the same.
pub fn is_narrow() -> bool {
    let width =
        web_sys::window().and_then(|window| window.inner_width().ok()).and_then(|width| width.as_f64());
    width.is_some_and(|width| width <= 700.0)
}
