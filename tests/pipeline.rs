//! From bytes to a case on any way: by any number of workers, in batches of any size, as blocks that travel as bytes.

mod common;

use common::{Log, Random, json_lines, load, load_by_workers};
use evtx_fixture::damage;
use evtx_fixture::generate::{Profile, generate};
use proptest::collection::vec;
use proptest::prelude::*;
use sessionscope::case::Case;
use sessionscope::event::StrId;
use sessionscope::event::columns::{LAYOUTS, MAX_CELLS, Strings, filled};
use sessionscope::event::records::{Records, Signature, Span};
use sessionscope::parse::block::{Block, Chunks};
use sessionscope::problem::{Cost, Problem};
use sessionscope::time::Timestamp;
use std::io::Cursor;

fn logs() -> Vec<Log> {
    let generated = |profile, seed, n_bytes| {
        generate(profile, seed, n_bytes, Cursor::new(Vec::new()))
            .expect("memory takes every byte")
            .into_inner()
    };
    let mut damaged = generated(Profile::DomainController, 5, 1 << 20);
    damage::flip_chunk_magic(&mut damaged, 3);
    damage::truncate_file(&mut damaged, 900_000);
    vec![
        ("a/Security.evtx".to_owned(), generated(Profile::MemberServer, 3, 3 << 20)),
        ("b/Security.evtx".to_owned(), generated(Profile::Workstation, 4, 2 << 20)),
        ("c/Security.evtx".to_owned(), damaged),
        ("d/Security.evtx".to_owned(), evtx_fixture::empty_log()),
    ]
}

/// Everything that a case says: its sessions, and what became of each source.
fn says(case: &mut Case) -> String {
    format!("{}{:#?}{:?}", json_lines(case), case.ledger(), case.hosts())
}

#[test]
fn workers_and_batches_make_no_difference() {
    let logs = logs();
    let wanted = says(&mut load(&logs));
    for n_workers in [1, 2, 4, 8] {
        for seed in 1..=3 {
            let mut case = load_by_workers(&logs, n_workers, &mut Random(97 * n_workers as u64 + seed));
            assert!(says(&mut case) == wanted, "{n_workers} workers, batches of seed {seed}");
        }
    }
}

prop_compose! {
    fn signature(n_texts: u32)(
        [provider, channel, computer] in [0..=n_texts, 0..=n_texts, 0..=n_texts],
        (event_id, task, level, outcome, is_torn) in any::<(u32, u32, u8, u8, u8)>(),
    ) -> Signature {
        let [provider, channel, computer] = [provider, channel, computer].map(StrId);
        Signature { provider, channel, computer, event_id, task, level, outcome, is_torn, _pad: 0 }
    }
}

prop_compose! {
    fn problem()(
        (chunk, offset, record) in any::<(Option<u32>, Option<u64>, Option<u64>)>(),
        cost in prop_oneof![
            Just(Cost::Nothing), any::<u64>().prop_map(Cost::Records), Just(Cost::Chunk), Just(Cost::Source)
        ],
        text in any::<String>(),
    ) -> Problem {
        Problem { chunk, offset, record, cost, text }
    }
}

/// A row: id, time, signature, and the spec and cells of its event, if it has one.
type Row = (u64, i64, prop::sample::Index, Option<(prop::sample::Index, Vec<u32>)>);

fn row() -> impl Strategy<Value = Row> {
    let event = (any::<prop::sample::Index>(), vec(prop_oneof![Just(0), any::<u32>()], MAX_CELLS));
    (any::<u64>(), any::<i64>(), any::<prop::sample::Index>(), prop::option::of(event))
}

prop_compose! {
    fn block()(texts in vec(any::<String>(), 0..20))(
        signatures in vec(signature(texts.len() as u32), 1..9),
        rows in vec(row(), 0..40),
        spans in vec((any::<u32>(), any::<u32>()), 0..5),
        problems in vec(problem(), 0..4),
        (source, n_read, n_failed, n_unused, n_bad_checksum) in any::<(u32, u32, u32, u32, u32)>(),
        texts in Just(texts),
    ) -> Block {
        let mut strings = Strings::default();
        texts.iter().for_each(|text| { strings.intern(text); });
        let mut records = Records { strings, signatures, ..Records::default() };
        let specs: Vec<usize> = (0..LAYOUTS.len()).collect();
        for (id, time, signature, event) in rows {
            records.id.push(id);
            records.time.push(Timestamp::from_ticks(time));
            records.signature.push(signature.index(records.signatures.len()) as u32);
            records.events.push_untyped();
            if let Some((spec, cells)) = event {
                let spec = *spec.get(&specs);
                let mut all = [0; MAX_CELLS];
                let own = all.iter_mut().take(LAYOUTS[spec].n_cells);
                own.zip(cells.iter().cycle()).for_each(|(cell, value)| *cell = *value);
                records.events.set_last(spec as u16, filled(&all), &all);
            }
        }
        records.spans = spans
            .into_iter()
            .map(|(first_row, chunk)| Span { first_row, source, chunk })
            .collect();
        Block { source, chunks: Chunks { n_read, n_failed, n_unused, n_bad_checksum }, records, problems }
    }
}

proptest! {
    #[test]
    fn a_block_is_the_same_after_its_way_as_bytes(block in block()) {
        let decoded = Block::decode(&block.encode()).expect("what was encoded can be decoded");
        prop_assert_eq!((decoded.source, decoded.chunks), (block.source, block.chunks));
        prop_assert_eq!(&decoded.problems, &block.problems);
        let (one, other) = (&decoded.records, &block.records);
        prop_assert_eq!((&one.id, &one.time, &one.signature), (&other.id, &other.time, &other.signature));
        prop_assert_eq!(&one.events, &other.events);
        prop_assert_eq!(&one.signatures, &other.signatures);
        prop_assert_eq!(&one.spans, &other.spans);
        prop_assert_eq!(one.strings.parts(), other.strings.parts());
    }
}
