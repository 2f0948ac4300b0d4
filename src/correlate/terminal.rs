//! What the logs beside Security tell of desktop sessions: Terminal Services, Winlogon and the User Profile Service
//! name a session by its Terminal Services number (domain.md A.3 to A.5, rules 25 and 33).

use super::remote::Remote;
use crate::event::{Field, Kind, Records, RowIdx, StrId};
use crate::machine::{Boot, Machine, Pos};
use crate::time::{MINUTE, SECOND, Timestamp};
use rustc_hash::FxHashMap;

/// The records of one logon in several logs are this close together (rule 33).
pub const SAME_MOMENT: i64 = 5 * SECOND;

/// Openers of one session by different logs: the shell of a first logon may take its time.
const SAME_LOGON: i64 = MINUTE;

/// A session by its Terminal Services number.
#[derive(Clone, Debug, Default)]
pub struct TsSession {
    pub number: u32,
    /// `DOMAIN\user`, as the LocalSessionManager writes it.
    pub account: StrId,
    pub sid: StrId,
    /// Records of its logon, of its logoff, and of disconnects and reconnects, by time.
    pub opened: Vec<RowIdx>,
    pub closed: Vec<RowIdx>,
    pub changes: Vec<(RowIdx, Kind)>,
    /// Somebody else's logon with the same number.
    pub superseded_by: Option<RowIdx>,
}

/// The records of these logs, by boot.
pub struct Outside {
    by_boot: Vec<Vec<RowIdx>>,
}

impl Outside {
    /// Sorts a machine's records of other channels into its boots. Also tells each boot when it was last heard of in
    /// any of them.
    pub fn of(records: &Records, machine: &mut Machine) -> Self {
        let mut by_boot = vec![Vec::new(); machine.boots.len()];
        for (n, lineage) in machine.lineages.iter().enumerate() {
            let is_system = Some(n) == machine.system;
            if Some(n) == machine.security {
                continue;
            }
            let mut boot = 0;
            for (pos, &row) in lineage.rows.iter().enumerate() {
                let at = records.time[row as usize];
                boot = match is_system {
                    true => boot_at(&machine.boots, boot, pos as Pos),
                    false => boot_since(&machine.boots, boot, at),
                };
                if !is_system {
                    let last = &mut machine.boots[boot].last_record;
                    *last = (*last).max(Some(at));
                }
                let is_wanted = |event| is_of_session(records.events.kind(event));
                if records.event(row).is_some_and(is_wanted) {
                    by_boot[boot].push(row);
                }
            }
        }
        for rows in &mut by_boot {
            rows.sort_by_key(|&row| (records.time[row as usize], records.id[row as usize]));
        }
        Outside { by_boot }
    }

    /// A boot's records of these logs, by time.
    pub fn rows(&self, boot: usize) -> &[RowIdx] {
        self.by_boot.get(boot).map_or(&[], |rows| rows)
    }

    /// The clients of a boot.
    pub fn remote(&self, records: &Records, boot: usize) -> Remote {
        Remote::of(records, &self.by_boot[boot])
    }

    /// The sessions of a boot, in the order of their first records.
    pub fn sessions(&self, records: &Records, boot: usize) -> Vec<TsSession> {
        let mut sessions: Vec<TsSession> = Vec::new();
        let mut newest: FxHashMap<u32, usize> = FxHashMap::default();
        for &row in &self.by_boot[boot] {
            if let Some(fact) = Fact::of(records, row) {
                fact.add(records, &mut sessions, &mut newest);
            }
        }
        sessions
    }
}

/// The boot of a record of System, at or after a boot.
fn boot_at(boots: &[Boot], from: usize, pos: Pos) -> usize {
    (from..boots.len()).find(|&n| pos < boots[n].system.end).unwrap_or(from)
}

/// The boot of a log's next record, at or after the boot of the one before. Records are in order, times are not: a
/// boot that starts before the one it follows (trap 25) begins where the times fall back behind that one's start.
fn boot_since(boots: &[Boot], from: usize, at: Timestamp) -> usize {
    let mut boot = from;
    while let Some(next) = boots.get(boot + 1) {
        let is_back = boots[boot].start > next.start;
        let is_before = boots[boot].start.is_some_and(|start| at < start);
        if next.start.is_none_or(|start| at < start) || is_back && !is_before {
            break;
        }
        boot += 1;
    }
    boot
}

