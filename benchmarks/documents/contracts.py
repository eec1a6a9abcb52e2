"""Contracts of a folder, or ordinary ones that are made up.

Those have one to twelve pages of clauses, with a letterhead, a table of fees and lines to sign on.
"""

from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw

from workers.sample_agreement import make_sample_agreement

_CLAUSE = (
    "The Supplier shall deliver the goods to the Buyer's premises in Windhoek within thirty days of each order, and "
    "the Buyer shall inspect them within seven days. Goods that do not conform are replaced at the Supplier's cost. "
)
_FEES = (("Item", "Quantity", "Price"), ("Drawings", "4", "N$ 1,200.00"), ("Site visits", "2", "N$ 3,450.00"))


def contracts(count: int) -> list[bytes]:
    """So many, each different; the first is the demo's agreement."""
    return [make_sample_agreement(), *(_contract(number) for number in range(1, count))][:count]


def contracts_in(folder: Path) -> list[bytes]:
    """The PDFs of a folder and of those beneath it, in the order of their names; each content once."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".pdf" and path.is_file())
    return list(dict.fromkeys(path.read_bytes() for path in paths))


def _contract(number: int) -> bytes:
    document = FPDF(format="A4")
    for page in range(1 + number % 12):
        document.add_page()
        document.set_font("Helvetica", style="B", size=16)
        if page == 0:
            document.image(_letterhead(number), x=150, y=8, w=45)
            document.cell(0, 12, f"Supply Agreement {number}", new_x="LMARGIN", new_y="NEXT")
        document.set_font("Times", size=10)
        for clause in range(8):
            document.multi_cell(0, 5, f"{page + 1}.{clause + 1}  {_CLAUSE * (1 + (number + clause) % 3)}")
            document.ln(2)
    with document.table() as table:
        for row in _FEES:
            table.row(row)
    document.ln(15)
    document.cell(0, 6, "Signed at ____________________ on this ____ day of ____________ 20__")
    return bytes(document.output())


def _letterhead(number: int) -> Image.Image:
    picture = Image.new("RGB", (450, 120), "white")
    ImageDraw.Draw(picture).ellipse((10, 10, 10 + 9 * number % 400, 110), fill="navy")
    return picture
