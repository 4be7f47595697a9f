"""A key that stops midway: what was signed is kept, no sheet fails, the rest is signed later and once."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.transcripts.models import SheetSignature
from hocbaso.apps.transcripts.use_cases import sign_sheets
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.core.document.model import SignerRole
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.providers.stops import SigningStopped
from tests.builders import YEAR, finished_class, make_school

pytestmark = pytest.mark.django_db


class Stopping:
    """Signs two digests, then its token is pulled out."""

    def __init__(self, inner: Signer) -> None:
        self._inner = inner
        self.certificate, self.chain = inner.certificate, inner.chain

    def sign_digest(self, digest: bytes) -> bytes:
        return self._inner.sign_digest(digest)

    def sign_digests(self, digests: Sequence[bytes]) -> Generator[bytes, None, None]:
        for number, digest in enumerate(digests):
            if number == 2:
                raise SigningStopped("token_removed")
            yield self._inner.sign_digest(digest)


def test_a_token_pulled_out_leaves_the_rest_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    school = make_school()
    finished_class(school, "3A", 5)
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"])
    actor, of_class = school.actor(Role.HOMEROOM, "3A"), school.classes["3A"]
    sheets = sign_sheets.ready_sheets(school.unit, YEAR, SignerRole.HOMEROOM, of_class)
    batch = sign_sheets.authorise(
        actor,
        role=SignerRole.HOMEROOM,
        school=school.unit,
        sheets=sheets,
        school_class=of_class,
        method="totp",
    )
    genuine = sign_sheets.signer_of

    def stopping(*arguments: object) -> object:
        signer, seat = genuine(*arguments)  # type: ignore[arg-type]
        return Stopping(signer), seat

    with monkeypatch.context() as patched:
        patched.setattr(sign_sheets, "signer_of", stopping)
        with pytest.raises(SigningStopped) as stopped:
            sign_sheets.run_batch(actor, batch)
    assert stopped.value.code == "token_removed"
    kept = set(SheetSignature.objects.values_list("pk", flat=True))
    states = sorted(batch.items.values_list("state", flat=True))
    assert states == ["signed"] * 2 + ["waiting"] * 3
    outcome = sign_sheets.run_batch(actor, batch)
    assert (outcome.signed, outcome.waiting, outcome.failed) == (3, 0, [])
    assert SheetSignature.objects.count() == 5
    assert kept < set(SheetSignature.objects.values_list("pk", flat=True))
