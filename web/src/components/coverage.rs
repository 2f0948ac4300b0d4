//! What a machine audited: beside Microsoft's baselines, with what each missing subcategory costs; and every subcategory
//! of one boot.

use crate::state::Action;
use crate::text::moment::{Zone, in_full, to_the_second};
use crate::text::number::counted;
use crate::text::{visible, words};
use crate::worker::protocol::HostPart;
use sessionscope::machine::record::{
    AuditRecord, BaselineByKind, BaselineRecord, BootCoverageRecord, ChangeRecord, CoverageRecord,
    OutcomeRecord,
};
use std::rc::Rc;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct CoverageProps {
    pub part: Rc<HostPart>,
    pub zone: Zone,
    pub act: Callback<Action>,
}

#[component]
pub fn Coverage(props: &CoverageProps) -> Html {
    let CoverageProps { part, zone, act } = props;
    let Some(coverage) = &part.coverage else {
        return html! {
            <section id="coverage">
                <h3>{ "What was audited" }</h3>
                <p class="fine">{ "No Security log of it is loaded: what was audited is not known." }</p>
            </section>
        };
    };
    html! {
        <section id="coverage">
            <h3>{ "What was audited, and Microsoft's baseline" }</h3>
            <p class="fine">{ explained(coverage) }</p>
            { baseline(coverage, part) }
            { boot(part, coverage, *zone, act) }
        </section>
    }
}

fn explained(coverage: &CoverageRecord) -> String {
    let of = match coverage.kind.as_str() {
        "unknown" => "for the three kinds of computer, as this one's is not known".to_owned(),
        kind => format!("for a {}", words::kind(kind)),
    };
    format!(
        "Success / failure events, as the newest boot that tells of it has them. Microsoft's baselines are {of}: general, \
         and stronger for where more is at stake."
    )
}

fn baseline(coverage: &CoverageRecord, part: &HostPart) -> Html {
    let line = |line: &BaselineRecord| {
        let cost = part.costs.iter().find(|(subcategory, _)| *subcategory == line.subcategory);
        baseline_row(line, &coverage.kind, cost.map_or("", |(_, cost)| cost))
    };
    html! {
        <table class="list audits">
            <thead><tr>
                <th>{ "Subcategory" }</th><th>{ "Audited" }</th><th>{ "General" }</th><th>{ "Stronger" }</th><th>{ "What is missing without it" }</th>
            </tr></thead>
            <tbody>{ for coverage.baseline.iter().map(line) }</tbody>
        </table>
    }
}

fn baseline_row(line: &BaselineRecord, kind: &str, cost: &str) -> Html {
    let note = line.note.as_deref().unwrap_or_default();
    html! {
        <tr data-subcategory={line.subcategory.clone()} data-state={line.success.clone()}
            data-general={line.general_verdict.clone()} data-stronger={line.stronger_verdict.clone()}>
            <th scope="row">{ visible(&line.subcategory).into_owned() }</th>
            <td data-name="Audited">{ format!("{} / {}", words::audit(&line.success), words::audit(&line.failure)) }</td>
            <td data-name="General">{ demand(&line.general, kind) }{ verdict(&line.general_verdict) }</td>
            <td data-name="Stronger">{ demand(&line.stronger, kind) }{ verdict(&line.stronger_verdict) }</td>
            <td data-name={(!cost.is_empty() || !note.is_empty()).then_some("Without it")}>{ visible(cost).into_owned() }
                if !note.is_empty() {
                    <p class="fine">{ visible(note).into_owned() }</p>
                }
            </td>
        </tr>
    }
}

fn demand(demand: &BaselineByKind, kind: &str) -> String {
    match kind {
        "domain_controller" => demand.domain_controller.clone(),
        "member_server" => demand.member_server.clone(),
        "workstation" => demand.workstation.clone(),
        _ if demand.domain_controller == demand.member_server
            && demand.member_server == demand.workstation =>
        {
            demand.workstation.clone()
        }
        _ => format!(
            "domain controller {}, server {}, workstation {}",
            demand.domain_controller, demand.member_server, demand.workstation
        ),
    }
}

