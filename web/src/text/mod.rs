//! How things read on the page: numbers, moments, spans and the vocabulary of sessions in words.
//! Everything here is a pure function from data to text.

mod joined;
pub mod known;
pub mod moment;
pub mod number;
pub mod order;
pub mod words;

pub use joined::joined;
pub use sessionscope::export::visible;

/// [`visible`] for text of several lines: line ends and tabs stay.
pub fn visible_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive(['\n', '\t']) {
        let (line, end) = line.split_at(line.trim_end_matches(['\n', '\t']).len());
        shown.push_str(&visible(line));
        shown.push_str(end);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::visible_lines;

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\n\tb\r\n\u{202d}"), "a\n\tb\\u{d}\n\\u{202d}");
        assert_eq!(visible_lines("\n\n"), "\n\n");
    }
}
