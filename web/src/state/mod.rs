//! What the page shows: plain data, and a pure `reduce` from one state to the next. Actions are in the user's words.

mod action;
mod answers;
mod drawers;
pub mod fragment;
pub mod grid;
mod order;
pub mod page;
pub mod progress;
mod reduce;
#[cfg(test)]
mod sample;
pub mod scroll;

pub use action::Action;
pub use page::{
    ActivityList, Drawer, Export, HostDrawer, Notice, Page, RecordShown, SessionDrawer, Theme, View,
};
