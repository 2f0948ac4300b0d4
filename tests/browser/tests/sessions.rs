//! A responder drops logs and reads who was on which computer: the table, the drawer, the ledger, and by keys alone.

use std::path::PathBuf;

use anyhow::{Context, Result};
use browser_tests::{Browser, Origin, Row, in_chromium, write_files};
use evtx_fixture::scenario::Scenario;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::Key;

/// A desktop that was signed out of, one that a power loss ended, and one over Remote Desktop; a computer's own network
/// logon; a logoff without a logon; a name and a workstation that would like to be more than text.
const STORY: &str = r#"# Two computers

    date: 2024-03-05
    07:59:00  PC7   4608
    08:05:00  PC7   4624 logon=0x51000 type=2 user=alice
    12:00:00  PC7   4647 logon=0x51000 user=alice
    12:00:01  PC7   4634 logon=0x51000 user=alice type=2
    13:00:00  PC7   4624 logon=0x62000 type=2 user=bob
    13:30:00  PC7   4624 logon=0x63000 type=3 user=DC01$ ip=10.1.2.3
    13:30:05  PC7   4634 logon=0x63000 user=DC01$ type=3
    14:00:00  PC7   4608
    09:00:00  DC01  4634 logon=0x4a000 user=carol type=3
    09:10:00  DC01  4624 logon=0x71000 type=10 user=bob ip=10.1.2.9
    09:40:00  DC01  4779 logon=0x71000 user=bob session=RDP-Tcp#2 ip=10.1.2.9 host=PC9
    10:10:00  DC01  4778 logon=0x71000 user=bob session=RDP-Tcp#2 ip=10.1.2.9 host=PC9
    11:00:00  DC01  4647 logon=0x71000 user=bob
    11:00:01  DC01  4634 logon=0x71000 user=bob type=10
    11:30:00  DC01  4624 logon=0x81000 type=3 user="<img src=x onerror=alert(1)>" ip=10.9.9.9 host="evil\u{202e}gpj\u{1b}[31m"
    11:31:00  DC01  4634 logon=0x81000 user="<img src=x onerror=alert(1)>" type=3
"#;

const INFERRED: &str = "DC01#0/0x4a000";
const REMOTE: &str = "DC01#0/0x71000";
const HOSTILE: &str = "DC01#0/0x81000";
const SIGNED_OUT: &str = "PC7#1/0x51000";
const POWER_LOST: &str = "PC7#1/0x62000";

/// The page with the story loaded; the folder lives as long as its files are needed.
async fn story(browser: &Browser, origin: Origin) -> Result<TempDir> {
    let folder = TempDir::new()?;
    let logs = write_files(folder.path(), &Scenario::parse_all(STORY)?[0].files())?;
    browser.before_load("globalThis.alert = () => console.error('hostile text ran')").await?;
    browser.open_started(origin).await?;
    browser.load(&logs.iter().map(PathBuf::as_path).collect::<Vec<_>>(), 2).await?;
    browser.wait_for_shown(5, 6).await?;
    Ok(folder)
}

fn cells<'a>(rows: &'a [Row], session: &str, columns: &[&str]) -> Vec<&'a str> {
    let row = rows.iter().find(|row| row["data-session"] == session);
    let row = row.unwrap_or_else(|| panic!("{session} is not among {rows:#?}"));
    columns.iter().map(|column| row[*column].as_str()).collect()
}

#[test]
fn dropped_logs_are_sessions_from_the_disk() {
    in_chromium(async |browser| dropped_logs_are_sessions(browser, Origin::File).await);
}

#[test]
fn dropped_logs_are_sessions_from_a_server() {
    in_chromium(async |browser| {
        dropped_logs_are_sessions(browser, Origin::Http).await?;
        assert_eq!(browser.server().requests(), ["GET /"], "nothing but the page itself is fetched");
        Ok(())
    });
}

