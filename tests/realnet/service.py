"""A service on a test's network: a client, balancers, and backends with a web server each."""

import daemons
from network import wait_until

WEB_SERVER = """
daemon off; user root; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000; client_body_temp_path {folder};
  proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 80; listen [::]:80; root {folder};
    location /slow/ {{ alias {folder}/; limit_rate 4m; }}
  }}
}}
"""


class Service:
    """`balancers`, `agents`: the daemons by host; `web(NAME)`: a backend's host."""

    def __init__(self, network, build, balancers=("lb",), backends=("web1", "web2")):
        self.network, self.build = network, build
        self.client = network.host("client")
        self.balancers = dict.fromkeys(balancers)
        self.agents = dict.fromkeys(backends)
        self.configure({}, {})

    def configure(self, balancer=None, agent=None):
        """Other settings for the daemons of a role: {section: {key: value}}; while none runs."""
        hosts = [self.network.host(name) for name in self.balancers]
        if balancer is not None:
            for host in hosts:
                self.balancers[host.name] = daemons.balancer(self.build, host, **balancer)
        if agent is not None:
            for name in self.agents:
                self.agents[name] = daemons.agent(
                    self.build, self.network.host(name), hosts, **agent
                )
            self.agent_settings = agent
        return self

    def settle(self):
        """Waits until every balancer has every backend."""
        wait_until(self.is_whole, "every balancer has every backend active")
        return self

    def start(self):
        for daemon in self.balancers.values():
            daemon.start()
        for name, daemon in self.agents.items():
            self.serve_web(name)
            daemon.launch()
        for daemon in self.agents.values():
            daemon.await_answer()
        return self.settle()

    def add_backend(self, name, settles=True):
        """One more, started; it is active afterwards, unless that is not waited for."""
        hosts = [daemon.host for daemon in self.balancers.values()]
        host = self.network.host(name)
        self.agents[name] = daemons.agent(self.build, host, hosts, **self.agent_settings)
        self.serve_web(name)
        self.agents[name].start()
        if settles:
            self.settle()
        return self.agents[name]

    def serve_web(self, name):
        """nginx: / is its host's name, /SIZE so many bytes, /slow/SIZE the same, slowly."""
        host = self.network.host(name)
        folder = self.network.folder / f"{name}-web"
        folder.mkdir()
        (folder / "index.html").write_text(name)
        for size in (1000, 10_000, 100_000, 10_000_000):
            (folder / str(size)).write_bytes((name.encode() * size)[:size])
        (folder / "nginx.conf").write_text(WEB_SERVER.format(folder=folder))
        folder.chmod(0o755)
        host.popen("nginx", "-c", folder / "nginx.conf", "-p", folder)
        page = ("curl", "-sf", "http://127.0.0.1/")
        wait_until(lambda: host.run(*page, check=False).stdout, "nginx answers")

    def states(self, balancer="lb"):
        """{backend: state} as the balancer says."""
        return {b["name"]: b["state"] for b in self.balancers[balancer].ask("backends")}

    def is_whole(self):
        return all(
            self.states(name) == dict.fromkeys(self.agents, "active") for name in self.balancers
        )

    def get(self, path="", vip=daemons.VIP4, timeout_s=10, *options):
        """What curl got from the client's host; an AssertionError that says why not."""
        url = f"http://[{vip}]/{path}" if ":" in vip else f"http://{vip}/{path}"
        done = self.client.run("curl", "-sS", "-m", timeout_s, *options, url, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
