"""The test's own network is what the tests take it for."""

import os


def test_hosts_reach_each_other_over_both_families(network):
    one, two = network.host("one"), network.host("two")
    server = two.popen("python3", "-m", "http.server", "80", "--bind", "::", "-d", network.folder)
    for address in (two.v4, f"[{two.v6}]"):
        one.run("curl", "-s", "--retry", "50", "--retry-connrefused", "--retry-delay", "0", f"http://{address}/")
    assert server.poll() is None


def test_nothing_of_it_is_seen_outside():
    assert os.getpid() < 100  # a process-id namespace of our own
