/* Gradebook: keyboard, autosave, conflicts. Every word comes from the data block of the page; the rules stand
   on the server, which answers for each cell. Without this script the page is a plain form. */
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("du-lieu").textContent);
  const table = $("luoi"), form = $("bang"), root = table.closest("main");
  const say = (key, ...args) => data.words[key].replace(/\{(\d)\}/g, (_, i) => args[i]);
  const shown = (text) => (text === "" ? say("empty") : text);
  const PREFIX = "so-diem:", DRAFT = `${PREFIX}${data.user}:${data.url}`;
  const IDLE = 2000, TEXT_IDLE = 6000, LONGEST = 5000, MANY = 200, TIMEOUT = 20000;
  const ICONS = { saving: "sync", waiting: "clock", refused: "cross", asked: "warn", conflict: "differ", locked: "lock" };
  const COLOURS = { saving: "busy", waiting: "warn", refused: "stop", asked: "warn", conflict: "warn", locked: "idle" };

  /* ── cells ── */
  const cells = new Map();
  const rows = [...table.tBodies[0].rows];
  const grid = rows.map((tr) => [...tr.querySelectorAll(".cell > input, .cell > textarea")]);
  for (const [id, [version, seen]] of Object.entries(JSON.parse($("ban-dau").value))) {
    const el = $(id), tr = el && el.closest("tr");
    if (!el) continue;
    const key = id.slice(id.indexOf("-", 2) + 1);
    const answered = [...el.parentElement.classList].find((c) => /^is-(refused|asked|conflict)$/.test(c));
    cells.set(id, { id, el, td: el.parentElement, tr, em: tr.dataset.em, no: tr.dataset.no, key, column: data.columns[key],
      seen, version, echo: null, state: answered ? "waiting" : "", message: "", atFocus: el.value });
  }
  const cellOf = (el) => (el ? cells.get(el.id) : undefined);
  const isText = (cell) => cell.column.kind === "text";
  const place = (cell) => say("row", cell.no, cell.column.label);
  const isDirty = (cell) => cell.el.value !== cell.seen && cell.el.value !== cell.echo;
  const having = (...states) => [...cells.values()].filter((c) => states.includes(c.state));
  const unsaved = () => having("waiting", "saving", "refused", "asked", "conflict", "locked");

  /* ── showing ── */
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    return svg;
  };
  const make = (tag, props = {}, ...children) => {
    const el = Object.assign(document.createElement(tag), props);
    el.append(...children);
    return el;
  };
  const status = (colour, shape, ...words) => make("span", { className: `status ${colour}` }, icon(shape), make("span", {}, ...words));
  const button = (words, act) => make("button", { type: "button", className: "button button-secondary button-small", textContent: words, onclick: act });
  const link = (cell) => make("a", { href: `#${cell.id}`, textContent: place(cell) });

  function paint(cell) {
    for (const state of Object.keys(ICONS)) cell.td.classList.toggle(`is-${state}`, cell.state === state);
    const old = cell.td.querySelector(".icon");
    if (old) old.remove();
    if (cell.state) cell.td.prepend(icon(ICONS[cell.state]));
    const wrong = ["refused", "asked", "conflict"].includes(cell.state);
    if (wrong) cell.el.setAttribute("aria-invalid", "true");
    else cell.el.removeAttribute("aria-invalid");
    if (wrong) cell.el.setAttribute("aria-describedby", `tt-${cell.em}`);
    else cell.el.removeAttribute("aria-describedby");
    paintRow(cell.tr);
  }

  const originalNotes = new Map(rows.map((tr) => [tr, [...tr.querySelector(".col-note").childNodes]]));
  const updated = new Set(); // rows of which the server has told notes since
  function paintRow(tr) {
    const note = tr.querySelector(".col-note"), em = tr.dataset.em;
    const mine = grid[rows.indexOf(tr)].map(cellOf).filter(Boolean);
    const worst = ["conflict", "refused", "asked", "locked", "waiting", "saving"].find((s) => mine.some((c) => c.state === s));
    if (worst) {
      const cell = mine.find((c) => c.state === worst);
      const words = { waiting: say("waitingRow", cell.column.label), saving: say("savingRow") }[worst] || `${cell.column.label}: ${cell.short}`;
      note.replaceChildren(status(COLOURS[worst], ICONS[worst], words));
    } else if (updated.has(em) || mine.some((c) => c.touched)) {
      note.replaceChildren(...(data.notes[em] || []).slice(0, 1).map((n) => status(n.kind, n.icon, n.short)));
    } else note.replaceChildren(...originalNotes.get(tr));
    note.title = note.textContent;
  }

  const remaining = make("span", { className: "so-con-lai" }); // stands in the cell that is being written
  function paintLeft(cell) {
    const left = cell.column.max - cell.el.value.length;
    remaining.textContent = say(left < 0 ? "over" : "left", Math.abs(left));
    remaining.classList.toggle("stop", left < 0);
    if (remaining.parentElement !== cell.td) cell.td.append(remaining);
  }

  let savedAt = "", retryIn = 0, lineTimer = 0;
  function paintLine() {
    clearTimeout(lineTimer);
    lineTimer = 0;
    const parts = [];
    const count = (colour, shape, key, n) => { if (n) parts.push([colour, shape, say(key, n)]); };
    if (savedAt) parts.push(["ok", "check", say("saved", savedAt)]);
    count("busy", "sync", "saving", having("saving").length);
    count("warn", "clock", "unsent", having("waiting").length);
    count("stop", "cross", "refused", having("refused", "locked").length);
    count("warn", "warn", "asked", having("asked").length);
    count("warn", "differ", "conflicts", having("conflict").length);
    if (retryIn) parts.push(["warn", "sync", say(retryKey, retryIn)]);
    const line = $("dong-luu"), words = parts.map((p) => p[2]).join(" · ");
    if (parts.length && line.dataset.words !== words) {
      line.dataset.words = words;
      line.replaceChildren(...parts.map(([c, s, w]) => status(c, s, w)));
    }
  }
  const paintLineSoon = () => { if (!lineTimer) lineTimer = setTimeout(paintLine, 700); }; // a live region: not at every key

  const late = []; // typed before the row was locked: kept and shown
  const rail = $("viec").closest("aside");
  let pressed = false, owed = false;
  function paintRail() {
    owed = pressed || rail.contains(document.activeElement); // never under somebody's pointer or focus
    if (owed) return;
    const list = [];
    for (const cell of having("conflict", "refused", "asked", "locked")) {
      const issue = make("div", { className: "issue" }, status(COLOURS[cell.state], ICONS[cell.state], link(cell), `: ${cell.message}`));
      const act = make("p", { className: "button-row button-row-tight" });
      if (cell.state === "conflict") act.append(button(say("choose"), () => openConflict(cell)));
      if (cell.state === "asked") act.append(button(say("take", cell.proposal), () => put(cell, cell.proposal)));
      if (act.children.length) issue.append(act);
      list.push(issue);
    }
    for (const words of late) list.push(make("div", { className: "issue" }, status("stop", "lock", words)));
    for (const [em, notes] of Object.entries(data.notes)) {
      const tr = rows.find((one) => one.dataset.em === em);
      for (const n of notes) {
        const goto = cells.get(n.target);
        list.push(make("div", { className: "issue" }, status(n.kind, n.icon, goto ? link(goto) : tr.dataset.no, `: ${n.long}`)));
      }
    }
    $("can-xem").textContent = list.length ? say("fix", list.length) : say("fixNone");
    const more = list.length - 12;
    $("viec").replaceChildren(...list.slice(0, 12), ...(more > 0 ? [make("p", { textContent: say("more", more) })] : []));
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

  function notice(words, href, label) {
    const box = $("bao"), [text, act] = box.querySelectorAll("p");
    box.hidden = !words;
    text.textContent = words || "";
    act.replaceChildren(...(href ? [make("a", { className: "button button-small", href, textContent: label, onclick: () => { leaving = true; } })] : []));
  }

  /* ── drafts: what is typed and not saved survives a reload and a new sign-in, for this person only ── */
  function keep() {
    if (leaving) return;
    const drafts = Object.fromEntries(unsaved().map((c) => [c.id, [c.el.value, c.seen, c.version]]));
    try {
      if (Object.keys(drafts).length) sessionStorage.setItem(DRAFT, JSON.stringify(drafts));
      else sessionStorage.removeItem(DRAFT);
    } catch { /* storage is full or off: the page itself still holds everything */ }
  }
  function forget(test) {
    try {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX) && test(key)) sessionStorage.removeItem(key);
    } catch { /* nothing was stored */ }
  }
  function restore() {
    forget((key) => !key.startsWith(`${PREFIX}${data.user}:`));
    let drafts = {};
    try { drafts = JSON.parse(sessionStorage.getItem(DRAFT) || "{}"); } catch { /* none */ }
    let count = 0;
    for (const [id, [text, seen, version]] of Object.entries(drafts)) {
      const cell = cells.get(id), el = $(id);
      if (cell && cell.seen !== text) {
        Object.assign(cell, { seen, version, state: "waiting" }); // compared with what was seen then
        cell.el.value = text;
        paint(cell);
        count += 1;
      } else if (!cell && el && el.value !== text) {
        const tr = el.closest("tr");
        late.push(`${say("row", tr.dataset.no, data.columns[id.slice(id.indexOf("-", 2) + 1)].label)}: “${shown(text)}”, ${say("locked")}`);
      }
    }
    if (count) notice(say("restored", count));
    if (count) schedule(IDLE);
  }

  /* ── typing ── */
  let timer = 0, oldest = 0;
  function schedule(wait) {
    clearTimeout(timer);
    if (!oldest) oldest = Date.now();
    timer = setTimeout(flush, wait);
  }
  function typed(cell) {
    cell.touched = true;
    cell.state = isDirty(cell) ? "waiting" : "";
    paint(cell);
    paintLineSoon();
    keep();
    if (cell.state) schedule(isText(cell) && cell.el === document.activeElement ? TEXT_IDLE : IDLE);
  }
  function canonical(cell) {
    const { letters } = cell.column, value = cell.el.value;
    if (!letters || !value) return;
    const before = value.slice(0, -1);
    if (before && !(before.length === 1 && letters.includes(before))) return;
    let letter = value.slice(-1).normalize("NFC").toUpperCase();
    if (letters.includes("Đ") && (letter === "D" || letter === "\u00d0" || letter === "\u0189")) letter = "Đ";
    if (letters.includes(letter)) cell.el.value = letter; // shown at once: nothing counts that was not seen
  }
  const undoStack = [];
  function entered(cell) {
    if (cell.el.value !== cell.atFocus) undoStack.push([[cell, cell.atFocus]]);
    cell.atFocus = cell.el.value;
  }
  function put(cell, text) {
    undoStack.push([[cell, cell.el.value]]);
    cell.el.value = cell.atFocus = text;
    typed(cell);
    paintRail();
    focusCell(cell.el);
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
  table.addEventListener("input", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    if (!event.isComposing) canonical(cell);
    typed(cell);
    if (isText(cell)) paintLeft(cell);
  });
  table.addEventListener("compositionend", (event) => {
    const cell = cellOf(event.target);
    if (cell) { canonical(cell); typed(cell); }
  });

  /* ── moving ── */
  let byColumn = true, current = null, currentRow = null;
  const canEnter = (el) => el && !el.readOnly && el.offsetParent !== null;
  function at(el) {
    const row = rows.indexOf(el.closest("tr"));
    return [row, grid[row].indexOf(el)];
  }
  function focusCell(el) {
    const cell = cellOf(el);
    if (cell && el.offsetParent === null) {
      const radio = $(`nhom-${cell.column.group}`);
      if (radio) radio.checked = true;
    }
    el.focus();
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
    const order = line(byColumn ? grid[0].flatMap((_, c) => grid.map((row) => row[c])) : grid.flat());
    const found = order[order.indexOf(el) + (back ? -1 : 1)];
    if (found) focusCell(found);
    else el.blur();
  }
  const atStart = (el) => el.selectionStart === 0 && (el.selectionEnd === 0 || (el.tagName === "INPUT" && el.selectionEnd === el.value.length));
  const atEnd = (el) => el.selectionEnd === el.value.length && (el.selectionStart === el.value.length || (el.tagName === "INPUT" && el.selectionStart === 0));
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
    F2: (el) => { const cell = cellOf(el); if (cell && cell.state === "conflict") openConflict(cell); else openHistory(el); return true; },
  };
  function edge(el, event, end) {
    if (el.tagName === "TEXTAREA" && !event.ctrlKey && !(end ? atEnd(el) : atStart(el))) return false;
    const found = line(event.ctrlKey ? grid.flat() : grid[at(el)[0]]).at(end);
    if (found) focusCell(found);
    return true;
  }
  table.addEventListener("keydown", (event) => {
    const el = event.target;
    if (event.isComposing || event.altKey || event.metaKey || !el.matches("input, textarea")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey && (key === "z" || key === "d")) {
      const cell = cellOf(el);
      if (key === "z" && cell && isText(cell) && el.value !== cell.atFocus) return; // the browser undoes typing in a text
      event.preventDefault();
      if (cell) entered(cell);
      if (key === "z") undo();
      else fillDown();
    } else if (KEYS[event.key] && (!event.ctrlKey || ["Home", "End"].includes(event.key)) && KEYS[event.key](el, event)) event.preventDefault();
  });
  table.addEventListener("focusin", (event) => {
    const el = event.target, cell = cellOf(el), tr = el.closest("tr");
    if (currentRow && tr !== currentRow && !byColumn) flush();
    currentRow = tr;
    if (!cell) return;
    current = cell;
    cell.atFocus = el.value;
    if (isText(cell)) paintLeft(cell);
    else el.select();
  });
  table.addEventListener("focusout", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    entered(cell);
    if (cell.state === "" && cell.echo !== null) { cell.el.value = cell.seen; cell.echo = null; }
    cell.el.scrollTop = 0;
    remaining.remove();
    paintRail();
    if (cell.state === "waiting") schedule(isText(cell) ? 0 : Math.max(0, Math.min(IDLE, oldest + LONGEST - Date.now())));
  });
  root.addEventListener("click", (event) => {
    const anchor = event.target.closest('a[href^="#o-"]'), el = anchor && $(anchor.getAttribute("href").slice(1));
    if (el) { event.preventDefault(); focusCell(el); }
  });

  /* ── saving ── */
  let inFlight = false, pause = 2, retryTimer = 0, retryKey = "waiting", leaving = false;
  const token = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1] || form.elements.csrfmiddlewaretoken.value;
  async function flush(event) {
    clearTimeout(timer);
    if (inFlight) return;
    const going = having("waiting").slice(0, MANY);
    oldest = 0;
    if (!going.length) return;
    inFlight = true;
    for (const cell of going) { cell.sent = cell.el.value; cell.state = "saving"; paint(cell); }
    paintLine();
    const body = JSON.stringify({ user: data.user, cells: going.map((c) => ({ cell: c.id, text: c.sent, seen: c.seen, version: c.version })) });
    const stop = new AbortController(), limit = setTimeout(() => stop.abort(), TIMEOUT);
    let response = null, answer = null;
    try {
      response = await fetch(data.url, { method: "POST", body, signal: stop.signal, keepalive: event === "hidden" && body.length < 60000,
        credentials: "same-origin", headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() } });
      answer = await response.json();
    } catch { /* no network, or no answer that can be read */ }
    clearTimeout(limit);
    inFlight = false;
    if (response?.ok && answer) arrived(going, answer);
    else failed(going, response, answer);
    keep();
    paintLine();
    paintRail();
    if (response?.ok && having("waiting").length) schedule(IDLE);
  }
  function arrived(going, answer) {
    savedAt = answer.at;
    pause = 2;
    retryIn = 0;
    notice("");
    for (const [em, notes] of Object.entries(answer.notes)) {
      updated.add(em);
      if (notes.length) data.notes[em] = notes;
      else delete data.notes[em];
    }
    for (const cell of going) {
      const got = answer.cells[cell.id], changed = cell.el.value !== cell.sent;
      cell.state = got.state === "saved" ? "" : got.state;
      Object.assign(cell, { short: got.short, message: got.message });
      if (got.state === "saved") {
        Object.assign(cell, { seen: got.text, version: got.version, echo: null });
        if (!changed && got.text !== cell.sent) {
          if (cell.el === document.activeElement) cell.echo = cell.sent;
          else cell.el.value = got.text;
        }
      } else if (got.state === "conflict") Object.assign(cell, { theirs: got.text, theirVersion: got.version, by: got.by, at: got.at });
      else if (got.state === "asked") cell.proposal = got.text;
      if (changed) cell.state = isDirty(cell) ? "waiting" : "";
      paint(cell);
    }
  }
  function failed(going, response, answer) {
    for (const cell of going) { cell.state = isDirty(cell) ? "waiting" : ""; paint(cell); }
    retryIn = 0;
    const code = response ? response.status : 0;
    if (code === 401) return notice(answer?.message || say("signedOut"), answer?.login || "/", say("signIn"));
    if (code >= 400 && code < 500 && code !== 408 && code !== 429)
      return notice(say("serverSaid", answer?.message || code), `${data.choosePost}?tiep=${encodeURIComponent(data.url)}`, say("changePost"));
    retryKey = code ? "trouble" : "waiting";
    retryIn = pause;
    pause = Math.min(60, pause * 2);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(flush, retryIn * 1000);
    return undefined;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (document.activeElement && cellOf(document.activeElement)) entered(cellOf(document.activeElement));
    for (const cell of having("refused", "asked")) { cell.state = "waiting"; paint(cell); }
    if (having("waiting").length) flush();
    else if (!savedAt) $("dong-luu").textContent = say("nothing");
  });
  addEventListener("online", () => { pause = 2; flush(); });
  document.addEventListener("visibilitychange", () => flush(document.visibilityState));
  async function signOut(event) {
    event.preventDefault();
    await flush();
    const count = unsaved().length;
    if (count && !confirm(say("signOut", count))) return;
    leaving = true;
    forget(() => true);
    event.target.submit();
  }
  for (const out of document.querySelectorAll(`form[action="${data.signOut}"]`)) out.addEventListener("submit", signOut);
  addEventListener("beforeunload", (event) => {
    if (leaving || !unsaved().length) return;
    event.preventDefault();
    event.returnValue = "";
  });

  /* ── dialogs ── */
  const dialog = $("hop");
  function open(title, content, buttons = []) {
    $("hop-ten").textContent = title;
    $("hop-noi-dung").replaceChildren(content);
    $("hop-nut").replaceChildren(...buttons);
    dialog.showModal();
  }
  function openConflict(cell) {
    const words = say(cell.at ? "conflictText" : "conflictBare", shown(cell.el.value), cell.by, shown(cell.theirs), cell.at);
    const settle = (mine) => {
      dialog.close();
      Object.assign(cell, { seen: cell.theirs, version: cell.theirVersion });
      put(cell, mine ? cell.el.value : cell.theirs);
    };
    open(place(cell), make("p", { textContent: words }), [
      button(say("keepMine", shown(cell.el.value)), () => settle(true)), button(say("takeTheirs", shown(cell.theirs)), () => settle(false))]);
  }
  async function openHistory(el) {
    const tr = el.closest("tr"), column = data.columns[el.id.slice(el.id.indexOf("-", 2) + 1)];
    const title = say("historyOf", tr.querySelector(".col-name").textContent, column.label);
    try {
      const response = await fetch(`${data.history}${data.history.includes("?") ? "&" : "?"}o=${el.id}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const { lines } = await response.json();
      if (!lines.length) return open(title, make("p", { textContent: say("historyNone") }));
      const copy = $("lich-su-mau").content.cloneNode(true), body = copy.querySelector("tbody");
      for (const l of lines) body.append(make("tr", {}, ...[l.at, l.by, shown(l.old), shown(l.new), l.source].map((t) => make("td", { textContent: t }))));
      return open(title, copy);
    } catch { return open(title, make("p", { textContent: say("historyFail") })); }
  }
  dialog.addEventListener("close", () => current && current.el.focus());

  function fillDown() {
    const cell = current, value = cell ? cell.el.value.trim() : "";
    const below = cell ? grid.slice(at(cell.el)[0] + 1).map((row) => cellOf(row[at(cell.el)[1]])) : [];
    const targets = below.filter((c) => c && canEnter(c.el) && c.el.value === "");
    const ask = $("hop-dien"), can = value !== "" && targets.length > 0;
    $("hop-dien-loi").textContent = can ? say("fillText", value, targets.length, cell.column.label) : say("fillNone");
    $("hop-dien-nut").hidden = !can;
    ask.returnValue = "";
    ask.showModal();
    ask.onclose = () => {
      if (can && ask.returnValue === "dien") {
        undoStack.push(targets.map((c) => [c, c.el.value]));
        for (const c of targets) { c.el.value = value; typed(c); }
        paintRail();
        flush();
      }
      if (cell) cell.el.focus();
    };
  }

  /* ── choices of the reader ── */
  const option = (name, value) => { try { return value === undefined ? localStorage.getItem(`${PREFIX}${name}`) : localStorage.setItem(`${PREFIX}${name}`, value); } catch { return null; } };
  function choose(name, value) {
    for (const one of document.querySelectorAll(`[data-${name}]`)) one.setAttribute("aria-pressed", String(one.dataset[name] === value));
    if (name === "huong") byColumn = value === "cot";
    else table.classList.toggle("grid-normal", value === "thuong");
  }
  for (const name of ["huong", "co"]) {
    for (const one of document.querySelectorAll(`[data-${name}]`)) one.addEventListener("click", () => { choose(name, one.dataset[name]); option(name, one.dataset[name]); });
    if (option(name)) choose(name, option(name));
  }
  for (const [id, act] of [["hoan-tac", undo], ["dien-xuong", fillDown]]) { $(id).hidden = false; $(id).addEventListener("click", act); }
  $("tuy-chon").hidden = false;
  const head = $("dau-trang");
  new ResizeObserver(() => root.style.setProperty("--head", `${head.offsetHeight}px`)).observe(head);
  restore();
  for (const cell of having("waiting")) { cell.short ||= ""; paint(cell); }
  paintRail();
  paintLine();
  if (location.hash.startsWith("#o-") && $(location.hash.slice(1))) focusCell($(location.hash.slice(1)));
})();
