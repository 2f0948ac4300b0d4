//! Property 1: with every record there, what comes out is the truth.

use super::read::ticks;
use super::{End, Log, Row, RowIdx, SECOND, Session, Stop, World};
use evtx_fixture::FileTime;
use evtx_fixture::windows::Identity;
use sessionscope::session::record::{IntervalRecord, Record};
use std::collections::BTreeMap;

/// What is compared of a session, by what it is called.
pub type Facts = BTreeMap<&'static str, String>;

fn time(ticks: i64) -> String {
    FileTime(ticks as u64).to_string()
}

/// The truth: by boot, and by the LogonId that names the session.
pub fn expected(world: &World) -> BTreeMap<(usize, String), Facts> {
    world.sessions.iter().map(|session| (name(session), facts(world, session))).collect()
}

fn name(session: &Session) -> (usize, String) {
    (session.boot + 1, format!("{:#x}", session.primary()))
}

fn facts(world: &World, session: &Session) -> Facts {
    let at = |row: RowIdx| world.corrected(row);
    let id = |row: RowIdx| world.rows[row].id();
    let mut logons: Vec<_> = session.logons.iter().map(|logon| (id(logon.row), logon.role.word())).collect();
    logons.sort_unstable();
    let began = session.own().map(|logon| logon.row).min().unwrap_or(0);
    let (how, confidence, end, destroyed) = match session.end {
        End::UserLogoff { row, destroyed } => ("user_logoff", "high", Some(at(row)), destroyed.map(at)),
        End::Logoff { row } => ("logoff", "high", Some(at(row)), None),
        End::WithBoot => match world.boots[session.boot].stop {
            Stop::Clean { stopped } => ("clean_shutdown", "high", Some(at(stopped)), None),
            Stop::PowerLoss if session.boot + 1 < world.boots.len() => ("unclean_stop", "medium", None, None),
            Stop::PowerLoss | Stop::Running => ("open_at_log_end", "none", None, None),
        },
    };
    let confidence = match (session.end, how) {
        (End::WithBoot, "clean_shutdown" | "unclean_stop") if is_left_behind(world, session) => "low",
        _ => confidence,
    };
    let mut intervals: Vec<_> = session
        .intervals
        .iter()
        .map(|interval| {
            let to = interval.to.map(at).or(end).map_or("?".to_owned(), time);
            (at(interval.from), interval.what, to)
        })
        .filter(|(from, _, to)| time(*from) != *to && to != "?")
        .filter(|_| !is_set_back(world, session.boot))
        .collect();
    intervals.sort_unstable();
    let intervals: Vec<String> =
        intervals.iter().map(|(from, what, to)| format!("{what} {} - {to}", time(*from))).collect();
    let lasted = match session.end {
        End::WithBoot => None,
        _ => Some(session.ended.0 - session.began.0),
    };
    // What is not known to have lasted until then is not known to have slept.
    let slept = session.sleeps.iter().map(|sleep| format!("{} - {}", time(sleep.from.1), time(sleep.to.1)));
    let is_told = end.is_some() && !is_set_back(world, session.boot);
    let slept: Vec<String> = if is_told { slept.collect() } else { Vec::new() };
    let parent = session.parent.map(|parent| format!("{:#x}", world.sessions[parent].primary()));
    BTreeMap::from([
        ("class", session.class.to_owned()),
        ("type", session.logon_type.to_string()),
        ("user", Identity::of(&session.user).name),
        ("start", time(at(began))),
        ("logons", format!("{logons:?}")),
        ("end how", format!("{how} {confidence}")),
        ("end", end.map(time).unwrap_or_default()),
        ("destroyed", destroyed.map(time).unwrap_or_default()),
        ("duration", format!("{lasted:?}")),
        ("intervals", format!("{intervals:?}")),
        ("slept", format!("{slept:?}")),
        ("parent", parent.unwrap_or_default()),
        ("taken over", session.is_taken_over.to_string()),
        ("number", session.ts.map(|ts| ts.to_string()).unwrap_or_default()),
    ])
}

/// Whether somebody set the clock back: the moments of an interval may then be in any order.
fn is_set_back(world: &World, boot: usize) -> bool {
    let rows =
        world.rows.iter().filter(|row| row.boot == boot && row.log == Log::Security && row.rebase == 0);
    let clock = |row: &Row| row.raw() - row.at;
    rows.collect::<Vec<_>>().windows(2).any(|pair| pair[1].is_clock && clock(pair[1]) < clock(pair[0]))
}

/// What the program says.
pub fn found(world: &World, records: &[Record]) -> BTreeMap<(usize, String), Facts> {
    let others = records.iter().filter(|record| record.class != "system");
    others.map(|record| ((record.boot as usize, own_name(record)), facts_of(world, record))).collect()
}

