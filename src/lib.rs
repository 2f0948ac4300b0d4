//! Windows logon sessions from event logs: who was on a computer, from when to when, from where, how it ended, and
//! how sure we are.
//!
//! The steps, in order:
//!
//! 1. [`parse`]: the bytes of a chunk become events and problems, a [`parse::block::Block`].
//! 2. [`event::merge`]: blocks become one set of columns, [`event::Records`].
//! 3. [`correlate`](mod@correlate): records become machines, boots and sessions.
//! 4. [`query`]: rows of a case are found and sorted.
//! 5. [`export`]: sessions become text and files that others read.
//!
//! A [`case::Case`] is these steps in a row. What they hand on are nouns: [`event`], [`machine`], [`session`],
//! [`problem`], [`time`]. Nothing here does I/O or reads a clock.

// The documentation is for whoever works on this crate: it links private files too.
#![allow(rustdoc::private_intra_doc_links)]

pub mod audit;
pub mod case;
pub mod correlate;
pub mod event;
pub mod export;
pub mod machine;
mod parallel;
pub mod parse;
pub mod problem;
pub mod query;
mod room;
pub mod session;
pub mod time;
mod vocabulary;

/// The version and the commit this was built from.
pub fn version() -> String {
    format!("{} ({})", env!("CARGO_PKG_VERSION"), env!("SESSIONSCOPE_COMMIT"))
}
