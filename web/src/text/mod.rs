//! How things read on the page: numbers, moments, spans and the vocabulary of sessions in words.
//! Everything here is a pure function from data to text.

pub mod moment;
pub mod number;
mod visible;
pub mod words;

pub use visible::{visible, visible_lines};
