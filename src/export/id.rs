//! The id of a session.

use crate::correlate::Correlated;
use crate::session::Session;
use std::fmt;

/// `machine#boot/0x1f4c8`, without a LogonId `machine#boot/ts2`; a second with the same id gets `.2`. Written out when it is
/// needed.
#[derive(Clone, Copy)]
pub struct SessionId<'a> {
    pub correlated: &'a Correlated,
    pub session: &'a Session,
}

impl fmt::Display for SessionId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.session;
        let machine = &self.correlated.machines[session.machine as usize].name;
        match session.luid {
            Some(luid) => write!(f, "{machine}#{}/{luid}", session.boot)?,
            None => write!(f, "{machine}#{}/ts{}", session.boot, session.ts_session.unwrap_or(0))?,
        }
        match session.ordinal {
            0 | 1 => Ok(()),
            ordinal => write!(f, ".{ordinal}"),
        }
    }
}

impl fmt::Debug for SessionId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
