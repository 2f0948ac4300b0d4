//! Files that wait to be opened.
//!
//! Small ones wait in rows: those of a row are opened one after the other, by one stream if the browser can.

use crate::worker::protocol::FileNo;
use std::collections::{BTreeMap, VecDeque};

/// Files of a row: with twice as many, a folder is read no faster (Chromium 156).
const MOST_IN_ROW: usize = 16;

/// Files that wait; `S` is what a row's files are read by.
pub struct Queue<S> {
    /// In the order in which they are begun, without those that are done.
    rows: BTreeMap<RowNo, Row<S>>,
    next_row: RowNo,
}

pub type RowNo = u32;

struct Row<S> {
    waiting: VecDeque<FileNo>,
    state: State<S>,
}

enum State<S> {
    New,
    /// One of its files is being opened.
    Busy,
    At(S),
    /// It cannot be read by one stream.
    Broken,
}

/// A file whose turn it is.
#[derive(Debug, PartialEq)]
pub struct Turn<S> {
    pub row: RowNo,
    pub file: FileNo,
    pub by: By<S>,
}

/// How a file is read.
#[derive(Debug, PartialEq)]
pub enum By<S> {
    Itself,
    /// It is the first of these.
    NewStream(Vec<FileNo>),
    Stream(S),
}

impl<S> Queue<S> {
    pub fn new() -> Self {
        Queue { rows: BTreeMap::new(), next_row: 0 }
    }

    /// Adds files in the order in which they should be opened; so many rows will be opened at a time.
    pub fn add(&mut self, files: &[FileNo], is_small: impl Fn(FileNo) -> bool, n_at_once: usize) {
        let n_small = files.iter().filter(|&&file| is_small(file)).count();
        let n_in_row = n_small.div_ceil(n_at_once).clamp(1, MOST_IN_ROW);
        let mut open: Option<RowNo> = None;
        for &file in files {
            let row = open.filter(|_| is_small(file)).unwrap_or(self.next_row);
            self.next_row = self.next_row.max(row + 1);
            let waiting = &mut self.rows.entry(row).or_insert_with(Row::new).waiting;
            waiting.push_back(file);
            if is_small(file) {
                open = Some(row).filter(|_| waiting.len() < n_in_row);
            }
        }
    }

    /// The next file to open. Its row is taken up again after [`Queue::go_on`].
    pub fn next(&mut self) -> Option<Turn<S>> {
        let mut rows = self.rows.iter_mut();
        let (&number, row) = rows.find(|(_, row)| !matches!(row.state, State::Busy))?;
        let file = row.waiting.pop_front()?;
        let by = match std::mem::replace(&mut row.state, State::Busy) {
            State::New if !row.waiting.is_empty() => {
                By::NewStream([file].into_iter().chain(row.waiting.iter().copied()).collect())
            }
            State::At(stream) => By::Stream(stream),
            State::New | State::Busy | State::Broken => By::Itself,
        };
        Some(Turn { row: number, file, by })
    }

    /// The row's file was opened. The stream is where the next one begins.
    pub fn go_on(&mut self, row: RowNo, stream: Option<S>) {
        if let Some(own) = self.rows.get_mut(&row) {
            own.state = stream.map_or(State::Broken, State::At);
            self.rows.retain(|&number, own| number != row || !own.waiting.is_empty());
        }
    }

    /// Files that wait.
    pub fn files(&self) -> impl Iterator<Item = FileNo> {
        self.rows.values().flat_map(|row| &row.waiting).copied()
    }

    /// Takes all files that wait.
    pub fn drain(&mut self) -> Vec<FileNo> {
        std::mem::take(&mut self.rows).into_values().flat_map(|row| row.waiting).collect()
    }
}

impl<S> Row<S> {
    fn new() -> Self {
        Row { waiting: VecDeque::new(), state: State::New }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(n: FileNo, is_small: impl Fn(FileNo) -> bool) -> Queue<&'static str> {
        let mut queue = Queue::new();
        queue.add(&(0..n).collect::<Vec<_>>(), is_small, 2);
        queue
    }

    #[test]
    fn small_files_follow_each_other_on_one_stream() {
        let mut queue = queue(4, |_| true);
        let first = queue.next();
        assert_eq!(first, Some(Turn { row: 0, file: 0, by: By::NewStream(vec![0, 1]) }));
        assert_eq!(queue.next(), Some(Turn { row: 1, file: 2, by: By::NewStream(vec![2, 3]) }));
        assert_eq!(queue.next(), None, "both rows are busy");
        queue.go_on(0, Some("stream"));
        assert_eq!(queue.next(), Some(Turn { row: 0, file: 1, by: By::Stream("stream") }));
        queue.go_on(0, Some("stream"));
        assert_eq!(queue.next(), None, "the row is done");
        assert_eq!(queue.files().collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn files_of_a_row_that_broke_are_opened_one_by_one() {
        let mut queue = queue(2, |_| true);
        queue.add(&[2, 3], |_| true, 1);
        while let Some(turn) = queue.next() {
            queue.go_on(turn.row, None);
            let is_first_of_two = turn.file == 2;
            assert_eq!(turn.by == By::Itself, !is_first_of_two, "{turn:?}");
        }
        assert!(queue.drain().is_empty());
    }

    #[test]
    fn a_large_file_is_a_row_of_its_own_and_holds_nothing_up() {
        let mut queue = queue(5, |file| file != 1);
        let turns: Vec<_> = std::iter::from_fn(|| queue.next()).map(|turn| (turn.row, turn.file)).collect();
        assert_eq!(turns, [(0, 0), (1, 1), (2, 3)]);
    }

    #[test]
    fn what_was_cancelled_is_not_opened() {
        let mut queue = queue(6, |_| true);
        let turn = queue.next().expect("files wait");
        assert_eq!(queue.drain(), [1, 2, 3, 4, 5]);
        queue.go_on(turn.row, Some("stream"));
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn a_folder_is_in_rows_of_a_few() {
        let mut queue: Queue<()> = Queue::new();
        queue.add(&(0..400).collect::<Vec<_>>(), |_| true, 4);
        assert_eq!(queue.rows.len(), 400_usize.div_ceil(MOST_IN_ROW));
    }
}
