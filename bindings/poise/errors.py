"""What goes wrong, by whose fault it is: a plan, a run, a policy written in Python."""
from __future__ import annotations

import pickle
import traceback
from typing import IO, Optional, Sequence


class PoiseError(Exception):
    """The base of everything that Poise raises on purpose."""


class PlanError(PoiseError, ValueError):
    """A plan is wrong: `str(error)` is the first problem in a line, `problems` are all of them."""

    def __init__(self, message: str, *, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[str, ...] = tuple(problems) or (message,)

    def __reduce__(self) -> tuple[object, ...]:
        return _plan_error, (str(self), self.problems)


def _plan_error(message: str, problems: Sequence[str]) -> PlanError:
    return PlanError(message, problems=problems)


class Cancelled(PoiseError):
    """A run was ended because its caller asked for it."""


class RunError(PoiseError, RuntimeError):
    """A run failed in its child: what happened, of which plan, and the command that repeats it.

    Attributes: plan (poise.Plan or None), seed, run, signal (that ended the child, 0: none),
    stderr (the last 4 KiB of the child's), command (shell, repeats the run).
    """

    def __init__(
        self,
        message: str,
        *,
        seed: int = 0,
        run: int = 0,
        signal: int = 0,
        stderr: str = "",
        plan: object = None,
        command: str = "",
    ) -> None:
        super().__init__(message)
        self.seed = seed
        self.run = run
        self.signal = signal
        self.stderr = stderr
        self.plan = plan
        self.command = command

    def __str__(self) -> str:
        text = str(self.args[0])
        if self.command:
            text += f"\nrepeat it with: {self.command}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        state = (
            self.args[0],
            self.seed,
            self.run,
            self.signal,
            self.stderr,
            self.plan,
            self.command,
        )
        return _run_error, state


def _run_error(
    message: str, seed: int, run: int, signal: int, stderr: str, plan: object, command: str
) -> RunError:
    return RunError(
        message, seed=seed, run=run, signal=signal, stderr=stderr, plan=plan, command=command
    )


class PolicyError(PoiseError):
    """A policy written in Python raised something that could not be brought out of its process."""


def leave(file: IO[bytes], error: BaseException) -> None:
    """Writes `error` for the process that reads `file`, with its traceback as a note (add_note)."""
    where = "".join(traceback.format_exception(error)).rstrip()
    error.__traceback__ = error.__cause__ = error.__context__ = None
    error.add_note(f"raised in the run's own process:\n{where}")
    try:
        text = pickle.dumps(error)
        pickle.loads(text)
    except Exception:  # not every exception can be pickled; its text always can
        text = pickle.dumps(PolicyError(where))
    file.write(text)
    file.flush()


def left(file: IO[bytes]) -> Optional[BaseException]:
    """What `leave` wrote, or None."""
    file.seek(0)
    text = file.read()
    error = pickle.loads(text) if text else None
    return error if isinstance(error, BaseException) else None
