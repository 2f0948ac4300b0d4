//! What is seen: one component per file. A component shows what it is given and says what people do.
//!
//! Element ids, `data-` attributes and roles are what browser tests hold on to; web/README.md lists them.

mod activity;
mod app;
mod boots;
mod burst_facts;
mod cells;
mod confidence;
mod coverage;
mod drawer;
mod evidence;
mod export_menu;
mod facts;
mod files_table;
mod filter_box;
mod grid;
mod help;
mod hops;
mod host_facts;
mod hosts_table;
mod intervals;
mod invitation;
mod loaded;
mod noise_panel;
mod notice;
mod pages;
mod pick;
mod reading;
mod record;
mod session_facts;
mod sessions_table;
mod source_facts;
mod status_bar;
mod top_bar;
mod who_table;

pub use app::App;
