//! The boots of a machine: how each began and ended, how long it ran, and who asked for its end.

use super::pages::pages;
use crate::state::Action;
use crate::state::page::BOOTS_PAGE;
use crate::text::moment::{Zone, in_full, seconds_between, to_the_second};
use crate::text::number::{counted, span};
use crate::text::{visible, words};
use crate::worker::protocol::HostPart;
use sessionscope::machine::record::{BootRecord, ShutdownRecord};
use sessionscope::session::record::EventRef;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct BootsProps {
    pub part: Rc<HostPart>,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn Boots(props: &BootsProps) -> Html {
    let BootsProps { part, zone, act } = props;
    html! {
        <section id="boots" data-count={part.n_boots.to_string()}>
            <h3>{ format!("Boots ({})", part.n_boots) }</h3>
            if part.n_boots == 0 {
                <p class="fine">{ "No Security or System log of it is loaded: when it ran is not known." }</p>
            }
            <ol class="boots">{ for part.host.boots.iter().map(|boot| item(boot, *zone)) }</ol>
            { pages("boots", part.first_boot, BOOTS_PAGE, part.n_boots, &act.reform(Action::BootsTurned)) }
        </section>
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
            if let Some(shutdown) = &boot.shutdown {
                <p class="boot-shutdown">{ visible(&asked(shutdown, zone)).into_owned() }</p>
            }
            if let Some(by) = &boot.against {
                <p class="boot-against">{ visible(&against(by)).into_owned() }</p>
            }
            { proof(boot, zone) }
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

/// `14:02:11 CORP\dave asked for "restart" by shutdown.exe: planned ("patches"), 1074 in System record 7`.
fn asked(shutdown: &ShutdownRecord, zone: Zone) -> String {
    let who = shutdown.user.as_deref().unwrap_or("Somebody");
    let action = shutdown.action.as_deref().unwrap_or("shutdown");
    let mut text = format!("{who} asked for “{action}” at {}", to_the_second(&shutdown.at, zone));
    text += &shutdown.process.as_ref().map(|process| format!(", by {process}")).unwrap_or_default();
    text += &shutdown.reason.as_ref().map(|reason| format!("; reason: {reason}")).unwrap_or_default();
    text += &shutdown.comment.as_ref().map(|comment| format!("; comment: {comment}")).unwrap_or_default();
    format!("{text} ({})", words::event(&shutdown.by))
}

/// What speaks against an end without a shutdown.
fn against(by: &EventRef) -> String {
    format!("But {} says that there was a good shutdown.", words::event(by))
}

/// The records that show its start and its end, folded away: they are many.
fn proof(boot: &BootRecord, zone: Zone) -> Html {
    let n = (boot.started_by.len() + boot.ended_by.len()) as u64;
    if n == 0 {
        return Html::default();
    }
    let why = words::with_moments(&boot.start_why, |at| to_the_second(at, zone));
    html! {
        <details class="proof">
            <summary>{ format!("Shown by {}", counted(n, "record", "records")) }</summary>
            if !why.is_empty() {
                <p>{ visible(&why).into_owned() }</p>
            }
            { shown_by("Start", &boot.started_by) }
            { shown_by("End", &boot.ended_by) }
        </details>
    }
}

fn shown_by(what: &str, events: &[EventRef]) -> Html {
    if events.is_empty() {
        return Html::default();
    }
    let events: Vec<String> = events.iter().map(words::event).collect();
    html! { <p>{ format!("{what}: {}", events.join("; ")) }</p> }
}
