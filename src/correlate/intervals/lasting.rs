//! How long is a state known to have lasted that nothing is seen to end (domain.md rule 37)? Among missing records it may
//! have been ended, and begun anew since.

use super::changes::Change;
use super::{Moment, meaning};
use crate::correlate::close::last_pos;
use crate::correlate::draft::Draft;
use crate::correlate::moments::SAME_MOMENT;
use crate::event::{Kind, Records, RowIdx};
use crate::machine::{Clock, Lineage, Pos};
use crate::session::{EndHow, State};
use crate::time::Timestamp;

/// The last that is known of a state before records are missing that may have its end; `None` if none of those are, up to
/// a moment.
pub fn until_loss(draft: &Draft<'_>, opener: &Change, until: Moment) -> Option<Moment> {
    let from = opener.moment;
    if is_same(from.at, until.at) {
        return None;
    }
    let logs = OtherLogs { records: draft.records, clock: draft.clock, logs: draft.logs };
    let Some(pos) = from.pos else {
        return logs.until_loss(opener.row, (from.at, until.at)).map(Moment::told);
    };
    let loss = draft.security.loss(pos, until.place(draft)).or_else(|| end_of_security(draft, until))?;
    let last = loss.saturating_sub(1).max(pos);
    let is_seen_elsewhere =
        || terminal_row(draft).is_some_and(|row| logs.are_whole(row, (from.at, until.at)));
    if meaning(opener.kind).0 == State::Disconnected && is_seen_elsewhere() {
        return None;
    }
    Some(Moment::recorded(draft.time(last).max(from.at).min(until.at), last))
}

/// Where Security's log ends, if its boot went on until after a moment (rule 6), or another log tells of the session's end
/// after that.
pub fn end_of_security(draft: &Draft<'_>, until: Moment) -> Option<Pos> {
    let last = last_pos(draft.boot);
    let is_cut = draft.boot.outlives_security || draft.session.end.how == EndHow::LogoffFromOtherLog;
    (is_cut && until.at.since(draft.time(last)) > SAME_MOMENT).then_some(last + 1)
}

/// Several records tell of one disconnect.
fn is_same(from: Timestamp, until: Timestamp) -> bool {
    until.since(from).saturating_abs() <= SAME_MOMENT
}

/// A record of Terminal Services' log, which tells of disconnects and reconnects as Security does.
fn terminal_row(draft: &Draft<'_>) -> Option<RowIdx> {
    let is_own = |&row: &RowIdx| {
        let kind = draft.records.event(row).map(|event| draft.records.events.kind(event));
        matches!(kind, Some(Kind::TsLogon | Kind::TsReconnected | Kind::TsDisconnected | Kind::TsLogoff))
    };
    let (ts, _) = draft.ts?;
    let rows = ts.opened.iter().chain(ts.changes.iter().map(|(row, _)| row)).chain(&ts.closed);
    rows.copied().find(is_own)
}

/// A machine's logs beside Security.
pub struct OtherLogs<'a> {
    pub records: &'a Records,
    pub clock: &'a Clock,
    pub logs: &'a [Lineage],
}

impl OtherLogs<'_> {
    /// When the last record was written before those that are missing between two moments from the log that a record is
    /// of.
    pub fn until_loss(&self, row: RowIdx, (from, until): (Timestamp, Timestamp)) -> Option<Timestamp> {
        let log = self.log_of(row).filter(|_| !is_same(from, until))?;
        let at = self.before_loss(log, (from, until))?;
        Some(at.max(from).min(until))
    }

    /// Whether the log that a record is of has all it wrote between two moments.
    fn are_whole(&self, row: RowIdx, (from, until): (Timestamp, Timestamp)) -> bool {
        self.log_of(row).is_some_and(|log| {
            self.n_until(log, from) > 0
                && self.n_until(log, until) < log.rows.len()
                && self.before_loss(log, (from, until)).is_none()
        })
    }

    fn log_of(&self, row: RowIdx) -> Option<&Lineage> {
        let id = |row: RowIdx| self.records.id[row as usize];
        let channel = self.records.signature(row).channel;
        let has_row = |log: &&Lineage| {
            let first = log.rows.partition_point(|&other| id(other) < id(row));
            log.rows.get(first) == Some(&row)
        };
        self.logs.iter().filter(|log| log.channel == channel).find(has_row)
    }

    fn time(&self, row: RowIdx) -> Timestamp {
        self.clock.time_of(row, self.records.time[row as usize])
    }

    /// How many of a log's records are not after a moment, as far as its own times go.
    fn n_until(&self, log: &Lineage, at: Timestamp) -> usize {
        log.rows.partition_point(|&row| self.time(row) <= at)
    }

    fn before_loss(&self, log: &Lineage, (from, until): (Timestamp, Timestamp)) -> Option<Timestamp> {
        let first = self.n_until(log, from).saturating_sub(1) as Pos;
        // What is missing right before the first record after a moment may have been written before that.
        let loss = log.loss(first, self.n_until(log, until) as Pos)?;
        let row = *log.rows.get(loss.checked_sub(1)? as usize)?;
        Some(self.time(row))
    }
}
