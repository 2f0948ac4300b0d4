//! From one state to the next, without side effects.

use super::action::Action;
use super::grid::Grid;
use super::page::{ActivityList, Drawer, Export, HostDrawer, Notice, Page, RecordShown, SessionDrawer, View};
use crate::text::moment;
use sessionscope::query::{Column, Sort};
use std::rc::Rc;

/// Steps back that are kept.
const MOST_BACK: usize = 20;
/// Columns a table is sorted by at most.
const MOST_SORTS: usize = 2;

impl yew::Reducible for Page {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut page = (*self).clone();
        page.apply(action);
        Rc::new(page)
    }
}

impl Page {
    /// What becomes of the page when this happens.
    pub fn apply(&mut self, action: Action) {
        match action {
            Action::FilesDragged => self.is_dragged_over = true,
            Action::DragLeft => self.is_dragged_over = false,
            Action::FilesDropped => {
                self.is_dragged_over = false;
                self.notice = None;
            }
            Action::ViewChosen(view) => self.show_view(view),
            Action::ZoneChosen(zone) => {
                self.zone = zone;
                // The moment stays the same; how it reads does not.
                if let Some(at) = &self.who_asked.at {
                    self.who_asked.text = moment::to_the_second(at, zone);
                }
            }
            Action::ThemeChosen(theme) => self.theme = theme,
            Action::AddressChanged(fragment) => {
                self.show_view(fragment.view);
                (self.zone, self.theme) = (fragment.zone, fragment.theme);
                if self.query.sort != fragment.sort {
                    self.query.sort = fragment.sort;
                    self.sessions.reset();
                }
            }
            Action::FilterChanged(text) => {
                // It is the sessions that are filtered: one who writes wants to see them.
                self.show_view(View::Sessions);
                self.query.text = text;
                self.sessions.reset();
            }
            Action::NoiseToggled(class) => self.toggle_noise(class),
            Action::BurstsToggled => {
                self.query.is_grouped = !self.query.is_grouped;
                self.sessions.reset();
            }
            Action::BurstToggled(burst) => self.toggle_burst(burst),
            Action::SortChosen { by, and_then } => self.sort(by, and_then),
            Action::TableScrolled { view, first, n_visible } => {
                let grid = self.grid_mut(view);
                (grid.first, grid.n_visible) = (first, n_visible);
            }
            Action::CursorMoved(to) => self.move_cursor(to),
            Action::RowChosen(index) => {
                self.put_cursor(index);
                self.choose_cursor();
            }
            Action::CursorOpened => self.choose_cursor(),
            Action::SessionChosen(id) => {
                let row = self.rows.rows.iter().find(|row| row.session == id);
                let first_row = row.map(|row| row.first_row);
                self.go_to(View::Sessions, |page| page.open_session(id, first_row));
            }
            Action::HostChosen(machine) => self.go_to(View::Hosts, |page| page.open_host(machine)),
            Action::SessionsOfHostChosen(machine) => {
                self.show_view(View::Sessions);
                // With what follows it in ids of sessions: other machines name it too, as where they came from.
                self.query.text = format!("{machine}#");
                self.sessions.reset();
            }
            Action::DrawerWentBack => self.go_back(),
            Action::DrawerClosed => self.close_drawer(),
            Action::BootsTurned(first) => {
                if let Some(Drawer::Host(drawer)) = &mut self.drawer {
                    drawer.first_boot = first;
                }
            }
            Action::CoverageBootChosen(boot) => {
                if let Some(Drawer::Host(drawer)) = &mut self.drawer {
                    drawer.coverage_boot = boot;
                }
            }
            Action::ActivityToggled => {
                if let Some(drawer) = self.session_drawer() {
                    drawer.activity = match drawer.activity {
                        Some(_) => None,
                        None => Some(ActivityList::default()),
                    };
                }
            }
            Action::ActivityTurned(first) => {
                if let Some(list) = self.session_drawer().and_then(|drawer| drawer.activity.as_mut()) {
                    list.first = first;
                }
            }
            Action::MomentWritten(text) => {
                self.who_asked.at = moment::read(&text, self.zone);
                self.who_asked.text = text;
                self.who.reset();
            }
            Action::MomentChosen(at) => {
                self.go_to(View::Who, |_| ());
                self.who_asked.text = moment::to_the_second(&at, self.zone);
                self.who_asked.at = Some(at);
                self.who.reset();
            }
            Action::WhoNoiseToggled => {
                self.who_asked.with_noise = !self.who_asked.with_noise;
                self.who.reset();
            }
            Action::EvidenceTurned(first) => self.turn_evidence(first),
            Action::RecordToggled(index) => self.toggle_record(index),
            Action::PanelToggled => self.is_panel_closed = !self.is_panel_closed,
            Action::ExportMenuToggled => self.is_export_open = !self.is_export_open,
            Action::HelpToggled => self.is_help_open = !self.is_help_open,
            Action::NoticeClosed => self.notice = None,
            Action::ProgressMade(progress) => self.progress = progress,
            Action::SummaryArrived(summary) => {
                self.summary = summary;
                self.n_summaries = self.n_summaries.wrapping_add(1);
            }
            Action::RowsArrived { ask, rows } => self.take_rows(&ask, rows),
            Action::SessionArrived { ask, part } => self.take_session(&ask, part),
            Action::ActivityArrived { ask, rows } => self.take_activity(&ask, rows),
            Action::WhoArrived { ask, part } => self.take_who(&ask, part),
            Action::HostsArrived { part, .. } => self.take_hosts(part),
            Action::HostArrived { ask, part } => self.take_host(&ask, part),
            Action::LedgerArrived { part, .. } => self.take_ledger(part),
            Action::RecordArrived { session, index, view } => {
                let shown = view.map_or_else(RecordShown::Failed, RecordShown::Read);
                self.take_record(&session, index, shown);
            }
            Action::ExportChanged(export) => self.export = export,
            Action::NoticeGiven(notice) => self.notice = Some(notice),
            Action::CaseRestarted => self.restart(),
        }
    }

