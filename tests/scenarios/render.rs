//! What was found, in the words of expectations.
//!
//! | check | of a session |
//! |---|---|
//! | `type`, `domain`, `sid`, `computer`, `outbound`, `elevated`, `parent`, `burst`, `series`, `ts`, `ids` | who and what it is |
//! | `from` | its origins: address, `:port`, `/host` |
//! | `duration`, `min`, `max`, `connected`, `active`, `active_how` | how long it was, as `h:mm:ss` |
//! | `destroyed`, `last_seen` | moments |
//! | `cause`, `why` | what made it end, and the sentence about that |
//! | `locked`, `screensaver`, `disconnected`, `suspended` | its intervals |
//! | `logons` | its 4624: record and role |
//! | `logoffs` | for each 4624 the records of its 4634 and 4647 |
//! | `flags`, `n_logons` | themselves |
//! | `activity`, `shares`, `acted` | what ran in it: counts by kind, shares with their 5140/5145, first and last time |
//! | `in`, `out` | its hops: the session, else the machine or host at the other end, how and as whom, and why |
//! | `hop_records` | the records of its hops: computer, event and record |
//! | `evidence` | role and record of each; `end_by` of those that end it |

use sessionscope::case::Case;
use sessionscope::export::bursts::BurstRecord;
use sessionscope::machine::{Boot, BootEnd};
use sessionscope::query::who::WhoRecord;
use sessionscope::session::record::{HopRecord, OriginRecord, Record};
use sessionscope::time::Timestamp;

/// The day that times are told without.
pub struct Day(String);

impl Day {
    /// The day of an RFC 3339 moment.
    pub fn of(time: &str) -> Self {
        Day(time[..10].to_owned())
    }

    /// `08:00`, `08:00:01.5`, or with the date where it is another day's.
    fn time(&self, text: &str) -> String {
        let Some((date, clock)) = text.split_once('T') else { return text.to_owned() };
        let clock = clock.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
        let clock = match clock.len() {
            0..5 => format!("{clock:0<5}"),
            5..8 => format!("{clock:0<8}"),
            _ => clock.to_owned(),
        };
        let clock = clock.strip_suffix(":00").filter(|short| short.len() == 5).unwrap_or(&clock).to_owned();
        if date == self.0 { clock } else { format!("{date}T{clock}") }
    }

    fn optional(&self, text: &Option<String>) -> String {
        text.as_ref().map_or("-".to_owned(), |text| self.time(text))
    }
}

/// The line that expects this session, with these checks.
pub fn session<'a>(
    session: &Record,
    day: &Day,
    checks: impl Iterator<Item = &'a str>,
) -> Result<String, String> {
    let head = format!("{}  {}  {}", session.session, word(&session.user), session.class);
    let mut line = format!("{head}  {} -> {}", start(session, day), end(session, day));
    for check in checks {
        let key = check.split_once('=').map_or(check, |(key, _)| key);
        line += &format!("  {key}={}", value(session, key, day).ok_or(format!("there is no check {key}"))?);
    }
    Ok(line)
}

fn start(session: &Record, day: &Day) -> String {
    let bounds = bounds(&session.start_earliest, &session.start_latest, day, "by");
    match &session.start {
        Some(start) => day.time(start),
        None => format!("{}{bounds}", session.start_how),
    }
}

fn end(session: &Record, day: &Day) -> String {
    let at = match &session.end {
        Some(end) if session.end_earliest.as_ref() != Some(end) => format!(" at {}", day.time(end)),
        _ => String::new(),
    };
    let bounds = bounds(&session.end_earliest, &session.end_latest, day, "before");
    format!("{}{at}{bounds} ({})", session.end_how, session.end_confidence)
}

fn bounds(earliest: &Option<String>, latest: &Option<String>, day: &Day, before: &str) -> String {
    match (earliest, latest) {
        (Some(earliest), Some(latest)) => {
            format!(" between {} and {}", day.time(earliest), day.time(latest))
        }
        (Some(earliest), None) => format!(" after {}", day.time(earliest)),
        (None, Some(latest)) => format!(" {before} {}", day.time(latest)),
        (None, None) => String::new(),
    }
}