async fn dropped_logs_are_sessions(browser: &Browser, origin: Origin) -> Result<()> {
    let _folder = story(browser, origin).await?;
    let rows = browser.rows("sessions").await?;
    let columns = ["start", "end", "end_how", "duration", "user", "machine", "from"];
    let day = |time: &str| format!("2024-03-05 {time}");
    let (start, end) = (day("08:05:00"), day("12:00:00"));
    let signed_out = [&start, &end, "●●●user signed out", "3 h 55 min", "CORP\\alice", "PC7", "local"];
    assert_eq!(cells(&rows, SIGNED_OUT, &columns), signed_out);
    let (start, end) = (day("09:10:00"), day("11:00:00"));
    let remote = [&start, &end, "●●●user signed out", "1 h 50 min", "CORP\\bob", "DC01"];
    assert_eq!(cells(&rows, REMOTE, &columns)[..6], remote);
    assert!(cells(&rows, REMOTE, &["from"])[0].starts_with("10.1.2.9"));
    let active = "half an hour disconnected, and System is not there to tell of sleep";
    assert_eq!(cells(&rows, REMOTE, &["active"]), ["≤ 1 h 20 min"], "{active}");
    assert_eq!(
        cells(&rows, POWER_LOST, &["start", "end_how"]),
        [&day("13:00:00"), "●○○lost power or crashed"]
    );
    assert!(cells(&rows, POWER_LOST, &["end"])[0].starts_with("≈ "), "{rows:#?}");
    assert_eq!(
        cells(&rows, INFERRED, &["start", "end"]),
        [format!("≤ {}", day("09:00:00")), day("09:00:00")]
    );
    assert!(rows.iter().all(|row| row["data-class"] != "machine"), "noise is hidden at first");
    let loaded = "({ ...document.getElementById('loaded').dataset })";
    let expected =
        json!({ "machines": "2", "sources": "2", "records": "16", "sessions": "6", "problems": "0" });
    assert_eq!(browser.eval(loaded).await?, expected);
    assert_eq!(browser.console_errors().await?, [""; 0]);
    Ok(())
}

#[test]
fn noise_is_counted_and_can_be_shown() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        let counts = "Object.fromEntries([...document.querySelectorAll('[data-noise]')]
            .map((noise) => [noise.dataset.noise, noise.dataset.count]))";
        let none = ["system", "window_manager", "anonymous", "service", "local_network"];
        let mut expected: Value = none.iter().map(|class| ((*class).to_owned(), json!("0"))).collect();
        expected["machine"] = json!("1");
        assert_eq!(browser.eval(counts).await?, expected);
        browser.click("#noise-machine").await?;
        browser.wait_for_shown(6, 6).await?;
        let rows = browser.rows("sessions").await?;
        assert_eq!(cells(&rows, "PC7#1/0x63000", &["user", "data-class"]), ["CORP\\DC01$", "machine"]);
        browser.click("#noise-machine").await?;
        browser.wait_for_shown(5, 6).await
    });
}

#[test]
fn columns_sort_and_shift_adds_a_second() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        let head = |column: &str| format!("#sessions .grid-head [data-col='{column}'] button");
        browser.click(&head("machine")).await?;
        browser.wait_for_column("sessions", "machine", &["DC01", "DC01", "DC01", "PC7", "PC7"]).await?;
        let user = browser.wait_for(&head("user")).await?;
        for users in [
            ["CORP\\<img src=x onerror=alert(1)>", "CORP\\bob", "CORP\\carol", "CORP\\alice", "CORP\\bob"],
            ["CORP\\carol", "CORP\\bob", "CORP\\<img src=x onerror=alert(1)>", "CORP\\bob", "CORP\\alice"],
        ] {
            let chain = browser.driver.action_chain().key_down(Key::Shift).click_element(&user);
            chain.key_up(Key::Shift).perform().await?;
            browser.wait_for_column("sessions", "user", &users).await?;
        }
        let sorted = "[...document.querySelectorAll('#sessions [aria-sort]')]
            .map((head) => [head.dataset.col, head.getAttribute('aria-sort')])";
        let expected = json!([["user", "descending"], ["machine", "ascending"]]);
        let mut found = browser.eval(sorted).await?;
        found.as_array_mut().context("a list")?.sort_by_key(|head| head[0] != "user");
        assert_eq!(found, expected);
        assert_eq!(browser.eval("location.hash").await?, "#view=sessions&sort=machine,-user&zone=utc");
        browser.click(&head("duration")).await?;
        let durations = "document.querySelector('#sessions-row-0').dataset.session";
        browser.wait_until("the shortest comes first", &format!("{durations} !== '{REMOTE}'")).await?;
        assert_eq!(browser.eval("location.hash").await?, "#view=sessions&sort=duration&zone=utc");
        browser.driver.back().await?;
        browser.wait_for_column("sessions", "machine", &["DC01", "DC01", "DC01", "PC7", "PC7"]).await
    });
}

#[test]
fn times_sort_as_moments() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        let start = "#sessions .grid-head [data-col='start'] button";
        browser.click(start).await?;
        let times = ["2024-03-05 08:05:00", "≤ 2024-03-05 09:00:00", "2024-03-05 09:10:00"];
        let mut times = [&times[..], &["2024-03-05 11:30:00", "2024-03-05 13:00:00"]].concat();
        browser.wait_for_column("sessions", "start", &times).await?;
        browser.click(start).await?;
        times.reverse();
        browser.wait_for_column("sessions", "start", &times).await
    });
}

