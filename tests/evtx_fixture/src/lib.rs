//! Windows event logs for tests, written from nothing.
//!
//! [`scenario`] turns rows of text into events, [`windows`] knows how Windows shapes each [`event`], [`writer`] makes
//! EVTX bytes of them, [`damage`] breaks those bytes, and [`generate`] makes big logs for benches.

pub mod damage;
pub mod event;
pub mod generate;
pub mod scenario;
pub mod value;
pub mod windows;
pub mod writer;

pub use event::{Event, Field, Layout, Payload, Provider};
pub use value::{FileTime, Guid, Sid, Text, Value};
pub use writer::{LogOptions, LogStream, LogWriter, WriteError, empty_log};
