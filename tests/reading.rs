//! Reading: two readers that agree, and damage that costs no more than itself.
//!
//! A chunk whose checksums hold is read fast, any other carefully; breaking a checksum and nothing else shows whether
//! both read the same.

mod common;
mod corpus;

use common::{Log, Random, json_lines, load, load_shuffled};
use evtx_fixture::generate::{Profile, generate};
use evtx_fixture::scenario::Scenario;
use evtx_fixture::windows::{Kind, Shape};
use evtx_fixture::{Event, Guid, LogWriter, Payload, Sid, damage, empty_log, windows};
use sessionscope::case::Case;
use sessionscope::case::ledger::SourceRow;
use sessionscope::event::table::ORIGINS;
use sessionscope::event::{Field, Type};
use sessionscope::parse::block::Block;
use sessionscope::parse::{CHUNK_BYTES, HEADER_BYTES, Templates, parse_batch, record_view};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::atomic::{AtomicUsize, Ordering};

const MIB: u64 = 1 << 20;

/// Beyond any log here: a reader that asks for so much at once believes a size that a damaged record claims.
const ABSURD_BYTES: usize = 1 << 28;

/// Notes the largest piece of memory that anything asked for.
struct Watchful;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watchful = Watchful;

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Watchful {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: what holds for the caller's layout holds for the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: it came from the system's allocator.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn assert_modest() {
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest < ABSURD_BYTES, "{largest} bytes were asked for at once");
}

/// Records in each chunk of [`small_log`], and its chunks.
const PER_CHUNK: u64 = 6;
const N_CHUNKS: u64 = 4;

/// Four chunks of six records: a few sessions, of events of every layout.
fn small_log() -> Vec<u8> {
    let rows = "
    08:00  PC1  4608
    08:00  PC1  4624 type=0 user=SYSTEM
    08:01  PC1  4624 logon=0x3e50 linked=0x3e9a type=10 user=alice elevated=yes ip=10.0.0.7
    08:01  PC1  4624 logon=0x3e9a linked=0x3e50 type=10 user=alice elevated=no ip=10.0.0.7
    08:01  PC1  4672 logon=0x3e50 user=alice
    08:02  PC1  4688 logon=0x3e9a user=alice
    08:03  PC1  4624 logon=0x4000 type=3 user=bob ip=10.0.0.8 raw=strings
    08:04  PC1  4634 logon=0x4000 type=3 user=bob raw=strings
    08:10  PC1  4800 logon=0x3e9a user=alice session=2
    08:20  PC1  4624 logon=0x5000 type=7 user=alice
    08:20  PC1  4634 logon=0x5000 type=7 user=alice
    08:20  PC1  4801 logon=0x3e9a user=alice session=2
    08:30  PC1  EventLog/1102 logon=0x3e9a user=alice
    08:40  PC1  4779 logon=0x3e9a user=alice session=RDP-Tcp#3 host=PC7 ip=10.0.0.7
    08:50  PC1  4778 logon=0x3e9a user=alice session=RDP-Tcp#4 host=PC8 ip=10.0.0.8
    08:51  PC1  4625 user=mallory ip=10.0.0.66
    08:52  PC1  5140 logon=0x3e9a user=alice ip=10.0.0.7
    08:53  PC1  4648 logon=0x3e9a user=alice target=bob host=dc1
    09:00  PC1  4647 logon=0x3e9a user=alice
    09:00  PC1  4634 logon=0x3e9a type=10 user=alice
    09:00  PC1  4634 logon=0x3e50 type=10 user=alice
    09:30  PC1  EventLog/1100
    10:00  PC1  EventLog/1101
    10:00  PC1  4608
";
    let scenario = &Scenario::parse_all(rows).unwrap()[0];
    scenario.files_in_chunks(PER_CHUNK as usize).remove(0).1
}

fn log(bytes: Vec<u8>) -> [Log; 1] {
    [("Security.evtx".to_owned(), bytes)]
}

