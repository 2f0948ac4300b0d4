//! What is known of one machine: its names, and how each of its boots began and ended.

use super::facts::fact;
use super::pages::pages;
use crate::state::Action;
use crate::state::page::BOOTS_PAGE;
use crate::text::moment::{Zone, in_full, seconds_between, to_the_second};
use crate::text::number::{counted, span};
use crate::text::{visible, words};
use crate::worker::protocol::HostPart;
use sessionscope::export::hosts::{BootRecord, HostRecord};
use sessionscope::session::record::EventRef;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct HostFactsProps {
    pub part: Rc<HostPart>,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn HostFacts(props: &HostFactsProps) -> Html {
    let HostFactsProps { part, zone, act } = props;
    let host = &part.host;
    let machine = host.machine.clone();
    let sessions = act.reform(move |_: MouseEvent| Action::SessionsOfHostChosen(machine.clone()));
    html! {
        <>
            <dl class="facts" id="facts">
                { names(host) }
                <dt>{ "Logs" }</dt>
                <dd>{ for host.channels.iter().map(|channel| html! { <p>{ visible(words::channel(channel)).into_owned() }</p> }) }</dd>
                <dt>{ "Sessions" }</dt>
                <dd>
                    { counted(host.n_sessions, "session", "sessions") }{ ", noise included " }
                    <button id="host-sessions" class="link" type="button" onclick={sessions}>{ "Show them" }</button>
                </dd>
            </dl>
            <section id="boots" data-count={part.n_boots.to_string()}>
                <h3>{ format!("Boots ({})", part.n_boots) }</h3>
                <ol class="boots">{ for host.boots.iter().map(|boot| item(boot, *zone)) }</ol>
                { pages("boots", part.first_boot, BOOTS_PAGE, part.n_boots, &act.reform(Action::BootsTurned)) }
            </section>
        </>
    }
}

fn names(host: &HostRecord) -> Html {
    let Some((newest, older)) = host.names.split_last() else { return Html::default() };
    html! {
        <>
            { fact("Name", newest) }
            { fact("Earlier names", older.join(", then ")) }
        </>
    }
}

fn item(boot: &BootRecord, zone: Zone) -> Html {
    let title = |at: &Option<String>| at.as_deref().map(|at| in_full(at, zone));
    html! {
        <li class="boot" data-boot={boot.boot.to_string()} data-end={boot.end_how.clone()}>
            <b class="boot-number">{ boot.boot.to_string() }</b>
            <p class="boot-head">
                <span>
                    <span class="boot-start" title={title(&boot.start)}>{ start(boot, zone) }</span>{ " – " }
                    <span title={title(&boot.end)}>{ end(boot, zone) }</span>
                </span>
                <span class="boot-end" data-end={boot.end_how.clone()}>{ visible(words::boot_end(&boot.end_how)).into_owned() }</span>
                <span class="boot-uptime">{ uptime(boot) }</span>
                <span class="fine">{ format!("logoffs audited: {}", visible(words::audit(&boot.logoff_audit))) }</span>
            </p>
            { proof(boot) }
        </li>
    }
}

fn start(boot: &BootRecord, zone: Zone) -> String {
    match &boot.start {
        Some(at) => visible(&to_the_second(at, zone)).into_owned(),
        None => "before the log begins".into(),
    }
}

fn end(boot: &BootRecord, zone: Zone) -> String {
    let at = |at: &str| visible(&to_the_second(at, zone)).into_owned();
    match (&boot.end, &boot.last_record) {
        (Some(end), _) => at(end),
        (None, Some(last)) => format!("≥ {}", at(last)),
        (None, None) => "?".into(),
    }
}

/// How long it ran, as far as its times tell.
fn uptime(boot: &BootRecord) -> String {
    let Some(start) = &boot.start else { return String::new() };
    let until = |end: &Option<String>| seconds_between(start, end.as_deref()?).map(span);
    match (until(&boot.end), until(&boot.last_record), until(&boot.end_latest)) {
        (Some(exact), _, _) => format!("up {exact}"),
        (None, Some(least), Some(most)) if least == most => format!("up about {least}"),
        (None, Some(least), Some(most)) => format!("up {least} to {most}"),
        (None, Some(least), None) => format!("up {least} or more"),
        _ => String::new(),
    }
}

/// The records that show its start and its end, folded away: they are many.
fn proof(boot: &BootRecord) -> Html {
    let n = (boot.started_by.len() + boot.ended_by.len()) as u64;
    if n == 0 {
        return Html::default();
    }
    html! {
        <details class="proof">
            <summary>{ format!("Shown by {}", counted(n, "record", "records")) }</summary>
            { shown_by("Start", &boot.started_by) }
            { shown_by("End", &boot.ended_by) }
        </details>
    }
}

fn shown_by(what: &str, events: &[EventRef]) -> Html {
    if events.is_empty() {
        return Html::default();
    }
    let event =
        |event: &EventRef| format!("{} in {} record {}", event.event, visible(&event.channel), event.record);
    let events: Vec<String> = events.iter().map(event).collect();
    html! { <p>{ format!("{what}: {}", events.join("; ")) }</p> }
}
