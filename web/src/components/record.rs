//! One record, whole: its fields and its XML, as text.

use crate::state::RecordShown;
use crate::text::{visible, visible_lines};
use sessionscope::export::codes;
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
    let event_id = view.fields.iter().find(|(name, _)| name == "System.EventID");
    let event_id = event_id.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    html! {
        <div class="record" data-state="read">
            <table class="record-fields">
                <tbody>{ for view.fields.iter().map(|named| field(event_id, named)) }</tbody>
            </table>
            <pre class="record-xml" tabindex="0" aria-label="XML">{ visible_lines(&view.xml) }</pre>
        </div>
    }
}

/// A field, and what its value says if it is a code.
fn field(event_id: u32, (name, value): &(String, String)) -> Html {
    let words = codes::words(event_id, name, value);
    html! {
        <tr data-field={name.clone()}>
            <th scope="row">{ visible(name).into_owned() }</th>
            <td>
                { visible_lines(value) }
                if let Some(words) = words { <span class="record-words">{ format!(" ({words})") }</span> }
            </td>
        </tr>
    }
}
