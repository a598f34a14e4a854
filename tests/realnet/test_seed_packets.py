"""What broke Caplance on its packets, as laws that hold here."""

import errno
import json
import re
import socket
import struct
import threading
import time

import pytest
from crowd import Connection
from daemons import VIP4, VIP6, vip_tables
from network import wait_until
from service import Service

UDP_PORT = 9000
SO_RCVBUFFORCE = 33
ECHO_V6 = bytes([128, 0, 0, 0, 0, 1, 0, 1])  # the kernel sums ICMPv6
DATA = (socket.AF_INET, socket.SOCK_DGRAM)


@pytest.fixture
def mixed(network, build):
    """One backend behind a TCP and a UDP service; `inbox` is the UDP server's socket."""
    vips = vip_tables() + vip_tables(UDP_PORT, ("udp",))
    service = Service(network, build, backends=("web1",))
    service.configure(balancer={"vips": vips}, agent={"vips": vips}).start()
    service.inbox = inbox(service)
    service.sender = service.client.socket(*DATA)
    service.sender.connect((VIP4, UDP_PORT))
    return service


def inbox(service, vip=VIP4):
    wait_until(lambda: vip in service.network.host("web1").run("ip", "addr").stdout, "the VIP")
    made = service.network.host("web1").socket(*DATA)
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    made.settimeout(5)
    made.bind((vip, UDP_PORT))
    return made


def test_large_datagrams_never_wedge_the_queue(mixed):
    for _ in range(200):
        mixed.sender.send(b"x" * 5000)  # four fragments, each on its own
    mixed.sender.send(b"y" * 60_000)
    for _ in range(200):
        assert mixed.inbox.recv(65536) == b"x" * 5000
    assert mixed.inbox.recv(65536) == b"y" * 60_000
    assert mixed.get() == "web1"
    assert mixed.balancers["lb"].ask("counters")["queue_waiting"] == 0


def test_back_to_back_packets_all_arrive_in_order(mixed):
    for start in range(0, 20_000, 2000):
        for number in range(start, start + 2000):
            mixed.sender.send(struct.pack("!I", number))
        got = [struct.unpack("!I", mixed.inbox.recv(100))[0] for _ in range(2000)]
        assert got == list(range(start, start + 2000))


@pytest.mark.parametrize("vip", [VIP4, VIP6])
def test_full_segments_fit_the_tunnel_both_ways(service, vip):
    lb = service.network.host("lb")

    def fragments():
        text = lb.run("cat", "/proc/net/snmp").stdout.splitlines()
        names, values = (line.split() for line in text if line.startswith("Ip:"))
        return int(dict(zip(names, values))["FragCreates"])

    before = fragments()
    assert len(service.get("10000000", vip)) == 10_000_000
    big = service.network.folder / "upload"
    big.write_bytes(b"u" * 3_000_000)
    service.get("", vip, 20, "-X", "POST", "--data-binary", f"@{big}", "-o", "/dev/null")
    assert fragments() == before
    assert service.balancers["lb"].ask("counters")["drop_too_big"] == 0
    assert sum(agent.ask("counters")["mss_clamped"] for agent in service.agents.values()) > 0


@pytest.mark.parametrize("vip, header", [(VIP4, 28), (VIP6, 48)])
def test_a_datagram_that_does_not_fit_is_answered_with_what_fits(mixed, vip, header):
    is_v6 = ":" in vip
    receiver = inbox_v6(mixed) if is_v6 else mixed.inbox
    sender = mixed.client.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    level = socket.IPPROTO_IPV6 if is_v6 else socket.IPPROTO_IP
    sender.setsockopt(level, 23 if is_v6 else 10, 2)  # MTU_DISCOVER: do
    sender.connect((vip, UDP_PORT))

    def mtu():
        return sender.getsockopt(level, 24 if is_v6 else 14)  # IP_MTU

    assert mtu() == 1500
    sender.send(b"x" * (1500 - header))
    wait_until(lambda: mtu() < 1500, "the sender is told")
    assert sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.EMSGSIZE
    sender.send(b"y" * (mtu() - header))
    assert receiver.recv(2000) == b"y" * (mtu() - header)


