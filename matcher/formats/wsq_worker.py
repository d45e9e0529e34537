"""Child process of matcher.formats.wsq: WSQ bytes on standard input, header and gray pixels on standard output.

Imports nothing of this project, so that it starts fast and a crash stays here.
"""

import struct
import sys

MAX_OUTPUT_BYTES = 2 << 30


def main() -> int:
    """Decode standard input; exit code 1 when the decoder refuses it."""
    try:
        import resource  # noqa: PLC0415 - POSIX only

        resource.setrlimit(resource.RLIMIT_AS, (MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass
    import _wsq  # type: ignore[import-not-found]  # noqa: PLC0415

    try:
        pixels, width, height, _ = _wsq.decompress(sys.stdin.buffer.read())
    except Exception:  # the extension raises bare exceptions of several types
        return 1
    sys.stdout.buffer.write(struct.pack("<II", width, height) + bytes(pixels))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
