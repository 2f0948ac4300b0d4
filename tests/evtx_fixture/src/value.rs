//! The values that event fields hold, with the types binary XML has for them.

use std::borrow::Cow;
use std::fmt;

pub type Text = Cow<'static, str>;

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Str(Text),
    /// Text in the system's code page, written as ASCII: only boot options use it.
    Ansi(Text),
    U8(u8),
    U16(u16),
    I32(i32),
    U32(u32),
    U64(u64),
    Bool(bool),
    Binary(Vec<u8>),
    Guid(Guid),
    /// A pointer-sized number: declared `size_t`, written as a 64-bit hexadecimal number.
    SizeT(u64),
    FileTime(FileTime),
    SystemTime(FileTime),
    Sid(Sid),
    Hex32(u32),
    Hex64(u64),
    StringArray(Vec<Text>),
}

impl Value {
    /// The type a template declares for this value.
    pub fn declared_type(&self) -> u8 {
        match self {
            // Windows declares the type of the field; of an absent value we only know that it could be text.
            Value::Null | Value::Str(_) => 0x01,
            Value::SizeT(_) => 0x10,
            other => other.written_type(),
        }
    }

    /// The type that stands beside the value in a record.
    pub fn written_type(&self) -> u8 {
        match self {
            Value::Null => 0x00,
            Value::Str(_) => 0x01,
            Value::Ansi(_) => 0x02,
            Value::U8(_) => 0x04,
            Value::U16(_) => 0x06,
            Value::I32(_) => 0x07,
            Value::U32(_) => 0x08,
            Value::U64(_) => 0x0a,
            Value::Bool(_) => 0x0d,
            Value::Binary(_) => 0x0e,
            Value::Guid(_) => 0x0f,
            Value::FileTime(_) => 0x11,
            Value::SystemTime(_) => 0x12,
            Value::Sid(_) => 0x13,
            Value::Hex32(_) => 0x14,
            Value::SizeT(_) | Value::Hex64(_) => 0x15,
            Value::StringArray(_) => 0x81,
        }
    }

    /// Appends the value's bytes. ETW ends strings with a NUL and counts it; other writers do not.
    pub(crate) fn write(&self, nul_terminated: bool, out: &mut Vec<u8>) {
        match self {
            Value::Null => {}
            Value::Str(text) => {
                write_utf16(text, out);
                if nul_terminated {
                    out.extend([0, 0]);
                }
            }
            Value::Ansi(text) => {
                out.extend(text.bytes().map(|byte| if byte.is_ascii() { byte } else { b'?' }));
                out.push(0);
            }
            Value::U8(n) => out.push(*n),
            Value::U16(n) => out.extend(n.to_le_bytes()),
            Value::I32(n) => out.extend(n.to_le_bytes()),
            Value::U32(n) | Value::Hex32(n) => out.extend(n.to_le_bytes()),
            Value::U64(n) | Value::SizeT(n) | Value::Hex64(n) => out.extend(n.to_le_bytes()),
            Value::Bool(yes) => out.extend(u32::from(*yes).to_le_bytes()),
            Value::Binary(bytes) => out.extend(bytes),
            Value::Guid(guid) => out.extend(guid.0),
            Value::FileTime(time) => out.extend(time.0.to_le_bytes()),
            Value::SystemTime(time) => out.extend(time.to_systemtime()),
            Value::Sid(sid) => sid.write(out),
            Value::StringArray(strings) => {
                for text in strings {
                    write_utf16(text, out);
                    out.extend([0, 0]);
                }
            }
        }
    }
}

/// The value as forwarded records spell it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Str(text) | Value::Ansi(text) => f.write_str(text),
            Value::U8(n) => write!(f, "{n}"),
            Value::U16(n) => write!(f, "{n}"),
            Value::I32(n) => write!(f, "{n}"),
            Value::U32(n) => write!(f, "{n}"),
            Value::U64(n) => write!(f, "{n}"),
            Value::Bool(yes) => write!(f, "{yes}"),
            Value::Binary(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}")),
            Value::Guid(guid) => write!(f, "{guid}"),
            Value::FileTime(time) | Value::SystemTime(time) => write!(f, "{time}"),
            Value::Sid(sid) => write!(f, "{sid}"),
            Value::Hex32(n) => write!(f, "{n:#x}"),
            Value::SizeT(n) | Value::Hex64(n) => write!(f, "{n:#x}"),
            Value::StringArray(strings) => f.write_str(&strings.join(",")),
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Value::Str(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Str(Cow::Owned(text))
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Value::Str(text)
    }
}

impl From<Sid> for Value {
    fn from(sid: Sid) -> Self {
        Value::Sid(sid)
    }
}

impl From<Guid> for Value {
    fn from(guid: Guid) -> Self {
        Value::Guid(guid)
    }
}

impl From<FileTime> for Value {
    fn from(time: FileTime) -> Self {
        Value::FileTime(time)
    }
}

pub(crate) fn write_utf16(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        out.extend(text.bytes().flat_map(|byte| [byte, 0]));
    } else {
        out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    }
}

/// A GUID as it lies in memory: the first three groups are little-endian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// From the usual spelling, with or without braces.
    pub fn parse(text: &str) -> Option<Guid> {
        let digits: Vec<u8> =
            text.trim_matches(['{', '}']).bytes().filter(|byte| *byte != b'-').collect::<Vec<_>>();
        if digits.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        bytes[..4].reverse();
        bytes[4..6].reverse();
        bytes[6..8].reverse();
        Some(Guid(bytes))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b = &self.0;
        write!(f, "{{{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-", b[3], b[2], b[1], b[0], b[5], b[4])?;
        write!(f, "{:02x}{:02x}-{:02x}{:02x}-", b[7], b[6], b[8], b[9])?;
        b[10..].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("}")
    }
}

