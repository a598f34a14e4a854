"""Reads the source tree for the rules: files, their code without comments, their includes."""

import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_SOURCE = {"build", "install", "results", "__pycache__"}
TEXT = {
    ".h",
    ".cc",
    ".py",
    ".pyi",
    ".cmake",
    ".in",
    ".md",
    ".txt",
    ".toml",
    ".json",
    ".ipynb",
    ".scene",
    "",
}


@dataclass(frozen=True)
class File:
    """One file of the tree: its path from the root, with `/`, and its text."""

    path: str
    text: str

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self):
        return Path(self.path).suffix

    @property
    def room(self):
        """`model/wire` for a room's file, `model` for the base words, else the top folder."""
        parts = self.path.split("/")
        if len(parts) == 1:
            return ""
        return "/".join(parts[:2]) if parts[0] in ("model", "sim") and len(parts) > 2 else parts[0]

    @property
    def is_cpp(self):
        return self.suffix in (".h", ".cc")

    @property
    def is_python(self):
        return self.suffix in (".py", ".pyi")

    @property
    def lines(self):
        return self.text.split("\n")

    @functools.cached_property
    def code(self):
        """C++ without comments and literals, line for line."""
        return blank_out(self.text)

    @property
    def includes(self):
        """(line number, `"` or `<`, what) of each include."""
        for number, line in enumerate(self.lines, 1):
            found = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if found:
                yield number, found[1], found[2]


LITERAL_OR_COMMENT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def blank_out(text):
    """Replaces comments and literals by blanks, keeping every line break; includes stay."""

    def blanks(found):
        return re.sub(r"[^\n]", " ", found[0])

    lines = text.split("\n")
    kept = {i: line for i, line in enumerate(lines) if re.match(r"\s*#\s*include", line)}
    blanked = LITERAL_OR_COMMENT.sub(blanks, text).split("\n")
    return "\n".join(kept.get(i, line) for i, line in enumerate(blanked))


@functools.cache
def files():
    """Every text file of the tree, sorted by path."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            n for n in folders if n not in NOT_SOURCE and (n == ".ci" or n[0] != ".")
        )
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in TEXT and not path.is_symlink() and "corpus" not in path.parts:
                text = path.read_bytes().decode("utf-8", errors="replace")
                found.append(File(path.relative_to(ROOT).as_posix(), text))
    return tuple(found)
