"""Laws of the program poised: its command line, its examples, its answers."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "realnet/daemon/examples"
ROLES = ["balancer", "agent", "echo", "files", "exchange", "witness"]


def poised(*arguments, **variables):
    """Runs poised; its variables are these alone."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("POISE_")}
    return subprocess.run(
        [Path(os.environ["POISE_BUILD"]) / "realnet/daemon/poised", *arguments],
        env={**clean, **variables},
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("role", ROLES)
def test_the_examples_are_good(role):
    done = poised(role, "--config", EXAMPLES / f"{role}.toml", "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("role", ROLES)
def test_what_is_printed_is_read_again(role, tmp_path):
    first = poised(role, "--config", EXAMPLES / f"{role}.toml", "--print-config")
    assert first.returncode == 0
    printed = tmp_path / "printed.toml"
    printed.write_text(first.stdout)
    second = poised(role, "--config", printed, "--print-config")

    def values(text):
        return [line.split("#")[0].rstrip() for line in text.splitlines()]

    assert values(first.stdout) == values(second.stdout)
    assert "default" not in second.stdout


def test_every_value_says_where_it_came_from():
    done = poised(
        "balancer", "--config", EXAMPLES / "balancer.toml", "--print-config",
        "--policy.kind", "ring", POISE_LOG_LEVEL="debug",
    )
    origin = dict(
        (line.split(" = ")[0], line.split("#")[1].strip())
        for line in done.stdout.splitlines() if "#" in line
    )
    assert origin["kind"] == "--policy.kind"
    assert origin["level"] == "POISE_LOG_LEVEL"
    assert origin["mtu"].startswith("balancer.toml:")
    assert origin["burst"] == "default"


def test_bad_settings_are_told_on_one_line_each_and_fail(tmp_path):
    bad = tmp_path / "balancer.toml"
    bad.write_text((EXAMPLES / "balancer.toml").read_text().replace("maglev", "magelv"))
    done = poised("balancer", "--config", bad, "--check", "--packets.queues", "0")
    assert done.returncode == 1
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith('balancer.toml:17: policy.kind is "magelv"; allowed: ')
    assert first.endswith('; did you mean "maglev"?')
    assert second == "--packets.queues: packets.queues is 0; allowed: 1 to 256"


@pytest.mark.parametrize("arguments", [[], ["balancr"], ["balancer", "--colour", "blue"]])
def test_a_command_line_that_means_nothing_is_a_mistake_of_its_own(arguments):
    assert poised(*arguments).returncode == 2


def test_it_says_its_version():
    assert poised("--version").stdout.startswith("poised ")
