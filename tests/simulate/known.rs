//! Known bugs of the correlator. While one of these is `true`, the simulation keeps clear of it; whoever fixes the bug
//! removes the switch and what it guards, and the properties take over.

use super::{Log, Role, World};

/// One half of a token pair whose other 4624, or (before Windows 10) 4672, is lost: two sessions with a start each,
/// and the half that no 4647 cites ends with `clean_shutdown` `high`.
pub const HALF_A_PAIR: bool = true;

/// A clock that somebody set back: the records of other logs carry times that were twice, and nothing but their order
/// tells which of both. A record that could be of either is taken for the earlier.
pub const SET_BACK_AND_OTHER_LOGS: bool = true;

/// Clock steps in logs with gaps.
pub const CLOCK_AND_GAPS: bool = true;

/// A session without its 4624, first seen by a 4778 or 4779 (which have no SID): its account is not learned from the
/// records that follow, and its unlocks go to another session of the same user.
pub const ACCOUNT_OF_A_LOST_LOGON: bool = true;

/// An unlock whose own session is lost is given to one that another log has ended before.
pub const UNLOCK_AFTER_AN_END: bool = true;

/// Puts records back that the known bugs are about.
pub fn keep_clear(world: &World, left: &mut [bool]) {
    let rows = &world.rows;
    let security = |row: &usize| rows[*row].log == Log::Security;
    if HALF_A_PAIR {
        for session in &world.sessions {
            for role in [Role::Elevated, Role::Unlock] {
                for logon in session.logons.iter().filter(|logon| logon.role == role) {
                    let near =
                        (logon.row.saturating_sub(4)..(logon.row + 6).min(rows.len())).filter(security);
                    let own = near.filter(|&row| rows[row].at.abs_diff(rows[logon.row].at) < 100);
                    own.for_each(|row| left[row] = true);
                }
            }
        }
    }
    if ACCOUNT_OF_A_LOST_LOGON {
        for (n, session) in world.sessions.iter().enumerate() {
            let is_station = |row: &super::Row| {
                matches!(row.event.id, 4778 | 4779) && row.cites.iter().any(|&(_, cited)| cited == n)
            };
            if (0..rows.len()).any(|row| left[row] && is_station(&rows[row])) {
                session.own().for_each(|logon| left[logon.row] = true);
            }
        }
    }
}
