"""``log audit``: whatever is altered, removed, moved or added behind our back is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Model

from hocbaso.apps.common import guards
from hocbaso.apps.ledger import queries
from hocbaso.apps.ledger.models import Checkpoint, Cosignature, LogEntry, LogHead, LogTile
from hocbaso.apps.signing.key_infos import key_info_of
from hocbaso.apps.signing.models import Certificate, KeyInfo
from hocbaso.apps.transcripts.documents import stored_document
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet, SheetSignature, StatusEvent, YearSheet
from hocbaso.apps.transcripts.offline.models import PublishedList, StatusPlace
from hocbaso.apps.transcripts.offline.use_cases.publish_list import current_list
from hocbaso.apps.transcripts.use_cases.audit_log import audit_everything
from hocbaso.engines.storage.documents import pack_document
from tests.builders import YEAR, finished_class, make_school
from tests.unit.apps.transcripts.test_close_sign_issue import issue_all

pytestmark = pytest.mark.django_db


def _flip(data: bytes, place: int = 40) -> bytes:
    changed = bytearray(data)
    changed[place % len(changed)] ^= 1
    return bytes(changed)


def _alter_document() -> None:
    row = IssuedSheet.objects.first()
    assert row is not None
    IssuedSheet.objects.filter(pk=row.pk).update(document=_flip(bytes(row.document)))


def _alter_leaf() -> None:
    row = LogEntry.objects.get(index=1)
    LogEntry.objects.filter(pk=row.pk).update(entry=bytes(row.entry).replace(b"issue", b"issux"))


def _alter_tile() -> None:
    row = LogTile.objects.first()
    assert row is not None
    LogTile.objects.filter(pk=row.pk).update(hashes=_flip(bytes(row.hashes)))


def _swap_digests() -> None:
    first, second = IssuedSheet.objects.order_by("log_index")[:2]
    IssuedSheet.objects.filter(pk=first.pk).update(digest="0" * 64)
    IssuedSheet.objects.filter(pk=second.pk).update(digest=first.digest)


def _exchange_a_signature_everywhere() -> None:
    """The homeroom teacher's signature of one sheet put below another, in the document and in its row."""
    first, second = IssuedSheet.objects.order_by("log_index")[:2]
    ours, theirs = (SheetSignature.objects.get(sheet=row.sheet_id, role="gvcn") for row in (first, second))
    document = stored_document(first).replace(bytes(ours.text), bytes(theirs.text))
    IssuedSheet.objects.filter(pk=first.pk).update(document=pack_document(document)[0])
    SheetSignature.objects.filter(pk=ours.pk).update(text=theirs.text)


def _damage_on_disk(model: type[Model], column: str) -> None:
    """A byte of a packed column, changed below the program."""
    with connection.cursor() as cursor:
        table = model._meta.db_table
        cursor.execute(f"SELECT id, {column} FROM {table} ORDER BY id LIMIT 1")
        key, data = cursor.fetchone()
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [_flip(bytes(data)), key])


def _rename_a_sheet() -> None:
    """The same wrong code in the issued row and in the row of the sheet."""
    row = IssuedSheet.objects.latest("log_index")
    IssuedSheet.objects.filter(pk=row.pk).update(code=row.code[:-1] + "Z")
    YearSheet.objects.filter(pk=row.pk).update(code=row.code[:-1] + "Z")


def _better_result() -> None:
    row = YearSheet.objects.latest("pk")
    YearSheet.objects.filter(pk=row.pk).update(result={**row.result, "title": "Học sinh Xuất sắc!"})


def _earlier() -> None:
    row = IssuedSheet.objects.latest("log_index")
    IssuedSheet.objects.filter(pk=row.pk).update(issued_at=row.issued_at - timedelta(days=1))


ATTACKS: dict[str, Callable[[], object]] = {
    "issued document altered": _alter_document,
    "issued row removed": lambda: IssuedSheet.objects.filter(log_index=1).delete(),
    "digests swapped": _swap_digests,
    "log entry altered": _alter_leaf,
    "log entry removed": lambda: LogEntry.objects.filter(index=1).delete(),
    "last entry removed and head moved back": lambda: (
        LogEntry.objects.filter(index=2).delete(),
        LogHead.objects.update(size=2),
    ),
    "look-up column altered": lambda: LogEntry.objects.filter(index=0).update(school_code="79000999"),
    "tile altered": _alter_tile,
    "checkpoint altered": lambda: Checkpoint.objects.update(text="giả"),
    "signature altered": lambda: SheetSignature.objects.filter(role="gvcn").update(text=b"<ds:Signature/>"),
    "signature exchanged everywhere": _exchange_a_signature_everywhere,
    "sheet damaged on the disk": lambda: _damage_on_disk(YearSheet, "body"),
    "signature damaged on the disk": lambda: _damage_on_disk(SheetSignature, "text"),
    "code altered everywhere": _rename_a_sheet,
    "time of issue altered": _earlier,
    "issuer altered": lambda: IssuedSheet.objects.filter(log_index=0).update(issued_by="người khác"),
    "time stamp altered": lambda: Evidence.objects.update(content=b"forged"),
    "time stamp removed": lambda: Evidence.objects.all().delete(),
    "shown result altered": _better_result,
    "state altered": lambda: YearSheet.objects.filter(pk=YearSheet.objects.latest("pk").pk).update(
        state="frozen"
    ),
}


