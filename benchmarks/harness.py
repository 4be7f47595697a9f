"""Measure a subject, its physical limit and its peers in turn, so that all of them see the same machine.

A round runs every contender once (A, B, C, then B, C, A, …) with the garbage collector off; ratios are taken
within a round and their median is told with the lowest and the highest. A rate drifts by a factor of two from
hour to hour on a shared machine, a ratio within a round does not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

Nothing: Callable[[], None] = lambda: None  # noqa: E731


@dataclass(frozen=True)
class Contender:
    """Something that does ``units`` units of work each time it runs.

    :param run: the measured work; may return CPU seconds that were somebody else's work (a time-stamp
        authority in this process), which are taken off.
    :param prepare: run before each round, not measured.
    :param unit: what it counts, when not what the experiment counts.
    """

    name: str
    units: int
    run: Callable[[], float | None]
    prepare: Callable[[], None] = Nothing
    unit: str = ""


@dataclass(frozen=True)
class Ratio:
    """One contender's rate over another's.

    :param scale: the lower rate is multiplied by this first (raw signatures ÷ 3 = raw documents).
    :param aim: what it should reach. :param source: where the aim is written.
    """

    label: str
    over: str
    under: str
    scale: float = 1.0
    aim: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Figure:
    """A number that needs no rounds, such as a size."""

    label: str
    value: float
    unit: str
    aim: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Experiment:
    """A row of the report.

    :param by_clock: its rates are by the clock and not by CPU time, because other processes do the work.
    """

    title: str
    unit: str
    contenders: Sequence[Contender]
    ratios: Sequence[Ratio] = ()
    figures: Callable[[], Sequence[Figure]] = lambda: ()
    remarks: Sequence[str] = ()
    by_clock: bool = False


@dataclass
class Series:
    """Seconds a round of one contender."""

    units: int
    unit: str
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def rates(self) -> list[float]:
        """Units a second of CPU time, by round."""
        return [self.units / seconds for seconds in self.cpu]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def measure(experiment: Experiment, rounds: int) -> dict[str, object]:
    """Run an experiment and give its JSON values."""
    contenders = list(experiment.contenders)
    for contender in contenders:  # warm-up: caches, lazy imports, certificates made on first use
        contender.prepare()
        contender.run()
    series = {
        contender.name: Series(contender.units, contender.unit or experiment.unit) for contender in contenders
    }
    for turn in range(rounds):
        shift = turn % len(contenders) if contenders else 0
        for contender in contenders[shift:] + contenders[:shift]:
            _once(contender, series[contender.name])
    if experiment.by_clock:
        for one in series.values():
            one.cpu = one.wall
    return {
        "title": experiment.title,
        "unit": experiment.unit,
        "rounds": rounds,
        "rates": {name: _rate(one) for name, one in series.items()},
        "ratios": [_ratio(ratio, series) for ratio in experiment.ratios],
        "figures": [
            {"label": f.label, "value": f.value, "unit": f.unit, "aim": f.aim, "source": f.source}
            for f in experiment.figures()
        ],
        "remarks": list(experiment.remarks),
    }


def _once(contender: Contender, series: Series) -> None:
    contender.prepare()
    gc.collect()
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        others = contender.run() or 0.0
        series.cpu.append(time.process_time() - cpu - others)
        series.wall.append(time.perf_counter() - wall - others)
    finally:
        gc.enable()


def _rate(series: Series) -> dict[str, object]:
    return {
        "units_a_round": series.units,
        "unit": series.unit,
        "per_cpu_second": spread(series.rates()),
        "per_second": spread([series.units / seconds for seconds in series.wall]),
    }


def _ratio(ratio: Ratio, series: dict[str, Series]) -> dict[str, object]:
    pairs = zip(series[ratio.over].rates(), series[ratio.under].rates(), strict=True)
    values = spread([over / (under * ratio.scale) for over, under in pairs])
    return {"label": ratio.label, **values, "aim": ratio.aim, "source": ratio.source}
