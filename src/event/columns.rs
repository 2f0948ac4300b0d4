//! Events in columns: what each one means, and its kept fields as cells of 32 bits.
//!
//! Texts are numbers into [`Strings`]. Where an event keeps a field is the same for every event of its [`Spec`], so
//! an event costs the cells that say something: two in five of a usual log are empty.

use super::table::{ORIGINS, Origin, Spec};
use super::{Field, Kind, LogonId, RowIdx, Type};
use crate::time::Timestamp;
use bytemuck::{Pod, Zeroable};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// A text in [`Strings`]; 0 is "nothing".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct StrId(pub u32);

impl StrId {
    pub const NONE: StrId = StrId(0);

    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// Texts, each once.
#[derive(Clone, Debug, Default)]
pub struct Strings {
    text: String,
    /// Where each text ends; that of number `i` begins where `i - 1` ends.
    ends: Vec<u32>,
    ids: HashTable<u32>,
}

impl Strings {
    /// With room for so many texts.
    pub fn with_capacity(n: usize) -> Self {
        Strings { text: String::new(), ends: Vec::with_capacity(n), ids: HashTable::with_capacity(n) }
    }

    /// The number of a text; "" is [`StrId::NONE`].
    pub fn intern(&mut self, text: &str) -> StrId {
        if text.is_empty() {
            return StrId::NONE;
        }
        let hash = hash(text);
        if let Some(&id) = self.ids.find(hash, |&id| at(&self.text, &self.ends, id) == text) {
            return StrId(id);
        }
        // Offsets are 32 bits wide. A case whose distinct texts fill 4 GiB loses further texts, not sessions.
        let Ok(end) = u32::try_from(self.text.len() + text.len()) else { return StrId::NONE };
        self.text.push_str(text);
        self.ends.push(end);
        let id = self.ends.len() as u32;
        let (all, ends) = (&self.text, &self.ends);
        self.ids.insert_unique(hash, id, |&id| self::hash(at(all, ends, id)));
        StrId(id)
    }

    /// The number of a text that is known.
    pub fn find(&self, text: &str) -> Option<StrId> {
        self.ids.find(hash(text), |&id| self.get(StrId(id)) == text).map(|&id| StrId(id))
    }

    pub fn get(&self, id: StrId) -> &str {
        at(&self.text, &self.ends, id.0)
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All texts, end to end, and where each one ends.
    pub fn parts(&self) -> (&str, &[u32]) {
        (&self.text, &self.ends)
    }

    /// From [`Strings::parts`], for reading only: what is interned later is not found among these.
    pub fn from_parts(text: String, ends: Vec<u32>) -> Self {
        Strings { text, ends, ids: HashTable::new() }
    }

    /// All texts in the order of their numbers, from 1.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (1..=self.ends.len() as u32).map(|id| self.get(StrId(id)))
    }
}

fn at<'a>(text: &'a str, ends: &[u32], id: u32) -> &'a str {
    let end = |id: u32| id.checked_sub(1).and_then(|i| ends.get(i as usize)).map_or(0, |&end| end as usize);
    id.checked_sub(1).and_then(|before| text.get(end(before)..end(id))).unwrap_or("")
}

fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// Where the events of one [`Spec`] keep their fields.
#[derive(Clone, Copy)]
pub struct Layout {
    pub spec: &'static Spec,
    /// That of its spec, which every record is asked for.
    pub kind: Kind,
    pub origin: &'static Origin,
    pub n_cells: usize,
    /// First cell of each field; [`ABSENT`] where the event does not keep it.
    slots: [u8; Field::ALL.len()],
    /// The cells that are numbers of texts, by bits.
    pub texts: u32,
}

const ABSENT: u8 = u8::MAX;

/// Cells of an event at most: each has a bit of 32.
pub const MAX_CELLS: usize = 32;

/// Which cells say something, by bits.
pub fn filled(cells: &[u32; MAX_CELLS]) -> u32 {
    cells.iter().enumerate().fold(0, |all, (n, &cell)| all | u32::from(cell != 0) << n)
}

/// A number into [`LAYOUTS`].
pub type SpecIdx = u16;

/// In place of a [`SpecIdx`]: the record is none of those that are typed.
pub const UNTYPED: SpecIdx = SpecIdx::MAX;

const N_LAYOUTS: usize = {
    let (mut n, mut i) = (0, 0);
    while i < ORIGINS.len() {
        n += ORIGINS[i].n_specs();
        i += 1;
    }
    n
};

