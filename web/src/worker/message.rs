//! Packs and unpacks messages: an array of one small serialized value and what is transferred with it.

use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, MessagePort, Worker};

/// Where a message can be posted.
pub trait Post {
    fn post_with_transfer(&self, message: &JsValue, transfer: &Array) -> Result<(), JsValue>;
}

impl Post for Worker {
    fn post_with_transfer(&self, message: &JsValue, transfer: &Array) -> Result<(), JsValue> {
        self.post_message_with_transfer(message, transfer)
    }
}

impl Post for MessagePort {
    fn post_with_transfer(&self, message: &JsValue, transfer: &Array) -> Result<(), JsValue> {
        self.post_message_with_transferable(message, transfer)
    }
}

impl Post for DedicatedWorkerGlobalScope {
    fn post_with_transfer(&self, message: &JsValue, transfer: &Array) -> Result<(), JsValue> {
        self.post_message_with_transfer(message, transfer)
    }
}

/// Posts the value; `extra` is transferred, not copied.
pub fn post<T: Serialize>(to: &impl Post, value: &T, extra: Option<JsValue>) -> Result<(), JsValue> {
    // Record ids of hostile logs go beyond 2^53.
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_large_number_types_as_bigints(true);
    let message = Array::of1(&value.serialize(&serializer)?);
    let transfer = Array::new();
    if let Some(extra) = extra {
        message.push(&extra);
        transfer.push(&extra);
    }
    to.post_with_transfer(&message, &transfer)
}

/// The value and what was transferred with it.
pub fn receive<T: DeserializeOwned>(event: &MessageEvent) -> Result<(T, JsValue), String> {
    let message: Array = event.data().dyn_into().map_err(|_| "a message is no array".to_owned())?;
    let value = serde_wasm_bindgen::from_value(message.get(0))
        .map_err(|e| format!("a message is not understood: {e}"))?;
    Ok((value, message.get(1)))
}

/// A copy of transferred bytes.
pub fn to_vec(extra: &JsValue) -> Vec<u8> {
    extra.dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec()).unwrap_or_default()
}

/// A copy of so many of them after the first `skip`.
pub fn part_to_vec(extra: &JsValue, skip: u32, n_bytes: u32) -> Vec<u8> {
    let Some(buffer) = extra.dyn_ref::<ArrayBuffer>() else { return Vec::new() };
    let skip = skip.min(buffer.byte_length());
    let n_bytes = n_bytes.min(buffer.byte_length() - skip);
    Uint8Array::new_with_byte_offset_and_length(buffer, skip, n_bytes).to_vec()
}

/// Bytes as a buffer of their own, ready to be transferred.
pub fn to_buffer(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).buffer().into()
}
