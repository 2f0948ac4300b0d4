//! The memory of a browser: of all its processes, where each page that several share counts once.

use std::collections::HashMap;
use std::fs::{read_dir, read_to_string};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};

/// Adds up, again and again, the memory of the browser's processes.
pub struct Watcher {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watcher {
    pub fn start() -> Watcher {
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = is_over.clone();
        let thread = thread::spawn(move || {
            let mut peak = 0;
            while !ends.load(Ordering::Relaxed) {
                peak = pss_of_descendants().max(peak);
                thread::sleep(Duration::from_millis(50));
            }
            peak
        });
        Watcher { is_over, thread }
    }

    /// The most it has seen, in bytes.
    pub fn stop(self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().ok().context("the watcher failed")
    }
}

/// Bytes of the processes below this one.
pub fn pss_of_descendants() -> u64 {
    let parents = parents();
    let own = std::process::id();
    let is_below = |pid: u32| {
        std::iter::successors(parents.get(&pid), |parent| parents.get(parent)).any(|&parent| parent == own)
    };
    parents.keys().filter(|&&pid| is_below(pid)).filter_map(|&pid| pss(pid)).sum()
}

fn parents() -> HashMap<u32, u32> {
    let processes = read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parent = |pid: u32| {
        let status = read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
    };
    pids.filter_map(|pid| Some((pid, parent(pid)?))).collect()
}

fn pss(pid: u32) -> Option<u64> {
    let rollup = read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}
