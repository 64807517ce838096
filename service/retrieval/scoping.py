"""Which engine looks for what is near: this process, or a Milvus that holds the generation too."""

from __future__ import annotations

from service.domain.blocs import Blocs
from service.domain.questions import Question, SearchMode
from service.retrieval import scope
from service.retrieval.expressions import expression_of, says_all
from service.retrieval.generations import Generation
from service.retrieval.milvus_scope import MilvusScope
from service.retrieval.passing import Passing
from service.retrieval.scope import Scope


def scope_of(
    question: Question, generation: Generation, passing: Passing, blocs: Blocs | None = None
) -> Scope:
    """Of what passes the question's filters. Without `blocs` Milvus isn't told
    of those, and finds what the passing then drops.

    Ranked by words as well, every row is scored, and that is done here. So it is where few rows
    pass a filter that can't be said to Milvus.
    """
    finder = generation.finder
    by_words = question.mode in (SearchMode.LEXICAL, SearchMode.HYBRID)
    here = Scope(generation, passing, exact=question.mode is not SearchMode.DENSE)
    if finder is None or by_words:
        return here
    if not says_all(question) and here.count <= scope.FEW_ROWS:
        return here
    expression = expression_of(question, generation.columns, blocs)
    return MilvusScope(generation, passing, finder, expression)
