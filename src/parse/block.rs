//! Blocks: what parsing a batch of chunks hands on, in columns, and their form as bytes.
//!
//! A block crosses from a parse worker to the case worker as one `ArrayBuffer`, transferred, not copied.

use super::cells::{CellWriter, one_more};
use super::value::Raw;
use crate::event::columns::{LAYOUTS, MAX_CELLS, SpecIdx, Strings, UNTYPED, spec_of};
use crate::event::records::{Records, Signature, Signatures, Span};
use crate::event::{StrId, Type};
use crate::problem::Problem;
use crate::time::Timestamp;
use bytemuck::{NoUninit, Pod};

/// What became of a batch.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub source: u32,
    pub chunks: Chunks,
    /// With numbers of strings and signatures that hold within this block.
    pub records: Records,
    pub problems: Vec<Problem>,
}

/// Chunks by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    pub n_read: u32,
    pub n_failed: u32,
    /// Never written: all zeros.
    pub n_unused: u32,
    /// Whose checksums do not hold.
    pub n_bad_checksum: u32,
}

/// Of a usual Security log; others make the columns grow.
const BYTES_PER_RECORD: usize = 640;
const BYTES_PER_CELL: usize = 96;
const BYTES_PER_TEXT: usize = 1300;

/// Makes a block, record by record.
#[derive(Default)]
pub struct BlockBuilder {
    source: u32,
    pub chunks: Chunks,
    records: Records,
    signatures: Signatures,
    /// What the records of each signature are typed as.
    specs: Vec<Option<SpecIdx>>,
    pub cells: CellWriter,
    /// What the record pushed last is typed as, which of its cells are filled, by bits, and with what, until it is complete.
    open: Option<SpecIdx>,
    filled: u32,
    values: [u32; MAX_CELLS],
    pub problems: Vec<Problem>,
}

/// A point to come back to.
#[derive(Clone, Copy)]
pub struct Mark {
    n_records: usize,
    n_cells: usize,
    n_problems: usize,
}

impl BlockBuilder {
    /// For what is in this many bytes of chunks.
    pub fn new(source: u32, n_bytes: usize) -> Self {
        let cells = CellWriter::with_capacity(n_bytes / BYTES_PER_TEXT);
        let mut block = Self { source, cells, ..Self::default() };
        block.reserve(n_bytes / BYTES_PER_RECORD, n_bytes / BYTES_PER_CELL);
        block
    }

    /// Columns that grow are copied each time they do; these seldom have to.
    fn reserve(&mut self, n_records: usize, n_cells: usize) {
        let Records { id, time, signature, events, .. } = &mut self.records;
        id.reserve(n_records);
        time.reserve(n_records);
        signature.reserve(n_records);
        events.spec.reserve(n_records);
        events.at.reserve(n_records);
        events.filled.reserve(n_records);
        events.cells.reserve(n_cells);
    }

    /// The records that follow are from this chunk.
    pub fn begin_chunk(&mut self, chunk: u32) {
        let first_row = self.records.len() as u32;
        self.records.spans.push(Span { first_row, source: self.source, chunk });
    }

    /// The number of a signature, for [`BlockBuilder::push_record`], and what its records are typed as.
    pub fn signature(&mut self, signature: Signature) -> (u32, Option<SpecIdx>) {
        let number = self.signatures.intern(signature);
        if number as usize == self.specs.len() {
            let [provider, channel] =
                [signature.provider, signature.channel].map(|text| self.cells.strings.get(text));
            self.specs.push(spec_of(provider, channel, signature.event_id));
        }
        (number, self.specs[number as usize])
    }

    pub fn push_record(&mut self, id: u64, time: Timestamp, signature: u32) {
        self.complete();
        self.records.id.push(id);
        self.records.time.push(time);
        self.records.signature.push(signature);
        self.records.events.push_untyped();
    }

    /// Types the record pushed last. What is put then is in it.
    pub fn push_event(&mut self, spec: SpecIdx) {
        self.open = Some(spec);
    }

    /// Writes a value into the cells from here on; where there is none, what was written stays.
    pub fn put(&mut self, cell: usize, ty: Type, raw: Raw<'_>) {
        match ty {
            Type::Luid => self.put_wide(cell, raw.number().unwrap_or(0)),
            Type::Time => self.put_wide(cell, raw.time().map_or(0, Timestamp::bits)),
            _ => {
                let value = self.cells.narrow(ty, raw);
                self.put_cell(cell, value);
            }
        }
    }

    /// The same with a number, for a field of a type that is one.
    pub fn put_number(&mut self, cell: usize, ty: Type, number: u64) {
        match ty {
            Type::Luid => self.put_wide(cell, number),
            _ => self.put_cell(cell, one_more(Some(number))),
        }
    }

    /// The same with a text that is known already.
    pub fn put_text(&mut self, cell: usize, text: StrId) {
        self.put_cell(cell, text.0);
    }

    fn put_cell(&mut self, cell: usize, value: u32) {
        if value != 0 {
            self.values[cell] = value;
            self.filled |= 1 << cell;
        }
    }

    fn put_wide(&mut self, cell: usize, value: u64) {
        if value != 0 {
            self.filled &= !(3 << cell);
            self.put_cell(cell, value as u32);
            self.put_cell(cell + 1, (value >> 32) as u32);
        }
    }

    /// No more is put into the record pushed last.
    fn complete(&mut self) {
        let filled = std::mem::take(&mut self.filled);
        if let Some(spec) = self.open.take() {
            self.records.events.set_last(spec, filled, &self.values);
        }
    }

