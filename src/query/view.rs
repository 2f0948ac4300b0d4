//! Rows in order: which sessions match, and a permutation of all sessions for each order that was asked for.
//!
//! What was computed is kept: scrolling asks for the same query again and again, and a filter keeps the order.

use super::bursts::{self, Line};
use super::search::{ADDRESS, DOMAIN, HOST, Index, USER};
use super::{BurstRow, Column, NoiseCount, Query, Row, Rows, Sort, radix};
use crate::event::StrId;
use crate::export::bursts::BurstRecord;
use crate::export::lent::Text;
use crate::export::record::Exporter;
use crate::export::words::logon_type_name;
use crate::session::{Class, SessionIdx};
use crate::time::{Timestamp, seconds};
use std::sync::Arc;

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
    /// The rank of each text of the index; made when first needed.
    ranks: Vec<u32>,
    /// All sessions in the orders that were asked for, the one asked for last at the end.
    orders: Vec<(Vec<Sort>, Arc<[SessionIdx]>)>,
    /// What words are looked for in; made when first needed.
    index: Option<Index>,
}

/// Orders that are kept: for somebody who looks at a case by one column, then by another, and back.
const MAX_ORDERS: usize = 8;

impl View {
    /// Finds what the query shows, for [`View::rows`].
    pub fn show(&mut self, from: &Exporter<'_>, query: &Query) {
        if self.query.as_ref() == Some(query) {
            return;
        }
        if !self.query.as_ref().is_some_and(|known| differs_in_bursts_only(known, query)) {
            let order = self.order(from, &query.sort);
            self.find(from, query, &order);
        }
        self.lines = query.is_grouped.then(|| self.lines(from, query));
        self.query = Some(query.clone());
    }

