//! Who was on at a moment: the moment, what the logs cover of it, and the sessions, the sure ones first.

use super::cells::{Column, Text, awaited, cell, heads, row_classes, same, user};
use super::grid::{GridView, row_id};
use crate::state::grid::Grid;
use crate::state::page::WhoAsked;
use crate::state::{Action, View};
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::counted;
use crate::text::{known, visible, words};
use crate::worker::protocol::WhoPart;
use sessionscope::query::who::WhoRecord;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Machines without records of the moment that are named.
const MOST_NAMED: usize = 8;

/// The columns from left to right: name in `data-col`, head, title. The style sheet has their widths.
const COLUMNS: [Column; 9] = [
    (
        "certainty",
        "On then?",
        "Surely: it had begun and had not ended, whatever the logs leave open. Possibly: it may have begun later, or ended before",
    ),
    ("user", "User", "Whose session it was"),
    ("machine", "Machine", "The computer it was on"),
    ("state", "State", "What the session was then"),
    ("from", "From", "Where it was last opened or resumed from by then"),
    ("why", "Why", "What the first column rests on"),
    ("start", "Start", "When the session began"),
    ("end", "End", "When the session ended"),
    ("logon_type", "Logon", "Logon type"),
];

#[derive(Properties, PartialEq)]
pub struct WhoTableProps {
    pub asked: WhoAsked,
    pub part: Option<Rc<WhoPart>>,
    pub grid: Grid,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn WhoTable(props: &WhoTableProps) -> Html {
    let WhoTableProps { part, grid, act, .. } = props;
    let n_rows = part.as_ref().map_or(0, |part| part.n_rows);
    let end = grid.first.saturating_add(grid.n_visible).min(n_rows);
    let rows = (grid.first..end).map(|index| row(index, props)).collect::<Html>();
    html! {
        <>
            { form(props) }
            <GridView id="who" label="Who was on" view={View::Who} grid={*grid} n_rows={n_rows}
                n_columns={COLUMNS.len() as u32} head={heads(&COLUMNS)} rows={rows} act={act.clone()} />
        </>
    }
}

fn form(props: &WhoTableProps) -> Html {
    let WhoTableProps { asked, act, zone, .. } = props;
    let write = act.reform(|event: InputEvent| {
        let input = event.target_dyn_into::<HtmlInputElement>();
        Action::MomentWritten(input.map(|input| input.value()).unwrap_or_default())
    });
    let toggle = act.reform(|_: Event| Action::WhoNoiseToggled);
    let zone_name = if *zone == Zone::Utc { "UTC" } else { "browser time" };
    let is_wrong = asked.at.is_none() && !asked.text.trim().is_empty();
    html! {
        <div class="who-form">
            <label class="who-label" for="moment">{ format!("Who was on at ({zone_name})") }</label>
            <input id="moment" type="text" value={asked.text.clone()} oninput={write} autocomplete="off" spellcheck="false"
                placeholder="2020-09-19 03:21:48" aria-invalid={is_wrong.to_string()} aria-describedby="who-says" />
            <label class="who-noise">
                <input id="who-noise" type="checkbox" checked={asked.with_noise} onchange={toggle} />{ "noise as well" }
            </label>
            <p id="who-says" class={classes!("who-says", is_wrong.then_some("bad"))} role="status">{ says(props, is_wrong) }</p>
        </div>
    }
}

/// What was found, or what to do.
fn says(props: &WhoTableProps, is_wrong: bool) -> String {
    if is_wrong {
        return "This is no moment: write one like 2020-09-19 03:21:48, or with its zone, 2020-09-19T03:21:48Z.".into();
    }
    let Some(at) = &props.asked.at else {
        return "Write a moment, or choose “Who was on then?” in a session.".into();
    };
    let Some(part) = props.part.as_ref().filter(|part| part.at == *at) else { return "…".into() };
    let mut text = format!(
        "{} surely on, {} possibly, at {}.",
        counted(part.n_surely, "session", "sessions"),
        part.n_rows.saturating_sub(part.n_surely),
        in_full(at, props.zone)
    );
    if !part.not_covered.is_empty() {
        let named: Vec<_> = part.not_covered.iter().take(MOST_NAMED).map(|name| visible(name)).collect();
        let more = (part.n_not_covered as usize).saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text += &format!(" The logs of {}{more} do not reach that moment.", named.join(", "));
    }
    text
}

fn row(index: u32, props: &WhoTableProps) -> Html {
    let id = row_id("who", index);
    let aria_index = (u64::from(index) + 2).to_string();
    let found = props.part.as_ref().and_then(|part| part.rows.get(index.checked_sub(part.first)? as usize));
    let found = found.map(|row| &row.record);
    let is_cursor = props.grid.cursor == Some(index);
    let class = row_classes(index, is_cursor, found.is_some());
    html! {
        <div key={index} id={id} class={class} role="row" aria-rowindex={aria_index}
            aria-selected={is_cursor.to_string()} data-index={index.to_string()}
            data-session={found.map(|found| found.session.clone())}
            data-certainty={found.map(|found| found.certainty.clone())}>
            if let Some(found) = found {
                { for cells(found, props.zone).iter().zip(COLUMNS).map(|(text, (name, ..))| cell_of(name, text, found)) }
            } else {
                { awaited() }
            }
        </div>
    }
}

fn cell_of(name: &'static str, text: &Text, found: &WhoRecord) -> Html {
    match name {
        "user" => user(name, found.domain.as_deref(), found.user.as_deref()),
        _ => cell(name, text, None),
    }
}

/// Texts and titles.
fn cells(found: &WhoRecord, zone: Zone) -> [Text; 9] {
    let time = |at: &Option<String>, earliest: &Option<String>, latest: &Option<String>| {
        let bounds = (earliest.as_deref(), latest.as_deref());
        let moment = known::moment(at.as_deref(), bounds, zone);
        (moment.text, moment.title)
    };
    let end = match &found.end {
        None if found.end_how == "open_at_log_end" => ("open".into(), words::end_how(&found.end_how).into()),
        _ => time(&found.end, &found.end_earliest, &found.end_latest),
    };
    [
        same(words::certainty(&found.certainty)),
        same(words::user(found.domain.as_deref(), found.user.as_deref())),
        same(found.machine.clone()),
        same(state(found)),
        same(words::from(
            found.origin_address.as_deref(),
            found.origin_port,
            found.origin_host.as_deref(),
            found.logon_type,
        )),
        same(words::with_moments(&found.why, |moment| to_the_second(moment, zone))),
        time(&found.start, &found.start_earliest, &found.start_latest),
        end,
        same(words::logon_type(found.logon_type, found.logon_type_name.as_deref())),
    ]
}

fn state(found: &WhoRecord) -> String {
    let states: Vec<String> = found.states.iter().map(|state| words::spaced(state)).collect();
    states.join(", ")
}
