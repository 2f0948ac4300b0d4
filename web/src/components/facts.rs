//! A list of facts: names and values.

use crate::text::visible;
use yew::prelude::*;

/// One fact, unless its value is empty: that is not known, and other words say so where it matters.
pub fn fact(name: &str, value: impl AsRef<str>) -> Html {
    titled_fact(name, value, "")
}

/// A fact with more of it on hover.
pub fn titled_fact(name: &str, value: impl AsRef<str>, title: &str) -> Html {
    let value = value.as_ref();
    if value.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <dt>{ name.to_owned() }</dt>
            <dd title={visible(title).into_owned()}>{ visible(value).into_owned() }</dd>
        </>
    }
}

/// A fact that is a name: a click goes to what it names, a `host` or a `session`.
pub fn linked_fact(name: &str, value: &str, to: &'static str, go: Callback<MouseEvent>) -> Html {
    if value.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <dt>{ name.to_owned() }</dt>
            <dd><button class="link" type="button" data-to={to} onclick={go}>{ visible(value).into_owned() }</button></dd>
        </>
    }
}

/// `first n of m`, when a list was cut short.
pub fn cut_short(n_listed: usize, n_all: u32) -> Html {
    if n_listed >= n_all as usize {
        return Html::default();
    }
    html! { <p class="cut-short">{ format!("The first {n_listed} of {n_all}; a JSON Lines export has all of them.") }</p> }
}
