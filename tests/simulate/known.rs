//! Known bugs of the correlator. While one of these is told here, the simulation keeps clear of it; whoever fixes the bug
//! removes what guards it, and the properties take over.

use super::Log;
use super::loss::Loss;

/// Clock steps in logs of which System is gone and runs of Security are missing. Of a thousand such logs two or three show
/// no clock by which a boot began: its start bounds what was written after the step that is lost.
pub fn is_too_much_with_clock(loss: Loss) -> bool {
    matches!(loss, Loss::RunsAndFile(_, Log::System))
}
