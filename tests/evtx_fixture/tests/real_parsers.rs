//! What the writer writes is what real parsers read: the `evtx` crate and libevtx.

mod common;

use std::io::Cursor;

use common::{count_with_evtxexport, read_with_evtx, text_of};
use evtx_fixture::generate::{Profile, generate};
use evtx_fixture::{Event, FileTime, Layout, LogWriter, Payload, Sid, Value, damage, empty_log, windows};

/// One of each event in the catalogue.
fn whole_catalogue() -> Vec<Event> {
    let numbered = windows::entries().zip(1..).map(|(entry, record_id)| {
        let mut event = entry.event();
        event.record_id = record_id;
        event.time = event.time.plus_secs(record_id);
        event
    });
    numbered.collect()
}

/// The catalogue over and over, with ids that count up.
fn numbered(n_events: usize) -> Vec<Event> {
    let events = whole_catalogue().into_iter().cycle().take(n_events).zip(1..);
    let numbered = events.map(|(mut event, record_id)| {
        event.record_id = record_id;
        event
    });
    numbered.collect()
}

fn write(events: &[Event]) -> Vec<u8> {
    let mut log = LogWriter::new();
    events.iter().for_each(|event| log.write(event));
    log.finish()
}

#[track_caller]
fn assert_reads_back(events: &[Event], log: &[u8], name: &str) {
    assert_evtx_reads_back(events, log);
    if let Some(n_records) = count_with_evtxexport(log, name) {
        assert_eq!(n_records, events.len());
    }
}

#[track_caller]
fn assert_evtx_reads_back(events: &[Event], log: &[u8]) {
    let records = read_with_evtx(log);
    assert_eq!(records.len(), events.len());
    for (record, event) in records.iter().zip(events) {
        assert_eq!(record.id, event.header_id.unwrap_or(event.record_id));
        assert_system(&record.json["System"], event);
        assert_payload(&record.json, event);
        let time = record.time.trim_end_matches('Z').replace(' ', "T");
        assert!(event.time.to_string().starts_with(time.split('.').next().unwrap()), "{time}");
    }
}

#[track_caller]
fn assert_system(system: &serde_json::Value, event: &Event) {
    assert_eq!(text_of(&system["EventID"]), event.id.to_string());
    assert_eq!(text_of(&system["EventRecordID"]), event.record_id.to_string());
    assert_eq!(text_of(&system["Version"]), event.version.to_string());
    assert_eq!(text_of(&system["Channel"]), event.channel);
    assert_eq!(text_of(&system["Computer"]), event.computer);
    assert_eq!(text_of(&system["Keywords"]), format!("{:#x}", event.keywords));
    assert_eq!(text_of(&system["Provider"]["#attributes"]["Name"]), event.provider.name);
    let sid = event.user_sid.map_or(String::new(), |sid| sid.to_string());
    assert_eq!(text_of(&system["Security"]["#attributes"]["UserID"]), sid);
    let time = text_of(&system["TimeCreated"]["#attributes"]["SystemTime"]);
    assert_eq!(time[..19], event.time.to_string()[..19]);
}

#[track_caller]
fn assert_payload(json: &serde_json::Value, event: &Event) {
    let read = match &event.payload {
        Payload::EventData(_) => &json["EventData"],
        Payload::UserData { element, .. } => &json["UserData"][element.as_ref()],
        Payload::Classic { .. } | Payload::None => return,
    };
    for field in event.fields() {
        let expected = match &field.value {
            Value::FileTime(time) if time.0 > 0 => time.to_string()[..19].to_owned(),
            Value::FileTime(_) | Value::SystemTime(_) => continue,
            Value::Guid(guid) => guid.to_string().trim_matches(['{', '}']).to_uppercase(),
            value => value.to_string(),
        };
        let text = match field.name.split_once('@') {
            Some((element, attribute)) => text_of(&read[element]["#attributes"][attribute]),
            None => text_of(&read[field.name.as_ref()]),
        };
        let text = match &field.value {
            Value::FileTime(_) => text[..19].to_owned(),
            Value::Guid(_) => text.trim_matches(['{', '}']).to_uppercase(),
            _ => text,
        };
        assert_eq!(text, expected, "{} {} {}", event.id, event.version, field.name);
    }
}

#[test]
fn every_event_of_the_catalogue() {
    let events = whole_catalogue();
    assert_reads_back(&events, &write(&events), "catalogue");
}

