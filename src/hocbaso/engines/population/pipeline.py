"""Several messages under way at once: a registry that takes its time is still asked at its full rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from hocbaso.engines.population.model import Answer, PopulationPort, PopulationUnavailable, Query

Asked = tuple[Sequence[Query], list[Answer] | PopulationUnavailable]


def ask_in_parallel(
    port: PopulationPort, batches: Iterable[Sequence[Query]], workers: int = 4
) -> Iterator[Asked]:
    """Ask batch after batch, ``workers`` at a time; each comes back with its answers or why there are none.

    ``batches`` is read in the caller's thread and never more than ``workers`` ahead, so a caller may take
    them from its database as it goes; results come as they arrive. Whoever stops listening loses only what
    is under way, which is asked again with the same ids.

    :raises ValueError: a batch is too large or holds an id twice.
    """
    waiting = iter(batches)
    with ThreadPoolExecutor(workers, thread_name_prefix="population") as pool:
        under_way: dict[Future[list[Answer]], Sequence[Query]] = {}
        while True:
            for batch in islice(waiting, workers - len(under_way)):
                under_way[pool.submit(port.ask, batch)] = batch
            if not under_way:
                return
            for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                batch = under_way.pop(done)
                error = done.exception()
                yield batch, error if isinstance(error, PopulationUnavailable) else done.result()
