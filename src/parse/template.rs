//! Templates: where in a record's values each field stands.
//!
//! Windows writes a record as a template and the values to put into it (MS-EVEN6 2.2.12). Reading a template's
//! definition once tells for all its records which value is the EventID, and which is TargetLogonId. Definitions that
//! are not of the plain form Windows writes are refused ([`None`]) and left to the slow reader.

use super::shape::Shape;
use super::value::{Raw, u16_at, u32_at, unsigned};

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    #[default]
    Absent,
    /// The record's value of this number.
    Value(u16),
    /// Item `.1` of the record's value `.0`, an array of strings.
    Item(u16, u32),
    /// Text of the template: where in the definition, and how many bytes of UTF-16.
    Literal(u32, u32),
}

/// A data field's name, or its place among the unnamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    Text(Box<str>),
    Unnamed(u32),
}

/// One data field of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub name: Name,
    pub slot: Slot,
}

/// Where the value of the field with this name comes from: a name of ASCII letters in any case, or `#3` for the fourth
/// `Data` without one.
pub fn find(data: &[Binding], name: &str) -> Slot {
    let number = name.strip_prefix('#').and_then(|number| number.parse().ok());
    let is = |binding: &&Binding| match &binding.name {
        Name::Unnamed(n) => Some(*n) == number,
        Name::Text(text) => text.eq_ignore_ascii_case(name),
    };
    data.iter().find(is).map_or(Slot::Absent, |binding| binding.slot)
}

/// Where the System element's parts are.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSlots {
    pub provider: Slot,
    pub event_id: Slot,
    pub level: Slot,
    pub task: Slot,
    pub keywords: Slot,
    pub time: Slot,
    pub record_id: Slot,
    pub activity_id: Slot,
    pub channel: Slot,
    pub computer: Slot,
    pub user_id: Slot,
}

/// What a definition says.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    pub system: SystemSlots,
    /// The value that holds EventData or UserData as BinXML of its own.
    pub payload: Option<u16>,
    /// Data fields of the definition itself.
    pub data: Vec<Binding>,
}

/// Bytes before the BinXML of a definition: next definition, GUID, size.
const HEADER_BYTES: usize = 24;

/// Deeper than any event: Event, UserData, an element of its own, fields, and some.
const MAX_DEPTH: usize = 16;

/// Size in bytes of a definition with its header, if it fits in the chunk.
pub fn definition_size(chunk: &[u8], at: usize) -> Option<usize> {
    let size = HEADER_BYTES.checked_add(u32_at(chunk, at.checked_add(20)?)? as usize)?;
    (at.checked_add(size)? <= chunk.len()).then_some(size)
}

/// GUID and size of the definition at an offset of the chunk.
pub fn definition_key(chunk: &[u8], at: usize) -> Option<[u8; 20]> {
    chunk.get(at.checked_add(4)?..at.checked_add(HEADER_BYTES)?)?.try_into().ok()
}

/// Whether the offset of a name that stands at a place of the chunk points behind itself: the first use of a name
/// brings the name along.
pub fn is_in_place(offset: u32, place: usize) -> bool {
    offset as usize == place + 4
}

/// Reads the definition at an offset of the chunk.
pub fn read_definition(chunk: &[u8], at: usize) -> Option<(Definition, Shape)> {
    let size = definition_size(chunk, at)?;
    let mut reader = Reader::new(chunk, at, size);
    reader.run()?;
    let shape = Shape::new(chunk, at, size, &reader.references)?;
    Some((reader.definition, shape))
}

/// What an element is, as far as it matters here.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Element {
    Event,
    System,
    UserData,
    Data,
    #[default]
    Other,
}

/// An element that is open.
#[derive(Clone, Copy, Default)]
struct Open {
    name: (u32, u32),
    element: Element,
    /// Text of its `Name` attribute.
    label: Option<(u32, u32)>,
    has_content: bool,
}

struct Reader<'a> {
    chunk: &'a [u8],
    /// Where the definition begins.
    base: usize,
    at: usize,
    end: usize,
    open: [Open; MAX_DEPTH],
    depth: usize,
    /// The attribute whose value comes next, and whether it has one.
    attribute: Option<(u32, u32)>,
    attribute_has_value: bool,
    /// Where the name of `Data` is, and that of its attribute `Name`, once they are known; no name has this place before.
    data_name: (u32, u32),
    label_name: (u32, u32),
    n_unnamed: u32,
    /// Where in the definition the offsets of names are.
    references: Vec<usize>,
    definition: Definition,
}

