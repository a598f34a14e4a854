"""Runs kept by what determines them: plan, seed, run, world and its version, the core's source."""
from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Optional

from poise import _build
from poise.errors import PoiseError
from poise.manifest import read_manifest
from poise.plan import PathLike, Plan
from poise.runs import Policies, Run


class Cache:
    """A folder of runs: <2 digits>/<key>/, each a saved run. Safe to share between processes."""

    def __init__(self, folder: PathLike) -> None:
        self.folder = Path(folder)

    def path(self, plan: Plan, *, world: str, policies: Optional[Policies] = None) -> Path:
        """Where this run is kept, or would be."""
        key = cache_key(plan, world=world, policies=policies)
        return self.folder / key[:2] / key

    def manifest(
        self, plan: Plan, *, world: str, policies: Optional[Policies] = None
    ) -> Optional[dict[str, Any]]:
        """The manifest of a kept run, which holds its summary; None when there is none."""
        try:
            return read_manifest(self.path(plan, world=world, policies=policies))
        except PoiseError:
            return None

    def find(self, plan: Plan, *, world: str, policies: Optional[Policies] = None) -> Optional[Run]:
        """The kept run of this plan; None when there is none."""
        path = self.path(plan, world=world, policies=policies)
        return Run.load(path) if (path / "manifest.json").exists() else None

    def keep(self, run: Run, *, policies: Optional[Policies] = None) -> Path:
        """Keeps a run; whoever looks for it sees all of it or nothing."""
        path = self.path(run.plan, world=run.manifest["world"], policies=policies)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=path.parent))
        try:
            run.save(unfinished)
            os.replace(unfinished, path)
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)
            if not (path / "manifest.json").exists():  # else another process was faster
                raise
        return path


def cache_key(plan: Plan, *, world: str, policies: Optional[Policies] = None) -> str:
    """32 hexadecimal digits of what determines a run: not its title, variants or plots."""
    bare = plan.replace(title="", variant=[])
    facts = {
        "plan": bare.to_toml(),
        "world": world,
        "version": _build.WORLDS.get(world),
        "source": _build.SOURCE_HASH,
        "policies": {name: _source_of(policies, name) for name in plan.custom_policies},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _source_of(policies: Optional[Policies], name: str) -> str:
    try:
        return inspect.getsource((policies or {})[name])
    except (OSError, TypeError, KeyError):
        raise PoiseError(
            f"the source of the policy {name!r} cannot be read, so its runs cannot be kept; "
            "define its class in a file, or leave `cache` out"
        ) from None