/// A sign and a word: neither colour nor sign alone says it.
fn verdict(verdict: &str) -> Html {
    let (sign, word) = match verdict {
        "met" => ("✓", "met"),
        "missed" => ("✗", "missed"),
        _ => ("?", "unknown"),
    };
    html! { <span class={classes!("verdict", (verdict == "missed").then_some("bad"))}>{ format!("{sign} {word}") }</span> }
}

fn boot(part: &HostPart, coverage: &CoverageRecord, zone: Zone, act: &Callback<Action>) -> Html {
    let Some(boot) = coverage.boots.first() else { return Html::default() };
    let choose = act.reform(|event: Event| {
        let select = event.target_dyn_into::<HtmlSelectElement>();
        Action::CoverageBootChosen(select.and_then(|select| select.value().parse().ok()))
    });
    let option = |number: &u32| {
        html! { <option value={number.to_string()} selected={*number == boot.boot}>{ format!("Boot {number}") }</option> }
    };
    html! {
        <>
            <h4 class="audits-of-boot">
                <label for="coverage-boot">{ "Every subcategory in " }</label>
                <select id="coverage-boot" onchange={choose}>{ for part.coverage_boots.iter().map(option) }</select>
            </h4>
            <p class="fine">{ span(boot, zone) }</p>
            <table class="list audits" id="audits">
                <thead><tr><th>{ "Subcategory" }</th><th>{ "Success" }</th><th>{ "Failure" }</th></tr></thead>
                <tbody>{ for boot.audits.iter().map(|audit| audit_row(audit, zone)) }</tbody>
            </table>
        </>
    }
}

fn span(boot: &BootCoverageRecord, zone: Zone) -> String {
    let at = |at: &Option<String>| at.as_deref().map_or("?".into(), |at| to_the_second(at, zone));
    format!(
        "Its Security records are from {} to {}. Command lines of processes are written: {}.",
        at(&boot.first),
        at(&boot.last),
        words::audit(&boot.command_lines)
    )
}

fn audit_row(audit: &AuditRecord, zone: Zone) -> Html {
    html! {
        <tr data-subcategory={audit.subcategory.clone()} data-state={audit.success.state.clone()}>
            <th scope="row" title={format!("{}, task {}, {}", visible(&audit.category), audit.task, visible(&audit.guid))}>
                { visible(&audit.subcategory).into_owned() }
            </th>
            <td data-name="Success">{ outcome(&audit.success, zone) }</td>
            <td data-name="Failure">
                if let Some(failure) = &audit.failure {
                    { outcome(failure, zone) }
                } else {
                    <span class="fine">{ "has no failure events" }</span>
                }
            </td>
        </tr>
    }
}

fn outcome(outcome: &OutcomeRecord, zone: Zone) -> Html {
    let since = outcome.since.as_deref().map(|since| format!(" since {}", to_the_second(since, zone)));
    let events = match outcome.n_events {
        0 => String::new(),
        n => format!(" ({})", counted(n, "event", "events")),
    };
    html! {
        <>
            <span title={outcome.since.as_deref().map(|since| in_full(since, zone))}>
                <b>{ words::audit(&outcome.state).to_owned() }</b>{ since.unwrap_or_default() }{ events }
            </span>
            <p class="fine">{ visible(&words::with_moments(&outcome.why, |at| to_the_second(at, zone))).into_owned() }</p>
            { for outcome.changes.iter().map(|change| html! { <p class="fine">{ changed(change, zone) }</p> }) }
        </>
    }
}

fn changed(change: &ChangeRecord, zone: Zone) -> String {
    format!(
        "Switched {} at {} by {}",
        visible(&change.to),
        to_the_second(&change.at, zone),
        words::event(&change.by)
    )
}
