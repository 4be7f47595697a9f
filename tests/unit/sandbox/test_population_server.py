"""The registry behind a real socket, and the sector's samples asked of it."""

from __future__ import annotations

import json
import queue
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from hocbaso.engines.population import (
    GatewaySettings,
    Outcome,
    PopulationUnavailable,
    Purpose,
    Query,
    Subject,
    XRoadPopulation,
    wire,
)
from hocbaso.sandbox.population import Behaviour, PopulationRegistry, make_population_app
from hocbaso.sandbox.population.behaviour import MALFORMED
from hocbaso.sandbox.server import serve
from tests.unit.sandbox.cases import sandbox

PURPOSE = Purpose("xac_thuc_ho_so_hoc_sinh", "Nghị định 88/2026/NĐ-CP Điều 9")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> PopulationRegistry:
    registry = PopulationRegistry(tmp_path_factory.mktemp("population"))
    registry.load(samples / "dan_cu.csv", samples / "dan_cu_cu_tru.csv")
    return registry


@pytest.fixture(scope="module")
def address(registry: PopulationRegistry) -> str:
    addresses: queue.Queue[str] = queue.Queue()
    options = {"directory": sandbox(), "ready": addresses.put, "registry": registry}
    threading.Thread(target=serve, args=("127.0.0.1", 0), kwargs=options, daemon=True).start()
    return addresses.get(timeout=60) + "/population"


@pytest.fixture
def gateway(address: str, registry: PopulationRegistry) -> Iterator[XRoadPopulation]:
    registry.behaviour.change(Behaviour().as_json())
    settings = GatewaySettings(url=address, read_timeout=3, attempts=1)
    with XRoadPopulation(settings, now=lambda: datetime.now(UTC)) as gateway:
        yield gateway


def pupils(samples: Path, level: str) -> list[tuple[str, Query]]:
    """Ministry code and a new question for every pupil of a school's clean list."""
    return [(str(row[2]), _question(row)) for row in _rows(samples / level / "danh_sach_hoc_sinh.xlsx")]


@lru_cache
def _rows(file: Path) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(file).worksheets[0]
    return [row for row in sheet.iter_rows(min_row=7, values_only=True) if row[2]]


def _question(row: tuple[Any, ...]) -> Query:
    subject = Subject(
        personal_number=row[11],
        full_name=row[3],
        birth_date=row[4].date().isoformat(),
        sex=row[5],
        province=row[12],
        commune=row[13],
    )
    return Query(str(uuid.uuid4()), subject, PURPOSE, "79000101", "vanthu")


@pytest.mark.parametrize("level", ["tieu_hoc", "thcs"])
def test_every_pupil_of_the_samples_gets_the_answer_that_an_independent_reading_expects(
    samples: Path, level: str, gateway: XRoadPopulation
) -> None:
    expected = json.loads((samples / "expected.json").read_text("utf-8"))["registry_deviations"]
    asked = pupils(samples, level)
    answers = []
    for start in range(0, len(asked), 100):
        answers += gateway.ask([query for _, query in asked[start : start + 100]])
    words = {Outcome.MATCHED: "", Outcome.NOT_FOUND: "NOT_FOUND"}
    told = {
        code: words.get(answer.outcome, f"MISMATCH:{','.join(answer.differences)}")
        for (code, _), answer in zip(asked, answers, strict=True)
    }
    codes = {code for code, _ in asked}
    assert len(codes) > 60
    assert {code: word for code, word in told.items() if word} == {
        code: word for code, word in expected.items() if code in codes
    }


def test_residence_of_the_samples_is_told_with_its_dates(samples: Path, gateway: XRoadPopulation) -> None:
    number = "079219715396"
    query = next(one for _, one in pupils(samples, "tieu_hoc") if one.subject.personal_number == number)
    answer = gateway.residence(query)
    assert [(entry.kind, entry.since, entry.until, entry.relation) for entry in answer.entries] == [
        ("thuong_tru", "2019-11-30", "2024-10-21", "Con"),
        ("thuong_tru", "2024-10-21", "", "Con"),
        ("noi_o_hien_tai", "2025-06-01", "", "Cháu"),
    ]


