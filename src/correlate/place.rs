//! Where in one of Security and System a machine's starts lie that the other alone shows (domain.md C.1, 5; C.3, rules
//! 11 and 21).
//!
//! The other's records are in order, so they tell what the clock showed in each boot, whatever it was set to in between.
//! The log's records between two starts that it shows itself are in order, too: gone through forwards each is of the
//! earliest boot whose clock showed its time, backwards of the latest. A start lies between the two places that this
//! gives; and its own records are missing there.

use super::clock::MIN_UNTOLD;
use super::moments::Moments;
use super::starts::LUID_SWAP;
use super::stops::is_late;
use crate::event::{Field, Kind, LogonId, Records};
use crate::machine::{Lineage, Pos};
use crate::time::{MINUTE, SECOND, Timestamp};
use std::ops::Range;

/// A start writes at least so many records: 4608, the 4624 of the system, 4902; in System 12, 6009, 6005.
const START_WRITES: u64 = 3;

/// Times that fall by more show that the clock was set.
const SWAPPED: i64 = 10 * SECOND;

/// A log is written on for this long after the event log service stopped.
const AFTER_STOP: i64 = MINUTE;

/// System and Security tell of one step within this time.
const SAME_STEP: i64 = MINUTE;

/// So many spans are looked at for a record that does not fit where its neighbours do.
const LOOK_AHEAD: usize = 64;

/// A boot as the other log shows it: when its clock began to run, and its records.
pub struct Run {
    pub began: Timestamp,
    pub rows: Range<Pos>,
}

/// Where a log goes on after a start, and the places between which that is certain to lie.
#[derive(Clone)]
pub struct Place {
    pub at: Pos,
    pub within: Range<Pos>,
}

/// A span in which the clock of a boot ran on, as it showed it.
#[derive(Clone, Copy)]
struct Span {
    run: usize,
    from: Timestamp,
    to: Timestamp,
    /// When the event log service stopped at its end.
    stopped: Option<Timestamp>,
}

/// The places of all runs but the first, within a range of the log's records that is after the start of the first.
pub fn places(
    records: &Records,
    log: &Lineage,
    other: &Lineage,
    range: Range<Pos>,
    runs: &[Run],
) -> Vec<Place> {
    let mut spans = spans(records, other, runs);
    // Where the other log begins with its first record of all, nothing was written before it.
    let is_first = other.rows.first().is_some_and(|&row| records.id[row as usize] == 1);
    if is_first && runs[0].rows.is_empty() {
        spans.retain(|span| span.run > 0);
    }
    let walk = Walk { records, log, spans, n_runs: runs.len(), steps: steps(records, log, range.clone()) };
    let (mut earliest, mut latest) = (walk.backwards(range.clone()), walk.forwards(range.clone()));
    let rows = &log.rows[range.start as usize..range.end as usize];
    let told = told(records, other, runs).places(records, rows);
    narrow(told.into_iter().map(|(n, run)| (range.start + n as Pos, run)), &mut earliest, &mut latest);
    if runs.len() == 2
        && let Some(luids) = luid_restart(records, log, range.clone())
    {
        let (first, last) = (earliest[1].max(luids.start), latest[1].min(luids.end));
        if first <= last {
            (earliest[1], latest[1]) = (first, last);
        }
    }
    let mut floor = range.start;
    let mut place = |n: usize| {
        let (earliest, latest) = (earliest[n].max(floor), latest[n].max(earliest[n]).max(floor));
        let place = choose(records, log, earliest, latest);
        floor = place.at;
        place
    };
    (1..runs.len()).map(&mut place).collect()
}

/// The places between which LogonIds begin again, if they do: a start that is known to be there need not be shown by
/// as many records between them as one that nothing else tells (rule 9).
fn luid_restart(records: &Records, log: &Lineage, range: Range<Pos>) -> Option<Range<Pos>> {
    let mut greatest: Option<(LogonId, Pos)> = None;
    for pos in range {
        let row = log.rows[pos as usize];
        let logon = records.event(row).filter(|&event| records.events.kind(event) == Kind::Logon);
        let luid = logon.and_then(|event| records.events.luid(event, Field::TargetLogonId));
        let Some(luid) = luid.filter(|luid| !luid.is_fixed()) else { continue };
        match greatest.filter(|&(greatest, _)| luid < greatest) {
            Some((_, last)) => {
                let last_at = records.time[log.rows[last as usize] as usize];
                if records.time[row as usize].since(last_at).abs() > LUID_SWAP {
                    return Some(last + 1..pos);
                }
            }
            None => greatest = Some((luid, pos)),
        }
    }
    None
}

/// What the other log tells of in each run.
fn told(records: &Records, other: &Lineage, runs: &[Run]) -> Moments {
    let rows = |n: usize| other.rows[runs[n].rows.start as usize..runs[n].rows.end as usize].iter();
    Moments::of(records, (0..runs.len()).flat_map(|n| rows(n).map(move |&row| (row, n))))
}

