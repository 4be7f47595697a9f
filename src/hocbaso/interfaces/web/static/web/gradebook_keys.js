/* Typing, moving, undoing. The keys are those of the help text below the rail. */
import { fillIn, codeBefore, letterOf, read } from "./gradebook_grammar.js";
import { $, book, canEnter, cellOf, cells, data, grid, having, isDirty, isText, make, notice, paint, paintLineSoon, paintRail, place, root, rows, say, table } from "./gradebook_cells.js";
import { flush, keep, schedule } from "./gradebook_saving.js";

const IDLE = 2000, TEXT_IDLE = 6000, LONGEST = 5000, MANY_SAME = 5, MOST_UNDO = 200;

/* ── typing ── */
export function typed(cell) {
  cell.touched = true;
  cell.state = isDirty(cell) ? "waiting" : "";
  paint(cell);
  paintLineSoon();
  keep();
  if (cell.state) schedule(isText(cell) && cell.el === document.activeElement ? TEXT_IDLE : IDLE);
}
/** What stands in the cell becomes what will count; what is surely wrong is said at once. */
function settle(cell) {
  const value = cell.el.value;
  if (isText(cell) || !isDirty(cell)) return;
  const found = read(cell.column, value, book.quick);
  if (found.text !== value && !found.bad) { cell.el.value = found.text; typed(cell); }
  if (!found.bad) return;
  Object.assign(cell, { state: "refused", short: /[.,]\d\d/.test(value) ? say("oneDecimal") : cell.column.hint, message: say("badText", value.trim(), cell.column.rule) });
  paint(cell);
  paintLineSoon();
}
/** Before a batch goes: a cell that is still being written is sent only when its text is whole. */
export function ready(cell) {
  if (isText(cell) || cell.el !== document.activeElement) return true;
  const found = read(cell.column, cell.el.value, book.quick);
  if (found.bad && !found.partial) settle(cell);
  if (found.partial || found.bad) return false;
  if (found.text !== cell.el.value) cell.el.value = found.text;
  return true;
}
function canonical(cell) {
  const letter = letterOf(cell.column.letters, cell.el.value);
  if (letter !== null) cell.el.value = letter; // shown at once: nothing counts that was not seen
}
const undoStack = [];
export function remember(changes) {
  undoStack.push(changes);
  if (undoStack.length > MOST_UNDO) undoStack.shift();
}
function entered(cell) {
  if (cell.el.value !== cell.atFocus) remember([[cell, cell.atFocus]]);
  cell.atFocus = cell.el.value;
}
export function put(cell, text) {
  remember([[cell, cell.el.value]]);
  cell.el.value = cell.atFocus = text;
  typed(cell);
  paintRail();
  focusCell(cell.el);
  flush();
}
/** Many cells at once (paste, fill-down): one step of undo, one batch. */
export function putAll(pairs) {
  remember(pairs.map(([cell]) => [cell, cell.el.value]));
  for (const [cell, text] of pairs) { cell.el.value = cell.atFocus = text; typed(cell); }
  paintRail();
  flush();
}
function undo() {
  const last = undoStack.pop();
  if (!last) return notice(say("undoNone"));
  for (const [cell, before] of last) {
    cell.el.value = cell.atFocus = before;
    typed(cell);
  }
  paintRail();
  notice(say("undone", last.length));
  return focusCell(last[0][0].el);
}
/** A typed text that may not be written any more is given up; what is stored stands again. */
export function restoreStored(cell) {
  cell.el.value = cell.atFocus = cell.seen;
  cell.state = "";
  paint(cell);
}

/* ── the comment bank ── */
export const pupilValues = (cell) => {
  const pupil = data.pupils[cell.em] || ["", ""], rating = $(`o-${cell.em}-${data.rating}`) || $(`tb-${cell.em}-${data.rating}`);
  return { ho_ten: pupil[1], ten: pupil[1].split(" ").at(-1), mon: data.subject, muc: rating ? rating.value ?? rating.textContent : "" };
};
function expand(cell) {
  const el = cell.el, found = data.bank && codeBefore(el.value, el.selectionStart, data.bank);
  if (!found) return;
  cell.expanded = { before: el.value, after: "" };
  el.setRangeText(`${fillIn(found.entry.text, pupilValues(cell))} `, found.start, found.end, "end");
  cell.expanded.after = el.value;
}
function watchSameness(cell) {
  const text = cell.el.value.trim();
  const same = text && [...cells.values()].filter((c) => c.key === cell.key && c.el.value.trim() === text).length;
  notice(same > MANY_SAME ? say("sameText", same) : "", null, "same");
}
const remaining = make("span", { className: "so-con-lai" }); // stands in the cell that is being written
function paintLeft(cell) {
  const left = cell.column.max - cell.el.value.length;
  remaining.textContent = say(left < 0 ? "over" : "left", Math.abs(left));
  remaining.classList.toggle("stop", left < 0);
  if (remaining.parentElement !== cell.td) cell.td.append(remaining);
}

