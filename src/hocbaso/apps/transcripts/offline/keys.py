"""The node's key for codes and status lists: ECDSA P-256, from the key provider, named in every bundle."""

from __future__ import annotations

from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.register import digest_of, store
from hocbaso.apps.transcripts.offline.models import CodeKey
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.ports import Signer

register(
    {
        "no_code_key": (
            "Nút chưa có khóa P-256 để ký mã QR và danh sách tình trạng. Quản trị hệ thống khai khóa này ở "
            "mục [node] của keys.toml.",
            "The node has no P-256 key for codes and status lists ([node] in keys.toml).",
        )
    }
)

#: Under this code the provider keeps the node's own key, beside those of its schools.
NODE = "NUT"


def node_name() -> str:
    """The node as verifiers read it; all its certificates share it."""
    return f"Nút Học bạ số {urlsplit(settings.HOCBASO_PUBLIC_URL).netloc}"


def code_signer() -> Signer:
    """The signer of codes and lists; its certificate is remembered at the first use.

    A provider that keeps several kinds of keys has ``codes(name=…)``; of any other the node's own
    organisation key is taken, when it is of the wanted kind.

    :raises DomainError: ``no_code_key``
    """
    provider = key_provider()
    codes = getattr(provider, "codes", None)
    signer: Signer
    try:
        signer = codes(name=node_name()) if codes else provider.organisation(code=NODE, name=node_name())
    except DomainError as error:
        if error.code == "no_key":  # of the node itself: a sentence about somebody's key would say nothing
            raise DomainError("no_code_key") from None
        raise
    key = signer.certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DomainError("no_code_key")
    if not CodeKey.objects.filter(pk=digest_of(signer.certificate)).exists():
        _remember(signer)
    return signer


def _remember(signer: Signer) -> None:
    """Inside the running transaction, or in one of its own."""
    with transaction.atomic():
        row = store(signer.certificate)
        _, made = CodeKey.objects.get_or_create(
            certificate=row, defaults={"valid_from": signer.certificate.not_valid_before_utc}
        )
        if made:
            record(Actor.system(), "offline.key_used", row.digest, serial=row.serial)
