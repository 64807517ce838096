"""A client of the API, for programs elsewhere: it needs httpx and tenacity, and nothing else of
this package.

    from service.client import Client

    with Client("https://concord.example", key="...") as client:
        for hit in client.search("The veto must be abolished.", exclude=["FRA"]).hits:
            print(hit.state, hit.stance, hit.text)
        table = pandas.DataFrame(client.hits("The veto must be abolished."))
"""

from service.client.answers import (
    Agreement,
    AgreementCell,
    Bloc,
    Change,
    Changes,
    Claim,
    Correction,
    Count,
    Deleted,
    Facets,
    Group,
    Hit,
    Imported,
    Issue,
    SearchResult,
    Standing,
    Standings,
    State,
    Statement,
    Stored,
    Topic,
    Trends,
    TrendYear,
)
from service.client.client import Client
from service.client.refusals import ApiProblem, Unreachable
from service.client.results import (
    ComparedPosition,
    Comparison,
    Estimate,
    Job,
    JobFile,
    Matrix,
    MatrixCell,
    MatrixUnit,
)

__all__ = [
    "Agreement",
    "AgreementCell",
    "ApiProblem",
    "Bloc",
    "Change",
    "Changes",
    "Claim",
    "Client",
    "ComparedPosition",
    "Comparison",
    "Correction",
    "Count",
    "Deleted",
    "Estimate",
    "Facets",
    "Group",
    "Hit",
    "Imported",
    "Issue",
    "Job",
    "JobFile",
    "Matrix",
    "MatrixCell",
    "MatrixUnit",
    "SearchResult",
    "Standing",
    "Standings",
    "State",
    "Statement",
    "Stored",
    "Topic",
    "TrendYear",
    "Trends",
    "Unreachable",
]
