//! The page as plain data.

use super::fragment::Fragment;
use super::grid::Grid;
use super::progress::{Progress, Reading};
use crate::text::moment::Zone;
use crate::worker::protocol::{
    ActivityAsk, HostAsk, HostPart, HostRow, HostsAsk, HostsPart, LedgerAsk, LedgerPart, RowsAsk, SessionAsk,
    SessionPart, WhoAsk, WhoPart, WhoRow,
};
use sessionscope::case::ledger::SourceRow;
use sessionscope::case::{ActivityRows, Summary};
use sessionscope::parse::RecordView;
use sessionscope::query::{Query, Row, Rows};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Evidence shown at a time: some sessions have thousands of events.
pub const EVIDENCE_PAGE: u32 = 100;
/// Acts shown at a time.
pub const ACTIVITY_PAGE: u32 = 50;
/// Boots shown at a time.
pub const BOOTS_PAGE: u32 = 50;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Sessions,
    Who,
    Hosts,
    Files,
}

impl View {
    pub fn name(self) -> &'static str {
        match self {
            View::Sessions => "sessions",
            View::Who => "who",
            View::Hosts => "hosts",
            View::Files => "files",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The browser's.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// Everything the page shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub view: View,
    pub zone: Zone,
    pub theme: Theme,
    pub query: Query,
    pub summary: Summary,
    /// Counts summaries: what was asked before the newest may be out of date.
    pub n_summaries: u32,
    pub progress: Rc<Progress>,
    pub sessions: Grid,
    /// The rows that are held: the newest answer.
    pub rows: Rc<Rows>,
    /// The case's version that they are of.
    pub rows_version: u32,
    /// The session whose row is marked.
    pub selected: Option<String>,
    pub who: Grid,
    pub who_asked: WhoAsked,
    /// `None` until it arrives.
    pub who_found: Option<Rc<WhoPart>>,
    pub hosts: Grid,
    pub machines: Rc<HostsPart>,
    pub files: Grid,
    pub ledger: Rc<LedgerPart>,
    pub drawer: Option<Drawer>,
    /// What the drawer showed before, the newest last.
    pub drawers_before: Vec<(View, Drawer)>,
    pub is_panel_closed: bool,
    pub is_export_open: bool,
    pub is_help_open: bool,
    pub is_dragged_over: bool,
    pub export: Export,
    pub notice: Option<Notice>,
}

/// What the drawer shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawer {
    Session(SessionDrawer),
    /// A burst's row: it says all there is.
    Burst(Rc<Row>),
    Host(HostDrawer),
    /// A file's line of the ledger, with its problems.
    Source(Rc<SourceRow>),
}

/// A session in the drawer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionDrawer {
    pub id: String,
    /// Its first record, if that is known: with it the session is found again when its boot is numbered anew.
    pub first_row: Option<u32>,
    pub first_evidence: u32,
    /// `None` until it arrives.
    pub part: Option<Rc<SessionPart>>,
    /// It is not in the case (any more).
    pub is_missing: bool,
    /// Records that are shown whole, by the index of their evidence.
    pub records: BTreeMap<u32, RecordShown>,
    /// The list of what ran in it, if it is to be shown.
    pub activity: Option<ActivityList>,
}

/// What ran in a session, as a list that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivityList {
    pub first: u32,
    /// `None` until it arrives.
    pub rows: Option<Rc<ActivityRows>>,
}

/// The moment of the question who was on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhoAsked {
    /// As it was written, in the zone that is shown.
    pub text: String,
    /// UTC text, if it is a moment.
    pub at: Option<String>,
    pub with_noise: bool,
}

/// A machine in the drawer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostDrawer {
    pub machine: String,
    pub first_boot: u32,
    /// The boot whose audit policy is shown; `None`: the newest.
    pub coverage_boot: Option<u32>,
    /// `None` until it arrives.
    pub part: Option<Rc<HostPart>>,
    /// It is not in the case (any more).
    pub is_missing: bool,
}

