//! The fast reader: chunks as Windows writes them, whose checksums hold.
//!
//! It looks at each record's EventID before anything else, takes only the fields that [`crate::event::table`] keeps,
//! and renders nothing. Whatever is not of the usual shape makes it give up on the chunk, which then goes to the
//! slow reader: this one never guesses.

use super::block::{BlockBuilder, System};
use super::template::{
    Binding, Definition, Instance, Name, Slot, SystemSlots, Values, is_name_ignoring_case, read_definition,
    read_instance,
};
use super::value::{Raw, u32_at, u64_at};
use crate::event::columns::{LAYOUTS, SpecIdx, Strings};
use crate::event::records::Signature;
use crate::event::table::{Keep, LOGON_PORTS, ORIGINS, Spec};
use crate::event::{Field, StrId, Type};
use crate::time::Timestamp;
use std::sync::LazyLock;

/// Where records begin in a chunk, after its header.
const RECORDS_AT: usize = 512;

/// Bytes of definitions that one chunk may make us read. Windows' own chunks need a fraction of their size; a
/// chunk made to have the same bytes read again and again goes to the slow reader.
const MAX_LEARNED_BYTES: usize = 4 * super::CHUNK_BYTES;

/// What was learned of a chunk's templates. Kept between chunks for its buffers alone.
pub struct Templates {
    /// By offset in the chunk: one more than the place in `outer` or `inner`.
    outer_at: Vec<u16>,
    inner_at: Vec<u16>,
    used: Vec<u32>,
    outer: Vec<Outer>,
    inner: Vec<Inner>,
    n_learned_bytes: usize,
}

struct Outer {
    system: SystemSlots,
    payload: Option<u16>,
    data: Vec<Binding>,
    /// Texts of the template itself, interned once; of a value, for each record.
    provider: Option<StrId>,
    channel: Option<StrId>,
    computer: Option<StrId>,
    /// The provider and channel looked up last, and their origin, if any of its events are typed. Most templates write
    /// both names into each record, and always the same.
    origin: Option<(StrId, StrId, Option<u16>)>,
}

impl Outer {
    fn origin(&mut self, provider: StrId, channel: StrId, strings: &Strings) -> Option<u16> {
        match self.origin {
            Some((known, other, origin)) if (known, other) == (provider, channel) => origin,
            _ => {
                let origin = origin_of(strings.get(provider), strings.get(channel));
                self.origin = Some((provider, channel, origin));
                origin
            }
        }
    }
}

#[derive(Default)]
struct Inner {
    data: Vec<Binding>,
    plan: Plan,
}

/// Where the fields of a spec stand in a template.
#[derive(Default)]
struct Plan {
    spec: Option<SpecIdx>,
    slots: Vec<Slot>,
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            outer_at: vec![0; super::CHUNK_BYTES],
            inner_at: vec![0; super::CHUNK_BYTES],
            used: Vec::new(),
            outer: Vec::new(),
            inner: Vec::new(),
            n_learned_bytes: 0,
        }
    }
}

impl Templates {
    fn clear(&mut self) {
        for at in self.used.drain(..) {
            self.outer_at[at as usize] = 0;
            self.inner_at[at as usize] = 0;
        }
        self.outer.clear();
        self.inner.clear();
        self.n_learned_bytes = 0;
    }

    fn learn(&mut self, chunk: &[u8], at: u32) -> Option<Definition> {
        self.n_learned_bytes += super::template::definition_size(chunk, at as usize)?;
        if self.n_learned_bytes > MAX_LEARNED_BYTES {
            return None;
        }
        self.used.push(at);
        read_definition(chunk, at as usize)
    }

    fn outer(&mut self, chunk: &[u8], at: u32, block: &mut BlockBuilder) -> Option<usize> {
        match *self.outer_at.get(at as usize)? {
            0 => {
                let definition = self.learn(chunk, at)?;
                self.outer.push(Outer::new(chunk, definition, block)?);
                self.outer_at[at as usize] = self.outer.len() as u16;
                Some(self.outer.len() - 1)
            }
            n => Some(usize::from(n) - 1),
        }
    }

    fn inner(&mut self, chunk: &[u8], at: u32) -> Option<usize> {
        match *self.inner_at.get(at as usize)? {
            0 => {
                let definition = self.learn(chunk, at)?;
                self.inner.push(Inner { data: definition.data, plan: Plan::default() });
                self.inner_at[at as usize] = self.inner.len() as u16;
                Some(self.inner.len() - 1)
            }
            n => Some(usize::from(n) - 1),
        }
    }
}

