"""A client, a balancer and three web servers in namespaces of their own, and a shell on the client.

    ./dev lab                                   # a shell; leave it, and all is gone
    ./dev lab 'curl -s http://$VIP/'            # one command
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import private  # noqa: E402

BUILD = Path(os.environ.get("POISE_BUILD", HERE.parents[1] / "build/fast"))
WORDS = """
  curl http://$VIP/            an answer by one of the backends; also http://[$VIP6]/
  poisectl backends            what the balancer says; also status, flows, drain web1, resume web1
  on web1 ip addr              a command on another host: lb, web1, web2, web3
  on lb tail -f $LOG_lb        its log; $LOG_web1 is an agent's
  on web1 kill -9 $PID_web1    what do the clients see?
"""


def tools(folder, service):
    """Commands and variables for the shell."""
    from daemons import VIP4, VIP6

    on = folder / "on"
    on.write_text('#!/bin/sh\nhost=$1; shift\nexec ip netns exec "$host" "$@"\n')
    on.chmod(0o755)
    daemons = {**service.balancers, **service.agents}
    path = [folder, BUILD / "realnet/control", BUILD / "realnet/daemon", os.environ["PATH"]]
    return {
        **os.environ,
        "PATH": ":".join(map(str, path)),
        "VIP": VIP4,
        "VIP6": VIP6,
        "PS1": "client# ",
        **{f"LOG_{name}": str(daemon.log) for name, daemon in daemons.items()},
        **{f"PID_{name}": str(daemon.process.pid) for name, daemon in daemons.items()},
    }


def main():
    private.enter(__file__)
    private.prepare()
    from network import Network
    from service import Service

    with tempfile.TemporaryDirectory(prefix="poise-") as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        network = Network(folder)
        socket = {"socket": "/run/poise/balancer.sock"}
        service = Service(network, BUILD, backends=("web1", "web2", "web3"))
        service.configure(balancer={"operator": socket}).start()
        environment = tools(folder, service)
        command = ["ip", "netns", "exec", "client", "bash", "--noprofile", "--norc"]
        if len(sys.argv) > 1:
            command += ["-c", " ".join(sys.argv[1:])]
        else:
            hosts = ", ".join(f"{host.name} {host.v4}" for host in network.hosts.values())
            print(f"{hosts}; the VIP is {environment['VIP']}\n{WORDS}")
        status = subprocess.run(command, env=environment, check=False).returncode
        network.end()
    sys.exit(status)


if __name__ == "__main__":
    main()
