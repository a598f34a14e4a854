"""Checks what the model's libraries ask of the system: `nm -u` against a list of what is pure."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from tree import ROOT

# Memory, text, arithmetic, and the end of a broken run. No clock, socket, thread, entropy or file.
C = r"""mem(chr|cmp|cpy|move|set)|str(cmp|len|ncmp|chr)|__(mem|str)\w+_chk|abort|__stack_chk_fail
    |fprintf|stderr|snprintf|__snprintf_chk|__fprintf_chk|fputc|fwrite|strtod|strtoll?
    |__errno_location
    |malloc|free|calloc|realloc|bcmp
    |(log|log2|log10|log1p|exp|exp2|expm1|pow|sqrt|cbrt|floor|ceil|round|l?lround|trunc|rint)[fl]?
    |(nearbyint|fmod|lgamma|tgamma|erf|erfc|sin|cos|tan|atan|ldexp|frexp|modf)[fl]?
    |(nextafter|hypot|fma)[fl]?
    |__\w+[td]i[0-9]|_GLOBAL_OFFSET_TABLE_|__dso_handle
    |__cxa_\w+|__dynamic_cast|__gxx_personality_v0|_Unwind_Resume
    |__assert_fail|__popcountdi2|XXH\w+"""
STANDARD_LIBRARY = (
    r"(typeinfo|vtable|VTT|guard variable|construction vtable) for .*|(operator (new|delete).*)"
)
IMPURE_CPP = r"""std::(chrono|filesystem|random_device|thread|mutex|condition_variable)
    |std::(__future|this_thread)
    |std::_?_?(basic_)?(i|o)?f(stream|ilebuf)|std::(ios_base::Init|cout|cerr|clog|cin|locale)\b"""
# What a third-party header inlines into a room, and why it does no harm.
EXTRA = {
    # Text streams on strings, where toml++ formats an error and where a table is written.
    # (It counts references to its texts, hence a look at whether there are threads.)
    "scenario": r"std::locale::.*|std::ios_base::Init::.*|std::basic_ios<.*>::imbue\(.*"
    r"|__libc_single_threaded",
    # Text streams again, in Boost.Math's errors, and the functions that it is made of.
    "analysis": r"std::locale::.*|std::ios_base::Init::.*|(acos|asin|sincos)l|vsnprintf",
}


def libraries():
    """The rooms of the model that are compiled: `poise_room(NAME` beside a source."""
    for path in sorted((ROOT / "model").glob("**/CMakeLists.txt")):
        if any(path.parent.glob("*.cc")):
            yield from re.findall(r"^poise_room\((\w+)", path.read_text(), re.MULTILINE)


LIBRARIES = list(libraries())


def squeeze(pattern):
    return re.sub(r"\s+", "", pattern)


def symbols(library, *flags):
    """Demangled (kind, name) of what `nm` lists."""
    listing = subprocess.run(
        ["nm", "-C", *flags, library], check=True, capture_output=True, text=True
    )
    found = re.findall(r"^[0-9a-f ]{17}([A-Za-z]) (.*)$", listing.stdout, re.MULTILINE)
    return {name for _, name in found}


def complaints(room, undefined):
    """The symbols that are neither Poise's, nor pure C, nor the pure part of the C++ library."""
    extra = EXTRA.get(room, r"(?!)")
    bad = []
    for name in sorted(undefined):
        pure_cpp = "std::" in name or "__gnu_cxx::" in name or re.fullmatch(STANDARD_LIBRARY, name)
        impure = re.search(squeeze(IMPURE_CPP), name) and not re.search(
            squeeze("std::chrono::duration"), name
        )
        known = re.fullmatch(squeeze(C), name) or name.startswith("poise::") or "poise::" in name
        if re.fullmatch(extra, name) or (known and not impure) or (pure_cpp and not impure):
            continue
        bad.append(name)
    return bad


@pytest.fixture(scope="module")
def build():
    return Path(os.environ.get("POISE_BUILD", ROOT / "build" / "fast"))


@pytest.mark.parametrize("room", LIBRARIES)
def test_the_library_asks_only_for_what_is_pure(build, room):
    (library,) = build.glob(f"model/**/libpoise_{room}.a")
    assert symbols(library, "--defined-only"), "an empty library proves nothing"
    assert not complaints(room, symbols(library, "-u"))


def test_every_library_of_the_model_is_checked(build):
    built = {path.stem.removeprefix("libpoise_") for path in build.glob("model/**/libpoise_*.a")}
    assert built == set(LIBRARIES)


@pytest.mark.parametrize(
    "line",
    [
        "#include <chrono>\nauto f() { return std::chrono::system_clock::now(); }",
        "#include <ctime>\nlong f() { return time(nullptr); }",
        "#include <cstdlib>\nint f() { return rand(); }",
        "#include <random>\nunsigned f() { return std::random_device{}(); }",
        "#include <thread>\nvoid f() { std::thread([] {}).detach(); }",
        '#include <fstream>\nvoid f() { std::ofstream("x") << 1; }',
        "#include <sys/socket.h>\nint f() { return socket(1, 1, 0); }",
        '#include <cstdlib>\nchar* f() { return getenv("X"); }',
        "#include <iostream>\nvoid f() { std::cout << 1; }",
    ],
)
def test_an_impure_library_is_caught(tmp_path, line):
    (tmp_path / "bad.cc").write_text(line)
    subprocess.run(["g++", "-std=c++20", "-O1", "-c", "bad.cc"], cwd=tmp_path, check=True)
    assert complaints("wire", symbols(tmp_path / "bad.o", "-u"))
