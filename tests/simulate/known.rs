//! Known bugs of the correlator. While one of these is told here, the simulation keeps clear of it; whoever fixes the bug
//! removes what guards it, and the properties take over.

use super::loss::Loss;

/// Clock steps in logs of which much is lost. Of three in a thousand such logs, what is left shows no clock by which
/// it was written: System is gone or has no record after the step, or a start is left that nothing but its time places. A
/// bound is then by a clock that nothing shows to have been set, or a session is cut by such a start.
pub fn is_too_much_with_clock(loss: Loss) -> bool {
    match loss {
        Loss::Single(percent) => percent > 15,
        Loss::Runs(n) => n > 1,
        Loss::Head | Loss::Tail | Loss::Heads | Loss::RunsAndFile(..) => true,
        Loss::Nothing | Loss::Event(_) | Loss::File(_) => false,
    }
}
