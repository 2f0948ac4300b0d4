//! Who was on which machine at a moment, and how sure that is.
//!
//! Somebody was surely on between the latest moment at which the session can have begun and the earliest at which it
//! can have ended, and possibly on between the widest of these bounds. What is not known bounds nothing.

use crate::event::RowIdx;
use crate::export::record::Exporter;
use crate::export::words::logon_type_name;
use crate::machine::{Boot, LogoffAudit, Machine, Pos, Step, StepKind};
use crate::session::{Confidence, Doubt, EndHow, Interval, Session, SessionIdx};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One session that was or may have been on at a moment, as `sessionscope who` prints it. Times are UTC,
/// `2020-09-19T03:21:48.8915630Z`; null is "not known".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WhoRecord {
    /// The moment that was asked for.
    pub at: String,
    pub machine: String,
    /// Whether the moment lies between the first and the last record of the machine: beyond them the logs know nothing
    /// new.
    pub is_covered: bool,
    /// `surely`: it had begun and had not ended, whatever the logs leave open. `possibly`: it may have begun later or ended before.
    pub certainty: String,
    /// What that rests on, one sentence.
    pub why: String,
    /// What it was then: `locked`, `screensaver`, `disconnected`, `suspended`. Empty for one in use, and where locks and
    /// disconnects were not audited (`active_how` of the session record tells).
    pub states: Vec<String>,
    pub session: String,
    pub class: String,
    pub logon_type: Option<u32>,
    pub logon_type_name: Option<String>,
    pub user: Option<String>,
    pub domain: Option<String>,
    pub sid: Option<String>,
    pub ts_session: Option<u32>,
    /// Where it was last opened or resumed from by then.
    pub origin_address: Option<String>,
    pub origin_port: Option<u16>,
    pub origin_host: Option<String>,
    pub start: Option<String>,
    pub start_earliest: Option<String>,
    pub start_latest: Option<String>,
    pub end: Option<String>,
    pub end_how: String,
    pub end_confidence: String,
    pub end_earliest: Option<String>,
    pub end_latest: Option<String>,
    /// The first record of the session, which is still one of it when its boot is numbered anew. Of no use outside the
    /// program.
    #[serde(skip)]
    pub first_row: RowIdx,
}

/// A machine at a moment, whether anybody was on or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MachineAt {
    pub machine: String,
    /// Of its records in any channel.
    pub first_record: Option<String>,
    pub last_record: Option<String>,
    pub is_covered: bool,
    pub n_surely: u32,
    pub n_possibly: u32,
}

/// The sessions at a moment, by machine, the sure ones first; and every machine of the case.
pub fn who(from: &Exporter<'_>, at: Timestamp, with_noise: bool) -> (Vec<WhoRecord>, Vec<MachineAt>) {
    let all = &from.correlated.sessions.all;
    let spans: Vec<Option<(Timestamp, Timestamp)>> =
        from.correlated.machines.iter().map(|machine| recorded(from, machine)).collect();
    let is_covered =
        |machine: usize| spans[machine].is_some_and(|(first, last)| (first..=last).contains(&at));
    let mut found: Vec<(u32, bool, SessionIdx)> = Vec::new();
    for (idx, session) in all.iter().enumerate() {
        if (with_noise || !session.class.is_noise())
            && let Some(is_sure) = presence(from, session, at)
        {
            found.push((session.machine, !is_sure, idx as SessionIdx));
        }
    }
    found.sort_unstable();
    // Surely and possibly, of each machine.
    let mut counts = vec![[0u32; 2]; spans.len()];
    for &(machine, unsure, _) in &found {
        counts[machine as usize][usize::from(unsure)] += 1;
    }
    let machine = |(n, machine): (usize, &Machine)| {
        let [n_surely, n_possibly] = counts[n];
        MachineAt {
            machine: machine.name.clone(),
            first_record: spans[n].map(|(first, _)| first.to_string()),
            last_record: spans[n].map(|(_, last)| last.to_string()),
            is_covered: is_covered(n),
            n_surely,
            n_possibly,
        }
    };
    let machines = from.correlated.machines.iter().enumerate().map(machine).collect();
    let record = |&(machine, unsure, idx): &(u32, bool, SessionIdx)| {
        record(from, idx, at, is_covered(machine as usize), !unsure)
    };
    (found.iter().map(record).collect(), machines)
}

/// First and last time among a machine's records. Of its boots' those that stand at their ends, for some are stamped by a
/// clock that had been put right, or not yet, and what the clock showed before it was set and after.
fn recorded(from: &Exporter<'_>, machine: &Machine) -> Option<(Timestamp, Timestamp)> {
    let records = from.records;
    let first = |lineage: Option<usize>, own: &std::ops::Range<Pos>| {
        machine.time(records, lineage?, own.start).filter(|_| !own.is_empty())
    };
    let begun = |boot: &Boot| match boot.has_start {
        true => [boot.start, None],
        false => [first(machine.security, &boot.security), first(machine.system, &boot.system)],
    };
    let ends = machine.boots.iter().flat_map(|boot| begun(boot).into_iter().chain([boot.last_record]));
    let is_kept = |step: &&Step| matches!(step.kind, StepKind::Kept { .. });
    let shown = machine.clock.steps().iter().filter(is_kept).flat_map(|step| [step.from, step.to]);
    let others = machine
        .lineages
        .iter()
        .enumerate()
        .filter(|&(n, _)| machine.security != Some(n) && machine.system != Some(n));
    let others = others.flat_map(|(_, log)| log.rows.iter().map(|&row| records.time[row as usize]));
    ends.flatten().chain(shown).chain(others).fold(None, |span, time| match span {
        None => Some((time, time)),
        Some((first, last)) => Some((time.min(first), time.max(last))),
    })
}

