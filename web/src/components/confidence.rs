//! How sure an end is: marks that differ in shape, with the word for those who hover or do not see them.

use crate::text::words::{self, confidence_marks};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct ConfidenceProps {
    pub of: AttrValue,
}

#[component]
pub fn Confidence(props: &ConfidenceProps) -> Html {
    let marks = confidence_marks(&props.of);
    if marks.is_empty() {
        return Html::default();
    }
    let word = words::confidence(&props.of);
    html! {
        <span class="confidence" role="img" aria-label={word.clone()} title={word}
            data-confidence={props.of.clone()}>{ marks }</span>
    }
}
