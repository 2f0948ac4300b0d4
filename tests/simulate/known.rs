//! Known bugs of the correlator. While one of these is `true`, the simulation keeps clear of it; whoever fixes the bug
//! removes the switch and what it guards, and the properties take over.

/// Clock steps in logs with gaps. Where neither the 4616 nor System's record of a step is left, and no time turns back
/// over missing records either, a start by the wrong clock is believed: boots are then cut at the wrong place, and what
/// was last seen before the step bounds an end that came after it.
pub const CLOCK_AND_GAPS: bool = true;
