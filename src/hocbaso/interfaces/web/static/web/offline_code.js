// QR 2 (docs/offline.md): base45, CBOR, COSE_Sign1 with ES256, status lists. No page, no network in here.
(() => {
  "use strict";
  const { certificate, judge, p256, revocations } = window.HocBaSoCertificates;
  const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const CHECKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const ES256 = { name: "ECDSA", hash: "SHA-256" };
  const USED = ["sha256", "p256"]; // what ES256 rests on, as validation policies name it
  const MOST = { beginnings: 8, subjects: 27, conclusions: 11 }; // greatest number of each table in docs/offline.md
  const MOST_BITS = 1 << 24; // bytes of the longest list
  const text8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  const binary = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const urlSafe = (text) => binary(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4));
  const pem = (text) => binary(text.replace(/-----[^-]+-----|\s/g, ""));
  const moment = (text) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text) : fail("time"));
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const fail = (why) => { throw new Error(why); };

  function base45(text) {
    const values = [...text].map((c) => ALPHABET.indexOf(c));
    if (values.includes(-1) || values.length % 3 === 1) fail("base45");
    const out = [];
    for (let at = 0; at < values.length; at += 3) {
      const three = at + 2 < values.length;
      const number = values[at] + 45 * values[at + 1] + (three ? 2025 * values[at + 2] : 0);
      if (number > (three ? 0xffff : 0xff)) fail("base45");
      if (three) out.push(number >> 8);
      out.push(number & 255);
    }
    return Uint8Array.from(out);
  }

  function cbor(data) {
    let at = 0;
    const take = (count) => {
      if (count > data.length - at) fail("cut short");
      at += count;
      return data.subarray(at - count, at);
    };
    const head = () => {
      const first = take(1)[0];
      const short = first & 31;
      if (short < 24) return [first >> 5, short];
      if (short > 27) fail("length");
      let number = 0n;
      for (const byte of take(1 << (short - 24))) number = (number << 8n) | BigInt(byte);
      const least = short === 24 ? 24n : 1n << BigInt(8 << (short - 25));
      if (number < least) fail("not the shortest form");
      return [first >> 5, number <= Number.MAX_SAFE_INTEGER ? Number(number) : number];
    };
    const value = (depth) => {
      if (depth > 6) fail("too deep");
      const [major, number] = head();
      if (major === 0) return number;
      if (major === 1) return -1 - Number(number);
      if (major === 2) return take(number);
      if (major === 3) return text8.decode(take(number));
      if (major === 4) {
        if (number > data.length) fail("cut short");
        return Array.from({ length: number }, () => value(depth + 1));
      }
      if (major === 5) {
        const found = new Map();
        let before = "";
        for (let n = 0; n < number; n += 1) {
          const start = at;
          const key = value(depth + 1);
          const encoded = hex(data.subarray(start, at));
          if (typeof key !== "number" || encoded <= before) fail("keys"); // in bytewise order, each once
          before = encoded;
          found.set(key, value(depth + 1));
        }
        return found;
      }
      return major === 6 ? { tag: number, value: value(depth + 1) } : fail("kind");
    };
    const found = value(0);
    if (at !== data.length) fail("more after the end");
    return found;
  }

  function bytesHead(major, count) {
    if (count < 24) return [(major << 5) | count];
    return count < 256 ? [(major << 5) | 24, count] : [(major << 5) | 25, count >> 8, count & 255];
  }

  // RFC 9052 section 4.4: ["Signature1", protected, external data (empty), payload].
  function toBeSigned(header, payload) {
    const words = new TextEncoder().encode("Signature1");
    return Uint8Array.from([0x84, 0x6a, ...words, ...bytesHead(2, header.length), ...header, 0x40, ...bytesHead(2, payload.length), ...payload]);
  }

  const natural = (value, least, most) => Number.isSafeInteger(value) && value >= least && value <= most;
  // What a screen shows as it is: no control or format characters, no separator but the space.
  const words = (value) => typeof value === "string" && [...value].length <= 300 && /^(?:[^\p{C}\p{Z}]| )+$/u.test(value);

  function transcriptCode([level, province, school, year, number]) {
    if (!natural(level, 1, 3) || !natural(province, 0, 99) || typeof school !== "string" || !/^[0-9A-Z]{1,20}$/.test(school) || !natural(year, 1000, 2999)) fail("code");
    let bits = BigInt(number);
    let random = "";
    for (let n = 0; n < 12; n += 1) {
      random = SYMBOLS[Number(bits & 31n)] + random;
      bits >>= 5n;
    }
    const place = String(province).padStart(2, "0");
    let total = 0;
    for (const symbol of `${level}${place}${school}${year}${random}`) total = ((total + CHECKS.indexOf(symbol)) * 2) % 37;
    const check = CHECKS[(38 - total) % 37];
    if (bits || !check) fail("code");
    return { province: place, level, text: `HB-${level}-${place}-${school}-${year}-${random}-${check}` };
  }

  const conclusion = (value) => natural(value, 0, MOST.conclusions) || words(value);
  const result = (value) => natural(value, 0, 102) || natural(value, 140, 175) || natural(value, 254, 255);

  function soundResults(results, primary) {
    const [study, conduct, flags, title, pairs, others] = results;
    const further = results.length === 6 ? others : [];
    if (results.length < 5 || results.length > 6 || !Array.isArray(further) || !(pairs instanceof Uint8Array) || pairs.length % 2) return false;
    const known = [...pairs].filter((_, at) => at % 2 === 0);
    const named = further.map((one) => one[0]);
    return [study, conduct, title].every(conclusion) && natural(flags, 0, 3) && !(primary && conduct !== 0)
      && known.every((one) => natural(one, 1, MOST.subjects)) && [...pairs].every((one, at) => at % 2 === 0 || result(one))
      && further.every((one) => one.length === 2 && typeof one[0] === "string" && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(one[0]) && result(one[1]))
      && new Set([...known, ...named]).size === known.length + named.length;
  }

  // Every value of the kind and in the range of the tables in docs/offline.md.
  function sound(map) {
    const digest = map.get(3);
    const school = map.get(8);
    const results = map.get(12);
    return natural(map.get(2), 1, 999) && digest instanceof Uint8Array && digest.length === 32
      && natural(map.get(4), 0, 2 ** 33) && natural(map.get(5), 0, 2 ** 33) && words(map.get(6))
      && natural(map.get(7), 1000, 99991231) && [4, 6, 8].includes(String(map.get(7)).length)
      && Array.isArray(school) && school.length === 2 && natural(school[0], 0, MOST.beginnings) && words(school[1])
      && words(map.get(9)) && words(map.get(10)) && /^[0-9]{4}-[1-9][0-9]{0,3}$/.test(map.get(10)) && natural(map.get(11), 0, 2 ** 32)
      && (results === undefined || (Array.isArray(results) && soundResults(results, map.get(1)[0] === 1)));
  }

  function read(text) {
    if (!text.startsWith("HBS1:") || text.length > 3391) fail("prefix");
    const message = cbor(base45(text.slice(5)));
    if (message.tag !== 18 || !Array.isArray(message.value) || message.value.length !== 4) fail("COSE_Sign1");
    const [header, open, payload, signature] = message.value;
    const named = cbor(header);
    if (named.size !== 2 || named.get(1) !== -7 || named.get(4)?.length !== 8 || open.size !== 0 || signature.length !== 64) fail("header");
    const map = cbor(payload);
    for (let key = 1; key <= 11; key += 1) if (!map.has(key)) fail("map");
    if (map.size !== (map.has(12) ? 12 : 11) || !sound(map)) fail("map");
    return { signer: hex(named.get(4)), signed: toBeSigned(header, payload), signature, map, code: transcriptCode(map.get(1)) };
  }

  async function signerOf(entry, known) {
    const der = pem(entry.certificate);
    const key = await crypto.subtle.importKey("spki", p256(der), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const begins = moment(entry.valid_from);
    const ends = entry.valid_to ? moment(entry.valid_to) : null;
    return { ...entry, begins, ends, key, path: judge(der, known), print: hex(await sha256(der)) };
  }

  // Why a signer is not believed at a time that it claims itself; null where it is.
  function distrust(signer, at) {
    const { state, begins, ends } = signer.path;
    if (state === "revoked") return { verdict: "invalid", why: "withdrawn" };
    if (at < begins || at > ends) return { verdict: "invalid", why: "ended" };
    return state === "good" ? null : { verdict: "unknown", why: "unlisted" };
  }

  // What the dated policy of the bundle says of ES256 now, as nothing proves an earlier day; null: it counts.
  function weakness(policy, now) {
    const today = now.toISOString().slice(0, 10);
    const rows = USED.map((name) => policy.algorithms.find((one) => one.name === name));
    if (rows.includes(undefined)) return { verdict: "invalid", why: "algorithm" };
    return rows.some((row) => row.until && row.until < today) ? { verdict: "unknown", why: "weak" } : null;
  }

  async function unpacked(encoded) {
    const stream = new Blob([urlSafe(encoded)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const parts = [];
    let size = 0;
    for (const reader = stream.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > MOST_BITS) fail("length"); // a small text may unpack to gigabytes
      parts.push(value);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  async function listOf(token, signers) {
    const [head, body, value, more] = token.split(".");
    const header = JSON.parse(text8.decode(urlSafe(head)));
    const signer = signers.find((one) => one.print === hex(urlSafe(header["x5t#S256"])));
    if (header.alg !== "ES256" || header.typ !== "vc+jwt" || more !== undefined || !signer) return null;
    if (!(await crypto.subtle.verify(ES256, signer.key, urlSafe(value), new TextEncoder().encode(`${head}.${body}`)))) return null;
    const claims = JSON.parse(text8.decode(urlSafe(body)));
    const subject = claims.credentialSubject;
    const ours = subject.type === "BitstringStatusList" && subject.statusPurpose === "message" && subject.statusSize === 2;
    const made = moment(claims.validFrom);
    const held = signer.begins <= made && (!signer.ends || made <= signer.ends);
    if (!ours || !held || distrust(signer, made) || !subject.encodedList.startsWith("u")) return null;
    const bits = await unpacked(subject.encodedList.slice(1));
    return { name: claims.id.split("/status/").pop(), node: signer.name, made, until: moment(claims.validUntil), bits };
  }

  async function open(bundle) {
    if (bundle.format !== "hocbaso-trust-bundle/4") fail("format");
    const known = {
      anchors: bundle.anchors.map((one) => certificate(pem(one.certificate))),
      intermediates: bundle.intermediates.map((one) => certificate(pem(one))),
      lists: bundle.crls.map((one) => revocations(pem(one))),
    };
    const signers = (await Promise.all(bundle.code_signers.map((one) => signerOf(one, known).catch(() => null)))).filter(Boolean);
    const lists = (await Promise.all(bundle.status_lists.map((token) => listOf(token, signers).catch(() => null)))).filter(Boolean);
    lists.sort((one, other) => other.made - one.made); // of several the newest counts
    const testing = bundle.anchors.every((anchor) => anchor.environment === "thu_nghiem");
    const policy = { skew: bundle.policy.clock_skew_seconds * 1000, algorithms: bundle.policy.algorithms };
    return { signers, lists, testing, policy, made: moment(bundle.as_of) };
  }

  const UNREADABLE = { verdict: "invalid", why: "form" };

  // Answers {verdict: valid | invalid | unknown, why, code?, list?, signer?}; never throws.
  async function verify(text, trust, now) {
    let code;
    try {
      code = read(text.trim());
    } catch {
      return UNREADABLE;
    }
    return answered(code, trust, now).catch(() => UNREADABLE); // a signer that writes nonsense
  }

  async function answered(code, trust, now) {
    const signer = trust.signers.find((one) => one.print.startsWith(code.signer));
    if (!signer) return { verdict: "unknown", why: "signer" };
    if (!(await crypto.subtle.verify(ES256, signer.key, code.signature, code.signed))) return { verdict: "invalid", why: "altered" };
    const issued = new Date(code.map.get(4) * 1000);
    const signed = new Date(code.map.get(5) * 1000);
    const found = { code, signer, issued };
    if (!(signed - now <= trust.policy.skew && issued <= signed)) return { verdict: "invalid", why: "times", ...found };
    const inTime = signer.begins <= signed && (!signer.ends || signed <= signer.ends);
    if (!inTime || !signer.provinces.includes(code.code.province)) return { verdict: "invalid", why: "authority", ...found };
    const doubts = [distrust(signer, signed), weakness(trust.policy, now), standing(code, signer, trust, issued, now)];
    const worst = doubts.find((one) => one?.verdict === "invalid") ?? doubts.find(Boolean);
    return { ...worst, ...found, list: doubts[2].list };
  }

  function standing(code, signer, trust, issued, now) {
    const unknown = (why) => ({ verdict: "unknown", why });
    const list = trust.lists.find((one) => one.name === code.map.get(10) && one.node === signer.name);
    const index = code.map.get(11);
    if (!list || !(index < list.bits.length * 4)) return unknown("list");
    if (list.made < issued) return unknown("early");
    if (list.until < now || list.made - now > trust.policy.skew) return unknown("late");
    const why = ["good", "replaced", "revoked", "list"][(list.bits[Math.floor(index / 4)] >> (6 - 2 * (index % 4))) & 3];
    return { verdict: { good: "valid", list: "unknown" }[why] ?? "invalid", why, list };
  }

  window.HocBaSoOffline = { open, verify, hex, most: MOST };
})();
