//! The careful reader: any chunk, record by record, through the `evtx` crate. The only file that names it.
//!
//! It takes what the fast reader refuses: chunks that were damaged or copied while Windows wrote them, and records
//! that were forwarded or made by hand. A bad record costs a record.

use super::block::BlockBuilder;
use super::plain::outcome;
use super::plan::{is_kept, telling};
use super::value::{Raw, u32_at, u64_at};
use super::{CHUNK_BYTES, RecordView};
use crate::event::Type;
use crate::event::columns::LAYOUTS;
use crate::event::records::Signature;
use crate::problem::{Cost, Problem};
use crate::time::Timestamp;
use evtx::binxml::value_variant::BinXmlValue;
use evtx::{EvtxChunkData, EvtxRecord, ParserSettings};
use serde_json::Value;
use std::sync::Arc;

/// Reads a chunk of any state; what cannot be read becomes a problem.
#[cold]
pub fn read_chunk(chunk: &[u8], chunk_idx: u32, offset: u64, block: &mut BlockBuilder) {
    let problem =
        |record, cost, text| Problem { chunk: Some(chunk_idx), offset: Some(offset), record, cost, text };
    let (bytes, is_hiding) = whole(chunk);
    let mut data = match EvtxChunkData::new(bytes, false) {
        Ok(data) => data,
        Err(error) => {
            block.chunks.n_failed += 1;
            block.problems.push(problem(None, Cost::Chunk, sentence(&error)));
            return;
        }
    };
    let mut parsed = match data.parse(settings()) {
        Ok(parsed) => parsed,
        Err(error) => {
            block.chunks.n_failed += 1;
            let n = n_records(chunk).map_or("the records".to_owned(), |n| format!("the {n} records"));
            let text = format!(
                "{n} of this chunk cannot be read, for what they share is damaged: {}",
                sentence(&error)
            );
            block.problems.push(problem(None, Cost::Chunk, text));
            return;
        }
    };
    block.chunks.n_read += 1;
    if is_hiding {
        let text = "the chunk's header says that its records end before the last of them";
        block.problems.push(problem(None, Cost::Nothing, text.to_owned()));
    }
    let torn = torn(chunk);
    let mut n_found = 0;
    for record in parsed.iter() {
        n_found += 1;
        let read = match record {
            Ok(record) => {
                let id = record.event_record_id;
                let is_torn = torn.contains(&id);
                if is_torn {
                    let text = "the record's end is missing: what it says tells nothing of sessions";
                    block.problems.push(problem(Some(id), Cost::Nothing, text.to_owned()));
                }
                read_record(record, is_torn, block).map_err(|text| (Some(id), text))
            }
            Err(error) => Err((None, sentence(&error))),
        };
        if let Err((record, text)) = read {
            block.problems.push(problem(record, Cost::Records(1), text));
        }
    }
    if let Some(n) = n_records(chunk).filter(|&n| n > n_found) {
        let text = format!("the chunk's header says it has {n} records, but {n_found} were found");
        block.problems.push(problem(None, Cost::Records(n - n_found), text));
    }
}

/// Header ids of records that do not end with a second copy of their size: what they say may have been lost with it, and
/// read as if it were empty.
fn torn(chunk: &[u8]) -> Vec<u64> {
    in_a_row(chunk).filter(|record| !record.is_whole(chunk)).map(|record| record.id).collect()
}

/// A record as its header has it.
#[derive(Clone, Copy)]
pub struct Head {
    at: usize,
    size: u32,
    id: u64,
}

impl Head {
    /// The record at an offset, if one begins there.
    pub fn at(chunk: &[u8], at: usize) -> Option<Self> {
        let is_record = chunk.get(at..)?.starts_with(&RECORD_SIGNATURE);
        let (size, id) = (u32_at(chunk, at + 4)?, u64_at(chunk, at + 8)?);
        (is_record && size as usize >= SMALLEST_RECORD).then_some(Head { at, size, id })
    }

    fn end(self) -> usize {
        self.at.saturating_add(self.size as usize)
    }

    fn is_whole(self, chunk: &[u8]) -> bool {
        u32_at(chunk, self.end() - 4) == Some(self.size)
    }

    /// Whether one record was written right after the other. What an earlier pass over the log left in a chunk has ids of
    /// that time.
    pub fn is_followed_by(self, next: Self) -> bool {
        self.id.checked_add(1) == Some(next.id)
    }
}

/// The records from a chunk's first on, each where the one before ends.
fn in_a_row(chunk: &[u8]) -> impl Iterator<Item = Head> {
    let first = Head::at(chunk, CHUNK_HEADER_BYTES);
    std::iter::successors(first, |record| Head::at(chunk, record.end()))
}

/// Where a chunk's first record begins, and what each begins with.
const CHUNK_HEADER_BYTES: usize = 512;
const RECORD_SIGNATURE: [u8; 4] = *b"**\0\0";

