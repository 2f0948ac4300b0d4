//! Codes to words (domain.md E.5): what `%%2313`, `0xc000006a` or a `LogonType` of 10 says.

use crate::audit;

/// What a field's value says beside itself, if it is a code: by the field's name (`EventData.SubStatus`) and its event.
pub fn words(event_id: u32, name: &str, value: &str) -> Option<String> {
    let field = name.rsplit('.').next().unwrap_or(name);
    let value = value.trim();
    if value.contains("%%") {
        return messages(value);
    }
    let is_kerberos = matches!(event_id, 4768..=4771);
    let text = match field {
        "Status" | "SubStatus" | "FailureReason" if is_kerberos => kerberos_status(number(value)?),
        "Status" | "SubStatus" => nt_status(number(value)?),
        "TicketEncryptionType" => encryption(number(value)?),
        "PreAuthType" => pre_authentication(number(value)?),
        "LogonType" => super::words::logon_type_name(number(value)?),
        "Reason" if event_id == 40 => disconnect_reason(number(value)?),
        "ReasonCode" if event_id == 103 => disconnect_reason(number(value)?),
        "ShutdownActionType" => power_action(number(value)?),
        "BootType" => boot_type(number(value)?),
        "Event" if matches!(event_id, 811 | 812) => winlogon_notification(number(value)?),
        "KeyLength" => key_length(number(value)?),
        "MandatoryLabel" => integrity(value),
        "SubcategoryGuid" => return audit::of_change(value, "").map(|found| found.name.to_owned()),
        "Task" => return audit::of_task(number(value)?).map(|found| found.name.to_owned()),
        _ => None,
    };
    text.map(str::to_owned)
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Every `%%` code of a value, known or not; `None` if not one is known.
fn messages(value: &str) -> Option<String> {
    let codes = value.split("%%").skip(1).map(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok().and_then(message)
    });
    let words: Vec<&str> = codes.flatten().collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// A message of the auditing provider: `%%1842` is Yes.
pub fn message(code: u32) -> Option<&'static str> {
    if let Some(subcategory) = audit::of_task(code) {
        return Some(subcategory.name);
    }
    Some(match code {
        1537 => "DELETE",
        1538 => "READ_CONTROL",
        1539 => "WRITE_DAC",
        1540 => "WRITE_OWNER",
        1541 => "SYNCHRONIZE",
        1832 => "Identification",
        1833 => "Impersonation",
        1840 => "Delegation",
        1842 => "Yes",
        1843 => "No",
        1844 => "System",
        1845 => "Not available",
        1846 => "Default",
        1848 => "Off",
        1849 => "Auto",
        1936 => "full token, no split by UAC",
        1937 => "elevated token",
        1938 => "limited token",
        2304 => "an error occurred during logon",
        2305 => "the account has expired",
        2306 => "Netlogon is not active",
        2307 => "the account is locked out",
        2308 => "this type of logon is not granted",
        2309 => "the password has expired",
        2310 => "the account is disabled",
        2311 => "outside the hours allowed",
        2312 => "not allowed on this computer",
        2313 => "unknown user name or bad password",
        2314 => "the domain's SID is inconsistent",
        2315 => "a smart card is required",
        4416 => "ReadData or ListDirectory",
        4417 => "WriteData or AddFile",
        4418 => "AppendData or AddSubdirectory",
        4423 => "ReadAttributes",
        8099 => "Enumerate Credentials",
        8100 => "Read Credential",
        8272 => "System",
        8273 => "Logon/Logoff",
        8274 => "Object Access",
        8275 => "Privilege Use",
        8276 => "Detailed Tracking",
        8277 => "Policy Change",
        8278 => "Account Management",
        8279 => "DS Access",
        8280 => "Account Logon",
        8448 => "Success removed",
        8449 => "Success added",
        8450 => "Failure removed",
        8451 => "Failure added",
        14592 => "Inbound",
        14593 => "Outbound",
        14610 => "Receive/Accept",
        14611 => "Connect",
        _ => return None,
    })
}

/// Status and SubStatus of 4625 and 4776.
pub fn nt_status(status: u32) -> Option<&'static str> {
    Some(match status {
        0 => "success",
        0xc000_005e => "no logon server",
        0xc000_0064 => "no such user",
        0xc000_006a => "wrong password",
        0xc000_006d => "bad user name or password",
        0xc000_006e => "restricted account",
        0xc000_006f => "outside the hours allowed",
        0xc000_0070 => "not allowed on this computer",
        0xc000_0071 => "password expired",
        0xc000_0072 => "account disabled",
        0xc000_00dc => "the account database is in the wrong state",
        0xc000_0133 => "clocks differ too much",
        0xc000_015b => "this type of logon is not granted",
        0xc000_018c | 0xc000_018d => "trust relationship failed",
        0xc000_0192 => "Netlogon is not started",
        0xc000_0193 => "account expired",
        0xc000_0224 => "the password must be changed first",
        0xc000_0225 => "not found (harmless)",
        0xc000_0234 => "account locked out",
        0xc000_02ee => "an error occurred during logon",
        0xc000_0413 => "refused by the authentication firewall",
        _ => return None,
    })
}

