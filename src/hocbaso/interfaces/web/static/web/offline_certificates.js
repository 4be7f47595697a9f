// Certificates and revocation lists of a trust bundle, as far as a page asks: names, times, serial numbers.
// Who signed them is not computed: the page believes the bundle. DER only; anything else throws.
(() => {
  "use strict";
  const INTEGER = 0x02;
  const SEQUENCE = 0x30;
  const TIMES = [0x17, 0x18]; // UTCTime, GeneralizedTime
  const P256 = "301306072a8648ce3d020106082a8648ce3d030107"; // AlgorithmIdentifier: id-ecPublicKey, prime256v1
  const REASON = "0603551d15"; // OID 2.5.29.21
  const HOLD = 6;
  const ascii = new TextDecoder("latin1");
  const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  const fail = (why) => { throw new Error(why); };

  function node(bytes, at) {
    const short = bytes[at + 1];
    let size = short;
    let from = at + 2;
    if (short > 127) {
      const width = short & 127;
      if (width < 1 || width > 4) fail("length");
      size = 0;
      for (const octet of bytes.subarray(from, from + width)) size = size * 256 + octet;
      from += width;
    }
    if (!(from + size <= bytes.length)) fail("cut short"); // also where there was no octet at all
    return { tag: bytes[at], at, from, end: from + size };
  }

  function inside(bytes, parent) {
    const found = [];
    for (let at = parent.from; at < parent.end; at = found[found.length - 1].end) found.push(node(bytes, at));
    if (found.length && found[found.length - 1].end !== parent.end) fail("length");
    return found;
  }

  const whole = (bytes, one) => hex(bytes.subarray(one.at, one.end));
  const content = (bytes, one) => bytes.subarray(one.from, one.end);

  function signed(bytes) {
    const outer = node(bytes, 0);
    if (outer.tag !== SEQUENCE || outer.end !== bytes.length) fail("not one value");
    return inside(bytes, inside(bytes, outer)[0]);
  }

  function time(bytes, one) {
    let text = ascii.decode(content(bytes, one));
    if (one.tag === TIMES[0]) text = (Number(text.slice(0, 2)) < 50 ? "20" : "19") + text; // RFC 5280 section 4.1.2.5.1
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
    if (!TIMES.includes(one.tag) || !parts) fail("time");
    const [, year, month, day, hour, minute, second] = parts;
    return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  }

  function certificate(bytes) {
    const fields = signed(bytes).filter((one, at) => at || one.tag !== 0xa0); // without the version
    const [serial, , issuer, validity, subject, key] = fields;
    const [begins, ends] = inside(bytes, validity).map((one) => time(bytes, one));
    return { serial: hex(content(bytes, serial)), issuer: whole(bytes, issuer), subject: whole(bytes, subject), begins, ends, key: bytes.subarray(key.at, key.end) };
  }

  // SubjectPublicKeyInfo of a P-256 key with an uncompressed point, or an error.
  function p256(bytes) {
    const { key } = certificate(bytes);
    const point = hex(key.subarray(23, 27));
    if (key.length !== 91 || hex(key.subarray(2, 23)) !== P256 || point !== "03420004") fail("key");
    return key;
  }

  function revocations(bytes) {
    const fields = signed(bytes);
    const first = fields[0].tag === INTEGER ? 2 : 1; // the version stands in lists of version 2
    const after = fields.slice(first + 1).filter((one) => !TIMES.includes(one.tag));
    const listed = after[0]?.tag === SEQUENCE ? inside(bytes, after[0]) : [];
    const entries = new Map();
    for (const entry of listed) {
      const [serial, , more] = inside(bytes, entry);
      entries.set(hex(content(bytes, serial)), more ? reason(bytes, more) : 0);
    }
    return { issuer: whole(bytes, fields[first]), entries };
  }

  function reason(bytes, extensions) {
    for (const one of inside(bytes, extensions)) {
      const parts = inside(bytes, one);
      if (whole(bytes, parts[0]) === REASON) return bytes[parts[parts.length - 1].end - 1];
    }
    return 0;
  }

  // What the bundle says about a certificate and those above it:
  // "good" | "revoked" | "hold" | "unlisted" (no revocation list, no anchor), and when its own time ends.
  function judge(bytes, { anchors, intermediates, lists }) {
    const leaf = certificate(bytes);
    const answer = (state) => ({ state, begins: leaf.begins, ends: leaf.ends });
    let current = leaf;
    for (let step = 0; step < 8; step += 1) {
      const named = current.issuer;
      const speaking = lists.filter((list) => list.issuer === named);
      const reasons = speaking.filter((list) => list.entries.has(current.serial)).map((list) => list.entries.get(current.serial));
      if (reasons.some((one) => one !== HOLD)) return answer("revoked");
      if (reasons.length) return answer("hold");
      if (!speaking.length) return answer("unlisted");
      if (anchors.some((one) => one.subject === named)) return answer("good");
      current = intermediates.find((one) => one.subject === named && one.issuer !== named);
      if (!current) return answer("unlisted");
    }
    return answer("unlisted");
  }

  window.HocBaSoCertificates = { certificate, judge, p256, revocations };
})();
