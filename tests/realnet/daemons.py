"""Poise's daemons on the hosts of a test's network."""

import datetime
import json
import signal
import subprocess
from pathlib import Path

from network import wait_until

VIP4, VIP6 = "10.9.0.200", "fd09::c8"
CONTROL = {"plain": True, "timeout_s": 1.0}


def toml(value):
    """A value as TOML; JSON's notation of texts, numbers, truth and lists is TOML's."""
    return json.dumps(value)


def settings(top, sections):
    """A settings file: keys of the top, then {section: {key: value}}."""
    lines = [f"{key} = {toml(value)}" for key, value in top.items()]
    for name, keys in sections.items():
        tables = keys if isinstance(keys, list) else [keys]
        for table in tables:
            lines.append(f"[[{name}]]" if isinstance(keys, list) else f"[{name}]")
            lines += [f"{key} = {toml(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


class Daemon:
    """One `poised ROLE` on a host; `ctl` is its operator's command."""

    def __init__(self, build, host, role, top, sections):
        self.build, self.host, self.role = build, host, role
        self.folder = host.network.folder / f"{host.name}-{role}"
        self.folder.mkdir(exist_ok=True)
        socket = sections.get("operator", {}).get("socket", self.folder / "ctl.sock")
        self.socket = Path(socket)
        self.log = self.folder / "log"
        self.file = self.folder / f"{role}.toml"
        self.top = top
        self.sections = {
            "operator": {"socket": str(self.socket)},
            "state": {"folder": str(self.folder)},
            "log": {"level": "debug"},
            **sections,
        }
        self.change()
        self.process = None

    def change(self, top=None, **sections):
        """Other keys, for its next life."""
        self.top = {**self.top, **(top or {})}
        for name, keys in sections.items():
            self.sections[name] = {**self.sections.get(name, {}), **keys}
        self.file.write_text(settings(self.top, self.sections))
        return self

    def launch(self):
        """Starts it; nice as the unit is."""
        poised = self.build / "realnet/daemon/poised"
        command = ["nice", "-n", "-10", poised, self.role, "--config", self.file]
        with open(self.log, "a") as log:
            self.process = self.host.popen(*command, stdout=log, stderr=log)
        return self.process

    def start(self):
        """Starts it and waits until it answers its operator."""
        self.launch()
        return self.await_answer()

    def await_answer(self):
        wait_until(self.answers, f"{self.host.name}'s {self.role} answers; its log is {self.log}")
        return self

    def answers(self):
        """Whether it is up; fails when it has ended."""
        assert self.process.poll() is None, self.log.read_text()
        return Path(self.socket).exists() and self.ctl("status", check=False).returncode == 0

    def ctl(self, *arguments, check=True):
        command = [self.build / "realnet/control/poisectl", "--socket", self.socket]
        return subprocess.run(
            [*map(str, command), *arguments],
            check=check,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def ask(self, *arguments):
        """The answer's result, as JSON."""
        return json.loads(self.ctl("--json", *arguments).stdout)["result"]

    def said(self, event, *words, since=0.0):
        """When its log says an event with these words, in seconds of the epoch; or None."""
        for line in self.log.read_text().splitlines():
            at, _, kind, *rest = line.split()
            when = datetime.datetime.fromisoformat(at).timestamp()
            if kind == event and set(words) <= set(rest) and when >= since:
                return when
        return None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, patience_s=20):
        """Ends it in good order; gives its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience_s)


def vip_tables(port=80, protocols=("tcp",), addresses=(VIP4, VIP6)):
    return [{"address": a, "protocol": p, "port": port} for a in addresses for p in protocols]


def balancer(build, host, vips=None, top=None, **sections):
    """A balancer on a host, not yet started; sections replace their defaults key by key."""
    sections = {name: dict(keys) for name, keys in sections.items()}
    control = {**CONTROL, **sections.pop("control", {})}
    return Daemon(
        build,
        host,
        "balancer",
        {"name": host.name, "address": host.v4, **(top or {})},
        {"vip": vips or vip_tables(), "control": control, **sections},
    )


def agent(build, host, balancers, vips=None, top=None, **sections):
    """An agent on a host, not yet started."""
    sections = {name: dict(keys) for name, keys in sections.items()}
    control = {"plain": True, "heartbeat_s": 0.1, "timeout_s": 1.0, **sections.pop("control", {})}
    return Daemon(
        build,
        host,
        "agent",
        {
            "name": host.name,
            "address": host.v4,
            "balancers": [b.v4 for b in balancers],
            **(top or {}),
        },
        {"vip": vips or vip_tables(), "control": control, **sections},
    )
