//! The catalogue against real logs: the same fields, in the same order, for every event they hold.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::text_of;
use evtx::{EvtxParser, ParserSettings};
use evtx_fixture::Payload;
use evtx_fixture::windows::{Entry, entries};
use serde_json::Value;

/// Real logs lie beside the checkout, because they are not ours to publish.
fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = root.join("../shared/corpus");
    if !corpus.is_dir() {
        println!("skipped: no real logs at ../shared/corpus");
        return None;
    }
    Some(corpus)
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => logs(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "evtx"))
        .collect()
}

type Key = (String, u64, u64);

/// The names of the fields of each event, as often as they differ.
fn real_fields(logs: &[PathBuf]) -> BTreeMap<Key, BTreeSet<Vec<String>>> {
    let mut found: BTreeMap<Key, BTreeSet<Vec<String>>> = BTreeMap::new();
    for path in logs {
        let settings = ParserSettings::default().separate_json_attributes(false).num_threads(1);
        let Ok(parser) = EvtxParser::from_path(path) else { continue };
        for record in parser.with_configuration(settings).records_json_value().flatten() {
            let event = &record.data["Event"];
            let system = &event["System"];
            let provider = text_of(&system["Provider"]["#attributes"]["Name"]);
            let number = |name: &str| text_of(&system[name]).parse().unwrap_or(0);
            if let Some(names) = field_names(event) {
                found.entry((provider, number("EventID"), number("Version"))).or_default().insert(names);
            }
        }
    }
    found
}

fn field_names(event: &Value) -> Option<Vec<String>> {
    let keys = |value: &Value| {
        let map = value.as_object()?;
        Some(map.keys().filter(|key| *key != "#attributes").cloned().collect())
    };
    match event.get("UserData") {
        Some(data) => keys(data.as_object()?.values().next()?),
        None => keys(event.get("EventData")?),
    }
}

#[test]
fn field_names_are_those_of_real_events() {
    let Some(corpus) = corpus() else { return };
    let real = real_fields(&logs(&corpus));
    let mut n_compared = 0;
    for entry in entries() {
        let Entry { source, definition } = entry;
        let key = (source.provider.to_owned(), definition.id.into(), definition.version.into());
        let Some(seen) = real.get(&key) else { continue };
        let event = entry.event();
        if matches!(event.payload, Payload::Classic { .. }) {
            continue;
        }
        // Of an attribute the element counts.
        let element = |name: &str| name.split('@').next().unwrap_or(name).to_owned();
        let ours: Vec<String> = event.fields().iter().map(|field| element(&field.name)).collect();
        assert!(seen.contains(&ours), "{key:?}: ours {ours:?}, real {seen:?}");
        n_compared += 1;
    }
    println!("{n_compared} events compared");
    assert!(n_compared > 50, "only {n_compared} events of the catalogue are in the real logs");
}
