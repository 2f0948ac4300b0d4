//! What the page asks of the browser: dropped files and their bytes, downloads, the address's fragment, the theme.

pub mod bytes;
pub mod download;
pub mod files;
pub mod window;
