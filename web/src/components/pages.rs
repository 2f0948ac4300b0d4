//! A long list shown a part at a time: which part, and the ways to the one before and the one after.

use crate::text::number::count;
use yew::prelude::*;

/// The part `first .. first + n_page` of `n_all`; nothing where all fit. The buttons' ids begin with `id`.
pub fn pages(id: &str, first: u32, n_page: u32, n_all: u32, turn: &Callback<u32>) -> Html {
    if n_all <= n_page {
        return Html::default();
    }
    let last = first.saturating_add(n_page).min(n_all);
    let to = |first: u32| turn.reform(move |_: MouseEvent| first);
    html! {
        <p class="pages">
            <button id={format!("{id}-earlier")} class="button" type="button" disabled={first == 0}
                onclick={to(first.saturating_sub(n_page))}>{ "Earlier" }</button>
            <span>{ format!("{} – {} of {}", count(first + 1), count(last), count(n_all)) }</span>
            <button id={format!("{id}-later")} class="button" type="button" disabled={last >= n_all}
                onclick={to(first + n_page)}>{ "Later" }</button>
        </p>
    }
}
