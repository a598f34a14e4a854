"""Rules about where things may stand: room boundaries, headers, READMEs."""

import re

from rule import rule
from tree import ROOT

# model <- {sim, realnet} <- bindings <- tests
MAY_INCLUDE = {
    "model": {"model"},
    "sim": {"model", "sim"},
    "realnet": {"model", "realnet"},
    "bindings": {"model", "sim", "realnet", "bindings"},
    "tests": {"model", "sim", "realnet", "bindings", "tests"},
}

STANDARD = set(
    """algorithm any array atomic barrier bit bitset charconv chrono compare complex concepts
    condition_variable coroutine deque exception execution filesystem forward_list fstream
    functional future initializer_list iomanip ios iosfwd iostream istream iterator latch
    limits list locale map memory memory_resource mutex new numbers numeric optional ostream
    queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span sstream stack stdexcept stop_token streambuf string string_view
    syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version cassert cctype cerrno cfenv cfloat
    cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib
    cstring ctime cuchar cwchar cwctype""".split()
)
# What reaches a clock, a thread, entropy or a file.
IMPURE = set(
    """atomic barrier condition_variable csignal ctime execution filesystem fstream future iostream
    latch mutex random semaphore shared_mutex stop_token syncstream thread""".split()
)
# Third-party and system headers a room may include, as patterns.
GRANTED = {
    "model": [r"xxhash\.h"],
    "model/flow": [r"emmintrin\.h"],
    "model/scenario": [r"boost/.+", r"toml\+\+/.+", r"toml\.hpp"],
    "model/analysis": [r"boost/.+", r"Eigen/.+"],
    "sim/ns3": [r"ns3/.+", r"(sys/)?[a-z_]+\.h", r"xxhash\.h"],
    "sim/flow": [],
    "bindings": [r"pybind11/.+", r"Eigen/.+"],
    "realnet": [r".+"],
    "tests": [r".+"],
}


@rule(
    catches=[
        ("model/wire/a.cc", '#include "sim/ns3/run.h"\n'),
        ("sim/a.h", '#include "bindings/x.h"\n'),
    ]
)
def includes_point_one_way(file):
    """model <- {sim, realnet} <- bindings, and the include line shows it."""
    allowed = MAY_INCLUDE.get(file.path.split("/")[0])
    if not file.is_cpp or allowed is None:
        return
    for number, kind, what in file.includes:
        if kind == '"' and what.split("/")[0] not in allowed:
            yield number, f'{file.room} may not include "{what}": from the root, {sorted(allowed)}'


def cmake_rooms():
    """{room folder: folders it depends on, in any number of steps}, as its CMake target says."""
    direct, folder_of = {}, {"base": "model"}
    for path in sorted(ROOT.glob("model/**/CMakeLists.txt")) + sorted(
        ROOT.glob("sim/**/CMakeLists.txt")
    ):
        for name, rest in re.findall(r"poise_room\((\w+)([^)]*)\)", path.read_text()):
            folder = path.parent.relative_to(ROOT).as_posix()
            folder_of[name] = folder
            depends = re.search(r"DEPENDS((?:\s+[a-z0-9_]+)+)", rest)
            direct[folder] = depends[1].split() if depends else []

    def reach(folder):
        below = {folder}
        for name in direct.get(folder, []):
            below |= reach(folder_of[name])
        return below

    return {folder: reach(folder) for folder in direct}


@rule(catches=[("model/wire/a.cc", '#include "model/balancer/balancer.h"\n')])
def includes_agree_with_the_cmake_target(file):
    """A room includes only from the rooms that its CMake target names under DEPENDS."""
    rooms = cmake_rooms()
    if not file.is_cpp or file.room not in rooms:
        return
    for number, kind, what in file.includes:
        parts = what.split("/")
        other = "/".join(parts[:2]) if len(parts) > 2 else parts[0]
        if kind == '"' and other in rooms and other not in rooms[file.room]:
            yield number, f'"{what}": poise_room({file.room}) does not depend on {other}'


@rule(
    catches=[
        ("model/wire/a.cc", "#include <sys/socket.h>\n"),
        ("model/wire/a.cc", "#include <random>\n"),
        ("model/wire/a.cc", "#include <boost/graph/adjacency_list.hpp>\n"),
        ("bindings/a.cc", "#include <ns3/node.h>\n"),
    ]
)
def headers_are_granted_to_the_room(file):
    """Third-party and system headers only where a room may use them; ns-3 in sim/ns3 alone."""
    if not file.is_cpp or file.path.split("/")[0] not in MAY_INCLUDE:
        return
    granted = GRANTED.get(file.room, GRANTED.get(file.path.split("/")[0], []))
    for number, kind, what in file.includes:
        if kind != "<" or any(re.fullmatch(pattern, what) for pattern in granted):
            continue
        if what not in STANDARD:
            yield number, f"<{what}> is not granted to {file.room}"
        elif file.path.startswith("model/") and what in IMPURE:
            yield number, f"<{what}> reaches out of the model: take the value as an argument"


@rule(catches=[("model/wire/a.h", "// A view over bytes of a packet.\n#include <span>\n")])
def a_header_guards_itself(file):
    """#pragma once is the first directive of every header."""
    if file.suffix != ".h":
        return
    directive = re.search(r"^\s*#.*$", file.code, re.MULTILINE)
    if not directive or directive[0].split() != ["#pragma", "once"]:
        yield 1, "the first directive of a header is `#pragma once`"


@rule(
    catches=[
        (
            "model/random.cc",
            '// What a test shows here.\n#include <cmath>\n#include "model/random.h"\n',
        )
    ]
)
def own_header_comes_first(file):
    """A .cc includes its own header first, so that every header is seen to stand alone."""
    header = file.path[:-3] + ".h"
    if file.suffix != ".cc" or not (ROOT / header).exists():
        return
    first = next(iter(file.includes), None)
    if first is None or first[2] != header:
        yield first[0] if first else 1, f'the first include is "{header}"'


@rule(catches=[("model/wire/a.cc", '#include "nowhere.h"\n')])
def includes_start_at_the_root(file):
    """A quoted include names an existing file, from the root of the tree."""
    if not file.is_cpp or file.path.startswith("tests/install/"):
        return
    for number, kind, what in file.includes:
        if kind == '"' and not (ROOT / what).exists():
            yield number, f'"{what}" does not exist from the root'


@rule(
    catches=[
        ("experiments/a/run.py", "import _poise\n"),
        ("tests/a.py", "from poise import _poise\n"),
    ]
)
def only_the_package_imports_its_core(file):
    """_poise is private to bindings/poise and its tests; everybody else imports poise."""
    if not file.is_python or file.path.startswith(("bindings/", "tests/python/")):
        return
    for number, line in enumerate(file.lines, 1):
        if re.match(r"\s*(import|from)\s.*\b_poise\b", line):
            yield number, "import poise: _poise is private"
