//! One log of a machine: its records from all sources in the order in which Windows wrote them, each once, and where
//! some are missing (domain.md C.1, rules 3, 4 and 6).

use super::{Group, START_RECORDS, begins_with_start, has_same_content};
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::{Lineage, Pos};
use crate::parallel;
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// No computer stops and starts faster.
const MIN_RESTART: i64 = 10 * SECOND;

/// Records that a core goes through in a row.
const IN_ROW: usize = 1 << 16;

/// Records of one id and moment that a record is compared with: more are no copies, and a made-up log could have millions.
const MAX_VERSIONS: usize = 16;

/// Events of the event log's own trouble: 106 in System, the others in Security (rule 6).
const TELL_OF_LOSS: [u32; 6] = [106, 1101, 1104, 1106, 1107, 1108];

/// Events that tell of a clock that was set: 4616 in Security, 1 in System.
const TELL_OF_CLOCK: [u32; 2] = [1, 4616];

/// Whose events tell of logons.
const AUDITING: &str = "Microsoft-Windows-Security-Auditing";

/// Where the records of a group stand in their log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// Of a log that was deleted and made anew, which one: record ids begin again with each.
    pub number: u32,
    /// Whether its record ids are not those of the log: a copy that was numbered anew.
    pub is_renumbered: bool,
}

/// A run of records that are numbered alike.
struct Part {
    rows: Vec<RowIdx>,
    /// Places of records whose ids are another numbering's, ascending.
    foreign: Vec<Pos>,
}

/// One log of a machine from all its sources: ordered by record id (rule 4), each record once (rule 3). The segments of
/// a log that was made anew follow each other by their first records' times: nothing else orders them.
#[inline(never)]
pub fn lineage(
    records: &Records,
    mut groups: Vec<(Segment, Group)>,
    rank: &[u32],
    duplicates: &mut [u64],
) -> Lineage {
    let first = groups.first().and_then(|(_, group)| group.rows.first());
    let channel = first.map_or(StrId::NONE, |&row| records.signature(row).channel);
    groups.sort_by_key(|(segment, _)| *segment);
    let mut parts: Vec<(u32, Part)> = Vec::new();
    let mut groups = groups.into_iter().peekable();
    while let Some((segment, group)) = groups.next() {
        let mut own = vec![group];
        while let Some((_, group)) = groups.next_if(|(other, _)| *other == segment) {
            own.push(group);
        }
        let rows = ordered(records, own, rank, duplicates);
        match parts.last_mut().filter(|(number, _)| segment.is_renumbered && *number == segment.number) {
            Some((_, part)) => part.add_copy(records, rows, duplicates),
            None => parts.push((segment.number, Part { rows, foreign: Vec::new() })),
        }
    }
    let time = |part: &Part| part.rows.first().map(|&row| records.time[row as usize]);
    parts.sort_by_key(|(number, part)| (time(part), *number));
    joined(records, channel, parts.into_iter().map(|(_, part)| part))
}

/// The records of groups by id.
#[inline(never)]
fn ordered(records: &Records, groups: Vec<Group>, rank: &[u32], duplicates: &mut [u64]) -> Vec<RowIdx> {
    let id = |row: RowIdx| (records.id[row as usize], records.time[row as usize]);
    let may_repeat = groups.len() > 1 || groups.iter().any(|group| group.may_repeat);
    let mut runs: Vec<Vec<RowIdx>> = groups.into_iter().map(|group| group.rows).collect();
    // Archives of one log follow each other: in their order there is little left to sort.
    runs.sort_by_key(|rows| rows.first().map(|&row| id(row)));
    let is_one = runs.len() == 1;
    let mut runs = runs.into_iter();
    let mut all = runs.next().unwrap_or_default();
    if !is_one {
        all.extend(runs.flatten());
        let rest = |row: RowIdx| {
            let span = records.span(row);
            (records.signature(row).event_id, rank[span.source as usize], span.chunk)
        };
        all.sort_by(|&a, &b| id(a).cmp(&id(b)).then_with(|| rest(a).cmp(&rest(b))));
    }
    if may_repeat { dedupe(records, all, duplicates) } else { all }
}

#[inline(never)]
fn dedupe(records: &Records, rows: Vec<RowIdx>, duplicates: &mut [u64]) -> Vec<RowIdx> {
    let is_alike = |a: RowIdx, b: RowIdx| {
        let (a, b) = (a as usize, b as usize);
        records.id[a] == records.id[b] && records.time[a] == records.time[b]
    };
    // Most logs are there once: a look at neighbours is all they cost.
    if rows.windows(2).all(|pair| !is_alike(pair[0], pair[1])) {
        return rows;
    }
    let mut kept: Vec<RowIdx> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut beside = kept.iter().rev().take_while(|&&other| is_alike(row, other)).take(MAX_VERSIONS);
        match beside.any(|&other| has_same_content(records, row, other)) {
            true => duplicates[records.span(row).source as usize] += 1,
            false => kept.push(row),
        }
    }
    kept
}

