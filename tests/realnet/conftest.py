"""What the tests of the Linux world stand on: a network of their own, gone with the run."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import private  # noqa: E402
from network import Network  # noqa: E402
from service import Service  # noqa: E402


def pytest_configure(config):
    private.enter()
    private.prepare()


@pytest.fixture(scope="session")
def build():
    """The build's folder, with the daemons."""
    return Path(os.environ.get("POISE_BUILD", HERE.parents[1] / "build/fast"))


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.end()


@pytest.fixture
def service(network, build):
    """A client, a balancer and two web servers, all up; what it registers keeps its defaults."""
    return Service(network, build).start()
