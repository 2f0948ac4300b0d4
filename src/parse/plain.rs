//! The fast reader: chunks as Windows writes them, whose checksums hold.
//!
//! It looks at each record's EventID before anything else, takes only the fields that [`crate::event::table`] keeps,
//! and renders nothing. Whatever is not of the usual shape makes it give up on the chunk, which then goes to the
//! slow reader: this one never guesses.

use super::block::BlockBuilder;
use super::checksum::crc32_of_two;
use super::instance::{Instance, Starts, ValueRef, Values, read_instance};
use super::plan::Plan;
use super::shape::Shape;
use super::slow::{Head, n_records};
use super::template::{
    Binding, Definition, Slot, SystemSlots, definition_end, definition_guid, is_of_shape, read_definition,
};
use super::value::{Raw, u32_at, u64_at};
use crate::event::columns::SpecIdx;
use crate::event::records::Signature;
use crate::event::{StrId, Type};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// Where records begin in a chunk, after its header.
const RECORDS_AT: usize = 512;

/// Bytes of definitions that one chunk may make us read. Windows' own chunks need a fraction of their size; a
/// chunk made to have the same bytes read again and again goes to the slow reader.
const MAX_LEARNED_BYTES: usize = 4 * super::CHUNK_BYTES;

/// Definitions kept from chunk to chunk: a log has a few dozen. One made to have more makes them be forgotten.
const MAX_TEMPLATES: usize = 1024;
const MAX_SHAPE_BYTES: usize = 4 * 1024 * 1024;

/// Templates of one GUID that a definition is compared with: honest ones are of different versions of Windows.
const MAX_ALIKE: usize = 8;

/// The templates learned so far, and where the present chunk has them.
pub struct Templates {
    /// By offset in the chunk: one more than the place in `all`.
    at: Vec<u16>,
    used: Vec<u32>,
    all: Vec<Template>,
    /// Places in `all`, by GUID.
    by_guid: FxHashMap<[u8; 16], Vec<u16>>,
    n_shape_bytes: usize,
    n_learned_bytes: usize,
}

/// What is known of a template: of a record's own, or of one that holds its data.
struct Template {
    shape: Shape,
    system: SystemSlots,
    payload: Option<u16>,
    data: Vec<Binding>,
    plan: Plan,
    provider: NameSlot,
    channel: NameSlot,
    computer: NameSlot,
}

impl Template {
    fn new((definition, shape): (Definition, Shape)) -> Self {
        let Definition { system, payload, data, literals } = definition;
        let [provider, channel, computer] =
            [system.provider, system.channel, system.computer].map(|slot| NameSlot::of(slot, &literals));
        Template { shape, system, payload, data, plan: Plan::default(), provider, channel, computer }
    }

    /// Forgets what held in another chunk or block only.
    fn forget(&mut self) {
        let names = [&mut self.provider, &mut self.channel, &mut self.computer];
        names.into_iter().for_each(NameSlot::forget);
        self.plan.forget();
    }
}

/// A name in the System element, and what it was last: the definition's own as a rule, else often the same for many
/// records in a row.
#[derive(Default)]
struct NameSlot {
    slot: Slot,
    /// Text that is the definition's own.
    literal: Option<Box<[u8]>>,
    last: ValueRef,
    id: Option<StrId>,
}

impl NameSlot {
    fn of(slot: Slot, literals: &[Box<[u8]>]) -> Self {
        let literal = match slot {
            Slot::Literal(n) => literals.get(usize::from(n)).cloned(),
            _ => None,
        };
        NameSlot { slot, literal, ..NameSlot::default() }
    }

    /// What holds in one chunk or block only.
    fn forget(&mut self) {
        (self.last, self.id) = (ValueRef::default(), None);
    }

    #[inline]
    fn read(&mut self, values: &Values<'_>, block: &mut BlockBuilder) -> StrId {
        match self.id {
            Some(id) if self.literal.is_some() => id,
            _ => self.read_value(values, block),
        }
    }

    fn read_value(&mut self, values: &Values<'_>, block: &mut BlockBuilder) -> StrId {
        let here = values.value_ref(self.slot);
        match self.id {
            Some(id) if values.is_same(self.last, here) => id,
            _ => {
                let raw = self.literal.as_deref().map_or_else(|| values.slot(self.slot), Raw::Utf16);
                let id = block.cells.text(Type::Text, raw);
                (self.last, self.id) = (here, Some(id));
                id
            }
        }
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            at: vec![0; super::CHUNK_BYTES],
            used: Vec::new(),
            all: Vec::new(),
            by_guid: FxHashMap::default(),
            n_shape_bytes: 0,
            n_learned_bytes: 0,
        }
    }
}

impl Templates {
    fn begin_chunk(&mut self) {
        for at in self.used.drain(..) {
            self.at[at as usize] = 0;
        }
        if self.all.len() > MAX_TEMPLATES || self.n_shape_bytes > MAX_SHAPE_BYTES {
            self.all.clear();
            self.by_guid.clear();
            self.n_shape_bytes = 0;
        }
        self.n_learned_bytes = 0;
    }

    /// The place in `all` of the template that is defined at an offset of the chunk.
    fn place(&mut self, chunk: &[u8], at: u32) -> Option<usize> {
        match *self.at.get(at as usize)? {
            0 => {
                let end = definition_end(chunk, at as usize)?;
                self.n_learned_bytes += end - at as usize;
                if self.n_learned_bytes > MAX_LEARNED_BYTES {
                    return None;
                }
                let place = self.find_or_learn(chunk, at as usize, end)?;
                self.at[at as usize] = place as u16 + 1;
                self.used.push(at);
                Some(place)
            }
            n => Some(usize::from(n) - 1),
        }
    }

