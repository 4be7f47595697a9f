/* What a typed text means, shown before it counts. Pure: no page, no network. The server reads every text again by
   the circulars and has the last word; a text that is not surely wrong here goes to it. */

/** Text without marks, spaces and case, to compare names, codes and headings. */
export const fold = (text) =>
  text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐðÐ]/g, "d").toLowerCase().replace(/\s+/g, " ").trim();

const bare = (text) => fold(text).replace(/[^a-z0-9]/g, "");
const answer = (text, more) => ({ text, bad: false, partial: false, ...more });
const RATINGS = { t: "Tốt", tot: "Tốt", k: "Khá", kha: "Khá", d: "Đạt", dat: "Đạt", cd: "Chưa đạt", chuadat: "Chưa đạt" };
const PASSES = { d: "Đ", dat: "Đ", cd: "CĐ", chuadat: "CĐ" };

/**
 * One text in a column.
 * @param column {kind, low, high} of the page's data
 * @param quick two digits stand for a decimal: 75 → 7,5 (10 stays ten)
 * @returns {text, bad, partial}: the text that counts; surely refused; may still be being typed
 */
export function read(column, raw, quick = false) {
  const text = raw.normalize("NFC").trim();
  if (!text || column.kind === "text") return answer(raw && !text ? "" : raw);
  if (column.kind === "mark" || column.kind === "pass") {
    const letter = text.toUpperCase();
    if (letter === "V" || letter === "M") return answer(letter);
  }
  if (column.kind === "mark") return readMark(text, column, quick);
  if (column.kind === "pass") {
    const found = PASSES[bare(text)];
    return found ? answer(found) : answer(raw, { bad: bare(text) !== "c", partial: bare(text) === "c" });
  }
  if (column.kind === "rating") {
    const found = RATINGS[bare(text)];
    if (found) return answer(found);
    return bare(text) === "c" ? answer(RATINGS.cd, { partial: true }) : answer(raw, { bad: true });
  }
  if (/^\d{1,6}$/.test(text) && (column.kind === "score" || column.kind === "number"))
    return answer(text, { bad: Number(text) < column.low || Number(text) > column.high });
  return answer(raw);
}

function readMark(text, column, quick) {
  const open = text.match(/^(\d{1,2})[.,]$/);
  if (open) return answer(String(Number(open[1])), { partial: true, bad: Number(open[1]) > column.high });
  if (/^\d\d$/.test(text) && text !== "10" && quick) return answer(tenth(text[0], text[1]));
  const found = text.match(/^(\d{1,2})(?:[.,](\d))?$/);
  if (!found) return answer(text, { bad: true });
  const value = Number(`${found[1]}.${found[2] || 0}`);
  return answer(tenth(String(Number(found[1])), found[2] || "0"), { bad: value > column.high || value < column.low });
}
const tenth = (whole, part) => (part === "0" ? whole : `${whole},${part}`);

/** Number of a mark's text, or null ("V", "Đ", ""). */
export const number = (text) => (/^\d{1,2}([.,]\d)?$/.test(text.trim()) ? Number(text.trim().replace(",", ".")) : null);

/** A single letter that counts as it is seen: t → T, and đ from d where the scale has Đ. Null: leave the text. */
export function letterOf(letters, value) {
  if (!letters || !value) return null;
  const before = value.slice(0, -1);
  if (before && !(before.length === 1 && letters.includes(before))) return null;
  let letter = value.slice(-1).normalize("NFC").toUpperCase();
  if (letters.includes("Đ") && (letter === "D" || letter === "\u00d0" || letter === "\u0189")) letter = "Đ";
  return letters.includes(letter) ? letter : null;
}

/** A sentence of the comment bank for one pupil: {ten}, {ho_ten}, {mon}, {muc}. */
export const fillIn = (text, values) => text.replace(/\{(ten|ho_ten|mon|muc)\}/g, (all, name) => values[name] ?? all);

/** The code that was just closed by a space before ``caret``, with the sentence it stands for. */
export function codeBefore(text, caret, bank) {
  const found = text.slice(0, caret).match(/(?:^|\s)(\S{1,12}) $/);
  const entry = found && bank.find((one) => one.code.toLowerCase() === found[1].toLowerCase());
  return entry ? { start: caret - found[1].length - 1, end: caret, entry } : null;
}

/**
 * Whether a column slipped by a row against what the same pupils have elsewhere.
 * @param values,refs numbers or null, in the order of the rows
 * @returns null, or {from, to, by}: from the row ``from`` on the values belong one row higher (by 1) or lower (-1)
 */
export function shifted(values, refs) {
  let best = null;
  for (const by of [1, -1]) {
    const gains = values.map((value, i) => {
      const other = values[i + by];
      if (value === null || refs[i] === null || other === null || other === undefined) return null;
      return [Math.abs(value - refs[i]), Math.abs(other - refs[i])];
    });
    for (let from = 0; from < values.length; from += 1) {
      const pairs = gains.slice(from).filter(Boolean);
      if (pairs.length < 6) break;
      const [now, then] = pairs.reduce((sum, [a, b]) => [sum[0] + a, sum[1] + b], [0, 0]);
      const sound = now / pairs.length >= 0.8 && then <= 0.55 * now;
      if (sound && (!best || now - then >= best.gain)) best = { from, by, gain: now - then };
    }
  }
  if (!best) return null;
  let to = values.length - 1;
  while (to > best.from && values[to] === null) to -= 1;
  const first = best.by < 0 || (best.from > 0 && values[best.from - 1] === null) ? best.from - 1 : best.from;
  return { from: Math.max(0, first), to, by: best.by };
}
