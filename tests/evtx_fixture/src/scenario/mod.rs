//! Scenarios: prose with rows of events, and what is expected of them.
//!
//! A scenario is a Markdown heading, prose, and rows indented by four spaces. A row that begins with a time is an
//! event: `TIME  COMPUTER  EVENT key=value key="quoted value"`; `date: 2024-03-05` sets the day of the rows below it.
//! Every other indented line is an expectation and is handed on as it stands. The keys are Windows' field names or
//! short ones:
//!
//! | key | sets |
//! |---|---|
//! | any field name of the event | that field; clock times count from the row's day |
//! | `logon` | the LogonId the event is about: `TargetLogonId`, `LogonID`, `LogonId`, `ClientLUID`, else `SubjectLogonId` (always in 4688) |
//! | `user` | name, domain and SID that belong to that LogonId; `DOM\name` sets the domain |
//! | `subject`, `subjectuser` | `SubjectLogonId`; the Subject's name, domain and SID |
//! | `target` | the Target's name, domain and SID where `user` is the Subject (4648, 4720, 4732) |
//! | `linked`, `type`, `elevated` (yes or no) | `TargetLinkedLogonId`, `LogonType`, `ElevatedToken` |
//! | `ip`, `port`, `host` | the client's address, port and name under whatever names the event has |
//! | `process`, `parent`, `cmd`, `logonprocess`, `package`, `guid` | program, parent, command line, logon process, authentication package, `LogonGuid` |
//! | `session` | the terminal services session: `SessionId`, `SessionID`, `Session`, `TSId`, `TargetSession`, else `SessionName` |
//! | `product` | 6013: the edition, such as `Windows Server 2016 Standard` |
//! | `last`, `bias` | 6008: the last heartbeat (UTC), and the minutes that local time is behind UTC |
//! | `uid`, `activity` | `Security/@UserID` (a name or SID), `Correlation/@ActivityID` |
//! | `failed` (yes) | audit failure instead of success |
//! | `v`, `record`, `header`, `file`, `raw` (strings) | version, `EventRecordID`, id in the record's header, log file, every value as text |

mod defaults;
mod keys;
mod row;

use std::collections::HashMap;
use std::fmt;

use crate::event::{Event, Layout};
use crate::value::{FileTime, TICKS_PER_DAY};
use crate::writer::LogWriter;
use row::{Placement, Row};

const INDENT: &str = "    ";

#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub title: String,
    /// The line of the heading, counted from 1.
    pub line: usize,
    pub events: Vec<RowEvent>,
    /// Lines that are not events, with their line numbers, without their indent.
    pub expectations: Vec<(usize, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RowEvent {
    /// The log file the event goes to.
    pub file: String,
    pub line: usize,
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    pub line: usize,
    pub message: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ScenarioError {}

impl Scenario {
    /// All scenarios of a file. Headings without rows belong to the prose.
    pub fn parse_all(markdown: &str) -> Result<Vec<Scenario>, ScenarioError> {
        let mut scenarios = vec![Builder::new("", 1)];
        let mut is_fenced = false;
        for (line, text) in (1..).zip(markdown.lines()) {
            if text.starts_with("```") {
                is_fenced = !is_fenced;
            } else if is_fenced {
                continue;
            } else if let Some(title) = heading(text) {
                scenarios.push(Builder::new(title, line));
            } else if let Some(row) = text.strip_prefix(INDENT)
                && let Some(builder) = scenarios.last_mut()
            {
                builder.row(row.trim_end(), line).map_err(|message| ScenarioError { line, message })?;
            }
        }
        Ok(scenarios
            .into_iter()
            .map(|builder| builder.scenario)
            .filter(|scenario| !scenario.is_empty())
            .collect())
    }

    /// The logs of the scenario by name, in the order in which they first appear.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        self.files_in_chunks(usize::MAX)
    }

    /// The same logs, with at most this many records in a chunk.
    pub fn files_in_chunks(&self, n_records: usize) -> Vec<(String, Vec<u8>)> {
        let mut logs: Vec<(String, Vec<Event>)> = Vec::new();
        for RowEvent { file, event, .. } in &self.events {
            let at = logs.iter().position(|(name, _)| name == file).unwrap_or_else(|| {
                logs.push((file.clone(), Vec::new()));
                logs.len() - 1
            });
            logs[at].1.push(event.clone());
        }
        logs.into_iter().map(|(name, events)| (name, log_of(events, n_records))).collect()
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.expectations.is_empty()
    }
}

fn log_of(events: Vec<Event>, n_records: usize) -> Vec<u8> {
    let (mut log, mut last_id) = (LogWriter::new(), 0);
    for (n, mut event) in events.into_iter().enumerate() {
        if n > 0 && n % n_records == 0 {
            log.end_chunk();
        }
        raise_header_id(&mut event, last_id);
        last_id = event.header_id.unwrap_or(event.record_id);
        log.write(&event);
    }
    log.finish()
}

/// Ids in record headers rise within a file; where the events' own do not, the file is an export that renumbered them.
fn raise_header_id(event: &mut Event, last_id: u64) {
    if event.header_id.is_none() && event.record_id <= last_id {
        event.header_id = Some(last_id + 1);
    }
}

fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    (title.len() < line.len() && title.starts_with(' ')).then(|| title.trim())
}

/// A scenario while its rows come in.
struct Builder {
    scenario: Scenario,
    day: FileTime,
    /// The last record id of each computer and channel.
    last_ids: HashMap<(String, String), u64>,
}

impl Builder {
    fn new(title: &str, line: usize) -> Builder {
        Builder {
            scenario: Scenario { title: title.into(), line, events: Vec::new(), expectations: Vec::new() },
            day: FileTime::from_date(2024, 3, 5),
            last_ids: HashMap::new(),
        }
    }

    fn row(&mut self, text: &str, line: usize) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(date) = text.strip_prefix("date:") {
            self.day = row::parse_date(date.trim())?;
            return Ok(());
        }
        let Some(row) = Row::parse(text, self.day)? else {
            self.scenario.expectations.push((line, text.into()));
            return Ok(());
        };
        self.day = FileTime(row.time.0 / TICKS_PER_DAY * TICKS_PER_DAY);
        let (mut event, placement) = keys::event_of(&row)?;
        self.number(&mut event, &placement);
        let file = placement.file.unwrap_or_else(|| file_name(&event));
        self.scenario.events.push(RowEvent { file, line, event });
        Ok(())
    }

    fn number(&mut self, event: &mut Event, placement: &Placement) {
        let key = (event.computer.to_string(), event.channel.to_string());
        let last_id = self.last_ids.entry(key).or_insert(0);
        event.record_id = placement.record_id.unwrap_or(*last_id + 1);
        event.header_id = placement.header_id;
        *last_id = event.record_id;
        if placement.is_strings {
            event.layout = Layout::Strings;
        }
    }
}

/// As Windows names the files of its channels, behind the name of the computer.
fn file_name(event: &Event) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ' ');
    let computer: String = event.computer.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("{computer}_{}.evtx", event.channel.replace('/', "%4"))
}
