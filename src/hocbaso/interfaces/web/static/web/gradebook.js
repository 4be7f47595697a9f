/* Gradebook: keyboard, autosave, conflicts, paste, offline queue. Without this script the page is a plain form. */
import { $, book, having, paint, paintLine, paintRail, root, table } from "./gradebook_cells.js";
import * as dialogs from "./gradebook_dialogs.js";
import * as keys from "./gradebook_keys.js";
import * as paste from "./gradebook_paste.js";
import * as saving from "./gradebook_saving.js";
import * as session from "./gradebook_session.js";

const PREFIX = "so-diem:";
Object.assign(book.act, { restoreStored: keys.restoreStored, keep: saving.keep });
for (const part of [keys, saving, dialogs, paste, session]) part.listen();

/* ── choices of the reader, kept on this machine ── */
const option = (name, value) => { try { return value === undefined ? localStorage.getItem(`${PREFIX}${name}`) : localStorage.setItem(`${PREFIX}${name}`, value); } catch { return null; } };
const own = (name) => (name === "nhanh" ? `${name}:${$("bang").dataset.user}` : name); // reading 75 as 7,5 is a person's own choice
function choose(name, value) {
  for (const one of document.querySelectorAll(`[data-${name}]`)) one.setAttribute("aria-pressed", String(one.dataset[name] === value));
  if (name === "huong") book.byColumn = value === "cot";
  else if (name === "nhanh") book.quick = value === "co";
  else table.classList.toggle("grid-normal", value === "thuong");
}
for (const name of ["huong", "co", "nhanh"]) {
  for (const one of document.querySelectorAll(`[data-${name}]`)) one.addEventListener("click", () => { choose(name, one.dataset[name]); option(own(name), one.dataset[name]); });
  if (option(own(name))) choose(name, option(own(name)));
}
const tools = { "hoan-tac": book.act.undo, "dien-xuong": book.act.fillDown, "dan-excel": book.act.openPaste, "ngan-hang": book.act.openBankHere, "in-trang": () => print() };
for (const [id, act] of Object.entries(tools)) if ($(id)) { $(id).hidden = false; $(id).addEventListener("click", act); }
if ($("tuy-chon")) $("tuy-chon").hidden = false;
addEventListener("pointerdown", (event) => { // a menu that was left is closed
  for (const menu of document.querySelectorAll("details.so-mon[open]")) if (!menu.contains(event.target)) menu.open = false;
});
const head = $("dau-trang");
new ResizeObserver(() => root.style.setProperty("--head", `${head.offsetHeight}px`)).observe(head);

await saving.restore();
for (const cell of having("waiting")) paint(cell);
paintRail();
paintLine();
if (location.hash.startsWith("#o-") && $(location.hash.slice(1))) keys.focusCell($(location.hash.slice(1)));
root.dataset.ready = "1";
