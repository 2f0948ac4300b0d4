//! The case worker: holds the case, takes in blocks and answers questions.

mod answer;
mod listen;
mod pace;
mod practice;

pub use listen::serve;

use super::protocol::*;
use answer::WhoFound;
use pace::Pace;
use sessionscope::case::Case;
use sessionscope::machine::record::{CoverageRecord, HostRecord};
use sessionscope::parse::Opening;
use std::collections::HashSet;

/// An answer for the page and what is transferred with it.
pub type Reply = (FromCase, Option<Vec<u8>>);

/// The case, and when it is worked out anew.
pub struct Desk {
    case: Case,
    /// The page's number of each source: files are added as they were opened, several at a time.
    files: Vec<FileNo>,
    /// The case's machines as of this version: to write them all out takes a while in a large case.
    hosts: Option<(u32, Vec<HostRecord>, Vec<CoverageRecord>)>,
    /// Who was on at the moment that was asked for last.
    who: Option<WhoFound>,
    ended: HashSet<u32>,
    merged: HashSet<BatchNo>,
    abandoned: HashSet<BatchNo>,
    pace: Pace,
    /// All is worked out, and not yet made ready for filters.
    is_settled: bool,
    /// Rows were the last thing asked for, and that since all is worked out.
    may_prepare: bool,
    /// Milliseconds, from any beginning.
    clock: fn() -> f64,
}

impl Desk {
    pub fn new(clock: fn() -> f64) -> Self {
        Self {
            case: Case::new(),
            files: Vec::new(),
            hosts: None,
            who: None,
            ended: HashSet::new(),
            merged: HashSet::new(),
            abandoned: HashSet::new(),
            pace: Pace::new(clock()),
            is_settled: false,
            may_prepare: false,
            clock,
        }
    }

    /// What the worker does with a message.
    pub fn handle(&mut self, message: ToCase) -> Vec<Reply> {
        match message {
            ToCase::Connect => Vec::new(),
            ToCase::AddSource { file, path, bytes, opening } => {
                let source = self.add(file, &path, bytes, opening);
                self.pace.is_dirty = true;
                vec![(FromCase::SourceAdded { file, source }, None)]
            }
            ToCase::ListSource { file, path, bytes, opening, stop } => {
                let source = self.add(file, &path, bytes, opening);
                self.end(source, stop)
            }
            ToCase::EndSource { source, stop } => self.end(source, stop),
            ToCase::Abandon { batch } => {
                self.abandoned.insert(batch);
                let was_merged = self.merged.contains(&batch);
                vec![(FromCase::Abandoned { batch, was_merged }, None)]
            }
            ToCase::Problem { source, chunk, text } => {
                self.case.add_problem(source, chunk, 1, &text);
                Vec::new()
            }
            ToCase::Settle => {
                let update = self.update();
                self.pace.settled();
                (self.is_settled, self.may_prepare) = (true, false);
                vec![update]
            }
            ToCase::Ask { number, ask } => {
                self.may_prepare = matches!(ask, Ask::Rows(_));
                let (answer, bytes) = self.answer(ask);
                vec![(FromCase::Answer { number, answer }, bytes)]
            }
        }
    }