/// A record's XML and fields.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordShown {
    Asked,
    Read(Rc<RecordView>),
    Failed(String),
}

/// The state of a download.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Export {
    #[default]
    None,
    /// Sessions that are ready, of all.
    Preparing {
        n_done: u32,
        n_total: u32,
    },
    Ready {
        name: String,
        n_bytes: u64,
    },
    Failed(String),
}

/// A sentence about the page itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

impl Page {
    /// Something was dropped.
    pub fn is_loaded(&self) -> bool {
        self.progress.state != Reading::Idle || self.summary.n_sources > 0
    }

    /// Everything was read, and the rows are those of all of it.
    pub fn is_settled(&self) -> bool {
        self.progress.state == Reading::Done
            && self.summary.is_complete
            && self.rows_version == self.summary.version
    }

    pub fn fragment(&self) -> Fragment {
        Fragment { view: self.view, sort: self.query.sort.clone(), zone: self.zone, theme: self.theme }
    }

    /// The held row with this index.
    pub fn row(&self, index: u32) -> Option<&Row> {
        self.rows.rows.get(index.checked_sub(self.rows.first)? as usize)
    }

    /// The held session of those that were on, with this index.
    pub fn who_row(&self, index: u32) -> Option<&WhoRow> {
        let part = self.who_found.as_ref()?;
        part.rows.get(index.checked_sub(part.first)? as usize)
    }

    /// The held machine with this index.
    pub fn host(&self, index: u32) -> Option<&HostRow> {
        self.machines.hosts.get(index.checked_sub(self.machines.first)? as usize)
    }

    /// The held source with this index.
    pub fn source(&self, index: u32) -> Option<&SourceRow> {
        self.ledger.sources.get(index.checked_sub(self.ledger.first)? as usize)
    }

    /// The rows to ask the case for.
    pub fn wanted_rows(&self) -> RowsAsk {
        let (first, n) = self.sessions.window();
        RowsAsk { query: self.query.clone(), first, n }
    }

    /// The session to ask the case for.
    pub fn wanted_session(&self) -> Option<SessionAsk> {
        match &self.drawer {
            Some(Drawer::Session(drawer)) => Some(SessionAsk {
                id: drawer.id.clone(),
                first_row: drawer.first_row,
                first_evidence: drawer.first_evidence,
                n_evidence: EVIDENCE_PAGE,
            }),
            _ => None,
        }
    }

    /// What ran in a session, to ask the case for.
    pub fn wanted_activity(&self) -> Option<ActivityAsk> {
        let Some(Drawer::Session(drawer)) = &self.drawer else { return None };
        let list = drawer.activity.as_ref()?;
        Some(ActivityAsk { session: drawer.id.clone(), first: list.first, n: ACTIVITY_PAGE })
    }

    /// Who was on, to ask the case for.
    pub fn wanted_who(&self) -> Option<WhoAsk> {
        let at = self.who_asked.at.clone().filter(|_| self.view == View::Who)?;
        let (first, n) = self.who.window();
        Some(WhoAsk { at, with_noise: self.who_asked.with_noise, first, n })
    }

    /// The part of the machines to ask the case for.
    pub fn wanted_hosts(&self) -> Option<HostsAsk> {
        let (first, n) = self.hosts.window();
        (self.view == View::Hosts).then_some(HostsAsk { first, n })
    }

    /// The machine to ask the case for.
    pub fn wanted_host(&self) -> Option<HostAsk> {
        match &self.drawer {
            Some(Drawer::Host(drawer)) => Some(HostAsk {
                machine: drawer.machine.clone(),
                first_boot: drawer.first_boot,
                n_boots: BOOTS_PAGE,
                coverage_boot: drawer.coverage_boot,
            }),
            _ => None,
        }
    }

    /// The part of the ledger to ask the case for.
    pub fn wanted_ledger(&self) -> Option<LedgerAsk> {
        let (first, n) = self.files.window();
        (self.view == View::Files).then_some(LedgerAsk { first, n })
    }
}
