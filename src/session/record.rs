//! The session record: what a session is outside the program.
//!
//! Field names, order and vocabularies are a promise to the people who script on them. Fields may be added,
//! never renamed. Times are UTC text with seven digits; numbers of seconds are rounded to 1e-7.

use super::activity::ActivityKind;
use serde::{Deserialize, Serialize};

/// One session, as JSON Lines and the page's drawer have it. `T` is how its texts are held: as texts of its own, or
/// lent by the case for as long as it takes to write them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<T = String> {
    pub session: T,
    pub computer: T,
    pub machine: T,
    pub boot: u32,
    pub class: T,
    pub logon_type: Option<u32>,
    pub logon_type_name: Option<T>,
    pub user: Option<T>,
    pub domain: Option<T>,
    pub sid: Option<T>,
    pub outbound_user: Option<T>,
    pub elevated: Option<bool>,
    pub parent: Option<T>,
    /// The id of the burst it is one of: `machine#boot/burst-` and the LogonId of the burst's first session, as in that
    /// session's own id. Network sessions of one account from one source are a burst if each comes within five minutes
    /// of those before it; a burst has at least two, of one boot (domain.md rule 40).
    pub burst: Option<T>,
    /// The id of the series it is one of: `machine#boot/series-` and the LogonId of its first session. Service sessions (type
    /// 5) of one account in one boot are a series, if there are at least two (domain.md rule 34).
    #[serde(default = "Option::default")]
    pub series: Option<T>,
    pub ts_session: Option<u32>,
    /// How the number is known: `lock_event`, `connection_name`, `user_and_time`, `sid_and_time`, `moment`,
    /// `window_manager`, `own_number`.
    pub ts_session_how: Option<T>,
    pub logon_ids: Vec<T>,
    pub origins: Vec<OriginRecord<T>>,
    pub start: Option<T>,
    pub start_how: T,
    pub start_earliest: Option<T>,
    pub start_latest: Option<T>,
    pub end: Option<T>,
    pub end_how: T,
    pub end_confidence: T,
    /// What made it end, where that is known: `user`, `network` (idle, or its client had gone), `unlock`, `timeout`,
    /// `admin`, `shutdown`, `system` (domain.md C.7, row 2).
    #[serde(default = "Option::default")]
    pub end_cause: Option<T>,
    pub end_earliest: Option<T>,
    pub end_latest: Option<T>,
    pub destroyed_at: Option<T>,
    pub end_why: T,
    pub last_seen: Option<T>,
    pub duration_s: Option<f64>,
    pub duration_min_s: Option<f64>,
    pub duration_max_s: Option<f64>,
    pub connected_s: Option<f64>,
    pub active_s: Option<f64>,
    pub active_how: T,
    pub intervals: Vec<IntervalRecord<T>>,
    pub flags: Vec<T>,
    pub n_logons: u32,
    pub logons: Vec<LogonRecord<T>>,
    pub evidence: Vec<EvidenceRecord<T>>,
    #[serde(default)]
    pub activity: ActivityRecord,
    #[serde(default)]
    pub n_hops_in: u32,
    #[serde(default)]
    pub n_hops_out: u32,
    /// Hops to this session, then those from it, each by time; at most the first thousand each way.
    #[serde(default)]
    pub hops: Vec<HopRecord>,
}

/// A place the session was used from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OriginRecord<T = String> {
    pub at: T,
    pub address: Option<T>,
    pub port: Option<u16>,
    pub host: Option<T>,
    pub channel: T,
    pub record: u64,
    pub event: u32,
}

/// A span in which the session was locked, under a screen saver, disconnected or asleep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalRecord<T = String> {
    pub what: T,
    pub from: T,
    pub to: T,
    pub opened_by: Option<EventRef<T>>,
    pub closed_by: Option<EventRef<T>>,
}

/// An event, by where Windows wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRef<T = String> {
    pub channel: T,
    pub record: u64,
    pub event: u32,
}

/// One 4624 of the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogonRecord<T = String> {
    pub record: u64,
    pub logon_id: T,
    pub role: T,
    pub logoff_4634: Option<u64>,
    pub logoff_4647: Option<u64>,
    /// Where it differs from the session's own.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub computer: Option<T>,
}

/// One event that backs a fact of the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord<T = String> {
    pub source: T,
    pub channel: T,
    pub record: u64,
    pub event: u32,
    pub time: T,
    pub role: T,
    pub rule: u8,
}

