//! Known bugs of the correlator. While one of these is `true`, the simulation keeps clear of it; whoever fixes the bug
//! removes the switch and what it guards, and the properties take over.

/// Clock steps in logs with gaps.
pub const CLOCK_AND_GAPS: bool = true;
