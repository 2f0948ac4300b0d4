//! What the logs beside Security tell of desktop sessions: Terminal Services, Winlogon and the User Profile Service
//! name a session by its Terminal Services number (domain.md A.3 to A.5, rules 25 and 33).

use super::moments::SAME_MOMENT;
use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx, StrId};
use crate::session::Confidence;
use crate::time::{MINUTE, Timestamp};
use rustc_hash::FxHashMap;

/// Openers of one session by different logs: the shell of a first logon may take its time.
const SAME_LOGON: i64 = MINUTE;

/// A session that other logs tell of, as a rule by its Terminal Services number.
#[derive(Clone, Debug, Default)]
pub struct TsSession {
    /// Winlogon's notifications name an account alone.
    pub number: Option<u32>,
    /// By LSA or NTLM, where Security has nothing of it.
    pub luid: Option<LogonId>,
    /// The other half of its pair.
    pub other: Option<LogonId>,
    /// `DOMAIN\user`, as the LocalSessionManager writes it.
    pub account: StrId,
    pub sid: StrId,
    /// Records of its logon, of its logoff, and of locks, disconnects and their ends, by time.
    pub opened: Vec<RowIdx>,
    pub closed: Vec<RowIdx>,
    pub changes: Vec<(RowIdx, Kind)>,
    /// Domain and name, where they are told apart.
    pub name: (StrId, StrId),
    /// The first record that cites its LogonId, and the last sign of it: group policy, its shell, or NTLM.
    pub first: Option<RowIdx>,
    pub seen: Option<RowIdx>,
    /// Somebody else's logon with the same number.
    pub superseded_by: Option<RowIdx>,
}

/// The sessions of a boot, in the order of their first records: from the rows of its other logs, by time.
#[inline(never)]
pub fn sessions(records: &Records, rows: &[RowIdx]) -> Vec<TsSession> {
    let mut builder = Builder {
        records,
        sessions: Vec::new(),
        by_number: FxHashMap::default(),
        by_sid: FxHashMap::default(),
        by_account: FxHashMap::default(),
        noticed: FxHashMap::default(),
    };
    rows.iter().for_each(|&row| builder.add(row));
    builder.sessions
}

/// What a record says of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Says {
    Opened,
    Closed,
    Changed(Kind),
}

/// Whether events of a kind tell of a numbered session, or of when an account's came and went.
pub fn reads(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, TsLogon | TsShell | TsLogoff | TsDisconnected | TsReconnected | TsDisconnectedBy)
        || matches!(kind, TsDisconnectReason | WinlogonLogon | WinlogonLogoff)
        || matches!(kind, WinlogonNotifies | WinlogonNotified)
        || matches!(kind, PolicyAtLogon | PolicyRefreshed | ShellStarting)
        || matches!(kind, ProfileLogon | ProfileLogonDone | ProfileLogoff | ProfileLogoffDone)
}

/// One record about a numbered session.
struct Fact {
    row: RowIdx,
    at: Timestamp,
    says: Says,
    /// A logon itself, not what follows from it.
    is_logon: bool,
    number: Option<u32>,
    account: StrId,
    sid: StrId,
}

/// Reasons of LSM 40 that tell of a logoff, not of a disconnect: by an administrator, and by the user.
const LOGOFF_REASONS: [&str; 2] = ["2", "12"];

/// Notifications of Winlogon 811 and 812.
pub fn notification(number: u32) -> Option<Says> {
    Some(match number {
        2 => Says::Opened,
        3 => Says::Closed,
        4 => Says::Changed(Kind::Locked),
        5 => Says::Changed(Kind::Unlocked),
        6 => Says::Changed(Kind::ScreensaverOn),
        7 => Says::Changed(Kind::ScreensaverOff),
        _ => return None,
    })
}

impl Fact {
    #[inline(never)]
    fn of(records: &Records, row: RowIdx, event: EventIdx) -> Option<Self> {
        let events = &records.events;
        let text = |field| events.text(event, field);
        let sid = [text(Field::TargetSid), text(Field::UserId)].into_iter().find(|sid| !sid.is_none());
        // Services run as the system: its own SIDs are nobody's.
        let is_user = |sid: &StrId| !matches!(records.text(*sid), "S-1-5-18" | "S-1-5-19" | "S-1-5-20");
        let sid = sid.filter(is_user).unwrap_or_default();
        let kind = events.kind(event);
        let says = match kind {
            Kind::TsLogon | Kind::TsShell | Kind::WinlogonLogon => Says::Opened,
            Kind::ProfileLogon | Kind::ProfileLogonDone => Says::Opened,
            Kind::TsLogoff | Kind::WinlogonLogoff | Kind::ProfileLogoff | Kind::ProfileLogoffDone => {
                Says::Closed
            }
            Kind::TsDisconnectReason if LOGOFF_REASONS.contains(&records.text(text(Field::Reason))) => {
                return None;
            }
            Kind::TsDisconnected
            | Kind::TsReconnected
            | Kind::TsDisconnectedBy
            | Kind::TsDisconnectReason => Says::Changed(kind),
            Kind::WinlogonNotifies | Kind::WinlogonNotified if !sid.is_none() => {
                notification(events.number(event, Field::Notification)?)?
            }
            _ => return None,
        };
        let is_notice = matches!(kind, Kind::WinlogonNotifies | Kind::WinlogonNotified);
        let number = events.number(event, Field::TsSession);
        if number.is_none() && !is_notice {
            return None;
        }
        Some(Fact {
            row,
            at: records.time[row as usize],
            says,
            is_logon: says == Says::Opened && !matches!(kind, Kind::TsShell | Kind::ProfileLogonDone),
            number,
            account: text(Field::Account),
            sid,
        })
    }
}

