"""What stands around a blank."""

from dataclasses import dataclass

from buffrsign.documents.fields.field import FieldType
from buffrsign.documents.fields.geometry import Blank, Line, Page, Phrase, Piece
from buffrsign.documents.fields.grounds import Found, Ground
from buffrsign.documents.fields.vocabulary import signer_in, speaks_for_party

_FARTHEST_LEFT_PT = 130.0
_FARTHEST_BELOW = 2.6  # of the size of the writing
_FARTHEST_ABOVE = 1.9
_CAPITALS = 0.7  # their height


@dataclass(frozen=True)
class Around:
    """The surroundings of the piece at `column` in the line at `row`, both counted from 0."""

    page: Page
    row: int
    column: int

    @property
    def line(self) -> Line:
        """The line that it is in."""
        return self.page.lines[self.row]

    @property
    def blank(self) -> Blank:
        """The piece itself."""
        piece = self.line.pieces[self.column]
        assert isinstance(piece, Blank)  # noqa: S101 - whoever asks has looked
        return piece

    def found(self, kind: FieldType, ground: Ground, *, witness: bool = False, party: str = "") -> Found:
        """The piece as a field, from its line to one height of the writing above it."""
        blank = self.blank
        rect = (blank.x0, blank.y, blank.x1, blank.y + blank.size)
        signer = signer_in(blank.text) if ground is Ground.CONFORMED else ""
        is_filled = bool(blank.text)
        return Found(kind, self.page.number, rect, ground, is_filled, witness=witness, party=party, signer=signer)

    def left(self) -> Phrase | None:
        """The phrase right before it, if it is not too far away."""
        if self.column == 0:
            return None
        piece = self.line.pieces[self.column - 1]
        near = isinstance(piece, Phrase) and self.blank.x0 - piece.x1 < _FARTHEST_LEFT_PT
        return piece if near and isinstance(piece, Phrase) else None

    def right(self) -> Phrase | None:
        """The phrase right behind it, if it follows closely."""
        behind = self.line.pieces[self.column + 1 : self.column + 2]
        for piece in behind:
            if isinstance(piece, Phrase) and piece.x0 - self.blank.x1 < 2 * self.blank.size:
                return piece
        return None

    def right_is_label(self) -> bool:
        """Whether the phrase behind it is the label of the next blank."""
        following = self.line.pieces[self.column + 2 : self.column + 3]
        return any(isinstance(piece, Blank) for piece in following)

    def before(self) -> str:
        """The words of the line up to here, other blanks as "_", with the line above where these are few."""
        words = _words(self.line.pieces[: self.column])
        if len(words.split()) < 3 and self.row > 0:
            above = self.page.lines[self.row - 1]
            if above.y - self.line.y < 3 * self.line.size:
                return f"{_words(above.pieces)} {words}"
        return words

    def after(self) -> str:
        """The words of the line from here."""
        return _words(self.line.pieces[self.column + 1 :])

    def below(self) -> Phrase | None:
        """The nearest phrase under it that begins under it."""
        for line in self.page.lines[self.row + 1 :]:
            if self.blank.floor - line.y > _FARTHEST_BELOW * self.blank.size:
                return None
            for piece in line.pieces:
                if isinstance(piece, Phrase) and self._is_level_with(piece):
                    return piece
                if isinstance(piece, Blank) and _overlap(piece, self.blank) > 0:
                    return None
        return None

    def below_is_label(self) -> bool:
        """Whether the phrase under it is the label of something else: it ends with a colon, or a blank follows."""
        under = self.below()
        if under is None:
            return False
        line = next(line for line in self.page.lines if under in line.pieces)
        following = line.pieces[line.pieces.index(under) + 1 :][:1]
        return under.text.rstrip().endswith(":") or any(
            isinstance(piece, Blank) and piece.x0 - under.x1 < 2 * under.size for piece in following
        )

    def above(self) -> Phrase | None:
        """The nearest phrase over it, on the next line up."""
        for line in reversed(self.page.lines[: self.row]):
            if line.y - self.blank.y > _FARTHEST_ABOVE * self.blank.size:
                return None
            for piece in line.pieces:
                if isinstance(piece, Phrase) and self._is_level_with(piece):
                    return piece
        return None

    def is_nearer_to_what_is_over_it(self) -> bool:
        """Whether there is less room between it and the words over it than the words under it."""
        above, below = self.above(), self.below()
        if above is None or below is None:
            return above is not None
        return above.y - self.blank.floor < self.blank.floor - (below.y + _CAPITALS * below.size)

    def _is_level_with(self, piece: Phrase) -> bool:
        blank = self.blank
        begins = blank.x0 - 1.5 * blank.size <= piece.x0 < blank.x1
        return begins and (piece.x1 < blank.x1 + 12 * blank.size or speaks_for_party(piece.text))


def _words(pieces: tuple[Piece, ...]) -> str:
    return " ".join(piece.text if isinstance(piece, Phrase) else "_" for piece in pieces)


def _overlap(one: Piece, other: Piece) -> float:
    return min(one.x1, other.x1) - max(one.x0, other.x0)