impl Outer {
    fn new(chunk: &[u8], definition: Definition, block: &mut BlockBuilder) -> Option<Self> {
        let Definition { system, payload, data } = definition;
        let (Slot::Value(_), Slot::Value(_)) = (system.event_id, system.time) else { return None };
        let mut literal = |slot: Slot| match slot {
            Slot::Literal(at, len) => {
                let raw = Raw::Utf16(chunk.get(at as usize..(at + len) as usize)?);
                Some(block.cells.text(Type::Text, raw))
            }
            _ => None,
        };
        let [provider, channel, computer] =
            [system.provider, system.channel, system.computer].map(&mut literal);
        Some(Outer { system, payload, data, provider, channel, computer, origin: None })
    }
}

/// Of an origin: which events it has, by id.
struct OriginIndex {
    by_id: Vec<(u16, SpecIdx)>,
    other: Option<SpecIdx>,
}

static INDEX: LazyLock<Vec<OriginIndex>> = LazyLock::new(|| {
    let mut next: SpecIdx = 0;
    let mut number = || {
        next += 1;
        next - 1
    };
    ORIGINS
        .iter()
        .map(|origin| {
            let by_id = origin.events.iter().map(|spec: &Spec| (spec.id, number())).collect();
            OriginIndex { by_id, other: origin.other.as_ref().map(|_| number()) }
        })
        .collect()
});

/// The origin with this provider and channel, whatever their case.
pub fn origin_of(provider: &str, channel: &str) -> Option<u16> {
    let is_origin = |origin: &crate::event::table::Origin| {
        origin.channel.eq_ignore_ascii_case(channel)
            && origin.providers.iter().any(|name| name.eq_ignore_ascii_case(provider))
    };
    ORIGINS.iter().position(is_origin).map(|n| n as u16)
}

/// The spec of an event id of an origin, and whether it is the origin's own or its `other`.
pub fn spec_of(origin: u16, event_id: u32) -> Option<SpecIdx> {
    let index = &INDEX[usize::from(origin)];
    let id = u16::try_from(event_id).ok()?;
    match index.by_id.binary_search_by_key(&id, |entry| entry.0) {
        Ok(n) => Some(index.by_id[n].1),
        Err(_) => index.other,
    }
}

/// Audit outcome bits of the Keywords (domain.md E.1, 1).
pub fn outcome(keywords: u64) -> u8 {
    (keywords >> 53 & 1) as u8 | ((keywords >> 52 & 1) << 1) as u8
}

/// Whether both checksums of a chunk's header hold.
pub fn checksums_hold(chunk: &[u8]) -> bool {
    let stored = |at| u32_at(chunk, at);
    let Some(records) = u32_at(chunk, 48).and_then(|free| chunk.get(RECORDS_AT..free as usize)) else {
        return false;
    };
    let (Some(head), Some(tables)) = (chunk.get(..120), chunk.get(128..RECORDS_AT)) else { return false };
    let mut header = crc32fast::Hasher::new();
    header.update(head);
    header.update(tables);
    stored(124) == Some(header.finalize()) && stored(52) == Some(crc32fast::hash(records))
}

/// Reads a chunk whose checksums hold; `None` if anything in it is not as Windows writes it.
pub fn read_chunk(chunk: &[u8], templates: &mut Templates, block: &mut BlockBuilder) -> Option<()> {
    templates.clear();
    let end = u32_at(chunk, 48)? as usize;
    let mut at = RECORDS_AT;
    while at < end {
        let size = u32_at(chunk, at + 4)? as usize;
        let record_end = at.checked_add(size).filter(|&record_end| record_end <= end)?;
        let is_record = chunk.get(at..at + 4)? == b"\x2a\x2a\0\0" && size >= 28;
        if !is_record || u32_at(chunk, record_end - 4)? as usize != size {
            return None;
        }
        read_record(chunk, at, record_end - 4, templates, block)?;
        at = record_end;
    }
    Some(())
}

