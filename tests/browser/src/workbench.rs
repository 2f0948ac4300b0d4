//! What a responder reads off the page once logs are loaded, and the keys and buttons in between.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thirtyfour::{By, TypingData};

use crate::Browser;

/// A row of a table: the text of each cell by its column, and the row's own attributes by theirs (`data-session`).
pub type Row = BTreeMap<String, String>;

impl Browser {
    /// Drops files or folders and waits until `n_sources` in all are read.
    pub async fn load(&self, paths: &[&Path], n_sources: u32) -> Result<()> {
        self.drop_files("body", paths).await?;
        self.wait_loaded(n_sources).await
    }

    /// Waits until this many files are read and what they hold is shown.
    pub async fn wait_loaded(&self, n_sources: u32) -> Result<()> {
        self.wait_until_with("the files are read", LOADED, vec![json!(n_sources)]).await?;
        Ok(())
    }

    /// The rows of a table (`sessions` or `files`) that are in view.
    pub async fn rows(&self, table: &str) -> Result<Vec<Row>> {
        let rows = self.eval_with(ROWS, vec![json!(format!("#{table}"))]).await?;
        serde_json::from_value(rows).context("rows of text")
    }

    /// Waits until a column of a table reads like this, from the first row to the last.
    pub async fn wait_for_column(&self, table: &str, column: &str, wanted: &[&str]) -> Result<()> {
        let args = vec![json!(format!("#{table}")), json!(column), json!(wanted)];
        let what = format!("{column} reads {wanted:?}");
        let outcome = self.wait_until_with(&what, COLUMN, args).await;
        if outcome.is_err() {
            let rows = self.rows(table).await?;
            let cells: Vec<_> = rows.iter().filter_map(|row| row.get(column)).collect();
            return outcome.map(drop).with_context(|| format!("{column} reads {cells:?}"));
        }
        Ok(())
    }

    /// `#shown` counts this many sessions of this many.
    pub async fn wait_for_shown(&self, n_shown: u32, n_total: u32) -> Result<()> {
        let selector = format!("#shown[data-shown='{n_shown}'][data-total='{n_total}']");
        if self.wait_for(&selector).await.is_err() {
            let says = self.text("#shown").await?;
            anyhow::bail!("{n_shown} of {n_total} should be shown, but #shown says {says:?}");
        }
        Ok(())
    }

    pub async fn click(&self, selector: &str) -> Result<()> {
        self.wait_for(selector).await?.click().await.with_context(|| format!("cannot click {selector}"))
    }

    pub async fn text(&self, selector: &str) -> Result<String> {
        Ok(self.driver.find(By::Css(selector)).await?.text().await?)
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) -> Result<()> {
        let active = self.driver.active_element().await?;
        Ok(active.send_keys(keys).await?)
    }

    /// The id of what has the focus.
    pub async fn focus(&self) -> Result<Value> {
        self.eval("document.activeElement.id").await
    }

    /// Writes this in the filter, in place of what is there.
    pub async fn filter(&self, text: &str) -> Result<()> {
        let filter = self.wait_for("#filter").await?;
        filter.clear().await?;
        Ok(filter.send_keys(text).await?)
    }

    /// Chooses in a list such as `#zone`.
    pub async fn choose(&self, selector: &str, value: &str) -> Result<()> {
        self.click(&format!("{selector} option[value='{value}']")).await
    }

    /// Opens the drawer of the session in this row, by a click.
    pub async fn open_session(&self, session: &str) -> Result<()> {
        self.click(&format!("#sessions [data-session='{session}'] [data-col='start']")).await?;
        self.wait_for(&format!("#drawer[data-session='{session}'] #sentence")).await?;
        Ok(())
    }

    /// Takes what Export offers under this choice (`export-all-csv`): its bytes.
    pub async fn export(&self, choice: &str) -> Result<Vec<u8>> {
        let ending = if choice.ends_with("csv") { "csv" } else { "jsonl" };
        if self.driver.find(By::Id("export-menu")).await.is_err() {
            self.click("#export").await?;
        }
        self.click(&format!("#{choice}")).await?;
        let ready = "document.querySelector('#export-state[data-state=ready]')?.textContent";
        let says = self.wait_until("the export is ready", ready).await?;
        let name = says.as_str().and_then(|says| says.split(',').next()).context("no name")?;
        ensure!(name.ends_with(ending), "{name} for {choice}");
        let path = self.wait_for_download(name).await?;
        let bytes = fs::read(&path)?;
        // The next one may have the same name.
        fs::remove_file(&path)?;
        self.click("#export").await?;
        Ok(bytes)
    }
}

/// Writes logs into a folder; their paths.
pub fn write_files(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<Vec<PathBuf>> {
    let write = |(name, bytes): &(String, Vec<u8>)| {
        let path = folder.join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    };
    files.iter().map(write).collect()
}

const LOADED: &str = "(() => {
    const of = (id) => document.getElementById(id)?.dataset ?? {};
    return of('page').state === 'done' && Number(of('loaded').sources) === args[0]
        && of('shown').total === of('loaded').sessions;
})()";

const ROWS: &str =
    "[...document.querySelectorAll(args[0] + ' [data-index]')].map((row) => Object.fromEntries([
    ...[...row.attributes].map((attribute) => [attribute.name, attribute.value]),
    ...[...row.querySelectorAll('[data-col]')].map((cell) => [cell.dataset.col, cell.textContent.trim()]),
]))";

const COLUMN: &str = "JSON.stringify(args[2]) === JSON.stringify(
    [...document.querySelectorAll(`${args[0]} [data-index] [data-col='${args[1]}']`)].map((cell) => cell.textContent.trim()))";
