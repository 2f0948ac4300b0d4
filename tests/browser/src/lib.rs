//! Drives the packed page in a real browser, as a responder would: opens it, drops files on it, looks at it.
//!
//! A test is a function that is given a [`Browser`]:
//!
//! ```no_run
//! use browser_tests::{Origin, in_chromium};
//!
//! #[test]
//! fn page_starts() {
//!     in_chromium(async |browser| {
//!         browser.open(Origin::File).await?;
//!         browser.wait_for("#app").await?;
//!         Ok(())
//!     });
//! }
//! ```
//!
//! `cargo xtask test` packs the page and says in the environment where it is (`SESSIONSCOPE_PAGE`). Without that the
//! tests say that they are skipped, and pass.

mod browser;
mod driver;
mod native;
mod server;
mod workbench;

use std::collections::BTreeSet;
use std::env;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

pub use browser::{Browser, Origin, Theme};
pub use driver::Engine;
pub use native::{export, read_natively};
pub use server::Server;
pub use workbench::{Row, write_files};

/// One who waits longer than this for any of what the tests do has a broken page.
const MAX_TEST: Duration = Duration::from_secs(120);

const MAX_START: Duration = Duration::from_secs(60);

const MAX_QUIT: Duration = Duration::from_secs(15);

/// Runs a test in a fresh headless Chromium, and stops that whatever happens.
pub fn in_chromium(test: impl AsyncFnOnce(&Browser) -> Result<()>) {
    in_chromium_for(MAX_TEST, test);
}

/// The same for what may take longer.
pub fn in_chromium_for(max: Duration, test: impl AsyncFnOnce(&Browser) -> Result<()>) {
    run(Engine::Chromium, max, test);
}

/// Runs a test in a browser of this engine, if that is here. What is tried with the mouse and the keyboard of a person is
/// tried in Chromium alone.
pub fn in_engine(engine: Engine, test: impl AsyncFnOnce(&Browser) -> Result<()>) {
    match engine.missing() {
        Some(program) => say_skipped(&format!("{engine:?} is not driven without {program}")),
        None => run(engine, MAX_TEST, test),
    }
}

fn run(engine: Engine, max: Duration, test: impl AsyncFnOnce(&Browser) -> Result<()>) {
    let Some(page) = env::var_os("SESSIONSCOPE_PAGE").map(PathBuf::from) else {
        return say_skipped("browser tests need the packed page; run cargo xtask test");
    };
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let browser = runtime.block_on(limited("start", MAX_START, Browser::start(engine, page)));
    let browser = browser.unwrap_or_else(|error| panic!("no browser: {error:?}"));
    let run = || runtime.block_on(limited("test", max, test(&browser)));
    let outcome = catch_unwind(AssertUnwindSafe(run));
    if !matches!(outcome, Ok(Ok(()))) {
        show_evidence(&runtime, &browser);
    }
    let quit = runtime.block_on(limited("quit", MAX_QUIT, browser.quit()));
    match outcome {
        Err(panic) => resume_unwind(panic),
        Ok(result) => result.and(quit).unwrap_or_else(|error| panic!("{error:?}")),
    }
}

async fn limited<T>(what: &str, max: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(max, work).await.with_context(|| format!("{what} took longer than {max:?}"))?
}

/// What one would look at first when a test fails.
fn show_evidence(runtime: &Runtime, browser: &Browser) {
    let name = format!("failed-{}", std::thread::current().name().unwrap_or("test").replace("::", "-"));
    let look = async { Ok((browser.screenshot(&name).await?, browser.console_errors().await?)) };
    match runtime.block_on(limited("looking", MAX_QUIT, look)) {
        Ok((path, errors)) => eprintln!("screenshot: {}\nconsole errors: {errors:#?}", path.display()),
        Err(error) => eprintln!("no screenshot: {error:#}"),
    }
}

/// Says once for the tests of a file that something is skipped, on a line of its own and past the test harness, which keeps
/// to itself what passing tests print.
pub fn say_skipped(why: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().is_ok_and(|mut said| said.insert(why.to_owned())) {
        let _ = std::io::stderr().write_all(format!("\nskipped: {why}\n").as_bytes());
    }
}
