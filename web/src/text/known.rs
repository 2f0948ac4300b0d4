//! What is known of moments and spans: a value that is not certain is made to look so, and says on hover what bounds it.

use super::moment::{Zone, in_full, to_the_second};
use super::number::{span, span_in_full};
use super::words;
use sessionscope::export::words::LEAST_BOUND;
use sessionscope::query::Row;

/// A value: what is shown of it, what it says on hover, and whether it is certain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub text: String,
    pub title: String,
    pub is_uncertain: bool,
}

impl Known {
    fn certain(text: String, title: String) -> Self {
        Self { text, title, is_uncertain: false }
    }

    fn uncertain(text: String, title: String) -> Self {
        Self { text, title, is_uncertain: true }
    }
}

/// When the session began, or what bounds it.
pub fn start(row: &Row, zone: Zone) -> Known {
    let (at, bounds) = (row.start.as_deref(), (row.start_earliest.as_deref(), row.start_latest.as_deref()));
    let mut known = moment(at, bounds, zone);
    if row.start_how != "logon" && !row.start_how.is_empty() {
        known.title = format!("{} ({})", known.title, words::start_how(&row.start_how));
        known.is_uncertain = true;
    }
    known
}

/// When the session ended, or what bounds it.
pub fn end(row: &Row, zone: Zone) -> Known {
    if row.end_how == "open_at_log_end" && row.end.is_none() {
        let seen = row.end_earliest.as_deref().map(|at| format!(", last seen {}", in_full(at, zone)));
        return Known::uncertain("open".into(), format!("still open{}", seen.unwrap_or_default()));
    }
    moment(row.end.as_deref(), (row.end_earliest.as_deref(), row.end_latest.as_deref()), zone)
}

/// A moment, or what bounds it.
pub fn moment(at: Option<&str>, bounds: (Option<&str>, Option<&str>), zone: Zone) -> Known {
    let range = between(bounds, zone);
    match (at, bounds) {
        (Some(at), (None, None)) => Known::certain(to_the_second(at, zone), in_full(at, zone)),
        (Some(at), _) => Known::uncertain(
            format!("≈ {}", to_the_second(at, zone)),
            format!("about {}, {range}", in_full(at, zone)),
        ),
        (None, (Some(earliest), _)) => {
            Known::uncertain(format!("≥ {}", to_the_second(earliest, zone)), range)
        }
        (None, (None, Some(latest))) => Known::uncertain(format!("≤ {}", to_the_second(latest, zone)), range),
        (None, (None, None)) => Known::uncertain("?".into(), range),
    }
}

/// Bounds in words: `between … and …`.
pub fn between(bounds: (Option<&str>, Option<&str>), zone: Zone) -> String {
    match bounds {
        (Some(a), Some(b)) => format!("between {} and {}", in_full(a, zone), in_full(b, zone)),
        (Some(a), None) => format!("not before {}", in_full(a, zone)),
        (None, Some(b)) => format!("not after {}", in_full(b, zone)),
        (None, None) => "not known".into(),
    }
}

/// How long the session was, or what bounds it.
pub fn duration(exact_s: Option<f64>, min_s: Option<f64>, max_s: Option<f64>) -> Known {
    match (exact_s, min_s, max_s) {
        (Some(s), Some(a), Some(b)) if span(a) != span(b) => Known::uncertain(
            format!("≈ {}", span(s)),
            format!("about {}, {}", span_in_full(s), range_s(a, b)),
        ),
        (Some(s), _, _) => Known::certain(span(s), format!("{} ({s} s)", span_in_full(s))),
        (None, Some(a), Some(b)) if span(a) == span(b) => {
            Known::uncertain(format!("≈ {}", span(a)), range_s(a, b))
        }
        (None, Some(a), Some(b)) if a < LEAST_BOUND => {
            Known::uncertain(format!("≤ {}", span(b)), range_s(a, b))
        }
        (None, Some(a), Some(b)) => Known::uncertain(format!("{} – {}", span(a), span(b)), range_s(a, b)),
        (None, Some(a), None) if a < LEAST_BOUND => {
            Known::uncertain("unknown".into(), "only one end of it is known".into())
        }
        (None, Some(a), None) => {
            Known::uncertain(format!("≥ {}", span(a)), format!("at least {}", span_in_full(a)))
        }
        (None, None, Some(b)) => {
            Known::uncertain(format!("≤ {}", span(b)), format!("at most {}", span_in_full(b)))
        }
        (None, None, None) => {
            Known::uncertain("unknown".into(), "neither its start nor its end is known".into())
        }
    }
}

