/* Clocks: the end of the session and the closing of columns, by the server's time; signing in again in a dialog. */
import { $, book, button, data, icon, make, notice, paintLine, paintRail, say } from "./gradebook_cells.js";
import { close, open } from "./gradebook_dialogs.js";
import { goOn, token } from "./gradebook_saving.js";

const WARN = 300, TICK = 10000, DAY = 86400;
const started = Date.now(); // of this machine: only differences are used, the server's clock decides
let ends = Infinity, warned = false;
const since = () => (Date.now() - started) / 1000;

function signInButton() { return button(say("signIn"), openSignIn, true); }
function signedOut(words) { ends = 0; warned = true; notice(words, signInButton(), "session"); }

function openSignIn() {
  const problem = make("p", { className: "status stop", role: "alert" });
  const password = make("input", { className: "input", type: "password", autocomplete: "current-password", id: "hop-mat-khau" });
  const code = make("input", { className: "input input-short", inputMode: "numeric", autocomplete: "one-time-code", id: "hop-ma" });
  const field = (el, label) => make("div", { className: "field" }, make("label", { htmlFor: el.id, textContent: label }), el);
  const first = field(password, say("password")), second = field(code, say("code"));
  second.hidden = true;
  let step = "password";
  const form = make("form", { id: "hop-dang-nhap", noValidate: true }, make("p", { textContent: say("signInWho", data.fullName, data.username) }), problem, first, second);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const body = { post: data.post, username: data.username, [step]: step === "code" ? code.value : password.value };
    let got = null;
    try {
      const response = await fetch(data.signInAgain, { method: "POST", credentials: "same-origin", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() } });
      got = await response.json();
    } catch { got = { message: say("noNetwork") }; }
    password.value = "";
    if (got.step === "done") { done(got.left); return; }
    if (got.step === "code") {
      step = "code";
      first.hidden = true;
      second.hidden = false;
      code.focus();
      return;
    }
    problem.replaceChildren(icon("cross"), make("span", { textContent: got.message || say("noNetwork") }), ...(got.url ? [make("a", { href: got.url, textContent: say("signInPage") })] : []));
    (step === "code" ? code : password).select();
  });
  const go = make("button", { className: "button button-small", textContent: say("signIn") });
  go.setAttribute("form", "hop-dang-nhap");
  open(say("signIn"), [form], [go]);
  password.focus();
}
function done(left) {
  ends = since() + left;
  warned = false;
  close();
  notice("", null, "session");
  goOn();
  paintLine();
  paintRail();
}

/** What the page asks for once it stands: how long the session lasts, the comment bank. */
async function around() {
  try {
    const response = await fetch(data.around, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) return;
    const got = await response.json();
    ends = since() + got.left;
    data.bank = got.bank;
    if (got.parts.length > 1 && $("mon")) showParts(got.parts);
    tick();
  } catch { /* no network now: saving will say when the session is over */ }
}

function showParts(parts) {
  const list = make("ul", {}, ...parts.map((one) => {
    const link = make("a", { href: one.url, textContent: one.label });
    if (one.current) link.setAttribute("aria-current", "page");
    return make("li", {}, link);
  }));
  $("mon").replaceWith(make("details", { className: "so-mon" }, make("summary", { textContent: data.subject }), list));
}

/* ── countdowns ── */
function words(left) {
  const minutes = Math.ceil(left / 60), hours = Math.floor(minutes / 60);
  return hours ? say("leftHours", hours, minutes % 60) : say("leftMinutes", minutes);
}
function tick() {
  const left = ends - since();
  if (left <= 0 && !(warned && ends === 0)) signedOut(say("signedOut"));
  else if (left <= WARN && !warned) { warned = true; notice(say("sessionSoon", Math.max(1, Math.ceil(left / 60))), signInButton(), "session"); }
  const closing = $("con-lai");
  if (!closing || !data.closesIn) return;
  const open_ = data.closesIn - since();
  if (open_ <= 0) closing.textContent = say("closedNow");
  else if (open_ <= DAY) closing.textContent = words(open_);
}

export function listen() {
  Object.assign(book.act, { signedOut });
  around();
  setInterval(tick, TICK);
}
