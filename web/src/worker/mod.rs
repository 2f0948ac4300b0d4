//! Reading and answering away from the page's thread: parse workers turn bytes into blocks, the case worker holds
//! the case and answers questions, and the page side keeps both at work.
//!
//! `protocol` is what they say to each other; `parse` and `case` are plain functions behind a thin translation;
//! `schedule` decides what is read next.

pub mod case;
pub mod message;
pub mod page_side;
pub mod parse;
pub mod protocol;
pub mod schedule;
