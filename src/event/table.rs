//! The table of events: provider, channel and id of each, what it means, and which of its fields are kept.
//!
//! The place for a new event id: a row in the file of its log. Names, ids and fields are those of domain.md A; fields
//! are found by name in every version of an event. A field called `#3` is the fourth unnamed `Data` of a classic
//! source, `@UserID` and `@ActivityID` come from the System element. Fields of several names may mean the same: an
//! event keeps the one it has.

mod security;
mod system;
mod terminal;
mod users;

use super::{Field, Kind};

/// Where an event comes from: a provider that writes to a channel.
pub struct Origin {
    /// Lower-case names of the provider (System/Provider@Name), older names included.
    pub providers: &'static [&'static str],
    /// Lower-case channel; provider and channel both count (domain.md 0.1, 2).
    pub channel: &'static str,
    /// In the order of their ids.
    pub events: &'static [Spec],
    /// What any other event of this origin is, if it cites a LogonId.
    pub other: Option<Spec>,
}

impl Origin {
    /// How many specs it has, that of its other events included.
    pub const fn n_specs(&self) -> usize {
        self.events.len() + self.other.is_some() as usize
    }
}

/// One event: its id, what it means and which fields are kept, by name and meaning.
pub struct Spec {
    pub id: u16,
    pub kind: Kind,
    /// Which of its records are worth a place among the events.
    pub keep: Keep,
    pub fields: &'static [(&'static str, Field)],
}

/// Which records of an id are kept as events. Most of a busy log's are the system's own work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    All,
    /// Those that cite a LogonId that a session can have.
    Cited,
    /// Those to or from a port of [`LOGON_PORTS`].
    LogonPorts,
}

/// Ports of the services that logons come through: SSH, RPC, NetBIOS, SMB, Remote Desktop, WinRM.
pub const LOGON_PORTS: [u64; 7] = [22, 135, 139, 445, 3389, 5985, 5986];

/// Rows of the table: `4624 Logon [groups of fields] { "name" Field, }`, after the kind `if Cited` or `if LogonPorts`.
macro_rules! specs {
    ($($id:literal $kind:ident $(if $keep:ident)? [$($group:expr),*] { $($name:literal $field:ident),* $(,)? })*) => {
        &[$($crate::event::table::Spec {
            id: $id,
            kind: $crate::event::Kind::$kind,
            keep: specs!(@keep $($keep)?),
            fields: {
                use $crate::event::Field;
                use $crate::event::table::{concat, len};
                const PARTS: &[&[(&str, Field)]] = &[$($group,)* &[$(($name, Field::$field)),*]];
                const FIELDS: [(&str, Field); len(PARTS)] = concat(PARTS);
                &FIELDS
            },
        }),*]
    };
    (@keep) => { $crate::event::table::Keep::All };
    (@keep $keep:ident) => { $crate::event::table::Keep::$keep };
}
use specs;

type Named = (&'static str, Field);

const fn len(parts: &[&[Named]]) -> usize {
    let (mut n, mut i) = (0, 0);
    while i < parts.len() {
        n += parts[i].len();
        i += 1;
    }
    n
}

const fn concat<const N: usize>(parts: &[&[Named]]) -> [Named; N] {
    let mut all = [("", Field::SubjectSid); N];
    let (mut at, mut i) = (0, 0);
    while i < parts.len() {
        let mut j = 0;
        while j < parts[i].len() {
            all[at] = parts[i][j];
            at += 1;
            j += 1;
        }
        i += 1;
    }
    all
}

/// "Subj4" of domain.md A.1.
const SUBJECT: &[Named] = &[
    ("SubjectUserSid", Field::SubjectSid),
    ("SubjectUserName", Field::SubjectUser),
    ("SubjectDomainName", Field::SubjectDomain),
    ("SubjectLogonId", Field::SubjectLogonId),
];

/// "Tgt4" of domain.md A.1.
const TARGET: &[Named] = &[
    ("TargetUserSid", Field::TargetSid),
    ("TargetUserName", Field::TargetUser),
    ("TargetDomainName", Field::TargetDomain),
    ("TargetLogonId", Field::TargetLogonId),
];

/// Who the record's process ran as, where the payload does not say it.
const BY: &[Named] = &[("@UserID", Field::UserId)];

/// What belongs to one connection.
const ACTIVITY: &[Named] = &[("@ActivityID", Field::ActivityId)];

/// Every event that is typed.
pub const ORIGINS: &[Origin] = &[
    security::AUDITING,
    security::EVENT_LOG,
    system::EVENT_LOG,
    system::KERNEL_GENERAL,
    system::KERNEL_POWER,
    system::POWER_TROUBLESHOOTER,
    system::KERNEL_BOOT,
    system::BUG_CHECK,
    system::USER32,
    system::LSA,
    system::SERVICES,
    system::WINLOGON,
    system::WINLOGON_APPLICATION,
    terminal::SESSIONS,
    terminal::CONNECTIONS,
    terminal::CONNECTIONS_ADMIN,
    terminal::RDP_CORE,
    terminal::GATEWAY,
    terminal::CLIENT,
    users::PROFILES,
    users::WINLOGON,
    users::LSA,
    users::LSA_DIAGNOSTIC,
    users::GROUP_POLICY,
    users::OPENSSH,
    users::WINRM,
    users::NTLM,
    users::SMB_SERVER,
    users::SMB_CLIENT,
    users::SMB_CONNECTIVITY,
    users::TASKS,
    users::SHELL,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_stand_in_the_order_of_their_ids() {
        for origin in ORIGINS {
            assert!(origin.events.is_sorted_by(|a, b| a.id < b.id), "{}", origin.channel);
            let names = origin.providers.iter().chain([&origin.channel]);
            assert!(names.into_iter().all(|name| *name == name.to_lowercase()), "{}", origin.channel);
        }
    }
}