#[test]
fn every_event_with_every_value_as_text() {
    let mut events = whole_catalogue();
    for event in &mut events {
        event.layout = Layout::Strings;
    }
    // libevtx 20181227 reads no record without a template, real forwarded ones no more than ours.
    assert_evtx_reads_back(&events, &write(&events));
}

#[test]
fn classic_strings_and_binary() {
    let mut event = windows::event("EventLog", 6011);
    event.payload =
        Payload::Classic { strings: vec!["OLD".into(), "NEW".into()], binary: Some(vec![1, 2, 255]) };
    let log = write(&[event]);
    let records = read_with_evtx(&log);
    assert_eq!(text_of(&records[0].json["System"]["EventID"]["#attributes"]["Qualifiers"]), "32768");
    let data = &records[0].json["EventData"];
    assert_eq!(data["Data"]["#text"].as_array().unwrap(), &["OLD", "NEW"]);
    assert_eq!(data["Binary"], "0102FF");
}

#[test]
fn every_type_of_value() {
    let values = [
        Value::Null,
        Value::from("text"),
        Value::U8(1),
        Value::U16(2),
        Value::I32(-3),
        Value::U32(4),
        Value::U64(5),
        Value::Bool(true),
        Value::Binary(vec![1, 2, 3]),
        Value::Guid(evtx_fixture::Guid([7; 16])),
        Value::SizeT(8),
        Value::FileTime(FileTime::from_date(2024, 2, 29)),
        Value::SystemTime(FileTime::from_date(2024, 2, 29)),
        Value::Sid(Sid::parse("S-1-5-21-1-2-3-500").unwrap()),
        Value::Hex32(0xa),
        Value::Hex64(0xb),
        Value::StringArray(vec!["one".into(), "two".into()]),
    ];
    let fields = values
        .into_iter()
        .zip(0..)
        .map(|(value, i)| evtx_fixture::Field { name: format!("f{i}").into(), value });
    let mut event = windows::event("Security", 4608);
    event.payload = Payload::EventData(fields.collect());
    let log = write(&[event]);
    let records = read_with_evtx(&log);
    let read: Vec<_> = (0..17).map(|i| text_of(&records[0].json["EventData"][format!("f{i}")])).collect();
    assert_eq!(read[1], "text");
    assert_eq!(read[2..7], ["1", "2", "-3", "4", "5"]);
    assert_eq!(read[10], "0x8");
    assert_eq!(read[11][..10], read[12][..10]);
    assert_eq!(read[13], "S-1-5-21-1-2-3-500");
    assert_eq!(read[14..16], ["0xa", "0xb"]);
    assert!(count_with_evtxexport(&log, "types").is_none_or(|n_records| n_records == 1));
}

#[test]
fn names_and_templates_are_shared_over_many_chunks() {
    let events = numbered(3000);
    let log = write(&events);
    assert!(damage::n_chunks(&log) > 10);
    assert_reads_back(&events, &log, "chunks");
}

#[test]
fn records_whose_header_has_another_id() {
    let mut event = windows::event("Security", 4624);
    event.record_id = 452_811;
    event.header_id = Some(1);
    assert_reads_back(&[event.clone()], &write(&[event]), "renumbered");
}

#[test]
fn computers_with_any_name() {
    let names = ["<script>alert(1)</script>", "\u{202e}CP\u{202c}", "a\u{1}b", "ПК-1 \u{1f512}", "\"&'", ""];
    let events = names.into_iter().zip(1..).map(|(name, record_id)| {
        let mut event = windows::event("Security", 4624);
        event.computer = name.into();
        event.record_id = record_id;
        event
    });
    let events: Vec<Event> = events.collect();
    assert_reads_back(&events, &write(&events), "names");
}

#[test]
fn dirty_and_empty_logs() {
    assert!(read_with_evtx(&empty_log()).is_empty());
    assert!(count_with_evtxexport(&empty_log(), "empty").is_none_or(|n_records| n_records == 0));
    let mut log = LogWriter::new().dirty(true);
    log.write(&windows::event("Security", 4608));
    let log = log.finish();
    assert_eq!(log[120], 1);
    assert_eq!(read_with_evtx(&log).len(), 1);
}

