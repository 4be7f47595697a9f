// A run beside the request: asks how far it is and goes on when it ends. Without this script the page reloads.
(() => {
  "use strict";
  const box = document.querySelector("[data-run]");
  if (!box) return;
  const line = box.querySelector("[data-run-line]");
  const bar = box.querySelector(".bar rect");
  const number = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ".");
  const rows = new Map([...document.querySelectorAll("tr[data-item]")].map((row) => [row.dataset.item, row]));
  const kinds = { signed: ["ok", "check"], failed: ["stop", "cross"], sealed: ["idle", "clock"] };
  let misses = 0;

  const mark = (item) => {
    const [kind, shape] = kinds[item.state] || [];
    const row = rows.get(String(item.id));
    if (!kind || !row || row.dataset.done) return;
    row.dataset.done = "1";
    const status = document.createElement("span");
    status.className = `status ${kind}`;
    status.innerHTML = `<svg class="icon" aria-hidden="true"><use href="#i-${shape}"/></svg><span></span>`;
    status.lastChild.textContent = item.text;
    row.querySelector("[data-state]").replaceChildren(status);
  };

  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.run, {
        credentials: "same-origin", headers: { Accept: "application/json" }, cache: "no-store",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      misses = 0;
      state.items.forEach(mark);
      line.textContent = box.dataset.words.replace(/\{(\w+)\}/g, (_, name) => number(state[name]));
      if (bar && state.total) bar.setAttribute("width", String((100 * (state.total - state.waiting)) / state.total));
      if (!state.running) {
        window.location.assign(state.receipt);
        return;
      }
    } catch {
      misses += 1;
      if (misses > 20) {
        window.location.reload();
        return;
      }
    }
    window.setTimeout(ask, 1000);
  };
  window.setTimeout(ask, 500);
})();
