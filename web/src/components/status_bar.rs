//! The line at the bottom: how much the table has and what is hidden, what could not be read, and the version.

use crate::state::progress::Reading;
use crate::state::{Action, Page, View};
use crate::text::number::{count, counted};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct StatusBarProps {
    pub page: Rc<Page>,
    pub act: Callback<Action>,
}

#[component]
pub fn StatusBar(props: &StatusBarProps) -> Html {
    let page = &props.page;
    html! {
        <footer class="status">
            if page.is_loaded() {
                <p id="shown" role="status" data-shown={page.rows.n_sessions.to_string()}
                    data-total={page.rows.n_total.to_string()}>{ shown(page) }</p>
                if !page.summary.is_complete {
                    <p id="provisional" class="provisional">{ provisional(page.progress.state) }</p>
                }
                { problems(page, &props.act) }
            }
            <p id="version" class="status-version">{ format!("Sessionscope {}", sessionscope::version()) }</p>
        </footer>
    }
}

fn provisional(reading: Reading) -> &'static str {
    match reading {
        Reading::UnderWay => "Still reading: sessions are provisional",
        _ => "Working out all sessions: these are provisional",
    }
}

fn shown(page: &Page) -> String {
    let (_, n_rows) = page.grid();
    match page.view {
        View::Sessions => shown_sessions(page),
        View::Who if page.who_found.is_none() => String::new(),
        View::Who => format!("{} at that moment", counted(n_rows, "session", "sessions")),
        View::Hosts => counted(n_rows, "machine", "machines"),
        View::Files => counted(n_rows, "file", "files"),
    }
}

fn shown_sessions(page: &Page) -> String {
    let rows = &page.rows;
    let noise = rows.noise.iter().filter(|class| !class.is_shown).map(|class| class.n_sessions).sum::<u32>();
    let others = rows.n_total.saturating_sub(rows.n_sessions).saturating_sub(noise);
    let mut text =
        format!("{} of {} shown", count(rows.n_sessions), counted(rows.n_total, "session", "sessions"));
    if rows.n_rows < rows.n_sessions {
        text += &format!(" in {}", counted(rows.n_rows, "row", "rows"));
    }
    if noise > 0 {
        text += &format!("; {} hidden as noise", count(noise));
    }
    if others > 0 {
        text += &format!("; {} not matching the filter", count(others));
    }
    text
}

fn problems(page: &Page, act: &Callback<Action>) -> Html {
    if page.summary.n_problems == 0 {
        return Html::default();
    }
    let look = act.reform(|_: MouseEvent| Action::ViewChosen(View::Files));
    html! {
        <button id="problems" class="status-problems" type="button" onclick={look}>
            { format!("⚠ {} in the files", counted(page.summary.n_problems, "problem", "problems")) }
        </button>
    }
}
