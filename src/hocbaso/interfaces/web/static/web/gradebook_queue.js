/* What is typed and not saved yet, on this machine: one record a person and page in IndexedDB, encrypted with
   AES-GCM. The key comes with the page to the person who is signed in and is never stored, so that the records
   survive a reload and a new sign-in of the same person and are unreadable to everybody else; signing out
   removes the person's records. Without IndexedDB or a secure connection the page itself is all there is. */
const NAME = "hocbaso-so-diem", STORE = "trang";

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

export class Queue {
  /** @param place {user, page, key: base64 of 32 bytes} */
  constructor(place) {
    this.place = place;
    this.id = `${place.user}:${place.page}`;
    this.writing = null;
    this.next = undefined;
  }

  /** Whether anything can be kept here. */
  async ready() {
    try {
      const opening = indexedDB.open(NAME, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
      this.db = await done(opening);
      this.key = await crypto.subtle.importKey("raw", bytes(this.place.key), "AES-GCM", false, ["encrypt", "decrypt"]);
      return true;
    } catch { return false; }
  }

  store(mode) { return this.db.transaction(STORE, mode).objectStore(STORE); }
  aad() { return new TextEncoder().encode(this.id); }

  /** What was kept for this page, or null. A record that cannot be read (another key) is left alone. */
  async load() {
    if (!this.key) return null;
    try {
      const found = await done(this.store("readonly").get(this.id));
      if (!found) return null;
      const open = await crypto.subtle.decrypt({ name: "AES-GCM", iv: found.iv, additionalData: this.aad() }, this.key, found.data);
      return JSON.parse(new TextDecoder().decode(open));
    } catch { return null; }
  }

  /** Keep a state (null: nothing is left to keep). The latest state wins; resolves when it is on the disk. */
  keep(state) {
    if (!this.key) return Promise.resolve();
    this.next = state;
    this.writing ||= this.drain().finally(() => { this.writing = null; });
    return this.writing;
  }

  async drain() {
    while (this.next !== undefined) {
      const state = this.next;
      this.next = undefined;
      try {
        if (state === null) await done(this.store("readwrite").delete(this.id));
        else {
          const iv = crypto.getRandomValues(new Uint8Array(12));
          const plain = new TextEncoder().encode(JSON.stringify(state));
          const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: this.aad() }, this.key, plain);
          await done(this.store("readwrite").put({ iv, data, at: Date.now() }, this.id));
        }
      } catch { /* the disk is full or closed: the page itself still holds everything */ }
    }
  }

  /** Signing out: nothing of this person stays on the machine. */
  async wipe() {
    if (!this.db) return;
    await this.writing;
    try { await done(this.store("readwrite").delete(IDBKeyRange.bound(`${this.place.user}:`, `${this.place.user};`, false, true))); } catch { /* nothing was stored */ }
  }
}
