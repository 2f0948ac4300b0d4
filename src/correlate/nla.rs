//! Which network logons only made way for Remote Desktop: network level authentication (domain.md rule 32; B, class 8).

use super::link::{Group, Groups, Linker};
use super::open::Identity;
use super::remote::Remote;
use crate::event::{Field, Kind, StrId};
use crate::machine::Pos;
use crate::session::{Class, LogonRole};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

/// Network level authentication comes this long before the logon it is for (B, class 8).
const NLA: i64 = MINUTE;

/// A client that authenticates twice for one connection does so at once. What came longer before is work of its own,
/// such as on the computer's shares.
const NLA_AGAIN: i64 = SECOND;

/// Remote Desktop tells of a client (1149) this soon after it was authenticated: 0.5 to 0.9 s were seen.
const NLA_TOLD: i64 = 5 * SECOND;

/// Network logons of one account from one address, in the order of their records: where each is, and its group.
type Preambles = FxHashMap<(StrId, StrId), Vec<(Pos, usize)>>;

/// Rule 32: the network logon that came before a Remote Desktop logon, or before a session was resumed, tells where
/// from. Each belongs to one session, and one that did anything else is no preamble.
#[inline(never)]
pub fn attach(linker: &Linker<'_>, groups: &mut Groups, remote: &Remote) {
    let arrivals = arrivals(linker, groups, remote);
    if arrivals.is_empty() && !remote.has_authenticated() {
        return;
    }
    let preambles = preambles(linker, groups, remote, &arrivals);
    for arrival in arrivals {
        if let Some(logons) = preambles.get(&arrival.key) {
            attach_before(linker, groups, remote, &arrival, logons);
        }
    }
    if remote.has_authenticated() {
        mark_unfollowed(linker, groups, remote, &preambles);
    }
}

fn preambles(linker: &Linker<'_>, groups: &Groups, remote: &Remote, arrivals: &[Arrival]) -> Preambles {
    let mut preambles = Preambles::default();
    // A server has thousands of network logons for each of a desktop: those of others need no look.
    let arrived: FxHashSet<StrId> = arrivals.iter().map(|arrival| arrival.key.0).collect();
    let came: FxHashSet<(StrId, StrId)> = arrivals.iter().map(|arrival| arrival.key).collect();
    let all = remote.has_authenticated();
    let may_be = |group: &Group| all || arrived.contains(&who(linker.track(group.primary).identity));
    for (n, group) in groups.all.iter().enumerate().filter(|&(_, group)| may_be(group)) {
        if let Some((key, pos)) = preamble(linker, group, remote).filter(|(key, _)| all || came.contains(key))
        {
            preambles.entry(key).or_default().push((pos, n));
        }
    }
    preambles.values_mut().for_each(|logons| logons.sort_unstable());
    preambles
}

/// Attaches what made way for a client: the last of these logons before it, and those of the same second.
fn attach_before(
    linker: &Linker<'_>,
    groups: &mut Groups,
    remote: &Remote,
    &Arrival { pos, home, .. }: &Arrival,
    logons: &[(Pos, usize)],
) {
    let before = logons[..logons.partition_point(|&(at, _)| at < pos)].iter().rev();
    let (since, told) = authenticated(linker, &groups.all[home], pos, remote);
    let mut until = since;
    for &(at, n) in before.skip_while(|&&(at, _)| told.is_some_and(|told| told < linker.time(at))) {
        if groups.all[n].is_attached || linker.time(at) < until {
            break;
        }
        until = until.max(linker.time(at).plus(-NLA_AGAIN));
        groups.attach(n, home, LogonRole::Nla);
    }
}

/// What Remote Desktop authenticated, and no desktop in the log followed: of several logons, the last that came before
/// it tells.
fn mark_unfollowed(linker: &Linker<'_>, groups: &mut Groups, remote: &Remote, preambles: &Preambles) {
    for (&(_, address), logons) in preambles {
        let next = logons.iter().skip(1).map(|&(pos, _)| Some(linker.time(pos))).chain([None]);
        for (&(pos, n), next) in logons.iter().zip(next) {
            let group = &mut groups.all[n];
            let (account, at) = (linker.identity(group.primary), linker.time(pos));
            let within = next.map_or(NLA_TOLD, |next| next.since(at).clamp(0, NLA_TOLD));
            if !group.is_attached && remote.is_authenticated(linker, account, address, at, within) {
                group.class = Class::Reauth;
            }
        }
    }
}

