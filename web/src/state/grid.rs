//! A table that shows a window of its rows: what is visible, and where its cursor is.

/// What is visible of a table and where its cursor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    pub first: u32,
    pub n_visible: u32,
    pub cursor: Option<u32>,
    /// Counts the times its rows became others: then it is scrolled to its beginning.
    pub n_resets: u32,
}

/// A way to go with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

impl Move {
    /// The way a key goes, by its name in keyboard events.
    pub fn of_key(key: &str) -> Option<Move> {
        Some(match key {
            "ArrowUp" => Move::Up,
            "ArrowDown" => Move::Down,
            "PageUp" => Move::PageUp,
            "PageDown" => Move::PageDown,
            "Home" => Move::Home,
            "End" => Move::End,
            _ => return None,
        })
    }
}

/// Rows are asked for in steps of this many, so that not every scrolled row is a question.
const WINDOW_STEP: u32 = 16;

impl Grid {
    /// Other rows, or another order: the cursor's number would be another row's.
    pub fn reset(&mut self) {
        self.cursor = None;
        self.first = 0;
        self.n_resets = self.n_resets.wrapping_add(1);
    }

    /// The cursor after the move; the first move shows it where one looks already.
    pub fn moved(&self, to: Move, n_rows: u32) -> Option<u32> {
        let last = n_rows.checked_sub(1)?;
        let page = self.n_visible.saturating_sub(2).max(1);
        let to = match (self.cursor, to) {
            (_, Move::Home) => 0,
            (_, Move::End) => last,
            (None, _) => self.first,
            (Some(at), Move::Up) => at.saturating_sub(1),
            (Some(at), Move::Down) => at.saturating_add(1),
            (Some(at), Move::PageUp) => at.saturating_sub(page),
            (Some(at), Move::PageDown) => at.saturating_add(page),
        };
        Some(to.min(last))
    }

    /// The rows to hold, first and number: those that are visible and about a page before and after.
    pub fn window(&self) -> (u32, u32) {
        let first = self.first.saturating_sub(self.n_visible) / WINDOW_STEP * WINDOW_STEP;
        let end = self.first.saturating_add(self.n_visible.max(1) * 2).next_multiple_of(WINDOW_STEP);
        (first, end - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cursor: Option<u32>) -> Grid {
        Grid { first: 100, n_visible: 20, cursor, n_resets: 0 }
    }

    #[test]
    fn keys_move_the_cursor_and_stop_at_the_ends() {
        assert_eq!(at(None).moved(Move::Down, 1000), Some(100));
        assert_eq!(at(Some(5)).moved(Move::Down, 1000), Some(6));
        assert_eq!(at(Some(0)).moved(Move::Up, 1000), Some(0));
        assert_eq!(at(Some(990)).moved(Move::PageDown, 1000), Some(999));
        assert_eq!(at(Some(990)).moved(Move::PageUp, 1000), Some(972));
        assert_eq!(at(Some(990)).moved(Move::Home, 1000), Some(0));
        assert_eq!(at(Some(0)).moved(Move::End, 1000), Some(999));
        assert_eq!(at(Some(0)).moved(Move::End, 0), None);
    }

    #[test]
    fn the_window_holds_what_is_visible_and_some_around() {
        let (first, n) = at(None).window();
        assert!(first <= 80 && first + n >= 140 && n < 120, "{first} {n}");
        assert_eq!(Grid::default().window(), (0, 16));
    }

    #[test]
    fn a_row_further_is_mostly_the_same_window() {
        let windows: std::collections::HashSet<_> =
            (96..104).map(|first| Grid { first, ..at(None) }.window()).collect();
        assert!(windows.len() <= 2, "{windows:?}");
    }
}
