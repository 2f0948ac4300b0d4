//! What is known of one file: its numbers and its problems.

use super::facts::{cut_short, fact};
use crate::text::moment::{Zone, in_full};
use crate::text::number::{bytes, count};
use crate::text::{visible, words};
use sessionscope::case::ledger::{ProblemRow, SourceRow};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct SourceFactsProps {
    pub source: Rc<SourceRow>,
    pub zone: Zone,
}

#[component]
pub fn SourceFacts(props: &SourceFactsProps) -> Html {
    let source = &props.source;
    let time =
        |time: &Option<String>| time.as_deref().map(|time| in_full(time, props.zone)).unwrap_or_default();
    let record = |record: Option<u64>| record.map(|record| record.to_string()).unwrap_or_default();
    html! {
        <>
            <dl class="facts">
                { fact("State", words::source_state(&source.state)) }
                { fact("Size", format!("{} ({} bytes)", bytes(source.bytes), count(source.bytes))) }
                { fact("Channels", source.channels.join(", ")) }
                { fact("Computers", source.computers.join(", ")) }
                if source.n_chunks > 0 {
                    { fact("Chunks", chunks(source)) }
                    { fact("Records", records(source)) }
                }
                { fact("First record", record(source.first_record)) }
                { fact("Last record", record(source.last_record)) }
                { fact("First time", time(&source.first_time)) }
                { fact("Last time", time(&source.last_time)) }
                { fact("Closed", if source.is_dirty { "no: its header says it was still in use" } else { "" }) }
            </dl>
            { problems(source) }
        </>
    }
}

fn chunks(source: &SourceRow) -> String {
    format!(
        "{} read, {} not readable, {} never written, of {}",
        count(source.n_chunks_read),
        count(source.n_chunks_failed),
        count(source.n_chunks_unused),
        count(source.n_chunks)
    )
}

fn records(source: &SourceRow) -> String {
    format!(
        "{} read, {} not readable; {} are in another file too",
        count(source.n_records),
        count(source.n_records_failed),
        count(source.n_duplicates)
    )
}

fn problems(source: &SourceRow) -> Html {
    if source.n_problems == 0 {
        return html! { <p class="fine">{ "No problems." }</p> };
    }
    html! {
        <section id="source-problems">
            <h3>{ format!("Problems ({})", count(source.n_problems)) }</h3>
            <ul class="problems">{ for source.problems.iter().map(problem) }</ul>
            { cut_short(source.problems.len(), source.n_problems.min(u64::from(u32::MAX)) as u32) }
        </section>
    }
}

fn problem(problem: &ProblemRow) -> Html {
    let mut place: Vec<String> = Vec::new();
    place.extend(problem.chunk.map(|chunk| format!("chunk {chunk}")));
    place.extend(problem.offset.map(|offset| format!("offset {offset}")));
    place.extend(problem.record.map(|record| format!("record {record}")));
    html! {
        <li class="problem">
            { visible(&problem.text).into_owned() }
            if !place.is_empty() {
                <span class="problem-place">{ place.join(", ") }</span>
            }
        </li>
    }
}
