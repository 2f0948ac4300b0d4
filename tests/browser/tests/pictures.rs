//! Pictures of the page with a story in it, to be looked at: `docs/sessions.png` is one of them, copied by hand from
//! the folder that `SESSIONSCOPE_SCREENSHOTS` names, and made small by `pngquant --strip --quality 80-98`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use browser_tests::{Browser, Origin, Theme, in_chromium, write_files};
use evtx_fixture::scenario::Scenario;
use tempfile::TempDir;

/// Bob's session on DC01, by way of SRV02.
const REMOTE: &str = "[data-session^='DC01'][data-class='desktop'][aria-rowindex]";

#[test]
fn picture_of_the_sessions() {
    in_chromium(async |browser| {
        browser.prefer(Theme::Light).await?;
        browser.resize(1280, 800).await?;
        browser.open_started(Origin::File).await?;
        let _folder = load_story(browser).await?;
        open_bobs_session(browser).await?;
        browser.screenshot("sessions").await?;
        Ok(())
    });
}

/// Every view in both themes, from a phone's width to a wide screen's.
#[test]
fn pictures_of_every_view() {
    in_chromium(async |browser| {
        browser.open_started(Origin::File).await?;
        picture(browser, "empty", &[360, 1280]).await?;
        let _folder = load_story(browser).await?;
        picture(browser, "table", &[360, 1280, 1920]).await?;
        open_bobs_session(browser).await?;
        picture(browser, "drawer", &[360, 800, 1280, 1920]).await?;
        browser.click("#who-at-start").await?;
        browser.wait_for("#who [data-session]").await?;
        picture(browser, "who", &[360, 1280, 1920]).await?;
        browser.click("#view-hosts").await?;
        browser.click("#hosts-row-0 [data-col='machine']").await?;
        browser.wait_for("#drawer #boots").await?;
        picture(browser, "hosts", &[360, 1280, 1920]).await?;
        browser.eval("document.getElementById('coverage').scrollIntoView()").await?;
        picture(browser, "coverage", &[360, 1280, 1920]).await?;
        browser.click("#view-files").await?;
        picture(browser, "files", &[360, 1280, 1920]).await
    });
}

async fn load_story(browser: &Browser) -> Result<TempDir> {
    let folder = TempDir::new()?;
    let logs = write_files(folder.path(), &Scenario::parse_all(include_str!("story.md"))?[0].files())?;
    browser.load(&logs.iter().map(PathBuf::as_path).collect::<Vec<&Path>>(), 3).await?;
    Ok(folder)
}

async fn open_bobs_session(browser: &Browser) -> Result<()> {
    let find = "[...document.querySelectorAll(args[0])].find((row) => row.textContent.includes('bob'))";
    let click = format!("{find}.querySelector('[data-col=user]').click()");
    browser.eval_with(&click, vec![REMOTE.into()]).await?;
    browser.wait_for("#drawer #intervals").await?;
    Ok(())
}

async fn picture(browser: &Browser, what: &str, widths: &[u32]) -> Result<()> {
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        browser.prefer(theme).await?;
        for &width in widths {
            browser.resize(width, if width < 500 { 780 } else { width * 5 / 8 }).await?;
            let is_wide = format!("innerWidth === {width}");
            browser.wait_until("it has its size", &is_wide).await?;
            browser.screenshot(&format!("{what}-{width}-{name}")).await?;
        }
    }
    Ok(())
}