#[test]
fn filter_shows_what_has_all_its_words() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        for (text, n_shown) in
            [("bob", 2), ("BOB dc01", 1), ("10.1.2.9", 1), ("unclean_stop", 1), ("0x51000", 1), ("nobody", 0)]
        {
            browser.filter(text).await?;
            browser.wait_for_shown(n_shown, 6).await.with_context(|| text.to_owned())?;
        }
        browser.wait_for_text("#no-sessions", |text| text.starts_with("No session matches")).await?;
        let hash = browser.eval("location.hash").await?;
        assert!(!hash.to_string().contains("nobody"), "the filter's text is not in the address");
        browser.filter("").await?;
        browser.press(Key::Escape + "").await?;
        assert_eq!(browser.focus().await?, "sessions");
        Ok(())
    });
}

#[test]
fn drawer_says_what_happened_and_shows_the_records() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        browser.open_session(REMOTE).await?;
        let sentence = browser.text("#sentence").await?;
        assert_eq!(
            sentence,
            "bob was on DC01 by Remote Desktop from 10.1.2.9 for 1 h 50 min; the user signed out."
        );
        assert_eq!(
            browser.eval("document.querySelector('#facts [data-value]').dataset.value").await?,
            "user_logoff"
        );
        let facts = browser.text("#facts").await?;
        for part in ["4647 in Security record 5", "2024-03-05 09:10:00.0000000 UTC", "CORP\\bob", "0x71000"] {
            assert!(facts.contains(part), "{part} in {facts}");
        }
        let intervals = browser.text("#intervals").await?;
        assert!(intervals.contains("disconnected") && intervals.contains("30 min 00 s"), "{intervals}");
        let logons = browser.text("#logons tbody").await?;
        assert_eq!(logons, "0x71000 primary 2 5 6");
        let evidence = browser.eval(EVIDENCE).await?;
        for event in
            [json!(["2", "4624", "start"]), json!(["3", "4779", "disconnect"]), json!(["5", "4647", "end"])]
        {
            assert!(evidence.as_array().context("a list")?.contains(&event), "{event} in {evidence}");
        }
        browser.click("#evidence .event[data-record='3'] .event-xml").await?;
        let shown = "#evidence .event[data-record='3'] .record[data-state='read']";
        browser.wait_for(shown).await?;
        let xml = browser.text(&format!("{shown} .record-xml")).await?;
        for part in
            ["<EventID>4779</EventID>", "<EventRecordID>3</EventRecordID>", "<Computer>DC01</Computer>"]
        {
            assert!(xml.contains(part), "{part} in {xml}");
        }
        let field = format!("{shown} tr[data-field$='ClientName'] td");
        assert_eq!(browser.text(&field).await?, "PC9");
        browser.click("#evidence .event[data-record='3'] .event-xml").await?;
        browser.wait_until("the record is hidden", "!document.querySelector('.record')").await?;
        browser.open_session(POWER_LOST).await?;
        let sentence = browser.text("#sentence").await?;
        assert!(sentence.contains("lost power or crashed"), "{sentence}");
        browser.click("#drawer-close").await?;
        browser.wait_until("the drawer is closed", "!document.querySelector('#drawer')").await?;
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

const EVIDENCE: &str = "[...document.querySelectorAll('#evidence .event')]
    .map(({ dataset }) => [dataset.record, dataset.event, dataset.role])";

#[test]
fn hostile_names_are_text() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        let rows = browser.rows("sessions").await?;
        let hostile = ["CORP\\<img src=x onerror=alert(1)>", "10.9.9.9 (evil\\u{202e}gpj\\u{1b}[31m)"];
        assert_eq!(cells(&rows, HOSTILE, &["user", "from"]), hostile);
        browser.open_session(HOSTILE).await?;
        let sentence = browser.text("#sentence").await?;
        assert!(sentence.contains("<img src=x onerror=alert(1)>"), "{sentence}");
        assert!(browser.text("#origins").await?.contains("evil\\u{202e}gpj\\u{1b}[31m"));
        browser.click("#evidence .event[data-record='7'] .event-xml").await?;
        let shown = "#evidence .record[data-state='read']";
        browser.wait_for(shown).await?;
        let name = browser.text(&format!("{shown} tr[data-field$='TargetUserName'] td")).await?;
        assert_eq!(name, "<img src=x onerror=alert(1)>");
        let raw = "/[\\u202e\\u001b]/.test(document.body.innerHTML) || document.images.length";
        assert_eq!(browser.eval(raw).await?, 0, "nothing hidden, and no element of a log's making");
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

