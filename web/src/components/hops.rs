//! Hops: where a session came from and led to, on other machines, and how sure it is that both ends belong together.

use super::facts::cut_short;
use crate::state::Action;
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::count;
use crate::text::{visible, words};
use crate::worker::protocol::SessionPart;
use sessionscope::export::words::record_name;
use sessionscope::session::record::{HopRecord, HopRef};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct HopsProps {
    pub part: Rc<SessionPart>,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn Hops(props: &HopsProps) -> Html {
    let HopsProps { part, zone, act } = props;
    let record = &part.detail.record;
    if record.hops.is_empty() {
        return Html::default();
    }
    html! {
        <section id="hops" data-in={record.n_hops_in.to_string()} data-out={record.n_hops_out.to_string()}>
            <h3>{ format!("Hops between computers ({} in, {} out)", count(record.n_hops_in), count(record.n_hops_out)) }</h3>
            <ul class="hops">{ for record.hops.iter().map(|hop| item(hop, *zone, act)) }</ul>
            { cut_short(record.hops.len(), record.n_hops_in.saturating_add(record.n_hops_out)) }
        </section>
    }
}

fn item(hop: &HopRecord, zone: Zone, act: &Callback<Action>) -> Html {
    let is_in = hop.direction == "in";
    let (mark, preposition) = if is_in { ("←", "from") } else { ("→", "to") };
    html! {
        <li class="hop" data-direction={hop.direction.clone()} data-how={hop.how.clone()} data-peer={hop.session.clone()}
            data-score={hop.score.map(|score| score.to_string())}>
            <p class="event-head">
                <b><span aria-hidden="true">{ mark }{ " " }</span>{ format!("{preposition} {}", visible(&place(hop))) }</b>
                <span title={format!("{} – {}", in_full(&hop.at, zone), in_full(&hop.last, zone))}>{ visible(&when(hop, zone)).into_owned() }</span>
            </p>
            <p>{ format!("as {}, {}", visible(&words::user(hop.domain.as_deref(), hop.user.as_deref())), words::hop_how(&hop.how)) }</p>
            { peer(hop, act) }
            <p class="fine">{ visible(&sure(hop)).into_owned() }</p>
            <p class="fine event-place">{ hop.records.iter().map(event).collect::<Vec<_>>().join("; ") }</p>
        </li>
    }
}

fn place(hop: &HopRecord) -> String {
    match (&hop.machine, &hop.host) {
        (Some(machine), Some(host)) if host.eq_ignore_ascii_case(machine) => machine.clone(),
        (Some(machine), Some(host)) => format!("{machine} ({host})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "an unknown computer".into(),
    }
}

fn when(hop: &HopRecord, zone: Zone) -> String {
    let at = to_the_second(&hop.at, zone);
    match hop.n {
        0 | 1 => at,
        n => format!("{at} – {}, {} times", to_the_second(&hop.last, zone), count(n)),
    }
}

fn peer(hop: &HopRecord, act: &Callback<Action>) -> Html {
    let Some(session) = hop.session.clone() else {
        let why = if hop.machine.is_some() {
            "Its session there is not known."
        } else {
            "That computer's logs are not loaded."
        };
        return html! { <p class="fine">{ why }</p> };
    };
    let name = visible(&session).into_owned();
    let go = act.reform(move |_: MouseEvent| Action::SessionChosen(session.clone()));
    html! { <p>{ "Session " }<button class="link" type="button" data-to="session" onclick={go}>{ name }</button></p> }
}

fn sure(hop: &HopRecord) -> String {
    let reasons: Vec<&str> = hop.reasons.iter().map(|reason| words::hop_reason(reason)).collect();
    match hop.score {
        Some(score) => format!("Score {score} of 100 that both ends belong together: {}", reasons.join("; ")),
        None => "Only this end is known".into(),
    }
}

fn event(event: &HopRef) -> String {
    let name = record_name(event.event, &event.channel, event.record);
    format!("{name} of {}", visible(&event.computer))
}
