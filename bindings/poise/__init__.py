"""Poise: one load-balancer core, failing over in ns-3, repeatable bit for bit.

    import poise
    plan = poise.Plan.load("experiments/failover/plan.toml")
    run = poise.run(plan.set("policy.kind", "maglev"), progress=True)
    run.flows.groupby("outcome").size()
    run.plot("timeline.png")
"""
try:
    from poise import _build, _poise
except ImportError as error:
    if error.name not in ("poise", "poise._build", "poise._poise"):
        raise
    if "cannot import name" not in str(error) and "No module named" not in str(error):
        raise
    raise ImportError(
        "poise is not built here: run ./dev build, then use ./dev poise ARGS, or put "
        "build/fast/python on the PYTHONPATH of /usr/bin/python3"
    ) from None

from poise import analysis, wire
from poise._build import VERSION as __version__
from poise._poise import (
    Actions,
    Address,
    Agent,
    BackendSet,
    Balancer,
    BuiltInPolicy,
    FlowHasher,
    FlowKey,
    Message,
    Notice,
    Rng,
    Verdict,
    key_of,
    policies,
)
from poise.agreement import Agreement, agree
from poise.cache import Cache
from poise.comparison import Comparison, compare
from poise.decisions import Difference
from poise.errors import Cancelled, PlanError, PoiseError, PolicyError, RunError
from poise.plan import Plan, Section
from poise.policy import Candidate, Policy
from poise.replay import Replay, replay
from poise.reproduction import Reproduction, repro
from poise.runs import Run, run, versions
from poise.statistics import Interval, median_difference, student_t, wilson
from poise.summary import Summary
from poise.sweeps import Sweep, sweep
from poise.topology import Topology

__all__ = [
    "Actions",
    "Address",
    "Agent",
    "Agreement",
    "BackendSet",
    "Balancer",
    "BuiltInPolicy",
    "Cache",
    "Cancelled",
    "Candidate",
    "Comparison",
    "Difference",
    "FlowHasher",
    "FlowKey",
    "Interval",
    "Message",
    "Notice",
    "Plan",
    "PlanError",
    "PoiseError",
    "Policy",
    "PolicyError",
    "Replay",
    "Reproduction",
    "Rng",
    "Run",
    "RunError",
    "Section",
    "Summary",
    "Sweep",
    "Topology",
    "Verdict",
    "__version__",
    "agree",
    "analysis",
    "compare",
    "key_of",
    "median_difference",
    "policies",
    "replay",
    "repro",
    "run",
    "schema",
    "student_t",
    "sweep",
    "versions",
    "wilson",
    "wire",
]


def schema() -> str:
    """Every key of a plan with its type, unit, default, allowed values and meaning, as Markdown."""
    return _poise.describe_schema()
