//! The templates Windows builds records from: an outer one with the System element and an inner one for the payload.
//! The positions of the substitutions are Windows' own and the same for every provider.

use std::collections::HashMap;

use super::binxml::{Content, END_OF_STREAM, Element, FRAGMENT_HEADER, Place};
use super::chunk::Chunk;
use crate::event::{Event, Field, Layout, Payload, Provider};
use crate::value::{Guid, Text, Value};

pub(crate) const EVENT_NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";

/// Where the payload stands among the substitutions of the outer template.
pub(crate) const MANIFEST_PAYLOAD: u16 = 17;
pub(crate) const LITERAL_PAYLOAD: u16 = 19;

const NULL: u8 = 0x00;
const STRING: u8 = 0x01;
const U8: u8 = 0x04;
const U16: u8 = 0x06;
const U32: u8 = 0x08;
const U64: u8 = 0x0a;
const BINARY: u8 = 0x0e;
const GUID: u8 = 0x0f;
const FILETIME: u8 = 0x11;
const SID: u8 = 0x13;
const HEX64: u8 = 0x15;
const BINXML: u8 = 0x21;
const STRING_ARRAY: u8 = 0x81;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TemplateIdx(pub usize);

pub(crate) struct Template {
    pub guid: Guid,
    root: Element,
}

impl Template {
    /// Windows takes the first four bytes of the GUID.
    pub fn id(&self) -> u32 {
        u32::from_le_bytes([self.guid.0[0], self.guid.0[1], self.guid.0[2], self.guid.0[3]])
    }

    pub fn write_body(&self, chunk: &mut Chunk) {
        chunk.bytes.extend(FRAGMENT_HEADER);
        self.root.write(Place::Template, chunk);
        chunk.bytes.push(END_OF_STREAM);
    }
}

/// Every template seen so far, found again by a hash of what it is made of.
#[derive(Default)]
pub(crate) struct Templates {
    known: HashMap<u128, TemplateIdx>,
    all: Vec<Template>,
}

impl Templates {
    pub fn get(&self, idx: TemplateIdx) -> &Template {
        &self.all[idx.0]
    }

    pub fn outer(&mut self, event: &Event) -> TemplateIdx {
        self.intern(outer_hash(event), || match event.layout {
            Layout::Literal => literal_outer(event),
            Layout::Manifest | Layout::Strings => manifest_outer(event),
        })
    }

    /// The payload's template; none for an event without payload.
    pub fn inner(&mut self, payload: &Payload) -> Option<TemplateIdx> {
        let hash = inner_hash(payload)?;
        Some(self.intern(hash, || payload_element(payload)))
    }

    fn intern(&mut self, hash: u128, build: impl FnOnce() -> Element) -> TemplateIdx {
        if let Some(idx) = self.known.get(&hash) {
            return *idx;
        }
        let idx = TemplateIdx(self.all.len());
        self.all.push(Template { guid: Guid(hash.to_le_bytes()), root: build() });
        self.known.insert(hash, idx);
        idx
    }
}

fn manifest_outer(event: &Event) -> Element {
    let provider = Element::new("Provider")
        .attribute("Name", Content::optional(14, STRING))
        .attribute("Guid", Content::optional(15, GUID));
    let channel = Element::new("Channel").depends_on(16).child(Content::optional(16, STRING));
    event_element(event, provider, channel, 13, MANIFEST_PAYLOAD)
}

fn literal_outer(event: &Event) -> Element {
    let provider = literal_provider(&event.provider);
    let channel = Element::new("Channel").child(Content::Text(event.channel.clone()));
    event_element(event, provider, channel, 18, LITERAL_PAYLOAD)
}

pub(crate) fn literal_provider(provider: &Provider) -> Element {
    let mut element = Element::new("Provider").attribute("Name", Content::Text(provider.name.clone()));
    if let Some(guid) = provider.guid {
        element = element.attribute("Guid", Content::Text(guid.to_string().into()));
    }
    if let Some(source_name) = &provider.source_name {
        element = element.attribute("EventSourceName", Content::Text(source_name.clone()));
    }
    element
}

fn event_element(event: &Event, provider: Element, channel: Element, related: u16, payload: u16) -> Element {
    let system = system_element(event, provider, channel, related);
    let root = Element::new("Event")
        .attribute("xmlns", Content::Text(EVENT_NAMESPACE.into()))
        .child(Content::Element(system));
    match event.payload {
        Payload::UserData { .. } => {
            let user_data =
                Element::new("UserData").depends_on(payload).child(Content::optional(payload, BINXML));
            root.child(Content::Element(user_data))
        }
        _ => root.depends_on(payload).child(Content::optional(payload, BINXML)),
    }
}

