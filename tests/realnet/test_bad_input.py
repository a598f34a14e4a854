"""Nonsense from the network, and hosts that are not as a daemon wants them."""

import os
import random
import socket
import struct
import subprocess

import pytest
from crowd import Crowd
from daemons import VIP4, VIP6, balancer, vip_tables
from network import wait_until
from service import Service

GUE_PORT = 6080
UDP_PORT = 9000
RAW = (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def header(protocol, source, destination, payload, fragment=0x4000, number=1):
    """An IPv4 datagram."""
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    words = [0x4500, 20 + len(payload), number, fragment, 64 << 8 | protocol]
    total = sum(words) + sum(struct.unpack("!4H", addresses))
    total = (total & 0xFFFF) + (total >> 16)
    words.append(~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    return struct.pack("!6H", *words) + addresses + payload


def udp(payload, port=UDP_PORT):
    return struct.pack("!HHHH", 5000, port, 8 + len(payload), 0) + payload


def test_random_bytes_break_nothing(service):
    crowd = Crowd(service, downloads=0)
    dice = random.Random(7)
    raw = service.client.socket(*RAW)
    lb, web = service.network.host("lb"), service.network.host("web1")
    for _ in range(3000):
        junk = dice.randbytes(dice.randrange(0, 1400))
        protocol = dice.choice((6, 17, 1, 4, 41, 47, 0, 255))
        target = dice.choice((VIP4, web.v4, lb.v4))
        source = dice.choice((service.client.v4, lb.v4, "127.0.0.1", "0.0.0.0"))
        if dice.random() < 0.5:  # further in: a whole header in front
            port = dice.choice((80, GUE_PORT, 1337, 1338))
            junk = struct.pack("!HHHH", 5000, port, 8 + len(junk), 0) + junk
        fragment = dice.choice((0, 0x4000, 0x2000, 0x2001, 0x1FFF))
        raw.sendto(header(protocol, source, target, junk, fragment), (target, 0))
    crowd.ends()
    assert service.is_whole()
    for daemon in [*service.balancers.values(), *service.agents.values()]:
        assert daemon.ask("counters")["queue_waiting"] == 0


def test_a_forged_tunnel_is_not_opened(service):
    web = service.network.host("web1")
    inner = header(17, "1.2.3.4", VIP4, udp(b"forged"))
    raw = service.client.socket(*RAW)
    gue = b"\x00\x04\x00\x00" + inner
    before = service.agents["web1"].ask("counters")

    def dropped(reason):
        return service.agents["web1"].ask("counters")[reason] - before[reason]

    raw.sendto(header(17, service.client.v4, web.v4, udp(gue, GUE_PORT)), (web.v4, 0))
    wait_until(lambda: dropped("drop_stranger") == 1, "a stranger's tunnel is refused")
    lb = service.network.host("lb").socket(*RAW)
    stray = b"\x00\x04\x00\x00" + header(17, "1.2.3.4", web.v4, udp(b"not for a VIP"))
    lb.sendto(header(17, "10.9.0.11", web.v4, udp(stray, GUE_PORT)), (web.v4, 0))
    wait_until(lambda: dropped("drop_not_vip") == 1, "what is for no VIP is refused")
    for length in (0, 1, 3, 5, 20):
        lb.sendto(header(17, "10.9.0.11", web.v4, udp(gue[:length], GUE_PORT)), (web.v4, 0))
    wait_until(lambda: dropped("drop_malformed") >= 4, "a truncated one is refused")
    assert service.get() in service.agents


@pytest.fixture
def datagrams(network, build):
    """One backend behind a UDP service, with an inbox."""
    vips = vip_tables() + vip_tables(UDP_PORT, ("udp",))
    service = Service(network, build, backends=("web1",))
    service.configure(balancer={"vips": vips}, agent={"vips": vips})
    return service


def inbox(service):
    host = service.network.host("web1")
    wait_until(lambda: VIP4 in host.run("ip", "addr").stdout, "the VIP")
    made = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(5)
    made.bind((VIP4, UDP_PORT))
    return made


def test_fragments_follow_their_first_and_orphans_are_counted(datagrams):
    server = inbox(datagrams.start())
    raw = datagrams.client.socket(*RAW)
    whole = udp(bytes(range(256)) * 8)
    pieces = [(0x2000, whole[:800]), (0x2000 | 100, whole[800:1600]), (200, whole[1600:])]

    def send(order, number):
        for index in order:
            fragment, piece = pieces[index]
            bytes_ = header(17, datagrams.client.v4, VIP4, piece, fragment, number)
            raw.sendto(bytes_, (VIP4, 0))

    send((0, 1, 2), 7)
    assert server.recv(4000) == whole[8:]
    send((0, 2, 1), 8)
    assert server.recv(4000) == whole[8:]
    send((2, 1), 9)  # it is not held back for a first that may never come
    wait_until(
        lambda: datagrams.balancers["lb"].ask("counters")["drop_fragment_orphan"] == 2, "orphans"
    )


def test_jumbo_packets_go_through_where_the_path_takes_them(datagrams):
    datagrams.start()
    for name in datagrams.network.hosts:
        for command in (f"link set {name} mtu 9000", f"-n {name} link set eth0 mtu 9000"):
            subprocess.run(["ip", *command.split()], check=True)
    for daemon in [*datagrams.agents.values(), *datagrams.balancers.values()]:
        daemon.kill()
        daemon.change(service={"mtu": 9000})
    for daemon in [*datagrams.balancers.values(), *datagrams.agents.values()]:
        daemon.start()
    datagrams.settle()
    server = inbox(datagrams)
    client = datagrams.client.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(200):
        client.sendto(b"j" * 8900, (VIP4, UDP_PORT))
        assert server.recv(10_000) == b"j" * 8900
    assert len(datagrams.get("10000000", VIP6)) == 10_000_000


def test_a_queue_of_one_under_flood_loses_packets_and_nothing_else(datagrams):
    datagrams.balancers["lb"].change(packets={"queue_length": 1})
    datagrams.start()
    client = datagrams.client.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((VIP4, UDP_PORT))
    for _ in range(20_000):
        try:
            client.send(b"flood")
        except ConnectionRefusedError:  # nobody listens there: the backend says so
            pass
    counters = datagrams.balancers["lb"].ask("counters")
    assert counters["queue_waiting"] == 0
    assert counters["queue_dropped_full"] > 0
    assert datagrams.is_whole()
    assert len(datagrams.get("100000", VIP4, 30)) == 100_000


def test_a_full_disk_stops_no_packet(service):
    lb = service.balancers["lb"]
    disk = service.network.folder / "disk"
    disk.mkdir()
    lb.kill()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        lb.change(
            top={"record": str(disk / "record")}, log={"to": f"file:{disk}/log", "fold_s": 0.1}
        ).start()
        wait_until(service.is_whole, "all are back")
        for _ in range(3):
            assert len(service.get("10000000")) == 10_000_000
        with open(disk / "filler", "ab", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        crowd = Crowd(service)
        lb.ctl("drain", "web1")
        lb.ctl("resume", "web1")
        crowd.ends()
        os.remove(disk / "filler")
        assert lb.stop() == 0
        assert "POISE" not in lb.host.run("iptables-save").stdout
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def refused(daemon, *words):
    """It ends with status 1 and says these words; its host is as it was."""
    before = daemon.host.run("iptables-save").stdout.count("POISE")
    assert daemon.launch().wait(30) == 1
    text = daemon.log.read_text()
    assert all(word in text for word in words), text
    assert daemon.host.run("iptables-save").stdout.count("POISE") == before


def test_what_cannot_begin_says_why_and_leaves_nothing(network, build, tmp_path):
    host = network.host("lb")

    def lb(number, **changes):
        made = balancer(build, host)
        top = {"name": f"lb{number}", **changes.pop("top", {})}
        return made.change(top=top, **changes)

    taken = host.socket()
    taken.bind((host.v4, 1338))
    taken.listen()
    refused(lb(1), "10.9.0.10", "Address already in use")
    taken.close()
    refused(lb(2, top={"interface": "eth9"}), "eth9")
    refused(lb(3, top={"address": "10.9.9.9"}), "10.9.9.9")
    refused(lb(4, state={"folder": "/proc/nowhere"}), "/proc/nowhere")
    refused(lb(5, operator={"socket": f"{tmp_path}/no/such/ctl.sock"}), "no/such")
    refused(lb(6, log={"to": f"file:{tmp_path}/no/such/log"}), "no/such")
    refused(lb(7, control={"plain": False, "psk_file": f"{tmp_path}/none"}), "none")

    first = lb(8).start()
    second = balancer(build, host).change(top={"name": "lb9"}, packets={"first_queue": 300})
    refused(second, "Address already in use")
    assert first.ask("status")["host_in_order"]
