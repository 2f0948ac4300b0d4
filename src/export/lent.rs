//! Texts of a session record that are not copied: an export writes each record once and forgets it.

use super::id::SessionId;
use crate::event::LogonId;
use crate::time::Timestamp;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// What the texts of a session record are made of. `String` copies them: such a record outlives its case.
pub trait Text<'a>:
    Default + From<&'a str> + From<String> + From<Timestamp> + From<LogonId> + From<SessionId<'a>>
{
    fn text(&self) -> Cow<'_, str>;

    /// Appends the text.
    fn push_to(&self, out: &mut String) {
        out.push_str(&self.text());
    }
}

/// A text as the case has it.
#[derive(Clone, Debug)]
pub enum Lent<'a> {
    Text(&'a str),
    Made(String),
    Time(Timestamp),
    LogonId(LogonId),
    SessionId(SessionId<'a>),
}

impl Default for Lent<'_> {
    fn default() -> Self {
        Lent::Text("")
    }
}

impl<'a> Text<'a> for Lent<'a> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Lent::Text(text) => Cow::Borrowed(text),
            Lent::Made(text) => Cow::Borrowed(text),
            Lent::Time(at) => Cow::Owned(at.to_string()),
            Lent::LogonId(luid) => Cow::Owned(luid.to_string()),
            Lent::SessionId(id) => Cow::Owned(id.to_string()),
        }
    }

    fn push_to(&self, out: &mut String) {
        match self {
            Lent::Time(at) => at.with_text(|text| out.push_str(text)),
            _ => out.push_str(&self.text()),
        }
    }
}

impl Serialize for Lent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Lent::Text(text) => serializer.serialize_str(text),
            Lent::Made(text) => serializer.serialize_str(text),
            Lent::Time(at) => at.with_text(|text| serializer.serialize_str(text)),
            Lent::LogonId(luid) => serializer.collect_str(luid),
            Lent::SessionId(id) => serializer.collect_str(id),
        }
    }
}

impl<'a> From<&'a str> for Lent<'a> {
    fn from(text: &'a str) -> Self {
        Lent::Text(text)
    }
}

impl From<String> for Lent<'_> {
    fn from(text: String) -> Self {
        Lent::Made(text)
    }
}

impl From<Timestamp> for Lent<'_> {
    fn from(at: Timestamp) -> Self {
        Lent::Time(at)
    }
}

impl From<LogonId> for Lent<'_> {
    fn from(luid: LogonId) -> Self {
        Lent::LogonId(luid)
    }
}

impl<'a> From<SessionId<'a>> for Lent<'a> {
    fn from(id: SessionId<'a>) -> Self {
        Lent::SessionId(id)
    }
}

impl<'a> Text<'a> for String {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

impl From<LogonId> for String {
    fn from(luid: LogonId) -> Self {
        luid.to_string()
    }
}

impl From<SessionId<'_>> for String {
    fn from(id: SessionId<'_>) -> Self {
        id.to_string()
    }
}
