//! What can go wrong while files are read: workers die, files change or disappear. The case stays complete otherwise.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::Result;
use browser_tests::{Browser, Origin, export, in_chromium, read_natively};
use evtx_fixture::generate::{Profile, generate};
use serde_json::{Value, json};
use sessionscope::case::Format;
use tempfile::TempDir;

/// Kills the worker that comes to a batch with chunk `chunk` of the first source, so many times: as the browser ends one
/// that is out of memory, before it can say a word. The batch is kept from it, so that it cannot be faster than its death.
fn killer(chunk: u32, times: u32) -> String {
    format!(
        "globalThis.deaths = 0;
        globalThis.Worker = class extends Worker {{
            queue = [];
            constructor(url, options) {{
                super(url, options);
                this.addEventListener('message', (event) => {{
                    if (Array.isArray(event.data) && event.data[0].Parsed) {{ this.queue.shift(); this.mayDie(); }}
                }});
            }}
            postMessage(message, transfer) {{
                const batch = Array.isArray(message) && message[0].Batch;
                if (!batch) return super.postMessage(message, transfer);
                const isDeadly = batch.source === 0 && globalThis.deaths < {times} && batch.first_chunk <= {chunk}
                    && {chunk} < batch.first_chunk + Math.ceil(batch.n_bytes / 65536);
                this.queue.push(isDeadly);
                if (!this.queue.includes(true)) super.postMessage(message, transfer);
                this.mayDie();
            }}
            // It dies at the batch that it is at, not at one that waits.
            mayDie() {{
                if (this.isDead || !this.queue[0]) return;
                this.isDead = true;
                globalThis.deaths += 1;
                this.terminate();
                // Later: the page has then heard all that the worker said.
                setTimeout(() => this.dispatchEvent(new ErrorEvent('error', {{ message: 'out of memory' }})));
            }}
        }};"
    )
}

/// Holds back what is read of files after their beginnings, until `go()` is called.
const HOLD: &str = "{
    const held = new Promise((resolve) => { globalThis.go = resolve; });
    const { read } = ReadableStreamBYOBReader.prototype;
    ReadableStreamBYOBReader.prototype.read = async function (...args) {
        await held;
        return read.apply(this, args);
    };
}";

/// A log that is read batch by batch.
fn log(folder: &Path, name: &str, seed: u64) -> Result<PathBuf> {
    log_of(folder, name, seed, 5 << 20)
}

fn log_of(folder: &Path, name: &str, seed: u64, n_bytes: u64) -> Result<PathBuf> {
    let path = folder.join(name);
    let log = generate(Profile::MemberServer, seed, n_bytes, Cursor::new(Vec::new()))?;
    fs::write(&path, log.into_inner())?;
    Ok(path)
}

#[test]
fn a_worker_that_dies_is_replaced_and_nothing_is_missing() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let path = log(folder.path(), "Security.evtx", 7)?;
        browser.before_load(&killer(20, 1)).await?;
        browser.open_started(Origin::File).await?;
        browser.load(&[&path], 1).await?;
        assert_eq!(browser.eval("deaths").await?, 1, "a worker died");
        assert_eq!(source(browser, "Security.evtx").await?, json!(["read", ""]));
        let wanted = read_outside(&[("Security.evtx", &path)])?;
        assert!(downloaded(browser).await? == wanted, "its batch was read again");
        Ok(())
    });
}

#[test]
fn a_chunk_that_kills_twice_costs_one_chunk_and_is_told() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let path = log(folder.path(), "Security.evtx", 7)?;
        browser.before_load(&killer(20, 2)).await?;
        browser.open_started(Origin::File).await?;
        browser.load(&[&path], 1).await?;
        assert_eq!(browser.eval("deaths").await?, 2, "a second worker died over it");
        let [state, problem] =
            serde_json::from_value::<[String; 2]>(source(browser, "Security.evtx").await?)?;
        assert_eq!(state, "read");
        assert!(
            problem.contains("chunk 20: reading it stopped the parser twice (out of memory)"),
            "{problem}"
        );
        // The same log in which that chunk was never written.
        let without = folder.path().join("without.evtx");
        let mut bytes = fs::read(&path)?;
        bytes[4096 + 20 * 65_536..][..65_536].fill(0);
        fs::write(&without, bytes)?;
        let wanted = read_outside(&[("Security.evtx", &without)])?;
        assert!(downloaded(browser).await? == wanted, "all other chunks are in the case, each once");
        Ok(())
    });
}

#[test]
fn a_log_that_is_added_while_another_is_read_joins_it() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let (first, second) = (log(folder.path(), "first.evtx", 7)?, log(folder.path(), "second.evtx", 8)?);
        browser.before_load(HOLD).await?;
        browser.open_started(Origin::File).await?;
        browser.drop_files("body", &[&first]).await?;
        browser.wait_for("#reading[data-state=reading] .reading-source[data-path='first.evtx']").await?;
        browser.drop_files("body", &[&second]).await?;
        browser.wait_for("#reading[data-state=reading] .reading-source[data-path='second.evtx']").await?;
        browser.eval("go()").await?;
        browser.wait_loaded(2).await?;
        let wanted = read_outside(&[("first.evtx", &first), ("second.evtx", &second)])?;
        assert!(downloaded(browser).await? == wanted, "both are complete");
        Ok(())
    });
}

