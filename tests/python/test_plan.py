"""Laws of plans: immutable values, one schema, one clear line for every mistake."""
import pickle

import numpy as np
import poise
import pytest
from conftest import PLAN, SOURCE
from poise.plan import toml_value

PLANS = sorted(SOURCE.glob("experiments/*/plan*.toml"))


def test_a_plan_reads_its_own_toml_back(plan):
    again = poise.Plan.parse(plan.to_toml())
    assert again == plan and hash(again) == hash(plan) and again.to_toml() == plan.to_toml()


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_every_experiments_plan_reads_its_own_toml_back(path):
    plan = poise.Plan.load(path)
    assert poise.Plan.parse(plan.to_toml()) == plan


def test_there_are_plans_to_read():
    assert PLANS


def test_a_saved_plan_loads_equal(plan, tmp_path):
    path = plan.save(tmp_path / "plan.toml")
    loaded = poise.Plan.load(path)
    assert loaded == plan and loaded.path == path


def test_a_plan_survives_pickling_with_its_custom_policies(plan):
    custom = plan.set("policy.kind", "mine", custom_policies=["mine"])
    again = pickle.loads(pickle.dumps(custom))
    assert again == custom and again.custom_policies == ("mine",)


def test_keys_are_attributes_with_their_units(plan):
    assert plan.duration_s == 3 and plan.policy.kind == "maglev" and plan.policy["tracking"] is True
    assert plan.fault[0].target == "backend2" and plan.topology.clients == 4
    assert "kind" in dir(plan.policy) and dict(plan.policy)["kind"] == "maglev"


def test_set_gives_a_changed_copy_and_leaves_the_plan_alone(plan):
    changed = plan.set("policy.kind", "ring")
    assert changed.policy.kind == "ring" and plan.policy.kind == "maglev" and changed != plan


def test_replace_takes_changes_in_any_order(plan):
    fault = [{"at_s": 1, "do": "crash", "target": "backend9"}]
    changed = plan.replace(fault=fault, **{"topology.backends": 9})
    assert changed.fault[0].target == "backend9" and changed.topology.backends == 9


def test_replace_names_what_no_order_can_mend(plan):
    with pytest.raises(poise.PlanError, match="backend77"):
        plan.replace(seed=2, fault=[{"at_s": 1, "do": "crash", "target": "backend77"}])


@pytest.mark.parametrize("change", ["policy", "seed"])
def test_a_plan_does_not_change(plan, change):
    with pytest.raises(AttributeError, match="does not change"):
        setattr(plan, change, 1)
    with pytest.raises(AttributeError, match="does not change"):
        plan.policy.kind = "ring"


def test_an_unknown_key_names_those_there_are(plan):
    with pytest.raises(AttributeError, match="knd.*kind, table_size"):
        plan.policy.knd
    with pytest.raises(AttributeError, match="polcy"):
        plan.polcy
    assert not hasattr(plan, "nothing")


def test_a_variant_is_a_plan_of_its_own(plan):
    assert list(plan.variants) == ["maglev", "hash mod N, stateless"]
    stateless = plan.variants["hash mod N, stateless"]
    assert stateless.policy.kind == "hash_mod_n" and not stateless.policy.tracking
    with pytest.raises(poise.PlanError, match="hash mod N"):
        plan.variant("nothing")


BROKEN = {
    "a misspelt word": ('kind = "maglev"', 'kind = "magelv"', r"small.toml:\d+: .*magelv.*maglev"),
    "an unknown key": ("clients = 4", "client = 4", r"small.toml:\d+: .*client"),
    "a wrong type": ("clients = 4", 'clients = "four"', r"small.toml:\d+: .*clients"),
    "out of bounds": ("clients = 4", "clients = -4", r"small.toml:\d+: .*clients"),
    "nobody of that name": ('"backend2"', '"backend77"', r"small.toml:\d+: .*backend77"),
    "no verb of that name": ('"crash"', '"crahs"', r"small.toml:\d+: .*crahs.*crash"),
    "no policy of a variant": ('"hash_mod_n"', '"hash"', r"small.toml.*hash.*hash_mod_n"),
    "no TOML": ("[topology]", "[topology", r"small.toml:\d+"),
}


@pytest.mark.parametrize("old,new,line", BROKEN.values(), ids=BROKEN)
def test_a_broken_plan_gives_one_clear_line(old, new, line):
    text = PLAN + '\n[policy]\nkind = "maglev"\n'
    assert old in text
    with pytest.raises(poise.PlanError, match=line) as raised:
        poise.Plan.parse(text.replace(old, new), name="small.toml")
    assert "\n" not in str(raised.value) and raised.value.problems[0] == str(raised.value)


def test_a_missing_file_is_a_plan_error(tmp_path):
    with pytest.raises(poise.PlanError, match="nothing.toml: No such file"):
        poise.Plan.load(tmp_path / "nothing.toml")


def test_values_become_toml():
    assert (
        toml_value({"a": [1, 2.5, True], "b": 'say "hi"\n'})
        == r'{a = [1, 2.5, true], b = "say \"hi\"\n"}'
    )
    assert toml_value(np.float64(0.5)) == "0.5" and toml_value(np.int64(3)) == "3"
    with pytest.raises(TypeError):
        toml_value(object())


def test_the_schedule_hangs_on_the_seed_alone(plan):
    ring = plan.set("policy.kind", "ring")
    assert plan.schedule().equals(ring.schedule())
    assert not plan.schedule().equals(plan.set("seed", 8).schedule())
    starts = plan.schedule()["start_ns"].to_numpy()
    assert starts.dtype == np.int64 and (np.diff(starts) >= 0).all() and starts[0] >= 500_000_000


def test_a_lasting_fault_has_its_end_among_the_events(plan):
    lasting = plan.set("fault.0.lasts_s", 0.5)
    assert list(lasting.events["kind"]) == ["crash", "restart"]
    assert list(lasting.events["at_ns"]) == [1_500_000_000, 2_000_000_000]


def test_the_graph_knows_what_cuts_it_off(plan):
    graph = plan.graph
    assert graph.clients_served() == 4
    cuts = graph.cut_sets(2)
    assert cuts and all(graph.clients_served(without=cut) == 0 for cut in cuts)
    balancers = tuple(graph.nodes["name"][graph.nodes["kind"] == "balancer"])
    assert balancers in cuts or any(len(cut) == 1 for cut in cuts)
    with pytest.raises(KeyError, match="nobody"):
        graph.next_hops("nobody", target="client1")


def test_the_schema_names_every_key_of_the_policy(plan):
    assert all(f"`{key}`" in poise.schema() for key in plan.policy)
