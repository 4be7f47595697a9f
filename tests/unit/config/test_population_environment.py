"""``HOCBASO_POPULATION_*``: a sandbox node finds the sandbox, a real one nothing that nobody named."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from hocbaso.config.environment import WrongEnvironment, read
from hocbaso.engines.population.settings import SANDBOX_URL, GatewaySettings


def population(tmp_path: Path, **values: str) -> GatewaySettings:
    return read({"HOCBASO_HOME": str(tmp_path), "HOCBASO_SECRET_KEY": "x"} | values).population


def test_a_node_with_default_settings_finds_the_sandbox(tmp_path: Path) -> None:
    assert population(tmp_path) == GatewaySettings(url=SANDBOX_URL)


def test_a_genuine_node_asks_nobody_until_it_is_told_whom(tmp_path: Path) -> None:
    genuine = {"HOCBASO_ENVIRONMENT": "chinh_thuc", "HOCBASO_KEY_PROVIDER": "somewhere.keys"}
    assert population(tmp_path, **genuine).url == ""
    told = {"HOCBASO_POPULATION_URL": "https://bus.example/r1/VN/GOV/BCA/dan-cu/"}
    assert population(tmp_path, **genuine, **told).url == "https://bus.example/r1/VN/GOV/BCA/dan-cu"


def test_every_manner_can_be_set(tmp_path: Path) -> None:
    certificate = tmp_path / "node.pem"
    certificate.write_text("")
    given = population(
        tmp_path,
        HOCBASO_POPULATION_CLIENT="VN/GOV/79/hoc-ba-so",
        HOCBASO_POPULATION_CERT=str(certificate),
        HOCBASO_POPULATION_QUOTA="5000",
        HOCBASO_POPULATION_RATE="12.5",
        HOCBASO_POPULATION_WINDOW="20:00-05:30",
        HOCBASO_POPULATION_ATTEMPTS="2",
        HOCBASO_POPULATION_READ_TIMEOUT="7",
    )
    assert (given.client, given.client_certificate) == ("VN/GOV/79/hoc-ba-so", certificate)
    assert (given.quota, given.rate, given.attempts, given.read_timeout) == (5000, 12.5, 2, 7.0)
    assert (given.window.start, given.window.end) == (time(20), time(5, 30))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "http://registry.example/"),
        ("CLIENT", "school"),
        ("CA", "/nowhere.pem"),
        ("QUOTA", "-1"),
        ("RATE", "fast"),
        ("RATE", "nan"),
        ("WINDOW", "night"),
        ("ATTEMPTS", "0"),
    ],
)
def test_a_value_that_cannot_be_right_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(WrongEnvironment, match="HOCBASO_POPULATION_"):
        population(tmp_path, **{f"HOCBASO_POPULATION_{name}": value})