/// Status of 4768, 4769 and 4771 (RFC 4120, 7.5.9).
pub fn kerberos_status(status: u32) -> Option<&'static str> {
    Some(match status {
        0 => "success",
        0x6 => "no such user",
        0x7 => "no such service",
        0xc => "refused by policy",
        0x12 => "account disabled, expired or locked out",
        0x17 => "password expired",
        0x18 => "wrong password",
        0x1f => "integrity check failed",
        0x20 => "ticket expired",
        0x25 => "clocks differ too much",
        _ => return None,
    })
}

/// TicketEncryptionType.
pub fn encryption(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0x1 | 0x3 => "DES",
        0x11 => "AES-128",
        0x12 => "AES-256",
        0x17 | 0x18 => "RC4",
        0xffff_ffff => "none: the request failed",
        _ => return None,
    })
}

/// PreAuthType (RFC 4120, 7.5.2).
fn pre_authentication(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0 => "none",
        2 => "password",
        15..=17 => "smart card",
        138 => "armoured password",
        _ => return None,
    })
}

/// Reason of LSM 40 and of RdpCoreTS 103: ExtendedDisconnectReasonCode.
pub fn disconnect_reason(code: u32) -> Option<&'static str> {
    Some(match code {
        0 => "no more is known: the client was closed, or the network failed",
        1 => "disconnected by a program or an administrator",
        2 => "logged off by a program or an administrator",
        3 => "idle for too long",
        4 => "time limit of the session",
        5 => "replaced by another connection",
        6 => "out of memory",
        7 => "the server denied the connection",
        8 => "denied by FIPS",
        9 => "too few privileges",
        10 => "fresh credentials are required",
        11 => "disconnected by the user, or by a tool",
        12 => "logged off by the user",
        256..=267 => "licensing failed",
        768 => "the encryption of the credentials failed",
        _ => return None,
    })
}

/// POWER_ACTION (winnt.h).
pub fn power_action(action: u32) -> Option<&'static str> {
    Some(match action {
        0 => "none",
        2 => "sleep",
        3 => "hibernate",
        4 => "shutdown",
        5 => "restart",
        6 => "power off",
        _ => return None,
    })
}

/// BootType of Kernel-Boot 27.
pub fn boot_type(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0 => "cold start",
        1 => "fast startup",
        2 => "resumed from hibernation",
        _ => return None,
    })
}

/// What Winlogon tells its subscribers.
fn winlogon_notification(event: u32) -> Option<&'static str> {
    Some(match event {
        2 => "logon",
        3 => "logoff",
        4 => "lock",
        5 => "unlock",
        6 => "screen saver started",
        7 => "screen saver stopped",
        _ => return None,
    })
}

fn key_length(bits: u32) -> Option<&'static str> {
    match bits {
        0 => Some("no session key"),
        128 => Some("usual"),
        _ => None,
    }
}

/// MandatoryLabel of 4688.
pub fn integrity(sid: &str) -> Option<&'static str> {
    Some(match sid {
        "S-1-16-0" => "untrusted",
        "S-1-16-4096" => "low integrity",
        "S-1-16-8192" => "medium integrity",
        "S-1-16-8448" => "medium integrity, plus",
        "S-1-16-12288" => "high integrity",
        "S-1-16-16384" => "system integrity",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn codes_are_told_in_words() {
        let told = |event_id, name, value| words(event_id, name, value).unwrap_or_default();
        assert_eq!(told(4625, "EventData.SubStatus", "0xc000006a"), "wrong password");
        assert_eq!(told(4625, "EventData.FailureReason", "%%2313"), "unknown user name or bad password");
        assert_eq!(told(4771, "EventData.Status", "0x18"), "wrong password");
        assert_eq!(told(4624, "EventData.LogonType", "10"), "RemoteInteractive");
        assert_eq!(told(4624, "EventData.ImpersonationLevel", "%%1840"), "Delegation");
        assert_eq!(
            told(4719, "EventData.AuditPolicyChanges", "%%8448, %%8450"),
            "Success removed, Failure removed"
        );
        assert_eq!(
            told(4719, "EventData.SubcategoryGuid", "{0cce9216-69ae-11d9-bed3-505054503030}"),
            "Logoff"
        );
        assert_eq!(told(40, "UserData.EventXML.Reason", "12"), "logged off by the user");
        assert_eq!(told(4624, "System.Task", "12544"), "Logon");
    }

    #[test]
    fn what_is_no_code_has_no_words() {
        assert_eq!(words(4624, "EventData.TargetUserName", "10"), None);
        assert_eq!(words(4625, "EventData.SubStatus", "0xc0000999"), None);
        assert_eq!(words(42, "EventData.Reason", "7"), None);
        assert_eq!(words(4663, "EventData.AccessList", "%%"), None);
    }
}
