"""Formulas as MathML, written when the book is built.

Every browser sets MathML by itself, so a page needs no script, asks no other host, and a screen reader hears
the formula. A command that the converter does not know is a warning, and warnings end the build.
"""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

THOUSANDS = re.compile(r"(?<=\d)</mn><mrow><mo>&#x0002C;</mo></mrow><mn>(?=\d{3})")
BAR = re.compile(r"<mo([^>]*)>(&#x0007C;|&#x02016;|&#x02225;|\|)</mo>")
LEFT_OVER = re.compile(r"<m[a-z]+>(\\[A-Za-z]+|&)</m")


def to_mathml(latex: str, display: str, location: Any = None) -> str:
    """Turn LaTeX into one <math> element; say so when something in it is unknown."""
    latex = re.sub(r"(begin|end)\{aligned\}", r"\1{align*}", latex.strip())
    bare = re.sub(r"\\[{}]", "", latex)
    if bare.count("{") != bare.count("}"):
        logger.warning("braces do not pair up in formula: %s", latex, location=location)
    try:
        mathml = convert(latex, display=display)
    except Exception as error:  # the converter raises a different class for every kind of slip
        logger.warning("formula not understood: %s (%s)", latex, type(error).__name__, location=location)
        return f"<code>{nodes.unescape(latex)}</code>"
    unknown = LEFT_OVER.search(mathml)
    if unknown:
        logger.warning("%s not understood in formula: %s", unknown[1], latex, location=location)
    mathml = BAR.sub(r'<mo lspace="0" rspace="0"\1>\2</mo>', mathml)  # |x| is a pair of brackets
    return THOUSANDS.sub(",", mathml)  # 1{,}152 is one number


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write a formula inside a sentence."""
    translator.body.append(f'<span class="math-inline">{to_mathml(node.astext(), "inline", node)}</span>')
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write a formula on its own line, in a box that scrolls by itself when the screen is narrow."""
    translator.body.append(translator.starttag(node, "div", CLASS="math-block"))
    translator.body.append(to_mathml(node.astext(), "block", node))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name that _config.yml asks for."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
