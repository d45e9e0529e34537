"""Regenerates the Python code of the wire contract: `python -m protos.generate`; `--check` fails when it is stale."""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py")


def generate(output: Path) -> None:
    """Writes the generated code of every proto file below `output`. Raises RuntimeError when protoc refuses."""
    from grpc_tools import protoc  # noqa: PLC0415 - a tool of the developer, absent at run time

    sources = sorted(path.relative_to(_ROOT).as_posix() for path in (_ROOT / "protos/biometrics").rglob("*.proto"))
    arguments = [
        "protoc",
        f"-I{_ROOT}",
        # The well-known types of google/protobuf, which come with every protoc.
        f"-I{files('grpc_tools') / '_proto'}",
        f"--python_out={output}",
        f"--pyi_out={output}",
        f"--grpc_python_out={output}",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError("protoc refused the proto files; its message is above")


def _is_generated(path: Path) -> bool:
    return path.name.endswith(_SUFFIXES)


def _generated_texts(root: Path) -> dict[str, str]:
    """Generated files below `root`/protos by relative path."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((root / "protos").rglob("*.py*"))
        if _is_generated(path)
    }


def stale_files() -> list[str]:
    """Relative paths whose committed code differs from what the proto files give."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = _generated_texts(Path(folder))
    committed = _generated_texts(_ROOT)
    return sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the committed code is stale")
    if not parser.parse_args().check:
        generate(_ROOT)
        return 0
    stale = stale_files()
    for name in stale:
        print(f"stale: {name} - run: python -m protos.generate", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
