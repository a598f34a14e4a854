"""The privileges that the units leave are enough: a balancer and an agent live with them."""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

BUILD = Path(os.environ["POISE_BUILD"]) / "realnet/daemon"
DROP_IN = Path(__file__).resolve().parents[2] / "realnet/daemon/systemd/xdp.conf"
WAIT_S = 20
SETTINGS = {
    "balancer": ["--address", "10.0.0.1"],
    "agent": ["--address", "10.0.0.11", "--balancers", "10.0.0.1"],
}
WAYS = ([], ["--packets.from", "xdp"])
TUN = ["--packets.from", "xdp", "--packets.emit", "tun"]
COMMON = ["--vip", '[{ address = "10.0.0.50", port = 80 }]', "--control.plain", "true"]


def capabilities(role, way):
    """Those that the unit names, and its drop-in for XDP, as setpriv takes them."""
    unit = (BUILD / f"systemd/poise-{role}.service").read_text()
    unit += DROP_IN.read_text() if "xdp" in way else ""
    names = " ".join(re.findall(r"^CapabilityBoundingSet=(.+)$", unit, re.MULTILINE))
    return [name.removeprefix("CAP_").lower() for name in names.split()]


@pytest.fixture
def folder():
    """A short path: a Unix socket's name has little room."""
    path = tempfile.mkdtemp(prefix="poise")
    yield Path(path)
    shutil.rmtree(path)


class Ear:
    """What a process says on standard error."""

    def __init__(self, pipe):
        self.pipe, self.text = pipe, ""

    def wait_for(self, words):
        """Reads until the words were said; AssertionError when the process ends before."""
        end = time.monotonic() + WAIT_S
        while words not in self.text:
            ready, _, _ = select.select([self.pipe], [], [], max(0, end - time.monotonic()))
            more = os.read(self.pipe.fileno(), 65536) if ready else b""
            assert more, f"no {words!r} in: {self.text}"
            self.text += more.decode()


@pytest.mark.parametrize(
    "role, way", [*((role, way) for role in SETTINGS for way in WAYS), ("agent", TUN)]
)
def test_a_role_lives_with_the_capabilities_of_its_unit(role, way, folder):
    left = capabilities(role, way)
    bounds = ",".join(["-all", *(f"+{name}" for name in left)])
    address = SETTINGS[role][1]
    prepare = (
        "ip link set lo up && ip link add eth0 type veth peer name far && ip link set far up && "
        f'ip link set eth0 up && ip address add {address}/24 dev eth0 && exec "$@"'
    )
    command = [
        "unshare", "--net", "sh", "-c", prepare, "poised",
        "setpriv", "--bounding-set", bounds, "--inh-caps", "-all", "--no-new-privs",
        BUILD / "poised", role, *SETTINGS[role], *COMMON, *way,
        "--state.folder", folder, "--operator.socket", folder / "socket",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    ear = Ear(process.stderr)
    try:
        ear.wait_for(" info ready ")
        status = Path(f"/proc/{process.pid}/status").read_text()
        effective = int(re.search(r"CapEff:\s*(\w+)", status)[1], 16)
        assert bin(effective).count("1") == len(left), status
        process.send_signal(signal.SIGTERM)
        ear.wait_for(" info stopped ")
        assert process.wait(WAIT_S) == 0, ear.text
        assert " error " not in ear.text
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
