//! The page starts: from the disk and from a server, with its workers, or with a sentence that says why it cannot.

use anyhow::{Result, ensure};
use browser_tests::{Browser, Origin, in_chromium};
use serde_json::json;

#[test]
fn starts_from_the_disk() {
    in_chromium(async |browser| starts(browser, Origin::File).await);
}

#[test]
fn starts_from_a_server_with_a_single_request() {
    in_chromium(async |browser| {
        starts(browser, Origin::Http).await?;
        assert_eq!(browser.server().requests(), ["GET /"]);
        Ok(())
    });
}

async fn starts(browser: &Browser, origin: Origin) -> Result<()> {
    browser.open_started(origin).await?;
    assert_eq!(browser.eval("document.title").await?, "Sessionscope");
    assert_eq!(browser.eval("document.getElementById('module')").await?, json!(null), "its memory is free");
    assert_eq!(browser.eval(FETCHED).await?, json!([]));
    assert_eq!(browser.console_errors().await?, [""; 0]);
    Ok(())
}

/// What the page loaded beside itself; what is in its own memory is no request.
const FETCHED: &str = "performance.getEntriesByType('resource').map((entry) => entry.name)
    .filter((name) => !name.startsWith('blob:') && !name.startsWith('data:'))";

#[test]
fn workers_start_from_the_disk() {
    in_chromium(async |browser| workers_start(browser, Origin::File).await);
}

#[test]
fn workers_start_from_a_server() {
    in_chromium(async |browser| workers_start(browser, Origin::Http).await);
}

async fn workers_start(browser: &Browser, origin: Origin) -> Result<()> {
    browser.open_started(origin).await?;
    for role in ["parse", "case"] {
        assert_eq!(browser.eval_with(READY, vec![json!(role)]).await?, "ready", "{role}");
    }
    assert_eq!(browser.console_errors().await?, [""; 0]);
    Ok(())
}

const READY: &str = "new Promise((resolve) => {
    const worker = sessionscope.spawn(args[0]);
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve(message);
    worker.addEventListener('ready', () => resolve('ready'));
})";

#[test]
fn worker_of_an_unknown_role_is_an_error_event() {
    in_chromium(async |browser| {
        browser.open_started(Origin::File).await?;
        assert_eq!(browser.eval_with(READY, vec![json!("parse")]).await?, "ready");
        let message = browser.eval_with(READY, vec![json!("no_such")]).await?.to_string();
        ensure!(message.contains("not a function"), "{message}");
        assert_eq!(browser.eval("document.getElementById('failure').hidden").await?, true);
        Ok(())
    });
}

/// What is posted while a worker starts waits for the handler that its role registers.
#[test]
fn messages_to_a_starting_worker_are_not_lost() {
    in_chromium(async |browser| {
        browser.open_started(Origin::File).await?;
        let script = [GLUE_STUB, include_str!("../../../web/js/worker.js")].concat();
        let seen = browser.eval_with(POST_AT_ONCE, vec![json!(script)]).await?;
        assert_eq!(seen, json!([{ "ready": "parse" }, "first", "second", "third"]));
        Ok(())
    });
}

/// In place of wasm-bindgen's: takes its time to instantiate, then answers each message with the same.
const GLUE_STUB: &str = "const wasm_bindgen = {
    initSync() { for (const end = Date.now() + 200; Date.now() < end;); },
    parse_worker() { self.onmessage = ({ data }) => self.postMessage(data); },
};\n";

const POST_AT_ONCE: &str = "new Promise((resolve, reject) => {
    const worker = new Worker(URL.createObjectURL(new Blob([args[0]])));
    const seen = [];
    worker.onmessage = ({ data }) => seen.push(data) === 4 && resolve(seen);
    worker.onerror = ({ message }) => reject(message);
    worker.postMessage({ role: 'parse' });
    ['first', 'second', 'third'].forEach((text) => worker.postMessage(text));
})";

#[test]
fn death_within_a_promise_is_an_error_event() {
    in_chromium(async |browser| {
        browser.open_started(Origin::File).await?;
        let stub =
            "const wasm_bindgen = { initSync() {}, parse_worker() { Promise.reject(Error('died')); } };\n";
        let script = [stub, include_str!("../../../web/js/worker.js")].concat();
        let seen = browser.eval_with(DEATH, vec![json!(script)]).await?;
        assert_eq!(seen, "Uncaught Error: died");
        Ok(())
    });
}

const DEATH: &str = "new Promise((resolve) => {
    const worker = new Worker(URL.createObjectURL(new Blob([args[0]])));
    worker.onerror = ({ message }) => resolve(message);
    worker.postMessage({ role: 'parse' });
})";

#[test]
fn browser_without_decompression_is_told() {
    in_chromium(async |browser| {
        is_told(browser, "delete self.DecompressionStream", "cannot decompress").await
    });
}

#[test]
fn browser_without_workers_is_told() {
    in_chromium(async |browser| {
        is_told(browser, "delete self.Worker", "cannot run work in the background").await
    });
}

#[test]
fn browser_without_webassembly_is_told() {
    in_chromium(async |browser| is_told(browser, "delete self.WebAssembly", "cannot run WebAssembly").await);
}

#[test]
fn browser_that_cannot_give_the_program_to_workers_is_told() {
    let refuse = "Worker.prototype.postMessage = () => { throw new DOMException('no', 'DataCloneError'); }";
    in_chromium(async |browser| {
        browser.before_load(refuse).await?;
        browser.open(Origin::File).await?;
        browser.wait_until("the page has started", "globalThis.sessionscope").await?;
        browser.eval("(() => { try { sessionscope.spawn('parse'); } catch {} })()").await?;
        says(browser, "does not let it work in the background").await
    });
}

#[test]
fn browser_without_scripts_is_told() {
    in_chromium(async |browser| {
        browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
        browser.open(Origin::File).await?;
        // What is not laid out is not to be seen.
        let shown =
            "document.querySelector('noscript').getClientRects().length > 0 && document.body.innerText";
        let text = browser.wait_until("a sentence is shown", shown).await?.to_string();
        ensure!(text.contains("JavaScript is switched off"), "{text}");
        Ok(())
    });
}

async fn is_told(browser: &Browser, lack: &str, sentence: &str) -> Result<()> {
    browser.before_load(lack).await?;
    browser.open(Origin::File).await?;
    says(browser, sentence).await
}

async fn says(browser: &Browser, sentence: &str) -> Result<()> {
    let text = browser.wait_for_text("#failure", |text| text.contains(sentence)).await?;
    ensure!(text.starts_with("Sessionscope cannot start: this browser "), "{text}");
    ensure!(text.contains("It needs Firefox "), "{text}");
    Ok(())
}
