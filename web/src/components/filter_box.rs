//! The filter: words that must all occur, in any field.

use crate::state::Action;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct FilterBoxProps {
    pub text: String,
    pub act: Callback<Action>,
}

#[component]
pub fn FilterBox(props: &FilterBoxProps) -> Html {
    let write = props.act.reform(|event: InputEvent| {
        let input = event.target_dyn_into::<HtmlInputElement>();
        Action::FilterChanged(input.map(|input| input.value()).unwrap_or_default())
    });
    html! {
        <div class="filter" role="search">
            <input id="filter" type="search" value={props.text.clone()} oninput={write} autocomplete="off"
                spellcheck="false" placeholder="Filter sessions  ( / )"
                aria-label="Filter the sessions by words that must all occur" />
        </div>
    }
}
