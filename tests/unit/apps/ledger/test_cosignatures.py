"""A witness's line is published beside the checkpoint, and only a trusted witness's."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from hocbaso.apps.common import clock
from hocbaso.apps.ledger import queries
from hocbaso.apps.ledger.use_cases.append import NewEntry, append
from hocbaso.apps.ledger.use_cases.cosign import take
from hocbaso.core.errors import DomainError
from hocbaso.engines.ledger.checkpoints import open_checkpoint
from hocbaso.engines.ledger.notes import KeyType, NoteSigner, NoteVerifier, add_cosignature, sign_note
from tests.builders import YEAR

pytestmark = pytest.mark.django_db
WITNESS = NoteSigner("bo.example", Ed25519PrivateKey.from_private_bytes(bytes(32)), KeyType.WITNESS)


@pytest.fixture
def note(settings: Any) -> str:
    settings.HOCBASO_LOG_WITNESSES = (str(WITNESS.verifier),)
    with transaction.atomic():
        append(YEAR, [NewEntry("issue", "ab" * 32, "79000101", "HB-1", 1, clock.now())])
    return queries.latest_checkpoint(YEAR)


def test_the_published_checkpoint_bears_the_witness(note: str) -> None:
    cosigned = add_cosignature(note, WITNESS, 1_790_000_000)
    assert take(cosigned).witnesses == ("bo.example",)
    assert take(cosigned).witnesses == ()
    published = queries.latest_checkpoint(YEAR)
    assert published == cosigned
    log = NoteVerifier.parse(queries.verifier_key(YEAR))
    assert open_checkpoint(published, log, [WITNESS.verifier], quorum=1).witnesses[0][1] == 1_790_000_000


def test_strangers_forgeries_and_other_checkpoints_are_refused(note: str) -> None:
    stranger = NoteSigner("ai-do.example", Ed25519PrivateKey.generate(), KeyType.WITNESS)
    forged = add_cosignature(note, WITNESS, 5).replace("\n— bo.example ", "\n— bo.example A", 1)
    for cosigned in (note, add_cosignature(note, stranger, 5), forged, note[:-3], "x\n\n— a b\n"):
        with pytest.raises(DomainError):
            take(cosigned)
    from hocbaso.apps.ledger.keys import log_signer

    other = sign_note(
        note.split("\n\n")[0].replace("\n1\n", "\n2\n") + "\n", log_signer(queries.origin(YEAR))
    )
    with pytest.raises(DomainError) as refused:
        take(add_cosignature(other, WITNESS, 5))
    assert refused.value.code == "cosignature_not_ours"
    assert queries.latest_checkpoint(YEAR) == note
