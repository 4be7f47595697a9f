"""Places, status lists and offline codes of a node's issued sheets; what the small bundle makes of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from typer.testing import CliRunner

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.models import LogEntry
from hocbaso.apps.transcripts.models import IssuedSheet, StatusEvent
from hocbaso.apps.transcripts.offline.bundle import offline_bundle
from hocbaso.apps.transcripts.offline.keys import code_signer
from hocbaso.apps.transcripts.offline.models import PublishedList, StatusPlace
from hocbaso.apps.transcripts.offline.use_cases import publish_list
from hocbaso.apps.transcripts.offline.use_cases.make_code import Variant, make_code
from hocbaso.apps.transcripts.offline.use_cases.publish_list import current_list
from hocbaso.apps.transcripts.use_cases.audit_log import audit_everything
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.offline import verify_code
from hocbaso.interfaces.cli import main
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db


def judged(text: str, *, fresh: bool = True):
    bundle = TrustBundle.from_json(offline_bundle(fresh=fresh).to_json())
    return verify_code(text, Verifier(bundle), now=clock.now())


def withdraw(row: IssuedSheet, status: str) -> None:
    StatusEvent.objects.create(
        code=row.code, version=row.version, status=status, reason="Sai ngày sinh", at=clock.now(), by="ht"
    )


def test_from_issue_to_an_offline_verdict_and_after_a_withdrawal():
    school = issued_school(2)
    first, second = IssuedSheet.objects.order_by("pk")
    places = list(StatusPlace.objects.values_list("list", "index"))
    assert len(places) == 2
    assert {name for name, _ in places} == {"2025-1"}
    actor = school.actor(Role.HOMEROOM, "3A")
    text = make_code(actor, issued=first, variant=Variant.RESULTS)
    brief = make_code(actor, issued=second, variant=Variant.IDENTITY)

    verdict, content = judged(text)
    assert verdict.valid, verdict.reason
    assert (verdict.environment, content.name) == ("thu_nghiem", first.sheet.pupil.full_name)
    assert content.results is not None
    assert judged(brief)[1].results is None

    withdraw(first, "revoked")
    assert judged(text, fresh=False)[0].valid  # the answer of the last quarter of an hour
    assert judged(text)[0].verdict == "invalid"
    assert judged(brief)[0].valid
    with pytest.raises(DomainError, match="thu hồi"):
        make_code(actor, issued=first, variant=Variant.RESULTS)

    assert PublishedList.objects.count() == LogEntry.objects.filter(type="status_list").count() == 2
    made = Event.objects.filter(action="offline.code_made")
    assert sorted(made.values_list("details__variant", flat=True)) == ["danh-tinh", "ket-qua"]
    assert audit_everything().findings == []


def test_an_unchanged_list_is_not_signed_again_within_the_day(monkeypatch: pytest.MonkeyPatch):
    issued_school(1)
    first = current_list("2025-1")
    assert current_list("2025-1", fresh=True).pk == first.pk
    later = clock.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert current_list("2025-1").pk != first.pk


def test_a_list_is_signed_while_nobody_waits_for_its_log(monkeypatch: pytest.MonkeyPatch):
    issued_school(1)
    depth, signed = len(connection.savepoint_ids), []

    def signer():
        signed.append(len(connection.savepoint_ids))
        return code_signer()

    monkeypatch.setattr(publish_list, "code_signer", signer)
    current_list("2025-1")
    assert signed == [depth]  # in no transaction of its own


def test_a_place_never_changes_and_serves_one_sheet():
    issued_school(1)
    place = StatusPlace.objects.get()
    for attempt in (
        lambda: StatusPlace.objects.update(index=place.index ^ 1),
        lambda: StatusPlace.objects.all().delete(),
        lambda: StatusPlace.objects.create(code="khác", version=1, list=place.list, index=place.index),
        lambda: StatusPlace.objects.create(code=place.code, version=1, list=place.list, index=0),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_who_may_not_see_the_sheet_makes_no_code():
    school = issued_school(1)
    with pytest.raises(NotAllowed):
        make_code(school.actor(Role.DATA_CLERK), issued=IssuedSheet.objects.get(), variant=Variant.IDENTITY)


def run(*arguments: str, **options):
    from hocbaso.interfaces.cli.main import app

    return CliRunner().invoke(app, [*arguments, "--json"], **options)


def test_the_commands_make_a_code_and_judge_it_as_text_picture_and_from_standard_input(tmp_path):
    main._register()
    issued_school(1)
    bundle, picture = tmp_path / "b.json", tmp_path / "ma.png"
    assert json.loads(run("offline", "bundle", "--out", str(bundle)).stdout)["status_lists"] == 1
    code = IssuedSheet.objects.get().code
    text = json.loads(run("offline", "qr", code, "--out", str(picture)).stdout)["text"]
    for given, typed in ((text, None), (str(picture), None), ("-", f"{text}\n")):
        done = run("verify", "--qr", given, "--bundle", str(bundle), input=typed)
        (found,) = json.loads(done.stdout)
        assert (done.exit_code, found["verdict"]) == (0, "valid"), found["reason"]
        assert found["qr"]["code"] == code
        assert set(found["checks"].values()) == {"ok"}
    altered = text[:60] + ("A" if text[60] != "A" else "B") + text[61:]
    done = run("verify", "--qr", altered, "--bundle", str(bundle))
    assert done.exit_code in (1, 2)
    assert json.loads(done.stdout)[0]["verdict"] == "invalid"
    done = run("verify", "--qr", text)
    assert (done.exit_code, json.loads(done.stdout)[0]["verdict"]) == (1, "indeterminate")
    assert run("verify").exit_code == 2
