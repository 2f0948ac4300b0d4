//! Sessions that never were, worked out and thrown away while there is nothing else to do.
//!
//! A browser runs code at first several times slower than once it has seen it run for a while, and to make it fast takes
//! both cores a tenth of the time in which a gigabyte is read. What comes when a log is read somebody waits for; so it
//! runs before that. The workers share their code: what this one has made fast is fast in those that parse.

use super::{Desk, Reply};
use crate::worker::protocol::{Answer, FromCase, NOT_ASKED};
use gloo::timers::callback::Timeout;
use sessionscope::case::Case;
use sessionscope::event::columns::{LAYOUTS, MAX_CELLS, filled, spec_of};
use sessionscope::event::records::{Records, Signature, Signatures, Span};
use sessionscope::event::{Field, Type};
use sessionscope::parse::block::{Block, Chunks};
use sessionscope::parse::{HEADER_BYTES, Opening, Templates, parse_batch};
use sessionscope::query::{Query, Rows};
use sessionscope::time::{SECOND, Timestamp};
use std::cell::{LazyCell, RefCell};
use std::rc::Rc;

/// So long after the worker is there: the page and its other workers start meanwhile.
const AFTER_MS: u32 = 400;

/// The first round, which makes the log up, takes a tenth of a second, half a second after the page is there; the next ones
/// some 30 milliseconds, and most of them five: nobody who drops a log meanwhile notices.
const N_ROUNDS: u32 = 100;
const N_SESSIONS: u32 = 2000;
/// In the first of them chunks are read and rows shown as well: soon that is as fast as it gets, while what each session
/// takes only a little of is not.
const N_WHOLE_ROUNDS: u32 = 12;

/// How many sessions are on at a time.
const N_ON: u32 = 20;

/// A made-up log's chunk (`build.rs`), how many are read as one batch, and how many batches in a round.
const CHUNK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/practice.chunk"));
const CHUNKS_PER_BATCH: usize = 8;
const N_BATCHES: u32 = 8;

const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";

/// Rows that are sent to the page as the answer to a question it has not asked: it reads them, and does nothing with them.
const N_ROWS: u32 = 60;

/// Practises until something is loaded; `send` tells the page.
pub fn begin(desk: Rc<RefCell<Desk>>, send: impl Fn(Reply) + 'static) {
    let log = || Log::of(N_SESSIONS).block(0).encode();
    go_on(Practice { desk, send, log: LazyCell::new(Box::new(log)), round: 0 }, AFTER_MS);
}

struct Practice<S> {
    desk: Rc<RefCell<Desk>>,
    send: S,
    /// A block of made-up sessions.
    log: LazyCell<Vec<u8>, Box<dyn FnOnce() -> Vec<u8>>>,
    round: u32,
}

fn go_on<S: Fn(Reply) + 'static>(practice: Practice<S>, after_ms: u32) {
    let next = move || {
        let Practice { desk, send, log, round } = &practice;
        if *round == N_ROUNDS || !desk.borrow().is_empty() {
            return;
        }
        let rows = practise(log);
        if *round < N_WHOLE_ROUNDS {
            read(N_BATCHES);
            send((FromCase::Answer { number: NOT_ASKED, answer: Answer::Rows(rows) }, None));
        }
        go_on(Practice { round: round + 1, ..practice }, 0);
    };
    Timeout::new(after_ms, next).forget();
}

/// What parse workers do with so many batches; how many records they find.
fn read(n_batches: u32) -> usize {
    let (batch, mut templates) = (CHUNK.repeat(CHUNKS_PER_BATCH), Templates::default());
    let mut block = |_| {
        let block = parse_batch(0, 0, HEADER_BYTES as u64, &batch, &mut templates);
        // Encoded so that nobody finds out that it is not needed.
        if block.encode().is_empty() { 0 } else { block.records.len() }
    };
    (0..n_batches).map(&mut block).sum()
}

/// What the worker does with a log, and the rows of what it finds.
fn practise(log: &[u8]) -> Rows {
    let mut case = Case::new();
    let source = case.add_source("", 0, Opening { is_log: true, ..Opening::default() });
    // What is made here is whole.
    let _ = case.add_encoded(log);
    case.end_source(source, None);
    case.update();
    let rows = case.rows(&Query { is_grouped: true, ..Query::default() }, 0, N_ROWS);
    case.prepare();
    rows
}

