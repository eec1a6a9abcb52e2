"""A worker in miniature: reads a file, says which child did, and then waits for one that hangs: to be killed there."""

import sys

from buffrsign.documents.sandbox import Limits, Sandbox
from tests.support.hostile import MODULE

if __name__ == "__main__":
    sandbox = Sandbox(Limits(wall_s=3600), readers=MODULE)
    sys.stdout.write(sandbox.read("pid_of_child", b"a file") + "\n")
    sys.stdout.flush()
    sandbox.read("sleep", b"a file")
