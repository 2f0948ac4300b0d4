//! Which boots the records of a log may be of, by what the clock showed in each.

use super::spans::{AFTER_STOP, Span};
use crate::correlate::clock::{SAME_STEP, SWAPPED, set};
use crate::correlate::stops::is_late;
use crate::event::{Kind, Records};
use crate::machine::{Lineage, Pos};
use crate::time::Timestamp;
use std::ops::Range;

/// So many spans are looked at for a record that does not fit where its neighbours do.
const LOOK_AHEAD: usize = 64;

/// What the log itself tells of the clock: the record after a step, and what was shown before it and after it.
struct Step {
    at: Pos,
    from: Timestamp,
    to: Timestamp,
}

fn steps(records: &Records, log: &Lineage, range: Range<Pos>) -> Vec<Step> {
    let step = |at: Pos| {
        let row = log.rows[at as usize];
        let (from, _) = set(records, row)?;
        Some(Step { at, from, to: records.time[row as usize] })
    };
    range.filter_map(step).collect()
}

pub struct Walk<'a> {
    records: &'a Records,
    log: &'a Lineage,
    spans: Vec<Span>,
    n_runs: usize,
    steps: Vec<Step>,
}

impl<'a> Walk<'a> {
    pub fn new(
        records: &'a Records,
        log: &'a Lineage,
        spans: Vec<Span>,
        n_runs: usize,
        range: Range<Pos>,
    ) -> Self {
        Walk { records, log, spans, n_runs, steps: steps(records, log, range) }
    }

    /// The first record of each run, or the end of the range, if each record is of the earliest run that it may be of.
    pub fn forwards(&self, range: Range<Pos>) -> Vec<Pos> {
        let mut at = 0;
        let (mut span, mut last) = (self.spans[at], Timestamp::MIN);
        let mut firsts = vec![range.end; self.n_runs];
        firsts[..=span.run].fill(range.start);
        for pos in range.filter(|&pos| !self.is_late(pos)) {
            let time = self.time(pos);
            let showed = self.clock_set(pos);
            // A step of the clock that this boot's clock showed goes on with it, one that it did not show is of another.
            let is_set = showed.is_some_and(|showed| span.has(showed) && last <= showed.plus(SWAPPED));
            let is_other = showed.is_some_and(|showed| !span.has(showed) && !self.follows(at, showed));
            if !is_set && (is_other || !self.fits(&span, pos) || last.since(time) > SWAPPED) {
                let may_be = |n: &usize| {
                    let is_shown = |showed: Timestamp| self.spans[*n].has(showed) || self.follows(*n, showed);
                    self.fits(&self.spans[*n], pos) && (!is_other || showed.is_none_or(is_shown))
                };
                let mut ahead = (at + 1..self.spans.len()).take(LOOK_AHEAD);
                let ahead = ahead.find(may_be);
                if let Some(next) = ahead {
                    at = next;
                    firsts[span.run + 1..=self.spans[at].run].fill(pos);
                    span = self.spans[at];
                }
                last = Timestamp::MIN;
            }
            last = last.max(time);
            if self.clock_set(pos).is_some() {
                (span.from, last) = (span.from.min(time), time);
            }
        }
        firsts
    }

    /// Whether a span begins with a step of the clock, which had shown a moment before it.
    fn follows(&self, n: usize, showed: Timestamp) -> bool {
        let before = n.checked_sub(1).map(|before| &self.spans[before]);
        before.is_some_and(|before| {
            before.run == self.spans[n].run && showed.since(before.to).saturating_abs() <= SAME_STEP
        })
    }

    /// As above, if each record is of the latest run that it may be of.
    pub fn backwards(&self, range: Range<Pos>) -> Vec<Pos> {
        let mut firsts = vec![range.start; self.n_runs];
        let mut at = self.spans.len() - 1;
        let (mut span, mut first) = (self.spans[at], Timestamp::MAX);
        for pos in range.rev().filter(|&pos| !self.is_late(pos)) {
            let time = self.time(pos);
            if !self.fits(&span, pos)
                && let Some(since) = self.set_since(&span, pos)
            {
                (span.from, span.to) = (span.from.min(since), span.to.max(time.plus(1)));
                first = Timestamp::MAX;
            } else if !self.fits(&span, pos) || time.since(first) > SWAPPED {
                let mut before = self.spans[..at].iter().rev().take(LOOK_AHEAD);
                let before = before.position(|span| self.fits(span, pos));
                if let Some(n) = before {
                    at -= 1 + n;
                    firsts[self.spans[at].run + 1..=span.run].fill(pos + 1);
                    span = self.spans[at];
                }
                first = Timestamp::MAX;
            }
            first = first.min(time);
            if let Some(showed) = self.clock_set(pos) {
                let before = at.checked_sub(1).map(|before| self.spans[before]);
                let is_told = |before: &Span| {
                    before.run == span.run && before.from <= showed && showed <= before.to.plus(SAME_STEP)
                };
                let own = self.spans[at];
                if let Some(before) = before.filter(is_told) {
                    (at, span) = (at - 1, before);
                } else if own.has(showed) {
                    span = own;
                } else if !span.has(showed) {
                    (span.from, span.to) = (self.began(span.run, showed), span.to.max(showed.plus(1)));
                }
                first = Timestamp::MAX;
            }
        }
        firsts
    }

    /// Whether a record may be of a span. Security and System are stopped together.
    fn fits(&self, span: &Span, pos: Pos) -> bool {
        let time = self.time(pos);
        let event = self.records.event(self.log.rows[pos as usize]);
        let kind = event.map(|event| self.records.events.kind(event));
        let is_stop = matches!(kind, Some(Kind::EventLogStopped | Kind::EventLogStoppedClean));
        let is_same = |stopped: Timestamp| time.since(stopped).abs() <= AFTER_STOP;
        span.has(time) && (!is_stop || span.stopped.is_some_and(is_same))
    }

    /// Since when the clock ran on that a record was written by, if it had shown a time of a span before it was set to that.
    fn set_since(&self, span: &Span, pos: Pos) -> Option<Timestamp> {
        let n = self.steps.partition_point(|step| step.at <= pos);
        let before = self.steps[..n].iter().rev().take(LOOK_AHEAD);
        let mut until = self.time(pos);
        for step in before {
            if until < step.to {
                return None;
            }
            if span.has(step.from) {
                return Some(self.steps[n - 1].to);
            }
            until = step.from;
        }
        None
    }

    /// When the clock of a run began to run, if it was not set by more than System tells before it showed a time.
    fn began(&self, run: usize, showed: Timestamp) -> Timestamp {
        let first = self.spans[self.spans.partition_point(|span| span.run < run)].from;
        if first <= showed { first } else { Timestamp::MIN }
    }

    fn is_late(&self, pos: Pos) -> bool {
        is_late(self.records, self.log.rows[pos as usize])
    }

    fn time(&self, pos: Pos) -> Timestamp {
        self.records.time[self.log.rows[pos as usize] as usize]
    }

    /// What the clock showed before it was set, if a record tells of that.
    fn clock_set(&self, pos: Pos) -> Option<Timestamp> {
        set(self.records, self.log.rows[pos as usize]).map(|(from, _)| from)
    }
}
