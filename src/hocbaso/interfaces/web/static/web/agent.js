// The page's part in signing with the USB token of this PC: find the agent, pair, carry sealed lists there and
// values back. The page makes neither; it holds no PIN and no key. Every sentence comes from the page.
(() => {
  "use strict";
  const panel = document.querySelector("[data-agent]");
  if (!panel) return;
  const words = panel.dataset;
  const part = (selector) => panel.querySelector(selector);
  const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  let token = "";
  let attempt = null;
  let job = "";
  let busy = false;

  // --- speaking -------------------------------------------------------------------------------------------
  const read = async (answer, lost) => {
    const kind = answer.headers.get("Content-Type") || "";
    if (!kind.startsWith("application/json")) throw Object.assign(new Error(lost), { code: "session" });
    const data = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(data.message || lost), { code: data.code, status: answer.status });
    return data;
  };
  const csrf = () => {
    const field = document.querySelector("input[name=csrfmiddlewaretoken]");
    const cookie = document.cookie.split("; ").find((one) => one.startsWith("csrftoken="));
    return field ? field.value : cookie ? cookie.slice(10) : "";
  };
  const site = async (url, body) => read(await fetch(url, {
    method: body === undefined ? "GET" : "POST", credentials: "same-origin", cache: "no-store",
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf() },
    body: body === undefined ? undefined : JSON.stringify(body),
  }), words.wordsSession);
  const agent = async (path, body) => {
    let answer;
    try {
      answer = await fetch(words.origin + path, {
        method: "POST", mode: "cors", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
        headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      });
    } catch {
      throw Object.assign(new Error(words.wordsLost), { code: "absent" });
    }
    return read(answer, words.wordsLost);
  };

  // --- showing --------------------------------------------------------------------------------------------
  const is = (name) => {
    for (const one of panel.querySelectorAll("[data-is]")) one.hidden = one.dataset.is !== name;
    panel.dataset.now = name;
    for (const button of document.querySelectorAll("[data-agent-do=certificates]")) button.hidden = name !== "paired";
  };
  const tell = (text) => {
    const box = part("[data-agent-error]");
    box.hidden = !text;
    box.lastElementChild.textContent = text || "";
    if (text) box.focus();
  };
  const progress = (text, signed, total) => {
    is("work");
    const line = part("[data-agent-line]");
    if (line.textContent !== text) line.textContent = text;
    part("[data-agent-bar]").max = total;
    part("[data-agent-bar]").value = signed;
  };

  // --- finding and pairing --------------------------------------------------------------------------------
  const seek = async (halted) => {
    tell("");
    is("seeking");
    try {
      token = (await site(words.stateUrl)).token;
    } catch (error) {
      is("absent");
      return tell(error.message);
    }
    let hello;
    try {
      hello = await agent("/v1/hello", { token });
      if (hello.agent !== "hocbaso" || hello.protocol !== 1) throw new Error(words.wordsLost);
    } catch {
      return is("absent");
    }
    if (!hello.paired) is("found");
    else if (halted === true) is(words.batch ? "ready" : "paired");
    else await paired();
  };
  const pair = async () => {
    tell("");
    const begun = await site(words.askUrl, {});
    attempt = await agent("/v1/pair/ask", begun);
    is("code");
    codeError("");
    part("#ma-ghep").value = "";
    part("#ma-ghep").focus();
  };
  const codeError = (text) => {
    const line = part("[data-code-error]");
    line.hidden = !text;
    line.textContent = text;
    part("[data-code-field]").classList.toggle("field-error", Boolean(text));
    const field = part("#ma-ghep");
    if (text) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", "ma-ghep-loi");
      field.select();
      field.focus();
    } else field.removeAttribute("aria-invalid");
  };
  const code = async () => {
    try {
      const { proof } = await site(words.codeUrl, { ...attempt, code: part("#ma-ghep").value });
      const done = await agent("/v1/pair/finish", { attempt: attempt.attempt, proof });
      token = (await site(words.finishUrl, done)).token;
    } catch (error) {
      if (["agent_code_wrong", "agent_link_code", "agent_pairing_pause"].includes(error.code)) return codeError(error.message);
      throw error;
    }
    tell("");
    await paired();
  };
  const leave = async () => {
    await agent("/v1/pair/leave", { token }).catch(() => {});
    await site(words.leaveUrl, {});
    token = "";
    await seek();
  };

  // --- signing --------------------------------------------------------------------------------------------
  const plugged = async () => {
    const found = await agent("/v1/certificates", { token });
    return found.tokens.flatMap((one) => one.certificates);
  };
  // Until the job is over; `take` gets the values as they come, one request after the other.
  const follow = async (take, tellOf) => {
    let have = 0;
    for (;;) {
      const now = await agent("/v1/watch", { token, job, after: have, wait: 8 });
      have += now.values.length;
      tellOf(now);
      if (now.values.length) await take(now.values);
      if (now.state === "done") return;
      if (now.state === "ended") throw Object.assign(new Error(now.error ? now.error.message : ""), { code: "ended" });
    }
  };
  const signBatch = async (batch) => {
    const certificates = (await plugged()).map((one) => one.der).slice(0, 20);
    if (!certificates.length) throw new Error(words.wordsNoToken);
    const list = await site(words.listUrl, { batch, certificates });
    const total = list.total;
    let signed = 0;
    const refused = [];
    job = (await agent("/v1/sign", { token, text: list.text, seal: list.seal })).job;
    await follow(async (values) => {
      for (let start = 0; start < values.length; start += 50) {
        const outcome = await site(words.valuesUrl, { list: list.list, values: values.slice(start, start + 50) });
        signed += outcome.signed;
        refused.push(...outcome.refused);
        progress(say(words.wordsProgress, { signed, total }), signed, total);
      }
    }, (now) => {
      const values = { signed, total, digest: list.digest.slice(0, 16).toUpperCase().match(/.{4}/g).join(" ") };
      if (now.state === "waiting") progress(say(now.signed || now.error ? words.wordsStopped : words.wordsPin, values), signed, total);
      else if (now.state === "opening") progress(words.wordsOpening, signed, total);
    });
    if (refused.length) throw new Error(say(words.wordsRefused, { n: refused.length, why: refused[0].message }));
    progress(say(words.wordsDone, { total }), total, total);
    window.location.assign(list.receipt);
  };
  const sign = async () => {
    tell("");
    await signBatch(Number(words.batch));
  };
  // Paired: on the page of a list that was just confirmed the list is what the person came for.
  const paired = async () => {
    is(words.batch ? "ready" : "paired");
    if (words.batch) await sign();
    else await certificates();
  };
  const stopped = async (error) => {
    const working = panel.dataset.now === "work" || panel.dataset.now === "ready";
    // What the server did not take is prepared anew: the token need not sign the rest for nobody.
    if (job) agent("/v1/cancel", { token, job }).catch(() => {});
    job = "";
    if (error.code === "absent" || error.code === "agent_not_paired" || error.code === "agent_link_absent") await seek(true);
    else if (working) is(words.batch ? "ready" : "paired");
    tell(error.message);
  };
  window.addEventListener("beforeunload", (event) => { if (busy && panel.dataset.now === "work" && job) event.preventDefault(); });

  // --- certificates on the token: the agent's own page ----------------------------------------------------
  const board = document.querySelector("[data-agent-certificates]");
  const certificates = async () => {
    if (!board) return;
    const found = await agent("/v1/certificates", { token }).catch((error) => {
      if (["absent", "agent_not_paired"].includes(error.code)) throw error;
      tell(error.message); // no stick, no driver: the page stays as it is
      return { tokens: [] };
    });
    const known = new Set(board.dataset.known.split(" "));
    const lines = [];
    for (const one of found.tokens) {
      const own = one.certificates.filter((held) => !held.authority);
      if (!own.length) {
        const line = document.createElement("li");
        line.textContent = say(board.dataset.wordsHidden, { label: one.label || one.serial });
        lines.push(line);
      }
      for (const held of own) lines.push(certificateLine(held, known.has(held.digest)));
    }
    const none = board.querySelector("[data-agent-none]");
    none.hidden = lines.length > 0;
    none.textContent = board.dataset.wordsNone;
    board.querySelector("[data-agent-list]").replaceChildren(...lines);
  };
  const certificateLine = (held, known) => {
    const line = document.createElement("li");
    const text = document.createElement("span");
    const name = document.createElement("strong");
    name.textContent = held.name;
    const day = held.until.split("-").reverse().join("/");
    const about = [say(board.dataset.wordsSerial, { serial: held.serial }), say(board.dataset.wordsUntil, { day })];
    if (known) about.push(board.dataset.wordsKnown);
    text.append(name, `, ${about.join(", ")}`);
    line.append(text);
    if (!known && board.dataset.mayRegister) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-small";
      button.textContent = board.dataset.wordsRegister;
      button.addEventListener("click", () => guarded(() => prove(held.der)));
      line.append(button);
    }
    return line;
  };
  const prove = async (der) => {
    const begun = await site(words.proveUrl, { certificate: der });
    job = (await agent("/v1/sign", { token, text: begun.text, seal: begun.seal })).job;
    progress(words.wordsChallenge, 0, 1);
    await follow(async (values) => {
      const done = await site(words.proofUrl, { case: begun.case, value: values[0][1] });
      progress(done.text, 1, 1);
      window.location.assign(done.next);
    }, (now) => { if (now.error) tell(now.error.message); });
  };

  // --- buttons --------------------------------------------------------------------------------------------
  const guarded = async (deed) => {
    if (busy) return;
    busy = true;
    try {
      await deed();
    } catch (error) {
      await stopped(error);
    } finally {
      busy = false;
    }
  };
  const again = async () => {
    tell("");
    await certificates();
  };
  const deeds = { seek, pair, code, leave, certificates: again, sign };
  document.addEventListener("click", (event) => {
    const name = event.target.dataset && event.target.dataset.agentDo;
    if (name === "cancel" && job) agent("/v1/cancel", { token, job }).catch(() => {});
    else if (deeds[name]) guarded(deeds[name]);
  });
  part("#ma-ghep").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    guarded(code);
  });
  guarded(seek);
})();
