"""Answers that may hold anything."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.engines.population import FIELDS, FieldAnswer, Outcome, wire
from tests.unit.engines.population.cases import answer_to, query

SENT = [wire.item(query()) for _ in range(3)]
SEARCH = [wire.item(query(""))]
MESSAGE = wire.message_id([item["request_id"] for item in SENT])
GOOD: dict[str, Any] = {"message_id": MESSAGE, "answers": [answer_to(item) for item in SENT]}
OFFER = {
    "token": "t",
    "masked_name": "L•",
    "masked_number": "",
    "birth_year": "2019",
    "sex": "Nam",
    "commune": "x",
}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [here] * bool(here) + [path for key, child in children for path in paths(child, (*here, key))]


def read(document: Any, sent: list[dict[str, Any]] = SENT) -> list[Any]:
    return wire.read_answers(json.dumps(document).encode(), MESSAGE, sent)


@given(st.binary(max_size=300) | anything.map(lambda value: json.dumps(value).encode()))
def test_bytes_that_are_no_answer_are_malformed_and_nothing_worse(content: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.read_answers(content, MESSAGE, SENT)


@given(st.sampled_from(paths(GOOD)), anything, st.booleans())
def test_an_answer_with_one_part_spoilt_is_read_whole_or_not_at_all(
    path: tuple[Any, ...], value: Any, remove: bool
) -> None:
    document = copy.deepcopy(GOOD)
    place = document
    for key in path[:-1]:
        place = place[key]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    try:
        answers = read(document)
    except wire.Malformed:
        return
    assert [one.request_id for one in answers] == [item["request_id"] for item in SENT]
    for one in answers:
        assert set(one.fields) == set(FIELDS)
        assert one.verified == (one.outcome is Outcome.MATCHED)
        assert one.answered_at.tzinfo is not None
        if one.verified:
            assert one.fields["so_dinh_danh"] is FieldAnswer.MATCH
            assert not one.differences


@pytest.mark.parametrize(
    "content",
    [
        b'{"message_id": "x", "message_id": "x"}',
        b"[" * 100_000,
        b"9" * 100_000,
        b"\xff\xfe{}",
        b'{"answers": NaN}',
        b"",
    ],
)
def test_json_bombs_are_malformed(content: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.read_answers(content, MESSAGE, SENT)


def changed(**values: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    document["answers"][1] |= values
    return document


MISMATCH = GOOD["answers"][0]["fields"] | {"ho_ten": "mismatch"}


@pytest.mark.parametrize(
    "document",
    [
        changed(fields=MISMATCH),  # matched, and a field is not
        changed(outcome="mismatch"),  # nothing differs
        changed(outcome="mismatch", fields=MISMATCH, soft=["ngay_sinh"]),
        changed(outcome="not_found"),  # and yet fields were compared
        changed(outcome="multiple", fields={}),  # the question had a number
        changed(offered=[OFFER]),  # likewise
        changed(outcome="invalid_input", fields={}),  # no reason
        changed(outcome="verified"),
        changed(fields={"ho_ten": "match"}),
        changed(result_id=""),
        changed(answered_at="2026-11-20T05:00:00"),  # no zone
        changed(request_id=SENT[0]["request_id"]),  # twice
        GOOD | {"answers": GOOD["answers"][:2]},
        GOOD | {"message_id": "another"},
    ],
)
def test_an_answer_that_contradicts_itself_or_the_question_is_malformed(document: dict[str, Any]) -> None:
    with pytest.raises(wire.Malformed):
        read(document)


def test_a_search_is_never_answered_as_a_verification() -> None:
    fields = GOOD["answers"][0]["fields"]
    found = answer_to(SEARCH[0]) | {"fields": fields | {"so_dinh_danh": "not_compared"}}
    document = {"message_id": MESSAGE, "answers": [found]}
    with pytest.raises(wire.Malformed):
        read(document, SEARCH)
    with pytest.raises(wire.Malformed):
        read({"message_id": MESSAGE, "answers": [found | {"offered": [OFFER, OFFER]}]}, SEARCH)
    (answer,) = read({"message_id": MESSAGE, "answers": [found | {"offered": [OFFER]}]}, SEARCH)
    assert not answer.verified
    assert answer.offered[0].token == "t"


def test_true_values_that_a_registry_adds_are_dropped() -> None:
    (answer, *_) = read(
        GOOD
        | {"answers": [one | {"ho_ten": "Nguyễn Văn Thật", "ngay_sinh": "2019"} for one in GOOD["answers"]]}
    )
    assert "Thật" not in repr(answer)


@given(anything, st.sampled_from(["matched", "not_found", "mismatch"]))
def test_residence_and_acceptance_survive_anything(value: Any, outcome: str) -> None:
    item = SENT[0]
    stamp = {"request_id": item["request_id"], "result_id": "x", "answered_at": "2026-11-20T05:00:00Z"}
    content = json.dumps(
        {
            "message_id": MESSAGE,
            "answer": stamp | {"outcome": outcome, "entries": [value], "so_dinh_danh": value},
        }
    ).encode()
    for reader in (wire.read_residence, wire.read_accepted):
        try:
            answer: Any = reader(content, MESSAGE, item)
        except wire.Malformed:
            continue
        number = getattr(answer, "personal_number", "")
        assert number == "" or (len(number) == 12 and outcome == "matched")
        assert not getattr(answer, "entries", ())


def test_the_same_questions_make_the_same_message() -> None:
    assert wire.message_id(["a", "b"]) == wire.message_id(["a", "b"]) != wire.message_id(["b", "a"])
