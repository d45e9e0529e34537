"""Which baseline a machine is compared with: ratios differ between instruction sets and families, not clock rates."""

import platform
from pathlib import Path

CLASSES = (
    # name, flags of Linux's /proc/cpuinfo that it needs; the first that fits
    ("x86-64-avx512-vnni", {"avx512f", "avx512bw", "avx512vl", "avx512_vnni"}),
    ("x86-64-avx512", {"avx512f", "avx512bw", "avx512vl"}),
    ("x86-64-avx2", {"avx2", "fma"}),
)
VENDORS = {"AuthenticAMD": "amd", "GenuineIntel": "intel"}


def processor_class(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """For example "x86-64-avx2-intel-6-142" (vendor, family, model); the architecture where nothing more is known."""
    machine = platform.machine().lower() or "unknown"
    if machine not in ("x86_64", "amd64"):
        return machine
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "x86-64"
    # The first processor's entries; all others repeat them.
    entries: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        entries.setdefault(name.strip(), value.strip())
    flags = set(entries.get("flags", "").split())
    instructions = next((name for name, needed in CLASSES if needed <= flags), "x86-64")
    vendor = VENDORS.get(entries.get("vendor_id", ""))
    family, model = entries.get("cpu family"), entries.get("model")
    return f"{instructions}-{vendor}-{family}-{model}" if vendor and family and model else instructions
