//! The machines: one row each, the visible ones only.

use super::cells::{Column, Text, awaited, cell, heads, row_classes, same};
use super::grid::{GridView, row_id};
use crate::state::grid::Grid;
use crate::state::{Action, View};
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::{count, counted};
use crate::text::words;
use crate::worker::protocol::{HostRow, HostsPart};
use std::rc::Rc;
use yew::prelude::*;

/// The columns from left to right: name in `data-col`, head, title. The style sheet has their widths.
const COLUMNS: [Column; 9] = [
    ("machine", "Machine", "The computer's newest name"),
    ("kind", "Kind", "Domain controller, member server or workstation, as far as its logs tell"),
    ("sessions", "Sessions", "Its sessions, noise included"),
    ("boots", "Boots", "Its runs from one start to the next"),
    ("unclean", "Crashes", "Runs that ended without a shutdown: it lost power or crashed"),
    ("logoff_audit", "Logoffs audited", "Whether missing logoffs mean anything"),
    ("product", "Windows", "As the computer itself wrote it last"),
    ("first_start", "First start seen", "The first start of Windows in its logs"),
    ("last_record", "Last record", "Its latest record, of any log"),
];

#[derive(Properties, PartialEq)]
pub struct HostsTableProps {
    pub part: Rc<HostsPart>,
    pub grid: Grid,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn HostsTable(props: &HostsTableProps) -> Html {
    let HostsTableProps { part, grid, zone, act } = props;
    let end = grid.first.saturating_add(grid.n_visible).min(part.n_hosts);
    let rows = (grid.first..end).map(|index| row(index, part, *grid, *zone)).collect::<Html>();
    html! {
        <>
            <GridView id="hosts" label="Hosts" view={View::Hosts} grid={*grid} n_rows={part.n_hosts}
                n_columns={COLUMNS.len() as u32} head={heads(&COLUMNS)} rows={rows} act={act.clone()} />
            if part.n_hosts == 0 {
                <p class="nothing">{ "No records of any machine are in what was read." }</p>
            }
        </>
    }
}

fn row(index: u32, part: &HostsPart, grid: Grid, zone: Zone) -> Html {
    let id = row_id("hosts", index);
    let aria_index = (u64::from(index) + 2).to_string();
    let host = index.checked_sub(part.first).and_then(|i| part.hosts.get(i as usize));
    let is_cursor = grid.cursor == Some(index);
    let class = row_classes(index, is_cursor, host.is_some());
    html! {
        <div key={index} id={id} class={class} role="row" aria-rowindex={aria_index}
            aria-selected={is_cursor.to_string()} data-index={index.to_string()}
            data-machine={host.map(|host| host.machine.clone())}>
            if let Some(host) = host {
                { for cells(host, zone).iter().zip(COLUMNS).map(|(text, (name, ..))| cell(name, text, None)) }
            } else {
                { awaited() }
            }
        </div>
    }
}

/// Texts and titles.
fn cells(host: &HostRow, zone: Zone) -> [Text; 9] {
    let time = |time: &Option<String>, none: &str| match time {
        Some(time) => (to_the_second(time, zone), in_full(time, zone)),
        None => same(none),
    };
    let audits: Vec<&str> = host.logoff_audits.iter().map(|audit| words::audit(audit)).collect();
    [
        (host.machine.clone(), names(host)),
        same(words::kind(&host.kind)),
        same(count(host.n_sessions)),
        same(count(host.n_boots)),
        same(if host.n_unclean == 0 { String::new() } else { count(host.n_unclean) }),
        same(audits.join(", then ")),
        same(host.product.clone().unwrap_or_default()),
        time(&host.first_start, "not in the logs"),
        time(&host.last_record, ""),
    ]
}

fn names(host: &HostRow) -> String {
    match host.n_older_names {
        0 => host.name.clone(),
        n => format!("{}; {}", host.name, counted(n, "other name", "other names")),
    }
}
