// Photos, many at once. Without this file the form sends all of them in one go; with it one by one, with
// progress: a line that breaks loses one photo, and choosing the same files again goes on where it stopped.
"use strict";

(() => {
  const form = document.querySelector("[data-send-one-by-one]");
  if (!form || !window.fetch || !window.FormData) return;
  const input = form.querySelector('input[type="file"]');
  const panel = form.querySelector("[data-sending]");
  const bar = panel.querySelector("progress");
  const told = panel.querySelector("[data-told]");
  const token = form.querySelector('input[name="csrfmiddlewaretoken"]').value;

  const send = async (address, file) => {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", token);
    body.append("tep", file);
    for (let again = 0; ; again += 1) {
      try {
        const reply = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
        if (reply.redirected) return false;
        if (reply.status < 500) return reply.ok;
      } catch {
        // The line is down.
      }
      if (again >= 4) return false;
      await new Promise((done) => setTimeout(done, 1000 * 2 ** again));
    }
  };

  form.addEventListener("submit", async (event) => {
    const files = Array.from(input.files);
    if (files.length < 2) return; // one photo or one archive: the form itself
    event.preventDefault();
    form.querySelector("button").disabled = true;
    panel.hidden = false;
    bar.max = files.length;
    let address = form.dataset.sendOneByOne;
    if (!address) {
      const body = new FormData(form);
      body.delete("tep");
      body.append("trong", "1");
      const reply = await fetch(form.action, { method: "POST", body });
      address = reply.url;
    }
    let failed = 0;
    for (const [index, file] of files.entries()) {
      told.textContent = panel.dataset.words.replace("{n}", index + 1).replace("{all}", files.length);
      if (!(await send(address, file))) failed += 1;
      bar.value = index + 1;
    }
    if (failed === files.length && form.dataset.sendOneByOne) {
      form.submit();
      return;
    }
    location.assign(address);
  });
})();
