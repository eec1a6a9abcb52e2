"""Lengths of time in English, Afrikaans and German, as ISO 8601 durations."""

import re

_NUMBERS = {
    1: "one a een ein eine einen einem", 2: "two twee zwei", 3: "three drie drei", 4: "four vier", 5: "five vyf fünf",
    6: "six ses sechs", 7: "seven sewe sieben", 8: "eight agt acht", 9: "nine nege neun", 10: "ten tien zehn",
    12: "twelve twaalf zwölf", 14: "fourteen veertien vierzehn", 15: "fifteen vyftien fünfzehn", 18: "eighteen agtien",
    20: "twenty twintig zwanzig", 21: "twenty-one", 24: "twenty-four", 30: "thirty dertig dreißig", 36: "thirty-six",
    45: "forty-five", 60: "sixty sestig sechzig", 90: "ninety negentig neunzig",
}  # fmt: skip
_WORDS = {word: number for number, words in _NUMBERS.items() for word in words.split()}
_UNITS = {"d": "D", "t": "D", "w": "W", "m": "M", "y": "Y", "j": "Y"}

_NUMBER = r"(?:(?P<digits>\d{1,4})|(?P<word>" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r"))"
DURATION = re.compile(
    rf"(?<![\w.$]){_NUMBER}\s{{0,3}}(?:\(\s?(?P<again>\d{{1,4}})\s?\)|-)?\s{{0,3}}(?:(?:business|calendar"
    rf"|working|consecutive|full|additional|successive|further|volle|kalender)\s{{1,3}})?"
    r"(?P<unit>day|week|month|year|dag|dae|weke|maande?|jaar|tage?|woche|monat|jahr)(?:s|n|en|e)?(?!\w)",
    re.IGNORECASE,
)


def iso_duration(match: re.Match[str]) -> str:
    """`P30D`, `P12M`, `P5Y` for a match of `DURATION`; business days are counted as days."""
    number = match["again"] or match["digits"] or str(_WORDS[match["word"].lower()])
    return f"P{int(number)}{_UNITS[match['unit'][0].lower()]}"
