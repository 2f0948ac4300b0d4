//! Where in a log the records of a start may be missing.

use super::Place;
use crate::event::{Field, Kind, LogonId, Records, StrId};
use crate::machine::{Lineage, Pos};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A start writes at least so many records: 4608, the 4624 of the system, 4902; in System 12, 6009, 6005.
const START_WRITES: u64 = 3;

/// Where logons are not audited Security has two of them: 4608 and 4902.
const START_WRITES_LEAST: u64 = 2;

/// So many gaps are looked at for one in which a start may be.
const LOOK_AHEAD: usize = 64;

/// So many of those with the most missing records are looked at for one over which nobody was on.
const MAX_TRIED: usize = 8;

/// Records on either side of a place among which a logon is looked for that is on over it.
const ACROSS: Pos = 128;

/// Where records of a start may be missing.
pub struct Missing<'a> {
    pub records: &'a Records,
    pub log: &'a Lineage,
    /// Whether the clock was turned back at a time that nobody knows: then times tell little.
    pub is_set_back: bool,
}

impl Missing<'_> {
    /// Where most records are missing, of the places in the first of these ranges that has any, its end included: rather
    /// where nobody is on over it. LogonIds that begin again tell more than one that comes again.
    pub fn most(&self, told: &[Range<Pos>]) -> Option<Place> {
        let free = told.iter().find_map(|told| self.most_of(told, START_WRITES));
        free.or_else(|| told.iter().find_map(|told| self.place(told, START_WRITES, &[])))
    }

    /// Where most records are missing and nobody is on over it, of the places between two.
    fn most_of(&self, between: &Range<Pos>, least: u64) -> Option<Place> {
        let mut on_over: Vec<Pos> = Vec::new();
        loop {
            let place = self.place(between, least, &on_over).filter(|_| on_over.len() < MAX_TRIED)?;
            if !self.is_one_boot(place.at) {
                return Some(place);
            }
            on_over.push(place.at);
        }
    }

    fn place(&self, between: &Range<Pos>, least: u64, but: &[Pos]) -> Option<Place> {
        let within = || self.places(between.start, between.end, least);
        let at = within().filter(|pos| !but.contains(pos)).max_by_key(|&pos| (self.n_missing(pos), pos))?;
        Some(Place { at, within: within().min()?..within().max()? })
    }

    /// Whether somebody's logon is on over a place: LogonIds begin anew at a start (rule 9), and hardly ever does the same
    /// account get the same one again. That tells more than any clock.
    fn is_one_boot(&self, at: Pos) -> bool {
        let mut on: FxHashMap<LogonId, StrId> = FxHashMap::default();
        for (kind, luid, sid) in (at.saturating_sub(ACROSS)..at).flat_map(|pos| self.cited(pos)) {
            match kind {
                Kind::Logoff => on.remove(&luid),
                _ => on.insert(luid, sid),
            };
        }
        let end = at.saturating_add(ACROSS).min(self.log.rows.len() as Pos);
        for (kind, luid, sid) in (at..end).flat_map(|pos| self.cited(pos)) {
            match kind {
                // Given out again: what comes with a logon may stand before it (C.2), or without it.
                Kind::Logon | Kind::SpecialPrivileges | Kind::GroupsListed => _ = on.remove(&luid),
                _ if on.get(&luid) == Some(&sid) => return true,
                _ => {}
            }
        }
        false
    }

    /// The LogonIds that a record cites, and whose they are.
    fn cited(&self, pos: Pos) -> impl Iterator<Item = (Kind, LogonId, StrId)> {
        let event = self.records.event(self.log.rows[pos as usize]);
        let fields = [(Field::SubjectLogonId, Field::SubjectSid), (Field::TargetLogonId, Field::TargetSid)];
        event.into_iter().flat_map(move |event| {
            let kind = self.records.events.kind(event);
            fields.into_iter().filter_map(move |(luid, sid)| {
                let luid = self.records.events.luid(event, luid).filter(|luid| !luid.is_fixed())?;
                let sid = self.records.events.text(event, sid);
                is_of_person(self.records.text(sid)).then_some((kind, luid, sid))
            })
        })
    }

    /// Where a start is that comes between two places. Whatever a log begins with, it may have come before that.
    pub fn choose(&self, earliest: Pos, latest: Pos, range: &Range<Pos>, has_own: bool) -> Place {
        let between = earliest..latest;
        let place = |least: u64| self.place(&between, least, &[]);
        let any = || place(START_WRITES).or_else(|| place(START_WRITES_LEAST));
        // Times that are right tell more than a LogonId that may have come again.
        let is_told = |place: &Place| !self.is_set_back || !self.is_one_boot(place.at);
        match self.most_of(&between, START_WRITES).or_else(|| any().filter(is_told)) {
            Some(place) => place,
            None if latest == 0 => Place { at: 0, within: 0..0 },
            None => self.elsewhere(earliest, latest, range, has_own),
        }
    }

    /// Where no start can be missing between the two places that times tell, another clock stamped what is there. The start
    /// is at the next place at which it can be missing, at least if the log writes of starts at all: `has_own`.
    fn elsewhere(&self, earliest: Pos, latest: Pos, range: &Range<Pos>, has_own: bool) -> Place {
        let (before, after) = (self.last_before(earliest, range), self.first_after(latest, range));
        match after.or(before) {
            Some(at) if has_own => Place { at, within: before.unwrap_or(at)..after.unwrap_or(at) },
            Some(at) if self.is_one_boot(latest) => {
                let first = before.unwrap_or(at);
                Place { at: first, within: first..after.unwrap_or(at) }
            }
            _ => Place { at: latest, within: before.unwrap_or(earliest)..after.unwrap_or(latest) },
        }
    }

    /// Places between two, both included, where a start may be missing, ascending but for the log's own beginning and end.
    fn places(&self, earliest: Pos, latest: Pos, least: u64) -> impl Iterator<Item = Pos> {
        let next = self.log.gaps.partition_point(|&gap| gap < earliest);
        let gaps = self.log.gaps[next..].iter().copied().take_while(move |&gap| gap <= latest);
        let ends = [0, self.log.rows.len() as Pos].into_iter();
        let ends = ends.filter(move |end| (earliest..=latest).contains(end));
        gaps.chain(ends).filter(move |&pos| self.n_missing(pos) >= least)
    }

    fn last_before(&self, pos: Pos, range: &Range<Pos>) -> Option<Pos> {
        let next = self.log.gaps.partition_point(|&gap| gap < pos);
        let near = self.log.gaps[..next].iter().rev().copied().take(LOOK_AHEAD);
        let near = near.take_while(|&gap| gap >= range.start);
        let first = (range.start == 0).then_some(0);
        near.chain(first).find(|&pos| self.n_missing(pos) >= START_WRITES && !self.is_one_boot(pos))
    }

    fn first_after(&self, pos: Pos, range: &Range<Pos>) -> Option<Pos> {
        let next = self.log.gaps.partition_point(|&gap| gap <= pos);
        let near = self.log.gaps[next..].iter().copied().take(LOOK_AHEAD);
        let near = near.take_while(|&gap| gap <= range.end);
        let end = (range.end as usize == self.log.rows.len()).then_some(range.end);
        near.chain(end).find(|&pos| self.n_missing(pos) >= START_WRITES && !self.is_one_boot(pos))
    }

    fn n_missing(&self, pos: Pos) -> u64 {
        let id = |pos: Pos| self.records.id[self.log.rows[pos as usize] as usize];
        match pos {
            // Nothing tells that any is: where times allow it, a start may be, but rather in a gap.
            pos if pos as usize == self.log.rows.len() => START_WRITES,
            0 => id(0).saturating_sub(1),
            pos if self.log.seams.binary_search(&pos).is_ok() => u64::MAX,
            pos => id(pos).saturating_sub(id(pos - 1)).saturating_sub(1),
        }
    }
}

/// Whether a SID is of an account of a computer, of a domain or of Entra ID. What each start logs on, as window managers,
/// comes early in it and may well get the same LogonId every time.
fn is_of_person(sid: &str) -> bool {
    sid.starts_with("S-1-5-21-") || sid.starts_with("S-1-12-1-")
}