/// Text as one visible word.
fn word(text: &Option<String>) -> String {
    let Some(text) = text else { return "-".to_owned() };
    let is_plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    match text.chars().all(|c| is_plain(c) || c == '\\') && !text.is_empty() {
        true => text.clone(),
        false => {
            let shown = text.chars().map(|c| match is_plain(c) || c == ' ' {
                true => c.to_string(),
                false => c.escape_unicode().to_string(),
            });
            format!("\"{}\"", shown.collect::<String>())
        }
    }
}

fn value(session: &Record, key: &str, day: &Day) -> Option<String> {
    let number = |n: Option<u32>| n.map_or("-".to_owned(), |n| n.to_string());
    Some(match key {
        "type" => number(session.logon_type),
        "domain" => word(&session.domain),
        "sid" => word(&session.sid),
        "computer" => word(&Some(session.computer.clone())),
        "outbound" => word(&session.outbound_user),
        "elevated" => session.elevated.map_or("-", |is| if is { "yes" } else { "no" }).to_owned(),
        "parent" => word(&session.parent),
        "burst" => word(&session.burst),
        "series" => word(&session.series),
        "activity" => list(counts(session)),
        "shares" => list(session.activity.by_share.iter().map(|share| {
            format!("{}:{}/{}", word(&Some(share.share.clone())), share.n_opened, share.n_files)
        })),
        "in" | "out" => list(session.hops.iter().filter(|hop| hop.direction == key).map(hop)),
        "hop_records" => list(session.hops.iter().map(|hop| {
            let records = hop.records.iter().map(|r| format!("{}/{}:{}", r.computer, r.event, r.record));
            records.collect::<Vec<_>>().join("+")
        })),
        "acted" => {
            format!("{}-{}", day.optional(&session.activity.first), day.optional(&session.activity.last))
        }
        "ts" => number(session.ts_session),
        "ids" => list(session.logon_ids.iter().cloned()),
        "from" => list(session.origins.iter().map(origin)),
        "duration" => span(session.duration_s),
        "min" => span(session.duration_min_s),
        "max" => span(session.duration_max_s),
        "connected" => span(session.connected_s),
        "active" => span(session.active_s),
        "active_how" => session.active_how.clone(),
        "cause" => word(&session.end_cause),
        "why" => format!("\"{}\"", session.end_why.replace('"', "'")),
        "destroyed" => day.optional(&session.destroyed_at),
        "last_seen" => day.optional(&session.last_seen),
        "locked" | "screensaver" | "disconnected" | "suspended" => list(intervals(session, key, day)),
        "logons" => list(session.logons.iter().map(|l| format!("{}:{}", l.record, l.role))),
        "logoffs" => list(
            session
                .logons
                .iter()
                .map(|l| format!("{}:{}/{}", l.record, record(l.logoff_4634), record(l.logoff_4647))),
        ),
        "flags" => list(session.flags.iter().cloned()),
        "n_logons" => session.n_logons.to_string(),
        "evidence" => list(session.evidence.iter().map(|e| format!("{}:{}", e.role, e.record))),
        "end_by" => list(session.evidence.iter().filter(|e| e.role == "end").map(|e| e.record.to_string())),
        _ => return None,
    })
}

/// `PC1#1/0x3e9a:explicit_credentials:alice:55:host+user+address`.
fn hop(hop: &HopRecord) -> String {
    let end = hop.session.as_ref().or(hop.machine.as_ref()).or(hop.host.as_ref());
    let score = hop.score.map_or("-".to_owned(), |score| score.to_string());
    let times = if hop.n > 1 { format!("*{}", hop.n) } else { String::new() };
    let (end, user, reasons) = (word(&end.cloned()), word(&hop.user), hop.reasons.join("+"));
    format!("{end}:{}:{user}{times}:{score}:{reasons}", hop.how)
}

