"""What a deployment consists of, each part loaded where it is first needed."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Self

from service.analysis.annotations import read_annotations
from service.analysis.issue_judge import IssueJudge, Recent
from service.catalogue import Catalogue, load_issues
from service.cluster.cluster import Cluster
from service.corpus.claims import ClaimMaker
from service.domain.issues import Annotation, Issues
from service.errors import InvalidInput
from service.ingest import Ingest
from service.operation.switch import finish
from service.retrieval.cluster_encoder import ClusterEncoder
from service.retrieval.encoder import Encoder, open_encoder
from service.retrieval.engine import Engine
from service.retrieval.generations import Generation, Generations
from service.retrieval.manifest import refuse_other_encoder
from service.retrieval.milvus import Milvus
from service.settings import Settings
from service.stance.contraries import Contraries
from service.stance.corrections import Corrections
from service.stance.judge import StanceJudge, open_stance_model
from service.stance.kept import KeptVerdicts


class Parts:
    """Safe to share between threads."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        finish(self.settings.indexes)
        self.generations = Generations(self.settings.indexes, self.engine)
        self._recent = Recent()
        self._kept_to: Generation | None = None
        self.ingest = Ingest(
            self.settings, self.generations, lambda: self.catalogue, lambda: self.maker
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue.load(self.settings.data)

    @cached_property
    def maker(self) -> ClaimMaker:
        return ClaimMaker.load(self.settings.data)

    @cached_property
    def encoder(self) -> Encoder:
        return open_encoder(self.settings.model, self.settings.models)

    @cached_property
    def engine(self) -> Engine | None:
        """What searches the vectors, if not this process; nothing is reached before it is asked."""
        uri, token = self.settings.milvus_uri, self.settings.milvus_token
        return None if uri is None else Milvus(uri, token.get_secret_value() if token else None)

    @cached_property
    def cluster(self) -> Cluster | None:
        """Nothing is reached before there is work for it."""
        address = self.settings.ray_address
        return None if address is None else Cluster(address)

    @property
    def bulk_encoder(self) -> Encoder:
        """What encodes many texts at once: the same vectors, by the cluster where there is one."""
        if self.cluster is None:
            return self.encoder
        model, folder = self.settings.model, self.settings.models
        return ClusterEncoder(self.encoder, model, folder, self.cluster)

    @cached_property
    def stance_model(self) -> StanceJudge:
        """Refused where the deployment has none."""
        if self.settings.stance_model is None:
            raise InvalidInput(
                "stance",
                "this deployment has no stance model: CONCORD_STANCE_MODEL names its folder",
            )
        return open_stance_model(self.settings.stance_model)

    @cached_property
    def issues(self) -> Issues:
        return load_issues(self.settings.data, self.settings.issues)

    @cached_property
    def contraries(self) -> Contraries:
        return Contraries(self.issues, self.encoder, self.settings.models)

    @cached_property
    def annotations(self) -> dict[str, list[Annotation]]:
        return read_annotations(self.settings.data)

    @cached_property
    def kept_corrections(self) -> Corrections:
        return Corrections(self.settings.indexes)

    @property
    def generation(self) -> Generation:
        """The current one; refused where it was built with another model than is set."""
        if self._kept_to is not None:
            return self._kept_to
        generation = self.generations.current(self.encoder.fingerprint)
        refuse_other_encoder(generation.manifest, self.encoder.fingerprint)
        return generation

    def kept_to(self, generation: Generation) -> Self:
        """The same deployment, for which this generation stays the current one. Parts that were
        loaded are shared."""
        other = copy(self)
        other._kept_to = generation
        return other

    def kept_verdicts(self) -> KeptVerdicts:
        """Of any two texts; kept in the file in which those on issues are."""
        model = self.stance_model
        path = self.settings.indexes / "verdicts.sqlite"
        return KeptVerdicts(path, model.fingerprint, model.judge)

    def issue_judge(self, generation: Generation) -> IssueJudge:
        return IssueJudge(
            generation,
            self.catalogue.blocs,
            self.contraries,
            self.annotations,
            self.kept_corrections,
            self.stance_model,
            self.settings.indexes / "verdicts.sqlite",
            self._recent,
        )
