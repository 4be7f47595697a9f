"""``hocbaso identity progress | snapshot`` and the worker's round."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.common import clock
from hocbaso.apps.identity.watching.models import Day, Figure
from hocbaso.interfaces.cli import identity, watching
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.campaigns.world import World
from tests.unit.interfaces.cli.test_worker import one_round

pytestmark = pytest.mark.django_db


def run(*words: str, status: int = 0) -> dict[str, Any]:
    app = typer.Typer()
    identity.register(app)
    watching.register(app)
    result = CliRunner().invoke(app, ["identity", *words, "--json"])
    assert result.exit_code == status, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture
def world():
    with clock.standing_at(people.DAY):
        yield World()


def test_numbers_of_every_level_and_of_each_class(world):
    province = run("progress", "--unit", "so-79")
    assert (province["pupils"]["total"], province["pupils"]["states"]["verified"]) == (6, 2)
    assert [(row["code"], row["schools"]) for row in province["rows"]] == [("xa-26929", 2)]
    schools = run("progress", "--unit", "xa-26929", "--by", "school")["rows"]
    assert [row["code"] for row in schools] == [world.far.code, world.near.code]  # the worst first
    (line,) = run("progress", "--unit", world.near.code, "--by", "class")["rows"]
    assert (line["class"], line["states"]["mismatch"]) == ("1A", 1)
    assert set(run("progress", "--unit", "so-79", "--by", "field")["pupils"]["differs"]) == {
        *("ho_ten", "ngay_sinh", "gioi_tinh", "so_dinh_danh", "thuong_tru")
    }
    assert run("progress", "--unit", "khong-co", status=2)["error"]["code"] == "unit_not_found"
    assert run("progress", "--unit", "so-79", "--by", "class", status=2)["error"]["code"]


def test_a_campaign_in_numbers(world):
    campaign = world.campaign(target=60)
    told = run("progress", "--unit", "xa-26929", "--campaign", str(campaign.pk))
    assert (told["schools"], told["done"], told["campaign"]["days_left"]) == (2, 1, 10)
    assert run("progress", "--unit", "xa-26929", "--campaign", "999", status=2)


def test_snapshot_and_worker_make_the_same_rows_however_often_they_run(world):
    Figure.objects.all().delete()
    Day.objects.all().delete()
    world.campaign(days=1)
    assert run("snapshot")["schools"] == 2
    before = [list(model.objects.order_by("pk").values()) for model in (Figure, Day)]
    assert one_round()["counted"] == 0  # all is fresh
    assert [list(model.objects.order_by("pk").values()) for model in (Figure, Day)] == before
    with clock.standing_at(people.DAY + timedelta(days=2)):
        first, second = one_round(), one_round()
    assert (first["counted"], first["reminded"], first["problems"]) == (2, 2, [])
    assert (second["counted"], second["reminded"]) == (0, 0)
