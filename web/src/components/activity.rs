//! What ran in a session: how much of each kind, and on demand the list of it, a part at a time.

use super::pages::pages;
use crate::state::page::ACTIVITY_PAGE;
use crate::state::{Action, ActivityList};
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::count;
use crate::text::{visible, words};
use crate::worker::protocol::SessionPart;
use sessionscope::export::activity::{ActivityRow, Detail};
use sessionscope::session::activity::ActivityKind;
use sessionscope::session::record::ShareRecord;
use std::rc::Rc;
use yew::prelude::*;

/// Shares that are listed.
const MOST_SHARES: usize = 20;

#[derive(Properties, PartialEq)]
pub struct ActivityProps {
    pub part: Rc<SessionPart>,
    /// The list, if it is to be shown.
    pub list: Option<ActivityList>,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn Activity(props: &ActivityProps) -> Html {
    let ActivityProps { part, list, zone, act } = props;
    let mut activity = part.detail.record.activity.clone();
    let counts: Vec<(ActivityKind, u32)> = ActivityKind::ALL
        .map(|kind| (kind, *activity.count_mut(kind)))
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .collect();
    let n_all: u32 = counts.iter().map(|(_, n)| n).sum();
    if n_all == 0 {
        return Html::default();
    }
    let toggle = act.reform(|_: MouseEvent| Action::ActivityToggled);
    let is_open = list.is_some();
    html! {
        <section id="activity" data-count={n_all.to_string()}>
            <h3>{ format!("What ran in it ({})", count(n_all)) }</h3>
            <p class="fine">{ span(&activity.first, &activity.last, *zone) }</p>
            <ul class="counts">{ for counts.iter().map(|(kind, n)| counted(*kind, *n)) }</ul>
            { shares(&activity.by_share) }
            <button id="activity-toggle" class="button" type="button" aria-expanded={is_open.to_string()}
                onclick={toggle}>{ if is_open { "Hide the list" } else { "List it" } }</button>
            if let Some(list) = list {
                { rows(list, *zone, act) }
            }
        </section>
    }
}

fn span(first: &Option<String>, last: &Option<String>, zone: Zone) -> String {
    match (first, last) {
        (Some(first), Some(last)) => {
            format!("{} – {}", visible(&to_the_second(first, zone)), visible(&to_the_second(last, zone)))
        }
        _ => String::new(),
    }
}

fn counted(kind: ActivityKind, n: u32) -> Html {
    html! { <li data-kind={kind.word()} data-count={n.to_string()}><b>{ count(n) }</b>{ " " }{ words::activity(kind.word(), n) }</li> }
}

fn shares(shares: &[ShareRecord]) -> Html {
    if shares.is_empty() {
        return Html::default();
    }
    let share = |share: &ShareRecord| {
        let text = format!(
            "{}: opened {} ×, files {} ×",
            visible(&share.share),
            count(share.n_opened),
            count(share.n_files)
        );
        html! { <li>{ text }</li> }
    };
    let more = shares.len().saturating_sub(MOST_SHARES);
    html! {
        <ul class="counts" id="shares">
            { for shares.iter().take(MOST_SHARES).map(share) }
            if more > 0 {
                <li>{ format!("and {more} more shares") }</li>
            }
        </ul>
    }
}

fn rows(list: &ActivityList, zone: Zone, act: &Callback<Action>) -> Html {
    let Some(rows) = &list.rows else {
        return html! { <p class="drawer-wait">{ "…" }</p> };
    };
    html! {
        <>
            <ol id="acts" class="evidence" start={(rows.first + 1).to_string()}>{ for rows.rows.iter().map(|row| item(row, zone)) }</ol>
            { pages("activity", rows.first, ACTIVITY_PAGE, rows.n_total, &act.reform(Action::ActivityTurned)) }
        </>
    }
}

fn item(row: &ActivityRow, zone: Zone) -> Html {
    html! {
        <li class="event" data-record={row.record.to_string()} data-event={row.event.to_string()} data-kind={row.kind.clone()}>
            <p class="event-head">
                <span class="event-time" title={in_full(&row.at, zone)}>{ visible(&to_the_second(&row.at, zone)).into_owned() }</span>
                <b class="event-id">{ row.event.to_string() }</b>
                <span>{ visible(&row.what).into_owned() }</span>
            </p>
            { for row.details.iter().map(detail) }
            <p class="event-place">{ format!("{} record {}", visible(&row.channel), row.record) }</p>
        </li>
    }
}

fn detail(detail: &Detail) -> Html {
    html! { <p class="event-meaning"><span class="fine">{ visible(&detail.name).into_owned() }{ ": " }</span>{ visible(&detail.value).into_owned() }</p> }
}
