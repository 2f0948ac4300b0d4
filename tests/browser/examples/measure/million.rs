//! A case of a million sessions in the page, fed to its case worker as blocks: sorting, filtering, scrolling, opening.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use browser_tests::Browser;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::memory::{Watcher, pss_of_descendants};
use super::{LONGEST, done, drop_log, number, print};

/// Machines of the blocks, each a source.
const N_SOURCES: u32 = 4;

const COLUMNS: [&str; 10] =
    ["start", "end", "user", "machine", "from", "end_how", "duration", "logon_type", "active", "flags"];

/// Typed letter by letter.
const FILTERS: [&str; 6] = ["user0", "user01", "corp remote", "10.20.3.", "0x1234", "nothing"];

const KEY_EVERY: Duration = Duration::from_millis(60);

pub async fn million(browser: &Browser, small: &Path, blocks: &Path) -> Result<()> {
    drop_log(browser, small).await?;
    done(browser).await?;
    let empty = pss_of_descendants();
    let watcher = Watcher::start();
    feed(browser, blocks).await?;
    print("peak bytes", watcher.stop()?.saturating_sub(empty) as f64);
    sort(browser).await?;
    filter(browser).await?;
    open(browser).await?;
    scroll(browser).await
}

async fn feed(browser: &Browser, blocks: &Path) -> Result<()> {
    let input = "document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'blocks' }))";
    browser.eval(input).await?;
    browser.pick_files("#blocks", &[blocks]).await?;
    let begin = format!(
        "void watch.feed(document.getElementById('blocks').files[0], {N_SOURCES})\
         .then(() => {{ watch.fed = true; }}, (error) => {{ watch.fed = String(error); }})"
    );
    browser.eval(&begin).await?;
    let fed = browser.wait_long(LONGEST, "the blocks are in the case", "watch.fed").await?;
    anyhow::ensure!(fed == Value::Bool(true), "the blocks are not in the case: {fed}");
    browser.eval("document.getElementById('blocks').remove()").await?;
    let merged = "performance.now() - watch.mergedAt";
    let shown = "Number(document.getElementById('loaded').dataset.sessions) >= 1000000 \
         && document.getElementById('shown').dataset.total === document.getElementById('loaded').dataset.sessions \
         && !document.getElementById('provisional')";
    browser.wait_long(LONGEST, "a million sessions are shown", shown).await?;
    print(
        "sessions",
        number(&browser.eval("Number(document.getElementById('loaded').dataset.sessions)").await?)?,
    );
    print("working out all sessions", number(&browser.eval(merged).await?)? / 1000.0);
    Ok(())
}

async fn sort(browser: &Browser) -> Result<()> {
    for column in COLUMNS {
        for way in ["once", "twice"] {
            let click = format!("document.querySelector('#sessions [data-col={column}] button').click()");
            let millis = browser.eval(&format!("({click}, watch.answered())")).await?;
            print(&format!("sort {column} {way}"), number(&millis)? / 1000.0);
        }
    }
    Ok(())
}

async fn filter(browser: &Browser) -> Result<()> {
    for text in FILTERS {
        for n in 1..=text.len() {
            write(browser, &text[..n]).await?;
            if n < text.len() {
                sleep(KEY_EVERY).await;
            }
        }
        let millis = browser.eval("watch.answered()").await?;
        print(&format!("filter \"{text}\""), number(&millis)? / 1000.0);
        write(browser, "").await?;
        browser.eval("watch.answered()").await?;
    }
    Ok(())
}

async fn write(browser: &Browser, text: &str) -> Result<()> {
    let write = "(() => {
        const filter = document.getElementById('filter');
        filter.value = args[0];
        filter.dispatchEvent(new InputEvent('input', { bubbles: true }));
    })()";
    browser.eval_with(write, vec![json!(text)]).await.map(drop)
}

/// From the click on a row until a frame has its sentence.
async fn open(browser: &Browser) -> Result<()> {
    let open = "new Promise((resolve) => {
        const row = document.querySelectorAll('#sessions .grid-row[data-session]')[args[0]];
        const start = performance.now();
        row.querySelector('[data-col=start]').click();
        (function look() {
            const drawer = document.getElementById('drawer');
            const isThere = drawer?.dataset.session === row.dataset.session && drawer.querySelector('#sentence');
            requestAnimationFrame(isThere ? () => resolve(performance.now() - start) : look);
        })();
    })";
    let mut slowest = 0f64;
    for n in 0..8 {
        slowest = slowest.max(number(&browser.eval_with(open, vec![json!(n)]).await?)?);
    }
    print("open a session", slowest / 1000.0);
    browser.eval("document.getElementById('drawer-close').click()").await.map(drop)
}

/// By wheel, by keys, and as one drags the scroll bar: to other places all the time.
async fn scroll(browser: &Browser) -> Result<()> {
    let middle = browser
        .eval(
            "(() => {
        const box = document.getElementById('sessions').getBoundingClientRect();
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()",
        )
        .await?;
    browser.eval("watch.blank()").await?;
    for _ in 0..40 {
        let wheel =
            json!({ "type": "mouseWheel", "x": middle["x"], "y": middle["y"], "deltaX": 0, "deltaY": 400 });
        browser.cdp("Input.dispatchMouseEvent", wheel).await?;
    }
    blank(browser, "wheel").await?;
    browser.eval("document.getElementById('sessions').focus()").await?;
    for key in ["PageDown"; 40].into_iter().chain(["End", "Home", "End", "PageUp", "PageUp"]) {
        for kind in ["keyDown", "keyUp"] {
            browser.cdp("Input.dispatchKeyEvent", json!({ "type": kind, "key": key })).await?;
        }
    }
    blank(browser, "keys").await?;
    let drag = "new Promise((resolve) => {
        const [table, start] = [document.getElementById('sessions'), performance.now()];
        (function step() {
            const part = (performance.now() - start) / 2000;
            table.scrollTop = part * (table.scrollHeight - table.clientHeight);
            requestAnimationFrame(part < 1 ? step : () => resolve(true));
        })();
    })";
    browser.eval(drag).await?;
    blank(browser, "scroll bar").await
}

/// The longest time without rows since it was last asked for.
async fn blank(browser: &Browser, how: &str) -> Result<()> {
    sleep(Duration::from_millis(300)).await;
    print(&format!("blank, {how}"), number(&browser.eval("watch.blankMs").await?)? / 1000.0);
    browser.eval("watch.blank()").await.map(drop)
}
