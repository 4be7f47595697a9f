/* Dialogs: two values of one cell, its history, filling down, the comment bank. */
import { fillIn } from "./gradebook_grammar.js";
import { $, book, canEnter, cellOf, cells, data, grid, isText, make, button, place, say, shown } from "./gradebook_cells.js";
import { at, focusCell, pupilValues, put, putAll, typed } from "./gradebook_keys.js";

const dialog = $("hop");
let back = null; // where the focus goes when the dialog closes
export function open(title, content, buttons = []) {
  $("hop-ten").textContent = title;
  $("hop-noi-dung").replaceChildren(...[content].flat());
  $("hop-nut").replaceChildren(...buttons);
  back = book.current?.el || null;
  if (!dialog.open) dialog.showModal();
  (buttons[0] || dialog.querySelector("form button")).focus();
}
export const close = () => dialog.close();
const row = (cells_, tag = "td") => make("tr", {}, ...cells_.map((t) => (t instanceof Node ? t : make(tag, { textContent: t }))));
export function tableOf(heads, lines) {
  const made = make("table", { className: "data-table data-table-compact" });
  made.append(make("thead", {}, row(heads.map((t) => make("th", { scope: "col", textContent: t })))), make("tbody", {}, ...lines.map((l) => row(l))));
  return made;
}

function openConflict(cell) {
  const settle = (mine) => {
    close();
    Object.assign(cell, { seen: cell.theirs, version: cell.theirVersion });
    put(cell, mine ? cell.el.value : cell.theirs);
  };
  const words = say(cell.at ? "conflictText" : "conflictBare", shown(cell.el.value), cell.by, shown(cell.theirs), cell.at);
  open(place(cell), [make("p", { textContent: words }), make("p", { className: "muted small", textContent: say("conflictHint") })], [
    button(say("keepMine", shown(cell.el.value)), () => settle(true), true), button(say("takeTheirs", shown(cell.theirs)), () => settle(false))]);
}

async function openHistory(el) {
  const tr = el.closest("tr"), column = data.columns[el.id.slice(el.id.indexOf("-", 2) + 1)];
  const title = say("historyOf", tr.querySelector(".col-name").textContent, column.label);
  let content = make("p", { textContent: say("historyFail") });
  try {
    const response = await fetch(`${data.history}${data.history.includes("?") ? "&" : "?"}o=${el.id}`, { headers: { Accept: "application/json" } });
    if (response.ok) {
      const { lines } = await response.json();
      content = make("p", { textContent: say("historyNone") });
      if (lines.length) {
        content = $("lich-su-mau").content.cloneNode(true);
        content.querySelector("tbody").append(...lines.map((l) => row([l.at, l.by, shown(l.old), shown(l.new), l.source, l.case || "–"])));
      }
    }
  } catch { /* no network: the sentence says so */ }
  open(title, content);
}

function fillDown() {
  const cell = book.current, value = cell ? cell.el.value.trim() : "";
  const below = cell ? grid.slice(at(cell.el)[0] + 1).map((line) => cellOf(line[at(cell.el)[1]])) : [];
  const targets = below.filter((c) => c && canEnter(c.el) && c.el.value === "");
  if (!value || !targets.length) { open(say("fillTitle"), make("p", { textContent: say("fillNone") })); return; }
  open(say("fillTitle"), make("p", { textContent: say("fillText", value, targets.length, cell.column.label) }), [
    button(say("fillDo"), () => { close(); putAll(targets.map((c) => [c, value])); cell.el.focus(); }, true)]);
}

/* ── the comment bank ── */
function openBank(cell) {
  const list = make("ul", { className: "so-ngan-hang" });
  const search = make("input", { className: "input", type: "search", ariaLabel: say("bankSearch"), placeholder: say("bankSearch"), autocomplete: "off" });
  const values = pupilValues(cell);
  const take = (text) => {
    close();
    const old = cell.el.value.trim();
    put(cell, old ? `${old} ${text}` : text);
  };
  const show = () => {
    const wanted = search.value.trim().toLowerCase();
    const found = data.bank.filter((one) => `${one.code} ${one.text}`.toLowerCase().includes(wanted)).slice(0, 60);
    list.replaceChildren(...found.map((one) => {
      const text = fillIn(one.text, values);
      const choice = make("button", { type: "button", className: "so-cau", onclick: () => take(text) }, make("b", { textContent: one.code }), make("span", { textContent: text }), make("i", { className: "muted", textContent: one.own ? say("bankOwn") : say("bankSchool") }));
      return make("li", {}, choice);
    }), ...(found.length ? [] : [make("li", { className: "muted", textContent: say("bankNone") })]));
  };
  search.addEventListener("input", show);
  show();
  open(say("bankTitle", place(cell)), [search, list, make("p", { className: "small" }, make("a", { href: data.bankUrl, textContent: say("bankManage") }))]);
  search.focus();
}
function openBankHere() {
  const cell = book.current && isText(book.current) ? book.current : [...cells.values()].find((c) => isText(c) && canEnter(c.el)) || [...cells.values()].find(isText);
  if (!cell) return;
  focusCell(cell.el);
  openBank(cell);
}

export function listen() {
  dialog.addEventListener("close", () => back?.focus());
  Object.assign(book.act, { openConflict, openHistory, fillDown, openBank, openBankHere, typed });
}
