// A file that is too large is told before it travels; a second press does not send it twice.
(() => {
  "use strict";
  const form = document.querySelector("form[data-verify-file]");
  if (!form) return;
  const field = form.elements.tep;
  form.addEventListener("submit", (event) => {
    const file = field.files[0];
    if (file && file.size > Number(form.dataset.limit) * 1048576) {
      event.preventDefault();
      field.setCustomValidity(form.dataset.large);
      field.reportValidity();
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = form.dataset.busy;
  });
  field.addEventListener("change", () => field.setCustomValidity(""));
})();