def inbox_v6(service):
    wait_until(lambda: VIP6 in service.network.host("web1").run("ip", "addr").stdout, "the VIP")
    made = service.network.host("web1").socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.settimeout(5)
    made.bind((VIP6, UDP_PORT))
    return made


def test_an_icmp_error_about_an_answer_reaches_its_backend(service):
    """A router on the way back has a smaller link: it tells the VIP, which is the balancer's."""
    connection = Connection(service.client)
    name = connection.ask()
    web = service.network.host(name)
    forged = service.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    source, destination = socket.inet_aton(VIP4), socket.inet_aton(service.client.v4)
    quote = struct.pack("!BBHHHBBH", 0x45, 0, 1500, 1, 0x4000, 60, 6, 0) + source + destination
    quote += struct.pack("!HHI", 80, connection.port, 1) + bytes(12)
    body = struct.pack("!BBHHH", 3, 4, 0, 0, 1280) + quote
    total = sum(struct.unpack(f"!{len(body) // 2}H", body))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    forged.sendto(body[:2] + struct.pack("!H", checksum) + body[4:], (VIP4, 0))
    wait_until(
        lambda: service.balancers["lb"].ask("counters")["icmp_forwarded"] == 1, "it is forwarded"
    )
    seen = "/proc/net/snmp"
    text = [line.split() for line in web.run("cat", seen).stdout.splitlines() if "Icmp:" in line]
    assert int(dict(zip(*text[:2]))["InDestUnreachs"]) == 1
    assert connection.ask("100000") == (name * 100_000)[:100_000]


def test_the_balancer_answers_echo_for_the_vip(service):
    def answered_by(vip, family, protocol, request, answer):
        client = service.client.socket(family, socket.SOCK_RAW, protocol)
        client.settimeout(5)
        client.connect((vip, 0))
        client.send(bytes([request, 0]) + b"\xf7\xff" + bytes(4) if request == 8 else ECHO_V6)
        header = 20 if family == socket.AF_INET else 0
        while client.recv(2000)[header] != answer:
            pass

    answered_by(VIP4, socket.AF_INET, socket.IPPROTO_ICMP, 8, 0)
    answered_by(VIP6, socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129)


def test_only_the_balancer_answers_for_the_vip(service):
    device = service.network.host("lb").run("ip", "-j", "link", "show", "eth0").stdout
    address = json.loads(device)[0]["address"]
    for vip in (VIP4, VIP6):
        for _ in range(5):
            service.client.run("ip", "neigh", "flush", "dev", "eth0")
            service.get(vip=vip)
            shown = service.client.run("ip", "neigh", "show", vip).stdout
            assert re.search(rf"lladdr {address}", shown), shown


def test_a_restart_leaves_one_set_of_rules(service):
    lb = service.balancers["lb"]

    def rules():
        tables = [lb.host.run(command).stdout for command in ("iptables-save", "ip6tables-save")]
        return [line for text in tables for line in text.splitlines() if line.startswith("-")]

    before = rules()
    for _ in range(3):
        lb.kill()
        lb.start()
    assert rules() == before


def test_packets_are_not_lost_while_membership_changes(mixed):
    """Registration and the packet path share no unguarded state: one thread hammers each."""
    done = threading.Event()

    def change():
        while not done.is_set():
            for order in ("drain", "resume"):
                mixed.balancers["lb"].ctl(order, "web1", check=False)

    mixed.sender.send(b"first")  # a flow of a backend that drains stays
    assert mixed.inbox.recv(10) == b"first"
    thread = threading.Thread(target=change)
    thread.start()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        for _ in range(100):
            mixed.sender.send(b"again")
        for _ in range(100):
            assert mixed.inbox.recv(10) == b"again"
    done.set()
    thread.join()
