//! What the clock showed in each boot, as the other log tells.

use super::Run;
use crate::correlate::clock::{MIN_UNTOLD, SWAPPED, set};
use crate::correlate::stops::is_late;
use crate::event::{Kind, Records};
use crate::machine::Lineage;
use crate::time::{MINUTE, Timestamp};

/// A log is written on for this long after the event log service stopped.
pub const AFTER_STOP: i64 = MINUTE;

/// A span in which the clock of a boot ran on, as it showed it.
#[derive(Clone, Copy)]
pub struct Span {
    pub run: usize,
    pub from: Timestamp,
    pub to: Timestamp,
    /// When the event log service stopped at its end.
    pub stopped: Option<Timestamp>,
}

/// What the clock showed in each boot.
pub fn spans(records: &Records, other: &Lineage, runs: &[Run]) -> Vec<Span> {
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
            if let Some((from, to)) = set(records, row).filter(|(from, to)| to.since(*from).abs() > SWAPPED) {
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

impl Span {
    pub fn has(&self, time: Timestamp) -> bool {
        self.from <= time && time < self.to
    }
}
