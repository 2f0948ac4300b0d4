//! Which clients came and went, whatever session they came to: Remote Desktop, OpenSSH and WinRM; and which tasks were
//! started as whom (domain.md A.4, A.5 and rules 41 and 49).

use super::accounts::name;
use super::link::Linker;
use super::open::Identity;
use crate::event::{EventIdx, Field, Kind, Records, RowIdx, StrId};
use crate::time::Timestamp;
use rustc_hash::FxHashMap;

/// The clients of a boot.
#[derive(Debug, Default)]
pub struct Remote {
    /// When sessions were resumed (LSM 25), by the name of their account, ascending.
    resumed: FxHashMap<String, Vec<Timestamp>>,
    /// Clients that Remote Desktop (RCM 1149) and OpenSSH authenticated, likewise.
    desktop: FxHashMap<String, Vec<Client>>,
    ssh: FxHashMap<String, Vec<Client>>,
    /// Accounts that WinRM authenticated (169), likewise, and whose shells it created (91), by SID.
    winrm: FxHashMap<String, Vec<Client>>,
    shells: FxHashMap<StrId, Vec<Client>>,
    /// Tasks that were started (TaskScheduler 100), and those that a logon started (119), by the name of their account.
    tasks: [FxHashMap<String, Vec<Client>>; 2],
    /// RdpCoreTS 131, by the ActivityID of its connection.
    by_activity: FxHashMap<StrId, RowIdx>,
    /// Numbers that a connection's name stood for, ascending by time: RdpCoreTS 66 tells them, or LSM 21 and 25 of the
    /// connection that RdpCoreTS 65 gave the name.
    numbers: FxHashMap<StrId, Vec<(Timestamp, u32)>>,
    /// RdpCoreTS 65: names of connections, by ActivityID.
    names: FxHashMap<StrId, StrId>,
}

/// A client that was authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    pub at: Timestamp,
    pub address: StrId,
    pub row: RowIdx,
}

/// Whether events of a kind tell where a session was used from.
pub fn reads(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, TsLogon | TsReconnected | RdpAuthenticated | RdpCreated | RdpFrom | RdpNumbered)
        || matches!(kind, SshMessage | WinrmAuthenticated | WinrmShell | TaskStarted | TaskAtLogon)
}

impl Remote {
    /// From the rows of a boot's other logs, in the order in which they were written.
    pub fn of(records: &Records, rows: &[RowIdx]) -> Self {
        let mut remote = Remote::default();
        for &row in rows {
            if let Some(event) = records.event(row) {
                remote.add(records, row, event);
            }
        }
        remote.sort();
        remote
    }

    /// By time: once the clock was turned back, what was written later may show an earlier one.
    fn sort(&mut self) {
        let named = [&mut self.desktop, &mut self.ssh, &mut self.winrm].into_iter().chain(&mut self.tasks);
        let clients = named.flat_map(|clients| clients.values_mut()).chain(self.shells.values_mut());
        clients.for_each(|clients| clients.sort_by_key(|client| client.at));
        self.resumed.values_mut().for_each(|times| times.sort_unstable());
        self.numbers.values_mut().for_each(|numbers| numbers.sort_by_key(|&(at, _)| at));
    }

    fn add(&mut self, records: &Records, row: RowIdx, event: EventIdx) {
        let at = records.time[row as usize];
        let text = |field| records.events.text(event, field);
        let named = |field| name(records.text(text(field)));
        let client = |field| Client { at, address: text(field), row };
        match records.events.kind(event) {
            Kind::TsLogon => self.number_by_activity(records, event, at),
            Kind::TsReconnected => {
                self.resumed.entry(named(Field::Account)).or_default().push(at);
                self.number_by_activity(records, event, at);
            }
            Kind::RdpCreated if !text(Field::ActivityId).is_none() => {
                self.names.insert(text(Field::ActivityId), text(Field::SessionName));
            }
            Kind::RdpAuthenticated if !text(Field::Address).is_none() => {
                self.desktop.entry(named(Field::TargetUser)).or_default().push(client(Field::Address));
            }
            Kind::SshMessage if !text(Field::SshAddress).is_none() => {
                self.ssh.entry(named(Field::SshUser)).or_default().push(client(Field::SshAddress));
            }
            Kind::WinrmAuthenticated => {
                self.winrm.entry(named(Field::Account)).or_default().push(client(Field::Address));
            }
            kind @ (Kind::TaskStarted | Kind::TaskAtLogon) => {
                let own = &mut self.tasks[usize::from(kind == Kind::TaskAtLogon)];
                own.entry(named(Field::Account)).or_default().push(client(Field::Address));
            }
            Kind::WinrmShell if !text(Field::UserId).is_none() => {
                self.shells.entry(text(Field::UserId)).or_default().push(client(Field::Address));
            }
            Kind::RdpFrom if !text(Field::ActivityId).is_none() => {
                self.by_activity.entry(text(Field::ActivityId)).or_insert(row);
            }
            Kind::RdpNumbered => {
                let number = records.events.number(event, Field::TsSession);
                let numbers = number.map(|number| (at, number));
                self.numbers.entry(text(Field::SessionName)).or_default().extend(numbers);
            }
            _ => {}
        }
    }

