//! Who went on by SSH (domain.md rule 49, trap 51): the server's log has the client's address, and the source may show
//! that a client was started right before (4688), and what for.

use super::edges::Outbound;
use super::join::{Joined, Joiner, UNPROVEN};
use super::landing::Landing;
use super::places::{Places, host};
use super::{Found, Keys, NOBODY};
use crate::correlate::classify::is_program;
use crate::event::columns::Said;
use crate::event::{EXCERPT_BYTES, Field, Kind, Records, RowIdx, StrId};
use crate::session::SessionIdx;
use crate::session::hop::Reasons;
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// Programs that connect as soon as they are started, and end with the connection: OpenSSH's client, which its scp and sftp
/// start as well, and those of PuTTY.
const CLIENTS: [&str; 4] = ["ssh.exe", "plink.exe", "pscp.exe", "psftp.exe"];

/// OpenSSH's client: of its command line it is known where the destination stands.
const OPENSSH: &str = "ssh.exe";

/// Its options that are followed by a value (ssh(1)).
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";

/// A server gives a client so long to tell who it is (LoginGraceTime of sshd_config(5)).
const GRACE: i64 = 2 * MINUTE;

/// A logon stands no sooner before the start that led to it than clocks differ (rule 44).
const BEFORE: i64 = 2 * SECOND;

/// Of a machine's starts, so many of those before a logon are looked at.
const MAX_LOOKED_AT: usize = 64;

/// Which programs are SSH clients. Each name is read once.
#[derive(Debug, Default)]
pub struct Programs(FxHashMap<StrId, bool>);

impl Programs {
    /// Whether a 4688 starts one.
    pub fn is_client(&mut self, records: &Records, said: Said<'_>) -> bool {
        let program = said.text(Field::NewProcess);
        let read = || CLIENTS.iter().any(|client| is_program(records.text(program), client));
        *self.0.entry(program).or_insert_with(read)
    }
}

/// A start of an SSH client.
#[derive(Clone, Copy)]
pub struct Start {
    pub machine: u32,
    pub session: Option<SessionIdx>,
    pub row: RowIdx,
    pub at: Timestamp,
    /// The machine and the account that the command line names, if it does.
    pub to: Option<u32>,
    user: u32,
    /// The account that it runs as: who names no other is that one over there, as a rule.
    own: u32,
}

impl Start {
    fn may_lead_to(&self, landing: &Landing) -> bool {
        self.to.is_none_or(|to| to == landing.machine)
            && (self.user == NOBODY || self.user == landing.account)
    }

    /// Whether it is of the logon's account.
    pub fn is_as(&self, landing: &Landing) -> bool {
        let user = if self.user == NOBODY { self.own } else { self.user };
        user != NOBODY && user == landing.account
    }
}

/// All starts of SSH clients, in the order of time: of each machine, and of machines of which no address is known by the
/// machine that they name.
#[derive(Default)]
pub struct Starts {
    of: FxHashMap<u32, Vec<Start>>,
    to: FxHashMap<u32, Vec<Start>>,
}

impl Starts {
    pub fn of(
        found: &Found<'_>,
        outbound: &[Outbound],
        places: &Places<'_>,
        accounts: &mut Keys<'_>,
    ) -> Self {
        let (mut starts, located) = (Starts::default(), places.located());
        for start in outbound.iter().filter_map(|one| start(found, one, places, accounts)) {
            starts.of.entry(start.machine).or_default().push(start);
            if let Some(to) = start.to.filter(|_| !located.contains(&start.machine)) {
                starts.to.entry(to).or_default().push(start);
            }
        }
        for own in starts.of.values_mut().chain(starts.to.values_mut()) {
            own.sort_by_key(|start| (start.at, found.records.id[start.row as usize]));
        }
        starts
    }

