//! From messages to the desk and back.

use super::{Desk, Reply, practice};
use crate::worker::message::{post, receive, to_buffer, to_vec};
use crate::worker::protocol::{Block, ToCase};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort};

/// Listens to the page, and to the parse workers through their ports, from inside the worker.
pub fn serve(scope: DedicatedWorkerGlobalScope) {
    let desk = Rc::new(RefCell::new(Desk::new(js_sys::Date::now)));
    let (to_page, of_messages) = (scope.clone(), desk.clone());
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        translate(&event, &to_page, &of_messages).unwrap_or_else(|error| wasm_bindgen::throw_val(error));
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    on_message.forget();
    practice::begin(desk, move |answer| {
        // Nobody waits for it.
        let _ = reply(&scope, vec![answer]);
    });
}

fn translate(
    event: &MessageEvent,
    to_page: &DedicatedWorkerGlobalScope,
    desk: &Rc<RefCell<Desk>>,
) -> Result<(), JsValue> {
    let (message, extra) = receive::<ToCase>(event)?;
    if message == ToCase::Connect {
        listen(extra.dyn_into()?, to_page.clone(), desk.clone());
        return Ok(());
    }
    let replies = desk.borrow_mut().handle(message);
    reply(to_page, replies)?;
    desk.borrow_mut().rest();
    Ok(())
}

fn listen(port: MessagePort, to_page: DedicatedWorkerGlobalScope, desk: Rc<RefCell<Desk>>) {
    let on_block = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        take_in(&event, &to_page, &desk).unwrap_or_else(|error| wasm_bindgen::throw_val(error));
    });
    port.set_onmessage(Some(on_block.as_ref().unchecked_ref()));
    // A parse worker's port is as good as forgotten when it dies: there are few, and closing is not told.
    on_block.forget();
}

fn take_in(
    event: &MessageEvent,
    to_page: &DedicatedWorkerGlobalScope,
    desk: &RefCell<Desk>,
) -> Result<(), JsValue> {
    let (block, extra) = receive::<Block>(event)?;
    let replies = desk.borrow_mut().merge(&block, &to_vec(&extra));
    reply(to_page, replies)
}

fn reply(to_page: &DedicatedWorkerGlobalScope, replies: Vec<Reply>) -> Result<(), JsValue> {
    for (answer, bytes) in replies {
        post(to_page, &answer, bytes.map(|bytes| to_buffer(&bytes)))?;
    }
    Ok(())
}
