"""Train the stance model, stage by stage; a stage that is done is not done again.

python -m service.stance.training --shared DIR --work DIR --start FOLDER [--from FOLDER]
                                  [--stage NAME] [--corrections FILE]

prepare   pairs from the labelled passages, our contrast sets and the public data, and from users'
          corrections as `python -m service corrections` exports them
begin     all-mpnet-base-v2 (a folder, --start) becomes a cross-encoder
finish    it learns on, in the arithmetic of int8, from debates and from what searches find
take      with --from, in place of `begin` and `finish`: the weights of a served model
further   it learns on, all but its lower layers, from more of what is labelled
export    it in int8 for ONNX Runtime, with its manifest: files' hashes, temperature and
          thresholds from the tuning issues and propositions
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from service.errors import ConcordError
from service.settings import Settings

STAGES = ("prepare", "begin", "finish", "further", "export")
FROM_SERVED = ("prepare", "take", "further", "export")
SEED = 20_261_125


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, required=True, help="holds corpora/ and stance/")
    parser.add_argument("--work", type=Path, required=True, help="where stages leave their results")
    parser.add_argument("--start", type=Path, help="folder of all-mpnet-base-v2")
    parser.add_argument(
        "--from", dest="served", type=Path,
        help="folder of a served model (data/models/stance): training goes on from it",
    )  # fmt: skip
    parser.add_argument("--corrections", type=Path, help="JSON Lines, read by the stage prepare")
    parser.add_argument(
        "--stage", choices=sorted({*STAGES, *FROM_SERVED}), help="only this one, again"
    )
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    stages = FROM_SERVED if given.served else STAGES
    if given.stage and given.stage not in stages:
        parser.error(f"--stage {given.stage}: {'not with' if given.served else 'needs'} --from")
    for stage in [given.stage] if given.stage else stages:
        mark = given.work / f"{stage}.done"
        if mark.is_file() and not given.stage:
            if stage == "prepare" and given.corrections:
                print(f"prepare was done before: {given.corrections} isn't read again")
            continue
        # What comes after it rests on what it leaves.
        for later in stages[stages.index(stage) :]:
            (given.work / f"{later}.done").unlink(missing_ok=True)
            if later != stage:
                (given.work / f"{later}.checkpoint").unlink(missing_ok=True)
        started = time.monotonic()
        try:
            _run(stage, given)
        except (ConcordError, OSError) as error:
            sys.exit(f"Error: {error}")
        mark.write_text(f"{time.monotonic() - started:.0f} s\n", "utf-8")
        print(f"{stage} done in {time.monotonic() - started:.0f} s", flush=True)


def _run(stage: str, given: argparse.Namespace) -> None:
    # Imported stage by stage: only some of them need torch.
    settings = Settings()
    corpus = given.shared / "corpora" / "ungdc"
    if stage == "prepare":
        from service.retrieval.encoder import open_encoder
        from service.stance.training.prepare import prepare

        encoder = open_encoder(settings.model, settings.models)
        prepare(settings.data, corpus, given.shared, given.work, encoder, SEED, given.corrections)
    elif stage == "begin":
        from service.stance.training.rounds import begin

        begin(given.start, given.work, SEED)
    elif stage == "finish":
        from service.stance.training.rounds import finish

        finish(given.start, given.work, SEED)
    elif stage == "take":
        from service.stance.training.rounds import take_served

        take_served(given.served, given.start, given.work, SEED)
    elif stage == "further":
        from service.stance.training.rounds import further

        further(given.start, given.work, SEED)
    else:
        from service.stance.training.export import export

        export(given.start, given.work, SEED)


if __name__ == "__main__":
    main()
