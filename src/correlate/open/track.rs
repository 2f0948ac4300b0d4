//! What is recorded of one LogonId.

use crate::event::{Kind, LogonId, StrId};
use crate::machine::Pos;

/// A LogonId's number among a boot's [`Tracks`](super::Tracks).
pub type TrackIdx = u32;

/// Whose act a record is. In one number, for every record has one: a track's, above those a fixed LogonId's, which need
/// not have a track yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doer(u32);

impl Doer {
    /// Nobody who is known.
    pub const NOBODY: Doer = Doer(u32::MAX);

    const FIRST_FIXED: u32 = u32::MAX - 1 - *LogonId::FIXED.end() as u32;

    pub(super) fn of(track: TrackIdx) -> Self {
        Doer(track)
    }

    pub(super) fn fixed(luid: LogonId) -> Option<Self> {
        luid.is_fixed().then(|| Doer(Self::FIRST_FIXED + luid.get() as u32))
    }

    /// Its track, or the fixed LogonId.
    pub fn track(self) -> Option<Result<TrackIdx, u64>> {
        match self.0.checked_sub(Self::FIRST_FIXED) {
            _ if self == Self::NOBODY => None,
            Some(luid) => Some(Err(luid.into())),
            None => Some(Ok(self.0)),
        }
    }
}

/// Who a LogonId is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub sid: StrId,
    pub user: StrId,
    pub domain: StrId,
    pub logon_type: Option<u32>,
}

/// Which record an account was learned from: the later ones tell better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ToldBy {
    #[default]
    Nothing,
    /// 4778 and 4779 name an account without its SID.
    Name,
    Cited,
    Logoff,
    UserLogoff,
    Logon,
}

/// One LogonId in one boot, with the places of its records in the Security lineage.
#[derive(Clone, Debug)]
pub struct Track {
    pub luid: LogonId,
    pub identity: Identity,
    pub(super) told_by: ToldBy,
    /// Its 4624; without one it is known only because it is cited.
    pub logon: Option<Pos>,
    pub linked: Option<LogonId>,
    /// The LogonId its 4624 was made from, if that is a user's (rule 30).
    pub subject: Option<TrackIdx>,
    /// 4624 of this LogonId, and the places of all but the first.
    pub n_logons: u32,
    pub repeats: Vec<Pos>,
    /// The first record that cites it.
    pub first: Pos,
    /// The last, 4634 apart.
    pub last_seen: Option<Pos>,
    /// The first 4634 and 4647.
    pub logoff: Option<Pos>,
    pub user_logoff: Option<Pos>,
    /// The 4672.
    pub privileges: Option<Pos>,
    /// Whether any of the boot's [`Mark`]s is its own.
    pub has_marks: bool,
    /// Whether it did what takes a full token, the elevated half of a pair: started a program with one, cleared a log,
    /// or changed the audit policy. Asked only of LogonIds whose 4624 is missing.
    pub has_full_token: bool,
    /// Whether it gave credentials (4648), as the elevated half of a pair does more often than the limited one.
    pub gave_credentials: bool,
    /// Whether it did anything but log on and off.
    pub is_used: bool,
    /// The track of the 4624 that stands beside its own, of the same account and type: as a rule its other half.
    pub(super) beside: Option<TrackIdx>,
    /// The record that took its LogonId over (rule 23).
    pub reused_at: Option<Pos>,
    /// What had its LogonId before.
    pub earlier: Option<TrackIdx>,
}

/// An event that suspends or resumes a session.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub track: TrackIdx,
    pub pos: Pos,
    pub kind: Kind,
    /// The last record before this one of the LogonId, or of the one beside it.
    pub before: Option<Pos>,
}

impl Track {
    /// A LogonId that is mentioned for the first time, and the track of what had it before.
    pub(super) fn new(luid: LogonId, first: Pos, earlier: Option<TrackIdx>) -> Self {
        Track {
            luid,
            identity: Identity::default(),
            told_by: ToldBy::Nothing,
            logon: None,
            linked: None,
            subject: None,
            n_logons: 0,
            repeats: Vec::new(),
            first,
            last_seen: None,
            logoff: None,
            user_logoff: None,
            privileges: None,
            has_marks: false,
            has_full_token: false,
            gave_credentials: false,
            is_used: false,
            beside: None,
            reused_at: None,
            earlier,
        }
    }

    /// Takes an account from a record that only cites it.
    pub(super) fn tell(&mut self, told: Identity) {
        let by = match told {
            Identity { sid: StrId::NONE, user: StrId::NONE, .. } => return,
            Identity { sid: StrId::NONE, .. } => ToldBy::Name,
            _ => ToldBy::Cited,
        };
        self.tell_by(by, told);
    }

    /// Takes an account from a record, unless a better one told it before.
    pub(super) fn tell_by(&mut self, by: ToldBy, told: Identity) {
        let known = self.identity;
        let is_better = by > self.told_by && !(told.sid.is_none() && told.user.is_none());
        let (better, other) = if is_better { (told, known) } else { (known, told) };
        self.told_by = if is_better { by } else { self.told_by };
        self.identity = Identity { logon_type: better.logon_type.or(other.logon_type), ..better };
        // Where Windows does not find an account's name it writes "-", and tells it in another record.
        if better.user.is_none() && (better.sid == other.sid || other.sid.is_none()) {
            (self.identity.user, self.identity.domain) = (other.user, other.domain);
        }
    }
}