    /// The table of a view.
    pub fn grid_mut(&mut self, view: View) -> &mut Grid {
        match view {
            View::Sessions => &mut self.sessions,
            View::Who => &mut self.who,
            View::Hosts => &mut self.hosts,
            View::Files => &mut self.files,
        }
    }

    /// The table that is shown, and how many rows it has.
    pub fn grid(&self) -> (Grid, u32) {
        match self.view {
            View::Sessions => (self.sessions, self.rows.n_rows),
            View::Who => (self.who, self.who_found.as_ref().map_or(0, |part| part.n_rows)),
            View::Hosts => (self.hosts, self.machines.n_hosts),
            View::Files => (self.files, self.ledger.n_sources),
        }
    }

    fn show_view(&mut self, view: View) {
        if self.view != view {
            self.view = view;
            // A drawer belongs to the table it was opened from.
            self.close_drawer();
        }
    }

    fn close_drawer(&mut self) {
        self.drawer = None;
        self.drawers_before.clear();
    }

    /// Follows a name in the drawer to what it names, and keeps the way back.
    fn go_to(&mut self, view: View, open: impl FnOnce(&mut Self)) {
        let mut before = std::mem::take(&mut self.drawers_before);
        before.extend(self.drawer.clone().map(|drawer| (self.view, drawer)));
        before.drain(..before.len().saturating_sub(MOST_BACK));
        self.show_view(view);
        self.grid_mut(view).cursor = None;
        open(self);
        self.drawers_before = before;
    }

    fn go_back(&mut self) {
        let Some((view, drawer)) = self.drawers_before.pop() else { return };
        match &drawer {
            Drawer::Session(session) => self.selected = Some(session.id.clone()),
            Drawer::Burst(row) => self.selected = Some(row.session.clone()),
            Drawer::Host(_) | Drawer::Source(_) => {}
        }
        self.view = view;
        self.drawer = Some(drawer);
    }

    fn toggle_noise(&mut self, class: String) {
        toggle(&mut self.query.shown_noise, class);
        self.query.shown_noise.sort_unstable();
        self.sessions.reset();
    }

    fn toggle_burst(&mut self, burst: String) {
        toggle(&mut self.query.open_bursts, burst);
    }

    /// A click sorts upwards, the next downwards, a third gives the order back.
    fn sort(&mut self, by: Column, and_then: bool) {
        let sort = &mut self.query.sort;
        let at = sort.iter().position(|sort| sort.by == by);
        let next = match at.map(|i| sort[i].descending) {
            None => Some(Sort { by, descending: false }),
            Some(false) => Some(Sort { by, descending: true }),
            Some(true) => None,
        };
        if !and_then {
            *sort = next.into_iter().collect();
        } else if let Some(i) = at {
            match next {
                Some(next) => sort[i] = next,
                None => {
                    sort.remove(i);
                }
            }
        } else {
            sort.truncate(MOST_SORTS - 1);
            sort.extend(next);
        }
        self.sessions.reset();
    }

