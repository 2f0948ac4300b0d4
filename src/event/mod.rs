//! Events: records whose meaning we know, typed.
//!
//! [`table`] lists which records those are and which of their fields are kept; [`columns`] holds them in columns.

pub mod columns;
pub mod merge;
pub mod records;
pub mod table;

pub use columns::{EventIdx, Events, StrId};
pub use records::{Records, RowIdx, Signature};
pub use table::{Kind, Spec};

/// A logon session's LUID. 0 means "none" in every event and is never stored as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogonId(pub u64);

impl LogonId {
    pub const SYSTEM: LogonId = LogonId(0x3e7);

    /// LUIDs that every Windows hands out at every start, for the same account (domain.md B, class 1).
    pub fn is_fixed(self) -> bool {
        (0x3e2..=0x3e7).contains(&self.0)
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
    /// `DOMAIN\\user`; both parts become texts of their own as well.
    Account,
    /// `S-1-...`; the null SID is nothing.
    Sid,
    /// `{...}`; the zero GUID is nothing.
    Guid,
    /// An address without the `::ffff:` of IPv4; "-" is nothing.
    Address,
    /// A LUID; 0 is nothing.
    Luid,
    /// A number of 32 bits.
    Number,
    /// A FILETIME, or text that says its zone.
    Time,
    /// Raw bytes, kept as hexadecimal text.
    Bytes,
}

impl Type {
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
    Workstation: Text,
    LogonGuid: Guid,
    TargetLogonGuid: Guid,
    LmPackage: Text,
    KeyLength: Number,
    ProcessId: Luid,
    ProcessName: Text,
    Address: Address,
    Port: Number,
    Elevated: Text,
    RestrictedAdmin: Text,
    Impersonation: Text,
    VirtualAccount: Text,
    OutboundUser: Text,
    OutboundDomain: Text,
    Status: Text,
    SubStatus: Text,
    FailureReason: Text,
    Privileges: Text,
    TargetServer: Text,
    TargetInfo: Text,
    SessionName: Text,
    /// The number of a Terminal Services session.
    TsSession: Number,
    /// The other Terminal Services session of LSM 39.
    SourceSession: Number,
    Reason: Text,
    /// `DOMAIN\user`, as the Terminal Services write it.
    Account: Account,
    PreviousTime: Time,
    NewTime: Time,
    StartTime: Time,
    NewProcessId: Luid,
    NewProcess: Text,
    ParentProcess: Text,
    CommandLine: Text,
    TokenElevation: Text,
    ServiceName: Text,
    ServiceFile: Text,
    TaskName: Text,
    ShareName: Text,
    ObjectName: Text,
    Subcategory: Text,
    AuditChanges: Text,
    /// EventID of an event that could not be written (1108).
    LostEventId: Number,
    LostProvider: Text,
    ClearedChannel: Text,
    Text0: Text,
    Text1: Text,
    Text2: Text,
    Text3: Text,
    Text4: Text,
    Text5: Text,
    Text6: Text,
    Binary: Bytes,
    /// System/Security@UserID.
    UserId: Sid,
    /// System/Correlation@ActivityID.
    ActivityId: Guid,
}
