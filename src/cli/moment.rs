//! A moment as people give it.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use sessionscope::time::{MINUTE, SECOND, Timestamp};

/// From RFC 3339 text with its zone, or from text without one and a zone of its own; says what is wrong with it.
pub fn moment(text: &str, zone: Option<&str>) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::parse(text) {
        return match zone {
            None => Ok(at),
            Some(zone) => Err(format!("\"{text}\" names its zone: --zone {zone} is one too many")),
        };
    }
    let example = "2020-09-19T03:21:48Z, or 2020-09-19T03:21:48 with --zone +02:00 or --zone Europe/Berlin";
    let civil: DateTime = match text.trim().parse() {
        Ok(civil) if text.contains(':') => civil,
        _ => return Err(format!("\"{text}\" is no moment; expected one such as {example}")),
    };
    let Some(zone) = zone else {
        return Err(format!("\"{text}\" names no zone; expected a moment such as {example}"));
    };
    let ahead = ahead(civil, zone)?;
    let ticks = i64::from(civil.subsec_nanosecond()) / 100;
    let date = (civil.year(), civil.month(), civil.day());
    let utc = Timestamp::from_civil(date, civil.hour(), civil.minute(), civil.second(), ticks)
        .ok_or_else(|| format!("\"{text}\" is no moment that Windows can write"))?;
    Ok(utc.minus(ahead))
}

/// Ticks by which a zone is ahead of UTC when its clocks show a time.
fn ahead(civil: DateTime, zone: &str) -> Result<i64, String> {
    if let Some(minutes) = offset(zone) {
        return Ok(minutes * MINUTE);
    }
    let named = TimeZone::get(zone).map_err(|_| {
        format!(
            "\"{zone}\" is no zone; expected UTC, hours and minutes ahead of it such as +02:00 or -05:30, or a name \
             such as Europe/Berlin"
        )
    })?;
    match named.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => Ok(i64::from(offset.seconds()) * SECOND),
        AmbiguousOffset::Gap { .. } => {
            Err(format!("{civil} never was in {zone}: clocks were set forward over it"))
        }
        AmbiguousOffset::Fold { before, after } => Err(format!(
            "{civil} was twice in {zone}: clocks were set back over it; expected --zone {before} or {after}"
        )),
    }
}

/// Minutes ahead of UTC, of a zone without a name.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone.to_ascii_uppercase().as_str(), "UTC" | "Z" | "GMT") {
        return Some(0);
    }
    let (sign, clock) = match zone.strip_prefix('+') {
        Some(clock) => (1, clock),
        None => (-1, zone.strip_prefix('-')?),
    };
    let (hours, minutes) = clock.split_once(':').unwrap_or((clock, "0"));
    let number = |text: &str, most: i64| {
        let is_short = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| is_short && *number <= most)
    };
    Some(sign * (number(hours, 23)? * 60 + number(minutes, 59)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_however_it_is_given() {
        let utc = Timestamp::parse("2020-09-19T03:21:48.5Z").unwrap();
        for (text, zone) in [
            ("2020-09-19T03:21:48.5Z", None),
            ("2020-09-19T05:21:48.5+02:00", None),
            ("2020-09-19T03:21:48.5", Some("UTC")),
            ("2020-09-19 05:21:48.5", Some("+02:00")),
            ("2020-09-18T21:51:48.5", Some("-05:30")),
            ("2020-09-19T05:21:48.5", Some("+2")),
            ("2020-09-19T05:21:48.5", Some("Europe/Berlin")),
            ("2020-09-18T23:21:48.5", Some("america/new_york")),
        ] {
            assert_eq!(moment(text, zone), Ok(utc), "{text} {zone:?}");
        }
    }

    #[test]
    fn what_is_no_moment_gets_a_sentence() {
        for (text, zone, words) in [
            ("yesterday", None, "is no moment"),
            ("2020-09-19", Some("UTC"), "is no moment"),
            ("2020-13-19T03:21:48Z", None, "is no moment"),
            ("2020-09-19T03:21:48", None, "names no zone"),
            ("2020-09-19T03:21:48", Some("Berlin"), "\"Berlin\" is no zone"),
            ("2020-10-25T02:30:00", Some("Europe/Berlin"), "was twice in Europe/Berlin"),
            ("2020-03-29T02:30:00", Some("Europe/Berlin"), "never was in Europe/Berlin"),
            ("2020-09-19T03:21:48", Some("+99:00"), "\"+99:00\" is no zone"),
            ("2020-09-19T03:21:48Z", Some("UTC"), "one too many"),
        ] {
            let error = moment(text, zone).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
