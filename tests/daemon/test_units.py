"""Laws of the systemd units, by systemd's own judgement."""

import os
import re
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ["POISE_BUILD"]) / "realnet/daemon"
ROLES = ["balancer", "agent", "echo", "files", "exchange", "witness"]
EXPOSURE_MAX = 3.0  # of 10; systemd calls 3 "OK", and a service without any measure has 9.6


@pytest.fixture(params=ROLES)
def unit(request, tmp_path):
    """A role's unit, started from the build."""
    text = (BUILD / f"systemd/poise-{request.param}.service").read_text()
    here = re.sub(r"ExecStart=\S+/poised ", f"ExecStart={BUILD}/poised ", text)
    assert here != text
    path = tmp_path / f"poise-{request.param}.service"
    path.write_text(here)
    return path


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60
    )


def test_systemd_understands_every_line(unit):
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_has_few_privileges(unit):
    done = analyze("security", "--offline=true", "--no-pager", str(unit))
    exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)[1])
    assert exposure <= EXPOSURE_MAX, done.stdout


def test_it_comes_back_from_a_failure_and_not_from_an_end_that_was_asked_for(unit):
    """A stop is status 0, also of `poisectl stop`; systemd.service(5) has what is a failure."""
    keys = "Type|Restart|RestartSec|RestartPreventExitStatus|SuccessExitStatus|WatchdogSec"
    ways = re.findall(f"(?m)^({keys})=(.*)", unit.read_text())
    assert dict(ways) == {
        "Type": "notify",
        "Restart": "on-failure",  # of status 1, a signal such as SIGKILL, the watchdog
        "RestartSec": "100ms",
        "WatchdogSec": "10",
    }


def test_the_daemon_knows_the_flags_that_it_is_started_with(unit):
    (command,) = re.findall(r"ExecStart=(.*)", unit.read_text())
    program, role, *flags = command.split()
    example = Path(__file__).resolve().parents[2] / f"realnet/daemon/examples/{role}.toml"
    flags[flags.index("--config") + 1] = str(example)
    subprocess.run([program, role, *flags, "--check"], check=True, timeout=30)
