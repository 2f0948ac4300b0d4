//! One event's binary XML: an instance of the outer template whose last value holds an instance of the inner one.

use super::binxml::{Content, END_OF_STREAM, Element, FRAGMENT_HEADER, Place};
use super::chunk::Chunk;
use super::template::{
    EVENT_NAMESPACE, LITERAL_PAYLOAD, MANIFEST_PAYLOAD, TemplateIdx, Templates, literal_provider, user_field,
};
use crate::event::{Event, Layout, Payload};
use crate::value::Value;

const BINXML: u8 = 0x21;

/// Size, type and a zero byte.
const DESCRIPTOR_SIZE: usize = 4;

pub(crate) fn write(
    event: &Event,
    nul_terminated: bool,
    templates: &mut Templates,
    scratch: &mut Vec<u8>,
    chunk: &mut Chunk,
) {
    chunk.bytes.extend(FRAGMENT_HEADER);
    if event.layout == Layout::Strings {
        strings_event(event).write(Place::Fragment, chunk);
    } else {
        write_instance(event, nul_terminated, templates, scratch, chunk);
    }
    chunk.bytes.push(END_OF_STREAM);
}

fn write_instance(
    event: &Event,
    nul_terminated: bool,
    templates: &mut Templates,
    scratch: &mut Vec<u8>,
    chunk: &mut Chunk,
) {
    let outer = templates.outer(event);
    let inner = templates.inner(&event.payload);
    chunk.write_template(outer, templates.get(outer));
    let system = system_values(event);
    let payload = usize::from(match event.layout {
        Layout::Literal => LITERAL_PAYLOAD,
        Layout::Manifest | Layout::Strings => MANIFEST_PAYLOAD,
    });

    // Names of the system values are not NUL-terminated, whoever wrote them: the event log service adds them.
    let payload_at = write_values(system.iter().take(payload), payload + 1, false, scratch, chunk);
    let start = chunk.bytes.len();
    if let Some(inner) = inner {
        write_payload(event, inner, nul_terminated, templates, scratch, chunk);
        fill_descriptor(payload_at, chunk.bytes.len() - start, BINXML, chunk);
    }
}

/// The values of Windows' own event template up to the payload, in their fixed positions.
fn system_values(event: &Event) -> [Value; LITERAL_PAYLOAD as usize] {
    let mut values = [const { Value::Null }; LITERAL_PAYLOAD as usize];
    values[0] = Value::U8(event.level);
    values[1] = Value::U8(event.opcode);
    values[2] = Value::U16(event.task);
    values[3] = Value::U16(event.id);
    values[4] = event.qualifiers.map_or(Value::Null, Value::U16);
    values[5] = Value::Hex64(event.keywords);
    values[6] = Value::FileTime(event.time);
    values[7] = event.activity_id.map_or(Value::Null, Value::Guid);
    values[8] = Value::U32(event.process_id);
    values[9] = Value::U32(event.thread_id);
    values[10] = Value::U64(event.record_id);
    values[11] = Value::U8(event.version);
    values[12] = event.user_sid.map_or(Value::Null, Value::Sid);
    if event.layout == Layout::Manifest {
        values[14] = Value::Str(event.provider.name.clone());
        values[15] = event.provider.guid.map_or(Value::Null, Value::Guid);
        values[16] = Value::Str(event.channel.clone());
    }
    values
}

/// Writes `n_values` descriptors and the bytes of the values there are; returns where the last descriptor is.
fn write_values<'a>(
    values: impl Iterator<Item = &'a Value>,
    n_values: usize,
    nul_terminated: bool,
    scratch: &mut Vec<u8>,
    chunk: &mut Chunk,
) -> usize {
    scratch.clear();
    chunk.bytes.extend((n_values as u32).to_le_bytes());
    let descriptors_at = chunk.bytes.len();
    chunk.bytes.resize(descriptors_at + n_values * DESCRIPTOR_SIZE, 0);
    let mut at = descriptors_at;
    for value in values {
        let start = scratch.len();
        value.write(nul_terminated, scratch);
        fill_descriptor(at, scratch.len() - start, value.written_type(), chunk);
        at += DESCRIPTOR_SIZE;
    }
    chunk.bytes.extend(&*scratch);
    descriptors_at + n_values.saturating_sub(1) * DESCRIPTOR_SIZE
}

/// Sizes have 16 bits; a value beyond that makes the record too large for a chunk, and it is taken back.
fn fill_descriptor(at: usize, size: usize, value_type: u8, chunk: &mut Chunk) {
    chunk.bytes[at..at + 2].copy_from_slice(&(size as u16).to_le_bytes());
    chunk.bytes[at + 2] = value_type;
}

