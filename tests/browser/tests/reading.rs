//! Files that come later, in folders or by a button; files that are no logs or damaged; a big log, and enough of it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use browser_tests::{Browser, Origin, Row, in_chromium, write_files};
use evtx_fixture::generate::{Profile, generate};
use evtx_fixture::scenario::Scenario;
use evtx_fixture::{damage, empty_log};
use serde_json::{Value, json};
use tempfile::TempDir;

/// One session of `user` on `computer`.
fn log_of(computer: &str, user: &str) -> Result<Vec<u8>> {
    let rows = format!(
        "# One\n\n    08:00 {computer} 4624 logon=0x51000 type=2 user={user}\n    09:00 {computer} 4634 logon=0x51000 user={user} type=2\n"
    );
    Ok(Scenario::parse_all(&rows)?[0].files().remove(0).1)
}

#[test]
fn later_files_join_the_case() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let nested = folder.path().join("host/logs");
        fs::create_dir_all(&nested)?;
        let first = folder.path().join("first.evtx");
        fs::write(&first, log_of("PC1", "alice")?)?;
        fs::write(nested.join("a.evtx"), log_of("PC2", "bob")?)?;
        fs::write(folder.path().join("host/b.evtx"), log_of("PC3", "carol")?)?;
        fs::write(folder.path().join("picked.evtx"), log_of("PC4", "dave")?)?;
        browser.open_started(Origin::File).await?;
        browser.load(&[&first], 1).await?;
        browser.wait_for_column("sessions", "user", &["CORP\\alice"]).await?;
        browser.open_session("PC1#0/0x51000").await?;
        browser.load(&[&folder.path().join("host")], 3).await?;
        browser.wait_for_column("sessions", "user", &["CORP\\alice", "CORP\\carol", "CORP\\bob"]).await?;
        assert!(browser.text("#sentence").await?.starts_with("alice was on PC1"), "what was open stays");
        browser.pick_files("#pick-files", &[&folder.path().join("picked.evtx")]).await?;
        browser.wait_loaded(4).await?;
        browser
            .wait_for_column("sessions", "user", &["CORP\\alice", "CORP\\carol", "CORP\\bob", "CORP\\dave"])
            .await?;
        browser.click("#view-files").await?;
        let paths = ["first.evtx", "host/b.evtx", "host/logs/a.evtx", "picked.evtx"];
        browser.wait_for_column("files", "path", &paths).await?;
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

/// A log that comes later may have earlier boots: the session that is open stays, whatever its boot is numbered now.
#[test]
fn what_is_open_stays_when_boots_are_numbered_anew() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let log = |name: &str, rows: &str| -> Result<PathBuf> {
            let path = folder.path().join(name);
            let files = Scenario::parse_all(&format!("# One\n\n{rows}"))?[0].files();
            fs::write(&path, &files[0].1)?;
            Ok(path)
        };
        let later =
            "    09:00 PC1 4608 record=11\n    09:05 PC1 4624 record=12 logon=0x50001 type=2 user=bob\n";
        let earlier =
            "    08:00 PC1 4608 record=1\n    08:05 PC1 4624 record=2 logon=0x50001 type=2 user=alice\n";
        let (later, earlier) = (log("later.evtx", later)?, log("earlier.evtx", earlier)?);
        browser.open_started(Origin::File).await?;
        browser.load(&[&later], 1).await?;
        browser.open_session("PC1#1/0x50001").await?;
        browser.load(&[&earlier], 2).await?;
        browser.wait_for("#drawer[data-session='PC1#2/0x50001'] #sentence").await?;
        assert!(browser.text("#sentence").await?.starts_with("bob was on PC1"));
        browser.wait_for("#sessions [data-session='PC1#2/0x50001'][aria-selected=true]").await?;
        Ok(())
    });
}

#[test]
fn picked_folder_is_read() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        fs::create_dir(folder.path().join("case"))?;
        fs::write(folder.path().join("case/a.evtx"), log_of("PC1", "alice")?)?;
        browser.open_started(Origin::Http).await?;
        browser.pick_files("#pick-folder", &[&folder.path().join("case")]).await?;
        browser.wait_loaded(1).await?;
        browser.click("#view-files").await?;
        browser.wait_for_column("files", "path", &["case/a.evtx"]).await
    });
}

