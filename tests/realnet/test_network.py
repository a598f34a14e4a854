"""The test's own network is what the tests take it for."""

import os
import subprocess
from pathlib import Path


def test_hosts_reach_each_other_over_both_families(network):
    one, two = network.host("one"), network.host("two")
    server = two.popen("python3", "-m", "http.server", "80", "--bind", "::", "-d", network.folder)
    for address in (two.v4, f"[{two.v6}]"):
        one.run("curl", "-s", "--retry", "50", "--retry-connrefused", "--retry-delay", "0", f"http://{address}/")
    assert server.poll() is None


def test_nothing_of_it_is_seen_outside():
    assert os.getpid() < 100  # a process-id namespace of our own


def test_the_playground_answers_through_its_vip_and_leaves_nothing(build):
    here = Path(__file__).resolve().parent
    done = subprocess.run(
        ["/usr/bin/python3", here / "playground.py", "curl -sS http://$VIP/ && poisectl backends"],
        env={**os.environ, "POISE_BUILD": str(build), "POISE_PRIVATE": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "web" in done.stdout and "active" in done.stdout
    assert "web1" not in subprocess.run(["ip", "netns"], capture_output=True, text=True).stdout
