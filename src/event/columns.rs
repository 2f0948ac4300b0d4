//! Events in columns: what each one means, and its kept fields as cells of 32 bits.
//!
//! Texts are numbers into [`Strings`]. Where an event keeps a field is the same for every event of its [`Spec`], so
//! an event costs its cells and nothing else.

use super::table::{ORIGINS, Origin, Spec};
use super::{Field, Kind, LogonId, Type};
use crate::time::Timestamp;
use bytemuck::{Pod, Zeroable};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::sync::LazyLock;

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
pub struct Layout {
    pub spec: &'static Spec,
    pub origin: &'static Origin,
    pub n_cells: usize,
    /// First cell of each field; [`ABSENT`] where the event does not keep it.
    slots: [u8; Field::ALL.len()],
    /// The cells that are numbers of texts, each once: fields of two names may share one.
    pub texts: Vec<u8>,
}

const ABSENT: u8 = u8::MAX;

/// A number into [`LAYOUTS`].
pub type SpecIdx = u16;

/// The layout of every spec, in the order of the table.
pub static LAYOUTS: LazyLock<Vec<Layout>> = LazyLock::new(|| {
    let specs =
        |origin: &'static Origin| origin.events.iter().chain(&origin.other).map(move |spec| (origin, spec));
    ORIGINS.iter().flat_map(specs).map(|(origin, spec)| Layout::new(origin, spec)).collect()
});

/// The spec of an event id of a provider and channel, whatever their case.
pub fn spec_of(provider: &str, channel: &str, event_id: u32) -> Option<SpecIdx> {
    let id = u16::try_from(event_id).ok()?;
    let mut n_before = 0;
    for Origin { providers, channel: its_channel, events, other } in ORIGINS {
        let mut names = providers.iter();
        if its_channel.eq_ignore_ascii_case(channel) && names.any(|name| name.eq_ignore_ascii_case(provider))
        {
            let own = events.binary_search_by_key(&id, |spec| spec.id).ok();
            let found = own.or(other.as_ref().map(|_| events.len()))?;
            return SpecIdx::try_from(n_before + found).ok();
        }
        n_before += events.len() + usize::from(other.is_some());
    }
    None
}

impl Layout {
    fn new(origin: &'static Origin, spec: &'static Spec) -> Self {
        let (mut slots, mut n_cells, mut texts) = ([ABSENT; Field::ALL.len()], 0, Vec::new());
        for (_, field) in spec.fields {
            let slot = &mut slots[*field as usize];
            if *slot == ABSENT {
                *slot = n_cells as u8;
                texts.extend(field.ty().is_text().then_some(*slot));
                n_cells += field.ty().n_cells();
            }
        }
        Layout { spec, origin, n_cells, slots, texts }
    }

    /// The first cell of a field, if events of this spec keep it.
    pub fn slot(&self, field: Field) -> Option<usize> {
        let slot = self.slots[field as usize];
        (slot != ABSENT).then_some(usize::from(slot))
    }
}

/// An event's number in [`Events`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventIdx(pub u32);

/// Typed events, in the order in which they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// The record of each event.
    pub row: Vec<u32>,
    pub spec: Vec<SpecIdx>,
    /// Where each event's cells begin.
    pub at: Vec<u32>,
    pub cells: Vec<u32>,
}

impl Events {
    pub fn len(&self) -> usize {
        self.row.len()
    }

    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    pub fn kind(&self, event: EventIdx) -> Kind {
        self.layout(event).spec.kind
    }

    pub fn layout(&self, event: EventIdx) -> &'static Layout {
        &LAYOUTS[usize::from(self.spec[event.0 as usize])]
    }

    /// The cells of a field and those after it; none if the event has no such field.
    #[inline]
    fn cells(&self, event: EventIdx, field: Field) -> &[u32] {
        let Some(slot) = self.layout(event).slot(field) else { return &[] };
        &self.cells[self.at[event.0 as usize] as usize + slot..]
    }

    #[inline]
    fn cell(&self, event: EventIdx, field: Field) -> u32 {
        self.cells(event, field).first().copied().unwrap_or(0)
    }

    /// What an event is, and all its kept cells: equal for two events that say the same.
    pub fn content(&self, event: EventIdx) -> (SpecIdx, &[u32]) {
        let n = event.0 as usize;
        let from = self.at[n] as usize;
        (self.spec[n], &self.cells[from..from + self.layout(event).n_cells])
    }

    /// A text field; [`StrId::NONE`] if the event has none.
    pub fn text(&self, event: EventIdx, field: Field) -> StrId {
        debug_assert!(field.ty().is_text());
        StrId(self.cell(event, field))
    }

    fn wide(&self, event: EventIdx, field: Field) -> u64 {
        debug_assert_eq!(field.ty().n_cells(), 2);
        match self.cells(event, field) {
            [low, high, ..] => u64::from(*low) | u64::from(*high) << 32,
            _ => 0,
        }
    }

    pub fn luid(&self, event: EventIdx, field: Field) -> Option<LogonId> {
        LogonId::new(self.wide(event, field))
    }

    pub fn time(&self, event: EventIdx, field: Field) -> Option<Timestamp> {
        Timestamp::from_bits(self.wide(event, field))
    }

    /// A number; `None` if the event has none. Kept as one more than it is, so that 0 is "nothing".
    pub fn number(&self, event: EventIdx, field: Field) -> Option<u32> {
        debug_assert!(matches!(field.ty(), Type::Number | Type::Port | Type::SshPort));
        self.cell(event, field).checked_sub(1)
    }
}