/// A security identifier with up to eight parts after the authority; Windows' own need no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sid {
    authority: u8,
    n_parts: u8,
    parts: [u32; 8],
}

impl Sid {
    pub const fn new(authority: u8, parts: &[u32]) -> Sid {
        assert!(parts.len() <= 8, "a Sid holds at most eight parts");
        let mut all = [0; 8];
        let mut i = 0;
        while i < parts.len() {
            all[i] = parts[i];
            i += 1;
        }
        Sid { authority, n_parts: parts.len() as u8, parts: all }
    }

    pub const NOBODY: Sid = Sid::new(0, &[0]);
    pub const SYSTEM: Sid = Sid::new(5, &[18]);

    pub fn parse(text: &str) -> Option<Sid> {
        let mut numbers = text.strip_prefix("S-1-")?.split('-');
        let authority = numbers.next()?.parse().ok()?;
        let parts: Vec<u32> = numbers.map(|part| part.parse().ok()).collect::<Option<_>>()?;
        (parts.len() <= 8).then(|| Sid::new(authority, &parts))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([1, self.n_parts, 0, 0, 0, 0, 0, self.authority]);
        for part in &self.parts[..usize::from(self.n_parts)] {
            out.extend(part.to_le_bytes());
        }
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts[..usize::from(self.n_parts)].iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

/// Ticks of 100 ns since 1601-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub u64);

pub const TICKS_PER_SEC: u64 = 10_000_000;
pub const TICKS_PER_DAY: u64 = 86_400 * TICKS_PER_SEC;

/// Days from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_DAY: i64 = 134_774;

impl FileTime {
    /// Midnight UTC of a day.
    pub fn from_date(year: i64, month: u32, day: u32) -> FileTime {
        let days = days_from_civil(year, month, day) + UNIX_EPOCH_DAY;
        FileTime(u64::try_from(days).unwrap_or(0) * TICKS_PER_DAY)
    }

    pub fn plus_secs(self, secs: u64) -> FileTime {
        FileTime(self.0 + secs * TICKS_PER_SEC)
    }

    /// `YYYY-MM-DD`, with `THH:MM[:SS[.fffffff]][Z]` behind it if given.
    pub fn parse(text: &str) -> Option<FileTime> {
        let (date, clock) = text.split_once('T').unwrap_or((text, "00:00"));
        let mut parts = date.split('-');
        let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
        let month = parts.next()?.parse().ok().filter(|month| (1..=12).contains(month))?;
        let day = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
        if parts.next().is_some() {
            return None;
        }
        Some(FileTime(FileTime::from_date(year, month, day).0 + parse_clock(clock.trim_end_matches('Z'))?))
    }

    /// Year, month, day, hour, minute, second.
    fn civil(self) -> (i64, u32, u32, u64, u64, u64) {
        let (year, month, day) = civil_from_days((self.0 / TICKS_PER_DAY) as i64 - UNIX_EPOCH_DAY);
        let secs = self.0 % TICKS_PER_DAY / TICKS_PER_SEC;
        (year, month, day, secs / 3600, secs / 60 % 60, secs % 60)
    }

    pub fn to_systemtime(self) -> Vec<u8> {
        let (year, month, day, hour, minute, second) = self.civil();
        // 1601-01-01 was a Monday; SYSTEMTIME counts from Sunday.
        let weekday = (self.0 / TICKS_PER_DAY + 1) % 7;
        let millis = self.0 % TICKS_PER_SEC / 10_000;
        let words = [year as u64, month.into(), weekday, day.into(), hour, minute, second, millis];
        words.into_iter().flat_map(|word| (word as u16).to_le_bytes()).collect()
    }
}

/// `HH:MM[:SS[.fffffff]]` in ticks.
pub fn parse_clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let hours = two_digits(parts.next()?, 24)?;
    let minutes = two_digits(parts.next()?, 60)?;
    let (secs, fraction) = match parts.next() {
        None => (0, 0),
        Some(secs) => match secs.split_once('.') {
            None => (two_digits(secs, 60)?, 0),
            Some((secs, fraction)) => (two_digits(secs, 60)?, parse_fraction(fraction)?),
        },
    };
    parts.next().is_none().then_some(((hours * 60 + minutes) * 60 + secs) * TICKS_PER_SEC + fraction)
}

fn two_digits(text: &str, limit: u64) -> Option<u64> {
    let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_plain && *number < limit)
}

fn parse_fraction(digits: &str) -> Option<u64> {
    let is_plain = (1..=7).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = is_plain.then(|| digits.parse().ok())??;
    Some(number * 10u64.pow(7 - digits.len() as u32))
}

/// As Windows prints it in XML, with all seven digits.
impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second) = self.civil();
        let ticks = self.0 % TICKS_PER_SEC;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ticks:07}Z")
    }
}

/// Howard Hinnant's algorithm: days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_written() {
        for text in
            ["2024-02-29T23:59:59.1234567Z", "1999-12-31T00:00:00.0000001Z", "2026-03-01T08:00:00.0000000Z"]
        {
            assert_eq!(FileTime::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(FileTime::parse("1970-01-01").unwrap().0, 116_444_736_000_000_000);
    }

    #[test]
    fn identifiers_read_back_as_written() {
        let guid = "{54849625-5478-4994-a5ba-3e3b0328c30d}";
        assert_eq!(Guid::parse(guid).unwrap().to_string(), guid);
        let sid = "S-1-5-21-1-2-3-1001";
        assert_eq!(Sid::parse(sid).unwrap().to_string(), sid);
    }
}