fn read(bytes: Vec<u8>) -> Case {
    load(&log(bytes))
}

fn row(case: &Case) -> SourceRow {
    case.ledger().remove(0)
}

fn ids(case: &Case) -> BTreeSet<u64> {
    case.records().id.iter().copied().collect()
}

/// Every record's row of the index, as text.
fn index(case: &Case) -> Vec<String> {
    let records = case.records();
    let text = |row: u32| {
        let s = records.signature(row);
        let names = [s.provider, s.channel, s.computer].map(|name| records.text(name));
        let (id, time) = (records.id[row as usize], records.time[row as usize]);
        format!("{id} {time} {names:?} {} {} {} {}", s.event_id, s.task, s.level, s.outcome)
    };
    (0..records.len() as u32).map(text).collect()
}

/// Breaks the checksum of every chunk, so that the careful reader takes them all.
fn distrusted(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    (0..damage::n_chunks(&bytes)).for_each(|chunk| damage::break_records_checksum(&mut bytes, chunk));
    bytes
}

#[track_caller]
fn assert_readers_agree(name: &str, bytes: Vec<u8>) {
    let [mut fast, mut careful] = [read(bytes.clone()), read(distrusted(&bytes))];
    let (one, other) = (index(&fast), index(&careful));
    let difference = one.iter().zip(&other).find(|(a, b)| a != b);
    assert!(difference.is_none() && one.len() == other.len(), "{name}: {difference:?}");
    let (one, other) = (json_lines(&mut fast), json_lines(&mut careful));
    let difference = one.lines().zip(other.lines()).find(|(a, b)| a != b);
    assert!(one == other, "{name}: {difference:#?}");
    let row = row(&careful);
    let n_careful = row.n_chunks_bad_checksum + row.n_chunks_failed + row.n_chunks_unused;
    assert!(n_careful as usize >= damage::n_chunks(&bytes), "{name}: the fast reader took a chunk");
}

fn generated(profile: Profile) -> Vec<u8> {
    generate(profile, 1, 2 * MIB, Cursor::new(Vec::new())).expect("memory takes every byte").into_inner()
}

const PROFILES: [Profile; 3] = [Profile::MemberServer, Profile::DomainController, Profile::Workstation];

#[test]
fn both_readers_agree_on_generated_logs() {
    for profile in PROFILES {
        assert_readers_agree(&format!("{profile:?}"), generated(profile));
    }
}

#[test]
fn chunks_may_come_in_any_order() {
    for profile in PROFILES {
        let logs = log(generated(profile));
        let [mut one, mut other] = [load(&logs), load_shuffled(&logs, &mut Random(11))];
        assert!(json_lines(&mut one) == json_lines(&mut other), "{profile:?}");
    }
}

#[test]
fn both_readers_agree_on_every_event_of_the_catalogue() {
    let mut log = LogWriter::new();
    for (entry, n) in windows::entries().zip(1..) {
        let mut event = entry.event();
        (event.record_id, event.time) = (n, event.time.plus_secs(n));
        log.write(&event);
    }
    assert_readers_agree("catalogue", log.finish());
    assert_readers_agree("small log", small_log());
}

/// An event of the catalogue with something in every field.
fn filled(entry: windows::Entry) -> Event {
    let mut event = entry.event();
    for def in entry.definition.field_defs() {
        let text = match def.kind {
            Kind::Guid => "{0cce9216-69ae-11d9-bed3-505054503030}",
            Kind::Sid => "S-1-5-21-1-2-3-1104",
            Kind::Time | Kind::SystemTime => "2024-03-05T08:00:00Z",
            Kind::U8 => "7",
            // What sshd says of a client is one text, of which its parts are kept.
            _ if def.name == "payload" => "Accepted password for alice from 10.1.2.7 port 3389 ssh2",
            // A name, a number, a LogonId or a port that is kept: whatever the field is.
            _ => "3389",
        };
        let value = def.kind.parse(text).unwrap_or_else(|| panic!("{}: {text}", def.name));
        if let Payload::Classic { strings, binary } = &mut event.payload {
            strings.iter_mut().for_each(|string| *string = text.into());
            *binary = Some(vec![1, 2, 3]);
        } else {
            assert!(event.set(def.name, value));
        }
    }
    event.activity_id = Guid::parse("{f4207320-77ce-407f-beca-93aa0ecf0000}");
    event.user_sid = Sid::parse("S-1-5-21-1-2-3-1104");
    event
}

