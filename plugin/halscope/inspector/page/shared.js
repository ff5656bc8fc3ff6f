// What is pointed at, in all windows of the page: what one shows, the others mark.
import { effect } from "@preact/signals";
import { hovered, pinned } from "./selection.js";
import { opened } from "./views/rom_data.js";

const channel = new BroadcastChannel("halscope");
const signals = { hovered, pinned, opened };
/** What was told or heard last, as JSON: only changes are told, and what was heard is not told again. */
const last = /** @type {Record<string, string>} */ ({ hovered: "null", pinned: "null", opened: "null" });

for (const [name, one] of Object.entries(signals)) {
  effect(() => {
    const text = JSON.stringify(one.value);
    if (text === last[name]) return;
    last[name] = text;
    channel.postMessage([name, text]);
  });
}

channel.onmessage = (/** @type {MessageEvent} */ event) => {
  const [name, text] = /** @type {[string, string]} */ (event.data);
  if (text === last[name]) return;
  last[name] = text;
  /** @type {Record<string, import("@preact/signals").Signal<any>>} */ (signals)[name].value = JSON.parse(text);
};
