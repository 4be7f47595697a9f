// QR 2 (docs/offline.md): base45, CBOR, COSE_Sign1 with ES256, status lists. No page, no network in here.
(() => {
  "use strict";
  const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const CHECKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const SKEW = 5 * 60 * 1000; // telephones are often a little slow
  const ES256 = { name: "ECDSA", hash: "SHA-256" };
  // SubjectPublicKeyInfo of every P-256 key begins with these bytes and is 91 bytes long.
  const SPKI = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
  const text8 = new TextDecoder("utf-8", { fatal: true });
  const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  const binary = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const urlSafe = (text) => binary(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4));
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
        for (let n = 0; n < number; n += 1) {
          const key = value(depth + 1);
          if (typeof key !== "number" || found.has(key)) fail("keys");
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

  function transcriptCode([level, province, school, year, number]) {
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

  function read(text) {
    if (!text.startsWith("HBS1:") || text.length > 3391) fail("prefix");
    const message = cbor(base45(text.slice(5)));
    if (message.tag !== 18 || !Array.isArray(message.value) || message.value.length !== 4) fail("COSE_Sign1");
    const [header, open, payload, signature] = message.value;
    const named = cbor(header);
    if (named.size !== 2 || named.get(1) !== -7 || named.get(4)?.length !== 8 || open.size !== 0 || signature.length !== 64) fail("header");
    const map = cbor(payload);
    for (let key = 1; key <= 11; key += 1) if (!map.has(key)) fail("map");
    if (map.size !== (map.has(12) ? 12 : 11) || map.get(3).length !== 32) fail("map");
    return { signer: hex(named.get(4)), signed: toBeSigned(header, payload), signature, map, code: transcriptCode(map.get(1)) };
  }

  async function signerOf(entry) {
    const der = binary(entry.certificate.replace(/-----[^-]+-----|\s/g, ""));
    const at = hex(der).indexOf(SPKI);
    if (at < 0 || at % 2) fail("key");
    const key = await crypto.subtle.importKey("spki", der.subarray(at / 2, at / 2 + 91), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const print = hex(await sha256(der));
    return { ...entry, key, print };
  }

  async function listOf(token, signers) {
    const [head, body, value] = token.split(".");
    const header = JSON.parse(text8.decode(urlSafe(head)));
    const signer = signers.find((one) => one.print === hex(urlSafe(header["x5t#S256"])));
    if (header.alg !== "ES256" || !signer) return null;
    if (!(await crypto.subtle.verify(ES256, signer.key, urlSafe(value), new TextEncoder().encode(`${head}.${body}`)))) return null;
    const claims = JSON.parse(text8.decode(urlSafe(body)));
    const subject = claims.credentialSubject;
    if (subject.statusSize !== 2 || !subject.encodedList.startsWith("u")) return null;
    const stream = new Blob([urlSafe(subject.encodedList.slice(1))]).stream().pipeThrough(new DecompressionStream("gzip"));
    const bits = new Uint8Array(await new Response(stream).arrayBuffer());
    return { name: claims.id.split("/status/").pop(), node: signer.name, made: new Date(claims.validFrom), until: new Date(claims.validUntil), bits };
  }

  async function open(bundle) {
    if (bundle.format !== "hocbaso-trust-bundle/3") fail("format");
    const signers = await Promise.all(bundle.code_signers.map(signerOf));
    const lists = (await Promise.all(bundle.status_lists.map((token) => listOf(token, signers).catch(() => null)))).filter(Boolean);
    lists.sort((one, other) => other.made - one.made); // of several the newest counts
    const testing = bundle.anchors.every((anchor) => anchor.environment === "thu_nghiem");
    return { signers, lists, testing, made: new Date(bundle.as_of) };
  }

  // Answers {verdict: valid | invalid | unknown, why, code?, list?, signer?}.
  async function verify(text, trust, now) {
    let code;
    try {
      code = read(text.trim());
    } catch {
      return { verdict: "invalid", why: "form" };
    }
    const signer = trust.signers.find((one) => one.print.startsWith(code.signer));
    if (!signer) return { verdict: "unknown", why: "signer" };
    if (!(await crypto.subtle.verify(ES256, signer.key, code.signature, code.signed))) return { verdict: "invalid", why: "altered" };
    const issued = new Date(code.map.get(4) * 1000);
    const signed = new Date(code.map.get(5) * 1000);
    const found = { code, signer, issued };
    if (signed - now > SKEW || issued > signed) return { verdict: "invalid", why: "times", ...found };
    const inTime = new Date(signer.valid_from) <= signed && (!signer.valid_to || signed <= new Date(signer.valid_to));
    if (!inTime || !signer.provinces.includes(code.code.province)) return { verdict: "invalid", why: "authority", ...found };
    const list = trust.lists.find((one) => one.name === code.map.get(10) && one.node === signer.name);
    const index = code.map.get(11);
    if (!list || index >= list.bits.length * 4) return { verdict: "unknown", why: "list", ...found };
    if (list.made < issued) return { verdict: "unknown", why: "early", ...found };
    if (list.until < now) return { verdict: "unknown", why: "late", ...found };
    const status = (list.bits[index >> 2] >> (6 - 2 * (index & 3))) & 3;
    const why = ["good", "replaced", "revoked", "list"][status];
    return { verdict: { good: "valid", list: "unknown" }[why] ?? "invalid", why, list, ...found };
  }

  window.HocBaSoOffline = { open, verify, hex };
})();
