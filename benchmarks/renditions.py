"""PDF a second, warm: one sheet, the booklet, the booklet as it is handed out (sealed)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Figure, Ratio

_BATCH = 5


def renditions() -> Experiment:
    """Real issued documents in the form; keys RSA-3072, as by default."""
    nodes.start("rsa3072")
    from tests.unit.engines.rendering import secondary_samples

    from hocbaso.apps.common import clock
    from hocbaso.apps.signing.ports import key_provider
    from hocbaso.apps.transcripts.documents import export
    from hocbaso.apps.transcripts.use_cases.long_term_pdf import extender
    from hocbaso.apps.transcripts.use_cases.render import booklet_of, view_of
    from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
    from hocbaso.engines.rendering import Booklet, SheetView, render_booklet, render_sheet
    from hocbaso.engines.trust.pades import seal_pdf
    from hocbaso.engines.trust.verification.document import Verifier
    from hocbaso.engines.trust.verification.pdf import attached_documents, verify_pdf

    school, rows = nodes.issued_school(_BATCH)
    views = [
        view_of(one.sheet, one.xml, list(one.signatures), issued_at=clock.iso_seconds(row.issued_at))
        for one, row in zip(export(rows), rows, strict=True)
    ]
    secondary = [
        secondary_samples.view(
            secondary_samples.with_pupil(secondary_samples.sheet(10), full_name=f"Nguyễn Thị {letter}")
        )
        for letter in "ABCDE"[:_BATCH]
    ]

    def years(number: int) -> tuple[SheetView, ...]:
        called = secondary[number].sheet.pupil.full_name
        return tuple(
            replace(view, sheet=secondary_samples.with_pupil(view.sheet, full_name=called))
            for view in secondary_samples.years()
        )

    name, provider = school.unit.name, key_provider()
    seal, stamper = provider.organisation(code=school.unit.code, name=name), provider.stamper()
    plain = [booklet_of([row]) for row in rows]
    bundle, now = trust_bundle(rows), datetime.now(UTC)
    extending, judging = extender(), Verifier(bundle)

    def sealed(pdf: bytes) -> bytes:
        return seal_pdf(
            pdf, seal, stamper, name=name, reason="Học bạ số", location=name, signing_time=datetime.now(UTC)
        )

    def stored(pdf: bytes) -> bytes:
        return extending.long_term(pdf, attached_documents(pdf)[0], now).pdf

    def archived(pdf: bytes) -> bytes:
        return extending.archive(pdf, attached_documents(pdf)[0], stamper, datetime.now(UTC)).pdf

    levels = {"B-T": [sealed(pdf) for pdf in plain]}
    levels["B-LT"] = [stored(pdf) for pdf in levels["B-T"]]
    levels["B-LTA"] = [archived(pdf) for pdf in levels["B-LT"]]

    def judged(pdf: bytes) -> None:
        assert verify_pdf(pdf, judging, now=datetime.now(UTC)).valid

    def each(work: Callable[[int], object]) -> Callable[[], None]:
        def run() -> None:
            for index in range(_BATCH):
                work(index)

        return run

    return Experiment(
        title="PDF/A-3 renditions, RSA-3072",
        unit="PDF",
        contenders=[
            Contender("sheet", _BATCH, each(lambda n: render_sheet(views[n]))),
            Contender("sheet, secondary", _BATCH, each(lambda n: render_sheet(secondary[n]))),
            Contender(
                "booklet of 4 years, secondary", _BATCH, each(lambda n: render_booklet(Booklet(years(n))))
            ),
            Contender("booklet", _BATCH, each(lambda n: booklet_of([rows[n]]))),
            Contender("booklet, sealed", _BATCH, each(lambda n: sealed(booklet_of([rows[n]])))),
            Contender("sealing only", _BATCH, each(lambda n: sealed(plain[n]))),
            Contender("B-T to B-LT", _BATCH, each(lambda n: stored(levels["B-T"][n]))),
            Contender("B-LT to B-LTA", _BATCH, each(lambda n: archived(levels["B-LT"][n]))),
            *(
                Contender(f"verifying {level}", _BATCH, each(lambda n, files=files: judged(files[n])))
                for level, files in levels.items()
            ),
        ],
        ratios=[Ratio("sealed ÷ unsealed booklet", "booklet, sealed", "booklet")],
        figures=lambda: [
            Figure("booklet", sum(map(len, plain)) / len(plain) / 1000, "kB"),
            *(
                Figure(f"booklet, {level}", sum(map(len, files)) / len(files) / 1000, "kB")
                for level, files in levels.items()
            ),
        ],
        remarks=[
            "trust.md 9 names 64 PDF/s for Typst and 40 seals/s for pyHanko with a kept key (absolute)."
        ],
    )
