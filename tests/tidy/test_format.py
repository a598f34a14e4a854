"""Checks that every C++ file is as clang-format would write it."""

import subprocess

from tree import ROOT, files


def complaints(paths):
    """What clang-format would change, as it says it."""
    command = ["clang-format", "--dry-run", "--Werror", *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stderr


def test_every_file_is_formatted():
    assert complaints([file.path for file in files() if file.is_cpp]) == "", "run ./dev format"


def test_a_file_that_is_not_formatted_is_caught(tmp_path):
    (tmp_path / ".clang-format").write_text((ROOT / ".clang-format").read_text())
    (tmp_path / "bad.cc").write_text("int  f( ){return 1 ;}\n")
    assert "bad.cc" in complaints([str(tmp_path / "bad.cc")])
