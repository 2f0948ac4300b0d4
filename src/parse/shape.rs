//! What a definition looks like wherever it stands, so that a template is learned once for a whole log.
//!
//! Windows defines its templates anew in each chunk. All that differs between two definitions of the same template
//! are the offsets of names, which a chunk has once each.

use super::template::is_in_place;
use super::value::{u16_at, u32_at};

/// The bytes of a definition without the offsets in them, and the names at those offsets.
pub struct Shape {
    /// Zeros where offsets are.
    bytes: Vec<u8>,
    /// Zeros where offsets are, all ones elsewhere.
    mask: Vec<u8>,
    references: Vec<Reference>,
    /// Names that stand elsewhere in the chunk: their first reference, and their length and text.
    names: Vec<(usize, Box<[u8]>)>,
}

/// An offset of a name within a definition.
struct Reference {
    at: usize,
    /// The first offset of the same name.
    first: usize,
    is_in_place: bool,
}

/// In a name: the offset of the next one, a hash, then length and text, which tell it from others.
const NAME_LENGTH_AT: usize = 6;

impl Shape {
    /// Of the definition at this range of the chunk, whose offsets of names stand at these places in it.
    pub fn new(chunk: &[u8], at: usize, size: usize, places: &[usize]) -> Option<Self> {
        let definition = chunk.get(at..at.checked_add(size)?)?;
        let mut shape = Shape {
            bytes: definition.to_vec(),
            mask: vec![0xff; size],
            references: Vec::with_capacity(places.len()),
            names: Vec::new(),
        };
        for &place in places {
            shape.add(chunk, at, place)?;
        }
        Some(shape)
    }

    fn add(&mut self, chunk: &[u8], at: usize, place: usize) -> Option<()> {
        let offset_at = |place: usize| u32_at(chunk, at + place);
        let offset = offset_at(place)?;
        let is_in_place = is_in_place(offset, at + place);
        let known = self.references.iter().find(|one| offset_at(one.at) == Some(offset));
        let first = known.map_or(place, |one| one.first);
        if first == place && !is_in_place {
            self.names.push((place, name_at(chunk, offset)?.into()));
        }
        // A name that stands here begins with the offset of another.
        let n_offset_bytes = if is_in_place { 8 } else { 4 };
        self.bytes.get_mut(place..place + n_offset_bytes)?.fill(0);
        self.mask.get_mut(place..place + n_offset_bytes)?.fill(0);
        self.references.push(Reference { at: place, first, is_in_place });
        Some(())
    }

    /// Whether the definition at this offset is the same but for its place.
    pub fn is_at(&self, chunk: &[u8], at: usize) -> bool {
        let Some(definition) = chunk.get(at..at + self.bytes.len()) else { return false };
        let differs =
            |different: u8, ((&here, &bytes), &mask): ((&u8, &u8), &u8)| different | (here & mask) ^ bytes;
        let is_reference = |one: &Reference| {
            let offset = u32_at(definition, one.at);
            offset == u32_at(definition, one.first)
                && offset.is_some_and(|offset| is_in_place(offset, at + one.at) == one.is_in_place)
        };
        let is_name = |(first, name): &(usize, Box<[u8]>)| {
            u32_at(definition, *first).and_then(|offset| name_at(chunk, offset)) == Some(name)
        };
        definition.iter().zip(&self.bytes).zip(&self.mask).fold(0, differs) == 0
            && self.references.iter().all(is_reference)
            && self.names.iter().all(is_name)
    }

    /// Bytes it takes to keep this.
    pub fn n_bytes(&self) -> usize {
        2 * self.bytes.len()
    }
}

/// Length and text of the name at an offset of the chunk.
fn name_at(chunk: &[u8], offset: u32) -> Option<&[u8]> {
    let at = (offset as usize).checked_add(NAME_LENGTH_AT)?;
    let n_units = usize::from(u16_at(chunk, at)?);
    chunk.get(at..at + 2 + 2 * n_units)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk with a name at one place, and at another a definition that refers to it twice and brings a name along.
    fn chunk(name_at: usize, name: &str, at: usize, own: &str) -> Vec<u8> {
        let mut chunk = vec![0; 400];
        let mut put = |at: usize, bytes: &[u8]| chunk[at..at + bytes.len()].copy_from_slice(bytes);
        let name_bytes = |next: u32, name: &str| {
            let units = name.encode_utf16().flat_map(u16::to_le_bytes);
            let head = [&next.to_le_bytes()[..], &[7, 7], &(name.len() as u16).to_le_bytes()].concat();
            head.into_iter().chain(units).collect::<Vec<u8>>()
        };
        put(name_at, &name_bytes(at as u32, name));
        put(at, b"definition..");
        put(at + PLACES[0], &(name_at as u32).to_le_bytes());
        put(at + PLACES[1], &(name_at as u32).to_le_bytes());
        put(at + PLACES[2], &(at as u32 + PLACES[2] as u32 + 4).to_le_bytes());
        put(at + PLACES[2] + 4, &name_bytes(name_at as u32, own));
        chunk
    }

    const PLACES: [usize; 3] = [12, 20, 30];
    const SIZE: usize = 60;

    fn shape() -> Shape {
        Shape::new(&chunk(100, "Data", 200, "LogonId"), 200, SIZE, &PLACES).unwrap()
    }

    #[test]
    fn a_definition_is_the_same_wherever_it_and_its_names_stand() {
        assert!(shape().is_at(&chunk(100, "Data", 200, "LogonId"), 200));
        assert!(shape().is_at(&chunk(300, "Data", 10, "LogonId"), 10));
    }

    #[test]
    fn other_names_make_it_another() {
        assert!(!shape().is_at(&chunk(100, "Date", 200, "LogonId"), 200));
        assert!(!shape().is_at(&chunk(100, "Dat", 200, "LogonId"), 200));
        assert!(!shape().is_at(&chunk(100, "Data", 200, "LogonIx"), 200));
    }

    #[test]
    fn other_bytes_and_offsets_make_it_another() {
        let mut changed = chunk(100, "Data", 200, "LogonId");
        changed[205] ^= 1;
        assert!(!shape().is_at(&changed, 200));
        // The second reference is to another name.
        let mut changed = chunk(100, "Data", 200, "LogonId");
        changed[200 + PLACES[1]] ^= 1;
        assert!(!shape().is_at(&changed, 200));
        // What was a reference would be read as one that brings its name along, and the bytes after it as that name.
        let mut changed = chunk(100, "Data", 200, "LogonId");
        let in_place = 200 + PLACES[1] as u32 + 4;
        for place in &PLACES[..2] {
            changed[200 + place..][..4].copy_from_slice(&in_place.to_le_bytes());
        }
        assert!(!shape().is_at(&changed, 200));
        assert!(!shape().is_at(&changed[..230], 200));
    }
}
