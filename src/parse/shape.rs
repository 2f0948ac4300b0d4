//! What a definition looks like wherever it stands, so that a template is learned once for a whole log.
//!
//! Windows defines its templates anew in each chunk. Two definitions of one template differ in the offsets of names,
//! in the names they bring along (a chunk has each name once, where it is used first), and in the sizes that follow
//! from those.

use super::same::same;
use super::value::{u16_at, u32_at};

/// What makes a definition what it is, in its order.
#[derive(Default)]
pub struct Shape {
    parts: Vec<Part>,
    /// The bytes that must be the same, of all parts.
    bytes: Vec<u8>,
    /// Each different name: its length and its UTF-16 text.
    names: Vec<Box<[u8]>>,
}

/// Bytes that must be the same, then some that tell nothing, then perhaps a name.
struct Part {
    n_same: u32,
    n_skipped: u32,
    name: Option<u16>,
}

/// In a name: the offset of the next one and a hash, then its length and text, then a NUL.
const NAME_HEADER_BYTES: usize = 6;
const NUL_BYTES: usize = 2;

/// Different names whose place in the chunk is remembered while a definition is compared: more than Windows' own have.
const MAX_PLACES: usize = 96;

/// The name that is referred to at a place of the chunk, its length and text; and where what follows begins: the first
/// use of a name brings it along.
pub fn name_at(chunk: &[u8], place: usize) -> Option<(u32, &[u8], usize)> {
    let (offset, after) = (u32_at(chunk, place)?, place + 4);
    let name = text_at(chunk, offset)?;
    let is_here = offset as usize == after;
    Some((offset, name, if is_here { after + NAME_HEADER_BYTES + name.len() + NUL_BYTES } else { after }))
}

fn text_at(chunk: &[u8], offset: u32) -> Option<&[u8]> {
    let at = (offset as usize).checked_add(NAME_HEADER_BYTES)?;
    let n_units = usize::from(u16_at(chunk, at)?);
    chunk.get(at..at + 2 + 2 * n_units)
}

impl Shape {
    /// Adds bytes that must be the same, and says how many that tell nothing follow them.
    pub fn add(&mut self, same: &[u8], n_skipped: usize) {
        self.bytes.extend_from_slice(same);
        self.parts.push(Part { n_same: same.len() as u32, n_skipped: n_skipped as u32, name: None });
    }

    /// Adds a name.
    pub fn add_name(&mut self, name: &[u8]) {
        let known = self.names.iter().position(|known| **known == *name);
        let number = known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        if let Some(part) = self.parts.last_mut() {
            part.name = Some(number as u16);
        }
    }

    /// Whether the definition at this range of the chunk is of this shape.
    pub fn is_at(&self, chunk: &[u8], at: usize, end: usize) -> bool {
        self.end_from(chunk, at) == Some(end)
    }

    /// Where a definition of this shape that begins here ends.
    fn end_from(&self, chunk: &[u8], mut at: usize) -> Option<usize> {
        let mut places = [0; MAX_PLACES];
        let mut rest = &self.bytes[..];
        for part in &self.parts {
            let (own, after) = rest.split_at_checked(part.n_same as usize)?;
            rest = after;
            if !same(chunk.get(at..at + own.len())?, own) {
                return None;
            }
            at += own.len() + part.n_skipped as usize;
            let Some(number) = part.name.map(usize::from) else { continue };
            let place = places.get_mut(number)?;
            let offset = u32_at(chunk, at)?;
            // A name that was found there before need not be compared again, nor does it stand here. At 0, where a chunk
            // begins, no name was found.
            if offset != 0 && *place == offset && offset as usize != at + 4 {
                at += 4;
                continue;
            }
            let (offset, name, after) = name_at(chunk, at)?;
            if !same(name, &self.names[number]) {
                return None;
            }
            (*place, at) = (offset, after);
        }
        Some(at)
    }

