// Signing in small steps: one code for the list, then a few sheets a request, each row telling where it stands.
// Without this script the same form signs everything in one request.
(() => {
  "use strict";
  const form = document.querySelector("form[data-sign]");
  if (!form) return; // the page of a run has a script of its own
  const boxes = () => [...form.querySelectorAll('input[name="hoc-ba"]')];
  const go = form.querySelector("[data-go]");
  const line = form.querySelector("[data-count-line]");
  const progress = document.querySelector("[data-progress]");
  const bar = document.querySelector(".bar rect");
  const errors = document.getElementById("loi-ky");
  const controls = form.querySelector("[data-controls]");
  const number = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ".");
  const words = form.dataset; // every sentence comes from the page, in its language
  const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => number(values[name]));
  let paused = false;
  let running = false;
  let batch = null;

  const count = () => {
    if (!go || go.value !== "ky") return;
    const n = boxes().filter((box) => box.checked).length;
    line.textContent = say(words.chosen, { n });
    go.textContent = say(words.button, { n });
  };

  const mark = (row, kind, shape, words) => {
    const cell = row.querySelector("[data-state]");
    const status = document.createElement("span");
    status.className = `status ${kind}`;
    status.innerHTML = `<svg class="icon" aria-hidden="true"><use href="#i-${shape}"/></svg><span></span>`;
    status.lastChild.textContent = words;
    cell.replaceChildren(status);
    row.classList.toggle("is-busy", kind === "busy");
  };

  const tell = (heading, words, at) => {
    const box = document.createElement("div");
    box.className = "error-summary page-message";
    box.setAttribute("role", "alert");
    box.tabIndex = -1;
    const title = document.createElement("h2");
    title.textContent = heading;
    const text = document.createElement("p");
    const link = document.createElement(at ? "a" : "span");
    if (at) link.href = `#${at}`;
    link.textContent = words;
    text.append(link);
    box.append(title, text);
    errors.replaceChildren(box);
    box.focus();
  };

  const post = async (url, body) => {
    const answer = await fetch(url, {
      method: "POST", body, credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    });
    const kind = answer.headers.get("Content-Type") || "";
    const data = kind.startsWith("application/json") ? await answer.json() : { message: "" };
    if (!answer.ok) throw Object.assign(new Error(data.message || ""), { data });
    return data;
  };

  const show = (state) => {
    const order = new Map(state.items.map((item) => [String(item.sheet), item]));
    const next = new Set(state.items.filter((i) => i.state === "waiting").slice(0, 5).map((i) => String(i.sheet)));
    for (const row of form.querySelectorAll("tr[data-sheet]")) {
      const item = order.get(row.dataset.sheet);
      if (!item) continue;
      const box = row.querySelector('input[type="checkbox"]');
      if (item.state === "signed") {
        if (words.seal) mark(row, "sealed", "seal", item.text);
        else mark(row, "ok", "check", item.text);
        if (box) box.closest("label").remove();
      } else if (item.state === "sealed") {
        mark(row, "idle", "clock", item.text);
        if (box) box.closest("label").remove();
      } else if (item.state === "failed") {
        mark(row, "stop", "cross", item.text);
        row.parentElement.prepend(row); // what failed stays on top
      } else if (next.has(row.dataset.sheet) && !paused) {
        mark(row, "busy", "sync", words.busy);
      } else {
        mark(row, "idle", "clock", words.waiting);
      }
    }
    const done = Number(progress.dataset.done) + state.signed - batch.before;
    const eligible = Number(progress.dataset.eligible);
    progress.textContent = say(words.progress, { done, eligible });
    if (bar && eligible) bar.setAttribute("width", String(Math.min(100, (100 * done) / eligible)));
    const finished = state.total - state.waiting;
    line.textContent = say(paused ? words.paused : words.running, { left: state.waiting, finished, total: state.total });
  };

  const loop = async (state) => {
    running = true;
    try {
      while (state.waiting > 0 && !paused) {
        show(state);
        state = await post(batch.step, new FormData());
      }
      show(state);
      if (state.waiting === 0) window.location.assign(batch.receipt);
    } catch (error) {
      paused = true;
      show(state);
      tell(say(words.halted, { n: state.signed }), error.message || words.stopped, "");
      resumable();
    } finally {
      running = false;
      batch.state = state;
    }
  };

  const resumable = () => {
    controls.querySelector("[data-pause]").hidden = paused;
    controls.querySelector("[data-resume]").hidden = !paused;
  };

  controls?.querySelector("[data-pause]").addEventListener("click", () => {
    paused = true;
    resumable();
    line.textContent = words.pausing;
  });
  controls?.querySelector("[data-resume]").addEventListener("click", () => {
    if (running) return;
    paused = false;
    resumable();
    errors.replaceChildren();
    loop(batch.state);
  });

  form.addEventListener("change", count);
  form.addEventListener("keydown", (event) => {
    // Enter in the reason must not sign: the form's first button is the one that signs.
    if (event.key === "Enter" && event.target.id === "ly-do") {
      event.preventDefault();
      form.querySelector("[data-return]").focus();
    }
  });
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || !["ky", "ky-tiep"].includes(button.value)) return;
    if (words.plain) return; // the key's place asks for more: an ordinary form
    event.preventDefault();
    if (running) return;
    const body = new FormData(form);
    body.set("viec", button.value);
    button.disabled = true;
    try {
      const state = await post(form.action, body);
      batch = { step: state.step, receipt: state.receipt, before: state.signed };
      errors.replaceChildren();
      button.hidden = true;
      form.querySelector(".sign-code")?.remove();
      for (const part of form.querySelectorAll("[data-hide-while]")) part.hidden = true;
      for (const box of boxes()) box.disabled = true;
      controls.hidden = false;
      resumable();
      await loop(state);
    } catch (error) {
      button.disabled = false;
      const data = error.data || {};
      tell(words.nothing, error.message || words.stopped, data.at || "danh-sach");
      if (data.at === "ma") {
        form.elements.ma.value = "";
        form.elements.ma.setAttribute("aria-invalid", "true");
      }
    }
  });
  count();
})();
