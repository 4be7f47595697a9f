"""What machines ask."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from hocbaso.apps.common import guards

pytestmark = pytest.mark.django_db


def test_alive():
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_ready_when_database_and_guards_stand():
    assert Client().get("/readyz").status_code == 200


def test_not_ready_when_a_guard_is_missing():
    guard = guards.all_guards()[0]
    name = f"guard_{guard.table}_delete"
    on = "" if connection.vendor == "sqlite" else f" ON {guard.table}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    try:
        response = Client().get("/readyz")
    finally:
        guards.install(connection)
    assert response.status_code == 503
    assert response.json() == {"status": "guards", "missing": [name]}


def test_not_ready_without_the_database(monkeypatch):
    def broken(_connection):
        raise OSError("no database")

    monkeypatch.setattr("hocbaso.interfaces.web.views.health.guards.missing", broken)
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert "no database" not in response.content.decode()


def test_metrics_are_for_this_machine_alone():
    assert b"hocbaso_audit_events" in Client().get("/metrics").content
    assert Client(REMOTE_ADDR="192.0.2.9").get("/metrics").status_code == 404
    assert Client(headers={"x-forwarded-for": "192.0.2.9"}).get("/metrics").status_code == 404


def test_metrics_with_a_token_are_for_its_holder(settings):
    settings.HOCBASO_METRICS_TOKEN = "dài và ngẫu nhiên"
    assert Client().get("/metrics").status_code == 404
    assert Client(headers={"authorization": "Bearer sai"}).get("/metrics").status_code == 404
    settings.HOCBASO_METRICS_TOKEN = "long-and-random"
    away = Client(REMOTE_ADDR="192.0.2.9", headers={"authorization": "Bearer long-and-random"})
    assert away.get("/metrics").status_code == 200
