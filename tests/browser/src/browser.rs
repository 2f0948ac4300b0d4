//! One browser with the page in it, and what a responder does there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{By, WebDriver, WebElement};
use tokio::time::sleep;

use crate::driver::{Driver, Engine, capabilities};
use crate::server::Server;

/// A page that takes longer to show something is broken, even on a slow machine.
const MAX_WAIT: Duration = Duration::from_secs(30);

const BETWEEN_LOOKS: Duration = Duration::from_millis(30);

/// From where the page comes: both have to work alike.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// Opened from the disk, as on a machine without a network.
    File,
    /// Fetched from a web server.
    Http,
}

#[derive(Clone, Copy, Debug)]
pub enum Theme {
    Light,
    Dark,
}

/// Everything of one test; nothing is shared with another one.
pub struct Browser {
    /// For what has no helper here.
    pub driver: WebDriver,
    page: PathBuf,
    server: Server,
    process: Driver,
    folder: TempDir,
}

impl Browser {
    pub(crate) async fn start(engine: Engine, page: PathBuf) -> Result<Browser> {
        let bytes = fs::read(&page).with_context(|| format!("cannot read {}", page.display()))?;
        let server = Server::serving(bytes)?;
        let folder = TempDir::with_prefix("sessionscope-browser-")?;
        let process = Driver::start(engine, folder.path())?;
        let capabilities = capabilities(engine, &folder.path().join("profile"))?;
        let driver = WebDriver::new(process.url(), capabilities).await?;
        let browser = Browser { driver, page, server, process, folder };
        if engine == Engine::Chromium {
            browser.accept_downloads().await?;
        }
        Ok(browser)
    }

    async fn accept_downloads(&self) -> Result<()> {
        fs::create_dir(self.downloads())?;
        let to = json!({ "behavior": "allow", "downloadPath": self.downloads() });
        self.cdp("Browser.setDownloadBehavior", to).await.map(drop)
    }

    pub(crate) async fn quit(self) -> Result<()> {
        let quit = self.driver.quit().await;
        drop(self.process);
        Ok(quit?)
    }

    /// Opens the packed page.
    pub async fn open(&self, origin: Origin) -> Result<()> {
        let url = match origin {
            Origin::File => format!("file://{}", self.page.display()),
            Origin::Http => format!("{}/", self.server.url()),
        };
        Ok(self.driver.goto(url).await?)
    }

    /// Opens the packed page and waits until it has started.
    pub async fn open_started(&self, origin: Origin) -> Result<()> {
        self.open(origin).await?;
        self.wait_until(
            "the page has started",
            "globalThis.sessionscope && !document.querySelector('#starting')",
        )
        .await?;
        let failure = self.driver.find(By::Id("failure")).await?.text().await?;
        ensure!(failure.is_empty(), "the page says: {failure}");
        Ok(())
    }

    /// Runs a script in every page opened from now on, before any script of the page. In Chromium, as all that takes
    /// a command of its own ([`Browser::cdp`]).
    pub async fn before_load(&self, script: &str) -> Result<()> {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
        Ok(())
    }

    /// The value of a JavaScript expression, awaited if it is a promise.
    pub async fn eval(&self, expression: &str) -> Result<Value> {
        self.eval_with(expression, Vec::new()).await
    }

    /// The same, with `args` to be used in the expression.
    pub async fn eval_with(&self, expression: &str, args: Vec<Value>) -> Result<Value> {
        let script = format!("const args = [...arguments]; return ({expression});");
        Ok(self.driver.execute(script, args).await?.json().clone())
    }

    /// Waits until a JavaScript expression is true, and returns its value.
    pub async fn wait_until(&self, what: &str, expression: &str) -> Result<Value> {
        self.wait_until_with(what, expression, Vec::new()).await
    }

