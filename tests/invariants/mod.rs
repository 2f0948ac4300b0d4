//! What holds for every session of every log, whatever it is about (session-record.md).

use sessionscope::case::{Case, Format};
use sessionscope::event::{Field, Kind, RowIdx};
use sessionscope::export::csv::HEADER;
use sessionscope::session::Session;
use sessionscope::session::record::{IntervalRecord, LogonRecord, Record};
use std::collections::{HashMap, HashSet};

/// So many violations are shown.
const MAX_SHOWN: usize = 25;

/// Checks every session of a case, and returns their records.
///
/// # Panics
/// If something does not hold.
pub fn check(case: &mut Case) -> Vec<Record> {
    let records = round_trip(case);
    let mut wrong: Vec<String> = Vec::new();
    let mut ids = HashSet::new();
    for (record, session) in records.iter().zip(&case.correlated().sessions.all) {
        let mut broken = of_record(record);
        broken.extend(of_times(record, is_clock_steady(case, session)));
        if !ids.insert(&record.session) {
            broken.push("its id is another's as well".to_owned());
        }
        wrong.extend(broken.into_iter().map(|text| format!("{}: {text}", record.session)));
    }
    wrong.extend(records.iter().filter_map(|record| {
        let parent = record.parent.as_ref()?;
        (!ids.contains(parent) || *parent == record.session)
            .then(|| format!("{}: its parent {parent} is none", record.session))
    }));
    wrong.extend(children_are_their_parents_own(case));
    wrong.extend(every_logon_has_one_session(case));
    wrong.extend(every_act_is_one_sessions_own(case, &records));
    wrong.extend(every_hop_has_two_sides(&records));
    let n = wrong.len();
    wrong.truncate(MAX_SHOWN);
    assert!(wrong.is_empty(), "{n} broken invariants, such as\n{}", wrong.join("\n"));
    records
}

/// JSON Lines read back give the same lines; CSV has as many rows, and the same sessions.
fn round_trip(case: &mut Case) -> Vec<Record> {
    let (lines, n) = case.export(Format::JsonLines, None, 0, u32::MAX);
    let text = String::from_utf8(lines).expect("JSON is UTF-8");
    let records: Vec<Record> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is a record")).collect();
    assert_eq!(records.len(), n as usize);
    for (line, record) in text.lines().zip(&records) {
        assert_eq!(line, serde_json::to_string(record).expect("a record has a text"));
    }
    let (csv, _) = case.export(Format::Csv, None, 0, u32::MAX);
    let mut reader = csv::Reader::from_reader(&csv[..]);
    assert_eq!(reader.headers().expect("a header"), &HEADER[..]);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("CSV parses");
    assert_eq!(rows.len(), records.len());
    for (row, record) in rows.iter().zip(&records) {
        assert_eq!(row[0].strip_prefix('\'').unwrap_or(&row[0]), record.session);
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
    }
    records
}

/// Whether no step that is kept as written stands between a session's beginning and the end of its boot.
fn is_clock_steady(case: &Case, session: &Session) -> bool {
    let machine = &case.correlated().machines[session.machine as usize];
    let boot = &machine.boots[session.boot as usize];
    let rows = machine.security.map_or(&[][..], |n| &machine.lineages[n].rows[..]);
    let raw = |pos: u32| case.records().time[rows[pos as usize] as usize];
    let begin = session.first_pos;
    // Times that run backwards without an event to tell why are as bad as a step.
    let runs_on = (begin + 1..boot.security.end).all(|pos| raw(pos - 1) <= raw(pos));
    runs_on && machine.clock.kept_between(begin, boot.security.end) == 0
}