/// The layout of every spec, in the order of the table: known when this is compiled, for every field that is looked at
/// is found by one.
pub static LAYOUTS: [Layout; N_LAYOUTS] = layouts();

const fn layouts() -> [Layout; N_LAYOUTS] {
    let first = &ORIGINS[0];
    let mut all = [Layout::new(first, &first.events[0]); N_LAYOUTS];
    let (mut n, mut i) = (0, 0);
    while i < ORIGINS.len() {
        let origin = &ORIGINS[i];
        let mut j = 0;
        while j < origin.events.len() {
            all[n] = Layout::new(origin, &origin.events[j]);
            (n, j) = (n + 1, j + 1);
        }
        if let Some(other) = &origin.other {
            all[n] = Layout::new(origin, other);
            n += 1;
        }
        i += 1;
    }
    all
}

/// The spec of an event id of a provider and channel, whatever their case.
pub fn spec_of(provider: &str, channel: &str, event_id: u32) -> Option<SpecIdx> {
    let id = u16::try_from(event_id).ok()?;
    let mut n_before = 0;
    for origin in ORIGINS {
        let Origin { providers, channel: its_channel, events, other } = origin;
        let mut names = providers.iter();
        if its_channel.eq_ignore_ascii_case(channel) && names.any(|name| name.eq_ignore_ascii_case(provider))
        {
            let own = events.binary_search_by_key(&id, |spec| spec.id).ok();
            let found = own.or(other.as_ref().map(|_| events.len()))?;
            return SpecIdx::try_from(n_before + found).ok();
        }
        n_before += origin.n_specs();
    }
    None
}

impl Layout {
    const fn new(origin: &'static Origin, spec: &'static Spec) -> Self {
        let (mut slots, mut n_cells, mut texts) = ([ABSENT; Field::ALL.len()], 0, 0);
        let mut i = 0;
        while i < spec.fields.len() {
            let (_, field) = spec.fields[i];
            if slots[field as usize] == ABSENT {
                slots[field as usize] = n_cells as u8;
                texts |= (field.ty().is_text() as u32) << n_cells;
                n_cells += field.ty().n_cells();
            }
            i += 1;
        }
        assert!(n_cells <= MAX_CELLS, "an event keeps too much");
        Layout { spec, kind: spec.kind, origin, n_cells, slots, texts }
    }

    /// The first cell of a field, if events of this spec keep it.
    #[inline]
    pub fn slot(&self, field: Field) -> Option<usize> {
        let slot = self.slots[field as usize];
        (slot != ABSENT).then_some(usize::from(slot))
    }
}

/// A record that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventIdx(pub RowIdx);

/// What each record is and says, in the order in which they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// [`UNTYPED`] if it is no event.
    pub spec: Vec<SpecIdx>,
    /// Where its cells begin.
    pub at: Vec<u32>,
    /// Which cells of its layout it has, by bits; the others are 0, "nothing".
    pub filled: Vec<u32>,
    pub cells: Vec<u32>,
}

impl Events {
    /// For a record that is no event, or not known to be one yet ([`Events::set_last`]).
    pub fn push_untyped(&mut self) {
        self.spec.push(UNTYPED);
        self.at.push(self.cells.len() as u32);
        self.filled.push(0);
    }

    /// Types the record that was pushed last: `cells` are those of its layout, of which these are filled, by bits.
    pub fn set_last(&mut self, spec: SpecIdx, filled: u32, cells: &[u32; MAX_CELLS]) {
        let (Some(last), Some(its)) = (self.spec.last_mut(), self.filled.last_mut()) else { return };
        (*last, *its) = (spec, filled);
        let mut rest = filled;
        while rest != 0 {
            self.cells.push(cells[rest.trailing_zeros() as usize]);
            rest &= rest - 1;
        }
    }

    /// The event that a record is.
    #[inline]
    pub fn get(&self, row: RowIdx) -> Option<EventIdx> {
        (self.spec[row as usize] != UNTYPED).then_some(EventIdx(row))
    }

    /// What an event means.
    #[inline]
    pub fn kind(&self, event: EventIdx) -> Kind {
        self.layout(event).kind
    }

