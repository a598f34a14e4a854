"""Replaying what daemons recorded: the same machine offline must do the same, byte for byte."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from poise import _poise
from poise.errors import PoiseError
from poise.plan import PathLike


@dataclass(frozen=True)
class Replay:
    """What the replay of one record gave."""

    record: Path
    machine: str  # "balancer" or "agent"
    identical: bool  # every output, and the digest at the end when there is one
    ended: bool  # False: the daemon was killed; what it had written is compared
    events: int
    packets: int
    diverged_at: int  # the first event, counted from 1, whose outputs differ; 0: none
    sentence: str


def replay(path: PathLike, *, settings: Optional[PathLike] = None) -> list[Replay]:
    """Feeds a record, or every record under a folder, to the same machine, and compares.

    settings: a file of the daemon's settings; unless told, RECORD.toml beside each record. Raises
    PoiseError when there is no record, or when one cannot be read or was made with other settings.
    """
    if not hasattr(_poise, "replay_record"):
        raise PoiseError("this build knows no daemons (build with POISE_REALNET=ON)")
    path = Path(path)
    records = sorted(path.rglob("*.record")) if path.is_dir() else [path]
    if not records:
        raise PoiseError(
            f"{path}: has no record; run its plan with --set measures.records=true, or poised with "
            "--record FILE"
        )
    return [_replay(record, "" if settings is None else str(settings)) for record in records]


def _replay(record: Path, settings: str) -> Replay:
    result = _poise.replay_record(str(record), settings=settings)
    return Replay(
        record,
        result.machine,
        result.identical,
        result.ended,
        result.events,
        result.packets,
        result.diverged_at,
        str(result),
    )
