"""Many runs at once, on an executor that the caller gives, or on every core of this machine."""
from __future__ import annotations

import os
import threading
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Callable, Hashable, Mapping, Optional, TypeVar

from poise.plan import PathLike, Plan
from poise.progress import Progress, shown
from poise.runs import REAL_WORLDS, Policies, Run, run

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Job:
    """One run to do: can be pickled, for executors in other processes and on other machines."""

    plan: Plan
    world: str = "ns3"
    policies: Optional[Policies] = None
    cache: Optional[PathLike] = None

    def __call__(self, **hooks: Any) -> Run:
        return run(self.plan, world=self.world, policies=self.policies, cache=self.cache, **hooks)


def run_all(
    jobs: Mapping[Name, Job],
    *,
    executor: Optional[Executor] = None,
    progress: Progress = None,
    title: str = "runs",
    on_done: Optional[Callable[[Name, Run], None]] = None,
    keep: bool = True,
) -> dict[Name, Run]:
    """Does every job and gives the runs by name, in the order of `jobs`.

    Without an executor: one thread a core, or one alone for runs in real time. That is parallel all
    the same, since every run is its own child process, which its thread only waits for. `on_done`
    is called in this thread as runs finish; with `keep` false they are not held after it. The first
    failure, or Ctrl-C, ends the others and is raised.
    """
    stop = threading.Event()
    done: dict[Name, float] = {}
    alone = any(job.world in REAL_WORLDS for job in jobs.values())
    threads = 1 if alone else os.cpu_count()
    own = None if executor else ThreadPoolExecutor(threads, thread_name_prefix="poise-run")
    with shown(progress, title) as report:

        def advance(name: Name, fraction: float) -> None:
            done[name] = max(fraction, done.get(name, 0.0))
            if report:
                report(sum(done.values()) / len(jobs))

        futures: dict[Future[Run], Name] = {}
        try:
            for name, job in jobs.items():
                if own:
                    hook = lambda fraction, name=name: advance(name, fraction)  # noqa: E731
                    futures[own.submit(job, progress=hook, cancelled=stop.is_set)] = name
                else:
                    assert executor is not None
                    futures[executor.submit(job)] = name
            runs = _collect(futures, advance, on_done, keep)
            return {name: runs[name] for name in jobs if name in runs}
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
        finally:
            if own:
                own.shutdown(wait=True, cancel_futures=True)


def _collect(
    futures: dict[Future[Run], Name],
    advance: Callable[[Name, float], None],
    on_done: Optional[Callable[[Name, Run], None]],
    keep: bool,
) -> dict[Name, Run]:
    runs: dict[Name, Run] = {}
    waiting = set(futures)
    while waiting:
        finished, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
        for future in finished:
            name, run_ = futures.pop(future), future.result()
            advance(name, 1.0)
            if on_done:
                on_done(name, run_)
            if keep:
                runs[name] = run_
    return runs
