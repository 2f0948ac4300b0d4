//! When a machine started: the starts that Security and System show, joined (domain.md C.3, rules 11 and 14 to 16).

use super::numbered::Numbered;
use super::place::{Place, Run, places};
use super::starts::{LOOK_BACK_RECORDS, Start, ends_a_start, security_starts};
use super::system_starts::{BEFORE_KERNEL, SAME_START, has_kernel, is_beside_gap, is_of_kind, system_starts};
use crate::event::{Kind, Records, RowIdx};
use crate::machine::{Boot, Lineage, Machine, Pos};
use crate::time::{SECOND, Timestamp};
use std::ops::Range;

/// What is written so shortly before the event log service tells of its start is of the same start: no computer stops
/// and starts again faster.
const BEFORE_SERVICE: i64 = 10 * SECOND;

/// Cuts a machine's logs into boots.
#[inline(never)]
pub fn boots(records: &Records, machine: &Machine) -> Vec<Boot> {
    let empty = Lineage::default();
    let lineage = |n: Option<usize>| n.map_or(&empty, |n| &machine.lineages[n]);
    let (security, system) = (lineage(machine.security), lineage(machine.system));
    let system_starts = system_starts(records, system);
    let starts = security_starts(records, security, &system_starts);
    // A start writes a 4624 of its own, where those are audited: if none is there, it is among those that are missing.
    let is_logon = |&row: &RowIdx| is_of_kind(records, row, Kind::Logon);
    let has_lost_own = !security.gaps.is_empty() && security.rows.iter().any(is_logon);
    let security_has_own = has_lost_own || starts.iter().any(|start| start.since.is_none());
    let system_has_own = !system_starts.is_empty();
    let pairing = Pairing { records, security, system, security_has_own, system_has_own };
    let mut cuts = pairing.cuts(starts, system_starts);
    let numbered = Numbered::of(records, machine);
    if cuts.is_empty() {
        cuts = numbered.alone(security, system);
    }
    numbered.put(security, &mut cuts);
    assemble(cuts, security, system)
}

/// So many starts of System are looked at for the one at the very moment of Security's.
const LOOK_AHEAD: usize = 16;

/// A start of the machine, and where its records begin in both logs.
pub struct Cut {
    pub at: Timestamp,
    /// Where `at` is merely a moment after the start: one before it.
    pub since: Option<Timestamp>,
    /// Ticks by which the clock was put right within its first minutes (rule 18).
    pub moved: i64,
    pub anchors: Vec<RowIdx>,
    pub security: Pos,
    /// Where Security's place of it is not certain: the places between which it is.
    pub within: Range<Pos>,
    pub system: Pos,
}

impl Cut {
    /// Whether this start of System may be one that in Security is only told.
    fn may_be(&self, start: &Start) -> bool {
        start.since.is_some() && self.within.start <= start.pos && start.pos <= self.within.end
    }

    /// A start that Security only told, as System shows it.
    fn shown_by(mut self, start: Start) -> Cut {
        self.anchors.extend(start.anchors);
        Cut { at: start.at, since: None, moved: start.moved, system: start.pos, ..self }
    }

    fn take(&mut self, start: Start) {
        (self.security, self.within) = (start.pos, start.within);
        self.anchors.extend(start.anchors);
    }
}

/// Joins the starts of both logs in their order (rule 11).
struct Pairing<'a> {
    records: &'a Records,
    security: &'a Lineage,
    system: &'a Lineage,
    /// Whether each log writes of starts.
    security_has_own: bool,
    system_has_own: bool,
}

/// What a start of Security is joined to: the starts that System alone has before it, up to a number, and its own.
struct Match {
    system_before: usize,
    twin: Option<usize>,
}

