//! The checksum of chunks: CRC-32, as zlib's.
//!
//! `crc32fast` uses the processor's own instruction for it. WebAssembly has none, and the usual tables took a fifth of
//! the time of parsing there. What stands here needs half the steps for each byte, and takes two chunks at once.

use std::ops::{BitXor, Shl, Shr};
use two::Two;

/// The CRC-32 of each of two pieces, best of about the same length.
pub fn crc32_of_two(pieces: [&[u8]; 2]) -> [u32; 2] {
    if cfg!(target_arch = "wasm32") { without_tables(pieces) } else { pieces.map(crc32fast::hash) }
}

const WORD: usize = size_of::<u64>();
/// Words ahead that a word can reach, so many are pending at a time.
const REACH: usize = 5;
/// What is left for the end must have room for all that is pending.
const LEFT: usize = REACH * WORD;

/// Words of 64 bits, one or several side by side.
trait Words: Copy + BitXor<Output = Self> + Shl<u32, Output = Self> + Shr<u32, Output = Self> {}

impl Words for u64 {}
impl Words for Two {}

/// Chorba (Russell 2024, arXiv 2412.16398). The polynomial of CRC-32 divides 1 + x^145 + x^183 + x^211 + x^300, so the
/// remainder stays the same when a bit is taken out and those 145, 183, 211 and 300 places after it are turned over. So
/// word after word is emptied into the ones behind it, until only the last few are left to be divided.
#[inline(always)]
fn empty<W: Words>(words: [W; REACH], pending: &mut [W; REACH]) {
    for n in 0..REACH {
        let word = words[n] ^ pending[n];
        let [second, third, fourth] = [2, 3, 4].map(|ahead| (n + ahead) % REACH);
        pending[n] = word >> 20;
        pending[second] = pending[second] ^ word << 17 ^ word << 55;
        pending[third] = pending[third] ^ word >> 47 ^ word >> 9 ^ word << 19;
        pending[fourth] = pending[fourth] ^ word >> 45 ^ word << 44;
    }
}

fn without_tables(pieces: [&[u8]; 2]) -> [u32; 2] {
    let shorter = pieces[0].len().min(pieces[1].len());
    if shorter < LEFT {
        return pieces.map(crc32fast::hash);
    }
    let [(one, rest), (other, other_rest)] = pieces.map(|piece| piece.split_at(n_emptied(shorter)));
    // By the word's place modulo their number. A checksum begins with all bits of its register set.
    let mut pending = [Two::new([0; 2]); REACH];
    pending[0] = Two::new([u32::MAX.into(); 2]);
    for (one, other) in words(one).zip(words(other)) {
        empty(std::array::from_fn(|n| Two::new([one[n], other[n]])), &mut pending);
    }
    let of = |n: usize| pending.map(|words| words.parts()[n]);
    [finish(rest, of(0)), finish(other_rest, of(1))]
}

fn n_emptied(n_bytes: usize) -> usize {
    n_bytes.saturating_sub(LEFT) / LEFT * LEFT
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u64; REACH]> {
    bytes.as_chunks().0.as_chunks().0.iter().map(|words: &[[u8; WORD]; REACH]| words.map(u64::from_le_bytes))
}

/// The rest of a piece, into which so much is pending.
fn finish(rest: &[u8], mut pending: [u64; REACH]) -> u32 {
    let (emptied, last) = rest.split_at(n_emptied(rest.len()));
    words(emptied).for_each(|words| empty(words, &mut pending));
    let mut tail = last.to_vec();
    for (byte, pending) in tail.iter_mut().zip(pending.iter().flat_map(|word| word.to_le_bytes())) {
        *byte ^= pending;
    }
    // What the register began with is among the pending bits already: here it begins empty.
    let mut rest = crc32fast::Hasher::new_with_initial(u32::MAX);
    rest.update(&tail);
    rest.finalize()
}

/// Two words side by side.
#[cfg(target_arch = "wasm32")]
mod two {
    use std::arch::wasm32::{u64x2, u64x2_extract_lane, u64x2_shl, u64x2_shr, v128, v128_xor};
    use std::ops::{BitXor, Shl, Shr};

    #[derive(Clone, Copy)]
    pub struct Two(v128);

    impl Two {
        #[inline(always)]
        pub fn new([one, other]: [u64; 2]) -> Self {
            Two(u64x2(one, other))
        }

        pub fn parts(self) -> [u64; 2] {
            [u64x2_extract_lane::<0>(self.0), u64x2_extract_lane::<1>(self.0)]
        }
    }

    impl BitXor for Two {
        type Output = Self;

        #[inline(always)]
        fn bitxor(self, other: Self) -> Self {
            Two(v128_xor(self.0, other.0))
        }
    }

    impl Shl<u32> for Two {
        type Output = Self;

        #[inline(always)]
        fn shl(self, n: u32) -> Self {
            Two(u64x2_shl(self.0, n))
        }
    }

    impl Shr<u32> for Two {
        type Output = Self;

        #[inline(always)]
        fn shr(self, n: u32) -> Self {
            Two(u64x2_shr(self.0, n))
        }
    }
}

/// The same for processors that have an instruction for the whole: for the tests.
#[cfg(not(target_arch = "wasm32"))]
mod two {
    use std::ops::{BitXor, Shl, Shr};

    #[derive(Clone, Copy)]
    pub struct Two([u64; 2]);

    impl Two {
        pub fn new(parts: [u64; 2]) -> Self {
            Two(parts)
        }

        pub fn parts(self) -> [u64; 2] {
            self.0
        }
    }

    impl BitXor for Two {
        type Output = Self;

        fn bitxor(self, Two([one, other]): Self) -> Self {
            Two([self.0[0] ^ one, self.0[1] ^ other])
        }
    }

    impl Shl<u32> for Two {
        type Output = Self;

        fn shl(self, n: u32) -> Self {
            Two(self.0.map(|word| word << n))
        }
    }

    impl Shr<u32> for Two {
        type Output = Self;

        fn shr(self, n: u32) -> Self {
            Two(self.0.map(|word| word >> n))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_usual_check() {
        assert_eq!(without_tables([b"123456789"; 2]), [0xcbf4_3926; 2]);
        let long = [&[0; 96], &b"123456789"[..]].concat();
        assert_eq!(without_tables([&long; 2]), [crc32fast::hash(&long); 2]);
    }

    proptest! {
        #[test]
        fn as_with_tables(
            one in proptest::collection::vec(any::<u8>(), 0..700),
            other in proptest::collection::vec(any::<u8>(), 0..700),
        ) {
            let with_tables = [&one, &other].map(|bytes| crc32fast::hash(bytes));
            prop_assert_eq!(without_tables([&one, &other]), with_tables);
        }
    }
}
