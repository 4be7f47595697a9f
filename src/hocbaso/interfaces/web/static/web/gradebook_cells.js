/* The cells of the page, their states, and everything that shows them: icons, "Tình trạng", the status line, the rail.
   Every word comes from the data block of the page. */
export const $ = (id) => document.getElementById(id);
export const data = JSON.parse($("du-lieu").textContent);
export const table = $("luoi"), form = $("bang"), root = table.closest("main"), rail = $("viec").closest("aside");
export const say = (key, ...args) => data.words[key].replace(/\{(\d)\}/g, (_, i) => args[i]);
export const shown = (text) => (text === "" ? say("empty") : text);
const ICONS = { saving: "sync", waiting: "clock", refused: "cross", asked: "warn", conflict: "differ", locked: "lock" };
const COLOURS = { saving: "busy", waiting: "warn", refused: "stop", asked: "warn", conflict: "warn", locked: "idle" };
const MOST_ISSUES = 12;

/** What the modules share: the present cell, the reader's choices, what waits for another time to be told. */
export const book = { current: null, byColumn: true, quick: false, savedAt: "", retryIn: 0, retryKey: "waiting", act: {} };

/* ── cells ── */
export const cells = new Map();
export const rows = [...table.tBodies[0].rows];
export const grid = rows.map((tr) => [...tr.querySelectorAll(".cell > input, .cell > textarea")]);
export const keyOf = (id) => id.slice(id.indexOf("-", 2) + 1);
for (const [id, [version, seen]] of Object.entries(JSON.parse($("ban-dau").value))) {
  const el = $(id), tr = el && el.closest("tr");
  if (!el) continue;
  const answered = [...el.parentElement.classList].some((c) => /^is-(refused|asked|conflict)$/.test(c));
  cells.set(id, { id, el, td: el.parentElement, tr, em: tr.dataset.em, no: tr.dataset.no, key: keyOf(id), column: data.columns[keyOf(id)],
    seen, version, echo: null, state: answered ? "waiting" : "", short: "", message: "", atFocus: el.value });
}
export const late = new Map(); // typed before the place was locked: id → {text, seen, version, words}
export const cellOf = (el) => (el ? cells.get(el.id) : undefined);
export const isText = (cell) => cell.column.kind === "text";
export const place = (cell) => say("row", cell.no, cell.column.label);
export const isDirty = (cell) => cell.el.value !== cell.seen && cell.el.value !== cell.echo;
export const having = (...states) => [...cells.values()].filter((c) => states.includes(c.state));
export const unsaved = () => having("waiting", "saving", "refused", "asked", "conflict", "locked");
export const canEnter = (el) => el && !el.readOnly && el.offsetParent !== null;

/* ── making ── */
export const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
};
export const make = (tag, props = {}, ...children) => {
  const el = Object.assign(document.createElement(tag), props);
  el.append(...children);
  return el;
};
export const status = (colour, shape, ...words) => make("span", { className: `status ${colour}` }, icon(shape), make("span", {}, ...words));
export const button = (words, act, primary = false) =>
  make("button", { type: "button", className: `button button-small${primary ? "" : " button-secondary"}`, textContent: words, onclick: act });
const link = (cell) => make("a", { href: `#${cell.id}`, textContent: place(cell) });

/* ── showing ── */
export function paint(cell) {
  for (const state of Object.keys(ICONS)) cell.td.classList.toggle(`is-${state}`, cell.state === state);
  cell.td.querySelector(".icon")?.remove();
  if (cell.state) cell.td.prepend(icon(ICONS[cell.state]));
  const wrong = ["refused", "asked", "conflict"].includes(cell.state);
  if (wrong) cell.el.setAttribute("aria-invalid", "true");
  else cell.el.removeAttribute("aria-invalid");
  if (wrong || cell.state === "locked") cell.el.setAttribute("aria-describedby", `tt-${cell.em}`);
  else cell.el.removeAttribute("aria-describedby");
  paintRow(cell.tr);
}

const originalNotes = new Map(rows.map((tr) => [tr, [...tr.querySelector(".col-note").childNodes]]));
const updated = new Set(); // rows of which the server has told notes since
function paintRow(tr) {
  const note = tr.querySelector(".col-note"), em = tr.dataset.em;
  const mine = grid[rows.indexOf(tr)].map(cellOf).filter(Boolean);
  const worst = ["conflict", "refused", "asked", "locked", "waiting", "saving"].find((s) => mine.some((c) => c.state === s));
  tr.classList.toggle("is-stale", Boolean(worst));
  if (worst) {
    const cell = mine.find((c) => c.state === worst);
    const words = { waiting: say("waitingRow", cell.column.label), saving: say("savingRow") }[worst] || `${cell.column.label}: ${cell.short}`;
    note.replaceChildren(status(COLOURS[worst], ICONS[worst], words));
  } else if (updated.has(em) || mine.some((c) => c.touched)) {
    note.replaceChildren(...(data.notes[em] || []).slice(0, 1).map((n) => status(n.kind, n.icon, n.short)));
  } else note.replaceChildren(...originalNotes.get(tr));
  note.title = note.textContent;
}

