//! Values brought to one form (domain.md 0.1) and into cells.

use super::instance::{MAX_RUN, Run};
use super::same::same;
use super::value::{Raw, write_guid};
use crate::event::columns::Strings;
use crate::event::{EXCERPT_BYTES, StrId, Type};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::borrow::Cow;
use std::hash::Hasher;

/// Puts normalised values into cells; the texts into [`Strings`].
#[derive(Default)]
pub struct CellWriter {
    pub strings: Strings,
    scratch: String,
    seen: Seen,
}

impl CellWriter {
    /// With room for so many different texts: tables that grow are filled anew each time.
    pub fn with_capacity(n: usize) -> Self {
        let seen = Seen { bytes: Vec::new(), runs: HashTable::with_capacity(n) };
        CellWriter { strings: Strings::with_capacity(n), scratch: String::new(), seen }
    }

    /// What the cell of a value has whose type takes one.
    pub fn narrow(&mut self, ty: Type, raw: Raw<'_>) -> u32 {
        match ty {
            Type::Number => one_more(raw.number()),
            Type::Port => one_more(raw.number().or_else(|| port(raw))),
            Type::SshPort => one_more(ssh_port(raw)),
            _ => self.text(ty, raw).0,
        }
    }

    /// The number of a value's text, in its normal form.
    pub fn text(&mut self, ty: Type, raw: Raw<'_>) -> StrId {
        match raw {
            Raw::Nothing => StrId::NONE,
            Raw::Guid(bytes) if ty == Type::Guid => self.guid(bytes),
            _ => self.rendered(ty, raw),
        }
    }

    /// The numbers of the texts of a run. The key says their types and forms.
    pub fn texts(&mut self, types: &[Type], key: RunKey, run: Run<'_>) -> [StrId; MAX_RUN] {
        if run.bytes.len() > Seen::MAX_BYTES {
            return self.rendered_all(types, run);
        }
        let hash = Seen::hash(key, run.bytes);
        if let Some(ids) = self.seen.find(hash, key, run.bytes) {
            return ids;
        }
        let ids = self.rendered_all(types, run);
        self.seen.insert(hash, key, run.bytes, ids);
        ids
    }

    fn rendered_all(&mut self, types: &[Type], run: Run<'_>) -> [StrId; MAX_RUN] {
        let mut ids = [StrId::NONE; MAX_RUN];
        for ((id, &ty), raw) in ids.iter_mut().zip(types).zip(run.values()) {
            *id = self.text(ty, raw);
        }
        ids
    }

    /// Nearly each GUID is another, and is written in its normal form at once.
    fn guid(&mut self, bytes: &[u8]) -> StrId {
        if bytes.iter().all(|&byte| byte == 0) {
            return StrId::NONE;
        }
        self.scratch.clear();
        write_guid(bytes, &mut self.scratch);
        self.strings.intern(&self.scratch)
    }

    fn rendered(&mut self, ty: Type, raw: Raw<'_>) -> StrId {
        self.scratch.clear();
        raw.write_text(&mut self.scratch);
        let text = normal(ty, &self.scratch);
        if let (Type::Account, Some((domain, user))) = (ty, text.split_once('\\')) {
            self.strings.intern(domain);
            self.strings.intern(user);
        }
        self.strings.intern(&text)
    }
}

/// The type, the kind and the length of each value of a run.
pub type RunKey = [u32; MAX_RUN];

/// Raw values whose texts are known: a log says the same few names again and again, and finding them by their bytes
/// costs a fraction of bringing them to their normal form first.
#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    runs: HashTable<SeenRun>,
}

struct SeenRun {
    hash: u64,
    key: RunKey,
    /// Where in `bytes` it begins; the key says how long it is.
    at: u32,
    ids: [StrId; MAX_RUN],
}

impl Seen {
    /// Longer texts are command lines and lists: seldom the same, and costly to keep.
    const MAX_BYTES: usize = 256;

