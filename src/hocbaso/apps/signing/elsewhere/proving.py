"""Registration by proof of possession with a key at the node's token or in a remote service.

The challenge is :mod:`hocbaso.apps.signing.possession`'s; here the key signs it where it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from django.views.decorators.debug import sensitive_variables

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing import possession
from hocbaso.apps.signing.certificate_models import Possession
from hocbaso.apps.signing.elsewhere.places import Held, open_remote, open_token_session, own_credential
from hocbaso.apps.signing.register import digest_of
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.providers.csc_model import Codes

register(
    {
        "proof_of_another_key": (
            "Hồ sơ đăng ký này dành cho chứng thư số khác với chứng thư số thầy cô đang chọn. Thầy cô bắt "
            "đầu lại.",
            "The challenge names another certificate than the one chosen.",
        ),
        "proofs_too_often": (
            "Thầy cô đã nhận nhiều mã trong ít phút. Thầy cô chờ một lát rồi bắt đầu lại.",
            "Too many challenges within a few minutes.",
        ),
    }
)

_WHILE, _MOST = timedelta(minutes=15), 8


def _digest(case: Possession) -> bytes:
    return hashlib.sha256(case.challenge.encode()).digest()


@sensitive_variables("pin")
def prove_by_token(actor: Actor, school: Organisation, held: Held, *, pin: str) -> Possession:
    """Challenge and answer under one PIN.

    :raises DomainError: ``token_pin_wrong``, …, and those of ``possession.begin`` and ``answer``.
    """
    require(actor, "signing.key_place", held.owner)
    with open_token_session(held.owner, pin) as session:
        case = possession.begin(actor, school, held.owner.user, session.certificate)
        return possession.answer(actor, case, session.sign_digest(_digest(case)))


def ask_proof(actor: Actor, school: Organisation, held: Held) -> Possession:
    """A challenge for the chosen remote key; the person's code is sent for exactly this.

    :raises DomainError: ``proofs_too_often``, ``key_place_unset``, ``csc_…``, those of ``possession.begin``.
    """
    require(actor, "signing.key_place", held.owner)
    recent = Possession.objects.filter(started_by=actor.user, started_at__gt=clock.now() - _WHILE)
    if recent.count() >= _MOST:
        raise DomainError("proofs_too_often")
    with open_remote(held.service) as client:
        credential = own_credential(client, held)
        case = possession.begin(actor, school, held.owner.user, credential.certificate)
        if "OTP" in credential.wants:
            client.send_otp(credential, [_digest(case)])
    return case


def wanted_codes(held: Held) -> tuple[str, ...]:
    """Of "PIN" and "OTP", what the chosen remote key wants. :raises DomainError: ``csc_…``"""
    with open_remote(held.service) as client:
        return own_credential(client, held).wants


@sensitive_variables("codes")
def prove_by_remote(actor: Actor, case: Possession, held: Held, *, codes: Mapping[str, str]) -> Possession:
    """The remote key signs the challenge under the codes just given.

    :raises DomainError: ``proof_of_another_key``, ``csc_code_wrong``, …, those of ``possession.answer``.
    """
    require(actor, "signing.key_place", held.owner)
    if held.certificate is None or case.certificate_id != digest_of(held.certificate):
        raise DomainError("proof_of_another_key")
    with open_remote(held.service) as client:
        credential = own_credential(client, held)
        authorisation = client.authorize(credential, [_digest(case)], Codes(dict(codes)))
        [value] = client.sign_hashes(authorisation, [_digest(case)])
    return possession.answer(actor, case, value)
