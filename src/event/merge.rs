//! Blocks into one set of columns: their texts and signatures are renumbered, nothing else changes.

use super::columns::{StrId, Strings};
use super::records::{NO_EVENT, Records, Signature, Signatures, Span};
use super::{EventIdx, columns::LAYOUTS};
use crate::room::make_room;

/// Records that grow block by block.
#[derive(Clone, Default)]
pub struct Merged {
    pub records: Records,
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
        let (first_row, first_event) = (all.id.len() as u32, all.events.len() as u32);
        let first_cell = all.events.cells.len() as u32;
        all.id.extend_from_slice(&block.id);
        all.time.extend_from_slice(&block.time);
        all.signature.extend(block.signature.iter().map(|&own| signatures[own as usize]));
        all.event.extend(
            block.event.iter().map(|&event| if event == NO_EVENT { event } else { event + first_event }),
        );
        all.spans
            .extend(block.spans.iter().map(|span| Span { first_row: span.first_row + first_row, ..*span }));
        let events = &mut all.events;
        events.row.extend(block.events.row.iter().map(|row| row + first_row));
        events.spec.extend_from_slice(&block.events.spec);
        events.at.extend(block.events.at.iter().map(|at| at + first_cell));
        events.cells.extend_from_slice(&block.events.cells);
        for event in first_event..all.events.len() as u32 {
            renumber_texts(all, EventIdx(event), text);
        }
    }

    fn make_room(&mut self, block: &Records, n_times_as_much: f64) {
        let Records { id, time, signature, event, events, .. } = &mut self.records;
        let n_records = block.id.len();
        make_room(id, n_records, n_times_as_much);
        make_room(time, n_records, n_times_as_much);
        make_room(signature, n_records, n_times_as_much);
        make_room(event, n_records, n_times_as_much);
        let n_events = block.events.len();
        make_room(&mut events.row, n_events, n_times_as_much);
        make_room(&mut events.spec, n_events, n_times_as_much);
        make_room(&mut events.at, n_events, n_times_as_much);
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

fn renumber_texts(records: &mut Records, event: EventIdx, text: impl Fn(u32) -> StrId) {
    let events = &mut records.events;
    let layout = &LAYOUTS[usize::from(events.spec[event.0 as usize])];
    let at = events.at[event.0 as usize] as usize;
    for &slot in &layout.texts {
        let cell = &mut events.cells[at + usize::from(slot)];
        *cell = text(*cell).0;
    }
}
