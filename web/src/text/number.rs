//! Counts, sizes, rates and spans of time, as people read them.

pub use sessionscope::export::words::span;

/// A count with thin groups: `83 852`.
pub fn count(n: impl Into<u64>) -> String {
    let digits = n.into().to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            // Narrow and unbreakable, and no country's decimal mark.
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// A count with its noun: `1 record`, `2 records`.
pub fn counted(n: impl Into<u64>, one: &str, many: &str) -> String {
    let n = n.into();
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A size in bytes: `6.1 MiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = n as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{n} B"),
        _ => format!("{size:.1} {}", UNITS[unit]),
    }
}

/// A span to the second, for where there is room: `1 d 02 h 03 min 04 s`.
pub fn span_in_full(seconds: f64) -> String {
    let s = whole_seconds(seconds);
    let (days, hours, minutes) = (s / 86_400, s % 86_400 / 3600, s % 3600 / 60);
    match (days, hours, minutes) {
        (0, 0, _) => span(seconds),
        (0, h, m) => format!("{h} h {m:02} min {:02} s", s % 60),
        (d, h, m) => format!("{d} d {h:02} h {m:02} min {:02} s", s % 60),
    }
}

// Rounded down, as clocks are: 59.9 s is not yet a minute.
fn whole_seconds(seconds: f64) -> u64 {
    seconds.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(7_u32), "7");
        assert_eq!(count(83_852_u32), "83\u{202f}852");
        assert_eq!(count(1_000_000_u64), "1\u{202f}000\u{202f}000");
        assert_eq!(counted(1_u32, "file", "files"), "1 file");
        assert_eq!(counted(0_u32, "file", "files"), "0 files");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(69_632), "68.0 KiB");
        assert_eq!(bytes(6_361_088), "6.1 MiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
    }

    #[test]
    fn spans_in_full_go_to_the_second() {
        assert_eq!(span_in_full(93_784.0), "1 d 02 h 03 min 04 s");
        assert_eq!(span_in_full(6493.2), "1 h 48 min 13 s");
        assert_eq!(span_in_full(59.9), "59 s");
        assert_eq!(span_in_full(0.0), "0 s");
    }
}