impl<'a> Reader<'a> {
    fn new(chunk: &'a [u8], base: usize, size: usize) -> Self {
        Reader {
            chunk,
            base,
            at: base + HEADER_BYTES,
            end: base + size,
            open: [Open::default(); MAX_DEPTH],
            depth: 0,
            attribute: None,
            attribute_has_value: false,
            data_name: (0, 0),
            label_name: (0, 0),
            n_unnamed: 0,
            references: Vec::new(),
            definition: Definition::default(),
        }
    }

    fn run(&mut self) -> Option<()> {
        while self.at < self.end {
            match self.u8()? {
                0x00 => return (self.depth == 0).then_some(()),
                0x0f => self.at += 3,
                token @ (0x01 | 0x41) => self.open_element(token == 0x41)?,
                0x02 => self.attribute = None,
                0x03 | 0x04 => self.close_element()?,
                0x06 | 0x46 => self.begin_attribute()?,
                0x05 | 0x45 => {
                    let literal = self.literal()?;
                    self.content(Slot::Literal(literal.0, literal.1), 0x01)?;
                }
                0x0d | 0x0e => {
                    let (value, kind) = (self.u16()?, self.u8()?);
                    self.content(Slot::Value(value), kind)?;
                }
                // Entities, character references, CDATA, processing instructions: never in Windows' own templates.
                _ => return None,
            }
        }
        (self.depth == 0).then_some(())
    }

    fn u8(&mut self) -> Option<u8> {
        let byte = *self.chunk.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn u16(&mut self) -> Option<u16> {
        let value = u16_at(self.chunk, self.at)?;
        self.at += 2;
        Some(value)
    }

    fn u32(&mut self) -> Option<u32> {
        let value = u32_at(self.chunk, self.at)?;
        self.at += 4;
        Some(value)
    }

    /// A reference to a name: its UTF-16 text. The name itself stands here when it is used for the first time.
    fn name(&mut self) -> Option<(u32, u32)> {
        let place = self.at;
        self.references.push(place - self.base);
        let at = self.u32()?;
        // Next name, hash, then the length in units.
        let n_units = u32::from(u16_at(self.chunk, (at as usize).checked_add(6)?)?);
        if is_in_place(at, place) {
            self.at += 8 + 2 * n_units as usize + 2;
        }
        let text = (at + 8, 2 * n_units);
        self.chunk.get(text.0 as usize..(text.0 + text.1) as usize).map(|_| text)
    }

    fn open_element(&mut self, has_attributes: bool) -> Option<()> {
        // Dependency id and size.
        self.at += 2 + 4;
        let name = self.name()?;
        if has_attributes {
            self.at += 4;
        }
        let element = self.element(name);
        *self.open.get_mut(self.depth)? = Open { name, element, ..Open::default() };
        self.depth += 1;
        self.attribute = None;
        Some(())
    }

    /// Whether an attribute is `Name`.
    fn is_label(&mut self, attribute: (u32, u32)) -> bool {
        let is_it = attribute == self.label_name || self.is(attribute, "Name");
        if is_it {
            self.label_name = attribute;
        }
        is_it
    }

    /// A chunk has each name once: most elements are `Data`, and the first of them tells where its name is.
    fn element(&mut self, name: (u32, u32)) -> Element {
        if name == self.data_name {
            return Element::Data;
        }
        let element = match name.1 {
            8 if self.is(name, "Data") => Element::Data,
            10 if self.is(name, "Event") => Element::Event,
            12 if self.is(name, "System") => Element::System,
            16 if self.is(name, "UserData") => Element::UserData,
            _ => Element::Other,
        };
        if element == Element::Data {
            self.data_name = name;
        }
        element
    }

    fn close_element(&mut self) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        self.attribute = None;
        Some(())
    }

    fn begin_attribute(&mut self) -> Option<()> {
        self.attribute = Some(self.name()?);
        self.attribute_has_value = false;
        Some(())
    }

    fn literal(&mut self) -> Option<(u32, u32)> {
        if self.u8()? != 0x01 {
            return None;
        }
        let n_bytes = 2 * u32::from(self.u16()?);
        let text = ((self.at - self.base) as u32, n_bytes);
        self.at += n_bytes as usize;
        (self.at <= self.end).then_some(text)
    }

    /// A literal or a value: of the attribute just named, or of the element that is open.
    fn content(&mut self, slot: Slot, kind: u8) -> Option<()> {
        let depth = self.depth.checked_sub(1)?;
        // Text made of several parts is not a field that Windows writes.
        let is_second = match self.attribute {
            Some(_) => std::mem::replace(&mut self.attribute_has_value, true),
            None => std::mem::replace(&mut self.open[depth].has_content, true),
        };
        // EventData stands for itself; what is in UserData is another template's.
        let is_payload = depth == 0 || depth == 1 && self.open[1].element == Element::UserData;
        if is_payload && self.attribute.is_none() && kind == 0x21 {
            let Slot::Value(value) = slot else { return None };
            return self.definition.payload.replace(value).is_none().then_some(());
        }
        if is_second {
            return None;
        }
        match self.is_in_system() {
            true => self.system_field(slot),
            false => self.data_field(slot, kind),
        }
    }

