"""Agreements of our own making, as the text of their pages: in English, Afrikaans and German."""

from functools import cache

from fpdf import FPDF

SUPPLY = (
    "SUPPLY AGREEMENT\n"
    "This Supply Agreement (the “Agreement”) is made as of 1 March 2026 (the “Effective Date”) by and between "
    "Erongo Salt\n"
    "Works (Pty) Ltd, a company registered in Namibia with its offices at 4 Harbour Road, Walvis Bay "
    "(“Supplier”), and\n"
    "Kalahari Foods CC, a close corporation with its offices at 9 Mill Street, Windhoek (the “Buyer”).\n"
    "WHEREAS the Supplier produces salt, and the Buyer wishes to buy salt for its products;\n"
    "1. Price. The Buyer shall pay N$ 1 250,00 for each tonne, and in no year less than N$2.5 million in all.\n"
    "2. Payment. The Buyer shall pay each invoice within thirty (30) days after it was received. Interest of R "
    "500 is due for\n"
    "each month of delay.\n"
    "3. Term. The term of this Agreement shall be three (3) years from the Effective Date, and shall end on 28 "
    "February\n"
    "2029. This Agreement shall be renewed automatically for successive periods of one (1) year, unless a party gives\n"
    "notice of non-renewal at least ninety (90) days before the end of the term.\n",
    "4. Assignment. Neither party may assign this Agreement or any of its rights without the prior written "
    "consent of the\n"
    "other party, and any assignment without that consent is void.\n"
    "5. Liability. In no event shall the liability of either party under this Agreement exceed the total amount "
    "paid by the\n"
    "Buyer to the Supplier in the twelve (12) months before the claim arose.\n"
    "6. Insurance. The Supplier must maintain commercial general liability insurance of not less than US$ 100,000 per\n"
    "occurrence during the term of this Agreement.\n"
    "7. Governing Law. This Agreement shall be governed by and construed in accordance with the laws of the "
    "Republic of\n"
    "Namibia, without regard to its conflict of laws principles.\n"
    "IN WITNESS WHEREOF the parties have signed this Agreement at Windhoek on 2026-03-01.\n"
    "ERONGO SALT WORKS (PTY) LTD\n"
    "By: ______________________\n"
    "KALAHARI FOODS CC\n"
    "By: ______________________\n",
)

LEASE_IN_AFRIKAANS = (
    "HUUROOREENKOMS\n"
    "Hierdie ooreenkoms word aangegaan op 5 Mei 2026 tussen Duinsig Eiendomme (Edms) Bpk (“Verhuurder”) en\n"
    "Welwitschia Handel BK (“Huurder”).\n"
    "1. Die Huurder sal die huur van N$ 12 500,00 binne 7 dae na die begin van elke maand aan die Verhuurder betaal.\n"
    "2. Die huur is vir ’n tydperk van twee jaar, en dit word nie hernu nie tensy die partye dit op skrif ooreenkom.\n"
    "3. Hierdie ooreenkoms word beheer deur die reg van Namibië en die partye is daaraan gebonde.\n",
)

SALE_IN_GERMAN = (
    "KAUFVERTRAG\n"
    "Dieser Vertrag wird am 3. März 2026 zwischen der Dünenblick GmbH (nachfolgend „Verkäufer“) und der\n"
    "Küstenhandel AG (nachfolgend „Käufer“) geschlossen.\n"
    "1. Der Käufer muss den Preis von 1.250,00 EUR innerhalb von 14 Tagen nach der Lieferung auf das Konto des\n"
    "Verkäufers zahlen, und das ohne Abzug.\n"
    "2. Dieser Vertrag unterliegt dem Recht der Bundesrepublik Deutschland, und der Gerichtsstand ist bei dem "
    "Verkäufer.\n",
)


@cache
def as_pdf(pages: tuple[str, ...]) -> bytes:
    """The pages as a PDF, line by line, in a font that every reader has."""
    document = FPDF(format="A4")
    document.set_font("Times", size=9)
    for page in pages:
        document.add_page()
        document.multi_cell(0, 6, page.translate(_IN_LATIN_1))
    return bytes(document.output())


_IN_LATIN_1 = str.maketrans("“”„’", '"""\'')
