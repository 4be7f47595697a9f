// The page of the verification without a network: bundle, camera, answer. The mathematics is in offline_code.js.
(() => {
  "use strict";
  const place = document.getElementById("ngoai-tuyen");
  if (!place) return;
  const at = (id) => document.getElementById(id);
  const words = at("loi-van").dataset;
  const tables = JSON.parse(at("bang-ma").textContent);
  const { open, verify, hex } = window.HocBaSoOffline;
  const two = (number) => String(number).padStart(2, "0");
  const day = (date) => `${two(date.getDate())}/${two(date.getMonth() + 1)}/${date.getFullYear()}`;
  const moment = (date) => `${two(date.getHours())}:${two(date.getMinutes())} ${day(date)}`;
  let trust = null;
  let kept = false;

  function tellBundle() {
    const days = Math.floor((Date.now() - trust.made) / 86400000);
    const age = days < 1 ? words.today : words.days.replace("{n}", days);
    const parts = [words.bundle.replace("{at}", moment(trust.made)).replace("{age}", age)];
    if (days > 30) parts.push(words.old);
    if (kept) parts.push(words.ready);
    at("goi-tin-cay").textContent = parts.join(" ");
  }

  async function load() {
    if (!window.isSecureContext || !window.crypto?.subtle || !window.DecompressionStream) {
      at("goi-tin-cay").textContent = words.unsafe;
      return;
    }
    try {
      const answer = await fetch(place.dataset.bundle, { credentials: "omit" });
      if (!answer.ok) throw new Error(String(answer.status));
      trust = await open(await answer.json());
      tellBundle();
    } catch {
      at("goi-tin-cay").textContent = words.missing;
    }
  }

  async function keep() {
    if (!navigator.serviceWorker) return;
    try {
      await navigator.serviceWorker.register(place.dataset.worker, { scope: place.dataset.scope });
      await navigator.serviceWorker.ready;
      kept = true;
      if (trust) tellBundle();
    } catch {
      kept = false; // without a worker the page verifies as long as it stays open
    }
  }

  function fact(list, name, value) {
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    list.append(term, text);
  }

  const conclusion = (value) => (typeof value === "string" ? value : tables.conclusions[value - 1] ?? "");

  function result(value) {
    if (value === 254) return words.exempt;
    if (value === 255) return words.none;
    if (value === 101) return "Đ";
    if (value === 102) return "CĐ";
    if (value <= 100) return `${Math.floor(value / 10)}${value % 10 ? `,${value % 10}` : ""}`;
    const score = (value - 128) % 12;
    return `${" THC"[Math.floor((value - 128) / 12)]}${score ? ` ${score - 1}` : ""}`;
  }

  function birth(number) {
    const text = String(number);
    return [text.slice(6, 8), text.slice(4, 6), text.slice(0, 4)].filter(Boolean).join("/");
  }

  function show(answer) {
    const list = at("noi-dung-ma");
    list.replaceChildren();
    list.parentElement.hidden = !answer.code;
    if (!answer.code) return;
    const map = answer.code.map;
    const [beginning, rest] = map.get(8);
    fact(list, words.name, map.get(6));
    fact(list, words.birth, birth(map.get(7)));
    fact(list, words.school, (tables.beginnings[beginning] ?? "") + rest);
    fact(list, words.class, map.get(9));
    const results = map.get(12);
    if (results) {
      const flags = results[2] & 2 ? words.promoted : "";
      fact(list, words.results, [conclusion(results[0]), conclusion(results[1]), conclusion(results[3]), flags].filter(Boolean).join("; "));
      for (let n = 0; n < results[4].length; n += 2) fact(list, tables.subjects[results[4][n] - 1] ?? "?", result(results[4][n + 1]));
      for (const [name, value] of results[5] ?? []) fact(list, name, result(value));
    }
    fact(list, words.code, answer.code.code.text);
    fact(list, words.version, String(map.get(2)));
    fact(list, words.issued, day(answer.issued));
    const digest = hex(map.get(3)).toUpperCase();
    fact(list, words.digest, `${digest.slice(0, 4)} ${digest.slice(4, 8)}`);
    fact(list, words.node, answer.signer.name);
  }

  async function check() {
    const text = at("van-ban").value.trim();
    const error = at("loi-ma");
    error.hidden = Boolean(text) && Boolean(trust);
    at("van-ban").setAttribute("aria-invalid", String(!text));
    if (!text || !trust) {
      error.textContent = text ? words.missing : words.empty;
      at("ket-qua").hidden = true;
      at("van-ban").focus();
      return;
    }
    at("ket-qua").hidden = true; // no answer to another code stands while this one is judged
    const answer = await verify(text, trust, new Date());
    const kind = { valid: "ok", invalid: "stop", unknown: "warn" }[answer.verdict];
    const test = answer.verdict === "valid" && trust.testing;
    const why = words[answer.why].replace("{at}", answer.list ? moment(answer.list.made) : "");
    at("ket-qua").className = `verdict field verdict-${test ? "warn" : kind}`;
    at("hinh-ket-luan").replaceChildren(at(`dau-${test ? "warn" : kind}`).content.cloneNode(true));
    at("ket-luan").textContent = test ? words.test : words[answer.verdict];
    at("vi-sao").textContent = test ? `${words.testing} ${why}` : why;
    show(answer);
    at("ket-qua").hidden = false;
    at("ket-qua").focus();
  }

  let stream = null;
  function stopCamera() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    at("khung-anh").hidden = true;
    at("may-anh").hidden = false;
  }

  async function scan(detector) {
    const video = at("hinh");
    while (stream) {
      const found = await detector.detect(video).catch(() => []);
      const code = found.find((one) => one.rawValue.startsWith("HBS1:"));
      if (code) {
        at("van-ban").value = code.rawValue;
        stopCamera();
        await check();
        return;
      }
      await new Promise((done) => setTimeout(done, 200));
    }
  }

  async function startCamera() {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      at("hinh").srcObject = stream;
      at("khung-anh").hidden = false;
      at("may-anh").hidden = true;
      at("loi-ma").hidden = true;
      await at("hinh").play();
      await scan(new window.BarcodeDetector({ formats: ["qr_code"] }));
    } catch {
      stopCamera();
      at("loi-ma").textContent = words.camera;
      at("loi-ma").hidden = false;
    }
  }

  async function offerCamera() {
    if (!window.BarcodeDetector || !navigator.mediaDevices) return;
    const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
    at("may-anh").hidden = !formats.includes("qr_code");
  }

  at("kiem-tra").addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  at("may-anh").addEventListener("click", startCamera);
  at("tat-may-anh").addEventListener("click", stopCamera);
  load().then(keep);
  offerCamera();
})();
