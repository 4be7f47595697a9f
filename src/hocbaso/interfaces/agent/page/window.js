// The agent's own window: shows what the agent says, sends what the person decides. Everything is set as text.
(() => {
  "use strict";
  const at = (id) => document.getElementById(id);
  const show = (id, yes) => { at(id).hidden = !yes; };
  const put = (id, text) => { if (at(id).textContent !== text) at(id).textContent = text; };
  let key = "";
  let job = null; // the one shown
  let sent = false; // a PIN is on its way

  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST", credentials: "omit", cache: "no-store",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const data = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(data.message || ""), { code: data.code });
    return data;
  };
  const act = (name, more) => post(`/window/${name}`, { key, ...more });

  const fail = (text) => {
    const line = document.createElement("p");
    line.className = "notice stop";
    line.textContent = text;
    at("bao-loi").replaceChildren(line);
  };

  const enter = async () => {
    const word = location.hash.slice(1);
    history.replaceState(null, "", "/"); // the word is worth nothing after this; it need not be looked at
    if (word) {
      key = (await post("/window/open", { once: word })).key;
      sessionStorage.setItem("key", key);
    } else {
      key = sessionStorage.getItem("key") || "";
    }
  };

  const rows = (items) => at("dong").replaceChildren(...items.map((item, n) => {
    const row = document.createElement("tr");
    for (const text of [String(n + 1), ...item]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  }));

  const LAST = "Thiết bị báo chỉ còn 1 lần thử. Nhập sai nữa thiết bị sẽ bị khóa.";
  const FEW = "Thiết bị báo sắp hết số lần thử. Hãy nhập thật cẩn thận.";

  const asks = (now) => now && now.state === "waiting";
  const showJob = (now) => {
    const list = now.kind === "list";
    if (!job || job.id !== now.id) {
      rows(list ? now.items : []);
      at("danh-sach").hidden = !list;
      at("pin").value = "";
      sent = false;
    }
    const left = now.total - now.signed;
    put("viec-tieu-de", now.title);
    put("viec-truong", now.school);
    put("viec-so-ten", list ? "Số học bạ" : "Nội dung");
    put("viec-so", list ? `${now.total}` : `Chuỗi thử thách đăng ký chứng thư số, ${now.items[0][2]}`);
    put("viec-nguoi", now.who);
    put("viec-chung-thu", `${now.holder}, số sê-ri ${now.serial}`);
    put("viec-thiet-bi", now.token ? now.token.label || "đã cắm" : "chưa thấy");
    put("viec-ma", now.digest.slice(0, 16).toUpperCase().match(/.{4}/g).join(" "));
    const progress = at("viec-tien-do");
    progress.max = now.total;
    progress.value = now.signed;
    progress.hidden = now.signed === 0 && now.state !== "signing";
    const signed = list ? `Đã ký ${now.signed}/${now.total} học bạ.` : "Đã ký chuỗi thử thách.";
    put("viec-trang-thai", {
      waiting: now.signed ? `${signed} Còn ${left} học bạ chờ ký tiếp.` : "",
      opening: "Đang mở thiết bị ký…",
      signing: signed,
      done: `${signed} Thầy cô quay lại trang học bạ.`,
      ended: now.signed ? signed : "Chưa ký gì.",
    }[now.state]);
    show("viec-loi", Boolean(now.error));
    put("viec-loi", now.error ? now.error.message : "");
    const pad = Boolean(now.token && now.token.pad);
    show("ky", asks(now));
    show("pin", !pad);
    show("pin-nhan", !pad);
    const tries = now.token ? now.token.tries : "";
    show("pin-canh-bao", !pad && (tries === "last" || tries === "few"));
    put("pin-canh-bao", tries === "last" ? LAST : FEW);
    put("nut-ky", !list ? "Ký chuỗi thử thách" : now.signed ? `Ký tiếp ${left} học bạ` : `Ký ${now.total} học bạ`);
    if (asks(now) && !(job && job.id === now.id && asks(job))) {
      sent = false;
      if (!pad) at("pin").focus();
    }
    job = now;
  };

  const paint = (now) => {
    at("bao-loi").replaceChildren();
    const busy = now.job && !["done", "ended"].includes(now.job.state);
    show("ma", Boolean(now.attempt));
    if (now.attempt) {
      put("ma-trang", now.attempt.origin);
      put("ma-nguoi", now.attempt.account);
      put("ma-so", `${now.attempt.code.slice(0, 3)} ${now.attempt.code.slice(3)}`);
    }
    show("viec", Boolean(now.job) && !now.attempt);
    if (now.job) showJob(now.job);
    show("cho", !now.attempt && !busy);
    show("cho-loi", !now.job);
    put("cho-tieu-de", now.job ? "Chương trình ký chờ việc tiếp theo" : "Chương trình ký đã sẵn sàng");
    put("cho-loi", now.pairing ? "Thầy cô quay lại trang học bạ và bấm ký. Danh sách và ô nhập mã PIN sẽ hiện ở đây."
      : "Thầy cô quay lại trang học bạ và bấm Ghép nối. Mã ghép nối sẽ hiện ở đây.");
    show("la", Boolean(now.stranger));
    put("la", now.stranger ? `Trang ${now.stranger} vừa hỏi chương trình ký và đã bị từ chối: chương trình chỉ làm việc với ${now.sites.join(", ")}.` : "");
    const shut = Boolean(now.wrong) && now.wrong.count >= now.wrong.limit;
    show("khoa", now.closed && !shut);
    show("khoa-han", shut);
    show("sai-ma", Boolean(now.wrong));
    put("sai-ma", now.wrong ? `Mã ghép nối đã bị nhập sai ${now.wrong.count} lần từ khi mở chương trình (lần gần nhất: trang ${now.wrong.origin}, tài khoản ${now.wrong.account}; đủ ${now.wrong.limit} lần thì phải mở lại chương trình). Nếu không phải thầy cô nhập, hãy rút thiết bị ký và báo người phụ trách máy tính.` : "");
    put("ghep", now.pairing ? `Đang ghép nối với ${now.pairing.origin}, tài khoản ${now.pairing.account}.`
      : `Chưa ghép nối. Chương trình này chỉ làm việc với ${now.sites.join(", ")}.`);
    show("ngat", Boolean(now.pairing));
    document.title = `${now.attempt ? "Mã ghép nối" : asks(now.job) ? "Nhập mã PIN" : "Chương trình ký"} · Học bạ số`;
  };

  const tokens = async () => {
    const found = await act("tokens");
    const lines = found.tokens.map((token) => {
      const names = token.certificates.filter((one) => !one.authority).map((one) => `${one.name} (đến ${one.until})`);
      return `${token.label || token.serial}: ${names.join("; ") || "không hiện chứng thư số khi chưa nhập mã PIN"}`;
    });
    if (!lines.length) lines.push(found.error ? found.error.message : "Chưa thấy thiết bị ký nào. Thầy cô cắm thiết bị vào cổng USB.");
    at("thiet-bi-dong").replaceChildren(...lines.map((text) => {
      const line = document.createElement("li");
      line.textContent = text;
      return line;
    }));
  };

  at("ky").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = at("pin");
    const pin = field.value;
    if (sent || !job || (!field.hidden && !pin)) return field.focus();
    sent = true;
    field.value = "";
    try {
      const answer = await act("pin", { job: job.id, pin });
      if (!answer.taken) sent = false;
    } catch (error) {
      sent = false;
      fail(error.message || "Chương trình ký không trả lời.");
    }
  });
  document.addEventListener("click", (event) => {
    const name = event.target.dataset && event.target.dataset.do;
    if (name) act(name, name === "decline" && job ? { job: job.id } : {}).catch((error) => fail(error.message));
  });
  at("thiet-bi").addEventListener("toggle", () => { if (at("thiet-bi").open) tokens().catch((error) => fail(error.message)); });

  const follow = async () => {
    let since = 0;
    for (;;) {
      const now = await act("view", { since });
      since = now.version;
      paint(now);
    }
  };
  enter().then(follow).catch((error) => {
    for (const id of ["cho", "ma", "viec"]) show(id, false);
    fail(error.message || "Chương trình ký đã dừng. Thầy cô có thể đóng cửa sổ này.");
  });
})();