/// Between which moments somebody was authenticated who came to a desktop at a place: right before Remote Desktop told of
/// it, if it did.
fn authenticated(
    linker: &Linker<'_>,
    home: &Group,
    pos: Pos,
    remote: &Remote,
) -> (Timestamp, Option<Timestamp>) {
    let user = linker.identity(home.primary).user;
    match remote.client(linker, user, linker.time(pos), NLA) {
        Some(client) => (client.at.plus(-NLA_TOLD), Some(client.at)),
        None => (linker.time(pos).plus(-NLA), None),
    }
}

/// What tells an account from others: its SID, or its name where none is written.
fn who(account: Identity) -> StrId {
    if account.sid.is_none() { account.user } else { account.sid }
}

/// A client that comes to a desktop: as whom and from where, and when.
struct Arrival {
    key: (StrId, StrId),
    pos: Pos,
    home: usize,
}

fn arrivals(linker: &Linker<'_>, groups: &Groups, remote: &Remote) -> Vec<Arrival> {
    let events = &linker.records.events;
    let mut arrivals = Vec::new();
    for (home, group) in groups.all.iter().enumerate().filter(|(_, group)| group.is_desktop()) {
        for idx in group.own().chain(group.attached.iter().map(|&(idx, _)| idx)) {
            let (Some(pos), Some(event)) = (linker.track(idx).logon, linker.logon(idx)) else { continue };
            let account = linker.identity(idx);
            let address = match (events.number(event, Field::LogonType), events.text(event, Field::Address)) {
                (Some(7 | 10 | 12), address) if !address.is_none() => address,
                // Windows may leave it out; Remote Desktop's own log has it then.
                (Some(7 | 10 | 12), _) => {
                    let client = remote.client(linker, account.user, linker.time(pos), NLA);
                    client.map_or(StrId::NONE, |client| client.address)
                }
                _ => StrId::NONE,
            };
            arrivals.push(Arrival { key: (who(account), address), pos, home });
        }
    }
    for mark in linker.tracks.marks.iter().filter(|mark| mark.kind == Kind::Reconnected) {
        let home = groups.of(mark.track);
        let address = linker.event(mark.pos).map_or(StrId::NONE, |event| events.text(event, Field::Address));
        if groups.all[home].is_desktop() {
            let key = (who(linker.identity(mark.track)), address);
            arrivals.push(Arrival { key, pos: mark.pos, home });
        }
    }
    arrivals.retain(|arrival| !arrival.key.0.is_none() && !arrival.key.1.is_none());
    arrivals.sort_unstable_by_key(|arrival| (arrival.pos, arrival.home));
    arrivals
}

/// A network logon that no local process made and that did nothing else: its account, its address and its place.
fn preamble(linker: &Linker<'_>, group: &Group, remote: &Remote) -> Option<((StrId, StrId), Pos)> {
    let is_network = matches!(group.class, Class::Network | Class::Machine);
    let is_network = is_network && group.elevated.is_none() && !group.is_attached;
    let track = linker.track(group.primary);
    if !is_network || track.is_used {
        return None;
    }
    let said = linker.records.events.said(linker.logon(group.primary)?);
    let is_remote = said.number(Field::LogonType) == Some(3) && said.luid(Field::ProcessId).is_none();
    let pos = track.logon.filter(|_| is_remote)?;
    let address = match said.text(Field::Address) {
        // NTLM often leaves it out, and names the client alone.
        StrId::NONE => {
            let client = remote.next_client(linker, track.identity.user, linker.time(pos), NLA_TOLD);
            client.map_or(StrId::NONE, |client| client.address)
        }
        address => address,
    };
    let key = (who(track.identity), address);
    (!key.0.is_none() && !key.1.is_none()).then_some((key, pos))
}