struct Builder<'a> {
    records: &'a Records,
    sessions: Vec<TsSession>,
    /// The newest session of each number, and those of each account, by SID and as other logs spell it.
    by_number: FxHashMap<u32, usize>,
    by_sid: FxHashMap<StrId, OfAccount>,
    by_account: FxHashMap<StrId, OfAccount>,
    /// When each SID was last said to do something by Winlogon, which tells it to each subscriber.
    noticed: FxHashMap<(StrId, u32), Timestamp>,
}

/// The sessions of an account.
#[derive(Default)]
struct OfAccount {
    /// The one that was told of last.
    last: usize,
    /// Those that have not ended, as far as was looked.
    open: Vec<usize>,
}

impl OfAccount {
    fn add(&mut self, n: usize) {
        self.last = n;
        if self.open.last() != Some(&n) {
            self.open.push(n);
        }
    }

    /// The newest that is on.
    fn newest(&mut self, sessions: &[TsSession]) -> Option<usize> {
        while self.open.pop_if(|n| !sessions[*n].closed.is_empty()).is_some() {}
        self.open.last().copied()
    }
}

impl Builder<'_> {
    fn add(&mut self, row: RowIdx) {
        let Some(event) = self.records.event(row) else { return };
        if matches!(
            self.records.events.kind(event),
            Kind::PolicyAtLogon | Kind::PolicyRefreshed | Kind::ShellStarting
        ) {
            return self.sign(row, event);
        }
        let Some(fact) = Fact::of(self.records, row, event) else { return };
        match fact.number {
            Some(number) => self.numbered(fact, number),
            None => {
                let notification = self.records.events.number(event, Field::Notification).unwrap_or(0);
                let last = self.noticed.insert((fact.sid, notification), fact.at);
                if last.is_none_or(|last| fact.at.since(last) > SAME_MOMENT) {
                    self.notice(fact);
                }
            }
        }
    }

    /// Group policy and the shell run for whoever is on.
    fn sign(&mut self, row: RowIdx, event: EventIdx) {
        let text = |field| self.records.events.text(event, field);
        let (sid, account) = (text(Field::UserId), text(Field::Account));
        let by_sid = self.by_sid.get_mut(&sid).filter(|_| !sid.is_none());
        let own = by_sid.or_else(|| self.by_account.get_mut(&account).filter(|_| !account.is_none()));
        if let Some(n) = own.and_then(|own| own.newest(&self.sessions)) {
            self.sessions[n].seen = Some(row);
        }
    }

    fn numbered(&mut self, fact: Fact, number: u32) {
        let known = self.by_number.get(&number).copied();
        let current = known.filter(|&n| self.belongs(&fact, &self.sessions[n]));
        // LSM 39 and 40 name no account: of a number that nobody is known to have, they tell nothing.
        let is_nameless = fact.account.is_none() && fact.sid.is_none();
        match fact.says {
            Says::Opened => {
                let n = current.or_else(|| self.without_number(&fact)).unwrap_or_else(|| self.open());
                if let Some(before) =
                    known.filter(|&before| before != n && self.sessions[before].closed.is_empty())
                {
                    self.sessions[before].superseded_by = Some(fact.row);
                }
                self.sessions[n].number = Some(number);
                self.by_number.insert(number, n);
                self.sessions[n].opened.push(fact.row);
                self.tell(n, &fact);
            }
            Says::Changed(_) if is_nameless && current.is_none() => {}
            // What comes right after a logoff is the connection that ends with it.
            Says::Changed(_) if known.is_some_and(|n| self.is_over(&self.sessions[n], fact.at)) => {}
            says => {
                let n = current.unwrap_or_else(|| {
                    let n = self.open();
                    self.sessions[n].number = Some(number);
                    self.by_number.insert(number, n);
                    n
                });
                self.put(n, &fact, says);
            }
        }
    }

    /// A notice names the account: it is about the newest session of that SID, or the one that ended a moment ago.
    fn notice(&mut self, fact: Fact) {
        let known = self.by_sid.get(&fact.sid).map(|own| own.last);
        let is_over = known.is_some_and(|n| self.is_over(&self.sessions[n], fact.at));
        let own = self.by_sid.get_mut(&fact.sid).filter(|_| !is_over);
        let current = own.and_then(|own| own.newest(&self.sessions)).filter(|&n| self.may_tell(&fact, n));
        match fact.says {
            Says::Changed(_) if current.is_none() && is_over => {}
            Says::Closed if current.is_none() && is_over => self.put(known.unwrap_or(0), &fact, fact.says),
            says => {
                let n = current.or_else(|| self.just_opened(&fact)).unwrap_or_else(|| self.open());
                self.put(n, &fact, says);
            }
        }
    }

    /// Whether a notice may be about a session that is on: an account that logs on long after begins another, and the end
    /// of this one was not written.
    fn may_tell(&self, fact: &Fact, n: usize) -> bool {
        let session = &self.sessions[n];
        let opened = session.opened.first().map(|&row| self.records.time[row as usize]);
        fact.says != Says::Opened || opened.is_none_or(|opened| fact.at.since(opened) <= SAME_LOGON)
    }

    fn put(&mut self, n: usize, fact: &Fact, says: Says) {
        let session = &mut self.sessions[n];
        match says {
            Says::Opened => session.opened.push(fact.row),
            Says::Closed => session.closed.push(fact.row),
            Says::Changed(kind) => session.changes.push((fact.row, kind)),
        }
        self.tell(n, fact);
    }

    fn open(&mut self) -> usize {
        self.sessions.push(TsSession::default());
        self.sessions.len() - 1
    }

    /// A session that Winlogon told of by account alone, a moment before another log gives its number.
    fn without_number(&self, fact: &Fact) -> Option<usize> {
        let n = match fact.sid.is_none() {
            false => self.by_sid.get(&fact.sid)?.last,
            true => self.sessions.len().checked_sub(1)?,
        };
        let session = &self.sessions[n];
        let is_free = session.number.is_none() && session.closed.is_empty() && session.account.is_none();
        (is_free && self.is_just_opened(session, fact.at)).then_some(n)
    }

    /// A session that another log gave a number a moment ago, and no SID.
    fn just_opened(&self, fact: &Fact) -> Option<usize> {
        let n = self.sessions.len().checked_sub(1)?;
        let session = &self.sessions[n];
        let is_free = session.sid.is_none() && session.closed.is_empty() && fact.says == Says::Opened;
        (is_free && self.is_just_opened(session, fact.at)).then_some(n)
    }

    fn is_just_opened(&self, session: &TsSession, at: Timestamp) -> bool {
        let first = session.opened.first().map(|&row| self.records.time[row as usize]);
        first.is_some_and(|first| at.since(first) <= SAME_MOMENT)
    }

    fn tell(&mut self, n: usize, fact: &Fact) {
        let session = &mut self.sessions[n];
        for (known, told) in [(&mut session.account, fact.account), (&mut session.sid, fact.sid)] {
            if known.is_none() {
                *known = told;
            }
        }
        if !fact.sid.is_none() {
            self.by_sid.entry(fact.sid).or_default().add(n);
        }
        if !fact.account.is_none() {
            self.by_account.entry(fact.account).or_default().add(n);
        }
    }

    /// Whether this is about the session that has its number: not about one after its end, nor of another account.
    fn belongs(&self, fact: &Fact, session: &TsSession) -> bool {
        let text = |id| self.records.text(id);
        let differs =
            |a: StrId, b: StrId| !a.is_none() && !b.is_none() && !text(a).eq_ignore_ascii_case(text(b));
        if differs(fact.account, session.account) || differs(fact.sid, session.sid) {
            return false;
        }
        // What was disconnected before anybody logged on is another's, whose own logon is lost.
        let first = session.opened.first().or(session.changes.first().map(|(row, _)| row));
        let first = first.map(|&row| self.records.time[row as usize]);
        match session.closed.is_empty() {
            true => !fact.is_logon || first.is_none_or(|first| fact.at.since(first) <= SAME_LOGON),
            false => fact.says != Says::Opened && self.is_over(session, fact.at),
        }
    }

    /// Whether a session ended a moment ago.
    fn is_over(&self, session: &TsSession, at: Timestamp) -> bool {
        let ended = session.closed.first().map(|&row| self.records.time[row as usize]);
        ended.is_some_and(|ended| at.since(ended) <= SAME_LOGON)
    }
}

impl TsSession {
    /// How sure its logoff is (C.7, row 3): one that is told by number or LogonId is its own, and a notice to an account
    /// may be about another session of it.
    pub fn confidence_of_end(&self, records: &Records) -> Confidence {
        let is_by_id = |&row: &RowIdx| {
            records.event(row).is_some_and(|event| {
                records.events.number(event, Field::TsSession).is_some()
                    || records.events.luid(event, Field::TargetLogonId).is_some()
            })
        };
        if self.closed.iter().any(is_by_id) { Confidence::High } else { Confidence::Medium }
    }

    /// The first record that tells of it.
    pub fn first_row(&self) -> Option<RowIdx> {
        let changed = self.changes.first().map(|&(row, _)| row);
        self.opened.first().copied().or(changed).or(self.first).or(self.closed.first().copied())
    }
}