fn write_payload(
    event: &Event,
    inner: TemplateIdx,
    nul_terminated: bool,
    templates: &Templates,
    scratch: &mut Vec<u8>,
    chunk: &mut Chunk,
) {
    // The event log service puts a fragment header here, ETW does not.
    if event.layout == Layout::Literal {
        chunk.bytes.extend(FRAGMENT_HEADER);
    }
    chunk.write_template(inner, templates.get(inner));
    match &event.payload {
        Payload::EventData(fields) | Payload::UserData { fields, .. } => {
            let values = fields.iter().map(|field| &field.value);
            write_values(values, fields.len(), nul_terminated, scratch, chunk);
        }
        Payload::Classic { strings, binary } => {
            let values = classic_values(strings, binary.as_deref());
            write_values(values.iter(), values.len(), nul_terminated, scratch, chunk);
        }
        Payload::None => {}
    }
    chunk.bytes.push(END_OF_STREAM);
}

fn classic_values(strings: &[crate::Text], binary: Option<&[u8]>) -> [Value; 3] {
    let array = if strings.is_empty() { Value::Null } else { Value::StringArray(strings.to_vec()) };
    let size = Value::U32(binary.map_or(0, <[u8]>::len) as u32);
    [array, size, binary.map_or(Value::Null, |bytes| Value::Binary(bytes.to_vec()))]
}

/// The record as plain XML with every value spelled out.
fn strings_event(event: &Event) -> Element {
    let root = Element::new("Event")
        .attribute("xmlns", Content::Text(EVENT_NAMESPACE.into()))
        .child(Content::Element(strings_system(event)));
    match &event.payload {
        Payload::None => root,
        Payload::EventData(fields) => {
            let data = fields.iter().fold(Element::new("EventData"), |data, field| {
                let value = text("Data", &field.value).attribute("Name", Content::Text(field.name.clone()));
                data.child(Content::Element(value))
            });
            root.child(Content::Element(data))
        }
        Payload::Classic { strings, binary } => {
            let data = strings.iter().fold(Element::new("EventData"), |data, value| {
                data.child(Content::Element(text("Data", value)))
            });
            let binary = binary.iter().map(|bytes| text("Binary", &Value::Binary(bytes.clone())));
            root.child(Content::Element(binary.map(Content::Element).fold(data, Element::child)))
        }
        Payload::UserData { element, namespace, fields } => {
            let element = Element::new(element.clone()).attribute("xmlns", Content::Text(namespace.clone()));
            let element = fields.iter().fold(element, |element, field| {
                let value = Content::Text(field.value.to_string().into());
                element.child(Content::Element(user_field(&field.name, value)))
            });
            root.child(Content::Element(Element::new("UserData").child(Content::Element(element))))
        }
    }
}

fn strings_system(event: &Event) -> Element {
    let mut event_id = text("EventID", &event.id);
    if let Some(qualifiers) = event.qualifiers {
        event_id = event_id.attribute("Qualifiers", Content::Text(qualifiers.to_string().into()));
    }
    let mut correlation = Element::new("Correlation");
    if let Some(activity_id) = event.activity_id {
        correlation = correlation.attribute("ActivityID", Content::Text(activity_id.to_string().into()));
    }
    let mut security = Element::new("Security");
    if let Some(sid) = event.user_sid {
        security = security.attribute("UserID", Content::Text(sid.to_string().into()));
    }
    let parts = [
        literal_provider(&event.provider),
        event_id,
        text("Version", &event.version),
        text("Level", &event.level),
        text("Task", &event.task),
        text("Opcode", &event.opcode),
        text("Keywords", &format_args!("{:#x}", event.keywords)),
        Element::new("TimeCreated").attribute("SystemTime", Content::Text(event.time.to_string().into())),
        text("EventRecordID", &event.record_id),
        correlation,
        Element::new("Execution")
            .attribute("ProcessID", Content::Text(event.process_id.to_string().into()))
            .attribute("ThreadID", Content::Text(event.thread_id.to_string().into())),
        text("Channel", &event.channel),
        text("Computer", &event.computer),
        security,
    ];
    parts.into_iter().fold(Element::new("System"), |system, part| system.child(Content::Element(part)))
}

/// An element with a value; Windows writes no value token for an empty one.
fn text(name: &'static str, value: &dyn std::fmt::Display) -> Element {
    let value = value.to_string();
    let element = Element::new(name);
    if value.is_empty() { element } else { element.child(Content::Text(value.into())) }
}
