"""The staircase on real packets: many senders at once, each with an outage of its own."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import poise
import retransmissions
from timer_wheel import Ticks, backoff

HERE = Path(__file__).resolve().parent
MIN_RTO_S = 0.2
OUTAGE_AT_S = 2.0
APART_S = 0.15  # the lab carries out one fault after another
SAME_STEP_SHARE = 0.95
TOLERANCE = 0.12  # lab against ns-3
TOLERANCE_MEASURED = 0.05  # lab against the closed form with its kernel's timeout and timers
MESSAGE_INTERVAL_NS = 4_000_000
# Linux's timeout is the smoothed round trip and 0.2 s, or a little more, and ns-3's is 0.2 s: these
# lie on the same step for every timeout between 0.2 s and 0.24 s.
OUTAGES_S = (
    0.28, 0.34, 0.40, 0.46, 0.52,
    0.78, 0.88, 0.98, 1.08, 1.20,
    1.80, 2.00, 2.20, 2.40, 2.60,
    3.80, 4.20, 4.60, 5.00, 5.40,
)  # fmt: skip
OUTAGES_QUICK_S = (0.34, 0.46, 0.88, 1.08, 1.20)


def step(outage_s: float, timeout_s: float) -> int:
    """The smallest k with b(2^k - 1) >= outage."""
    k = 1
    while timeout_s * (2**k - 1) < outage_s:
        k += 1
    return k


def plan_of(outages_s: tuple[float, ...]) -> poise.Plan:
    """plan.toml with a client, a link and an outage for each, a little after each other."""
    plan = poise.Plan.load(HERE / "plan.toml").replace(fault=[])
    count = len(outages_s)
    names = range(1, count + 1)
    longest_s = MIN_RTO_S * 1.2 * (2 ** step(max(outages_s), MIN_RTO_S) - 1)
    nodes = [{"name": f"client{i}", "kind": "client"} for i in names]
    nodes += [{"name": f"{kind}1", "kind": kind} for kind in ("router", "balancer", "backend")]
    links = [{"name": f"uplink{i}", "a": f"client{i}", "b": "router1", "rate_bps": 10e6,
              "delay_s": 0.001} for i in names]  # fmt: skip
    for kind in ("balancer", "backend"):
        links.append({"a": f"{kind}1", "b": "router1", "rate_bps": 1e9})
    faults = [{"at_s": outage_start_s(i - 1), "do": "link_down", "target": f"uplink{i}",
               "lasts_s": outage_s} for i, outage_s in zip(names, outages_s)]  # fmt: skip
    return plan.replace(
        **{
            "topology.node": nodes,
            "topology.link": links,
            "workload.concurrency": count,
            "workload.flow_count_max": count,
            "duration_s": outage_start_s(count) + longest_s + 0.5,
        }
    ).replace(fault=faults)


def outage_start_s(index: int) -> float:
    """They begin after each other, so that none waits for another."""
    return OUTAGE_AT_S + APART_S * index


def timeouts_s(run: poise.Run) -> dict[str, float]:
    """What each sender's TCP_INFO said its timeout was when its link went down, by client."""
    notices = run.notices[run.notices["kind"] == "rto_ns"]
    values = {}
    for index, client in enumerate(sorted(run.flows["client"], key=lambda name: int(name[6:]))):
        own = notices[notices["machine"] == client]
        nearest = (own["at_ns"] - outage_start_s(index) * 1e9).abs().idxmin()
        values[client] = float(own["detail"][nearest]) * 1e-9
    return values


def carried_out_ns(run: poise.Run, uplink: str) -> tuple[int, int]:
    """When the link went down and came back for real: a busy machine carries faults out late."""
    late = run.counters.set_index("name")["value"]
    events = run.plan.events
    own = events.index[events["target"] == uplink]
    down, up = (int(events["at_ns"][i]) + int(late[f"fault_{i}_late_ns"]) for i in own)
    return down, up


def time_zero_ns(run: poise.Run) -> int:
    """On CLOCK_BOOTTIME."""
    return int(run.counters.set_index("name")["value"]["time_zero_boottime_ns"])


def on_the_wheel_s(down_ns: int, up_ns: int, rto_s: float, ticks: Ticks) -> float:
    """The closed form as Linux carries it out: each expiry when the timer wheel turns to it.

    The instants are CLOCK_BOOTTIME's. The timer is armed by the first message that is lost, and the
    stall begins with the last that arrived: on average half an interval after, and before, the
    outage's beginning.
    """
    half_ns = MESSAGE_INTERVAL_NS // 2
    armed, timeout = ticks.at(down_ns + half_ns), ticks.count_of(rto_s)
    attempts = 1
    while (sent_ns := ticks.begins_ns(backoff(armed, timeout, attempts))) < up_ns:
        attempts += 1
    return (sent_ns - down_ns + half_ns) * 1e-9


