"""``python -m benchmarks``: every experiment in a process of its own, one after the other."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks import machine, report
from benchmarks.harness import Experiment, measure

RESULTS = Path(__file__).parent / "results"
REFERENCE = RESULTS / "reference.json"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
KINDS = ("rsa2048", "rsa3072", "p256")


def _later(module: str, function: str, *arguments: str) -> Callable[[], Experiment]:
    return lambda: getattr(import_module(f"benchmarks.{module}"), function)(*arguments)


EXPERIMENTS: dict[str, Callable[[], Experiment]] = {
    **{f"sign-{kind}": _later("signing", "signing", kind) for kind in KINDS},
    **{f"issue-{kind}": _later("issuing", "issuing", kind) for kind in KINDS},
    **{f"verify-{kind}": _later("verifying", "verifying", kind) for kind in KINDS},
    **{f"token-{kind}": _later("pkcs11", "token", kind) for kind in KINDS},
    **{f"two-processes-{kind}": _later("two_processes", "two_processes", kind) for kind in KINDS},
    **{
        f"two-processes-postgresql-{kind}": _later("two_processes", "two_processes", kind, "postgresql")
        for kind in KINDS
    },
    "stamping": _later("stamping", "stamping"),
    "waiting-stamps": _later("stamping", "completing"),
    **{f"longterm-{kind}": _later("longterm", "longterm", kind) for kind in KINDS},
    "import-pupils": _later("importing", "importing"),
    "import-marks": _later("import_marks", "importing_marks"),
    "pdf": _later("renditions", "renditions"),
    "log": _later("log", "log"),
    "records": _later("records", "records"),
    "records-stored": _later("records", "stored_records"),
    "offline": _later("offline", "offline"),
    "population": _later("identity", "gateway"),
    "photos": _later("photos", "photos"),
    "gradebook-load": _later("gradebook_load", "gradebook_load"),
    "size": _later("issuing", "size"),
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="part of a name; repeatable"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="three rounds: does it run at all?")
    parser.add_argument("--reference", action="store_true", help="make this run the committed reference")
    parser.add_argument(
        "--page", action="store_true", help="write docs/benchmarks.md from the reference only"
    )
    parser.add_argument("--child", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.rounds = 3 if options.quick else options.rounds
    return options


def _write(path: Path, results: report.Results) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _measured_apart(name: str, rounds: int) -> dict[str, object]:
    """Run one experiment in a fresh process: what others left in memory cannot disturb it."""
    with tempfile.NamedTemporaryFile(suffix=".json") as answer:
        command = [sys.executable, "-m", "benchmarks", "--rounds", str(rounds), "--child", name, answer.name]
        subprocess.run(command, check=True, cwd=Path(__file__).parent.parent)
        return json.loads(Path(answer.name).read_text("utf-8"))


def _write_page() -> None:
    PAGE.write_text(report.page(json.loads(REFERENCE.read_text("utf-8"))), "utf-8")


def _merged(results: report.Results) -> report.Results:
    """The reference with what was measured now in place of what it had: a part is measured, too."""
    known = json.loads(REFERENCE.read_text("utf-8"))["experiments"] if REFERENCE.exists() else {}
    kept = {name: known[name] for name in EXPERIMENTS if name in known}
    whole = kept | results["experiments"]
    return results | {"experiments": {name: whole[name] for name in EXPERIMENTS if name in whole}}


def main() -> int:
    options = _options()
    if options.child:
        name, file = options.child
        _write(Path(file), measure(EXPERIMENTS[name](), options.rounds))
        return 0
    if options.page:
        _write_page()
        return 0
    names = [n for n in EXPERIMENTS if not options.only or any(part in n for part in options.only)]
    if not names:
        print(f"--only fits nothing; there are: {', '.join(EXPERIMENTS)}", file=sys.stderr)
        return 2
    console, messages = Console(), Console(stderr=True)
    results: report.Results = {
        "date": date.today().isoformat(),
        "rounds": options.rounds,
        "machine": machine.facts(),
        "experiments": {},
    }
    for name in names:
        messages.print(f"{name} …", highlight=False)
        measured = {"date": results["date"], "rounds": options.rounds}
        results["experiments"][name] = _measured_apart(name, options.rounds) | measured
    report.show(results, console)
    _write(RESULTS / f"{results['date']}.json", results)
    if options.reference:
        _write(REFERENCE, _merged(results))
        _write_page()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
