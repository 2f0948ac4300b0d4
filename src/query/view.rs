//! Finding and sorting rows: columns of keys, a bitmap for what matches, and a permutation for the order.
//!
//! What was computed last is kept: scrolling asks for the same query again and again.

use super::bursts::{self, Line};
use super::{BurstRow, Column, NoiseCount, Query, Row, Rows, Sort};
use crate::event::StrId;
use crate::export::bursts::BurstRecord;
use crate::export::record::Exporter;
use crate::export::words::logon_type_name;
use crate::session::{Class, Flags, Session, SessionIdx};
use crate::time::{Timestamp, seconds};

/// The rows of the last query, and what they were found with.
#[derive(Default)]
pub struct View {
    query: Option<Query>,
    /// Matching and shown, in the query's order.
    rows: Vec<SessionIdx>,
    /// The same with bursts as one line each, if the query asks for that.
    lines: Option<Vec<Line>>,
    noise: Vec<NoiseCount>,
    /// What is exported, in the order of machine, boot and first record; and the query it was chosen by.
    chosen: Vec<SessionIdx>,
    chosen_by: Option<Option<Query>>,
    /// The place of each text among all texts in order; made when first needed.
    ranks: Vec<u32>,
}

impl View {
    /// The rows `first .. first + n` of what the query shows.
    pub fn rows(&mut self, from: &Exporter<'_>, query: &Query, first: u32, n: u32) -> Rows {
        if self.query.as_ref() != Some(query) {
            if !self.query.as_ref().is_some_and(|known| differs_in_bursts_only(known, query)) {
                self.find(from, query);
                self.sort(from, &query.sort);
            }
            let group = || {
                let open = bursts::find(from, &query.open_bursts);
                bursts::lines(&from.correlated.sessions, &self.rows, &open)
            };
            self.lines = query.is_grouped.then(group);
            self.query = Some(query.clone());
        }
        let (first_row, n) = (first as usize, n as usize);
        let rows = match &self.lines {
            Some(lines) => lines.iter().skip(first_row).take(n).map(|line| row_of_line(from, line)).collect(),
            None => self.rows.iter().skip(first_row).take(n).map(|&idx| row(from, idx)).collect(),
        };
        Rows {
            n_total: from.correlated.sessions.all.len() as u32,
            n_rows: self.lines.as_ref().map_or(self.rows.len(), Vec::len) as u32,
            n_sessions: self.rows.len() as u32,
            noise: self.noise.clone(),
            first,
            rows,
        }
    }

    /// Chooses what the query shows for an export; says how many sessions that is.
    pub fn choose(&mut self, from: &Exporter<'_>, query: &Query) -> u32 {
        // An export is asked for in pieces, of the same query each time.
        if self.chosen_by.as_ref() != Some(&Some(query.clone())) {
            self.rows(from, query, 0, 0);
            self.chosen.clone_from(&self.rows);
            self.chosen.sort_unstable();
            self.chosen_by = Some(Some(query.clone()));
        }
        self.chosen.len() as u32
    }

    /// Chooses everything for an export, noise included.
    pub fn choose_all(&mut self, from: &Exporter<'_>) -> u32 {
        if self.chosen_by != Some(None) {
            self.chosen = (0..from.correlated.sessions.all.len() as SessionIdx).collect();
            self.chosen_by = Some(None);
        }
        self.chosen.len() as u32
    }

    /// In the order of machine, boot and first record.
    pub fn chosen(&self) -> &[SessionIdx] {
        &self.chosen
    }

    fn find(&mut self, from: &Exporter<'_>, query: &Query) {
        let words: Vec<Word> = query.text.split_whitespace().map(|word| Word::new(from, word)).collect();
        let is_shown =
            Class::ALL.map(|class| !class.is_noise() || query.shown_noise.iter().any(|w| w == class.word()));
        let mut counts = [0u32; Class::ALL.len()];
        self.rows.clear();
        for (idx, session) in from.correlated.sessions.all.iter().enumerate() {
            if !words.iter().all(|word| word.matches(from, session)) {
                continue;
            }
            counts[session.class as usize] += 1;
            if is_shown[session.class as usize] {
                self.rows.push(idx as SessionIdx);
            }
        }
        let noise = Class::ALL.into_iter().filter(|class| class.is_noise());
        let count = |class: Class| NoiseCount {
            class: class.word().to_owned(),
            n_sessions: counts[class as usize],
            is_shown: is_shown[class as usize],
        };
        self.noise = noise.map(count).collect();
    }

