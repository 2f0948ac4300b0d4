//! What ran in sessions: the kinds of it (domain.md rules 39, 47 and 48).

use crate::vocabulary::vocabulary;

vocabulary! {
    /// A kind of activity, told by the id of its Security event.
    ActivityKind {
        /// 4688.
        Processes = "processes",
        /// 4689.
        ProcessExits = "process_exits",
        /// 4697.
        Services = "services",
        /// 4698 to 4702.
        Tasks = "tasks",
        /// 4720 and kin.
        Accounts = "accounts",
        /// 4728, 4732, 4756 and kin.
        Groups = "groups",
        /// 5140.
        Shares = "shares",
        /// 5145.
        Files = "files",
        /// 4648.
        ExplicitCredentials = "explicit_credentials",
        /// 5376 to 5382.
        CredentialReads = "credential_reads",
        /// 1102.
        LogClears = "log_clears",
        /// 4719 and kin.
        AuditChanges = "audit_changes",
        /// 4797 to 4799.
        Enumerations = "enumerations",
        /// 4625 and other refusals that were raised from inside.
        Failures = "failures",
        /// 4656 to 4663 and kin: handles to files, keys and other objects.
        Objects = "objects",
        /// Any other event that cites the session.
        Other = "other",
    }
}

impl ActivityKind {
    /// The kind of a Security event that cites a session. `None` for those that begin, end or change sessions: they
    /// are what a session is, not what was done in it.
    pub fn of(event_id: u32) -> Option<Self> {
        Some(match event_id {
            4624 | 4626 | 4627 | 4634 | 4647 | 4672 | 4696 | 4778 | 4779 | 4800..=4803 | 4964 => return None,
            4688 => ActivityKind::Processes,
            4689 => ActivityKind::ProcessExits,
            4697 => ActivityKind::Services,
            4698..=4702 => ActivityKind::Tasks,
            4720 | 4722..=4726 | 4738 | 4740..=4743 | 4765..=4767 | 4780 | 4781 => ActivityKind::Accounts,
            4727..=4737 | 4744..=4764 => ActivityKind::Groups,
            5140 => ActivityKind::Shares,
            5145 => ActivityKind::Files,
            4648 => ActivityKind::ExplicitCredentials,
            5376..=5382 => ActivityKind::CredentialReads,
            1102 => ActivityKind::LogClears,
            4719 | 4902 | 4904..=4908 | 4912 => ActivityKind::AuditChanges,
            4797..=4799 => ActivityKind::Enumerations,
            4625 | 4649 | 4825 => ActivityKind::Failures,
            4656..=4663 | 4670 | 4690 | 4691 => ActivityKind::Objects,
            _ => ActivityKind::Other,
        })
    }
}
