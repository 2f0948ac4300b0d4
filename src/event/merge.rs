//! Blocks into one set of columns: their texts and signatures are renumbered, nothing else changes.

use super::columns::{Events, StrId, Strings};
use super::records::{Records, RowIdx, Signature, Signatures, Span};
use crate::room::make_room;

/// Records that grow block by block.
#[derive(Clone, Default)]
pub struct Merged {
    pub records: Records,
    /// Records that are typed.
    pub n_events: u64,
    signatures: Signatures,
}

impl Merged {
    /// Appends a block's records. Its numbers must point into its own columns (`Block::decode` has checked it).
    /// There will be about `n_times_as_much` as there is with it: so much room is made.
    pub fn append(&mut self, block: &Records, n_times_as_much: f64) {
        self.make_room(block, n_times_as_much);
        let texts = self.intern_all(&block.strings);
        let text = |id: u32| texts.get(id as usize).copied().unwrap_or(StrId::NONE);
        let signatures: Vec<u32> = block.signatures.iter().map(|&own| self.signature(own, text)).collect();
        let all = &mut self.records;
        let (first_row, first_cell) = (all.len() as u32, all.events.cells.len() as u32);
        all.id.extend_from_slice(&block.id);
        all.time.extend_from_slice(&block.time);
        all.signature.extend(block.signature.iter().map(|&own| signatures[own as usize]));
        all.spans
            .extend(block.spans.iter().map(|span| Span { first_row: span.first_row + first_row, ..*span }));
        let events = &mut all.events;
        events.spec.extend_from_slice(&block.events.spec);
        events.at.extend(block.events.at.iter().map(|at| at + first_cell));
        events.filled.extend_from_slice(&block.events.filled);
        events.cells.extend_from_slice(&block.events.cells);
        for row in first_row..all.len() as u32 {
            self.n_events += u64::from(renumber_texts(&mut all.events, row, text));
        }
    }

    fn make_room(&mut self, block: &Records, n_times_as_much: f64) {
        let Records { id, time, signature, events, .. } = &mut self.records;
        let n_records = block.len();
        make_room(id, n_records, n_times_as_much);
        make_room(time, n_records, n_times_as_much);
        make_room(signature, n_records, n_times_as_much);
        make_room(&mut events.spec, n_records, n_times_as_much);
        make_room(&mut events.at, n_records, n_times_as_much);
        make_room(&mut events.filled, n_records, n_times_as_much);
        make_room(&mut events.cells, block.events.cells.len(), n_times_as_much);
    }

    fn intern_all(&mut self, strings: &Strings) -> Vec<StrId> {
        let strings = strings.iter().map(|text| self.records.strings.intern(text));
        std::iter::once(StrId::NONE).chain(strings).collect()
    }

    fn signature(&mut self, own: Signature, text: impl Fn(u32) -> StrId) -> u32 {
        let id = self.signatures.intern(Signature {
            provider: text(own.provider.0),
            channel: text(own.channel.0),
            computer: text(own.computer.0),
            ..own
        });
        if id as usize == self.records.signatures.len() {
            self.records.signatures.push(self.signatures.all[id as usize]);
        }
        id
    }
}

/// Gives the texts of a record their numbers in all; whether it is an event.
fn renumber_texts(events: &mut Events, row: RowIdx, text: impl Fn(u32) -> StrId) -> bool {
    let Some(event) = events.get(row) else { return false };
    let texts = events.layout(event).texts;
    let (mut filled, mut at) = (events.filled[row as usize], events.at[row as usize] as usize);
    while filled != 0 {
        if texts >> filled.trailing_zeros() & 1 == 1 {
            events.cells[at] = text(events.cells[at]).0;
        }
        filled &= filled - 1;
        at += 1;
    }
    true
}
