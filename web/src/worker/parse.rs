//! The parse worker: batches of chunks in, blocks out. What a damaged chunk can do to it, it does here: the page
//! replaces a worker that dies.

use super::message::{part_to_vec, post, receive, to_buffer, to_vec};
use super::protocol::{Block, FromParse, ToParse};
use sessionscope::parse::{CHUNK_BYTES, Templates, parse_batch, record_view};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort};

/// What a message leads to: an answer for the page, and a block for the case before it.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub block: Option<(Block, Vec<u8>)>,
    pub answer: Option<FromParse>,
}

/// A worker that parses.
#[derive(Default)]
pub struct Parser {
    /// What is learned from one batch makes the next one faster.
    templates: Templates,
}

impl Parser {
    /// What the worker does with a message and its bytes.
    pub fn handle(&mut self, message: ToParse, bytes: &[u8]) -> Reply {
        match message {
            ToParse::Connect => Reply { block: None, answer: None },
            ToParse::Batch { batch, source, first_chunk, first_chunk_offset, .. } => {
                let block = parse_batch(source, first_chunk, first_chunk_offset, bytes, &mut self.templates);
                let n_chunks = bytes.len().div_ceil(CHUNK_BYTES) as u32;
                Reply {
                    block: Some((Block { batch, source, first_chunk, n_chunks }, block.encode())),
                    answer: Some(FromParse::Parsed { batch }),
                }
            }
            ToParse::View { number, record } => Reply {
                block: None,
                answer: Some(FromParse::Viewed { number, view: record_view(bytes, record) }),
            },
        }
    }
}

/// Listens to the page from inside the worker.
pub fn serve(scope: DedicatedWorkerGlobalScope) {
    let to_page = scope.clone();
    let (to_case, parser) = (RefCell::new(None::<MessagePort>), RefCell::new(Parser::default()));
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        translate(&event, &to_page, &to_case, &parser).unwrap_or_else(|error| wasm_bindgen::throw_val(error));
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    on_message.forget();
}

fn translate(
    event: &MessageEvent,
    to_page: &DedicatedWorkerGlobalScope,
    to_case: &RefCell<Option<MessagePort>>,
    parser: &RefCell<Parser>,
) -> Result<(), JsValue> {
    let (message, extra) = receive::<ToParse>(event)?;
    if message == ToParse::Connect {
        *to_case.borrow_mut() = extra.dyn_into().ok();
        return Ok(());
    }
    let bytes = match message {
        ToParse::Batch { skip, n_bytes, .. } => part_to_vec(&extra, skip, n_bytes),
        _ => to_vec(&extra),
    };
    let reply = parser.borrow_mut().handle(message, &bytes);
    if let (Some((block, bytes)), Some(case)) = (reply.block, to_case.borrow().as_ref()) {
        post(case, &block, Some(to_buffer(&bytes)))?;
    }
    match reply.answer {
        Some(answer @ FromParse::Parsed { .. }) => post(to_page, &answer, Some(extra)),
        Some(answer) => post(to_page, &answer, None),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_becomes_a_block_for_the_case_and_a_word_for_the_page() {
        let batch = ToParse::Batch {
            batch: 7,
            source: 3,
            first_chunk: 0,
            first_chunk_offset: 4096,
            skip: 0,
            n_bytes: 64,
        };
        let reply = Parser::default().handle(batch, &[0; 64]);
        assert_eq!(
            reply.block.map(|(block, _)| block),
            Some(Block { batch: 7, source: 3, first_chunk: 0, n_chunks: 1 })
        );
        assert_eq!(reply.answer, Some(FromParse::Parsed { batch: 7 }));
    }

    #[test]
    fn a_record_that_is_not_there_is_a_sentence() {
        let reply = Parser::default().handle(ToParse::View { number: 2, record: 9 }, &[0; 64]);
        let Some(FromParse::Viewed { number: 2, view: Err(sentence) }) = reply.answer else {
            panic!("{reply:?}")
        };
        assert!(!sentence.is_empty());
    }
}
