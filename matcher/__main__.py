"""`python -m matcher.server`: the same as `station-matcher serve`."""

from __future__ import annotations

import sys

from matcher.commands.main import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