/** What the server says of rows after a save: warnings, averages; of columns: locks that fell meanwhile. */
export function told(answer) {
  for (const [em, notes] of Object.entries(answer.notes)) {
    updated.add(em);
    if (notes.length) data.notes[em] = notes;
    else delete data.notes[em];
  }
  for (const [em, averages] of Object.entries(answer.averages || {}))
    for (const [key, text] of Object.entries(averages)) { const td = $(`tb-${em}-${key}`); if (td) td.textContent = text; }
  for (const [key, words] of Object.entries(answer.locks || {})) lockColumn(key, words);
}
function lockColumn(key, words) {
  const head = $(`cot-${key}`);
  if (!head || head.classList.contains("is-shut")) return;
  head.classList.add("is-shut");
  head.title = words;
  head.prepend(icon("lock"));
  head.append(make("span", { className: "visually-hidden", textContent: ` (${words})` }));
  for (const cell of cells.values()) {
    if (cell.key !== key || cell.state || cell.el === document.activeElement) continue;
    cell.el.readOnly = true;
    cell.td.classList.add("is-locked");
  }
  const list = $("cot-khoa");
  if (list) { list.hidden = false; list.append(make("p", { textContent: `${data.columns[key].label}: ${words}` })); }
}

let lineTimer = 0;
export function paintLine() {
  clearTimeout(lineTimer);
  lineTimer = 0;
  const parts = [];
  const count = (colour, shape, key, n) => { if (n) parts.push([colour, shape, say(key, n)]); };
  if (book.savedAt) parts.push(["ok", "check", say("saved", book.savedAt)]);
  count("busy", "sync", "saving", having("saving").length);
  count("warn", "clock", "unsent", having("waiting").length);
  count("stop", "cross", "refused", having("refused").length);
  count("warn", "warn", "asked", having("asked").length);
  count("warn", "differ", "conflicts", having("conflict").length);
  count("stop", "lock", "lateCells", having("locked").length + late.size);
  if (book.retryIn) parts.push(["warn", "sync", say(book.retryKey, book.retryIn)]);
  const line = $("dong-luu"), words = parts.map((p) => p[2]).join(" · ");
  if (parts.length && line.dataset.words !== words) {
    line.dataset.words = words;
    line.replaceChildren(...parts.map(([c, s, w]) => status(c, s, w)));
  }
}
export const paintLineSoon = () => { if (!lineTimer) lineTimer = setTimeout(paintLine, 700); }; // a live region: not at every key

let pressed = false, owed = false;
export function paintRail() {
  owed = pressed || rail.contains(document.activeElement); // never under somebody's pointer or focus
  if (owed) return;
  const list = [];
  for (const cell of having("conflict", "refused", "asked", "locked")) list.push(issueOf(cell));
  for (const [id, kept] of late) list.push(issue("stop", "lock", [`${kept.words}: “${shown(kept.text)}”. ${say("lateKept")}`], [...unlock(id), button(say("drop"), () => book.act.drop(id))]));
  for (const [em, notes] of Object.entries(data.notes)) {
    const tr = rows.find((one) => one.dataset.em === em);
    for (const n of notes) {
      const goto = cells.get(n.target);
      list.push(issue(n.kind, n.icon, [goto ? link(goto) : say("line", tr.dataset.no), `: ${n.long}`]));
    }
  }
  $("can-xem").textContent = list.length ? say("fix", list.length) : say("fixNone");
  const more = list.length - MOST_ISSUES;
  $("viec").replaceChildren(...list.slice(0, MOST_ISSUES), ...(more > 0 ? [make("p", { textContent: say("more", more) })] : []));
  paintBlanks();
}
function issue(colour, shape, words, acts = []) {
  const box = make("div", { className: "issue" }, status(colour, shape, ...words));
  if (acts.length) box.append(make("p", { className: "button-row button-row-tight" }, ...acts));
  return box;
}
function issueOf(cell) {
  const acts = [];
  if (cell.state === "conflict") acts.push(button(say("choose"), () => book.act.openConflict(cell)));
  if (cell.state === "asked") acts.push(button(say("take", cell.proposal), () => book.act.put(cell, cell.proposal)));
  if (cell.state === "locked") acts.push(...unlock(cell.id), button(say("drop"), () => book.act.drop(cell.id)));
  return issue(COLOURS[cell.state], ICONS[cell.state], [link(cell), `: ${cell.message}`], acts);
}
const unlock = (id) => (data.unlock ? [make("a", { className: "button button-small button-secondary", href: `${data.unlock}${keyOf(id)}`, textContent: say("askUnlock") })] : []);
function paintBlanks() {
  if (!$("con-trong")) return;
  const empty = {};
  for (const cell of cells.values()) if (cell.column.required && cell.el.value.trim() === "") (empty[cell.key] ||= []).push(cell);
  const total = Object.values(empty).reduce((n, some) => n + some.length, 0);
  $("con-trong").textContent = total ? say("blanks", total) : say("blankNone");
  $("o-trong").replaceChildren(...Object.values(empty).slice(0, 8).map((some) =>
    make("p", {}, make("a", { href: `#${some[0].id}`, textContent: say("blank", some[0].column.label, some.length) }))));
}
const paintOwed = () => setTimeout(() => { pressed = false; if (owed) paintRail(); });
rail.addEventListener("pointerdown", () => { pressed = true; });
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, paintOwed);
rail.addEventListener("focusout", paintOwed);

/** Something the reader has to know at once, with one way on; empty words take it away. ``from``: who may take it away. */
export function notice(words, act = null, from = "") {
  const box = $("bao"), [text, acts] = box.querySelectorAll("p");
  if (!words && (box.dataset.from || "") !== from) return;
  box.dataset.from = from;
  box.hidden = !words;
  text.textContent = words || "";
  acts.replaceChildren(...(act ? [act] : []));
}
