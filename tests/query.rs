//! Rows against a plain reading of the same question: every word looked for in every row, every row compared.

mod common;

use common::{Log, add, load};
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
    let account =
        row.domain.as_ref().zip(row.user.as_ref()).map(|(domain, user)| format!("{domain}\\{user}"));
    texts.extend(account.as_deref());
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
        "CORP\\ali",
        "rp\\",
        "\\émile",
        "lice\\corp",
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

/// A server that a few clients come back to, some of them alone.
fn bursts() -> Case {
    let mut rows = String::from("# Bursts\n\n    08:00  SRV1  4608\n");
    for n in 0..200usize {
        let (time, logon) = (format!("08:{:02}:{:02}", 1 + n / 5, n % 5 * 12), 0x4000 + n);
        let (user, host) = (n * n % 7, if n % 40 == 0 { 100 + n } else { n % 3 });
        rows += &format!("    {time}  SRV1  4624 logon={logon:#x} type=3 user=user{user} ip=10.0.0.{host}\n");
        if n % 4 != 0 {
            rows += &format!("    {time}.5  SRV1  4634 logon={logon:#x} type=3 user=user{user}\n");
        }
    }
    load(&Scenario::parse_all(&rows).expect("it is well written")[0].files())
}

/// What a grouped table says of its rows: sessions, and bursts with how many of their sessions are shown.
fn grouped(rows: &[Row], open: &[String]) -> Vec<(String, Option<u32>)> {
    let of = |burst: &String| rows.iter().filter(|row| row.burst.as_ref() == Some(burst)).collect::<Vec<_>>();
    let mut told = std::collections::HashSet::new();
    let mut lines = Vec::new();
    for row in rows {
        match row.burst.as_ref().map(|burst| (burst, of(burst))) {
            Some((burst, own)) if own.len() > 1 => {
                if told.insert(burst) {
                    lines.push((burst.clone(), Some(own.len() as u32)));
                    let is_open = open.contains(burst);
                    lines.extend(own.iter().filter(|_| is_open).map(|row| (row.session.clone(), None)));
                }
            }
            _ => lines.push((row.session.clone(), None)),
        }
    }
    lines
}

#[test]
fn a_burst_is_one_row_where_the_first_of_it_was_and_opens() {
    let mut case = bursts();
    let bursts: Vec<String> = case.bursts().into_iter().map(|burst| burst.burst).collect();
    assert!(bursts.len() >= 10, "{} bursts", bursts.len());
    for text in ["", "user1", "10.0.0.2"] {
        for (by, descending) in [(Column::Start, true), (Column::User, false), (Column::Duration, true)] {
            let plain = Query { text: text.to_owned(), sort: vec![Sort { by, descending }], ..everything() };
            let all = rows(&mut case, &plain);
            for open in [vec![], bursts[..5].to_vec(), bursts.clone(), vec!["none#0/burst-0x1".to_owned()]] {
                let query = Query { is_grouped: true, open_bursts: open.clone(), ..plain.clone() };
                let found = case.rows(&query, 0, u32::MAX);
                let line = |row: &Row| (row.session.clone(), row.group.as_ref().map(|group| group.n_shown));
                let lines: Vec<_> = found.rows.iter().map(line).collect();
                assert_eq!(lines, grouped(&all, &open), "{text} {by:?}");
                assert_eq!((found.n_rows as usize, found.n_sessions as usize), (lines.len(), all.len()));
                let piece = case.rows(&query, 3, 2).rows;
                assert_eq!(piece, found.rows[3..5]);
            }
        }
    }
}

#[test]
fn the_row_of_a_burst_has_what_its_sessions_have_in_common() {
    let mut case = bursts();
    let query = Query { is_grouped: true, ..everything() };
    let found = case.rows(&query, 0, u32::MAX);
    let facts = case.bursts();
    for row in found.rows.iter().filter(|row| row.group.is_some()) {
        let group = row.group.as_ref().unwrap();
        let burst = facts.iter().find(|burst| burst.burst == row.session).expect("it is a burst");
        assert_eq!((row.start.as_ref(), row.end.as_ref()), (Some(&burst.first), Some(&burst.last)));
        assert_eq!((group.n_sessions, group.union_s), (burst.n_sessions, burst.union_s));
        assert!(row.user.is_some() && row.end_how.is_empty(), "{row:?}");
    }
}

/// A log that comes later has an earlier boot with the same LogonIds: a session is found again by its first record,
/// though its id is another's now, and one whose start is not known as well.
#[test]
fn a_session_is_found_again_when_its_boot_is_numbered_anew() {
    let log = |rows: &str| {
        let scenarios = Scenario::parse_all(&format!("# One\n\n{rows}")).expect("it is well written");
        scenarios[0].files().remove(0)
    };
    let later =
        log("    09:00 PC1 4608 record=21\n    09:05 PC1 4624 record=22 logon=0x50001 type=2 user=bob\n    \
         09:06 PC1 4688 record=25 logon=0x60001 user=carol\n");
    let earlier = log(
        "    08:00 PC1 4608 record=11\n    08:05 PC1 4624 record=12 logon=0x50001 type=2 user=alice\n    \
         08:06 PC1 4624 record=13 logon=0x60001 type=2 user=dora\n",
    );
    let mut case = load(std::slice::from_ref(&later));
    let of = |case: &mut Case, user: &str| {
        let rows = rows(case, &everything());
        rows.into_iter().find(|row| row.user.as_deref() == Some(user)).expect("the user was on")
    };
    let known = ["bob", "carol"].map(|user| of(&mut case, user));
    assert_eq!(known[1].start, None);
    add(&mut case, &[earlier]);
    let now = ["bob", "carol"].map(|user| of(&mut case, user));
    assert_eq!([&known[0].session, &now[0].session], ["PC1#1/0x50001", "PC1#2/0x50001"]);
    for (known, now) in known.iter().zip(&now) {
        assert_eq!(case.id_now(&known.session, Some(known.first_row)), now.session);
        assert_eq!(case.id_now(&known.session, None), known.session, "nothing else is known of it");
        assert_eq!(case.id_now(&known.session, Some(u32::MAX)), known.session, "of another case");
    }
    assert_eq!(case.id_now("PC9#1/0x50001", Some(now[0].first_row)), "PC9#1/0x50001");
}
