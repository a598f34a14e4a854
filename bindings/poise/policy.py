"""Policies written in Python: subclass Policy, and name the class in `poise.run(policies=...)`."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backend that may be chosen. `index` names it in this balancer, `name` in all of them."""

    index: int
    weight: int
    name: str


class Policy:
    """How a balancer chooses the backend of a new flow.

    The class (or anything that gives an instance when called without arguments) is handed to
    `poise.run(plan, policies={"mine": MyPolicy})`, where the plan's `policy.kind` is "mine". Every
    balancer has its own instance. An exception ends the run and is raised by `poise.run`. Draw no
    randomness but from `flow_hash` and from generators that you seed: a run must repeat.
    """

    #: True when the choice depends on names, weights and the flow alone, so that balancers agree.
    is_consistent: bool = False

    def rebuild(self, candidates: Sequence[Candidate]) -> None:
        """The membership or a weight changed. `candidates` is sorted by name; it may be empty."""
        self.candidates = tuple(candidates)

    def choose(self, flow_hash: int, flow_counts: npt.NDArray[np.uint32]) -> Optional[int]:
        """The `index` of the backend for a flow, or None when there is no candidate.

        `flow_hash` is uniform over 64 bits. `flow_counts[index]` is the number of live flows that
        this balancer tracks on a backend; the array is good during the call only.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define choose(flow_hash, flow_counts)"
        )
