//! Moments, as the chosen zone shows them. They arrive as UTC text with seven digits and are shown to the second,
//! the rest on hover.

use jiff::Timestamp;
use jiff::tz::Offset;
use std::str::FromStr;

/// The zone moments are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    #[default]
    Utc,
    /// The zone this browser runs in.
    Browser,
}

impl Zone {
    pub fn name(self) -> &'static str {
        match self {
            Zone::Utc => "utc",
            Zone::Browser => "browser",
        }
    }
}

/// `2020-09-19 03:21:48`; text that is no moment is shown as it is.
pub fn to_the_second(utc: &str, zone: Zone) -> String {
    civil(utc, zone).map_or_else(|| utc.to_owned(), |(civil, _)| civil)
}

/// `2020-09-19 03:21:48.8915630 UTC`.
pub fn in_full(utc: &str, zone: Zone) -> String {
    let Some((civil, offset)) = civil(utc, zone) else { return utc.to_owned() };
    let fraction = utc.split_once('.').map(|(_, rest)| rest.trim_end_matches('Z')).unwrap_or_default();
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{civil}{dot}{fraction} {offset}")
}

/// A moment as people write it, `2020-09-19 03:21:48` in the zone that is shown or with a zone of its own, as UTC text.
pub fn read(text: &str, zone: Zone) -> Option<String> {
    let text = text.trim();
    let moment = match Timestamp::from_str(text) {
        Ok(moment) => moment,
        Err(_) => {
            let civil: jiff::civil::DateTime = text.trim_end_matches(" UTC").parse().ok()?;
            // A day alone would be midnight, and who was on then is not what is meant.
            if !text.contains(':') {
                return None;
            }
            let as_utc = Offset::UTC.to_timestamp(civil).ok()?;
            let minutes = match zone {
                Zone::Utc => 0,
                Zone::Browser => browser_offset_minutes_of(as_utc),
            };
            as_utc.checked_sub(jiff::SignedDuration::from_secs(i64::from(minutes) * 60)).ok()?
        }
    };
    Some(format!("{moment:.7}"))
}

/// How far ahead of UTC the browser is when its clocks read this.
fn browser_offset_minutes_of(civil_as_utc: Timestamp) -> i32 {
    // Right but for the hour in which clocks change: then the offset of the true moment is taken.
    let guess = browser_offset_minutes(civil_as_utc);
    let moment = civil_as_utc.checked_sub(jiff::SignedDuration::from_secs(i64::from(guess) * 60));
    moment.map_or(guess, browser_offset_minutes)
}

/// Seconds from one moment to another.
pub fn seconds_between(from: &str, to: &str) -> Option<f64> {
    Some(seconds(to)? - seconds(from)?)
}

/// Seconds since 1970, to the millisecond.
pub fn seconds(utc: &str) -> Option<f64> {
    Some(Timestamp::from_str(utc).ok()?.as_millisecond() as f64 / 1000.0)
}

/// `2020-09-19`.
pub fn day(utc: &str, zone: Zone) -> String {
    to_the_second(utc, zone).split(' ').next().unwrap_or_default().to_owned()
}

/// For a file's name: `20200919T032148Z`, always UTC.
pub fn compact(utc: &str) -> String {
    let digits: String = utc.split('.').next().unwrap_or_default().replace(['-', ':', 'Z'], "");
    format!("{digits}Z")
}

fn civil(utc: &str, zone: Zone) -> Option<(String, String)> {
    let moment = Timestamp::from_str(utc).ok()?;
    Some(match zone {
        Zone::Utc => shifted(moment, 0, true)?,
        Zone::Browser => shifted(moment, browser_offset_minutes(moment), false)?,
    })
}

fn shifted(moment: Timestamp, minutes: i32, is_utc: bool) -> Option<(String, String)> {
    let at = Offset::from_seconds(minutes * 60).ok()?.to_datetime(moment);
    let (d, t) = (at.date(), at.time());
    let civil = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        d.year(),
        d.month(),
        d.day(),
        t.hour(),
        t.minute(),
        t.second()
    );
    let sign = if minutes < 0 { '-' } else { '+' };
    let (h, m) = (minutes.abs() / 60, minutes.abs() % 60);
    Some((civil, if is_utc { "UTC".into() } else { format!("{sign}{h:02}:{m:02}") }))
}

#[cfg(target_arch = "wasm32")]
fn browser_offset_minutes(moment: Timestamp) -> i32 {
    let date = js_sys::Date::new(&(moment.as_millisecond() as f64).into());
    // JavaScript counts from local time to UTC.
    -(date.get_timezone_offset() as i32)
}

/// Natively there is no browser: tests see a zone two hours east.
#[cfg(not(target_arch = "wasm32"))]
fn browser_offset_minutes(_moment: Timestamp) -> i32 {
    120
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2020-09-19T23:21:48.8915630Z";

    #[test]
    fn moments_are_shown_to_the_second() {
        assert_eq!(to_the_second(AT, Zone::Utc), "2020-09-19 23:21:48");
        assert_eq!(to_the_second(AT, Zone::Browser), "2020-09-20 01:21:48");
        assert_eq!(day(AT, Zone::Browser), "2020-09-20");
    }

    #[test]
    fn in_full_nothing_is_lost() {
        assert_eq!(in_full(AT, Zone::Utc), "2020-09-19 23:21:48.8915630 UTC");
        assert_eq!(in_full(AT, Zone::Browser), "2020-09-20 01:21:48.8915630 +02:00");
    }

    #[test]
    fn moments_are_read_as_they_are_shown() {
        let utc = Some("2020-09-19T23:21:48.0000000Z".to_owned());
        for (text, zone) in [
            ("2020-09-19 23:21:48", Zone::Utc),
            (" 2020-09-19T23:21:48Z ", Zone::Browser),
            ("2020-09-19 23:21:48 UTC", Zone::Utc),
            ("2020-09-20 01:21:48", Zone::Browser),
            ("2020-09-20T01:21:48+02:00", Zone::Utc),
        ] {
            assert_eq!(read(text, zone), utc, "{text}");
        }
        assert_eq!(read("2020-09-19 23:21", Zone::Utc).as_deref(), Some("2020-09-19T23:21:00.0000000Z"));
        for text in ["", "2020-09-19", "yesterday", "23:21"] {
            assert_eq!(read(text, Zone::Utc), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_shown_as_it_is() {
        assert_eq!(to_the_second("yesterday", Zone::Utc), "yesterday");
        assert_eq!(in_full("", Zone::Browser), "");
    }

    #[test]
    fn offsets_have_a_sign() {
        let moment = Timestamp::UNIX_EPOCH;
        assert_eq!(shifted(moment, -210, false), Some(("1969-12-31 20:30:00".into(), "-03:30".into())));
    }

    #[test]
    fn file_names_carry_utc() {
        assert_eq!(compact(AT), "20200919T232148Z");
    }
}