/// Both readers find every field that the table names, in events of every layout.
#[test]
fn every_event_of_the_table_is_read_with_its_fields() {
    let mut log = LogWriter::new();
    let entries: Vec<_> = windows::entries().collect();
    for (entry, n) in entries.iter().zip(1..) {
        let mut event = filled(*entry);
        (event.record_id, event.time) = (n, event.time.plus_secs(n));
        log.write(&event);
    }
    let bytes = log.finish();
    let cases = [read(bytes.clone()), read(distrusted(&bytes))];
    let specs = ORIGINS.iter().flat_map(|origin| origin.events);
    let mut unseen: BTreeSet<String> = specs.map(|spec| format!("{:?}", spec.kind)).collect();
    let mut missing = BTreeSet::new();
    for (row, entry) in entries.iter().enumerate() {
        let (source, definition) = (entry.source, entry.definition);
        let n_fields = definition.field_defs().count();
        let has = |name: &str, field: Field| match (definition.shape, name.strip_prefix('#')) {
            (Shape::Classic, n) => n.is_some_and(|n| n.parse::<usize>().is_ok_and(|n| n < n_fields)),
            // 4616 had its times as local text once: they say no moment (trap 44).
            _ => definition
                .field_def(name)
                .is_some_and(|def| field.ty() != Type::Time || !matches!(def.kind, Kind::Str)),
        };
        let told = cases.each_ref().map(|case| {
            let records = case.records();
            let event = records.event(row as u32)?;
            let layout = records.events.layout(event);
            unseen.remove(&format!("{:?}", layout.spec.kind));
            let fields = layout.spec.fields.iter();
            let lost = fields
                .filter(|(name, field)| has(name, *field) || name.starts_with('@'))
                .filter(|(_, field)| records.field_text(event, *field).is_none());
            missing.extend(lost.map(|(name, _)| format!("{}/{} {name}", source.key, definition.id)));
            Some(Field::ALL.iter().map(|&field| records.field_text(event, field)).collect::<Vec<_>>())
        });
        assert_eq!(told[0], told[1], "{}/{}", source.key, definition.id);
    }
    assert_eq!(missing, BTreeSet::new(), "these are not kept");
    let not_in_catalogue = [
        "AuthenticationBegun",
        "AuthenticationEnded",
        "DomainJoin",
        "GatewayRefused",
        "PolicyRefreshedMachine",
        "ShadowRefused",
        "TaskRegistered",
    ];
    assert_eq!(unseen, BTreeSet::from(not_in_catalogue.map(String::from)));
}

#[test]
fn both_readers_agree_on_real_logs() {
    let Some(folder) = corpus::folder() else { return };
    for entry in corpus::manifest(&folder) {
        let (name, bytes) = corpus::read(&folder, corpus::name(&entry));
        assert_readers_agree(&name, bytes);
    }
}

