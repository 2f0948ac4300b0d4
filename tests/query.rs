//! Rows against a plain reading of the same question: every word looked for in every row, every row compared.

mod common;

use common::{Log, load};
use evtx_fixture::generate::{Profile, generate};
use evtx_fixture::scenario::Scenario;
use sessionscope::case::Case;
use sessionscope::query::{Column, Query, Row, Sort};
use sessionscope::session::Class;
use std::cmp::Ordering;
use std::io::Cursor;

/// Names in which letters have more than one case, or change their length with it.
const NAMES: &str = "\
# Names

    08:00  DÉPÔT#1  4608
    08:01  DÉPÔT#1  4624 logon=0x5000a type=10 user=İrem ip=10.9.8.7
    08:02  DÉPÔT#1  4624 logon=0x5000b type=3 user=Straße ip=2001:db8::17
    08:03  DÉPÔT#1  4634 logon=0x5000b type=3 user=Straße
    08:09  DÉPÔT#1  4624 logon=0x5000c type=2 user=ÉMILE
";

fn case() -> Case {
    let generated = |name: &str, profile, seed| -> Log {
        let log = generate(profile, seed, 1 << 20, Cursor::new(Vec::new())).expect("memory takes every byte");
        (name.to_owned(), log.into_inner())
    };
    let mut logs = vec![
        generated("a/Security.evtx", Profile::MemberServer, 1),
        generated("b/Security.evtx", Profile::Workstation, 2),
    ];
    logs.extend(Scenario::parse_all(NAMES).expect("it is well written")[0].files());
    load(&logs)
}

fn everything() -> Query {
    Query { shown_noise: Class::ALL.map(|class| class.word().to_owned()).to_vec(), ..Query::default() }
}

fn rows(case: &mut Case, query: &Query) -> Vec<Row> {
    case.rows(query, 0, u32::MAX).rows
}

/// What a row says of itself, as far as words are looked for.
fn says(row: &Row, sid: &str) -> String {
    let optional = [&row.user, &row.domain, &row.logon_type_name, &row.origin_address, &row.origin_host];
    let mut texts: Vec<&str> = optional.into_iter().flatten().map(String::as_str).collect();
    texts.extend([&row.session, &row.machine, &row.computer, &row.class, &row.end_how].map(String::as_str));
    texts.extend(row.flags.iter().map(String::as_str));
    texts.push(sid);
    texts.join("\n").to_lowercase()
}

#[test]
fn words_are_found_wherever_a_row_has_them() {
    let mut case = case();
    let all = rows(&mut case, &everything());
    let sid = |row: &Row| case.session(&row.session).and_then(|detail| detail.record.sid).unwrap_or_default();
    let said: Vec<(String, String)> =
        all.iter().map(|row| (row.session.clone(), says(row, &sid(row)))).collect();
    let some = &all[all.len() / 2];
    let words = [
        "a",
        "corp remote",
        "NETWORK",
        "10.20.",
        "Straße",
        "irem",
        "i̇rem",
        "émile",
        "2001:DB8",
        "s-1-5-21",
        "srv01#0/0x",
        "#1",
        "dépôt#1#",
        "dépôt 0x5000b",
        "privileged",
        "logoff",
        &some.session,
        "nothing-has-this",
    ];
    for text in words {
        let query = Query { text: text.to_owned(), ..everything() };
        let found: Vec<String> = rows(&mut case, &query).into_iter().map(|row| row.session).collect();
        let has_all = |said: &str| text.to_lowercase().split_whitespace().all(|word| said.contains(word));
        let wanted: Vec<&String> =
            said.iter().filter(|(_, said)| has_all(said)).map(|(session, _)| session).collect();
        assert!(found.iter().eq(wanted.iter().copied()), "{text:?}: {} found, {}", found.len(), wanted.len());
    }
}

#[test]
fn a_logon_id_is_found_whole() {
    let mut case = case();
    let found = |case: &mut Case, text: &str| -> Vec<String> {
        let query = Query { text: text.to_owned(), ..everything() };
        rows(case, &query).into_iter().filter_map(|row| row.user).collect()
    };
    assert_eq!(found(&mut case, "0x5000B"), ["Straße"]);
    assert_eq!(found(&mut case, "0x5000"), [""; 0]);
}

#[test]
fn rows_are_in_order_and_what_is_equal_stays_so() {
    let mut case = case();
    let all = rows(&mut case, &everything());
    let place = |row: &Row| all.iter().position(|other| other.session == row.session);
    let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
    let user = |row: &Row| lower(&row.user).map(|user| (user, lower(&row.domain)));
    let from = |row: &Row| lower(&row.origin_address).or(lower(&row.origin_host));
    let machine = |row: &Row| row.session.rsplit_once('/').map(|(boot, _)| boot.to_owned());
    let kind = |row: &Row| row.logon_type;
    assert_sorted(&mut case, Column::User, user, &place);
    assert_sorted(&mut case, Column::From, from, &place);
    assert_sorted(&mut case, Column::LogonType, kind, &place);
    assert_sorted(&mut case, Column::Start, |row| row.start.clone().or(row.start_latest.clone()), &place);
    // By two columns: within one type, by user.
    let by = |by, descending| Sort { by, descending };
    let query = Query { sort: vec![by(Column::LogonType, true), by(Column::User, false)], ..everything() };
    let sorted = rows(&mut case, &query);
    for pair in sorted.windows(2).filter(|pair| kind(&pair[0]) == kind(&pair[1])) {
        assert_ne!(known_first(&user(&pair[0]), &user(&pair[1]), false), Ordering::Greater, "{pair:#?}");
    }
    assert!(sorted.iter().any(|row| machine(row) != machine(&sorted[0])));
}

#[track_caller]
fn assert_sorted<K: Ord>(
    case: &mut Case,
    by: Column,
    key: impl Fn(&Row) -> Option<K>,
    place: &impl Fn(&Row) -> Option<usize>,
) {
    for descending in [false, true] {
        let sorted = rows(case, &Query { sort: vec![Sort { by, descending }], ..everything() });
        for pair in sorted.windows(2) {
            let order = known_first(&key(&pair[0]), &key(&pair[1]), descending)
                .then_with(|| place(&pair[0]).cmp(&place(&pair[1])));
            assert_eq!(order, Ordering::Less, "{by:?}, descending {descending}: {pair:#?}");
        }
    }
}

/// What is not known comes last, whichever way the rest is sorted.
fn known_first<K: Ord>(one: &Option<K>, other: &Option<K>, descending: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if descending => other.cmp(one),
        (Some(one), Some(other)) => one.cmp(other),
        (one, other) => one.is_none().cmp(&other.is_none()),
    }
}

#[test]
fn a_filter_keeps_the_order_and_the_counts_are_of_what_matches() {
    let mut case = case();
    let sort = vec![Sort { by: Column::Start, descending: true }];
    let all = rows(&mut case, &Query { sort: sort.clone(), ..everything() });
    let query = Query { text: "network".to_owned(), sort, ..Query::default() };
    let found = case.rows(&query, 0, u32::MAX);
    let wanted: Vec<&Row> = all.iter().filter(|row| found.rows.iter().any(|f| f == *row)).collect();
    assert!(found.rows.iter().eq(wanted) && !found.rows.is_empty());
    let in_all = case.rows(&Query { text: "network".to_owned(), ..everything() }, 0, 0);
    let hidden: u32 = found.noise.iter().map(|count| count.n_sessions).sum();
    assert_eq!(found.n_rows + hidden, in_all.n_rows, "what a noise class hides is counted");
}
