//! The fast reader: chunks as Windows writes them, whose checksums hold.
//!
//! It looks at each record's EventID before anything else, takes only the fields that [`crate::event::table`] keeps,
//! and renders nothing. Whatever is not of the usual shape makes it give up on the chunk, which then goes to the
//! slow reader: this one never guesses.

use super::block::BlockBuilder;
use super::cells::RunKey;
use super::checksum::crc32_of_two;
use super::instance::{Instance, MAX_RUN, Starts, ValueRef, Values, read_instance};
use super::same::same;
use super::shape::Shape;
use super::template::{
    Binding, Definition, Slot, SystemSlots, definition_end, definition_guid, find, is_of_shape,
    read_definition,
};
use super::value::{Raw, u32_at, u64_at};
use crate::event::columns::{LAYOUTS, SpecIdx};
use crate::event::records::Signature;
use crate::event::table::{Keep, LOGON_PORTS, Spec};
use crate::event::{Field, LogonId, StrId, Type};
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

/// How an event of a spec is read from the values of a template.
#[derive(Default)]
struct Plan {
    spec: Option<SpecIdx>,
    /// By which records are kept at all ([`is_kept`]).
    telling: Vec<Slot>,
    /// The fields that the template has.
    steps: Vec<Step>,
}

/// What is kept of an event: a value, or several at once.
enum Step {
    Texts(Texts),
    /// Of a type that is a number and nothing else.
    Number {
        slot: Slot,
        ty: Type,
        cell: usize,
    },
    Value {
        place: Place,
        ty: Type,
        cell: usize,
    },
}

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Place {
    Data(Slot),
    /// Parts of the System element.
    UserId,
    ActivityId,
}

/// Texts that stand in a row and go together: the SID, the name and the domain of an account are looked for at once.
/// Many records in a row have the same ones, and comparing bytes is cheaper still than finding them.
struct Texts {
    party: Option<Party>,
    /// The values' numbers: this one, and those that follow.
    first: u16,
    n: usize,
    types: [Type; MAX_RUN],
    cells: [usize; MAX_RUN],
    /// What was read last in this chunk: its key, where it begins, and its numbers.
    last: Option<(RunKey, u32, [StrId; MAX_RUN])>,
}

impl Texts {
    /// Nearly each GUID is another: to look for one costs as much as to write it.
    fn can_have(ty: Type) -> bool {
        ty.is_text() && ty != Type::Guid
    }

    fn new(field: Field, first: u16, cell: usize) -> Self {
        let (types, cells) = ([field.ty(); MAX_RUN], [cell; MAX_RUN]);
        Texts { party: party(field), first, n: 1, types, cells, last: None }
    }

    /// Takes up the next ones if they follow and are of the same account.
    fn join(&mut self, next: &Texts) -> bool {
        let joins = self.party.is_some()
            && self.party == next.party
            && usize::from(self.first) + self.n == usize::from(next.first)
            && self.n < MAX_RUN;
        if joins {
            (self.types[self.n], self.cells[self.n]) = (next.types[0], next.cells[0]);
            self.n += 1;
        }
        joins
    }

    fn read(&mut self, data: &Values<'_>, block: &mut BlockBuilder) {
        let Some(run) = data.run(self.first, self.n) else { return };
        let mut key = run.forms();
        for (part, &ty) in key.iter_mut().zip(&self.types) {
            *part |= (ty as u32) << 24;
        }
        let n_bytes = run.bytes.len() as u32;
        let ids = match self.last {
            Some((last, start, ids))
                if last == key && same(data.bytes(start, start + n_bytes), run.bytes) =>
            {
                ids
            }
            _ => {
                let ids = block.cells.texts(&self.types[..self.n], key, run);
                self.last = Some((key, run.start, ids));
                ids
            }
        };
        for (&cell, id) in self.cells.iter().zip(ids).take(self.n) {
            block.put_text(cell, id);
        }
    }
}

/// Whose SID, name or domain a field is.
#[derive(Clone, Copy, PartialEq)]
enum Party {
    Subject,
    Target,
}

