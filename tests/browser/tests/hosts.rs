//! The machines of a case: their boots and what was audited, as the command line prints them; the way there from a
//! session, and back.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use browser_tests::{Browser, Origin, in_chromium, read_natively, write_files};
use evtx_fixture::scenario::Scenario;
use serde_json::{Value, json};
use sessionscope::case::Case;
use sessionscope::machine::record::{AuditRecord, BaselineRecord, BootRecord};
use tempfile::TempDir;

/// The page with the story loaded, and the same read outside the browser.
async fn story(browser: &Browser) -> Result<(TempDir, Case)> {
    let folder = TempDir::new()?;
    let files = Scenario::parse_all(include_str!("story.md"))?[0].files();
    let logs = write_files(folder.path(), &files)?;
    browser.open_started(Origin::File).await?;
    browser.load(&logs.iter().map(PathBuf::as_path).collect::<Vec<&Path>>(), 3).await?;
    let named: Vec<_> =
        files.iter().map(|(name, _)| name.clone()).zip(logs.iter().map(PathBuf::as_path)).collect();
    let case = read_natively(&named)?;
    Ok((folder, case))
}

#[test]
fn machines_are_those_of_the_command_line() {
    in_chromium(async |browser| {
        let (_folder, case) = story(browser).await?;
        let hosts = case.hosts();
        browser.click("#view-hosts").await?;
        let machines: Vec<&str> = hosts.iter().map(|host| host.machine.as_str()).collect();
        assert_eq!(machines, ["DC01", "PC7", "SRV02"]);
        browser.wait_for_column("hosts", "machine", &machines).await?;
        let rows = browser.rows("hosts").await?;
        for (row, host) in rows.iter().zip(&hosts) {
            let n_unclean = host.boots.iter().filter(|boot| boot.end_how == "unclean").count();
            let unclean = if n_unclean == 0 { String::new() } else { n_unclean.to_string() };
            let cells = [row["sessions"].clone(), row["boots"].clone(), row["unclean"].clone()];
            assert_eq!(
                cells,
                [host.n_sessions.to_string(), host.boots.len().to_string(), unclean],
                "{}",
                host.machine
            );
        }
        for (n, host) in hosts.iter().enumerate() {
            browser.click(&format!("#hosts-row-{n} [data-col='machine']")).await?;
            browser.wait_for(&format!("#drawer[data-machine='{}'] #boots", host.machine)).await?;
            let expected: Vec<Value> = host.boots.iter().map(boot).collect();
            assert_eq!(browser.eval(BOOTS).await?, json!(expected), "{}", host.machine);
        }
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

/// Number, end and start, as the page shows them.
fn boot(boot: &BootRecord) -> Value {
    let start = boot.start.as_deref().map(to_the_second);
    json!([boot.boot.to_string(), boot.end_how, start.unwrap_or_else(|| "before the log begins".into())])
}

fn to_the_second(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

const BOOTS: &str = "[...document.querySelectorAll('#boots .boot')].map((boot) =>
    [boot.dataset.boot, boot.dataset.end, boot.querySelector('.boot-start').textContent])";

#[test]
fn a_session_leads_to_its_machine_and_back() {
    in_chromium(async |browser| {
        let (_folder, _) = story(browser).await?;
        browser.filter("carol srv02").await?;
        let first = "#sessions-row-0[data-session]";
        browser.wait_for(first).await?;
        let session = browser.eval(&format!("document.querySelector('{first}').dataset.session")).await?;
        let session = session.as_str().context("a session")?;
        browser.open_session(session).await?;
        browser.click("#facts .link[data-to='host']").await?;
        browser.wait_for("#drawer[data-machine='SRV02'] #boots").await?;
        assert_eq!(browser.eval("location.hash").await?, "#view=hosts&zone=utc");
        browser.click("#drawer-back").await?;
        browser.wait_for(&format!("#drawer[data-session='{session}'] #sentence")).await?;
        browser.click("#view-hosts").await?;
        browser.click("#hosts-row-2 [data-col='machine']").await?;
        browser.click("#host-sessions").await?;
        browser.wait_for("#sessions-row-0").await?;
        let machines = "[...document.querySelectorAll('#sessions [data-index] [data-col=machine]')]";
        let only =
            format!("{machines}.length > 1 && {machines}.every((cell) => cell.textContent === 'SRV02')");
        browser.wait_until("only its sessions are shown", &only).await?;
        Ok(())
    });
}

#[test]
fn what_was_audited_is_what_the_command_line_says() {
    in_chromium(async |browser| {
        let (_folder, case) = story(browser).await?;
        browser.click("#view-hosts").await?;
        let coverage = case.coverage();
        assert_eq!(coverage.len(), 3, "every machine has a Security log");
        for (n, host) in case.hosts().iter().enumerate() {
            browser.click(&format!("#hosts-row-{n} [data-col='machine']")).await?;
            browser.wait_for(&format!("#drawer[data-machine='{}'] #coverage", host.machine)).await?;
            let coverage =
                coverage.iter().find(|coverage| coverage.machine == host.machine).context("coverage")?;
            let baseline: Vec<Value> = coverage.baseline.iter().map(line).collect();
            assert_eq!(browser.eval(BASELINE).await?, json!(baseline), "{}", host.machine);
            let newest = coverage.boots.last().context("a boot")?;
            let audits: Vec<Value> = newest.audits.iter().map(audit).collect();
            assert_eq!(browser.eval(AUDITS).await?, json!(audits), "{}", host.machine);
            assert_eq!(browser.eval(KIND).await?, json!(host.kind));
        }
        // Another boot of the last one, SRV02, which lost power.
        let boots = &coverage.last().context("SRV02")?.boots;
        let first = boots.first().context("a boot")?;
        browser.choose("#coverage-boot", &first.boot.to_string()).await?;
        let audits: Vec<Value> = first.audits.iter().map(audit).collect();
        let is_so = format!("JSON.stringify({AUDITS}) === JSON.stringify(args[0])");
        browser.wait_until_with("its audit policy is shown", &is_so, vec![json!(audits)]).await?;
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

fn line(line: &BaselineRecord) -> Value {
    json!([line.subcategory, line.success, line.general_verdict, line.stronger_verdict])
}

fn audit(audit: &AuditRecord) -> Value {
    json!([audit.subcategory, audit.success.state])
}

const KIND: &str = "document.querySelector('#facts [data-kind]').dataset.kind";

const BASELINE: &str = "[...document.querySelectorAll('#coverage tr[data-general]')].map(({ dataset }) =>
    [dataset.subcategory, dataset.state, dataset.general, dataset.stronger])";

const AUDITS: &str = "[...document.querySelectorAll('#audits tr[data-subcategory]')].map(({ dataset }) => [dataset.subcategory, dataset.state])";
