//! The top bar: the product, the views, what is loaded, the filter, zone, theme, download and help.

use super::export_menu::ExportMenu;
use super::filter_box::FilterBox;
use super::loaded::Loaded;
use crate::state::{Action, Page, Theme, View};
use crate::text::moment::Zone;
use crate::text::number;
use sessionscope::case::Format;
use std::rc::Rc;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct TopBarProps {
    pub page: Rc<Page>,
    pub act: Callback<Action>,
    pub export: Callback<(Format, bool)>,
}

#[component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let TopBarProps { page, act, export } = props;
    let help = act.reform(|_: MouseEvent| Action::HelpToggled);
    html! {
        <header class="top">
            <h1 class="top-name">{ "Sessionscope" }</h1>
            <nav class="top-views" aria-label="Views">
                { tab(page, act, View::Sessions, "Sessions", Some(page.summary.n_sessions)) }
                { tab(page, act, View::Who, "Who at", None) }
                { tab(page, act, View::Hosts, "Hosts", Some(page.summary.n_machines)) }
                { tab(page, act, View::Files, "Files", Some(page.summary.n_sources)) }
            </nav>
            <Loaded summary={page.summary.clone()} zone={page.zone} n_bytes={page.progress.n_bytes_done} />
            <FilterBox text={page.query.text.clone()} act={act.clone()} />
            <div class="top-tools">
                { zone(page.zone, act) }
                { theme(page.theme, act) }
                <ExportMenu is_open={page.is_export_open} export={page.export.clone()} n_shown={page.rows.n_sessions}
                    n_all={page.rows.n_total} run={export.clone()} act={act.clone()} />
                <button id="help" class="button" type="button" title="Keys and signs (?)"
                    aria-label="Help: keys and signs" onclick={help}>{ "?" }</button>
            </div>
        </header>
    }
}

fn tab(page: &Page, act: &Callback<Action>, view: View, name: &str, n: Option<u32>) -> Html {
    let is_shown = page.view == view;
    let choose = act.reform(move |_: MouseEvent| Action::ViewChosen(view));
    html! {
        <button id={format!("view-{}", view.name())} class="tab" type="button"
            aria-current={is_shown.then_some("page")} onclick={choose}>
            { name }
            if let Some(n) = n.filter(|_| page.is_loaded()) {
                <span class="tab-count">{ number::count(n) }</span>
            }
        </button>
    }
}

fn zone(zone: Zone, act: &Callback<Action>) -> Html {
    let choose = act.reform(|event: Event| {
        Action::ZoneChosen(if value(&event) == "browser" { Zone::Browser } else { Zone::Utc })
    });
    html! {
        <select id="zone" aria-label="Time zone" title="Time zone of all times shown" onchange={choose}>
            <option value="utc" selected={zone == Zone::Utc}>{ "UTC" }</option>
            <option value="browser" selected={zone == Zone::Browser}>{ "Browser time" }</option>
        </select>
    }
}

fn theme(theme: Theme, act: &Callback<Action>) -> Html {
    let choose = act.reform(|event: Event| {
        Action::ThemeChosen(match value(&event).as_str() {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        })
    });
    let option = |of: Theme, name: &str| {
        html! { <option value={of.name()} selected={theme == of}>{ name }</option> }
    };
    html! {
        <select id="theme" aria-label="Theme" title="Light or dark" onchange={choose}>
            { option(Theme::System, "Auto theme") }
            { option(Theme::Light, "Light") }
            { option(Theme::Dark, "Dark") }
        </select>
    }
}

fn value(event: &Event) -> String {
    event.target_dyn_into::<HtmlSelectElement>().map(|select| select.value()).unwrap_or_default()
}
