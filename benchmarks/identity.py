"""A big synthetic population and its registry in a process of its own: what the gateway makes of its limits.

``python -m benchmarks.identity`` verifies 100 000 pupils, 5 % of whom deviate, through the real gateway over
loopback: answers a second against the registry's configured rate, memory, every answer against the truth.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from benchmarks.builders import _FAMILY, _GIVEN, _MIDDLE
from benchmarks.harness import Contender, Experiment, Figure, Ratio
from hocbaso.core import codelists
from hocbaso.engines.population import (
    MAX_BATCH,
    Answer,
    GatewaySettings,
    Outcome,
    PopulationUnavailable,
    Purpose,
    Query,
    Subject,
    XRoadPopulation,
    ask_in_parallel,
    wire,
)

PURPOSE = Purpose("xac_thuc_ho_so_hoc_sinh", "Nghị định 88/2026/NĐ-CP Điều 9")
PROVINCE = "Thành phố Hồ Chí Minh"
#: Deviations in turn; "" among them would be a match.
DEVIATIONS = ("ho_ten", "ngay_sinh", "gioi_tinh", "thuong_tru", "NOT_FOUND")
_COLUMNS = ("so_dinh_danh", "ho_ten", "ngay_sinh", "gioi_tinh", "tinh", "xa", "dia_chi")
_STAYS = ("so_dinh_danh", "loai", "tinh", "xa", "dia_chi", "tu_ngay", "den_ngay", "quan_he_voi_chu_ho",
          "so_dinh_danh_chu_ho")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pupil:
    """What the school has, and what the registry must say of it: ``""``, a field, or ``NOT_FOUND``."""

    number: str
    name: str
    birth: date
    sex: str
    commune: str
    deviation: str

    def query(self, request_id: str = "") -> Query:
        """The question about this pupil; the id is made of the number, so that it is always the same."""
        subject = Subject(
            self.number, self.name, self.birth.isoformat(), self.sex, province=PROVINCE, commune=self.commune
        )
        asked = request_id or str(uuid.uuid5(uuid.NAMESPACE_OID, self.number))
        return Query(asked, subject, PURPOSE, "79000101", "vanthu")

    def fits(self, answer: Answer) -> bool:
        """Whether the registry said what it must."""
        if not self.deviation:
            return answer.verified
        if self.deviation == "NOT_FOUND":
            return answer.outcome is Outcome.NOT_FOUND
        return answer.differences == (self.deviation,)


def pupils(count: int, *, share: float = 0.05, seed: int = 1) -> Iterator[Pupil]:
    """Invented pupils of one province; ``share`` of them deviate, all kinds alike. Same seed, same people."""
    dice = random.Random(seed)
    communes = [item.name for item in codelists.communes("79")]
    deviated = 0
    for index in range(count):
        born = date(2010, 1, 1) + timedelta(days=dice.randrange(9 * 365))
        girl = dice.random() < 0.5
        deviation = ""
        if dice.random() < share:
            deviation = DEVIATIONS[deviated % len(DEVIATIONS)]
            deviated += 1
        yield Pupil(
            number=f"079{3 if girl else 2}{born.year % 100:02}{index:06}",
            name=" ".join(dice.choice(words) for words in (_FAMILY, _MIDDLE, _MIDDLE, _GIVEN)),
            birth=born,
            sex="Nữ" if girl else "Nam",
            commune=dice.choice(communes),
            deviation=deviation,
        )


def _registered(pupil: Pupil) -> list[str]:
    name, birth, sex, commune = pupil.name, pupil.birth, pupil.sex, pupil.commune
    if pupil.deviation == "ho_ten":
        name += " Khác"
    elif pupil.deviation == "ngay_sinh":
        birth += timedelta(days=1)
    elif pupil.deviation == "gioi_tinh":
        sex = "Nam" if sex == "Nữ" else "Nữ"
    elif pupil.deviation == "thuong_tru":
        commune = "Xã Bình Khánh" if commune != "Xã Bình Khánh" else "Xã Bình Lợi"
    address = f"1 đường số 1, {commune}"
    return [pupil.number, name, birth.isoformat(), sex, PROVINCE, commune, address]


def write_population(folder: Path, people: Iterator[Pupil]) -> tuple[Path, Path]:
    """The registry's two CSV files (people; residence) for these pupils."""
    files = folder / "dan_cu.csv", folder / "dan_cu_cu_tru.csv"
    with (
        files[0].open("w", newline="", encoding="utf-8") as first,
        files[1].open("w", newline="", encoding="utf-8") as second,
    ):
        register, stays = csv.writer(first), csv.writer(second)
        register.writerow(_COLUMNS)
        stays.writerow(_STAYS)
        for pupil in people:
            if pupil.deviation == "NOT_FOUND":
                continue
            row = _registered(pupil)
            register.writerow(row)
            stays.writerow([row[0], "thuong_tru", *row[4:7], row[2], "", "Con", "079088226966"])
    return files


