//! Values as a log has them.

use crate::time::{SECOND, Timestamp};
use std::fmt::Write;

/// A value as it stands in a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw<'a> {
    Nothing,
    /// UTF-16, little-endian.
    Utf16(&'a [u8]),
    /// UTF-16 strings, each ended by a NUL.
    Utf16Array(&'a [u8]),
    Text(&'a str),
    Number(u64),
    Signed(i64),
    Hex(u64),
    Sid(&'a [u8]),
    Guid(&'a [u8]),
    FileTime(u64),
    /// SYSTEMTIME: eight numbers of 16 bits.
    SystemTime(&'a [u8]),
    Bytes(&'a [u8]),
}

/// Reads `N` bytes at an offset.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A little-endian number at an offset; `None` beyond the end, as for those that follow.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes_at(bytes, at).map(u16::from_le_bytes)
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes_at(bytes, at).map(u32::from_le_bytes)
}

pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes_at(bytes, at).map(u64::from_le_bytes)
}

impl<'a> Raw<'a> {
    /// A substitution value of BinXML (MS-EVEN6 2.2.18): its type byte and its bytes.
    pub fn from_binxml(kind: u8, bytes: &'a [u8]) -> Self {
        match (kind, bytes.len()) {
            (_, 0) | (0x00, _) => Raw::Nothing,
            (0x01, _) => Raw::Utf16(bytes),
            (0x81, _) => Raw::Utf16Array(bytes),
            (0x02, _) => std::str::from_utf8(bytes).map_or(Raw::Bytes(bytes), Raw::Text),
            (0x03 | 0x05 | 0x07 | 0x09, 1 | 2 | 4 | 8) => Raw::Signed(signed(bytes)),
            (0x04 | 0x06 | 0x08 | 0x0a, 1 | 2 | 4 | 8) => Raw::Number(unsigned(bytes)),
            (0x0d, 1 | 2 | 4 | 8) => Raw::Text(if unsigned(bytes) == 0 { "false" } else { "true" }),
            (0x10 | 0x14 | 0x15, 1 | 2 | 4 | 8) => Raw::Hex(unsigned(bytes)),
            (0x0f, 16) => Raw::Guid(bytes),
            (0x11, 8) => Raw::FileTime(unsigned(bytes)),
            (0x12, 16) => Raw::SystemTime(bytes),
            (0x13, 8..) => Raw::Sid(bytes),
            _ => Raw::Bytes(bytes),
        }
    }

    /// The `n`th text of an array; a single text is an array of one.
    pub fn item(self, n: u32) -> Raw<'a> {
        match self {
            Raw::Utf16Array(bytes) => nth_utf16(bytes, n).map_or(Raw::Nothing, Raw::Utf16),
            _ if n == 0 => self,
            _ => Raw::Nothing,
        }
    }

    /// A whole number, also from decimal or `0x` text.
    pub fn number(self) -> Option<u64> {
        match self {
            Raw::Number(n) | Raw::Hex(n) | Raw::FileTime(n) => Some(n),
            Raw::Signed(n) => u64::try_from(n).ok(),
            Raw::Text(text) => parse_number(text),
            Raw::Utf16(bytes) => decimal(bytes).or_else(|| {
                // The longest number that fits 64 bits has 20 digits.
                let mut text = [0u8; 24];
                let trimmed = trim_utf16(bytes);
                let digits = text.get_mut(..trimmed.len() / 2)?;
                for (digit, unit) in digits.iter_mut().zip(units(trimmed)) {
                    *digit = u8::try_from(unit).ok().filter(u8::is_ascii)?;
                }
                parse_number(std::str::from_utf8(digits).ok()?)
            }),
            _ => None,
        }
    }

    /// As a moment: a FILETIME, a SYSTEMTIME, or text with its zone.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            // Kernel-Power 41 has its PowerButtonTimestamp as a plain number, 0 where nobody held the button.
            Raw::Number(0) => None,
            Raw::FileTime(ticks) | Raw::Number(ticks) => Some(Timestamp::from_filetime(ticks)),
            Raw::SystemTime(bytes) => system_time(bytes),
            Raw::Text(text) => Timestamp::parse(text),
            Raw::Utf16(bytes) => {
                Timestamp::parse(&String::from_utf16_lossy(&units(bytes).collect::<Vec<_>>()))
            }
            _ => None,
        }
    }

    /// Appends the value as text.
    pub fn write_text(self, out: &mut String) {
        // Writing to a `String` cannot fail.
        let _: std::fmt::Result = match self {
            Raw::Nothing => Ok(()),
            Raw::Utf16(bytes) => {
                push_utf16(bytes, out);
                Ok(())
            }
            Raw::Utf16Array(bytes) => {
                for (n, unit) in units(bytes).enumerate() {
                    let last = 2 * n + 2 >= bytes.len();
                    match unit {
                        0 if last => {}
                        0 => out.push('\n'),
                        _ => push_utf16(&bytes[2 * n..2 * n + 2], out),
                    }
                }
                Ok(())
            }
            Raw::Text(text) => {
                out.push_str(text);
                Ok(())
            }
            Raw::Number(n) => write!(out, "{n}"),
            Raw::Signed(n) => write!(out, "{n}"),
            Raw::Hex(n) => write!(out, "{n:#x}"),
            Raw::Sid(bytes) => {
                write_sid(bytes, out);
                Ok(())
            }
            Raw::Guid(bytes) => {
                write_guid(bytes, out);
                Ok(())
            }
            Raw::FileTime(ticks) => write!(out, "{}", Timestamp::from_filetime(ticks)),
            Raw::SystemTime(bytes) => match system_time(bytes) {
                Some(at) => write!(out, "{at}"),
                None => Ok(()),
            },
            Raw::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}")),
        };
    }
}

