//! The events that back a session, in order, each with its XML and fields on demand.

use super::pages::pages;
use super::record::RecordPane;
use crate::state::page::EVIDENCE_PAGE;
use crate::state::{Action, RecordShown};
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::{joined, visible, words};
use crate::worker::protocol::SessionPart;
use sessionscope::case::Place;
use sessionscope::session::record::EvidenceRecord;
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct EvidenceProps {
    pub part: Rc<SessionPart>,
    pub records: BTreeMap<u32, RecordShown>,
    pub zone: Zone,
    pub act: Callback<Action>,
    pub show: Callback<(String, u32, Option<Place>)>,
}

#[component]
pub fn Evidence(props: &EvidenceProps) -> Html {
    let part = &props.part;
    let first = part.first_evidence;
    let evidence = &part.detail.record.evidence;
    html! {
        <section id="evidence" data-count={part.n_evidence.to_string()}>
            <h3>{ format!("Evidence ({})", part.n_evidence) }</h3>
            <ol class="evidence" start={(first + 1).to_string()}>
                { for evidence.iter().zip(first..).map(|(event, index)| item(props, event, index)) }
            </ol>
            { pages("evidence", first, EVIDENCE_PAGE, part.n_evidence, &props.act.reform(Action::EvidenceTurned)) }
        </section>
    }
}

fn item(props: &EvidenceProps, event: &EvidenceRecord, index: u32) -> Html {
    let detail = &props.part.detail;
    let i = (index - props.part.first_evidence) as usize;
    let meaning = detail.meanings.get(i).map(|text| visible(text).into_owned()).unwrap_or_default();
    let shown = props.records.get(&index);
    html! {
        <li class="event" data-record={event.record.to_string()} data-event={event.event.to_string()}
            data-role={event.role.clone()} data-index={index.to_string()}>
            <p class="event-head">
                <span class="event-time" title={in_full(&event.time, props.zone)}>{ visible(&to_the_second(&event.time, props.zone)).into_owned() }</span>
                <b class="event-id">{ event.event.to_string() }</b>
                <span class="event-role">{ visible(&words::spaced(&event.role)).into_owned() }</span>
                { toggle(props, detail.places.get(i).copied(), index, shown.is_some()) }
            </p>
            <p class="event-meaning">{ meaning }</p>
            <p class="event-place">
                { format!("{} record ", visible(&event.channel)) }<b>{ event.record.to_string() }</b>
                { format!(" in {}", visible(&event.source)) }
            </p>
            <p class="event-why">{ joined(event.rule, &event.role) }</p>
            if let Some(shown) = shown {
                <RecordPane shown={shown.clone()} />
            }
        </li>
    }
}

fn toggle(props: &EvidenceProps, place: Option<Place>, index: u32, is_shown: bool) -> Html {
    let Some(place) = place else { return Html::default() };
    let session = props.part.detail.record.session.clone();
    let show = props.show.reform(move |_: MouseEvent| (session.clone(), index, (!is_shown).then_some(place)));
    html! {
        <button class="button event-xml" type="button" aria-expanded={is_shown.to_string()}
            title="The record's XML and fields, read again from the file" onclick={show}>{ "XML" }</button>
    }
}
