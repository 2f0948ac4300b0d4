//! One chunk under construction: 64 KiB with its own tables of names and templates.

use super::template::{Template, TemplateIdx};
use crate::value::write_utf16;

pub(crate) const CHUNK_SIZE: usize = 65_536;
pub(crate) const CHUNK_HEADER_SIZE: usize = 512;

const NAME_TABLE_AT: usize = 128;
const N_NAME_BUCKETS: usize = 64;
const TEMPLATE_TABLE_AT: usize = 384;
const N_TEMPLATE_BUCKETS: u32 = 32;
const TABLES_SIZE: usize = CHUNK_HEADER_SIZE - NAME_TABLE_AT;

/// A record's frame: signature, size, id and time before the binary XML, the size once more behind it.
const RECORD_SIGNATURE: [u8; 4] = [0x2a, 0x2a, 0x00, 0x00];
const RECORD_SIZE_AT: usize = 4;

pub(crate) struct Chunk {
    /// The chunk from its first byte; may grow past its size until the record that did it is taken back.
    pub bytes: Vec<u8>,
    /// Where each template lies in this chunk, by template.
    template_offsets: Vec<Option<u32>>,
    n_records: u64,
    first_id: u64,
    last_id: u64,
    last_record_at: usize,
}

/// What has to be put back when a record does not fit.
pub(crate) struct Mark {
    len: usize,
    tables: [u8; TABLES_SIZE],
}

impl Chunk {
    pub fn new() -> Chunk {
        Chunk {
            bytes: vec![0; CHUNK_HEADER_SIZE],
            template_offsets: Vec::new(),
            n_records: 0,
            first_id: 0,
            last_id: 0,
            last_record_at: CHUNK_HEADER_SIZE,
        }
    }