    fn is_in_system(&self) -> bool {
        self.depth >= 2 && self.open[0].element == Element::Event && self.open[1].element == Element::System
    }

    fn system_field(&mut self, slot: Slot) -> Option<()> {
        if self.depth != 3 {
            return Some(());
        }
        let element = self.open[2].name;
        let is = |name| is_name(self.chunk, element, name);
        let has = |name| self.attribute.is_some_and(|attribute| is_name(self.chunk, attribute, name));
        let system = &mut self.definition.system;
        let target = match self.attribute {
            None if is("EventID") => &mut system.event_id,
            None if is("Level") => &mut system.level,
            None if is("Task") => &mut system.task,
            None if is("Keywords") => &mut system.keywords,
            None if is("EventRecordID") => &mut system.record_id,
            None if is("Channel") => &mut system.channel,
            None if is("Computer") => &mut system.computer,
            Some(_) if is("Provider") && has("Name") => &mut system.provider,
            Some(_) if is("TimeCreated") && has("SystemTime") => &mut system.time,
            Some(_) if is("Correlation") && has("ActivityID") => &mut system.activity_id,
            Some(_) if is("Security") && has("UserID") => &mut system.user_id,
            _ => return Some(()),
        };
        *target = slot;
        Some(())
    }

    fn data_field(&mut self, slot: Slot, kind: u8) -> Option<()> {
        let Open { name, element, label, .. } = self.open[self.depth - 1];
        let attribute = self.attribute;
        let name = match attribute {
            Some(attribute) if element == Element::Data && self.is_label(attribute) => {
                let Slot::Literal(at, len) = slot else { return None };
                self.open[self.depth - 1].label = Some((self.base as u32 + at, len));
                return Some(());
            }
            Some(attribute) => attribute,
            None => match label {
                Some(label) => label,
                None if element == Element::Data => return self.unnamed(slot, kind),
                None => name,
            },
        };
        let name = Name::Text(utf16_text(self.chunk.get(name.0 as usize..(name.0 + name.1) as usize)?));
        self.definition.data.push(Binding { name, slot });
        Some(())
    }

    /// `Data` without a name: one text, or an array of them in one value.
    fn unnamed(&mut self, slot: Slot, kind: u8) -> Option<()> {
        let n = self.n_unnamed;
        match (slot, kind) {
            // The array stands for as many `Data` as it has items; nothing may be numbered after it.
            (Slot::Value(value), 0x81) => {
                for item in 0..MAX_UNNAMED {
                    let name = Name::Unnamed(n + item);
                    self.definition.data.push(Binding { name, slot: Slot::Item(value, item) });
                }
                self.n_unnamed += MAX_UNNAMED;
            }
            _ => {
                self.definition.data.push(Binding { name: Name::Unnamed(n), slot });
                self.n_unnamed += 1;
            }
        }
        Some(())
    }

    fn is(&self, name: (u32, u32), text: &str) -> bool {
        is_name(self.chunk, name, text)
    }
}

/// Unnamed `Data` that are told apart; the table of events names fewer.
const MAX_UNNAMED: u32 = 16;

/// Whether UTF-16 text of the chunk is this ASCII text.
fn is_name(chunk: &[u8], (at, len): (u32, u32), text: &str) -> bool {
    let Some(name) = chunk.get(at as usize..(at + len) as usize) else { return false };
    name.len() == 2 * text.len()
        && name.chunks_exact(2).zip(text.bytes()).all(|(unit, byte)| unit[0] == byte && unit[1] == 0)
}

fn utf16_text(bytes: &[u8]) -> Box<str> {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into()
}

/// The most values of a record that is read here; Windows' own have fewer than half as many.
const MAX_VALUES: usize = 96;

/// Room for where the values of a record are. Used for one record after the other: it is half a kilobyte, and to clear
/// it for each would cost more than to fill it.
pub struct Table {
    kinds: [u8; MAX_VALUES],
    /// Where each value begins, and the last one ends.
    starts: [u32; MAX_VALUES + 1],
}

impl Default for Table {
    fn default() -> Self {
        Table { kinds: [0; MAX_VALUES], starts: [0; MAX_VALUES + 1] }
    }
}

/// The values of a template instance.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    chunk: &'a [u8],
    /// Where the template's definition is.
    definition_at: u32,
    kinds: &'a [u8],
    /// One more than there are kinds.
    starts: &'a [u32],
}

/// Where a value is in its chunk.
#[derive(Clone, Copy, Default)]
pub struct ValueRef {
    kind: u8,
    start: u32,
    end: u32,
}