#[test]
fn what_is_no_log_is_named() {
    let not_logs: [(&[u8], &str); 6] = [
        (b"", "the file is empty"),
        (b"E", "text"),
        (b"Time,User\r\n08:00,alice\r\n", "text"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (&[0; 5000], "zeros"),
        (b"0\0\0\0LfLe\x01\0\0\0", ".evt"),
    ];
    for (bytes, word) in not_logs {
        let row = row(&read(bytes.to_vec()));
        assert_eq!((row.state.as_str(), row.n_problems, row.n_records), ("failed", 1, 0), "{word}");
        assert!(row.problems[0].text.contains(word), "{:?}", row.problems);
    }
}

#[test]
fn a_log_without_records_is_a_log() {
    let empty = empty_log();
    for (bytes, n_problems) in [(empty.clone(), 0), (empty[..HEADER_BYTES].to_vec(), 1)] {
        let row = row(&read(bytes));
        assert_eq!((row.state.as_str(), row.n_records, row.n_problems), ("read", 0, n_problems));
    }
}

#[test]
fn a_log_cut_off_anywhere_keeps_what_is_before() {
    let whole = small_log();
    let offsets = damage::all_record_offsets(&whole);
    let between_chunks = (HEADER_BYTES..whole.len()).step_by(CHUNK_BYTES);
    let beside_records = offsets.iter().flat_map(|at| [at - 1, *at, at + 1]);
    for len in (0..whole.len()).step_by(997).chain(between_chunks).chain(beside_records) {
        let mut bytes = whole.clone();
        damage::truncate_file(&mut bytes, len);
        let case = read(bytes);
        // A record counts if the next one begins before the end, or its chunk is whole.
        let is_whole = |n: &usize| {
            let chunk_end = HEADER_BYTES + (offsets[*n] - HEADER_BYTES).div_ceil(CHUNK_BYTES) * CHUNK_BYTES;
            len >= offsets.get(n + 1).copied().unwrap_or(chunk_end).min(chunk_end)
        };
        let n_whole = (0..offsets.len()).filter(is_whole).count();
        assert!(ids(&case).len() >= n_whole, "cut at {len}: {} of {n_whole}", ids(&case).len());
        let row = row(&case);
        assert!(row.n_problems > 0, "cut at {len}, and nothing says so");
        let shows_no_time = |at: &String| at.starts_with("1601");
        assert!(
            !row.first_time.as_ref().is_some_and(shows_no_time),
            "cut at {len}: a time that was lost is shown"
        );
    }
}

#[test]
fn a_stale_chunk_count_is_not_believed() {
    let mut bytes = small_log();
    for n_chunks in [0, 1, 2, u16::MAX] {
        damage::stale_chunk_count(&mut bytes, n_chunks);
        let case = read(bytes.clone());
        // More than there are, and the file was cut off.
        let n_problems = u64::from(u64::from(n_chunks) > N_CHUNKS);
        assert_eq!((ids(&case).len() as u64, row(&case).n_problems), (N_CHUNKS * PER_CHUNK, n_problems));
    }
}

#[test]
fn a_chunk_that_says_it_ends_before_its_records_hides_none() {
    for n_left in [0, 1, PER_CHUNK as usize - 1] {
        let mut bytes = small_log();
        damage::hide_records(&mut bytes, 2, n_left);
        assert_found_aloud(bytes.clone());
        damage::fix_checksums(&mut bytes);
        assert_found_aloud(bytes.clone());
        // Nothing else of it says that there are more.
        damage::forget_records(&mut bytes, 2, n_left);
        damage::fix_checksums(&mut bytes);
        assert_found_aloud(bytes);
    }
}

/// Nothing is lost of a log whose third chunk hides records, and the ledger says so.
#[track_caller]
fn assert_found_aloud(bytes: Vec<u8>) {
    let case = read(bytes.clone());
    let row = row(&case);
    assert_eq!((lost(&case), row.n_records_failed, row.n_problems), (Vec::new(), 0, 1), "{:?}", row.problems);
    let chunk = &bytes[HEADER_BYTES + 2 * CHUNK_BYTES..][..CHUNK_BYTES];
    assert!(record_view(chunk, 3 * PER_CHUNK).is_ok());
}

#[test]
fn damage_costs_no_more_than_itself() {
    type Damage = fn(&mut Vec<u8>);
    let whole_chunk = PER_CHUNK as usize;
    // Records 13 to 18 are in the third chunk, and 15 defines no template; what each damage may cost, in records.
    let kinds: [(&str, Damage, usize); 11] = [
        ("chunk magic", |log| damage::flip_chunk_magic(log, 2), whole_chunk),
        ("header checksum", |log| damage::break_header_checksum(log, 2), 0),
        ("records checksum", |log| damage::break_records_checksum(log, 2), 0),
        ("last record half zeroed", |log| damage::truncate_record(log, 17), 1),
        ("a record half zeroed", |log| damage::truncate_record(log, 14), 1),
        ("last record's size absurd", |log| damage::absurd_record_size(log, 17), 1),
        ("a record zeroed", |log| damage::zero_record(log, 14), 1),
        ("last record zeroed", |log| damage::zero_record(log, 17), 1),
        ("a record's size absurd", |log| damage::absurd_record_size(log, 14), 1),
        ("a template's size absurd", |log| damage::absurd_template_size(log, 2), whole_chunk),
        ("a name's length absurd", |log| damage::absurd_name_length(log, 2, "EventRecordID"), whole_chunk),
    ];
    for (kind, damage, cost) in kinds {
        let mut bytes = small_log();
        damage(&mut bytes);
        assert_costs(kind, bytes.clone(), cost);
        // The fast reader meets it, too.
        damage::fix_checksums(&mut bytes);
        assert_costs(&format!("{kind}, checksums made right"), bytes, cost);
    }
    assert_modest();
}

/// Damage in the third chunk loses at most so many of its records, none of another, and says so.
#[track_caller]
fn assert_costs(what: &str, bytes: Vec<u8>, cost: usize) {
    let case = read(bytes);
    let lost = lost(&case);
    let own = 2 * PER_CHUNK + 1..=3 * PER_CHUNK;
    assert!(lost.iter().all(|id| own.contains(id)), "{what}: {lost:?} were lost");
    assert!(lost.len() <= cost, "{what}: {lost:?} were lost, {cost} are damaged");
    let row = row(&case);
    assert!(lost.is_empty() || row.n_problems > 0, "{what}: {lost:?} were lost without a word");
    assert!(row.problems.iter().all(|problem| !problem.text.is_empty() && !problem.text.ends_with('.')));
}

/// Records of [`small_log`] that were not read.
fn lost(case: &Case) -> Vec<u64> {
    let found = ids(case);
    (1..=N_CHUNKS * PER_CHUNK).filter(|id| !found.contains(id)).collect()
}

#[test]
fn a_flipped_byte_costs_its_chunk_at_most() {
    let whole = small_log();
    let mut random = Random(3);
    for n in 0..2000 {
        let mut bytes = whole.clone();
        let at = HEADER_BYTES + random.below(bytes.len() - HEADER_BYTES);
        bytes[at] ^= 1 << random.below(8);
        // Every other time the checksums are made right, so that the fast reader meets it.
        if n % 2 == 1 {
            damage::fix_checksums(&mut bytes);
        }
        let chunk = ((at - HEADER_BYTES) / CHUNK_BYTES) as u64;
        assert_costs_chunk(at, n % 2 == 1, bytes, chunk);
    }
    assert_modest();
}

/// As [`assert_costs`]; the damage may also give a record another id.
#[track_caller]
fn assert_costs_chunk(at: usize, is_rechecked: bool, bytes: Vec<u8>, chunk: u64) {
    let mut case = read(bytes);
    let found = ids(&case);
    let own = chunk * PER_CHUNK + 1..=(chunk + 1) * PER_CHUNK;
    let others: Vec<u64> = (1..=N_CHUNKS * PER_CHUNK).filter(|id| !own.contains(id)).collect();
    assert!(others.iter().all(|id| found.contains(id)), "byte {at}: another chunk's records are lost");
    let n = case.records().len() as u64;
    let is_told = row(&case).n_problems > 0;
    assert!(n >= N_CHUNKS * PER_CHUNK || is_told, "byte {at} ({is_rechecked}): {n} records, and no word");
    json_lines(&mut case);
}

#[test]
fn a_flipped_byte_of_the_file_header_costs_nothing_but_the_magic() {
    let whole = small_log();
    for at in 8..128 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        // Bytes 40 and 41 are the header's size: chunks elsewhere than there are none.
        let n = ids(&read(bytes)).len() as u64;
        assert!(n == N_CHUNKS * PER_CHUNK || matches!(at, 40 | 41), "byte {at}: {n} records");
    }
}

