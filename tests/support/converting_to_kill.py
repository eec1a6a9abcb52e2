"""A worker in miniature that has a PDF made, in the folder for temporary files that it is given: to be killed there."""

import sys
import tempfile

from buffrsign.documents.sandbox import Office, Sandbox
from tests.support import office_files

if __name__ == "__main__":
    tempfile.tempdir = sys.argv[1]
    sandbox = Sandbox(office=Office())
    sandbox.capabilities()
    while True:
        sandbox.to_pdf(office_files.docx())