    /// The start on a machine that a logon at a moment, by that machine's clock, came of: the one that its command line
    /// speaks for most, and whether no other session's is like it.
    pub fn led_from(&self, machine: u32, landing: &Landing, at: Timestamp) -> Option<(Start, bool)> {
        best(near(self.of.get(&machine)?, at, GRACE), landing)
    }

    /// Whether any may lead to a machine whatever the address.
    pub fn may_lead_to(&self, machine: u32) -> bool {
        self.to.contains_key(&machine)
    }

    /// Where nothing says which machine the client's address is: the start anywhere that names the logon's machine and
    /// is of its account, so soon before it, if all are of one session.
    pub fn led_to(&self, landing: &Landing, within: i64) -> Option<Start> {
        let near = near(self.to.get(&landing.machine)?, landing.at, within);
        let near = near.filter(|start| start.machine != landing.machine && start.is_as(landing));
        best(near, landing).filter(|&(_, is_one)| is_one).map(|(start, _)| start)
    }
}

impl Joiner<'_, '_> {
    /// Rule 49: the client of a logon by SSH. Whom it logs on as says little about who sits at the source, so that a start
    /// of a client there outweighs an open session of that name; without either, it still came from that address.
    pub fn by_ssh(&mut self, landing: &Landing) -> Option<Joined> {
        let Some(machine) = self.origin(landing) else {
            let is_unknown = self.places.machine_at(landing.address).is_none();
            let start = self.starts.led_to(landing, UNPROVEN).filter(|_| is_unknown)?;
            return Some(by_start(start, landing, Reasons::default()));
        };
        let clocks = self.clocks;
        let moment = landing.at.minus(clocks.between(machine, landing.machine));
        let start = self.starts.led_from(machine, landing, moment);
        let only = self.only_session(machine, landing);
        match start.filter(|_| !clocks.are_apart(machine, landing.machine)) {
            Some((_, false)) => Some(self.of_origin(machine, None, landing)),
            // Neither host nor account speak for it: another session of that account may have a client nobody knows.
            Some((start, _)) if start.to.is_none() && !start.is_as(landing) && only.is_some() => {
                Some(self.of_origin(machine, None, landing))
            }
            Some((start, _)) => Some(by_start(start, landing, Reasons::ADDRESS)),
            None => {
                let from = only.filter(|(_, second)| second.is_none()).map(|(only, _)| only);
                Some(self.of_origin(machine, from, landing))
            }
        }
    }
}

/// What a start of an SSH client led to.
fn by_start(start: Start, landing: &Landing, reasons: Reasons) -> Joined {
    let reasons = [(Reasons::HOST, start.to.is_some()), (Reasons::USER, start.is_as(landing))]
        .into_iter()
        .filter(|&(_, holds)| holds)
        .fold(reasons.with(Reasons::CLIENT), |all, (reason, _)| all.with(reason));
    let client = Some((start.row, start.at));
    Joined { client, ..Joined::new(*landing, None, start.machine, start.session, reasons) }
}

/// The starts of a list before a moment, the last first.
fn near(own: &[Start], at: Timestamp, within: i64) -> impl Iterator<Item = &Start> {
    let end = own.partition_point(|start| start.at <= at.plus(BEFORE));
    let before = own[..end].iter().rev().take(MAX_LOOKED_AT);
    before.take_while(move |start| start.at >= at.minus(within))
}

/// Of the starts that fit a logon best the last, and whether they are all of one session.
fn best<'a>(near: impl Iterator<Item = &'a Start>, landing: &Landing) -> Option<(Start, bool)> {
    let rank = |start: &Start| (start.to.is_some(), start.is_as(landing));
    let mut best: Option<(Start, bool)> = None;
    for start in near.filter(|start| start.may_lead_to(landing)) {
        match &mut best {
            Some((known, _)) if rank(start) < rank(known) => {}
            Some((known, is_one)) if rank(start) == rank(known) => {
                *is_one &= (known.machine, known.session) == (start.machine, start.session);
            }
            _ => best = Some((*start, true)),
        }
    }
    best
}

