//! What the workers answer, taken into the page.

use super::page::{Drawer, Page, RecordShown, View};
use crate::worker::protocol::{
    ActivityAsk, HostAsk, HostPart, HostsPart, LedgerPart, RowsAsk, SessionAsk, SessionPart, WhoAsk, WhoPart,
};
use sessionscope::case::ActivityRows;
use sessionscope::query::Rows;
use std::rc::Rc;

impl Page {
    pub(super) fn take_rows(&mut self, ask: &RowsAsk, rows: Rc<Rows>) {
        if ask.query != self.query {
            return;
        }
        self.rows = rows;
        // The case tells of a new version before it answers from it.
        self.rows_version = self.summary.version;
        self.sessions.cursor = self.sessions.cursor.filter(|&cursor| cursor < self.rows.n_rows);
        let Some(cursor) = self.sessions.cursor else { return };
        // The cursor was ahead of the rows: now it has one.
        let id = self.row(cursor).map(|row| row.session.clone());
        if self.selected.is_none() && id.is_some() && self.view == View::Sessions {
            self.selected = id;
            if self.drawer.is_some() {
                self.open_cursor();
            }
        }
    }

    pub(super) fn take_session(&mut self, ask: &SessionAsk, part: Option<Rc<SessionPart>>) {
        let Some(drawer) = self.session_drawer() else { return };
        if drawer.id != ask.id || drawer.first_evidence != ask.first_evidence {
            return;
        }
        drawer.is_missing = part.is_none();
        if let Some(detail) = part.as_ref().map(|part| &part.detail) {
            if drawer.id != detail.record.session {
                drawer.records.clear();
            }
            (drawer.id, drawer.first_row) = (detail.record.session.clone(), Some(detail.first_row));
        }
        drawer.part = part;
        let now = Some(drawer.id.clone());
        if self.selected.as_ref() == Some(&ask.id) {
            self.selected = now;
        }
    }

    pub(super) fn take_activity(&mut self, ask: &ActivityAsk, rows: Option<Rc<ActivityRows>>) {
        let Some(drawer) = self.session_drawer().filter(|drawer| drawer.id == ask.session) else { return };
        if let Some(list) = drawer.activity.as_mut().filter(|list| list.first == ask.first) {
            list.rows = rows;
        }
    }

    pub(super) fn take_who(&mut self, ask: &WhoAsk, part: Rc<WhoPart>) {
        let asked = &self.who_asked;
        if (asked.at.as_ref(), asked.with_noise) == (Some(&ask.at), ask.with_noise) {
            self.who.cursor = self.who.cursor.filter(|&cursor| cursor < part.n_rows);
            self.who_found = Some(part);
        }
    }

    pub(super) fn take_hosts(&mut self, part: Rc<HostsPart>) {
        self.machines = part;
        let hosts = &mut self.hosts;
        hosts.cursor = hosts.cursor.filter(|&cursor| cursor < self.machines.n_hosts);
        // The only machine is shown without asking, once. Beside several the table needs its room.
        if self.view == View::Hosts && self.drawer.is_none() && self.hosts.cursor.is_none() {
            self.hosts.cursor = (self.machines.n_hosts == 1).then_some(0);
            self.open_cursor();
        }
    }

    pub(super) fn take_host(&mut self, ask: &HostAsk, part: Option<Rc<HostPart>>) {
        if let Some(Drawer::Host(drawer)) = &mut self.drawer
            && (&drawer.machine, drawer.first_boot, drawer.coverage_boot)
                == (&ask.machine, ask.first_boot, ask.coverage_boot)
        {
            drawer.is_missing = part.is_none();
            drawer.part = part;
        }
    }

    pub(super) fn take_ledger(&mut self, part: Rc<LedgerPart>) {
        let is_ahead = self.files.cursor.is_some_and(|cursor| self.source(cursor).is_none());
        self.ledger = part;
        self.files.cursor = self.files.cursor.filter(|&cursor| cursor < self.ledger.n_sources);
        let Some(Drawer::Source(shown)) = &self.drawer else { return };
        if is_ahead && self.view == View::Files {
            // The cursor was ahead of the rows: now it has one.
            self.open_cursor();
        } else if let Some(n) = self.ledger.sources.iter().position(|row| row.source == shown.source) {
            // What the drawer says of a file grows with it, and files that were dropped before it may come after it.
            self.files.cursor = Some(self.ledger.first + n as u32);
            self.drawer = Some(Drawer::Source(Rc::new(self.ledger.sources[n].clone())));
        }
    }