@pytest.fixture
def issued() -> None:
    school = make_school()
    finished_class(school, "3A", 3)
    issue_all(school)
    assert audit_everything().ok


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_an_attack_on_the_rows_is_found(attack: str) -> None:
    with guards.suspended(connection):
        ATTACKS[attack]()
    report = audit_everything()
    assert not report.ok, attack
    assert all(finding.strip() for finding in report.findings)


def _columns() -> dict[str, Callable[[], object]]:
    """One change of one column each, beside those above."""
    sheet, seal = YearSheet.objects.latest("pk"), SheetSignature.objects.filter(role="con_dau")
    other = Certificate.objects.exclude(pk=seal.latest("pk").certificate_id).earliest("pk")
    rows, leaf = YearSheet.objects.filter(pk=sheet.pk), Certificate.objects.filter(pk=other.pk)
    lists, places = PublishedList.objects, StatusPlace.objects.filter(code=sheet.code)
    token = PublishedList.objects.get().token
    hour = timedelta(hours=2)
    return {
        "role of a signature": lambda: seal.update(role="con_dau2"),
        "certificate of a signature": lambda: seal.update(certificate=other),
        "school year": lambda: rows.update(school_year="2024-2025"),
        "time of freezing": lambda: rows.update(frozen_at=sheet.frozen_at + hour),
        "who froze it": lambda: rows.update(frozen_by="người khác"),
        "certificate, a byte": lambda: leaf.update(der=_flip(bytes(other.der))),
        "certificate, its end": lambda: leaf.update(not_after=other.not_after + hour),
        "certificate, its name": lambda: leaf.update(subject="CN=Người khác"),
        "element of a key": lambda: KeyInfo.objects.update(content=b"<ds:KeyInfo></ds:KeyInfo>"),
        "place removed": places.delete,
        "place in a list of another year": lambda: places.update(list="2019-1"),
        "place of another sheet": lambda: places.update(version=9),
        "published list, a byte": lambda: lists.update(
            token=token[:-30] + ("A" if token[-30] != "A" else "B") + token[-29:]
        ),
        "published list, its name": lambda: lists.update(list="2019-1"),
        "published list, its time": lambda: lists.update(at=sheet.frozen_at - hour),
        "published list, its place in the log": lambda: lists.update(log_index=0),
        "published list removed": lists.all().delete,
        "replaced, by nothing": lambda: _told(sheet, status="replaced", replaced_by=2),
        "a state that does not exist": lambda: _told(sheet, status="tốt"),
        "state of a sheet that was never issued": lambda: _told(sheet, status="revoked", version=7),
        "checkpoint of no log": lambda: Checkpoint.objects.update(log="2019-2020"),
        "newest checkpoint removed": Checkpoint.objects.filter(size=LogHead.objects.get().size).delete,
        "line of a witness": lambda: Cosignature.objects.create(
            log=YEAR,
            size=LogHead.objects.get().size,
            witness="w",
            line="— w AAAAAAAAAAAAAAAA\n",
            at=sheet.frozen_at,
        ),
    }


def _told(sheet: YearSheet, **values: object) -> None:
    known = {"code": sheet.code, "version": 1, "reason": "", "at": sheet.frozen_at, "by": "ai đó"}
    StatusEvent.objects.create(**known | values)


def test_a_change_of_any_column_beside_an_issued_sheet_is_found_and_named() -> None:
    school = make_school()
    finished_class(school, "3A", 2)
    issue_all(school)
    current_list("2025-1")
    assert audit_everything().findings == []
    for name, change in _columns().items():
        undo = transaction.savepoint()
        with guards.suspended(connection):
            change()
        findings = audit_everything().findings
        assert findings, name
        assert not any("bộ chặn" in finding for finding in findings), name
        transaction.savepoint_rollback(undo)
        key_info_of.cache_clear()
    assert audit_everything().findings == []


def test_a_revocation_that_was_published_cannot_be_taken_back_in_silence() -> None:
    school = make_school()
    finished_class(school, "3A", 2)
    issue_all(school)
    _told(YearSheet.objects.latest("pk"), status="revoked")
    current_list("2025-1")
    assert audit_everything().findings == []
    with guards.suspended(connection):
        StatusEvent.objects.all().delete()
    (finding,) = audit_everything().findings
    assert "tình trạng đã công bố nay không còn ghi" in finding


@pytest.mark.usefixtures("issued")
def test_a_guard_that_was_taken_away_is_found() -> None:
    with guards.suspended(connection):
        assert any("bộ chặn" in finding for finding in audit_everything().findings)


@pytest.mark.usefixtures("issued")
def test_every_entry_is_proved_against_the_published_checkpoint() -> None:
    from hocbaso.apps.ledger.keys import log_signer
    from hocbaso.engines.ledger.proofs import InclusionProof

    verifier = log_signer(queries.origin(YEAR)).verifier
    for row in LogEntry.objects.all():
        values = queries.inclusion_proof(YEAR, row.index)
        entry = values.pop("entry").encode()
        InclusionProof.from_values(values).check(entry, verifier)