/// What ran in a session, by kind.
fn counts(session: &Record) -> impl Iterator<Item = String> {
    let activity = serde_json::to_value(&session.activity).expect("plain data");
    let counts = activity.as_object().expect("an object").clone();
    counts.into_iter().filter_map(|(kind, count)| Some(format!("{kind}:{}", count.as_u64()?)))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = items.collect();
    if all.is_empty() { "-".to_owned() } else { all.join(",") }
}

fn record(id: Option<u64>) -> String {
    id.map_or("-".to_owned(), |id| id.to_string())
}

fn intervals<'a>(session: &'a Record, what: &'a str, day: &'a Day) -> impl Iterator<Item = String> + 'a {
    let own = session.intervals.iter().filter(move |interval| interval.what == what);
    own.map(|interval| format!("{}-{}", day.time(&interval.from), day.time(&interval.to)))
}

fn origin(origin: &OriginRecord) -> String {
    let address = origin.address.as_deref().unwrap_or_default();
    let port = origin.port.map(|port| format!(":{port}")).unwrap_or_default();
    let host = origin.host.as_ref().map(|host| format!("/{host}")).unwrap_or_default();
    if address.contains(':') { format!("[{address}]{port}{host}") } else { format!("{address}{port}{host}") }
}

/// `1:02:03.5`, of seconds.
fn span(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else { return "-".to_owned() };
    let ticks = (seconds * 1e7).round() as u64;
    let (whole, rest) = (ticks / 10_000_000, ticks % 10_000_000);
    let clock = format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
    if rest == 0 { clock } else { format!("{clock}.{rest:07}").trim_end_matches('0').to_owned() }
}

/// Sessions that a scenario need not list.
pub fn is_noise(session: &Record) -> bool {
    let class = sessionscope::session::Class::ALL.into_iter().find(|class| class.word() == session.class);
    class.is_some_and(|class| class.is_noise())
}

pub fn machines(case: &Case) -> String {
    let names: Vec<&str> = case.correlated().machines.iter().map(|machine| machine.name.as_str()).collect();
    format!("machines {}", names.join(" "))
}

/// The bursts of network sessions: how many, from when to when, and how long together.
pub fn bursts(case: &Case, day: &Day) -> String {
    let text = |burst: &BurstRecord| {
        let (first, last) = (day.time(&burst.first), day.time(&burst.last));
        let sign = if burst.is_union_exact { "=" } else { ">=" };
        let union = span(Some(burst.union_s));
        format!("{} n={} {first}-{last} union{sign}{union}", burst.burst, burst.n_sessions)
    };
    format!("bursts  {}", case.bursts().iter().map(text).collect::<Vec<_>>().join(", "))
}

/// Who was on at a moment of the day, noise apart, and how sure that is.
pub fn who(case: &Case, day: &Day, time: &str) -> Option<String> {
    let full = if time.contains('T') { time.to_owned() } else { format!("{}T{time}", day.0) };
    let full = if full.matches(':').count() == 1 { format!("{full}:00Z") } else { format!("{full}Z") };
    let (sessions, _) = case.who(Timestamp::parse(&full)?, false);
    let text = |session: &WhoRecord| {
        let states = session.states.iter().map(|state| format!("+{state}")).collect::<String>();
        format!("{} {}{states}", session.session, session.certainty)
    };
    Some(format!("who {time}  {}", sessions.iter().map(text).collect::<Vec<_>>().join(", ")))
}

/// The boots of a machine by the ids of their Security records.
pub fn boots(case: &Case, machine: &str) -> Option<String> {
    let found = case.correlated().machines.iter().find(|other| other.name == machine)?;
    let security = &found.lineages[found.security?];
    let id = |pos: u32| case.records().id[security.rows[pos as usize] as usize];
    let boots = found.boots.iter().filter(|boot| !boot.security.is_empty());
    let text = |boot: &Boot| {
        let (first, last) = (id(boot.security.start), id(boot.security.end - 1));
        format!("{first}-{last} {}", end_of_boot(boot))
    };
    Some(format!("boots {machine}  {}", boots.map(text).collect::<Vec<_>>().join(", ")))
}

