//! Downloads: put together piece by piece, so that no more than a piece of one is in the case worker at a time.

use super::link::text_of;
use crate::browser::download;
use crate::state::Export;
use crate::text::moment;
use crate::worker::protocol::{Ask, ExportAsk, ExportPart, QuestionNo};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use sessionscope::case::{Format, Summary};
use sessionscope::query::Query;
use wasm_bindgen::prelude::*;

/// Sessions in a piece of an export: a megabyte or so.
const SESSIONS_PER_PIECE: u32 = 1000;
/// An export of a case that keeps changing is begun anew this often.
const MOST_STARTS: u32 = 5;

/// A download that is being put together.
pub struct Exporting {
    format: Format,
    query: Option<Query>,
    first: u32,
    n_bytes: u64,
    pieces: Array,
    version: Option<u32>,
    n_starts: u32,
    question: QuestionNo,
}

/// What a piece leads to.
pub enum Next {
    /// The next piece, or the first one again: ask for it.
    Piece {
        n_done: u32,
        n_total: u32,
    },
    All,
    GivenUp,
}

impl Exporting {
    /// What the query shows, or everything.
    pub fn new(format: Format, query: Option<Query>) -> Self {
        Exporting {
            format,
            query,
            first: 0,
            n_bytes: 0,
            pieces: Array::new(),
            version: None,
            n_starts: 1,
            question: 0,
        }
    }

    /// The question for the next piece.
    pub fn ask(&mut self, number: QuestionNo) -> Ask {
        self.question = number;
        Ask::Export(ExportAsk {
            format: self.format,
            query: self.query.clone(),
            first: self.first,
            n: SESSIONS_PER_PIECE,
        })
    }

    /// Whether this is the answer it waits for.
    pub fn waits_for(&self, number: QuestionNo) -> bool {
        self.question == number
    }

    /// Takes a piece in.
    pub fn take(&mut self, part: ExportPart, bytes: &JsValue) -> Next {
        if self.version.is_some_and(|version| version != part.version) {
            return self.begin_anew();
        }
        self.version = Some(part.version);
        if let Some(bytes) = bytes.dyn_ref::<ArrayBuffer>() {
            self.n_bytes += u64::from(bytes.byte_length());
            self.pieces.push(&Uint8Array::new(bytes));
        }
        self.first = self.first.saturating_add(SESSIONS_PER_PIECE);
        match self.first < part.n_total {
            true => Next::Piece { n_done: self.first, n_total: part.n_total },
            false => Next::All,
        }
    }

    /// The case changed between two pieces.
    fn begin_anew(&mut self) -> Next {
        if self.n_starts >= MOST_STARTS {
            return Next::GivenUp;
        }
        self.n_starts += 1;
        self.pieces = Array::new();
        (self.first, self.n_bytes, self.version) = (0, 0, None);
        Next::Piece { n_done: 0, n_total: 0 }
    }

    /// Offers what was put together as a download.
    pub fn offer(&self, summary: &Summary) -> Export {
        let (ending, mime) = match self.format {
            Format::JsonLines => ("jsonl", "application/x-ndjson"),
            Format::Csv => ("csv", "text/csv"),
        };
        let range = [&summary.first_time, &summary.last_time];
        let range: String =
            range.into_iter().flatten().map(|time| format!("_{}", moment::compact(time))).collect();
        let name = format!("sessions{range}.{ending}");
        match download::offer(&self.pieces, &name, mime) {
            Ok(()) => Export::Ready { name, n_bytes: self.n_bytes },
            Err(error) => Export::Failed(format!("The download could not be made: {}", text_of(&error))),
        }
    }
}
