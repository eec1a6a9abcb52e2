"""Every bomb of ours, the reader that it is aimed at, and how it ends there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from buffrsign.documents.sandbox import Sandbox
from evaluation.corpus.steps import STEPS
from tests.support import bombs, page_bombs, pdfs, picture_bombs, structure_bombs

READERS: Mapping[str, Callable[[Sandbox, bytes], object]] = {
    **{step: STEPS[step] for step in ("inspect", "thumbnail", "text")},
    "picture": lambda sandbox, data: sandbox.picture_to_pdf(data),
}


@dataclass(frozen=True)
class Bomb:
    """`ends` as a reason, or "ok": then it did not go off, within the limits."""

    make: Callable[[], bytes]
    reader: str
    ends: str


BOMBS: Mapping[str, Bomb] = {
    "flate": Bomb(partial(bombs.flate, mib=300), "inspect", "resource_limit"),
    "flate in flate": Bomb(partial(bombs.flate_in_flate, mib=300), "thumbnail", "resource_limit"),
    "LZW": Bomb(page_bombs.lzw, "inspect", "resource_limit"),
    "run length": Bomb(page_bombs.run_length, "inspect", "ok"),
    "a hundred thousand filters": Bomb(page_bombs.filters, "inspect", "ok"),
    "predictor": Bomb(bombs.predictor, "thumbnail", "ok"),
    "operators": Bomb(page_bombs.operators, "thumbnail", "resource_limit"),
    "saved states": Bomb(page_bombs.saved_states, "thumbnail", "resource_limit"),
    "nested operands": Bomb(page_bombs.nested_operands, "thumbnail", "resource_limit"),
    "inline images": Bomb(page_bombs.inline_images, "thumbnail", "resource_limit"),
    "dashes": Bomb(page_bombs.dashes, "thumbnail", "ok"),
    "text": Bomb(bombs.text, "text", "resource_limit"),
    "nested forms": Bomb(bombs.nested_forms, "thumbnail", "resource_limit"),
    "form of itself": Bomb(page_bombs.form_of_itself, "thumbnail", "resource_limit"),
    "tiling": Bomb(bombs.tiling, "thumbnail", "resource_limit"),
    "pattern of itself": Bomb(page_bombs.pattern_of_itself, "thumbnail", "ok"),
    "soft masks": Bomb(page_bombs.soft_masks, "thumbnail", "ok"),
    "mesh": Bomb(page_bombs.mesh, "thumbnail", "resource_limit"),
    "sampled function": Bomb(page_bombs.sampled_function, "thumbnail", "ok"),
    "colour spaces": Bomb(page_bombs.colour_spaces, "thumbnail", "ok"),
    "colour profile": Bomb(page_bombs.icc_profile, "thumbnail", "resource_limit"),
    "font file": Bomb(page_bombs.font_file, "text", "resource_limit"),
    "font of itself": Bomb(page_bombs.font_of_itself, "thumbnail", "ok"),
    "map to letters": Bomb(page_bombs.cmap, "text", "resource_limit"),
    "encoding": Bomb(page_bombs.encoding, "text", "resource_limit"),
    "annotations": Bomb(page_bombs.annotations, "thumbnail", "resource_limit"),
    "object stream": Bomb(partial(bombs.object_stream, mib=300), "inspect", "resource_limit"),
    "object stream of itself": Bomb(structure_bombs.object_stream_of_itself, "inspect", "ok"),
    "200,000 objects": Bomb(structure_bombs.many_objects, "inspect", "ok"),
    "deep nesting": Bomb(bombs.deep_nesting, "inspect", "ok"),
    "deep page tree": Bomb(structure_bombs.deep_page_tree, "inspect", "damaged"),
    "shared page tree": Bomb(structure_bombs.shared_page_tree, "inspect", "damaged"),
    "cyclic page tree": Bomb(pdfs.with_cyclic_page_tree, "inspect", "damaged"),
    "50,000 pages": Bomb(partial(pdfs.with_page_repeated, times=50_000), "inspect", "too_many_pages"),
    "shared fields": Bomb(pdfs.with_shared_fields, "thumbnail", "damaged"),
    "inherited from itself": Bomb(structure_bombs.inherited_from_itself, "inspect", "ok"),
    "outlines in circles": Bomb(structure_bombs.outlines_in_circles, "inspect", "ok"),
    "names in circles": Bomb(structure_bombs.names_in_circles, "inspect", "damaged"),
    "actions in circles": Bomb(structure_bombs.actions_in_circles, "inspect", "ok"),
    "references in circles": Bomb(structure_bombs.references_in_circles, "inspect", "ok"),
    "stream as long as itself": Bomb(structure_bombs.stream_as_long_as_itself, "inspect", "ok"),
    "huge number": Bomb(structure_bombs.huge_number, "inspect", "ok"),
    "long name": Bomb(structure_bombs.long_name, "inspect", "ok"),
    "xref loop": Bomb(bombs.xref_loop, "inspect", "ok"),
    "xref of millions": Bomb(bombs.xref_of_millions, "inspect", "ok"),
    "xref stream of millions": Bomb(structure_bombs.xref_stream_of_millions, "inspect", "ok"),
    "xref stream in flate": Bomb(structure_bombs.xref_stream_in_flate, "inspect", "resource_limit"),
    "xref chain": Bomb(structure_bombs.xref_chain, "inspect", "ok"),
    "nonsense": Bomb(bombs.nonsense, "inspect", "resource_limit"),
    "image of 10,000 megapixels": Bomb(partial(bombs.image, edge=100_000), "thumbnail", "ok"),
    "JBIG2": Bomb(bombs.jbig2, "thumbnail", "ok"),
    "JPEG 2000": Bomb(picture_bombs.jpeg_2000, "thumbnail", "ok"),
    "JPEG in a page": Bomb(picture_bombs.jpeg_in_a_page, "thumbnail", "ok"),
    "fax": Bomb(picture_bombs.fax, "thumbnail", "resource_limit"),
    "mask": Bomb(picture_bombs.mask, "thumbnail", "ok"),
    "PNG": Bomb(picture_bombs.png, "picture", "pixel_bomb"),
    "PNG with a profile": Bomb(picture_bombs.png_with_profile, "picture", "damaged"),
    "PNG with words": Bomb(picture_bombs.png_with_words, "picture", "damaged"),
    "TIFF": Bomb(picture_bombs.tiff, "picture", "pixel_bomb"),
    "TIFF in circles": Bomb(picture_bombs.tiff_in_circles, "picture", "pixel_bomb"),
    "WebP": Bomb(picture_bombs.webp, "picture", "pixel_bomb"),
    "JPEG": Bomb(picture_bombs.jpeg, "picture", "pixel_bomb"),
}