fn of_record(record: &Record) -> Vec<String> {
    let mut broken = Vec::new();
    let mut claim = |holds: bool, text: &str| {
        if !holds {
            broken.push(text.to_owned());
        }
    };
    claim(record.start.is_some() == (record.start_how == "logon"), "only a logon has a start");
    claim(record.start.is_some() || record.start_latest.is_some(), "an inferred start has a bound");
    claim(is_end_of_table(record), "its end is not one of session-record.md's table");
    let is_exact = record.start.is_some() && record.end_confidence == "high";
    claim(record.duration_s.is_none() || is_exact, "exact start and sure end make a duration, nothing else");
    // Over missing records the clock may have been turned back.
    let is_whole = !record.flags.iter().any(|flag| flag == "may_have_missed_events");
    claim(record.duration_s.is_some() || !is_exact || !is_whole, "what is known exactly has a duration");
    let spans = [record.active_s, record.connected_s, record.duration_s];
    claim(spans.into_iter().flatten().is_sorted(), "active <= connected <= duration");
    let bounds = [record.duration_min_s, record.duration_s, record.duration_max_s];
    claim(bounds.into_iter().flatten().is_sorted(), "min <= duration <= max");
    claim(bounds.into_iter().flatten().all(|span| span >= 0.0), "no span is negative");
    let is_desktop = record.class == "desktop";
    claim(is_desktop || record.connected_s.or(record.active_s).is_none(), "only desktops are connected");
    // Of a session that only other logs know, any of their records may be the first.
    let is_numbered = record.session.contains("/ts");
    claim(is_numbered || record.evidence.iter().any(|e| e.role == "start"), "its start has evidence");
    claim(!is_shown_by_a_record(record) || has_evidence_of_end(record), "its end has evidence");
    claim(record.end_cause.is_none() || record.end.is_some(), "what ended it is told of ends alone");
    let is_shut_down = record.end_how == "clean_shutdown";
    claim(!is_shut_down || record.end_cause.as_deref() == Some("shutdown"), "a shutdown is a cause");
    claim(record.end_how != "user_logoff" || record.end_cause.is_some(), "a 4647 has a cause");
    let is_surest = !matches!(record.end_confidence.as_str(), "low" | "medium");
    claim(is_surest || record.end_why.contains(';'), "an unsure end says why it is so");
    claim(record.destroyed_at.is_none() || record.end_how == "user_logoff", "only after a 4647");
    claim(
        record.class == "system" || record.n_logons as usize == record.logons.len(),
        "all logons are listed",
    );
    claim(record.class != "system" || record.logons.len() <= 1, "fixed LogonIds list their first logon");
    let has_id = |id: &String| record.logon_ids.contains(id);
    claim(record.logons.iter().all(|logon| has_id(&logon.logon_id)), "logon_ids has those of its logons");
    claim(!record.logon_ids.is_empty() || is_numbered, "only numbered sessions have no LogonId");
    let is_own = |logon: &LogonRecord| matches!(logon.role.as_str(), "primary" | "elevated");
    claim(
        !is_numbered || !record.logons.iter().any(is_own),
        "numbered sessions have only what led back to them",
    );
    claim(!has_id(&"0x0".to_owned()), "no LogonId is 0");
    claim(record.logons.is_sorted_by_key(|logon| logon.record), "logons are in order");
    claim(record.origins.is_sorted_by_key(|origin| &origin.at), "origins are in order");
    claim(record.intervals.is_sorted_by_key(|interval| &interval.from), "intervals are in order");
    claim(record.logons.iter().filter(|logon| logon.role == "primary").count() <= 1, "one primary at most");
    broken
}

/// The table "Ends" of session-record.md.
fn is_end_of_table(record: &Record) -> bool {
    let has = (record.end.is_some(), record.end_earliest.is_some(), record.end_latest.is_some());
    match (record.end_how.as_str(), record.end_confidence.as_str()) {
        ("user_logoff" | "logoff", "high") => has == (true, false, false),
        // Of a LogonId that nothing else tells of it may be one half of a pair.
        ("logoff", "medium") => has.0 && has.1 && record.start.is_none(),
        ("logoff_from_other_log", "high" | "medium") => has == (true, false, false),
        ("logoff_event_lost" | "window_manager_gone", "medium") => has.0,
        ("clean_shutdown", "high" | "low") => has == (true, true, true),
        ("unclean_stop", "medium" | "low") => has.0 && !(record.last_seen.is_some() ^ has.1),
        ("luid_reused" | "superseded", "low") => !has.0,
        ("lost_in_gap", "low") | ("not_audited", "none") => !has.0,
        ("open_at_log_end", "none") => !has.0 && !has.2,
        _ => false,
    }
}

