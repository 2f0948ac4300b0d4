//! Known bugs of the correlator. While one of these is `true`, the simulation keeps clear of it; whoever fixes the bug
//! removes the switch and what it guards, and the properties take over.

use super::{Log, World};

/// A gap up to 64 records before a start that has a 1101 or a 4688 of wininit.exe, or a gap in the records after a
/// 1100, is taken for a start of its own: sessions are cut in two there.
pub const GAP_BESIDE_A_START: bool = true;

/// A boot whose Security log ends before it does (1100 lost) and whose shutdown only System knows: sessions end as
/// `clean_shutdown`, even `high`, though their logoff may be in what is missing.
pub const SHUTDOWN_ONLY_IN_SYSTEM: bool = true;

/// Where all that Security has of a start is lost, the greatest LogonId of the boot before is remembered over it, also
/// over a start that System shows: the restart of LogonIds is seen too late, and cuts the new boot in two.
pub const LATE_LUID_RESTART: bool = true;

/// Clock steps in logs with gaps.
pub const CLOCK_AND_GAPS: bool = true;

/// A boot whose hardware clock was ahead until it was put right: records of other logs are sorted into the boot before
/// it, since they are older than its start. And a clock set back by a user puts records of those logs out of order.
pub const CLOCK_AND_OTHER_LOGS: bool = true;

/// A clock that a user set back: the last sign of a session is then later than the shutdown that ends it.
pub const CLOCK_SET_BACK: bool = true;

/// Two starts within ten minutes, of which one has lost its records in one log, are taken for one.
pub const NEAR_STARTS: bool = true;

/// `clean_shutdown` `low` of a session whose logoff may have been lost, with bounds 30 seconds around the shutdown:
/// they should begin when it was last seen.
pub const BOUNDS_OF_A_LOW_SHUTDOWN: bool = true;

/// Puts records back that the known bugs are about.
pub fn keep_clear(world: &World, left: &mut [bool]) {
    let rows = &world.rows;
    let security = |row: &usize| rows[*row].log == Log::Security;
    for boot in 0..world.boots.len() {
        let of_boot: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].boot == boot).collect();
        let stopped = of_boot.iter().copied().find(|&row| rows[row].event.id == 1100);
        if let (Some(stopped), true) = (stopped, GAP_BESIDE_A_START)
            && left[stopped]
        {
            of_boot.iter().filter(|&&row| row > stopped && security(&row)).for_each(|&row| left[row] = true);
        }
        if let (Some(stopped), true) = (stopped, SHUTDOWN_ONLY_IN_SYSTEM)
            && !left[stopped]
        {
            let told = (0..rows.len()).filter(|&row| {
                let (of, id) = (rows[row].boot, rows[row].event.id);
                of == boot && id == 6006 || of == boot + 1 && id == 13
            });
            told.for_each(|row| left[row] = false);
        }
        let has_before = (0..rows.len()).any(|row| left[row] && security(&row) && rows[row].boot < boot);
        let has_start = of_boot.iter().any(|&row| left[row] && security(&row) && rows[row].is_anchor);
        let has_any = of_boot.iter().any(|&row| left[row] && security(&row));
        if LATE_LUID_RESTART && has_before && has_any && !has_start {
            let start = of_boot.iter().copied().find(|&row| rows[row].event.id == 4608);
            start.into_iter().for_each(|row| left[row] = true);
        }
    }
}
