"""A language model's analysis in the place of the built-in one, which stands wherever the model fails."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from buffrsign.documents.analysis.analysis import Analysis
from buffrsign.documents.analysis.clauses import Clause
from buffrsign.documents.analysis.document_type import CODES
from buffrsign.documents.analysis.quotes import Found, pages_of
from buffrsign.documents.analysis.recommendations import MISSING, Recommendation, unusual
from buffrsign.documents.language_model.answers import Answer, Checked, Checker
from buffrsign.documents.language_model.endpoint import Endpoint, NoAnswer
from buffrsign.documents.language_model.questions import INSTRUCTIONS, material_of, parts_of


def answered(built_in: Analysis, texts: Sequence[str], *, endpoint: Endpoint) -> Analysis:
    """The findings of the model about the pages with these texts, and those of ours that it is not asked for.

    Where it gives no answer, to any part, ours stand as they are, with `fallback_reason`.
    """
    labels = {known.label: known.is_weak for known in built_in.labels}
    instructions = INSTRUCTIONS.format(kinds=", ".join(sorted(CODES)), labels=", ".join(labels))
    deadline = time.monotonic() + endpoint.timeout_s
    parts = parts_of([page for page in pages_of(texts) if page.text.strip()])
    if not parts:
        return built_in
    try:
        answers = [_decoded(endpoint.complete(instructions, material_of(part), deadline=deadline)) for part in parts]
    except NoAnswer as refusal:
        return msgspec.structs.replace(built_in, fallback_reason=refusal.reason)
    checked = [
        Checker(part, kinds=CODES, labels=labels).check(answer) for part, answer in zip(parts, answers, strict=True)
    ]
    return _merged(built_in, checked, model=endpoint.model)


def _decoded(content: str) -> Answer:
    """The answer, out of the fence that some models put around JSON."""
    bare = content.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        return msgspec.json.decode(bare, type=Answer)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NoAnswer("not_our_schema") from error


def _merged(built_in: Analysis, checked: Sequence[Checked], *, model: str) -> Analysis:
    found: dict[str, Any] = {
        name: _in_order([each for part in checked for each in part.findings[name]]) for name in checked[0].findings
    }
    found["document_type"] = next(iter(found["document_type"]), built_in.document_type)
    found["recommendations"] = _recommendations(built_in, found["clauses"])
    return msgspec.structs.replace(built_in, provider=model, dropped=sum(part.dropped for part in checked), **found)


def _recommendations(built_in: Analysis, clauses: Sequence[Clause]) -> tuple[Recommendation, ...]:
    """On the model's clauses, and on what neither it nor we found."""
    present = {clause.label for clause in clauses}
    missing = [each for each in built_in.recommendations if each.why == MISSING and each.clause not in present]
    return (*unusual(clauses), *missing)


def _in_order(found: Sequence[Found]) -> tuple[Found, ...]:
    return tuple(sorted(found, key=lambda each: (each.quote.page, each.quote.start)))
