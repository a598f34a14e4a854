"""Writes poise/_build.py: version, compiler, and a hash of the source that determines results."""
import argparse
import hashlib
import pathlib


def source_hash(source: pathlib.Path) -> str:
    """SHA-256 over the names and bytes of every C++ file of model/ and sim/, in order of name."""
    digest = hashlib.sha256()
    files = [
        file
        for room in ("model", "sim")
        for suffix in ("*.cc", "*.h")
        for file in (source / room).rglob(suffix)
    ]
    for file in sorted(files):
        text = file.read_bytes()
        digest.update(f"{file.relative_to(source)} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()[:32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--build-type", required=True)
    parser.add_argument("--worlds", required=True, help="name=version, separated by commas")
    args = parser.parse_args()
    worlds = dict(word.split("=", 1) for word in args.worlds.split(",") if word)
    text = (
        '"""What this build of Poise is. Written by the build."""\n'
        "from typing import Dict\n\n"
        f"VERSION: str = {args.version!r}\n"
        f"COMPILER: str = {args.compiler!r}\n"
        f"BUILD_TYPE: str = {args.build_type!r}\n"
        f"SOURCE_HASH: str = {source_hash(args.source)!r}\n"
        f"WORLDS: Dict[str, str] = {worlds!r}\n"
    )
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(text)


if __name__ == "__main__":
    main()
