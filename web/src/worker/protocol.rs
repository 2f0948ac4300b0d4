//! What the page and its workers say to each other.
//!
//! A message is an array: first one of these enums, then what is transferred with it (a buffer or a port), as
//! each variant says. `message` packs and unpacks it.

use serde::{Deserialize, Serialize};
use sessionscope::case::ledger::{SourceRow, Stop};
use sessionscope::case::{ActivityRows, Format, SessionDetail, Summary};
use sessionscope::machine::record::{CoverageRecord, HostRecord};
use sessionscope::parse::{Opening, RecordView};
use sessionscope::query::who::WhoRecord;
use sessionscope::query::{Query, Rows};

/// The page's number of a dropped file, in the order of dropping.
pub type FileNo = u32;
/// The page's number of a batch of chunks.
pub type BatchNo = u32;
/// The page's number of a question; the answer carries it.
pub type QuestionNo = u32;

/// No question's number: questions are numbered from 1.
pub const NOT_ASKED: QuestionNo = 0;

/// From the page to a parse worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToParse {
    /// With the port that blocks go to.
    Connect,
    /// With a buffer that has the batch's bytes after the first `skip`: parse them, and give the buffer back.
    Batch { batch: BatchNo, source: u32, first_chunk: u32, first_chunk_offset: u64, skip: u32, n_bytes: u32 },
    /// With a chunk's bytes: render this record.
    View { number: QuestionNo, record: u64 },
}

/// From a parse worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromParse {
    /// With the batch's buffer: it was parsed and its block is on its way to the case.
    Parsed {
        batch: BatchNo,
    },
    Viewed {
        number: QuestionNo,
        view: Result<RecordView, String>,
    },
}

/// From a parse worker to the case worker, with the block's bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    pub batch: BatchNo,
    pub source: u32,
    pub first_chunk: u32,
    pub n_chunks: u32,
}

/// From the page to the case worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToCase {
    /// With the port that a parse worker's blocks come from.
    Connect,
    /// A file that will be read; answered by `SourceAdded`.
    AddSource {
        file: FileNo,
        path: String,
        bytes: u64,
        opening: Opening,
    },
    /// A file that will not be read: it is no log, or it was cancelled before its turn.
    ListSource {
        file: FileNo,
        path: String,
        bytes: u64,
        opening: Opening,
        stop: Option<Stop>,
    },
    /// A source is done. Blocks of it that are still on their way are dropped.
    EndSource {
        source: u32,
        stop: Option<Stop>,
    },
    /// The worker that had this batch died: its block, should it still come, is dropped; answered by `Abandoned`.
    Abandon {
        batch: BatchNo,
    },
    /// A part of a source could not be parsed, and why.
    Problem {
        source: u32,
        chunk: u32,
        text: String,
    },
    /// Nothing is being read any more: work out the sessions now.
    Settle,
    Ask {
        number: QuestionNo,
        ask: Ask,
    },
}

/// From the case worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromCase {
    SourceAdded {
        file: FileNo,
        source: u32,
    },
    /// The batch's block is in the case.
    Merged {
        batch: BatchNo,
        n_records: u64,
    },
    /// The batch's block will not come any more; whether it had come before.
    Abandoned {
        batch: BatchNo,
        was_merged: bool,
    },
    Summary(Summary),
    /// `Answer::Export` comes with its bytes.
    Answer {
        number: QuestionNo,
        answer: Answer,
    },
}

/// A question about the case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    Rows(RowsAsk),
    Session(SessionAsk),
    Activity(ActivityAsk),
    Who(WhoAsk),
    Hosts(HostsAsk),
    Host(HostAsk),
    Ledger(LedgerAsk),
    Export(ExportAsk),
}

/// The answer to the question of the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Rows(Rows),
    Session(Option<Box<SessionPart>>),
    Activity(Option<ActivityRows>),
    Who(WhoPart),
    Hosts(HostsPart),
    Host(Option<Box<HostPart>>),
    Ledger(LedgerPart),
    Export(ExportPart),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowsAsk {
    pub query: Query,
    pub first: u32,
    pub n: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionAsk {
    pub id: String,
    /// Its first record when it had that id, if that is known: while more is read it may get another id.
    pub first_row: Option<u32>,
    /// The evidence wanted: a busy session has more than a page should hold.
    pub first_evidence: u32,
    pub n_evidence: u32,
}

/// A session with the asked part of its evidence, and no more than `case::answer::MOST_LISTED` of its other lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionPart {
    pub detail: SessionDetail,
    pub first_evidence: u32,
    pub n_evidence: u32,
    pub n_intervals: u32,
    pub n_origins: u32,
    pub n_logons: u32,
    pub n_logon_ids: u32,
}

