//! What the records of each signature are to the audit policy. A log has a few dozen signatures and millions of records.

use crate::audit::{SUBCATEGORIES, tasks};
use crate::event::columns::{LAYOUTS, spec_of};
use crate::event::records::Signature;
use crate::event::{Kind, Records, RowIdx};

pub struct Meanings {
    by_signature: Vec<Meaning>,
    /// Whether any record changed the policy, or tells of a logoff that could not be written: most logs have none.
    pub have_changes: bool,
}

/// What a signature's records are.
pub struct Meaning {
    /// What those are that are typed.
    pub kind: Option<Kind>,
    /// Which of [`N_OUTCOMES`] they are: twice the number of their subcategory among [`SUBCATEGORIES`], and one more
    /// if they are failures; the last if they have none.
    pub outcome: u8,
    /// Whether the records tell more of what was audited than that they are there.
    pub is_telling: bool,
    pub is_logoff: bool,
}

/// The successes and failures of every subcategory, and those that have none.
pub const N_OUTCOMES: usize = 2 * SUBCATEGORIES.len() + 1;

const _: () = assert!(N_OUTCOMES <= u8::MAX as usize);

impl Meanings {
    pub fn of(records: &Records) -> Self {
        let by_signature: Vec<Meaning> =
            records.signatures.iter().map(|signature| Meaning::of(records, signature)).collect();
        let is_change =
            |meaning: &Meaning| matches!(meaning.kind, Some(Kind::AuditPolicyChanged | Kind::EventLost));
        Meanings { have_changes: by_signature.iter().any(is_change), by_signature }
    }

    pub fn of_record(&self, records: &Records, row: RowIdx) -> &Meaning {
        &self.by_signature[records.signature[row as usize] as usize]
    }
}

impl Meaning {
    fn of(records: &Records, signature: &Signature) -> Self {
        let (provider, channel) = (records.text(signature.provider), records.text(signature.channel));
        let spec = spec_of(provider, channel, signature.event_id);
        let kind = spec.map(|spec| LAYOUTS[usize::from(spec)].kind);
        let is_audit = provider.eq_ignore_ascii_case("Microsoft-Windows-Security-Auditing");
        let task = if is_audit { task_of(signature) } else { 0 };
        let number = SUBCATEGORIES.binary_search_by_key(&task, |subcategory| subcategory.task);
        let outcome = number.map_or(N_OUTCOMES - 1, |n| 2 * n + usize::from(is_failure(signature)));
        Meaning {
            kind,
            outcome: outcome as u8,
            is_telling: kind.is_some_and(is_telling),
            // By its subcategory or, where an export has none, by its id.
            is_logoff: signature.task == tasks::LOGOFF
                || matches!(kind, Some(Kind::Logoff | Kind::UserLogoff)),
        }
    }
}

/// Whether records of a kind tell more of what was audited than that they are there.
fn is_telling(kind: Kind) -> bool {
    use Kind::{AuditPolicyChanged, EventLost, Logoff, Logon, ProcessCreated, SpecialPrivileges};
    matches!(kind, AuditPolicyChanged | EventLost | Logoff | Logon | ProcessCreated | SpecialPrivileges)
}

/// Exports may leave the task out: then the events that rules are about are known by their ids.
fn task_of(signature: &Signature) -> u32 {
    match (signature.task, signature.event_id) {
        // Written whatever the policy is (E.1, 2): they show nothing of their own subcategory.
        (_, 4719 | 4912 | 4826 | 4696) => 0,
        (0, 4608 | 4616) => tasks::STATE_CHANGE,
        (0, 4624 | 4625 | 4648) => tasks::LOGON,
        (0, 4634 | 4647) => tasks::LOGOFF,
        (0, 4672 | 4964) => tasks::SPECIAL_LOGON,
        (0, 4778 | 4779 | 4800..=4803) => tasks::OTHER_LOGON,
        (0, 4627) => tasks::GROUP_MEMBERSHIP,
        (0, 4688) => tasks::PROCESS_CREATION,
        (0, 4689) => tasks::PROCESS_TERMINATION,
        (task, _) => task,
    }
}

/// Whether an audit failed; exports may leave the outcome out. Refusals (4825, 5378) are written where failures are
/// audited: of successes they show nothing (E.1, 1).
fn is_failure(signature: &Signature) -> bool {
    match signature.outcome {
        0 => matches!(signature.event_id, 4625 | 4649 | 4771 | 4825 | 5378),
        outcome => outcome & 2 != 0,
    }
}
