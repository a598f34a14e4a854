"""Laws of policies: the built-in ones over arrays, and those written in Python."""
import numpy as np
import poise
import pytest

HASHES = poise.Rng(1).next(20000)
NAMES = [f"backend{i}" for i in range(8)]


def built(kind, names=NAMES, **options):
    policy = poise.BuiltInPolicy(kind, **options)
    policy.rebuild(names)
    return policy


@pytest.mark.parametrize("kind", poise.policies())
def test_every_policy_chooses_among_its_backends(kind):
    size = 65537 if kind.startswith("maglev") else 0
    policy = built(kind, **({"table_size": size} if size else {}))
    choices = policy.choose(HASHES)
    assert choices.dtype == np.int32 and choices.shape == HASHES.shape
    assert choices.min() >= 0 and choices.max() < len(NAMES)


@pytest.mark.parametrize("kind", poise.policies())
def test_without_backends_there_is_no_choice(kind):
    assert (built(kind, names=[]).choose(HASHES[:100]) == -1).all()


def test_maglev_chooses_what_its_table_says():
    policy = built("maglev")
    slots = (HASHES.astype(object) * 65537) // 2**64  # exact: reduce() of the model
    assert (policy.choose(HASHES) == policy.table[slots.astype(int)]).all()


def test_a_consistent_policy_hangs_on_names_not_on_their_order():
    there = np.array(NAMES)[built("maglev").choose(HASHES)]
    back = np.array(NAMES[::-1])[built("maglev", NAMES[::-1]).choose(HASHES)]
    assert (there == back).all()


def test_weights_count():
    policy = poise.BuiltInPolicy("rendezvous")
    policy.rebuild(["light", "heavy"], weights=[1, 3])
    assert np.bincount(policy.choose(HASHES))[1] / len(HASHES) == pytest.approx(0.75, abs=0.02)


def test_least_connections_looks_at_the_counts():
    policy = built("least_connections", ["a", "b", "c"])
    assert (policy.choose(HASHES[:10], flow_counts=np.array([5, 1, 5], np.uint32)) == 1).all()


@pytest.mark.parametrize(
    "wrong,says",
    [
        (lambda: poise.BuiltInPolicy("magelv"), "magelv.*allowed.*maglev"),
        (lambda: poise.BuiltInPolicy("maglev", table_size=100), "table_size.*100"),
        (lambda: built("maglev", ["a", "a"]), "two backends are called a"),
        (lambda: built("ring").choose(HASHES, flow_counts=np.zeros(3)), "one number a backend"),
    ],
)
def test_what_is_wrong_is_said(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()


def test_only_maglev_has_a_table():
    assert not hasattr(built("ring"), "table")


class HashModN(poise.Policy):
    """The built-in policy of that name, in Python."""

    is_consistent = True

    def choose(self, flow_hash, flow_counts):
        if not self.candidates:
            return None
        return self.candidates[flow_hash % len(self.candidates)].index


class Broken(poise.Policy):
    def choose(self, flow_hash, flow_counts):
        raise LookupError(f"no idea, among {len(self.candidates)}")


class BrokenRebuild(poise.Policy):
    def rebuild(self, candidates):
        raise RuntimeError("cannot rebuild")


class Stranger(poise.Policy):
    def choose(self, flow_hash, flow_counts):
        return 4711


class Unpicklable(poise.Policy):
    def choose(self, flow_hash, flow_counts):
        class Local(Exception):
            pass

        raise Local("from within")


def run_with(plan, policy):
    mine = plan.set("policy.kind", "mine", custom_policies=["mine"])
    return poise.run(mine, policies={"mine": policy})


def outcomes(run):
    return run.flows[["flow", "client", "backend", "outcome", "start_ns", "end_ns", "bytes"]]


def test_a_policy_in_python_decides_as_its_twin_in_the_model(plan):
    twin = poise.run(plan.set("policy.kind", "hash_mod_n"))
    mine = run_with(plan, HashModN)
    assert outcomes(mine).equals(outcomes(twin)) and mine.flows["backend"].nunique() > 1


def test_a_run_with_a_policy_in_python_repeats(plan):
    assert run_with(plan, HashModN).fingerprint == run_with(plan, HashModN).fingerprint


def test_what_a_policy_raises_is_raised_by_the_run_with_where_it_happened(plan):
    with pytest.raises(LookupError, match="no idea, among 3") as raised:
        run_with(plan, Broken)
    assert "in choose" in "".join(raised.value.__notes__)
    with pytest.raises(RuntimeError, match="cannot rebuild"):
        run_with(plan, BrokenRebuild)


def test_what_cannot_be_pickled_is_told_in_words(plan):
    with pytest.raises(poise.PolicyError, match="Local: from within"):
        run_with(plan, Unpicklable)


def test_a_policy_must_choose_among_its_candidates(plan):
    with pytest.raises(ValueError, match=r"Stranger.choose gave 4711; .* \[0, 1, 2\]"):
        run_with(plan, Stranger)


def test_a_plan_with_a_policy_of_ones_own_needs_it(plan):
    mine = plan.set("policy.kind", "mine", custom_policies=["mine"])
    with pytest.raises(poise.PlanError, match="policies="):
        poise.run(mine)
    with pytest.raises(poise.PlanError, match="mine"):
        plan.set("policy.kind", "mine")


def test_a_lone_balancer_raises_what_its_policy_raised():
    vips = [("10.255.0.1", 80, "tcp")]
    balancer = poise.Balancer(address="10.2.0.1", vips=vips, policy=BrokenRebuild())
    agent = poise.Agent(address="10.3.0.1", balancers=["10.2.0.1"], vips=vips, name="backend1")
    with pytest.raises(RuntimeError, match="cannot rebuild"):
        introduce(balancer, agent)


def introduce(balancer, agent):
    """Carries what both say to each other, probes included, until both are quiet."""
    agent.start(0.0)
    now = 0.0
    for _ in range(20):
        for message in (wanted := agent.drain()).messages:
            if message.kind == "open":
                balancer.on_peer(now, peer=1)
                agent.on_peer(now, peer=0)
            elif message.kind == "bytes":
                balancer.on_message(now, peer=1, data=message.bytes)
        actions = balancer.drain()
        for packet in actions.packets:
            agent.on_packet(now, packet=packet)
        for message in actions.messages:
            agent.on_message(now, peer=0, data=message.bytes)
        now += 0.001
        if not (wanted.messages or actions.messages or actions.packets):
            return now
    return now
