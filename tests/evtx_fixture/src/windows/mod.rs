//! The catalogue: which events Windows writes, with which fields, in which order and of which types.
//!
//! Field lists follow the design's event tables, which were checked against real logs; a test checks them again
//! wherever real logs are at hand.

mod accounts;
mod channels;
mod identity;
mod security;
mod system;

pub use identity::Identity;

use crate::event::{Event, Field, Layout, Payload, Provider};
use crate::value::{FileTime, Guid, Sid, Text, Value, parse_clock};

pub const AUDIT_SUCCESS: u64 = 0x8020_0000_0000_0000;
pub const AUDIT_FAILURE: u64 = 0x8010_0000_0000_0000;
pub const CLASSIC: u64 = 0x0080_0000_0000_0000;

/// Who writes events, and where to.
#[derive(Debug)]
pub struct Source {
    /// The short name used in scenarios: `LSM` in `LSM/21`.
    pub key: &'static str,
    pub provider: &'static str,
    pub guid: &'static str,
    pub source_name: &'static str,
    pub channel: &'static str,
    pub layout: Layout,
    pub process_id: u32,
    pub user_sid: Option<Sid>,
    pub definitions: &'static [Definition],
}

/// One event in one version.
#[derive(Debug)]
pub struct Definition {
    pub id: u16,
    pub version: u8,
    pub level: u8,
    pub opcode: u8,
    pub task: u16,
    pub keywords: u64,
    pub qualifiers: Option<u16>,
    pub shape: Shape,
    pub fields: &'static [&'static [FieldDef]],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    EventData,
    /// Unnamed values: the field names are ours, for scenarios, and are not written.
    Classic,
    UserData {
        element: &'static str,
        namespace: &'static str,
    },
}

#[derive(Debug)]
pub struct FieldDef {
    pub name: &'static str,
    pub kind: Kind,
    pub default: &'static str,
}

/// A field's type; says how text becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Str,
    Ansi,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Guid,
    Pointer,
    Time,
    SystemTime,
    Sid,
    Hex32,
    Hex64,
    Binary,
}

/// A definition with the source it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub source: &'static Source,
    pub definition: &'static Definition,
}

/// Why a name such as `System/1` names no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindError {
    Unknown,
    UnknownVersion,
    /// Several sources write this id: say which.
    Ambiguous(&'static str, &'static str),
}

pub fn sources() -> impl Iterator<Item = &'static Source> {
    [security::SOURCES, system::SOURCES, channels::SOURCES].into_iter().flatten()
}

pub fn entries() -> impl Iterator<Item = Entry> {
    sources().flat_map(|source| source.definitions.iter().map(move |definition| Entry { source, definition }))
}

/// Finds an event by a source's short name or a channel, and its id; of several versions the last listed unless told.
/// A name in the exact case wins, because `USER32` and `User32` are two sources.
pub fn find(name: &str, id: u16, version: Option<u8>) -> Result<Entry, FindError> {
    let pick = |matches: &dyn Fn(&Source) -> bool| {
        entries().filter(|entry| entry.definition.id == id && matches(entry.source)).collect::<Vec<_>>()
    };
    let by_case = pick(&|source| source.key == name);
    let by_key = pick(&|source| source.key.eq_ignore_ascii_case(name));
    let by_channel = pick(&|source| source.channel.eq_ignore_ascii_case(name));
    let found = [by_case, by_key, by_channel].into_iter().find(|found| !found.is_empty());
    choose(&found.ok_or(FindError::Unknown)?, version)
}

/// Finds an event by its id alone: the Security channel first, then anywhere if only one source writes it.
pub fn find_bare(id: u16, version: Option<u8>) -> Result<Entry, FindError> {
    match find("Security", id, version) {
        Err(FindError::Unknown) => {
            let found: Vec<_> = entries().filter(|entry| entry.definition.id == id).collect();
            choose(&found, version)
        }
        found => found,
    }
}

fn choose(found: &[Entry], version: Option<u8>) -> Result<Entry, FindError> {
    let first = found.first().ok_or(FindError::Unknown)?;
    if let Some(other) = found.iter().find(|entry| entry.source.key != first.source.key) {
        return Err(FindError::Ambiguous(first.source.key, other.source.key));
    }
    let fits = |entry: &&Entry| version.is_none_or(|version| entry.definition.version == version);
    found.iter().rfind(fits).copied().ok_or(FindError::UnknownVersion)
}

/// The event `name/id` with every field at its default, at the start of 2024 on computer `PC1`.
///
/// # Panics
/// If the catalogue has no such event.
#[track_caller]
pub fn event(name: &str, id: u16) -> Event {
    match find(name, id, None) {
        Ok(entry) => entry.event(),
        Err(error) => panic!("{name}/{id}: {error:?}"),
    }
}

/// [`event`] in a version that is not the newest.
///
/// # Panics
/// If the catalogue has no such event.
#[track_caller]
pub fn event_version(name: &str, id: u16, version: u8) -> Event {
    match find(name, id, Some(version)) {
        Ok(entry) => entry.event(),
        Err(error) => panic!("{name}/{id} version {version}: {error:?}"),
    }
}