/// What is found small is read whole at once, and no more of it than waits for its turn behind the large one.
#[test]
fn a_large_log_among_many_small_ones() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let case = folder.path().join("case");
        fs::create_dir(&case)?;
        let large = BufWriter::new(File::create(case.join("Security.evtx"))?);
        generate(Profile::Workstation, 5, 2048 << 16, large)?.flush()?;
        for n in 0..N_SMALL {
            fs::write(case.join(format!("small {n}.evtx")), log_of(&format!("PC{n}"), "alice")?)?;
        }
        browser.open_started(Origin::File).await?;
        browser.load(&[&case], N_SMALL + 1).await
    });
}

/// More than are read ahead.
const N_SMALL: u32 = 60;

#[test]
fn what_cannot_be_read_is_told_and_costs_nothing_else() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let whole =
            generate(Profile::Workstation, 3, 4 << 16, std::io::Cursor::new(Vec::new()))?.into_inner();
        let mut cut_off = whole.clone();
        damage::truncate_file(&mut cut_off, 150_000);
        let mut damaged = whole;
        damage::flip_chunk_magic(&mut damaged, 1);
        let files = [
            ("good.evtx", log_of("PC1", "alice")?),
            ("notes.txt", b"Not a log at all.\n".to_vec()),
            ("nothing.evtx", Vec::new()),
            ("unused.evtx", empty_log()),
            ("cut off.evtx", cut_off),
            ("damaged.evtx", damaged),
            ("Security.zip", b"PK\x03\x04rest".to_vec()),
        ];
        let names = files.each_ref().map(|(name, _)| *name);
        let files = files.map(|(name, bytes)| (name.to_owned(), bytes));
        let paths = write_files(folder.path(), &files)?;
        browser.open_started(Origin::File).await?;
        browser.load(&paths.iter().map(|path| path.as_path()).collect::<Vec<_>>(), 7).await?;
        browser.filter("alice pc1").await?;
        browser.wait_for_column("sessions", "user", &["CORP\\alice"]).await?;
        browser.click("#view-files").await?;
        browser.wait_for_column("files", "path", &names).await?;
        let rows = browser.rows("files").await?;
        assert_eq!(told(&rows, "good.evtx")?, ("read", ""));
        assert_eq!(told(&rows, "unused.evtx")?, ("read", ""), "an empty log is a log");
        let not = |what: &str| format!("⚠ not an event log: it should begin with \"ElfFile\", but is {what}");
        assert_eq!(told(&rows, "notes.txt")?, ("not read", not("text").as_str()));
        assert_eq!(told(&rows, "Security.zip")?, ("not read", not("a ZIP archive").as_str()));
        assert_eq!(told(&rows, "nothing.evtx")?, ("not read", "⚠ the file is empty"));
        let (state, sentence) = told(&rows, "cut off.evtx")?;
        let told_first = "the log is cut off: its header counts 5 chunks, the file has 3";
        assert!(state == "read" && sentence.contains(told_first), "{sentence}");
        let (state, sentence) = told(&rows, "damaged.evtx")?;
        assert!(state == "read" && sentence.contains("chunk 1 should begin with \"ElfChnk\""), "{sentence}");
        let n_records = |name: &str| -> Result<u32> {
            let row = rows.iter().find(|row| row["data-source"] == name).context("no row")?;
            Ok(row["records"].chars().filter(char::is_ascii_digit).collect::<String>().parse()?)
        };
        ensure!(n_records("cut off.evtx")? > 100 && n_records("damaged.evtx")? > 100, "{rows:#?}");
        browser.click("#files [data-source='damaged.evtx'] [data-col='state']").await?;
        let problems = browser.wait_for_text("#source-problems", |text| text.contains("ElfChnk")).await?;
        assert!(problems.contains("chunk 1, offset 69632"), "{problems}");
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

/// The state and the problem that a file's row tells of.
fn told<'a>(rows: &'a [Row], name: &str) -> Result<(&'a str, &'a str)> {
    let row = rows.iter().find(|row| row.get("data-source").is_some_and(|source| source == name));
    let row = row.with_context(|| format!("{name} is not among {rows:#?}"))?;
    Ok((&row["state"], &row["problems"]))
}

