"""Remote signing against the sandbox's provider: one authorisation, one list, only right values."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

import httpx
import pytest

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.keys import verify_digest
from hocbaso.engines.trust.providers.csc import CscClient, RemoteSigner
from hocbaso.engines.trust.providers.csc_model import CodeQuestion, Codes, CscSettings
from hocbaso.engines.trust.providers.listing import NotSigned, left_over, sign_list
from hocbaso.engines.trust.providers.stops import SigningStopped
from hocbaso.sandbox.profiles import KeyKind
from hocbaso.sandbox.server import make_app
from tests.unit.engines.trust.providers.csc_support import (
    PIN,
    SECRET,
    URL,
    Provider,
    cannot_be_pickled,
    class_of,
    traces,
)
from tests.unit.sandbox.cases import NOW, sandbox

DIGESTS = [hashlib.sha256(b"%d" % number).digest() for number in range(10)]


@pytest.mark.parametrize("auth", ["oauth2", "basic"])
@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_a_class_is_signed_with_one_code_over_exactly_its_list(kind: KeyKind, auth: str) -> None:
    provider = Provider(kind)
    signer = provider.signer(auth=auth)
    prepared = class_of(signer)
    texts = list(sign_list(signer, prepared))
    for item, text in zip(prepared, texts, strict=True):
        assert isinstance(text, bytes)
        read = xades.read_signature(text)
        assert read.value_is_valid()
        assert read.prepared.digest == item.digest
    [question], [authorised] = provider.questions, provider.asked("credentials/authorize")
    assert question.count == 10 == authorised["numSignatures"]
    assert question.list_digest == provider.service.outbox[0].list_digest
    batches = [len(body["hashes"]) for body in provider.asked("signatures/signHash")]  # type: ignore[arg-type]
    assert batches == [4, 4, 2]
    sent = [one for body in provider.asked("signatures/signHash") for one in body["hashes"]]
    assert sent == authorised["hashes"]
    assert [c.subject for c in signer.chain] == [signer.certificate.issuer]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("fewer", "csc_wrong_count"),
        ("more", "csc_wrong_count"),
        ("order", "csc_wrong_value"),
        ("other_key", "csc_wrong_value"),
        ("html", "csc_answer_unreadable"),
        ("redirect", "csc_answer_unreadable"),
        ("huge", "csc_answer_unreadable"),
        ("cut", "csc_answer_unreadable"),
        ("500", "csc_refused"),
    ],
)
def test_a_wrong_answer_stops_the_list_and_the_rest_is_signed_later(wrong: str, code: str) -> None:
    provider = Provider()
    signer = provider.signer()
    prepared = class_of(signer)
    results = []
    for result in sign_list(signer, prepared):
        results.append(result)
        if len(results) == 4:  # the first batch was right
            provider.service.behaviour = replace(provider.service.behaviour, wrong=wrong, times=1)
    assert all(isinstance(result, bytes) for result in results[:4])
    assert {(r.error.code, r.stopped) for r in results[4:] if isinstance(r, NotSigned)} == {(code, True)}
    assert len(results) == 10
    assert len(provider.asked("signatures/signHash")) == 2, "what spends an authorisation is never repeated"
    left = left_over(prepared, results)
    assert left == prepared[4:]
    assert all(isinstance(result, bytes) for result in sign_list(signer, left))
    assert [question.count for question in provider.questions] == [10, 6]


def test_values_of_an_earlier_answer_are_refused() -> None:
    provider = Provider(wrong="replay")
    signer = provider.signer()
    provider.service.behaviour = replace(provider.service.behaviour, wrong="")
    first = signer.sign_digests(DIGESTS[:4])
    assert len(list(first)) == 4
    provider.service.spoiled("", {"signatures": ["AAAA"]})
    provider.service.behaviour = replace(provider.service.behaviour, wrong="replay")
    with pytest.raises(SigningStopped) as caught:
        list(signer.sign_digests(DIGESTS[4:8]))
    assert caught.value.code == "csc_wrong_value"


def test_ecdsa_values_in_der_become_what_xml_wants() -> None:
    signer = Provider(wrong="der").signer()
    for digest, value in zip(DIGESTS, signer.sign_digests(DIGESTS), strict=True):
        assert len(value) == 64
        assert verify_digest(signer.certificate, digest, value)


def test_a_lost_answer_is_asked_again_only_where_nothing_is_spent() -> None:
    provider = Provider()
    lost = httpx.ReadTimeout("late")
    provider.broken = {
        "credentials/info": [(True, lost)],
        "oauth2/token": [(False, httpx.ConnectError("down"))],
        "signatures/signHash": [(False, httpx.ConnectError("down")), (True, lost)],
    }
    signer = provider.signer()
    assert len(provider.asked("credentials/info")) == 2
    with pytest.raises(SigningStopped) as caught:
        list(signer.sign_digests(DIGESTS))
    assert caught.value.code == "csc_outcome_unknown"
    assert len(provider.asked("signatures/signHash")) == 2  # one never left, one was done: no third
    assert len(provider.asked("credentials/authorize")) == 1


def test_a_provider_that_is_down_is_left_after_some_tries() -> None:
    provider = Provider()
    provider.broken = {"credentials/list": [(False, httpx.ConnectError("down"))] * 9}
    with provider.client(attempts=3) as client, pytest.raises(SigningStopped) as caught:
        client.credentials()
    assert caught.value.code == "csc_unreachable"
    assert len(provider.asked("credentials/list")) == 3


def test_an_expired_access_token_is_renewed_and_a_wrong_account_is_said() -> None:
    provider = Provider()
    with provider.client() as client:
        assert client.credentials() == [provider.credential_id]
        provider.service.forget_tokens()
        assert client.credentials() == [provider.credential_id]
    stranger = CscSettings(url=provider.client().settings.url, auth="basic", user="nut", secret="no")
    with pytest.raises(DomainError) as caught:
        CscClient(stranger, transport=provider).credentials()
    assert caught.value.code == "csc_login_refused"


def test_the_code_of_one_list_signs_no_other() -> None:
    provider = Provider()
    client = provider.client()
    credential = client.credential(provider.credential_id)
    client.send_otp(credential, DIGESTS[:2])
    code = Codes({"OTP": provider.service.outbox[-1].code})
    with pytest.raises(DomainError) as caught:
        client.authorize(credential, DIGESTS[:3], code)
    assert caught.value.code == "csc_code_wrong"
    with pytest.raises(DomainError):  # one try
        client.authorize(credential, DIGESTS[:2], code)


def test_an_authorisation_covers_its_hashes_once_and_not_for_ever() -> None:
    provider = Provider()
    client = provider.client()
    credential = client.credential(provider.credential_id)

    def authorised() -> object:
        client.send_otp(credential, DIGESTS[:3])
        return client.authorize(credential, DIGESTS[:3], Codes({"OTP": provider.service.outbox[-1].code}))

    sad = authorised()
    before = len(provider.sent)
    for outside in (DIGESTS[3:4], DIGESTS[:1] * 2):
        with pytest.raises(DomainError) as caught:
            client.sign_hashes(sad, outside)  # type: ignore[arg-type]
        assert caught.value.code == "csc_outside_authorisation"
    assert len(provider.sent) == before, "nothing is sent"
    client.sign_hashes(sad, DIGESTS[:1])  # type: ignore[arg-type]
    with pytest.raises(DomainError):
        client.sign_hashes(sad, DIGESTS[:1])  # type: ignore[arg-type]
    provider.seconds += 301
    with pytest.raises(SigningStopped) as stopped:
        client.sign_hashes(sad, DIGESTS[1:2])  # type: ignore[arg-type]
    assert stopped.value.code == "csc_authorisation_over"


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [({"scal": "1"}, "csc_credential_unusable"), ({"wants": ("CARD",)}, None), ({"wants": ()}, None)],
)
def test_a_credential_that_is_not_bound_to_hashes_is_not_used(
    behaviour: dict[str, object], code: str | None
) -> None:
    with pytest.raises(DomainError) as caught:
        Provider(**behaviour).signer()  # type: ignore[arg-type]
    assert caught.value.code == (code or "csc_credential_unusable")


def test_a_list_beyond_one_authorisation_is_refused_before_anybody_is_asked() -> None:
    provider = Provider(multisign=9)
    with pytest.raises(DomainError) as caught:
        sign_list(provider.signer(), class_of(provider.signer()))
    assert caught.value.code == "csc_list_too_long"
    assert not provider.service.outbox


def test_a_provider_that_allows_any_number_is_asked_for_no_more_than_a_database_counts() -> None:
    provider = Provider(multisign=10**30)
    assert provider.client().credential(provider.credential_id).multisign == 1000


def test_nobody_types_nothing_is_signed() -> None:
    provider = Provider(wants=("PIN", "OTP"))
    with pytest.raises(DomainError) as caught:
        list(provider.signer(lambda _: None).sign_digests(DIGESTS))
    assert caught.value.code == "csc_code_cancelled"
    assert len(list(provider.signer().sign_digests(DIGESTS))) == 10


def test_the_sandbox_serves_it_beside_its_other_services() -> None:
    transport = httpx.WSGITransport(make_app(sandbox("p256"), clock=lambda: NOW))
    settings = CscSettings(url=URL, auth="basic", user="nut", secret="bi-mat-thu-nghiem")
    person = {"name": "Đặng Bảo Linh", "personal_number": "080195112649", "organisation": "Hoa Mai"}
    with httpx.Client(transport=transport) as phone:
        enrolled = phone.post(f"{URL}/admin/enrol", json=person).json()["credentialID"]

        def read(_: CodeQuestion) -> Codes:
            return Codes({"OTP": phone.get(f"{URL}/admin/outbox").json()["messages"][-1]["code"]})

        client = CscClient(settings, transport=transport)
        assert "signatures/signHash" in client.info().methods
        assert client.credentials() == [enrolled]
        signer = RemoteSigner(client, client.credential(enrolled), read)
        assert verify_digest(signer.certificate, DIGESTS[0], signer.sign_digest(DIGESTS[0]))


def test_codes_never_travel_in_the_open() -> None:
    for url in ("http://sign.example.vn/csc/v2", "ftp://127.0.0.1/"):
        with pytest.raises(DomainError):
            CscClient(CscSettings(url=url))


def test_no_secret_shows_in_a_log_a_repr_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider = Provider(wants=("PIN", "OTP"))
    client = provider.client()
    credential = client.credential(provider.credential_id)
    client.send_otp(credential, DIGESTS[:2])
    otp = provider.service.outbox[-1].code
    codes = Codes({"PIN": PIN, "OTP": otp})
    sad = client.authorize(credential, DIGESTS[:2], codes)
    planted = [PIN, SECRET, sad._sad, client._http._token, f"'{otp}'"]
    shown = [repr(x) for x in (codes, sad, client, client._http, client.settings, provider.signer())]
    provider.broken = {"signatures/signHash": [(True, httpx.ReadError("cut"))]}
    for call in (
        lambda: client.sign_hashes(sad, DIGESTS[:2]),
        lambda: client.authorize(credential, DIGESTS[:1], codes),
    ):
        with pytest.raises(DomainError) as caught:
            call()
        shown += traces(caught.value)
    assert all(one for one in planted)
    assert not [one for one in planted if any(one in text for text in [*shown, caplog.text])]
    assert all(cannot_be_pickled(one) for one in (codes, sad, provider.signer()))
