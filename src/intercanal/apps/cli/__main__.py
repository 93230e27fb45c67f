"""Lets `python -m intercanal.apps.cli` be the program."""

import sys

from intercanal.apps.cli import main

sys.exit(main())
