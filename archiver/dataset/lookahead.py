"""Work on the items that come next, begun before they are asked for: one for each processor."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def begun_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Generator[tuple[Item, Future[Result]], None, None]:
    """Give each item, in order, with what becomes of it; the next `workers` are under way in threads.

    No more items are taken than that. Closing it waits for what is under way and begins nothing more.
    """
    count = workers or os.cpu_count() or 1
    pool = ThreadPoolExecutor(count)
    begun: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            begun.append((item, pool.submit(work, item)))
            if len(begun) > count:
                yield begun.popleft()
        while begun:
            yield begun.popleft()
    finally:
        pool.shutdown(cancel_futures=True)