fn party(field: Field) -> Option<Party> {
    match field {
        Field::SubjectSid | Field::SubjectUser | Field::SubjectDomain => Some(Party::Subject),
        Field::TargetSid | Field::TargetUser | Field::TargetDomain => Some(Party::Target),
        _ => None,
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
    let (mut at, mut room) = (RECORDS_AT, [Starts::default(), Starts::default()]);
    while at < end {
        let size = u32_at(chunk, at + 4)? as usize;
        let record_end = at.checked_add(size).filter(|&record_end| record_end <= end)?;
        let is_record = chunk.get(at..at + 4)? == b"\x2a\x2a\0\0" && size >= 28;
        if !is_record || u32_at(chunk, record_end - 4)? as usize != size {
            return None;
        }
        read_record(chunk, at, record_end - 4, &mut room, templates, block)?;
        at = record_end;
    }
    Some(())
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

impl Plan {
    /// Makes the plan for a template with these data fields, if it is for another spec. Fields that are the same in each
    /// record are none that Windows writes.
    fn prepare(&mut self, spec: SpecIdx, data: &[Binding]) -> Option<()> {
        if self.spec == Some(spec) {
            return Some(());
        }
        let layout = &LAYOUTS[usize::from(spec)];
        let slot = |name: &str| find(data, name);
        self.spec = None;
        self.telling = telling(layout.spec).map(|n| slot(layout.spec.fields[n].0)).collect();
        self.steps.clear();
        for &(name, field) in layout.spec.fields {
            let place = match name {
                "@UserID" => Place::UserId,
                "@ActivityID" => Place::ActivityId,
                _ => match slot(name) {
                    Slot::Absent => continue,
                    Slot::Literal(_) => return None,
                    slot => Place::Data(slot),
                },
            };
            let Some(cell) = layout.slot(field) else { continue };
            self.add(field, place, cell);
        }
        self.spec = Some(spec);
        Some(())
    }

    fn read(
        &mut self,
        spec: SpecIdx,
        system: &SystemSlots,
        values: &Values<'_>,
        data: &Values<'_>,
        block: &mut BlockBuilder,
    ) {
        let keep = LAYOUTS[usize::from(spec)].spec.keep;
        if !is_kept(keep, self.telling.iter().map(|&slot| data.number(slot))) {
            return;
        }
        block.push_event(spec);
        for step in &mut self.steps {
            match step {
                Step::Texts(texts) => texts.read(data, block),
                Step::Number { slot, ty, cell } => match data.unsigned(*slot) {
                    Some(number) => block.put_number(*cell, *ty, number),
                    None => block.put(*cell, *ty, data.slot(*slot)),
                },
                Step::Value { place, ty, cell } => {
                    let raw = match *place {
                        Place::Data(slot) => data.slot(slot),
                        Place::UserId => values.slot(system.user_id),
                        Place::ActivityId => values.slot(system.activity_id),
                    };
                    block.put(*cell, *ty, raw);
                }
            }
        }
    }

    /// What held in another chunk or block only.
    fn forget(&mut self) {
        for step in &mut self.steps {
            if let Step::Texts(texts) = step {
                texts.last = None;
            }
        }
    }

    fn add(&mut self, field: Field, place: Place, cell: usize) {
        let ty = field.ty();
        let step = match place {
            Place::Data(Slot::Value(n)) if Texts::can_have(ty) => {
                let next = Texts::new(field, n, cell);
                if let Some(Step::Texts(last)) = self.steps.last_mut()
                    && last.join(&next)
                {
                    return;
                }
                Step::Texts(next)
            }
            Place::Data(slot) if matches!(ty, Type::Luid | Type::Number | Type::Port) => {
                Step::Number { slot, ty, cell }
            }
            _ => Step::Value { place, ty, cell },
        };
        self.steps.push(step);
    }
}

/// Places of the spec's fields that say whether a record is kept.
pub fn telling(spec: &Spec) -> impl Iterator<Item = usize> {
    let wanted: &[Field] = match spec.keep {
        Keep::All => &[],
        Keep::Cited => &[Field::SubjectLogonId, Field::TargetLogonId],
        Keep::LogonPorts => &[Field::Port, Field::DestPort],
    };
    let fields = spec.fields.iter().enumerate();
    fields.filter(|(_, (_, field))| wanted.contains(field)).map(|(n, _)| n)
}

/// Whether a record with these values in the fields that say so is kept.
pub fn is_kept(keep: Keep, mut telling: impl Iterator<Item = Option<u64>>) -> bool {
    let mut any = |tells: fn(u64) -> bool| telling.any(|number| number.is_some_and(tells));
    match keep {
        Keep::All => true,
        Keep::Cited => any(|luid| LogonId::new(luid).is_some_and(|luid| !luid.is_fixed())),
        Keep::LogonPorts => any(|port| LOGON_PORTS.contains(&port)),
    }
}
