"""Laws of the package as a whole: its stubs, its words, its notebooks, a missing build."""
import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import poise
import pytest
from conftest import PLAN, SOURCE
from notebook import execute
from poise import _poise

BUILD = Path(poise.__file__).parents[2]
STUB = ast.parse((SOURCE / "bindings/poise/_poise.pyi").read_text())


def parameters_of(function):
    """{name: keyword-only} of the first signature in a pybind11 docstring."""
    text = re.match(r"\w+\((.*)\) -> ", function.__doc__.replace("\n1. ", "")).group(1)
    text = re.sub(r"<[^<>]*>", "...", text)
    text = re.sub(r"\[[^\[\]]*\]|\([^()]*\)", "", re.sub(r"\[[^\[\]]*\]", "", text))
    found, keyword = {}, False
    for part in text.split(", "):
        name = part.split(":")[0].strip()
        keyword = keyword or name == "*"
        if re.fullmatch(r"[a-z_]\w*", name) and name != "self" and not name.startswith("arg"):
            found[name] = keyword
    return found


def parameters_in_stub(node):
    plain = {argument.arg: False for argument in node.args.args if argument.arg != "self"}
    return {**plain, **{argument.arg: True for argument in node.args.kwonlyargs}}


FUNCTIONS = [
    (f"{owner.__name__}.{node.name}", getattr(owner, node.name), node)
    for owner, body in [(_poise, STUB.body)]
    + [(getattr(_poise, c.name), c.body) for c in STUB.body if isinstance(c, ast.ClassDef)]
    for node in body
    if isinstance(node, ast.FunctionDef)
    and not node.name.startswith("__")
    and not any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)
]


def test_the_stub_names_everything_that_is_there_and_nothing_else():
    there = {name for name in vars(_poise) if not name.startswith("_")}
    assert there == {n.name for n in STUB.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    for node in STUB.body:
        if isinstance(node, ast.ClassDef) and node.name != "Verdict":
            public = {n for n in vars(getattr(_poise, node.name)) if not n.startswith("_")}
            assert public == {n.name for n in node.body if not n.name.startswith("_")}, node.name


@pytest.mark.parametrize("name,function,node", FUNCTIONS, ids=[f[0] for f in FUNCTIONS])
def test_the_stub_has_the_parameters_of(name, function, node):
    assert parameters_of(function) == parameters_in_stub(node)


PUBLIC = [getattr(poise, name) for name in poise.__all__ if not name.startswith("_")]


@pytest.mark.parametrize(
    "function", [p for p in PUBLIC if inspect.isfunction(p)], ids=lambda f: f.__name__
)
def test_everything_past_the_first_argument_is_keyword_only(function):
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    kinds = [kind for kind in kinds if kind is not inspect.Parameter.VAR_POSITIONAL]  # names
    positional = 2 if function is poise.sweep else 1  # a sweep is of a plan over a grid
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for kind in kinds[positional:])


def test_everything_public_is_documented():
    assert [thing for thing in PUBLIC if not inspect.getdoc(thing)] == []


def test_mypy_holds_the_package_strictly(tmp_path):
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), "bindings/poise"]
    done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_missing_build_says_how_to_build():
    done = subprocess.run(
        [sys.executable, "-c", "import poise"],
        env={"PYTHONPATH": str(SOURCE / "bindings"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: poise is not built here: run ./dev build"
    )


def test_the_installed_command_finds_its_package(tmp_path):
    install = ["cmake", "--install", BUILD, "--component", "python", "--prefix", tmp_path]
    subprocess.run(install, check=True, capture_output=True)
    command = [tmp_path / "bin" / "poise", "run", "plan.toml", "--out", "there"]
    (tmp_path / "plan.toml").write_text(PLAN)
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert poise.Run.load(tmp_path / "there").plan == poise.Plan.parse(PLAN)


@pytest.mark.parametrize("path", sorted(SOURCE.glob("notebooks/*.ipynb")), ids=lambda p: p.stem)
def test_the_notebook_runs_from_top_to_bottom(path):
    executed = execute(path)
    assert any("image/png" in str(cell.get("outputs")) for cell in executed.cells)


def test_there_are_notebooks():
    assert list(SOURCE.glob("notebooks/*.ipynb"))
