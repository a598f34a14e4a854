"""Which backends a balancer could choose from, and when: read from what the machines said."""
from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import pandas as pd

#: What a balancer says when a backend enters its choices, and when one leaves them.
ENTERS = frozenset({"active", "resumed"})
LEAVES = frozenset(
    {"draining", "paused", "down", "orphaned", "deregistered", "failed", "forgotten"}
)


@dataclass(frozen=True)
class Change:
    """A backend entered a balancer's choices, or left them."""

    at_ns: int
    backend: str
    enters: bool

    def __str__(self) -> str:
        verb = "enters" if self.enters else "leaves"
        return f"{self.backend} {verb} at {self.at_ns * 1e-9:.4f} s"


@dataclass(frozen=True)
class Memberships:
    """The choices of one balancer over a run."""

    changes: tuple[Change, ...]  # in the order of time

    @classmethod
    def of(cls, notices: pd.DataFrame, balancer: str) -> Memberships:
        """From the notices of a run."""
        said = notices[(notices["machine"] == balancer) & notices["kind"].isin(ENTERS | LEAVES)]
        changes = [
            Change(int(row.at_ns), str(row.subject), row.kind in ENTERS)
            for row in said.sort_values("at_ns", kind="stable").itertuples()
        ]
        members: set[str] = set()
        real = []
        for change in changes:  # a drained backend is paused later: it has left already
            if change.enters != (change.backend in members):
                real.append(change)
                (members.add if change.enters else members.discard)(change.backend)
        return cls(tuple(real))

    def between(self, first_ns: int, last_ns: int) -> list[frozenset[str]]:
        """Every membership that held at some instant of the span, in the order of time."""
        times = [change.at_ns for change in self.changes]
        members: set[str] = set()
        start, end = bisect_right(times, first_ns), bisect_right(times, last_ns)
        for change in self.changes[:start]:
            (members.add if change.enters else members.discard)(change.backend)
        held = [frozenset(members)]
        for change in self.changes[start:end]:
            (members.add if change.enters else members.discard)(change.backend)
            held.append(frozenset(members))
        return held

    def near(self, at_ns: int, backends: set[str]) -> list[Change]:
        """For each of the backends, the change nearest to the instant."""
        nearest = []
        for backend in sorted(backends):
            own = [change for change in self.changes if change.backend == backend]
            if own:
                nearest.append(min(own, key=lambda change: abs(change.at_ns - at_ns)))
        return nearest
