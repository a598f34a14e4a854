"""Plans: everything that determines an experiment, as an immutable value checked by the model."""
from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence, Union

import pandas as pd

from poise import _poise
from poise.errors import PlanError
from poise.topology import Topology

PathLike = Union[str, Path]


class Section(Mapping[str, Any]):
    """A table of a plan, read only: `section.kind` and `section["kind"]` are the same."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", {key: _frozen(value) for key, value in values.items()})

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        try:
            return self._values[key]
        except KeyError:
            allowed = ", ".join(self._values)
            raise AttributeError(f"there is no key {key!r} here; there are: {allowed}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError("a plan does not change; plan.set(key, value) gives a changed copy")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return sorted(self._values)

    def __reduce__(self) -> tuple[Any, ...]:
        return Section, (self._values,)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{key} = {value!r}" for key, value in self.items()) + "}"


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return Section(value)
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


def toml_value(value: Any) -> str:
    """A Python value as TOML text. Raises TypeError for what TOML has no word for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, Path)):
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if hasattr(value, "item") and not isinstance(value, (int, float)):
        return toml_value(value.item())  # a number of numpy
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"{value!r} cannot be a value of a plan")


class Plan:
    """An experiment: topology, service, policy, workload, faults, measures. Immutable and hashable.

    Its keys and their checks live in one place, the model's schema (`poise.schema()` prints it).
    They are read as attributes, with their units in their names: `plan.duration_s`,
    `plan.policy.kind`, `plan.fault[0].at_s`.
    """

    __slots__ = ("_core", "_custom", "_path")
    _core: _poise.Plan
    _custom: tuple[str, ...]
    _path: Path | None

    def __init__(self) -> None:
        raise TypeError("a plan comes from Plan.load(path), Plan.parse(text) or another plan")

    @classmethod
    def _of(cls, core: _poise.Plan, custom: Sequence[str], path: Path | None = None) -> Plan:
        plan = object.__new__(cls)
        for name, value in (("_core", core), ("_custom", tuple(custom)), ("_path", path)):
            object.__setattr__(plan, name, value)
        return plan

    @classmethod
    def load(cls, path: PathLike, *, custom_policies: Sequence[str] = ()) -> Plan:
        """The plan of a TOML file. Raises PlanError: file, line, key and what is allowed."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise PlanError(f"{path}: {reason}") from None
        core = _poise.Plan.parse(text, name=str(path), custom_policies=list(custom_policies))
        return cls._of(core, custom_policies, path)

    @classmethod
    def parse(cls, text: str, *, name: str = "plan", custom_policies: Sequence[str] = ()) -> Plan:
        """The plan of a TOML text; `name` stands for the file's in errors. Raises PlanError.

        `custom_policies` are names that `policy.kind` may have beside the built-in ones.
        """
        core = _poise.Plan.parse(text, name=name, custom_policies=list(custom_policies))
        return cls._of(core, custom_policies)

    def to_toml(self) -> str:
        """Canonical TOML: what differs from the defaults. `Plan.parse` gives an equal plan back."""
        return self._core.to_toml()

    def save(self, path: PathLike) -> Path:
        """Writes `to_toml()` to a file."""
        Path(path).write_text(self.to_toml(), encoding="utf-8")
        return Path(path)

    def set(self, key: str, value: Any, *, custom_policies: Sequence[str] = ()) -> Plan:
        """A copy with one key changed, checked like a file: `plan.set("policy.kind", "ring")`.

        `value` is a Python value; lists of tables are lists of dicts. Raises PlanError.
        """
        custom = (*self._custom, *(name for name in custom_policies if name not in self._custom))
        core = self._core.replace(key, value=toml_value(value), custom_policies=list(custom))
        return Plan._of(core, custom, self._path if key in ("seed", "run") else None)

    def replace(self, *, custom_policies: Sequence[str] = (), **changes: Any) -> Plan:
        """A copy with several keys changed: `plan.replace(seed=3, **{"policy.kind": "ring"})`.

        The order does not matter: a change that only another one makes possible waits for it.
        Raises PlanError.
        """
        plan, left = self, dict(changes)
        while left:
            refused: PlanError | None = None
            waiting = dict(left)
            for key, value in waiting.items():
                try:
                    plan = plan.set(key, value, custom_policies=custom_policies)
                    del left[key]
                except PlanError as error:
                    refused = refused or error
            if refused and len(left) == len(waiting):
                raise refused
        return plan

    def variant(self, name: str) -> Plan:
        """The plan with a variant's changes, without variants. Raises PlanError that lists them."""
        return Plan._of(self._core.variant(name, custom_policies=list(self._custom)), self._custom)

    @property
    def variants(self) -> dict[str, Plan]:
        """Every variant by its name, in the plan's order."""
        return {name: self.variant(name) for name in self._core.variant_names}

    def warnings(self) -> list[str]:
        """What a careful reader would ask about the plan, a line each."""
        return list(self._core.warnings())

    @property
    def graph(self) -> Topology:
        """The hosts, routers and links that `plan.topology` describes."""
        return Topology(_poise.Topology(self._core))

    @property
    def events(self) -> pd.DataFrame:
        """The faults as carried out, with the ends of those that last: at_ns, kind, target, ..."""
        return pd.DataFrame(self._core.faults())

    def schedule(self) -> pd.DataFrame:
        """The flows of an open workload: flow, start_ns, client, source_port, vip, requests, bytes.

        Computed from the seed alone: equal in every world and for every policy.
        """
        return pd.DataFrame(self._core.schedule())

    @property
    def custom_policies(self) -> tuple[str, ...]:
        """Names that `policy.kind` may have beside the built-in ones."""
        return self._custom

    @property
    def path(self) -> Path | None:
        """The file it was loaded from; None once more than seed and run were changed."""
        return self._path

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            text = self._core.value_of(key)
        except PlanError as error:
            raise AttributeError(str(error)) from None
        return _frozen(tomllib.loads(f"value = {text}")["value"])

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError("a plan does not change; plan.set(key, value) gives a changed copy")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self._core == other._core

    def __hash__(self) -> int:
        return hash(self.to_toml())

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self.to_toml(), self._custom, self._path)

    def __repr__(self) -> str:
        return (
            f"<poise.Plan {self.title!r} seed={self.seed} run={self.run} policy={self.policy.kind}>"
        )


def _unpickled(text: str, custom: tuple[str, ...], path: Path | None) -> Plan:
    return Plan._of(
        _poise.Plan.parse(text, name="plan", custom_policies=list(custom)), custom, path
    )
