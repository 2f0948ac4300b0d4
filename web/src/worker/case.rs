//! The case worker: holds the case, takes in blocks and answers questions.

use super::message::{post, receive, to_buffer, to_vec};
use super::protocol::*;
use sessionscope::case::Case;
use sessionscope::machine::record::{CoverageRecord, HostRecord};
use sessionscope::parse::Opening;
use sessionscope::query::who::{MachineAt, WhoRecord};
use sessionscope::time::Timestamp;
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort};

/// The intervals, origins, logons and hops of one session that an answer lists at most: a drawer shows no more.
pub const MOST_LISTED: usize = 200;

/// The first sessions show with the first block, the next this long after them.
const FIRST_WAIT_MS: f64 = 500.0;
/// Working out the sessions again takes at most a tenth of the time.
const REST_PER_UPDATE: f64 = 9.0;
/// Each wait is longer than the one before: the more there is, the less a part of it changes.
const WAIT_GROWTH: f64 = 2.0;
/// What will be worked out for good as soon as this is not worked out before, ...
const SOON_MS: f64 = 2000.0;
/// ... unless the last time is as long ago: of a folder's logs not all may be known yet.
const LONG_AGO_MS: f64 = 5000.0;
/// Numbers on the page change no more often.
const SUMMARY_EVERY_MS: f64 = 200.0;

