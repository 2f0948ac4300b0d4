//! What a boot's records tell beside its sessions' own.

use super::link::{Group, Linker};
use super::open::{Mark, TrackIdx};
use super::{close, sleep};
use crate::event::{Field, Kind};
use crate::machine::{Boot, Pos};
use crate::session::Class;
use crate::time::SECOND;

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
    let marks = &linker.tracks.marks;
    let text =
        |mark: &Mark, field| linker.event(mark.pos).map(|event| linker.records.events.text(event, field));
    let client = |mark: &Mark| (text(mark, Field::SessionName), text(mark, Field::Address));
    let account = |mark: &Mark| (text(mark, Field::TargetUser), text(mark, Field::TargetDomain));
    let is_taken = |n: usize| {
        let (mark, at) = (&marks[n], linker.time(marks[n].pos));
        let recent =
            marks[..n].iter().rev().take_while(|other| at.since(linker.time(other.pos)).abs() <= TAKEOVER);
        mark.kind == Kind::Reconnected
            && text(mark, Field::SessionName).is_some_and(|name| !name.is_none())
            && recent
                .filter(|other| other.kind == Kind::Disconnected && client(other) == client(mark))
                .any(|other| account(other) != account(mark))
    };
    (0..marks.len()).filter(|&n| is_taken(n)).map(|n| (marks[n].track, marks[n].pos)).collect()
}