impl Pairing<'_> {
    fn cuts(&self, starts: Vec<Start>, twins: Vec<Start>) -> Vec<Cut> {
        let matches = self.matches(&starts, &twins);
        let mut cuts: Vec<Cut> = Vec::new();
        let mut alone: Vec<Start> = Vec::new();
        let mut twins = twins.into_iter();
        let system_end = self.system.rows.len() as Pos;
        let next_of = |twins: &[Start]| twins.first().map_or(system_end, |next| next.pos);
        let mut n_taken = 0;
        for (start, Match { system_before, twin }) in starts.into_iter().zip(matches) {
            if system_before > n_taken || twin.is_some() {
                let end = (start.pos, next_of(twins.as_slice()));
                self.security_only(std::mem::take(&mut alone), end, &mut cuts);
            }
            let others: Vec<Start> = twins.by_ref().take(system_before - n_taken).collect();
            let has_others = !others.is_empty();
            self.system_only(others, (start.pos, next_of(twins.as_slice())), &mut cuts);
            n_taken = system_before + usize::from(twin.is_some());
            match (twin.and_then(|_| twins.next()), cuts.last_mut()) {
                (Some(twin), _) => cuts.push(self.both(start, twin)),
                (None, Some(last)) if has_others && last.may_be(&start) => last.take(start),
                (None, last) => {
                    let from = last.map_or(0, |cut| cut.system);
                    if !self.is_denied(&start, from, next_of(twins.as_slice())) {
                        alone.push(start);
                    }
                }
            }
        }
        let security_end = self.security.rows.len() as Pos;
        self.security_only(alone, (security_end, next_of(twins.as_slice())), &mut cuts);
        self.system_only(twins.collect(), (security_end, system_end), &mut cuts);
        cuts
    }

    fn matches(&self, starts: &[Start], twins: &[Start]) -> Vec<Match> {
        let mut matches = Vec::with_capacity(starts.len());
        let mut next = 0;
        for (n, start) in starts.iter().enumerate() {
            // By a clock that was turned back at a start, an earlier one is not of a start before it.
            let is_later = |other: &Start| {
                let mut ahead = starts[n + 1..].iter().take(LOOK_AHEAD).filter(|later| later.since.is_none());
                ahead.any(|later| self.is_same(later, other))
            };
            let is_passed =
                |other: &Start| other.at < start.at && !self.is_same(start, other) && !is_later(other);
            while start.since.is_none() && twins.get(next).is_some_and(is_passed) {
                next += 1;
            }
            // Of the starts that lie in a gap, what comes after the gap is of the last, but for that of a later start.
            let told = start.since.and_then(|_| {
                let later = starts[n + 1..].iter().take(LOOK_AHEAD);
                let is_of_later = |m: usize| later.clone().any(|later| self.is_exact(later, &twins[m]));
                let ahead = (next..twins.len()).take(LOOK_AHEAD);
                ahead.rev().find(|&m| self.is_same(start, &twins[m]) && !is_of_later(m))
            });
            let earliest = earliest(start).filter(|_| told.is_none());
            while earliest.is_some_and(|earliest| twins.get(next).is_some_and(|other| other.at < earliest)) {
                next += 1;
            }
            let candidates = (next..twins.len()).take_while(|&m| self.is_same(start, &twins[m]));
            let exact = || self.exact_twin(start, twins, next);
            let twin = exact().or_else(|| match start.since {
                Some(_) => told,
                None => candidates.min_by_key(|&m| apart(start, &twins[m])).filter(|&m| {
                    let rivals =
                        starts[n + 1..].iter().take(LOOK_AHEAD).filter(|rival| rival.since.is_none());
                    let is_nearer = |rival: &Start| apart(rival, &twins[m]) < apart(start, &twins[m]);
                    let mut rivals = rivals.filter(|rival| self.is_same(rival, &twins[m]));
                    !rivals.any(is_nearer)
                }),
            });
            let system_before = twin.unwrap_or(next);
            next = system_before + usize::from(twin.is_some());
            matches.push(Match { system_before, twin });
        }
        matches
    }

    /// The start of System at the very moment of one of Security. Where a clock was turned back at a start (rule 21), and
    /// Security has lost others, it need not be the next.
    fn exact_twin(&self, start: &Start, twins: &[Start], next: usize) -> Option<usize> {
        let ahead = (next..twins.len()).take(LOOK_AHEAD);
        let exact = ahead.filter(|&m| self.is_exact(start, &twins[m]));
        let apart = |m: usize| twins[m].at.since(start.at).abs();
        // Two starts may show one moment; what was done to the clock after it tells them apart.
        exact.min_by_key(|&m| (twins[m].moved.abs_diff(start.moved) > SAME_START as u64, apart(m)))
    }

    /// Whether a start that Security shows was at the very moment at which System's kernel started.
    fn is_exact(&self, start: &Start, twin: &Start) -> bool {
        let is_shown = start.since.is_none() && has_kernel(self.records, twin);
        is_shown && twin.at.since(start.at).abs() <= BEFORE_KERNEL
    }

    /// Whether a start of Security and one of System may be the same.
    fn is_same(&self, start: &Start, twin: &Start) -> bool {
        if let Some(earliest) = earliest(start) {
            let is_within = |at: Timestamp| earliest <= at && at <= start.at;
            return is_within(twin.at) || is_within(twin.at.plus(twin.moved));
        }
        let is_before_kernel =
            has_kernel(self.records, twin) && start.moved == 0 && twin.at.since(start.at) > BEFORE_KERNEL;
        apart(start, twin) < SAME_START && !is_before_kernel && !self.is_used_between(start, twin)
    }

    /// Whether somebody logged on, or the log was stopped, after System's start and before Security's (rule 8).
    fn is_used_between(&self, start: &Start, twin: &Start) -> bool {
        let row = |pos: Pos| self.security.rows[pos as usize];
        let from = start.pos.saturating_sub(LOOK_BACK_RECORDS);
        let is_between = |pos: &Pos| {
            let at = self.records.time[row(*pos) as usize];
            twin.at < at && at < start.at
        };
        let between = (from..start.pos).rev().take_while(is_between);
        let mut events = between.filter_map(|pos| self.records.event(row(pos)));
        let is_ordinary = twin.at < start.at && start.moved == 0;
        is_ordinary && events.any(|event| ends_a_start(self.records, self.records.events.said(event)))
    }

    /// Whether System, which misses nothing of that time, shows that what is told of a start beside a gap was none.
    fn is_denied(&self, start: &Start, from: Pos, end: Pos) -> bool {
        let Some(since) = start.since.filter(|_| start.anchors.is_empty()) else { return false };
        let rows = &self.system.rows[from as usize..end as usize];
        let place = |at: Timestamp| rows.partition_point(|&row| self.records.time[row as usize] < at) as Pos;
        let (before, after) = (place(since), place(start.at));
        // A record on each side of it, and none missing between.
        before > 0 && after < end - from && !self.system.has_gap(from + before - 1, from + after)
    }

    /// Starts that only System has, in a row: Security begins later, has a gap there, or does not audit what would show
    /// them. Up to `end`, where the next begins in both logs.
    fn system_only(&self, mut starts: Vec<Start>, end: (Pos, Pos), cuts: &mut Vec<Cut>) {
        let Some(first) = starts.first() else { return };
        if self.is_told_before(first, cuts) {
            let (start, told) = (starts.remove(0), cuts.pop());
            cuts.extend(told.map(|told| told.shown_by(start)));
            return self.system_only(starts, end, cuts);
        }
        let last = cuts.last();
        // One that is only told may be the first of these.
        let told = last.filter(|cut| cut.since.is_some()).map(|cut| cut.security);
        let range = told.or(last.map(|cut| cut.security + 1)).unwrap_or(0).min(end.0)..end.0;
        let began = last.map_or(Timestamp::MIN, |cut| cut.at);
        let mut runs = vec![Run { began, rows: last.map_or(0, |cut| cut.system)..first.pos }];
        for (n, start) in starts.iter().enumerate() {
            let next = starts.get(n + 1).map_or(end.1, |next| next.pos);
            runs.push(Run { began: self.began(start), rows: start.pos..next });
        }
        let places = places(self.records, self.security, self.system, range, &runs, self.security_has_own);
        if told.is_some_and(|told| places[0].at == told) {
            cuts.pop();
        }
        cuts.extend(starts.into_iter().zip(places).map(|(start, Place { at, within })| Cut {
            at: start.at,
            since: None,
            moved: start.moved,
            anchors: start.anchors,
            security: at,
            within,
            system: start.pos,
        }));
    }

    /// Whether the last start is one that Security only tells, and System misses none since the one before it: it is this
    /// one then, whatever their clocks showed.
    fn is_told_before(&self, first: &Start, cuts: &[Cut]) -> bool {
        let is_told = cuts.last().is_some_and(|cut| cut.since.is_some() && !cut.anchors.is_empty());
        let before = cuts.len().checked_sub(2).map(|before| cuts[before].system);
        is_told && before.is_some_and(|before| !self.system.has_gap(before, first.pos))
    }

    /// When a start began at the latest. Of one whose kernel's own record is lost System has only what comes seconds
    /// later.
    fn began(&self, start: &Start) -> Timestamp {
        let is_lost = !has_kernel(self.records, start) && is_beside_gap(self.system, start);
        if is_lost { start.at.plus(-BEFORE_SERVICE) } else { start.at }
    }

    fn both(&self, start: Start, twin: Start) -> Cut {
        let security = self.since_kernel(&start, &twin);
        // The kernel's own word is the earliest. Where it is missing, Security begins before System does.
        // A clock that was put right minutes later had shown both, if they are this near.
        let is_by_one_clock = start.moved == 0 || twin.at.since(start.at).abs() < SAME_START;
        let is_earlier = !has_kernel(self.records, &twin) && is_by_one_clock && start.since.is_none();
        Cut {
            at: if is_earlier { twin.at.min(start.at) } else { twin.at },
            since: None,
            moved: if start.moved == 0 { twin.moved } else { start.moved },
            security,
            within: if security == start.pos { start.within } else { security..security },
            anchors: start.anchors.into_iter().chain(twin.anchors).collect(),
            system: twin.pos,
        }
    }

    /// Where a start begins in Security: what was written before its kernel started is of the boot before. A 1101 tells
    /// nothing of the time (rule 10), nor does a clock that was put right.
    fn since_kernel(&self, start: &Start, twin: &Start) -> Pos {
        // One without anchors, where would it end?
        let is_known = start.since.is_none() && !start.anchors.is_empty();
        if start.moved != 0 || !is_known || !has_kernel(self.records, twin) {
            return start.pos;
        }
        let first = twin.at.plus(-BEFORE_KERNEL);
        let row = |pos: Pos| self.security.rows[pos as usize];
        let time = |pos: Pos| self.records.time[row(pos) as usize];
        let end = self.security.rows.len().min((start.pos + LOOK_BACK_RECORDS) as usize) as Pos;
        let own = (start.pos..end).take_while(|&pos| !start.anchors.contains(&row(pos)));
        let is_before =
            |pos: &Pos| time(*pos) < first && !is_of_kind(self.records, row(*pos), Kind::AuditEventsDropped);
        own.filter(is_before).last().map_or(start.pos, |before| before + 1)
    }

    /// Starts that only Security has, in a row: System begins later, or has a gap there.
    fn security_only(&self, starts: Vec<Start>, end: (Pos, Pos), cuts: &mut Vec<Cut>) {
        let Some(first) = starts.first() else { return };
        let last = cuts.last();
        let range = last.map_or(0, |cut| cut.system + 1).min(end.1)..end.1;
        let began = last.map_or(Timestamp::MIN, |cut| cut.at);
        let mut runs = vec![Run { began, rows: last.map_or(0, |cut| cut.security)..first.pos }];
        for (n, start) in starts.iter().enumerate() {
            let next = starts.get(n + 1).map_or(end.0, |next| next.pos);
            let began = start.since.map_or(start.at, |since| since.min(start.at)).plus(-BEFORE_KERNEL);
            runs.push(Run { began, rows: start.pos..next });
        }
        let places = match range.is_empty() {
            true => vec![end.1; starts.len()],
            false => {
                let places =
                    places(self.records, self.system, self.security, range, &runs, self.system_has_own);
                places.into_iter().map(|place| place.at).collect()
            }
        };
        // A start that is only told was before the clock was put right, if that was put forward minutes after it.
        let at = |start: &Start| start.since.map_or(start.at, |_| start.at.plus(start.moved.max(0)));
        cuts.extend(starts.into_iter().zip(places).map(|(start, system)| Cut {
            at: at(&start),
            since: start.since,
            moved: start.since.map_or(start.moved, |_| start.moved.min(0)),
            anchors: start.anchors,
            security: start.pos,
            within: start.within,
            system,
        }));
    }
}

