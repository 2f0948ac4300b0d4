//! Finding sessions by words: every text that rows show, once and lower-case, and which of them each session has.
//!
//! A word is looked for once in each text, not in each row; then a session is found by the numbers of its texts.

use crate::event::{LogonId, StrId};
use crate::export::record::Exporter;
use crate::export::words::logon_type_name;
use crate::session::burst::BurstIdx;
use crate::session::{Class, EndHow, Flags, Session, SessionIdx};
use memchr::memmem;
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// A number of a text of the [`Index`]; 0 is no text.
pub type TextNo = u32;

/// Texts a row has, and those that only the drawer shows.
type Texts = [TextNo; 12];

/// Places in [`Texts`] of what rows are sorted by.
pub const USER: usize = 0;
pub const DOMAIN: usize = 1;
pub const ADDRESS: usize = 2;
pub const HOST: usize = 3;

const NO_BURST: BurstIdx = BurstIdx::MAX;

/// Sessions that match, by number.
#[derive(Clone, Default)]
pub struct Found(Vec<bool>);

impl Found {
    pub fn has(&self, idx: SessionIdx) -> bool {
        self.0[idx as usize]
    }
}

/// What words are looked for in.
#[derive(Default)]
pub struct Index {
    /// All texts, lower-case, each ended by a line feed, which no word has.
    haystack: String,
    /// Where each text ends.
    ends: Vec<usize>,
    /// Of each session.
    sessions: Vec<Texts>,
    /// The class of each, and its burst, in the narrowest columns: rows are gone through in the order they are shown in.
    classes: Vec<Class>,
    bursts: Vec<BurstIdx>,
    /// What sessions with several origins have beside.
    more: Vec<(SessionIdx, TextNo)>,
}

impl Index {
    pub fn new(from: &Exporter<'_>) -> Self {
        let mut builder = Builder::new(from);
        let sessions = &from.correlated.sessions;
        let own = sessions.all.iter().map(|session| builder.texts(session)).collect();
        let mut more = Vec::new();
        for (idx, session) in sessions.all.iter().enumerate() {
            for origin in sessions.origins(session).iter().skip(1) {
                let texts = [origin.address, origin.host].map(|id| builder.text(id));
                more.extend(texts.map(|text| (idx as SessionIdx, text)));
            }
        }
        let classes = sessions.all.iter().map(|session| session.class).collect();
        let bursts = sessions.all.iter().map(|session| session.burst.unwrap_or(NO_BURST)).collect();
        Index { sessions: own, classes, bursts, more, ..builder.index }
    }

    /// The sessions in whose texts all of the words occur, whatever their case.
    pub fn find(&self, from: &Exporter<'_>, words: &[&str]) -> Found {
        let mut found = Found(vec![true; self.sessions.len()]);
        for word in words {
            let with_word = self.with_word(from, &word.to_lowercase());
            found.0.iter_mut().zip(with_word).for_each(|(all, one)| *all &= one);
        }
        found
    }

    pub fn class(&self, idx: SessionIdx) -> Class {
        self.classes[idx as usize]
    }

    pub fn burst(&self, idx: SessionIdx) -> Option<BurstIdx> {
        Some(self.bursts[idx as usize]).filter(|&burst| burst != NO_BURST)
    }

    /// A session's text at this place.
    pub fn text(&self, idx: SessionIdx, place: usize) -> TextNo {
        self.sessions[idx as usize][place]
    }

    /// By number, how many texts come before each, whatever their case.
    pub fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<(&str, TextNo)> = self.texts().zip(1..).collect();
        order.sort_unstable();
        let mut ranks = vec![0; order.len() + 1];
        for (rank, (_, text)) in order.iter().enumerate() {
            ranks[*text as usize] = rank as u32;
        }
        ranks
    }

    fn with_word(&self, from: &Exporter<'_>, word: &str) -> Vec<bool> {
        let has_word = self.texts_with(word);
        // All are looked up, without a branch that cannot be foreseen.
        let is_in = |texts: &Texts| texts.iter().fold(false, |is, &text| is | has_word[text as usize]);
        let mut found: Vec<bool> = self.sessions.iter().map(is_in).collect();
        for &(idx, text) in &self.more {
            found[idx as usize] |= has_word[text as usize];
        }
        if let Some(luid) = word.strip_prefix("0x").and_then(LogonId::from_hex) {
            add_logon_id(from, luid, &mut found);
        }
        if word.contains('#') {
            add_ids(from, word, &mut found);
        }
        if let Some((domain, user)) = word.rsplit_once('\\') {
            self.add_accounts(domain, user, &mut found);
        }
        found
    }

    /// Sessions whose account, written `domain\user` as rows show it, has this around its backslash.
    fn add_accounts(&self, domain: &str, user: &str, found: &mut [bool]) {
        // 0 is no text.
        let numbered = |is: &dyn Fn(&str) -> bool| -> Vec<bool> {
            std::iter::once(false).chain(self.texts().map(is)).collect()
        };
        let domains = numbered(&|text| text.ends_with(domain));
        let users = numbered(&|text| text.starts_with(user));
        for (texts, found) in self.sessions.iter().zip(found) {
            *found |= domains[texts[DOMAIN] as usize] & users[texts[USER] as usize];
        }
    }

    /// All texts, by number: the first is text 1.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end + 1));
        starts.zip(&self.ends).map(|(start, &end)| &self.haystack[start..end])
    }

    /// By number, whether a text has the word in it.
    fn texts_with(&self, word: &str) -> Vec<bool> {
        let mut has_word = vec![false; self.ends.len() + 1];
        let (haystack, finder) = (self.haystack.as_bytes(), memmem::Finder::new(word));
        let (mut at, mut text) = (0, 0);
        while let Some(next) = haystack.get(at..).and_then(|rest| finder.find(rest)) {
            text += self.ends[text..].partition_point(|&end| end <= at + next);
            has_word[text + 1] = true;
            // Once is enough.
            at = self.ends[text] + 1;
        }
        has_word
    }
}