fn start(found: &Found<'_>, one: &Outbound, places: &Places<'_>, accounts: &mut Keys<'_>) -> Option<Start> {
    let machine = &found.machines[one.machine as usize];
    let row = *machine.lineages[machine.security?].rows.get(one.pos as usize)?;
    let event = found.records.event(row)?;
    if found.records.events.kind(event) != Kind::ProcessCreated {
        return None;
    }
    let text = |field| found.records.text(found.records.events.text(event, field));
    let is_openssh = is_program(text(Field::NewProcess), OPENSSH);
    let named = destination(text(Field::CommandLine)).filter(|_| is_openssh);
    let own = one.session.map(|session| found.account(session).0).unwrap_or_default();
    Some(Start {
        machine: one.machine,
        session: one.session,
        row,
        at: found.records.time[row as usize].plus(machine.clock.shift(one.pos)),
        to: named.as_ref().and_then(|&(_, host)| places.machine_named(host)),
        user: named.and_then(|(user, _)| user).map_or(NOBODY, |user| accounts.read(user)),
        own: accounts.key(own),
    })
}

/// Account and host in OpenSSH's `ssh -p 22 CORP\bob@srv1 whoami`. `None` where the text that is kept of a command line may
/// not have all of it.
fn destination(line: &str) -> Option<(Option<&str>, &str)> {
    let is_cut = line.len() + char::MAX.len_utf8() > EXCERPT_BYTES;
    let mut words = words(line).skip(1).peekable();
    let mut user = None;
    let named = loop {
        let word = words.next()?;
        let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) else { break word };
        let Some(at) = options.find(|option| WITH_VALUE.contains(option)) else { continue };
        let (option, attached) = options[at..].split_at(1);
        let value = if attached.is_empty() { words.next()? } else { attached };
        if option == "l" {
            user = user.or(Some(value));
        }
    };
    if is_cut && words.peek().is_none() {
        return None;
    }
    let named = named.strip_prefix("ssh://").unwrap_or(named);
    // The name of an account may have an `@` itself.
    match named.rsplit_once('@') {
        Some((name, at)) => Some((user.or(Some(name)), host(at))),
        None => Some((user, host(named))),
    }
}

/// The words of a command line; quotes hold one together.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        let is_end = rest.is_empty();
        rest = after;
        (!is_end).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_names_account_and_host() {
        for (line, expected) in [
            ("ssh srv1", Some((None, "srv1"))),
            ("\"C:\\Program Files\\ssh.exe\" admin@srv1 whoami", Some((Some("admin"), "srv1"))),
            ("ssh.exe -v -p 2222 -l admin srv1.corp.local", Some((Some("admin"), "srv1.corp.local"))),
            ("ssh -vp2222 -oForwardX11=no -ladmin srv1 -s sftp", Some((Some("admin"), "srv1"))),
            (
                "ssh -i \"C:\\my keys\\id\" CORP\\bob@corp.local@srv1",
                Some((Some("CORP\\bob@corp.local"), "srv1")),
            ),
            ("ssh ssh://bob@[2001:db8::1]:22", Some((Some("bob"), "2001:db8::1"))),
            ("ssh -V", None),
            ("ssh -l", None),
            ("ssh \"", Some((None, ""))),
            ("", None),
        ] {
            assert_eq!(destination(line), expected, "{line}");
        }
    }

    #[test]
    fn a_destination_that_may_be_cut_is_none() {
        let long = format!("ssh -i {} srv", "x".repeat(EXCERPT_BYTES));
        assert_eq!(destination(&long[..EXCERPT_BYTES]), None);
        let line = format!("ssh -i {} srv", "x".repeat(EXCERPT_BYTES - 12));
        assert_eq!(destination(&line), None);
        assert_eq!(destination(&format!("ssh srv1 {}", "x".repeat(EXCERPT_BYTES))), Some((None, "srv1")));
    }
}