/// Stands for the kind of text that is the template's own: no value has it.
const LITERAL: u8 = u8::MAX;

/// A template instance within a chunk: which definition, and its values.
pub struct Instance<'a> {
    pub definition_at: u32,
    pub values: Values<'a>,
}

impl<'a> Values<'a> {
    pub fn get(&self, n: u16) -> Raw<'a> {
        let (kind, start, end) = self.place(n).unwrap_or_default();
        Raw::from_binxml(kind, self.chunk.get(start as usize..end as usize).unwrap_or_default())
    }

    /// The kind of a value, and where it begins and ends.
    fn place(&self, n: u16) -> Option<(u8, u32, u32)> {
        let n = usize::from(n);
        Some((*self.kinds.get(n)?, *self.starts.get(n)?, *self.starts.get(n + 1)?))
    }

    /// Where the value of a slot is.
    pub fn value_ref(&self, slot: Slot) -> ValueRef {
        match slot {
            Slot::Value(n) => {
                let (kind, start, end) = self.place(n).unwrap_or_default();
                ValueRef { kind, start, end }
            }
            Slot::Literal(at, len) => {
                let start = self.definition_at + at;
                ValueRef { kind: LITERAL, start, end: start + len }
            }
            _ => ValueRef::default(),
        }
    }

    /// Whether two values of this chunk are alike. One that has no place of its own is like no other.
    pub fn is_same(&self, one: ValueRef, other: ValueRef) -> bool {
        let bytes = |of: ValueRef| self.chunk.get(of.start as usize..of.end as usize);
        one.start > 0 && one.kind == other.kind && bytes(one) == bytes(other)
    }

    /// The value of a slot, if it is of one of the kinds that are unsigned numbers: what most fields that are not text
    /// are, without the detour over [`Raw`].
    pub fn unsigned(&self, slot: Slot) -> Option<u64> {
        let Slot::Value(n) = slot else { return None };
        let (kind, start, end) = self.place(n)?;
        let bytes = self.chunk.get(start as usize..end as usize)?;
        matches!((kind, bytes.len()), (0x04 | 0x06 | 0x08 | 0x0a | 0x14 | 0x15, 1 | 2 | 4 | 8))
            .then(|| unsigned(bytes))
    }

    /// The value of a slot as a whole number, however it is written.
    pub fn number(&self, slot: Slot) -> Option<u64> {
        self.unsigned(slot).or_else(|| self.slot(slot).number())
    }

    /// Where the value is, if it is BinXML.
    pub fn binxml(&self, n: u16) -> Option<(usize, usize)> {
        let (kind, start, end) = self.place(n)?;
        (kind == 0x21).then_some((start as usize, end as usize))
    }

    pub fn is_nothing(&self, n: u16) -> bool {
        self.place(n).is_none_or(|(kind, start, end)| start == end || kind == 0)
    }

    pub fn slot(&self, slot: Slot) -> Raw<'a> {
        match slot {
            Slot::Absent => Raw::Nothing,
            Slot::Value(n) => self.get(n),
            Slot::Item(n, item) => self.get(n).item(item),
            Slot::Literal(at, len) => {
                let start = (self.definition_at + at) as usize;
                self.chunk.get(start..start + len as usize).map_or(Raw::Nothing, Raw::Utf16)
            }
        }
    }
}

/// Reads a stream that is one template instance: a fragment header (a nested stream may lack it), the instance, and
/// the end.
pub fn read_instance<'a>(
    chunk: &'a [u8],
    start: usize,
    end: usize,
    room: &'a mut Table,
) -> Option<Instance<'a>> {
    let stream = chunk.get(start..end)?;
    let token = match stream {
        [0x0f, 1, 1, 0, 0x0c, ..] => 4,
        [0x0c, ..] => 0,
        _ => return None,
    };
    // After the token: a byte, the template's id, then its offset.
    let definition_at = u32_at(stream, token + 6)?;
    let mut at = start + token + 10;
    if definition_at as usize == at {
        at += definition_size(chunk, at)?;
    }
    let n = u32_at(chunk, at)? as usize;
    at += 4;
    if n > MAX_VALUES {
        return None;
    }
    let table = chunk.get(at..at + 4 * n)?;
    at += 4 * n;
    for ((entry, kind), start) in table.chunks_exact(4).zip(&mut room.kinds).zip(&mut room.starts) {
        *kind = entry[2];
        *start = at as u32;
        at += usize::from(u16::from_le_bytes([entry[0], entry[1]]));
    }
    room.starts[n] = at as u32;
    let values = Values { chunk, definition_at, kinds: &room.kinds[..n], starts: &room.starts[..=n] };
    (at <= end).then_some(Instance { definition_at, values })
}
