//! A virtual table: a scroll range of bounded height, a head that stays, and the rows that are visible.
//!
//! The rows are in a layer that stays in view while the range scrolls beneath it, so nothing is ever blank. Style
//! attributes are refused by the page's policy: what has to be measured is handed to the style sheet as properties.

use crate::browser::window;
use crate::state::grid::{Grid, Move};
use crate::state::scroll::Scroll;
use crate::state::{Action, View};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, KeyboardEvent, MouseEvent, ResizeObserver};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct GridProps {
    /// The id of the table; its rows' ids begin with it.
    pub id: &'static str,
    pub label: &'static str,
    pub view: View,
    pub grid: Grid,
    pub n_rows: u32,
    pub n_columns: u32,
    /// The head's cells.
    pub head: Html,
    /// The rows from `grid.first` on.
    pub rows: Html,
    pub act: Callback<Action>,
}

#[component]
pub fn GridView(props: &GridProps) -> Html {
    let scroller = use_node_ref();
    let head = use_node_ref();
    let table =
        Table { scroller: scroller.clone(), head: head.clone(), n_rows: props.n_rows, view: props.view };
    use_place(&table, props);
    let on_scroll = {
        let (table, act, grid) = (table.clone(), props.act.clone(), props.grid);
        Callback::from(move |_: Event| table.measure(grid, &act))
    };
    let on_key = {
        let act = props.act.clone();
        Callback::from(move |event: KeyboardEvent| press(&event, &act))
    };
    let on_click = {
        let act = props.act.clone();
        Callback::from(move |event: MouseEvent| click(&event, &act))
    };
    let active = props.grid.cursor.map(|cursor| row_id(props.id, cursor));
    html! {
        <div ref={scroller} id={props.id} class={classes!("grid", format!("grid-{}", props.id))} role="grid"
            tabindex="0" aria-label={props.label} aria-rowcount={(u64::from(props.n_rows) + 1).to_string()}
            aria-colcount={props.n_columns.to_string()} aria-activedescendant={active}
            data-rows={props.n_rows.to_string()} onscroll={on_scroll} onkeydown={on_key}>
            <div ref={head} class="grid-head grid-row" role="row" aria-rowindex="1">{ props.head.clone() }</div>
            <div class="grid-layer" role="rowgroup" onclick={on_click}>
                <div class="grid-rows" role="presentation">{ props.rows.clone() }</div>
            </div>
            <div class="grid-range" role="presentation"></div>
        </div>
    }
}

/// A row's id, for `aria-activedescendant`.
pub fn row_id(id: &str, index: u32) -> String {
    format!("{id}-row-{index}")
}

/// Keeps the scroll position where the state wants it.
#[hook]
fn use_place(table: &Table, props: &GridProps) {
    let (grid, act) = (props.grid, props.act.clone());
    // The newest of both, for the observer that is made once.
    let newest = use_mut_ref(|| (table.clone(), grid));
    *newest.borrow_mut() = (table.clone(), grid);
    use_effect_with((), {
        let (table, act) = (table.clone(), act.clone());
        move |()| {
            table.measure(grid, &act);
            table.scroll_to(table.scroll().map(|scroll| scroll.top_of(grid.first)));
            let observed = observe(&table, move || {
                let (table, grid) = newest.borrow().clone();
                table.measure(grid, &act);
            });
            move || drop(observed)
        }
    });
    use_effect_with(props.n_rows, {
        let (table, act) = (table.clone(), act.clone());
        move |_| table.measure(grid, &act)
    });
    use_effect_with(grid.n_resets, {
        let table = table.clone();
        move |_| {
            if grid.n_resets > 0 && grid.first == 0 {
                table.scroll_to(Some(0.0));
            }
        }
    });
    use_effect_with(grid.cursor, {
        let table = table.clone();
        move |cursor| table.scroll_to(cursor.and_then(|cursor| table.reveal(cursor)))
    });
}

/// The table's elements.
#[derive(Clone)]
struct Table {
    scroller: NodeRef,
    head: NodeRef,
    n_rows: u32,
    view: View,
}

impl Table {
    /// Hands measures to the style sheet, and tells what is visible when that changed.
    fn measure(&self, grid: Grid, act: &Callback<Action>) {
        let (Some(scroller), Some(scroll)) = (self.scroller.cast::<HtmlElement>(), self.scroll()) else {
            return;
        };
        let visible = scroll.visible(f64::from(scroller.scroll_top()));
        set(&scroller, "--total", scroll.total_px());
        set(&scroller, "--view", scroll.view_px);
        set(&scroller, "--shift", -visible.hidden_px);
        // A row more than is seen: the last one may be cut by a pixel that was rounded.
        let n_visible = visible.n;
        if (grid.first, grid.n_visible) != (visible.first, n_visible) {
            act.emit(Action::TableScrolled { view: self.view, first: visible.first, n_visible });
        }
    }

    fn scroll(&self) -> Option<Scroll> {
        let scroller = self.scroller.cast::<HtmlElement>()?;
        let head_px = self.head.cast::<HtmlElement>().map_or(0, |head| head.offset_height());
        let view_px = f64::from((scroller.client_height() - head_px).max(0));
        Some(Scroll { n_rows: self.n_rows, view_px })
    }

    fn reveal(&self, row: u32) -> Option<f64> {
        let scroller = self.scroller.cast::<HtmlElement>()?;
        self.scroll()?.reveal(f64::from(scroller.scroll_top()), row)
    }

    fn scroll_to(&self, top: Option<f64>) {
        if let (Some(scroller), Some(top)) = (self.scroller.cast::<Element>(), top) {
            scroller.set_scroll_top(top.round() as i32);
        }
    }
}

fn set(element: &HtmlElement, name: &str, px: f64) {
    // Fails only for names that are none.
    let _ = element.style().set_property(name, &format!("{px}px"));
}

/// Runs when the table's size changes, until it is dropped.
struct Observed {
    observer: ResizeObserver,
    _run: Closure<dyn FnMut()>,
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn observe(table: &Table, run: impl Fn() + 'static) -> Option<Observed> {
    let run = Closure::<dyn FnMut()>::new(run);
    let observer = ResizeObserver::new(run.as_ref().unchecked_ref()).ok()?;
    observer.observe(&table.scroller.cast::<Element>()?);
    Some(Observed { observer, _run: run })
}

fn press(event: &KeyboardEvent, act: &Callback<Action>) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || is_on_button(event) {
        return;
    }
    let action = match event.key().as_str() {
        "Enter" => Action::CursorOpened,
        key => match Move::of_key(key) {
            Some(to) => Action::CursorMoved(to),
            None => return,
        },
    };
    event.prevent_default();
    act.emit(action);
}

/// The head's buttons have keys of their own.
fn is_on_button(event: &KeyboardEvent) -> bool {
    event.key() == "Enter"
        && event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|target| target.tag_name().eq_ignore_ascii_case("button"))
}

fn click(event: &MouseEvent, act: &Callback<Action>) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let row = target.and_then(|target| target.closest("[data-index]").ok().flatten());
    let index = row.and_then(|row| row.get_attribute("data-index")).and_then(|index| index.parse().ok());
    // Text that was just marked is to be copied, not to open something.
    if let (Some(index), false) = (index, window::has_marked_text()) {
        act.emit(Action::RowChosen(index));
    }
}