/// The last part of a session's id.
pub fn own_name(record: &Record) -> String {
    record.session.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Whether the desktop that a logon was made from signed out well before its boot ended: what its missing 4634 proves then
/// is not known (C.7, row 6).
fn is_left_behind(world: &World, session: &Session) -> bool {
    let Some(home) = session.parent.map(|home| &world.sessions[home]) else { return false };
    let row = match home.end {
        End::UserLogoff { row, .. } | End::Logoff { row } => row,
        End::WithBoot => return false,
    };
    let is_before = match world.boots[session.boot].stop {
        Stop::Clean { stopped } => world.corrected(stopped) - world.corrected(row) > 30 * SECOND,
        Stop::PowerLoss | Stop::Running => true,
    };
    session.class == "secondary" && home.class == "desktop" && is_before
}

fn facts_of(world: &World, record: &Record) -> Facts {
    let mut logons: Vec<_> = record.logons.iter().map(|logon| (logon.record, logon.role.as_str())).collect();
    logons.sort_unstable();
    let is_exact = matches!(record.end_how.as_str(), "user_logoff" | "logoff");
    let is_known = is_exact || record.end_how == "clean_shutdown";
    let lasted = record.duration_s.filter(|_| is_exact).map(|seconds| (seconds * 1e7).round() as i64);
    // Where nobody knows when the session ended, what it was in then has no end either.
    let is_told = |interval: &&IntervalRecord| {
        interval.what != "suspended" && (interval.closed_by.is_some() || is_known)
    };
    let is_set_back = (record.boot as usize).checked_sub(1).is_some_and(|boot| is_set_back(world, boot));
    let intervals = record.intervals.iter().filter(is_told).filter(|_| !is_set_back);
    let intervals =
        intervals.map(|interval| format!("{} {} - {}", interval.what, interval.from, interval.to));
    let slept = record.intervals.iter().filter(|interval| interval.what == "suspended");
    let slept = slept.filter(|_| is_known && !is_set_back);
    let slept: Vec<String> = slept.map(|interval| format!("{} - {}", interval.from, interval.to)).collect();
    let parent = record.parent.as_deref().and_then(|parent| parent.rsplit('/').next());
    BTreeMap::from([
        ("class", record.class.clone()),
        ("type", record.logon_type.map(|n| n.to_string()).unwrap_or_default()),
        ("user", record.user.clone().unwrap_or_default()),
        ("start", record.start.clone().unwrap_or_default()),
        ("logons", format!("{logons:?}")),
        ("end how", format!("{} {}", record.end_how, record.end_confidence)),
        ("end", record.end.clone().filter(|_| is_known).unwrap_or_default()),
        ("destroyed", record.destroyed_at.clone().unwrap_or_default()),
        ("duration", format!("{lasted:?}")),
        ("intervals", format!("{:?}", intervals.collect::<Vec<_>>())),
        ("slept", format!("{slept:?}")),
        ("parent", parent.unwrap_or_default().to_owned()),
        ("taken over", record.flags.iter().any(|flag| flag == "taken_over").to_string()),
        ("number", record.ts_session.map(|ts| ts.to_string()).unwrap_or_default()),
    ])
}

/// How the two differ, a line for each difference.
pub fn differences(world: &World, records: &[Record]) -> Vec<(&'static str, String)> {
    let (expected, found) = (expected(world), found(world, records));
    let mut all = Vec::new();
    for (name, facts) in &expected {
        let Some(other) = found.get(name) else {
            all.push(("missing", format!("{name:?} is missing: {facts:?}")));
            continue;
        };
        // A number that nothing left tells is not told.
        let is_untold = |what: &str| what == "number" && other[what].is_empty();
        let differing = facts.iter().filter(|(what, value)| other[*what] != **value && !is_untold(what));
        for (what, value) in differing {
            all.push((*what, format!("{name:?} {what}: {:?}, should be {value:?}", other[what])));
        }
    }
    for (name, facts) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
        all.push(("invented", format!("{name:?} is invented: {facts:?}")));
    }
    for record in records.iter().filter(|record| record.class != "system") {
        let (earliest, end, latest) =
            (ticks(&record.end_earliest), ticks(&record.end), ticks(&record.end_latest));
        if earliest.zip(latest).is_some_and(|(a, b)| a > b)
            || end.zip(latest).is_some_and(|(a, b)| a > b)
            || earliest.zip(end).is_some_and(|(a, b)| a > b)
        {
            all.push(("bounds", format!("{}: {earliest:?} {end:?} {latest:?}", record.session)));
        }
    }
    all
}
