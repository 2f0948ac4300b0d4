//! The left panel: more files, and beside sessions the classes of them that are noise until asked for.

use super::pick::Pick;
use crate::browser::files::Dropped;
use crate::state::Action;
use crate::text::number::{count, counted};
use crate::text::{visible, words};
use sessionscope::query::NoiseCount;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct NoisePanelProps {
    /// Without a table of sessions nothing is said of them.
    pub noise: Option<Vec<NoiseCount>>,
    /// Bursts of network sessions and series of service logons are one row each.
    pub is_grouped: bool,
    pub is_closed: bool,
    pub add: Callback<Vec<Dropped>>,
    pub act: Callback<Action>,
}

#[component]
pub fn NoisePanel(props: &NoisePanelProps) -> Html {
    let toggle = props.act.reform(|_: MouseEvent| Action::PanelToggled);
    let name = if props.is_closed { "Show the panel" } else { "Hide the panel" };
    html! {
        <aside id="panel" class="panel" aria-label="Noise and more files">
            <button id="panel-toggle" class="panel-toggle" type="button" aria-expanded={(!props.is_closed).to_string()}
                aria-label={name} title={name} onclick={toggle}>{ if props.is_closed { "»" } else { "«" } }<span class="panel-toggle-name">{ if props.is_closed { " Noise and more files" } else { " Hide" } }</span></button>
            if !props.is_closed {
                if let Some(noise) = &props.noise {
                    <fieldset class="noise">
                        <legend>{ "Noise" }</legend>
                        <p class="noise-hint">{ "Hidden until ticked. Counts are of sessions that match the filter." }</p>
                        { for noise.iter().map(|class| line(class, &props.act)) }
                    </fieldset>
                    { bursts(props) }
                }
                <Pick add={props.add.clone()} />
            }
        </aside>
    }
}

fn bursts(props: &NoisePanelProps) -> Html {
    let toggle = props.act.reform(|_: Event| Action::BurstsToggled);
    html! {
        <label class="noise-class" title="Network sessions of one account from one source, at most 5 minutes apart, are one row, and so are the logons of an account as a service in one boot; choose it to see them">
            <input id="group-bursts" type="checkbox" checked={props.is_grouped} onchange={toggle} />
            <span class="noise-name">{ "Group bursts and series" }</span>
        </label>
    }
}

fn line(class: &NoiseCount, act: &Callback<Action>) -> Html {
    let name = class.class.clone();
    let toggle = act.reform(move |_: Event| Action::NoiseToggled(name.clone()));
    let what = if class.is_shown { "shown" } else { "hidden" };
    html! {
            <label class="noise-class" title={words::class_help(&class.class)} data-noise={class.class.clone()}
                data-count={class.n_sessions.to_string()}>
                <input id={format!("noise-{}", class.class)} type="checkbox" checked={class.is_shown} onchange={toggle} />
                <span class="noise-name">{ visible(words::class(&class.class)).into_owned() }</span>
                <span class="noise-count" title={format!("{} {what}", counted(class.n_sessions, "session", "sessions"))}>
    { count(class.n_sessions) }<span class="unseen">{ format!(" {what}") }</span></span>
            </label>
        }
}
