"""The graph of a plan: nodes and links, ways between them, and what cuts a service off."""
from __future__ import annotations

from functools import cached_property
from typing import Sequence

import pandas as pd

from poise import _poise


class Topology:
    """Hosts, routers and links, with the addresses they have in every world."""

    def __init__(self, core: _poise.Topology) -> None:
        self._core = core

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """One row a node: name, kind, index among its kind, spare, address, x, y (to draw)."""
        return pd.DataFrame(self._core.nodes())

    @cached_property
    def links(self) -> pd.DataFrame:
        """One row a link: name, a, b, rate_bps, delay_ns, queue_packets, loss."""
        return pd.DataFrame(self._core.links())

    def single_points(self) -> pd.DataFrame:
        """The parts whose failure alone takes service away: name, clients_cut, backends_cut."""
        return pd.DataFrame(self._core.single_points())

    def cut_sets(self, size_max: int = 1) -> list[tuple[str, ...]]:
        """All minimal sets of at most `size_max` parts without which no client is served.

        Exact; the cost grows as (length of a way)^size_max.
        """
        return [tuple(names) for names in self._core.cut_sets(size_max)]

    def next_hops(self, source: str, *, target: str, without: Sequence[str] = ()) -> list[str]:
        """The neighbours of `source` on the equal-cost shortest ways to `target`.

        `without` are the names of nodes and links that are down. Raises KeyError for others.
        """
        return list(self._core.next_hops(source, target=target, without=list(without)))

    def clients_served(self, *, without: Sequence[str] = ()) -> int:
        """How many clients are served when these nodes and links are down. Raises KeyError."""
        return self._core.clients_served(without=list(without))

    def __repr__(self) -> str:
        kinds = self.nodes["kind"].value_counts(sort=False)
        parts = ", ".join(f"{count} {kind}s" for kind, count in kinds.items())
        return f"<poise.Topology {parts}, {len(self.links)} links>"
