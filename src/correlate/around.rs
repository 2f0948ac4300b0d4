//! What a boot's records tell beside its sessions' own.

use super::link::{Group, Linker};
use super::open::TrackIdx;
use super::{close, sleep};
use crate::event::{Field, Kind, StrId};
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
    /// 4624 and 4634 of DWM-n and UMFD-n, by place: the number of the Terminal Services session they belong to.
    pub windows_opened: Vec<(Pos, u32)>,
    pub windows_closed: Vec<(Pos, u32)>,
    pub sleeps: Vec<sleep::Sleep>,
    /// 4778 by which a session was resumed from another's client, by LogonId.
    pub taken_over: Vec<(TrackIdx, Pos)>,
}

impl Around {
    pub fn of(linker: &Linker<'_>, boot: &Boot, groups: &[Group], sleeps: Vec<sleep::Sleep>) -> Self {
        let is_open = |group: &&Group| {
            let own = || group.own().map(|idx| linker.track(idx));
            group.class == Class::Desktop
                && own().all(|track| track.user_logoff.is_none())
                && own().any(|track| track.logoff.is_none())
        };
        let windows = || groups.iter().filter(|group| group.class == Class::WindowManager);
        let number = |group: &Group| {
            let user = linker.records.text(linker.identity(group.primary).user);
            user.rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok())
        };
        let place = |group: &Group, pos: Option<Pos>| Some((pos?, number(group)?));
        let mut windows_opened: Vec<_> =
            windows().filter_map(|group| place(group, linker.track(group.primary).logon)).collect();
        let mut windows_closed: Vec<_> =
            windows().filter_map(|group| place(group, linker.track(group.primary).logoff)).collect();
        windows_opened.sort_unstable();
        windows_closed.sort_unstable();
        Around {
            lost_logoff: close::lost_logoff(linker, boot),
            n_open_desktops: groups.iter().filter(is_open).count(),
            windows_opened,
            windows_closed,
            sleeps,
            taken_over: takeovers(linker),
        }
    }
}

/// Somebody's client is handed to another's session within this time (trap 50).
const TAKEOVER: i64 = 10 * SECOND;

/// 4779 of one account, then 4778 of another with the same session name and address: the second's session goes on at
/// the first's client.
fn takeovers(linker: &Linker<'_>) -> Vec<(TrackIdx, Pos)> {
    let text = |event, field| linker.records.events.text(event, field);
    let mut taken = Vec::new();
    let mut left: FxHashMap<(StrId, StrId), Left> = FxHashMap::default();
    for mark in &linker.tracks.marks {
        let Some(event) = linker.event(mark.pos) else { continue };
        let client = (text(event, Field::SessionName), text(event, Field::Address));
        if client.0.is_none() {
            continue;
        }
        let account = (text(event, Field::TargetUser), text(event, Field::TargetDomain));
        let at = linker.time(mark.pos);
        match mark.kind {
            Kind::Disconnected => left.entry(client).or_default().add(account, at),
            Kind::Reconnected => {
                let by = left.get(&client).and_then(|left| left.by_another(account));
                if by.is_some_and(|then| at.since(then).abs() <= TAKEOVER) {
                    taken.push((mark.track, mark.pos));
                }
            }
            _ => {}
        }
    }
    taken
}

type Account = (StrId, StrId);

/// Who left a client last, and who was the last other one.
#[derive(Default)]
struct Left {
    last: Option<(Account, Timestamp)>,
    other: Option<(Account, Timestamp)>,
}

impl Left {
    fn add(&mut self, account: Account, at: Timestamp) {
        if self.last.is_some_and(|(last, _)| last != account) {
            self.other = self.last;
        }
        self.last = Some((account, at));
    }

    fn by_another(&self, account: Account) -> Option<Timestamp> {
        [self.last, self.other].into_iter().flatten().find(|(last, _)| *last != account).map(|(_, at)| at)
    }
}