/// What ran in the session (domain.md rules 39, 47, 48): how many Security events of each kind cite one of its
/// LogonIds, those of its unlocks and of its other half included. Kinds without events are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivityRecord {
    /// Of the first and the last of these events; null if there are none.
    pub first: Option<String>,
    pub last: Option<String>,
    /// 4688, in the session they run in (`TargetLogonId` before `SubjectLogonId`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub processes: u32,
    /// 4689.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub process_exits: u32,
    /// 4697.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub services: u32,
    /// 4698 to 4702.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tasks: u32,
    /// 4720 and other changes of accounts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub accounts: u32,
    /// 4728, 4732, 4756 and other changes of groups.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub groups: u32,
    /// 5140.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shares: u32,
    /// 5145.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files: u32,
    /// 4648.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub explicit_credentials: u32,
    /// 5376 to 5382.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub credential_reads: u32,
    /// 1102.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub log_clears: u32,
    /// 4719 and other changes of what is audited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audit_changes: u32,
    /// 4797 to 4799.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub enumerations: u32,
    /// 4625 and other refusals that were raised from inside the session.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// 4656 to 4663 and kin.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub objects: u32,
    /// Any other Security event that cites one of its LogonIds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other: u32,
    /// Shares that were opened over the network, in the order of their first records; at most the first hundred.
    pub by_share: Vec<ShareRecord>,
}

/// A share, with its 5140 and 5145.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareRecord {
    pub share: String,
    pub n_opened: u32,
    pub n_files: u32,
}

impl ActivityRecord {
    /// All its events.
    pub fn n(&self) -> u32 {
        let mut counts = self.clone();
        ActivityKind::ALL.iter().map(|&kind| *counts.count_mut(kind)).sum()
    }

    /// The count of a kind.
    pub fn count_mut(&mut self, kind: ActivityKind) -> &mut u32 {
        match kind {
            ActivityKind::Processes => &mut self.processes,
            ActivityKind::ProcessExits => &mut self.process_exits,
            ActivityKind::Services => &mut self.services,
            ActivityKind::Tasks => &mut self.tasks,
            ActivityKind::Accounts => &mut self.accounts,
            ActivityKind::Groups => &mut self.groups,
            ActivityKind::Shares => &mut self.shares,
            ActivityKind::Files => &mut self.files,
            ActivityKind::ExplicitCredentials => &mut self.explicit_credentials,
            ActivityKind::CredentialReads => &mut self.credential_reads,
            ActivityKind::LogClears => &mut self.log_clears,
            ActivityKind::AuditChanges => &mut self.audit_changes,
            ActivityKind::Enumerations => &mut self.enumerations,
            ActivityKind::Failures => &mut self.failures,
            ActivityKind::Objects => &mut self.objects,
            ActivityKind::Other => &mut self.other,
        }
    }
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A hop between this session and another machine (domain.md rules 43 to 46). Hops that lead from one session to one
/// other are one; so are those to a host that is not in the case, with one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HopRecord {
    /// `in`: it led to this session. `out`: it was made from this session.
    pub direction: String,
    /// `explicit_credentials` (4648), `ntlm` (NTLM 8001), `smb` (SmbClient 31001: refused there), `rdp_client` (RDPClient
    /// 1024, 1102), `winrm_client` (WinRM 6), `ssh_client` (4688 of an SSH client), or `logon`: only the logon at the
    /// destination tells of it, and names where it came from.
    pub how: String,
    /// The first and the last of them, by the clock of the source; of `logon` by that of the destination.
    pub at: String,
    pub last: String,
    pub n: u32,
    /// The machine at the other end; null if it is not in the case.
    pub machine: Option<String>,
    /// The destination as the source names it: a server, the name of a service there, or an address.
    pub host: Option<String>,
    /// The session at the other end; null if it is not known.
    pub session: Option<String>,
    /// The account at the destination.
    pub user: Option<String>,
    pub domain: Option<String>,
    /// How sure it is that both ends belong together, 0 to 100: the sum of the weights of `reasons`. Null where one end
    /// alone is known.
    pub score: Option<u8>,
    /// `host`: the source names the destination (20). `user`: both name the account (10). `address`: the logon came from
    /// an address of the source (25). `name`: it names the source as its workstation (20). `guid`: both carry one
    /// LogonGuid (40). `port`: the source opened the connection that the logon came through, by 5156 (25). `ticket`,
    /// `ntlm`: 4769, 4776 name the source for it (10 each). `only_session`: the account had one session open at the
    /// source, no more (10). `client`: the source started an SSH client right before the logon (10).
    pub reasons: Vec<String>,
    /// Of the first of them: the source's records, the destination's, and what supports them.
    pub records: Vec<HopRef>,
}

/// An event of any machine, by where Windows wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HopRef {
    pub computer: String,
    pub channel: String,
    pub record: u64,
    pub event: u32,
}
