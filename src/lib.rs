//! Windows logon sessions from event logs: who was on a computer, from when to when, from where, how it ended,
//! and how sure we are.
pub mod case;
pub mod correlate;
pub mod event;
pub mod export;
pub mod machine;
pub mod parse;
pub mod problem;
pub mod query;
pub mod session;
pub mod time;
/// The version and the commit this was built from.
pub fn version() -> String {
    format!("{} ({})", env!("CARGO_PKG_VERSION"), env!("SESSIONSCOPE_COMMIT"))
}
