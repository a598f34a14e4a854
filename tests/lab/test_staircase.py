"""The staircase of TCP's backoff on real packets: the right step, by the kernel's own timers."""
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments" / "rto_staircase"))
import lab  # noqa: E402
import timer_wheel  # noqa: E402

OUTAGES_S = (0.42, 1.05, 2.2)  # amid the second, third and fourth step
STEPS = (2, 3, 4)


@pytest.fixture(scope="module")
def measured():
    return lab.measure(OUTAGES_S, captures=True)


def test_each_outage_costs_its_step_and_not_the_next(measured):
    stalls, _ = measured
    for stall in stalls.itertuples():
        # A machine with other work is late, but not by half a step.
        assert 1 / math.sqrt(2) < stall.stall_s_lab / stall.stall_s_ns3 < math.sqrt(2), stalls
        assert stall.stall_s_lab > stall.plain_s * 0.98, stalls


def test_each_timeout_doubles_and_none_goes_off_before_the_wheel_turns_to_it(measured):
    stalls, expiries = measured
    rto_s = stalls["rto_s"].median()
    backoffs = [round(math.log2(timeout / rto_s)) for timeout in expiries["timeout_s"]]
    assert backoffs == [attempt for steps in STEPS for attempt in range(1, steps)]
    later_s = (expiries["took_ns"] - expiries["wheel_ns"]) * 1e-9
    assert later_s.min() > -0.001, expiries
    assert later_s.median() < 0.05, expiries


@pytest.mark.parametrize(
    "armed, timeout, due",
    [
        (0, 51, 52),  # a bucket of one tick: the next one
        (7, 51, 59),
        (0, 62, 63),  # the last that fits the first level
        (0, 63, 64),  # eight ticks wide from here on
        (4298400000, 102, 4298400104),
        (4298400002, 102, 4298400112),  # 104 is a bucket's own beginning: the one after
        (0, 503, 504),
        (0, 504, 512),  # 64 wide
        (1, 816, 832),
        (15, 816, 832),
        (16, 816, 896),
    ],
)
def test_the_wheel_rounds_up_to_its_next_bucket(armed, timeout, due):
    assert timer_wheel.expiry(armed, timeout) == due


def test_ticks_and_instants_are_each_others_inverse():
    ticks = timer_wheel.Ticks.of_this_kernel()
    for tick in (ticks.at(0) + 1, ticks.at(0) + 12345):
        assert ticks.at(ticks.begins_ns(tick)) == tick
        assert ticks.at(ticks.begins_ns(tick) - 1) == tick - 1
