"""The agent itself: what pages of the paired site may ask, what the person sees and decides.

Two sides meet here and nowhere else. The site's side asks and waits; the window's side shows and decides. No
method of the site's side takes a PIN, and none of the window's side is within a page's reach (:mod:`.http`).
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso import __version__
from hocbaso.core.document.emit import short_digest
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.providers.pkcs11_tokens import FoundToken
from hocbaso.engines.trust.strict_json import Fault
from hocbaso.interfaces.agent.guessing import WRONG_IN_RUN, Guesses
from hocbaso.interfaces.agent.jobs import Job, JobState
from hocbaso.interfaces.agent.keyring import Keyring, digest_of, name_of
from hocbaso.interfaces.agent.pairing import Pairing, Pairings
from hocbaso.interfaces.agent.protocol import VERSION
from hocbaso.interfaces.agent.work import read_message, shown

register(
    {
        "agent_busy": (
            "Chương trình ký đang ký một danh sách khác. Thầy cô chờ danh sách đó xong rồi thử lại.",
            "The agent is signing another list.",
        ),
        "agent_no_job": (
            "Yêu cầu ký này không còn trong chương trình ký. Thầy cô tải lại trang học bạ rồi ký tiếp.",
            "No such job.",
        ),
        "agent_unpaired": (
            "Ghép nối đã ngắt nên chương trình ký dừng yêu cầu này. Các tờ đã ký vẫn được giữ.",
            "The pairing ended.",
        ),
        "agent_cancelled": (
            "Yêu cầu ký này đã dừng từ trang học bạ. Các tờ đã ký vẫn được giữ; phần còn lại thầy cô ký tiếp "
            "trên trang đó.",
            "The page gave the list up.",
        ),
        "agent_page_gone": (
            "Trang học bạ gửi yêu cầu này đã đóng nên không ký. Thầy cô mở lại trang học bạ rồi bấm ký.",
            "The page that asked is gone.",
        ),
        "agent_replaced": (
            "Trang học bạ đã gửi một yêu cầu ký mới thay cho yêu cầu này.",
            "The page sent a new request.",
        ),
    }
)

#: A page that asks for news is answered after so many seconds at the latest.
LONGEST_WAIT = 10.0
#: A page that has not asked for news for so long is gone: its list is not signed.
PAGE_SECONDS = 60.0


class Desk:
    """State of one running agent.

    :param sites: origins of the sites it works for.
    :param clock: monotonic seconds. :param attention: called, without locks, when the person is wanted.
    """

    def __init__(
        self,
        sites: Sequence[str],
        keyring: Keyring,
        *,
        clock: Callable[[], float] = time.monotonic,
        attention: Callable[[], None] = lambda: None,
    ) -> None:
        self.sites = tuple(sites)
        self.changed = threading.Condition()
        self.pairings = Pairings(clock)
        self.job: Job | None = None
        self.stranger = ""  # the last origin that was refused
        self._keyring, self._clock, self._attention = keyring, clock, attention
        self._version = 0
        self._heard = 0.0

    # --- the site's side ---------------------------------------------------------------------------------

    def hello(self, origin: str, token: str) -> dict[str, Any]:
        """Whether the agent is there, and whether it is paired with the page's session."""
        with self.changed:
            try:
                self.pairings.of_page(origin, token)
                paired = True
            except DomainError:
                paired = False
        return {"agent": "hocbaso", "protocol": VERSION, "version": __version__, "paired": paired}

    def ask_pairing(self, origin: str, account: str, key: str) -> dict[str, Any]:
        """Show a code for the page to be told. :param key: the site's own, base64. :raises DomainError:"""
        site_key = octets(key)
        try:
            shown(account, 150)
        except Fault:
            raise DomainError("agent_message_unreadable", detail="account") from None
        with self.changed:
            attempt = self.pairings.ask(origin, account, site_key)
            self._told()
        self._attention()
        return {"attempt": attempt.id, "key": base64.b64encode(attempt.agent_key).decode()}

    def finish_pairing(self, origin: str, attempt: str, proof: str) -> dict[str, Any]:
        """Pair, when the site proves that the person typed the code. :raises DomainError:"""
        with self.changed:
            try:
                pairing, own_proof = self.pairings.finish(origin, attempt, proof)
                if self.job is not None:
                    self.job.end(DomainError("agent_unpaired"))
            finally:
                self._told()
        return {"pairing": pairing.id, "proof": own_proof}

    def leave(self, origin: str, token: str) -> dict[str, Any]:
        """The page ends the pairing. :raises DomainError: ``agent_not_paired``"""
        with self.changed:
            self.pairings.of_page(origin, token)
            self._end_pairing()
        return {}

    def certificates(self, origin: str, token: str) -> dict[str, Any]:
        """Certificates that could sign, as tokens show them without a PIN. :raises DomainError:"""
        with self.changed:
            self.pairings.of_page(origin, token)
        tokens = self._keyring.find()
        return {"tokens": [_token(one) for one in tokens]}

    def ask(self, origin: str, token: str, text: str, seal: str) -> dict[str, Any]:
        """Take a list or challenge that the paired server sealed, and ask the person. :raises DomainError:"""
        with self.changed:
            pairing = self.pairings.of_page(origin, token)
            self.pairings.check_seal(pairing, text, seal)
        work = read_message(text, origin)
        with self.changed:
            pairing = self.pairings.of_page(origin, token)
            if work.pairing != pairing.id:
                raise DomainError("agent_seal_wrong")
            self._make_room()
            self.pairings.use_nonce(pairing, work.nonce)
            job = self.job = Job(work, self._keyring, self.changed, self._clock)
            self._heard = self._clock()
            self._told()
        job.start()
        self._attention()
        return {"job": job.id, "total": len(work.items), "digest": work.digest}

    def watch(self, origin: str, token: str, job: str, after: int, wait: float) -> dict[str, Any]:
        """Values beyond the first ``after`` and the state, as soon as there is something new.

        :param after: how many values the page has. :param wait: seconds at most. :raises DomainError:
        """
        with self.changed:
            found = self._job(origin, token, job)
            self._heard = self._clock()
            before = (found.state, found.error)
            ends = time.monotonic() + min(wait, LONGEST_WAIT)
            while len(found.values) <= after and (found.state, found.error) == before and not found.finished:
                if (left := ends - time.monotonic()) <= 0:
                    break
                self.changed.wait(left)
            fresh = found.values[max(after, 0) :]
            return {
                "state": str(found.state),
                "signed": len(found.values),
                "total": len(found.work.items),
                "values": [[number, base64.b64encode(value).decode()] for number, value in fresh],
                "error": _error(found.error),
            }

    def cancel(self, origin: str, token: str, job: str) -> dict[str, Any]:
        """The page gives the list up. :raises DomainError:"""
        with self.changed:
            self._job(origin, token, job).end(DomainError("agent_cancelled"))
        return {}

    def refused(self, origin: str) -> None:
        """A page of another site knocked; the person may have started the agent for the wrong address.

        What no browser sends is not told: it would be written to the person's terminal.
        """
        plain = origin.isascii() and origin.isprintable()
        with self.changed:
            if plain and self.stranger != origin:
                self.stranger = origin[:200]
                self._told()

    # --- the window's side -------------------------------------------------------------------------------

    def view(self, since: int, wait: float) -> dict[str, Any]:
        """Everything that the window shows, as soon as it differs from version ``since``."""
        with self.changed:
            ends = time.monotonic() + min(wait, LONGEST_WAIT)
            while self._number() == since and (left := ends - time.monotonic()) > 0:
                self.changed.wait(min(left, 1.0))  # an attempt that runs out tells nobody
            return self._view()

    def give_pin(self, job_id: str, pin: str) -> bool:
        """The PIN for exactly this list; False: it is not asked for any more."""
        with self.changed:
            job, pairing = self.job, self.pairings.pairing
            if job is None or job.id != job_id:
                return False
            if pairing is None or pairing.id != job.work.pairing:
                job.end(DomainError("agent_unpaired"))
            elif self._clock() - self._heard > PAGE_SECONDS:
                job.end(DomainError("agent_page_gone"))
            return job.give_pin(pin)

    def decline(self, job_id: str) -> None:
        """The person does not sign this."""
        job = self.job
        if job is not None and job.id == job_id:
            job.end(DomainError("agent_declined"))

    def refuse_pairing(self) -> None:
        """The person does not know who asks."""
        with self.changed:
            self.pairings.refuse()
            self._told()

    def allow_pairing(self) -> None:
        """The wrong codes were the person's own."""
        with self.changed:
            self.pairings.guesses.allow_again()
            self._told()

    def unpair(self) -> None:
        """The person ends the pairing."""
        with self.changed:
            self._end_pairing()

    def tokens(self) -> dict[str, Any]:
        """What is plugged in, or why that cannot be said."""
        try:
            return {"tokens": [_token(one) for one in self._keyring.find()], "error": None}
        except DomainError as error:
            return {"tokens": [], "error": _error(error)}

    # --- inside ------------------------------------------------------------------------------------------

    def _told(self) -> None:
        self._version += 1
        self.changed.notify_all()

    def _end_pairing(self) -> None:
        self.pairings.end()
        if self.job is not None:
            self.job.end(DomainError("agent_unpaired"))
        self._told()

    def _make_room(self) -> None:
        """A list that only waits gives way to the page's next one. :raises DomainError: ``agent_busy``"""
        job = self.job
        if job is None or job.finished:
            return
        if job.state is not JobState.WAITING:
            raise DomainError("agent_busy")
        job.end(DomainError("agent_replaced"))

    def _job(self, origin: str, token: str, job_id: str) -> Job:
        pairing = self.pairings.of_page(origin, token)
        job = self.job
        if job is None or job.id != job_id or job.work.pairing != pairing.id:
            raise DomainError("agent_no_job")
        return job

    def _number(self) -> int:
        """Changes whenever the view does."""
        job, pairings = self.job, self.pairings
        parts = (
            self._version,
            pairings.attempt and (pairings.attempt.id, pairings.attempt.tries),
            pairings.pairing and pairings.pairing.id,
            pairings.guesses.closed,
            job and (job.id, job.state, len(job.values), id(job.error), job.token and job.token.serial),
        )
        return hash(parts) & 0x7FFFFFFF

    def _view(self) -> dict[str, Any]:
        attempt, pairing = self.pairings.attempt, self.pairings.pairing
        return {
            "version": self._number(),
            "sites": list(self.sites),
            "stranger": self.stranger,
            "closed": self.pairings.guesses.closed,
            "wrong": _wrong(self.pairings.guesses),
            "attempt": attempt
            and {"code": attempt.code, "origin": attempt.origin, "account": attempt.account},
            "pairing": _pairing(pairing),
            "job": self.job and _job_view(self.job),
        }


