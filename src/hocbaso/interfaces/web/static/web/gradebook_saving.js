/* Batches to the server and what they answer; what is unsaved stays in the queue of this machine. Every batch has
   a key: sent again after a broken connection or a reload it is answered from the first time, never done twice. */
import { $, book, cells, cellOf, data, form, having, isDirty, keyOf, late, make, notice, paint, paintLine, paintRail, say, told, unsaved } from "./gradebook_cells.js";
import { Queue } from "./gradebook_queue.js";

const IDLE = 2000, MANY = 200, TIMEOUT = 20000;
const queue = new Queue({ user: data.user, page: data.url, key: data.queueKey });
let batch = null; // {key, cells}: on its way, or sent without an answer so far
let inFlight = false, leaving = false, pause = 2, timer = 0, retryTimer = 0;

export const token = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] || form.elements.csrfmiddlewaretoken.value;
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

/* ── what is kept ── */
export function keep() {
  if (leaving) return Promise.resolve();
  const drafts = Object.fromEntries(unsaved().map((c) => [c.id, [c.el.value, c.seen, c.version]]));
  for (const [id, kept] of late) drafts[id] = [kept.text, kept.seen, kept.version];
  return queue.keep(Object.keys(drafts).length || batch ? { drafts, batch } : null);
}
export async function restore() {
  await queue.ready();
  const kept = await queue.load();
  if (!kept) return;
  batch = kept.batch;
  let count = 0;
  for (const [id, [text, seen, version]] of Object.entries(kept.drafts)) {
    const cell = cells.get(id);
    if (cell && cell.seen !== text && !cell.touched) {
      Object.assign(cell, { seen, version, state: "waiting" }); // compared with what was seen then
      cell.el.value = cell.atFocus = text;
      paint(cell);
      count += 1;
    } else if (!cell && $(id) && $(id).value !== text) keepLate(id, text, seen, version);
  }
  if (count) notice(say("restored", count));
  if (count || batch) schedule(0);
}
function keepLate(id, text, seen, version) {
  const tr = $(id).closest("tr"), column = data.columns[keyOf(id)];
  if (tr && column) late.set(id, { text, seen, version, words: say("row", tr.dataset.no, column.label) });
}
/** A text that came too late is given up by the teacher. */
export function drop(id) {
  const cell = cells.get(id);
  late.delete(id);
  if (cell) book.act.restoreStored(cell);
  keep();
  document.activeElement?.blur();
  paintLine();
  paintRail();
}

