//! Moments and spans as Windows counts them: 100-nanosecond ticks, UTC.

use bytemuck::{Pod, Zeroable};
use std::fmt;

/// A moment: ticks of 100 ns since 1601-01-01T00:00:00Z (FILETIME). Every bit pattern of a log fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Timestamp(pub i64);

/// Ticks in a second.
pub const SECOND: i64 = 10_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_SECS: i64 = 11_644_473_600;

impl Timestamp {
    /// From a FILETIME; one that no moment can have (beyond the year 30828) is cut.
    pub fn from_filetime(ticks: u64) -> Self {
        Timestamp(i64::try_from(ticks).unwrap_or(i64::MAX))
    }

    /// From the fields of a UTC SYSTEMTIME.
    pub fn from_civil(date: (i16, i8, i8), hour: i8, minute: i8, second: i8, ticks: i64) -> Option<Self> {
        let day = jiff::civil::Date::new(date.0, date.1, date.2).ok()?;
        let at = day.at(hour, minute, second, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Timestamp((at.timestamp().as_second() + UNIX_EPOCH_SECS) * SECOND + ticks))
    }

    /// From RFC 3339 text with a zone, `2020-09-19T03:21:48.891563Z`; text without one is not a moment.
    pub fn parse(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.trim().parse().ok()?;
        let ticks = i64::from(at.subsec_nanosecond()) / 100;
        Some(Timestamp((at.as_second() + UNIX_EPOCH_SECS) * SECOND + ticks))
    }

    /// Ticks from `earlier` to here; cut at the ends of the range, so that it can be turned round.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0).max(-i64::MAX)
    }

    pub fn plus(self, ticks: i64) -> Self {
        Timestamp(self.0.saturating_add(ticks))
    }

    pub fn minus(self, ticks: i64) -> Self {
        Timestamp(self.0.saturating_sub(ticks))
    }
}

impl Timestamp {
    /// Hands on `2020-09-19T03:21:48.8915630Z`; the text of a moment after the year 9999 is its tick count.
    pub fn with_text<R>(self, take: impl FnOnce(&str) -> R) -> R {
        let unix = self.0.div_euclid(SECOND) - UNIX_EPOCH_SECS;
        let Ok(at) = jiff::Timestamp::from_second(unix) else { return take(&format!("FILETIME {}", self.0)) };
        let civil = jiff::tz::Offset::UTC.to_datetime(at);
        // Written digit by digit: this runs for every time of every exported session.
        let mut text = *b"0000-00-00T00:00:00.0000000Z";
        put(&mut text[0..4], civil.year().unsigned_abs().into());
        put(&mut text[5..7], civil.month().unsigned_abs().into());
        put(&mut text[8..10], civil.day().unsigned_abs().into());
        put(&mut text[11..13], civil.hour().unsigned_abs().into());
        put(&mut text[14..16], civil.minute().unsigned_abs().into());
        put(&mut text[17..19], civil.second().unsigned_abs().into());
        put(&mut text[20..27], self.0.rem_euclid(SECOND) as u64);
        take(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

/// Writes `value` in decimal, filled with zeros, into all of `digits`.
fn put(digits: &mut [u8], mut value: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Seconds, rounded to 1e-7, of a span in ticks.
pub fn seconds(ticks: i64) -> f64 {
    // A tick is 1e-7 s: the division is the rounding.
    ticks as f64 / SECOND as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back_is_exact() {
        for text in
            ["1601-01-01T00:00:00.0000000Z", "2020-09-19T03:21:48.8915630Z", "9999-12-30T21:59:59.9999999Z"]
        {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn every_bit_pattern_has_a_text() {
        for ticks in [0, 1, u64::MAX, i64::MAX as u64, 1 << 62] {
            assert!(!Timestamp::from_filetime(ticks).to_string().is_empty());
        }
    }

    #[test]
    fn local_text_is_no_moment() {
        assert_eq!(Timestamp::parse("8/23/2015 11:48:00"), None);
    }
}
