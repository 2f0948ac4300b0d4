//! What is known of one session: the sentence, the facts, its intervals, origins and logons.

use super::confidence::Confidence;
use super::facts::{cut_short, fact, linked_fact, titled_fact};
use super::intervals::Intervals;
use crate::state::Action;
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::span_in_full;
use crate::text::{known, visible, words};
use crate::worker::protocol::SessionPart;
use sessionscope::export::words::record_name;
use sessionscope::session::record::{LogonRecord, OriginRecord, Record};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct SessionFactsProps {
    pub part: Rc<SessionPart>,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn SessionFacts(props: &SessionFactsProps) -> Html {
    let SessionFactsProps { part, zone, act } = props;
    let record = &part.detail.record;
    html! {
        <>
            <p id="sentence" class="sentence">{ visible(&part.detail.sentence).into_owned() }</p>
            if !record.flags.is_empty() {
                <p class="flags">
                    { for record.flags.iter().map(|flag| html! { <span class="flag">{ visible(words::flag(flag)).into_owned() }</span> }) }
                </p>
            }
            <Intervals part={part.clone()} zone={*zone} />
            <dl class="facts" id="facts">
                { when(record, *zone, act) }
                { who(record, act) }
                { fact("Logon ids", record.logon_ids.join(", ")) }
            </dl>
            { children(part, act) }
            { origins(part, *zone) }
            { logons(part) }
        </>
    }
}

fn when(record: &Record, zone: Zone, act: &Callback<Action>) -> Html {
    let start = (record.start_earliest.as_deref(), record.start_latest.as_deref());
    let end = (record.end_earliest.as_deref(), record.end_latest.as_deref());
    let duration = known::duration(record.duration_s, record.duration_min_s, record.duration_max_s);
    let time = |time: &Option<String>| time.as_deref().map(|time| in_full(time, zone)).unwrap_or_default();
    html! {
        <>
            { fact("Start", known::moment(record.start.as_deref(), start, zone).title) }
            { who_then("who-at-start", record.start.as_ref().or(record.start_latest.as_ref()), act) }
            { fact("How it began", words::start_how(&record.start_how)) }
            { fact("End", known::moment(record.end.as_deref(), end, zone).title) }
            { who_then("who-at-end", record.end.as_ref().or(record.last_seen.as_ref()), act) }
            <dt>{ "How it ended" }</dt>
            <dd data-value={record.end_how.clone()}>
                <Confidence of={record.end_confidence.clone()} />
                { format!("{} ({})", visible(words::end_how(&record.end_how)), visible(&words::confidence(&record.end_confidence))) }
            </dd>
            { fact("What ended it", words::end_cause(record.end_cause.as_deref())) }
            { fact("Why", words::with_moments(&record.end_why, |at| in_full(at, zone))) }
            { fact("Destroyed", time(&record.destroyed_at)) }
            { fact("Last seen", time(&record.last_seen)) }
            { titled_fact("Duration", duration.title, "") }
            { seconds("Connected", record.connected_s, &record.active_how) }
            { seconds("Active", record.active_s, &record.active_how) }
        </>
    }
}

/// The way to who else was on at the session's start or end.
fn who_then(id: &'static str, at: Option<&String>, act: &Callback<Action>) -> Html {
    let Some(at) = at.cloned() else { return Html::default() };
    let ask = act.reform(move |_: MouseEvent| Action::MomentChosen(at.clone()));
    html! { <dd class="facts-more"><button id={id} class="link" type="button" onclick={ask}>{ "Who was on then?" }</button></dd> }
}

fn seconds(name: &str, seconds: Option<f64>, how: &str) -> Html {
    let Some(seconds) = seconds else { return Html::default() };
    let at_most = if how == "exact" { "" } else { "at most " };
    fact(name, format!("{at_most}{}", span_in_full(seconds)))
}

fn who(record: &Record, act: &Callback<Action>) -> Html {
    let to_host = {
        let machine = record.machine.clone();
        act.reform(move |_: MouseEvent| Action::HostChosen(machine.clone()))
    };
    let parent = record.parent.clone().unwrap_or_default();
    let to_parent = act.reform(move |_: MouseEvent| Action::SessionChosen(parent.clone()));
    let elevated = match record.elevated {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    html! {
        <>
            { fact("User", words::user(record.domain.as_deref(), record.user.as_deref())) }
            { fact("SID", record.sid.as_deref().unwrap_or_default()) }
            { fact("Acts elsewhere as", record.outbound_user.as_deref().unwrap_or_default()) }
            { linked_fact("Machine", &machine(record), "host", to_host) }
            { fact("Boot", record.boot.to_string()) }
            { fact("Logon type", words::logon_type(record.logon_type, record.logon_type_name.as_deref())) }
            { fact("Class", words::class(&record.class)) }
            { fact("Elevated", elevated) }
            { fact("TS session", ts_session(record)) }
            { linked_fact("Started from", record.parent.as_deref().unwrap_or_default(), "session", to_parent) }
            { fact("Burst", record.burst.as_deref().unwrap_or_default()) }
            { fact("Series", record.series.as_deref().unwrap_or_default()) }
        </>
    }
}

fn ts_session(record: &Record) -> String {
    let Some(id) = record.ts_session else { return String::new() };
    match record.ts_session_how.as_deref() {
        Some(how) => format!("{id}, {}", words::ts_session_how(how)),
        None => id.to_string(),
    }
}

fn machine(record: &Record) -> String {
    if record.computer.is_empty() || record.computer == record.machine {
        return record.machine.clone();
    }
    format!("{} ({})", record.machine, record.computer)
}

/// Sessions that were started from this one: run as, other credentials, elevation with another account.
fn children(part: &SessionPart, act: &Callback<Action>) -> Html {
    let children = &part.detail.children;
    if children.is_empty() {
        return Html::default();
    }
    let child = |id: &String| {
        let (id, name) = (id.clone(), visible(id).into_owned());
        let go = act.reform(move |_: MouseEvent| Action::SessionChosen(id.clone()));
        html! { <li><button class="link" type="button" data-to="session" onclick={go}>{ name }</button></li> }
    };
    html! {
        <section id="children">
            <h3>{ "Sessions started from it" }</h3>
            <ul class="counts">{ for children.iter().map(child) }</ul>
        </section>
    }
}

fn origins(part: &SessionPart, zone: Zone) -> Html {
    let origins = &part.detail.record.origins;
    if origins.is_empty() {
        return Html::default();
    }
    html! {
        <section id="origins">
            <h3>{ "Came from" }</h3>
            <table class="list">
                <thead><tr><th>{ "Time" }</th><th>{ "From" }</th><th>{ "Event" }</th></tr></thead>
                <tbody>{ for origins.iter().map(|origin| origin_row(origin, part.detail.record.logon_type, zone)) }</tbody>
            </table>
            { cut_short(origins.len(), part.n_origins) }
        </section>
    }
}

fn origin_row(origin: &OriginRecord, logon_type: Option<u32>, zone: Zone) -> Html {
    let mut from = words::from(origin.address.as_deref(), origin.port, origin.host.as_deref(), logon_type);
    if let Some(port) = origin.port {
        from += &format!(" port {port}");
    }
    html! {
        <tr>
            <td title={in_full(&origin.at, zone)}>{ visible(&to_the_second(&origin.at, zone)).into_owned() }</td>
            <td>{ visible(&from).into_owned() }</td>
            <td>{ record_name(origin.event, &origin.channel, origin.record) }</td>
        </tr>
    }
}

fn logons(part: &SessionPart) -> Html {
    let logons = &part.detail.record.logons;
    if logons.is_empty() {
        return Html::default();
    }
    html! {
        <section id="logons">
            <h3>{ format!("Logons ({})", part.detail.record.n_logons) }</h3>
            <table class="list">
                <thead><tr><th>{ "Logon id" }</th><th>{ "Role" }</th><th>{ "4624" }</th><th>{ "4647" }</th><th>{ "4634" }</th></tr></thead>
                <tbody>{ for logons.iter().map(logon_row) }</tbody>
            </table>
            { cut_short(logons.len(), part.n_logons) }
        </section>
    }
}

fn logon_row(logon: &LogonRecord) -> Html {
    let record = |record: Option<u64>| record.map(|record| record.to_string()).unwrap_or_default();
    html! {
        <tr>
            <td>{ visible(&logon.logon_id).into_owned() }</td>
            <td title={logon.computer.clone().map(|name| visible(&name).into_owned())}>{ visible(&words::spaced(&logon.role)).into_owned() }</td>
            <td>{ logon.record.to_string() }</td>
            <td>{ record(logon.logoff_4647) }</td>
            <td>{ record(logon.logoff_4634) }</td>
        </tr>
    }
}
