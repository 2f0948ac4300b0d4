//! What is known of one machine: what it is, its names, its boots, its logs, and what it audited.

use super::boots::Boots;
use super::coverage::Coverage;
use super::facts::fact;
use crate::state::Action;
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::{count, counted};
use crate::text::{visible, words};
use crate::worker::protocol::HostPart;
use sessionscope::machine::record::{ClearRecord, HostRecord, LogRecord, NameRecord};
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
                { kind(host) }
                { fact("Windows", windows(host)) }
                { fact("Domain", domain(host)) }
                { fact("Time zone", host.time_zone.as_deref().map(words::time_zone).unwrap_or_default()) }
                <dt>{ "Sessions" }</dt>
                <dd>
                    { counted(host.n_sessions, "session", "sessions") }{ ", noise included. " }
                    <button id="host-sessions" class="link" type="button" onclick={sessions}>{ "Show them" }</button>
                </dd>
            </dl>
            { names(&host.name_history, *zone) }
            <Boots part={part.clone()} zone={*zone} act={act.clone()} />
            { logs(&host.logs, *zone) }
            <Coverage part={part.clone()} zone={*zone} act={act.clone()} />
        </>
    }
}

fn kind(host: &HostRecord) -> Html {
    html! {
        <>
            <dt>{ "Kind" }</dt>
            <dd data-kind={host.kind.clone()}>{ words::kind(&host.kind).to_owned() }
                <span class="fine">{ format!(" – {}", visible(&host.kind_why)) }</span></dd>
        </>
    }
}

fn windows(host: &HostRecord) -> String {
    match (&host.product, &host.build) {
        (Some(product), Some(build)) => format!("{product}, build {build}"),
        (Some(product), None) => product.clone(),
        (None, Some(build)) => format!("build {build}"),
        (None, None) => "not in the logs".into(),
    }
}

fn domain(host: &HostRecord) -> String {
    let domain = host.domain.clone().unwrap_or_default();
    match host.is_domain_joined {
        Some(true) => format!("{domain} (joined)"),
        Some(false) => format!("{domain} (not in a domain)"),
        None => domain,
    }
}

fn names(names: &[NameRecord], zone: Zone) -> Html {
    let name = |name: &NameRecord| {
        html! {
            <tr>
                <td>{ visible(&name.name).into_owned() }</td>
                <td title={in_full(&name.first, zone)}>{ visible(&to_the_second(&name.first, zone)).into_owned() }</td>
                <td title={in_full(&name.last, zone)}>{ visible(&to_the_second(&name.last, zone)).into_owned() }</td>
            </tr>
        }
    };
    html! {
        <section id="names">
            <h3>{ if names.len() > 1 { format!("Names ({})", names.len()) } else { "Name".into() } }</h3>
            <table class="list">
                <thead><tr><th>{ "Computer name" }</th><th>{ "First written" }</th><th>{ "Last written" }</th></tr></thead>
                <tbody>{ for names.iter().map(name) }</tbody>
            </table>
        </section>
    }
}

fn logs(logs: &[LogRecord], zone: Zone) -> Html {
    html! {
        <section id="logs">
            <h3>{ "Its logs, and what they cover" }</h3>
            <table class="list">
                <thead><tr><th>{ "Log" }</th><th>{ "From" }</th><th>{ "To" }</th><th>{ "Records" }</th><th>{ "Missing" }</th><th>{ "Cleared" }</th></tr></thead>
                <tbody>{ for logs.iter().map(|log| log_row(log, zone)) }</tbody>
            </table>
        </section>
    }
}

fn log_row(log: &LogRecord, zone: Zone) -> Html {
    let time = |time: &str| visible(&to_the_second(time, zone)).into_owned();
    html! {
        <tr data-channel={log.channel.clone()}>
            <td title={visible(&log.channel).into_owned()}>{ visible(words::channel(&log.channel)).into_owned() }</td>
            <td title={in_full(&log.first_time, zone)}>{ time(&log.first_time) }</td>
            <td title={in_full(&log.last_time, zone)}>{ time(&log.last_time) }</td>
            <td title={format!("ids {} to {}", log.first_record, log.last_record)}>{ count(log.n_records) }</td>
            <td>{ missing(log) }</td>
            <td>{ for log.clears.iter().map(|clear| html! { <p>{ cleared(clear, zone) }</p> }) }</td>
        </tr>
    }
}

fn missing(log: &LogRecord) -> String {
    match (log.n_missing, log.density.as_str()) {
        (0, _) => "none".into(),
        (n, "sparse") => format!("{}: a filtered export", counted(n, "id", "ids")),
        (n, _) => format!("{} at {}", counted(n, "id", "ids"), counted(log.n_gaps, "place", "places")),
    }
}

fn cleared(clear: &ClearRecord, zone: Zone) -> String {
    let user = clear.user.as_deref().map(|user| format!(" by {}", visible(user)));
    format!(
        "{}{} ({} record {})",
        to_the_second(&clear.at, zone),
        user.unwrap_or_default(),
        clear.by.event,
        clear.by.record
    )
}
