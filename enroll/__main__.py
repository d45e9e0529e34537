"""python -m enroll."""

from enroll.cli import main

raise SystemExit(main())
