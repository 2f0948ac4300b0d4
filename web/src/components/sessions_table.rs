//! The sessions: one row each, the visible ones only.

use super::cells::{cell, same, user};
use super::confidence::Confidence;
use super::grid::{GridView, row_id};
use crate::state::grid::Grid;
use crate::state::{Action, View};
use crate::text::known::{self, Known};
use crate::text::moment::Zone;
use crate::text::{visible, words};
use sessionscope::query::{BurstRow, Column, Row, Rows, Sort};
use std::rc::Rc;
use yew::prelude::*;

/// The columns from left to right: when, how it ended, who, where and from where first, for these stay in view beside
/// the drawer, which says the rest. The style sheet gives their widths in the same order.
const COLUMNS: [(Column, &str, &str); 10] = [
    (Column::Start, "Start", "When the session began"),
    (Column::End, "End", "When the session ended"),
    (Column::EndHow, "How it ended", "What ended the session, and how sure that is"),
    (Column::User, "User", "Whose session it was"),
    (Column::Machine, "Machine", "The computer it was on"),
    (Column::From, "From", "Where it came from: address and computer name"),
    (Column::Duration, "Duration", "From start to end"),
    (Column::LogonType, "Logon", "Logon type, and class where that says more"),
    (Column::Active, "Active", "The part of it that was neither locked, disconnected nor asleep"),
    (Column::Flags, "Flags", "What else is to be known"),
];

/// Only what the table shows: progress and counts change all the time, and it is not drawn anew for them.
#[derive(Properties, PartialEq)]
pub struct SessionsTableProps {
    pub rows: Rc<Rows>,
    pub grid: Grid,
    pub sort: Vec<Sort>,
    pub selected: Option<String>,
    /// Bursts whose sessions follow their row.
    pub open_bursts: Vec<String>,
    pub zone: Zone,
    pub is_reading: bool,
    pub act: Callback<Action>,
}

#[component]
pub fn SessionsTable(props: &SessionsTableProps) -> Html {
    let SessionsTableProps { rows, grid, sort, act, .. } = props;
    let first = first_shown(grid, rows);
    let end = first.saturating_add(grid.n_visible).min(rows.n_rows);
    let head = COLUMNS.iter().map(|column| head(column, sort, act)).collect::<Html>();
    let shown = (first..end).map(|index| row(index, props)).collect::<Html>();
    html! {
        <>
            <GridView id="sessions" label="Sessions" view={View::Sessions} grid={*grid} n_rows={rows.n_rows}
                n_columns={COLUMNS.len() as u32} head={head} rows={shown} act={act.clone()} />
            if rows.n_rows == 0 {
                <p id="no-sessions" class="nothing">{ nothing(rows, props.is_reading) }</p>
            }
        </>
    }
}

/// The first row that is shown. While others are on their way, those stay that are there: who drags the scroll bar
/// sees rows pass by, not a blank table.
fn first_shown(grid: &Grid, rows: &Rows) -> u32 {
    let n_held = rows.rows.len() as u32;
    let last = rows.first.saturating_add(n_held.saturating_sub(grid.n_visible));
    if n_held == 0 { grid.first } else { grid.first.clamp(rows.first, last) }
}

fn nothing(rows: &Rows, is_reading: bool) -> &'static str {
    let is_noise = rows.noise.iter().any(|class| !class.is_shown && class.n_sessions > 0);
    match (is_reading, rows.n_total) {
        (true, 0) => "Reading: the first sessions will show soon.",
        (false, 0) => "No sessions are in what was read. The Files view says what each file holds.",
        _ if is_noise => "All sessions that match are noise. Tick their class to see them.",
        _ => "No session matches the filter.",
    }
}

fn head(
    (by, name, title): &(Column, &'static str, &'static str),
    sort: &[Sort],
    act: &Callback<Action>,
) -> Html {
    let by = *by;
    let place = sort.iter().position(|sort| sort.by == by);
    let (aria, mark) = match place.map(|i| (i, sort[i].descending)) {
        None => (None, String::new()),
        Some((i, is_descending)) => {
            let arrow = if is_descending { "▼" } else { "▲" };
            let rank = if sort.len() > 1 { (i + 1).to_string() } else { String::new() };
            (Some(if is_descending { "descending" } else { "ascending" }), format!("{arrow}{rank}"))
        }
    };
    let choose = act.reform(move |event: MouseEvent| Action::SortChosen { by, and_then: event.shift_key() });
    html! {
        <div role="columnheader" class="grid-cell" aria-sort={aria} data-col={by.word()}>
            <button class="sort" type="button" title={format!("{title}. Click sorts, Shift and click adds")} onclick={choose}>
                { *name }<span class="sort-mark" aria-hidden="true">{ mark }</span>
            </button>
        </div>
    }
}

