"""Who may answer for a certificate, and which lists speak about it (RFC 5280 section 6.3.3, RFC 6960)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.longterm.answers import ask_list, ask_response
from hocbaso.engines.trust.longterm.validation_data import gather
from tests.unit.sandbox.cases import NOW

DAY = timedelta(days=1)
POINT = x509.UniformResourceIdentifier("http://lists.example/part-1.crl")
OTHER = x509.UniformResourceIdentifier("http://lists.example/part-2.crl")
Made = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _certificate(name: str, issuer: Made | None, *extensions: x509.ExtensionType, until: int = 3650) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = issuer[0].subject if issuer else subject
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(above).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - 10 * DAY).not_valid_after(NOW + until * DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


CA = x509.BasicConstraints(True, None)
POINTS = x509.CRLDistributionPoints([x509.DistributionPoint([POINT], None, None, None)])
ANSWERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
ISSUER = _certificate("Nơi cấp", None, CA)
OTHER_ISSUER = _certificate("Nơi cấp khác", None, CA)
HOLDER = _certificate("Người ký", ISSUER, POINTS)
TEACHER = _certificate("Giáo viên", ISSUER)
RESPONDER = _certificate("Nơi trả lời", ISSUER, ANSWERS, x509.OCSPNoCheck())


def _answer(
    by: Made, *, about: x509.Certificate = ISSUER[0], with_it: Sequence[x509.Certificate] | None = None
) -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        HOLDER[0], about, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, NOW, NOW + DAY, None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by[0])
    inside = [by[0]] if with_it is None else list(with_it)
    builder = builder.certificates(inside) if inside else builder
    return builder.sign(by[1], hashes.SHA256()).public_bytes(Encoding.DER)


def _list(*extensions: tuple[x509.ExtensionType, bool], by: Made = ISSUER) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(by[0].subject)
    builder = builder.last_update(NOW).next_update(NOW + DAY)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(by[1], hashes.SHA256()).public_bytes(Encoding.DER)


def _place(**of_point: object) -> tuple[x509.ExtensionType, bool]:
    values = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    } | of_point
    return x509.IssuingDistributionPoint(**values), True


def test_the_issuer_and_a_responder_that_it_made_for_that_answer() -> None:
    for by, inside in ((ISSUER, []), (RESPONDER, None)):
        answer = ask_response(_answer(by, with_it=inside), HOLDER[0], ISSUER[0])
        assert answer is not None
        assert answer.revoked is None


@pytest.mark.parametrize(
    ("forged"),
    [
        pytest.param(partial(_answer, TEACHER), id="a teacher's key"),
        pytest.param(partial(_answer, HOLDER), id="the key it is about"),
        pytest.param(partial(_answer, RESPONDER, about=OTHER_ISSUER[0]), id="another issuer's number 7"),
        pytest.param(
            lambda: _answer(_certificate("Nơi trả lời cũ", ISSUER, ANSWERS, x509.OCSPNoCheck(), until=-1)),
            id="a responder that had ended",
        ),
    ],
)
def test_nobody_else_answers(forged: Callable[[], bytes]) -> None:
    assert ask_response(forged(), HOLDER[0], ISSUER[0]) is None


def test_an_answer_that_a_teachers_key_signed_is_never_put_beside_a_seal() -> None:
    class Trust:
        anchors = (type("Root", (), {"certificate": ISSUER[0]})(),)
        intermediates = ()
        crls = ()

    with pytest.raises(DomainError) as told:
        gather([[HOLDER[0]]], NOW, Trust(), lambda *_: _answer(TEACHER))
    assert told.value.code == "validation_no_answer"


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param([], id="everything"),
        pytest.param([_place(full_name=[POINT])], id="the place that the certificate names"),
        pytest.param([_place(only_contains_user_certs=True)], id="holders only"),
    ],
)
def test_a_list_of_the_right_scope_speaks(scope: list[tuple[x509.ExtensionType, bool]]) -> None:
    assert ask_list(_list(*scope), HOLDER[0], ISSUER[0]) is not None


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param([_place(full_name=[OTHER])], id="another part of a list in parts"),
        pytest.param([_place(only_contains_ca_certs=True)], id="authorities only"),
        pytest.param([_place(only_contains_attribute_certs=True)], id="attributes"),
        pytest.param([_place(indirect_crl=True)], id="of several issuers"),
        pytest.param(
            [_place(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))], id="some reasons"
        ),
        pytest.param([(x509.DeltaCRLIndicator(1), True)], id="additions to another list"),
        pytest.param([(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)],
                     id="something critical that nobody knows"),
    ],
)  # fmt: skip
def test_a_list_of_another_scope_says_nothing(scope: list[tuple[x509.ExtensionType, bool]]) -> None:
    """ "Not in the list" would mean "good" although the revocation stands in another list."""
    assert ask_list(_list(*scope), HOLDER[0], ISSUER[0]) is None


def test_an_authority_that_may_not_sign_lists_signs_none() -> None:
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    issuer = _certificate("Nơi cấp không ký danh sách", None, CA, usage)
    holder = _certificate("Người ký", issuer)
    assert ask_list(_list(by=issuer), holder[0], issuer[0]) is None
