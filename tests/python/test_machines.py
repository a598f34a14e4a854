"""Laws of the model's parts in Python's hands: datagrams, keys, backends, the two machines."""
import poise
import pytest
from poise import Verdict, wire
from test_policy import introduce

SYN = {
    "source": "10.1.0.1",
    "source_port": 4000,
    "destination": "10.255.0.1",
    "destination_port": 80,
}
VIPS = [("10.255.0.1", 80, "tcp")]


def pair(**options):
    balancer = poise.Balancer(address="10.2.0.1", vips=VIPS, **options)
    agent = poise.Agent(name="web", address="10.3.0.1", balancers=["10.2.0.1"], vips=VIPS)
    return balancer, agent, introduce(balancer, agent)


def test_a_datagram_reads_as_it_was_built():
    packet = wire.build_tcp(**SYN, flags="SE", mss=1460)
    datagram = wire.parse(packet)
    assert str(datagram.source) == "10.1.0.1" and datagram.destination_port == 80
    assert datagram.flags == "SE" and datagram.protocol == 6 and datagram.total_size == len(packet)
    assert wire.describe(packet).startswith("IP 10.1.0.1.4000 > 10.255.0.1.80: Flags [SE]")


def test_nonsense_is_refused_with_its_reason():
    with pytest.raises(ValueError, match=r"malformed \(empty\), 0 bytes"):
        wire.parse(b"")
    with pytest.raises(ValueError, match=r"malformed \(version\)"):
        wire.parse(b"\xff" * 40)
    assert wire.describe(b"\xff" * 40).startswith("malformed")


@pytest.mark.parametrize("kind", ["caplance", "gre", "gue", "ipip"])
@pytest.mark.parametrize("ends", [("10.2.0.1", "10.3.0.1"), ("2001:db8::1", "2001:db8::2")])
def test_what_goes_into_a_tunnel_comes_out_of_it(kind, ends):
    packet = wire.build_udp(**SYN, payload=b"hello")
    outer = wire.encapsulate(packet, kind=kind, source=ends[0], destination=ends[1], entropy=5555)
    assert len(outer) > len(packet) and str(wire.parse(outer).source) == ends[0]
    assert wire.decapsulate(outer, kind=kind) == packet
    with pytest.raises(ValueError, match=f"not a {kind} tunnel"):
        wire.decapsulate(packet, kind=kind)


def test_addresses_are_values():
    one, two = poise.Address("10.0.0.1"), poise.Address("2001:db8::1")
    assert one == poise.Address("10.0.0.1") != two and len({one, poise.Address("10.0.0.1")}) == 1
    assert one.version == 4 and two.version == 6 and one.packed == bytes([10, 0, 0, 1])
    with pytest.raises(ValueError, match="'10.0.0.999' is not an IPv4 or IPv6 address"):
        poise.Address("10.0.0.999")


def test_a_hash_hangs_on_the_fields_it_was_asked_to_take():
    here, there = poise.FlowKey(**SYN), poise.FlowKey(**{**SYN, "source_port": 4001})
    assert poise.key_of(wire.parse(wire.build_tcp(**SYN))) == here
    assert poise.FlowHasher("5")(here) != poise.FlowHasher("5")(there)
    assert poise.FlowHasher("3")(here) == poise.FlowHasher("3")(there)
    assert poise.FlowHasher(seed=1)(here) != poise.FlowHasher(seed=2)(here)


def test_randomness_repeats_and_its_streams_differ():
    assert (poise.Rng(3).next(5) == poise.Rng(3).next(5)).all()
    assert (poise.Rng(3).next(5) != poise.Rng(3, stream=1).next(5)).all()
    assert ((uniform := poise.Rng(3).uniform(1000)) >= 0).all() and (uniform < 1).all()


def test_a_backend_takes_flows_once_it_is_proved():
    backends = poise.BackendSet()
    backends.add("web", address="10.3.0.1")
    assert backends.candidates() == [] and list(backends.table()["state"]) == ["registering"]
    assert backends.apply("web", sign="proved") == "active" and backends.candidates() == ["web"]
    assert backends.apply("web", sign="drain") == "draining" and backends.candidates() == []
    with pytest.raises(ValueError, match="there is a backend web already"):
        backends.add("web", address="10.3.0.2")
    with pytest.raises(ValueError, match="allowed: proved, pause"):
        backends.apply("web", sign="shout")


def test_a_packet_goes_through_balancer_and_agent_and_stays_itself():
    balancer, agent, now = pair()
    syn = wire.build_tcp(**SYN)
    verdict, tunnelled = balancer.on_packet(now, packet=syn)
    assert verdict == Verdict.FORWARD and balancer.decision == ("web", "chosen")
    assert str(wire.parse(tunnelled).destination) == "10.3.0.1"
    verdict, inner = agent.on_packet(now, packet=tunnelled)
    assert verdict == Verdict.FORWARD and wire.parse(inner).flags == "S"
    assert poise.key_of(wire.parse(inner)) == poise.key_of(wire.parse(syn))
    ack = wire.build_tcp(**SYN, flags=".")
    assert balancer.on_packet(now, packet=ack)[0] == Verdict.FORWARD
    assert balancer.decision == ("web", "tracked") and balancer.flow_count == 1


def test_what_is_not_for_a_vip_passes_unchanged():
    balancer, _, now = pair()
    other = wire.build_udp(**{**SYN, "destination": "10.9.9.9"})
    assert balancer.on_packet(now, packet=other) == (Verdict.PASS, other)
    assert balancer.counters["passed"] == 1


def test_a_drained_backend_gets_no_new_flow():
    balancer, agent, now = pair()
    assert agent.state(0) == "active"
    assert balancer.on_command(now, kind="drain", backend="web") == "done"
    assert balancer.on_packet(now, packet=wire.build_tcp(**SYN))[0] == Verdict.DROP
    assert balancer.counters["drop_no_backend"] == 1
    assert balancer.on_command(now, kind="drain", backend="nobody") == "unknown"
    with pytest.raises(ValueError, match="allowed: drain, pause, resume, deregister"):
        balancer.on_command(now, kind="explode", backend="web")


def test_equal_events_give_equal_digests():
    one, two = pair(seed=3), pair(seed=3)
    assert one[0].digest == two[0].digest and one[1].digest == two[1].digest
    one[0].on_packet(one[2], packet=wire.build_tcp(**SYN))
    assert one[0].digest != two[0].digest


def test_silence_is_noticed_when_the_machine_asked_to_be_woken():
    balancer, _, now = pair(timeout_s=0.5)
    wake = balancer.drain().wake_at_s
    while wake is not None and balancer.backends()["state"][0] == "active":
        assert now <= wake < now + 1
        now = wake
        balancer.on_timer(now)
        wake = balancer.drain().wake_at_s
    assert balancer.backends()["state"][0] == "down" and now == pytest.approx(0.5, abs=0.1)


def test_times_must_be_numbers():
    with pytest.raises(ValueError, match="now_s is nan"):
        pair()[0].on_timer(float("nan"))