fn is_shown_by_a_record(record: &Record) -> bool {
    matches!(record.end_how.as_str(), "user_logoff" | "logoff" | "luid_reused" | "clean_shutdown")
}

fn has_evidence_of_end(record: &Record) -> bool {
    record.evidence.iter().any(|evidence| evidence.role == "end" || evidence.role == "shutdown")
}

/// Moments have seven digits each and one zone: as text they sort like moments.
fn of_times(record: &Record, is_steady: bool) -> Vec<String> {
    let mut broken = Vec::new();
    let mut ordered = |times: [&Option<String>; 3], text: &str| {
        if !times.into_iter().flatten().is_sorted() {
            broken.push(format!("{text}: {times:?}"));
        }
    };
    let Record { start, end, start_earliest, start_latest, end_earliest, end_latest, .. } = record;
    ordered([start_earliest, start, start_latest], "start is between its bounds");
    ordered([end_earliest, end, end_latest], "end is between its bounds");
    if is_steady {
        ordered([start, &record.last_seen, &None], "seen after it began");
        ordered([start, end, &record.destroyed_at], "begins, ends and is destroyed in this order");
        ordered([start, end_earliest, end_latest], "ends after it began");
    }
    broken.extend(of_intervals(record, is_steady));
    broken
}

/// Where the clock was set in a session, times as written need not lie between those of its start and end.
fn of_intervals(record: &Record, is_steady: bool) -> Vec<String> {
    let mut broken = Vec::new();
    let begin = record.start.as_ref().or(record.start_earliest.as_ref());
    // A session that is still open goes on after it was last seen.
    let until = record.end.as_ref().or(record.end_latest.as_ref());
    let mut last: HashMap<&str, &IntervalRecord> = HashMap::new();
    for interval in &record.intervals {
        let is_inside = begin.is_none_or(|begin| *begin <= interval.from)
            && until.is_none_or(|until| interval.to <= *until);
        // What a session was last heard to be in may have a beginning alone.
        let is_last = interval.closed_by.is_none() && interval.from == interval.to;
        let lasts = interval.from < interval.to || is_last;
        if !lasts || is_steady && !is_inside {
            broken.push(format!("{} {} .. {} is not within it", interval.what, interval.from, interval.to));
        }
        let before = last.insert(&interval.what, interval);
        if is_steady && before.is_some_and(|before| before.to > interval.from) {
            broken.push(format!("it is {} twice at {}", interval.what, interval.from));
        }
    }
    broken
}

/// Each session's children are those whose parent it is.
fn children_are_their_parents_own(case: &Case) -> Option<String> {
    let sessions = &case.correlated().sessions;
    let of_parents = sessions.all.iter().zip(0..).filter_map(|(session, n)| Some((session.parent?, n)));
    let mut wanted: Vec<(u32, u32)> = of_parents.collect();
    wanted.sort_unstable();
    let listed = (0..sessions.all.len() as u32).flat_map(|parent| sessions.children_of(parent));
    (!listed.eq(&wanted)).then(|| format!("the children that are listed are not {wanted:?}"))
}