fn end_of_boot(boot: &Boot) -> &'static str {
    match boot.end {
        BootEnd::Open => "open",
        BootEnd::Clean { .. } => "clean",
        BootEnd::Unclean { .. } => "unclean",
    }
}

/// A source's line of the ledger, with these checks.
pub fn source(case: &Case, path: &str, checks: &[&str]) -> Result<Option<String>, String> {
    let Some(row) = case.ledger().into_iter().find(|row| row.path == path) else { return Ok(None) };
    let mut line = format!("source {path}");
    for check in checks {
        let key = check.split_once('=').map_or(*check, |(key, _)| key);
        let value = match key {
            "records" => row.n_records,
            "failed" => row.n_records_failed,
            "duplicates" => row.n_duplicates,
            "problems" => row.n_problems,
            _ => return Err(format!("there is no check {key}")),
        };
        line += &format!("  {key}={value}");
    }
    Ok(Some(line))
}

/// What a boot's records tell of a subcategory: success and failure, and the record that tells the first.
pub fn audit(case: &Case, boot: &str, subcategory: &str) -> Option<String> {
    let (machine, number) = boot.split_once('#')?;
    let machine = case.coverage().into_iter().find(|record| record.machine == machine)?;
    let own = machine.boots.into_iter().find(|record| record.boot.to_string() == number)?;
    let name = subcategory.trim_matches('"');
    let audit = own.audits.into_iter().find(|audit| audit.subcategory == name)?;
    let quoted = |text: &str| if text.contains(' ') { format!("\"{text}\"") } else { text.to_owned() };
    let failure = audit.failure.map_or("none".to_owned(), |failure| quoted(&failure.state));
    let by = audit.success.by.map(|by| format!(" by {} record {}", by.event, by.record));
    let state = quoted(&audit.success.state);
    Some(format!("audit {boot} {subcategory} {state} / {failure}{}", by.unwrap_or_default()))
}

/// The spans of a boot in which the successes of a subcategory were turned off.
pub fn off(case: &Case, boot: &str, subcategory: &str, day: &Day) -> Option<String> {
    let (machine, number) = boot.split_once('#')?;
    let machine = case.coverage().into_iter().find(|record| record.machine == machine)?;
    let own = machine.boots.into_iter().find(|record| record.boot.to_string() == number)?;
    let name = subcategory.trim_matches('"');
    let audit = own.audits.into_iter().find(|audit| audit.subcategory == name)?;
    let time = |time: &Option<String>| time.as_ref().map(|time| day.time(time)).unwrap_or_default();
    let spans = audit.success.off.iter().map(|off| format!("{}-{}", time(&off.from), time(&off.to)));
    Some(format!("off {boot} {subcategory} {}", list(spans)))
}

/// Who asked for the shutdown that ended a boot.
pub fn asked(case: &Case, boot: &str) -> Option<String> {
    let (machine, number) = boot.split_once('#')?;
    let host = case.hosts().into_iter().find(|host| host.machine == machine)?;
    let own = host.boots.into_iter().find(|own| own.boot.to_string() == number)?;
    let who = own.shutdown.map_or("-".to_owned(), |shutdown| {
        format!("{} by record {}", word(&shutdown.user), shutdown.by.record)
    });
    Some(format!("asked {boot} {who}"))
}

/// What kind of computer it is, its Windows, domain and zone.
pub fn kind(case: &Case, machine: &str) -> Option<String> {
    let host = case.hosts().into_iter().find(|host| host.machine == machine)?;
    let facts = [host.product, host.build, host.domain, host.time_zone].map(|fact| word(&fact));
    Some(format!("kind {machine} {} {}", host.kind, facts.join(" ")))
}

/// What the baselines make of a subcategory.
pub fn baseline(case: &Case, machine: &str, subcategory: &str) -> Option<String> {
    let machine = case.coverage().into_iter().find(|record| record.machine == machine)?;
    let name = subcategory.trim_matches('"');
    let line = machine.baseline.into_iter().find(|line| line.subcategory == name)?;
    let (general, stronger) = (line.general_verdict, line.stronger_verdict);
    Some(format!("baseline {} {subcategory} general {general}, stronger {stronger}", machine.machine))
}
