//! Measures in the packed page what a responder would notice. `cargo xtask bench` runs this and reports what it
//! prints: one line `name<TAB>number` for each measure, in seconds and bytes.
//!
//! `measure time|memory|cancel LOG`, `measure add LOG SMALL_LOG`, `measure million SMALL_LOG BLOCKS`: memory apart
//! from time, for looking at it takes time.

mod memory;
mod million;

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use browser_tests::{Browser, Origin, in_chromium_for};
use memory::{Watcher, pss_of_descendants};
use serde_json::Value;

const WATCH: &str = include_str!("watch.js");

/// Four GiB on a computer that others use, too.
const LONGEST: Duration = Duration::from_secs(600);

/// Chromium goes on with this and that when a page is there: on two cores that takes half a second from whoever drops a log
/// at once, as nobody does.
const BROWSER_STARTS: Duration = Duration::from_secs(2);

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
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["time", log] => in_chromium_for(LONGEST, async |browser| time(browser, log.as_ref()).await),
        ["memory", log] => in_chromium_for(LONGEST, async |browser| memory(browser, log.as_ref()).await),
        ["cancel", log] => in_chromium_for(LONGEST, async |browser| cancel(browser, log.as_ref()).await),
        ["add", log, small] => {
            in_chromium_for(LONGEST, async |browser| add(browser, log.as_ref(), small.as_ref()).await);
        }
        ["million", small, blocks] => {
            in_chromium_for(LONGEST, async |browser| {
                million::million(browser, small.as_ref(), blocks.as_ref()).await
            });
        }
        _ => anyhow::bail!("usage: time|memory|cancel LOG | add LOG SMALL_LOG | million SMALL_LOG BLOCKS"),
    }
    Ok(())
}

async fn time(browser: &Browser, log: &Path) -> Result<()> {
    drop_log(browser, log).await?;
    let watch = done(browser).await?;
    let millis = |name: &str| number(&watch[name]);
    print("first sessions", (millis("first")? - millis("dropped")?) / 1000.0);
    print("all sessions", (millis("done")? - millis("dropped")?) / 1000.0);
    print("longest task", number(&browser.eval("watch.longest()").await?)? / 1000.0);
    print("reading", millis("readMs")? / 1000.0);
    print("parsing", millis("parseMs")? / 1000.0);
    print("working out all sessions", (millis("done")? - millis("mergedAt")?) / 1000.0);
    let n = browser.eval("Number(document.getElementById('loaded').dataset.sessions)").await?;
    print("sessions", number(&n)?);
    Ok(())
}

async fn memory(browser: &Browser, log: &Path) -> Result<()> {
    browser.open_started(Origin::File).await?;
    thread::sleep(BROWSER_STARTS);
    print("empty page", pss_of_descendants() as f64);
    let watcher = Watcher::start();
    drop_log(browser, log).await?;
    let watch = done(browser).await?;
    print("all sessions", (number(&watch["done"])? - number(&watch["dropped"])?) / 1000.0);
    // What is left over is given back late.
    thread::sleep(Duration::from_secs(1));
    print("peak", watcher.stop()? as f64);
    print("at rest", pss_of_descendants() as f64);
    Ok(())
}

async fn cancel(browser: &Browser, log: &Path) -> Result<()> {
    drop_log(browser, log).await?;
    under_way(browser).await?;
    print("cancel", number(&browser.eval(CANCEL).await?)? / 1000.0);
    Ok(())
}

/// Another log, dropped while one is read.
async fn add(browser: &Browser, log: &Path, small: &Path) -> Result<()> {
    drop_log(browser, log).await?;
    under_way(browser).await?;
    browser.drop_files("body", &[small]).await?;
    let source = "Number(document.getElementById('loaded').dataset.sources)";
    browser.wait_long(LONGEST, "the second log is in the case", &format!("{source} === 2")).await?;
    let added = browser.eval("performance.now() - watch.droppedMore").await?;
    print("another log is in the case", number(&added)? / 1000.0);
    done(browser).await?;
    Ok(())
}

async fn under_way(browser: &Browser) -> Result<()> {
    let is_under_way = "document.getElementById('progress')?.value > 100";
    browser.wait_long(LONGEST, "reading is under way", is_under_way).await.map(drop)
}

async fn done(browser: &Browser) -> Result<Value> {
    browser.wait_long(LONGEST, "all sessions are there", "watch.done").await?;
    let names = "({ dropped, first, done, readMs, parseMs, mergedAt }) => \
                 ({ dropped, first, done, readMs, parseMs, mergedAt })";
    browser.eval(&format!("({names})(watch)")).await
}

async fn drop_log(browser: &Browser, log: &Path) -> Result<()> {
    browser.before_load(WATCH).await?;
    browser.open_started(Origin::File).await?;
    thread::sleep(BROWSER_STARTS);
    browser.drop_files("#drop", &[log]).await
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("{value} is no number"))
}

fn print(name: &str, value: f64) {
    println!("{name}\t{value:.6}");
}