struct Builder<'a> {
    from: &'a Exporter<'a>,
    index: Index,
    /// By the case's own numbers of texts.
    numbers: Vec<TextNo>,
    machines: Vec<TextNo>,
    classes: [TextNo; Class::ALL.len()],
    ends: FxHashMap<EndHow, TextNo>,
    types: FxHashMap<u32, TextNo>,
    flags: FxHashMap<Flags, TextNo>,
}

impl<'a> Builder<'a> {
    fn new(from: &'a Exporter<'a>) -> Self {
        let mut index = Index::default();
        let machines = from.correlated.machines.iter().map(|machine| index.add(&machine.name)).collect();
        let classes = Class::ALL.map(|class| index.add(class.word()));
        Builder {
            from,
            numbers: vec![0; from.records.strings.len() + 1],
            machines,
            classes,
            ends: FxHashMap::default(),
            types: FxHashMap::default(),
            flags: FxHashMap::default(),
            index,
        }
    }

    fn text(&mut self, id: StrId) -> TextNo {
        let number = &mut self.numbers[id.0 as usize];
        if *number == 0 && !id.is_none() {
            *number = self.index.add(self.from.records.text(id));
        }
        *number
    }

    fn texts(&mut self, session: &Session) -> Texts {
        let Session { class, logon_type, flags, end, .. } = *session;
        let origin = self.from.correlated.sessions.origins(session).first();
        let (address, host) = origin.map_or_else(Default::default, |origin| (origin.address, origin.host));
        let index = &mut self.index;
        let mut of_type = |logon_type| logon_type_name(logon_type).map_or(0, |name| index.add(name));
        let logon_type =
            logon_type.map_or(0, |number| *self.types.entry(number).or_insert_with(|| of_type(number)));
        let end = *self.ends.entry(end.how).or_insert_with(|| index.add(end.how.word()));
        let mut of_flags = || index.add(&flags.words().collect::<Vec<_>>().join("\n"));
        let flags = *self.flags.entry(flags).or_insert_with(&mut of_flags);
        [
            self.text(session.user),
            self.text(session.domain),
            self.text(address),
            self.text(host),
            self.text(session.sid),
            self.text(session.computer),
            self.text(session.outbound_user),
            self.machines[session.machine as usize],
            self.classes[class as usize],
            end,
            logon_type,
            flags,
        ]
    }
}

impl Index {
    fn add(&mut self, text: &str) -> TextNo {
        match text.is_ascii() {
            true => {
                let start = self.haystack.len();
                self.haystack.push_str(text);
                self.haystack[start..].make_ascii_lowercase();
            }
            false => self.haystack.push_str(&text.to_lowercase()),
        }
        self.ends.push(self.haystack.len());
        self.haystack.push('\n');
        self.ends.len() as TextNo
    }
}

/// Sessions one of whose logons has this LogonId.
fn add_logon_id(from: &Exporter<'_>, luid: LogonId, found: &mut [bool]) {
    let sessions = &from.correlated.sessions;
    for (session, found) in sessions.all.iter().zip(found) {
        *found |= session.luid == Some(luid)
            || session.n_logons > 1 && sessions.logons(session).iter().any(|logon| logon.luid == luid);
    }
}

/// Sessions in whose id, `machine#boot/0x1f4c8`, the word occurs.
fn add_ids(from: &Exporter<'_>, word: &str, found: &mut [bool]) {
    // Most sessions of a case are of another machine or boot, and need not be spelled out.
    let (machine, rest) = word.split_once('#').unwrap_or((word, ""));
    let may_be = |name: &str| name.contains('#') || name.to_lowercase().ends_with(machine);
    let machines: Vec<bool> = from.correlated.machines.iter().map(|machine| may_be(&machine.name)).collect();
    let boot = rest.split_once('/').and_then(|(boot, _)| boot.parse::<u32>().ok());
    let mut id = String::new();
    for (session, found) in from.correlated.sessions.all.iter().zip(found) {
        let has_hash = || from.correlated.machines[session.machine as usize].name.contains('#');
        if !machines[session.machine as usize] || boot.is_some_and(|boot| boot != session.boot) && !has_hash()
        {
            continue;
        }
        id.clear();
        // Writing to a `String` cannot fail.
        let _ = write!(id, "{}", from.id(session));
        *found |= id.to_lowercase().contains(word);
    }
}
