//! One record, whole: its fields and its XML, as text.

use crate::state::RecordShown;
use crate::text::{visible, visible_lines};
use sessionscope::parse::RecordView;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct RecordPaneProps {
    pub shown: RecordShown,
}

#[component]
pub fn RecordPane(props: &RecordPaneProps) -> Html {
    match &props.shown {
        RecordShown::Asked => html! { <p class="record" data-state="asked">{ "Reading the record …" }</p> },
        RecordShown::Failed(why) => html! {
            <p class="record bad" data-state="failed">{ format!("The record cannot be shown: {}", visible(why)) }</p>
        },
        RecordShown::Read(view) => whole(view),
    }
}

fn whole(view: &RecordView) -> Html {
    html! {
        <div class="record" data-state="read">
            <table class="record-fields">
                <tbody>{ for view.fields.iter().map(field) }</tbody>
            </table>
            <pre class="record-xml" tabindex="0" aria-label="XML">{ visible_lines(&view.xml) }</pre>
        </div>
    }
}

fn field((name, value): &(String, String)) -> Html {
    html! {
        <tr data-field={name.clone()}>
            <th scope="row">{ visible(name).into_owned() }</th>
            <td>{ visible_lines(value) }</td>
        </tr>
    }
}
