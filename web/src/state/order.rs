//! Which sessions are asked for, and in which order. Whatever changes that begins the table anew.

use super::page::{Page, View};
use sessionscope::query::{Column, Sort};

/// Columns a table is sorted by at most.
const MOST_SORTS: usize = 2;

impl Page {
    /// It is the sessions that are filtered: one who writes wants to see them.
    pub(super) fn filter(&mut self, text: String) {
        self.show_view(View::Sessions);
        self.query.text = text;
        self.sessions.reset();
    }

    pub(super) fn toggle_grouping(&mut self) {
        self.query.is_grouped = !self.query.is_grouped;
        self.sessions.reset();
    }

    pub(super) fn toggle_noise(&mut self, class: String) {
        toggle(&mut self.query.shown_noise, class);
        self.query.shown_noise.sort_unstable();
        self.sessions.reset();
    }

    pub(super) fn toggle_burst(&mut self, burst: String) {
        toggle(&mut self.query.open_bursts, burst);
    }

    /// A click sorts upwards, the next downwards, a third gives the order back.
    pub(super) fn sort_by(&mut self, by: Column, and_then: bool) {
        let mut sort = self.query.sort.clone();
        let at = sort.iter().position(|sort| sort.by == by);
        let next = match at.map(|i| sort[i].descending) {
            None => Some(Sort { by, descending: false }),
            Some(false) => Some(Sort { by, descending: true }),
            Some(true) => None,
        };
        if !and_then {
            sort = next.into_iter().collect();
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
        self.sort(sort);
    }

    pub(super) fn sort(&mut self, sort: Vec<Sort>) {
        if self.query.sort != sort {
            self.query.sort = sort;
            self.sessions.reset();
        }
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
    use super::super::Action;
    use super::*;

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
}