    fn hash(key: RunKey, bytes: &[u8]) -> u64 {
        let mut hasher = FxHasher::default();
        key.iter().for_each(|&part| hasher.write_u32(part));
        hasher.write(bytes);
        hasher.finish()
    }

    fn find(&self, hash: u64, key: RunKey, bytes: &[u8]) -> Option<[StrId; MAX_RUN]> {
        let is_it = |run: &SeenRun| {
            run.hash == hash && run.key == key && same(&self.bytes[run.at as usize..][..bytes.len()], bytes)
        };
        self.runs.find(hash, is_it).map(|run| run.ids)
    }

    fn insert(&mut self, hash: u64, key: RunKey, bytes: &[u8], ids: [StrId; MAX_RUN]) {
        let Ok(at) = u32::try_from(self.bytes.len()) else { return };
        self.bytes.extend_from_slice(bytes);
        self.runs.insert_unique(hash, SeenRun { hash, key, at, ids }, |run| run.hash);
    }
}

/// One more than it is: 0 is "nothing".
pub fn one_more(number: Option<u64>) -> u32 {
    number.and_then(|n| u32::try_from(n).ok()).map_or(0, |n| n.saturating_add(1))
}

/// The port of `10.0.0.7:49274` or `[fe80::1]:49274`.
fn port(raw: Raw<'_>) -> Option<u64> {
    let mut text = String::new();
    raw.write_text(&mut text);
    endpoint(text.trim())?.1.parse().ok()
}

/// An address and its port, where both are there. An address of IPv6 alone has colons, too, but no brackets.
fn endpoint(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => text.split_once(':').filter(|(address, _)| address.contains('.')),
    }
}

/// The normal form of a text (domain.md 0.1, 4 to 6); "" is nothing.
fn normal(ty: Type, text: &str) -> Cow<'_, str> {
    let trimmed = text.trim_end_matches([' ', '\0', '\t', '\r', '\n']);
    let is_nothing = match ty {
        Type::Sid => trimmed.eq_ignore_ascii_case("S-1-0-0"),
        Type::Guid => trimmed.chars().all(|c| matches!(c, '0' | '-' | '{' | '}')),
        _ => false,
    };
    if is_nothing || trimmed == "-" {
        return Cow::Borrowed("");
    }
    match ty {
        Type::Address => Cow::Borrowed(address(trimmed)),
        Type::Guid if trimmed.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            Cow::Owned(trimmed.to_ascii_uppercase())
        }
        Type::Excerpt => Cow::Borrowed(excerpt(trimmed)),
        Type::SshUser => Cow::Borrowed(ssh_client(trimmed).map_or("", |client| client.0)),
        Type::SshAddress => Cow::Borrowed(ssh_client(trimmed).map_or("", |client| address(client.1))),
        _ => Cow::Borrowed(trimmed),
    }
}

/// Account, address and port of a client that OpenSSH accepted. Whoever connects chooses the name: it may have any
/// words in it, so what follows it is looked for from the end.
fn ssh_client(text: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = text.strip_prefix("Accepted ")?.rsplit_once(" from ")?;
    let (address, rest) = tail.split_once(" port ")?;
    let (_, user) = head.split_once(" for ")?;
    Some((user, address, rest.split(' ').next()?))
}

fn ssh_port(raw: Raw<'_>) -> Option<u64> {
    let mut text = String::new();
    raw.write_text(&mut text);
    ssh_client(text.trim())?.2.parse().ok()
}

/// The beginning of a text, up to a whole character.
fn excerpt(text: &str) -> &str {
    &text[..text.floor_char_boundary(EXCERPT_BYTES)]
}

