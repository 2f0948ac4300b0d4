//! Templates: where in a record's values ([`super::instance`]) each field stands.
//!
//! Windows writes a record as a template and the values to put into it (MS-EVEN6 2.2.12). Reading a template's
//! definition once tells for all its records which value is the EventID, and which is TargetLogonId. Definitions that
//! are not of the plain form Windows writes are refused ([`None`]) and left to the slow reader.

use super::shape::{Shape, name_at};
use super::value::{u16_at, u32_at};

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    #[default]
    Absent,
    /// The record's value of this number.
    Value(u16),
    /// Item `.1` of the record's value `.0`, an array of strings.
    Item(u16, u32),
    /// The definition's literal of this number.
    Literal(u16),
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
    /// Texts of the definition, UTF-16.
    pub literals: Vec<Box<[u8]>>,
}

/// Bytes before the BinXML of a definition: next definition, GUID, size.
const HEADER_BYTES: usize = 24;

/// Unnamed `Data` that are told apart; the table of events names fewer.
const MAX_UNNAMED: u32 = 16;

/// Deeper than any event: Event, UserData, an element of its own, fields, and some.
const MAX_DEPTH: usize = 16;

/// Where a definition ends, if it does so within the chunk.
pub fn definition_end(chunk: &[u8], at: usize) -> Option<usize> {
    let body = at.checked_add(HEADER_BYTES)?;
    let end = body.checked_add(u32_at(chunk, body - 4)? as usize)?;
    (end <= chunk.len()).then_some(end)
}

/// The GUID of a definition.
pub fn definition_guid(chunk: &[u8], at: usize) -> Option<[u8; 16]> {
    chunk.get(at.checked_add(4)?..at.checked_add(20)?)?.try_into().ok()
}

/// Whether the definition at an offset of the chunk, which ends there, is of this shape.
pub fn is_of_shape(shape: &Shape, chunk: &[u8], at: usize, end: usize) -> bool {
    shape.is_at(chunk, at + HEADER_BYTES, end)
}

/// Reads the definition at an offset of the chunk, which ends there.
pub fn read_definition(chunk: &[u8], at: usize, end: usize) -> Option<(Definition, Shape)> {
    let mut reader = Reader::new(chunk, at + HEADER_BYTES, end);
    reader.run()?;
    reader.skip(end.checked_sub(reader.at)?)?;
    Some((reader.definition, reader.shape))
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
    /// The literal that is its `Name` attribute.
    label: Option<u16>,
    has_content: bool,
}

struct Reader<'a> {
    chunk: &'a [u8],
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
    definition: Definition,
    shape: Shape,
    /// Up to where the shape is known.
    shaped: usize,
}

impl<'a> Reader<'a> {
    fn new(chunk: &'a [u8], at: usize, end: usize) -> Self {
        Reader {
            chunk,
            at,
            end,
            open: [Open::default(); MAX_DEPTH],
            depth: 0,
            attribute: None,
            attribute_has_value: false,
            data_name: (0, 0),
            label_name: (0, 0),
            n_unnamed: 0,
            definition: Definition::default(),
            shape: Shape::default(),
            shaped: at,
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
                    self.content(literal, 0x01)?;
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

    /// Passes over bytes that tell nothing.
    fn skip(&mut self, n: usize) -> Option<()> {
        self.shape.add(self.chunk.get(self.shaped..self.at)?, n);
        self.at += n;
        self.shaped = self.at;
        Some(())
    }

    /// A reference to a name: its UTF-16 text. What stands before it is `n_skipped` bytes that tell nothing.
    fn name(&mut self, n_skipped: usize) -> Option<(u32, u32)> {
        self.skip(n_skipped)?;
        let (offset, name, after) = name_at(self.chunk, self.at)?;
        self.shape.add_name(name);
        (self.at, self.shaped) = (after, after);
        // After the next name, a hash and the length.
        Some((offset + 8, name.len() as u32 - 2))
    }

    fn open_element(&mut self, has_attributes: bool) -> Option<()> {
        // After a dependency id and a size.
        let name = self.name(2 + 4)?;
        if has_attributes {
            self.skip(4)?;
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
        self.attribute = Some(self.name(0)?);
        self.attribute_has_value = false;
        Some(())
    }

    fn literal(&mut self) -> Option<Slot> {
        if self.u8()? != 0x01 {
            return None;
        }
        let n_bytes = 2 * usize::from(self.u16()?);
        let text = self.chunk.get(self.at..self.at + n_bytes)?;
        self.at += n_bytes;
        self.definition.literals.push(text.into());
        let number = u16::try_from(self.definition.literals.len() - 1).ok()?;
        (self.at <= self.end).then_some(Slot::Literal(number))
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
        // Windows' templates say themselves who writes; all else is the record's.
        let may_be_literal = is("Provider") || is("Channel") || is("Computer");
        (may_be_literal || !matches!(slot, Slot::Literal(_))).then_some(())
    }

    fn data_field(&mut self, slot: Slot, kind: u8) -> Option<()> {
        let Open { name, element, label, .. } = self.open[self.depth - 1];
        let attribute = self.attribute;
        let name = match attribute {
            Some(attribute) if element == Element::Data && self.is_label(attribute) => {
                let Slot::Literal(number) = slot else { return None };
                self.open[self.depth - 1].label = Some(number);
                return Some(());
            }
            Some(attribute) => self.text(attribute)?,
            None => match label {
                Some(label) => utf16_text(&self.definition.literals[usize::from(label)]),
                None if element == Element::Data => return self.unnamed(slot, kind),
                None => self.text(name)?,
            },
        };
        self.definition.data.push(Binding { name: Name::Text(name), slot });
        Some(())
    }

    fn text(&self, (at, len): (u32, u32)) -> Option<Box<str>> {
        self.chunk.get(at as usize..(at + len) as usize).map(utf16_text)
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