#[test]
fn random_bytes_between_magics_break_nothing() {
    let mut random = Random(5);
    for _ in 0..200 {
        let mut bytes = small_log();
        for chunk in bytes[HEADER_BYTES..].chunks_exact_mut(CHUNK_BYTES) {
            let from = 8 + random.below(600);
            let n = 1 + random.below(2000);
            chunk[from..from + n].iter_mut().for_each(|byte| *byte = random.below(256) as u8);
        }
        json_lines(&mut read(bytes));
    }
    assert_modest();
}

fn blocks(bytes: &[u8]) -> Block {
    parse_batch(0, 0, HEADER_BYTES as u64, &bytes[HEADER_BYTES..], &mut Templates::default())
}

#[test]
fn blocks_are_the_same_after_their_way_as_bytes() {
    let logs = PROFILES.map(generated).into_iter().chain([small_log(), distrusted(&small_log())]);
    for bytes in logs {
        let encoded = blocks(&bytes).encode();
        let decoded = Block::decode(&encoded).expect("what was encoded can be decoded");
        assert!(decoded.encode() == encoded, "a block changed on its way");
    }
}

#[test]
fn what_is_no_block_is_refused() {
    let encoded = blocks(&small_log()).encode();
    for len in 0..encoded.len() {
        assert!(Block::decode(&encoded[..len]).is_none(), "cut to {len} bytes");
    }
    let mut random = Random(9);
    for _ in 0..5000 {
        let mut bytes = encoded.clone();
        let at = random.below(bytes.len());
        bytes[at] = random.below(256) as u8;
        let _ = Block::decode(&bytes);
        let garbage: Vec<u8> = (0..random.below(300)).map(|_| random.below(256) as u8).collect();
        assert!(Block::decode(&garbage).is_none());
    }
    assert_modest();
}

