//! When sessions are worked out while more is read, and how often that is told. Moments are milliseconds, from any
//! beginning.

/// The first sessions show with the first block, the next this long after them.
const FIRST_WAIT_MS: f64 = 500.0;
/// Working out the sessions again takes at most a tenth of the time.
const REST_PER_UPDATE: f64 = 9.0;
/// Each wait is longer than the one before: the more there is, the less a part of it changes.
const WAIT_GROWTH: f64 = 2.0;
/// What will be worked out for good as soon as this is not worked out before (a gigabyte is read in two or three seconds,
/// and to work out a quarter of it in between takes a twentieth of that), ...
const SOON_MS: f64 = 4000.0;
/// ... unless the last time is as long ago: of a folder's logs not all may be known yet.
const LONG_AGO_MS: f64 = 5000.0;
/// Numbers on the page change no more often.
const SUMMARY_EVERY_MS: f64 = 200.0;

#[derive(Default)]
pub struct Pace {
    /// Something came since the last time.
    pub is_dirty: bool,
    /// From one time to the next.
    wait_ms: f64,
    updated_ms: f64,
    /// When the first block came of what is being read.
    began_ms: Option<f64>,
    told_ms: f64,
}

impl Pace {
    pub fn new(now: f64) -> Self {
        Pace { updated_ms: now, ..Pace::default() }
    }

    /// A block came.
    pub fn took_block(&mut self, now: f64) {
        self.began_ms.get_or_insert(now);
        self.is_dirty = true;
    }

    /// Whether sessions are to be worked out. All that is known of is so many times as much as what was read.
    pub fn is_update_due(&self, now: f64, n_times_as_much: impl FnOnce() -> f64) -> bool {
        let rest = now - self.updated_ms;
        self.is_dirty
            && rest >= self.wait_ms
            && (rest >= LONG_AGO_MS || !self.is_soon_done(now, n_times_as_much))
    }

    /// Whether all that is known of will be read in a moment, as fast as it was until now. The first sessions do not wait
    /// for that.
    fn is_soon_done(&self, now: f64, n_times_as_much: impl FnOnce() -> f64) -> bool {
        let Some(began) = self.began_ms else { return false };
        self.wait_ms > 0.0 && (now - began) * (n_times_as_much() - 1.0) < SOON_MS
    }

    /// They were worked out.
    pub fn updated(&mut self, from: f64, to: f64) {
        self.is_dirty = false;
        self.updated_ms = to;
        let rest = (to - from) * REST_PER_UPDATE;
        self.wait_ms = (self.wait_ms * WAIT_GROWTH).max(rest).max(FIRST_WAIT_MS);
    }

    pub fn is_summary_due(&self, now: f64) -> bool {
        now - self.told_ms >= SUMMARY_EVERY_MS
    }

    pub fn told(&mut self, now: f64) {
        self.told_ms = now;
    }

    /// All is read. What is dropped later shows as quickly as the first.
    pub fn settled(&mut self) {
        self.wait_ms = 0.0;
        self.began_ms = None;
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    /// A tenth of a log comes in at this moment, the first at the beginning; whether sessions are worked out then.
    fn is_updated(pace: &mut Pace, n_tenths: f64, now_ms: f64) -> bool {
        pace.took_block(now_ms);
        let is_due = pace.is_update_due(now_ms, || 10.0 / n_tenths);
        if is_due {
            pace.updated(now_ms, now_ms);
        }
        is_due
    }

    #[test]
    fn what_is_soon_worked_out_for_good_is_not_worked_out_before() {
        let mut pace = Pace::new(0.0);
        assert!(is_updated(&mut pace, 1.0, 1.0), "the first sessions show at once");
        assert!(is_updated(&mut pace, 2.0, 2001.0), "8 seconds are left");
        assert!(is_updated(&mut pace, 3.0, 4001.0), "9.3 seconds are left");
        for n_tenths in 4..9 {
            assert!(!is_updated(&mut pace, f64::from(n_tenths), 4002.0), "it is just done");
        }
        assert!(!is_updated(&mut pace, 7.0, 8001.0), "3.4 seconds are left");
        assert!(is_updated(&mut pace, 10.0, 11001.0), "but not for that long");
    }
}