    fn find_or_learn(&mut self, chunk: &[u8], at: usize, end: usize) -> Option<usize> {
        let guid = definition_guid(chunk, at)?;
        let known = self.by_guid.get(&guid).map_or(&[][..], Vec::as_slice);
        let mut latest = known.iter().rev().take(MAX_ALIKE).map(|&place| usize::from(place));
        if let Some(place) = latest.find(|&place| is_of_shape(&self.all[place].shape, chunk, at, end)) {
            self.all[place].forget();
            return Some(place);
        }
        let template = Template::new(read_definition(chunk, at, end)?);
        self.n_shape_bytes += template.shape.n_bytes();
        self.all.push(template);
        let place = self.all.len() - 1;
        self.by_guid.entry(guid).or_default().push(place as u16);
        Some(place)
    }
}

/// Audit outcome bits of the Keywords (domain.md E.1, 1).
pub fn outcome(keywords: u64) -> u8 {
    (keywords >> 53 & 1) as u8 | ((keywords >> 52 & 1) << 1) as u8
}

/// Whether both checksums of each chunk's header hold.
pub fn checksums_hold(chunks: [&[u8]; 2]) -> [bool; 2] {
    let records = chunks.map(records);
    let sums = crc32_of_two(records.map(Option::unwrap_or_default));
    std::array::from_fn(|n| {
        let stored = |at| u32_at(chunks[n], at);
        records[n].is_some() && header_sum(chunks[n]) == stored(124) && stored(52) == Some(sums[n])
    })
}

/// Where the header says that a chunk's records are.
fn records(chunk: &[u8]) -> Option<&[u8]> {
    chunk.get(RECORDS_AT..u32_at(chunk, 48)? as usize)
}

fn header_sum(chunk: &[u8]) -> Option<u32> {
    let mut header = crc32fast::Hasher::new();
    header.update(chunk.get(..120)?);
    header.update(chunk.get(128..RECORDS_AT)?);
    Some(header.finalize())
}

/// Reads a chunk whose checksums hold; `None` if anything in it is not as Windows writes it.
pub fn read_chunk(chunk: &[u8], templates: &mut Templates, block: &mut BlockBuilder) -> Option<()> {
    templates.begin_chunk();
    let end = u32_at(chunk, 48)? as usize;
    let (mut at, mut last, mut n_read) = (RECORDS_AT, None, 0);
    let mut room = [Starts::default(), Starts::default()];
    while at < end {
        let size = u32_at(chunk, at + 4)? as usize;
        let record_end = at.checked_add(size).filter(|&record_end| record_end <= end)?;
        let is_record = chunk.get(at..at + 4)? == b"\x2a\x2a\0\0" && size >= 28;
        if !is_record || u32_at(chunk, record_end - 4)? as usize != size {
            return None;
        }
        read_record(chunk, at, record_end - 4, &mut room, templates, block)?;
        (at, last, n_read) = (record_end, Some(at), n_read + 1);
    }
    // A header by which they end too early hides the others.
    let last = last.and_then(|at| Head::at(chunk, at));
    let is_hiding =
        Head::at(chunk, end).is_some_and(|next| last.is_none_or(|last| last.is_followed_by(next)));
    (!is_hiding && n_records(chunk).is_none_or(|n| n <= n_read)).then_some(())
}

fn read_record(
    chunk: &[u8],
    at: usize,
    end: usize,
    [room, inner_room]: &mut [Starts; 2],
    templates: &mut Templates,
    block: &mut BlockBuilder,
) -> Option<()> {
    let Instance { definition_at, values } = read_instance(chunk, at + 24, end, room)?;
    let n = templates.place(chunk, definition_at)?;
    let outer = &mut templates.all[n];
    let (Raw::Number(event_id), Raw::FileTime(ticks)) =
        (values.slot(outer.system.event_id), values.slot(outer.system.time))
    else {
        return None;
    };
    let signature = Signature {
        provider: outer.provider.read(&values, block),
        channel: outer.channel.read(&values, block),
        computer: outer.computer.read(&values, block),
        event_id: event_id as u32,
        task: values.number(outer.system.task).unwrap_or(0) as u32,
        level: values.number(outer.system.level).unwrap_or(0) as u8,
        outcome: outcome(values.number(outer.system.keywords).unwrap_or(0)),
        is_torn: 0,
        _pad: 0,
    };
    let record_id = match values.number(outer.system.record_id) {
        Some(id) => id,
        None => u64_at(chunk, at + 8)?,
    };
    let (number, spec) = block.signature(signature);
    block.push_record(record_id, Timestamp::from_filetime(ticks), number);
    match spec {
        Some(spec) => read_event(chunk, n, spec, &values, inner_room, templates, block),
        None => Some(()),
    }
}

/// Types the record that was pushed last.
fn read_event(
    chunk: &[u8],
    outer: usize,
    spec: SpecIdx,
    values: &Values<'_>,
    room: &mut Starts,
    templates: &mut Templates,
    block: &mut BlockBuilder,
) -> Option<()> {
    let outer = &mut templates.all[outer];
    let system = outer.system;
    let Some(payload) = outer.payload.filter(|&n| !values.is_nothing(n)) else {
        // The data are part of the record's own template, or there are none.
        outer.plan.prepare(spec, &outer.data)?;
        outer.plan.read(spec, &system, values, values, block);
        return Some(());
    };
    let (start, end) = values.binxml(payload)?;
    let Instance { definition_at, values: data } = read_instance(chunk, start, end, room)?;
    let inner = templates.place(chunk, definition_at)?;
    let Template { data: bindings, plan, .. } = &mut templates.all[inner];
    plan.prepare(spec, bindings)?;
    plan.read(spec, &system, values, &data, block);
    Some(())
}
