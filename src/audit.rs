//! Audit subcategories: what Windows calls them, and which events are theirs (domain.md E.1).

/// One subcategory of the audit policy. The Task of a Security event names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Subcategory {
    pub task: u32,
    /// The two digits that tell its GUID from the others': `{0CCE9216-69AE-11D9-BED3-505054503030}` is 16.
    pub guid: u8,
    pub category: &'static str,
    pub name: &'static str,
}

impl Subcategory {
    pub fn guid(&self) -> String {
        format!("{{0CCE92{:02X}-69AE-11D9-BED3-505054503030}}", self.guid)
    }

    /// Whether any event of it can be a failure (E.1: those of these categories never are).
    pub fn has_failures(&self) -> bool {
        !matches!(
            self.task,
            tasks::LOGOFF
                | tasks::SPECIAL_LOGON
                | tasks::GROUP_MEMBERSHIP
                | tasks::PROCESS_CREATION
                | tasks::PROCESS_TERMINATION
                | tasks::STATE_CHANGE
        )
    }
}

/// Tasks that rules name.
pub mod tasks {
    pub const STATE_CHANGE: u32 = 12288;
    pub const LOGON: u32 = 12544;
    pub const LOGOFF: u32 = 12545;
    pub const ACCOUNT_LOCKOUT: u32 = 12546;
    pub const SPECIAL_LOGON: u32 = 12548;
    pub const OTHER_LOGON: u32 = 12551;
    pub const GROUP_MEMBERSHIP: u32 = 12554;
    pub const FILE_SHARE: u32 = 12808;
    pub const PROCESS_CREATION: u32 = 13312;
    pub const PROCESS_TERMINATION: u32 = 13313;
    pub const AUDIT_POLICY: u32 = 13568;
    pub const CREDENTIAL_VALIDATION: u32 = 14336;
    pub const KERBEROS_TICKETS: u32 = 14337;
    pub const KERBEROS_AUTHENTICATION: u32 = 14339;
}

macro_rules! subcategories {
    ($($category:literal { $($task:literal $guid:literal $name:literal,)* })*) => {
        &[$($(Subcategory { task: $task, guid: $guid, category: $category, name: $name },)*)*]
    };
}

/// All of them, by task.
pub const SUBCATEGORIES: &[Subcategory] = subcategories! {
    "System" {
        12288 0x10 "Security State Change",
        12289 0x11 "Security System Extension",
        12290 0x12 "System Integrity",
        12291 0x13 "IPsec Driver",
        12292 0x14 "Other System Events",
    }
    "Logon/Logoff" {
        12544 0x15 "Logon",
        12545 0x16 "Logoff",
        12546 0x17 "Account Lockout",
        12547 0x18 "IPsec Main Mode",
        12548 0x1b "Special Logon",
        12549 0x19 "IPsec Quick Mode",
        12550 0x1a "IPsec Extended Mode",
        12551 0x1c "Other Logon/Logoff Events",
        12552 0x43 "Network Policy Server",
        12553 0x47 "User / Device Claims",
        12554 0x49 "Group Membership",
    }
    "Object Access" {
        12800 0x1d "File System",
        12801 0x1e "Registry",
        12802 0x1f "Kernel Object",
        12803 0x20 "SAM",
        12804 0x27 "Other Object Access Events",
        12805 0x21 "Certification Services",
        12806 0x22 "Application Generated",
        12807 0x23 "Handle Manipulation",
        12808 0x24 "File Share",
        12809 0x25 "Filtering Platform Packet Drop",
        12810 0x26 "Filtering Platform Connection",
        12811 0x44 "Detailed File Share",
        12812 0x45 "Removable Storage",
        12813 0x46 "Central Policy Staging",
    }
    "Privilege Use" {
        13056 0x28 "Sensitive Privilege Use",
        13057 0x29 "Non Sensitive Privilege Use",
        13058 0x2a "Other Privilege Use Events",
    }
    "Detailed Tracking" {
        13312 0x2b "Process Creation",
        13313 0x2c "Process Termination",
        13314 0x2d "DPAPI Activity",
        13315 0x2e "RPC Events",
        13316 0x48 "Plug and Play Events",
        13317 0x4a "Token Right Adjusted Events",
    }
    "Policy Change" {
        13568 0x2f "Audit Policy Change",
        13569 0x30 "Authentication Policy Change",
        13570 0x31 "Authorization Policy Change",
        13571 0x32 "MPSSVC Rule-Level Policy Change",
        13572 0x33 "Filtering Platform Policy Change",
        13573 0x34 "Other Policy Change Events",
    }
    "Account Management" {
        13824 0x35 "User Account Management",
        13825 0x36 "Computer Account Management",
        13826 0x37 "Security Group Management",
        13827 0x38 "Distribution Group Management",
        13828 0x39 "Application Group Management",
        13829 0x3a "Other Account Management Events",
    }
    "DS Access" {
        14080 0x3b "Directory Service Access",
        14081 0x3c "Directory Service Changes",
        14082 0x3d "Directory Service Replication",
        14083 0x3e "Detailed Directory Service Replication",
    }
    "Account Logon" {
        14336 0x3f "Credential Validation",
        14337 0x40 "Kerberos Service Ticket Operations",
        14338 0x41 "Other Account Logon Events",
        14339 0x42 "Kerberos Authentication Service",
    }
};

