"""Many teachers at once: saves batches of cells over HTTP at planned times and tells how long each took.

A process of its own with the standard library alone, so that its share of the processor is small and known.
Standard input takes one JSON object a phase, standard output gives one back. Latency counts from the moment a
save was *planned*, so that a server that falls behind cannot slow the clock down.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BATCH = 20
_TIMEOUT, _AGAIN = 20.0, 0.25  # as the page's script: gives up an answer after 20 s; then asks again
_TRIES = 240


def mark(tenths: int) -> str:
    """A mark as the database holds it: ``7.5``, ``8``."""
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"


@dataclass
class Page:
    """One teacher at one page: what the browser would know."""

    path: str
    cookie: str
    user: int
    pupils: list[int]
    columns: list[str]
    shown: dict[str, int] = field(default_factory=dict)  # tenths in each cell; none: empty
    versions: dict[int, int] = field(default_factory=dict)
    turn: int = 0
    batches: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)  # key, cells; answered
    free: asyncio.Lock = field(default_factory=asyncio.Lock)

    def next_batch(self, number: int) -> tuple[str, list[tuple[int, str, int]]]:
        """A key and twenty changed cells of one column: (pupil, cell, tenths)."""
        column = self.columns[self.turn % len(self.columns)]
        start = self.turn * BATCH
        self.turn += 1
        cells = []
        for step in range(BATCH):
            pupil = self.pupils[(start + step) % len(self.pupils)]
            name = f"o-{pupil}-{column}"
            tenths = (number * 7 + step * 13 + pupil) % 101
            if tenths == self.shown.get(name):
                tenths = (tenths + 1) % 101
            cells.append((pupil, name, tenths))
        return f"k{number:012d}", cells

    def body(self, key: str, cells: list[tuple[int, str, int]]) -> bytes:
        sent = []
        for pupil, name, tenths in cells:
            before = self.shown.get(name)
            seen = "" if before is None else mark(before).replace(".", ",")
            text = mark(tenths).replace(".", ",")
            sent.append({"cell": name, "text": text, "seen": seen, "version": self.versions.get(pupil, 1)})
        return json.dumps({"user": self.user, "key": key, "cells": sent}).encode()


class Wire:
    """One connection that stays open, and comes back after it broke."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def post(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """:raises OSError, EOFError: the connection broke, before or after the server did the work."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        assert self.reader is not None
        try:
            self.writer.write(head + body)
            answer = await self.reader.readuntil(b"\r\n\r\n")
            status = int(answer[9:12])
            headers = dict(
                line.split(b": ", 1) for line in answer[:-4].lower().split(b"\r\n")[1:] if b": " in line
            )
            content = await self.reader.readexactly(int(headers[b"content-length"]))
        except BaseException:
            self.close()
            raise
        if headers.get(b"content-encoding") == b"gzip":
            content = gzip.decompress(content)
        return status, content

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@dataclass
class Tally:
    """What happened in one phase."""

    saves: list[float] = field(default_factory=list)  # seconds from the planned moment to the answer
    repeats: list[float] = field(default_factory=list)  # seconds of a batch sent again
    tries: int = 0  # a connection broke or the server failed, and the batch was sent again
    statuses: dict[int, int] = field(default_factory=dict)
    unlike: int = 0  # a repeated batch was answered otherwise than the first time
    wrong: list[str] = field(default_factory=list)  # cells that were not saved as typed
    late: float = 0.0  # the most that the generator itself was behind its plan
    received: int = 0  # bytes of answers, without heads


