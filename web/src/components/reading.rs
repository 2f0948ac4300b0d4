//! How far reading is: overall and for each file that is being read, with a way to stop.

use crate::state::progress::{Progress, Reading, SourceLine};
use crate::text::number::{bytes, count, counted, span};
use crate::text::visible;
use gloo::timers::callback::Timeout;
use std::rc::Rc;
use yew::prelude::*;

/// Files that are listed; more are seldom read at once.
const MOST_SOURCES: usize = 4;

/// When all is shown the strip gives its room to the table. That is drawn anew for it, as for its last rows a moment
/// before: both at once would keep the page from answering for too long.
const LEAVES_AFTER_MS: u32 = 100;

#[derive(Properties, PartialEq)]
pub struct ReadingStripProps {
    pub progress: Rc<Progress>,
    /// The table has its last rows.
    pub is_settled: bool,
    pub cancel: Callback<()>,
}

#[component]
pub fn ReadingStrip(props: &ReadingStripProps) -> Html {
    let progress = &props.progress;
    let has_left = use_has_left(props.is_settled);
    match progress.state {
        Reading::UnderWay => under_way(progress, &props.cancel),
        Reading::Done if !has_left => under_way(progress, &props.cancel),
        Reading::Cancelled => html! {
            <p id="reading" class="reading reading-cancelled" role="status" data-state="cancelled">
                { "Reading was cancelled: what was read until then is shown." }
            </p>
        },
        Reading::Idle | Reading::Done => Html::default(),
    }
}

/// Whether it is a while ago that all was shown.
#[hook]
fn use_has_left(is_settled: bool) -> bool {
    let has_left = use_state_eq(|| false);
    use_effect_with(is_settled, {
        let has_left = has_left.clone();
        move |&is_settled| {
            has_left.set(false);
            let leave = is_settled.then(|| Timeout::new(LEAVES_AFTER_MS, move || has_left.set(true)));
            move || drop(leave)
        }
    });
    is_settled && *has_left
}

/// All files last: the button stays where it is while files come and go above it.
fn under_way(progress: &Progress, cancel: &Callback<()>) -> Html {
    let cancel = cancel.reform(|_: MouseEvent| ());
    let is_read = progress.state == Reading::Done;
    html! {
        <section id="reading" class="reading" aria-label="Reading"
            data-state={if is_read { "settling" } else { "reading" }}>
            <ul class="reading-sources">
                if is_read {
                    <li>{ "All is read: the last sessions are worked out." }</li>
                }
                { for progress.sources.iter().take(MOST_SOURCES).map(source) }
            </ul>
            <div class="reading-all">
                <progress id="progress" max="1000" value={progress.permille().to_string()}
                    aria-label="Bytes read of all files"></progress>
                <p class="reading-numbers">{ for numbers(progress).into_iter().map(|part| html! { <span>{ part }</span> }) }</p>
                <button id="cancel" class="button" type="button" disabled={is_read} onclick={cancel}>{ "Cancel" }</button>
            </div>
        </section>
    }
}

fn numbers(progress: &Progress) -> Vec<String> {
    let mut parts = vec![
        format!("{} of {}", count(progress.n_files_done), counted(progress.n_files, "file", "files")),
        format!("{} of {}", bytes(progress.n_bytes_done), bytes(progress.n_bytes)),
        counted(progress.n_records, "record", "records"),
    ];
    parts.extend(progress.rate().map(|rate| format!("{}/s", bytes(rate as u64))));
    let left = progress.left_s().filter(|_| progress.state == Reading::UnderWay);
    parts.extend(left.map(|left| format!("{} left", span(left.ceil()))));
    parts
}

fn source(line: &SourceLine) -> Html {
    let path = visible(&line.path).into_owned();
    html! {
        <li class="reading-source" data-path={path.clone()}>
            <progress max="1000" value={line.permille().to_string()} aria-label={format!("Bytes read of {path}")}></progress>
            <span class="reading-path" title={path.clone()}>{ path.clone() }</span>
            <span>{ format!("{} of {}", bytes(line.n_bytes_done), bytes(line.n_bytes)) }</span>
            <span>{ counted(line.n_records, "record", "records") }</span>
        </li>
    }
}
