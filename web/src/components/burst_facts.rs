//! What is known of a burst: network sessions of one account from one source, each soon after the one before; or of a
//! series: logons of one account as a service, in one boot.

use super::facts::{fact, linked_fact};
use crate::state::Action;
use crate::text::moment::{Zone, in_full};
use crate::text::{known, words};
use sessionscope::query::Row;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct BurstFactsProps {
    pub row: Rc<Row>,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn BurstFacts(props: &BurstFactsProps) -> Html {
    let BurstFactsProps { row, zone, act } = props;
    let Some(burst) = &row.group else { return Html::default() };
    let time = |time: &Option<String>| time.as_deref().map(|time| in_full(time, *zone)).unwrap_or_default();
    let size = words::burst_size(burst.is_series, burst.n_shown, burst.n_sessions);
    let sentence = match burst.is_series {
        true => format!("A series of {size} of one account, from one start of the computer to its next."),
        false => format!("A burst of {size}, each at most 5 minutes after the one before."),
    };
    let machine = row.machine.clone();
    let to_host = act.reform(move |_: MouseEvent| Action::HostChosen(machine.clone()));
    html! {
        <>
            <p id="sentence" class="sentence">{ sentence }</p>
            <dl class="facts" id="facts">
                { fact("First start", time(&row.start)) }
                { fact("Last seen", time(&row.end)) }
                { fact("On for", known::burst_duration(burst.union_s, burst.is_union_exact).text) }
                { fact("User", words::user(row.domain.as_deref(), row.user.as_deref())) }
                { linked_fact("Machine", &row.machine, "host", to_host) }
                { fact("From", words::from(row.origin_address.as_deref(), row.origin_port, row.origin_host.as_deref(), row.logon_type)) }
                { fact("Logon type", words::logon_type(row.logon_type, row.logon_type_name.as_deref())) }
                { fact("Class", words::class(&row.class)) }
            </dl>
            <p class="fine">{ "Choose its row in the table to show or hide its sessions." }</p>
        </>
    }
}