    /// The same, with `args` to be used in the expression.
    pub async fn wait_until_with(&self, what: &str, expression: &str, args: Vec<Value>) -> Result<Value> {
        let start = Instant::now();
        while start.elapsed() < MAX_WAIT {
            let value = self.eval_with(expression, args.clone()).await?;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return Ok(value);
            }
            sleep(BETWEEN_LOOKS).await;
        }
        bail!("not within {MAX_WAIT:?}: {what}")
    }

    /// The same for what may take long, and where looking too often would slow it down.
    pub async fn wait_long(&self, max: Duration, what: &str, expression: &str) -> Result<Value> {
        let start = Instant::now();
        loop {
            let value = self.eval(expression).await?;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return Ok(value);
            }
            ensure!(start.elapsed() < max, "not within {max:?}: {what}");
            sleep(8 * BETWEEN_LOOKS).await;
        }
    }

    /// Waits until an element is in the page.
    pub async fn wait_for(&self, selector: &str) -> Result<WebElement> {
        let start = Instant::now();
        loop {
            match self.driver.find(By::Css(selector)).await {
                Ok(element) => return Ok(element),
                Err(_) if start.elapsed() < MAX_WAIT => sleep(BETWEEN_LOOKS).await,
                Err(error) => {
                    return Err(error).with_context(|| format!("no {selector} within {MAX_WAIT:?}"));
                }
            }
        }
    }

    /// Waits until an element's visible text is as wanted, and returns it.
    pub async fn wait_for_text(&self, selector: &str, is_wanted: impl Fn(&str) -> bool) -> Result<String> {
        let start = Instant::now();
        loop {
            // An element may be replaced between finding and reading it: then look again.
            let text = self.wait_for(selector).await?.text().await.unwrap_or_default();
            if is_wanted(&text) {
                return Ok(text);
            }
            ensure!(start.elapsed() < MAX_WAIT, "{selector} still says {text:?} after {MAX_WAIT:?}");
            sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Drags files and folders from the desktop over the middle of an element and drops them there.
    pub async fn drop_files(&self, selector: &str, paths: &[&Path]) -> Result<()> {
        self.wait_for(selector).await?;
        let middle = self.eval_with(MIDDLE, vec![json!(selector)]).await?;
        let data = json!({ "items": [], "files": absolute(paths)?, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": middle["x"], "y": middle["y"], "data": data });
            self.cdp("Input.dispatchDragEvent", event).await?;
        }
        Ok(())
    }

    /// Picks files in an `input[type=file]`, or a folder in one with `webkitdirectory`.
    pub async fn pick_files(&self, selector: &str, paths: &[&Path]) -> Result<()> {
        let paths = absolute(paths)?;
        Ok(self.wait_for(selector).await?.send_keys(paths.join("\n")).await?)
    }

    /// Lets the system prefer this theme.
    pub async fn prefer(&self, theme: Theme) -> Result<()> {
        let value = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        Ok(())
    }

    /// Gives the page's visible part this size in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await?;
        Ok(())
    }

    /// Saves what is to be seen as `<name>.png`, in the folder `SESSIONSCOPE_SCREENSHOTS` names.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let folder = env::var_os("SESSIONSCOPE_SCREENSHOTS").map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| env::temp_dir().join("sessionscope-screenshots"));
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        self.driver.screenshot(&path).await?;
        Ok(path)
    }

    /// The errors in the console since this was last asked.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let entries = self.driver.browser_log().await?;
        Ok(entries.into_iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message).collect())
    }

    /// The folder that downloads are saved in.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// Waits until a file of this name has been downloaded, and returns its path.
    pub async fn wait_for_download(&self, name: &str) -> Result<PathBuf> {
        let path = self.downloads().join(name);
        let start = Instant::now();
        // Until it is complete it has another name. An empty file of its own name is put there just before
        // that is changed (Chromium's base_file_posix.cc), so that to be there is not enough.
        while !path.is_file() || self.is_downloading()? {
            ensure!(start.elapsed() < MAX_WAIT, "no download {name} within {MAX_WAIT:?}");
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(path)
    }

    fn is_downloading(&self) -> Result<bool> {
        let files = fs::read_dir(self.downloads())?.collect::<Result<Vec<_>, _>>()?;
        Ok(files.iter().any(|file| file.path().extension().is_some_and(|it| it == "crdownload")))
    }

    /// A command of the Chrome DevTools protocol.
    pub async fn cdp(&self, method: &str, params: Value) -> Result<Value> {
        self.driver.cdp().send_raw(method, params).await.with_context(|| format!("{method} failed"))
    }

    /// The server that [`Origin::Http`] means.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

const MIDDLE: &str = "(() => {
    const box = document.querySelector(args[0]).getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
})()";

fn absolute(paths: &[&Path]) -> Result<Vec<String>> {
    paths.iter().map(|path| Ok(fs::canonicalize(path)?.to_string_lossy().into_owned())).collect()
}
