"""Poise: one load-balancer core, failing over in ns-3, repeatable bit for bit.

    import poise
    plan = poise.Plan.load("experiments/failover/plan.toml")
    run = poise.run(plan.set("policy.kind", "maglev"), progress=True)
    run.flows.groupby("outcome").size()
    run.plot("timeline.png")
"""
try:
    from poise import _poise
except ModuleNotFoundError as error:
    if error.name != "poise._poise":
        raise
    raise ImportError(
        "poise is not built here: run ./dev build, then use ./dev poise ARGS, or put "
        "build/fast/python on the PYTHONPATH of /usr/bin/python3"
    ) from None
except ImportError as error:
    if "_poise" in str(error) and "cannot import name" in str(error):
        raise ImportError(
            "poise is not built here: run ./dev build, then use ./dev poise ARGS, or put "
            "build/fast/python on the PYTHONPATH of /usr/bin/python3"
        ) from None
    raise

from poise._build import VERSION as __version__
from poise.cache import Cache
from poise.compare import Comparison, compare
from poise.errors import Cancelled, PlanError, PoiseError, PolicyError, RunError
from poise.plan import Plan, Section
from poise.policy import Candidate, Policy
from poise.repro import Reproduction, repro
from poise.run import Run, run, versions
from poise.statistics import Interval, student_t, wilson
from poise.summary import Summary
from poise.sweep import Sweep, sweep
from poise.topology import Topology


def schema() -> str:
    """Every key of a plan with its type, unit, default, allowed values and meaning, as Markdown."""
    return _poise.describe_schema()
