//! Who was on at a moment, what ran in a session, and network sessions in bursts: as the library has them outside the
//! browser.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use browser_tests::{Browser, Origin, in_chromium, read_natively, write_files};
use evtx_fixture::scenario::Scenario;
use serde_json::json;
use sessionscope::case::Case;
use sessionscope::query::Query;
use sessionscope::time::Timestamp;
use tempfile::TempDir;
use thirtyfour::Key;

async fn loaded(browser: &Browser, story: &str, n_sources: u32) -> Result<(TempDir, Case)> {
    let folder = TempDir::new()?;
    let files = Scenario::parse_all(story)?[0].files();
    let logs = write_files(folder.path(), &files)?;
    browser.open_started(Origin::File).await?;
    browser.load(&logs.iter().map(PathBuf::as_path).collect::<Vec<&Path>>(), n_sources).await?;
    let named: Vec<_> =
        files.iter().map(|(name, _)| name.clone()).zip(logs.iter().map(PathBuf::as_path)).collect();
    let case = read_natively(&named)?;
    Ok((folder, case))
}

#[test]
fn who_was_on_is_what_the_command_line_says() {
    in_chromium(async |browser| {
        let (_folder, case) = loaded(browser, include_str!("story.md"), 3).await?;
        browser.click("#view-who").await?;
        browser.click("#moment").await?;
        for moment in ["2024-03-05 22:40:00", "2024-03-06 09:01:05"] {
            let moment_box = browser.wait_for("#moment").await?;
            moment_box.clear().await?;
            moment_box.send_keys(moment).await?;
            let at = Timestamp::parse(&format!("{}Z", moment.replace(' ', "T"))).context("a moment")?;
            let (found, _) = case.who(at, false);
            let of = |certainty: &'static str| {
                found.iter().filter(move |who| who.certainty == certainty).map(|who| who.session.as_str())
            };
            let expected: Vec<&str> = of("surely").chain(of("possibly")).collect();
            assert!(expected.len() > 1, "somebody was on at {moment}");
            let shown =
                "[...document.querySelectorAll('#who [data-session]')].map((row) => row.dataset.session)";
            let is_so = format!("JSON.stringify({shown}) === JSON.stringify(args[0])");
            browser.wait_until_with(moment, &is_so, vec![json!(expected)]).await?;
            let n_surely = of("surely").count();
            let noun = if n_surely == 1 { "session" } else { "sessions" };
            browser
                .wait_for_text("#who-says", |text| text.starts_with(&format!("{n_surely} {noun} surely on")))
                .await?;
        }
        let moment_box = browser.wait_for("#moment").await?;
        moment_box.clear().await?;
        moment_box.send_keys("yesterday").await?;
        browser.wait_for_text("#who-says", |text| text.contains("no moment")).await?;
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

#[test]
fn a_session_asks_who_else_was_on() {
    in_chromium(async |browser| {
        let (_folder, _) = loaded(browser, include_str!("story.md"), 3).await?;
        browser.filter("bob dc01 remoteinteractive").await?;
        browser.wait_for("#sessions-row-0[data-session]").await?;
        let session = browser.eval("document.querySelector('#sessions-row-0').dataset.session").await?;
        let session = session.as_str().context("a session")?;
        browser.open_session(session).await?;
        browser.click("#who-at-end").await?;
        let moment = "document.querySelector('#moment')?.value === '2024-03-05 23:41:19'";
        browser.wait_until("the session's end is the moment", moment).await?;
        browser.wait_for(&format!("#who [data-session='{session}'][data-certainty='surely']")).await?;
        // By keys: the first row, and its session beside it.
        browser.eval("document.getElementById('who').focus()").await?;
        browser.press(Key::Down + "").await?;
        browser.press(Key::Enter + "").await?;
        browser.wait_for("#drawer[data-session] #sentence").await?;
        Ok(())
    });
}

/// Rows in which a session did much, and one in which nothing ran.
const BUSY: &str = r#"# Busy

    08:00  PC1  4608
    08:01  PC1  4624 logon=0x3e9a type=2 user=CORP\alice
    08:02  PC1  4688 logon=0x3e9a user=CORP\alice process=C:\Windows\System32\cmd.exe
    08:03  PC1  4688 logon=0x3e9a user=CORP\alice process=C:\Windows\System32\whoami.exe
    08:05  PC1  4697 logon=0x3e9a user=CORP\alice ServiceName=evil
    08:09  PC1  4648 logon=0x3e9a user=CORP\alice target=CORP\admin host=DC1
    09:00  PC1  4647 logon=0x3e9a user=CORP\alice
"#;

#[test]
fn what_ran_in_a_session_is_counted_and_listed() {
    in_chromium(async |browser| {
        let (_folder, case) = loaded(browser, BUSY, 1).await?;
        let session = "PC1#1/0x3e9a";
        browser.open_session(session).await?;
        let counts = "Object.fromEntries([...document.querySelectorAll('#activity [data-kind][data-count]')]
            .map((kind) => [kind.dataset.kind, Number(kind.dataset.count)]))";
        let expected = json!({ "processes": 2, "services": 1, "explicit_credentials": 1 });
        assert_eq!(browser.eval(counts).await?, expected);
        browser.click("#activity-toggle").await?;
        browser.wait_for("#acts .event").await?;
        let rows = case.activity(session, 0, 50).context("the session")?.rows;
        let expected: Vec<_> = rows.iter().map(|row| json!([row.record.to_string(), row.kind])).collect();
        let acts = "[...document.querySelectorAll('#acts .event')].map(({ dataset }) => [dataset.record, dataset.kind])";
        assert_eq!(browser.eval(acts).await?, json!(expected));
        assert!(browser.text("#acts").await?.contains(r"C:\Windows\System32\whoami.exe"));
        browser.click("#activity-toggle").await?;
        browser.wait_until("the list is hidden", "!document.querySelector('#acts')").await?;
        Ok(())
    });
}

/// Three network sessions a minute apart, and one of somebody else.
const BURST: &str = r#"# Burst

    08:00  SRV1  4608
    08:01  SRV1  4624 logon=0x3e9a type=3 user=CORP\alice ip=10.0.0.7
    08:02  SRV1  4634 logon=0x3e9a user=CORP\alice type=3
    08:03  SRV1  4624 logon=0x3e9b type=3 user=CORP\alice ip=10.0.0.7
    08:04  SRV1  4634 logon=0x3e9b user=CORP\alice type=3
    08:05  SRV1  4624 logon=0x3e9c type=3 user=CORP\alice ip=10.0.0.7
    08:06  SRV1  4634 logon=0x3e9c user=CORP\alice type=3
    08:07  SRV1  4624 logon=0x3e9d type=3 user=CORP\bob ip=10.0.0.8
    08:08  SRV1  4634 logon=0x3e9d user=CORP\bob type=3
"#;

#[test]
fn network_sessions_in_a_burst_are_one_row_that_unfolds() {
    in_chromium(async |browser| {
        let (_folder, mut case) = loaded(browser, BURST, 1).await?;
        let query = Query { is_grouped: true, ..Query::default() };
        let native = case.rows(&query, 0, 50);
        assert_eq!((native.n_rows, native.n_sessions), (2, 4));
        let burst = &native.rows[0].session;
        let n_total = case.summary().n_sessions;
        browser.wait_for_shown(4, n_total).await?;
        let unfolds = format!("#sessions [data-burst='{burst}'] [data-col='end_how']");
        let text = browser.wait_for_text(&unfolds, |text| text.contains("3 network sessions")).await?;
        assert!(text.contains('▸'), "{text}");
        browser.click(&unfolds).await?;
        let users = ["CORP\\alice", "CORP\\alice", "CORP\\alice", "CORP\\alice", "CORP\\bob"];
        browser.wait_for_column("sessions", "user", &users).await?;
        browser.click(&unfolds).await?;
        browser.wait_for_column("sessions", "user", &["CORP\\alice", "CORP\\bob"]).await?;
        browser.click("#group-bursts").await?;
        browser.wait_for_column("sessions", "user", &users[1..]).await?;
        browser.wait_for_shown(4, n_total).await
    });
}
