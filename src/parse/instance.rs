//! A record as Windows writes it: which template ([`super::template`]), and the values to put into it.

use super::same::same;
use super::template::{Slot, definition_end};
use super::value::{Raw, u32_at, u64_at, unsigned};

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
    room: &'a mut Starts,
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
    let forms = chunk.get(at..at + 4 * n)?.as_chunks().0;
    at += 4 * n;
    for (&form, start) in forms.iter().zip(&mut room.0) {
        *start = at as u32;
        at += n_bytes(form) as usize;
    }
    let values = Values { chunk, forms, starts: &room.0[..n] };
    (at <= end).then_some(Instance { definition_at, values })
}

/// Room for where the values of a record begin. Used for one record after the other: to clear it for each would cost
/// more than to fill it.
pub struct Starts([u32; MAX_VALUES]);

impl Default for Starts {
    fn default() -> Self {
        Starts([0; MAX_VALUES])
    }
}

/// How a value is written, as a record's table says it: its length in 16 bits, its kind, and a byte that is 0.
type Form = [u8; 4];

fn n_bytes([low, high, ..]: Form) -> u32 {
    u32::from(u16::from_le_bytes([low, high]))
}

fn kind([_, _, kind, _]: Form) -> u8 {
    kind
}

/// The values of a template instance.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    chunk: &'a [u8],
    forms: &'a [Form],
    /// Where each one begins.
    starts: &'a [u32],
}

/// Values of a run at most.
pub const MAX_RUN: usize = 3;

/// Values of a record that stand one after the other.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    forms: &'a [Form],
    /// Where it begins in its chunk.
    pub start: u32,
    pub bytes: &'a [u8],
}

impl<'a> Run<'a> {
    pub fn values(self) -> impl Iterator<Item = Raw<'a>> {
        self.forms.iter().scan(self.bytes, |rest, &form| {
            let (value, after) = rest.split_at_checked(n_bytes(form) as usize)?;
            *rest = after;
            Some(Raw::from_binxml(kind(form), value))
        })
    }

    /// The kind of each value and how long it is, in 24 bits: with the bytes, all that there is to know.
    pub fn forms(self) -> [u32; MAX_RUN] {
        let mut forms = [0; MAX_RUN];
        for (own, &form) in forms.iter_mut().zip(self.forms) {
            *own = u32::from_le_bytes(form) & 0x00ff_ffff;
        }
        forms
    }
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
        Raw::from_binxml(kind, self.bytes(start, end))
    }

    /// The kind of a value, and where it begins and ends.
    fn place(&self, n: u16) -> Option<(u8, u32, u32)> {
        let n = usize::from(n);
        let (&form, &start) = (self.forms.get(n)?, self.starts.get(n)?);
        Some((kind(form), start, start + n_bytes(form)))
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

    /// So many values from this one on, or those that the record has; `None` if it has none there.
    pub fn run(&self, first: u16, n: usize) -> Option<Run<'a>> {
        let first = usize::from(first);
        let (&start, forms) = (self.starts.get(first)?, self.forms.get(first..)?);
        let forms = &forms[..n.min(forms.len())];
        let end = start + forms.iter().map(|&form| n_bytes(form)).sum::<u32>();
        Some(Run { forms, start, bytes: self.bytes(start, end) })
    }

    /// These bytes of the chunk.
    pub fn bytes(&self, start: u32, end: u32) -> &'a [u8] {
        self.chunk.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Whether two values of this chunk are alike. One that has no place of its own is like no other.
    pub fn is_same(&self, one: ValueRef, other: ValueRef) -> bool {
        let bytes = |of: ValueRef| self.bytes(of.start, of.end);
        one.start > 0 && one.kind == other.kind && same(bytes(one), bytes(other))
    }

    /// The value of a slot, if it is of one of the kinds that are unsigned numbers: what most fields that are not text
    /// are, without the detour over [`Raw`].
    pub fn unsigned(&self, slot: Slot) -> Option<u64> {
        let Slot::Value(n) = slot else { return None };
        let (kind, start, end) = self.place(n)?;
        let n_bytes = end - start;
        if !matches!((kind, n_bytes), (0x04 | 0x06 | 0x08 | 0x0a | 0x14 | 0x15, 1 | 2 | 4 | 8)) {
            return None;
        }
        // Nearly always more follows it in the chunk: then it is the beginning of a number of 64 bits.
        match u64_at(self.chunk, start as usize) {
            Some(number) => Some(number & u64::MAX >> (64 - 8 * n_bytes)),
            None => Some(unsigned(self.bytes(start, end))),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_the_values_that_the_record_has() {
        let chunk = b"\0\0\0\0aabbb";
        let forms = [[2, 0, 2, 0], [3, 0, 2, 0]];
        let values = Values { chunk, forms: &forms, starts: &[4, 6] };
        let texts = |first, n| -> Option<Vec<Raw<'_>>> { Some(values.run(first, n)?.values().collect()) };
        assert_eq!(texts(0, 2), Some(vec![Raw::Text("aa"), Raw::Text("bbb")]));
        assert_eq!(texts(1, 3), Some(vec![Raw::Text("bbb")]));
        assert_eq!(texts(2, 1), None);
        assert_eq!(values.run(1, 3).map(Run::forms), Some([0x02_0003, 0, 0]));
    }
}