class Registry:
    """The sandbox's registry in a process of its own, to be killed and started again.

    :param behaviour: settings of :class:`hocbaso.sandbox.population.Behaviour`.
    """

    def __init__(self, folder: Path, **behaviour: Any) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/population"
        self._behaviour = behaviour
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "benchmarks.identity", "--serve", str(self.folder), str(self.port)]
        self._process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
        for _ in range(600):
            with suppress(httpx.TransportError):
                self.counters()
                break
            time.sleep(0.1)
        self.behave(**self._behaviour)

    def behave(self, **behaviour: Any) -> None:
        """Change settings."""
        httpx.put(f"{self.url}/v1/admin/settings", json=behaviour).raise_for_status()

    def counters(self) -> dict[str, int]:
        """What it counted: ``distinct``, ``repeated``, ``outcome_…``."""
        reply = httpx.get(f"{self.url}/v1/admin/counters", timeout=30)
        return dict(reply.json())

    def reset(self) -> None:
        """Forget what was answered."""
        httpx.post(f"{self.url}/v1/admin/reset", timeout=30).raise_for_status()

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def __enter__(self) -> Registry:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def load(folder: Path, count: int, *, share: float = 0.05, seed: int = 1) -> float:
    """Fill a registry's folder with ``count`` people; seconds that loading took."""
    from hocbaso.sandbox.population import PopulationRegistry

    files = write_population(folder, pupils(count, share=share, seed=seed))
    begin = time.perf_counter()
    registry = PopulationRegistry(folder)
    registry.load(*files)
    registry.store.close()
    return time.perf_counter() - begin


def gateway_to(registry: Registry, **settings: Any) -> XRoadPopulation:
    """The real gateway to a running registry."""
    return XRoadPopulation(GatewaySettings(url=registry.url, **settings), now=lambda: datetime.now(UTC))


def batches(people: Iterator[Pupil]) -> Iterator[list[Pupil]]:
    """A message's worth at a time."""
    batch: list[Pupil] = []
    for pupil in people:
        batch.append(pupil)
        if len(batch) == MAX_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def asked_patiently(
    gateway: XRoadPopulation, people: Iterator[Pupil], workers: int = 4
) -> Iterator[tuple[list[Pupil], list[Answer]]]:
    """Every batch with its answers; what got none is asked again, with the same ids, once it makes sense."""
    under_way: dict[str, list[Pupil]] = {}
    failed: deque[list[Pupil]] = deque()

    def sent() -> Iterator[list[Query]]:
        for batch in chain(batches(people), iter(lambda: failed.popleft() if failed else None, None)):
            queries = [pupil.query() for pupil in batch]
            under_way[queries[0].request_id] = batch
            yield queries

    while True:
        for queries, told in ask_in_parallel(gateway, sent(), workers):
            batch = under_way.pop(queries[0].request_id)
            if isinstance(told, PopulationUnavailable):
                if told.lasting or told.retry_at is None:
                    raise told
                failed.append(batch)
                time.sleep(max(0.0, min(5.0, (told.retry_at - datetime.now(UTC)).total_seconds())))
            else:
                yield batch, told
        if not failed:
            return


#: What happens after a share of the pupils is answered.
Events = tuple[tuple[float, Callable[[Registry], None]], ...]


def outage(registry: Registry, seconds: float = 5.0) -> None:
    """The registry is out of service for some seconds; it ends by itself."""
    now = datetime.now(UTC)
    window = [moment.isoformat() for moment in (now, now + timedelta(seconds=seconds))]
    registry.behave(outages=[window])


def sudden_death(registry: Registry) -> None:
    """SIGKILL and a new start on the same data."""
    registry.kill()
    registry.start()


TROUBLE: Events = ((0.2, outage), (0.4, sudden_death), (0.6, outage), (0.8, sudden_death))