    pub fn mark(&mut self) -> Mark {
        self.complete();
        Mark {
            n_records: self.records.id.len(),
            n_cells: self.records.events.cells.len(),
            n_problems: self.problems.len(),
        }
    }

    /// Forgets what was pushed since the mark.
    pub fn go_back(&mut self, mark: Mark) {
        self.complete();
        let Records { id, time, signature, events, .. } = &mut self.records;
        id.truncate(mark.n_records);
        time.truncate(mark.n_records);
        signature.truncate(mark.n_records);
        events.spec.truncate(mark.n_records);
        events.at.truncate(mark.n_records);
        events.filled.truncate(mark.n_records);
        events.cells.truncate(mark.n_cells);
        self.problems.truncate(mark.n_problems);
    }

    pub fn finish(mut self) -> Block {
        self.complete();
        self.records.strings = self.cells.strings;
        self.records.signatures = self.signatures.all;
        Block { source: self.source, chunks: self.chunks, records: self.records, problems: self.problems }
    }
}

impl Block {
    /// The block as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let records = &self.records;
        let mut out = Vec::with_capacity(self.n_encoded_bytes());
        let Chunks { n_read, n_failed, n_unused, n_bad_checksum } = self.chunks;
        put(&mut out, &[self.source, n_read, n_failed, n_unused, n_bad_checksum]);
        put(&mut out, &records.id);
        put(&mut out, &records.time);
        put(&mut out, &records.signature);
        put(&mut out, &records.signatures);
        put(&mut out, &records.events.spec);
        put(&mut out, &records.events.at);
        put(&mut out, &records.events.filled);
        put(&mut out, &records.events.cells);
        put(&mut out, &records.spans);
        let (text, ends) = records.strings.parts();
        put(&mut out, text.as_bytes());
        put(&mut out, ends);
        // Problems are few, and text: no columns.
        put(&mut out, &serde_json::to_vec(&self.problems).unwrap_or_default());
        out
    }

    /// About: problems are few.
    fn n_encoded_bytes(&self) -> usize {
        let Records { id, events, signatures, spans, strings, .. } = &self.records;
        let (text, ends) = strings.parts();
        id.len() * (8 + 8 + 4 + 2 + 4 + 4)
            + 4 * events.cells.len()
            + size_of_val(&signatures[..])
            + size_of_val(&spans[..])
            + text.len()
            + 4 * ends.len()
            + 512
    }

    /// The block that [`Block::encode`] made these bytes of; `None` if they are no such block.
    pub fn decode(bytes: &[u8]) -> Option<Block> {
        let mut rest = bytes;
        let head: Vec<u32> = take(&mut rest)?;
        let [source, n_read, n_failed, n_unused, n_bad_checksum] = head[..] else { return None };
        let mut records = Records {
            id: take(&mut rest)?,
            time: take(&mut rest)?.into_iter().map(Timestamp::from_bits).collect::<Option<_>>()?,
            signature: take(&mut rest)?,
            signatures: take(&mut rest)?,
            ..Records::default()
        };
        records.events.spec = take(&mut rest)?;
        records.events.at = take(&mut rest)?;
        records.events.filled = take(&mut rest)?;
        records.events.cells = take(&mut rest)?;
        records.spans = take(&mut rest)?;
        let text = String::from_utf8(take(&mut rest)?).ok()?;
        records.strings = Strings::from_parts(text, take(&mut rest)?);
        let problems = serde_json::from_slice(&take::<u8>(&mut rest)?).ok()?;
        let chunks = Chunks { n_read, n_failed, n_unused, n_bad_checksum };
        let block = Block { source, chunks, records, problems };
        block.is_consistent().then_some(block)
    }

    /// Whether every number points into its column, so that merging needs no further checks.
    fn is_consistent(&self) -> bool {
        let records = &self.records;
        let (n_rows, events) = (records.id.len(), &records.events);
        let n_signatures = records.signatures.len() as u32;
        let cells_fit = |((&spec, &at), &filled): ((&SpecIdx, &u32), &u32)| {
            let n_cells =
                if spec == UNTYPED { Some(0) } else { LAYOUTS.get(usize::from(spec)).map(|l| l.n_cells) };
            n_cells.is_some_and(|n| u64::from(filled) >> n == 0)
                && at as usize + filled.count_ones() as usize <= events.cells.len()
        };
        [records.time.len(), records.signature.len()] == [n_rows; 2]
            && [events.spec.len(), events.at.len(), events.filled.len()] == [n_rows; 3]
            && records.signature.iter().all(|&s| s < n_signatures)
            && events.spec.iter().zip(&events.at).zip(&events.filled).all(cells_fit)
    }
}

/// Appends a column: its length in bytes, then its bytes, filled up to a multiple of eight.
fn put<T: NoUninit>(out: &mut Vec<u8>, column: &[T]) {
    let bytes: &[u8] = bytemuck::cast_slice(column);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(8), 0);
}

fn take<T: Pod>(rest: &mut &[u8]) -> Option<Vec<T>> {
    let (len, after) = rest.split_at_checked(8)?;
    let len = usize::try_from(u64::from_le_bytes(len.try_into().ok()?)).ok()?;
    let bytes = after.get(..len)?;
    *rest = after.get(len.checked_next_multiple_of(8)?..)?;
    if !len.is_multiple_of(size_of::<T>()) {
        return None;
    }
    Some(bytemuck::allocation::pod_collect_to_vec(bytes))
}
