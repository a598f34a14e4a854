"""manifest.json: what a folder of results is of, and all that is needed to repeat it."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from poise.errors import PoiseError

FORMAT = 1


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


#: What a manifest of each kind must hold, for those who read it: {key: types}.
MANIFEST: dict[str, dict[str, tuple[type, ...]]] = {
    "run": {
        "title": (str,),
        "plan": (str,),
        "world": (str,),
        "fingerprint": (str,),
        "source_hash": (str,),
        "events": (int,),
        "wall_s": (int, float),
        "versions": (dict,),
        "custom_policies": (list,),
    },
    "comparison": {"title": (str,), "plan": (str,), "runs": (dict,), "custom_policies": (list,)},
}


def read_manifest(folder: Path, *, kind: Optional[str] = None) -> dict[str, Any]:
    """The manifest of a saved run or comparison. Raises PoiseError unless it is of this kind."""
    path = folder if folder.is_file() else folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PoiseError(
            f"{path}: {error.strerror}; a finished run or comparison has one"
        ) from None
    except ValueError as error:
        raise PoiseError(f"{path}: is not JSON: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise PoiseError(f"{path}: is not a manifest of format {FORMAT}")
    if kind is not None and manifest.get("kind") != kind:
        raise PoiseError(f"{path}: is of a {manifest.get('kind')}, not of a {kind}")
    if manifest.get("kind") not in MANIFEST:
        raise PoiseError(f"{path}: its kind is {manifest.get('kind')!r}; allowed: run, comparison")
    for key, types in MANIFEST[manifest["kind"]].items():
        if not isinstance(manifest.get(key), types):
            raise PoiseError(f"{path}: {key} is missing or is not what a run wrote")
    return manifest