/// What ran in a session, the acts `first ..`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivityAsk {
    pub session: String,
    pub first: u32,
    pub n: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WhoAsk {
    /// UTC text.
    pub at: String,
    pub with_noise: bool,
    pub first: u32,
    pub n: u32,
}

/// A session that was or may have been on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WhoRow {
    pub record: WhoRecord,
    /// Its first record: see [`SessionAsk::first_row`].
    pub first_row: u32,
}

/// Who was on at a moment: the sessions `first ..` and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WhoPart {
    pub at: String,
    pub n_rows: u32,
    /// Of those, the ones that were surely on.
    pub n_surely: u32,
    pub first: u32,
    pub rows: Vec<WhoRow>,
    /// Machines whose logs do not reach to the moment, no more than `case::answer::MOST_LISTED`.
    pub not_covered: Vec<String>,
    pub n_not_covered: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostsAsk {
    pub first: u32,
    pub n: u32,
}

/// The machines `first ..` and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostsPart {
    pub n_hosts: u32,
    pub first: u32,
    pub hosts: Vec<HostRow>,
}

/// A machine's line of the hosts table. Times are UTC text with seven digits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostRow {
    pub machine: String,
    /// Its newest name in full.
    pub name: String,
    /// How many names it had before.
    pub n_older_names: u32,
    pub n_sessions: u32,
    pub n_boots: u32,
    /// Boots that ended without a shutdown.
    pub n_unclean: u32,
    /// The start of its first boot that shows one.
    pub first_start: Option<String>,
    pub last_record: Option<String>,
    /// `domain_controller`, `member_server`, `workstation`, `unknown`.
    pub kind: String,
    pub product: Option<String>,
    /// What is known of the audit of logoffs, each verdict once, by first boot.
    pub logoff_audits: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostAsk {
    pub machine: String,
    /// The boots wanted: a server that restarts every night has more than a page should hold.
    pub first_boot: u32,
    pub n_boots: u32,
    /// The boot whose audit policy is wanted; `None`: the newest.
    pub coverage_boot: Option<u32>,
}

/// A machine with the asked part of its boots, counted from the first that is listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostPart {
    pub host: HostRecord,
    pub first_boot: u32,
    pub n_boots: u32,
    /// With the asked boot alone; `None` without a Security log.
    pub coverage: Option<CoverageRecord>,
    /// The newest boots there is coverage of, no more than `case::answer::MOST_LISTED`.
    pub coverage_boots: Vec<u32>,
    /// What the analysis lacks for each subcategory that is not on in the newest boot.
    pub costs: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerAsk {
    pub first: u32,
    pub n: u32,
}

/// The sources `first ..`, in the order of dropping, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerPart {
    pub n_sources: u32,
    pub first: u32,
    pub sources: Vec<SourceRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportAsk {
    pub format: Format,
    /// `None`: everything.
    pub query: Option<Query>,
    pub first: u32,
    pub n: u32,
}

/// A piece of an export; its bytes are transferred beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportPart {
    pub n_total: u32,
    /// `Summary::version` of the case it was taken from: pieces of different versions do not fit.
    pub version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Debug;

    /// The browser's serializer runs in browsers only; this one takes the same way through serde.
    fn round_trip<T: Serialize + for<'a> Deserialize<'a> + PartialEq + Debug>(message: T) {
        let sent = serde_json::to_string(&message).expect("is written");
        assert_eq!(serde_json::from_str::<T>(&sent).expect("is read"), message);
    }

    #[test]
    fn messages_come_back_whole() {
        round_trip(ToParse::Batch {
            batch: 1,
            source: 2,
            first_chunk: 3,
            skip: 5,
            first_chunk_offset: u64::MAX,
            n_bytes: 4,
        });
        round_trip(ToParse::View { number: 1, record: u64::MAX });
        round_trip(FromParse::Viewed {
            number: 7,
            view: Ok(RecordView {
                record: u64::MAX,
                xml: "<a/>".into(),
                fields: vec![("n".into(), "v".into())],
            }),
        });
        round_trip(FromParse::Viewed { number: 7, view: Err("gone".into()) });
        round_trip(ToCase::EndSource { source: 1, stop: Some(Stop::Failed("it disappeared".into())) });
        round_trip(ToCase::Ask { number: 1, ask: Ask::Rows(RowsAsk::default()) });
        round_trip(FromCase::Summary(Summary { n_records: u64::MAX, ..Summary::default() }));
        round_trip(FromCase::Answer { number: 1, answer: Answer::Session(None) });
    }
}
