//! Bursts and series: network sessions of one account from one source, one soon after the other; and the service sessions
//! of one account.

use super::{Run, SessionIdx};
use crate::time::Timestamp;

/// A burst's number in [`super::Sessions::bursts`].
pub type BurstIdx = u32;

/// What the sessions of a [`Burst`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BurstKind {
    /// A burst: network sessions, each soon after the one before (domain.md rule 40).
    Network,
    /// A series: an account's logons as a service, in one boot (domain.md rule 34).
    Service,
}

/// At least two sessions that a reader may look at as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    pub kind: BurstKind,
    /// Its session with the first record; the burst is named by it.
    pub first: SessionIdx,
    /// In [`super::Sessions::burst_members`].
    pub members: Run,
    /// The earliest start and the latest moment at which one of them is known to have been on.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Ticks in which at least one of them was on, as far as is known.
    pub union: i64,
    /// Whether start and end of every one are known: otherwise `union` is the least it can have been.
    pub is_union_exact: bool,
}