    /// Empties the chunk and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.resize(CHUNK_HEADER_SIZE, 0);
        self.template_offsets.clear();
        self.n_records = 0;
        self.last_record_at = CHUNK_HEADER_SIZE;
    }

    pub fn is_empty(&self) -> bool {
        self.n_records == 0
    }

    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Writes one record whose binary XML `body` appends; returns false, and changes nothing, if it does not fit.
    pub fn try_record(&mut self, id: u64, time: u64, body: impl FnOnce(&mut Chunk)) -> bool {
        let mark = self.mark();
        self.bytes.extend(RECORD_SIGNATURE);
        self.bytes.extend([0; 4]);
        self.bytes.extend(id.to_le_bytes());
        self.bytes.extend(time.to_le_bytes());
        body(self);
        let size = (self.bytes.len() - mark.len + 4).next_multiple_of(8);
        // Windows leaves room at the end, and libevtx loses a record that ends exactly with its chunk.
        if mark.len + size >= CHUNK_SIZE {
            self.take_back(&mark);
            return false;
        }
        self.bytes.resize(mark.len + size - 4, 0);
        let size_bytes = (size as u32).to_le_bytes();
        self.bytes.extend(size_bytes);
        self.bytes[mark.len + RECORD_SIZE_AT..][..4].copy_from_slice(&size_bytes);
        self.count_record(id, mark.len);
        true
    }

    fn count_record(&mut self, id: u64, at: usize) {
        if self.n_records == 0 {
            self.first_id = id;
        }
        self.last_id = id;
        self.n_records += 1;
        self.last_record_at = at;
    }

    fn mark(&self) -> Mark {
        let mut tables = [0; TABLES_SIZE];
        tables.copy_from_slice(&self.bytes[NAME_TABLE_AT..CHUNK_HEADER_SIZE]);
        Mark { len: self.bytes.len(), tables }
    }

    fn take_back(&mut self, mark: &Mark) {
        self.bytes.truncate(mark.len);
        self.bytes[NAME_TABLE_AT..CHUNK_HEADER_SIZE].copy_from_slice(&mark.tables);
        for offset in &mut self.template_offsets {
            *offset = offset.filter(|offset| (*offset as usize) < mark.len);
        }
    }

    /// Fills in the header and pads to the chunk's size.
    pub fn seal(&mut self, first_number: u64) -> &[u8] {
        let free_at = self.bytes.len();
        let records_crc = crc32fast::hash(&self.bytes[CHUNK_HEADER_SIZE..]);
        self.bytes.resize(CHUNK_SIZE, 0);
        // An empty chunk spans from its first number to the one before it, as Windows leaves a cleared log.
        let last_number = first_number.wrapping_add(self.n_records).wrapping_sub(1);
        let (first_id, last_id) =
            if self.is_empty() { (first_number, last_number) } else { (self.first_id, self.last_id) };
        let header = &mut self.bytes[..CHUNK_HEADER_SIZE];
        header[..8].copy_from_slice(b"ElfChnk\0");
        header[8..16].copy_from_slice(&first_number.to_le_bytes());
        header[16..24].copy_from_slice(&last_number.to_le_bytes());
        header[24..32].copy_from_slice(&first_id.to_le_bytes());
        header[32..40].copy_from_slice(&last_id.to_le_bytes());
        header[40..44].copy_from_slice(&128u32.to_le_bytes());
        header[44..48].copy_from_slice(&(self.last_record_at as u32).to_le_bytes());
        header[48..52].copy_from_slice(&(free_at as u32).to_le_bytes());
        header[52..56].copy_from_slice(&records_crc.to_le_bytes());
        header[120..124].copy_from_slice(&1u32.to_le_bytes());
        let header_crc = header_checksum(header);
        header[124..128].copy_from_slice(&header_crc.to_le_bytes());
        &self.bytes
    }

    /// The offset of a name, and the name itself where the chunk has not got it yet.
    pub fn write_name(&mut self, name: &str) {
        let hash = name_hash(name);
        let bucket = NAME_TABLE_AT + 4 * (usize::from(hash) % N_NAME_BUCKETS);
        let head = self.u32_at(bucket);
        if let Some(known) = self.find_name(head, hash, name) {
            self.bytes.extend(known.to_le_bytes());
            return;
        }
        let at = self.bytes.len() as u32 + 4;
        self.bytes.extend(at.to_le_bytes());
        self.bytes.extend(head.to_le_bytes());
        self.bytes.extend(hash.to_le_bytes());
        self.bytes.extend((name.encode_utf16().count() as u16).to_le_bytes());
        write_utf16(name, &mut self.bytes);
        self.bytes.extend([0, 0]);
        self.bytes[bucket..bucket + 4].copy_from_slice(&at.to_le_bytes());
    }

    fn find_name(&self, head: u32, hash: u16, name: &str) -> Option<u32> {
        let mut at = head;
        while at != 0 {
            let node = &self.bytes[at as usize..];
            let n_units = usize::from(u16::from_le_bytes([node[6], node[7]]));
            let same_hash = u16::from_le_bytes([node[4], node[5]]) == hash;
            let units =
                node[8..8 + 2 * n_units].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            if same_hash && units.eq(name.encode_utf16()) {
                return Some(at);
            }
            at = self.u32_at(at as usize);
        }
        None
    }

    /// A template instance's head: a reference to the definition, which comes inline at its first use in a chunk.
    pub fn write_template(&mut self, idx: TemplateIdx, template: &Template) {
        self.bytes.extend([0x0c, 0x01]);
        self.bytes.extend(template.id().to_le_bytes());
        if let Some(Some(known)) = self.template_offsets.get(idx.0) {
            self.bytes.extend(known.to_le_bytes());
            return;
        }
        let at = self.bytes.len() as u32 + 4;
        self.bytes.extend(at.to_le_bytes());
        self.note_template(idx, template, at);
        self.bytes.extend(template.guid.0);
        let size_at = self.reserve_u32();
        template.write_body(self);
        self.fill_size(size_at);
    }

    fn note_template(&mut self, idx: TemplateIdx, template: &Template, at: u32) {
        if self.template_offsets.len() <= idx.0 {
            self.template_offsets.resize(idx.0 + 1, None);
        }
        self.template_offsets[idx.0] = Some(at);
        let bucket = TEMPLATE_TABLE_AT + 4 * (template.id() % N_TEMPLATE_BUCKETS) as usize;
        let head = self.u32_at(bucket);
        self.bytes[bucket..bucket + 4].copy_from_slice(&at.to_le_bytes());
        self.bytes.extend(head.to_le_bytes());
    }

    pub fn reserve_u32(&mut self) -> usize {
        let at = self.bytes.len();
        self.bytes.extend([0; 4]);
        at
    }

    /// Writes, where it was reserved, the number of bytes since.
    pub fn fill_size(&mut self, at: usize) {
        let size = (self.bytes.len() - at - 4) as u32;
        self.bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
    }

    fn u32_at(&self, at: usize) -> u32 {
        u32::from_le_bytes([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]])
    }
}

/// The checksum of a chunk's header leaves out its own place and the flags before it.
pub(crate) fn header_checksum(header: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..120]);
    hasher.update(&header[128..CHUNK_HEADER_SIZE]);
    hasher.finalize()
}

fn name_hash(name: &str) -> u16 {
    let hash =
        name.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(65_599).wrapping_add(unit.into()));
    (hash & 0xffff) as u16
}
