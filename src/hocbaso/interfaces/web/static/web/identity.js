// Identity pages. Everything works without this file: it saves reloads and ticks.
"use strict";

(() => {
  const number = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ".");

  // A sending: ask how far it is, show why it waits, show the result when it is there.
  const panel = document.querySelector("[data-progress]");
  if (panel) {
    const bar = panel.querySelector("progress");
    const count = panel.querySelector("[data-count]");
    const waits = panel.querySelector("[data-waits]");
    let pause = 700;
    const ask = async () => {
      try {
        const reply = await fetch(panel.dataset.progress, { headers: { Accept: "application/json" } });
        if (!reply.ok || reply.redirected) {
          location.reload();
          return;
        }
        const told = await reply.json();
        if (!told.working) {
          location.reload();
          return;
        }
        if (bar.value !== told.done) pause = 700;
        bar.max = told.total;
        bar.value = told.done;
        count.textContent = `${number(told.done)} / ${number(told.total)}`;
        const lines = told.waits.join("\n");
        if (waits.dataset.shown !== lines) {
          waits.dataset.shown = lines;
          waits.replaceChildren(
            ...told.waits.map((line) => {
              const item = document.createElement("li");
              item.textContent = line;
              return item;
            }),
          );
        }
      } catch {
        // The line is down: ask again, less often.
      }
      pause = Math.min(pause * 1.3, 10000);
      setTimeout(ask, pause);
    };
    setTimeout(ask, pause);
  }

  // One person whose answer comes within seconds.
  if (document.querySelector("[data-soon]")) {
    setTimeout(() => location.reload(), 2500);
  }

  // One tick for all that are shown.
  const all = document.querySelector("[data-all]");
  if (all) {
    all.closest("[hidden]").hidden = false;
    const boxes = () => document.querySelectorAll('input[name="em"]');
    all.addEventListener("change", () => {
      for (const box of boxes()) box.checked = all.checked;
    });
  }

  // A letter opens in another tab; whoever comes back sees that it was printed.
  let printed = false;
  for (const button of document.querySelectorAll("[data-letters]")) {
    button.addEventListener("click", () => {
      printed = true;
    });
  }
  window.addEventListener("focus", () => {
    if (printed) location.reload();
  });
})();