def verify_all(
    registry: Registry,
    gateway: XRoadPopulation,
    count: int,
    *,
    seed: int = 1,
    workers: int = 4,
    events: Events = (),
) -> dict[str, Any]:
    """Ask about every pupil once; figures."""
    waiting = list(events)
    outcomes: Counter[str] = Counter()
    wrong = done = 0
    memory: list[int] = []
    begin = time.perf_counter()
    for people, answers in asked_patiently(gateway, pupils(count, seed=seed), workers):
        for pupil, answer in zip(people, answers, strict=True):
            outcomes[answer.outcome.value] += 1
            wrong += not pupil.fits(answer)
        done += len(people)
        if waiting and done >= waiting[0][0] * count:
            waiting.pop(0)[1](registry)
        if done * 10 // count > len(memory):
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    seconds = time.perf_counter() - begin
    counters = registry.counters()
    return {
        "answers": done,
        "seconds": round(seconds, 2),
        "answers_per_second": round(done / seconds, 1),
        "not_as_expected": wrong,
        "outcomes": dict(outcomes),
        "registry": {name: counters[name] for name in ("distinct", "repeated")},
        "peak_mib_by_tenth": memory,
    }


_EXPERIMENT = 5000


def gateway() -> Experiment:
    """The gateway against httpx that posts the same bytes and reads no answer, registry beside it."""
    folder = Path(tempfile.mkdtemp(prefix="hbs-population-"))
    load(folder, _EXPERIMENT)
    registry = Registry(folder)
    registry.start()
    people = list(batches(pupils(_EXPERIMENT)))
    asking = gateway_to(registry)
    bodies = []
    for batch in people:
        sent = [wire.item(pupil.query()) for pupil in batch]
        message = wire.message_id([one["request_id"] for one in sent])
        body = wire.canonical({"message_id": message, "items": sent})
        bodies.append((wire.headers("VN/GOV/a/b", "vanthu", message, body), body))
    raw = httpx.Client(timeout=30)

    def ours() -> None:
        for batch in people:
            asking.ask([pupil.query() for pupil in batch])

    def bare() -> None:
        for headers, body in bodies:
            raw.post(f"{registry.url}/v1/verify", headers=headers, content=body).raise_for_status()

    def figures() -> list[Figure]:
        registry.reset()
        registry.behave(rate_per_second=1000)
        with gateway_to(registry, rate=1000) as paced:
            told = verify_all(registry, paced, _EXPERIMENT)
        registry.kill()
        share = told["answers_per_second"] / 1000
        return [Figure("rate over the registry's limit of 1000/s", share, "×", aim=0.9, source="issue 4")]

    return Experiment(
        title="Population gateway: batches of 100 over loopback",
        unit="answers",
        contenders=[
            Contender("gateway", _EXPERIMENT, ours, registry.reset),
            Contender("httpx, same bytes", _EXPERIMENT, bare, registry.reset),
        ],
        ratios=[Ratio("gateway ÷ httpx that reads no answer", "gateway", "httpx, same bytes")],
        figures=figures,
        remarks=["CPU of the asking side only; the registry runs in a process of its own"],
    )


def _serve(folder: Path, port: int) -> None:
    from wsgiref.simple_server import make_server

    from hocbaso.sandbox.population import PopulationRegistry, make_population_app
    from hocbaso.sandbox.server import _QuietHandler, _ThreadingServer

    app = make_population_app(PopulationRegistry(folder))
    make_server("127.0.0.1", port, app, _ThreadingServer, _QuietHandler).serve_forever()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=0, help="the registry's limit a second; 0 = none")
    parser.add_argument("--workers", type=int, default=4, help="messages under way at once")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds that the registry takes")
    parser.add_argument(
        "--trouble",
        action="store_true",
        help="5 % failing messages, two outages, two SIGKILLs of the registry",
    )
    parser.add_argument("--serve", nargs=2, metavar=("FOLDER", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve(Path(options.serve[0]), int(options.serve[1]))
        return 0
    with tempfile.TemporaryDirectory(prefix="hbs-population-") as name:
        folder = Path(name)
        seconds = load(folder, options.people)
        print(f"{options.people} people and stays loaded in {seconds:.1f} s", file=sys.stderr)
        with (
            Registry(folder, rate_per_second=options.rate, latency_ms=options.latency) as registry,
            gateway_to(registry, rate=options.rate) as asking,
        ):
            told = {"loaded_in_seconds": round(seconds, 2), "limit_per_second": options.rate or None}
            events = TROUBLE if options.trouble else ()
            registry.behave(error_rate=0.05 if options.trouble else 0.0)
            told |= verify_all(registry, asking, options.people, workers=options.workers, events=events)
            print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
