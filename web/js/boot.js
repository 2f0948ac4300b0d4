// The page's start: checks the browser, unpacks the module, and calls its export `page()`.
//
// What Rust finds here, as `globalThis.sessionscope`:
//   spawn(role)     starts a worker and returns the Worker at once; messages may be posted to it at once.
//                   `role` is "parse" or "case": the module's export `<role>_worker` runs in it (see worker.js).
//                   The Worker gets one event `ready` when that has returned, and `error` when it dies, early or late.
//   fail(sentence)  shows why the page cannot go on, above everything else.
// `page()` may render into #app as it likes; what is there before is replaced.
"use strict";

(() => {
  const NEEDS = "It needs Firefox 113, Chrome or Edge 97, Safari 16.4, or later.";
  const text = (id) => document.getElementById(id).textContent;

  function fail(sentence) {
    const shown = document.getElementById("failure");
    // The first reason is the cause; what follows from it would hide it.
    if (!shown.hidden) return;
    shown.textContent = sentence;
    shown.hidden = false;
    document.getElementById("starting")?.remove();
  }

  function missing() {
    if (typeof WebAssembly !== "object") return "cannot run WebAssembly, or has it switched off";
    if (typeof DecompressionStream !== "function") return "cannot decompress data (DecompressionStream)";
    if (typeof Worker !== "function") return "cannot run work in the background (Worker)";
    return null;
  }

  // The text is as long as the program: it is taken out of the page so that its memory is free again.
  async function unpack() {
    const holder = document.getElementById("module");
    const packed = bytes(atob(holder.textContent));
    holder.remove();
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return WebAssembly.compile(await new Response(unpacked).arrayBuffer());
  }

  function bytes(binary) {
    const found = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) found[i] = binary.charCodeAt(i);
    return found;
  }

  let anyReady = false;

  function spawner(module) {
    const script = new Blob([text("glue"), "\n", text("worker")], { type: "text/javascript" });
    const url = URL.createObjectURL(script);
    return (role) => {
      try {
        const worker = new Worker(url, { name: role });
        watchStart(worker, role);
        worker.postMessage({ module, role });
        return worker;
      } catch (error) {
        failToWork(error);
        throw error;
      }
    };
  }

  // Registered before any handler of the page, so the page never sees the message that is not for it.
  function watchStart(worker, role) {
    const onMessage = (event) => {
      if (event.data?.ready !== role) return;
      event.stopImmediatePropagation();
      worker.removeEventListener("message", onMessage);
      anyReady = true;
      worker.dispatchEvent(new Event("ready"));
    };
    worker.addEventListener("message", onMessage);
    worker.addEventListener("error", (event) => failToWork(event.message));
    worker.addEventListener("messageerror", () => failToWork("the program could not be handed over"));
  }

  // Where one worker has started, others can: then a death is the page's to handle, and no verdict on the browser.
  function failToWork(reason) {
    if (anyReady) return;
    fail(`Sessionscope cannot start: this browser does not let it work in the background (${reason}). ${NEEDS}`);
  }

  async function start() {
    const lack = missing();
    if (lack) return fail(`Sessionscope cannot start: this browser ${lack}. ${NEEDS}`);
    const module = await unpack();
    globalThis.sessionscope = { spawn: spawner(module), fail };
    await wasm_bindgen({ module_or_path: module });
    wasm_bindgen.page();
  }

  start().catch((error) => {
    fail(`Sessionscope cannot start: ${error}. ${NEEDS}`);
    throw error;
  });
})();
