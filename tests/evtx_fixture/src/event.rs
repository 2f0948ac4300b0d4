//! One event as Windows hands it to the event log: the System part and a payload.

use crate::value::{FileTime, Guid, Sid, Text, Value};

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub provider: Provider,
    pub id: u16,
    /// Only classic event sources have qualifiers.
    pub qualifiers: Option<u16>,
    pub version: u8,
    pub level: u8,
    pub task: u16,
    pub opcode: u8,
    pub keywords: u64,
    pub time: FileTime,
    /// `EventRecordID` in the System element.
    pub record_id: u64,
    /// The id in the record's header where it differs: exports renumber it.
    pub header_id: Option<u64>,
    pub channel: Text,
    pub computer: Text,
    pub process_id: u32,
    pub thread_id: u32,
    pub user_sid: Option<Sid>,
    pub activity_id: Option<Guid>,
    pub layout: Layout,
    pub payload: Payload,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub name: Text,
    pub guid: Option<Guid>,
    /// `EventSourceName`: the name of a classic source that got a manifest later.
    pub source_name: Option<Text>,
}

/// How a record is laid out in binary XML. Windows has three ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Provider and channel are substitutions 14 to 16, the payload is 17: what ETW providers write.
    Manifest,
    /// Provider and channel are text in the template, the payload is 19: the event log service and classic sources.
    Literal,
    /// No template and no types, every value is text: forwarded and hand-made records.
    Strings,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    None,
    EventData(Vec<Field>),
    /// Unnamed `<Data>` values and `<Binary>`, as classic sources write them.
    Classic {
        strings: Vec<Text>,
        binary: Option<Vec<u8>>,
    },
    /// A field named `Element@Attribute` becomes that attribute of an empty element.
    UserData {
        element: Text,
        namespace: Text,
        fields: Vec<Field>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: Text,
    pub value: Value,
}

impl Event {
    /// The fields with names, for payloads that have them.
    pub fn fields(&self) -> &[Field] {
        match &self.payload {
            Payload::EventData(fields) | Payload::UserData { fields, .. } => fields,
            Payload::None | Payload::Classic { .. } => &[],
        }
    }

    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields().iter().find(|field| field.name == name).map(|field| &field.value)
    }

    /// Replaces the value of a field; says whether there is such a field.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> bool {
        let fields = match &mut self.payload {
            Payload::EventData(fields) | Payload::UserData { fields, .. } => fields,
            Payload::None | Payload::Classic { .. } => return false,
        };
        let Some(field) = fields.iter_mut().find(|field| field.name == name) else { return false };
        field.value = value.into();
        true
    }

    /// [`set`](Self::set) for chains: a field the event has not got is ignored.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }
}