/// When a start of which no record is left was at the earliest. By a clock that was turned back at it, what is known is
/// that what is left beside it comes soon after it.
fn earliest(start: &Start) -> Option<Timestamp> {
    start.since.map(|since| if since <= start.at { since } else { start.at.plus(-SAME_START) })
}

/// How far apart two starts are, each by the clock as it was, or as it was put right minutes later.
fn apart(start: &Start, twin: &Start) -> i64 {
    let times = |start: &Start| [start.at, start.at.plus(start.moved)];
    let pairs = times(start).into_iter().flat_map(|a| times(twin).map(|b| a.since(b).saturating_abs()));
    pairs.min().unwrap_or(i64::MAX)
}

/// The first place in a range whose record is not older than a moment.
pub fn first_since(records: &Records, lineage: &Lineage, range: Range<Pos>, at: Timestamp) -> Option<Pos> {
    range.into_iter().find(|&pos| records.time[lineage.rows[pos as usize] as usize] >= at)
}

/// No record is of two boots, whatever the times in a log make of its starts.
fn hold_order(cuts: &mut [Cut]) {
    for n in 1..cuts.len() {
        cuts[n].security = cuts[n].security.max(cuts[n - 1].security);
        cuts[n].system = cuts[n].system.max(cuts[n - 1].system);
    }
}