    /// The rows `first .. first + n` of what is shown. Threads may make some side by side.
    pub fn rows<'a, T: Text<'a>>(&self, from: &Exporter<'a>, first: u32, n: u32) -> Rows<T> {
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
            self.show(from, query);
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

    /// Makes ready for words that will be looked for: the first one need not wait for it.
    pub fn prepare(&mut self, from: &Exporter<'_>) {
        self.index.get_or_insert_with(|| Index::new(from));
    }

    fn lines(&self, from: &Exporter<'_>, query: &Query) -> Vec<Line> {
        let sessions = &from.correlated.sessions;
        let (open, n_bursts) = (bursts::find(from, &query.open_bursts), sessions.bursts.len());
        match &self.index {
            Some(index) => bursts::lines(|idx| index.burst(idx), n_bursts, &self.rows, &open),
            None => bursts::lines(|idx| sessions.all[idx as usize].burst, n_bursts, &self.rows, &open),
        }
    }

    fn find(&mut self, from: &Exporter<'_>, query: &Query, order: &[SessionIdx]) {
        let words: Vec<&str> = query.text.split_whitespace().collect();
        let is_shown =
            Class::ALL.map(|class| !class.is_noise() || query.shown_noise.iter().any(|w| w == class.word()));
        let mut counts = [0u32; Class::ALL.len()];
        self.rows.clear();
        let sessions = &from.correlated.sessions.all;
        let mut take = |idx: SessionIdx, class: Class| {
            counts[class as usize] += 1;
            if is_shown[class as usize] {
                self.rows.push(idx);
            }
        };
        if words.is_empty() && self.index.is_none() {
            order.iter().for_each(|&idx| take(idx, sessions[idx as usize].class));
        } else {
            let index = self.index.get_or_insert_with(|| Index::new(from));
            let found = index.find(from, &words);
            order.iter().filter(|&&idx| found.has(idx)).for_each(|&idx| take(idx, index.class(idx)));
        }
        let noise = Class::ALL.into_iter().filter(|class| class.is_noise());
        let count = |class: Class| NoiseCount {
            class: class.word().to_owned(),
            n_sessions: counts[class as usize],
            is_shown: is_shown[class as usize],
        };
        self.noise = noise.map(count).collect();
    }

    /// All sessions in this order.
    fn order(&mut self, from: &Exporter<'_>, sort: &[Sort]) -> Arc<[SessionIdx]> {
        if let Some(known) = self.orders.iter().position(|(of, _)| of == sort) {
            let known = self.orders.remove(known);
            self.orders.push(known);
        } else {
            let order = self.sorted(from, sort);
            if self.orders.len() == MAX_ORDERS {
                self.orders.remove(0);
            }
            self.orders.push((sort.to_vec(), order));
        }
        self.orders.last().map_or_else(|| Arc::from([]), |(_, order)| order.clone())
    }

    fn sorted(&mut self, from: &Exporter<'_>, sort: &[Sort]) -> Arc<[SessionIdx]> {
        let Some((first, rest)) = sort.split_first() else {
            return (0..from.correlated.sessions.all.len() as SessionIdx).collect();
        };
        // Sorting keeps the order of what is equal: that of the columns after the first.
        let rest = self.order(from, rest);
        if matches!(first.by, Column::User | Column::From) && self.ranks.is_empty() {
            self.ranks = self.index.get_or_insert_with(|| Index::new(from)).ranks();
        }
        let rank = |idx, place| match self.index.as_ref().map_or(0, |index| index.text(idx, place)) {
            0 => None,
            text => self.ranks.get(text as usize).map(|&rank| u64::from(rank)),
        };
        let keyed = rest.iter().map(|&idx| (key(from, rank, idx, first.by), idx));
        radix::sort(keyed, first.descending).into()
    }
}

fn differs_in_bursts_only(one: &Query, other: &Query) -> bool {
    one.text == other.text && one.shown_noise == other.shown_noise && one.sort == other.sort
}

/// What a session is sorted by; `None` if that is not known.
fn key(
    from: &Exporter<'_>,
    rank: impl Fn(SessionIdx, usize) -> Option<u64> + Copy,
    idx: SessionIdx,
    column: Column,
) -> Option<u64> {
    let session = &from.correlated.sessions.all[idx as usize];
    let time = |at: Option<Timestamp>| at.map(Timestamp::bits);
    match column {
        Column::Start => time(session.start.at.or(session.start.latest)),
        Column::End => time(session.end.at.or(session.end.latest).or(session.end.earliest)),
        Column::EndHow => Some(session.end.how as u64),
        Column::Confidence => Some(session.end.confidence as u64),
        Column::Duration => session.duration.get().or(session.duration_min.get()).map(|ticks| ticks as u64),
        Column::Active => session.active.get().map(|ticks| ticks as u64),
        Column::User => {
            rank(idx, USER).map(|user| user << 32 | rank(idx, DOMAIN).map_or(0, |domain| domain + 1))
        }
        Column::Machine => Some(u64::from(session.machine) << 32 | u64::from(session.boot)),
        Column::Class => Some(session.class as u64),
        Column::LogonType => session.logon_type.map(u64::from),
        Column::From => rank(idx, ADDRESS).or(rank(idx, HOST)),
        Column::Flags => Some(u64::from(session.flags.0.reverse_bits())),
        Column::Session => Some(u64::from(idx)),
    }
}

fn row<'a, T: Text<'a>>(from: &Exporter<'a>, idx: SessionIdx) -> Row<T> {
    let session = &from.correlated.sessions.all[idx as usize];
    let text = |id: StrId| from.text(id);
    let time = |at: Option<Timestamp>| at.map(T::from);
    let origin = from.correlated.sessions.origins(session).first();
    Row {
        session: from.id(session).into(),
        first_row: session.first_row,
        machine: from.correlated.machines[session.machine as usize].name.as_str().into(),
        computer: from.records.text(session.computer).into(),
        class: session.class.word().into(),
        logon_type: session.logon_type,
        logon_type_name: session.logon_type.and_then(logon_type_name).map(T::from),
        user: text(session.user),
        domain: text(session.domain),
        sid: text(session.sid),
        start: time(session.start.at),
        start_how: session.start.how.word().into(),
        start_earliest: time(session.start.earliest),
        start_latest: time(session.start.latest),
        end: time(session.end.at),
        end_how: session.end.how.word().into(),
        end_confidence: session.end.confidence.word().into(),
        end_earliest: time(session.end.earliest),
        end_latest: time(session.end.latest),
        duration_s: session.duration.get().map(seconds),
        duration_min_s: session.duration_min.get().map(seconds),
        duration_max_s: session.duration_max.get().map(seconds),
        active_s: session.active.get().map(seconds),
        active_how: session.active_how.word().into(),
        origin_address: origin.and_then(|origin| text(origin.address)),
        origin_port: origin.and_then(|origin| origin.port),
        origin_host: origin.and_then(|origin| text(origin.host)),
        flags: session.flags.words().map(|word| word.into()).collect(),
        burst: session.burst.map(|burst| from.burst_id(burst).into()),
        group: None,
    }
}

fn row_of_line<'a, T: Text<'a>>(from: &Exporter<'a>, line: &Line) -> Row<T> {
    let (burst, n_shown, is_open) = match *line {
        Line::Session(idx) => return row(from, idx),
        Line::Burst { burst, n_shown, is_open } => (burst, n_shown, is_open),
    };
    let first: Row<T> = row(from, from.correlated.sessions.bursts[burst as usize].first);
    let BurstRecord { burst, is_series, n_sessions, first: begin, last, union_s, is_union_exact } =
        from.burst(burst);
    Row {
        session: burst.into(),
        machine: first.machine,
        computer: first.computer,
        class: first.class,
        logon_type: first.logon_type,
        logon_type_name: first.logon_type_name,
        user: first.user,
        domain: first.domain,
        sid: first.sid,
        start: Some(begin.into()),
        end: Some(last.into()),
        duration_s: Some(union_s).filter(|_| is_union_exact),
        duration_min_s: Some(union_s),
        origin_address: first.origin_address,
        origin_port: first.origin_port,
        origin_host: first.origin_host,
        group: Some(BurstRow { is_series, n_sessions, n_shown, is_open, union_s, is_union_exact }),
        ..Row::default()
    }
}
