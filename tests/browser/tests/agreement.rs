//! The page gives the same sessions as the same library outside the browser, byte for byte, for every export.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use browser_tests::{Browser, Origin, export, in_chromium, read_natively, say_skipped};
use evtx_fixture::damage;
use evtx_fixture::generate::{Profile, generate};
use evtx_fixture::scenario::Scenario;
use sessionscope::case::Format;
use sessionscope::query::Query;
use tempfile::TempDir;

#[test]
fn generated_logs_agree() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        for (name, profile, mib) in
            [("dc.evtx", Profile::DomainController, 3), ("pc.evtx", Profile::Workstation, 2)]
        {
            fs::write(folder.path().join(name), generated(profile, mib)?)?;
        }
        // The same log again, damaged: each record counts once, whichever file it is taken from.
        let mut copy = generated(Profile::Workstation, 2)?;
        damage::flip_chunk_magic(&mut copy, 3);
        fs::write(folder.path().join("a copy.evtx"), copy)?;
        agrees(browser, &files_in(folder.path(), "")?, 3).await
    });
}

#[test]
fn real_domain_controller_agrees() {
    in_chromium(async |browser| real_folder_agrees(browser, "szechuan_dc_2012r2").await);
}

#[test]
fn real_workstation_agrees() {
    in_chromium(async |browser| real_folder_agrees(browser, "rathbun_w10").await);
}

#[test]
fn real_duplicates_agree() {
    in_chromium(async |browser| real_folder_agrees(browser, "donpapi_dup").await);
}

/// JavaScript's own numbers are exact to 2^53: these are beyond.
const HUGE: &str = "\
# Huge

    08:00:00.0000001  PC1  4624 logon=0xfedcba9876543211 type=2 user=alice record=9007199254740993
    09:00:00.0000003  PC1  4634 logon=0xfedcba9876543211 type=2 user=alice record=9007199254740995
";

#[test]
fn huge_numbers_stay_exact() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let log = folder.path().join("Security.evtx");
        fs::write(&log, Scenario::parse_all(HUGE)?[0].files().remove(0).1)?;
        browser.open_started(Origin::File).await?;
        browser.load(&[&log], 1).await?;
        browser.open_session("PC1#0/0xfedcba9876543211").await?;
        let record = "#evidence .event[data-record='9007199254740993']";
        browser.click(&format!("{record} .event-xml")).await?;
        let xml = browser.wait_for_text(&format!("{record} .record[data-state='read']"), |_| true).await?;
        assert!(xml.contains("9007199254740993") && xml.contains("0xfedcba9876543211"), "{xml}");
        compare(browser, &[("Security.evtx".to_owned(), log)]).await
    });
}

fn generated(profile: Profile, mib: u64) -> Result<Vec<u8>> {
    Ok(generate(profile, 7, mib << 20, Cursor::new(Vec::new()))?.into_inner())
}

async fn real_folder_agrees(browser: &Browser, name: &str) -> Result<()> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus")).join(name);
    if !folder.is_dir() {
        say_skipped("the real logs of ../shared/corpus are not here");
        return Ok(());
    }
    let files = files_in(&folder, &format!("{name}/"))?;
    browser.open_started(Origin::File).await?;
    browser.load(&[&folder], files.len() as u32).await?;
    browser.screenshot(&format!("real-{name}")).await?;
    compare(browser, &files).await
}

/// The files of a folder with the paths they have on the page.
fn files_in(folder: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((format!("{prefix}{}", entry.file_name().to_string_lossy()), entry.path()));
    }
    files.sort();
    Ok(files)
}

/// Whoever drops files does so in an order of their own.
async fn agrees(browser: &Browser, files: &[(String, PathBuf)], n_sources: u32) -> Result<()> {
    browser.open_started(Origin::File).await?;
    browser.load(&files.iter().rev().map(|(_, path)| path.as_path()).collect::<Vec<_>>(), n_sources).await?;
    compare(browser, files).await
}

async fn compare(browser: &Browser, files: &[(String, PathBuf)]) -> Result<()> {
    let files: Vec<_> = files.iter().map(|(name, path)| (name.clone(), path.as_path())).collect();
    let mut native = read_natively(&files)?;
    // What is shown: no noise, and of the rest what has this in it.
    let shown = Query { text: "network".into(), ..Query::default() };
    browser.filter(&shown.text).await?;
    let n_shown = native.rows(&shown, 0, 0).n_sessions;
    browser.wait_for_shown(n_shown, native.summary().n_sessions).await?;
    for (choice, format, query) in [
        ("export-all-jsonl", Format::JsonLines, None),
        ("export-all-csv", Format::Csv, None),
        ("export-shown-jsonl", Format::JsonLines, Some(&shown)),
        ("export-shown-csv", Format::Csv, Some(&shown)),
    ] {
        let from_page = browser.export(choice).await?;
        same_lines(&from_page, &export(&mut native, format, query), choice)?;
    }
    assert_eq!(browser.console_errors().await?, [""; 0]);
    Ok(())
}

/// Says where two exports part, line and field: the whole of them would not help anybody.
fn same_lines(page: &[u8], native: &[u8], what: &str) -> Result<()> {
    let (page_text, native_text) = (String::from_utf8_lossy(page), String::from_utf8_lossy(native));
    for (n, (one, other)) in (1..).zip(page_text.lines().zip(native_text.lines())) {
        let at = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let part = |line: &str| {
            String::from_utf8_lossy(&line.as_bytes()[at.saturating_sub(60)..])
                .chars()
                .take(200)
                .collect::<String>()
        };
        ensure!(one == other, "{what}, line {n}\n  page:   {}\n  native: {}", part(one), part(other));
    }
    ensure!(page == native, "{what}: {} bytes on the page, {} outside it", page.len(), native.len());
    Ok(())
}
