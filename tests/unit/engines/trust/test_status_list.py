"""Bitstring status lists: W3C encoding, two bits an entry, signed, read strictly."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.status_list import (
    LEAST_LENGTH,
    Status,
    StatusList,
    bitstring,
    compress,
    expand,
    read_list,
    sign_list,
)
from tests.unit.engines.trust.offline_support import Node
from tests.unit.engines.trust.verify_support import DAY, NOW

ENTRIES = st.dictionaries(st.integers(0, LEAST_LENGTH - 1), st.sampled_from(Status), max_size=20)


@given(ENTRIES)
@settings(max_examples=20, deadline=None)
def test_every_entry_says_what_was_written(entries: dict[int, Status]):
    bits = expand(compress(bitstring(LEAST_LENGTH, entries)))
    found = StatusList("2025-1", "https://nut.example", NOW, NOW + DAY, bits)
    assert found.length == LEAST_LENGTH
    assert all(found.status(index) is status for index, status in entries.items())
    assert sum(byte != 0 for byte in bits) <= len(entries)


def test_the_first_entry_is_leftmost():
    bits = bitstring(LEAST_LENGTH, {0: Status.REVOKED, 3: Status.REPLACED})
    assert bits[0] == 0b10000001


def test_a_stranger_reads_the_list_with_the_standard_library_alone():
    token = Node().list(Status.REVOKED)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    encoded = claims["credentialSubject"]["encodedList"]
    bits = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4)))
    assert len(bits) * 4 == LEAST_LENGTH
    assert bits[123_456 // 4] == 0b10000000
    assert claims["id"] == "https://nut.example/status/2025-1"


def test_too_short_and_impossible_lists_are_refused():
    for length, entries in ((LEAST_LENGTH - 4, {}), (LEAST_LENGTH, {LEAST_LENGTH: Status.REVOKED})):
        with pytest.raises(ValueError):
            bitstring(length, entries)
    with pytest.raises(ValueError):
        expand("u" + base64.urlsafe_b64encode(gzip.compress(b"\0" * 1000)).decode().rstrip("="))
    with pytest.raises(ValueError):
        expand("z" + compress(bitstring(LEAST_LENGTH, {}))[1:])


def test_only_the_bytes_that_are_written_are_read():
    node = Node()
    token = node.list()
    assert read_list(token).token == token
    head, body, value = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["credentialSubject"]["statusSize"] = 1
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    for bad in (
        "",
        "a.b",
        f"{head}.{other}.{value}",
        f"{head}.{body}.{value[:-2]}",
        f"{head}.{body}.{value}=",
    ):
        with pytest.raises(Unreadable):
            read_list(bad)


def test_a_list_carries_its_name_and_times():
    token = sign_list(
        StatusList("2025-2", "https://nut.example", NOW, NOW + DAY, bitstring(LEAST_LENGTH, {})),
        Node().signer(),
    )
    found = read_list(token).content
    assert (found.name, found.made, found.valid_to) == ("2025-2", NOW, NOW + DAY)
