"""The validation report: one verification in full, signature by signature, after ETSI TS 119 102-2.

The JSON follows the parts of that report (constraints, time information, signer's document, signature
attributes, building blocks, validation objects) under names of this system; its form is published as a JSON
Schema beside this module. Certificates, lists and tokens are named by digest only: a subject's name may hold
a personal number. :func:`report_of` is pure: what happened during the verification stands in
``Verdict.examined``, and nothing is asked a second time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from hocbaso.engines.trust.tokens import TimeStampInfo
from hocbaso.engines.trust.verification.blocks import PASSED, signature_blocks, stamp_blocks, summary
from hocbaso.engines.trust.verification.constraints import key_names
from hocbaso.engines.trust.verification.examined import Examined
from hocbaso.engines.trust.verification.policy import main_indication
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Check, Question, Result, SignatureAnswer, Verdict

FORMAT = "hocbaso-validation-report/1"
SCHEMA_NAME = "bao-cao-xac-thuc-1.schema.json"
_BASIS = ("ETSI EN 319 102-1 V1.4.1", "ETSI TS 119 102-2 V1.4.1")
_CONSTRAINT = "urn:hocbaso:chinh-sach-xac-thuc:1#"
_APPLIED = "urn:etsi:019102:constraintStatus:applied"
_PROOF = "urn:etsi:019102:poetype:validation"
_OBJECT = "urn:etsi:019102:validationObject:"


def report_of(
    verdict: Verdict, *, now: datetime, software: str, place: str = "", by: str = ""
) -> dict[str, Any]:
    """The report as JSON values.

    :param now: when the verification was made, aware.
    :param software: name and version of the program.
    :param place: the node or computer where it was made; :param by: who looked; both as they will be read.
    """
    seen = verdict.examined
    objects = _Objects(seen)
    answered = zip(seen.findings, verdict.signatures, strict=True) if seen else ()  # a QR code has no XAdES
    signatures = [
        _signature(number, finding, answer, seen, objects)
        for number, (finding, answer) in enumerate(answered)
    ]
    stamps = list(_stamps(seen, objects))
    return {
        "format": FORMAT,
        "schema": SCHEMA_NAME,
        "basis": list(_BASIS),
        "validation_time": _time(now),
        "validator": {"software": software, "place": place, "by": by},
        "policy": _policy(verdict),
        "environment": verdict.environment,
        "verdict": verdict.verdict,
        "indication": verdict.indication,
        "sub_indication": verdict.sub_indication,
        "reason": verdict.reason,
        "document": _document(verdict, seen),
        "earlier_sheets": [_earlier(item) for item in verdict.earlier],
        "best_signature_time": _poe(seen),
        "constraints": [_constraint(name, check) for name, check in _checks(verdict)],
        "signatures": signatures,
        "time_stamps": stamps,
        "validation_objects": objects.listed,
    }


def report_json(report: Mapping[str, Any]) -> str:
    """The report as text; the same report gives the same text."""
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def schema() -> bytes:
    """The JSON Schema (draft 2020-12) of reports, for publishing."""
    return (resources.files(__package__) / "schemas" / SCHEMA_NAME).read_bytes()


def _policy(verdict: Verdict) -> dict[str, str] | None:
    if verdict.policy is None:
        return None
    return verdict.policy.to_json() | {"title": verdict.policy.title}


def _document(verdict: Verdict, seen: Examined | None) -> dict[str, Any]:
    """Signer's document: the file as it came, and the digest of its signed content."""
    octets = seen.octets if seen is not None else None
    return {
        "file": verdict.file,
        "octets": len(octets) if octets is not None else None,
        "sha256": hashlib.sha256(octets).hexdigest() if octets is not None else None,
        "code": verdict.code,
        "version": verdict.version,
        "digest": verdict.digest,
        "school": verdict.sheet.school.name if verdict.sheet is not None else None,
        "year": verdict.sheet.year if verdict.sheet is not None else None,
    }


def _earlier(verdict: Verdict) -> dict[str, Any]:
    """A sheet of an earlier year in the same booklet; whoever wants all of it asks about its own file."""
    return {
        "code": verdict.code,
        "version": verdict.version,
        "digest": verdict.digest,
        "year": verdict.sheet.year if verdict.sheet is not None else None,
        "verdict": verdict.verdict,
        "indication": verdict.indication,
        "sub_indication": verdict.sub_indication,
        "reason": verdict.reason,
    }


def _poe(seen: Examined | None) -> dict[str, str] | None:
    """Proof of existence of every signature: the seal's time stamp (EN 319 102-1 clause 5.6.2.3)."""
    if seen is None or seen.token is None:
        return None
    return {"time": _time(seen.token.time) or "", "type": _PROOF, "object": "dau-thoi-gian-1"}


def _checks(verdict: Verdict) -> Iterator[tuple[str, Check]]:
    for question in Question:
        yield str(question), verdict.check(question)
    if verdict.rendition is not None:
        for name in ("seal", "whole", "attachment", "archive"):
            check = getattr(verdict.rendition, name, None)
            if check is not None:
                yield f"rendition_{name}", check


def _constraint(name: str, check: Check) -> dict[str, Any]:
    return {
        "id": _CONSTRAINT + name,
        "question": name,
        "status": _APPLIED,
        "result": str(check.result),
        "indication": _indication(check),
        "sub_indication": None if check.result is Result.OK else check.sub_indication,
        "sentence": check.sentence,
    }


def _indication(check: Check) -> str:
    if check.result is Result.OK:
        return PASSED
    failed = check.result is Result.FAILED and (
        check.sub_indication is None or main_indication(check.sub_indication) == "TOTAL-FAILED"
    )
    return "FAILED" if failed else "INDETERMINATE"


