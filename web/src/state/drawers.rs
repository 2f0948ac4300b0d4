//! The row at the cursor, what the drawer shows of it, and the way from one drawer to the next and back.

use super::grid::Move;
use super::page::{ActivityList, Drawer, HostDrawer, Page, RecordShown, SessionDrawer, View};
use std::rc::Rc;

/// Steps back that are kept.
const MOST_BACK: usize = 20;

impl Page {
    pub(super) fn show_view(&mut self, view: View) {
        if self.view != view {
            self.view = view;
            // A drawer belongs to the table it was opened from.
            self.close_drawer();
        }
    }

    pub(super) fn close_drawer(&mut self) {
        self.drawer = None;
        self.drawers_before.clear();
    }

    /// Follows a name in the drawer to what it names, and keeps the way back.
    pub(super) fn go_to(&mut self, view: View, open: impl FnOnce(&mut Self)) {
        let mut before = std::mem::take(&mut self.drawers_before);
        before.extend(self.drawer.clone().map(|drawer| (self.view, drawer)));
        before.drain(..before.len().saturating_sub(MOST_BACK));
        self.show_view(view);
        self.grid_mut(view).cursor = None;
        open(self);
        self.drawers_before = before;
    }

    pub(super) fn go_back(&mut self) {
        let Some((view, drawer)) = self.drawers_before.pop() else { return };
        match &drawer {
            Drawer::Session(session) => self.selected = Some(session.id.clone()),
            Drawer::Burst(row) => self.selected = Some(row.session.clone()),
            Drawer::Host(_) | Drawer::Source(_) => {}
        }
        self.view = view;
        self.drawer = Some(drawer);
    }

    pub(super) fn move_cursor(&mut self, to: Move) {
        let (grid, n_rows) = self.grid();
        if let Some(index) = grid.moved(to, n_rows) {
            self.put_cursor(index);
            if self.drawer.is_some() {
                self.open_cursor();
            }
        }
    }

    fn put_cursor(&mut self, index: u32) {
        self.grid_mut(self.view).cursor = Some(index);
        if self.view == View::Sessions {
            self.selected = self.row(index).map(|row| row.session.clone());
        }
    }

    /// A burst is unfolded or folded, everything else is shown in the drawer.
    pub(super) fn choose_cursor(&mut self) {
        let row =
            self.sessions.cursor.filter(|_| self.view == View::Sessions).and_then(|index| self.row(index));
        let burst = row.filter(|row| row.group.is_some()).map(|row| row.session.clone());
        if let Some(burst) = burst {
            self.toggle_burst(burst);
            if self.drawer.is_none() {
                return;
            }
        }
        self.open_cursor();
    }

    /// The drawer shows the row at the cursor.
    pub(super) fn open_cursor(&mut self) {
        let Some(index) = self.grid().0.cursor else { return };
        match self.view {
            View::Sessions => match self.row(index) {
                Some(row) if row.group.is_some() => self.drawer = Some(Drawer::Burst(Rc::new(row.clone()))),
                Some(row) => self.open_session(row.session.clone(), Some(row.first_row)),
                None => {}
            },
            View::Who => {
                let found = self.who_row(index).map(|row| (row.record.session.clone(), row.first_row));
                if let Some((id, first_row)) = found {
                    self.open_session(id, Some(first_row));
                }
            }
            View::Hosts => {
                if let Some(machine) = self.host(index).map(|host| host.machine.clone()) {
                    self.open_host(machine);
                }
            }
            View::Files => {
                if let Some(source) = self.source(index).cloned() {
                    self.drawer = Some(Drawer::Source(Rc::new(source)));
                }
            }
        }
        // Another row of the table is another beginning.
        self.drawers_before.clear();
    }

    pub(super) fn open_host(&mut self, machine: String) {
        if !matches!(&self.drawer, Some(Drawer::Host(drawer)) if drawer.machine == machine) {
            self.drawer = Some(Drawer::Host(HostDrawer { machine, ..HostDrawer::default() }));
        }
    }

    pub(super) fn open_session(&mut self, id: String, first_row: Option<u32>) {
        self.selected = Some(id.clone());
        if !matches!(&self.drawer, Some(Drawer::Session(drawer)) if drawer.id == id) {
            self.drawer = Some(Drawer::Session(SessionDrawer { id, first_row, ..SessionDrawer::default() }));
        }
    }

    pub(super) fn session_drawer(&mut self) -> Option<&mut SessionDrawer> {
        match &mut self.drawer {
            Some(Drawer::Session(drawer)) => Some(drawer),
            _ => None,
        }
    }

    pub(super) fn turn_evidence(&mut self, first: u32) {
        if let Some(drawer) = self.session_drawer() {
            drawer.first_evidence = first;
            drawer.records.clear();
        }
    }

    pub(super) fn toggle_record(&mut self, index: u32) {
        let Some(drawer) = self.session_drawer() else { return };
        if drawer.records.remove(&index).is_none() {
            drawer.records.insert(index, RecordShown::Asked);
        }
    }

    pub(super) fn go_to_session(&mut self, id: String) {
        let row = self.rows.rows.iter().find(|row| row.session == id);
        let first_row = row.map(|row| row.first_row);
        self.go_to(View::Sessions, |page| page.open_session(id, first_row));
    }

    pub(super) fn choose_row(&mut self, index: u32) {
        self.put_cursor(index);
        self.choose_cursor();
    }