/// Who is about to click a row does not hit another one because reading has just ended.
#[test]
fn rows_stay_where_they_are_when_reading_ends() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let log = log(folder.path(), "Security.evtx", 10)?;
        browser.before_load(HOLD).await?;
        browser.open_started(Origin::File).await?;
        browser.drop_files("body", &[&log]).await?;
        browser.wait_for("#reading[data-state=reading]").await?;
        let top = "document.querySelector('#sessions .grid-layer').getBoundingClientRect().top";
        let while_reading = browser.eval(top).await?;
        browser.eval("go()").await?;
        browser.wait_loaded(1).await?;
        browser.wait_until("its progress has gone", "!document.getElementById('reading')").await?;
        assert_eq!(browser.eval(top).await?, while_reading);
        Ok(())
    });
}

#[test]
fn a_file_that_disappears_or_changes_is_a_problem_and_no_hang() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let names = ["gone.evtx", "short.evtx", "other.evtx", "whole.evtx"];
        let paths = names.map(|name| log(folder.path(), name, 9));
        let [gone, short, other, whole] = paths;
        let (gone, short, other, whole) = (gone?, short?, other?, whole?);
        browser.before_load(HOLD).await?;
        browser.open_started(Origin::File).await?;
        browser.drop_files("body", &[&gone, &short, &other, &whole]).await?;
        browser.wait_until("reading is under way", "document.getElementById('reading')").await?;
        fs::remove_file(&gone)?;
        File::options().write(true).open(&short)?.set_len(1 << 20)?;
        fs::write(&other, b"something else")?;
        browser.eval("go()").await?;
        browser.wait_loaded(4).await?;
        for name in ["gone.evtx", "short.evtx", "other.evtx"] {
            let [state, problem] = serde_json::from_value::<[String; 2]>(source(browser, name).await?)?;
            assert_eq!(state, "not read", "{name}: {problem}");
            assert!(
                problem.contains("it changed, disappeared") || problem.contains("no longer there"),
                "{problem}"
            );
        }
        assert_eq!(source(browser, "whole.evtx").await?, json!(["read", ""]));
        let wanted = read_outside(&[("whole.evtx", &whole)])?;
        assert!(downloaded(browser).await? == wanted, "the file that stayed is complete");
        Ok(())
    });
}

/// Small files are read one after the other as one stream: what one of them has more or less is not taken from the next.
#[test]
fn a_small_file_that_changes_costs_no_other() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let name = |n: u64| format!("{n:02}.evtx");
        let paths: Vec<_> =
            (0..12).map(|n| log_of(folder.path(), &name(n), n, 1 << 20)).collect::<Result<_>>()?;
        browser.before_load(HOLD).await?;
        browser.open_started(Origin::File).await?;
        browser.drop_files("body", &paths.iter().map(PathBuf::as_path).collect::<Vec<_>>()).await?;
        browser.wait_until("reading is under way", "document.getElementById('reading')").await?;
        File::options().write(true).open(&paths[1])?.set_len(1 << 19)?;
        File::options().write(true).open(&paths[4])?.set_len(2 << 20)?;
        fs::remove_file(&paths[8])?;
        browser.eval("go()").await?;
        browser.wait_loaded(12).await?;
        for n in [1, 4, 8] {
            assert_eq!(source(browser, &name(n)).await?[0], json!("not read"), "{n}");
        }
        let others = (0..12).filter(|n| ![1, 4, 8].contains(n));
        let others: Vec<_> = others.map(|n| (name(n), paths[n as usize].as_path())).collect();
        let wanted = export(&mut read_natively(&others)?, Format::JsonLines, None);
        assert!(downloaded(browser).await? == wanted, "the others are complete");
        Ok(())
    });
}

/// The state and the problems of a file, as its row in the ledger tells them.
async fn source(browser: &Browser, name: &str) -> Result<Value> {
    browser.click("#view-files").await?;
    browser.wait_for(&format!("#files [data-source='{name}']")).await?;
    let cells = "['state', 'problems'].map((column) => document.querySelector(
        `#files [data-source='${args[0]}'] [data-col=${column}]`).textContent)";
    browser.eval_with(cells, vec![json!(name)]).await
}

async fn downloaded(browser: &Browser) -> Result<Vec<u8>> {
    browser.export("export-all-jsonl").await
}

/// Every session of the same files, read outside the browser.
fn read_outside(files: &[(&str, &Path)]) -> Result<Vec<u8>> {
    let files: Vec<_> = files.iter().map(|&(name, path)| (name.to_owned(), path)).collect();
    Ok(export(&mut read_natively(&files)?, Format::JsonLines, None))
}
