//! What the page's address says after its `#`: view, sort, zone and theme, so that Back works and nothing needs
//! storing. The filter's text stays out of it: addresses end up in histories.

use super::page::{Theme, View};
use crate::text::moment::Zone;
use sessionscope::query::{Column, Sort};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fragment {
    pub view: View,
    pub sort: Vec<Sort>,
    pub zone: Zone,
    pub theme: Theme,
}

impl Fragment {
    /// `view=sessions&sort=-start,user&zone=utc`.
    pub fn write(&self) -> String {
        let mut parts = vec![format!("view={}", self.view.name())];
        if !self.sort.is_empty() {
            let names: Vec<String> = self.sort.iter().map(sort_name).collect();
            parts.push(format!("sort={}", names.join(",")));
        }
        parts.push(format!("zone={}", self.zone.name()));
        if self.theme != Theme::System {
            parts.push(format!("theme={}", self.theme.name()));
        }
        parts.join("&")
    }

    /// What is not understood is as if it were not there.
    pub fn read(fragment: &str) -> Fragment {
        let mut read = Fragment::default();
        for (name, value) in fragment.split('&').filter_map(|part| part.split_once('=')) {
            match (name, value) {
                ("view", "who") => read.view = View::Who,
                ("view", "hosts") => read.view = View::Hosts,
                ("view", "files") => read.view = View::Files,
                ("zone", "browser") => read.zone = Zone::Browser,
                ("theme", "light") => read.theme = Theme::Light,
                ("theme", "dark") => read.theme = Theme::Dark,
                ("sort", names) => read.sort = names.split(',').filter_map(sort_named).take(2).collect(),
                _ => {}
            }
        }
        read
    }
}

fn sort_name(sort: &Sort) -> String {
    format!("{}{}", if sort.descending { "-" } else { "" }, sort.by.word())
}

fn sort_named(name: &str) -> Option<Sort> {
    let (descending, name) = name.strip_prefix('-').map_or((false, name), |name| (true, name));
    let by = Column::ALL.into_iter().find(|column| column.word() == name)?;
    Some(Sort { by, descending })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_comes_back_whole() {
        let fragment = Fragment {
            view: View::Files,
            sort: vec![
                Sort { by: Column::Start, descending: true },
                Sort { by: Column::User, descending: false },
            ],
            zone: Zone::Browser,
            theme: Theme::Dark,
        };
        assert_eq!(fragment.write(), "view=files&sort=-start,user&zone=browser&theme=dark");
        assert_eq!(Fragment::read(&fragment.write()), fragment);
        assert_eq!(Fragment::read(&Fragment::default().write()), Fragment::default());
    }

    #[test]
    fn nonsense_is_ignored() {
        assert_eq!(Fragment::read("view=moon&sort=,-,x&zone&=&&theme=<b>"), Fragment::default());
    }
}
