//! When the session was locked, disconnected or asleep: a bar and a list.

use super::facts::cut_short;
use crate::text::moment::{Zone, in_full, seconds, to_the_second};
use crate::text::number::span;
use crate::text::{visible, words};
use crate::worker::protocol::SessionPart;
use sessionscope::session::record::{EventRef, IntervalRecord, Record};
use std::rc::Rc;
use yew::prelude::*;

/// The bar's width in units of its own.
const BAR: f64 = 1000.0;
/// An interval too short to see is still there.
const LEAST: f64 = 3.0;

#[derive(Properties, PartialEq)]
pub struct IntervalsProps {
    pub part: Rc<SessionPart>,
    pub zone: Zone,
}

#[component]
pub fn Intervals(props: &IntervalsProps) -> Html {
    let record = &props.part.detail.record;
    if record.intervals.is_empty() {
        return Html::default();
    }
    html! {
        <section id="intervals">
            <h3>{ "Away" }</h3>
            { bar(record) }
            <ul class="intervals">{ for record.intervals.iter().map(|interval| item(interval, props.zone)) }</ul>
            { cut_short(record.intervals.len(), props.part.n_intervals) }
        </section>
    }
}

fn bar(record: &Record) -> Html {
    let Some((from, to)) = extent(record) else { return Html::default() };
    let scale = BAR / (to - from).max(1.0);
    let part = |interval: &IntervalRecord| {
        let (a, b) = (seconds(&interval.from)?, seconds(&interval.to)?);
        let x = ((a - from) * scale).clamp(0.0, BAR - LEAST);
        let width = ((b - a) * scale).clamp(LEAST, BAR - x);
        Some(html! {
            <rect class={format!("bar-{}", class_of(&interval.what))} x={x.to_string()} y="0" width={width.to_string()} height="10" />
        })
    };
    html! {
        <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img"
            aria-label="The session's length with the parts it was away">
            <rect class="bar-active" x="0" y="0" width="1000" height="10" />
            { for record.intervals.iter().filter_map(part) }
        </svg>
    }
}

fn extent(record: &Record) -> Option<(f64, f64)> {
    let start = record.start.as_ref().or(record.start_latest.as_ref()).or(record.start_earliest.as_ref())?;
    let end = record.end.as_ref().or(record.end_earliest.as_ref()).or(record.last_seen.as_ref())?;
    Some((seconds(start)?, seconds(end)?))
}

/// Only what the style sheet knows becomes a class name.
fn class_of(what: &str) -> &'static str {
    match what {
        "locked" => "locked",
        "screensaver" => "screensaver",
        "disconnected" => "disconnected",
        "suspended" => "suspended",
        _ => "other",
    }
}

fn item(interval: &IntervalRecord, zone: Zone) -> Html {
    let length = match (seconds(&interval.from), seconds(&interval.to)) {
        (Some(from), Some(to)) if from < to => span(to - from),
        _ => String::new(),
    };
    let what = visible(&words::spaced(&interval.what)).into_owned();
    let title = format!("{} – {}", in_full(&interval.from, zone), in_full(&interval.to, zone));
    html! {
        <li>
            <p>
                <span class={format!("swatch swatch-{}", class_of(&interval.what))} aria-hidden="true"></span>
                <span>{ what }</span>
                <b>{ length }</b>
                <span title={title}>{ visible(&from_to(&interval.from, &interval.to, zone)).into_owned() }</span>
            </p>
            <p class="fine interval-events">{ events(interval) }</p>
        </li>
    }
}

/// The day once, where both are of the same. What was on when the session was last heard of has a beginning alone.
fn from_to(from: &str, to: &str, zone: Zone) -> String {
    if from == to {
        return format!("since {}", to_the_second(from, zone));
    }
    let (from, to) = (to_the_second(from, zone), to_the_second(to, zone));
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((one, _)), Some((other, time))) if one == other => format!("{from} – {time}"),
        _ => format!("{from} – {to}"),
    }
}

fn events(interval: &IntervalRecord) -> String {
    let event = |event: &Option<EventRef>, what: &str| match event {
        Some(event) => words::event(event),
        None => format!("{what} not seen"),
    };
    format!("{}, then {}", event(&interval.opened_by, "beginning"), event(&interval.closed_by, "end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_said_once() {
        let zone = Zone::Utc;
        let (a, b) = ("2024-03-05T22:31:05.0000000Z", "2024-03-05T22:38:44.0000000Z");
        assert_eq!(from_to(a, b, zone), "2024-03-05 22:31:05 – 22:38:44");
        let b = "2024-03-06T00:38:44.0000000Z";
        assert_eq!(from_to(a, b, zone), "2024-03-05 22:31:05 – 2024-03-06 00:38:44");
        assert_eq!(from_to(a, a, zone), "since 2024-03-05 22:31:05");
    }
}
