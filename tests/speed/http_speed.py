"""HTTP through the VIP with direct return, beside HAProxy in TCP mode and plain routing."""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "realnet"))

import daemons  # noqa: E402
import private  # noqa: E402
from network import Network, wait_until  # noqa: E402

SIZES = {"10 kB": 10_000, "100 kB": 100_000}
ROUND_S = 2
CONNECTIONS, THREADS = 64, 2  # of wrk; nginx and HAProxy have two workers each
CORES = (0, 1)  # of the machine; the devices have a queue for each
PACKETS = {"from": "xdp", "turns": "patient"}  # of both daemons; the figures name it
SHARDS = {**PACKETS, "queues": len(CORES), "spread": "core", "cpus": list(CORES)}  # the balancer's
INWARD = {**PACKETS, "emit": "tun"}  # the agent's

WEB_SERVER = """
daemon off; user root; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=100;
  keepalive_requests 1000000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 80; root {pages}; }}
}}
"""
PROXY = """
global
  maxconn 4096
  nbthread 2
  cpu-map auto:1/1-2 0-1
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
{options}
listen web
  bind {address}:{port}
  server web {web}:80
"""
PROXIES = {"HAProxy": (8080, ""), "HAProxy, splicing": (8081, "  option splice-response\n")}


class Stage:
    """A client on one switch with two pairs of hosts, a balancing one and a web server: Poise's,
    and HAProxy's, for a device from which Poise takes packets is slower for everybody else."""

    def __init__(self, build, folder):
        self.network = Network(folder, queues=len(CORES))
        names = ("client", "lb", "web", "proxy", "plain")
        self.client, lb, web, proxy, plain = (self.network.host(name) for name in names)
        self.settle_kernel()
        self.steer_by_core()
        self.make_pages()
        self.serve_web(web), self.serve_web(plain)
        log = {"log": {"level": "info"}}
        balancer = daemons.balancer(build, lb, packets=SHARDS, **log)
        agent = daemons.agent(build, web, [lb], packets=INWARD, **log)
        balancer.start(), agent.start()
        wait_until(
            lambda: [b["state"] for b in balancer.ask("backends")] == ["active"], "registration"
        )
        poise = [balancer.process.pid, agent.process.pid]
        self.ways = {"plain": (f"{plain.v4}:80", []), "Poise": (f"{daemons.VIP4}:80", poise)}
        for name, (port, options) in PROXIES.items():
            file = folder / f"haproxy-{port}.cfg"
            told = {"options": options, "address": proxy.v4, "port": port, "web": plain.v4}
            file.write_text(PROXY.format(**told))
            pid = proxy.popen("haproxy", "-db", "-f", file).pid
            self.ways[name] = (f"{proxy.v4}:{port}", [pid])
        for address, _ in self.ways.values():
            wait_until(lambda a=address: self.fetch(a), f"{address} answers")

    # A switch does not filter. A paced congestion control would measure its timers.
    def settle_kernel(self):
        bridge = Path("/proc/sys/net/bridge")
        for switch in bridge.glob("bridge-nf-call-*"):
            switch.write_text("0")
        for host in self.network.hosts.values():
            host.run("sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno")

    # As a network card with a queue a core: a packet stays on the core that sent it.
    def steer_by_core(self):
        kernel = self.network.folder / "sys"
        kernel.mkdir()
        subprocess.run(["mount", "-t", "sysfs", "sysfs", kernel], check=True)
        for host in self.network.hosts:
            for queue, core in enumerate(CORES):
                steering = kernel / f"class/net/{host}/queues/tx-{queue}/xps_cpus"
                steering.write_text(f"{1 << core:x}")
        subprocess.run(["umount", kernel], check=True)

    def make_pages(self):
        self.pages = self.network.folder / "pages"
        self.pages.mkdir()
        for size in SIZES.values():
            (self.pages / str(size)).write_bytes(b"x" * size)

    def serve_web(self, host):
        folder = self.network.folder / f"{host.name}-nginx"
        folder.mkdir()
        (folder / "nginx.conf").write_text(WEB_SERVER.format(folder=folder, pages=self.pages))
        host.popen("nginx", "-c", folder / "nginx.conf", "-p", folder)

    def fetch(self, address):
        size = min(SIZES.values())
        got = self.client.run("curl", "-sf", "-m", 2, f"http://{address}/{size}", check=False)
        return len(got.stdout) == size

    def measure(self, way, size):
        """{measure: value} of one round."""
        address, processes = self.ways[way]
        everybody = sorted({pid for _, pids in self.ways.values() for pid in pids} | self.workers())
        before = {pid: processor_s(pid) for pid in everybody}
        wrk = children_s()
        url = f"http://{address}/{size}"
        command = ["wrk", "-t", THREADS, "-c", CONNECTIONS, "-d", f"{ROUND_S}s", "--latency", url]
        said = self.client.run(*command).stdout
        spent = {pid: processor_s(pid) - before[pid] for pid in everybody}
        wrk = children_s() - wrk
        if re.search("Socket errors|Non-2xx", said):
            raise RuntimeError(f"{way}: {said}")
        count = int(re.search(r"(\d+) requests in", said)[1])
        return {
            "requests": float(re.search(r"Requests/sec: *([\d.]+)", said)[1]),
            "processor_us": sum(spent[pid] for pid in processes) / count * 1e6,
            "all_us": (sum(spent.values()) + wrk) / count * 1e6,
        }

    def workers(self):
        """nginx's, by their process ids."""
        names = {int(p.parent.name): p.read_text() for p in Path("/proc").glob("[0-9]*/comm")}
        return {pid for pid, name in names.items() if name == "nginx\n"}


def processor_s(pid):
    """User and system time of a process, with the softirqs that ran on it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/fast"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--out", type=Path, help="where to write all values, as JSON")
    options = parser.parse_args()
    # The daemons are started as their unit says, everybody else as anybody.
    os.setpriority(os.PRIO_PROCESS, 0, 0)
    private.enter(__file__)
    private.prepare()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        stage = Stage(options.build.absolute(), Path(folder))
        found = defaultdict(lambda: defaultdict(list))
        for _ in range(options.repetitions):
            for text, size in SIZES.items():
                for way in stage.ways:
                    measured = stage.measure(way, size)
                    for what, value in measured.items():
                        found[f"{way}, {text}"][what].append(value)
                    if not options.out:
                        numbers = (f"{what} {v:9.1f}" for what, v in measured.items())
                        print(f"{text:>6} {way:18}", *numbers)
        stage.network.end()
    if options.out:
        options.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
