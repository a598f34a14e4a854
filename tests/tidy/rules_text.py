"""Rules about what may stand in a file: names, lengths, purpose, forgotten notes, machine paths."""

import ast
import re

from rule import rule
from tree import ROOT

INSTEAD = {
    "Manager": "the thing it manages (a set, a table, a pool)",
    "Util": "the room that the function belongs to",
    "Utils": "the room that the function belongs to",
    "Impl": "what tells it from the interface",
    "Info": "what it says (state, facts, record)",
    "Helper": "what it does (only an ns-3 helper is one)",
}
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
TEST_TABLE_LINES_MAX = 100  # a test may hold a table of cases
COLUMNS_MAX = 100
OWN_MACROS = r"POISE_CHECK|TOML_\w+|EIGEN_\w+|BOOST_\w+"


def words(name):
    """The words of a PascalCase, snake_case or mixed name, each with a capital."""
    return [
        w.capitalize() for w in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", name)
    ]


def names_given(file):
    """(line number, name) of what a file names itself: types, functions, variables, namespaces."""
    if file.is_cpp:
        given = re.compile(
            r"\b(?:class|struct|enum(?:\s+class)?|namespace|concept|using|union)\s+(\w+)"
            r"|\b[\w>&*]+[\s&*]+(\w+)\s*(?:\(|=|;|\{)"
        )
        for number, line in enumerate(file.code.split("\n"), 1):
            for found in given.finditer(line):
                yield number, found[1] or found[2]
    elif file.is_python:
        for node in ast.walk(ast.parse(file.text)):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                yield node.lineno, node.name


@rule(
    catches=[
        ("model/flow/a.h", "class FlowManager {\n"),
        ("model/string_utils.cc", "// Text that is cut into words.\n"),
        ("model/flow/a.h", "int flow_info = 3;\n"),
        ("experiments/a/run.py", "def print_helper():\n    pass\n"),
    ]
)
def names_say_what_a_thing_is(file):
    """No Manager, Util, Impl, Info, Helper (but an ns-3 helper)."""
    if not (file.is_cpp or file.is_python):
        return
    stem = file.name.rsplit(".", 1)[0]
    for number, name in [(1, stem), *names_given(file)]:
        for word in words(name):
            if word in INSTEAD and not (word == "Helper" and file.room == "sim/ns3"):
                yield number, f"`{name}`: instead of {word}, say {INSTEAD[word]}"


@rule(
    catches=[
        ("model/A.h", "// A name in the wrong case here.\n"),
        ("model/a.cpp", ""),
        ("model/a.hpp", ""),
    ]
)
def files_are_snake_case(file):
    """C++ is .h and .cc; files are snake_case."""
    if file.suffix in (".cpp", ".hpp", ".cxx", ".c"):
        yield 1, "C++ files end in .h and .cc"
    if (file.is_cpp or file.is_python) and not re.fullmatch(r"[a-z0-9_]+\.\w+", file.name):
        yield 1, "file names are snake_case"


@rule(
    catches=[
        ("model/a.h", "#pragma once\n"),
        ("model/a.cc", "// short\n"),
        ("a/b.py", "import sys\n"),
    ]
)
def the_first_line_says_what_the_file_is(file):
    """The first line of every .h, .cc and .py says in one sentence what the file is."""
    if not (file.is_cpp or file.is_python):
        return
    line = file.lines[0]
    if line.startswith("#!"):
        line = file.lines[1]
    found = re.match(r'(?:// |# |r?""")(.*)', line)
    if not found or len(found[1].split()) < 4:
        yield 1, "the first line says in one sentence what the file is"


@rule(catches=[("model/a.cc", "// One file that grew over the years.\n" + "int x;\n" * 400)])
def files_stay_short(file):
    """A file has at most 400 lines; aim at 250."""
    if (file.is_cpp or file.is_python) and len(file.lines) > FILE_LINES_MAX + 1:
        yield len(file.lines), f"{len(file.lines) - 1} lines; split at {FILE_LINES_MAX}"


def cpp_functions(code):
    """(first line, last line, head) of each function: a brace after `(...)`, outside a body."""
    code = re.sub(r"^\s*#.*$", "", code, flags=re.MULTILINE)
    depth_inside, scopes, head_start, line, opened = 0, [], 0, 1, 0
    for at, sign in enumerate(code):
        line += sign == "\n"
        if depth_inside:
            depth_inside += (sign == "{") - (sign == "}")
            if depth_inside == 0:
                yield opened, line, " ".join(head.split())
                head_start = at + 1
        elif sign == "{":
            head = code[head_start:at]
            is_scope = re.search(r"\b(namespace|class|struct|union|enum|extern)\b", head)
            if "(" in head and not re.match(
                r"\s*(class|struct|union|enum|namespace)\b", head.split("(")[0]
            ):
                depth_inside, opened = 1, line - head.lstrip().count("\n")
            else:
                scopes.append(bool(is_scope))
                head_start = at + 1
        elif sign == "}" and scopes:
            scopes.pop()
            head_start = at + 1
        elif sign == ";":
            head_start = at + 1


