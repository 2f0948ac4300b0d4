//! A moment as people give it.

use sessionscope::time::{MINUTE, Timestamp};

/// From RFC 3339 text with its zone, or from text without one and a zone of its own; says what is wrong with it.
pub fn moment(text: &str, zone: Option<&str>) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::parse(text) {
        return match zone {
            None => Ok(at),
            Some(zone) => Err(format!("\"{text}\" names its zone: --zone {zone} is one too many")),
        };
    }
    let example = "2020-09-19T03:21:48Z, or 2020-09-19T03:21:48 with --zone +02:00";
    let civil: jiff::civil::DateTime = match text.trim().parse() {
        Ok(civil) if text.contains(':') => civil,
        _ => return Err(format!("\"{text}\" is no moment; expected one such as {example}")),
    };
    let Some(zone) = zone else {
        return Err(format!("\"{text}\" names no zone; expected a moment such as {example}"));
    };
    let minutes = offset(zone).ok_or_else(|| {
        format!(
            "\"{zone}\" is no zone; expected UTC, or hours and minutes ahead of it such as +02:00 or -05:30"
        )
    })?;
    let ticks = i64::from(civil.subsec_nanosecond()) / 100;
    let date = (civil.year(), civil.month(), civil.day());
    let utc = Timestamp::from_civil(date, civil.hour(), civil.minute(), civil.second(), ticks)
        .ok_or_else(|| format!("\"{text}\" is no moment that Windows can write"))?;
    Ok(utc.plus(-minutes * MINUTE))
}

/// Minutes ahead of UTC.
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
            ("2020-09-19T03:21:48", Some("+99:00"), "\"+99:00\" is no zone"),
            ("2020-09-19T03:21:48Z", Some("UTC"), "one too many"),
        ] {
            let error = moment(text, zone).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
