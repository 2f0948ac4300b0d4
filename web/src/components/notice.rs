//! A sentence about the page itself, until it is closed.

use crate::state::{Action, Notice};
use crate::text::visible;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct NoticeLineProps {
    pub notice: Notice,
    pub act: Callback<Action>,
}

#[component]
pub fn NoticeLine(props: &NoticeLineProps) -> Html {
    let close = props.act.reform(|_: MouseEvent| Action::NoticeClosed);
    let class = if props.notice.is_error { "notice notice-error" } else { "notice" };
    html! {
        <div id="notice" class={class} role="alert">
            <p>{ visible(&props.notice.text).into_owned() }</p>
            <button class="button" type="button" onclick={close}>{ "Close" }</button>
        </div>
    }
}
