//! One event row: its time, computer, event and keys, still as text.

use crate::value::{FileTime, parse_clock};
use crate::windows::{self, Entry, FindError};

pub(super) struct Row {
    pub time: FileTime,
    /// Midnight of the row's day: what clock times in its values count from.
    pub day: FileTime,
    pub computer: String,
    pub entry: Entry,
    pub keys: Vec<(String, String)>,
}

/// Where an event goes, beside what it says.
#[derive(Default)]
pub(super) struct Placement {
    pub file: Option<String>,
    pub record_id: Option<u64>,
    pub header_id: Option<u64>,
    pub is_strings: bool,
}

impl Row {
    /// None if the line does not begin with a time: then it is no event row.
    pub fn parse(text: &str, day: FileTime) -> Result<Option<Row>, String> {
        let first = text.split_whitespace().next().unwrap_or_default();
        let Some((time, day)) = parse_time(first, day) else { return Ok(None) };
        let mut words = words(text)?.into_iter().skip(1);
        let computer = words.next().ok_or("a row needs a computer and an event after its time")?;
        let event = words.next().ok_or("a row needs an event after its computer")?;
        let keys = words.map(|word| split_key(&word)).collect::<Result<Vec<_>, _>>()?;
        let entry = find_event(&event, version(&keys)?)?;
        Ok(Some(Row { time, day, computer, entry, keys }))
    }
}

pub(super) fn parse_date(text: &str) -> Result<FileTime, String> {
    let is_date = text.len() == 10;
    FileTime::parse(text).filter(|_| is_date).ok_or_else(|| format!("{text:?} is no date such as 2024-03-05"))
}

/// A clock time on `day`, or a full time, which brings its own day.
pub(super) fn parse_time(text: &str, day: FileTime) -> Option<(FileTime, FileTime)> {
    if let Some(ticks) = parse_clock(text) {
        return Some((FileTime(day.0 + ticks), day));
    }
    let (date, _) = text.split_once('T')?;
    Some((FileTime::parse(text)?, FileTime::parse(date)?))
}

fn version(keys: &[(String, String)]) -> Result<Option<u8>, String> {
    let Some((_, text)) = keys.iter().find(|(key, _)| key == "v") else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("v={text} is no version"))
}

fn find_event(text: &str, version: Option<u8>) -> Result<Entry, String> {
    let (name, id) = text.split_once('/').unwrap_or(("", text));
    let id = id.parse().map_err(|_| format!("{text:?} is no event such as 4624 or LSM/21"))?;
    let found =
        if name.is_empty() { windows::find_bare(id, version) } else { windows::find(name, id, version) };
    found.map_err(|error| match error {
        FindError::Unknown => format!("event {text} is not in the catalogue"),
        FindError::UnknownVersion => format!("event {text} has no such version in the catalogue"),
        FindError::Ambiguous(one, other) => {
            format!("event {text} is ambiguous: write {one}/{id} or {other}/{id}")
        }
    })
}

fn split_key(word: &str) -> Result<(String, String), String> {
    let (key, value) = word.split_once('=').ok_or_else(|| format!("{word:?} is not key=value"))?;
    Ok((key.into(), value.into()))
}

/// Splits at spaces outside quotes. Inside them `\"`, `\\`, `\n`, `\t`, `\r` and `\u{202e}` are understood; outside
/// them a backslash is a backslash, because `CORP\alice` is common.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '"' => quoted(&mut chars, word.get_or_insert_default())?,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), String> {
    loop {
        match chars.next().ok_or("a quotation mark is not closed")? {
            '"' => return Ok(()),
            '\\' => word.push(escape(chars)?),
            c => word.push(c),
        }
    }
}

fn escape(chars: &mut std::str::Chars<'_>) -> Result<char, String> {
    match chars.next() {
        Some(c @ ('"' | '\\')) => Ok(c),
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some('r') => Ok('\r'),
        Some('u') => {
            let code: String = chars.skip_while(|c| *c == '{').take_while(|c| *c != '}').collect();
            u32::from_str_radix(&code, 16)
                .ok()
                .and_then(char::from_u32)
                .ok_or(format!("\\u{{{code}}} is no character"))
        }
        other => Err(format!(
            "\\{} is no escape; write \\\\ for a backslash",
            other.map_or(String::new(), String::from)
        )),
    }
}