fn system_element(event: &Event, provider: Element, channel: Element, related: u16) -> Element {
    let computer = Element::new("Computer").child(Content::Text(event.computer.clone()));
    let parts = [
        provider,
        Element::new("EventID")
            .depends_on(3)
            .attribute("Qualifiers", Content::optional(4, U16))
            .child(Content::optional(3, U16)),
        single("Version", 11, U8),
        single("Level", 0, U8),
        single("Task", 2, U16),
        single("Opcode", 1, U8),
        single("Keywords", 5, HEX64),
        Element::new("TimeCreated").attribute("SystemTime", Content::optional(6, FILETIME)),
        single("EventRecordID", 10, U64),
        Element::new("Correlation")
            .attribute("ActivityID", Content::optional(7, GUID))
            .attribute("RelatedActivityID", Content::optional(related, GUID)),
        Element::new("Execution")
            .attribute("ProcessID", Content::optional(8, U32))
            .attribute("ThreadID", Content::optional(9, U32)),
        channel,
        computer,
        Element::new("Security").attribute("UserID", Content::optional(12, SID)),
    ];
    parts.into_iter().fold(Element::new("System"), |system, part| system.child(Content::Element(part)))
}

fn single(name: &'static str, index: u16, value_type: u8) -> Element {
    Element::new(name).depends_on(index).child(Content::optional(index, value_type))
}

fn payload_element(payload: &Payload) -> Element {
    match payload {
        Payload::None => Element::default(),
        Payload::EventData(fields) => {
            fields.iter().zip(0..).fold(Element::new("EventData"), |data, (field, i)| {
                data.child(Content::Element(
                    Element::new("Data")
                        .attribute("Name", Content::Text(field.name.clone()))
                        .child(field_content(i, &field.value)),
                ))
            })
        }
        Payload::Classic { .. } => Element::new("EventData")
            .child(Content::Element(single("Data", 0, STRING_ARRAY)))
            .child(Content::Element(single("Binary", 2, BINARY))),
        Payload::UserData { element, namespace, fields } => {
            let root = Element::new(element.clone()).attribute("xmlns", Content::Text(namespace.clone()));
            fields.iter().zip(0..).fold(root, |root, (field, i)| {
                root.child(Content::Element(user_field(&field.name, field_content(i, &field.value))))
            })
        }
    }
}

/// An absent value may only stand where the template calls it optional.
fn field_content(index: u16, value: &Value) -> Content {
    let is_optional = *value == Value::Null;
    Content::Substitution { index, value_type: value.declared_type(), is_optional }
}

/// `Error@Code` is the attribute `Code` of an empty element `Error`.
pub(crate) fn user_field(name: &Text, content: Content) -> Element {
    match name.split_once('@') {
        Some((element, attribute)) => {
            Element::new(element.to_owned()).attribute(attribute.to_owned(), content)
        }
        None => Element::new(name.clone()).child(content),
    }
}

fn outer_hash(event: &Event) -> u128 {
    let payload_kind = u8::from(matches!(event.payload, Payload::UserData { .. }));
    let mut hash = Fnv::new(b'O').byte(payload_kind).text(&event.computer);
    if event.layout == Layout::Literal {
        hash = hash.byte(b'L').text(&event.provider.name).text(&event.channel);
        hash = event.provider.guid.iter().flat_map(|guid| guid.0).fold(hash, Fnv::byte);
        hash = hash.text(event.provider.source_name.as_deref().unwrap_or_default());
    }
    hash.0
}

fn inner_hash(payload: &Payload) -> Option<u128> {
    let named = |hash: Fnv, field: &Field| {
        hash.text(&field.name).byte(field.value.written_type()).byte(field.value.declared_type())
    };
    match payload {
        Payload::None => None,
        Payload::EventData(fields) => Some(fields.iter().fold(Fnv::new(b'E'), named).0),
        Payload::Classic { .. } => Some(Fnv::new(b'C').byte(NULL).0),
        Payload::UserData { element, namespace, fields } => {
            Some(fields.iter().fold(Fnv::new(b'U').text(element).text(namespace), named).0)
        }
    }
}

/// FNV-1a with 128 bits: the same on every run, and wide enough to serve as the template's GUID.
struct Fnv(u128);

impl Fnv {
    fn new(kind: u8) -> Fnv {
        Fnv(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d).byte(kind)
    }

    fn byte(self, byte: u8) -> Fnv {
        Fnv((self.0 ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b))
    }

    fn text(self, text: &str) -> Fnv {
        text.bytes().fold(self, Fnv::byte).byte(0xff)
    }
}
