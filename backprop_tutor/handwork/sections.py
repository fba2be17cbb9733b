"""Which sample and which update step the lines of a sheet are about, as its headings say it.

# Sample 2            **Sample 2**    Sample 2 (x = 2):    the lines below, until another sample, a heading of
                                                          this rank or a higher one, or one about all samples
Sample 2: z = 1.4                                         this line, and those below it as with a heading
# Step 2              Iteration 2     Epoch 2:             the lines below, until another step or such a heading
# After the update    # Second iteration
"""

from __future__ import annotations

import re

from ..values import replace
from .claims import Claim, Step
from .typed import Typed

_SAMPLE_WORD = r"(?:training\s+)?(?:sample|example|instance|observation|pattern|data\s*point)"
_SAMPLE = re.compile(rf"\b{_SAMPLE_WORD}\s*(?:no\.?|number)?\s*[#(]?\s*(\d{{1,4}})\b(?!\.\d)", re.IGNORECASE)
# a heading about all samples together ends the one before, whatever its rank
_ALL = re.compile(
    r"\b(?:mean|average[sd]?|averaging|total|sum|summed|all|batch|overall|both|together|combined|update[sd]?|updating"
    r"|new\s+(?:weights|parameters|values))\b",
    re.IGNORECASE,
)
_PASSES = r"(?:update\s+step|gradient\s+step|step|iteration|epoch|update|time\s+step)"
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_OF_SAMPLE = re.compile(rf"(?<=[\w}}])\(\s*{_SAMPLE_WORD}\s*#?\s*(\d{{1,4}})\s*\)", re.IGNORECASE)
_STEP = re.compile(rf"\b({_PASSES})\s*(?:no\.?|number)?\s*[#(]?\s*(\d{{1,4}})\b(?!\.\d)", re.IGNORECASE)
_NTH = re.compile(
    rf"\b({'|'.join(_ORDINALS)})\s+({_PASSES}|(?:forward\s+)?pass|round)\b(?!\s+(?:of\s+the\s+)?update)", re.IGNORECASE
)
_AFTER = re.compile(
    rf"\bafter\s+(?:the\s+|this\s+|an?\s+|one\s+|(\d{{1,4}})\s+)?(?:first\s+|weight\s+)?{_PASSES}s?\b", re.IGNORECASE
)
_WITH_NEW = re.compile(r"\bwith\s+(?:the\s+|our\s+)?(?:new|updated)\s+(?:weights|parameters|values)\b", re.IGNORECASE)
# "Step 2: backward pass" numbers the stages of the work, as a rule
_STAGE = re.compile(
    r"\b(?:forward|backward|back|error|loss|gradients?|derivatives?|chain|delta|update|weights?|hidden|output|input|layer"
    r"|compute|calculate|find|apply|softmax|activation|propagat\w*|backprop\w*|initiali\w*)\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"\W*(?:{_SAMPLE_WORD}|{_PASSES})\b", re.IGNORECASE)
_BOLD = re.compile(r"\s*(\*\*|__)(?P<text>[^*_=≈]+)\1\s*:?\s*$")
_COLON = re.compile(r"\W*[^\W\d]\w*(?:\s+[\w()'-]+){0,6}\s*:\s*$")  # a few words and a colon
_PREFIX = re.compile(
    rf"^\W*(?P<name>{_SAMPLE_WORD}|{_PASSES})\s*(?:no\.?|number)?\s*[#(]?\s*\d{{1,4}}\b(?!\.\d)\)?"
    r"(?P<rest>(?:[^:=≈()]|\([^)]*\))*)(?P<colon>:)?",
    re.IGNORECASE,
)
LOWEST = 7  # the rank of a heading that is no Markdown heading


class Sections:
    """Follows the headings of one sheet; `sample` and `step` hold for the line at hand."""

    def __init__(self, samples: int, steps: int) -> None:
        self.samples = samples
        self.steps = steps
        self.sample: int | None = None
        self.nearby: int | None = None  # the sample that a heading below it has ended by what it says
        self.step: Step | None = None
        self._sample_rank = LOWEST
        self._step_rank = LOWEST

    def heading(self, text: str, rank: int) -> None:
        """A heading, `rank` 1 for the highest."""
        sample = self._sample_of(text)
        if sample is not None:
            self.sample, self.nearby, self._sample_rank = sample, None, rank
        elif rank <= self._sample_rank:
            self.sample = self.nearby = None
        elif _ALL.search(text) and self.sample is not None:
            self.sample, self.nearby = None, self.sample
        step = step_of(text, self.steps)
        if step is not None:
            self.step, self._step_rank = step, rank
        elif rank <= self._step_rank:
            self.step = None

    def placed(self, claim: Claim) -> Claim:
        """A claim of the line at hand, with the sample and the step that it is about."""
        return replace(claim, sample=self.sample, nearby=self.nearby, step=self.step)

    def plain(self, text: Typed) -> Typed:
        """`h1(sample 2)` as h1#2, where there are samples."""

        def named(match: re.Match[str]) -> Typed:
            return text.put(f"#{match[1]}", *match.span())

        return text.sub(_OF_SAMPLE, named) if self.samples else text

    def line(self, text: str, source: str) -> int:
        """A line without `#`: where its equations begin, behind a `Sample 2:`; its end for what serves as a heading.

        `source` is the line as it was typed: what is all bold serves as a heading.
        """
        if bold := _BOLD.match(source):
            self.heading(bold["text"], LOWEST)
            return len(text)
        if _COLON.match(text):
            self.heading(text, LOWEST)
            return len(text)
        found = _PREFIX.match(text) if _PLAIN.match(text) else None
        if found is None or self._says_nothing(found):
            return 0
        if found["colon"]:
            self.heading(text[: found.end()], LOWEST)
            return found.end()
        if "=" in text or "≈" in text:
            return 0
        self.heading(text, LOWEST)
        return len(text)

    def _says_nothing(self, found: re.Match[str]) -> bool:
        """Is it a sample where there are none, or a sentence about one?"""
        is_sample = re.fullmatch(_SAMPLE_WORD, found["name"], re.IGNORECASE) is not None
        if is_sample and self._sample_of(found[0]) is None:
            return True
        return not found["colon"] and len(found["rest"].split()) > 3

    def _sample_of(self, text: str) -> int | None:
        found = _SAMPLE.search(text)
        number = int(found[1]) if found else 0
        return number if 1 <= number <= self.samples else None


def step_of(heading: str, steps: int) -> Step | None:
    """The update step that a heading begins, of a scenario that takes so many."""
    if found := _AFTER.search(heading):
        return Step(int(found[1] or 1) + 1, True)
    if _WITH_NEW.search(heading):
        return Step(2, False)
    if found := _NTH.search(heading):
        return Step(_ORDINALS[found[1].casefold()], not _STAGE.search(heading.replace(found[0], "")))
    if found := _STEP.search(heading):
        number = int(found[2])
        if found[1].casefold() in ("iteration", "epoch"):
            return Step(number, True)
        return Step(number, number <= steps > 1 and not _STAGE.search(heading.replace(found[0], "")))
    return None
