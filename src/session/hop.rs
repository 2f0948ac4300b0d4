//! Hops: from a session on one machine to another machine, and to the session there if the case has it.

use super::SessionIdx;
use crate::event::{RowIdx, StrId};
use crate::time::Timestamp;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What shows a hop (domain.md rules 43 to 46).
    HopHow {
        /// 4648: the session used credentials for another machine.
        ExplicitCredentials = "explicit_credentials",
        /// NTLM 8001 and kin: it authenticated to another machine.
        Ntlm = "ntlm",
        /// SmbClient 31001: it was refused by another machine's file server.
        Smb = "smb",
        /// RDPClient 1024 and 1102: it opened Remote Desktop to another machine.
        RdpClient = "rdp_client",
        /// WinRM 6: it opened a remote shell, or managed another machine.
        WinrmClient = "winrm_client",
        /// 4688 of an SSH client: it was started right before the logon.
        SshClient = "ssh_client",
        /// The logon at the destination alone: it names where it came from.
        Logon = "logon",
    }
}

/// Why two ends are taken for one hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasons(pub u16);

impl Reasons {
    /// The source's record names the destination.
    pub const HOST: Reasons = Reasons(1);
    /// Both ends name the account.
    pub const USER: Reasons = Reasons(2);
    /// The logon came from an address that is the source's.
    pub const ADDRESS: Reasons = Reasons(4);
    /// The logon names the source as its workstation.
    pub const NAME: Reasons = Reasons(8);
    /// Both ends carry one LogonGuid.
    pub const GUID: Reasons = Reasons(16);
    /// The source opened a connection from the port that the logon came from (5156).
    pub const PORT: Reasons = Reasons(32);
    /// A domain controller gave that address the ticket of the logon (4769).
    pub const TICKET: Reasons = Reasons(64);
    /// A domain controller, or the destination, validated the account for that workstation (4776).
    pub const NTLM: Reasons = Reasons(128);
    /// The account had one session open at the source, no more.
    pub const ONLY_SESSION: Reasons = Reasons(256);
    /// The source started an SSH client right before the logon (4688).
    pub const CLIENT: Reasons = Reasons(512);

    /// Word and weight of each. What both logs wrote of their own accord weighs most; a name is the client's claim.
    const ALL: [(&str, u8); 10] = [
        ("host", 20),
        ("user", 10),
        ("address", 25),
        ("name", 20),
        ("guid", 40),
        ("port", 25),
        ("ticket", 10),
        ("ntlm", 10),
        ("only_session", 10),
        ("client", 10),
    ];

    pub fn with(self, other: Reasons) -> Self {
        Reasons(self.0 | other.0)
    }

    pub fn has(self, other: Reasons) -> bool {
        self.0 & other.0 != 0
    }

    fn each(self) -> impl Iterator<Item = (&'static str, u8)> {
        Self::ALL.into_iter().enumerate().filter(move |(n, _)| self.0 >> n & 1 == 1).map(|(_, reason)| reason)
    }

    pub fn words(self) -> impl Iterator<Item = &'static str> {
        self.each().map(|(word, _)| word)
    }

    /// From 0 to 100.
    pub fn score(self) -> u8 {
        self.each().map(|(_, weight)| weight).fold(0, u8::saturating_add).min(100)
    }
}

/// Records of a hop that are kept: its source's, its destination's, and what supports them.
pub const HOP_RECORDS: usize = 4;

/// One hop, or several alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    pub how: HopHow,
    pub from_machine: u32,
    /// `None`: which session it was made from is not known.
    pub from: Option<SessionIdx>,
    /// `None`: the destination is not in the case.
    pub to_machine: Option<u32>,
    pub to: Option<SessionIdx>,
    /// The destination as the source names it: a server, the name of a service there, an address.
    pub host: StrId,
    /// The account that was used there.
    pub user: StrId,
    pub domain: StrId,
    /// The first and the last of them.
    pub at: Timestamp,
    pub last: Timestamp,
    pub n: u32,
    /// Empty without a session at the destination.
    pub reasons: Reasons,
    pub rows: [Option<RowIdx>; HOP_RECORDS],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_reasons_are_a_higher_score_up_to_a_hundred() {
        let explicit = Reasons::HOST.with(Reasons::USER);
        assert_eq!(explicit.score(), 30);
        assert_eq!(explicit.with(Reasons::NAME).words().collect::<Vec<_>>(), ["host", "user", "name"]);
        assert_eq!(Reasons(1023).score(), 100);
    }
}
