//! Pages and answers for tests.

use super::action::Action;
use super::page::{Drawer, Page, View};
use crate::worker::protocol::{HostRow, HostsAsk, HostsPart};
use sessionscope::query::{Row, Rows};
use std::rc::Rc;

pub fn row(session: &str) -> Row {
    Row { session: session.into(), ..Row::default() }
}

pub fn rows(page: &Page, n_rows: u32, first: u32, ids: &[&str]) -> Action {
    let rows = ids.iter().map(|id| row(id)).collect();
    Action::RowsArrived {
        ask: page.wanted_rows(),
        rows: Rc::new(Rows { n_total: n_rows, n_rows, first, rows, ..Rows::default() }),
    }
}

pub fn with_rows(ids: &[&str]) -> Page {
    let mut page = Page::default();
    let arrived = rows(&page, ids.len() as u32, 0, ids);
    page.apply(Action::TableScrolled { view: View::Sessions, first: 0, n_visible: 10 });
    page.apply(arrived);
    page
}

pub fn drawer_id(page: &Page) -> Option<&str> {
    match &page.drawer {
        Some(Drawer::Session(drawer)) => Some(&drawer.id),
        _ => None,
    }
}

pub fn hosts(page: &mut Page, machines: &[&str]) {
    let row = |machine: &&str| HostRow { machine: (*machine).into(), ..HostRow::default() };
    let part =
        HostsPart { n_hosts: machines.len() as u32, first: 0, hosts: machines.iter().map(row).collect() };
    page.apply(Action::HostsArrived { ask: HostsAsk::default(), part: Rc::new(part) });
}

pub fn machine(page: &Page) -> Option<&str> {
    match &page.drawer {
        Some(Drawer::Host(drawer)) => Some(&drawer.machine),
        _ => None,
    }
}