    /// Bytes it takes to keep this, about.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
            + size_of_val(&self.parts[..])
            + self.names.iter().map(|name| name.len()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a definition of two references to one name and one to another looks like.
    fn shape() -> Shape {
        let mut shape = Shape::default();
        shape.add(b"open", 6);
        shape.add_name(&text("Data"));
        shape.add(b"then", 0);
        shape.add_name(&text("Data"));
        shape.add(b"and", 2);
        shape.add_name(&text("Name"));
        shape.add(b"close", 0);
        shape
    }

    fn text(name: &str) -> Vec<u8> {
        let units = name.encode_utf16().flat_map(u16::to_le_bytes);
        (name.len() as u16).to_le_bytes().into_iter().chain(units).collect()
    }

    fn stored(name: &str) -> Vec<u8> {
        [&[1, 2, 3, 4, 5, 6], &text(name)[..], &[0, 0]].concat()
    }

    /// A chunk with such a definition: names by their text stand before it, others within.
    fn chunk(before: &[&str], names: [&str; 3]) -> (Vec<u8>, usize) {
        let mut chunk = vec![0xaa; 16];
        let mut known: Vec<(String, usize)> = Vec::new();
        for name in before {
            known.push(((*name).to_owned(), chunk.len()));
            chunk.extend(stored(name));
        }
        let at = chunk.len();
        let filler = [&b"sixsix"[..], b"", b"zz"];
        for ((same, filler), name) in [&b"open"[..], b"then", b"and"].into_iter().zip(filler).zip(names) {
            chunk.extend([same, filler].concat());
            match known.iter().find(|(other, _)| other == name) {
                Some((_, offset)) => chunk.extend((*offset as u32).to_le_bytes()),
                None => {
                    known.push((name.to_owned(), chunk.len() + 4));
                    chunk.extend((chunk.len() as u32 + 4).to_le_bytes());
                    chunk.extend(stored(name));
                }
            }
        }
        chunk.extend(b"close");
        (chunk, at)
    }

    fn is_same((chunk, at): (Vec<u8>, usize)) -> bool {
        shape().is_at(&chunk, at, chunk.len())
    }

    #[test]
    fn wherever_its_names_stand_a_definition_is_the_same() {
        for before in [&[][..], &["Data"], &["Name"], &["Other", "Name", "Data"]] {
            assert!(is_same(chunk(before, ["Data", "Data", "Name"])), "{before:?}");
        }
    }

    #[test]
    fn other_names_make_it_another() {
        for before in [&[][..], &["Data", "Name", "Date", "Dat", "Names"]] {
            for names in [
                ["Date", "Date", "Name"],
                ["Data", "Date", "Name"],
                ["Data", "Data", "Names"],
                ["Dat", "Dat", "Name"],
            ] {
                assert!(!is_same(chunk(before, names)), "{before:?} {names:?}");
            }
        }
    }

    #[test]
    fn other_bytes_make_it_another() {
        let (mut bytes, at) = chunk(&["Data", "Name"], ["Data", "Data", "Name"]);
        assert!(!shape().is_at(&bytes, at, bytes.len() - 1));
        assert!(!shape().is_at(&bytes[..bytes.len() - 1], at, bytes.len()));
        bytes[at] ^= 1;
        assert!(!is_same((bytes, at)));
    }

    #[test]
    fn where_a_chunk_begins_is_no_name() {
        let (mut bytes, at) = chunk(&["Data", "Name"], ["Data", "Data", "Name"]);
        for place in [at + 4 + 6, at + 4 + 6 + 4 + 4] {
            bytes[place..place + 4].fill(0);
        }
        assert!(!is_same((bytes, at)));
    }

    #[test]
    fn a_name_said_to_stand_here_is_read_here() {
        let (mut bytes, at) = chunk(&["Data", "Name"], ["Data", "Data", "Name"]);
        // The second reference points behind itself, where no name is.
        let second = at + 4 + 6 + 4 + 4;
        bytes[second..second + 4].copy_from_slice(&(second as u32 + 4).to_le_bytes());
        assert!(!is_same((bytes, at)));
    }
}
