//! Sessions that somebody may have gone on from to another machine without a record of it.

use super::{Found, Keys};
use crate::session::{Class, SessionIdx};
use rustc_hash::FxHashMap;

/// Sessions that somebody may have gone on from with no credentials but their own, by machine and account.
#[derive(Default)]
pub struct Sources {
    /// Desktops, and netonly sessions by the account they are elsewhere.
    pub desktops: OfAccounts,
    /// Programs that run as somebody: by runas, as a service or as a task.
    pub programs: OfAccounts,
}

/// Sessions of a machine and an account, in their order.
pub type OfAccounts = FxHashMap<(u32, u32), Vec<SessionIdx>>;

impl Sources {
    pub fn of(found: &Found<'_>, accounts: &mut Keys<'_>) -> Self {
        let mut sources = Sources::default();
        for (session, idx) in found.sessions.all.iter().zip(0..) {
            let (kind, user) = match session.class {
                Class::Desktop => (&mut sources.desktops, session.user),
                Class::Secondary if !session.outbound_user.is_none() => {
                    (&mut sources.desktops, session.outbound_user)
                }
                Class::Secondary | Class::Service | Class::Batch => (&mut sources.programs, session.user),
                _ => continue,
            };
            kind.entry((session.machine, accounts.key(user))).or_default().push(idx);
        }
        sources
    }
}