#[test]
fn files_view_is_the_ledger() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        browser.click("#view-files").await?;
        browser.wait_for_column("files", "path", &["PC7_Security.evtx", "DC01_Security.evtx"]).await?;
        let columns = ["state", "records", "chunks", "channels", "computers", "record_range", "first_time"];
        let rows = browser.rows("files").await?;
        let read = |row: &Row| columns.map(|column| row[column].clone());
        let pc7 = ["read", "8", "1 / 1", "Security", "PC7", "1 – 8", "2024-03-05 07:59:00"];
        assert_eq!(read(&rows[0]), pc7);
        let dc01 = ["read", "8", "1 / 1", "Security", "DC01", "1 – 8", "2024-03-05 09:00:00"];
        assert_eq!(read(&rows[1]), dc01);
        browser.click("#files-row-1 [data-col='state']").await?;
        browser.wait_for_text("#drawer-title", |title| title == "DC01_Security.evtx").await?;
        Ok(())
    });
}

#[test]
fn times_are_shown_in_utc_or_as_the_browser_has_them() {
    in_chromium(async |browser| {
        browser.cdp("Emulation.setTimezoneOverride", json!({ "timezoneId": "Asia/Kolkata" })).await?;
        let _folder = story(browser, Origin::File).await?;
        browser.filter("0x71000").await?;
        browser.wait_for_column("sessions", "start", &["2024-03-05 09:10:00"]).await?;
        browser.choose("#zone", "browser").await?;
        browser.wait_for_column("sessions", "start", &["2024-03-05 14:40:00"]).await?;
        browser.open_session(REMOTE).await?;
        let facts = browser.text("#facts").await?;
        assert!(facts.contains("2024-03-05 14:40:00.0000000 +05:30"), "{facts}");
        browser.choose("#zone", "utc").await?;
        browser.wait_for_column("sessions", "start", &["2024-03-05 09:10:00"]).await
    });
}

#[test]
fn theme_can_be_chosen() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        let paper = "getComputedStyle(document.querySelector('.grid-row')).backgroundColor";
        browser.choose("#theme", "light").await?;
        browser.wait_until("it is light", "document.documentElement.dataset.theme === 'light'").await?;
        let light = browser.eval(paper).await?;
        browser.choose("#theme", "dark").await?;
        browser.wait_until("it is dark", "document.documentElement.dataset.theme === 'dark'").await?;
        assert_ne!(browser.eval(paper).await?, light);
        Ok(())
    });
}

#[test]
fn everything_is_done_by_keys() {
    in_chromium(async |browser| {
        let _folder = story(browser, Origin::File).await?;
        browser.press("/").await?;
        assert_eq!(browser.focus().await?, "filter");
        browser.press("dc01").await?;
        browser.wait_for_shown(3, 6).await?;
        browser.press(Key::Escape + "").await?;
        assert_eq!(browser.focus().await?, "sessions");
        browser.press(Key::Down + "").await?;
        browser.press(Key::Down + "").await?;
        let cursor = "document.getElementById('sessions').getAttribute('aria-activedescendant')";
        browser
            .wait_until("the second row has the cursor", &format!("{cursor} === 'sessions-row-1'"))
            .await?;
        let second = browser.eval("document.getElementById('sessions-row-1').dataset.session").await?;
        browser.press(Key::Enter + "").await?;
        let second = second.as_str().context("a session")?;
        browser.wait_for(&format!("#drawer[data-session='{second}'] #sentence")).await?;
        browser.press(Key::Up + "").await?;
        let first = browser.eval("document.getElementById('sessions-row-0').dataset.session").await?;
        let first = first.as_str().context("a session")?;
        browser.wait_for(&format!("#drawer[data-session='{first}'] #sentence")).await?;
        browser.press("?").await?;
        browser.wait_for("#help-dialog[open]").await?;
        browser.press(Key::Escape + "").await?;
        browser.wait_until("help is closed", "!document.querySelector('#help-dialog')").await?;
        browser.wait_for("#drawer").await?;
        browser.eval("document.getElementById('sessions').focus()").await?;
        browser.press(Key::Escape + "").await?;
        browser.wait_until("the drawer is closed", "!document.querySelector('#drawer')").await?;
        assert_eq!(browser.focus().await?, "sessions");
        Ok(())
    });
}
