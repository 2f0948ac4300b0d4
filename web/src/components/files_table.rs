//! The ledger: per file what was read of it and what could not be.

use super::cells::{Column, Text, awaited, cell, heads, row_classes, same};
use super::grid::{GridView, row_id};
use crate::state::grid::Grid;
use crate::state::{Action, View};
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::{bytes, count};
use crate::text::{visible, words};
use crate::worker::protocol::LedgerPart;
use sessionscope::case::ledger::SourceRow;
use std::rc::Rc;
use yew::prelude::*;

/// The columns from left to right: name in `data-col`, head, title. The style sheet has their widths.
const COLUMNS: [Column; 13] = [
    ("state", "State", "What became of the file"),
    ("path", "File", "Its path as dropped"),
    ("problems", "Problems", "What could not be read: choose the row for the list"),
    ("records", "Records", "Records that were read"),
    ("records_failed", "Unread", "Records that could not be read"),
    ("computers", "Computer", "The computer names in its records"),
    ("channels", "Channel", "The logs its records are of"),
    ("bytes", "Size", "Its size"),
    ("duplicates", "Duplicates", "Records that another file has too"),
    ("chunks", "Chunks", "64 KiB chunks that were read, of those in the file"),
    ("record_range", "Record ids", "The first and the last"),
    ("first_time", "First", "When its first record was written"),
    ("last_time", "Last", "When its last record was written"),
];

#[derive(Properties, PartialEq)]
pub struct FilesTableProps {
    pub ledger: Rc<LedgerPart>,
    pub grid: Grid,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn FilesTable(props: &FilesTableProps) -> Html {
    let FilesTableProps { ledger, grid, zone, act } = props;
    let end = grid.first.saturating_add(grid.n_visible).min(ledger.n_sources);
    let rows = (grid.first..end).map(|index| row(index, ledger, *grid, *zone)).collect::<Html>();
    html! {
        <GridView id="files" label="Files" view={View::Files} grid={*grid} n_rows={ledger.n_sources}
            n_columns={COLUMNS.len() as u32} head={heads(&COLUMNS)} rows={rows} act={act.clone()} />
    }
}

fn row(index: u32, ledger: &LedgerPart, grid: Grid, zone: Zone) -> Html {
    let id = row_id("files", index);
    let aria_index = (u64::from(index) + 2).to_string();
    let source = index.checked_sub(ledger.first).and_then(|i| ledger.sources.get(i as usize));
    let is_cursor = grid.cursor == Some(index);
    let class = row_classes(index, is_cursor, source.is_some());
    html! {
        <div key={index} id={id} class={class} role="row" aria-rowindex={aria_index}
            aria-selected={is_cursor.to_string()} data-index={index.to_string()}
            data-source={source.map(|source| source.path.clone())} data-state={source.map(|source| source.state.clone())}>
            if let Some(source) = source {
                { for cells(source, zone).iter().zip(COLUMNS).map(|(text, (name, ..))| cell_of(name, text, source)) }
            } else {
                { awaited() }
            }
        </div>
    }
}

fn cell_of(name: &'static str, text: &Text, source: &SourceRow) -> Html {
    let is_bad = match name {
        "problems" => source.n_problems > 0,
        "state" => source.state == "failed" || source.state == "cancelled",
        "records_failed" => source.n_records_failed > 0,
        _ => false,
    };
    if name == "path" {
        return path(&source.path);
    }
    cell(name, text, is_bad.then_some("bad"))
}

/// What a file's name ends with tells it from its neighbours: that is never cut off.
const END_CHARS: usize = 38;

fn path(path: &str) -> Html {
    let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, name) = path.split_at(name_at);
    let end_at = name.char_indices().rev().nth(END_CHARS - 1).map_or(0, |(at, _)| at);
    let (start, end) = name.split_at(end_at);
    html! {
        <div role="gridcell" class="grid-cell path" data-col="path" title={visible(path).into_owned()}>
            <span class="path-folder">{ visible(folder).into_owned() }</span>
            <span class="path-start">{ visible(start).into_owned() }</span>
            <span class="path-end">{ visible(end).into_owned() }</span>
        </div>
    }
}

fn cells(source: &SourceRow, zone: Zone) -> [Text; 13] {
    let number = |n: u64| if n == 0 { same("") } else { same(count(n)) };
    let time = |time: &Option<String>| match time {
        Some(time) => (to_the_second(time, zone), in_full(time, zone)),
        None => same(""),
    };
    [
        same(words::source_state(&source.state)),
        same(source.path.clone()),
        problems(source),
        same(count(source.n_records)),
        number(source.n_records_failed),
        same(source.computers.join(", ")),
        (channels(source), source.channels.join(", ")),
        (bytes(source.bytes), format!("{} bytes", count(source.bytes))),
        number(source.n_duplicates),
        chunks(source),
        same(record_range(source)),
        time(&source.first_time),
        time(&source.last_time),
    ]
}

fn channels(source: &SourceRow) -> String {
    let names: Vec<&str> = source.channels.iter().map(|channel| words::channel(channel)).collect();
    names.join(", ")
}

fn problems(source: &SourceRow) -> Text {
    let first = source.problems.first().map(|problem| problem.text.clone()).unwrap_or_default();
    match source.n_problems {
        0 => (String::new(), String::new()),
        1 => (format!("⚠ {first}"), first),
        n => (format!("⚠ {}: {first}", count(n)), first),
    }
}

fn chunks(source: &SourceRow) -> Text {
    let mut title = format!("{} read of {}", count(source.n_chunks_read), count(source.n_chunks));
    for (n, what) in
        [(source.n_chunks_failed, "could not be read"), (source.n_chunks_unused, "never written")]
    {
        if n > 0 {
            title += &format!(", {} {what}", count(n));
        }
    }
    (format!("{} / {}", count(source.n_chunks_read), count(source.n_chunks)), title)
}

fn record_range(source: &SourceRow) -> String {
    match (source.first_record, source.last_record) {
        // Ungrouped: an id is copied, not read as a size.
        (Some(first), Some(last)) => format!("{first} – {last}"),
        _ => String::new(),
    }
}
