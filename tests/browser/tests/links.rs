//! What leads from one session to another: those started from it, and hops to other computers. One can follow both and
//! come back.

use std::path::PathBuf;

use anyhow::Result;
use browser_tests::{Browser, Origin, in_chromium, write_files};
use evtx_fixture::scenario::Scenario;
use serde_json::json;
use tempfile::TempDir;

/// Alice signs in on PC1, runs a program as bob there, and goes on to SRV1 as admin and to SRV2, whose log is not here.
const CHAIN: &str = r"# A chain

    08:00     PC1   4608
    08:01     PC1   4624 logon=0x3e9a type=2 user=CORP\alice
    08:00     SRV1  4608
    08:02     PC1   4648 logon=0x3e9a user=CORP\alice target=CORP\admin host=SRV1 TargetInfo=SRV1
    08:02:01  SRV1  4624 logon=0x7000 type=3 user=CORP\admin ip=10.0.0.7 host=PC1
    08:02:09  SRV1  4634 logon=0x7000 type=3 user=CORP\admin
    08:10     PC1   4648 logon=0x3e9a user=CORP\alice target=CORP\admin host=SRV2 TargetInfo=SRV2
    08:30     PC1   4624 logon=0x5000 type=2 user=CORP\bob logonprocess=seclogo subject=0x3e9a subjectuser=alice
";

const DESKTOP: &str = "PC1#1/0x3e9a";
const CHILD: &str = "PC1#1/0x5000";
const FAR_END: &str = "SRV1#1/0x7000";

/// Direction, how, the other end and the score of each hop.
const HOPS: &str = "[...document.querySelectorAll('#hops .hop')]
    .map(({ dataset }) => [dataset.direction, dataset.how, dataset.peer ?? null, dataset.score ?? null])";

#[test]
fn sessions_lead_to_those_started_from_them_and_back() {
    in_chromium(async |browser| {
        let _folder = chain(browser).await?;
        browser.open_session(DESKTOP).await?;
        assert_eq!(browser.text("#children button").await?, CHILD);
        follow(browser, "#children button", CHILD).await?;
        assert!(browser.text("#sentence").await?.starts_with("bob was on PC1"));
        assert!(browser.text("#facts").await?.contains(DESKTOP), "what it was started from");
        browser.click("#drawer-back").await?;
        browser.wait_for(&format!("#drawer[data-session='{DESKTOP}'] #children")).await?;
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

#[test]
fn hops_lead_to_the_session_at_their_other_end() {
    in_chromium(async |browser| {
        let _folder = chain(browser).await?;
        browser.open_session(DESKTOP).await?;
        let far = json!(["out", "explicit_credentials", FAR_END, "75"]);
        let unknown = json!(["out", "explicit_credentials", null, null]);
        assert_eq!(browser.eval(HOPS).await?, json!([far, unknown]));
        let hops = browser.text("#hops").await?;
        for part in [
            "Hops between computers (0 in, 2 out)",
            "to SRV1",
            "as CORP\\admin",
            "Score 75 of 100 that both ends belong together",
            "4648 in Security record 3 of PC1",
            "4624 in Security record 2 of SRV1",
            "to SRV2",
            "That computer's logs are not loaded.",
            "Only this end is known",
        ] {
            assert!(hops.contains(part), "{part} in {hops}");
        }
        follow(browser, &format!("#hops .hop[data-peer='{FAR_END}'] button"), FAR_END).await?;
        let back = json!(["in", "explicit_credentials", DESKTOP, "75"]);
        assert_eq!(browser.eval(HOPS).await?, json!([back]));
        follow(browser, "#hops button", DESKTOP).await?;
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

/// The page with the chain loaded; the folder lives as long as its files are needed.
async fn chain(browser: &Browser) -> Result<TempDir> {
    let folder = TempDir::new()?;
    let logs = write_files(folder.path(), &Scenario::parse_all(CHAIN)?[0].files())?;
    browser.open_started(Origin::File).await?;
    browser.load(&logs.iter().map(PathBuf::as_path).collect::<Vec<_>>(), 2).await?;
    Ok(folder)
}

async fn follow(browser: &Browser, link: &str, session: &str) -> Result<()> {
    browser.click(link).await?;
    browser.wait_for(&format!("#drawer[data-session='{session}'] #sentence")).await.map(drop)
}