    /// Which fields an event has, and in which cells.
    #[inline]
    pub fn layout(&self, event: EventIdx) -> &'static Layout {
        &LAYOUTS[usize::from(self.spec[event.0 as usize])]
    }

    /// All that an event says: whoever asks for several fields finds it once.
    #[inline]
    pub fn said(&self, event: EventIdx) -> Said<'_> {
        let n = event.0 as usize;
        Said { layout: self.layout(event), filled: self.filled[n], cells: &self.cells[self.at[n] as usize..] }
    }

    /// What an event is, and all it says: equal for two events that say the same.
    pub fn content(&self, event: EventIdx) -> (SpecIdx, u32, &[u32]) {
        let n = event.0 as usize;
        let (filled, from) = (self.filled[n], self.at[n] as usize);
        (self.spec[n], filled, &self.cells[from..from + filled.count_ones() as usize])
    }

    /// See [`Said::text`].
    pub fn text(&self, event: EventIdx, field: Field) -> StrId {
        self.said(event).text(field)
    }

    /// See [`Said::luid`].
    pub fn luid(&self, event: EventIdx, field: Field) -> Option<LogonId> {
        self.said(event).luid(field)
    }

    /// See [`Said::time`].
    pub fn time(&self, event: EventIdx, field: Field) -> Option<Timestamp> {
        self.said(event).time(field)
    }

    /// See [`Said::number`].
    pub fn number(&self, event: EventIdx, field: Field) -> Option<u32> {
        self.said(event).number(field)
    }
}

/// What one event says.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    layout: &'static Layout,
    filled: u32,
    /// From its own on.
    cells: &'a [u32],
}

impl Said<'_> {
    /// What it means.
    #[inline]
    pub fn kind(self) -> Kind {
        self.layout.kind
    }

    /// From a place of its layout on: which cells are filled, by bits, and where those begin.
    #[inline]
    fn filled_from(self, slot: usize) -> (u32, usize) {
        (self.filled >> slot, (self.filled & ((1 << slot) - 1)).count_ones() as usize)
    }

    #[inline]
    fn cell(self, field: Field) -> u32 {
        let Some(slot) = self.layout.slot(field) else { return 0 };
        let (filled, at) = self.filled_from(slot);
        if filled & 1 == 1 { self.cells[at] } else { 0 }
    }

    #[inline]
    fn wide(self, field: Field) -> u64 {
        debug_assert_eq!(field.ty().n_cells(), 2);
        let Some(slot) = self.layout.slot(field) else { return 0 };
        let (filled, at) = self.filled_from(slot);
        let (low, high) = match filled & 3 {
            0 => return 0,
            1 => (self.cells[at], 0),
            2 => (0, self.cells[at]),
            _ => (self.cells[at], self.cells[at + 1]),
        };
        u64::from(low) | u64::from(high) << 32
    }

    /// A text field; [`StrId::NONE`] if the event has none.
    #[inline]
    pub fn text(self, field: Field) -> StrId {
        debug_assert!(field.ty().is_text());
        StrId(self.cell(field))
    }

    /// A LogonId; `None` if the event has none, or 0.
    #[inline]
    pub fn luid(self, field: Field) -> Option<LogonId> {
        LogonId::new(self.wide(field))
    }

    /// A moment; `None` if the event has none.
    #[inline]
    pub fn time(self, field: Field) -> Option<Timestamp> {
        Timestamp::from_bits(self.wide(field))
    }

    /// A number; `None` if the event has none. Kept as one more than it is, so that 0 is "nothing".
    #[inline]
    pub fn number(self, field: Field) -> Option<u32> {
        debug_assert!(matches!(field.ty(), Type::Number | Type::Port | Type::SshPort));
        self.cell(field).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_where_they_were_put_and_empty_ones_take_no_room() {
        let logon = spec_of("Microsoft-Windows-Security-Auditing", "Security", 4624).expect("it is typed");
        let layout = &LAYOUTS[usize::from(logon)];
        for every in 2..7 {
            let is_filled = |n: usize| n < layout.n_cells && !n.is_multiple_of(every);
            let cells = std::array::from_fn(|n| if is_filled(n) { n as u32 + 7 } else { 0 });
            let mut events = Events::default();
            events.push_untyped();
            events.push_untyped();
            events.set_last(logon, filled(&cells), &cells);
            assert_eq!(events.get(0), None);
            let event = events.get(1).expect("it was typed");
            for &field in Field::ALL {
                let Some(slot) = layout.slot(field) else { continue };
                match field.ty().n_cells() {
                    1 => assert_eq!(events.said(event).cell(field), cells[slot]),
                    _ => assert_eq!(
                        events.said(event).wide(field),
                        u64::from(cells[slot]) | u64::from(cells[slot + 1]) << 32
                    ),
                }
            }
            assert_eq!(events.cells.len(), cells.iter().filter(|&&cell| cell != 0).count());
        }
    }
}
