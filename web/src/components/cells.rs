//! What tables have alike: heads that only name their columns, and cells of text.

use crate::text::{visible, words};
use yew::prelude::*;

/// A column: its name in `data-col`, its head, and what it says to the pointer.
pub type Column = (&'static str, &'static str, &'static str);

/// A cell's text, and what it says to the pointer.
pub type Text = (String, String);

pub fn heads(columns: &[Column]) -> Html {
    let head = |(name, head, title): &Column| {
        html! { <div role="columnheader" class="grid-cell" data-col={*name} title={*title}>{ *head }</div> }
    };
    columns.iter().map(head).collect()
}

/// A text that says to the pointer what it shows.
pub fn same(text: impl Into<String>) -> Text {
    let text = text.into();
    (text.clone(), text)
}

pub fn cell(name: &'static str, (text, title): &Text, class: Option<&'static str>) -> Html {
    html! {
        <div role="gridcell" class={classes!("grid-cell", class)} data-col={name} title={visible(title).into_owned()}>
            { visible(text).into_owned() }
        </div>
    }
}

/// An account. Of a long name the domain gives way first: the rest tells people apart.
pub fn user(name: &'static str, domain: Option<&str>, user: Option<&str>) -> Html {
    let whole = visible(&words::user(domain, user)).into_owned();
    let (domain, user) = whole.split_at(whole.find('\\').unwrap_or(0));
    html! {
        <div role="gridcell" class="grid-cell path" data-col={name} title={whole.clone()}>
            <span class="path-folder">{ domain.to_owned() }</span>
            <span class="path-name">{ user.to_owned() }</span>
        </div>
    }
}

/// In place of the cells of a row that is on its way.
pub fn awaited() -> Html {
    html! { <div role="gridcell" class="grid-cell">{ "…" }</div> }
}

/// The classes of a row of a table that opens what the cursor is at.
pub fn row_classes(index: u32, is_cursor: bool, is_here: bool) -> Classes {
    classes!(
        "grid-row",
        (index % 2 == 1).then_some("grid-row-odd"),
        is_cursor.then_some("grid-row-selected grid-row-cursor"),
        (!is_here).then_some("grid-row-awaited"),
    )
}
