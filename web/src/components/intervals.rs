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
            <ul class="intervals">{ for record.intervals.iter().map(|interval| item(record, interval, props.zone)) }</ul>
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
        let class = format!("bar-{}", class_of(&interval.what));
        // Empty: nobody knows what it was while this one may still have lasted.
        let (end, at) = ((perhaps_until(&record.intervals, interval, to) - from) * scale, x + width);
        let rest = html! {
            <rect class="bar-unknown" x={at.to_string()} y="0"
                width={(end.min(BAR) - at).max(0.0).to_string()} height="10" />
        };
        Some(html! {
            <>
                <rect {class} x={x.to_string()} y="0" width={width.to_string()} height="10" />
                if is_open_ended(record.end.as_deref(), interval) { { rest } }
            </>
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
    line(start, end)
}

/// From one moment to another; `None` where a clock that was set back shows the end before the beginning.
fn line(start: &str, end: &str) -> Option<(f64, f64)> {
    seconds(start).zip(seconds(end)).filter(|(start, end)| start <= end)
}

/// Whether it may have lasted longer: nothing is seen to end it, nor did the session end then.
fn is_open_ended(end: Option<&str>, interval: &IntervalRecord) -> bool {
    interval.closed_by.is_none() && interval.what != "suspended" && end != Some(&interval.to)
}

/// Until when an interval may have lasted: until there is another of its kind, or the session's end.
fn perhaps_until(all: &[IntervalRecord], interval: &IntervalRecord, end: f64) -> f64 {
    let of_kind = all.iter().filter(|other| other.what == interval.what);
    let later = of_kind.filter(|other| other.from >= interval.to && *other != interval);
    later.filter_map(|other| seconds(&other.from)).fold(end, f64::min)
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

fn item(record: &Record, interval: &IntervalRecord, zone: Zone) -> Html {
    let at_least = if is_open_ended(record.end.as_deref(), interval) { "≥ " } else { "" };
    let length = match (seconds(&interval.from), seconds(&interval.to)) {
        (Some(from), Some(to)) if from < to => format!("{at_least}{}", span(to - from)),
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
                <span title={title}>{ visible(&from_to(&interval.from, &interval.to, at_least, zone)).into_owned() }</span>
            </p>
            <p class="fine interval-events">{ events(interval) }</p>
        </li>
    }
}

/// The day once, where both are of the same. What was on when the session was last heard of has a beginning alone.
fn from_to(from: &str, to: &str, at_least: &str, zone: Zone) -> String {
    if from == to {
        return format!("since {}", to_the_second(from, zone));
    }
    let (from, to) = (to_the_second(from, zone), to_the_second(to, zone));
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((one, _)), Some((other, time))) if one == other => format!("{from} – {at_least}{time}"),
        _ => format!("{from} – {at_least}{to}"),
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
        assert_eq!(from_to(a, b, "", zone), "2024-03-05 22:31:05 – 22:38:44");
        assert_eq!(from_to(a, b, "≥ ", zone), "2024-03-05 22:31:05 – ≥ 22:38:44");
        let b = "2024-03-06T00:38:44.0000000Z";
        assert_eq!(from_to(a, b, "", zone), "2024-03-05 22:31:05 – 2024-03-06 00:38:44");
        assert_eq!(from_to(a, a, "", zone), "since 2024-03-05 22:31:05");
    }

    #[test]
    fn a_session_that_ends_before_it_began_has_no_bar() {
        let (early, late) = ("2024-03-05T18:00:00.0000000Z", "2024-03-05T20:00:00.0000000Z");
        assert!(line(early, late).is_some());
        assert_eq!(line(late, early), None);
    }

    #[test]
    fn what_nothing_ended_may_have_lasted_longer() {
        let interval = |what: &str, from: &str, to: &str| IntervalRecord {
            what: what.into(),
            from: format!("2024-03-05T{from}:00.0000000Z"),
            to: format!("2024-03-05T{to}:00.0000000Z"),
            opened_by: None,
            closed_by: None,
        };
        let all = [
            interval("locked", "10:00", "10:05"),
            interval("disconnected", "10:07", "10:08"),
            interval("locked", "10:20", "10:30"),
        ];
        let (first, last) = (&all[0], &all[2]);
        assert!(is_open_ended(None, last));
        assert!(is_open_ended(Some("2024-03-05T11:00:00.0000000Z"), last));
        assert!(!is_open_ended(Some(&last.to), last), "it ended with the session");
        assert!(!is_open_ended(None, &interval("suspended", "10:00", "10:05")));
        let end = seconds("2024-03-05T11:00:00.0000000Z").unwrap_or(0.0);
        assert_eq!(Some(perhaps_until(&all, first, end)), seconds(&last.from));
        assert_eq!(perhaps_until(&all, last, end), end);
    }
}
