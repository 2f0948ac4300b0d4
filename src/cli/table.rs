//! Tables of text.

use super::Outcome;
use super::print::ROWS_AT_ONCE;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use sessionscope::export::{is_plain, visible};
use std::borrow::Cow;
use std::io::Write;

/// The most characters of a cell that are shown: all lines are as wide as the widest, and no name of a host or an account
/// is longer than this.
const MAX_CELL: usize = 256;

fn cut(cell: &str) -> Cow<'_, str> {
    if cell.len() <= MAX_CELL {
        return cell.into();
    }
    match cell.char_indices().nth(MAX_CELL) {
        None => cell.into(),
        Some(_) => cell.chars().take(MAX_CELL - 1).chain(['…']).collect::<String>().into(),
    }
}

/// A session's cells seldom take more.
const LINE_BYTES: usize = 192;

/// Lines of a table in one text, for there may be a million.
pub struct Lines<const N: usize> {
    text: String,
    /// Of each cell in `text`: bytes and characters, at most [`MAX_CELL`] of these.
    lengths: Vec<(u16, u16)>,
    /// Of the widest cell of each column, in characters.
    widths: [usize; N],
}

impl<const N: usize> Default for Lines<N> {
    fn default() -> Self {
        Lines { text: String::new(), lengths: Vec::new(), widths: [0; N] }
    }
}

impl<const N: usize> Lines<N> {
    /// With room for so many lines of usual length.
    pub fn with_capacity(n_lines: usize) -> Self {
        let text = String::with_capacity(n_lines * LINE_BYTES);
        Lines { text, lengths: Vec::with_capacity(n_lines * N), widths: [0; N] }
    }

    pub fn add(&mut self, cells: [&str; N]) {
        cells.into_iter().for_each(|cell| self.add_cell(|out| out.push_str(cell)));
    }

    /// Adds the next cell of a line, as `push` appends it.
    pub fn add_cell(&mut self, push: impl FnOnce(&mut String)) {
        let start = self.text.len();
        push(&mut self.text);
        let n_bytes = self.text.len() - start;
        let width = match n_bytes <= MAX_CELL && is_plain(&self.text[start..]) {
            true => n_bytes,
            false => self.fit_last(start),
        };
        let column = self.lengths.len() % N;
        self.widths[column] = self.widths[column].max(width);
        self.lengths.push(((self.text.len() - start) as u16, width as u16));
    }

    /// Leaves of the cell that begins here what is shown of it; its width in characters.
    fn fit_last(&mut self, start: usize) -> usize {
        let cell = self.text.split_off(start);
        self.text.push_str(&cut(&visible(&cell)));
        self.text[start..].chars().count()
    }

    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.lengths.shrink_to_fit();
    }

    /// The lines as text, in columns this wide.
    fn text(&self, widths: [usize; N]) -> String {
        let (blank, mut rest) = (" ".repeat(MAX_CELL + 2), &self.text[..]);
        // Other than ASCII takes more bytes than columns.
        let n_lines = self.lengths.len() / N;
        let mut text = String::with_capacity(n_lines * (widths.iter().sum::<usize>() + 2 * N));
        for lengths in self.lengths.chunks_exact(N) {
            for (&(n_bytes, width), to) in lengths.iter().zip(widths) {
                let (cell, other) = rest.split_at(usize::from(n_bytes));
                rest = other;
                text.push_str(cell);
                text.push_str(&blank[usize::from(width)..to + 2]);
            }
            text.truncate(text.trim_ascii_end().len());
            text.push('\n');
        }
        text
    }
}

/// Prints lines whose cells are there already.
pub fn print_cells<const N: usize>(
    out: &mut impl Write,
    header: [&str; N],
    cells: &[[String; N]],
) -> Outcome {
    let mut lines = Lines::default();
    cells.iter().for_each(|line| lines.add(line.each_ref().map(String::as_str)));
    print(out, header, &[lines])
}

/// Prints lines, which may have been written side by side, under a header.
pub fn print<const N: usize>(out: &mut impl Write, header: [&str; N], parts: &[Lines<N>]) -> Outcome {
    let mut head = Lines::default();
    head.add(header);
    let wider = |one: [usize; N], part: &Lines<N>| std::array::from_fn(|n| one[n].max(part.widths[n]));
    let widths = parts.iter().fold(head.widths, wider);
    out.write_all(head.text(widths).as_bytes())?;
    for parts in parts.chunks(ROWS_AT_ONCE as usize) {
        let texts: Vec<String> = parts.par_iter().map(|part| part.text(widths)).collect();
        texts.iter().try_for_each(|text| out.write_all(text.as_bytes()))?;
    }
    Ok(())
}
