"""The signer over a token against the token itself: SoftHSM2 through the same library, in this process."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.interop.softhsm import PIN, module, new_token
from tests.unit.core.document.sheets import grade_three

import pkcs11
from benchmarks.harness import Experiment, Figure
from benchmarks.signing import credentials, digests
from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.providers.listing import sign_list
from hocbaso.engines.trust.providers.pkcs11 import TokenSigner, open_token
from hocbaso.engines.trust.providers.pkcs11_worker import DIGEST_INFO
from hocbaso.sandbox.profiles import KeyKind
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

ROUNDS = 9
#: Signatures a round: some tenths of a second.
BATCH = {"rsa2048": 400, "rsa3072": 200, "p256": 2500}
NOW = datetime(2026, 5, 26, 8, 0, tzinfo=UTC)
AIM, _SOURCE = 0.98, "issue 3: PKCS#11 ≥ 0.98 of SoftHSM's own rate"


def _raw(kind: KeyKind, work: list[bytes], label: str) -> Callable[[], None]:
    """The bare loop: session and key at hand, no process between."""
    session = pkcs11.lib(str(module())).get_token(token_label=label).open(user_pin=PIN)
    [key] = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
    rsa = key.key_type == KeyType.RSA
    prefix, mechanism = (DIGEST_INFO, Mechanism.RSA_PKCS) if rsa else (b"", Mechanism.ECDSA)

    def run() -> None:
        values = [key.sign(prefix + digest, mechanism=mechanism) for digest in work]
        assert len(values) == len(work)  # kept, as a signed list is

    return run


def _lists(signer: TokenSigner, count: int) -> Callable[[], None]:
    """A list with everything around it: prepared before, checked and completed within."""
    sheet = emit(grade_three())
    prepared = [
        xades.prepare(
            role=SignerRole.HOMEROOM,
            objects=[xades.data_object("tnh", sheet + b"%d" % number)],
            signing_time=NOW,
            certificate=signer.certificate,
            chain=signer.chain,
        )
        for number in range(count)
    ]

    def run() -> None:
        assert all(isinstance(text, bytes) for text in sign_list(signer, prepared))

    return run


def _worker_seconds(signer: TokenSigner) -> float:
    """CPU seconds of the process that holds the token's driver (Linux: schedstat, in nanoseconds)."""
    return int(Path(f"/proc/{signer._process.pid}/schedstat").read_text().split()[0]) / 1e9


def _cpu_ratio(raw: Callable[[], None], own: Callable[[], None], signer: TokenSigner) -> float:
    """CPU of the bare loop over CPU of the worker for the same list: what a busy machine does not disturb."""
    ratios = []
    for _ in range(ROUNDS):
        start = time.process_time()
        raw()
        bare, before = time.process_time() - start, _worker_seconds(signer)
        own()
        ratios.append(bare / (_worker_seconds(signer) - before))
    return median(ratios)


def _timed(runs: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Seconds by the clock (the work is in two processes), in turn, so that all see the same machine."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for turn in range(ROUNDS):
        names = list(runs)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            runs[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def token(kind: KeyKind) -> Experiment:
    """Lists through :class:`TokenSigner` over the same key's bare loop; medians of ratios by the clock."""

    def figures() -> list[Figure]:
        with tempfile.TemporaryDirectory(prefix="hbs-bench-") as folder:
            made = new_token(Path(folder) / "token")
            made.add(credentials(Path(folder) / "ca", kind)[0], "01", kind)
            os.environ.update(made.environment)
            work = digests(BATCH[kind])
            with open_token(made.address, lambda _: PIN, environment=made.environment) as signer:
                runs: dict[str, Callable[[], None]] = {
                    "raw": _raw(kind, work, made.label),
                    "list": lambda: list(signer.sign_digests(work)) and None,
                    "one": lambda: [signer.sign_digest(digest) for digest in work] and None,
                    "xades": _lists(signer, BATCH[kind]),
                }
                seconds = _timed(runs)
                spent = _cpu_ratio(runs["raw"], runs["list"], signer)
        ratio = {
            name: [raw / own for raw, own in zip(seconds["raw"], seconds[name], strict=True)] for name in runs
        }
        return [
            Figure("SoftHSM2, bare loop", BATCH[kind] / median(seconds["raw"]), "/s"),
            Figure("list ÷ SoftHSM2's own", median(ratio["list"]), "×", AIM, _SOURCE),
            Figure("… lowest round", min(ratio["list"]), "×"),
            Figure("… highest round", max(ratio["list"]), "×"),
            Figure("bare loop's CPU ÷ the token process's CPU", spent, "×"),
            Figure("list, checked and completed ÷ SoftHSM2's own", median(ratio["xades"]), "×"),
            Figure("one by one ÷ SoftHSM2's own", median(ratio["one"]), "×"),
        ]

    return Experiment(
        title=f"Token (PKCS#11, SoftHSM2), {kind.upper()}",
        unit="signatures",
        contenders=[],
        figures=figures,
        remarks=[f"Elapsed time, medians of {ROUNDS} rounds in turn; the signer works in a second process."],
    )
