"""Gives a test run namespaces of its own, so that nothing of it outlives it, whatever ends it.

In a fresh mount, network and process-id namespace the names of `ip netns` are private, and the end
of the first process is the end of all.
"""

import os
import subprocess
import sys

MARK = "POISE_PRIVATE"


def enter(*program):
    """Starts this command line anew inside, of pytest or of another program; in there, returns."""
    if os.environ.get(MARK) == str(os.getpid()) or os.environ.get(MARK) == "inside":
        return
    if os.geteuid() != 0:
        sys.exit("what runs on realnet's test network needs root: it makes network namespaces")
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command += [sys.executable, *(program or ("-m", "pytest")), *sys.argv[1:]]
    os.execvpe("unshare", command, {**os.environ, MARK: "inside"})


def prepare():
    """Private places for what daemons and `ip netns` keep."""
    for folder in ("/run/netns", "/run/poise"):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