/// Whether a session was on: surely or not. `None`: it was not.
fn presence(from: &Exporter<'_>, session: &Session, at: Timestamp) -> Option<bool> {
    let start = &session.start;
    let (begun, is_begun) = match start.at {
        Some(begin) => (begin <= at, begin <= at),
        None => (
            start.earliest.is_none_or(|earliest| earliest <= at),
            start.latest.is_some_and(|latest| latest <= at),
        ),
    };
    let bounds = end_bounds(from, session);
    let may_be_on = bounds.until.is_none_or(|until| at <= until);
    (begun && may_be_on).then_some(is_begun && bounds.sure_until.is_some_and(|until| at <= until))
}

/// The earliest and the latest moment at which a session can have ended.
struct EndBounds {
    sure_until: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Whether the latest is no bound of the session's own, but a later start of Windows ([`later_start`]).
    is_later_start: bool,
}

fn end_bounds(from: &Exporter<'_>, session: &Session) -> EndBounds {
    let seen = session.last_seen.or(session.start.at).or(session.start.latest);
    let (sure_until, until) = own_bounds(from, session, seen);
    let later = if until.is_none() { later_start(from, session, seen) } else { None };
    EndBounds { sure_until, until: until.or(later), is_later_start: later.is_some() }
}

/// What is known of a session's own end.
fn own_bounds(
    from: &Exporter<'_>,
    session: &Session,
    seen: Option<Timestamp>,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let end = &session.end;
    match end.how {
        EndHow::UserLogoff | EndHow::Logoff => (end.at, end.at),
        // Joined by account and moment only, the end may be another session's.
        EndHow::LogoffFromOtherLog if end.confidence != Confidence::High => (seen.min(end.at), end.at),
        EndHow::LogoffFromOtherLog => (end.at, end.at),
        EndHow::CleanShutdown if end.confidence == Confidence::High => (end.earliest, end.latest),
        // Its logoff would have been seen, for it was audited and no record is missing (C.7).
        EndHow::OpenAtLogEnd | EndHow::UncleanStop => (seen.max(watched_until(from, session)), end.latest),
        _ => (end.earliest.min(seen).or(seen), end.latest.or(end.at)),
    }
}

/// Where records are missing, a session may be one of the next boot; the start after that is surely later.
const BOOTS_ON: usize = 2;

/// So many of the later starts are looked at.
const MAX_STARTS: usize = 64;

/// The first start of Windows that came after a session in the order of records, and by its clock as well: no session
/// outlasts it. That of the next boot bounds nothing where its clock showed an earlier time (rule 21). How long the
/// computer was off nobody knows, so it bounds no duration.
fn later_start(from: &Exporter<'_>, session: &Session, seen: Option<Timestamp>) -> Option<Timestamp> {
    let boots = &from.correlated.machines[session.machine as usize].boots;
    let later = boots.iter().skip(session.boot as usize + BOOTS_ON).take(MAX_STARTS);
    let mut starts = later.filter(|boot| boot.has_start).filter_map(|boot| boot.start);
    starts.find(|&start| seen <= Some(start))
}

/// The last Security record of a boot in which logoffs are known to be audited.
fn watched_until(from: &Exporter<'_>, session: &Session) -> Option<Timestamp> {
    let machine = &from.correlated.machines[session.machine as usize];
    let boot: &Boot = machine.boots.get(session.boot as usize)?;
    let last = boot.security.end.checked_sub(1).filter(|last| boot.security.contains(last))?;
    // Half of a pair, or what was elevated, often gets no logoff, and what only other logs know has none in Security.
    let gets_none =
        matches!(session.end.doubt, Some(Doubt::MayBeHalf | Doubt::DesktopGone | Doubt::OtherLogsOnly));
    let is_watched = boot.logoff_audit == LogoffAudit::On && !gets_none;
    let row = *machine.lineages[machine.security?].rows.get(last as usize)?;
    is_watched.then(|| from.records.time[row as usize].plus(machine.clock.shift(last)))
}

