//! Rows in which a burst of network sessions or a series of service sessions is one line that can be opened (domain.md
//! rules 40 and 34).

use crate::event::LogonId;
use crate::export::record::Exporter;
use crate::session::SessionIdx;
use crate::session::burst::BurstIdx;
use rustc_hash::{FxHashMap, FxHashSet};

/// One line of a grouped table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Session(SessionIdx),
    /// A burst, and how many of its sessions the query shows.
    Burst {
        burst: BurstIdx,
        n_shown: u32,
        is_open: bool,
    },
}

/// Lines for sessions that a query shows, in its order. A burst of which it shows at least two stands where the first
/// of those would; if it is open, they follow it.
pub fn lines(
    burst_of: impl Fn(SessionIdx) -> Option<BurstIdx>,
    n_bursts: usize,
    rows: &[SessionIdx],
    open: &[BurstIdx],
) -> Vec<Line> {
    let mut n_shown = vec![0u32; n_bursts];
    for burst in rows.iter().filter_map(|&idx| burst_of(idx)) {
        n_shown[burst as usize] += 1;
    }
    let mut own: FxHashMap<BurstIdx, Vec<SessionIdx>> =
        open.iter().map(|&burst| (burst, Vec::new())).collect();
    for &idx in if own.is_empty() { &[] } else { rows } {
        if let Some(own) = burst_of(idx).and_then(|burst| own.get_mut(&burst)) {
            own.push(idx);
        }
    }
    let mut lines = Vec::with_capacity(rows.len());
    for &idx in rows {
        let Some(burst) = burst_of(idx) else {
            lines.push(Line::Session(idx));
            continue;
        };
        match std::mem::take(&mut n_shown[burst as usize]) {
            0 => {}
            1 => lines.push(Line::Session(idx)),
            n_shown => {
                let members = own.get(&burst);
                lines.push(Line::Burst { burst, n_shown, is_open: members.is_some() });
                lines.extend(members.into_iter().flatten().map(|&idx| Line::Session(idx)));
            }
        }
    }
    lines
}

/// The bursts with these ids; ids of none are passed over, for a case changes while a page is open.
pub fn find(from: &Exporter<'_>, ids: &[String]) -> Vec<BurstIdx> {
    let sessions = &from.correlated.sessions;
    let key = |id: &str| {
        let (boot, name) = id.rsplit_once('#')?.1.split_once('/')?;
        let luid = name.strip_prefix("burst-0x").or_else(|| name.strip_prefix("series-0x"))?;
        Some((boot.parse().ok()?, LogonId::from_hex(luid.split('.').next()?)?))
    };
    let wanted: FxHashSet<(u32, LogonId)> = ids.iter().filter_map(|id| key(id)).collect();
    let is_wanted = |&idx: &BurstIdx| {
        let first = &sessions.all[sessions.bursts[idx as usize].first as usize];
        first.luid.is_some_and(|luid| wanted.contains(&(first.boot, luid)))
            && ids.contains(&from.burst_id(idx))
    };
    match wanted.is_empty() {
        true => Vec::new(),
        false => (0..sessions.bursts.len() as BurstIdx).filter(is_wanted).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::Line::{Burst, Session as One};
    use super::*;

    fn shown(bursts: &[Option<BurstIdx>], rows: &[SessionIdx], open: &[BurstIdx]) -> Vec<Line> {
        lines(|idx| bursts[idx as usize], 2, rows, open)
    }

    #[test]
    fn a_burst_stands_where_the_first_of_it_would() {
        let all = [Some(0), Some(1), None, Some(0), Some(1), Some(0)];
        let line = |burst, n_shown, is_open| Burst { burst, n_shown, is_open };
        let rows = [5, 4, 3, 2, 1, 0];
        assert_eq!(shown(&all, &rows, &[]), [line(0, 3, false), line(1, 2, false), One(2)]);
        let open = [line(0, 3, true), One(5), One(3), One(0), line(1, 2, false), One(2)];
        assert_eq!(shown(&all, &rows, &[0]), open);
    }

    #[test]
    fn one_session_is_no_burst() {
        let all = [Some(0), Some(1), None, Some(0)];
        assert_eq!(shown(&all, &[1, 0, 2], &[]), [One(1), One(0), One(2)]);
    }
}