/// Who was on, and what was asked: the case's version, the moment, and whether noise was to be listed.
struct WhoFound {
    asked: (u32, String, bool),
    sessions: Vec<WhoRecord>,
    machines: Vec<MachineAt>,
}

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
    wait_ms: f64,
    updated_ms: f64,
    /// When the first block came of what is being read.
    began_ms: Option<f64>,
    told_ms: f64,
    is_dirty: bool,
    /// All is worked out, and not yet made ready for filters.
    is_settled: bool,
    /// Rows were the last thing asked for.
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
            wait_ms: 0.0,
            updated_ms: clock(),
            began_ms: None,
            told_ms: 0.0,
            is_dirty: false,
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
                self.is_dirty = true;
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
                // What is dropped later shows as quickly as the first.
                self.wait_ms = 0.0;
                self.began_ms = None;
                self.is_settled = true;
                vec![update]
            }
            ToCase::Ask { number, ask } => {
                self.may_prepare = matches!(ask, Ask::Rows(_));
                let (answer, bytes) = self.answer(ask);
                vec![(FromCase::Answer { number, answer }, bytes)]
            }
        }
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
        self.began_ms.get_or_insert_with(self.clock);
        let before = self.case.summary().n_records;
        if let Err(text) = self.case.add_encoded(bytes) {
            self.case.add_problem(block.source, block.first_chunk, block.n_chunks, &text);
        }
        let n_records = self.case.summary().n_records.saturating_sub(before);
        self.is_dirty = true;
        let mut replies = vec![(FromCase::Merged { batch: block.batch, n_records }, None)];
        replies.extend(self.tell_if_due());
        replies
    }

    fn end(&mut self, source: u32, stop: Option<sessionscope::case::ledger::Stop>) -> Vec<Reply> {
        self.case.end_source(source, stop);
        self.ended.insert(source);
        self.is_dirty = true;
        self.tell_if_due().into_iter().collect()
    }

    fn tell_if_due(&mut self) -> Option<Reply> {
        let now = (self.clock)();
        let rest = now - self.updated_ms;
        if self.is_dirty && rest >= self.wait_ms && (rest >= LONG_AGO_MS || !self.is_soon_done(now)) {
            return Some(self.update());
        }
        (now - self.told_ms >= SUMMARY_EVERY_MS).then(|| self.tell(now))
    }

    /// Whether all that is known of will be read in a moment, as fast as it was until now. The first sessions do not wait
    /// for that.
    fn is_soon_done(&self, now: f64) -> bool {
        let Some(began) = self.began_ms else { return false };
        self.wait_ms > 0.0 && (now - began) * (self.case.n_times_as_much() - 1.0) < SOON_MS
    }

    fn update(&mut self) -> Reply {
        let began = (self.clock)();
        self.case.update();
        self.is_dirty = false;
        self.updated_ms = (self.clock)();
        let rest = (self.updated_ms - began) * REST_PER_UPDATE;
        self.wait_ms = (self.wait_ms * WAIT_GROWTH).max(rest).max(FIRST_WAIT_MS);
        self.tell(self.updated_ms)
    }

    fn tell(&mut self, now: f64) -> Reply {
        self.told_ms = now;
        (FromCase::Summary(self.case.summary()), None)
    }

    fn answer(&mut self, ask: Ask) -> (Answer, Option<Vec<u8>>) {
        match ask {
            Ask::Rows(ask) => (Answer::Rows(self.case.rows(&ask.query, ask.first, ask.n)), None),
            Ask::Session(ask) => (Answer::Session(self.session(&ask).map(Box::new)), None),
            Ask::Activity(ask) => {
                (Answer::Activity(self.case.activity(&ask.session, ask.first, ask.n)), None)
            }
            Ask::Who(ask) => (Answer::Who(self.who(&ask)), None),
            Ask::Hosts(ask) => (Answer::Hosts(hosts_part(self.hosts(), &ask)), None),
            Ask::Host(ask) => (Answer::Host(self.host(&ask).map(Box::new)), None),
            Ask::Ledger(ask) => (Answer::Ledger(self.ledger(&ask)), None),
            Ask::Export(ask) => {
                let (bytes, n_total) = self.case.export(ask.format, ask.query.as_ref(), ask.first, ask.n);
                let version = self.case.summary().version;
                (Answer::Export(ExportPart { n_total, version }), Some(bytes))
            }
        }
    }

    fn session(&self, ask: &SessionAsk) -> Option<SessionPart> {
        let mut detail = self.case.session(&self.case.id_now(&ask.id, ask.first_row))?;
        let record = &mut detail.record;
        let (n_evidence, n_intervals) = (record.evidence.len() as u32, record.intervals.len() as u32);
        let (n_origins, n_logons) = (record.origins.len() as u32, record.logons.len() as u32);
        let n_logon_ids = record.logon_ids.len() as u32;
        record.intervals.truncate(MOST_LISTED);
        record.origins.truncate(MOST_LISTED);
        record.logons.truncate(MOST_LISTED);
        record.logon_ids.truncate(MOST_LISTED);
        record.hops.truncate(MOST_LISTED);
        let (first, n) = (ask.first_evidence as usize, ask.n_evidence as usize);
        keep(&mut record.evidence, first, n);
        keep(&mut detail.places, first, n);
        keep(&mut detail.meanings, first, n);
        let first_evidence = ask.first_evidence;
        Some(SessionPart {
            detail,
            first_evidence,
            n_evidence,
            n_intervals,
            n_origins,
            n_logons,
            n_logon_ids,
        })
    }

    fn who(&mut self, ask: &WhoAsk) -> WhoPart {
        let Some(at) = Timestamp::parse(&ask.at) else { return WhoPart::default() };
        let asked = (self.case.summary().version, ask.at.clone(), ask.with_noise);
        if self.who.as_ref().is_none_or(|found| found.asked != asked) {
            let (sessions, machines) = self.case.who(at, ask.with_noise);
            self.who = Some(WhoFound { asked, sessions, machines });
        }
        self.who.as_ref().map(|found| who_part(found, ask)).unwrap_or_default()
    }

    fn hosts(&mut self) -> &[HostRecord] {
        let version = self.case.summary().version;
        if self.hosts.as_ref().is_none_or(|(of, ..)| *of != version) {
            self.hosts = Some((version, self.case.hosts(), self.case.coverage()));
        }
        self.hosts.as_ref().map_or(&[], |(_, hosts, _)| hosts)
    }

    fn host(&mut self, ask: &HostAsk) -> Option<HostPart> {
        self.hosts();
        let (_, hosts, coverage) = self.hosts.as_ref()?;
        let host = hosts.iter().find(|host| host.machine == ask.machine)?;
        let coverage = coverage.iter().find(|coverage| coverage.machine == ask.machine);
        Some(host_part(host, coverage, ask))
    }

    fn ledger(&self, ask: &LedgerAsk) -> LedgerPart {
        let mut sources = self.case.ledger();
        let n_sources = sources.len() as u32;
        sources.sort_by_key(|source| self.files[source.source as usize]);
        keep(&mut sources, ask.first as usize, ask.n as usize);
        LedgerPart { n_sources, first: ask.first, sources }
    }
}

