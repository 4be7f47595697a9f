"""First paint and weight of a gradebook page on a slow computer: ``python -m benchmarks.gradebook_page``.

A class of 45 with a full semester is opened in Chromium behind CDP throttling (processor 2 times slower,
1.6 Mbit/s, 70 ms there and back) with an empty cache, then with a warm one. Nothing is asserted: the figures
are read by people and depend on the machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
from statistics import median

ROUNDS = 5
SLOWER, BITS_A_SECOND, LATENCY_MS = 2, 1_600_000, 70
_PAINT = """() => new Promise(done => {
    const found = performance.getEntriesByName("first-contentful-paint")[0];
    const told = entry => done([entry.startTime, performance.getEntriesByType("navigation")[0].responseEnd]);
    if (found) return told(found);
    new PerformanceObserver((list, watcher) => { watcher.disconnect(); told(list.getEntries().at(-1)); })
        .observe({type: "paint", buffered: true});
})"""


def main() -> None:
    """Print one line a round and the medians."""
    sys.path.insert(0, os.getcwd())
    os.environ.setdefault("HOCBASO_HOME", tempfile.mkdtemp(prefix="hbs-page-"))
    import tests.conftest  # noqa: F401  settings of a throw-away node
    from django.test.testcases import LiveServerThread
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    old = setup_databases(0, interactive=False)
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.db import connections

    shared = {alias: connections[alias] for alias in connections if connections[alias].is_in_memory_db()}
    for connection in shared.values():
        connection.inc_thread_sharing()
    server = LiveServerThread("localhost", StaticFilesHandler, connections_override=shared)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    try:
        _measure(f"http://localhost:{server.port}")
    finally:
        server.terminate()
        teardown_databases(old, 0)


def _measure(address: str) -> None:
    from playwright.sync_api import sync_playwright
    from tests.journeys.browser import CHROMIUM
    from tests.journeys.gradebook_world import Secondary

    world = Secondary(address)
    world.fill("tx1", "tx2", "tx3", "tx4", "gk", "ck")
    cold, warm, sizes = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        for _round in range(ROUNDS):
            context = browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900})
            page = context.new_page()
            world.enter(page)
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            session.send("Network.clearBrowserCache")
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            line = {"offline": False, "latency": LATENCY_MS, "uploadThroughput": BITS_A_SECOND / 8}
            session.send(
                "Network.emulateNetworkConditions", {**line, "downloadThroughput": BITS_A_SECOND / 8}
            )
            weight: list[float] = []
            session.on("Network.loadingFinished", lambda e, w=weight: w.append(e["encodedDataLength"]))
            for times in (cold, warm):
                page.goto(f"{world.url}/toan/?dot=hk1")
                times.append(page.evaluate(_PAINT)[0])
                page.locator("main[data-ready]").wait_for()
                if times is cold:
                    sizes.append(sum(weight))
            print(f"cold {cold[-1]:.0f} ms, warm {warm[-1]:.0f} ms, {sizes[-1] / 1000:.0f} kB on the line")
            context.close()
        browser.close()
    print(
        f"first contentful paint, median of {ROUNDS}: "
        f"cold {median(cold):.0f} ms, warm {median(warm):.0f} ms; "
        f"{median(sizes) / 1000:.0f} kB on the line with an empty cache"
    )


if __name__ == "__main__":
    main()
