/* Pasting from Excel: first what would become of every cell, then one step that can be undone. */
import { compare, match, moved, parse, slipped } from "./gradebook_block.js";
import { number } from "./gradebook_grammar.js";
import { $, book, button, cellOf, cells, data, isText, make, rows, say, shown, status, table } from "./gradebook_cells.js";
import { close, open, tableOf } from "./gradebook_dialogs.js";
import { at, putAll } from "./gradebook_keys.js";

const STATES = { new: ["ok", "check"], changed: ["warn", "differ"], same: ["idle", "check"], empty: ["idle", "check"], refused: ["stop", "cross"] };
const SHOWN = 400;
const pupils = rows.map((tr) => ({ em: tr.dataset.em, no: tr.dataset.no, code: (data.pupils[tr.dataset.em] || [""])[0], name: (data.pupils[tr.dataset.em] || ["", ""])[1] }));
const keys = Object.keys(data.columns);
const cellAt = (index, key) => {
  const el = $(`o-${pupils[index].em}-${key}`), cell = cellOf(el);
  return el && { column: data.columns[key], value: el.value, closed: !cell || el.readOnly };
};
/** Mean of a pupil's other marks, to see whether a column slipped by a row. */
function others(index, key) {
  const marks = keys.filter((one) => one !== key && ["mark", "score"].includes(data.columns[one].kind)).map((one) => number($(`o-${pupils[index].em}-${one}`)?.value || "")).filter((n) => n !== null);
  return marks.length ? marks.reduce((sum, n) => sum + n, 0) / marks.length : null;
}

function preview(text, start) {
  const from = start ? at(start.el) : [0, 0];
  const columns = keys.slice(start ? keys.indexOf(start.key) : 0).map((key) => ({ key, label: data.columns[key].label }));
  const found = match(parse(text), { pupils, columns, all: keys.map((key) => ({ key, label: data.columns[key].label })), start: from[0] });
  show(found, found.items, []);
}
function show(found, items, movedBy) {
  const judged = compare(items, cellAt, book.quick);
  const of = (state) => judged.filter((one) => one.state === state);
  const writes = [...of("new"), ...of("changed")], refused = of("refused");
  const content = [make("p", { className: "so-dem-dan" }, ...["new", "changed", "same", "refused"].map((state) =>
    status(...STATES[state], say(`paste_${state}`, of(state).length + (state === "same" ? of("empty").length : 0)))))];
  const warn = (...parts) => content.push(make("div", { className: "notice notice-warn" }, status("warn", "warn", ""), make("div", {}, ...parts)));
  if (found.how === "order" && writes.length) warn(make("p", { textContent: found.names.length ? say("pasteNames", found.names.length) : say("pasteOrder", pupils[items[0]?.index || 0]?.no) }),
    ...found.names.slice(0, 5).map((one) => make("p", { textContent: say("pasteName", one.no, one.theirs, one.ours) })));
  if (found.how === "code" && found.names.length) warn(...found.names.slice(0, 5).map((one) => make("p", { textContent: say("pasteName", one.no, one.theirs, one.ours) })));
  if (found.strangers.length) warn(make("p", { textContent: say("pasteStrangers", found.strangers.length, found.strangers.slice(0, 5).join(", ")) }));
  if (found.twice.length) warn(make("p", { textContent: say("pasteTwice", found.twice.slice(0, 5).join(", ")) }));
  if (found.surplus) warn(make("p", { textContent: say("pasteSurplus", found.surplus) }));
  if (found.tooWide) warn(make("p", { textContent: say("pasteWide", found.tooWide) }));
  for (const slip of slipped(judged, pupils, others)) {
    const label = data.columns[slip.key].label, words = say(slip.by > 0 ? "slipUp" : "slipDown", label, pupils[slip.from].no, pupils[slip.to].no);
    warn(make("p", { textContent: words }), make("p", { className: "button-row button-row-tight" }, button(say(slip.by > 0 ? "tryUp" : "tryDown"), () => show(found, moved(judged, slip), [...movedBy, slip]))));
  }
  for (const slip of movedBy) content.push(make("p", { className: "status busy", textContent: say("slipMoved", data.columns[slip.key].label, pupils[slip.from].no) }));
  const lines = [...refused, ...of("changed"), ...of("new"), ...of("same")].slice(0, SHOWN).map((one) => [pupils[one.index].no, pupils[one.index].name, data.columns[one.key].label,
    shown(one.before ?? ""), one.raw !== undefined && number(one.raw) !== number(one.text) && one.state !== "refused" ? say("pasteRead", one.text, one.raw) : one.raw ?? one.text,
    make("td", {}, status(...STATES[one.state], one.state === "refused" ? (one.closed ? say("locked") : data.columns[one.key].hint) : say(`state_${one.state}`)))]);
  if (lines.length) content.push(make("div", { className: "so-xem-truoc", tabIndex: 0, role: "region", ariaLabel: say("pasteTitle") }, tableOf(data.words.pasteHeads.split("|"), lines)));
  const rest = judged.filter((one) => one.state !== "empty").length - lines.length;
  if (rest > 0) content.push(make("p", { className: "muted", textContent: say("more", rest) }));
  if (refused.length) content.push(make("p", { className: "muted small", textContent: say("pasteRefused", refused.length) }));
  open(say("pasteTitle"), content, writes.length ? [button(say("pasteDo", writes.length), () => apply(writes), true)] : []);
  if (!writes.length) content[0].append(make("span", { className: "muted small", textContent: say("pasteNothing") }));
}
function apply(writes) {
  close();
  putAll(writes.map((one) => [cells.get(`o-${pupils[one.index].em}-${one.key}`), one.text]).filter(([cell]) => cell));
}
/** For those who do not paste by keys: a field to paste into first. */
function openField() {
  const field = make("textarea", { className: "input so-khoi", rows: 8, ariaLabel: say("pasteField") });
  const start = book.current;
  field.addEventListener("paste", (event) => {
    event.preventDefault();
    preview(event.clipboardData.getData("text/plain"), start);
  });
  open(say("pasteTitle"), [make("p", { textContent: say("pasteHelp") }), field], [button(say("pasteLook"), () => field.value.trim() && preview(field.value, start), true)]);
  field.focus();
}

export function listen() {
  table.addEventListener("paste", (event) => {
    const cell = cellOf(event.target), text = event.clipboardData.getData("text/plain"), block = parse(text);
    if (!cell || (block.length <= 1 && (block[0] || []).length <= 1)) {
      if (cell && !isText(cell) && text !== text.trim()) { // a single value: the line end of Excel stays out
        event.preventDefault();
        event.target.setRangeText(text.trim(), event.target.selectionStart, event.target.selectionEnd, "end");
        event.target.dispatchEvent(new InputEvent("input", { bubbles: true }));
      }
      return;
    }
    event.preventDefault();
    preview(text, cell);
  });
  book.act.openPaste = openField;
}