impl Part {
    /// Adds what a copy with other record ids has and this does not, each record after the one that the copy has before
    /// it.
    fn add_copy(&mut self, records: &Records, copy: Vec<RowIdx>, duplicates: &mut [u64]) {
        let key = |row: RowIdx| (records.time[row as usize], records.signature(row).event_id);
        let mut by_key: FxHashMap<(Timestamp, u32), Vec<usize>> = FxHashMap::default();
        for (n, &row) in copy.iter().enumerate() {
            by_key.entry(key(row)).or_default().push(n);
        }
        let mut place: Vec<Option<usize>> = vec![None; copy.len()];
        for (pos, &row) in self.rows.iter().enumerate() {
            let Some(same) = by_key.get_mut(&key(row)) else { continue };
            let is_same = |&&n: &&usize| has_same_content(records, row, copy[n]);
            if let Some(n) = same.iter().take(MAX_VERSIONS).find(is_same).copied() {
                same.retain(|&other| other != n);
                place[n] = Some(pos);
            }
        }
        let first = place.iter().flatten().next().copied().unwrap_or(self.rows.len());
        let mut after = first;
        let mut own: Vec<(usize, RowIdx)> = Vec::new();
        for (&row, place) in copy.iter().zip(&place) {
            match place {
                Some(place) => {
                    duplicates[records.span(row).source as usize] += 1;
                    after = place + 1;
                }
                None => own.push((after, row)),
            }
        }
        own.sort_by_key(|&(after, _)| after);
        self.insert(own);
    }

    /// Inserts records of another numbering, each before the record at a place.
    fn insert(&mut self, own: Vec<(usize, RowIdx)>) {
        if own.is_empty() {
            return;
        }
        let before = std::mem::take(&mut self.rows);
        let known = std::mem::take(&mut self.foreign);
        let (mut known, mut own) = (known.into_iter().peekable(), own.into_iter().peekable());
        for place in 0..=before.len() {
            while let Some((_, row)) = own.next_if(|&(after, _)| after == place) {
                self.foreign.push(self.rows.len() as Pos);
                self.rows.push(row);
            }
            if known.next_if(|&pos| pos as usize == place).is_some() {
                self.foreign.push(self.rows.len() as Pos);
            }
            self.rows.extend(before.get(place));
        }
    }
}

/// The parts of a log, one after the other.
#[inline(never)]
fn joined(records: &Records, channel: StrId, parts: impl Iterator<Item = Part>) -> Lineage {
    let (mut rows, mut foreign, mut seams) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        let start = rows.len() as Pos;
        if rows.is_empty() {
            rows = part.rows;
        } else {
            seams.push(start);
            rows.extend(part.rows);
        }
        foreign.extend(part.foreign.into_iter().map(|pos| start + pos));
    }
    let time = |pos: Pos| records.time[rows[pos as usize] as usize];
    let is_foreign = |pos: Pos| !foreign.is_empty() && foreign.binary_search(&pos).is_ok();
    // Few records tell of a loss or of the clock: their ids are looked at first, once for each kind of record.
    let tells = |id: &u32| TELL_OF_LOSS.contains(id) || TELL_OF_CLOCK.contains(id);
    let telling: Vec<bool> = records.signatures.iter().map(|signature| tells(&signature.event_id)).collect();
    let is_telling = |row: RowIdx| telling[records.signature[row as usize] as usize];
    let is_seam = |pos: &Pos| seams.binary_search(pos).is_ok();
    // Between two numberings nothing tells that none is missing.
    let is_gap = |pos: Pos, is_missing: bool| match (is_foreign(pos - 1), is_foreign(pos)) {
        (false, false) => is_missing || is_seam(&pos),
        (are_foreign, is_too) => are_foreign != is_too || is_seam(&pos),
    };
    let is_one_numbering = foreign.is_empty() && seams.is_empty();
    let missing = |n: usize| {
        let mut told = Told::default();
        let (first, end) = ((n * IN_ROW).max(1), rows.len().min((n + 1) * IN_ROW));
        let before = rows[first - 1];
        let (mut last_id, mut was_full) = (records.id[before as usize], is_full(records, before));
        for pos in first..end {
            let row = rows[pos];
            let id = records.id[row as usize];
            let is_missing = id.saturating_sub(last_id) > 1 || was_full;
            (last_id, was_full) = (id, false);
            if (is_missing || !is_one_numbering) && is_gap(pos as Pos, is_missing) {
                told.gaps.push(pos as Pos);
            }
            if is_telling(row) {
                was_full = is_full(records, row);
                if is_loss(records, &rows[pos..]) {
                    told.losses.push(pos as Pos);
                }
                if kind(records, row) == Some(Kind::ClockSet) {
                    told.clock_sets.push(pos as Pos);
                }
            }
        }
        told
    };
    let mut told = Told::default();
    if rows.first().is_some_and(|&row| kind(records, row) == Some(Kind::ClockSet)) {
        told.clock_sets.push(0);
    }
    parallel::map(rows.len().div_ceil(IN_ROW), missing).into_iter().for_each(|next| told.append(next));
    let Told { gaps, losses, clock_sets } = told;
    let is_long = |gap: &Pos| is_seam(gap) || time(*gap).since(time(*gap - 1)).abs() >= MIN_RESTART;
    let long_gaps = gaps.iter().copied().filter(is_long).collect();
    Lineage { channel, rows, gaps, long_gaps, losses, clock_sets, seams }
}