#[test]
fn a_record_larger_than_a_chunk_is_refused() {
    let event = windows::event("Security", 4672).with("PrivilegeList", "x".repeat(40_000));
    let mut stream =
        evtx_fixture::LogStream::new(Cursor::new(Vec::new()), evtx_fixture::LogOptions::default()).unwrap();
    stream.write(&windows::event("Security", 4608)).unwrap();
    assert!(stream.write(&event).is_err());
    stream.write(&windows::event("Security", 4608)).unwrap();
    assert_eq!(read_with_evtx(&stream.finish().unwrap().into_inner()).len(), 2);
}

#[test]
fn generated_logs_are_mixed_and_readable() {
    for (profile, name) in [
        (Profile::MemberServer, "server"),
        (Profile::DomainController, "dc"),
        (Profile::Workstation, "client"),
    ] {
        let log = generate(profile, 7, 2 << 20, Cursor::new(Vec::new())).unwrap().into_inner();
        assert!(log.len() >= 2 << 20);
        assert_eq!(log, generate(profile, 7, 2 << 20, Cursor::new(Vec::new())).unwrap().into_inner());
        let records = read_with_evtx(&log);
        let session_ids = ["4624", "4634", "4647", "4648", "4672", "4778", "4779", "4800", "4801"];
        let is_session = |id: &String| session_ids.contains(&id.as_str());
        let ids = records.iter().map(|record| text_of(&record.json["System"]["EventID"]));
        let share = ids.filter(is_session).count() as f64 / records.len() as f64;
        println!("{name}: {} records, {:.0} % about sessions", records.len(), share * 100.0);
        assert!((0.25..0.5).contains(&share), "{name}: {share}");
        assert!(count_with_evtxexport(&log, name).is_none_or(|n_records| n_records == records.len()));
    }
}

/// One way to harm a log.
type Harm = fn(&mut Vec<u8>);

/// The ids that the `evtx` crate still reads, errors left out.
fn readable_ids(log: &[u8]) -> Vec<u64> {
    let settings = evtx::ParserSettings::default().num_threads(1);
    let parser = evtx::EvtxParser::from_buffer(log.to_vec()).unwrap();
    let mut parser = parser.with_configuration(settings);
    parser.records_json_value().flatten().map(|record| record.event_record_id).collect()
}

#[test]
fn damage_costs_its_own_chunk_at_most() {
    let events = numbered(900);
    let whole = write(&events);
    let second_chunk = 4096 + 65_536 + 512 + 8;
    let first_of_second = u64::from_le_bytes(whole[second_chunk..second_chunk + 8].try_into().unwrap());
    let harms: [(&str, Harm); 4] = [
        ("magic", |log| damage::flip_chunk_magic(log, 0)),
        ("zeroed", |log| damage::zero_record(log, 3)),
        ("truncated", |log| damage::truncate_record(log, 3)),
        ("stale count", |log| damage::stale_chunk_count(log, 1)),
    ];
    for (name, harm) in harms {
        let mut log = whole.clone();
        harm(&mut log);
        let ids = readable_ids(&log);
        assert!(name == "stale count" || ids.len() < 900, "{name} does no harm");
        assert!((first_of_second..=900).all(|id| ids.contains(&id)), "{name} harms other chunks");
    }
}

/// What parsers make of these is for tests of parsers; here they only must do what they say, and be mended.
#[test]
fn damage_changes_the_log_and_checksums_can_be_mended() {
    let whole = write(&numbered(300));
    let harms: [(&str, Harm); 6] = [
        ("header checksum", |log| damage::break_header_checksum(log, 0)),
        ("records checksum", |log| damage::break_records_checksum(log, 0)),
        ("record size", |log| damage::absurd_record_size(log, 3)),
        ("template size", |log| damage::absurd_template_size(log, 1)),
        ("name length", |log| damage::absurd_name_length(log, 0, "TimeCreated")),
        ("file", |log| damage::truncate_file(log, 4096 + 65_536 + 2_000)),
    ];
    for (name, harm) in harms {
        let mut log = whole.clone();
        harm(&mut log);
        assert_ne!(log, whole, "{name}");
        let damaged = log.clone();
        damage::fix_checksums(&mut log);
        let is_checksum = name.ends_with("checksum");
        assert_eq!(log == whole, is_checksum, "{name}");
        assert!(log != damaged || name == "file", "{name} leaves the checksums as they were");
    }
}
