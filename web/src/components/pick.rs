//! Buttons that pick files, or a folder with all that is in it.

use crate::browser::files::{Dropped, picked};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct PickProps {
    pub add: Callback<Vec<Dropped>>,
    #[prop_or_default]
    pub class: &'static str,
}

#[component]
pub fn Pick(props: &PickProps) -> Html {
    let class = classes!("button", "pick", props.class);
    let take = props.add.reform(|event: Event| take(&event));
    html! {
        <div class="picks">
            <label class={class.clone()}>
                <input id="pick-files" class="unseen" type="file" multiple=true onchange={take.clone()} />
                { "Add files …" }
            </label>
            <label class={class}>
                <input id="pick-folder" class="unseen" type="file" multiple=true webkitdirectory=true onchange={take} />
                { "Add a folder …" }
            </label>
        </div>
    }
}

fn take(event: &Event) -> Vec<Dropped> {
    let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return Vec::new() };
    let files = input.files().map(|list| picked(&list)).unwrap_or_default();
    // So that the same files can be picked again.
    input.set_value("");
    files
}
