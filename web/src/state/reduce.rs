//! From one state to the next, without side effects.

use super::action::Action;
use super::fragment::Fragment;
use super::grid::Grid;
use super::page::{Export, Notice, Page, RecordShown, View};
use crate::text::moment::{self, Zone};
use std::rc::Rc;

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
            Action::FilesDropped => (self.is_dragged_over, self.notice) = (false, None),
            Action::ViewChosen(view) => self.show_view(view),
            Action::ZoneChosen(zone) => self.choose_zone(zone),
            Action::ThemeChosen(theme) => self.theme = theme,
            Action::AddressChanged(fragment) => self.follow(fragment),
            Action::FilterChanged(text) => self.filter(text),
            Action::NoiseToggled(class) => self.toggle_noise(class),
            Action::BurstsToggled => self.toggle_grouping(),
            Action::BurstToggled(burst) => self.toggle_burst(burst),
            Action::SortChosen { by, and_then } => self.sort_by(by, and_then),
            Action::TableScrolled { view, first, n_visible } => {
                let grid = self.grid_mut(view);
                (grid.first, grid.n_visible) = (first, n_visible);
            }
            Action::CursorMoved(to) => self.move_cursor(to),
            Action::RowChosen(index) => self.choose_row(index),
            Action::CursorOpened => self.choose_cursor(),
            Action::SessionChosen(id) => self.go_to_session(id),
            Action::HostChosen(machine) => self.go_to(View::Hosts, |page| page.open_host(machine)),
            // With what follows it in ids of sessions: other machines name it too, as where they came from.
            Action::SessionsOfHostChosen(machine) => self.filter(format!("{machine}#")),
            Action::DrawerWentBack => self.go_back(),
            Action::DrawerClosed => self.close_drawer(),
            Action::BootsTurned(first) => self.in_host_drawer(|drawer| drawer.first_boot = first),
            Action::CoverageBootChosen(boot) => self.in_host_drawer(|drawer| drawer.coverage_boot = boot),
            Action::ActivityToggled => self.toggle_activity(),
            Action::ActivityTurned(first) => self.turn_activity(first),
            Action::MomentWritten(text) => self.ask_who(moment::read(&text, self.zone), text),
            Action::MomentChosen(at) => {
                self.go_to(View::Who, |_| ());
                let text = moment::to_the_second(&at, self.zone);
                self.ask_who(Some(at), text);
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

    fn choose_zone(&mut self, zone: Zone) {
        self.zone = zone;
        // The moment stays the same; how it reads does not.
        if let Some(at) = &self.who_asked.at {
            self.who_asked.text = moment::to_the_second(at, zone);
        }
    }

    fn follow(&mut self, fragment: Fragment) {
        self.show_view(fragment.view);
        (self.zone, self.theme) = (fragment.zone, fragment.theme);
        self.sort(fragment.sort);
    }

    fn ask_who(&mut self, at: Option<String>, text: String) {
        (self.who_asked.at, self.who_asked.text) = (at, text);
        self.who.reset();
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

#[cfg(test)]
mod tests {
    use super::super::sample::with_rows;
    use super::*;
    use crate::worker::protocol::WhoAsk;
    use sessionscope::query::Column;

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
    fn a_moment_of_a_session_is_one_click_and_back() {
        let mut page = with_rows(&["a"]);
        page.apply(Action::RowChosen(0));
        page.apply(Action::MomentChosen("2024-03-05T23:41:19.0000000Z".into()));
        assert_eq!((page.view, page.who_asked.text.as_str()), (View::Who, "2024-03-05 23:41:19"));
        page.apply(Action::ViewChosen(View::Sessions));
        assert_eq!(page.drawer, None);
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