impl Entry {
    /// The event with every field at its default.
    pub fn event(self) -> Event {
        let Entry { source, definition } = self;
        Event {
            provider: source.provider(),
            id: definition.id,
            qualifiers: definition.qualifiers,
            version: definition.version,
            level: definition.level,
            task: definition.task,
            opcode: definition.opcode,
            keywords: definition.keywords,
            time: FileTime::from_date(2024, 1, 1),
            record_id: 1,
            header_id: None,
            channel: source.channel.into(),
            computer: "PC1".into(),
            process_id: source.process_id,
            thread_id: if source.process_id == 0 { 0 } else { source.process_id + 4 },
            user_sid: source.user_sid,
            activity_id: None,
            layout: source.layout,
            payload: definition.payload(),
        }
    }
}

impl Source {
    fn provider(&self) -> Provider {
        let source_name = Some(self.source_name).filter(|name| !name.is_empty());
        Provider {
            name: self.provider.into(),
            guid: Guid::parse(self.guid),
            source_name: source_name.map(Text::Borrowed),
        }
    }
}

impl Definition {
    pub fn field_defs(&self) -> impl Iterator<Item = &'static FieldDef> {
        self.fields.iter().copied().flatten()
    }

    pub fn field_def(&self, name: &str) -> Option<&'static FieldDef> {
        self.field_defs().find(|def| def.name == name)
    }

    fn payload(&self) -> Payload {
        let fields = self.field_defs().map(|def| Field { name: def.name.into(), value: def.default_value() });
        match self.shape {
            Shape::EventData => Payload::EventData(fields.collect()),
            Shape::Classic => Payload::Classic {
                strings: self.field_defs().map(|def| Text::Borrowed(def.default)).collect(),
                binary: None,
            },
            Shape::UserData { element, namespace } => Payload::UserData {
                element: element.into(),
                namespace: namespace.into(),
                fields: fields.collect(),
            },
        }
    }
}

impl FieldDef {
    fn default_value(&self) -> Value {
        match self.kind {
            Kind::Str => Value::Str(Text::Borrowed(self.default)),
            kind => kind.parse(self.default).unwrap_or(Value::Null),
        }
    }
}

impl Kind {
    /// A value from text: numbers decimal or `0x…`, times as in [`FileTime::parse`], SIDs as names or `S-1-…`.
    pub fn parse(self, text: &str) -> Option<Value> {
        Some(match self {
            Kind::Str => Value::Str(Text::Owned(text.to_owned())),
            Kind::Ansi => Value::Ansi(Text::Owned(text.to_owned())),
            Kind::U8 => Value::U8(parse_number(text)?.try_into().ok()?),
            Kind::U16 => Value::U16(parse_number(text)?.try_into().ok()?),
            Kind::U32 => Value::U32(parse_number(text)?.try_into().ok()?),
            Kind::U64 => Value::U64(parse_number(text)?),
            Kind::Bool => Value::Bool(matches!(text, "true" | "yes" | "1")),
            Kind::Guid if text == "0" => Value::Guid(Guid::default()),
            Kind::Guid => Value::Guid(Guid::parse(text)?),
            Kind::Pointer => Value::SizeT(parse_number(text)?),
            Kind::Time => Value::FileTime(parse_time(text)?),
            Kind::SystemTime => Value::SystemTime(parse_time(text)?),
            Kind::Sid => Value::Sid(Sid::parse(text).unwrap_or_else(|| Identity::of(text).sid)),
            Kind::Hex32 => Value::Hex32(parse_number(text)?.try_into().ok()?),
            Kind::Hex64 => Value::Hex64(parse_number(text)?),
            Kind::Binary => Value::Binary(parse_hex(text)?),
        })
    }
}

fn parse_number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn parse_time(text: &str) -> Option<FileTime> {
    FileTime::parse(text).or_else(|| parse_clock(text).or_else(|| text.parse().ok()).map(FileTime))
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

// How the tables are spelled.

const fn field(name: &'static str, kind: Kind, default: &'static str) -> FieldDef {
    FieldDef { name, kind, default }
}

const fn text(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::Str, default)
}

const fn u32(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::U32, default)
}

const fn u16(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::U16, default)
}

const fn boolean(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::Bool, default)
}

const fn hex32(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::Hex32, default)
}

const fn hex64(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::Hex64, default)
}

const fn sid(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::Sid, default)
}

const fn guid(name: &'static str) -> FieldDef {
    field(name, Kind::Guid, "0")
}

const fn pointer(name: &'static str, default: &'static str) -> FieldDef {
    field(name, Kind::Pointer, default)
}

const fn time(name: &'static str) -> FieldDef {
    field(name, Kind::Time, "0")
}

impl Definition {
    /// An event of level 4 (information) with an EventData payload and nothing else of note.
    const fn new(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
        Definition {
            id,
            version: 0,
            level: 4,
            opcode: 0,
            task: 0,
            keywords: 0x8000_0000_0000_0000,
            qualifiers: None,
            shape: Shape::EventData,
            fields,
        }
    }

    const fn version(self, version: u8) -> Definition {
        Definition { version, ..self }
    }

    const fn level(self, level: u8) -> Definition {
        Definition { level, ..self }
    }

    const fn opcode(self, opcode: u8) -> Definition {
        Definition { opcode, ..self }
    }

    const fn task(self, task: u16) -> Definition {
        Definition { task, ..self }
    }

    const fn keywords(self, keywords: u64) -> Definition {
        Definition { keywords, ..self }
    }

    const fn user_data(self, element: &'static str, namespace: &'static str) -> Definition {
        Definition { shape: Shape::UserData { element, namespace }, ..self }
    }

    const fn classic(self, qualifiers: u16) -> Definition {
        let shape = Shape::Classic;
        Definition { shape, qualifiers: Some(qualifiers), keywords: CLASSIC, ..self }
    }
}
