"""Rules about the model's purity, by its text: no clock, thread, entropy or mode flag."""

import re

from rule import rule

TIME = "asks for the time: `now` is an argument"
ENTROPY = "randomness comes in by value as a seeded Rng"
MODE = "what differs between worlds is an argument or an event"
EDGE = "files and environment belong to the edge"
BANNED = {
    r"_clock\s*::\s*now|\bclock_gettime\b|\bgettimeofday\b": TIME,
    r"\btime\s*\(\s*(0|NULL|nullptr)\s*\)": TIME,
    r"\bstd\s*::\s*(j?thread|mutex|async|atomic|condition_variable)\b": "threads are a world's",
    r"\bstd\s*::\s*(random_device|mt19937(_64)?|default_random_engine)\b": ENTROPY,
    r"\bstd\s*::\s*(\w+_distribution|shuffle)\b": ENTROPY,
    r"\bs?rand\s*\(": ENTROPY,
    r"\b(std\s*::\s*)?(shared_ptr|weak_ptr|make_shared)\b": "whoever allocated it owns it",
    r"\bthread_local\b": "no globals in the model",
    r"\b(std\s*::\s*)?(getenv|system|fopen|ifstream|ofstream)\s*[({]?": EDGE,
    r"\b(is_)?(testing|simulated|simulating|in_test|test_mode|is_test)\b": MODE,
    r"\bstd\s*::\s*hash\b": "differs between libraries: Digest or siphash24",
}
BASES = (
    r"(policy\s*::\s*)?Policy|(tcp\s*::\s*)?(Application|Stream)"
    r"|std\s*::\s*\w+|boost\s*::\s*\w+"
)


@rule(
    catches=[
        ("model/a.cc", "auto t = std::chrono::steady_clock::now();\n"),
        ("model/a.cc", "std::thread t;\n"),
        ("model/a.cc", "std::mt19937 r;\n"),
        ("model/a.cc", "int x = rand();\n"),
        ("model/a.h", "std::shared_ptr<int> p;\n"),
        ("model/a.cc", "if (config.testing) {}\n"),
        ("model/a.cc", "std::hash<int> h;\n"),
        ("model/a.cc", 'getenv("X");\n'),
        ("model/a.cc", "thread_local int x;\n"),
    ]
)
def the_model_touches_nothing(file):
    """A machine cannot reach a clock, a thread, entropy or a file, and has no mode for tests."""
    if not (file.is_cpp and file.path.startswith("model/")):
        return
    for number, line in enumerate(file.code.split("\n"), 1):
        for pattern, reason in BANNED.items():
            found = re.search(pattern, line)
            if found:
                yield number, f"`{found[0].strip()}`: {reason}"


@rule(catches=[("model/a.h", "class A : public B {\n")])
def inheritance_is_for_policies(file):
    """In the model only policies, applications and their streams inherit (and exceptions)."""
    if not (file.is_cpp and file.path.startswith("model/")):
        return
    for number, line in enumerate(file.code.split("\n"), 1):
        found = re.search(
            r"\b(?:class|struct)\s+\w+(?:\s+final)?\s*:(?!:)\s*"
            r"(?:public\s+|private\s+)?([\w:\s]+)",
            line,
        )
        if found and not re.fullmatch(BASES, found[1].strip()):
            yield number, f"inherits from {found[1].strip()}: values and functions instead"
