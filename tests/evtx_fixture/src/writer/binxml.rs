//! Binary XML: a tree of elements and the bytes it becomes in a chunk.

use super::chunk::Chunk;
use crate::value::{Text, write_utf16};

pub(crate) const FRAGMENT_HEADER: [u8; 4] = [0x0f, 0x01, 0x01, 0x00];
pub(crate) const END_OF_STREAM: u8 = 0x00;

/// Set on a token when attributes, or more attributes, follow.
const MORE: u8 = 0x40;
const OPEN_ELEMENT: u8 = 0x01;
const CLOSE_START_TAG: u8 = 0x02;
const CLOSE_EMPTY_ELEMENT: u8 = 0x03;
const END_ELEMENT: u8 = 0x04;
const VALUE: u8 = 0x05;
const ATTRIBUTE: u8 = 0x06;
const SUBSTITUTION: u8 = 0x0d;
const OPTIONAL_SUBSTITUTION: u8 = 0x0e;

const NO_DEPENDENCY: u16 = 0xffff;

/// The longest run of text one value token can hold.
const MAX_TEXT: usize = 0xffff;

#[derive(Debug, Default)]
pub(crate) struct Element {
    pub name: Text,
    /// The substitution without which the element is left out.
    pub dependency: Option<u16>,
    pub attributes: Vec<(Text, Content)>,
    pub children: Vec<Content>,
}

#[derive(Debug)]
pub(crate) enum Content {
    Text(Text),
    Substitution { index: u16, value_type: u8, is_optional: bool },
    Element(Element),
}

/// Whether elements carry dependency ids: in templates they do, in plain fragments they do not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Template,
    Fragment,
}

impl Element {
    pub fn new(name: impl Into<Text>) -> Element {
        Element { name: name.into(), ..Element::default() }
    }

    pub fn depends_on(mut self, index: u16) -> Element {
        self.dependency = Some(index);
        self
    }

    pub fn attribute(mut self, name: impl Into<Text>, content: Content) -> Element {
        self.attributes.push((name.into(), content));
        self
    }

    pub fn child(mut self, content: Content) -> Element {
        self.children.push(content);
        self
    }

    pub fn write(&self, place: Place, chunk: &mut Chunk) {
        let more = if self.attributes.is_empty() { 0 } else { MORE };
        chunk.bytes.push(OPEN_ELEMENT | more);
        if place == Place::Template {
            chunk.bytes.extend(self.dependency.unwrap_or(NO_DEPENDENCY).to_le_bytes());
        }
        let size_at = chunk.reserve_u32();
        chunk.write_name(&self.name);
        self.write_attributes(chunk);
        if self.children.is_empty() && !self.attributes.is_empty() {
            chunk.bytes.push(CLOSE_EMPTY_ELEMENT);
        } else {
            chunk.bytes.push(CLOSE_START_TAG);
            self.children.iter().for_each(|child| child.write(place, chunk));
            chunk.bytes.push(END_ELEMENT);
        }
        chunk.fill_size(size_at);
    }

    fn write_attributes(&self, chunk: &mut Chunk) {
        let Some(last) = self.attributes.len().checked_sub(1) else { return };
        let size_at = chunk.reserve_u32();
        for (i, (name, content)) in self.attributes.iter().enumerate() {
            chunk.bytes.push(ATTRIBUTE | if i < last { MORE } else { 0 });
            chunk.write_name(name);
            content.write(Place::Template, chunk);
        }
        chunk.fill_size(size_at);
    }
}

impl Content {
    pub fn optional(index: u16, value_type: u8) -> Content {
        Content::Substitution { index, value_type, is_optional: true }
    }

    fn write(&self, place: Place, chunk: &mut Chunk) {
        match self {
            Content::Text(text) => write_text(text, chunk),
            Content::Substitution { index, value_type, is_optional } => {
                chunk.bytes.push(if *is_optional { OPTIONAL_SUBSTITUTION } else { SUBSTITUTION });
                chunk.bytes.extend(index.to_le_bytes());
                chunk.bytes.push(*value_type);
            }
            Content::Element(element) => element.write(place, chunk),
        }
    }
}

/// A value token of type string. Windows writes none for the empty string.
fn write_text(text: &str, chunk: &mut Chunk) {
    let start = chunk.bytes.len();
    chunk.bytes.extend([VALUE, 0x01, 0, 0]);
    write_utf16(text, &mut chunk.bytes);
    chunk.bytes.truncate(start + 4 + 2 * MAX_TEXT);
    let n_units = (chunk.bytes.len() - start - 4) / 2;
    chunk.bytes[start + 2..start + 4].copy_from_slice(&(n_units as u16).to_le_bytes());
}