fn logon_of(provider: &str, channel: &str) -> Event {
    let mut event = windows::find("Security", 4624, None).expect("it is in the catalogue").event();
    event.provider.name = provider.to_owned().into();
    event.channel = channel.to_owned().into();
    event.record_id = 1;
    event
}

/// An EventID alone means nothing (domain.md, trap 45): another provider's 4624 is no logon. The case of names does
/// not count (0.1, 3).
#[test]
fn an_event_is_known_by_provider_channel_and_id() {
    let auditing = "Microsoft-Windows-Security-Auditing";
    let named = [
        (auditing, "Security", 1),
        (auditing, "security", 1),
        ("MICROSOFT-windows-security-AUDITING", "SECURITY", 1),
        ("EventSystem", "Application", 0),
        (auditing, "Application", 0),
        ("EventSystem", "Security", 0),
    ];
    for (provider, channel, n_sessions) in named {
        let mut log = LogWriter::new();
        let mut logon = logon_of(provider, channel);
        assert!(logon.set("TargetLogonId", evtx_fixture::Value::Hex64(0x3e9a)));
        log.write(&logon);
        let bytes = log.finish();
        assert_eq!(read(bytes.clone()).summary().n_sessions, n_sessions, "{provider} in {channel}");
        assert_eq!(read(distrusted(&bytes)).summary().n_sessions, n_sessions, "{provider} in {channel}");
    }
}