@rule(
    catches=[
        (
            "model/a.cc",
            "namespace a {\nint f(int x) {\n" + "  x += 1;\n" * 60 + "  return x;\n}\n}\n",
        ),
        ("a/b.py", "def f(x):\n" + "    x += 1\n" * 60 + "    return x\n"),
    ]
)
def functions_stay_short(file):
    """A function has at most 60 lines."""
    if file.is_cpp:
        found = cpp_functions(file.code)
    elif file.is_python:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        nodes = [n for n in ast.walk(ast.parse(file.text)) if isinstance(n, kinds)]
        found = [(n.lineno, n.end_lineno, n.name) for n in nodes]
    else:
        return
    most = TEST_TABLE_LINES_MAX if file.path.startswith("tests/") else FUNCTION_LINES_MAX
    for first, last, head in found:
        if last - first + 1 > most:
            yield first, f"{last - first + 1} lines, at most {most}: {head[:60]}"


FORGOTTEN = re.compile(
    r"\b(" + "|".join(["FIX" + "ME", "XX" + "X", "HA" + "CK", "TO" + "DO"]) + r")\b"
)


@rule(catches=[("model/a.cc", "int x;  // TO" + "DO: bound it\n")])
def nothing_is_forgotten(file):
    """No note of unfinished work is left in the tree."""
    for number, line in enumerate(file.lines, 1):
        if FORGOTTEN.search(line):
            yield number, f"forgotten: {FORGOTTEN.search(line)[0]}"


MACHINE_PATH = re.compile(r"(?<![\w.}/*])/(?:wo" + "rk|ro" + "ot|ho" + "me)/")


@rule(catches=[("README.md", "see /wo" + "rk/a\n"), ("a/b.py", 'open("/ro' + 'ot/x")\n')])
def no_path_of_one_machine(file):
    """No path that exists on one machine only."""
    for number, line in enumerate(file.lines, 1):
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine"


@rule(catches=[("model/a.cc", "int x = " + "1 + " * 30 + "1;\n")])
def lines_fit_100_columns(file):
    """Code and comments fit 100 columns; an address of the web may stand out."""
    if not (file.is_cpp or file.is_python):
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > COLUMNS_MAX and "http" not in line:
            yield number, f"{len(line)} columns"


@rule(catches=[("model/a.h", "#define MAX(a, b) 1\n")])
def there_is_one_macro(file):
    """POISE_CHECK is the one macro; what configures a library's header is not ours."""
    if not file.is_cpp:
        return
    for number, line in enumerate(file.code.split("\n"), 1):
        found = re.match(r"\s*#\s*define\s+(\w+)", line)
        if found and not re.fullmatch(OWN_MACROS, found[1]):
            yield number, f"#define {found[1]}: a constexpr, a template or a function instead"


@rule(catches=[("README.md", "see [there](nowhere/README.md)\n")])
def links_lead_somewhere(file):
    """A link of a page to a file of the tree names one that exists."""
    if file.suffix != ".md":
        return
    folder = (ROOT / file.path).parent
    for number, line in enumerate(file.lines, 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if not re.match(r"\w+:|#", target) and not (folder / target.split("#")[0]).exists():
                yield number, f"{target} does not exist"


@rule(catches=[("model/flow/placeholder.cc", "")])
def every_room_is_furnished(file):
    """No placeholder stands where a room's first source belongs."""
    if file.name == "placeholder.cc":
        yield 1, "a room with a placeholder is not built"


def folders_that_need_a_page():
    """Every room, experiment and top folder, once it holds its first source."""
    found = {
        path.parent
        for path in ROOT.glob("*/**/CMakeLists.txt")
        if "poise_room(" in path.read_text() and "build" not in path.parts
    }
    found |= {path.parent for path in ROOT.glob("experiments/*/plan.toml")}
    found |= {ROOT / top for top in ("model", "sim", "realnet", "bindings", "tests", "notebooks")}
    return sorted(f for f in found if f.is_dir() and not (f / "placeholder.cc").exists())


def folders_without_a_page():
    """Rooms without the one page that says what they may do."""
    return [
        f.relative_to(ROOT).as_posix()
        for f in folders_that_need_a_page()
        if not (f / "README.md").exists()
    ]