/// Places before which records are missing, and of records that tell of lost ones or of the clock.
#[derive(Default)]
struct Told {
    gaps: Vec<Pos>,
    losses: Vec<Pos>,
    clock_sets: Vec<Pos>,
}

impl Told {
    fn append(&mut self, next: Told) {
        self.gaps.extend(next.gaps);
        self.losses.extend(next.losses);
        self.clock_sets.extend(next.clock_sets);
    }
}

/// 1104: a log that was full wrote nothing more until somebody made room, and counts on as if nothing had happened
/// (rule 6).
fn is_full(records: &Records, row: RowIdx) -> bool {
    kind(records, row) == Some(Kind::LogFull)
}

/// Rule 6: a record that tells of others that were lost without a trace in the ids. A 1101 of a start tells of the end
/// of the boot before it (rule 10), which has other signs; of the events that a 1108 names, those of logons matter.
fn is_loss(records: &Records, rows: &[RowIdx]) -> bool {
    let Some(&row) = rows.first() else { return false };
    match kind(records, row) {
        Some(Kind::AuditEventsDropped) => !is_before_start(records, rows),
        Some(Kind::LogTrouble) => true,
        Some(Kind::EventLost) => {
            let Some(event) = records.event(row) else { return false };
            let provider = records.text(records.events.text(event, Field::LostProvider));
            let is_audit = provider.is_empty() || provider.eq_ignore_ascii_case(AUDITING);
            let lost = records.events.number(event, Field::LostEventId);
            is_audit && lost.is_none_or(|lost| matches!(lost, 4624 | 4634 | 4647))
        }
        _ => false,
    }
}

/// Whether a start follows, before anybody logs on or off.
fn is_before_start(records: &Records, rows: &[RowIdx]) -> bool {
    let is_used = |row: &RowIdx| match records.event(*row) {
        Some(event) => match records.events.kind(event) {
            Kind::EventLogStopped | Kind::Logoff | Kind::UserLogoff => true,
            Kind::Logon => {
                records.events.luid(event, Field::TargetLogonId).is_some_and(|luid| !luid.is_fixed())
            }
            _ => false,
        },
        None => false,
    };
    let until = rows.iter().take(START_RECORDS).position(is_used).unwrap_or(rows.len());
    begins_with_start(records, &rows[..until])
}

fn kind(records: &Records, row: RowIdx) -> Option<Kind> {
    records.event(row).map(|event| records.events.kind(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::columns::{MAX_CELLS, spec_of};
    use crate::event::records::Signature;

    #[test]
    fn what_sets_the_clock_is_found_wherever_it_stands() {
        let mut records = Records::default();
        let [provider, channel] = [AUDITING, "Security"].map(|name| records.strings.intern(name));
        for (n, event_id) in [4616, 4634, 1, 4616].into_iter().enumerate() {
            records.id.push(n as u64 + 1);
            records.time.push(Timestamp::from_ticks(n as i64 * SECOND));
            records.signature.push(n as u32);
            records.signatures.push(Signature { provider, channel, event_id, ..Signature::default() });
            records.events.push_untyped();
            if let Some(spec) = spec_of(AUDITING, "Security", event_id) {
                records.events.set_last(spec, 0, &[0; MAX_CELLS]);
            }
        }
        let part = Part { rows: vec![0, 1, 2, 3], foreign: Vec::new() };
        assert_eq!(joined(&records, channel, std::iter::once(part)).clock_sets, [0, 3]);
    }
}