def _signature(
    number: int, finding: Finding, answer: SignatureAnswer, seen: Examined | None, objects: _Objects
) -> dict[str, Any]:
    assert seen is not None
    blocks = signature_blocks(number, seen)
    indication, sub, sentence = summary(blocks, seen)
    parts = finding.parts
    sealed = finding.role == "con_dau"
    return {
        "id": parts.signature_id if parts is not None else f"chu-ky-{number + 1}",
        "role": answer.role,
        "signer": answer.signer,
        "subjects": list(answer.subjects),
        "format": _level(finding) if parts is not None else None,
        "algorithm": parts.algorithm if parts is not None else None,
        "key": key_names(parts.ders[:1])[0] if parts is not None else None,
        "signature_sha256": hashlib.sha256(seen.texts[number]).hexdigest(),
        "value_sha256": hashlib.sha256(parts.value).hexdigest() if parts is not None else None,
        "signed_data": [
            {"target": reference.target, "sha256": reference.digest.hex()}
            for reference in (parts.references if parts is not None else ())
        ],
        "signature_policy": parts.policy if parts is not None else None,
        "claimed_signing_time": _time(parts.signing_time) if parts is not None else None,
        "best_signature_time": _poe(seen),
        "certificate_serial": finding.serial or None,
        "certificate": objects.certificate(finding.certificate) if parts is not None else None,
        "chain": [objects.certificate(der) for der in (parts.ders[1:] if parts is not None else ())],
        "time_stamps": [_stamp_name(n) for n in range(_stamp_count(seen))] if sealed else [],
        "indication": indication,
        "sub_indication": sub,
        "sentence": sentence if indication != "TOTAL-PASSED" else answer.reason,
        "building_blocks": blocks,
    }


def _level(finding: Finding) -> str:
    """The XAdES baseline level by the form of the signature (EN 319 132-1 clause 6)."""
    assert finding.parts is not None
    unsigned = finding.parts.unsigned
    if unsigned.archive:
        return "XAdES-B-LTA"
    if unsigned.time_stamp is None:
        return "XAdES-B-B"
    data = unsigned.everything
    return "XAdES-B-LT" if data.crls or data.ocsps else "XAdES-B-T"


def _stamps(seen: Examined | None, objects: _Objects) -> Iterator[dict[str, Any]]:
    """The seal's time stamp and the archive time stamps (clause 5.4); one that is not right ends the list."""
    if seen is None:
        return
    right = [token for token in (seen.token,) if token is not None] + list(seen.archive)
    for number in range(_stamp_count(seen)):
        token = right[number] if number < len(right) else None
        yield _stamp(number, token, seen, objects)


def _stamp_name(number: int) -> str:
    return f"dau-thoi-gian-{number + 1}"


def _stamp_count(seen: Examined) -> int:
    """Time stamps that were read, and the first one that is not right."""
    return (seen.token is not None) + len(seen.archive) + (seen.stamp_fault is not None)


def _stamp(number: int, token: TimeStampInfo | None, seen: Examined, objects: _Objects) -> dict[str, Any]:
    blocks = stamp_blocks(number, seen)
    indication, sub, sentence = summary(blocks, seen)
    return {
        "id": _stamp_name(number),
        "covers": "archive" if number else "con_dau",
        "time": _time(token.time) if token is not None else None,
        "authority": token.tsa_name if token is not None else None,
        "serial": f"{token.serial:x}" if token is not None else None,
        "policy": token.policy if token is not None else None,
        "certificate": objects.certificate(token.certificate_der) if token is not None else None,
        "indication": indication.removeprefix("TOTAL-"),
        "sub_indication": sub,
        "sentence": sentence,
        "building_blocks": blocks,
    }


class _Objects:
    """Certificates, lists, answers and tokens that were looked at: each once, by digest."""

    def __init__(self, seen: Examined | None) -> None:
        self.listed: list[dict[str, Any]] = []
        self._names: dict[tuple[str, bytes], str] = {}
        if seen is None:
            return
        self._poe = _poe(seen)
        for finding in seen.findings:
            for der in finding.parts.ders if finding.parts is not None else ():
                self.certificate(der)
            if finding.parts is not None and finding.role == "con_dau":
                unsigned = finding.parts.unsigned
                tokens = (unsigned.time_stamp, *(stamp.token for stamp in unsigned.archive))
                for token in tokens:
                    if token is not None:
                        self._add("timestamp", token)
        for stamp in (seen.token, *seen.archive):
            if stamp is not None:
                self.certificate(stamp.certificate_der)
        groups: Sequence[tuple[str, tuple[bytes, ...]]] = (
            ("certificate", seen.evidence.certificates),
            ("CRL", seen.evidence.crls),
            ("OCSPResponse", seen.evidence.ocsps),
        )
        for kind, ders in groups:
            for der in ders:
                self._add(kind, der)

    def certificate(self, der: bytes) -> str:
        """The name under which a certificate stands in the list."""
        return self._add("certificate", der)

    def _add(self, kind: str, octets: bytes) -> str:
        key = (kind, hashlib.sha256(octets).digest())
        if key not in self._names:
            count = sum(known == kind for known, _ in self._names) + 1
            self._names[key] = f"{_PREFIXES[kind]}-{count}"
            self.listed.append(
                {
                    "id": self._names[key],
                    "type": _OBJECT + kind,
                    "sha256": key[1].hex(),
                    "octets": len(octets),
                    "poe": self._poe,
                }
            )
        return self._names[key]


_PREFIXES = {"certificate": "chung-thu", "CRL": "crl", "OCSPResponse": "ocsp", "timestamp": "dau-thoi-gian"}


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
