"""Laws of the manual pages and of the completion: both say what the schema says."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
POISED = Path(os.environ["POISE_BUILD"]) / "realnet/daemon/poised"
ROLES = ["balancer", "agent", "echo", "files", "exchange", "witness"]
PAGES = ["poised.8", *(f"poised-{role}.toml.5" for role in ROLES)]


def said(*arguments):
    return subprocess.run(
        [POISED, *arguments], check=True, capture_output=True, text=True, timeout=30
    ).stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_program_says(page):
    path = SOURCE / "realnet/man" / page
    now = said("--manual", page)
    if os.environ.get("POISE_REWRITE"):
        path.write_text(now)
    assert path.read_text() == now, "POISE_REWRITE=1 rewrites it, if that is meant"


def test_no_page_is_forgotten():
    assert sorted(path.name for path in (SOURCE / "realnet/man").glob("poised*")) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_good_to_man(page):
    path = SOURCE / "realnet/man" / page
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True, timeout=30
    )
    complaints = [line for line in done.stdout.splitlines() if "missing date" not in line]
    assert complaints == []


def test_the_example_of_poisectl_waits_for_the_backend_that_it_names():
    page = (SOURCE / "realnet/man/poisectl.8").read_text()
    pattern = re.search("grep -q '(.*)'", page)[1]

    def ends(web1, web2):
        rows = [{"name": "web1", "state": web1}, {"name": "web2", "state": web2}]
        answer = json.dumps({"ok": True, "result": rows}, separators=(",", ":"))
        return subprocess.run(["grep", "-q", pattern], input=answer, text=True).returncode == 0

    assert ends("paused", "active")
    assert not ends("draining", "paused")


@pytest.mark.parametrize("role", ROLES)
def test_a_page_names_every_key_of_its_role(role):
    text = (SOURCE / f"realnet/man/poised-{role}.toml.5").read_text()
    example = SOURCE / f"realnet/daemon/examples/{role}.toml"
    for line in said(role, "--config", str(example), "--print-config").splitlines():
        if " = " in line:
            key = line.split(" = ")[0].replace("-", "\\-")
            assert f"\\fB{key}\\fR\n" in text, key


def completed(*words, shell="bash"):
    """What the shell offers for the last of these words."""
    script = f"""
        eval "$({POISED} --completion {shell})"
        COMP_WORDS=(poised {" ".join(f"'{word}'" for word in words)})
        COMP_CWORD={len(words)}
        _poised
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-uc", script], check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout.split()


def test_the_shell_completes_roles_flags_and_words(tmp_path):
    assert completed("ba") == ["balancer"]
    assert {"balancer", "agent", "--version"} <= set(completed(""))
    assert completed("balancer", "--policy.k") == ["--policy.kind"]
    assert completed("agent", "--policy.k") == []
    assert completed("balancer", "--policy.kind", "ri") == ["ring"]
    assert completed("balancer", "--control.plain", "") == ["true", "false"]
    assert completed("balancer", "--service.mtu", "") == []
    (tmp_path / "one.toml").touch()
    assert completed("agent", "--config", f"{tmp_path}/o") == [f"{tmp_path}/one.toml"]


def test_zsh_offers_the_same(tmp_path):
    script = f"""
        eval "$({POISED} --completion zsh)"
        emulate sh -o ksharrays
        COMP_WORDS=(poised balancer --policy.kind '')
        COMP_CWORD=3
        _poised
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["zsh", "-fc", script],
        env={**os.environ, "HOME": str(tmp_path)},  # where zsh keeps what it found
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.split() == completed("balancer", "--policy.kind", "")
