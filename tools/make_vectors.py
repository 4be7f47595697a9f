"""Make the published conformance vectors: ``python tools/make_vectors.py [FILE]``.

Everything is fixed (keys from names, times, serial numbers), so that two runs give the same documents. The
keys are made from their names and worth nothing outside this set. Each bad vector holds one fault of a maker;
the rules beside it are written by hand and compared with the checker by the tests.
"""

from __future__ import annotations

import json
import lzma
import sys
from base64 import b64encode
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from vector_bench import NOW, Bench  # noqa: E402
from vector_faults import Made, all_vectors  # noqa: E402

TARGET = ROOT / "src" / "hocbaso" / "engines" / "trust" / "conformance" / "vectors.json"


def build() -> str:
    """The text of ``vectors.json``."""
    from hocbaso.engines.trust.bundle import TrustBundle
    from hocbaso.engines.trust.verification import verify_file

    bench = Bench(ROOT / "tests" / "golden")
    made = all_vectors(bench)
    bundle_text = bench.bundle().to_json().encode()
    bundle = TrustBundle.from_json(bundle_text)
    manifest = {
        "format": "hocbaso-vectors/1",
        "now": NOW.isoformat(),
        "trust_bundle": "trust-bundle.json",
        "vectors": [],
    }
    for item in made:
        verdict = _verdict(item, bundle, verify_file)
        manifest["vectors"].append(
            {
                "file": item.file,
                "bundle": item.bundle,
                "conforms": not item.rules,
                "rules": list(item.rules),
                "verdict": verdict,
                "reason": {"vi": item.vi, "en": item.en},
            }
        )
    body = bundle_text + b"".join(item.data for item in made)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 25}]
    packed = lzma.compress(body, format=lzma.FORMAT_XZ, filters=filters)
    stored = {
        "manifest": manifest,
        "bundle_octets": len(bundle_text),
        "octets": [len(item.data) for item in made],
        "bodies": b64encode(packed).decode(),
    }
    return json.dumps(stored, ensure_ascii=False, indent=1) + "\n"


def _verdict(item: Made, bundle: object, verify: object) -> str:
    """The strict verifier's word: the worst of a package; ``refused`` where it does not even read."""
    from hocbaso.core.errors import Unreadable

    try:
        found = verify("v.xml", item.data, bundle if item.bundle else None, now=NOW)
    except Unreadable:
        return "refused"
    order = ("invalid", "indeterminate", "valid")
    return min((verdict.verdict for verdict in found), key=order.index)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(build(), "utf-8")
    sys.stdout.write(f"{target.stat().st_size} bytes\n")