    fn sort(&mut self, from: &Exporter<'_>, sort: &[Sort]) {
        // The least significant first: each sort keeps the order of what it finds equal.
        for sort in sort.iter().rev() {
            if self.ranks.is_empty() && is_text(sort.by) {
                self.ranks = ranks(from);
            }
            let key = |&idx: &SessionIdx| {
                let key = key(from, &self.ranks, idx, sort.by);
                // What is not known comes last, whichever way the rest is sorted.
                match (key, sort.descending) {
                    (None, _) => u64::MAX,
                    (Some(key), false) => key,
                    (Some(key), true) => u64::MAX - 1 - key,
                }
            };
            let mut keyed: Vec<(u64, SessionIdx)> = self.rows.iter().map(|idx| (key(idx), *idx)).collect();
            keyed.sort_by_key(|&(key, _)| key);
            self.rows = keyed.into_iter().map(|(_, idx)| idx).collect();
        }
    }
}

fn differs_in_bursts_only(one: &Query, other: &Query) -> bool {
    one.text == other.text && one.shown_noise == other.shown_noise && one.sort == other.sort
}

fn is_text(column: Column) -> bool {
    matches!(column, Column::User | Column::From | Column::Machine)
}

/// For each text, how many texts come before it, whatever their case.
fn ranks(from: &Exporter<'_>) -> Vec<u32> {
    let strings = &from.records.strings;
    let mut order: Vec<(String, u32)> = strings.iter().map(str::to_lowercase).zip(1..).collect();
    order.sort_unstable();
    let mut ranks = vec![0; strings.len() + 1];
    for (rank, (_, id)) in order.iter().enumerate() {
        ranks[*id as usize] = rank as u32;
    }
    ranks
}

/// What a session is sorted by; `None` if that is not known.
fn key(from: &Exporter<'_>, ranks: &[u32], idx: SessionIdx, column: Column) -> Option<u64> {
    let session = &from.correlated.sessions.all[idx as usize];
    // Negative times too keep their order when the sign bit is turned.
    let time = |at: Option<Timestamp>| at.map(|at| at.0 as u64 ^ 1 << 63);
    let text = |id: StrId| (!id.is_none()).then(|| u64::from(ranks[id.0 as usize]));
    match column {
        Column::Start => time(session.start.at.or(session.start.latest)),
        Column::End => time(session.end.at.or(session.end.latest).or(session.end.earliest)),
        Column::EndHow => Some(session.end.how as u64),
        Column::Confidence => Some(session.end.confidence as u64),
        Column::Duration => session.duration.or(session.duration_min).map(|ticks| ticks as u64),
        Column::Active => session.active.map(|ticks| ticks as u64),
        Column::User => text(session.user).map(|rank| rank << 32 | text(session.domain).unwrap_or(0)),
        Column::Machine => Some(u64::from(session.machine) << 32 | u64::from(session.boot)),
        Column::Class => Some(session.class as u64),
        Column::LogonType => session.logon_type.map(u64::from),
        Column::From => {
            let origin = from.correlated.sessions.origins(session).first()?;
            text(origin.address).or(text(origin.host))
        }
        Column::Flags => Some(u64::from(session.flags.0.reverse_bits())),
        Column::Session => Some(u64::from(idx)),
    }
}

/// A word of the filter's text, and the texts of the case it occurs in.
struct Word {
    lower: String,
    /// By number of the text.
    in_text: Vec<bool>,
    in_machine: Vec<bool>,
    number: Option<u64>,
}

impl Word {
    fn new(from: &Exporter<'_>, word: &str) -> Self {
        let lower = word.to_lowercase();
        let contains = |text: &str| contains_ignoring_case(text, &lower);
        let texts = std::iter::once(false).chain(from.records.strings.iter().map(contains));
        let machines = from.correlated.machines.iter().map(|machine| contains(&machine.name));
        let number = lower.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        Word { in_text: texts.collect(), in_machine: machines.collect(), number, lower }
    }