/// How long at least one session of a burst was on.
pub fn burst_duration(union_s: f64, is_exact: bool) -> Known {
    let title =
        |at_least: &str| format!("At least one of them was on for {at_least}{}", span_in_full(union_s));
    match is_exact {
        true => Known::certain(span(union_s), title("")),
        false => Known::uncertain(format!("≥ {}", span(union_s)), title("at least ")),
    }
}

fn range_s(min_s: f64, max_s: f64) -> String {
    format!("between {} and {}", span_in_full(min_s), span_in_full(max_s))
}

/// How long the session was in use. Classes that nobody sits at have none.
pub fn active(active_s: Option<f64>, how: &str) -> Known {
    match (active_s, how) {
        (None, _) => Known::default(),
        (Some(s), "exact") => Known::certain(
            span(s),
            format!("{}: what was locked, disconnected or asleep is taken out", span_in_full(s)),
        ),
        (Some(s), _) => Known::uncertain(
            format!("≤ {}", span(s)),
            format!("at most {}: a lock, a disconnect or a sleep may not have been seen", span_in_full(s)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Option<String> {
        Some(format!("2020-09-19T{time}.0000000Z"))
    }

    #[test]
    fn a_known_end_is_plain() {
        let row = Row { end: at("05:10:02"), ..Row::default() };
        let known = end(&row, Zone::Utc);
        assert_eq!((known.text.as_str(), known.is_uncertain), ("2020-09-19 05:10:02", false));
    }

    #[test]
    fn an_estimated_end_says_so_and_gives_its_bounds() {
        let row = Row {
            end: at("05:10:02"),
            end_earliest: at("05:00:00"),
            end_latest: at("06:00:00"),
            ..Row::default()
        };
        let known = end(&row, Zone::Utc);
        assert_eq!(known.text, "≈ 2020-09-19 05:10:02");
        assert!(known.title.contains("between 2020-09-19 05:00:00.0000000 UTC and"), "{}", known.title);
    }

    #[test]
    fn an_unknown_end_shows_what_is_known() {
        let row = Row { end_earliest: at("05:00:00"), end_how: "lost_in_gap".into(), ..Row::default() };
        assert_eq!(end(&row, Zone::Utc).text, "≥ 2020-09-19 05:00:00");
        let open = Row { end_how: "open_at_log_end".into(), ..row };
        assert_eq!(end(&open, Zone::Utc).text, "open");
        assert_eq!(end(&Row::default(), Zone::Utc).text, "?");
    }

    #[test]
    fn a_start_before_the_log_is_bounded() {
        let row =
            Row { start_latest: at("05:00:00"), start_how: "before_log_start".into(), ..Row::default() };
        let known = start(&row, Zone::Utc);
        assert_eq!((known.text.as_str(), known.is_uncertain), ("≤ 2020-09-19 05:00:00", true));
        assert!(known.title.ends_with("(it began before the log does)"));
    }

    #[test]
    fn durations_show_their_bounds() {
        assert_eq!(duration(Some(6493.2), None, None).text, "1 h 48 min");
        assert_eq!(duration(Some(880.7), Some(850.7), Some(885.7)).text, "≈ 14 min 40 s");
        assert_eq!(duration(None, Some(3720.0), None).text, "≥ 1 h 02 min");
        assert_eq!(duration(None, Some(3720.0), Some(7200.0)).text, "1 h 02 min – 2 h 00 min");
        assert_eq!(duration(None, Some(3720.0), Some(3721.0)).text, "≈ 1 h 02 min");
        assert_eq!(duration(None, Some(0.0), None).text, "unknown");
        assert_eq!(duration(None, Some(0.0), Some(60.0)).text, "≤ 1 min 00 s");
        assert_eq!(duration(None, None, None).text, "unknown");
    }

    #[test]
    fn a_burst_is_on_for_as_long_as_is_known() {
        assert_eq!(burst_duration(61.0, true).text, "1 min 01 s");
        assert!(burst_duration(61.0, false).is_uncertain);
    }
}