fn record(from: &Exporter<'_>, idx: SessionIdx, at: Timestamp, is_covered: bool, is_sure: bool) -> WhoRecord {
    let sessions = &from.correlated.sessions;
    let session = &sessions.all[idx as usize];
    let text = |id: crate::event::StrId| (!id.is_none()).then(|| from.records.text(id).to_owned());
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let origins = sessions.origins(session);
    let origin = origins.iter().rev().find(|origin| origin.at <= at).or(origins.first());
    // What nothing ended lasts as long as a session whose end nobody knows, unless records are missing before that.
    let seen = session.end.earliest.filter(|_| session.end.at.is_none());
    let is_open =
        |interval: &Interval| interval.closed_by.is_none() && seen.is_some_and(|seen| interval.to >= seen);
    let lasts = |interval: &&Interval| at < interval.to || is_open(interval);
    let states = sessions.intervals(session).iter().filter(|interval| interval.from <= at).filter(lasts);
    WhoRecord {
        at: at.to_string(),
        machine: from.correlated.machines[session.machine as usize].name.clone(),
        is_covered,
        certainty: if is_sure { "surely" } else { "possibly" }.to_owned(),
        why: why(from, session, at),
        states: states.map(|interval| interval.what.word().to_owned()).collect(),
        session: from.id(session).to_string(),
        class: session.class.word().to_owned(),
        logon_type: session.logon_type,
        logon_type_name: session.logon_type.and_then(logon_type_name).map(str::to_owned),
        user: text(session.user),
        domain: text(session.domain),
        sid: text(session.sid),
        ts_session: session.ts_session,
        origin_address: origin.and_then(|origin| text(origin.address)),
        origin_port: origin.and_then(|origin| origin.port),
        origin_host: origin.and_then(|origin| text(origin.host)),
        start: time(session.start.at),
        start_earliest: time(session.start.earliest),
        start_latest: time(session.start.latest),
        end: time(session.end.at),
        end_how: session.end.how.word().to_owned(),
        end_confidence: session.end.confidence.word().to_owned(),
        end_earliest: time(session.end.earliest),
        end_latest: time(session.end.latest),
        first_row: session.first_row,
    }
}

/// What a session's presence at a moment rests on.
fn why(from: &Exporter<'_>, session: &Session, at: Timestamp) -> String {
    format!("{}; {}", begun(session), ended(from, session, at))
}

fn begun(session: &Session) -> String {
    let start = &session.start;
    match (start.at, start.earliest, start.latest) {
        (Some(at), _, _) => format!("logged on at {at}"),
        (None, Some(earliest), Some(latest)) => format!("logged on between {earliest} and {latest}"),
        (None, None, Some(latest)) => format!("logged on before {latest}"),
        (None, Some(earliest), None) => format!("logged on after {earliest}"),
        (None, None, None) => "nothing tells when it began".to_owned(),
    }
}

fn ended(from: &Exporter<'_>, session: &Session, at: Timestamp) -> String {
    let end = &session.end;
    let text = |at: Option<Timestamp>| at.map_or("an unknown moment".to_owned(), |at| at.to_string());
    let EndBounds { sure_until, until, is_later_start } = end_bounds(from, session);
    let seen = match session.last_seen {
        Some(last) => format!("last seen at {last}"),
        None => "never seen after it began".to_owned(),
    };
    // What came after the moment is all that matters, and it is a sign of life.
    if end.at != sure_until && session.last_seen.is_some_and(|last| at <= last) {
        return format!("seen on at {} and later", text(session.last_seen));
    }
    let by = match until {
        Some(until) => format!(" by {until} at the latest"),
        None => String::new(),
    };
    let started = match (until, is_later_start) {
        (Some(_), false) => format!("off{by}, when Windows started again"),
        (Some(_), true) => {
            format!("Windows started again, no clock tells when; off{by}, when it had once more")
        }
        (None, _) => "Windows started again, no clock tells when".to_owned(),
    };
    match end.how {
        EndHow::UserLogoff => format!("the user signed out at {}", text(end.at)),
        EndHow::Logoff => format!("logged off at {}", text(end.at)),
        EndHow::LogoffFromOtherLog => format!("another log has its logoff at {}", text(end.at)),
        EndHow::CleanShutdown if end.confidence == Confidence::High => {
            format!("no logoff before the shutdown at {}", text(end.at))
        }
        EndHow::CleanShutdown => format!("{seen}; off{by}, when the computer was shut down"),
        EndHow::UncleanStop if sure_until > session.last_seen => {
            format!("no logoff up to the last record at {}; {started}", text(sure_until))
        }
        EndHow::UncleanStop => format!("{seen}; {started}"),
        EndHow::OpenAtLogEnd if sure_until > session.last_seen => {
            format!("no logoff up to the end of the log at {}", text(sure_until))
        }
        EndHow::OpenAtLogEnd => format!("{seen}; nothing ends it before the log does"),
        EndHow::LostInGap => format!("{seen}; records are missing after that{}", prefixed(", off", &by)),
        EndHow::NotAudited => format!("{seen}; logoffs were not audited{}", prefixed(", off", &by)),
        EndHow::LogoffEventLost | EndHow::WindowManagerGone | EndHow::LuidReused | EndHow::Superseded => {
            format!("{seen}; off{by}")
        }
    }
}

/// A phrase before another, if there is another.
fn prefixed(phrase: &str, other: &str) -> String {
    if other.is_empty() { String::new() } else { format!("{phrase}{other}") }
}
