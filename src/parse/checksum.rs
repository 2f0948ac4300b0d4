//! The checksum of chunks: CRC-32, as zlib's.
//!
//! `crc32fast` uses the processor's own instruction for it. WebAssembly has none, and the usual tables took a fifth of
//! the time of parsing there; [`without_tables`] needs half the steps for each byte.

/// The CRC-32 of these bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    if cfg!(target_arch = "wasm32") { without_tables(bytes) } else { crc32fast::hash(bytes) }
}

const WORD: usize = size_of::<u64>();
/// Words ahead that a word can reach, so many are pending at a time.
const REACH: usize = 5;

/// Chorba (Russell 2024, arXiv 2412.16398). The polynomial of CRC-32 divides 1 + x^145 + x^183 + x^211 + x^300, so the
/// remainder stays the same when a bit is taken out and those 145, 183, 211 and 300 places after it are turned over. So
/// word after word is emptied into the ones behind it, until only the last few are left to be divided.
fn without_tables(bytes: &[u8]) -> u32 {
    let n_emptied = bytes.len().saturating_sub(REACH * WORD) / (REACH * WORD) * (REACH * WORD);
    let (emptied, last) = bytes.split_at(n_emptied);
    if emptied.is_empty() {
        return crc32fast::hash(bytes);
    }
    // By the word's place modulo their number. A checksum begins with all bits of its register set.
    let mut pending = [0u64; REACH];
    pending[0] = u64::from(u32::MAX);
    for words in emptied.as_chunks::<WORD>().0.as_chunks::<REACH>().0 {
        for n in 0..REACH {
            let word = u64::from_le_bytes(words[n]) ^ pending[n];
            pending[n] = word >> 20;
            pending[(n + 2) % REACH] ^= word << 17 ^ word << 55;
            pending[(n + 3) % REACH] ^= word >> 47 ^ word >> 9 ^ word << 19;
            pending[(n + 4) % REACH] ^= word >> 45 ^ word << 44;
        }
    }
    let mut tail = last.to_vec();
    for (byte, pending) in tail.iter_mut().zip(pending.iter().flat_map(|word| word.to_le_bytes())) {
        *byte ^= pending;
    }
    // What the register began with is among the pending bits already: here it begins empty.
    let mut rest = crc32fast::Hasher::new_with_initial(u32::MAX);
    rest.update(&tail);
    rest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_usual_check() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(without_tables(b"123456789"), 0xcbf4_3926);
    }

    proptest! {
        #[test]
        fn as_with_tables(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            prop_assert_eq!(without_tables(&bytes), crc32fast::hash(&bytes));
        }
    }
}
