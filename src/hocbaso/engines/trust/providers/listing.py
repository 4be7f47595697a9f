"""Signing a class: many prepared signatures, one authorisation over exactly that list.

Works with every kind of key: one that signs digest by digest (PKCS#12), one that takes a list (a PKCS#11
session, a remote credential with one OTP). What was signed before a stop stands; :func:`left_over` says what
to sign next, so nothing is signed twice.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple, Protocol, runtime_checkable

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.providers.stops import SigningStopped
from hocbaso.engines.trust.xades.signing import Prepared, complete

register(
    {
        "list_other_certificate": (
            "Danh sách được chuẩn bị cho chứng thư số khác với chứng thư số đang ký. Thầy cô hãy chuẩn bị "
            "lại danh sách.",
            "The list was prepared for another certificate than the signer's.",
        ),
        "list_repeats": (
            "Danh sách có nội dung lặp lại; mỗi nội dung chỉ được ký một lần.",
            "The list holds the same content twice.",
        ),
        "list_cut_short": (
            "Nơi giữ khóa trả về thiếu chữ ký. Những tờ chưa có chữ ký thầy cô ký tiếp sau.",
            "Fewer values came back than were asked for.",
        ),
    }
)


@runtime_checkable
class ListSigner(Protocol):
    """A :class:`~hocbaso.engines.trust.ports.Signer` that takes a list under one authorisation."""

    def sign_digests(self, digests: Sequence[bytes]) -> Generator[bytes, None, None]:
        """The values in the order of the digests, each as soon as it is there.

        :raises SigningStopped: the key cannot go on; values given before stand.
        """


class NotSigned(NamedTuple):
    """Why an item has no signature. ``stopped``: the key stopped, the item itself is in order."""

    error: DomainError
    stopped: bool


def sign_list(signer: Signer, prepared: Sequence[Prepared]) -> Iterator[bytes | NotSigned]:
    """For each item in order the emitted ``<ds:Signature>`` text, or why there is none.

    Items come as they are made: store each before taking the next, and a stop loses nothing. Values are
    checked against certificate and digest by :func:`complete`. After a stop every item left is
    :class:`NotSigned` for that reason; no key is asked again.

    :raises DomainError: before anything is signed: ``list_other_certificate``, ``list_repeats``, and what the
        key holder refuses at the start (a wrong OTP, a list too long).
    """
    if any(item.certificate != signer.certificate for item in prepared):
        raise DomainError("list_other_certificate")
    digests = [item.digest for item in prepared]
    if len(set(digests)) != len(digests):
        raise DomainError("list_repeats")
    values = signer.sign_digests(digests) if isinstance(signer, ListSigner) else _each(signer, digests)
    return _completed(list(prepared), values)


def left_over(prepared: Sequence[Prepared], results: Sequence[bytes | NotSigned]) -> list[Prepared]:
    """What has no signature yet: those that :func:`sign_list` did not sign, and those it never reached."""
    done = {place for place, result in enumerate(results) if isinstance(result, bytes)}
    return [item for place, item in enumerate(prepared) if place not in done]


def _each(signer: Signer, digests: list[bytes]) -> Generator[bytes, None, None]:
    for digest in digests:
        yield signer.sign_digest(digest)


def _completed(prepared: list[Prepared], values: Generator[bytes, None, None]) -> Iterator[bytes | NotSigned]:
    stop: DomainError | None = None
    with closing(values):  # a list that is given up midway leaves the key free for the next
        for place, item in enumerate(prepared):
            value = b""
            if stop is None:
                try:
                    value = next(values)
                except StopIteration:
                    stop = SigningStopped("list_cut_short")
                except DomainError as error:
                    if place == 0 and not isinstance(error, SigningStopped):
                        raise  # refused at the start: nothing of the list was signed
                    stop = error
            yield NotSigned(stop, True) if stop is not None else _checked(item, value)


def _checked(item: Prepared, value: bytes) -> bytes | NotSigned:
    try:
        return complete(item, value)
    except DomainError as error:
        return NotSigned(error, False)
