/* A block copied from Excel: read, matched to pupils and columns, compared. Pure: no page, no network. */
import { fold, number, read, shifted } from "./gradebook_grammar.js";

/** Rows of texts of a tab-separated block; a quoted text may hold tabs and lines. */
export function parse(text) {
  const rows = [[]];
  let cell = "", quoted = false, begun = false;
  const close = () => { rows.at(-1).push(cell.trim()); cell = ""; begun = false; };
  const plain = text.replace(/\r\n?/g, "\n");
  for (let i = 0; i < plain.length; i += 1) {
    const char = plain[i];
    if (quoted) {
      if (char !== '"') cell += char;
      else if (plain[i + 1] === '"') { cell += char; i += 1; } else quoted = false;
    } else if (char === '"' && !begun) { quoted = true; begun = true; }
    else if (char === "\t") close();
    else if (char === "\n") { close(); rows.push([]); }
    else { cell += char; begun = true; }
  }
  close();
  while (rows.length && rows.at(-1).every((one) => one === "")) rows.pop();
  return rows;
}

const heading = (text) => fold(text).replace(/[^a-z0-9]/g, "").replace(/^(ddg|diem)/, "");
const DATE = /^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}$/;
const filled = (row) => row.some((one) => one !== "");
const share = (rows, index, test) => rows.filter((row) => test(row[index] || "")).length / Math.max(1, rows.filter(filled).length);
const best = (rows, width, test) => {
  const shares = Array.from({ length: width }, (_, i) => share(rows, i, test));
  const top = Math.max(0, ...shares);
  return top >= 0.5 ? shares.indexOf(top) : -1;
};

/** Which columns of a block say who, and which hold values. */
function layout(rows, page) {
  const width = Math.max(0, ...rows.map((row) => row.length));
  const labels = new Map();
  for (const column of page.columns) for (const name of [column.label, column.key]) labels.set(heading(name), column.key);
  const codes = new Set(page.pupils.map((one) => fold(one.code))), names = new Set(page.pupils.map((one) => fold(one.name)));
  const titled = rows.findIndex((row) => row.some((one) => one && number(one) === null && labels.has(heading(one))
    && one.length > 1) && !row.some((one) => codes.has(fold(one)) || names.has(fold(one))));
  const head = titled >= 0 && titled < 8 ? rows[titled] : null;
  const body = head ? rows.slice(titled + 1) : rows; // an empty line stays: in a single column it is a pupil without a mark
  const code = best(body, width, (one) => one !== "" && codes.has(fold(one)));
  const name = best(body, width, (one) => one !== "" && names.has(fold(one)));
  const who = [code, name].filter((i) => i >= 0);
  const skip = new Set(who);
  for (let i = 0; i < width; i += 1) {
    if (share(body, i, (one) => DATE.test(one)) >= 0.5 || share(body, i, (one) => /^(nam|nu)$/.test(fold(one))) >= 0.5) skip.add(i);
    const counts = body.every((row, n) => n === 0 || Number(row[i]) === Number(body[n - 1][i]) + 1);
    if (who.length && i < Math.min(...who) && body.length > 1 && counts) skip.add(i);
  }
  const values = Array.from({ length: width }, (_, i) => i).filter((i) => !skip.has(i));
  return { head, body, code, name, values, labels };
}

/**
 * Whom and what each text of a block is for.
 * @param page {pupils: [{em, no, code, name}], columns: [{key, label}] from the present one on, all: every column, start}
 * @returns {how: "code" | "order", items: [{index, key, text}], strangers, twice, surplus, tooWide, names, rows}
 */
export function match(rows, page) {
  const found = layout(rows, { ...page, columns: page.all });
  const out = { how: found.code >= 0 ? "code" : "order", items: [], strangers: [], twice: [], surplus: 0, tooWide: 0, names: [], rows: found.body.filter(filled).length };
  const named = found.head && found.values.some((i) => found.labels.has(heading(found.head[i] || "")));
  const places = found.values.map((i, n) => [i, named ? found.labels.get(heading(found.head[i] || "")) : page.columns[n]?.key]);
  out.tooWide = places.filter(([, key]) => !key).length;
  const byCode = new Map(page.pupils.map((one, index) => [fold(one.code), index])), seen = new Set();
  found.body.forEach((row, n) => {
    let index = found.code >= 0 ? byCode.get(fold(row[found.code] || "")) : page.start + n;
    if (index !== undefined && index >= page.pupils.length) { out.surplus += 1; return; }
    if (found.code >= 0 && !filled(row)) return;
    if (index === undefined) { out.strangers.push(row[found.code] || ""); return; }
    if (seen.has(index)) { out.twice.push(row[found.code]); return; }
    seen.add(index);
    const ours = page.pupils[index], theirs = found.name >= 0 ? row[found.name] || "" : "";
    if (theirs && fold(theirs) !== fold(ours.name)) out.names.push({ no: ours.no, theirs, ours: ours.name });
    for (const [i, key] of places) if (key && row[i] !== undefined) out.items.push({ index, key, text: row[i] });
  });
  return out;
}

/**
 * What would become of each item: "new", "changed", "same", "refused", or "empty" (an empty text clears nothing).
 * @param cellAt (index, key) → {column, value, closed} or undefined
 */
export function compare(items, cellAt, quick) {
  return items.map((item) => {
    const cell = cellAt(item.index, item.key);
    if (!cell) return { ...item, state: "refused", closed: true };
    const found = read(cell.column, item.text.replace(/\s*\n\s*/g, " "), quick);
    const next = { ...item, text: found.text, raw: item.text, before: cell.value };
    if (found.text === "") return { ...next, state: cell.value === "" ? "same" : "empty" };
    if (found.text === cell.value) return { ...next, state: "same" };
    if (cell.closed) return { ...next, state: "refused", closed: true };
    const over = cell.column.kind === "text" && found.text.length > cell.column.max;
    const letters = cell.column.letters;
    const strange = letters && letters.length && !(found.text.length === 1 && letters.includes(found.text.toUpperCase())) && found.text.length < 3;
    if (found.bad || over || strange || (found.partial && found.text === item.text)) return { ...next, state: "refused" };
    return { ...next, text: letters && found.text.length === 1 ? found.text.toUpperCase() : found.text, state: cell.value === "" ? "new" : "changed" };
  });
}

/** Columns of a block that look as if they slipped by a row: [{key, from, to, by}] with indexes of pupils. */
export function slipped(items, pupils, others) {
  const found = [];
  for (const key of new Set(items.map((one) => one.key))) {
    const values = pupils.map(() => null);
    for (const one of items) if (one.key === key) values[one.index] = number(one.text);
    const slip = shifted(values, pupils.map((_, index) => others(index, key)));
    if (slip) found.push({ key, ...slip });
  }
  return found;
}

/** The items of one column moved by a row from a place on: what the block would be if the slip is real. */
export function moved(items, { key, from, by }) {
  const texts = new Map(items.filter((one) => one.key === key).map((one) => [one.index, one.raw ?? one.text]));
  return items.map((one) => {
    if (one.key !== key || one.index < from) return { ...one, text: one.raw ?? one.text };
    return { ...one, text: by < 0 && one.index === from ? "" : texts.get(one.index + by) ?? "" };
  });
}
