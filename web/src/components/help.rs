//! Keys and signs.

use crate::browser::window;
use crate::state::Action;
use crate::text::words::confidence_marks;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

const KEYS: [(&str, &str); 8] = [
    ("/", "write a filter; Esc leaves it"),
    ("↑ ↓", "the row before, the row after"),
    ("Page ↑, Page ↓", "a page up, a page down"),
    ("Home, End", "the first row, the last row"),
    ("Enter", "show the row's session or file; the arrows then show the next"),
    ("Esc", "close what was opened last"),
    ("Shift and a click", "sort by a second column"),
    ("?", "this list"),
];

const CONFIDENCES: [(&str, &str); 4] = [
    ("high", "high: an event says so"),
    ("medium", "medium: it follows from other events"),
    ("low", "low: an estimate between bounds"),
    ("none", "none: the logs do not say"),
];

const SIGNS: [(&str, &str); 4] = [
    ("≈", "about: hover for the earliest and the latest it can be"),
    ("≥", "at this moment or later; at least this long"),
    ("≤", "at this moment or earlier; at most this long"),
    ("\\u{202e}", "a character that would not be seen, or would reorder the text, written out"),
];

#[derive(Properties, PartialEq)]
pub struct HelpProps {
    pub act: Callback<Action>,
}

#[component]
pub fn Help(props: &HelpProps) -> Html {
    let dialog = use_node_ref();
    use_effect_with(dialog.clone(), |dialog| {
        if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
            // Fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        }
        || window::focus("help")
    });
    let close = props.act.reform(|_: MouseEvent| Action::HelpToggled);
    // Esc closes a dialog by itself: the state has to know.
    let cancel = props.act.reform(|event: Event| {
        event.prevent_default();
        Action::HelpToggled
    });
    html! {
        <dialog ref={dialog} id="help-dialog" class="help" aria-label="Keys and signs" oncancel={cancel}>
            <h2>{ "Keys" }</h2>
            <dl>{ for KEYS.iter().map(|(key, what)| html! { <><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></> }) }</dl>
            <h2>{ "How sure an end is" }</h2>
            <dl>{ for CONFIDENCES.iter().map(|(confidence, what)| html! {
                <><dt class="confidence">{ confidence_marks(confidence) }</dt><dd>{ *what }</dd></>
            }) }</dl>
            <h2>{ "Signs" }</h2>
            <dl>{ for SIGNS.iter().map(|(sign, what)| html! { <><dt>{ *sign }</dt><dd>{ *what }</dd></> }) }</dl>
            <p>{ format!("Sessionscope {}. Everything is read on this machine; nothing leaves it.", sessionscope::version()) }</p>
            <button id="help-close" class="button button-main" type="button" onclick={close}>{ "Close" }</button>
        </dialog>
    }
}
