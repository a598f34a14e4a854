"""Executes what can be executed of the style page: every rule over every file of the tree."""

import pytest
import rules_layout
import rules_purity
import rules_text
from rule import RULES
from tree import File, files

NAMES = [check.__name__ for check in RULES]
SAMPLES = [(check, *sample) for check in RULES for sample in check.catches]


@pytest.mark.parametrize("check", RULES, ids=NAMES)
def test_the_tree_keeps(check):
    complaints = [f"{file.path}:{line}: {what}" for file in files() for line, what in check(file)]
    assert not complaints, f"{check.__doc__}\n" + "\n".join(complaints)


@pytest.mark.parametrize(
    "check,path,text", SAMPLES, ids=[f"{s[0].__name__}-{s[1]}" for s in SAMPLES]
)
def test_the_rule_catches(check, path, text):
    assert list(check(File(path, text))), f"{check.__name__} let pass: {path}: {text[:80]}"


def test_the_rules_read_the_tree():
    assert len(files()) > 40 and len(RULES) == len(set(NAMES)) > 10
    assert rules_layout.cmake_rooms()["model/wire"] == {"model/wire", "model"}
    assert rules_purity.BANNED


def test_every_room_has_its_page():
    assert not rules_text.folders_without_a_page()


def test_code_is_seen_without_comments_and_literals():
    code = File("a.cc", "int a;  // rand()\nchar c = '\"'; f(\"rand()\"); int n = 1'000;\n").code
    assert "rand" not in code and "int a;" in code and "int n" in code and code.count("\n") == 2


def test_a_function_is_measured_from_its_head_to_its_last_brace():
    code = "namespace n {\nstruct S {\n  int f() {\n    return 1;\n  }\n};\nvoid g(int x,\n"
    code += "       int y) {\n}\n}\n"
    assert [(a, b) for a, b, _ in rules_text.cpp_functions(code)] == [(3, 5), (7, 9)]
