"""Progress of long work: a bar on the terminal, a function of yours, or nothing."""
from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Union

from rich.console import Console
from rich.progress import BarColumn, Progress as RichProgress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn

#: True: a bar on standard error. A function: called with the fraction done, 0..1. None: silence.
Progress = Union[bool, Callable[[float], None], None]
Report = Callable[[float], None]


@contextmanager
def shown(progress: Progress, title: str) -> Iterator[Optional[Report]]:
    """Gives the function to report fractions to, or None; the bar is there within the block."""
    if not progress:
        yield None
    elif callable(progress):
        yield progress
        progress(1.0)
    else:
        with _bar() as bar:
            task = bar.add_task(title, total=1.0)
            yield lambda fraction: bar.update(task, completed=fraction)
            bar.update(task, completed=1.0)


def _bar() -> RichProgress:
    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=36),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