/// Every 4624 of a LogonId that is not fixed is a logon of exactly one session.
fn every_logon_has_one_session(case: &Case) -> Vec<String> {
    let records = case.records();
    let mut n_sessions: HashMap<RowIdx, u32> = HashMap::new();
    let sessions = &case.correlated().sessions;
    let logons = sessions.all.iter().flat_map(|session| sessions.logons(session));
    for row in logons.filter_map(|logon| logon.row) {
        *n_sessions.entry(row).or_default() += 1;
    }
    let is_logon = |row: &RowIdx| {
        let event = records.event(*row).filter(|event| records.events.kind(*event) == Kind::Logon);
        let luid = event.and_then(|event| records.events.luid(event, Field::TargetLogonId));
        luid.is_some_and(|luid| !luid.is_fixed())
    };
    let machines = case.correlated().machines.iter();
    let security = machines.filter_map(|machine| Some(&machine.lineages[machine.security?].rows)).flatten();
    let n = |row: &RowIdx| n_sessions.get(row).copied().unwrap_or_default();
    let odd = security.filter(|row| is_logon(row) && n(row) != 1);
    odd.map(|row| format!("record {} is a logon of {} sessions", records.id[*row as usize], n(row))).collect()
}

/// What ran in a session cites one of its LogonIds; each record is the act of one session.
fn every_act_is_one_sessions_own(case: &Case, own: &[Record]) -> Vec<String> {
    let (records, correlated) = (case.records(), case.correlated());
    let mut broken = Vec::new();
    let mut seen = HashSet::new();
    for (session, record) in correlated.sessions.all.iter().zip(own) {
        let machine = &correlated.machines[session.machine as usize];
        let acts = session.activity.of(&correlated.sessions.activity);
        if !acts.is_sorted() {
            broken.push(format!("{}: its acts are out of order", record.session));
        }
        for &pos in acts {
            let row = machine.lineages[machine.security.expect("acts are in Security")].rows[pos as usize];
            let event = records.event(row).expect("an act is an event");
            let luid = |field| records.events.luid(event, field).map(|luid| luid.to_string());
            let cited = [Field::SubjectLogonId, Field::TargetLogonId].map(luid);
            if !cited.iter().flatten().any(|luid| record.logon_ids.contains(luid)) || !seen.insert(row) {
                let id = records.id[row as usize];
                broken.push(format!("{}: record {id} is no act of it alone", record.session));
            }
        }
    }
    broken
}

/// A hop to a session from another is one from that other to it, for the same reasons; it has a score, and no session is
/// its own peer or one of its own machine.
fn every_hop_has_two_sides(own: &[Record]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut sides: HashMap<(&str, &str, &str), [u32; 2]> = HashMap::new();
    for record in own {
        let listed = |direction: &str| record.hops.iter().filter(|hop| hop.direction == direction).count();
        let is_whole = |n: u32, direction: &str| n as usize == listed(direction) || listed(direction) >= 1000;
        if !is_whole(record.n_hops_in, "in") || !is_whole(record.n_hops_out, "out") {
            broken.push(format!("{}: its hops are not all listed", record.session));
        }
        for hop in &record.hops {
            let is_in = hop.direction == "in";
            let is_joined = is_in || hop.session.is_some();
            if is_joined != hop.score.is_some()
                || is_joined == hop.reasons.is_empty()
                || hop.records.is_empty()
            {
                broken.push(format!(
                    "{}: a hop without a reason, or with one too many: {hop:?}",
                    record.session
                ));
            }
            if hop.machine.as_ref() == Some(&record.machine) || hop.n == 0 || hop.at > hop.last {
                broken.push(format!("{}: a hop that cannot be: {hop:?}", record.session));
            }
            if let Some(peer) = &hop.session {
                let (from, to) = if is_in { (peer, &record.session) } else { (&record.session, peer) };
                sides.entry((from, to, &hop.how)).or_default()[usize::from(is_in)] += 1;
            }
        }
    }
    let is_cut = own.iter().any(|record| record.n_hops_in.max(record.n_hops_out) > 1000);
    let lame = sides.iter().filter(|(_, n)| n[0] != n[1] && !is_cut);
    broken.extend(lame.map(|((from, to, how), n)| format!("{from} to {to} by {how}: sides {n:?}")));
    broken
}
