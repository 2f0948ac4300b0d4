/// This version and the commit it was made from, as the command line and the page show it.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SESSIONSCOPE_COMMIT"), ")");
