//! Hands bytes to the person as a file.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// The browser keeps reading the address for a while after the click.
const ADDRESS_KEPT_MS: u32 = 60_000;

/// Offers the pieces, one after the other, as a download of this name.
pub fn offer(pieces: &Array, name: &str, mime: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    let blob = Blob::new_with_buffer_source_sequence_and_options(pieces, &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or("no document")?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.set_hidden(true);
    // Firefox clicks only what is in the document.
    document.body().ok_or("no body")?.append_child(&link)?;
    link.click();
    link.remove();
    gloo::timers::callback::Timeout::new(ADDRESS_KEPT_MS, move || {
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
    Ok(())
}
