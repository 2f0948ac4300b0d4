//! Moments and spans as Windows counts them: 100-nanosecond ticks, UTC.

use bytemuck::NoUninit;
use std::fmt;
use std::num::NonZeroU64;

/// A moment: ticks of 100 ns since 1601-01-01T00:00:00Z (FILETIME). Every value that a log can hold fits.
///
/// Held with the sign turned, so that they are in the order of moments, and `None` of an option is the least of all
/// numbers, which no log has: there may be a million sessions with eight moments each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, NoUninit)]
#[repr(transparent)]
pub struct Timestamp(NonZeroU64);

const SIGN: u64 = 1 << 63;

/// Ticks in a second.
pub const SECOND: i64 = 10_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_SECS: i64 = 11_644_473_600;

impl Timestamp {
    /// Before and after every moment of a log.
    pub const MIN: Timestamp = Timestamp(NonZeroU64::MIN);
    pub const MAX: Timestamp = Timestamp(NonZeroU64::MAX);

    /// From ticks since 1601; the least number is cut to [`Timestamp::MIN`].
    pub fn from_ticks(ticks: i64) -> Self {
        Self::from_bits(ticks as u64 ^ SIGN).unwrap_or(Self::MIN)
    }

    /// Ticks of 100 ns since 1601.
    pub fn ticks(self) -> i64 {
        (self.0.get() ^ SIGN) as i64
    }

    /// What [`Timestamp::bits`] gave; 0, which it never gives, is none.
    pub fn from_bits(bits: u64) -> Option<Self> {
        NonZeroU64::new(bits).map(Timestamp)
    }

    /// A number in the order of moments.
    pub fn bits(self) -> u64 {
        self.0.get()
    }

    /// From a FILETIME; one that no moment can have (beyond the year 30828) is cut.
    pub fn from_filetime(ticks: u64) -> Self {
        Self::from_ticks(i64::try_from(ticks).unwrap_or(i64::MAX))
    }

    /// From the fields of a UTC SYSTEMTIME.
    pub fn from_civil(date: (i16, i8, i8), hour: i8, minute: i8, second: i8, ticks: i64) -> Option<Self> {
        let day = jiff::civil::Date::new(date.0, date.1, date.2).ok()?;
        let at = day.at(hour, minute, second, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self::from_ticks((at.timestamp().as_second() + UNIX_EPOCH_SECS) * SECOND + ticks))
    }

    /// From RFC 3339 text with a zone, `2020-09-19T03:21:48.891563Z`; text without one is not a moment.
    pub fn parse(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.trim().parse().ok()?;
        let ticks = i64::from(at.subsec_nanosecond()) / 100;
        Some(Self::from_ticks((at.as_second() + UNIX_EPOCH_SECS) * SECOND + ticks))
    }

    /// Ticks from `earlier` to here; cut at the ends of the range, so that it can be turned round.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.ticks().saturating_sub(earlier.ticks()).max(-i64::MAX)
    }

    /// So many ticks later; cut at the ends of the range.
    pub fn plus(self, ticks: i64) -> Self {
        Self::from_ticks(self.ticks().saturating_add(ticks))
    }

    /// So many ticks earlier; cut at the ends of the range.
    pub fn minus(self, ticks: i64) -> Self {
        Self::from_ticks(self.ticks().saturating_sub(ticks))
    }
}

impl Timestamp {
    /// Hands on `2020-09-19T03:21:48.8915630Z`; the text of a moment after the year 9999 is its tick count.
    pub fn with_text<R>(self, take: impl FnOnce(&str) -> R) -> R {
        let ticks = self.ticks();
        let unix = ticks.div_euclid(SECOND) - UNIX_EPOCH_SECS;
        let Ok(at) = jiff::Timestamp::from_second(unix) else { return take(&format!("FILETIME {ticks}")) };
        let civil = jiff::tz::Offset::UTC.to_datetime(at);
        // Written digit by digit: this runs for every time of every exported session.
        let mut text = *b"0000-00-00T00:00:00.0000000Z";
        put(&mut text[0..4], civil.year().unsigned_abs().into());
        put(&mut text[5..7], civil.month().unsigned_abs().into());
        put(&mut text[8..10], civil.day().unsigned_abs().into());
        put(&mut text[11..13], civil.hour().unsigned_abs().into());
        put(&mut text[14..16], civil.minute().unsigned_abs().into());
        put(&mut text[17..19], civil.second().unsigned_abs().into());
        put(&mut text[20..27], ticks.rem_euclid(SECOND) as u64);
        take(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
    fn no_option_takes_more_room_and_no_tick_is_lost() {
        assert_eq!(size_of::<Option<Timestamp>>(), size_of::<i64>());
        let all = [i64::MIN + 1, -1, 0, 1, 0x01d9_8a2b_3c4d_5e6f, i64::MAX].map(Timestamp::from_ticks);
        assert!(all.is_sorted() && all[0] == Timestamp::MIN && all[5] == Timestamp::MAX);
        for at in all {
            assert_eq!(Timestamp::from_ticks(at.ticks()), at);
            assert_eq!(Timestamp::from_bits(at.bits()), Some(at));
        }
        assert_eq!([all[3].since(all[1]), all[2].plus(1).ticks(), all[2].minus(1).ticks()], [2, 1, -1]);
        assert_eq!(Timestamp::from_filetime(i64::MAX as u64), Timestamp::MAX);
    }

    #[test]
    fn what_is_beyond_the_range_is_cut() {
        assert_eq!(Timestamp::from_ticks(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.minus(1), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.plus(1), Timestamp::MAX);
        assert_eq!(Timestamp::from_bits(0), None);
    }

    #[test]
    fn local_text_is_no_moment() {
        assert_eq!(Timestamp::parse("8/23/2015 11:48:00"), None);
    }
}
