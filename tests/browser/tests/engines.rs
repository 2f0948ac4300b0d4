//! Firefox and the engine of Safari read logs and show what the same library shows outside the browser.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use browser_tests::{Browser, Engine, Origin, in_engine, read_natively};
use evtx_fixture::generate::{Profile, generate};
use sessionscope::query::{Query, Row};
use tempfile::TempDir;

#[test]
fn firefox_reads_logs() {
    in_engine(Engine::Firefox, async |browser| {
        reads_logs(browser).await?;
        // It fills buffers it is given, which is faster.
        assert_ne!(browser.eval("window.nStreams").await?, 0);
        Ok(())
    });
}

/// Small files are read one after the other as one stream, and Firefox does not say that one has another size now.
#[test]
fn firefox_takes_nothing_of_one_file_for_another() {
    in_engine(Engine::Firefox, async |browser| {
        let folder = TempDir::new()?;
        let files = (0..12).map(|n| {
            let (name, seed) = (format!("{n:02}.evtx"), n + 1);
            let path = folder.path().join(&name);
            let log = generate(Profile::MemberServer, seed, 1 << 20, Cursor::new(Vec::new()))?;
            fs::write(&path, log.into_inner())?;
            Ok((name, path))
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        browser.open_started(Origin::File).await?;
        browser.eval(HOLD_STREAMS).await?;
        let paths: Vec<_> = files.iter().map(|(_, path)| path.as_path()).collect();
        browser.pick_files("#pick-files", &paths).await?;
        browser.wait_until("reading is under way", "document.getElementById('reading')").await?;
        let whole = read_natively(&files[2..].iter().map(named).collect::<Vec<_>>())?;
        fs::OpenOptions::new().write(true).open(paths[1])?.set_len(1 << 19)?;
        fs::OpenOptions::new().write(true).open(paths[7])?.set_len(2 << 20)?;
        browser.eval("go()").await?;
        browser.wait_loaded(12).await?;
        let first = read_natively(&[named(&files[0])])?;
        let wanted = first.summary().n_records + whole.summary().n_records;
        let n = browser.eval("Number(document.getElementById('loaded').dataset.records)").await?;
        assert_eq!(n, wanted, "of the file that is shorter none, of the one that is longer what it was");
        Ok(())
    });
}

fn named((name, path): &(String, PathBuf)) -> (String, &Path) {
    (name.clone(), path.as_path())
}

/// Holds back what is read of files as streams, until `go()` is called.
const HOLD_STREAMS: &str = "(() => {
    const held = new Promise((resolve) => { window.go = resolve; });
    const { read } = ReadableStreamBYOBReader.prototype;
    ReadableStreamBYOBReader.prototype.read = async function (...args) {
        await held;
        return read.apply(this, args);
    };
    return true;
})()";

#[test]
fn webkit_reads_logs() {
    in_engine(Engine::WebKit, async |browser| {
        reads_logs(browser).await?;
        // Of a file's stream WebKit reads all, whatever is wanted of it.
        assert_eq!(browser.eval("window.nStreams").await?, 0);
        Ok(())
    });
}

const COUNT_STREAMS: &str = "(() => {
    window.nStreams = 0;
    const stream = Blob.prototype.stream;
    Blob.prototype.stream = function () {
        window.nStreams += this.size > 0;
        return stream.call(this);
    };
    return true;
})()";

async fn reads_logs(browser: &Browser) -> Result<()> {
    let folder = TempDir::new()?;
    let files = [("Security.evtx", Profile::Workstation), ("other.evtx", Profile::MemberServer)];
    let files = files.map(|(name, profile)| (name.to_owned(), profile, folder.path().join(name)));
    for (_, profile, path) in &files {
        fs::write(path, generate(*profile, 7, 12 << 20, Cursor::new(Vec::new()))?.into_inner())?;
    }
    browser.open_started(Origin::File).await?;
    browser.eval(COUNT_STREAMS).await?;
    let paths: Vec<_> = files.iter().map(|(_, _, path)| path.as_path()).collect();
    browser.pick_files("#pick-files", &paths).await?;
    browser.wait_loaded(2).await?;

    let files: Vec<_> = files.iter().map(|(name, _, path)| (name.clone(), path.as_path())).collect();
    let mut native = read_natively(&files)?;
    let shown = Query { text: "network".into(), is_grouped: true, ..Query::default() };
    browser.filter(&shown.text).await?;
    let wanted = native.rows(&shown, 0, 10);
    browser.wait_for_shown(wanted.n_sessions, native.summary().n_sessions).await?;
    let rows = browser.rows("sessions").await?;
    for (row, wanted) in rows.iter().zip(&wanted.rows) {
        let Row { session, end_confidence, .. } = wanted;
        assert_eq!(row.get("data-session"), Some(session), "{end_confidence}");
    }
    ensure!(rows.len() >= wanted.rows.len(), "{} rows", rows.len());

    let lone = wanted.rows.iter().find(|row| row.group.is_none()).context("a session of its own")?;
    browser.open_session(&lone.session).await?;
    ensure!(!browser.text("#sentence").await?.is_empty(), "no sentence");
    // Which is read from the file once more.
    browser.click("#evidence .event-xml").await?;
    let xml = browser.wait_for_text("#evidence .record[data-state='read']", |_| true).await?;
    ensure!(xml.contains("<EventID>4624</EventID>"), "{xml}");
    Ok(())
}