fn is_of_session(kind: Kind) -> bool {
    use Kind::{ProfileLogoff, ProfileLogon, TsDisconnected, TsLogoff, TsLogon, TsReconnected, TsShell};
    matches!(
        kind,
        TsLogon | TsShell | TsLogoff | TsDisconnected | TsReconnected | ProfileLogon | ProfileLogoff
    ) || matches!(kind, Kind::WinlogonLogon | Kind::WinlogonLogoff)
}

/// One record about a numbered session.
struct Fact {
    row: RowIdx,
    at: Timestamp,
    kind: Kind,
    number: u32,
    account: StrId,
    sid: StrId,
}

impl Fact {
    fn of(records: &Records, row: RowIdx) -> Option<Self> {
        let event = records.event(row)?;
        let events = &records.events;
        let text = |field| events.text(event, field);
        let sid = [text(Field::TargetSid), text(Field::UserId)].into_iter().find(|sid| !sid.is_none());
        Some(Fact {
            row,
            at: records.time[row as usize],
            kind: events.kind(event),
            number: events.number(event, Field::TsSession)?,
            account: text(Field::Account),
            // The LocalSessionManager runs as the system: its own SID is nobody's.
            sid: sid.filter(|&sid| records.text(sid) != "S-1-5-18").unwrap_or_default(),
        })
    }

    fn add(self, records: &Records, sessions: &mut Vec<TsSession>, newest: &mut FxHashMap<u32, usize>) {
        let known = newest.get(&self.number).copied();
        let current = known.filter(|&n| self.belongs(records, &sessions[n]));
        match self.kind {
            Kind::TsLogon | Kind::WinlogonLogon | Kind::ProfileLogon | Kind::TsShell => {
                let n = current.unwrap_or_else(|| {
                    if let Some(before) = known.filter(|&n| sessions[n].closed.is_empty()) {
                        sessions[before].superseded_by = Some(self.row);
                    }
                    self.open(sessions, newest)
                });
                sessions[n].opened.push(self.row);
                self.tell(&mut sessions[n]);
            }
            Kind::TsLogoff | Kind::WinlogonLogoff | Kind::ProfileLogoff => {
                let n = current.unwrap_or_else(|| self.open(sessions, newest));
                sessions[n].closed.push(self.row);
                self.tell(&mut sessions[n]);
            }
            // What comes right after a logoff is the connection that ends with it.
            _ if known.is_some_and(|n| {
                !sessions[n].closed.is_empty() && self.is_near_end(records, &sessions[n])
            }) => {}
            kind => {
                let n = current.unwrap_or_else(|| self.open(sessions, newest));
                sessions[n].changes.push((self.row, kind));
                self.tell(&mut sessions[n]);
            }
        }
    }

    fn open(&self, sessions: &mut Vec<TsSession>, newest: &mut FxHashMap<u32, usize>) -> usize {
        newest.insert(self.number, sessions.len());
        sessions.push(TsSession { number: self.number, ..TsSession::default() });
        sessions.len() - 1
    }

    fn tell(&self, session: &mut TsSession) {
        for (known, told) in [(&mut session.account, self.account), (&mut session.sid, self.sid)] {
            if known.is_none() {
                *known = told;
            }
        }
    }

    /// Whether this is about the session that has its number: not about one after its end, nor of another account.
    fn belongs(&self, records: &Records, session: &TsSession) -> bool {
        let differs = |a: StrId, b: StrId| {
            !a.is_none() && !b.is_none() && !records.text(a).eq_ignore_ascii_case(records.text(b))
        };
        if differs(self.account, session.account) || differs(self.sid, session.sid) {
            return false;
        }
        let opens = matches!(self.kind, Kind::TsLogon | Kind::WinlogonLogon | Kind::ProfileLogon);
        let first = session.opened.first().map(|&row| records.time[row as usize]);
        match session.closed.is_empty() {
            true => !opens || first.is_none_or(|first| self.at.since(first) <= SAME_LOGON),
            false => !opens && self.is_near_end(records, session),
        }
    }

    fn is_near_end(&self, records: &Records, session: &TsSession) -> bool {
        let ended = session.closed.first().map(|&row| records.time[row as usize]);
        ended.is_some_and(|ended| self.at.since(ended) <= SAME_LOGON)
    }
}

impl TsSession {
    pub fn first_row(&self) -> Option<RowIdx> {
        let changed = self.changes.first().map(|&(row, _)| row);
        self.opened.first().copied().or(changed).or(self.closed.first().copied())
    }
}
