"""Keys that a remote service offers: only names that can be kept are asked about."""

from __future__ import annotations

import pytest

from hocbaso.apps.signing.elsewhere import places
from hocbaso.apps.signing.elsewhere.models import KeyPlace, Place
from hocbaso.apps.signing.elsewhere.places import Offer, Owner
from hocbaso.core.errors import DomainError


class Client:
    """A service that names its keys as it likes."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def credentials(self, user: str) -> list[str]:
        return ["", "x" * 121, "a\0b", "a\ud800", "y" * 120]

    def credential(self, name: str) -> object:
        self.asked.append(name)
        raise DomainError("csc_credential_unusable", detail="-")


def test_names_that_no_column_holds_are_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    monkeypatch.setattr(places, "open_remote", lambda service: client)
    with pytest.raises(DomainError):
        places.own_credentials(Owner(None, None, "079"), Offer(Place.REMOTE, "mau", "Mẫu"))
    assert client.asked == ["y" * 120]
    assert KeyPlace._meta.get_field("credential").max_length == 120
