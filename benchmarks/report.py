"""The same results as a table on the screen, as JSON and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

Results = dict[str, Any]
_HEAD = """# Benchmarks

`make bench` measures everything anew (a quarter of an hour and more) into `benchmarks/results/<date>.json`;
`python -m benchmarks --only sign --rounds 15` measures a part. This page is generated from
`benchmarks/results/reference.json` by `python -m benchmarks --page`; `--reference` puts what it measures into
that file, all or a part, and each table says when it was measured.

How it is measured: subject, physical limit and peers run in turn in one process (A, B, C, then B, C, A,
…) with the garbage collector off during a round; a ratio is taken within a round, and its median is told
with the lowest and the highest. Rates are a second of CPU time of one process; "by the clock" is elapsed
time, which suffers from whatever else the machine does. Absolute rates drift by a factor of two on
shared machines; ratios are what counts. Aims are those of the design's measurements (`trust.md` section
9); where one is missed, the table says by how much.
"""


def number(value: float) -> str:
    """Three figures that matter."""
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def judged(value: float, aim: float | None) -> str:
    """Whether an aim is reached, and by how much it is missed."""
    if aim is None:
        return ""
    if value >= aim:
        return f"≥ {number(aim)} reached"
    return f"{number(aim)} missed by {100 * (1 - value / aim):.0f} %"


def lines(result: Results) -> Iterator[tuple[str, str, str, str]]:
    """(what, figure, spread, aim) of one experiment."""
    for name, rate in result["rates"].items():
        own = rate["per_cpu_second"]
        clock = f"{number(rate['per_second']['median'])}/s by the clock"
        median = f"{number(own['median'])} {rate['unit']}/s"
        yield name, median, f"{number(own['min'])}–{number(own['max'])}", clock
    for ratio in result["ratios"]:
        spread = f"{number(ratio['min'])}–{number(ratio['max'])}"
        yield ratio["label"], number(ratio["median"]), spread, judged(ratio["median"], ratio["aim"])
    for figure in result["figures"]:
        yield (
            figure["label"],
            f"{number(figure['value'])} {figure['unit']}",
            "",
            judged(figure["value"], figure["aim"]),
        )


def show(results: Results, console: Console) -> None:
    """The table on the screen."""
    for result in results["experiments"].values():
        table = Table(title=result["title"], title_justify="left", expand=False)
        for heading in ("What", "Median", "Lowest–highest", "Aim, or by the clock"):
            table.add_column(heading)
        for line in lines(result):
            table.add_row(*line)
        console.print(table)


def page(results: Results) -> str:
    """``docs/benchmarks.md``."""
    machine = results["machine"]
    parts = [_HEAD, _machine(machine, results)]
    for result in results["experiments"].values():
        parts.append(f"## {result['title']}\n")
        parts.append(f"Measured {result['date']}, {result['rounds']} rounds.\n")
        rows = ["| what | median | lowest–highest | aim, or by the clock |", "|---|---|---|---|"]
        rows += ["| " + " | ".join(line) + " |" for line in lines(result)]
        parts.append("\n".join(rows) + "\n")
        sources = sorted(
            {r["source"] for r in result["ratios"] + result["figures"] if r["source"] and r["aim"]}
        )
        if sources:
            parts.append("Aim: " + "; ".join(sources) + ".\n")
        parts += [remark + "\n" for remark in result["remarks"]]
    return "\n".join(parts)


def _machine(machine: dict[str, Any], results: Results) -> str:
    libraries = ", ".join(f"{name} {release}" for name, release in machine["libraries"].items())
    return (
        f"Reference: {results['date']}, Python {machine['python']}, {machine['processor']}, "
        f"{machine['cores']} cores, SQLite {machine['sqlite']}; {libraries}.\n"
    )