/// A Security log while it is made up.
struct Log {
    records: Records,
    signatures: Signatures,
}

impl Log {
    fn of(n_sessions: u32) -> Self {
        let mut log = Log { records: Records::default(), signatures: Signatures::default() };
        log.write(4608, |_, _| 0);
        for session in 0..n_sessions + N_ON {
            if session < n_sessions {
                log.logon(session);
            }
            if let Some(ending) = session.checked_sub(N_ON) {
                log.acts(ending, &[4688, 4689, 4634]);
            }
        }
        log
    }

    fn logon(&mut self, session: u32) {
        // Most sessions of a server are network logons.
        let logon_type = if session.is_multiple_of(8) { 10 } else { 3 };
        self.acts(session, &[4672]);
        self.write(4624, |records, field| match field {
            Field::TargetSid | Field::TargetUser | Field::TargetDomain | Field::Workstation => {
                records.strings.intern(&format!("{field:?} {}", session % 50)).0.into()
            }
            Field::Address => records.strings.intern(&format!("10.0.0.{}", session % 200)).0.into(),
            Field::LogonProcess => records.strings.intern("Kerberos").0.into(),
            Field::Elevated => records.strings.intern("%%1842").0.into(),
            Field::TargetLogonId => luid(session),
            Field::LogonType => logon_type + 1,
            Field::Port => 50_000,
            _ => 0,
        });
        self.acts(session, &[4688, 4689, 4688, 4689]);
    }

    /// Records of what a session did.
    fn acts(&mut self, session: u32, ids: &[u32]) {
        for &id in ids {
            self.write(id, |records, field| match field {
                Field::SubjectSid if id != 4634 => {
                    records.strings.intern(&format!("TargetSid {}", session % 50)).0.into()
                }
                Field::SubjectLogonId if id != 4634 => luid(session),
                Field::TargetLogonId if id == 4634 => luid(session),
                Field::NewProcess | Field::ProcessName => records.strings.intern(r"C:\a.exe").0.into(),
                _ => 0,
            });
        }
    }

    /// Writes an event; `cell` says what it has in a field, as it is kept.
    fn write(&mut self, event_id: u32, cell: impl Fn(&mut Records, Field) -> u64) {
        let Some(spec) = spec_of(PROVIDER, "Security", event_id) else { return };
        let records = &mut self.records;
        let [provider, channel, computer] = [PROVIDER, "Security", "PC"].map(|it| records.strings.intern(it));
        let signature =
            Signature { provider, channel, computer, event_id, outcome: 1, ..Signature::default() };
        records.signature.push(self.signatures.intern(signature));
        records.id.push(records.id.len() as u64 + 1);
        records.time.push(Timestamp::from_ticks(records.id.len() as i64 * SECOND));
        let mut cells = [0; MAX_CELLS];
        for &field in Field::ALL {
            let Some(slot) = LAYOUTS[usize::from(spec)].slot(field) else { continue };
            let value = cell(records, field);
            cells[slot] = value as u32;
            if matches!(field.ty(), Type::Luid | Type::Time) {
                cells[slot + 1] = (value >> 32) as u32;
            }
        }
        records.events.push_untyped();
        records.events.set_last(spec, filled(&cells), &cells);
    }

    fn block(self, source: u32) -> Block {
        let Log { mut records, signatures } = self;
        records.signatures = signatures.all;
        records.spans.push(Span { first_row: 0, source, chunk: 0 });
        Block { source, chunks: Chunks { n_read: 1, ..Chunks::default() }, records, problems: Vec::new() }
    }
}

/// LogonIds grow.
fn luid(session: u32) -> u64 {
    0x1_0000 + u64::from(session) * 0x10
}

#[cfg(test)]
mod tests {
    use super::{CHUNKS_PER_BATCH, Log, practise, read};

    #[test]
    fn what_is_made_up_is_found() {
        assert_eq!(practise(&Log::of(100).block(0).encode()).n_total, 100);
    }

    #[test]
    fn what_is_made_up_is_read() {
        assert_eq!(read(1), 36 * CHUNKS_PER_BATCH);
    }
}
