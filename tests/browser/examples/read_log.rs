//! Drops a log on the packed page and measures what the responder would notice. `cargo xtask bench` runs this and
//! reports what it prints: one line `name<TAB>number` for each measure.
//!
//! `read_log time|memory|cancel LOG`: memory apart from time, for looking at it takes time.

use std::collections::HashMap;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use browser_tests::{Browser, Origin, in_chromium};
use serde_json::Value;

/// Watches the page from before it starts: when the drop came, when the first sessions and when the last ones were
/// there, and which tasks kept the page busy meanwhile.
const WATCH: &str = "globalThis.watch = { longest: 0, frames: 0 };
    addEventListener('drop', () => {
        watch.dropped = performance.now();
        watch.longest = 0;
        requestAnimationFrame(look);
    }, true);
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) watch.longest = Math.max(watch.longest, task.duration);
    }).observe({ type: 'longtask' });
    function look() {
        const number = (id, name) => Number(document.getElementById(id)?.dataset[name] ?? 0);
        const sessions = number('shown', 'total');
        watch.frames += 1;
        if (sessions > 0) watch.first ??= performance.now();
        const isReading = ['reading', 'provisional'].some((id) => document.getElementById(id));
        if (sessions > 0 && !isReading && sessions === number('loaded', 'sessions')) watch.done ??= performance.now();
        if (!watch.done) requestAnimationFrame(look);
    }";

const CANCEL: &str = "new Promise((resolve) => {
    const start = performance.now();
    document.getElementById('cancel').click();
    (function look() {
        const state = document.getElementById('reading')?.dataset.state;
        if (state === 'reading') requestAnimationFrame(look); else resolve(performance.now() - start);
    })();
})";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [what, log] = &args[..] else { anyhow::bail!("usage: read_log time|memory|cancel LOG") };
    let log = PathBuf::from(log);
    match what.as_str() {
        "time" => in_chromium(async |browser| time(browser, &log).await),
        "memory" => in_chromium(async |browser| memory(browser, &log).await),
        _ => in_chromium(async |browser| cancel(browser, &log).await),
    }
    Ok(())
}

async fn time(browser: &Browser, log: &Path) -> Result<()> {
    drop_log(browser, log).await?;
    browser.wait_until("all sessions are there", "watch.done").await?;
    let watch = browser.eval("watch").await?;
    let millis = |name: &str| number(&watch[name]);
    print("first sessions", (millis("first")? - millis("dropped")?) / 1000.0);
    print("all sessions", (millis("done")? - millis("dropped")?) / 1000.0);
    print("longest task", millis("longest")? / 1000.0);
    print(
        "sessions",
        number(&browser.eval("Number(document.getElementById('loaded').dataset.sessions)").await?)?,
    );
    Ok(())
}

async fn memory(browser: &Browser, log: &Path) -> Result<()> {
    browser.open_started(Origin::File).await?;
    // Chromium goes on with this and that when a page is there.
    thread::sleep(Duration::from_secs(2));
    print("empty page", pss_of_descendants() as f64);
    let watcher = Watcher::start();
    drop_log(browser, log).await?;
    browser.wait_until("all sessions are there", "watch.done").await?;
    print("peak", watcher.stop()? as f64);
    Ok(())
}

async fn cancel(browser: &Browser, log: &Path) -> Result<()> {
    drop_log(browser, log).await?;
    browser.wait_for("#cancel").await?;
    browser.wait_until("reading is under way", "document.getElementById('progress')?.value > 100").await?;
    print("cancel", number(&browser.eval(CANCEL).await?)? / 1000.0);
    Ok(())
}

async fn drop_log(browser: &Browser, log: &Path) -> Result<()> {
    browser.before_load(WATCH).await?;
    browser.open_started(Origin::File).await?;
    browser.drop_files("#drop", &[log]).await
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("{value} is no number"))
}

fn print(name: &str, value: f64) {
    println!("{name}\t{value:.6}");
}

/// Adds up, again and again, the memory of the browser's processes.
struct Watcher {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watcher {
    fn start() -> Watcher {
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

    fn stop(self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().ok().context("the watcher failed")
    }
}

/// Bytes of the processes below this one, where each page that several share counts once.
fn pss_of_descendants() -> u64 {
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
