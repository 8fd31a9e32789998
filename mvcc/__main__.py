"""`python -m mvcc` is the command `mvcc`."""

import sys

from mvcc.cli.main import main

sys.exit(main())
