//! What is kept by account: one log names it by its SID, another by its name alone.

use super::link::Linker;
use super::open::Identity;
use crate::event::{Records, StrId};
use rustc_hash::FxHashMap;

/// Values by the SID of their account, by its name, or by both.
#[derive(Debug)]
pub struct ByAccount<T> {
    by_sid: FxHashMap<StrId, Vec<T>>,
    by_name: FxHashMap<String, Vec<T>>,
}

impl<T> Default for ByAccount<T> {
    fn default() -> Self {
        ByAccount { by_sid: FxHashMap::default(), by_name: FxHashMap::default() }
    }
}

impl<T> ByAccount<T> {
    /// Keeps a value by its SID, or, without one, by the name of its account.
    pub fn add(&mut self, records: &Records, sid: StrId, account: StrId, value: T) {
        match sid.is_none() {
            true => self.by_name.entry(name(records.text(account))).or_default().push(value),
            false => self.by_sid.entry(sid).or_default().push(value),
        }
    }

    /// What is kept of an account, however it is called.
    pub fn of<'s>(&'s self, linker: &Linker<'s>, account: Identity) -> impl Iterator<Item = &'s [T]> {
        let by_sid = self.by_sid.get(&account.sid).filter(|_| !account.sid.is_none());
        let names = (!self.by_name.is_empty()).then(|| linker.names(account));
        let by_name = names.into_iter().flatten().filter_map(|name| self.by_name.get(&name));
        by_sid.into_iter().chain(by_name).map(Vec::as_slice)
    }

    /// What is kept of an account by a name that a log gives it, and by its SID.
    pub fn named(&self, sid: StrId, account: &str) -> impl Iterator<Item = &[T]> {
        let by_name = self.by_name.get(&name(account));
        let by_sid = self.by_sid.get(&sid).filter(|_| !sid.is_none());
        by_name.into_iter().chain(by_sid).map(Vec::as_slice)
    }

    pub fn is_empty(&self) -> bool {
        self.by_sid.is_empty() && self.by_name.is_empty()
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Vec<T>> {
        self.by_sid.values_mut().chain(self.by_name.values_mut())
    }
}

impl<T: Copy> ByAccount<T> {
    /// Keeps a value by the SID and the name of its account, as far as they are known.
    pub fn add_to_both(&mut self, records: &Records, sid: StrId, account: StrId, value: T) {
        if !sid.is_none() {
            self.by_sid.entry(sid).or_default().push(value);
        }
        if !account.is_none() {
            self.by_name.entry(name(records.text(account))).or_default().push(value);
        }
    }
}

/// A name without its domain, which differs from log to log: one has `DOMAIN\user` where another has `user@domain`. In lower
/// case, as all are compared.
pub fn name(account: &str) -> String {
    without_domain(account).to_lowercase()
}

/// The same as it is written.
pub fn without_domain(account: &str) -> &str {
    let user = account.rsplit('\\').next().unwrap_or("");
    // What begins with the sign has no user before it.
    user.split_once('@').map_or(user, |(before, _)| if before.is_empty() { user } else { before })
}
