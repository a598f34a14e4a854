"""What the tests share: a small plan, and one run of it."""
from pathlib import Path

import poise
import pytest

SOURCE = Path(__file__).resolve().parents[2]

PLAN = """
title = "small"
seed = 7
duration_s = 3

[topology]
clients = 4
balancers = 2
backends = 3
spares = 1

[workload]
rate_per_s = 30
requests = 2
think_s = 0.2
start_s = 0.5
stop_s = 2.0

[[fault]]
at_s = 1.5
do = "crash"
target = "backend2"

[[variant]]
name = "maglev"
set = { "policy.kind" = "maglev" }

[[variant]]
name = "hash mod N, stateless"
set = { "policy.kind" = "hash_mod_n", "policy.tracking" = false }
"""


@pytest.fixture(scope="session")
def plan() -> poise.Plan:
    return poise.Plan.parse(PLAN, name="small.toml")


@pytest.fixture(scope="session")
def run(plan: poise.Plan) -> poise.Run:
    return poise.run(plan)


@pytest.fixture(scope="session")
def comparison(plan: poise.Plan) -> poise.Comparison:
    return poise.compare(plan)