    fn move_cursor(&mut self, to: super::grid::Move) {
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
    fn choose_cursor(&mut self) {
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

    fn open_host(&mut self, machine: String) {
        if !matches!(&self.drawer, Some(Drawer::Host(drawer)) if drawer.machine == machine) {
            self.drawer = Some(Drawer::Host(HostDrawer { machine, ..HostDrawer::default() }));
        }
    }

    fn open_session(&mut self, id: String, first_row: Option<u32>) {
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

    fn turn_evidence(&mut self, first: u32) {
        if let Some(drawer) = self.session_drawer() {
            drawer.first_evidence = first;
            drawer.records.clear();
        }
    }

    fn toggle_record(&mut self, index: u32) {
        let Some(drawer) = self.session_drawer() else { return };
        if drawer.records.remove(&index).is_none() {
            drawer.records.insert(index, RecordShown::Asked);
        }
    }

    fn restart(&mut self) {
        // Records are numbered anew.
        if let Some(drawer) = self.session_drawer() {
            drawer.first_row = None;
        }
        self.summary = Default::default();
        self.rows_version = 0;
        self.export = Export::None;
        self.notice = Some(Notice {
            text: "The case was lost: it may have needed more memory than this browser gives. \
                   The dropped files are being read again."
                .into(),
            is_error: true,
        });
    }
}

/// Takes a name out of those that are chosen, or adds it.
fn toggle(chosen: &mut Vec<String>, name: String) {
    match chosen.iter().position(|other| *other == name) {
        Some(at) => drop(chosen.remove(at)),
        None => chosen.push(name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::grid::Move;
    use super::super::sample::{drawer_id, machine, rows, with_rows};
    use super::*;
    use crate::text::moment::Zone;
    use crate::worker::protocol::{WhoAsk, WhoPart, WhoRow};
    use sessionscope::query::BurstRow;
    use sessionscope::query::who::WhoRecord;

    #[test]
    fn a_click_sorts_and_shift_adds_a_second_column() {
        let mut page = Page::default();
        let mut click = |by, and_then| {
            page.apply(Action::SortChosen { by, and_then });
            page.fragment().write()
        };
        assert_eq!(click(Column::Start, false), "view=sessions&sort=start&zone=utc");
        assert_eq!(click(Column::Start, false), "view=sessions&sort=-start&zone=utc");
        assert_eq!(click(Column::User, true), "view=sessions&sort=-start,user&zone=utc");
        assert_eq!(click(Column::User, true), "view=sessions&sort=-start,-user&zone=utc");
        assert_eq!(click(Column::Machine, true), "view=sessions&sort=-start,machine&zone=utc");
        assert_eq!(click(Column::Start, true), "view=sessions&sort=machine&zone=utc");
        assert_eq!(click(Column::User, false), "view=sessions&sort=user&zone=utc");
    }

    #[test]
    fn noise_is_shown_and_hidden_again() {
        let mut page = Page::default();
        page.apply(Action::NoiseToggled("service".into()));
        page.apply(Action::NoiseToggled("machine".into()));
        assert_eq!(page.wanted_rows().query.shown_noise, ["machine", "service"]);
        page.apply(Action::NoiseToggled("service".into()));
        assert_eq!(page.wanted_rows().query.shown_noise, ["machine"]);
    }

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
    fn a_moment_is_asked_for_when_it_is_one() {
        let mut page = Page::default();
        page.apply(Action::ViewChosen(View::Who));
        page.apply(Action::MomentWritten("2024-03-05 22:".into()));
        assert_eq!(page.wanted_who(), None);
        page.apply(Action::MomentWritten("2024-03-05 22:40".into()));
        let asked = page.wanted_who().map(|ask| ask.at);
        assert_eq!(asked.as_deref(), Some("2024-03-05T22:40:00.0000000Z"));
        page.apply(Action::ZoneChosen(Zone::Browser));
        assert_eq!(page.who_asked.text, "2024-03-06 00:40:00", "the same moment, as the zone has it");
        assert_eq!(page.wanted_who().map(|ask| ask.at), asked);
        let stale = WhoAsk { at: "2024-03-05T21:00:00.0000000Z".into(), ..WhoAsk::default() };
        page.apply(Action::WhoArrived { ask: stale, part: Rc::default() });
        assert_eq!(page.who_found, None);
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
    fn a_moment_of_a_session_is_one_click_and_back() {
        let mut page = with_rows(&["a"]);
        page.apply(Action::RowChosen(0));
        page.apply(Action::MomentChosen("2024-03-05T23:41:19.0000000Z".into()));
        assert_eq!((page.view, page.who_asked.text.as_str()), (View::Who, "2024-03-05 23:41:19"));
        page.apply(Action::ViewChosen(View::Sessions));
        assert_eq!(page.drawer, None);
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

    #[test]
    fn sessions_of_a_machine_are_found_by_its_name() {
        let mut page = Page::default();
        page.apply(Action::ViewChosen(View::Hosts));
        page.apply(Action::SessionsOfHostChosen("DC01".into()));
        assert_eq!((page.view, page.query.text.as_str()), (View::Sessions, "DC01#"));
    }

    #[test]
    fn back_gives_view_and_order_back() {
        let mut page = Page::default();
        page.apply(Action::SortChosen { by: Column::Start, and_then: false });
        let before = page.fragment();
        page.apply(Action::ViewChosen(View::Files));
        page.apply(Action::SortChosen { by: Column::Start, and_then: false });
        page.apply(Action::AddressChanged(before.clone()));
        assert_eq!(page.fragment(), before);
    }
}