/// What Microsoft's baseline asks of a subcategory: success and failure, for domain controllers, member servers and
/// workstations (domain.md E.3, after Microsoft's audit pages).
#[derive(Debug)]
pub struct Baseline {
    pub task: u32,
    pub general: [Demand; 3],
    pub stronger: [Demand; 3],
    /// What the analysis of sessions lacks without it.
    pub cost: &'static str,
}

/// Success and failure; `None` is "only if it is needed".
pub type Demand = (Option<bool>, Option<bool>);

const fn all(success: bool, failure: bool) -> [Demand; 3] {
    [(Some(success), Some(failure)); 3]
}

/// The lines of the baselines that matter to sessions.
pub const BASELINE: &[Baseline] = &[
    Baseline {
        task: tasks::LOGON,
        general: all(true, true),
        stronger: all(true, true),
        cost: "sessions are known only by what else cites them, their starts lie between bounds, and where they came \
               from is not known; without its failures no failed logon is seen",
    },
    Baseline {
        task: tasks::LOGOFF,
        general: all(false, false),
        stronger: all(true, false),
        cost: "no session has an end or a duration of its own: a missing logoff means nothing",
    },
    Baseline {
        task: tasks::OTHER_LOGON,
        general: all(true, true),
        stronger: all(true, true),
        cost: "locks, disconnects and reconnects are not seen: how long a session was used is not known, nor from \
               which clients",
    },
    Baseline {
        task: tasks::SPECIAL_LOGON,
        general: all(true, false),
        stronger: all(true, false),
        cost: "which sessions had administrator rights is known only from what 4624 says itself",
    },
    Baseline {
        task: tasks::GROUP_MEMBERSHIP,
        general: all(true, false),
        stronger: all(true, false),
        cost: "the groups of a session's account are not known",
    },
    Baseline {
        task: tasks::STATE_CHANGE,
        general: all(true, false),
        stronger: all(true, false),
        cost: "starts of Windows and settings of its clock must be found in other records",
    },
    Baseline {
        task: tasks::AUDIT_POLICY,
        general: all(true, false),
        stronger: all(true, false),
        cost: "4719 is written all the same, but starts lack their 4902",
    },
    Baseline {
        task: tasks::PROCESS_CREATION,
        general: all(true, false),
        stronger: all(true, false),
        cost: "what ran in a session is not known, and its last sign of life may be much too early",
    },
    Baseline {
        task: tasks::ACCOUNT_LOCKOUT,
        general: all(false, true),
        stronger: all(false, true),
        cost: "logons refused because of a lockout are not seen",
    },
    Baseline {
        task: tasks::PROCESS_TERMINATION,
        general: all(false, false),
        stronger: [(None, Some(false)); 3],
        cost: "when the programs of a session ended is not known",
    },
    Baseline {
        task: tasks::CREDENTIAL_VALIDATION,
        general: [(None, Some(true)), (Some(true), Some(true)), (Some(true), Some(true))],
        stronger: all(true, true),
        cost: "NTLM logons cannot be joined with the computer they came from by what validated them",
    },
    Baseline {
        task: tasks::KERBEROS_AUTHENTICATION,
        general: [(Some(true), Some(true)), (Some(false), Some(false)), (Some(false), Some(false))],
        stronger: [(Some(true), Some(true)), (Some(false), Some(false)), (Some(false), Some(false))],
        cost: "on a domain controller, the logons of the domain's accounts elsewhere are not seen",
    },
    Baseline {
        task: tasks::FILE_SHARE,
        general: all(true, true),
        stronger: all(true, true),
        cost: "which shares a network session opened is not known",
    },
];

/// The baseline's line for a task.
pub fn baseline(task: u32) -> Option<&'static Baseline> {
    BASELINE.iter().find(|line| line.task == task)
}

/// The subcategory of a task.
pub fn of_task(task: u32) -> Option<&'static Subcategory> {
    SUBCATEGORIES.binary_search_by_key(&task, |subcategory| subcategory.task).ok().map(|n| &SUBCATEGORIES[n])
}

/// The subcategory that a 4719 or 4912 is about: by its GUID, else by `%%12545`.
pub fn of_change(guid: &str, id: &str) -> Option<&'static Subcategory> {
    let digits = guid.trim_start_matches('{').to_ascii_uppercase();
    let own = digits.strip_prefix("0CCE92").and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
    match own {
        Some(own) => SUBCATEGORIES.iter().find(|subcategory| subcategory.guid == own),
        None => of_task(id.trim().strip_prefix("%%")?.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subcategories_are_found_by_task_and_by_guid() {
        assert!(SUBCATEGORIES.is_sorted_by(|a, b| a.task < b.task));
        for subcategory in SUBCATEGORIES {
            assert_eq!(of_task(subcategory.task), Some(subcategory));
            assert_eq!(of_change(&subcategory.guid().to_lowercase(), ""), Some(subcategory));
        }
        assert_eq!(of_change("", "%%12545").map(|found| found.name), Some("Logoff"));
        assert_eq!(of_change("{FFCE9216-69AE-11D9-BED3-505054503030}", "%%1"), None);
    }
}
