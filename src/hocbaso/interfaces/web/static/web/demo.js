// Sandbox only: keeps the shown code fresh and writes it into the field when asked.
(() => {
  "use strict";
  const phone = document.querySelector("[data-demo-phone]");
  const codes = phone && phone.dataset.otp ? { otp: phone.dataset.otp, pin: phone.dataset.pin } : {};
  const fields = Object.keys(codes).map((name) => document.getElementById(name)).filter(Boolean);
  if (!fields.length) return;
  const fill = phone.querySelector("[data-demo-fill]");
  fill.hidden = false;
  fill.addEventListener("click", () => {
    for (const field of fields) field.value = codes[field.id];
    fields[0].form.querySelector("button.button").focus();
  });
})();
(() => {
  "use strict";
  const box = document.querySelector("[data-demo-code]");
  const field = document.getElementById("ma");
  if (!box || !field) return;
  const text = box.querySelector("[data-demo-text]");
  const fill = box.querySelector("[data-demo-fill]");
  const again = box.querySelector("[data-demo-again]");
  let code = "";

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(box.dataset.demoCode, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const shown = await answer.json();
      code = shown.code;
      fill.hidden = !code;
      const words = code
        ? box.dataset.present.replace("{code}", `${code.slice(0, 3)} ${code.slice(3)}`)
        : box.dataset.wait.replace("{n}", shown.wait);
      if (text.textContent !== words) text.textContent = words;
    } catch {
      // The page's own link still fetches a new code.
    }
  }

  fill.addEventListener("click", () => {
    field.value = code;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
  again.hidden = true;
  look();
  setInterval(look, 5000);
})();
