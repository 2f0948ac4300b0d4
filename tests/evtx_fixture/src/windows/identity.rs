//! Names to accounts: the same name gives the same domain and SID on every run and every computer.

use crate::value::Sid;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub domain: String,
    pub sid: Sid,
}

/// The domain of users for whom none is given.
const DEFAULT_DOMAIN: &str = "CORP";

/// Accounts that are the same on every Windows.
const WELL_KNOWN: &[(&str, &str, Sid)] = &[
    ("-", "-", Sid::NOBODY),
    ("SYSTEM", "NT AUTHORITY", Sid::SYSTEM),
    ("LOCAL SERVICE", "NT AUTHORITY", Sid::new(5, &[19])),
    ("NETWORK SERVICE", "NT AUTHORITY", Sid::new(5, &[20])),
    ("ANONYMOUS LOGON", "NT AUTHORITY", Sid::new(5, &[7])),
];

/// Users whose relative identifier is fixed in every domain.
const FIXED_RIDS: &[(&str, u32)] = &[("administrator", 500), ("guest", 501), ("krbtgt", 502)];

impl Identity {
    /// From `name`, `DOMAIN\name` or a well-known name such as `SYSTEM` or `DWM-1`.
    pub fn of(text: &str) -> Identity {
        let (domain, name) = text.split_once('\\').unwrap_or(("", text));
        if domain.is_empty()
            && let Some(known) = Identity::well_known(name)
        {
            return known;
        }
        let domain = if domain.is_empty() { DEFAULT_DOMAIN } else { domain };
        Identity { name: name.into(), domain: domain.into(), sid: account_sid(domain, name) }
    }

    pub fn nobody() -> Identity {
        Identity { name: "-".into(), domain: "-".into(), sid: Sid::NOBODY }
    }

    /// The computer's own account, as SYSTEM appears in the Subject fields.
    pub fn machine(computer: &str) -> Identity {
        let host = computer.split('.').next().unwrap_or(computer);
        Identity { name: format!("{host}$"), domain: DEFAULT_DOMAIN.into(), sid: Sid::SYSTEM }
    }

    /// `DOMAIN\name`.
    pub fn full_name(&self) -> String {
        format!("{}\\{}", self.domain, self.name)
    }

    fn well_known(name: &str) -> Option<Identity> {
        if let Some((name, domain, sid)) = WELL_KNOWN.iter().find(|known| known.0.eq_ignore_ascii_case(name))
        {
            return Some(Identity { name: (*name).into(), domain: (*domain).into(), sid: *sid });
        }
        let (kind, number) = name.split_once('-')?;
        let number = number.parse().ok()?;
        let (domain, authority_part) = match kind {
            "DWM" => ("Window Manager", 90),
            "UMFD" => ("Font Driver Host", 96),
            _ => return None,
        };
        let sid = Sid::new(5, &[authority_part, 0, number]);
        Some(Identity { name: name.into(), domain: domain.into(), sid })
    }
}

fn account_sid(domain: &str, name: &str) -> Sid {
    let name = name.to_lowercase();
    let hash = stable_hash(&domain.to_lowercase());
    let fixed = FIXED_RIDS.iter().find(|fixed| fixed.0 == name).map(|fixed| fixed.1);
    let rid = fixed.unwrap_or_else(|| 1_000 + (stable_hash(&name) % 900_000) as u32);
    Sid::new(5, &[21, hash as u32, (hash >> 32) as u32, (hash >> 16) as u32, rid])
}

/// FNV-1a: no account may change its SID with the version of Rust.
fn stable_hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
