"""A transfer that outlives its server, to be watched: netcat through the VIP, and kill -9.

    ./dev failover              # the demonstration
    ./dev failover --shell      # the same hosts, and a shell on the client
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import private  # noqa: E402

BUILD = Path(os.environ.get("POISE_BUILD", HERE.parents[1] / "build/fast"))
SIZE = 200_000_000
WORDS = """
  nc -N $VIP 9999 < FILE > FILE.received    an echo by one of the two servers, byte for byte
  poisectl --socket $LEFT status            what a server says of itself; also connections, migrate
  kill -9 $PID_LEFT                         and now?
"""


def say(text):
    print(text, flush=True)


def tell(pair, replica):
    status = pair.status(replica)
    words = "protected by its standby" if status["protected"] else "not protected"
    return f"{status['tcp']}, epoch {status['epoch']}, {words}"


def demonstrate(pair, folder):
    from network import wait_until
    from pair import PORT, VIP4

    sent, received = folder / "random.test", folder / "random.received"
    sent.write_bytes(os.urandom(SIZE))
    for replica in pair.replicas:
        say(f"{replica.host.name} ({replica.host.v4}): {tell(pair, replica)}")
    say(f"client# nc -N {VIP4} {PORT} < random.test > random.received    # {SIZE:,} bytes")
    begin = time.monotonic()
    with open(sent, "rb") as source, open(received, "wb") as sink:
        nc = pair.client.popen("nc", "-N", VIP4, PORT, stdin=source, stdout=sink)
        wait_until(lambda: received.stat().st_size > SIZE // 2, "half of it came back")
        died = pair.active
        os.kill(died.process.pid, signal.SIGKILL)
        say(f"{died.host.name}# kill -9 {died.process.pid}    # {received.stat().st_size:,} bytes")
        status = nc.wait(60)
    say(f"nc ended with status {status} after {time.monotonic() - begin:.2f} s")
    other = pair.other(died)
    say(f"{other.host.name} ({other.host.v4}): {tell(pair, other)}")
    same = subprocess.run(["cmp", sent, received], check=False).returncode == 0
    say(f"client# cmp random.test random.received    # {'identical' if same else 'THEY DIFFER'}")
    return 0 if same and status == 0 else 1


def shell(pair, folder):
    from pair import VIP4

    left, right = pair.replicas
    environment = {
        **os.environ,
        "PATH": f"{BUILD / 'realnet/control'}:{os.environ['PATH']}",
        "VIP": VIP4,
        "PS1": "client# ",
        **{name: str(r.socket) for name, r in (("LEFT", left), ("RIGHT", right))},
        **{f"PID_{name}": str(r.process.pid) for name, r in (("LEFT", left), ("RIGHT", right))},
    }
    say(WORDS)
    command = ["ip", "netns", "exec", "client", "bash", "--noprofile", "--norc"]
    return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


def main():
    private.enter(__file__)
    private.prepare()
    from network import Network
    from pair import Pair

    with tempfile.TemporaryDirectory(prefix="poise-") as folder:
        network = Network(Path(folder))
        pair = Pair(network, BUILD, witness=True).start()
        act = shell if "--shell" in sys.argv[1:] else demonstrate
        status = act(pair, Path(folder))
        network.end()
    sys.exit(status)


if __name__ == "__main__":
    main()
