//! Known bugs of the correlator. While one of these is `true`, the simulation keeps clear of it; whoever fixes the bug
//! removes the switch and what it guards, and the properties take over.

/// Clock steps in logs with gaps. What System shows of a clock is used to place starts and to leave out bounds. Left is
/// where System is gone as well or has no record after the step, and other logs that begin before a step: a start that
/// nothing but its time tells is then cut by it, and bounds hold by a clock that nothing shows to have been set.
pub const CLOCK_AND_GAPS: bool = true;