    pub(super) fn take_record(&mut self, session: &str, index: u32, shown: RecordShown) {
        if let Some(drawer) = self.session_drawer().filter(|drawer| drawer.id == session)
            && let Some(place) = drawer.records.get_mut(&index)
        {
            *place = shown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Action;
    use super::super::grid::Move;
    use super::super::progress::{Progress, Reading};
    use super::super::sample::{drawer_id, hosts, machine, rows, with_rows};
    use super::*;
    use crate::worker::protocol::LedgerAsk;
    use sessionscope::case::Summary;
    use sessionscope::case::ledger::SourceRow;
    use sessionscope::parse::RecordView;

    fn ledger_arrived(first: u32, sources: &[u32], n_sources: u32) -> Action {
        let row = |&source: &u32| SourceRow { source, ..SourceRow::default() };
        let part = LedgerPart { n_sources, first, sources: sources.iter().map(row).collect() };
        Action::LedgerArrived { ask: LedgerAsk::default(), part: Rc::new(part) }
    }

    fn shown_source(page: &Page) -> Option<u32> {
        match &page.drawer {
            Some(Drawer::Source(shown)) => Some(shown.source),
            _ => None,
        }
    }

    #[test]
    fn rows_of_an_older_question_are_dropped() {
        let mut page = with_rows(&["a"]);
        let stale = rows(&page, 1, 0, &["stale"]);
        page.apply(Action::FilterChanged("alice".into()));
        page.apply(stale);
        assert_eq!(page.row(0).map(|row| row.session.as_str()), Some("a"));
    }

    #[test]
    fn reading_is_settled_when_the_rows_are_of_all_that_was_read() {
        let mut page = Page::default();
        let told = |version, is_complete| {
            Action::SummaryArrived(Summary { version, is_complete, ..Summary::default() })
        };
        page.apply(told(1, false));
        let first = rows(&page, 1, 0, &["PC1#0/0x1"]);
        page.apply(first.clone());
        page.apply(Action::ProgressMade(Rc::new(Progress { state: Reading::Done, ..Progress::default() })));
        assert!(!page.is_settled(), "more is worked out");
        page.apply(told(2, true));
        assert!(!page.is_settled(), "the rows are those of a part");
        page.apply(first);
        assert!(page.is_settled());
    }

    #[test]
    fn a_cursor_ahead_of_the_rows_gets_its_session_when_they_arrive() {
        let mut page = with_rows(&["a"]);
        Rc::make_mut(&mut page.rows).n_rows = 900;
        page.apply(Action::RowChosen(0));
        page.apply(Action::CursorMoved(Move::End));
        assert_eq!(drawer_id(&page), Some("a"), "until the last row is here");
        let last = rows(&page, 900, 899, &["z"]);
        page.apply(last);
        assert_eq!(drawer_id(&page), Some("z"));
    }

    #[test]
    fn records_arrive_where_they_were_asked() {
        let mut page = with_rows(&["a"]);
        page.apply(Action::RowChosen(0));
        page.apply(Action::RecordToggled(3));
        let view = RecordView { record: 7, xml: "<Event/>".into(), fields: Vec::new() };
        for session in ["a", "other"] {
            let view = Ok(Rc::new(view.clone()));
            page.apply(Action::RecordArrived { session: session.into(), index: 3, view });
        }
        let Some(Drawer::Session(drawer)) = &page.drawer else { panic!() };
        assert!(matches!(drawer.records.get(&3), Some(RecordShown::Read(_))));
        page.apply(Action::RecordToggled(3));
        page.apply(Action::RecordArrived { session: "a".into(), index: 3, view: Err("late".into()) });
        let Some(Drawer::Session(drawer)) = &page.drawer else { panic!() };
        assert!(drawer.records.is_empty(), "closed before it arrived");
    }

    #[test]
    fn the_only_machine_is_shown_without_asking_and_once() {
        let mut page = Page::default();
        hosts(&mut page, &["DC01"]);
        assert_eq!(machine(&page), None, "another view is shown");
        page.apply(Action::ViewChosen(View::Hosts));
        hosts(&mut page, &["DC01"]);
        assert_eq!(machine(&page), Some("DC01"));
        page.apply(Action::DrawerClosed);
        hosts(&mut page, &["DC01"]);
        assert_eq!(machine(&page), None, "it was closed");
    }

    #[test]
    fn one_of_several_machines_is_shown_when_it_is_chosen() {
        let mut page = Page::default();
        page.apply(Action::ViewChosen(View::Hosts));
        hosts(&mut page, &["DC01", "PC7"]);
        assert_eq!(machine(&page), None);
        page.apply(Action::RowChosen(0));
        page.apply(Action::CursorMoved(Move::Down));
        assert_eq!(machine(&page), Some("PC7"));
    }

    #[test]
    fn the_file_that_is_open_stays_marked_when_others_come_before_it() {
        let mut page = Page::default();
        page.apply(Action::ViewChosen(View::Files));
        page.apply(ledger_arrived(0, &[0], 1));
        page.apply(Action::RowChosen(0));
        page.apply(ledger_arrived(0, &[2, 0, 1], 3));
        assert_eq!((page.files.cursor, shown_source(&page)), (Some(1), Some(0)));
    }

    #[test]
    fn a_cursor_ahead_of_the_files_opens_its_own_when_they_arrive() {
        let mut page = Page::default();
        page.apply(Action::ViewChosen(View::Files));
        page.apply(ledger_arrived(0, &[0, 1], 4));
        page.apply(Action::RowChosen(1));
        page.apply(Action::CursorMoved(Move::End));
        page.apply(ledger_arrived(1, &[1, 2, 3], 4));
        assert_eq!((page.files.cursor, shown_source(&page)), (Some(3), Some(3)));
    }
}
