// Keeps the page of the verification without a network. FILES and VERSION stand above (views/offline.py).
"use strict";
const CACHE = `hoc-ba-ngoai-tuyen-${VERSION}`;

// Never with cookies: what is kept on a shared PC is the page of nobody.
const plain = (path) => new Request(path, { credentials: "omit", cache: "no-cache" });

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES.map(plain));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("hoc-ba-ngoai-tuyen-") && name !== CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

async function fresh(path) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(plain(path));
    if (!answer.ok) throw new Error(String(answer.status));
    await cache.put(path, answer.clone());
    return answer;
  } catch {
    return (await cache.match(path)) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (FILES.includes(address.pathname)) event.respondWith(fresh(address.pathname));
});