    pub(super) fn in_host_drawer(&mut self, change: impl FnOnce(&mut HostDrawer)) {
        if let Some(Drawer::Host(drawer)) = &mut self.drawer {
            change(drawer);
        }
    }

    pub(super) fn toggle_activity(&mut self) {
        if let Some(drawer) = self.session_drawer() {
            drawer.activity = match drawer.activity {
                Some(_) => None,
                None => Some(ActivityList::default()),
            };
        }
    }

    pub(super) fn turn_activity(&mut self, first: u32) {
        if let Some(list) = self.session_drawer().and_then(|drawer| drawer.activity.as_mut()) {
            list.first = first;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Action;
    use super::super::sample::{drawer_id, machine, rows, with_rows};
    use super::*;
    use crate::worker::protocol::{WhoPart, WhoRow};
    use sessionscope::query::who::WhoRecord;
    use sessionscope::query::{BurstRow, Column};

    #[test]
    fn enter_opens_the_drawer_and_arrows_take_it_along() {
        let mut page = with_rows(&["a", "b", "c"]);
        page.apply(Action::CursorMoved(Move::Down));
        assert_eq!(drawer_id(&page), None);
        page.apply(Action::CursorOpened);
        assert_eq!(drawer_id(&page), Some("a"));
        page.apply(Action::CursorMoved(Move::Down));
        assert_eq!(drawer_id(&page), Some("b"));
        page.apply(Action::DrawerClosed);
        assert_eq!((drawer_id(&page), page.selected.as_deref()), (None, Some("b")));
    }

    #[test]
    fn a_burst_is_unfolded_and_folded_again() {
        let mut page = with_rows(&["a", "burst", "b"]);
        Rc::make_mut(&mut page.rows).rows[1].group = Some(BurstRow::default());
        page.apply(Action::RowChosen(1));
        assert_eq!((page.wanted_rows().query.open_bursts, &page.drawer), (vec!["burst".to_owned()], &None));
        page.apply(Action::CursorOpened);
        assert_eq!(page.wanted_rows().query.open_bursts, [""; 0]);
        page.apply(Action::RowChosen(0));
        page.apply(Action::CursorMoved(Move::Down));
        assert!(matches!(&page.drawer, Some(Drawer::Burst(row)) if row.session == "burst"));
        assert_eq!(page.wanted_rows().query.open_bursts, [""; 0], "arrows pass it by");
    }

    #[test]
    fn another_order_keeps_the_session_and_not_the_place() {
        let mut page = with_rows(&["a", "b"]);
        page.apply(Action::RowChosen(1));
        page.apply(Action::SortChosen { by: Column::End, and_then: false });
        assert_eq!((page.sessions.cursor, drawer_id(&page)), (None, Some("b")));
        let sorted = rows(&page, 2, 0, &["b", "a"]);
        page.apply(sorted);
        assert_eq!(page.selected.as_deref(), Some("b"));
    }

    #[test]
    fn a_name_in_the_drawer_leads_there_and_back() {
        let mut page = with_rows(&["PC7#1/0x1", "PC7#1/0x2"]);
        page.apply(Action::RowChosen(1));
        page.apply(Action::SessionChosen("DC01#0/0x9".into()));
        assert_eq!(drawer_id(&page), Some("DC01#0/0x9"));
        page.apply(Action::HostChosen("DC01".into()));
        assert_eq!((page.view, machine(&page)), (View::Hosts, Some("DC01")));
        page.apply(Action::DrawerWentBack);
        page.apply(Action::DrawerWentBack);
        assert_eq!((page.view, drawer_id(&page)), (View::Sessions, Some("PC7#1/0x2")));
        assert!(page.drawers_before.is_empty());
        page.apply(Action::SessionChosen("DC01#0/0x9".into()));
        page.apply(Action::RowChosen(0));
        assert!(page.drawers_before.is_empty(), "another row is another beginning");
    }

    #[test]
    fn the_way_back_is_bounded() {
        let mut page = with_rows(&["a"]);
        for n in 0..100 {
            page.apply(Action::SessionChosen(n.to_string()));
        }
        assert_eq!(page.drawers_before.len(), MOST_BACK);
    }

    #[test]
    fn a_session_of_a_moment_is_asked_for_by_its_first_record() {
        let mut page = Page::default();
        page.apply(Action::MomentChosen("2024-03-05T23:41:19.0000000Z".into()));
        let record = WhoRecord { session: "PC7#1/0x1".into(), ..WhoRecord::default() };
        let rows = vec![WhoRow { record, first_row: 17 }];
        page.who_found = Some(Rc::new(WhoPart { n_rows: 1, rows, ..WhoPart::default() }));
        page.apply(Action::RowChosen(0));
        let asked = page.wanted_session().map(|ask| (ask.id, ask.first_row));
        assert_eq!(asked, Some(("PC7#1/0x1".into(), Some(17))));
    }

    #[test]
    fn what_ran_is_asked_for_while_it_is_shown() {
        let mut page = with_rows(&["a"]);
        page.apply(Action::RowChosen(0));
        assert_eq!(page.wanted_activity(), None);
        page.apply(Action::ActivityToggled);
        page.apply(Action::ActivityTurned(50));
        assert_eq!(page.wanted_activity().map(|ask| (ask.session, ask.first)), Some(("a".into(), 50)));
        page.apply(Action::ActivityToggled);
        assert_eq!(page.wanted_activity(), None);
    }
}
