"""Pages that are pictures: nothing can be found on them, and nothing should be."""

from PIL import Image, ImageDraw

from evaluation.fields.sheet import Sheet


def draw(sheet: Sheet) -> None:
    """Grey lines of "text" and black lines to sign on, all of it in one picture."""
    for _ in range(sheet.dice.randint(1, 2)):
        sheet.page()
        picture = Image.new("L", (310, 440), 250)
        pen = ImageDraw.Draw(picture)
        for row in range(40, 300, 12):
            pen.line((30, row, sheet.dice.randint(200, 280), row), fill=120, width=4)
        pen.line((30, 380, 150, 380), fill=0)
        sheet.picture(picture, (0, 0, sheet.width, sheet.height))