def octets(text: str) -> bytes:
    """Base64. :raises DomainError: ``agent_message_unreadable``"""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise DomainError("agent_message_unreadable", detail="base64") from None


def _wrong(guesses: Guesses) -> dict[str, Any] | None:
    """Wrong codes of this run, for the person to say whether they were his own."""
    if guesses.last is None:
        return None
    origin, account = guesses.last
    return {"count": guesses.in_run, "limit": WRONG_IN_RUN, "origin": origin, "account": account}


def _pairing(pairing: Pairing | None) -> dict[str, Any] | None:
    return None if pairing is None else {"origin": pairing.origin, "account": pairing.account}


def _job_view(job: Job) -> dict[str, Any]:
    work, token = job.work, job.token
    return {
        "id": job.id,
        "kind": work.kind,
        "state": str(job.state),
        "title": work.title,
        "school": work.school,
        "who": work.who,
        "at": work.at,
        "digest": work.digest,
        "holder": name_of(work.certificate),
        "serial": f"{work.certificate.serial_number:X}",
        "token": token and {"label": token.label, "tries": token.tries, "pad": token.pad},
        "total": len(work.items),
        "signed": len(job.values),
        "items": [[item.name, item.class_name, item.result, short_digest(item.sheet)] for item in work.items],
        "error": _error(job.error),
    }


def _token(token: FoundToken) -> dict[str, Any]:
    return {
        "label": token.label,
        "serial": token.serial,
        "certificates": [
            {
                "digest": digest_of(held.certificate),
                "name": name_of(held.certificate),
                "serial": f"{held.certificate.serial_number:X}",
                "until": held.certificate.not_valid_after_utc.date().isoformat(),
                "authority": _is_authority(held.certificate),
                "der": base64.b64encode(held.certificate.public_bytes(Encoding.DER)).decode(),
            }
            for held in token.certificates
        ],
    }


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found: bool = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False
    return found


def _error(error: DomainError | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "message": error.message}
