//! Known bugs of the correlator. While one of these is `true`, the simulation keeps clear of it; whoever fixes the bug
//! removes the switch and what it guards, and the properties take over.

/// A clock that somebody set back: the records of other logs carry times that were twice, and nothing but their order
/// tells which of both. A record that could be of either is taken for the earlier.
pub const SET_BACK_AND_OTHER_LOGS: bool = true;

/// Clock steps in logs with gaps.
pub const CLOCK_AND_GAPS: bool = true;