/* ── moving ── */
export function focusCell(el) {
  const cell = cellOf(el), radio = cell && el.offsetParent === null && $(`nhom-${cell.column.group}`);
  if (radio) radio.checked = true;
  el.focus();
}
export function at(el) {
  const row = rows.indexOf(el.closest("tr"));
  return [row, grid[row].indexOf(el)];
}
function step(el, down, right) {
  let [row, column] = at(el);
  do { row += down; column += right; } while (grid[row]?.[column] && !canEnter(grid[row][column]));
  if (!grid[row]?.[column]) return false;
  focusCell(grid[row][column]);
  return true;
}
const line = (cellsOf) => cellsOf.filter(canEnter);
function next(el, back) {
  const order = line(book.byColumn ? grid[0].flatMap((_, c) => grid.map((row) => row[c])) : grid.flat());
  const found = order[order.indexOf(el) + (back ? -1 : 1)];
  if (found) focusCell(found);
  else el.blur();
}
const atStart = (el) => el.selectionStart === 0 && (el.selectionEnd === 0 || (el.tagName === "INPUT" && el.selectionEnd === el.value.length));
const atEnd = (el) => el.selectionEnd === el.value.length && (el.selectionStart === el.value.length || (el.tagName === "INPUT" && el.selectionStart === 0));
function edge(el, event, end) {
  if (el.tagName === "TEXTAREA" && !event.ctrlKey && !(end ? atEnd(el) : atStart(el))) return false;
  const found = line(event.ctrlKey ? grid.flat() : grid[at(el)[0]]).at(end);
  if (found) focusCell(found);
  return true;
}
const KEYS = {
  Enter: (el, e) => { next(el, e.shiftKey); return true; },
  ArrowUp: (el) => (el.tagName === "INPUT" || atStart(el)) && (step(el, -1, 0), true),
  ArrowDown: (el) => (el.tagName === "INPUT" || atEnd(el)) && (step(el, 1, 0), true),
  ArrowLeft: (el) => atStart(el) && step(el, 0, -1),
  ArrowRight: (el) => atEnd(el) && step(el, 0, 1),
  Home: (el, e) => edge(el, e, 0),
  End: (el, e) => edge(el, e, -1),
  Escape: (el) => {
    const cell = cellOf(el);
    if (!cell) return false;
    el.value = el.value === cell.atFocus ? cell.seen : cell.atFocus;
    cell.atFocus = el.value;
    typed(cell);
    paintRail();
    el.select();
    return true;
  },
  F2: (el) => { const cell = cellOf(el); if (cell?.state === "conflict") book.act.openConflict(cell); else book.act.openHistory(el); return true; },
  F4: (el) => { const cell = cellOf(el); if (!cell || !isText(cell) || !data.bank) return false; book.act.openBank(cell); return true; },
};
function onKey(event) {
  const el = event.target, cell = cellOf(el);
  if (event.isComposing || event.altKey || event.metaKey || !el.matches("input, textarea")) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey && (key === "z" || key === "d")) {
    if (key === "z" && cell && isText(cell) && el.value !== cell.atFocus) {
      if (el.value !== cell.expanded?.after) return; // the browser undoes typing in a text
      el.value = cell.expanded.before;
      typed(cell);
      event.preventDefault();
      return;
    }
    event.preventDefault();
    if (cell) entered(cell);
    if (key === "z") undo();
    else book.act.fillDown();
  } else if (KEYS[event.key] && (!event.ctrlKey || ["Home", "End"].includes(event.key)) && KEYS[event.key](el, event)) event.preventDefault();
}

let currentRow = null, oldest = 0;
function onFocus(event) {
  const el = event.target, cell = cellOf(el), tr = el.closest("tr");
  if (currentRow && tr !== currentRow && !book.byColumn) flush();
  currentRow = tr;
  if (!cell) return;
  book.current = cell;
  cell.atFocus = el.value;
  if (isText(cell)) paintLeft(cell);
  else el.select();
}
function onLeave(event) {
  const cell = cellOf(event.target);
  if (!cell) return;
  settle(cell);
  entered(cell);
  if (cell.state === "" && cell.echo !== null) { cell.el.value = cell.seen; cell.echo = null; }
  cell.el.scrollTop = 0;
  remaining.remove();
  if (isText(cell) && cell.state) watchSameness(cell);
  paintRail();
  if (cell.state !== "waiting") { if (!having("waiting").length) oldest = 0; return; }
  oldest ||= Date.now();
  const wait = isText(cell) ? 0 : Math.max(0, Math.min(IDLE, oldest + LONGEST - Date.now()));
  if (!wait) oldest = 0;
  schedule(wait);
}

export function listen() {
  table.addEventListener("input", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    if (!event.isComposing) canonical(cell);
    if (isText(cell) && event.data === " ") expand(cell);
    typed(cell);
    if (isText(cell)) paintLeft(cell);
  });
  table.addEventListener("compositionend", (event) => {
    const cell = cellOf(event.target);
    if (cell) { canonical(cell); typed(cell); }
  });
  table.addEventListener("keydown", onKey);
  table.addEventListener("focusin", onFocus);
  table.addEventListener("focusout", onLeave);
  root.addEventListener("click", (event) => {
    const anchor = event.target.closest('a[href^="#o-"]'), el = anchor && $(anchor.getAttribute("href").slice(1));
    if (el) { event.preventDefault(); focusCell(el); }
  });
  Object.assign(book.act, { put, undo, entered, ready, place });
}
