from buffrsign.documents.analysis.parts import parts_of

LONG = "The Supplier shall deliver the goods within thirty days of each order"


def test_a_paragraph_is_cut_after_sentences_and_semicolons():
    assert parts_of(f"{LONG}. {LONG}; (b) {LONG}: {LONG}") == [f"{LONG}.", f"{LONG};", f"(b) {LONG}:", LONG]


def test_what_is_short_stays_with_its_neighbour():
    assert parts_of(f"12. Delivery. {LONG}. And so on.") == [f"12. Delivery. {LONG}. And so on."]


def test_there_is_always_a_part():
    assert parts_of("") == [""]
    assert parts_of("DELIVERY") == ["DELIVERY"]
