//! Every record that was read, in columns: who wrote it, when, and where it lies.

use super::columns::{EventIdx, Events, StrId, Strings};
use super::{Field, Type};
use crate::time::Timestamp;
use bytemuck::{Pod, Zeroable};
use rustc_hash::FxHashMap;

/// A record's number in [`Records`], in the order of reading.
pub type RowIdx = u32;

/// What the records of one kind share: their source of origin and their id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Signature {
    pub provider: StrId,
    pub channel: StrId,
    pub computer: StrId,
    pub event_id: u32,
    /// The audit subcategory, for Security events (domain.md E.1, 1).
    pub task: u32,
    pub level: u8,
    /// Keywords say: 1 audit success, 2 audit failure.
    pub outcome: u8,
    /// 1 where the record's end was lost: what it says may be lost with it, so that it tells nothing of sessions.
    pub is_torn: u8,
    pub _pad: u8,
}

/// One line for every record.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// EventRecordID of the System element.
    pub id: Vec<u64>,
    /// TimeCreated, as written.
    pub time: Vec<Timestamp>,
    pub signature: Vec<u32>,
    pub signatures: Vec<Signature>,
    pub events: Events,
    pub strings: Strings,
    /// Runs of records that came together: from which source and chunk.
    pub spans: Vec<Span>,
}

/// A run of records from one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Span {
    pub first_row: RowIdx,
    pub source: u32,
    pub chunk: u32,
}

impl Records {
    pub fn len(&self) -> usize {
        self.id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// What a record has in common with others.
    pub fn signature(&self, row: RowIdx) -> &Signature {
        &self.signatures[self.signature[row as usize] as usize]
    }

    /// The event that a record is, if its meaning is known.
    pub fn event(&self, row: RowIdx) -> Option<EventIdx> {
        self.events.get(row)
    }

    /// Which source and chunk a record is from.
    pub fn span(&self, row: RowIdx) -> Span {
        let after = self.spans.partition_point(|span| span.first_row <= row);
        self.spans[after - 1]
    }

    /// A kept field as text; `None` if the event has none.
    pub fn field_text(&self, event: EventIdx, field: Field) -> Option<String> {
        match field.ty() {
            Type::Luid => self.events.luid(event, field).map(|luid| luid.to_string()),
            Type::Time => self.events.time(event, field).map(|at| at.to_string()),
            Type::Number | Type::Port | Type::SshPort => {
                self.events.number(event, field).map(|number| number.to_string())
            }
            _ => Some(self.events.text(event, field))
                .filter(|id| !id.is_none())
                .map(|id| self.text(id).to_owned()),
        }
    }

    pub fn text(&self, id: StrId) -> &str {
        self.strings.get(id)
    }
}

/// Signatures, each once.
#[derive(Clone, Default)]
pub struct Signatures {
    pub all: Vec<Signature>,
    ids: FxHashMap<Signature, u32>,
    /// By event id, the last signature that had it: comparing two is cheaper than finding one.
    recent: [u32; N_RECENT],
}

/// A prime, for the ids that a log has most often are multiples of eight.
const N_RECENT: usize = 31;

impl Signatures {
    /// The number of a signature, a new one if it was not there.
    pub fn intern(&mut self, signature: Signature) -> u32 {
        let recent = &mut self.recent[signature.event_id as usize % N_RECENT];
        if self.all.get(*recent as usize) != Some(&signature) {
            *recent = *self.ids.entry(signature).or_insert_with(|| {
                self.all.push(signature);
                self.all.len() as u32 - 1
            });
        }
        *recent
    }
}
