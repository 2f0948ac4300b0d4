//! Events: records whose meaning we know, typed.
//!
//! [`table`] lists which records those are and which of their fields are kept; [`columns`] holds them in columns.

pub mod columns;
mod kind;
pub mod merge;
pub mod records;
pub mod table;

pub use columns::{EventIdx, Events, StrId};
pub use kind::Kind;
pub use records::{Records, RowIdx, Signature};
pub use table::Spec;

use std::num::NonZeroU64;
use std::ops::RangeInclusive;

/// A logon session's LUID. 0 means "none" in every event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogonId(NonZeroU64);

impl LogonId {
    /// The system's own, of every Windows.
    pub const SYSTEM: Option<LogonId> = LogonId::new(0x3e7);

    /// 0 is no LogonId.
    pub const fn new(luid: u64) -> Option<Self> {
        match NonZeroU64::new(luid) {
            Some(luid) => Some(LogonId(luid)),
            None => None,
        }
    }

    /// From hexadecimal digits, without the `0x` of its text.
    pub fn from_hex(digits: &str) -> Option<Self> {
        u64::from_str_radix(digits, 16).ok().and_then(Self::new)
    }

    /// As the number that Windows gave.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// How far from another: those of one moment are near each other.
    pub fn apart(self, other: LogonId) -> u64 {
        self.get().abs_diff(other.get())
    }

    /// LUIDs that every Windows hands out at every start, for the same account (domain.md B, class 1).
    pub const FIXED: RangeInclusive<u64> = 0x3e2..=0x3e7;

    /// Whether it is one of [`LogonId::FIXED`].
    pub fn is_fixed(self) -> bool {
        Self::FIXED.contains(&self.get())
    }
}

impl std::fmt::Display for LogonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// How a field's text or bytes are brought to one form (domain.md 0.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Trailing blanks go; "-" is nothing.
    Text,
    /// A text of which the beginning is kept ([`EXCERPT_BYTES`]): command lines and file names are long, and seldom the
    /// same. The record has the rest.
    Excerpt,
    /// `DOMAIN\\user`; both parts become texts of their own as well.
    Account,
    /// `S-1-...`; the null SID is nothing.
    Sid,
    /// `{...}`; the zero GUID is nothing.
    Guid,
    /// An address without the `::ffff:` of IPv4, and without a port; "-" is nothing.
    Address,
    /// A LUID; 0 is nothing.
    Luid,
    /// A number of 32 bits.
    Number,
    /// A number, or what stands after the address in `10.0.0.7:49274`.
    Port,
    /// The account, the address and the port in OpenSSH's `Accepted password for bob from 192.0.2.7 port 50122 ssh2`.
    SshUser,
    SshAddress,
    SshPort,
    /// A FILETIME, or text that says its zone.
    Time,
    /// Raw bytes, kept as hexadecimal text.
    Bytes,
}

/// Bytes of UTF-8 that are kept of a [`Type::Excerpt`].
pub const EXCERPT_BYTES: usize = 256;

impl Type {
    /// Whether its cell is the number of a text.
    pub const fn is_text(self) -> bool {
        !matches!(self, Type::Luid | Type::Time | Type::Number | Type::Port | Type::SshPort)
    }

    /// Cells of 32 bits that a value takes.
    pub const fn n_cells(self) -> usize {
        match self {
            Type::Luid | Type::Time => 2,
            _ => 1,
        }
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $ty:ident,)*) => {
        /// What a kept field means, whatever the event calls it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Field { $($(#[$doc])* $name,)* }

        impl Field {
            pub const ALL: &[Field] = &[$(Field::$name,)*];

            pub const fn ty(self) -> Type {
                match self { $(Field::$name => Type::$ty,)* }
            }
        }
    };
}

fields! {
    SubjectSid: Sid,
    SubjectUser: Text,
    SubjectDomain: Text,
    SubjectLogonId: Luid,
    TargetSid: Sid,
    TargetUser: Text,
    TargetDomain: Text,
    TargetLogonId: Luid,
    LinkedLogonId: Luid,
    LogonType: Number,
    LogonProcess: Text,
    AuthPackage: Text,
    /// The client's name, or what the event has for one.
    Workstation: Text,
    LogonGuid: Guid,
    TargetLogonGuid: Guid,
    LmPackage: Text,
    KeyLength: Number,
    ProcessId: Luid,
    ProcessName: Text,
    /// The client's address; of 5156 the source's.
    Address: Address,
    Port: Port,
    DestAddress: Address,
    DestPort: Port,
    Direction: Text,
    Elevated: Text,
    RestrictedAdmin: Text,
    VirtualAccount: Text,
    OutboundUser: Text,
    OutboundDomain: Text,
    Status: Text,
    SubStatus: Text,
    FailureReason: Text,
    Privileges: Text,
    /// SIDs of watched groups.
    Groups: Text,
    /// The computer that something was done on or to.
    TargetServer: Text,
    /// The service there: `cifs/dc1`.
    TargetInfo: Text,
    /// `Console`, `RDP-Tcp#7`.
    SessionName: Text,
    /// The number of a Terminal Services session.
    TsSession: Number,
    /// The other Terminal Services session of LSM 39.
    SourceSession: Number,
    Reason: Text,
    /// A number with bits of its own meaning (1074), or of an enumeration (power).
    ReasonCode: Text,
    /// 1074: in the machine's language; Kernel-Power 109: a POWER_ACTION.
    ShutdownType: Text,
    Comment: Excerpt,
    PowerState: Text,
    /// `DOMAIN\user`, as the Terminal Services write it.
    Account: Account,
    PreviousTime: Time,
    NewTime: Time,
    StartTime: Time,
    NewProcessId: Luid,
    NewProcess: Text,
    ParentProcess: Text,
    CommandLine: Excerpt,
    TokenElevation: Text,
    MandatoryLabel: Sid,
    ServiceName: Text,
    ServiceFile: Excerpt,
    ServiceAccount: Text,
    TaskName: Text,
    ShareName: Text,
    ObjectName: Excerpt,
    MemberName: Text,
    MemberSid: Sid,
    OldName: Text,
    NewName: Text,
    TicketEncryption: Text,
    PreAuthType: Text,
    /// `%%12545`: the task of its events (domain.md E.1).
    SubcategoryId: Text,
    Subcategory: Guid,
    AuditChanges: Text,
    /// EventID of an event that could not be written (1108).
    LostEventId: Number,
    LostProvider: Text,
    ClearedChannel: Text,
    BackupPath: Text,
    /// Seconds since the start.
    Uptime: Number,
    Seconds: Number,
    /// 6013: minutes that local time is behind UTC, and the zone's name.
    TimeZone: Text,
    Version: Text,
    MinorVersion: Text,
    Build: Text,
    DomainJoined: Text,
    CloudJoined: Text,
    DomainController: Text,
    /// What Winlogon (811) or group policy (5324) tells of: 2 logon, 3 logoff, 4 lock, 5 unlock, 6 and 7 screen saver.
    Notification: Number,
    Subscriber: Text,
    /// `S-1-5-21-...` or `S-1-5-21-..._Classes`: whose registry.
    ProfileKey: Text,
    ProfileType: Text,
    /// Base64 of the SHA-256 of the name.
    UserHash: Text,
    Message: Excerpt,
    SshUser: SshUser,
    SshAddress: SshAddress,
    SshPort: SshPort,
    Binary: Bytes,
    /// System/Security@UserID.
    UserId: Sid,
    /// System/Correlation@ActivityID.
    ActivityId: Guid,
}
