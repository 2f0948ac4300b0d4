//! A case to text and files that others read: session records, JSON Lines, CSV, and words for people.

pub mod activity;
pub mod bursts;
pub mod codes;
pub mod coverage;
pub mod csv;
pub mod hops;
pub mod hosts;
pub mod id;
pub mod lent;
pub mod record;
mod why;
pub mod words;

/// Text from a log, for showing: control, bidirectional and invisible characters become `\u{202e}`, so that no text
/// can hide itself, reorder its neighbours or drive a terminal.
pub fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    if is_plain(text) || !text.contains(is_hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_hidden(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    shown.into()
}

/// Whether a text is printable ASCII, as nearly all text of a log is: each byte is one column, and none is hidden.
pub fn is_plain(text: &str) -> bool {
    // All bytes, odd ones or not, are looked at: so many go at once.
    !text.bytes().fold(false, |is_odd, byte| is_odd | !matches!(byte, b' '..=b'~'))
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn hostile_characters_show() {
        assert_eq!(visible("alice"), "alice");
        assert_eq!(visible("Zoë 王"), "Zoë 王");
        assert_eq!(visible("\u{1b}[31mevil\u{202e}"), "\\u{1b}[31mevil\\u{202e}");
        assert_eq!(visible("a\nb\u{200b}"), "a\\u{a}b\\u{200b}");
    }
}
