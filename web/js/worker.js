// A worker's start. The page makes its script of wasm-bindgen's glue followed by this file.
//
// The first message is `{ module, role }`: the compiled module, and which worker this is to be. The module is
// instantiated at once, without waiting, and its export `<role>_worker` is called, which has to register the worker's
// message handler before it returns. So what the page posts next is still in the queue, and nothing gets lost.
// The answer `{ ready: role }` is for boot.js, which keeps it from the page's own handlers.
//
// Whatever goes wrong, now or later, reaches the page as an `error` event of the Worker.
"use strict";

self.addEventListener("message", ({ data: { module, role } }) => {
  wasm_bindgen.initSync({ module });
  wasm_bindgen[`${role}_worker`]();
  self.postMessage({ ready: role });
}, { once: true });

// A trap within a promise would stay in the worker: tell the page, as for any other death.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  self.reportError(event.reason);
});
