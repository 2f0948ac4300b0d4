//! Nothing leaves the machine: whatever script ran in the page, its policy would refuse every way out.
//!
//! The outside is a server of this machine that answers everybody, so that what is refused is refused by the policy and
//! not by a missing network. A page without a policy does reach it, by the same script.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use browser_tests::{Browser, Origin, Server, in_chromium, write_files};
use evtx_fixture::scenario::Scenario;
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn page_from_the_disk_reaches_nobody() {
    in_chromium(async |browser| page_reaches_nobody(browser, Origin::File).await);
}

#[test]
fn page_from_a_server_reaches_nobody() {
    in_chromium(async |browser| page_reaches_nobody(browser, Origin::Http).await);
}

async fn page_reaches_nobody(browser: &Browser, origin: Origin) -> Result<()> {
    let outside = Server::serving(Vec::new())?;
    let _folder = with_a_case(browser, origin).await?;
    let refused = browser.eval_with(&tried(IN_PAGE), vec![json!(outside.url())]).await?;
    assert_eq!(outside.requests(), [""; 0]);
    let expected = [
        "connect-src /beacon",
        "connect-src /events",
        "connect-src /fetch",
        "connect-src /socket",
        "connect-src /xhr",
        "form-action /form",
        // Of frames and objects the browser tells no more than the server.
        "frame-src /",
        "img-src /image",
        "media-src /media",
        "object-src /",
        "script-src-elem /import",
        "script-src-elem /script",
        "style-src-elem /style",
    ];
    assert_eq!(names(&refused)?, BTreeSet::from(expected.map(String::from)));
    Ok(())
}

#[test]
fn worker_reaches_nobody() {
    in_chromium(async |browser| {
        let outside = Server::serving(Vec::new())?;
        let _folder = with_a_case(browser, Origin::File).await?;
        let refused =
            browser.eval_with(IN_WORKER, vec![json!(outside.url()), json!(tried(FROM_ANYWHERE))]).await?;
        assert_eq!(outside.requests(), [""; 0]);
        let expected =
            ["connect-src /events", "connect-src /fetch", "connect-src /socket", "connect-src /xhr"];
        assert!(names(&refused)?.is_superset(&BTreeSet::from(expected.map(String::from))), "{refused}");
        Ok(())
    });
}

/// The page with something in it that could leave.
async fn with_a_case(browser: &Browser, origin: Origin) -> Result<TempDir> {
    let folder = TempDir::new()?;
    let row = "# One\n\n    08:00 PC1 4624 logon=0x51000 type=2 user=alice\n";
    let logs = write_files(folder.path(), &Scenario::parse_all(row)?[0].files())?;
    browser.open_started(origin).await?;
    browser.load(&[&logs[0]], 1).await?;
    browser.open_session("PC1#0/0x51000").await?;
    Ok(folder)
}

/// The tests above mean nothing if the script reaches nobody anyway.
#[test]
fn same_script_without_the_policy_reaches_the_outside() {
    in_chromium(async |browser| {
        let outside = Server::serving(Vec::new())?;
        browser.driver.goto(format!("{}/open", outside.url())).await?;
        let refused = browser.eval_with(&tried(FROM_ANYWHERE), vec![json!(outside.url())]).await?;
        assert_eq!(names(&refused)?, BTreeSet::new());
        for way in ["GET /fetch", "GET /xhr", "GET /events", "GET /socket"] {
            assert!(
                outside.requests().iter().any(|request| request == way),
                "{way}: {:?}",
                outside.requests()
            );
        }
        Ok(())
    });
}

/// Runs `ways` with the outside's address as `outside`; the value is what the policy refused, as directive and path.
fn tried(ways: &str) -> String {
    format!(
        "(async () => {{
            const outside = args[0];
            const refused = [];
            const path = (url) => url.startsWith('http') || url.startsWith('ws') ? new URL(url).pathname : url;
            addEventListener('securitypolicyviolation', (event) =>
                refused.push(event.effectiveDirective + ' ' + path(event.blockedURI)));
            {ways}
            await new Promise((resolve) => setTimeout(resolve, 1000));
            return refused;
        }})()"
    )
}

const FROM_ANYWHERE: &str = "
    await fetch(outside + '/fetch').catch(() => {});
    try { const xhr = new XMLHttpRequest(); xhr.open('GET', outside + '/xhr'); xhr.send(); } catch {}
    try { new WebSocket(outside.replace('http', 'ws') + '/socket'); } catch {}
    try { new EventSource(outside + '/events'); } catch {}
";

const IN_PAGE: &str = "
    await fetch(outside + '/fetch').catch(() => {});
    try { const xhr = new XMLHttpRequest(); xhr.open('GET', outside + '/xhr'); xhr.send(); } catch {}
    try { new WebSocket(outside.replace('http', 'ws') + '/socket'); } catch {}
    try { new EventSource(outside + '/events'); } catch {}
    try { navigator.sendBeacon(outside + '/beacon', 'x'); } catch {}
    import(outside + '/import').catch(() => {});
    new Image().src = outside + '/image';
    const add = (name, values) => document.body.append(Object.assign(document.createElement(name), values));
    add('script', { src: outside + '/script' });
    add('link', { rel: 'stylesheet', href: outside + '/style' });
    add('iframe', { src: outside + '/frame' });
    add('object', { data: outside + '/object' });
    add('video', { src: outside + '/media' });
    const form = Object.assign(document.createElement('form'), { action: outside + '/form', method: 'post' });
    document.body.append(form);
    form.submit();
";

const IN_WORKER: &str = "new Promise((resolve, reject) => {
    const script = `const args = [${JSON.stringify(args[0])}]; ${args[1]}.then((refused) => postMessage(refused));`;
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(message);
})";

fn names(refused: &Value) -> Result<BTreeSet<String>> {
    let list = refused.as_array().with_context(|| format!("no list: {refused}"))?;
    Ok(list.iter().filter_map(Value::as_str).map(String::from).collect())
}