/// The sure ones first, whichever machine they are on: that is what is asked.
fn who_part(found: &WhoFound, ask: &WhoAsk) -> WhoPart {
    let is_sure = |session: &&WhoRecord| session.certainty == "surely";
    let sure = found.sessions.iter().filter(is_sure);
    let row = |record: &WhoRecord| WhoRow { record: record.clone(), first_row: record.first_row };
    let ordered = sure.chain(found.sessions.iter().filter(|session| !is_sure(session)));
    let not_covered = || found.machines.iter().filter(|machine| !machine.is_covered);
    WhoPart {
        at: ask.at.clone(),
        n_rows: found.sessions.len() as u32,
        n_surely: found.sessions.iter().filter(is_sure).count() as u32,
        first: ask.first,
        rows: ordered.skip(ask.first as usize).take(ask.n as usize).map(row).collect(),
        not_covered: not_covered().take(MOST_LISTED).map(|machine| machine.machine.clone()).collect(),
        n_not_covered: not_covered().count() as u32,
    }
}

fn hosts_part(hosts: &[HostRecord], ask: &HostsAsk) -> HostsPart {
    let asked = hosts.iter().skip(ask.first as usize).take(ask.n as usize);
    HostsPart { n_hosts: hosts.len() as u32, first: ask.first, hosts: asked.map(host_row).collect() }
}

fn host_row(host: &HostRecord) -> HostRow {
    let mut logoff_audits: Vec<String> = Vec::new();
    for boot in &host.boots {
        if !logoff_audits.contains(&boot.logoff_audit) {
            logoff_audits.push(boot.logoff_audit.clone());
        }
    }
    HostRow {
        machine: host.machine.clone(),
        name: host.names.last().cloned().unwrap_or_default(),
        n_older_names: host.names.len().saturating_sub(1) as u32,
        kind: host.kind.clone(),
        product: host.product.clone(),
        n_sessions: host.n_sessions,
        n_boots: host.boots.len() as u32,
        n_unclean: host.boots.iter().filter(|boot| boot.end_how == "unclean").count() as u32,
        first_start: host.boots.iter().find_map(|boot| boot.start.clone()),
        last_record: host.boots.iter().rev().find_map(|boot| boot.last_record.clone()),
        logoff_audits,
    }
}

fn host_part(host: &HostRecord, coverage: Option<&CoverageRecord>, ask: &HostAsk) -> HostPart {
    let mut host = host.clone();
    let n_boots = host.boots.len() as u32;
    keep(&mut host.boots, ask.first_boot as usize, ask.n_boots as usize);
    for boot in &mut host.boots {
        boot.started_by.truncate(MOST_LISTED);
        boot.ended_by.truncate(MOST_LISTED);
    }
    host.logs.truncate(MOST_LISTED);
    host.name_history.truncate(MOST_LISTED);
    host.logs.iter_mut().for_each(|log| log.clears.truncate(MOST_LISTED));
    let boots = coverage.map_or(&[][..], |coverage| &coverage.boots);
    let newest = boots.last();
    let asked = boots.iter().find(|boot| Some(boot.boot) == ask.coverage_boot).or(newest);
    let costs = newest.into_iter().flat_map(|boot| &boot.audits);
    HostPart {
        host,
        first_boot: ask.first_boot,
        n_boots,
        coverage: coverage.map(|coverage| CoverageRecord {
            machine: coverage.machine.clone(),
            kind: coverage.kind.clone(),
            boots: asked.cloned().into_iter().collect(),
            baseline: coverage.baseline.clone(),
        }),
        coverage_boots: boots.iter().rev().take(MOST_LISTED).map(|boot| boot.boot).collect(),
        costs: costs.filter_map(|audit| Some((audit.subcategory.clone(), audit.cost.clone()?))).collect(),
    }
}

/// Keeps the part `first .. first + n`.
fn keep<T>(list: &mut Vec<T>, first: usize, n: usize) {
    list.drain(..first.min(list.len()));
    list.truncate(n);
}

/// Listens to the page, and to the parse workers through their ports, from inside the worker.
pub fn serve(scope: DedicatedWorkerGlobalScope) {
    let desk = Rc::new(RefCell::new(Desk::new(js_sys::Date::now)));
    let to_page = scope.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        translate(&event, &to_page, &desk).unwrap_or_else(|error| wasm_bindgen::throw_val(error));
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    on_message.forget();
}

