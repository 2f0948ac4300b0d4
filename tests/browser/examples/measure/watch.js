// Runs in the page before any script of its own, and notes when what happened. Times are in milliseconds.
"use strict";

{
  const now = () => performance.now();
  const watch = { tasks: [], readMs: 0, parseMs: 0, acted: 0, asked: {}, heard: {}, blankMs: 0 };
  globalThis.watch = watch;

  addEventListener("drop", () => {
    if (watch.dropped) return void (watch.droppedMore = now());
    watch.dropped = now();
    // A look at each frame would make frames where there is nothing new to draw.
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  }, true);
  // What a person does, from which waiting counts.
  for (const kind of ["click", "input"]) addEventListener(kind, () => { watch.acted = now(); }, true);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) watch.tasks.push([startTime, duration]);
  }).observe({ type: "longtask" });

  // Looks whether the first sessions are there, and all of them, sorted; what counts is the frame that shows them.
  function look(_, observer) {
    const of = (id) => document.getElementById(id)?.dataset ?? {};
    if (!watch.first && document.querySelector("#sessions .grid-row[data-session]")) stamp("first");
    const isAnswered = watch.asked.number === watch.heard.number && watch.first;
    if (!isAnswered || of("page").state !== "done" || of("shown").total !== of("loaded").sessions) return;
    observer.disconnect();
    stamp("done");
  }

  function stamp(name) {
    watch[name] = now();
    requestAnimationFrame(() => { watch[name] = now(); });
  }

  // The longest task of the page's thread while it read.
  watch.longest = () => Math.max(0, ...watch.tasks
    .filter(([start, duration]) => start + duration > watch.dropped && start < (watch.done ?? Infinity))
    .map(([, duration]) => duration));

  for (const [{ prototype }, name] of [[Blob, "arrayBuffer"], [ReadableStreamBYOBReader, "read"]]) {
    const read = prototype[name];
    prototype[name] = async function (...args) {
      const start = now();
      const bytes = await read.apply(this, args);
      watch.readMs += now() - start;
      return bytes;
    };
  }

  // A message is an array: first a variant, `{ Name: fields }` or "Name", then what is transferred with it.
  const variant = (message) => typeof message === "string" ? [message, {}] : Object.entries(message)[0];

  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      this.nGiven = 0;
      if (options.name === "case") watch.case = this;
      this.addEventListener("message", (event) => Array.isArray(event.data) && heard(this, ...variant(event.data[0])));
    }

    postMessage(message, transfer) {
      if (Array.isArray(message)) posted(this, ...variant(message[0]));
      super.postMessage(message, transfer);
    }
  };

  function posted(worker, name, fields) {
    if (name === "Batch" && worker.nGiven++ === 0) worker.since = now();
    if (name === "Ask" && fields.ask.Rows) watch.asked = { number: fields.number, at: now() };
  }

  function heard(worker, name, fields) {
    if (name === "Parsed" && --worker.nGiven === 0) watch.parseMs += now() - worker.since;
    if (name === "Merged") {
      watch.mergedAt = now();
      watch.merged?.();
    }
    if (name === "Answer" && fields.answer.Rows) watch.heard = { number: fields.number, at: now() };
  }

  // Milliseconds from the last click or key until a frame shows what it asks for.
  watch.answered = () => new Promise((resolve) => {
    (function look() {
      const { acted, asked, heard } = watch;
      const isThere = asked.at >= acted && heard.number === asked.number;
      requestAnimationFrame(isThere ? () => resolve(now() - acted) : look);
    })();
  });

  // The longest time in which rows in view were awaited, from now on until it is asked for.
  watch.blank = () => {
    let since = null;
    watch.blankMs = 0;
    const mine = watch.looker = {};
    (function look() {
      if (watch.looker !== mine) return;
      const isBlank = document.querySelector("#sessions .grid-row-awaited") !== null;
      if (!isBlank) since = null;
      else since ??= now();
      if (since !== null) watch.blankMs = Math.max(watch.blankMs, now() - since);
      requestAnimationFrame(look);
    })();
  };

  // Hands blocks of a file to the case worker as a parse worker does. The file: for each block, its length as eight
  // bytes, then the block.
  watch.feed = async (file, nSources) => {
    const { port1: toCase, port2: ofCase } = new MessageChannel();
    watch.case.postMessage(["Connect", ofCase], [ofCase]);
    const opening = { is_log: true, first_chunk_offset: 4096n, n_chunks: 1, is_dirty: false };
    for (let n = 0; n < nSources; n++) {
      const source = { file: 1000 + n, path: `SRV0${n}.evtx`, bytes: 1n << 30n, opening };
      watch.case.postMessage([{ AddSource: source }], []);
    }
    let nUnderWay = 0, wake = () => {};
    watch.merged = () => { nUnderWay--; wake(); };
    for (let at = 0, batch = 1000000; at < file.size; batch++) {
      const head = new DataView(await file.slice(at, at + 8).arrayBuffer());
      const from = at + 8, to = from + Number(head.getBigUint64(0, true));
      const block = await file.slice(from, to).arrayBuffer();
      at = to;
      while (nUnderWay >= 4) await new Promise((resolve) => { wake = resolve; });
      nUnderWay++;
      const source = new DataView(block).getUint32(8, true);
      toCase.postMessage([{ batch, source, first_chunk: 0, n_chunks: 32 }, block], [block]);
    }
    while (nUnderWay > 0) await new Promise((resolve) => { wake = resolve; });
    for (let source = 1; source <= nSources; source++) {
      watch.case.postMessage([{ EndSource: { source } }], []);
    }
    watch.case.postMessage(["Settle"], []);
  };
}