/// Between two records of which it is known in which run they were written begin the runs that are between.
fn narrow(told: impl Iterator<Item = (Pos, usize)>, earliest: &mut [Pos], latest: &mut [Pos]) {
    let mut last: Option<(Pos, usize)> = None;
    for (pos, run) in told {
        let next = last.map_or(0, |(_, run)| run) + 1;
        for n in next..=run {
            earliest[n] = earliest[n].max(last.map_or(0, |(pos, _)| pos + 1));
            latest[n] = latest[n].min(pos);
        }
        last = Some((pos, run));
    }
    if let Some((pos, run)) = last {
        earliest[run + 1..].iter_mut().for_each(|earliest| *earliest = (*earliest).max(pos + 1));
    }
}

/// What the clock showed in each boot.
fn spans(records: &Records, other: &Lineage, runs: &[Run]) -> Vec<Span> {
    let mut spans = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        let mut span = Span { run: n, from: run.began, to: Timestamp::MAX, stopped: None };
        let mut last = run.began;
        let mut stopped = None;
        for &row in &other.rows[run.rows.start as usize..run.rows.end as usize] {
            let at = records.time[row as usize];
            let event = records.event(row);
            if is_late(records, row) {
                continue;
            }
            let kind = event.map(|event| records.events.kind(event));
            let time = |field| event.and_then(|event| records.events.time(event, field));
            let set =
                (kind == Some(Kind::ClockSet)).then(|| time(Field::PreviousTime).zip(time(Field::NewTime)));
            if let Some((from, to)) = set.flatten().filter(|(from, to)| to.since(*from).abs() > SWAPPED) {
                spans.push(Span { to: from, ..span });
                (span.from, last, stopped) = (to, to, None);
            } else if last.since(at) > MIN_UNTOLD {
                // Nobody knows how far the clock had run, and from when on it ran again.
                spans.push(span);
                (span.from, last, stopped) = (Timestamp::MIN, at, None);
            }
            last = last.max(at);
            stopped = match kind {
                Some(Kind::EventLogStopped | Kind::EventLogStoppedClean) => Some(at),
                _ => stopped.filter(|&stopped: &Timestamp| at.since(stopped) <= AFTER_STOP),
            };
        }
        let next = runs.get(n + 1).map(|next| next.began).filter(|&next| last.since(next) <= SWAPPED);
        let ended = stopped.map(|stopped| stopped.plus(AFTER_STOP));
        span.to = ended.into_iter().chain(next).min().unwrap_or(Timestamp::MAX);
        span.stopped = stopped;
        spans.push(span);
    }
    spans
}

/// What the log itself tells of the clock: the record after a step, and what was shown before it and after it.
struct Step {
    at: Pos,
    from: Timestamp,
    to: Timestamp,
}

fn steps(records: &Records, log: &Lineage, range: Range<Pos>) -> Vec<Step> {
    let step = |at: Pos| {
        let row = log.rows[at as usize];
        let event = records.event(row).filter(|&event| records.events.kind(event) == Kind::ClockSet)?;
        let from = records.events.time(event, Field::PreviousTime)?;
        Some(Step { at, from, to: records.time[row as usize] })
    };
    range.filter_map(step).collect()
}

struct Walk<'a> {
    records: &'a Records,
    log: &'a Lineage,
    spans: Vec<Span>,
    n_runs: usize,
    steps: Vec<Step>,
}

impl Walk<'_> {
    /// The first record of each run, or the end of the range, if each record is of the earliest run that it may be of.
    fn forwards(&self, range: Range<Pos>) -> Vec<Pos> {
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
    fn backwards(&self, range: Range<Pos>) -> Vec<Pos> {
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
        let event = self.records.event(self.log.rows[pos as usize])?;
        let is_set = self.records.events.kind(event) == Kind::ClockSet;
        self.records.events.time(event, Field::PreviousTime).filter(|_| is_set)
    }
}

impl Span {
    fn has(&self, time: Timestamp) -> bool {
        self.from <= time && time < self.to
    }
}

/// Of the places between two, where most records are missing.
fn choose(records: &Records, log: &Lineage, earliest: Pos, latest: Pos) -> Place {
    let certain = Place { at: latest, within: latest..latest };
    if earliest == latest {
        return certain;
    }
    let id = |pos: Pos| records.id[log.rows[pos as usize] as usize];
    let n_missing = |pos: Pos| match pos {
        0 => log.rows.first().map_or(0, |&row| records.id[row as usize].saturating_sub(1)),
        pos if pos as usize == log.rows.len() || log.seams.binary_search(&pos).is_ok() => u64::MAX,
        pos => id(pos).saturating_sub(id(pos - 1)).saturating_sub(1),
    };
    let next = log.gaps.partition_point(|&gap| gap < earliest);
    let gaps = log.gaps[next..].iter().copied().take_while(|&gap| gap <= latest);
    let ends = [0, log.rows.len() as Pos].into_iter().filter(|end| (earliest..=latest).contains(end));
    let places: Vec<Pos> = gaps.chain(ends).filter(|&pos| n_missing(pos) >= START_WRITES).collect();
    let (first, last) = (places.iter().min(), places.iter().max());
    match (places.iter().max_by_key(|&&pos| (n_missing(pos), pos)), first.zip(last)) {
        (Some(&at), Some((&first, &last))) => Place { at, within: first..last },
        _ => Place { within: earliest..latest, ..certain },
    }
}