fn translate(
    event: &MessageEvent,
    to_page: &DedicatedWorkerGlobalScope,
    desk: &Rc<RefCell<Desk>>,
) -> Result<(), JsValue> {
    let (message, extra) = receive::<ToCase>(event)?;
    if message == ToCase::Connect {
        listen(extra.dyn_into()?, to_page.clone(), desk.clone());
        return Ok(());
    }
    let replies = desk.borrow_mut().handle(message);
    reply(to_page, replies)?;
    desk.borrow_mut().rest();
    Ok(())
}

fn listen(port: MessagePort, to_page: DedicatedWorkerGlobalScope, desk: Rc<RefCell<Desk>>) {
    let on_block = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        take_in(&event, &to_page, &desk).unwrap_or_else(|error| wasm_bindgen::throw_val(error));
    });
    port.set_onmessage(Some(on_block.as_ref().unchecked_ref()));
    // A parse worker's port is as good as forgotten when it dies: there are few, and closing is not told.
    on_block.forget();
}

fn take_in(
    event: &MessageEvent,
    to_page: &DedicatedWorkerGlobalScope,
    desk: &RefCell<Desk>,
) -> Result<(), JsValue> {
    let (block, extra) = receive::<Block>(event)?;
    let replies = desk.borrow_mut().merge(&block, &to_vec(&extra));
    reply(to_page, replies)
}

fn reply(to_page: &DedicatedWorkerGlobalScope, replies: Vec<Reply>) -> Result<(), JsValue> {
    for (answer, bytes) in replies {
        post(to_page, &answer, bytes.map(|bytes| to_buffer(&bytes)))?;
    }
    Ok(())
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

    thread_local!(static NOW: std::cell::Cell<f64> = const { std::cell::Cell::new(0.0) });

    /// A chunk of ten comes in at this moment; whether sessions were worked out then.
    fn is_updated_at(desk: &mut Desk, batch: BatchNo, now_ms: f64) -> bool {
        NOW.set(now_ms);
        desk.merge(&Block { batch, source: 0, first_chunk: batch, n_chunks: 1 }, &[]);
        desk.updated_ms == now_ms
    }

    fn reading(n_chunks: u32) -> Desk {
        let mut desk = Desk::new(|| NOW.get());
        let opening = Opening { is_log: true, n_chunks, ..Opening::default() };
        desk.handle(ToCase::AddSource { file: 0, path: "a.evtx".into(), bytes: 1, opening });
        desk
    }

    #[test]
    fn what_is_soon_worked_out_for_good_is_not_worked_out_before() {
        let mut desk = reading(10);
        assert!(is_updated_at(&mut desk, 0, 1.0), "the first sessions show at once");
        assert!(is_updated_at(&mut desk, 1, 1001.0), "4 seconds are left");
        assert!(is_updated_at(&mut desk, 2, 2001.0), "4.7 seconds are left");
        for batch in 3..8 {
            assert!(!is_updated_at(&mut desk, batch, 2002.0), "it is just done");
        }
        assert!(!is_updated_at(&mut desk, 8, 4001.0), "half a second is left");
        assert!(is_updated_at(&mut desk, 9, 9001.0), "but not for that long");
    }

    #[test]
    fn settling_tells_what_is_loaded() {
        let replies = desk().handle(ToCase::Settle);
        assert!(matches!(replies[..], [(FromCase::Summary(_), None)]), "{replies:?}");
    }

    #[test]
    fn questions_are_answered_with_their_number() {
        let ask = Ask::Session(SessionAsk { id: "DC01#0/0x1".into(), ..SessionAsk::default() });
        let replies = desk().handle(ToCase::Ask { number: 9, ask });
        assert_eq!(replies, vec![(FromCase::Answer { number: 9, answer: Answer::Session(None) }, None)]);
    }

    #[test]
    fn a_part_of_a_list_is_kept() {
        let mut list = vec![0, 1, 2, 3, 4];
        keep(&mut list, 1, 3);
        assert_eq!(list, [1, 2, 3]);
        keep(&mut list, 9, 3);
        assert!(list.is_empty());
    }
}