/// Boot 0 is what the logs have before the first start.
fn assemble(mut cuts: Vec<Cut>, security: &Lineage, system: &Lineage) -> Vec<Boot> {
    hold_order(&mut cuts);
    let mut boots = vec![Boot::default()];
    let (end, system_end) = (security.rows.len() as Pos, system.rows.len() as Pos);
    let next = |n: usize| {
        let next = cuts.get(n).map(|cut| (cut.security, cut.within.start, cut.system));
        next.unwrap_or((end, end, system_end))
    };
    let (first, sure, first_system) = next(0);
    (boots[0].security, boots[0].sure, boots[0].system) = (0..first, 0..sure, 0..first_system);
    for (n, cut) in cuts.iter().enumerate() {
        boots[n].next_since = cut.since;
        let (security, sure, system) = next(n + 1);
        boots.push(Boot {
            security: cut.security..security,
            sure: cut.within.end..sure.max(cut.within.end),
            system: cut.system..system,
            has_start: cut.since.is_none() && !cut.anchors.is_empty(),
            start: Some(cut.at),
            anchors: cut.anchors.clone(),
            ..Boot::default()
        });
    }
    boots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boots_share_no_record_though_their_starts_are_out_of_order() {
        let lineage = Lineage { rows: (0..20).collect(), ..Lineage::default() };
        let cut = |security, system| Cut {
            at: Timestamp::MIN,
            since: None,
            moved: 0,
            anchors: Vec::new(),
            security,
            within: security..security,
            system,
        };
        let boots = assemble(vec![cut(9, 4), cut(6, 8), cut(12, 7)], &lineage, &lineage);
        let security: Vec<_> = boots.iter().map(|boot| boot.security.clone()).collect();
        let system: Vec<_> = boots.iter().map(|boot| boot.system.clone()).collect();
        assert_eq!(security, [0..9, 9..9, 9..12, 12..20]);
        assert_eq!(system, [0..4, 4..8, 8..8, 8..20]);
    }
}
