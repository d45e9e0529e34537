"""Which baseline a machine is compared with: ratios differ between instruction sets, not between clock rates."""

import platform
from pathlib import Path

CLASSES = (
    # name, flags of Linux's /proc/cpuinfo that it needs; the first that fits
    ("x86-64-avx512-vnni", {"avx512f", "avx512bw", "avx512vl", "avx512_vnni"}),
    ("x86-64-avx512", {"avx512f", "avx512bw", "avx512vl"}),
    ("x86-64-avx2", {"avx2", "fma"}),
)


def processor_class(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """For example "x86-64-avx2"; the machine's architecture where nothing more is known."""
    machine = platform.machine().lower() or "unknown"
    if machine not in ("x86_64", "amd64"):
        return machine
    try:
        lines = [line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("flags")]
    except OSError:
        return "x86-64"
    flags = set(lines[0].partition(":")[2].split()) if lines else set()
    return next((name for name, needed in CLASSES if needed <= flags), "x86-64")