@pytest.mark.parametrize("kind", MALFORMED)
def test_no_malformed_answer_is_taken_for_one(
    kind: str, samples: Path, gateway: XRoadPopulation, registry: PopulationRegistry
) -> None:
    registry.behaviour.change({"malformed_rate": 1.0, "malformed_kinds": [kind]})
    asked = [query for _, query in pupils(samples, "thcs")[:5]]
    with pytest.raises(PopulationUnavailable):
        gateway.ask(asked)
    registry.behaviour.change({"malformed_rate": 0})
    assert len(gateway.ask(asked)) == 5


def test_a_slow_answer_is_given_up_and_the_next_asking_gets_it(
    samples: Path, address: str, registry: PopulationRegistry, gateway: XRoadPopulation
) -> None:
    registry.behaviour.change({"slow_rate": 1.0, "slow_seconds": 4})
    hurried = XRoadPopulation(
        GatewaySettings(url=address, read_timeout=0.5, attempts=1), now=lambda: datetime.now(UTC)
    )
    asked = [pupils(samples, "thcs")[0][1]]
    with pytest.raises(PopulationUnavailable):
        hurried.ask(asked)
    hurried.close()
    registry.behaviour.change({"slow_rate": 0})
    before = registry.store.counters()["distinct"]
    assert gateway.ask(asked)[0].outcome.final
    assert registry.store.counters()["distinct"] == before


def test_nobody_on_the_default_address_is_an_outage_and_no_crash() -> None:
    settings = GatewaySettings(url="http://127.0.0.1:9/population", attempts=2)
    gateway = XRoadPopulation(settings, now=lambda: datetime.now(UTC), sleep=lambda _: None)
    query = Query(
        str(uuid.uuid4()), Subject("079219519343", "A B", "2019", "Nam"), PURPOSE, "79000101", "vanthu"
    )
    with pytest.raises(PopulationUnavailable):
        gateway.ask([query])


def test_settings_and_counters_are_for_this_machine_only(
    address: str, registry: PopulationRegistry, gateway: XRoadPopulation
) -> None:
    assert httpx.get(f"{address}/v1/admin/counters").json() == registry.store.counters()
    assert httpx.put(f"{address}/v1/admin/settings", json={"latency_ms": 1}).json()["latency_ms"] == 1
    assert httpx.put(f"{address}/v1/admin/settings", content=b"[1]").status_code == 400
    app = make_population_app(registry)
    elsewhere = httpx.Client(transport=httpx.WSGITransport(app, remote_addr="192.0.2.7"), base_url="http://x")
    assert elsewhere.get("/population/v1/admin/counters").status_code == 403


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"X-Road-Client": "somebody"}, 400),
        ({"X-Road-Request-Hash": "AAAA"}, 400),
        ({"X-Road-UserId": ""}, 400),
        ({"X-Road-Id": "another"}, 400),
        ({}, 200),
    ],
)
def test_messages_without_the_headers_of_the_bus_are_refused(
    changes: dict[str, str], status: int, address: str, samples: Path, gateway: XRoadPopulation
) -> None:
    query = pupils(samples, "thcs")[0][1]
    message = wire.message_id([query.request_id])
    body = wire.canonical({"message_id": message, "items": [wire.item(query)]})
    headers = wire.headers("VN/GOV/a/b", "vanthu", message, body) | changes
    reply = httpx.post(f"{address}/v1/verify", content=body, headers=headers)
    assert reply.status_code == status


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"message_id":"m","items":[{}]}', b"\xff", b"[" * 50_000]
)
def test_a_body_that_is_no_question_is_refused(body: bytes, address: str) -> None:
    headers = wire.headers("VN/GOV/a/b", "vanthu", "m", body)
    reply = httpx.post(f"{address}/v1/verify", content=body, headers=headers)
    assert (reply.status_code, reply.json()["type"]) == (400, "Client.InvalidBody")
