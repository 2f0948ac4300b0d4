//! What is loaded: records and the time they span. The views' names count sessions, machines and files.

use crate::text::moment::{Zone, day, in_full};
use crate::text::number::{bytes, counted};
use sessionscope::case::Summary;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct LoadedProps {
    pub summary: Summary,
    pub zone: Zone,
    pub n_bytes: u64,
}

#[component]
pub fn Loaded(props: &LoadedProps) -> Html {
    let LoadedProps { summary, zone, n_bytes } = props;
    if summary.n_sources == 0 {
        return html! { <p id="loaded" class="loaded">{ "Nothing is loaded" }</p> };
    }
    let range = match (&summary.first_time, &summary.last_time) {
        (Some(first), Some(last)) => Some((
            format!("{} – {}", day(first, *zone), day(last, *zone)),
            format!("{} – {}", in_full(first, *zone), in_full(last, *zone)),
        )),
        _ => None,
    };
    html! {
        <p id="loaded" class="loaded" data-machines={summary.n_machines.to_string()}
            data-sources={summary.n_sources.to_string()} data-records={summary.n_records.to_string()}
            data-sessions={summary.n_sessions.to_string()} data-problems={summary.n_problems.to_string()}>
            <span title={bytes(*n_bytes)}>{ counted(summary.n_records, "record", "records") }</span>
            if let Some((range, title)) = range {
                <span title={title}>{ range }</span>
            }
        </p>
    }
}
