//! The page before anything is loaded: what to do, and what does not happen to it.

use super::pick::Pick;
use crate::browser::files::Dropped;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct InvitationProps {
    pub add: Callback<Vec<Dropped>>,
}

#[component]
pub fn Invitation(props: &InvitationProps) -> Html {
    html! {
        <main id="drop" class="invitation">
            <div class="invitation-box">
                <h2>{ "Drop Windows event logs here" }</h2>
                <p class="invitation-what">
                    { "Files or whole folders of " }<code>{ ".evtx" }</code>
                    { " logs, from as many computers as you have. Security logs say most; System, \
                       TerminalServices, Winlogon and User Profile logs add what they know." }
                </p>
                <Pick add={props.add.clone()} class="button-main" />
                <p class="invitation-safe">
                    { "Everything is read on this machine, by this page. Nothing leaves it and nothing is stored." }
                </p>
            </div>
            <p class="invitation-answer">
                { "You get: who was on which computer, from when to when, from where, how it ended, and how sure that is." }
            </p>
        </main>
    }
}