fn row(index: u32, props: &SessionsTableProps) -> Html {
    let id = row_id("sessions", index);
    let aria_index = (u64::from(index) + 2).to_string();
    let held = index.checked_sub(props.rows.first).and_then(|i| props.rows.rows.get(i as usize));
    let Some(row) = held else {
        return html! {
            <div key={index} id={id} class="grid-row grid-row-awaited" role="row" aria-rowindex={aria_index}
                data-index={index.to_string()}><div role="gridcell" class="grid-cell">{ "…" }</div></div>
        };
    };
    let is_selected = props.selected.as_ref() == Some(&row.session);
    let is_cursor = props.grid.cursor == Some(index);
    let class = classes!(
        "grid-row",
        (index % 2 == 1).then_some("grid-row-odd"),
        is_selected.then_some("grid-row-selected"),
        is_cursor.then_some("grid-row-cursor"),
        row.group.is_some().then_some("grid-row-burst"),
        row.burst
            .as_ref()
            .is_some_and(|burst| props.open_bursts.contains(burst))
            .then_some("grid-row-member"),
    );
    let session = row.group.is_none().then(|| row.session.clone());
    let burst = row.group.as_ref().map(|_| row.session.clone());
    html! {
        <div key={index} id={id} class={class} role="row" aria-rowindex={aria_index}
            aria-selected={is_selected.to_string()} data-index={index.to_string()}
            data-session={session} data-burst={burst} data-class={row.class.clone()}>
            { cells(row, props.zone) }
        </div>
    }
}

fn cells(row: &Row, zone: Zone) -> Html {
    html! {
        <>
            { uncertain(Column::Start, &known::start(row, zone)) }
            { uncertain(Column::End, &known::end(row, zone)) }
            { row.group.as_ref().map_or_else(|| end_how(row), burst) }
            { user(Column::User.word(), row.domain.as_deref(), row.user.as_deref()) }
            { cell(Column::Machine.word(), &(row.machine.clone(), row.computer.clone()), None) }
            { cell(Column::From.word(), &same(from(row)), None) }
            { uncertain(Column::Duration, &duration(row)) }
            { logon(row) }
            { uncertain(Column::Active, &known::active(row.active_s, &row.active_how)) }
            { flags(row) }
        </>
    }
}

fn duration(row: &Row) -> Known {
    match &row.group {
        Some(burst) => known::burst_duration(burst.union_s, burst.is_union_exact),
        None => known::duration(row.duration_s, row.duration_min_s, row.duration_max_s),
    }
}

/// In place of an end: how many sessions the row stands for, and whether they follow.
fn burst(burst: &BurstRow) -> Html {
    let (mark, what) =
        if burst.is_open { ("▾", "they follow") } else { ("▸", "choose the row to see them") };
    let text = words::burst_size(burst.is_series, burst.n_shown, burst.n_sessions);
    let name = if burst.is_series { "series" } else { "burst" };
    html! {
        <div role="gridcell" class="grid-cell" data-col={Column::EndHow.word()} title={format!("A {name} of {text}: {what}")}>
            <span class="burst-mark" aria-hidden="true">{ mark }</span><span class="burst-size">{ text }</span><span class="unseen">{ format!(": {what}") }</span>
        </div>
    }
}

fn uncertain(column: Column, of: &Known) -> Html {
    let text = (of.text.clone(), of.title.clone());
    cell(column.word(), &text, of.is_uncertain.then_some("uncertain"))
}

fn from(row: &Row) -> String {
    let (address, host) = (row.origin_address.as_deref(), row.origin_host.as_deref());
    words::from(address, row.origin_port, host, row.logon_type)
}

fn end_how(row: &Row) -> Html {
    let how = visible(words::end_how(&row.end_how)).into_owned();
    html! {
        <div role="gridcell" class="grid-cell" data-col={Column::EndHow.word()} data-value={row.end_how.clone()}
            title={format!("{how}: {}", words::confidence(&row.end_confidence))}>
            <Confidence of={row.end_confidence.clone()} />{ how }
        </div>
    }
}

fn logon(row: &Row) -> Html {
    let logon_type = visible(&words::logon_type(row.logon_type, row.logon_type_name.as_deref())).into_owned();
    let class = visible(words::class(&row.class)).into_owned();
    html! {
        <div role="gridcell" class="grid-cell" data-col={Column::LogonType.word()}
            title={format!("{logon_type}: {class}")}>
            { logon_type }
            if !words::is_class_of_type(&row.class, row.logon_type) {
                <span class="class-name">{ class }</span>
            }
        </div>
    }
}

fn flags(row: &Row) -> Html {
    let all = row.flags.iter().map(|flag| words::flag(flag)).collect::<Vec<_>>().join(", ");
    html! {
        <div role="gridcell" class="grid-cell" data-col={Column::Flags.word()} title={visible(&all).into_owned()}>
            { for row.flags.iter().map(|flag| html! { <span class="flag">{ visible(words::flag(flag)).into_owned() }</span> }) }
        </div>
    }
}
