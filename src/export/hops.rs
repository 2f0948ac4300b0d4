//! Hops for reading: where a session came from and led to, on the other machines of the case.

use super::record::Exporter;
use crate::event::RowIdx;
use crate::session::hop::Hop;
use crate::session::record::{HopRecord, HopRef};
use crate::session::{Session, SessionIdx};

/// Hops of one session that its record lists each way; all are counted.
const MAX_HOPS: usize = 1000;

impl Exporter<'_> {
    /// Hops to a session first, then those from it, each by time.
    pub fn hops(&self, session: &Session) -> Vec<HopRecord> {
        let sessions = &self.correlated.sessions;
        let inward = session.hops_in.of(&sessions.hops_in).iter().map(|&n| &sessions.hops[n as usize]);
        let outward = session.hops_out.of(&sessions.hops).iter();
        let inward = inward.take(MAX_HOPS).map(|hop| self.hop(hop, "in", Some(hop.from_machine), hop.from));
        let outward = outward.take(MAX_HOPS).map(|hop| self.hop(hop, "out", hop.to_machine, hop.to));
        inward.chain(outward).collect()
    }

    fn hop(&self, hop: &Hop, direction: &str, machine: Option<u32>, peer: Option<SessionIdx>) -> HopRecord {
        let all = &self.correlated.sessions.all;
        HopRecord {
            direction: direction.to_owned(),
            how: hop.how.word().to_owned(),
            at: hop.at.to_string(),
            last: hop.last.to_string(),
            n: hop.n,
            machine: machine.map(|machine| self.correlated.machines[machine as usize].name.clone()),
            host: self.text(hop.host),
            session: peer.map(|peer| self.id(&all[peer as usize]).to_string()),
            user: self.text(hop.user),
            domain: self.text(hop.domain),
            score: hop.to.map(|_| hop.reasons.score()),
            reasons: hop.reasons.words().map(str::to_owned).collect(),
            records: hop.rows.iter().flatten().map(|&row| self.hop_ref(row)).collect(),
        }
    }

    fn hop_ref(&self, row: RowIdx) -> HopRef {
        let signature = self.records.signature(row);
        HopRef {
            computer: self.records.text(signature.computer).to_owned(),
            channel: self.records.text(signature.channel).to_owned(),
            record: self.records.id[row as usize],
            event: signature.event_id,
        }
    }
}