def measure(
    outages_s: tuple[float, ...], *, captures: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row an outage: the stalls of both worlds, the measured timeout and what follows of it,
    plain and on the kernel's timer wheel. And, from captures, one row a retransmission."""
    plan = plan_of(outages_s)
    clients = [f"client{i + 1}" for i in range(len(outages_s))]
    simulated = poise.run(plan, world="ns3", progress=True)
    if captures:
        plan = plan.replace(**{"measures.captures": clients})
    lab = poise.run(plan, world="lab", progress=True)
    table = pd.DataFrame({"outage_s": outages_s})
    for world, run in (("ns3", simulated), ("lab", lab)):
        stalls = run.flows.set_index("client")["longest_stall_ns"] * 1e-9
        table[f"stall_s_{world}"] = [stalls[client] for client in clients]
    ticks, zero_ns, rto_s = Ticks.of_this_kernel(), time_zero_ns(lab), timeouts_s(lab)
    plain_s, wheel_s = [], []
    for i, client in enumerate(clients):
        down_ns, up_ns = carried_out_ns(lab, f"uplink{i + 1}")
        attempts = step((up_ns - down_ns) * 1e-9, rto_s[client])
        plain_s.append(rto_s[client] * (2**attempts - 1))
        wheel_s.append(on_the_wheel_s(zero_ns + down_ns, zero_ns + up_ns, rto_s[client], ticks))
    table["rto_s"] = [rto_s[client] for client in clients]
    table["plain_s"], table["wheel_s"] = plain_s, wheel_s
    table["difference"] = table["stall_s_lab"] / table["stall_s_ns3"] - 1
    for law in ("plain", "wheel"):
        table[f"difference_{law}"] = table["stall_s_lab"] / table[f"{law}_s"] - 1
    expiries = [
        retransmissions.measure(
            lab.files[f"{client}.pcap"], rto_s=rto_s[client], time_zero_ns=zero_ns, ticks=ticks
        )
        for client in clients
        if captures
    ]
    return table, pd.concat(expiries, ignore_index=True) if captures else pd.DataFrame()


def show(table: pd.DataFrame, console: Console) -> None:
    rows = Table(title="Longest stall against the outage, on real packets", title_justify="left")
    head = ("outage", "ns-3", "lab", "", "RTO", "RTO (2^k - 1)", "", "on the timer wheel", "")
    for name in head:
        rows.add_column(name, justify="right")
    for row in table.itertuples():
        rows.add_row(
            f"{row.outage_s:.2f} s",
            f"{row.stall_s_ns3:.3f} s",
            f"{row.stall_s_lab:.3f} s",
            f"{row.difference:+.1%}",
            f"{row.rto_s * 1e3:.0f} ms",
            f"{row.plain_s:.3f} s",
            f"{row.difference_plain:+.1%}",
            f"{row.wheel_s:.3f} s",
            f"{row.difference_wheel:+.1%}",
        )
    console.print(rows)


def judge(table: pd.DataFrame, console: Console) -> bool:
    """Says what was asked and whether it came out."""
    # On the same step: nearer to it than to its neighbours, which are half and twice as long.
    ratio = table["stall_s_lab"] / table["stall_s_ns3"]
    near = {
        law: table[f"difference_{law}"].abs() <= TOLERANCE_MEASURED for law in ("plain", "wheel")
    }
    count = len(table)
    answers = []
    for what, good in (
        ("on the same step as ns-3", ratio.between(1 / np.sqrt(2), np.sqrt(2))),
        (f"within {TOLERANCE:.0%} of ns-3", table["difference"].abs() <= TOLERANCE),
        (f"within {TOLERANCE_MEASURED:.0%} with the measured RTO on the wheel", near["wheel"]),
    ):
        holds = good.sum() >= np.floor(SAME_STEP_SHARE * count)
        answers.append(bool(holds))
        verdict = "holds" if holds else "FAILS"
        console.print(f"{good.sum()} of {count} {what}: {verdict}", highlight=False)
    plain = f"{near['plain'].sum()} of {count} within {TOLERANCE_MEASURED:.0%} without the wheel"
    console.print(plain, highlight=False)
    return all(answers)