/// How many records a chunk's header says it has, if it can have as many. Of a chunk that was copied while Windows
/// wrote it the header may say fewer than there are.
pub fn n_records(chunk: &[u8]) -> Option<u64> {
    let (first, last) = (u64_at(chunk, 8)?, u64_at(chunk, 16)?);
    let n = last.checked_sub(first)?.checked_add(1)?;
    (first > 0 && n <= (CHUNK_BYTES / SMALLEST_RECORD) as u64).then_some(n)
}

/// A record's header and the copy of its size; less cannot be one.
const SMALLEST_RECORD: usize = 28;

fn settings() -> Arc<ParserSettings> {
    Arc::new(ParserSettings::new())
}

/// A chunk of full length; what a cut file lacks is filled with zeros, where no record is found. Whether its header hid
/// records, it tells as well: that is put right.
fn whole(chunk: &[u8]) -> (Vec<u8>, bool) {
    let mut bytes = chunk.to_vec();
    bytes.resize(CHUNK_BYTES, 0);
    let is_hiding = reveal(&mut bytes);
    (bytes, is_hiding)
}

/// Puts the header of a chunk right that says what is written ends, or its last record is, before records that go on.
fn reveal(chunk: &mut [u8]) -> bool {
    let mut written = in_a_row(chunk).take_while(|record| record.is_whole(chunk));
    let Some(first) = written.next() else { return false };
    let mut last = first;
    for next in written {
        if !last.is_followed_by(next) {
            break;
        }
        last = next;
    }
    let free = u32_at(chunk, FREE_AT).unwrap_or(0) as usize;
    let told_last = u64_at(chunk, LAST_ID_AT).unwrap_or(0);
    let is_hiding = free < last.end() || (first.id..last.id).contains(&told_last);
    if is_hiding {
        let free = last.end().max(free) as u32;
        chunk[FREE_AT..FREE_AT + 4].copy_from_slice(&free.to_le_bytes());
        chunk[LAST_AT..LAST_AT + 4].copy_from_slice(&(last.at as u32).to_le_bytes());
        chunk[LAST_ID_AT..LAST_ID_AT + 8].copy_from_slice(&last.id.to_le_bytes());
    }
    is_hiding
}

/// Where a chunk's header has the id of its last record, that record's offset, and where what is written ends.
const LAST_ID_AT: usize = 32;
const LAST_AT: usize = 44;
const FREE_AT: usize = 48;

/// An error and its causes, in one line.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

fn read_record(record: EvtxRecord<'_>, is_torn: bool, block: &mut BlockBuilder) -> Result<(), String> {
    let header = (record.event_record_id, record.timestamp);
    let exact_time = system_file_time(&record);
    let json = record.into_json_value().map_err(|error| sentence(&error))?.data;
    let event = &json["Event"];
    if !has_names(event, 4) {
        return Err("names of its fields were lost with another record of the chunk".to_owned());
    }
    let system = &event["System"];
    let number = |name: &str| raw(text_of(&system[name])).number();
    let time = exact_time
        .or_else(|| raw(&system["TimeCreated"]["#attributes"]["SystemTime"]).time())
        .or_else(|| Timestamp::parse(&header.1.to_string()))
        .ok_or("TimeCreated is not a time")?;
    let event_id = number("EventID").ok_or("the record has no EventID")? as u32;
    let mut text = |value: &Value| block.cells.text(Type::Text, raw(text_of(value)));
    let signature = Signature {
        provider: text(&system["Provider"]["#attributes"]["Name"]),
        channel: text(&system["Channel"]),
        computer: text(&system["Computer"]),
        event_id,
        task: number("Task").unwrap_or(0) as u32,
        level: number("Level").unwrap_or(0) as u8,
        outcome: outcome(number("Keywords").unwrap_or(0)),
        is_torn: u8::from(is_torn),
        _pad: 0,
    };
    let record_id = number("EventRecordID").unwrap_or(header.0);
    let (number, spec) = block.signature(signature);
    block.push_record(record_id, time, number);
    let Some(spec) = spec.filter(|_| !is_torn) else { return Ok(()) };
    let fields = LAYOUTS[usize::from(spec)].spec.fields;
    let value = |n: usize| field(event, fields[n].0);
    let layout = &LAYOUTS[usize::from(spec)];
    if is_kept(layout.spec.keep, telling(layout.spec).map(|n| value(n).number())) {
        block.push_event(spec);
        for (n, (_, kept)) in fields.iter().enumerate() {
            if let Some(cell) = layout.slot(*kept) {
                block.put(cell, kept.ty(), value(n));
            }
        }
    }
    Ok(())
}

/// Whether every element has its name. A chunk has each name once, in the record that used it first: where that was
/// zeroed, so were the names of others.
fn has_names(value: &Value, depth: u32) -> bool {
    let is_whole = |name: &str| !name.is_empty() && !name.contains('\0');
    let has_inner = |value| depth == 0 || has_names(value, depth - 1);
    value
        .as_object()
        .is_none_or(|fields| fields.iter().all(|(name, value)| is_whole(name) && has_inner(value)))
}

