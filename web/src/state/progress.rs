//! How far reading is.

use crate::worker::protocol::FileNo;

/// How far reading is, overall and for each source that is being read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    pub state: Reading,
    pub n_files: u32,
    /// Files that are done: read, cancelled or no logs.
    pub n_files_done: u32,
    pub n_bytes: u64,
    pub n_bytes_done: u64,
    pub n_records: u64,
    /// Since this reading began.
    pub elapsed_ms: f64,
    /// Bytes that were done when this reading began: what was read before says nothing about its rate.
    pub n_bytes_before: u64,
    pub sources: Vec<SourceLine>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    #[default]
    Idle,
    UnderWay,
    Done,
    Cancelled,
}

/// One source that is being read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceLine {
    pub file: FileNo,
    pub path: String,
    pub n_bytes: u64,
    pub n_bytes_done: u64,
    pub n_records: u64,
}

/// Rates of less than this say nothing yet.
const RATE_AFTER_MS: f64 = 500.0;

impl Progress {
    /// Bytes per second.
    pub fn rate(&self) -> Option<f64> {
        let done = self.n_bytes_done.saturating_sub(self.n_bytes_before);
        (self.elapsed_ms >= RATE_AFTER_MS && done > 0).then(|| done as f64 / self.elapsed_ms * 1000.0)
    }

    /// Seconds until all is read, if it goes on like this.
    pub fn left_s(&self) -> Option<f64> {
        let left = self.n_bytes.saturating_sub(self.n_bytes_done) as f64;
        self.rate().map(|rate| left / rate)
    }

    /// 0 to 1000.
    pub fn permille(&self) -> u32 {
        permille(self.n_bytes_done, self.n_bytes)
    }
}

impl SourceLine {
    /// 0 to 1000.
    pub fn permille(&self) -> u32 {
        permille(self.n_bytes_done, self.n_bytes)
    }
}

fn permille(done: u64, all: u64) -> u32 {
    (done as f64 / all.max(1) as f64 * 1000.0).clamp(0.0, 1000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_this_reading() {
        let progress = Progress {
            n_bytes: 4000,
            n_bytes_done: 2000,
            n_bytes_before: 1000,
            elapsed_ms: 2000.0,
            ..Progress::default()
        };
        assert_eq!(progress.rate(), Some(500.0));
        assert_eq!(progress.left_s(), Some(4.0));
        assert_eq!(progress.permille(), 500);
    }

    #[test]
    fn nothing_is_promised_too_early() {
        assert_eq!(
            Progress { n_bytes: 10, n_bytes_done: 5, elapsed_ms: 3.0, ..Progress::default() }.rate(),
            None
        );
        assert_eq!(Progress::default().permille(), 0);
    }
}
