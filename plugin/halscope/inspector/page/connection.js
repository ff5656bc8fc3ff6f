// The WebSocket to Halscope. See docs/reference/inspector.md for its messages.
import { effect } from "@preact/signals";
import { ended, frozen, host, paint, progress, STARTING, status, takeFrame, trouble } from "./memory.js";
import { onShown } from "./visible.js";

/** @type {WebSocket | null} */
let socket = null;
let lastId = 0;
/** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
const waiting = new Map();
/** Questions open at once. The server takes 8 of a page; the others are for orders to the emulator. */
const MOST_OPEN = 6;
/** Questions that wait until others are answered. @type {(() => void)[]} */
const queued = [];
/** So many of those that nobody waits for are open at once, and none while others wait. */
const MOST_LATER = 2;
/** Those that nobody waits for. @type {(() => void)[]} */
const later = [];
let unseen = 0; // frames that were taken in and are not painted yet
let due = false;

/** Connect, and again whenever the connection is lost: the emulator or Halscope may come back. */
export function connect() {
  const token = location.hash.slice(1);
  socket = new WebSocket(`ws://${location.host}/live?token=${encodeURIComponent(token)}`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => ([trouble.value, status.value] = ["", STARTING]);
  socket.onmessage = (event) => (typeof event.data === "string" ? hear(JSON.parse(event.data)) : see(event.data));
  socket.onclose = (event) => {
    socket = null;
    kept.length = 0; // the next connection begins with a whole frame
    status.value = event.reason || "Halscope does not answer; start it again, or open the address that it prints";
    for (const { reject } of waiting.values()) reject(new Error("the connection was lost"));
    waiting.clear();
    sendQueued(); // each is refused: nothing is connected
    setTimeout(connect, event.code === 1008 ? 10_000 : 1000);
  };
}

/**
 * Ask something. Rejects with the server's reason. While many questions are open, further ones wait for their answers.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 * @param {boolean} atOnce whether it may not wait
 * @returns {Promise<any>}
 */
export function ask(type, fields = {}, atOnce = false) {
  return new Promise((resolve, reject) => {
    const send = sending(type, fields, resolve, reject);
    if (atOnce || waiting.size < MOST_OPEN) send();
    else queued.push(send);
  });
}

/**
 * Ask something that nobody waits for, such as one of many small pictures: all that `ask` asks meanwhile comes first.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 * @returns {Promise<any>}
 */
export function askLater(type, fields = {}) {
  return new Promise((resolve, reject) => {
    later.push(sending(type, fields, resolve, reject));
    sendQueued();
  });
}

/** @param {string} type @param {Record<string, unknown>} fields @param {(value: any) => void} resolve @param {(error: Error) => void} reject */
function sending(type, fields, resolve, reject) {
  return () => {
    const id = ++lastId;
    if (tell(type, { ...fields, id })) waiting.set(id, { resolve, reject });
    else reject(new Error("not connected"));
  };
}

/**
 * Send a file for a question, which names it by what is returned. Rejects with the server's reason.
 * @param {File} file
 * @returns {Promise<string>}
 */
export async function upload(file) {
  const headers = { authorization: `Bearer ${location.hash.slice(1)}` };
  const answer = await fetch("/upload", { method: "POST", headers, body: file });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).upload;
}

/** Answers of `askOnce` that are awaited. @type {Map<string, Promise<any>>} */
const once = new Map();

/**
 * Ask something that is asked again and again: while the same question waits for its answer, it is not asked twice, since
 * the server answers only the newer one of two.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 * @returns {Promise<any>}
 */
export function askOnce(type, fields = {}) {
  const key = JSON.stringify([type, fields]), open = once.get(key);
  if (open !== undefined) return open;
  const answer = ask(type, fields).finally(() => once.delete(key));
  once.set(key, answer);
  return answer;
}

/** Send the questions that waited, as far as there is room. */
function sendQueued() {
  while (queued.length > 0 && waiting.size < MOST_OPEN) queued.shift()?.();
  while (later.length > 0 && queued.length === 0 && waiting.size < MOST_LATER) later.shift()?.();
}

/**
 * Say something that needs no answer. Returns whether it was sent.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 */
export function tell(type, fields = {}) {
  if (socket === null || socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify({ type, ...fields }));
  return true;
}

/**
 * Ask something of the emulator, and show the reason where it is refused.
 * @param {string} type
 * @param {Record<string, unknown>} fields
 */
export async function order(type, fields = {}) {
  try {
    await ask(type, fields, true);
    trouble.value = "";
    return true;
  } catch (error) {
    trouble.value = /** @type {Error} */ (error).message;
    return false;
  }
}

/** @type {Map<string, (message: any) => void>} */
const hearers = new Map();

/**
 * Call a function with each message of a type, such as a notice of the server.
 * @param {string} type
 * @param {(message: any) => void} hearer
 */
export function onMessage(type, hearer) {
  hearers.set(type, hearer);
}

/** @param {any} message */
function hear(message) {
  if (message.type === "answer") {
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    sendQueued();
    if (one === undefined) {
      if (message.error) trouble.value = message.error;
    } else if (message.error === undefined) one.resolve(message.value);
    else one.reject(new Error(message.error));
  } else if (message.type === "hello") {
    host.value = message;
    ended.value = "";
    status.value = "connected";
  } else if (message.type === "progress") {
    progress.value = message.done < message.total ? message : null;
  } else if (message.type === "failed") {
    trouble.value = `${message.job}: ${message.error}`;
    if (progress.peek()?.job === message.job) progress.value = null;
  } else if (message.type === "ended") {
    ended.value = message.reason;
  } else {
    hearers.get(message.type)?.(message);
  }
}

/** Frames that came while the page keeps what it shows; without its "seen" the server sends no more than two. @type {ArrayBuffer[]} */
const kept = [];
effect(() => {
  if (!frozen.value) for (const data of kept.splice(0)) see(data);
});

/** @param {ArrayBuffer} data */
function see(data) {
  if (frozen.peek()) {
    kept.push(data);
    return;
  }
  const length = new DataView(data).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  takeFrame(head, new Uint8Array(data, 4 + length));
  unseen++;
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    show();
  });
}

/** Paint what was taken in, and ask for more. */
function show() {
  paint();
  for (; unseen > 0; unseen--) tell("seen"); // what has come while frozen is not counted yet
}
// No animation frames come while the page is hidden, so at most two frames have: the newest one is asked for at once.
onShown(show);