/// A number of 1, 2, 4 or 8 bytes.
pub fn unsigned(bytes: &[u8]) -> u64 {
    match *bytes {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => u64_at(bytes, 0).unwrap_or(0),
    }
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    ((unsigned(bytes) << unused) as i64) >> unused
}

fn parse_number(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A number of a few decimal digits and nothing else: what nearly each port is written as.
fn decimal(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.as_chunks().0;
    if digits.is_empty() || digits.len() > 9 || bytes.len() % 2 == 1 {
        return None;
    }
    digits.iter().try_fold(0, |number, pair| match pair {
        [digit @ b'0'..=b'9', 0] => Some(number * 10 + u64::from(digit - b'0')),
        _ => None,
    })
}

fn units(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
}

/// Without the NULs and blanks at its end.
fn trim_utf16(bytes: &[u8]) -> &[u8] {
    let kept =
        bytes.chunks_exact(2).rposition(|pair| !matches!(pair, [0 | b' ', 0])).map_or(0, |last| last + 1);
    &bytes[..2 * kept]
}

fn nth_utf16(bytes: &[u8], n: u32) -> Option<&[u8]> {
    let mut rest = bytes;
    for _ in 0..n {
        let end = rest.chunks_exact(2).position(|pair| pair == [0, 0])?;
        rest = &rest[2 * (end + 1)..];
    }
    let end = rest.chunks_exact(2).position(|pair| pair == [0, 0]).unwrap_or(rest.len() / 2);
    Some(&rest[..2 * end])
}

/// Appends UTF-16 as UTF-8; what is not valid becomes U+FFFD, a NUL at the end goes.
fn push_utf16(bytes: &[u8], out: &mut String) {
    let bytes = if bytes.len() >= 2 && bytes.ends_with(&[0, 0]) { trim_utf16(bytes) } else { bytes };
    // Nearly all text of a log is ASCII: units whose high bytes are all zero are cut to their low bytes, many at once.
    if units(bytes).fold(0, |all, unit| all | unit) >= 0x80 {
        out.extend(char::decode_utf16(units(bytes)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        return;
    }
    let mut ascii = [0; 64];
    for piece in bytes.chunks(2 * ascii.len()) {
        let low = ascii.iter_mut().zip(piece.chunks_exact(2));
        low.for_each(|(low, pair)| *low = pair[0]);
        out.push_str(std::str::from_utf8(&ascii[..piece.len() / 2]).unwrap_or_default());
    }
}

fn write_sid(bytes: &[u8], out: &mut String) {
    let [revision, count, authority @ ..] = bytes else { return };
    let Some((authority, rest)) = authority.split_at_checked(6) else { return };
    let authority = authority.iter().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
    let mut number = itoa::Buffer::new();
    out.push_str("S-");
    out.push_str(number.format(*revision));
    let parts = rest.chunks_exact(4).take(usize::from(*count)).map(unsigned);
    for part in std::iter::once(authority).chain(parts) {
        out.push('-');
        out.push_str(number.format(part));
    }
}

/// `{A1B2C3D4-...}`, digit by digit: half of a log's different texts are these.
pub fn write_guid(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    /// The bytes in the order in which they are written; the first three numbers are little-endian.
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let Ok(bytes) = <&[u8; 16]>::try_from(bytes) else { return };
    let mut text = *b"{00000000-0000-0000-0000-000000000000}";
    let mut at = 1;
    for (n, place) in ORDER.into_iter().enumerate() {
        at += usize::from(matches!(n, 4 | 6 | 8 | 10));
        text[at] = DIGITS[usize::from(bytes[place] >> 4)];
        text[at + 1] = DIGITS[usize::from(bytes[place] & 15)];
        at += 2;
    }
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
}

/// A SYSTEMTIME in UTC.
pub fn system_time(bytes: &[u8]) -> Option<Timestamp> {
    let field = |n: usize| u16_at(bytes, 2 * n);
    let small = |n: usize| field(n).and_then(|value| i8::try_from(value).ok());
    let date = (i16::try_from(field(0)?).ok()?, small(1)?, small(3)?);
    Timestamp::from_civil(date, small(4)?, small(5)?, small(6)?, i64::from(field(7)?) * (SECOND / 1000))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn numbers_may_be_strings() {
        assert_eq!(Raw::Utf16(&utf16("0x88f313a8")).number(), Some(0x88f313a8));
        assert_eq!(Raw::Utf16(&utf16("49274")).number(), Some(49274));
        assert_eq!(Raw::Utf16(&utf16("49274 \0")).number(), Some(49274));
        assert_eq!(Raw::Utf16(&utf16("18446744073709551615")).number(), Some(u64::MAX));
        assert_eq!(Raw::Utf16(&utf16("4927٤")).number(), None);
        assert_eq!(Raw::Utf16(&utf16("-")).number(), None);
        assert_eq!(Raw::Utf16(&utf16("")).number(), None);
        assert_eq!(Raw::Text("4624").number(), Some(4624));
        assert_eq!(Raw::Utf16(&utf16(&"9".repeat(40))).number(), None);
        assert_eq!(Raw::from_binxml(0x09, &(-2i64).to_le_bytes()), Raw::Signed(-2));
    }

    #[test]
    fn system_time_is_checked() {
        let time =
            |fields: [u16; 8]| system_time(&fields.iter().flat_map(|f| f.to_le_bytes()).collect::<Vec<_>>());
        let at = time([2016, 8, 2, 16, 13, 59, 13, 29]).unwrap();
        assert_eq!(at.to_string(), "2016-08-16T13:59:13.0290000Z");
        assert_eq!(time([2016, 13, 2, 16, 13, 59, 13, 29]), None);
    }
}
