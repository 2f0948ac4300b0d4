//! What can happen to the page.

use super::fragment::Fragment;
use super::grid::Move;
use super::page::{Export, Notice, Theme, View};
use super::progress::Progress;
use crate::text::moment::Zone;
use crate::worker::protocol::{
    ActivityAsk, HostAsk, HostPart, HostsAsk, HostsPart, LedgerAsk, LedgerPart, RowsAsk, SessionAsk,
    SessionPart, WhoAsk, WhoPart,
};
use sessionscope::case::{ActivityRows, Summary};
use sessionscope::parse::RecordView;
use sessionscope::query::{Column, Rows};
use std::rc::Rc;

#[derive(Clone, Debug)]
pub enum Action {
    // What people do.
    FilesDragged,
    DragLeft,
    FilesDropped,
    ViewChosen(View),
    ZoneChosen(Zone),
    ThemeChosen(Theme),
    /// The address changed: Back, or a link.
    AddressChanged(Fragment),
    FilterChanged(String),
    /// A noise class is to be shown, or hidden again.
    NoiseToggled(String),
    /// Bursts of network sessions are to be one row each, or not.
    BurstsToggled,
    /// The sessions of this burst are to follow its row, or not.
    BurstToggled(String),
    /// With `and_then` (Shift): as a second column.
    SortChosen {
        by: Column,
        and_then: bool,
    },
    TableScrolled {
        view: View,
        first: u32,
        n_visible: u32,
    },
    CursorMoved(Move),
    /// A row was clicked.
    RowChosen(u32),
    /// Enter.
    CursorOpened,
    /// A session that another view or session names.
    SessionChosen(String),
    /// A machine that a session names.
    HostChosen(String),
    /// The sessions of a machine are to be shown.
    SessionsOfHostChosen(String),
    /// Back to what the drawer showed before.
    DrawerWentBack,
    DrawerClosed,
    EvidenceTurned(u32),
    BootsTurned(u32),
    /// The audit policy of this boot is to be shown; `None`: of the newest.
    CoverageBootChosen(Option<u32>),
    /// What ran in the session is to be listed, or not.
    ActivityToggled,
    ActivityTurned(u32),
    /// Who was on at this moment, as text?
    MomentWritten(String),
    /// Who was on at this moment of a session?
    MomentChosen(String),
    WhoNoiseToggled,
    /// XML and fields of the evidence with this index are to be shown, or hidden again.
    RecordToggled(u32),
    PanelToggled,
    ExportMenuToggled,
    HelpToggled,
    NoticeClosed,

    // What workers answer.
    ProgressMade(Rc<Progress>),
    SummaryArrived(Summary),
    RowsArrived {
        ask: RowsAsk,
        rows: Rc<Rows>,
    },
    SessionArrived {
        ask: SessionAsk,
        part: Option<Rc<SessionPart>>,
    },
    ActivityArrived {
        ask: ActivityAsk,
        rows: Option<Rc<ActivityRows>>,
    },
    WhoArrived {
        ask: WhoAsk,
        part: Rc<WhoPart>,
    },
    HostsArrived {
        ask: HostsAsk,
        part: Rc<HostsPart>,
    },
    HostArrived {
        ask: HostAsk,
        part: Option<Rc<HostPart>>,
    },
    LedgerArrived {
        ask: LedgerAsk,
        part: Rc<LedgerPart>,
    },
    RecordArrived {
        session: String,
        index: u32,
        view: Result<Rc<RecordView>, String>,
    },
    ExportChanged(Export),
    NoticeGiven(Notice),
    /// The case is built anew from the dropped files.
    CaseRestarted,
}
