//! Problems: what could not be read, where, and why.

use serde::{Deserialize, Serialize};

/// One thing that could not be read. It costs no more than itself: a bad record a record, a bad chunk a chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The chunk's number in its source, from 0.
    pub chunk: Option<u32>,
    /// Byte offset in the source.
    pub offset: Option<u64>,
    pub record: Option<u64>,
    pub cost: Cost,
    /// One sentence without a final dot: what was expected and what was there.
    pub text: String,
}

/// What a problem costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cost {
    /// Nothing is lost; something is not as it should be.
    Nothing,
    /// So many records.
    Records(u64),
    Chunk,
    /// The rest of the source, or all of it.
    Source,
}
