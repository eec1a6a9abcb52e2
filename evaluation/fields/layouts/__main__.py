"""Write the labels of the generated documents anew, after a layout was added or changed on purpose."""

import msgspec

from evaluation.fields.label import GENERATED, LabelledNumber
from evaluation.fields.layouts import DEV, HELD_OUT, generate

NUMBERS = range(100, 110)
"""Of the documents that count. Rules were tried on lower numbers of the families that are not held out."""


def main() -> None:
    """One file for each family, one line for each document."""
    for family in (*DEV, *HELD_OUT):
        labelled = [LabelledNumber(number, generate(family, number).labels) for number in NUMBERS]
        lines = ",\n".join(msgspec.json.encode(each).decode() for each in labelled)
        (GENERATED / f"{family}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
