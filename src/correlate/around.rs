//! What a boot's records tell beside its sessions' own.

use super::cause::Causes;
use super::cited::CitedLuids;
use super::classify::class_of_logon;
use super::close;
use super::link::{Group, Linker};
use super::open::TrackIdx;
use super::remote::Remote;
use super::sleep::Sleeps;
use crate::event::{EventIdx, Field, Kind, StrId};
use crate::machine::{Boot, Pos};
use crate::session::Class;
use crate::time::{SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// What a boot's records tell beside its sessions' own.
pub struct Around {
    /// A 1108 that names a logoff, in the boot's tail (C.7, row 4).
    pub lost_logoff: Option<Pos>,
    /// Desktop sessions without a logoff.
    pub n_open_desktops: usize,
    pub windows: Windows,
    pub sleeps: Sleeps,
    /// 4778 by which a session was resumed from another's client, by track.
    pub taken_over: Vec<(TrackIdx, Pos)>,
    /// Clients, and what other logs tell of LogonIds.
    pub remote: Remote,
    pub cited: CitedLuids,
    /// What Terminal Services say ended their sessions.
    pub causes: Causes,
    /// The boot's last desktop logon.
    pub last_desktop: Option<Pos>,
    /// 4719 that turned the audit of locks and disconnects on or off, and which.
    lock_audit: Vec<(Pos, bool)>,
}

/// Subcategory Other Logon/Logoff Events in a 4719: {0CCE921C-69AE-11D9-BED3-505054503030} (domain.md E.1).
const GUID_OTHER_LOGON: &str = "{0CCE921C-";

impl Around {
    #[inline(never)]
    pub fn of(
        linker: &Linker<'_>,
        boot: &Boot,
        groups: &[Group],
        sleeps: Sleeps,
        (windows, remote, cited, causes): (Windows, Remote, CitedLuids, Causes),
    ) -> Self {
        let is_open = |group: &&Group| {
            let own = || group.own().map(|idx| linker.track(idx));
            group.is_desktop()
                && own().all(|track| track.user_logoff.is_none())
                && own().any(|track| track.logoff.is_none())
        };
        let desktops = groups.iter().filter(|group| group.is_desktop());
        Around {
            lost_logoff: close::lost_logoff(linker, boot),
            n_open_desktops: groups.iter().filter(is_open).count(),
            windows,
            sleeps,
            taken_over: takeovers(linker),
            remote,
            cited,
            causes,
            last_desktop: desktops.filter_map(|group| linker.logon_of(group)).max(),
            lock_audit: lock_audit(linker),
        }
    }

    /// Whether no 4719 turned the audit of locks and disconnects off, or on, between two places or left it off before.
    pub fn is_lock_audit_steady(&self, from: Pos, to: Pos) -> bool {
        let next = self.lock_audit.partition_point(|&(pos, _)| pos < from);
        let is_off = next.checked_sub(1).is_some_and(|before| !self.lock_audit[before].1);
        !is_off && self.lock_audit.get(next).is_none_or(|&(pos, _)| pos > to)
    }

    /// Where a track's session was resumed from another's client.
    pub fn taken_over(&self, track: TrackIdx) -> impl Iterator<Item = Pos> {
        let first = self.taken_over.partition_point(|&(other, _)| other < track);
        self.taken_over[first..].iter().take_while(move |(other, _)| *other == track).map(|&(_, pos)| pos)
    }
}

/// 4624 of DWM-n and UMFD-n, with the number of the Terminal Services session they belong to, and their 4634, by number.
pub struct Windows {
    opened: Vec<(Pos, u32)>,
    closed: Vec<(u32, Pos)>,
}

impl Windows {
    #[inline(never)]
    pub fn of(linker: &Linker<'_>, groups: &[Group]) -> Self {
        let windows = || groups.iter().filter(|group| group.class == Class::WindowManager);
        let number = |group: &Group| {
            let user = linker.records.text(linker.identity(group.primary).user);
            user.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok())
        };
        let logon = |group: &Group| Some((linker.track(group.primary).logon?, number(group)?));
        let logoff = |group: &Group| Some((number(group)?, linker.track(group.primary).logoff?));
        let mut opened: Vec<_> = windows().filter_map(logon).collect();
        let mut closed: Vec<_> = windows().filter_map(logoff).collect();
        opened.sort_unstable();
        closed.sort_unstable();
        Windows { opened, closed }
    }

    /// The last that was opened before a place, and its number.
    pub fn opened_before(&self, pos: Pos) -> Option<(Pos, u32)> {
        let next = self.opened.partition_point(|&(opened, _)| opened < pos);
        self.opened[..next].last().copied()
    }

    /// Where that of a number is gone after a place.
    pub fn closed_after(&self, pos: Pos, number: u32) -> Option<Pos> {
        let next = self.closed.partition_point(|&closed| closed <= (number, pos));
        self.closed.get(next).filter(|closed| closed.0 == number).map(|closed| closed.1)
    }
}

