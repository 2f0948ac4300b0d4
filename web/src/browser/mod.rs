//! What the page asks of the browser: dropped files, downloads, the address's fragment, the theme.

pub mod download;
pub mod files;
pub mod streams;
pub mod window;
