"""A gateway in a world of its own: time moves only when somebody waits, the registry is a function."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from hocbaso.engines.population import GatewaySettings, Purpose, Query, Subject, XRoadPopulation

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # 12:00 in Viet Nam
PURPOSE = Purpose("xac_thuc_ho_so_hoc_sinh", "Nghị định 88/2026/NĐ-CP Điều 9")


class World:
    """Clock, sleep and what went over the wire."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self.seen: list[httpx.Request] = []

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def steady(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def gateway(
        self, registry: Callable[[httpx.Request], httpx.Response], dice: float = 0.5, **options: Any
    ) -> XRoadPopulation:
        def answer(request: httpx.Request) -> httpx.Response:
            self.seen.append(request)
            return unread(registry(request))

        known = set(GatewaySettings.__dataclass_fields__)
        settings = {name: options.pop(name) for name in list(options) if name in known - {"quota"}}
        return XRoadPopulation(
            GatewaySettings(**settings),
            now=self.now,
            steady=self.steady,
            sleep=self.sleep,
            dice=lambda: dice,
            transport=httpx.MockTransport(answer),
            **options,
        )


def unread(response: httpx.Response) -> httpx.Response:
    """The response as it comes from a network: nothing of its body was read yet."""
    if not response.is_stream_consumed:
        return response
    content = httpx.ByteStream(response.content)
    return httpx.Response(response.status_code, headers=response.headers.raw, stream=content)


def query(number: str = "079219519343", user: str = "vanthu", **subject: str) -> Query:
    values = {
        "full_name": "Lê Trọng Lộc",
        "birth_date": "2019-02-08",
        "sex": "Nam",
        "province": "Thành phố Hồ Chí Minh",
        "commune": "Phường Hạnh Thông",
    } | subject
    return Query(str(uuid.uuid4()), Subject(number, **values), PURPOSE, "79000101", user)


FIELDS_MATCH = {
    "ho_ten": "match",
    "ngay_sinh": "match",
    "gioi_tinh": "match",
    "so_dinh_danh": "match",
    "thuong_tru": "match",
}


def answer_to(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "request_id": item["request_id"],
        "outcome": "matched",
        "fields": dict(FIELDS_MATCH),
        "result_id": "KQ-1",
        "answered_at": "2026-11-20T05:00:00+00:00",
    }


def answered(request: httpx.Request) -> dict[str, Any]:
    """A right answer to any batch."""
    asked = json.loads(request.content)
    return {"message_id": asked["message_id"], "answers": [answer_to(item) for item in asked["items"]]}


def good(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=answered(request))
