//! Correlating and asking, with as many sessions as one likes.

use crate::busy;
use crate::clock::{peak_bytes, time, wall};
use crate::print;
use sessionscope::case::{Case, Format};
use sessionscope::parse::Opening;
use sessionscope::query::{Column, Query, Sort};
use std::fs::File;
use std::io::{BufWriter, Write};

/// Rows the page shows at once, and some around them.
const SCREEN: u32 = 100;

fn load(n_sessions: u32) -> Case {
    let mut case = Case::new();
    for n in 0..4 {
        case.add_source(&format!("SRV{n:02}.evtx"), 1 << 30, Opening { is_log: true, ..Opening::default() });
    }
    let (mut merge, mut result) = (0.0, Ok(()));
    let n_events = busy::blocks(n_sessions, |block| {
        let encoded = block.encode();
        let (added, secs) = time(|| case.add_encoded(&encoded));
        merge += secs;
        result = std::mem::replace(&mut result, Ok(())).and(added);
    });
    result.expect("the blocks are whole");
    (0..4).for_each(|source| case.end_source(source, None));
    print("events", n_events as f64);
    print("merge", merge);
    print("peak bytes before correlating", peak_bytes());
    let ((), secs) = time(|| case.update());
    print("correlate", secs);
    print("sessions", f64::from(case.summary().n_sessions));
    case
}

/// Writes the blocks for a page that has one source already: of each its length in eight bytes, then the block.
pub fn write_blocks(n_sessions: u32, path: &str) {
    let mut out = BufWriter::new(File::create(path).expect("the file can be made"));
    busy::blocks(n_sessions, |mut block| {
        block.source += 1;
        block.records.spans.iter_mut().for_each(|span| span.source += 1);
        let encoded = block.encode();
        let len = (encoded.len() as u64).to_le_bytes();
        out.write_all(&len).and_then(|()| out.write_all(&encoded)).expect("the disk has room");
    });
    out.flush().expect("the disk has room");
}

pub fn correlate(n_sessions: u32) {
    load(n_sessions);
    print("peak bytes", peak_bytes());
}

pub fn ask(n_sessions: u32) {
    let mut case = load(n_sessions);
    let all = Query { shown_noise: noise(&mut case), ..Query::default() };
    let ((), secs) = wall(|| case.prepare());
    print("make ready for filters", secs);
    for by in Column::ALL {
        for (way, descending) in [("up", false), ("down", true)] {
            let query = Query { sort: vec![Sort { by, descending }], ..all.clone() };
            let (_, secs) = wall(|| case.rows(&query, 0, SCREEN));
            print(&format!("sort {} {way}", by.word()), secs);
        }
    }
    let sort = vec![Sort { by: Column::User, descending: false }];
    for text in ["u", "user0", "user01", "corp remote", "10.20.3.", "0x1234", "nothing has this"] {
        let query = Query { text: text.to_owned(), sort: sort.clone(), ..all.clone() };
        let (rows, secs) = wall(|| case.rows(&query, 0, SCREEN));
        print(&format!("filter \"{text}\" ({} rows)", rows.n_rows), secs);
    }
    open_some(&mut case, &all);
    scroll(&mut case, &all);
    let ((_, n), secs) = wall(|| case.export(Format::JsonLines, None, 0, 1000));
    print("export 1000 sessions", secs);
    let (_, secs) = wall(|| case.export(Format::JsonLines, Some(&all), n / 2, 1000));
    print("export 1000 sessions of a query", secs);
    print("peak bytes", peak_bytes());
}

fn noise(case: &mut Case) -> Vec<String> {
    case.rows(&Query::default(), 0, 0).noise.into_iter().map(|count| count.class).collect()
}

/// Opens sessions from all over the case; the slowest counts.
fn open_some(case: &mut Case, all: &Query) {
    let n_rows = case.rows(all, 0, 0).n_rows;
    let mut slowest = 0f64;
    for n in 0..20 {
        let row = case.rows(all, (n_rows / 20 * n).min(n_rows.saturating_sub(1)), 1).rows.remove(0);
        let (found, secs) = wall(|| case.session(&row.session));
        assert!(found.is_some(), "{} cannot be opened", row.session);
        slowest = slowest.max(secs);
    }
    print("open a session", slowest);
}

fn scroll(case: &mut Case, all: &Query) {
    let n_rows = case.rows(all, 0, 0).n_rows;
    let (_, secs) = wall(|| case.rows(all, n_rows / 2, SCREEN));
    print("scroll", secs);
}
