//! What a logon is for (domain.md B, session classes; the first rule that applies).

use crate::event::columns::Said;
use crate::event::{EventIdx, Field, LogonId, Records};
use crate::session::Class;

/// The logon type of whoever sits at the computer, and of a prompt for credentials.
pub const INTERACTIVE: u32 = 2;

const ANONYMOUS: &str = "S-1-5-7";

/// The class of the session that a 4624 opens.
pub fn class_of_logon(records: &Records, event: EventIdx) -> Class {
    let said = records.events.said(event);
    let text = |field| records.text(said.text(field));
    let logon_type = said.number(Field::LogonType);
    let luid = said.luid(Field::TargetLogonId);
    let account =
        class_of_account(luid, text(Field::TargetSid), text(Field::TargetUser), || text(Field::TargetDomain));
    if let Some(class) = account.filter(|class| *class != Class::Machine) {
        return class;
    }
    match logon_type {
        // A computer's account has no desktop; whoever has one hides behind the dollar sign.
        Some(7 | 13) => Class::Reauth,
        Some(2 | 10 | 11 | 12) if is_desktop(records, said) => Class::Desktop,
        _ if account.is_some() => Class::Machine,
        Some(2 | 9 | 10 | 11 | 12) => Class::Secondary,
        Some(3) if is_local_network(records, said) => Class::LocalNetwork,
        Some(3 | 8) => Class::Network,
        Some(4) => Class::Batch,
        Some(5) => Class::Service,
        _ => Class::Unknown,
    }
}

/// Rules 1 to 4: classes that the account alone decides.
pub fn class_of_account<'a>(
    luid: Option<LogonId>,
    sid: &str,
    user: &str,
    domain: impl FnOnce() -> &'a str,
) -> Option<Class> {
    if luid.is_some_and(LogonId::is_fixed) {
        Some(Class::System)
    } else if is_window_manager(sid, domain) {
        Some(Class::WindowManager)
    } else if sid == ANONYMOUS {
        Some(Class::Anonymous)
    } else {
        user.ends_with('$').then_some(Class::Machine)
    }
}

/// DWM-n and UMFD-n: by their SIDs, for anybody may name a domain like theirs.
pub fn is_window_manager<'a>(sid: &str, domain: impl FnOnce() -> &'a str) -> bool {
    if sid.is_empty() {
        let domain = domain();
        return domain.eq_ignore_ascii_case("Window Manager")
            || domain.eq_ignore_ascii_case("Font Driver Host");
    }
    sid.starts_with("S-1-5-90-") || sid.starts_with("S-1-5-96-")
}

/// Rule 5: a desktop is opened by the system, through User32; other interactive logons are within one. A record that
/// names neither its logon process nor its program tells of no such other.
fn is_desktop(records: &Records, said: Said<'_>) -> bool {
    let by_system = said.luid(Field::SubjectLogonId).is_none_or(LogonId::is_fixed);
    let process = records.text(said.text(Field::LogonProcess));
    let is_bare = || process.is_empty() && said.text(Field::ProcessName).is_none();
    by_system && (process.eq_ignore_ascii_case("User32") || is_bare())
}

/// Rule 9: S4U or LogonUser on this computer. The SSH server logs its clients on in the same way (trap 51).
fn is_local_network(records: &Records, said: Said<'_>) -> bool {
    let by_system = said.luid(Field::SubjectLogonId) == LogonId::SYSTEM;
    let process = said.text(Field::ProcessName);
    by_system
        && !process.is_none()
        && said.text(Field::Address).is_none()
        && !is_ssh_server(records.text(process))
}

pub fn is_ssh_server(process: &str) -> bool {
    is_program(process, "sshd.exe")
}

/// Whether a process, given by its path, is of the program of a name.
pub fn is_program(process: &str, name: &str) -> bool {
    let Some((before, own)) =
        process.len().checked_sub(name.len()).and_then(|at| process.split_at_checked(at))
    else {
        return false;
    };
    own.eq_ignore_ascii_case(name) && (before.is_empty() || before.ends_with('\\'))
}