/// An address without its port, and without the `::ffff:` that marks IPv4 within IPv6.
fn address(text: &str) -> &str {
    let text = endpoint(text).map_or(text, |(address, _)| address);
    match text.get(..7) {
        Some(prefix) if prefix.eq_ignore_ascii_case("::ffff:") && text[7..].contains('.') => &text[7..],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::tests::utf16;
    use super::*;

    fn text_of(ty: Type, raw: Raw<'_>) -> String {
        let mut writer = CellWriter::default();
        let id = writer.text(ty, raw);
        writer.strings.get(id).to_owned()
    }

    #[test]
    fn text_is_brought_to_one_form() {
        assert_eq!(text_of(Type::Text, Raw::Utf16(&utf16("User32 "))), "User32");
        assert_eq!(text_of(Type::Text, Raw::Utf16(&utf16("-"))), "");
        assert_eq!(text_of(Type::Text, Raw::Utf16(&utf16("Zoë \u{1f511}"))), "Zoë \u{1f511}");
        assert_eq!(text_of(Type::Sid, Raw::Text("S-1-0-0")), "");
        assert_eq!(text_of(Type::Guid, Raw::Guid(&[0; 16])), "");
        assert_eq!(text_of(Type::Address, Raw::Utf16(&utf16("::ffff:10.1.2.3"))), "10.1.2.3");
        assert_eq!(text_of(Type::Address, Raw::Utf16(&utf16("::1"))), "::1");
        let long = "é".repeat(EXCERPT_BYTES);
        assert_eq!(text_of(Type::Excerpt, Raw::Utf16(&utf16(&long))), "é".repeat(EXCERPT_BYTES / 2));
    }

    #[test]
    fn open_ssh_tells_of_clients_in_words() {
        let text = "Accepted password for a from b port c from ::ffff:192.0.2.77 port 50122 ssh2";
        let port =
            |text| CellWriter::default().narrow(Type::SshPort, Raw::Utf16(&utf16(text))).checked_sub(1);
        assert_eq!(text_of(Type::SshUser, Raw::Utf16(&utf16(text))), "a from b port c");
        assert_eq!(text_of(Type::SshAddress, Raw::Utf16(&utf16(text))), "192.0.2.77");
        assert_eq!(port(text), Some(50122));
        let failed = "Failed password for bob from 192.0.2.77 port 50122 ssh2";
        assert_eq!(text_of(Type::SshAddress, Raw::Utf16(&utf16(failed))), "");
        assert_eq!(port(failed), None);
    }

    #[test]
    fn an_address_may_have_a_port() {
        let parts = |text| {
            let port = CellWriter::default().narrow(Type::Port, Raw::Utf16(&utf16(text)));
            (text_of(Type::Address, Raw::Utf16(&utf16(text))), port.checked_sub(1))
        };
        assert_eq!(parts("194.61.24.102:39642"), ("194.61.24.102".to_owned(), Some(39642)));
        assert_eq!(parts("[fe80::1%4]:3389"), ("fe80::1%4".to_owned(), Some(3389)));
        assert_eq!(parts("::ffff:10.1.2.3"), ("10.1.2.3".to_owned(), None));
        assert_eq!(parts("2001:db8::7"), ("2001:db8::7".to_owned(), None));
        assert_eq!(parts("49274").1, Some(49274));
    }

    #[test]
    fn a_sid_reads_as_windows_writes_it() {
        let sid = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        assert_eq!(text_of(Type::Sid, Raw::Sid(&sid)), "S-1-5-32-544");
        assert_eq!(text_of(Type::Sid, Raw::Sid(&sid[..10])), "S-1-5");
    }

    #[test]
    fn a_guid_reads_as_windows_writes_it() {
        let guid: Vec<u8> = (0xa0..0xb0).collect();
        assert_eq!(text_of(Type::Guid, Raw::Guid(&guid)), "{A3A2A1A0-A5A4-A7A6-A8A9-AAABACADAEAF}");
        let lower = utf16("{a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf}");
        assert_eq!(text_of(Type::Guid, Raw::Utf16(&lower)), "{A3A2A1A0-A5A4-A7A6-A8A9-AAABACADAEAF}");
    }

    #[test]
    fn items_of_an_array() {
        let array = utf16("old\0new\0");
        let item = |n| text_of(Type::Text, Raw::Utf16Array(&array).item(n));
        assert_eq!([item(0), item(1), item(2), item(9)], ["old", "new", "", ""]);
    }
}
