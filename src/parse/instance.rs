//! A record as Windows writes it: which template ([`super::template`]), and the values to put into it.

use super::same::same;
use super::template::{Slot, definition_end};
use super::value::{Raw, u32_at, unsigned};

/// The most values of a record that is read here; Windows' own have fewer than half as many.
const MAX_VALUES: usize = 96;

/// A template instance within a chunk: which definition, and its values.
pub struct Instance<'a> {
    pub definition_at: u32,
    pub values: Values<'a>,
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
        at = definition_end(chunk, at)?;
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
    let values = Values { chunk, kinds: &room.kinds[..n], starts: &room.starts[..=n] };
    (at <= end).then_some(Instance { definition_at, values })
}

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

    /// Where the value of a slot is; a literal is none of the record's.
    pub fn value_ref(&self, slot: Slot) -> ValueRef {
        match slot {
            Slot::Value(n) => {
                let (kind, start, end) = self.place(n).unwrap_or_default();
                ValueRef { kind, start, end }
            }
            _ => ValueRef::default(),
        }
    }

    /// Whether two values of this chunk are alike. One that has no place of its own is like no other.
    pub fn is_same(&self, one: ValueRef, other: ValueRef) -> bool {
        let bytes = |of: ValueRef| self.chunk.get(of.start as usize..of.end as usize).unwrap_or_default();
        one.start > 0 && one.kind == other.kind && same(bytes(one), bytes(other))
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
            Slot::Absent | Slot::Literal(_) => Raw::Nothing,
            Slot::Value(n) => self.get(n),
            Slot::Item(n, item) => self.get(n).item(item),
        }
    }
}
