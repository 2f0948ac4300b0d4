//! The download menu: what is shown or everything, as JSON Lines or CSV.

use crate::state::{Action, Export};
use crate::text::number::{bytes, count, counted};
use sessionscope::case::Format;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct ExportMenuProps {
    pub is_open: bool,
    pub export: Export,
    pub n_shown: u32,
    pub n_all: u32,
    /// The format, and whether only what is shown.
    pub run: Callback<(Format, bool)>,
    pub act: Callback<Action>,
}

#[component]
pub fn ExportMenu(props: &ExportMenuProps) -> Html {
    let toggle = props.act.reform(|_: MouseEvent| Action::ExportMenuToggled);
    html! {
        <div class="menu">
            <button id="export" class="button" type="button" aria-expanded={props.is_open.to_string()}
                aria-controls="export-menu" disabled={props.n_all == 0} onclick={toggle}>{ "Export" }</button>
            if props.is_open {
                <div id="export-menu" class="menu-list">
                    <h2>{ format!("What is shown ({})", counted(props.n_shown, "session", "sessions")) }</h2>
                    { choice(props, "export-shown-jsonl", "JSON Lines", Format::JsonLines, true) }
                    { choice(props, "export-shown-csv", "CSV", Format::Csv, true) }
                    <h2>{ format!("Everything, noise included ({})", counted(props.n_all, "session", "sessions")) }</h2>
                    { choice(props, "export-all-jsonl", "JSON Lines", Format::JsonLines, false) }
                    { choice(props, "export-all-csv", "CSV", Format::Csv, false) }
                    { state(&props.export) }
                </div>
            }
        </div>
    }
}

fn choice(props: &ExportMenuProps, id: &'static str, name: &str, format: Format, is_shown: bool) -> Html {
    let run = props.run.reform(move |_: MouseEvent| (format, is_shown));
    html! { <button id={id} class="button" type="button" onclick={run}>{ name }</button> }
}

fn state(export: &Export) -> Html {
    let (state, text) = match export {
        Export::None => ("none", String::new()),
        Export::Preparing { n_total: 0, .. } => ("preparing", "Preparing …".into()),
        Export::Preparing { n_done, n_total } => {
            ("preparing", format!("Preparing: {} of {} sessions", count(*n_done), count(*n_total)))
        }
        Export::Ready { name, n_bytes } => {
            ("ready", format!("{name}, {}, is in your downloads", bytes(*n_bytes)))
        }
        Export::Failed(why) => ("failed", why.clone()),
    };
    html! { <p id="export-state" class="menu-state" role="status" data-state={state}>{ text }</p> }
}
