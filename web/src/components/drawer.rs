//! The drawer beside the table: one session with its evidence, or one file with its problems.

use super::activity::Activity;
use super::burst_facts::BurstFacts;
use super::evidence::Evidence;
use super::hops::Hops;
use super::host_facts::HostFacts;
use super::session_facts::SessionFacts;
use super::source_facts::SourceFacts;
use crate::state::{Action, Drawer, HostDrawer, SessionDrawer};
use crate::text::moment::Zone;
use crate::text::visible;
use sessionscope::case::Place;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct DrawerViewProps {
    pub drawer: Drawer,
    /// What it goes back to.
    pub before: Option<Drawer>,
    pub zone: Zone,
    /// Reading goes on: what is said may change.
    pub is_provisional: bool,
    pub act: Callback<Action>,
    /// A session's evidence of this index is to be shown whole, or (without a place) hidden.
    pub show: Callback<(String, u32, Option<Place>)>,
}

#[component]
pub fn DrawerView(props: &DrawerViewProps) -> Html {
    let close = props.act.reform(|_: MouseEvent| Action::DrawerClosed);
    let session = match &props.drawer {
        Drawer::Session(session) => Some(session.id.clone()),
        _ => None,
    };
    let machine = match &props.drawer {
        Drawer::Host(host) => Some(host.machine.clone()),
        _ => None,
    };
    html! {
        <aside id="drawer" class="drawer" aria-label="Details" data-session={session} data-machine={machine}>
            <header class="drawer-head">
                { back(props) }
                <h2 id="drawer-title">{ visible(title(&props.drawer)).into_owned() }</h2>
                <button id="drawer-close" class="button" type="button" title="Close (Esc)" onclick={close}>{ "Close" }</button>
            </header>
            <div class="drawer-body" tabindex="0" role="region" aria-labelledby="drawer-title">
                { body(props) }
            </div>
        </aside>
    }
}

fn title(drawer: &Drawer) -> &str {
    match drawer {
        Drawer::Session(session) => &session.id,
        Drawer::Burst(row) => &row.session,
        Drawer::Host(host) => &host.machine,
        Drawer::Source(source) => &source.path,
    }
}

fn back(props: &DrawerViewProps) -> Html {
    let Some(before) = &props.before else { return Html::default() };
    let back = props.act.reform(|_: MouseEvent| Action::DrawerWentBack);
    let name = format!("Back to {}", visible(title(before)));
    html! {
        <button id="drawer-back" class="button" type="button" title={name.clone()} aria-label={name} onclick={back}>{ "←" }</button>
    }
}

fn body(props: &DrawerViewProps) -> Html {
    match &props.drawer {
        Drawer::Host(host) => host_body(props, host),
        Drawer::Burst(row) => {
            html! { <BurstFacts row={row.clone()} zone={props.zone} act={props.act.clone()} /> }
        }
        Drawer::Session(session) => session_body(props, session),
        Drawer::Source(source) => html! { <SourceFacts source={source.clone()} zone={props.zone} /> },
    }
}

fn host_body(props: &DrawerViewProps, host: &HostDrawer) -> Html {
    let Some(part) = &host.part else {
        return awaited("machine", host.is_missing);
    };
    html! {
        <>
            { provisional(props) }
            <HostFacts part={part.clone()} zone={props.zone} act={props.act.clone()} />
        </>
    }
}

/// In place of what is on its way, or is not there any more.
fn awaited(what: &str, is_missing: bool) -> Html {
    let text = match is_missing {
        true => format!("This {what} is not in the case any more: what was read since has changed it."),
        false => "…".to_owned(),
    };
    html! { <p class="drawer-wait">{ text }</p> }
}

fn provisional(props: &DrawerViewProps) -> Html {
    if !props.is_provisional {
        return Html::default();
    }
    html! { <p class="provisional">{ "Still reading: this may change" }</p> }
}

fn session_body(props: &DrawerViewProps, session: &SessionDrawer) -> Html {
    let Some(part) = &session.part else {
        return awaited("session", session.is_missing);
    };
    html! {
        <>
            { provisional(props) }
            <SessionFacts part={part.clone()} zone={props.zone} act={props.act.clone()} />
            <Hops part={part.clone()} zone={props.zone} act={props.act.clone()} />
            <Activity part={part.clone()} list={session.activity.clone()} zone={props.zone} act={props.act.clone()} />
            <Evidence part={part.clone()} records={session.records.clone()} zone={props.zone} act={props.act.clone()}
                show={props.show.clone()} />
        </>
    }
}