    fn matches(&self, from: &Exporter<'_>, session: &Session) -> bool {
        let has = |id: StrId| self.in_text[id.0 as usize];
        let sessions = &from.correlated.sessions;
        let fields = [session.user, session.domain, session.sid, session.computer, session.outbound_user];
        fields.into_iter().any(has)
            || self.in_machine[session.machine as usize]
            || self.is_in(session.class.word())
            || self.is_in(session.end.how.word())
            || session.logon_type.and_then(logon_type_name).is_some_and(|name| self.is_in(name))
            || sessions.origins(session).iter().any(|origin| has(origin.address) || has(origin.host))
            || self
                .number
                .is_some_and(|number| sessions.logons(session).iter().any(|logon| logon.luid.0 == number))
            || session.luid.map(|luid| luid.0) == self.number && self.number.is_some()
            || session.flags != Flags::default() && session.flags.words().any(|word| self.is_in(word))
            || self.lower.contains('#') && from.id(session).to_lowercase().contains(&self.lower)
    }

    fn is_in(&self, text: &str) -> bool {
        contains_ignoring_case(text, &self.lower)
    }
}

/// Whether a text has this in it; `lower` is lower-case.
fn contains_ignoring_case(text: &str, lower: &str) -> bool {
    if !text.is_ascii() || !lower.is_ascii() {
        return text.to_lowercase().contains(lower);
    }
    let (text, lower) = (text.as_bytes(), lower.as_bytes());
    lower.is_empty() || text.windows(lower.len()).any(|window| window.eq_ignore_ascii_case(lower))
}

fn row(from: &Exporter<'_>, idx: SessionIdx) -> Row {
    let session = &from.correlated.sessions.all[idx as usize];
    let text = |id: StrId| (!id.is_none()).then(|| from.records.text(id).to_owned());
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let origin = from.correlated.sessions.origins(session).first();
    Row {
        session: from.id(session),
        machine: from.correlated.machines[session.machine as usize].name.clone(),
        computer: text(session.computer).unwrap_or_default(),
        class: session.class.word().to_owned(),
        logon_type: session.logon_type,
        logon_type_name: session.logon_type.and_then(logon_type_name).map(str::to_owned),
        user: text(session.user),
        domain: text(session.domain),
        start: time(session.start.at),
        start_how: session.start.how.word().to_owned(),
        start_earliest: time(session.start.earliest),
        start_latest: time(session.start.latest),
        end: time(session.end.at),
        end_how: session.end.how.word().to_owned(),
        end_confidence: session.end.confidence.word().to_owned(),
        end_earliest: time(session.end.earliest),
        end_latest: time(session.end.latest),
        duration_s: session.duration.map(seconds),
        duration_min_s: session.duration_min.map(seconds),
        duration_max_s: session.duration_max.map(seconds),
        active_s: session.active.map(seconds),
        active_how: session.active_how.word().to_owned(),
        origin_address: origin.and_then(|origin| text(origin.address)),
        origin_host: origin.and_then(|origin| text(origin.host)),
        flags: session.flags.words().map(str::to_owned).collect(),
        burst: session.burst.map(|burst| from.burst_id(burst)),
        group: None,
    }
}

fn row_of_line(from: &Exporter<'_>, line: &Line) -> Row {
    let (burst, n_shown, is_open) = match *line {
        Line::Session(idx) => return row(from, idx),
        Line::Burst { burst, n_shown, is_open } => (burst, n_shown, is_open),
    };
    let first = row(from, from.correlated.sessions.bursts[burst as usize].first);
    let BurstRecord { burst, n_sessions, first: begin, last, union_s, is_union_exact } = from.burst(burst);
    Row {
        session: burst,
        machine: first.machine,
        computer: first.computer,
        class: first.class,
        logon_type: first.logon_type,
        logon_type_name: first.logon_type_name,
        user: first.user,
        domain: first.domain,
        start: Some(begin),
        end: Some(last),
        duration_s: Some(union_s).filter(|_| is_union_exact),
        duration_min_s: Some(union_s),
        origin_address: first.origin_address,
        origin_host: first.origin_host,
        group: Some(BurstRow { n_sessions, n_shown, is_open, union_s, is_union_exact }),
        ..Row::default()
    }
}
