//! The helpers do what they say: a test that drops files into the void would pass for the wrong reason.

use std::fs;

use anyhow::Result;
use browser_tests::{Browser, Origin, Theme, in_chromium};
use serde_json::json;
use tempfile::TempDir;

#[test]
fn dropped_files_and_folders_arrive_as_entries() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let (file, nested) = (folder.path().join("a.txt"), folder.path().join("nested"));
        fs::write(&file, "content")?;
        fs::create_dir(&nested)?;
        blank(browser).await?;
        browser.eval(RECORD_DROPS).await?;
        browser.drop_files("#here", &[&file, &nested]).await?;
        let dropped = browser.wait_until("something is dropped", "globalThis.dropped").await?;
        assert_eq!(dropped, json!([["a.txt", "file"], ["nested", "folder"]]));
        Ok(())
    });
}

const RECORD_DROPS: &str = "(() => {
    const here = document.getElementById('here');
    here.addEventListener('dragover', (event) => event.preventDefault());
    here.addEventListener('drop', (event) => {
        event.preventDefault();
        const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry());
        globalThis.dropped = entries.map((entry) => [entry.name, entry.isFile ? 'file' : 'folder']);
    });
})()";

#[test]
fn picked_files_arrive() {
    in_chromium(async |browser| {
        let folder = TempDir::new()?;
        let paths = ["a.txt", "b.txt"].map(|name| folder.path().join(name));
        paths.iter().try_for_each(|path| fs::write(path, "content"))?;
        blank(browser).await?;
        browser.pick_files("input", &[&paths[0], &paths[1]]).await?;
        let picked =
            browser.eval("[...document.querySelector('input').files].map((file) => file.name)").await?;
        assert_eq!(picked, json!(["a.txt", "b.txt"]));
        Ok(())
    });
}

#[test]
fn downloads_are_kept() {
    in_chromium(async |browser| {
        browser.open_started(Origin::File).await?;
        browser.eval(DOWNLOAD).await?;
        let path = browser.wait_for_download("report.csv").await?;
        assert_eq!(fs::read_to_string(path)?, "a,b\n");
        Ok(())
    });
}

const DOWNLOAD: &str = "(() => {
    const href = URL.createObjectURL(new Blob(['a,b\\n']));
    Object.assign(document.createElement('a'), { href, download: 'report.csv' }).click();
})()";

#[test]
fn theme_and_size_are_as_asked() {
    in_chromium(async |browser| {
        browser.open_started(Origin::File).await?;
        for (theme, query) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
            browser.prefer(theme).await?;
            let media = format!("matchMedia('(prefers-color-scheme: {query})').matches");
            assert_eq!(browser.eval(&media).await?, true, "{query}");
        }
        browser.resize(1920, 1080).await?;
        assert_eq!(browser.eval("[innerWidth, innerHeight]").await?, json!([1920, 1080]));
        let path = browser.screenshot("helpers").await?;
        assert_eq!(fs::read(path)?[16..24], [0, 0, 7, 128, 0, 0, 4, 56], "1920 by 1080 in a PNG's header");
        Ok(())
    });
}

#[test]
fn console_errors_are_told_once() {
    in_chromium(async |browser| {
        blank(browser).await?;
        browser.eval("console.error('broken')").await?;
        let errors = browser.console_errors().await?;
        assert!(errors.len() == 1 && errors[0].contains("broken"), "{errors:?}");
        assert_eq!(browser.console_errors().await?, [""; 0]);
        Ok(())
    });
}

/// A page of the test's own, so that ours neither helps nor disturbs.
async fn blank(browser: &Browser) -> Result<()> {
    let html = "<div id=here style='height:100px'>here</div><input type=file multiple>";
    Ok(browser.driver.goto(format!("data:text/html,{html}")).await?)
}
