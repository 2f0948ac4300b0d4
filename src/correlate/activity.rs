//! What ran in sessions (domain.md C.9, rules 47 and 48): events that cite one of a session's LogonIds.
//!
//! 7045 is left out: System does not say which session installed the service.

use super::hops::edges::Outbound;
use super::link::Groups;
use super::open::{Doer, Tracks};
use crate::event::{LogonId, Records, RowIdx};
use crate::machine::{Boot, Pos};
use crate::session::activity::ActivityKind;
use crate::session::{Run, SessionIdx, Sessions};

/// The kind of activity that each signature's records may be.
pub struct Kinds {
    by_signature: Vec<Option<ActivityKind>>,
}

impl Kinds {
    #[inline(never)]
    pub fn of(records: &Records) -> Self {
        let writes_it = |provider: &str| {
            ["Microsoft-Windows-Security-Auditing", "Microsoft-Windows-Eventlog"]
                .iter()
                .any(|name| provider.eq_ignore_ascii_case(name))
        };
        let kind = |signature: &crate::event::Signature| {
            ActivityKind::of(signature.event_id).filter(|_| writes_it(records.text(signature.provider)))
        };
        Kinds { by_signature: records.signatures.iter().map(kind).collect() }
    }

    /// What a record may be.
    pub fn of_record(&self, records: &Records, row: RowIdx) -> Option<ActivityKind> {
        self.by_signature[records.signature[row as usize] as usize]
    }
}

/// The LogonId that an event is an act of: that of its Subject or of its Target. 4688 of a process that is started for
/// another's session names it as its target (rule 47); a token is changed in the target's.
pub fn doer_of(kind: ActivityKind, subject: Option<LogonId>, target: Option<LogonId>) -> Option<LogonId> {
    match kind {
        ActivityKind::Processes | ActivityKind::Other => target.or(subject),
        // The system itself refuses those who are not on yet.
        ActivityKind::Failures => subject.or(target).filter(|luid| !luid.is_fixed()),
        _ => subject.or(target),
    }
}

/// Sorts a boot's activity by session: a count of each, then places in order. The sessions of the boot are the last, and
/// stand as its groups do. 4648 and starts of SSH clients are told of as well: they lead to other machines.
#[inline(never)]
pub fn activity(
    tracks: &Tracks,
    (machine, boot): (u32, &Boot),
    groups: &Groups,
    sessions: &mut Sessions,
    outbound: &mut Vec<Outbound>,
) {
    let homes = Homes::of(tracks, groups);
    let home = |pos: Pos| homes.home(tracks.doers[(pos - boot.security.start) as usize]);
    let first = sessions.all.len() - groups.all.len();
    let session = |pos: Pos| home(pos).map(|home| (first + home) as SessionIdx);
    outbound.extend(tracks.outbound.iter().map(|&pos| Outbound { machine, session: session(pos), pos }));
    let mut runs = vec![Run::default(); groups.all.len()];
    for home in tracks.doers.iter().filter_map(|&doer| homes.home(doer)) {
        runs[home].n += 1;
    }
    let mut next = sessions.activity.len() as u32;
    for run in &mut runs {
        run.first = next;
        next += std::mem::take(&mut run.n);
    }
    sessions.activity.resize(next as usize, 0);
    for (pos, &doer) in boot.security.clone().zip(&tracks.doers) {
        let Some(home) = homes.home(doer) else { continue };
        let run = &mut runs[home];
        sessions.activity[(run.first + run.n) as usize] = pos;
        run.n += 1;
    }
    for (session, run) in sessions.all[first..].iter_mut().zip(runs) {
        session.activity = run;
    }
}

/// Which group the acts of a boot's LogonIds are of.
struct Homes<'a> {
    groups: &'a Groups,
    /// Of each of [`LogonId::FIXED`].
    fixed: Vec<Option<usize>>,
}

impl<'a> Homes<'a> {
    fn of(tracks: &Tracks, groups: &'a Groups) -> Self {
        let track = |luid: u64| tracks.by_luid.get(&LogonId::new(luid)?).copied();
        let fixed = LogonId::FIXED.map(|luid| track(luid).map(|track| groups.of(track))).collect();
        Homes { groups, fixed }
    }

    fn home(&self, doer: Doer) -> Option<usize> {
        match doer.track()? {
            Ok(track) => Some(self.groups.of(track)),
            Err(luid) => self.fixed[(luid - LogonId::FIXED.start()) as usize],
        }
    }
}
