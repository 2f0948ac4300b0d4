//! Virtual scrolling: a scroll range of bounded height mapped to any number of rows.
//!
//! As long as all rows fit the greatest height, a pixel is a pixel. Beyond, the range is mapped proportionally: its
//! beginning is the first row, its end the last, and keys go row by row everywhere.

/// The height of a row; the style sheet's `--row` is the same.
pub const ROW_PX: f64 = 26.0;
/// Browsers have a greatest height of their own: Chromium's is 33,554,428 px, Firefox gives up before 24,000,000.
pub const MOST_PX: f64 = 10_000_000.0;

/// How many rows there are and how much room to show them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scroll {
    pub n_rows: u32,
    pub view_px: f64,
}

/// What is visible at a scroll position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visible {
    /// The first row that is visible, at least in part.
    pub first: u32,
    /// Rows that are visible, at least in part.
    pub n: u32,
    /// How much of the first row is above the view.
    pub hidden_px: f64,
}

impl Scroll {
    /// The height that is scrolled over.
    pub fn total_px(self) -> f64 {
        self.rows_px().min(MOST_PX)
    }

    pub fn visible(self, scroll_top: f64) -> Visible {
        let position = self.position(scroll_top);
        let first = position.floor();
        let hidden_px = (position - first) * ROW_PX;
        let n = ((self.view_px + hidden_px) / ROW_PX).ceil().max(0.0) as u32;
        let first = first as u32;
        Visible { first, n: n.min(self.n_rows.saturating_sub(first)), hidden_px }
    }

    /// Where to scroll so that the row is visible as a whole; `None` if it is.
    pub fn reveal(self, scroll_top: f64, row: u32) -> Option<f64> {
        let position = self.position(scroll_top);
        let row = f64::from(row);
        let last_position = row + 1.0 - self.view_rows();
        if row < position {
            Some(self.scroll_top(row))
        } else if last_position > position {
            // With a view smaller than a row its beginning is what matters.
            Some(self.scroll_top(last_position.min(row)))
        } else {
            None
        }
    }

    /// Where to scroll so that the row is the first that is visible.
    pub fn top_of(self, row: u32) -> f64 {
        self.scroll_top(f64::from(row))
    }

    /// The fraction of a row that is at the view's upper edge.
    fn position(self, scroll_top: f64) -> f64 {
        let range_px = self.total_px() - self.view_px;
        if range_px <= 0.0 {
            return 0.0;
        }
        (scroll_top.clamp(0.0, range_px) / range_px * self.last_position()).max(0.0)
    }

    fn scroll_top(self, position: f64) -> f64 {
        let range_px = (self.total_px() - self.view_px).max(0.0);
        if self.last_position() <= 0.0 {
            return 0.0;
        }
        (position / self.last_position() * range_px).clamp(0.0, range_px)
    }

    /// The position at which the last row is at the view's lower edge.
    fn last_position(self) -> f64 {
        f64::from(self.n_rows) - self.view_rows()
    }

    fn view_rows(self) -> f64 {
        self.view_px / ROW_PX
    }

    fn rows_px(self) -> f64 {
        f64::from(self.n_rows) * ROW_PX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Scroll = Scroll { n_rows: 1000, view_px: 260.0 };
    const MANY: Scroll = Scroll { n_rows: 40_000_000, view_px: 265.0 };

    #[test]
    fn a_pixel_is_a_pixel_while_all_rows_fit() {
        assert_eq!(FEW.total_px(), 26_000.0);
        assert_eq!(FEW.visible(0.0), Visible { first: 0, n: 10, hidden_px: 0.0 });
        let visible = FEW.visible(39.0);
        assert_eq!((visible.first, visible.n, visible.hidden_px.round()), (1, 11, 13.0));
    }

    #[test]
    fn the_end_of_the_range_is_the_last_row() {
        for scroll in [FEW, MANY] {
            let visible = scroll.visible(scroll.total_px() - scroll.view_px);
            assert_eq!(visible.first + visible.n, scroll.n_rows);
            let beyond = scroll.visible(scroll.total_px() * 2.0);
            assert_eq!(beyond, visible);
        }
    }

    #[test]
    fn no_range_is_taller_than_browsers_allow() {
        assert_eq!(MANY.total_px(), MOST_PX);
        assert_eq!(Scroll { n_rows: u32::MAX, view_px: 1000.0 }.total_px(), MOST_PX);
    }

    #[test]
    fn few_rows_do_not_scroll() {
        let scroll = Scroll { n_rows: 3, view_px: 260.0 };
        assert_eq!(scroll.visible(50.0), Visible { first: 0, n: 3, hidden_px: 0.0 });
        assert_eq!(scroll.reveal(0.0, 2), None);
        assert_eq!(Scroll { n_rows: 0, view_px: 260.0 }.visible(0.0).n, 0);
    }

    #[test]
    fn revealing_moves_no_more_than_it_must() {
        assert_eq!(FEW.reveal(0.0, 9), None);
        assert_eq!(FEW.reveal(0.0, 10).map(f64::round), Some(26.0));
        assert_eq!(FEW.reveal(2600.0, 50).map(f64::round), Some(1300.0));
        assert_eq!(FEW.reveal(0.0, 999).map(f64::round), Some(25_740.0));
    }

    #[test]
    fn every_row_of_many_can_be_revealed() {
        for row in [0, 1, 399_999, 20_000_000, 39_999_998, 39_999_999] {
            let top = MANY.reveal(if row > 20_000_000 { 0.0 } else { MOST_PX }, row).unwrap_or(0.0);
            let visible = MANY.visible(top);
            assert!((visible.first..visible.first + visible.n).contains(&row), "{row}: {visible:?}");
        }
    }
}