    /// Whether nothing was ever loaded.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn add(&mut self, file: FileNo, path: &str, bytes: u64, opening: Opening) -> u32 {
        self.files.push(file);
        self.case.add_source(path, bytes, opening)
    }

    /// What can be done once the page has its answer: the rows of a settled case are there before this begins.
    pub fn rest(&mut self) {
        if self.is_settled && self.may_prepare {
            self.is_settled = false;
            self.case.prepare();
        }
    }

    /// Takes in a parse worker's block.
    pub fn merge(&mut self, block: &Block, bytes: &[u8]) -> Vec<Reply> {
        if self.ended.contains(&block.source) || self.abandoned.contains(&block.batch) {
            return Vec::new();
        }
        self.merged.insert(block.batch);
        self.pace.took_block((self.clock)());
        let before = self.case.summary().n_records;
        if let Err(text) = self.case.add_encoded(bytes) {
            self.case.add_problem(block.source, block.first_chunk, block.n_chunks, &text);
        }
        let n_records = self.case.summary().n_records.saturating_sub(before);
        let mut replies = vec![(FromCase::Merged { batch: block.batch, n_records }, None)];
        replies.extend(self.tell_if_due());
        replies
    }

    fn end(&mut self, source: u32, stop: Option<sessionscope::case::ledger::Stop>) -> Vec<Reply> {
        self.case.end_source(source, stop);
        self.ended.insert(source);
        self.pace.is_dirty = true;
        self.tell_if_due().into_iter().collect()
    }

    fn tell_if_due(&mut self) -> Option<Reply> {
        let now = (self.clock)();
        if self.pace.is_update_due(now, || self.case.n_times_as_much()) {
            return Some(self.update());
        }
        self.pace.is_summary_due(now).then(|| self.tell(now))
    }

    fn update(&mut self) -> Reply {
        let began = (self.clock)();
        self.case.update();
        let now = (self.clock)();
        self.pace.updated(began, now);
        self.tell(now)
    }

    fn tell(&mut self, now: f64) -> Reply {
        self.pace.told(now);
        (FromCase::Summary(self.case.summary()), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sessionscope::case::ledger::Stop;

    fn desk() -> Desk {
        Desk::new(|| 0.0)
    }

    #[test]
    fn a_source_is_added_and_named() {
        let message =
            ToCase::AddSource { file: 4, path: "a.evtx".into(), bytes: 1, opening: Opening::default() };
        let replies = desk().handle(message);
        assert!(matches!(replies[..], [(FromCase::SourceAdded { file: 4, .. }, None)]), "{replies:?}");
    }

    #[test]
    fn files_are_listed_as_they_were_dropped_whenever_they_were_opened() {
        let mut desk = desk();
        for (file, path) in [(2, "c"), (0, "a"), (1, "b")] {
            let (path, opening) = (path.to_owned(), Opening::default());
            desk.handle(ToCase::ListSource { file, path, bytes: 1, opening, stop: None });
        }
        let part = desk.ledger(&LedgerAsk { first: 1, n: 2 });
        let paths: Vec<&str> = part.sources.iter().map(|source| source.path.as_str()).collect();
        assert_eq!((part.n_sources, paths), (3, vec!["b", "c"]));
    }

    #[test]
    fn blocks_of_a_cancelled_source_are_dropped() {
        let mut desk = desk();
        desk.handle(ToCase::EndSource { source: 3, stop: Some(Stop::Cancelled) });
        assert_eq!(desk.merge(&Block { batch: 1, source: 3, first_chunk: 0, n_chunks: 1 }, &[]), Vec::new());
    }

    #[test]
    fn a_block_of_a_dead_worker_counts_once() {
        let mut desk = desk();
        let block = |batch| Block { batch, source: 0, first_chunk: 0, n_chunks: 1 };
        desk.merge(&block(1), &[]);
        let abandon =
            |batch, was_merged| (ToCase::Abandon { batch }, FromCase::Abandoned { batch, was_merged });
        for (message, answer) in [abandon(1, true), abandon(2, false)] {
            assert_eq!(desk.handle(message), vec![(answer, None)]);
        }
        assert_eq!(desk.merge(&block(2), &[]), Vec::new(), "it is being read again");
    }

    #[test]
    fn the_first_block_shows_its_sessions_at_once() {
        let mut desk = desk();
        let opening = Opening { is_log: true, n_chunks: 10, ..Opening::default() };
        desk.handle(ToCase::AddSource { file: 0, path: "a.evtx".into(), bytes: 1, opening });
        let mut take = |batch| desk.merge(&Block { batch, source: 0, first_chunk: batch, n_chunks: 1 }, &[]);
        let replies = take(0);
        assert!(
            matches!(replies[..], [(FromCase::Merged { .. }, None), (FromCase::Summary(_), None)]),
            "{replies:?}"
        );
        assert_eq!(take(1).len(), 1, "the next sessions take a while");
    }

    #[test]
    fn settling_tells_what_is_loaded() {
        let replies = desk().handle(ToCase::Settle);
        assert!(matches!(replies[..], [(FromCase::Summary(_), None)]), "{replies:?}");
    }

    #[test]
    fn filters_are_made_ready_only_when_the_rows_of_all_are_there() {
        let ask = || ToCase::Ask { number: 1, ask: Ask::Rows(RowsAsk::default()) };
        let mut desk = desk();
        desk.handle(ask());
        desk.handle(ToCase::Settle);
        desk.rest();
        assert!(desk.is_settled, "the page asks for its rows now, and waits for nothing else");
        desk.handle(ask());
        desk.rest();
        assert!(!desk.is_settled);
    }

    #[test]
    fn questions_are_answered_with_their_number() {
        let ask = Ask::Session(SessionAsk { id: "DC01#0/0x1".into(), ..SessionAsk::default() });
        let replies = desk().handle(ToCase::Ask { number: 9, ask });
        assert_eq!(replies, vec![(FromCase::Answer { number: 9, answer: Answer::Session(None) }, None)]);
    }
}