/// TimeCreated to the tick: rendered text may have fewer digits. Where Windows' own template has it.
fn system_file_time(record: &EvtxRecord<'_>) -> Option<Timestamp> {
    match record.template_instances().ok()?.first()?.values.get(6)? {
        BinXmlValue::FileTimeType(time) => Some(Timestamp::from_filetime(time.0)),
        _ => None,
    }
}

/// An element's text: the element is a string or number, or an object if it has attributes.
fn text_of(value: &Value) -> &Value {
    value.get("#text").unwrap_or(value)
}

fn raw(value: &Value) -> Raw<'_> {
    match value {
        Value::String(text) => Raw::Text(text),
        Value::Bool(true) => Raw::Text("true"),
        Value::Bool(false) => Raw::Text("false"),
        Value::Number(n) => {
            n.as_u64().map(Raw::Number).or(n.as_i64().map(Raw::Signed)).unwrap_or(Raw::Nothing)
        }
        _ => Raw::Nothing,
    }
}

/// A field by the name the table of events has for it.
fn field<'a>(event: &'a Value, name: &str) -> Raw<'a> {
    match name {
        "@UserID" => return raw(&event["System"]["Security"]["#attributes"]["UserID"]),
        "@ActivityID" => return raw(&event["System"]["Correlation"]["#attributes"]["ActivityID"]),
        _ => {}
    }
    if let Some(n) = name.strip_prefix('#') {
        return n.parse().map_or(Raw::Nothing, |n| unnamed(event, n));
    }
    let payload = [&event["EventData"], &event["UserData"]];
    payload.into_iter().find_map(|data| find(data, name, 4)).map_or(Raw::Nothing, raw)
}

/// A field by name, at any depth: UserData puts its fields into an element of its own.
fn find<'a>(data: &'a Value, name: &str, depth: u32) -> Option<&'a Value> {
    let fields = data.as_object()?;
    let own = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| text_of(value));
    own.or_else(|| {
        depth.checked_sub(1).and_then(|depth| fields.values().find_map(|value| find(value, name, depth)))
    })
}

/// The `n`th `Data` without a name.
fn unnamed(event: &Value, n: usize) -> Raw<'_> {
    match text_of(&event["EventData"]["Data"]) {
        Value::Array(items) => items.get(n).map_or(Raw::Nothing, |item| raw(text_of(item))),
        one if n == 0 => raw(one),
        _ => Raw::Nothing,
    }
}

/// Renders one record of a chunk for reading.
pub fn record_view(chunk: &[u8], record_id: u64) -> Result<RecordView, String> {
    let missing = || format!("record {record_id} is not in its chunk any more: the file has changed");
    let ids = record_ids(chunk)?;
    let wanted = |id: &&(u64, Option<u64>)| id.1 == Some(record_id);
    let header_id =
        ids.iter().find(wanted).or_else(|| ids.iter().find(|id| id.0 == record_id)).ok_or_else(missing)?.0;
    let xml =
        render(chunk, header_id, |record| record.into_xml().map(|xml| xml.data))?.ok_or_else(missing)?;
    let json = render(chunk, header_id, |record| record.into_json_value().map(|json| json.data))?
        .ok_or_else(missing)?;
    let mut fields = Vec::new();
    flatten("", &json["Event"], &mut fields);
    Ok(RecordView { record: record_id, xml, fields })
}

/// For each record of a chunk, its header's id and the EventRecordID of its System element.
fn record_ids(chunk: &[u8]) -> Result<Vec<(u64, Option<u64>)>, String> {
    let mut data = EvtxChunkData::new(whole(chunk).0, false).map_err(|error| sentence(&error))?;
    let mut parsed = data.parse(settings()).map_err(|error| sentence(&error))?;
    let ids = parsed.iter().flatten().map(|record| {
        let id = record.event_record_id;
        let json = record.into_json_value().ok();
        (id, json.and_then(|json| raw(text_of(&json.data["Event"]["System"]["EventRecordID"])).number()))
    });
    Ok(ids.collect())
}

fn render<T>(
    chunk: &[u8],
    header_id: u64,
    how: impl FnOnce(EvtxRecord<'_>) -> Result<T, evtx::err::EvtxError>,
) -> Result<Option<T>, String> {
    let mut data = EvtxChunkData::new(whole(chunk).0, false).map_err(|error| sentence(&error))?;
    let mut parsed = data.parse(settings()).map_err(|error| sentence(&error))?;
    let record = parsed.iter().flatten().find(|record| record.event_record_id == header_id);
    record.map(how).transpose().map_err(|error| sentence(&error))
}

/// Names and values of all fields, in their order: `System.EventID`, `EventData.TargetUserName`.
fn flatten(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.as_str() {
                    "#attributes" | "#text" => flatten(path, value, out),
                    _ if path.is_empty() => flatten(key, value, out),
                    _ => flatten(&format!("{path}.{key}"), value, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(path, item, out)),
        Value::Null => {}
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        other => out.push((path.to_owned(), other.to_string())),
    }
}