/* ── sending ── */
export function schedule(wait) {
  clearTimeout(timer);
  timer = setTimeout(flush, wait);
}
function gather() {
  const going = having("waiting").filter(book.act.ready).slice(0, MANY);
  if (!going.length) return null;
  return { key: newKey(), cells: going.map((c) => ({ cell: c.id, text: c.el.value, seen: c.seen, version: c.version })) };
}
export async function flush(hidden = false) {
  clearTimeout(timer);
  if (inFlight) return;
  batch ||= gather();
  if (!batch) return;
  inFlight = true;
  for (const sent of batch.cells) {
    const cell = cells.get(sent.cell);
    if (!cell) continue;
    cell.sent = sent.text;
    if (cell.el.value === sent.text) { cell.state = "saving"; paint(cell); }
  }
  paintLine();
  const kept = keep();
  if (hidden !== true) await kept; // on the disk before it is on the wire
  const [response, answer] = await send(JSON.stringify({ user: data.user, key: batch.key, cells: batch.cells }), hidden === true);
  inFlight = false;
  const going = batch.cells;
  if (response?.ok && answer) { batch = null; arrived(going, answer); } else failed(going, response, answer);
  keep();
  paintLine();
  paintRail();
  if (response?.ok && having("waiting").length) schedule(IDLE);
}
async function send(body, hidden) {
  const stop = new AbortController(), limit = setTimeout(() => stop.abort(), TIMEOUT);
  try {
    const response = await fetch(data.url, { method: "POST", body, signal: stop.signal, keepalive: hidden && body.length < 60000,
      credentials: "same-origin", headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() } });
    return [response, await response.json().catch(() => null)];
  } catch { return [null, null]; } finally { clearTimeout(limit); }
}
function arrived(going, answer) {
  book.savedAt = answer.at;
  pause = 2;
  book.retryIn = 0;
  notice("", null, "");
  told(answer); // before the rows are painted anew
  for (const sent of going) {
    const got = answer.cells[sent.cell], cell = cells.get(sent.cell);
    if (!cell && got && got.state !== "saved" && $(sent.cell)) keepLate(sent.cell, sent.text, sent.seen, sent.version);
    if (cell && got) take(cell, sent, got);
  }
}
function take(cell, sent, got) {
  const changed = cell.el.value !== sent.text;
  if (got.state === "saved" && got.version < cell.version) got = { ...got, text: cell.seen, version: cell.version }; // an answer from before a reload
  cell.state = got.state === "saved" ? "" : got.state;
  Object.assign(cell, { short: got.short, message: got.message });
  if (got.state === "saved") {
    Object.assign(cell, { seen: got.text, version: got.version, echo: null });
    if (!changed && got.text !== sent.text) {
      if (cell.el === document.activeElement) cell.echo = sent.text;
      else cell.el.value = got.text;
    }
  } else if (got.state === "conflict") Object.assign(cell, { theirs: got.text, theirVersion: got.version, by: got.by, at: got.at });
  else if (got.state === "asked") cell.proposal = got.text;
  else if (got.state === "locked") cell.seen = got.text;
  if (changed) cell.state = isDirty(cell) ? "waiting" : "";
  paint(cell);
}
function failed(going, response, answer) {
  for (const sent of going) {
    const cell = cells.get(sent.cell);
    if (cell) { cell.state = isDirty(cell) ? "waiting" : ""; paint(cell); }
  }
  book.retryIn = 0;
  const code = response ? response.status : 0;
  if (code >= 400 && code < 500) batch = null; // refused as a whole: nothing of it was done
  if (code === 401) return book.act.signedOut(answer?.message || say("signedOut"));
  if (code >= 400 && code < 500 && code !== 408 && code !== 429) {
    const href = `${data.choosePost}?tiep=${encodeURIComponent(data.url)}`;
    const change = make("a", { className: "button button-small", href, textContent: say("changePost"), onclick: () => { leaving = true; } });
    return notice(say("serverSaid", answer?.message || code), change);
  }
  book.retryKey = code ? "trouble" : "waiting";
  book.retryIn = pause;
  pause = Math.min(60, pause * 2);
  clearTimeout(retryTimer);
  retryTimer = setTimeout(flush, book.retryIn * 1000);
  return undefined;
}
export function goOn() {
  pause = 2;
  clearTimeout(retryTimer);
  flush();
}

/* ── leaving ── */
async function signOut(event) {
  event.preventDefault();
  await flush();
  const count = unsaved().length + late.size;
  if (count && !confirm(say("signOut", count))) return;
  leaving = true;
  await queue.wipe();
  event.target.submit();
}
export function listen() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const cell = cellOf(document.activeElement);
    if (cell) book.act.entered(cell);
    for (const one of having("refused", "asked")) { one.state = "waiting"; paint(one); }
    if (having("waiting").length) flush();
    else if (!book.savedAt) $("dong-luu").textContent = say("nothing");
  });
  addEventListener("online", goOn);
  document.addEventListener("visibilitychange", () => flush(document.visibilityState === "hidden"));
  for (const out of document.querySelectorAll(`form[action="${data.signOut}"]`)) out.addEventListener("submit", signOut);
  addEventListener("beforeunload", (event) => {
    if (leaving || !unsaved().length) return;
    event.preventDefault();
    event.returnValue = "";
  });
  Object.assign(book.act, { drop });
}