fn lock_audit(linker: &Linker<'_>) -> Vec<(Pos, bool)> {
    let change = |&pos: &Pos| {
        let event = linker.event(pos)?;
        let subcategory = linker.text(event, Field::Subcategory).to_ascii_uppercase();
        let changes = linker.text(event, Field::AuditChanges);
        let is_about = subcategory.starts_with(GUID_OTHER_LOGON);
        let (removed, added) = (changes.contains("%%8448"), changes.contains("%%8449"));
        (is_about && (removed || added)).then_some((pos, !removed))
    };
    linker.tracks.policies.iter().filter_map(change).collect()
}

/// Somebody's client is handed to another's session within this time (trap 50).
const TAKEOVER: i64 = 10 * SECOND;

/// 4779 of one account, then 4778 of another with the same session name and address, and no logon of that other: its
/// session goes on at the first's client. Who switches users logs on.
fn takeovers(linker: &Linker<'_>) -> Vec<(TrackIdx, Pos)> {
    let mut left: FxHashMap<[StrId; 2], (Timestamp, TrackIdx)> = FxHashMap::default();
    let mut taken = Vec::new();
    for mark in &linker.tracks.marks {
        let Some(event) = linker.event(mark.pos) else { continue };
        let client =
            [Field::SessionName, Field::Address].map(|field| linker.records.events.text(event, field));
        let at = linker.time(mark.pos);
        match mark.kind {
            Kind::Disconnected => {
                left.insert(client, (at, mark.track));
            }
            Kind::Reconnected if !client[0].is_none() => {
                let is_of_other = |&(gone, other): &(Timestamp, TrackIdx)| {
                    let account = |track| linker.identity(track);
                    at.since(gone).abs() <= TAKEOVER
                        && !linker.is_one_account(account(other), account(mark.track))
                };
                if left.remove(&client).is_some_and(|gone| is_of_other(&gone)) {
                    taken.push((mark.track, mark.pos));
                }
            }
            _ => {}
        }
    }
    taken.retain(|&(track, pos)| !has_logged_on(linker, track, pos));
    taken.sort_unstable();
    taken
}

/// Records on either side of a 4778 among which the logon that led to it, or unlocked it, stands.
const LOGON_RECORDS: Pos = 64;

fn has_logged_on(linker: &Linker<'_>, track: TrackIdx, pos: Pos) -> bool {
    let account = linker.identity(track);
    let near = |other: &Pos| linker.time(pos).since(linker.time(*other)).abs() <= TAKEOVER;
    let before = (pos.saturating_sub(LOGON_RECORDS)..pos).rev().take_while(near);
    let end = pos.saturating_add(LOGON_RECORDS).min(linker.security.rows.len() as Pos);
    let after = (pos..end).take_while(near);
    before.chain(after).any(|other| {
        // What was run as another account, or with a prompt, led to no desktop.
        let is_way_in = |&event: &EventIdx| {
            linker.records.events.kind(event) == Kind::Logon
                && class_of_logon(linker.records, event) != Class::Secondary
        };
        let logon = linker.event(other).filter(is_way_in);
        let luid = logon.and_then(|event| linker.records.events.luid(event, Field::TargetLogonId));
        let other = luid.and_then(|luid| linker.tracks.by_luid.get(&luid));
        other.is_some_and(|&other| linker.is_one_account(linker.identity(other), account))
    })
}
