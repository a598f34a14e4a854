"""The golden metrics, read by Prometheus's own parser."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

TEXT = (Path(__file__).resolve().parents[1] / "tables/metrics.txt").read_text()
FAMILIES = {family.name: family for family in text_string_to_metric_families(TEXT)}


def sample(name, **labels):
    """The one value of a sample."""
    found = [
        s.value
        for family in FAMILIES.values()
        for s in family.samples
        if s.name == name and s.labels == labels
    ]
    (value,) = found
    return value


def test_every_family_has_its_type_and_help():
    assert len(FAMILIES) > 40
    for family in FAMILIES.values():
        assert family.type in ("counter", "gauge"), family.name
        assert family.documentation, family.name
        assert family.samples, family.name


def test_the_parser_finds_what_was_written():
    assert sample("poise_balancer_drops_total", reason="malformed") == 5
    assert sample("poise_balancer_backend_state", backend="web1", state="registering") == 1
    assert sample("poise_balancer_backend_state", backend="web1", state="active") == 0
    assert sample("poise_agent_state", balancer="10.0.0.1", state="unregistered") == 1


def test_escapes_come_back_as_they_went():
    assert sample("poise_test_escapes", label='q" \\ and\na break') == 0.5
    assert FAMILIES["poise_test_escapes"].documentation == "A \\ and\na break."
    assert sample("poise_test_infinite") == float("inf")


def test_no_sample_stands_twice():
    samples = [
        (s.name, tuple(sorted(s.labels.items()))) for f in FAMILIES.values() for s in f.samples
    ]
    assert len(samples) == len(set(samples))