    /// Rule 33f: who comes in by a connection comes to its session. What stops then may be told with the same ActivityID,
    /// and is another's (trap 33).
    fn number_by_activity(&mut self, records: &Records, event: EventIdx, at: Timestamp) {
        let activity = records.events.text(event, Field::ActivityId);
        let number = records.events.number(event, Field::TsSession);
        if let Some((&name, number)) = self.names.get(&activity).zip(number) {
            self.numbers.entry(name).or_default().push((at, number));
        }
    }

    /// Whether a session of an account was resumed at a moment or this long after it.
    pub fn is_resumed(&self, linker: &Linker<'_>, account: Identity, at: Timestamp, within: i64) -> bool {
        if self.resumed.is_empty() {
            return false;
        }
        let mut known = linker.names(account).filter_map(|name| self.resumed.get(&name));
        known.any(|times| {
            let next = times.partition_point(|&time| time < at);
            times.get(next).is_some_and(|time| time.since(at) <= within)
        })
    }

    pub fn has_authenticated(&self) -> bool {
        !self.desktop.is_empty()
    }

    /// The last client that Remote Desktop authenticated as an account before a moment.
    pub fn client(&self, linker: &Linker<'_>, user: StrId, at: Timestamp, within: i64) -> Option<Client> {
        let clients = self.desktop.get(&name(linker.records.text(user)))?;
        let next = clients.partition_point(|client| client.at <= at);
        clients[..next].last().copied().filter(|client| at.since(client.at) <= within)
    }

    /// The first client that Remote Desktop authenticated as an account at a moment or after it.
    pub fn next_client(
        &self,
        linker: &Linker<'_>,
        user: StrId,
        at: Timestamp,
        within: i64,
    ) -> Option<Client> {
        let clients = self.desktop.get(&name(linker.records.text(user)))?;
        let next = clients.get(clients.partition_point(|client| client.at < at))?;
        (next.at.since(at) <= within).then_some(*next)
    }

    /// Whether Remote Desktop authenticated an account from an address at a moment or this long after it.
    pub fn is_authenticated(
        &self,
        linker: &Linker<'_>,
        account: Identity,
        address: StrId,
        at: Timestamp,
        within: i64,
    ) -> bool {
        let Some(clients) = self.desktop.get(&name(linker.records.text(account.user))) else { return false };
        let first = clients.partition_point(|client| client.at < at);
        let near =
            clients[first..].iter().take(MAX_CLIENTS).take_while(|client| client.at.since(at) <= within);
        near.into_iter().any(|client| client.address == address)
    }

    /// The client that OpenSSH accepted as an account at a moment: it says so once Windows has logged it on. Where
    /// nothing comes after it, the nearest.
    pub fn ssh_client(&self, linker: &Linker<'_>, user: StrId, at: Timestamp, within: i64) -> Option<Client> {
        let clients = self.ssh.get(&name(linker.records.text(user)))?;
        let next = clients.get(clients.partition_point(|client| client.at < at)).copied();
        next.filter(|next| next.at.since(at) <= within).or_else(|| nearest(clients, at, within))
    }

    /// What WinRM wrote of an account nearest to a moment: that it was authenticated, and that its shell was created.
    pub fn winrm(
        &self,
        linker: &Linker<'_>,
        (user, sid): (StrId, StrId),
        at: Timestamp,
        within: i64,
    ) -> impl Iterator<Item = Client> {
        let by_name = match self.winrm.is_empty() {
            true => None,
            false => self.winrm.get(&name(linker.records.text(user))),
        };
        let by_sid = self.shells.get(&sid).filter(|_| !sid.is_none());
        by_name.into_iter().chain(by_sid).filter_map(move |clients| nearest(clients, at, within))
    }

    /// What the task scheduler wrote of an account so close to a moment, where it started but one task.
    pub fn task(
        &self,
        linker: &Linker<'_>,
        user: StrId,
        at: Timestamp,
        within: i64,
    ) -> impl Iterator<Item = Client> {
        self.tasks.iter().filter_map(move |tasks| {
            let own = if tasks.is_empty() { None } else { tasks.get(&name(linker.records.text(user))) };
            only(own?, at, within)
        })
    }

    /// The RdpCoreTS 131 of a connection.
    pub fn connection(&self, activity: StrId) -> Option<RowIdx> {
        self.by_activity.get(&activity).copied()
    }

    /// The number that a connection's name stood for at a moment (rule 33e).
    pub fn number(&self, session_name: StrId, at: Timestamp) -> Option<u32> {
        let numbers = self.numbers.get(&session_name).filter(|_| !session_name.is_none())?;
        let next = numbers.partition_point(|&(time, _)| time <= at);
        next.checked_sub(1).map(|last| numbers[last].1)
    }
}

/// The one client that came so close to a moment.
fn only(clients: &[Client], at: Timestamp, within: i64) -> Option<Client> {
    let first = clients.partition_point(|client| client.at < at.plus(-within));
    let mut near = clients[first..].iter().take_while(|client| client.at <= at.plus(within));
    near.next().filter(|_| near.next().is_none()).copied()
}

fn nearest(clients: &[Client], at: Timestamp, within: i64) -> Option<Client> {
    let next = clients.partition_point(|client| client.at <= at);
    let near = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|n| clients.get(n));
    let apart = |client: &&Client| client.at.since(at).saturating_abs();
    near.min_by_key(apart).copied().filter(|client| apart(&client) <= within)
}

/// Clients of one account that are looked at: within a minute nobody comes so often.
const MAX_CLIENTS: usize = 64;
