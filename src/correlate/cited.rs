//! What other logs tell of LogonIds: LSA sees them come and go, NTLM and the SMB client name their callers (domain.md
//! rules 24 and 33, A.5).

use crate::event::{EventIdx, Field, Kind, LogonId, Records, RowIdx, StrId};
use rustc_hash::FxHashMap;

/// One LogonId in other logs.
#[derive(Clone, Copy, Debug)]
pub struct Cited {
    pub luid: LogonId,
    pub sid: StrId,
    pub user: StrId,
    pub domain: StrId,
    /// LSA 300 and 302.
    pub opened: Option<RowIdx>,
    pub closed: Option<RowIdx>,
    /// The first and the last record that cites it, 302 apart.
    pub first: Option<RowIdx>,
    pub last: Option<RowIdx>,
}

impl Cited {
    fn new(luid: LogonId) -> Self {
        let [sid, user, domain] = [StrId::NONE; 3];
        Cited { luid, sid, user, domain, opened: None, closed: None, first: None, last: None }
    }
}

/// Whether events of a kind cite a LogonId.
pub fn reads(kind: Kind) -> bool {
    matches!(kind, Kind::LsaLogon | Kind::LsaLogoff | Kind::NtlmOutgoing | Kind::SmbClientRefused)
}

/// The LogonIds of a boot's other logs.
#[derive(Debug, Default)]
pub struct CitedLuids {
    by_luid: FxHashMap<LogonId, u32>,
    pub all: Vec<Cited>,
}

impl CitedLuids {
    /// From the rows of a boot's other logs, by time.
    pub fn of(records: &Records, rows: &[RowIdx]) -> Self {
        let mut cited = CitedLuids::default();
        for &row in rows {
            if let Some(event) = records.event(row) {
                cited.add(records, row, event);
            }
        }
        cited
    }

    fn add(&mut self, records: &Records, row: RowIdx, event: EventIdx) {
        let events = &records.events;
        let kind = events.kind(event);
        let (luid, account) = match kind {
            Kind::LsaLogon | Kind::LsaLogoff => {
                (Field::TargetLogonId, [Field::TargetSid, Field::TargetUser, Field::TargetDomain])
            }
            // The account that these give is the one at the other end, NTLM's caller apart.
            Kind::NtlmOutgoing | Kind::SmbClientRefused => {
                (Field::SubjectLogonId, [Field::SubjectSid, Field::SubjectUser, Field::SubjectDomain])
            }
            _ => return,
        };
        let Some(luid) = events.luid(event, luid).filter(|luid| !luid.is_fixed()) else { return };
        let next = self.all.len() as u32;
        let n = *self.by_luid.entry(luid).or_insert(next);
        if n == next {
            self.all.push(Cited::new(luid));
        }
        let own = &mut self.all[n as usize];
        let [sid, user, domain] = account.map(|field| events.text(event, field));
        if own.user.is_none() {
            (own.user, own.domain) = (user, domain);
        }
        own.sid = if own.sid.is_none() { sid } else { own.sid };
        match kind {
            Kind::LsaLogon => _ = own.opened.get_or_insert(row),
            Kind::LsaLogoff => _ = own.closed.get_or_insert(row),
            _ => {}
        }
        if kind != Kind::LsaLogoff {
            own.first.get_or_insert(row);
            own.last = Some(row);
        }
    }

    pub fn get(&self, luid: LogonId) -> Option<&Cited> {
        self.by_luid.get(&luid).map(|&n| &self.all[n as usize])
    }
}