fn read_record(
    chunk: &[u8],
    at: usize,
    end: usize,
    templates: &mut Templates,
    block: &mut BlockBuilder,
) -> Option<()> {
    let Instance { definition_at, values } = read_instance(chunk, at + 24, end)?;
    let n = templates.outer(chunk, definition_at, block)?;
    let outer = &templates.outer[n];
    let (Raw::Number(event_id), Raw::FileTime(ticks)) =
        (values.slot(outer.system.event_id), values.slot(outer.system.time))
    else {
        return None;
    };
    let mut text = |literal: Option<StrId>, slot| {
        literal.unwrap_or_else(|| block.cells.text(Type::Text, values.slot(slot)))
    };
    let signature = Signature {
        provider: text(outer.provider, outer.system.provider),
        channel: text(outer.channel, outer.system.channel),
        computer: text(outer.computer, outer.system.computer),
        event_id: event_id as u32,
        task: values.slot(outer.system.task).number().unwrap_or(0) as u32,
        level: values.slot(outer.system.level).number().unwrap_or(0) as u8,
        outcome: outcome(values.slot(outer.system.keywords).number().unwrap_or(0)),
        _pad: 0,
    };
    let record_id = match values.slot(outer.system.record_id).number() {
        Some(id) => id,
        None => u64_at(chunk, at + 8)?,
    };
    block.push_record(System { record_id, time: Timestamp::from_filetime(ticks), signature });
    let outer = &mut templates.outer[n];
    let origin = outer.origin(signature.provider, signature.channel, &block.cells.strings);
    match origin.and_then(|origin| spec_of(origin, signature.event_id)) {
        Some(spec) => read_event(chunk, n, spec, &values, templates, block),
        None => Some(()),
    }
}

/// Types the record that was pushed last.
fn read_event(
    chunk: &[u8],
    outer: usize,
    spec: SpecIdx,
    values: &Values<'_>,
    templates: &mut Templates,
    block: &mut BlockBuilder,
) -> Option<()> {
    let system = templates.outer[outer].system;
    let payload = templates.outer[outer].payload.filter(|&n| !values.is_nothing(n));
    let Some(payload) = payload else {
        // The data are part of the record's own template, or there are none.
        let plan = make_plan(chunk, spec, &templates.outer[outer].data);
        if is_left_out(spec, |n| values.slot(plan[n])) {
            return Some(());
        }
        block.push_event(spec, |n| field(spec, n, &system, values, values.slot(plan[n])));
        return Some(());
    };
    let (start, end) = values.binxml(payload)?;
    let Instance { definition_at, values: data } = read_instance(chunk, start, end)?;
    let inner = templates.inner(chunk, definition_at)?;
    let Inner { data: bindings, plan } = &mut templates.inner[inner];
    if plan.spec != Some(spec) {
        *plan = Plan { spec: Some(spec), slots: make_plan(chunk, spec, bindings) };
    }
    let slots = &plan.slots;
    if !is_left_out(spec, |n| data.slot(slots[n])) {
        block.push_event(spec, |n| field(spec, n, &system, values, data.slot(slots[n])));
    }
    Some(())
}

/// A field of the spec: data, or a part of the System element.
fn field<'a>(spec: SpecIdx, n: usize, system: &SystemSlots, values: &Values<'a>, data: Raw<'a>) -> Raw<'a> {
    let name = LAYOUTS[usize::from(spec)].spec.fields[n].0;
    // Nearly all are data: one byte tells.
    if !name.starts_with('@') {
        return data;
    }
    match name {
        "@UserID" => values.slot(system.user_id),
        "@ActivityID" => values.slot(system.activity_id),
        _ => data,
    }
}

/// Whether a record is none of those that are kept of its id.
pub fn is_left_out<'a>(spec: SpecIdx, value: impl Fn(usize) -> Raw<'a>) -> bool {
    let spec = LAYOUTS[usize::from(spec)].spec;
    let none_of = |wanted: &[Field], is_telling: &dyn Fn(u64) -> bool| {
        let mut fields = spec.fields.iter().enumerate().filter(|(_, (_, field))| wanted.contains(field));
        fields.all(|(n, _)| !value(n).number().is_some_and(is_telling))
    };
    match spec.keep {
        Keep::All => false,
        Keep::Cited => none_of(&[Field::SubjectLogonId, Field::TargetLogonId], &|luid| {
            luid != 0 && !crate::event::LogonId(luid).is_fixed()
        }),
        Keep::LogonPorts => none_of(&[Field::Port, Field::DestPort], &|port| LOGON_PORTS.contains(&port)),
    }
}

/// For each field of the spec, where a template with these data fields has it.
fn make_plan(chunk: &[u8], spec: SpecIdx, data: &[Binding]) -> Vec<Slot> {
    let fields = LAYOUTS[usize::from(spec)].spec.fields;
    fields.iter().map(|(name, _)| find(chunk, data, name)).collect()
}

fn find(chunk: &[u8], data: &[Binding], name: &str) -> Slot {
    let is = |binding: &&Binding| match (binding.name, name.strip_prefix('#')) {
        (Name::Unnamed(n), Some(number)) => number.parse() == Ok(n),
        (Name::At(at, len), None) => is_name_ignoring_case(chunk, (at, len), name),
        _ => false,
    };
    data.iter().find(is).map_or(Slot::Absent, |binding| binding.slot)
}
