//! Breaks logs in the ways disks, copies and attackers do. Offsets are found in the log itself.

use crate::value::write_utf16;
use crate::writer::{CHUNK_HEADER_SIZE, CHUNK_SIZE, FILE_HEADER_CHECKED, FILE_HEADER_SIZE, header_checksum};

const RECORD_SIGNATURE: [u8; 4] = [0x2a, 0x2a, 0, 0];
const ABSURD: [u8; 4] = 0x7fff_fff0u32.to_le_bytes();

/// The first bytes of the chunk become something else.
pub fn flip_chunk_magic(log: &mut [u8], chunk_idx: usize) {
    chunk(log, chunk_idx)[..8].copy_from_slice(b"DAMAGED\0");
}

/// The chunk was never written, or its place on the disk was lost.
pub fn zero_chunk(log: &mut [u8], chunk_idx: usize) {
    chunk(log, chunk_idx).fill(0);
}

pub fn break_header_checksum(log: &mut [u8], chunk_idx: usize) {
    chunk(log, chunk_idx)[124] ^= 0xff;
}

pub fn break_records_checksum(log: &mut [u8], chunk_idx: usize) {
    chunk(log, chunk_idx)[52] ^= 0xff;
}

/// Zeroes a record whole, its signature and sizes too: nothing says where the next one starts.
pub fn zero_record(log: &mut [u8], record_idx: usize) {
    let record = record(log, record_idx);
    record.fill(0);
}

/// Zeroes the second half of a record and leaves its head and size.
pub fn truncate_record(log: &mut [u8], record_idx: usize) {
    let record = record(log, record_idx);
    let half = record.len() / 2;
    record[half..].fill(0);
}

/// Cuts the file off at this length, as an interrupted copy does.
pub fn truncate_file(log: &mut Vec<u8>, len: usize) {
    log.truncate(len);
}

/// The record claims to be nearly 2 GiB.
pub fn absurd_record_size(log: &mut [u8], record_idx: usize) {
    record(log, record_idx)[4..8].copy_from_slice(&ABSURD);
}

/// The first inline definition of a template in the chunk claims to be nearly 2 GiB.
pub fn absurd_template_size(log: &mut [u8], chunk_idx: usize) {
    const DEFINITION_SIZE_AT: usize = 24 + 4 + 10 + 20;
    let first =
        record_offsets(log, chunk_idx).next().unwrap_or_else(|| panic!("chunk {chunk_idx} has no record"));
    log[first + DEFINITION_SIZE_AT..][..4].copy_from_slice(&ABSURD);
}

/// The chunk's first name with this text claims to be 65,535 characters long.
pub fn absurd_name_length(log: &mut [u8], chunk_idx: usize, name: &str) {
    let mut node = (name.encode_utf16().count() as u16).to_le_bytes().to_vec();
    write_utf16(name, &mut node);
    let bytes = chunk(log, chunk_idx);
    let at = bytes.windows(node.len()).position(|window| window == node);
    let at = at.unwrap_or_else(|| panic!("chunk {chunk_idx} has no name {name:?}"));
    bytes[at..at + 2].fill(0xff);
}

/// The file header counts fewer or more chunks than there are, as in copies of a live log.
pub fn stale_chunk_count(log: &mut [u8], n_chunks: u16) {
    log[42..44].copy_from_slice(&n_chunks.to_le_bytes());
    fix_file_checksum(log);
}

/// The chunk says that what is written in it ends after so many of its records.
pub fn hide_records(log: &mut [u8], chunk_idx: usize, n_left: usize) {
    let start = FILE_HEADER_SIZE + chunk_idx * CHUNK_SIZE;
    let first_hidden = record_offsets(log, chunk_idx).nth(n_left);
    let end = first_hidden.unwrap_or_else(|| panic!("chunk {chunk_idx} has {n_left} records")) - start;
    chunk(log, chunk_idx)[48..52].copy_from_slice(&(end as u32).to_le_bytes());
}

/// The chunk counts so many of its records.
pub fn forget_records(log: &mut [u8], chunk_idx: usize, n_left: usize) {
    let chunk = chunk(log, chunk_idx);
    for (first, last) in [(8, 16), (24, 32)] {
        let before_first = u32_at(chunk, first) as u64 - 1;
        chunk[last..last + 8].copy_from_slice(&(before_first + n_left as u64).to_le_bytes());
    }
}

/// Makes every checksum right again, so that parsers get past it and meet the damage behind it.
pub fn fix_checksums(log: &mut [u8]) {
    fix_file_checksum(log);
    for chunk in log[FILE_HEADER_SIZE..].chunks_exact_mut(CHUNK_SIZE) {
        let free_at = (u32_at(chunk, 48) as usize).clamp(CHUNK_HEADER_SIZE, CHUNK_SIZE);
        let records = crc32fast::hash(&chunk[CHUNK_HEADER_SIZE..free_at]);
        chunk[52..56].copy_from_slice(&records.to_le_bytes());
        let header = header_checksum(&chunk[..CHUNK_HEADER_SIZE]);
        chunk[124..128].copy_from_slice(&header.to_le_bytes());
    }
}

/// The number of whole chunks in the file, whatever its header says.
pub fn n_chunks(log: &[u8]) -> usize {
    log.len().saturating_sub(FILE_HEADER_SIZE) / CHUNK_SIZE
}

/// Where the records of an undamaged log lie in the file.
pub fn all_record_offsets(log: &[u8]) -> Vec<usize> {
    (0..n_chunks(log)).flat_map(|chunk_idx| record_offsets(log, chunk_idx)).collect()
}

fn fix_file_checksum(log: &mut [u8]) {
    let checksum = crc32fast::hash(&log[..FILE_HEADER_CHECKED]);
    log[124..128].copy_from_slice(&checksum.to_le_bytes());
}

fn chunk(log: &mut [u8], chunk_idx: usize) -> &mut [u8] {
    &mut log[FILE_HEADER_SIZE + chunk_idx * CHUNK_SIZE..][..CHUNK_SIZE]
}

fn record(log: &mut [u8], record_idx: usize) -> &mut [u8] {
    let at = all_record_offsets(log)[record_idx];
    let size = u32_at(log, at + 4) as usize;
    &mut log[at..at + size]
}

fn record_offsets(log: &[u8], chunk_idx: usize) -> impl Iterator<Item = usize> + '_ {
    let start = FILE_HEADER_SIZE + chunk_idx * CHUNK_SIZE;
    let end = start + (u32_at(log, start + 48) as usize).min(CHUNK_SIZE);
    let mut at = start + CHUNK_HEADER_SIZE;
    std::iter::from_fn(move || {
        let is_record = at + 8 <= end && log[at..at + 4] == RECORD_SIGNATURE;
        let this = at;
        at += if is_record { u32_at(log, at + 4) as usize } else { 0 };
        is_record.then_some(this)
    })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