/// A big log, and how many times it is dropped under another name: this takes many seconds to read, even on a fast
/// machine, and so leaves time to filter, look and cancel meanwhile.
const BIG_MIB: u64 = 200;
const N_BIG: usize = 8;

#[test]
fn page_answers_while_a_big_log_is_read_and_stops_when_told() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let big: Vec<PathBuf> = (0..N_BIG).map(|n| folder.path().join(format!("big{n}.evtx"))).collect();
        let small = folder.path().join("small.evtx");
        let out = BufWriter::with_capacity(1 << 20, File::create(&big[0])?);
        generate(Profile::MemberServer, 5, BIG_MIB << 20, out)?.flush()?;
        big[1..].iter().try_for_each(|other| fs::hard_link(&big[0], other))?;
        fs::write(&small, log_of("PC1", "alice")?)?;
        browser.before_load(LONG_TASKS).await?;
        browser.open_started(Origin::File).await?;
        browser.drop_files("body", &big.iter().map(PathBuf::as_path).collect::<Vec<_>>()).await?;
        browser
            .wait_until("sessions are there", "Number(document.getElementById('shown')?.dataset.shown) > 100")
            .await?;
        let users = "[...document.querySelectorAll('#sessions .grid-row[data-session] [data-col=user]')]";
        // One of the first sessions: it may take until the end of reading before there are others.
        let user = browser.eval(&format!("{users}[0].textContent")).await?;
        let only = format!("{users}.length > 0 && {users}.every((cell) => cell.textContent === {user})");
        assert_eq!(browser.eval(&only).await?, json!(false), "there is something to leave out");
        browser.filter(user.as_str().context("the first session has a user")?).await?;
        browser.wait_until("the filter is applied", &only).await?;
        browser.click("#sessions-row-0 [data-col='start']").await?;
        browser.wait_for("#drawer #sentence").await?;
        assert_eq!(state(browser).await?, "reading", "all of this before reading ends");
        browser.click("#cancel").await?;
        browser
            .wait_until("reading stopped", "document.getElementById('page').dataset.state === 'cancelled'")
            .await?;
        // Past the test harness, which keeps to itself what passing tests print.
        let long = format!(
            "long tasks while logs of {BIG_MIB} MiB were read: {}\n",
            browser.eval("longTasks()").await?
        );
        std::io::stderr().write_all(long.as_bytes())?;
        browser.click("#view-files").await?;
        browser.wait_for("#files [data-source='big7.evtx'][data-state='cancelled']").await?;
        goes_on(browser, &small).await?;
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

/// After a cancelled reading the next file is read as ever.
async fn goes_on(browser: &Browser, small: &Path) -> Result<()> {
    browser.drop_files("body", &[small]).await?;
    browser.wait_for("#files [data-source='small.evtx'][data-state='read']").await?;
    browser.click("#view-sessions").await?;
    browser.filter("alice pc1").await?;
    browser.wait_for_column("sessions", "user", &["CORP\\alice"]).await?;
    let state = state(browser).await?;
    ensure!(state == "done", "the page is {state}");
    Ok(())
}

async fn state(browser: &Browser) -> Result<Value> {
    browser.eval("document.getElementById('page').dataset.state").await
}

/// Tasks of the page's thread that a person may notice, in milliseconds.
const LONG_TASKS: &str = "(() => {
    const seen = [];
    new PerformanceObserver((list) => seen.push(...list.getEntries())).observe({ type: 'longtask', buffered: true });
    globalThis.longTasks = () => {
        const ms = seen.map((task) => Math.round(task.duration));
        return { n: ms.length, longest_ms: Math.max(0, ...ms), all_ms: ms.reduce((a, b) => a + b, 0) };
    };
})()";

#[test]
fn nothing_is_stored() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let log = folder.path().join("a.evtx");
        fs::write(&log, log_of("PC1", "alice")?)?;
        browser.open_started(Origin::Http).await?;
        browser.load(&[&log], 1).await?;
        browser.open_session("PC1#0/0x51000").await?;
        browser.filter("alice").await?;
        browser.choose("#theme", "dark").await?;
        let stored = browser.eval(STORED).await?;
        assert_eq!(
            stored,
            json!({ "local": 0, "session": 0, "databases": 0, "caches": 0, "cookies": "", "workers": 0 })
        );
        Ok(())
    });
}

const STORED: &str = "(async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    cookies: document.cookie,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
}))()";
