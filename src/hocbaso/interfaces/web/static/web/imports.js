// Import pages. Everything works without this file: it saves a reload and lets a file be dropped.
"use strict";

(() => {
  const number = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ".");

  // Progress page: ask for the state, move the bar, open the result when it is there.
  const panel = document.querySelector("[data-progress]");
  if (panel) {
    const bar = panel.querySelector("progress");
    const count = panel.querySelector("[data-count]");
    const unit = document.documentElement.lang === "en" ? "rows" : "dòng";
    let wait = 400;
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
        if (told.total) {
          bar.max = told.total;
          bar.value = told.done;
          count.textContent = `${number(told.done)} / ${number(told.total)} ${unit}`;
        }
      } catch {
        // The line is down: ask again, less often.
      }
      wait = Math.min(wait * 1.3, 3000);
      setTimeout(ask, wait);
    };
    setTimeout(ask, wait);
  }

  // Upload form: a file may be dropped anywhere on it.
  const form = document.querySelector("[data-drop]");
  if (form) {
    const input = form.querySelector('input[type="file"]');
    form.querySelector("[data-drop-hint]").hidden = false;
    form.addEventListener("dragover", (event) => event.preventDefault());
    form.addEventListener("drop", (event) => {
      if (event.dataTransfer.files.length) {
        event.preventDefault();
        input.files = event.dataTransfer.files;
        input.focus();
      }
    });
  }

  // A count leads to its list, also when the list is folded.
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const folded = target && target.closest("details");
    if (folded) {
      folded.open = true;
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", unfold);
  unfold();

  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
})();