class Teachers:
    """All of them."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.host, self.port, self.token = plan["host"], plan["port"], plan["token"]
        self.pages = [Page(**page) for page in plan["pages"]]
        self.wires = {id(page): Wire(self.host, self.port) for page in self.pages}
        self.chance = random.Random(22)
        self.number = 0
        self.tally = Tally()

    async def phase(self, rate: float, seconds: float, repeat: float) -> Tally:
        """Independent teachers: exponential gaps with the mean ``1 / rate``.

        :param repeat: share of batches sent a second time, half of them while the first is under way.
        """
        self.tally = tally = Tally()
        order = self.pages.copy()
        self.chance.shuffle(order)
        start, tasks = time.perf_counter() + 0.05, []
        for turn, planned in enumerate(self._arrivals(rate, seconds)):
            wait = start + planned - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            tally.late = max(tally.late, time.perf_counter() - start - planned)
            again = self.chance.random() < repeat
            at_once = again and self.chance.random() < 0.5
            page = order[turn % len(order)]
            tasks.append(asyncio.create_task(self._save(page, start + planned, again, at_once)))
        await asyncio.gather(*tasks)
        return tally

    def _arrivals(self, rate: float, seconds: float) -> Iterator[float]:
        moment = self.chance.expovariate(rate)
        while moment < seconds:
            yield moment
            moment += self.chance.expovariate(rate)

    async def _save(self, page: Page, planned: float, again: bool, at_once: bool) -> None:
        async with page.free:  # a page has one batch on its way, as the script does it
            self.number += 1
            key, cells = page.next_batch(self.number)
            body = page.body(key, cells)
            second = asyncio.create_task(self._repeat(page, body)) if at_once else None
            status, content = await self._send(self.wires[id(page)], page, body)
            self.tally.saves.append(time.perf_counter() - planned)
            self.tally.received += len(content)
            self._take(page, key, cells, status, content)
            if again:
                other = await (second or asyncio.create_task(self._repeat(page, body)))
                self.tally.unlike += _cells(other) != _cells(content)

    async def _repeat(self, page: Page, body: bytes) -> bytes:
        await asyncio.sleep(0.003)
        wire, start = Wire(self.host, self.port), time.perf_counter()
        try:
            _status, content = await self._send(wire, page, body)
        finally:
            wire.close()
        self.tally.repeats.append(time.perf_counter() - start)
        return content

    async def _send(self, wire: Wire, page: Page, body: bytes) -> tuple[int, bytes]:
        head = (
            f"POST {page.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            "Content-Type: application/json\r\n"
            f"Accept: application/json\r\nAccept-Encoding: gzip\r\nX-CSRFToken: {self.token}\r\n"
            f"Cookie: {page.cookie}; csrftoken={self.token}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        for _turn in range(_TRIES):
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                async with asyncio.timeout(_TIMEOUT):
                    status, content = await wire.post(head, body)
                self.tally.statuses[status] = self.tally.statuses.get(status, 0) + 1
                if status < 500:
                    return status, content
            self.tally.tries += 1
            await asyncio.sleep(_AGAIN)
        return 0, b"{}"

    def _take(
        self, page: Page, key: str, cells: list[tuple[int, str, int]], status: int, content: bytes
    ) -> None:
        answer = json.loads(content).get("cells", {}) if status == 200 else {}
        if not answer:
            self.tally.wrong.append(f"{status}: {content[:200]!r}")
            return
        for pupil, name, tenths in cells:
            got = answer[name]
            if got["state"] != "saved" or got["text"] != mark(tenths).replace(".", ","):
                self.tally.wrong.append(f"{name}: {got}")
            page.shown[name], page.versions[pupil] = tenths, got["version"]
        page.batches.append((key, [(name, mark(tenths)) for _pupil, name, tenths in cells]))


def _cells(content: bytes) -> Any:
    return json.loads(content).get("cells")


def main() -> None:
    """Phases from standard input until ``{"end": file}``, which takes what was sent and answered."""
    teachers = Teachers(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    loop = asyncio.new_event_loop()
    for line in sys.stdin:
        order = json.loads(line)
        if "end" in order:
            sent = [page.batches for page in teachers.pages]
            Path(order["end"]).write_text(json.dumps(sent), "utf-8")
            break
        tally = loop.run_until_complete(teachers.phase(**order))
        print(json.dumps(vars(tally)), flush=True)


if __name__ == "__main__":
    main()
